/** The lowest free number is taken, and none above it. */
import { defineModel, first, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const SLOTS = 3;
export type SlotId = Id<'slot', typeof SLOTS>;
export type OnlyId = Id<'only', 1>;

export interface State {
  used: Table<boolean, typeof SLOTS>;
}

export const slots = range<SlotId>(SLOTS);
export const initial = (_: Record<string, never>): State => ({ used: slots.map(() => false) });

function* take(s: State, _who: OnlyId): Procedure {
  const slot = first(slots, (each) => !s.used[each]);
  if (slot !== null) s.used[slot] = true;
}

function* give(s: State, _who: OnlyId, slot: SlotId): Procedure {
  when(s.used[slot] && slots.every((each) => each <= slot || !s.used[each]));
  s.used[slot] = false;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { take, give } } },
  invariants: {
    'none-left-out': (s: State) => slots.every((each) => s.used[each] || slots.every((more) => more <= each || !s.used[more])),
  },
  lemmas: {},
});
