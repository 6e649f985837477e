/** A loop calls the guards in their order, and the first who is not there is fetched: nobody is there before those with smaller numbers. */
import { defineModel, type Id, type Procedure, range, type Table } from '../../../model/lang.ts';

export const GUARDS = 3;
export type GuardId = Id<'guard', typeof GUARDS>;

export interface State {
  here: Table<boolean, typeof GUARDS>;
  last: GuardId | null;
}

export const guards = range<GuardId>(GUARDS);
export const initial = (_: Record<string, never>): State => ({ here: guards.map(() => false), last: null });

function* call(s: State, who: GuardId): Procedure {
  for (const guard of guards) {
    if (s.here[guard]) continue;
    s.here[guard] = true;
    if (guard === who) s.last = guard;
    return;
  }
}

export const model = defineModel<State>({
  initial,
  agents: { guard: { size: GUARDS, procedures: { call } } },
  invariants: {
    'last-is-here': (s: State) => s.last === null || s.here[s.last],
    'whoever-is-last-all-are-here': (s: State) => s.last === null || guards.every((g) => s.here[g]),
  },
  lemmas: {},
  symmetric: ['guard'],
});
