/**
 * A *search* looks at several claims in one setting of one design: all states of it, each claim that is broken with a shortest run. It goes on
 * behind what is broken, until everything is or no state is left.
 */
import type { Setting } from '../../model/claims/claim.ts';
import { type Caps, examine, partOf } from '../check/examine.ts';
import { type Told, tell } from '../check/trace.ts';
import { loadModel } from '../compile/model.ts';
import { withAntecedents } from '../prove/antecedents.ts';
import { claimArtefact, type Kind, withOnly } from './program.ts';
import { configurationOf, limitsOfSetting, whereOf } from './settings.ts';

export interface Search {
  readonly kind: Kind;
  readonly design: string;
  readonly setting: Setting;
  readonly threads: number;
  readonly predicates: readonly string[];
  readonly sources?: Readonly<Record<string, string>>;
}

/** What became of one claim. */
export type Seen =
  | { readonly state: 'kept'; readonly states: number }
  | { readonly state: 'broken'; readonly steps: number; readonly told: Told }
  | { readonly state: 'open'; readonly why: string };

export interface Searched {
  readonly search: Search;
  /** "2 sockets, 2 threads, wire and timers; setting tcp" */
  readonly where: string;
  readonly states: number;
  readonly seconds: number;
  readonly seen: ReadonlyMap<string, Seen>;
  /** Conditions of claims that were met: claim and condition. */
  readonly met: ReadonlySet<string>;
  /** All of them. */
  readonly conditions: ReadonlySet<string>;
}

export interface Work extends Caps {
  readonly seed: number;
  readonly out: string;
  readonly progress: (text: string) => void;
}

/** Between a claim and its condition. */
const OF = ' where ';

export async function search(asked: Search, work: Work): Promise<Searched> {
  const began = performance.now();
  const { kind, design, setting, threads, predicates } = asked;
  const configuration = configurationOf(setting, threads, kind);
  const limits = limitsOfSetting(configuration);
  work.progress(`${setting}: compiling`);
  const artefact = await claimArtefact({ kind, design, limits, ...(asked.sources === undefined ? {} : { sources: asked.sources }) });
  const wanted = withOnly(artefact.program, predicates);
  const { program, antecedents } = withAntecedents(wanted, predicates);
  const conditions = antecedents.map(({ id, text, fn }) => ({ ...propertyOf(wanted.invariants, id), id: `${id}${OF}${text}`, fn }));
  const part = partOf({ ...program, invariants: [...wanted.invariants, ...conditions] }, configuration);
  const { explorer, cut } = await examine(
    part,
    work,
    ({ states, levels }) => work.progress(`${setting}: ${states.toLocaleString('en-US')} states, ${levels.length - 1} steps deep`),
    (so) => so.broken().filter(({ property }) => property < predicates.length).length === predicates.length,
  );
  const broken = new Map(explorer.broken().map((each) => [explorer.model.invariants[each.property]?.id ?? '', each]));
  // What lies behind a broken bound was not looked at.
  const why = broken.has('')
    ? 'a bound of the model is broken'
    : cut === null
      ? null
      : `the ${cut} ended it after ${explorer.states} states`;
  const whole = loadModel(artefact);
  const seen = new Map<string, Seen>();
  for (const id of predicates) {
    const found = broken.get(id);
    if (found === undefined) {
      seen.set(id, why === null ? { state: 'kept', states: explorer.states } : { state: 'open', why });
      continue;
    }
    const path = explorer.pathOf(found) ?? [];
    const told = tell(whole, explorer.model, path, { design, scenario: setting, seed: work.seed, breaks: id, limits }, work.out);
    const contradicted = 'the whole specification does not get to the state that was found: a fault of sockref';
    seen.set(id, told === null ? { state: 'open', why: contradicted } : { state: 'broken', steps: path.length, told });
  }
  return {
    search: asked,
    where: whereOf(configuration),
    states: explorer.states,
    seconds: (performance.now() - began) / 1000,
    seen,
    met: new Set([...broken.keys()].filter((id) => id.includes(OF))),
    conditions: new Set(conditions.map(({ id }) => id)),
  };
}

function propertyOf<P extends { readonly id: string }>(properties: readonly P[], id: string): P {
  const found = properties.find((each) => each.id === id);
  if (found === undefined) throw new Error(`there is no claim ${id}`);
  return found;
}
