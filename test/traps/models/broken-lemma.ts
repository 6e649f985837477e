/** From "at most 2" it would follow that 5 is never reached. The lemma is false after three steps, and the invariant after five. */
import { defineModel, type Id, type Nat, type Procedure, when } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  count: Nat<7>;
}

export const initial = (_: Record<string, never>): State => ({ count: 0 });

function* add(s: State, _who: OnlyId): Procedure {
  when(s.count < 7);
  s.count++;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { add } } },
  invariants: { 'never-five': (s: State) => s.count !== 5 },
  lemmas: { 'at-most-two': (s: State) => s.count <= 2 },
});
