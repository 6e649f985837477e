/** A difference may be negative where it is only looked at, and not where it is kept. */
import { defineModel, type Id, type Nat, type Procedure, when } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  income: Nat<3>;
  spent: Nat<3>;
  saved: Nat<3>;
}

export const initial = (_: Record<string, never>): State => ({ income: 0, spent: 0, saved: 0 });

function* earn(s: State, _who: OnlyId): Procedure {
  when(s.income < 3);
  s.income++;
}

function* spend(s: State, _who: OnlyId): Procedure {
  when(s.income - s.spent > -1 && s.spent < 3);
  s.spent++;
}

function* save(s: State, _who: OnlyId): Procedure {
  when(s.income > 1);
  s.saved = s.income - s.spent;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { earn, spend, save } } },
  invariants: { 'debt-of-one-at-most': (s: State) => s.income - s.spent >= -1 },
  lemmas: {},
});
