/** "Who is crowned has a sword": true of everybody, since nobody is ever crowned. It holds, and must be said to be about nothing. */
import { defineModel, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const KNIGHTS = 2;
export type KnightId = Id<'knight', typeof KNIGHTS>;

export interface State {
  crowned: Table<boolean, typeof KNIGHTS>;
  armed: Table<boolean, typeof KNIGHTS>;
}

export const knights = range<KnightId>(KNIGHTS);
export const initial = (_: Record<string, never>): State => ({ crowned: knights.map(() => false), armed: knights.map(() => false) });

function* arm(s: State, who: KnightId): Procedure {
  s.armed[who] = !s.armed[who];
}

function* crown(s: State, who: KnightId): Procedure {
  when(s.crowned[who]);
  s.crowned[who] = true;
}

export const model = defineModel<State>({
  initial,
  agents: { knight: { size: KNIGHTS, procedures: { arm, crown } } },
  invariants: { 'crown-and-sword': (s: State) => knights.every((k) => !s.crowned[k] || s.armed[k]) },
  lemmas: {},
  symmetric: ['knight'],
});
