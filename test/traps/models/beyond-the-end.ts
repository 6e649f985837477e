/** What is beyond the end of a sequence is kept as 0, which is also the first guest's number. It is not there, and to take it is a violation. */
import { defineModel, type Id, type Procedure, range, remove, type Seq, when } from '../../../model/lang.ts';

export const GUESTS = 2;
export type GuestId = Id<'guest', typeof GUESTS>;

export interface State {
  queue: Seq<GuestId, 2>;
  served: GuestId | null;
}

export const guests = range<GuestId>(GUESTS);
export const initial = (_: Record<string, never>): State => ({ queue: [], served: null });

function* come(s: State, who: GuestId): Procedure {
  when(!s.queue.includes(who));
  s.queue.push(who);
}

function* leave(s: State, who: GuestId): Procedure {
  when(s.queue.includes(who));
  remove(s.queue, who);
}

function* serve(s: State, who: GuestId): Procedure {
  when(s.queue.length > 0);
  yield;
  // Everybody may have left in the meantime.
  s.served = s.queue[0];
  if (who === s.served) remove(s.queue, who);
}

export const model = defineModel<State>({
  initial,
  agents: { guest: { size: GUESTS, procedures: { come, leave, serve } } },
  invariants: { 'queued-once': (s: State) => s.queue.length < 2 || s.queue[0] !== s.queue[1] },
  lemmas: {},
  symmetric: ['guest'],
});
