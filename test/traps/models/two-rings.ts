/**
 * Everybody points at somebody, and all look alike from where they stand: one ring of four differs from two rings of two only as a whole.
 * Whoever takes them for one state loses the second.
 */
import { defineModel, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const DANCERS = 4;
export type DancerId = Id<'dancer', typeof DANCERS>;

export interface State {
  next: Table<DancerId | null, typeof DANCERS>;
}

export const dancers = range<DancerId>(DANCERS);
export const initial = (_: Record<string, never>): State => ({ next: dancers.map(() => null) });

function* reach(s: State, who: DancerId, other: DancerId): Procedure {
  when(who !== other && s.next[who] === null && dancers.every((d) => s.next[d] !== other));
  s.next[who] = other;
}

export const model = defineModel<State>({
  initial,
  agents: { dancer: { size: DANCERS, procedures: { reach } } },
  invariants: {
    'no-two-pairs': (s: State) =>
      !dancers.every((d) => s.next[d] !== null && dancers.every((e) => e === d || s.next[d] !== e || s.next[e] === d)),
    'no-ring': (s: State) =>
      !dancers.every((d) => s.next[d] !== null && dancers.every((e) => e === d || s.next[d] !== e || s.next[e] !== d)),
  },
  lemmas: {},
  symmetric: ['dancer'],
});
