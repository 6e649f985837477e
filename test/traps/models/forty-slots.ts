/** Forty slots that are alike are forty-one states, and the last of them is taken last: more slots than a word has bits. */
import { defineModel, first, type Id, type Nat, type Procedure, range, type Table } from '../../../model/lang.ts';

export const SLOTS = 40;
export type SlotId = Id<'slot', typeof SLOTS>;
export type OnlyId = Id<'only', 1>;

export interface State {
  used: Table<boolean, typeof SLOTS>;
  taken: Nat<63>;
}

export const slots = range<SlotId>(SLOTS);
export const initial = (_: Record<string, never>): State => ({ used: slots.map(() => false), taken: 0 });

function* take(s: State, _who: OnlyId): Procedure {
  const slot = first(slots, (each) => !s.used[each]);
  if (slot === null) return;
  s.used[slot] = true;
  s.taken++;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { take } } },
  invariants: { 'one-is-free': (s: State) => s.taken < SLOTS, 'some-are-free': (s: State) => slots.some((slot) => !s.used[slot]) },
  lemmas: {},
  symmetric: ['slot'],
});
