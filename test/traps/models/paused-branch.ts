/** What breaks it is written on a way with a pause on it, which ends the step in the middle of a branch; the other way writes nothing. */
import { defineModel, type Id, type Procedure } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  hot: boolean;
  open: boolean;
}

export const initial = (_: Record<string, never>): State => ({ hot: false, open: false });

function* heat(s: State, _who: OnlyId): Procedure {
  s.hot = true;
}

function* vent(s: State, _who: OnlyId): Procedure {
  yield;
  if (s.hot) {
    s.open = true;
    yield;
    s.open = false;
  }
  s.hot = false;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { heat, vent } } },
  invariants: { closed: (s: State) => !s.open },
  lemmas: {},
});
