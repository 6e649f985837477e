/** A bell that can be rung for ever keeps nobody from going on: a run in which somebody is never given a turn does not count. */
import { defineModel, type Id, type Procedure } from '../../../model/lang.ts';

export type GuestId = Id<'guest', 1>;
export type BellId = Id<'bell', 1>;

export interface State {
  waits: boolean;
  rings: boolean;
}

export const initial = (_: Record<string, never>): State => ({ waits: false, rings: false });

function* dine(s: State, _who: GuestId): Procedure {
  s.waits = true;
  yield;
  s.waits = false;
}

function* ring(s: State, _who: BellId): Procedure {
  s.rings = !s.rings;
}

export const model = defineModel<State>({
  initial,
  agents: { guest: { size: 1, procedures: { dine } }, bell: { size: 1, procedures: { ring } } },
  invariants: { any: (s: State) => s.waits || !s.waits },
  lemmas: {},
  promises: { served: { whenever: (s: State) => s.waits, eventually: (s: State) => !s.waits } },
});
