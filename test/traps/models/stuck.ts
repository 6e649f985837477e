/** Once the bell has rung nothing moves any more, and the guest waits: a run that ends is a run in which nothing comes about. */
import { defineModel, type Id, type Procedure, until, when } from '../../../model/lang.ts';

export type GuestId = Id<'guest', 1>;
export type BellId = Id<'bell', 1>;

export interface State {
  waits: boolean;
  rung: boolean;
}

export const initial = (_: Record<string, never>): State => ({ waits: false, rung: false });

function* dine(s: State, _who: GuestId): Procedure {
  s.waits = true;
  yield until(() => !s.rung);
  s.waits = false;
}

function* ring(s: State, _who: BellId): Procedure {
  when(!s.rung && s.waits);
  s.rung = true;
}

export const model = defineModel<State>({
  initial,
  agents: { guest: { size: 1, procedures: { dine } }, bell: { size: 1, procedures: { ring } } },
  invariants: { 'rung-while-waiting': (s: State) => !s.rung || s.waits },
  lemmas: {},
  promises: {
    served: { whenever: (s: State) => s.waits, eventually: (s: State) => !s.waits },
    'rung-in-the-end': { whenever: (s: State) => s.waits, eventually: (s: State) => s.rung || !s.waits },
    'never-asked': { whenever: (s: State) => s.rung && !s.waits, eventually: (s: State) => !s.rung },
  },
});
