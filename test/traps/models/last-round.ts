/** Only the last round of a loop does it; rounds that were left out would not be missed otherwise. */
import { defineModel, type Id, type Nat, type Procedure, range, type Table } from '../../../model/lang.ts';

export const LAMPS = 3;
export type LampId = Id<'lamp', typeof LAMPS>;
export type OnlyId = Id<'only', 1>;

export interface State {
  lit: Table<boolean, typeof LAMPS>;
  rounds: Nat<3>;
  done: boolean;
}

export const lamps = range<LampId>(LAMPS);
export const initial = (_: Record<string, never>): State => ({ lit: lamps.map(() => false), rounds: 0, done: false });

function* light(s: State, _who: OnlyId, from: LampId): Procedure {
  for (let i = 0; i < 3; i++) if (i === 2) s.rounds = i;
  for (const lamp of lamps) {
    if (lamp !== from) continue;
    s.lit[lamp] = true;
    if (lamp === 2) s.done = true;
    break;
  }
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { light } } },
  invariants: {
    'fewer-than-two': (s: State) => s.rounds < 2,
    undone: (s: State) => !s.done,
    'done-is-lit': (s: State) => !s.done || s.lit[2 as LampId],
  },
  lemmas: {},
});
