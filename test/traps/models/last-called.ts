/** Whoever is there is called, and the last one is noted: the one with the largest number, once and for all. */
import { defineModel, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const GUARDS = 3;
export type GuardId = Id<'guard', typeof GUARDS>;

export interface State {
  here: Table<boolean, typeof GUARDS>;
  last: GuardId | null;
}

export const guards = range<GuardId>(GUARDS);
export const initial = (_: Record<string, never>): State => ({ here: guards.map(() => false), last: null });

function* come(s: State, who: GuardId): Procedure {
  when(s.last === null);
  s.here[who] = true;
}

function* call(s: State, _who: GuardId): Procedure {
  when(s.last === null);
  for (const guard of guards) {
    if (s.here[guard]) s.last = guard;
  }
}

export const model = defineModel<State>({
  initial,
  agents: { guard: { size: GUARDS, procedures: { come, call } } },
  invariants: {
    'the-last-is-here': (s: State) => s.last === null || s.here[s.last],
    'the-last-is-alone': (s: State) => s.last === null || guards.every((g) => g === s.last || !s.here[g]),
  },
  lemmas: {},
  symmetric: ['guard'],
});
