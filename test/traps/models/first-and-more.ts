/**
 * The same slots, and a count of how often one was taken: after as many steps as two slots would be dirty, if any might be taken, somebody
 * has taken one twice, which the model does.
 */
import { count, defineModel, first, type Id, type Nat, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const SLOTS = 3;
export type SlotId = Id<'slot', typeof SLOTS>;
export type UserId = Id<'user', 1>;

export interface State {
  slots: Table<'clean' | 'used' | 'dirty', typeof SLOTS>;
  has: SlotId | null;
  taken: Nat<2>;
}

export const slots = range<SlotId>(SLOTS);
export const initial = (_: Record<string, never>): State => ({ slots: slots.map(() => 'clean'), has: null, taken: 0 });

function* take(s: State, _who: UserId): Procedure {
  when(s.has === null && s.taken < 2);
  const slot = first(slots, (each) => s.slots[each] !== 'used');
  if (slot === null) return;
  s.slots[slot] = 'used';
  s.has = slot;
  s.taken++;
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
  invariants: {
    'one-dirty': (s: State) => count(slots, (each) => s.slots[each] !== 'clean') < 2,
    'taken-once': (s: State) => s.taken < 2,
  },
  lemmas: {},
  symmetric: ['slot'],
});
