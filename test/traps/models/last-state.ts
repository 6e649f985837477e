/** Two locks taken in opposite orders: what is broken is broken in the one state in which nobody can take a step any more. */
import { defineModel, type Id, type Procedure, until, when } from '../../../model/lang.ts';

export type LeftId = Id<'left', 1>;
export type RightId = Id<'right', 1>;

export interface State {
  a: boolean;
  b: boolean;
  leftWaits: boolean;
  rightWaits: boolean;
}

export const initial = (_: Record<string, never>): State => ({ a: false, b: false, leftWaits: false, rightWaits: false });

function* left(s: State, _who: LeftId): Procedure {
  when(!s.a);
  s.a = true;
  yield;
  s.leftWaits = true;
  yield until(() => !s.b);
  s.leftWaits = false;
  s.a = false;
}

function* right(s: State, _who: RightId): Procedure {
  when(!s.b);
  s.b = true;
  yield;
  s.rightWaits = true;
  yield until(() => !s.a);
  s.rightWaits = false;
  s.b = false;
}

export const model = defineModel<State>({
  initial,
  agents: { left: { size: 1, procedures: { left } }, right: { size: 1, procedures: { right } } },
  invariants: { 'one-goes-on': (s: State) => !(s.leftWaits && s.rightWaits) },
  lemmas: {},
});
