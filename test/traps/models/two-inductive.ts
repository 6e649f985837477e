/** 2 leads to 3 and nothing leads to 2: a step before the step before a violation can't be taken. Induction over two steps closes it. */
import { defineModel, type Id, type Nat, type Procedure, when } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  at: Nat<3>;
}

export const initial = (_: Record<string, never>): State => ({ at: 0 });

function* swing(s: State, _who: OnlyId): Procedure {
  when(s.at < 2);
  s.at = s.at === 0 ? 1 : 0;
}

function* fall(s: State, _who: OnlyId): Procedure {
  when(s.at === 2);
  s.at = 3;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { swing, fall } } },
  invariants: { 'never-three': (s: State) => s.at !== 3 },
  lemmas: {},
});
