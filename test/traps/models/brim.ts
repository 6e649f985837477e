/** Filled to the brim and emptied to the bottom, never over: the bounds themselves are within the bounds. */
import { defineModel, type Id, type Nat, type Procedure, when } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  level: Nat<3>;
}

export const initial = (_: Record<string, never>): State => ({ level: 0 });

function* pour(s: State, _who: OnlyId): Procedure {
  when(s.level < 3);
  s.level++;
}

function* drink(s: State, _who: OnlyId): Procedure {
  when(s.level > 0);
  s.level--;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { pour, drink } } },
  invariants: { 'not-full': (s: State) => s.level < 3, 'not-negative': (s: State) => s.level - 3 <= 0 && s.level + 1 > 0 },
  lemmas: {},
});
