/** Every state that can be written down is fine; the fourth step leaves the range of the counter, and there is no state after it. */
import { defineModel, type Id, type Nat, type Procedure } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  count: Nat<3>;
}

export const initial = (_: Record<string, never>): State => ({ count: 0 });

function* add(s: State, _who: OnlyId): Procedure {
  s.count++;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { add } } },
  invariants: { small: (s: State) => s.count <= 3 },
  lemmas: {},
});
