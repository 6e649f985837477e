/** Half of a condition is always true, and the other is not: the whole is neither. */
import { defineModel, type Id, type Procedure } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  on: boolean;
  never: boolean;
  both: boolean;
  either: boolean;
}

export const initial = (_: Record<string, never>): State => ({ on: false, never: false, both: false, either: false });

function* flip(s: State, _who: OnlyId): Procedure {
  s.on = !s.on;
}

function* look(s: State, _who: OnlyId): Procedure {
  if (s.on && !s.never) s.both = true;
  else s.both = false;
  if (s.on || s.never) s.either = true;
  else s.either = false;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { flip, look } } },
  invariants: { 'never-both': (s: State) => !s.both, 'never-either': (s: State) => !s.either, alike: (s: State) => s.both === s.either },
  lemmas: {},
});
