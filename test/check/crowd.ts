/** A model in which one step has more outcomes than a small table has places. */
import { compileModel } from '../../oracle/compile/frontend.ts';
import type { Program } from '../../oracle/compile/ir.ts';
import { root } from '../prove/toys.ts';

/** Slots that are all alike become all different, one a step; then one step lets each place have any of them. */
const CROWD = `
import { defineModel, first, type Id, type Nat, type Procedure, range, type Table, when } from '../../../model/lang.ts';
export const SLOTS = 7;
export const PLACES = 6;
export type SlotId = Id<'slot', typeof SLOTS>;
export type PlaceId = Id<'place', typeof PLACES>;
export type UserId = Id<'user', 1>;
export interface State { mark: Table<Nat<typeof SLOTS>, typeof SLOTS>; marked: Nat<typeof SLOTS>; has: Table<SlotId | null, typeof PLACES> }
export const slots = range<SlotId>(SLOTS);
export const places = range<PlaceId>(PLACES);
export function initial(_: Record<string, never>): State {
  return { mark: slots.map(() => 0), marked: 0, has: places.map(() => null) };
}
function* mark(s: State, _: UserId): Procedure {
  when(s.marked < SLOTS);
  const slot = first(slots, (each) => s.mark[each] === 0);
  if (slot === null) return;
  s.marked = s.marked + 1;
  s.mark[slot] = s.marked;
}
function* fill(s: State, _: UserId): Procedure {
  when(s.marked === SLOTS && s.has[places[0]!] === null);
${Array.from({ length: 6 }, (_, place) => `  s.has[places[${place}]!] = first(slots, (each) => s.mark[each] > 0);`).join('\n')}
}
export const model = defineModel<State>({
  initial,
  agents: { user: { size: 1, procedures: { mark, fill } } },
  invariants: {},
  lemmas: {},
  symmetric: ['slot'],
});
`;

export function crowd(): Program {
  const entry = 'test/prove/models/crowd.ts';
  return compileModel({ root, entry, sources: { [entry]: CROWD } });
}

/** Its orbits, and those of them in which nobody can take a step. */
export const CROWDED = { states: 8 + 7 ** 6, stuck: 7 ** 6 } as const;
