/** The range of ids has two of the three guards: the third can sleep and nobody looks. Which one it is makes a difference. */
import { count, defineModel, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const GUARDS = 3;
export type GuardId = Id<'guard', typeof GUARDS>;

export interface State {
  asleep: Table<boolean, typeof GUARDS>;
}

export const guards = range<GuardId>(GUARDS);
export const watched = range<GuardId>(GUARDS - 1);
export const initial = (_: Record<string, never>): State => ({ asleep: guards.map(() => false) });

function* sleep(s: State, who: GuardId): Procedure {
  when(guards.every((g) => !s.asleep[g]));
  s.asleep[who] = true;
}

export const model = defineModel<State>({
  initial,
  agents: { guard: { size: GUARDS, procedures: { sleep } } },
  invariants: {
    'watched-are-awake': (s: State) => watched.every((g) => !s.asleep[g]),
    'the-other-is-awake': (s: State) => count(guards, (g) => s.asleep[g]) === count(watched, (g) => s.asleep[g]),
  },
  lemmas: {},
  symmetric: ['guard'],
});
