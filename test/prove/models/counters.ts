/**
 * A toy for the prover's tests: two workers count in turns. Of its invariants one is inductive, one is true and not inductive, one
 * breaks after a known number of steps, and one counter leaves its range after a known number of steps.
 */
import { defineModel, type Id, type Nat, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const WORKERS = 2;
/** The steps after which `stays-below` breaks. */
export const PATIENCE = 5;
export const LARGEST = 7;

export type WorkerId = Id<'worker', typeof WORKERS>;

export interface State {
  /** Whether the counter is stopped before it leaves its range. */
  readonly careful: boolean;
  turn: WorkerId | null;
  counter: Nat<typeof LARGEST>;
  /** Goes 0, 2, 4, 0, …; that it is never 5 needs the lemma that it is even. */
  even: Nat<5>;
  done: Table<boolean, typeof WORKERS>;
}

export const workers = range<WorkerId>(WORKERS);

export function initial(configuration: { readonly careful: boolean }): State {
  return { careful: configuration.careful, turn: null, counter: 0, even: 0, done: workers.map(() => false) };
}

function* count(s: State, who: WorkerId): Procedure {
  when(s.turn !== who && (!s.careful || s.counter < LARGEST));
  s.turn = who;
  s.counter++;
  s.even = s.even === 4 ? 0 : s.even + 2 > 5 ? 5 : s.even + 2;
}

function* finish(s: State, who: WorkerId): Procedure {
  when(s.turn === who);
  yield;
  if (s.turn !== null) s.done[who] = true;
}

export const countersModel = defineModel({
  initial,
  agents: { worker: { size: WORKERS, procedures: { count, finish } } },
  invariants: {
    /** Inductive: who has finished had its turn. */
    'done-had-turn': (s: State) => workers.every((w) => !s.done[w] || s.turn !== null),
    /** True, but from 3 one gets to 5. */
    'never-five': (s: State) => s.even !== 5,
    /** Breaks at the step that makes the counter 5. */
    'stays-below': (s: State) => s.counter < PATIENCE,
  },
  lemmas: {},
});
