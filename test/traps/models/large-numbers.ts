/** Numbers that fill a word, and next to them what must not be touched when they are written. */
import { defineModel, type Id, type Nat, type Procedure, when } from '../../../model/lang.ts';

export const MOST = 2_147_483_647;
export type OnlyId = Id<'only', 1>;

export interface State {
  before: boolean;
  number: Nat<typeof MOST>;
  after: boolean;
  half: Nat<65_535>;
}

export const initial = (_: Record<string, never>): State => ({ before: false, number: 0, after: false, half: 0 });

function* grow(s: State, _who: OnlyId): Procedure {
  when(s.number < 1_073_741_824);
  s.number = s.number * 2 + 1;
  s.half = Math.min(s.number, 65_535);
}

function* mark(s: State, _who: OnlyId): Procedure {
  when(s.number === MOST && s.half === 65_535);
  s.before = true;
  s.after = true;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { grow, mark } } },
  invariants: {
    together: (s: State) => s.before === s.after,
    unmarked: (s: State) => !s.before,
    // 2^31 - 1 and no more.
    'one-less-than-a-power': (s: State) => s.number <= 2_147_483_646 || s.half === 65_535,
  },
  lemmas: {},
});
