/** The third who queues finds the queue full. */
import { defineModel, type Id, type Procedure, range, type Seq, type Table, when } from '../../../model/lang.ts';

export const GUESTS = 3;
export type GuestId = Id<'guest', typeof GUESTS>;

export interface State {
  queue: Seq<GuestId, 2>;
  here: Table<boolean, typeof GUESTS>;
}

export const guests = range<GuestId>(GUESTS);
export const initial = (_: Record<string, never>): State => ({ queue: [], here: guests.map(() => false) });

function* come(s: State, who: GuestId): Procedure {
  when(!s.here[who]);
  s.here[who] = true;
  s.queue.push(who);
}

export const model = defineModel<State>({
  initial,
  agents: { guest: { size: GUESTS, procedures: { come } } },
  invariants: { 'queued-is-here': (s: State) => s.queue.every((g) => s.here[g]) },
  lemmas: {},
  symmetric: ['guest'],
});
