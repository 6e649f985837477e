/**
 * A *goal* is something to be shown of every reachable state: an invariant of the model, one of its lemmas (which help the proof
 * and must be proved like the rest), the built-in `no-overflow` (no step breaks a bound of a type, takes null for an id or
 * an index that doesn't exist), and the structural fact that sequences are 0 beyond their length.
 */
import type { TransitionSystem } from '../compile/smt.ts';
import type { State } from '../compile/symbolic-state.ts';
import { type Lit, not, TRUE } from '../compile/term.ts';

export const NO_OVERFLOW = 'no-overflow';

export interface Goal {
  readonly id: string;
  /** `observed`: read off random runs (frames.ts) and weakened until it holds. */
  readonly kind: 'invariant' | 'lemma' | 'bounds' | 'padding' | 'observed';
  /** No source says it, and it may name one of several threads that are alike. */
  readonly found?: true;
  /** Whether it holds in a state; `no-overflow` speaks about steps and holds in any state. */
  holds(state: State): Lit;
}

export function goalsOf(system: TransitionSystem): readonly Goal[] {
  const { invariants, lemmas } = system.program;
  const predicate =
    (fn: number) =>
    (state: State): Lit =>
      system.holds(fn, state);
  const padding: readonly Goal[] =
    system.layout.sequences.length === 0 ? [] : [{ id: 'sequences-are-padded', kind: 'padding', holds: (state) => system.padded(state) }];
  const goals: readonly Goal[] = [
    ...invariants.map(({ id, fn }): Goal => ({ id, kind: 'invariant', holds: predicate(fn) })),
    { id: NO_OVERFLOW, kind: 'bounds', holds: () => TRUE },
    ...lemmas.map(({ id, fn }): Goal => ({ id, kind: 'lemma', holds: predicate(fn) })),
    ...padding,
  ];
  // Verdicts are kept by id: of two goals with one, each would have the other's.
  const twice = goals.find(({ id }, at) => goals.findIndex((goal) => goal.id === id) !== at);
  if (twice !== undefined) throw new Error(`two goals have the id ${twice.id}`);
  return goals;
}

/** Whether a goal is broken after a step that led to `next` and broke a bound when `faulty`. */
export function brokenAfter({ terms }: TransitionSystem, goal: Goal, next: State, faulty: Lit): Lit {
  if (goal.kind === 'bounds') return faulty;
  return terms.and(not(faulty), not(goal.holds(next)));
}
