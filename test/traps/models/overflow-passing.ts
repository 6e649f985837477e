/** The counter is out of its range in the middle of a step only: at both ends of it everything is in order. It is a violation all the same. */
import { defineModel, type Id, type Nat, type Procedure } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  count: Nat<3>;
}

export const initial = (_: Record<string, never>): State => ({ count: 0 });

function* bounce(s: State, _who: OnlyId): Procedure {
  s.count++;
  s.count++;
  s.count--;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { bounce } } },
  invariants: { small: (s: State) => s.count <= 3 },
  lemmas: {},
});
