/**
 * The verdict on each invariant by itself, over several configurations: the search goes on where another one is broken. This is what a
 * design is asked that is known to break some.
 */
import { loadModel } from '../compile/model.ts';
import type { DecideOptions } from '../engine.ts';
import { specificationArtefact } from '../specification.ts';
import type { Row } from '../verdict.ts';
import { type Configuration, CONFIGURATIONS, limitsOf } from './configurations.ts';
import { type Examined, examine, partOf } from './examine.ts';
import { count } from './subject.ts';
import { NO_OVERFLOW, tell } from './trace.ts';

/** What is known of an invariant. */
interface Standing {
  refuted: { readonly steps: number; readonly file: string; readonly text: string; readonly where: string } | null;
  /** Why nobody knows, where that is so. */
  doubt: string | null;
}

/** A row for each invariant; `no-overflow` is one of them if it is asked for. */
export async function byInvariant(options: DecideOptions): Promise<readonly Row[]> {
  const began = performance.now();
  const deadline = Date.now() + options.timeSeconds * 1000;
  const standings = new Map(options.invariants.map((id): [string, Standing] => [id, { refuted: null, doubt: null }]));
  let states = 0;
  let bounded = false;
  const chosen = CONFIGURATIONS.filter(({ id }) => options.configurations.includes(id));
  for (const configuration of chosen) {
    const found = await look(configuration, options, deadline, standings);
    states += found.states;
    bounded ||= found.overflow;
  }
  const share = (performance.now() - began) / 1000 / Math.max(1, standings.size);
  const where = `${chosen.length === 1 ? 'configuration' : `${chosen.length} configurations:`} ${chosen.map(({ id }) => id).join(', ')}`;
  const within = (id: string): string => (bounded && id !== NO_OVERFLOW ? '; where no bound is broken' : '');
  return [...standings].map(([id, { refuted, doubt }]): Row => {
    const base = { id, seconds: share, method: 'all states' };
    if (refuted !== null) {
      const { steps, file, text } = refuted;
      const bound = `${refuted.where}, design ${options.design}`;
      return { ...base, verdict: 'violated', bound, counterexample: file, detail: text, figures: { depth: steps } };
    }
    if (doubt !== null) return { ...base, verdict: 'unknown', bound: 'not all states', counterexample: null, detail: doubt };
    const bound = `all ${count(states)} states of ${where}, design ${options.design}${within(id)}`;
    return { ...base, verdict: 'holds', bound, counterexample: null };
  });
}

/** All states of one configuration, as often as something new is broken there. */
async function look(
  configuration: Configuration,
  { design, memoryMiB, out, seed, signal, progress }: DecideOptions,
  deadline: number,
  standings: ReadonlyMap<string, Standing>,
): Promise<{ readonly states: number; readonly overflow: boolean }> {
  const limits = limitsOf(configuration);
  const artefact = await specificationArtefact(design, limits);
  const whole = loadModel(artefact);
  for (;;) {
    const open = (id: string): boolean => standings.get(id)?.refuted === null;
    const invariants = artefact.program.invariants.filter(({ id }) => open(id));
    const part = partOf({ ...artefact.program, invariants }, configuration);
    const idOf = (property: number): string => part.invariants[property]?.id ?? NO_OVERFLOW;
    const caps = { memoryBytes: memoryMiB * 2 ** 20, symmetric: null, states: null, deadline, signal };
    const examined: Examined = await examine(
      part,
      caps,
      (explorer) => progress(explorer.states, null, `${configuration.id}: ${count(explorer.states)} states`),
      (explorer) => explorer.broken().some(({ property }) => open(idOf(property))),
    );
    const { explorer, cut } = examined;
    const broken = explorer.broken().map((each) => ({ id: idOf(each.property), path: explorer.pathOf(each) }));
    const news = broken.filter(({ id }) => open(id));
    for (const { id, path } of news) {
      const standing = standings.get(id) as Standing;
      const telling = { design, scenario: configuration.id, seed, breaks: id, limits };
      const told = path === null ? null : tell(whole, explorer.model, path, telling, out);
      if (path === null || told === null)
        standing.doubt = `${id} is false in ${configuration.id}, and the whole specification does not get there: a fault of sockref`;
      else standing.refuted = { ...told, steps: path.length, where: configuration.id };
    }
    if (cut !== null || news.some(({ id }) => standings.get(id)?.refuted === null)) {
      for (const standing of standings.values())
        if (standing.refuted === null)
          standing.doubt ??= `${configuration.id}: ended by ${cut ?? 'a fault'} after ${count(explorer.states)} states`;
      return { states: explorer.states, overflow: true };
    }
    if (news.length === 0) return { states: explorer.states, overflow: broken.some(({ id }) => id === NO_OVERFLOW) };
  }
}
