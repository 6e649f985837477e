/** *check*: all states of the specification in configurations of it. This is the face; how states are found is in explorer.ts. */
import type { Program } from '../compile/ir.ts';
import { loadModel } from '../compile/model.ts';
import type { CheckOptions, Listed } from '../engine.ts';
import { DESIGNS, specificationArtefact } from '../specification.ts';
import { UsageError } from '../usage.ts';
import { type Outcome, type Row, type Vacuous, worst } from '../verdict.ts';
import { type Configuration, CONFIGURATIONS, limitsOf, sizeOf } from './configurations.ts';
import { type Cut, type Examined, examine, partOf } from './examine.ts';
import type { Explorer } from './explorer.ts';
import { type Symmetric, symmetricKinds } from './orbits.ts';
import { NO_OVERFLOW, tell } from './trace.ts';

export function listConfigurations(): readonly Listed[] {
  return CONFIGURATIONS.map(({ id, text, quick }) => ({ id, text, quick }));
}

export function listDesigns(): readonly string[] {
  return DESIGNS;
}

/** What was seen to happen in any configuration. */
interface Seen {
  readonly procedures: Set<string>;
  readonly rules: Set<string>;
}

export async function check(options: CheckOptions): Promise<Outcome> {
  const deadline = Date.now() + options.timeSeconds * 1000;
  const began = performance.now();
  const chosen = CONFIGURATIONS.filter(({ id }) => options.configurations.includes(id)).map((each) => ({
    ...each,
    sockets: options.sockets ?? each.sockets,
    threads: options.threads ?? each.threads,
  }));
  const rows: Row[] = [];
  const seen: Seen = { procedures: new Set(), rules: new Set() };
  for (const configuration of chosen) rows.push(await judge(configuration, options, deadline, seen));
  const sum = (name: string): number => rows.reduce((total, { figures }) => total + (figures?.[name] ?? 0), 0);
  const seconds = (performance.now() - began) / 1000;
  const verdict = worst(rows.map((row) => row.verdict));
  return {
    verdict,
    bound: `${rows.length === 1 ? 'one configuration' : `${rows.length} configurations`}, ${verdict === 'holds' ? 'all states' : 'see each row'}; design ${options.design}`,
    results: rows,
    figures: {
      states: sum('states'),
      transitions: sum('transitions'),
      statesPerSecond: Math.round(sum('states') / Math.max(seconds, 1e-3)),
      peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    },
    vacuous: verdict === 'holds' ? await vacuous(chosen, options, seen) : [],
  };
}

async function judge(configuration: Configuration, options: CheckOptions, deadline: number, seen: Seen): Promise<Row> {
  const { id } = configuration;
  const where = `${sizeOf(configuration)}, design ${options.design}${options.symmetry ? '; one state for all that differ in numbers only' : ''}`;
  options.progress(0, null, `${id}: compiling`);
  const artefact = await specificationArtefact(options.design, limitsOf(configuration));
  const caps = { memoryBytes: options.memoryMiB * 2 ** 20, states: options.states, deadline, signal: options.signal };
  const part = partOf(artefact.program, configuration);
  const symmetric = options.symmetry ? exchanged(part) : null;
  const examined = await examine(part, { ...caps, symmetric }, (explorer) =>
    options.progress(explorer.states, null, `${id}: ${count(explorer.states)} states, ${explorer.levels.length - 1} steps deep`),
  );
  note(examined.explorer, seen);
  const { explorer, cut, seconds } = examined;
  const figures = {
    states: explorer.states,
    transitions: explorer.steps,
    depth: explorer.levels.length - 1,
    stuck: explorer.stuck,
    bytesPerState: Number((explorer.bytes / explorer.states).toFixed(1)),
  };
  const base = { id, seconds, method: 'all states', figures };
  const broken = explorer.broken();
  if (broken.length > 0) {
    const told = broken.map((each) => {
      const breaks = explorer.model.invariants[each.property]?.id ?? NO_OVERFLOW;
      const path = explorer.pathOf(each);
      const telling = { design: options.design, scenario: id, seed: options.seed, breaks, limits: limitsOf(configuration) };
      const told = path === null ? null : tell(loadModel(artefact), explorer.model, path, telling, options.out);
      return { breaks, length: path?.length ?? 0, told };
    });
    const contradicted = told.find((each) => each.told === null);
    if (contradicted !== undefined) {
      const detail = `${contradicted.breaks} is false in a state of this configuration, and the whole specification does not get there: a fault of sockref`;
      return { ...base, verdict: 'unknown', bound: where, counterexample: null, detail };
    }
    const names = told.map(({ breaks }) => breaks).join(', ');
    const [first] = told;
    const file = first?.told?.file ?? null;
    const detail = `${names}: false after ${first?.length ?? 0} steps, and after no fewer\n${first?.told?.text ?? ''}`;
    return { ...base, verdict: 'violated', bound: `${count(explorer.states)} states; ${where}`, counterexample: file, detail };
  }
  if (cut !== null) return { ...base, verdict: 'unknown', bound: partial(examined, where), counterexample: null, detail: advice(cut) };
  return {
    ...base,
    verdict: 'holds',
    bound: `all ${count(explorer.states)} states, the deepest ${figures.depth} steps; ${where}`,
    counterexample: null,
  };
}

/** The kinds that are exchanged. Throws a UsageError where the model tells apart what it declares to be interchangeable. */
function exchanged(program: Program): Symmetric {
  const symmetric = symmetricKinds(program);
  const [breach] = symmetric.refused;
  if (breach === undefined) return symmetric;
  const reason = `the model declares that no ${breach.kind} differs from another, and it isn't so: ${breach.why}`;
  throw new UsageError(`--symmetry: ${reason}`, { field: '--symmetry', reason });
}

function partial({ explorer }: Examined, where: string): string {
  const left = explorer.states - explorer.expanded;
  return `${count(explorer.states)} states to depth ${explorer.levels.length - 1}, ${count(left)} of them not followed; ${where}`;
}

function advice(cut: Cut): string {
  switch (cut) {
    case 'memory':
      return 'the memory is full: give it more with --memory, or fewer sockets or threads';
    case 'states':
      return 'as many states as asked for';
    case 'time':
      return 'the time is over: give it more with --time, or fewer sockets or threads';
    case 'interrupt':
      return 'interrupted';
  }
}

function note(explorer: Explorer, seen: Seen): void {
  for (const [index, { agent, procedure, args }] of explorer.actions.entries()) {
    const name = explorer.model.agents[agent]?.procedures[procedure]?.name;
    if (args !== null && name !== undefined && explorer.taken(index) > 0) seen.procedures.add(name);
  }
  for (const [index, { id }] of explorer.model.program.rules.entries()) if ((explorer.rules[index] ?? 0) > 0) seen.rules.add(id);
}

/** Calls and rules that these configurations never came to. Of some configurations, only what they speak of is expected. */
async function vacuous(chosen: readonly Configuration[], options: CheckOptions, seen: Seen): Promise<readonly Vacuous[]> {
  const reason = 'not reached in these configurations';
  const calls = [...new Set(chosen.flatMap((each) => Object.keys(each.calls)))].filter((name) => !seen.procedures.has(name));
  const actions = calls.map((id): Vacuous => ({ kind: 'action', id, reason }));
  const [first] = chosen;
  if (first === undefined || chosen.length < CONFIGURATIONS.length) return actions;
  const { program } = await specificationArtefact(options.design, limitsOf(first));
  return [...actions, ...program.rules.filter(({ id }) => !seen.rules.has(id)).map(({ id }): Vacuous => ({ kind: 'rule', id, reason }))];
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
