/** The lemma says of the flag what the invariant says of its copy: each follows from the other, and neither is true. */
import { defineModel, type Id, type Nat, type Procedure, when } from '../../../model/lang.ts';

export type OnlyId = Id<'only', 1>;

export interface State {
  patience: Nat<4>;
  flag: boolean;
  copy: boolean;
}

export const initial = (_: Record<string, never>): State => ({ patience: 0, flag: false, copy: false });

function* wait(s: State, _who: OnlyId): Procedure {
  when(s.patience < 4);
  s.patience++;
}

function* give(s: State, _who: OnlyId): Procedure {
  when(s.patience === 4 || s.copy);
  s.flag = true;
}

function* take(s: State, _who: OnlyId): Procedure {
  when(s.flag);
  s.copy = true;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { wait, give, take } } },
  invariants: { uncopied: (s: State) => !s.copy },
  lemmas: { unset: (s: State) => !s.flag || s.copy },
});
