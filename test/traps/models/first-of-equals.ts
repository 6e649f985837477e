/** Free slots are all alike, so that it does not matter which is the first of them: three users never hold one slot. */
import { defineModel, first, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const SLOTS = 3;
export const USERS = 2;
export type SlotId = Id<'slot', typeof SLOTS>;
export type UserId = Id<'user', typeof USERS>;

export interface State {
  used: Table<boolean, typeof SLOTS>;
  has: Table<SlotId | null, typeof USERS>;
}

export const slots = range<SlotId>(SLOTS);
export const users = range<UserId>(USERS);
export const initial = (_: Record<string, never>): State => ({ used: slots.map(() => false), has: users.map(() => null) });

function* take(s: State, who: UserId): Procedure {
  when(s.has[who] === null);
  const slot = first(slots, (each) => !s.used[each]);
  if (slot === null) return;
  s.used[slot] = true;
  yield;
  s.has[who] = slot;
}

function* give(s: State, who: UserId): Procedure {
  const slot = s.has[who];
  when(slot !== null);
  if (slot === null) return;
  s.used[slot] = false;
  s.has[who] = null;
}

export const model = defineModel<State>({
  initial,
  agents: { user: { size: USERS, procedures: { take, give } } },
  invariants: {
    apart: (s: State) => users.every((u) => users.every((v) => u === v || s.has[u] === null || s.has[u] !== s.has[v])),
  },
  lemmas: {},
  symmetric: ['slot', 'user'],
});
