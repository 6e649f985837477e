/** The two halves of a pair are changed one after the other in one step: nobody sees them differ. */
import { defineModel, type Id, type Procedure } from '../../../model/lang.ts';

export type WorkerId = Id<'worker', 2>;

export interface State {
  left: boolean;
  right: boolean;
}

export const initial = (_: Record<string, never>): State => ({ left: false, right: false });

function* flip(s: State, _who: WorkerId): Procedure {
  s.left = !s.left;
  s.right = s.left;
}

export const model = defineModel<State>({
  initial,
  agents: { worker: { size: 2, procedures: { flip } } },
  invariants: { same: (s: State) => s.left === s.right },
  lemmas: {},
  symmetric: ['worker'],
});
