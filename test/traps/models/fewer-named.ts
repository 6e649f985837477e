/** A call may name two of the three guards. They are of one kind, and the one that can't be named is not like the others. */
import { defineModel, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const GUARDS = 3;
export type GuardId = Id<'guard', typeof GUARDS>;
export type NamedId = Id<'guard', 2>;

export interface State {
  paid: Table<boolean, typeof GUARDS>;
  asleep: Table<boolean, typeof GUARDS>;
}

export const guards = range<GuardId>(GUARDS);
export const initial = (_: Record<string, never>): State => ({ paid: guards.map(() => false), asleep: guards.map(() => false) });

function* pay(s: State, _who: GuardId, named: NamedId): Procedure {
  s.paid[named] = true;
}

function* sleep(s: State, who: GuardId): Procedure {
  when(guards.every((g) => g === who || s.paid[g]));
  s.asleep[who] = true;
}

export const model = defineModel<State>({
  initial,
  agents: { guard: { size: GUARDS, procedures: { pay, sleep } } },
  invariants: {
    'all-awake': (s: State) => guards.every((g) => !s.asleep[g]),
    'not-all-paid': (s: State) => !guards.every((g) => s.paid[g]),
  },
  lemmas: {},
  symmetric: ['guard'],
});
