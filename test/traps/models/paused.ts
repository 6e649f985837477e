/** The same with a pause between the halves: the step ends there, and its state is a state. */
import { defineModel, type Id, type Procedure } from '../../../model/lang.ts';

export type WorkerId = Id<'worker', 2>;

export interface State {
  left: boolean;
  right: boolean;
}

export const initial = (_: Record<string, never>): State => ({ left: false, right: false });

function* flip(s: State, _who: WorkerId): Procedure {
  s.left = !s.left;
  yield;
  s.right = s.left;
}

export const model = defineModel<State>({
  initial,
  agents: { worker: { size: 2, procedures: { flip } } },
  invariants: { same: (s: State) => s.left === s.right },
  lemmas: {},
  symmetric: ['worker'],
});
