/** What would break it waits for 3 and 4 at once. */
import { defineModel, type Id, type Nat, type Procedure, when } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  count: Nat<4>;
  broken: boolean;
}

export const initial = (_: Record<string, never>): State => ({ count: 0, broken: false });

function* add(s: State, _who: OnlyId): Procedure {
  s.count = s.count === 4 ? 0 : s.count + 1;
}

function* smash(s: State, _who: OnlyId, n: Nat<4>): Procedure {
  when(s.count === n && n > 2);
  when(n < 3);
  s.broken = true;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { add, smash } } },
  invariants: { whole: (s: State) => !s.broken },
  lemmas: {},
});
