/** A counter that goes 0, 2, 4, 0, …: it is never 5, but a step leads from 3, which no run reaches, to 5. */
import { defineModel, type Id, type Nat, type Procedure } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  even: Nat<5>;
}

export const initial = (_: Record<string, never>): State => ({ even: 0 });

function* go(s: State, _who: OnlyId): Procedure {
  s.even = s.even === 4 ? 0 : Math.min(s.even + 2, 5);
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { go } } },
  invariants: { 'never-five': (s: State) => s.even !== 5 },
  lemmas: {},
});
