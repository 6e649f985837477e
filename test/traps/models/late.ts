/** A clock that strikes when it has ticked `STRIKES` times, and not before: whoever looks at fewer steps has seen nothing. */
import { defineModel, type Id, type Nat, type Procedure, when } from '../../../model/lang.ts';

export const STRIKES = 15;
export type OnlyId = Id<'only', 1>;

export interface State {
  ticks: Nat<31>;
}

export const initial = (_: Record<string, never>): State => ({ ticks: 0 });

function* tick(s: State, _who: OnlyId): Procedure {
  when(s.ticks < 31);
  s.ticks++;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { tick } } },
  invariants: { silent: (s: State) => s.ticks < STRIKES },
  lemmas: {},
});
