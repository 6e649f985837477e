/**
 * A slot is free while it is not in use, used ones come back dirty, and the first that isn't in use is taken: the same one every time.
 * Where any of them may be taken, two slots get dirty, which the model can't do.
 */
import { count, defineModel, first, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const SLOTS = 3;
export type SlotId = Id<'slot', typeof SLOTS>;
export type UserId = Id<'user', 1>;

export interface State {
  slots: Table<'clean' | 'used' | 'dirty', typeof SLOTS>;
  has: SlotId | null;
}

export const slots = range<SlotId>(SLOTS);
export const initial = (_: Record<string, never>): State => ({ slots: slots.map(() => 'clean'), has: null });

function* take(s: State, _who: UserId): Procedure {
  when(s.has === null);
  const slot = first(slots, (each) => s.slots[each] !== 'used');
  if (slot === null) return;
  s.slots[slot] = 'used';
  s.has = slot;
}

function* give(s: State, _who: UserId): Procedure {
  const slot = s.has;
  when(slot !== null);
  if (slot === null) return;
  s.slots[slot] = 'dirty';
  s.has = null;
}

export const model = defineModel<State>({
  initial,
  agents: { user: { size: 1, procedures: { take, give } } },
  invariants: { 'one-dirty': (s: State) => count(slots, (each) => s.slots[each] !== 'clean') < 2 },
  lemmas: {},
  symmetric: ['slot'],
});
