/** Nobody asks where the hand is, and no condition hangs on it; but it says which lamp is lit. */
import { defineModel, type Id, type Procedure, range, type Table } from '../../../model/lang.ts';

export const LAMPS = 3;
export type LampId = Id<'lamp', typeof LAMPS>;
export type OnlyId = Id<'only', 1>;

export interface State {
  hand: LampId;
  lit: Table<boolean, typeof LAMPS>;
  noise: LampId;
}

export const lamps = range<LampId>(LAMPS);
export const initial = (_: Record<string, never>): State => ({ hand: 0 as LampId, lit: lamps.map(() => false), noise: 0 as LampId });

function* move(s: State, _who: OnlyId, to: LampId): Procedure {
  s.noise = s.hand;
  s.hand = to;
}

function* light(s: State, _who: OnlyId): Procedure {
  s.lit[s.hand] = true;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { move, light } } },
  invariants: { 'last-is-dark': (s: State) => !s.lit[2 as LampId] },
  lemmas: {},
});
