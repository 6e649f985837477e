/** Small models of two workers, written where they are tested, and what a proof for all traces says of them. */
import { emitJavaScript } from '../../oracle/compile/javascript.ts';
import type { ProveOptions } from '../../oracle/engine.ts';
import { type AllTracesSubject, proveAllTraces } from '../../oracle/prove/all-traces.ts';
import type { Outcome, Row } from '../../oracle/verdict.ts';
import { type Toy, toy } from './toys.ts';

/** Where the source of a small model is said to stand. */
export const SMALL = 'test/prove/models/small.ts';

export interface Small {
  /** Fields of the state: booleans, unions, bounded numbers, ids. */
  readonly state: string;
  /** What a worker does, over `s` and `who`. */
  readonly work: string;
  readonly invariants: string;
  readonly lemmas?: string;
}

export function small({ state, work, invariants, lemmas = '' }: Small): Toy {
  const source = `
import { defineModel, type Id, type Nat, type Procedure, range, type Table, when } from '../../../model/lang.ts';
export type WorkerId = Id<'worker', 2>;
export const workers = range<WorkerId>(2);
export interface State { ${state} }
declare function initial(_: Record<string, never>): State;
function* work(s: State, who: WorkerId): Procedure { ${work} }
export const model = defineModel<State>({
  initial,
  agents: { worker: { size: 2, procedures: { work } } },
  invariants: { ${invariants} },
  lemmas: {
${lemmas}
  },
});
`;
  return toy(SMALL, {}, { [SMALL]: source });
}

export interface Asking extends Pick<AllTracesSubject, 'ways' | 'states'> {
  readonly out: string;
  readonly invariants?: readonly string[];
  readonly solver?: string;
  readonly cache?: string;
  /** Of traces that refute. */
  readonly depth?: number;
  readonly seconds?: number;
  readonly watched?: number;
  readonly signal?: AbortSignal;
}

/** Judged for all traces. */
export async function askAll({ system: { program } }: Toy, asking: Asking): Promise<Outcome> {
  const {
    out,
    invariants = null,
    solver = null,
    cache = null,
    depth = 12,
    seconds = 300,
    watched = 2_000,
    signal = new AbortController().signal,
    ...how
  } = asking;
  const options: ProveOptions = {
    seed: 1,
    signal,
    progress: () => undefined,
    out,
    design: 'toy',
    invariants,
    depth,
    allTraces: true,
    cache,
    sockets: 0,
    threads: 2,
    timeoutSeconds: seconds,
    solver,
  };
  const subject = { artefact: emitJavaScript(program), configuration: {}, deadline: Date.now() + seconds * 1000, watched, ...how };
  return proveAllTraces(subject, options);
}

export function rowIn({ results }: Outcome, id: string): Row {
  const found = results.find((row) => row.id === id);
  if (found === undefined) throw new Error(`no row ${id}, only ${results.map((row) => row.id).join(', ')}`);
  return found;
}
