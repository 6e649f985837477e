/** Nobody reads the count, directly or otherwise, until it is full. */
import { defineModel, type Id, type Nat, type Procedure } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  count: Nat<4>;
  on: boolean;
}

export const initial = (_: Record<string, never>): State => ({ count: 0, on: false });

function add(s: State): Nat<4> {
  s.count++;
  return s.count;
}

function* toggle(s: State, _who: OnlyId): Procedure {
  add(s);
  s.on = !s.on;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { toggle } } },
  invariants: { any: (s: State) => s.on || !s.on },
  lemmas: {},
});
