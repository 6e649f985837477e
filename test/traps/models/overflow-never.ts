/** The branch that would leave the range needs a switch that nobody turns on. */
import { defineModel, type Id, type Nat, type Procedure } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  count: Nat<3>;
  on: boolean;
}

export const initial = (_: Record<string, never>): State => ({ count: 0, on: false });

function* step(s: State, _who: OnlyId, wish: boolean): Procedure {
  if (s.on && wish) s.count++;
  else s.count = s.count === 3 ? 0 : s.count + 1;
  if (!wish) s.on = false;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { step } } },
  invariants: { off: (s: State) => !s.on },
  lemmas: {},
});
