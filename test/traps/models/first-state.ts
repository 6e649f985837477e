/** False in the first state, and in no other. */
import { defineModel, type Id, type Procedure } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  begun: boolean;
}

export const initial = (_: Record<string, never>): State => ({ begun: false });

function* begin(s: State, _who: OnlyId): Procedure {
  s.begun = true;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { begin } } },
  invariants: { begun: (s: State) => s.begun },
  lemmas: {},
});
