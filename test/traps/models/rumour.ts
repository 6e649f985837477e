/** Who hears something tells it in the same round to whoever listens to them and is called later, and to nobody who was called before. */
import { defineModel, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const GUARDS = 3;
export type GuardId = Id<'guard', typeof GUARDS>;

export interface State {
  listens: Table<GuardId | null, typeof GUARDS>;
  heard: Table<boolean, typeof GUARDS>;
}

export const guards = range<GuardId>(GUARDS);
export const initial = (_: Record<string, never>): State => ({ listens: guards.map(() => null), heard: guards.map(() => false) });

function* listen(s: State, who: GuardId, other: GuardId): Procedure {
  when(s.listens[who] === null && who !== other && guards.every((g) => !s.heard[g]));
  s.listens[who] = other;
}

function* hear(s: State, who: GuardId): Procedure {
  when(guards.every((g) => !s.heard[g]));
  s.heard[who] = true;
  for (const guard of guards) {
    if (s.listens[guard] !== null && s.heard[s.listens[guard]]) s.heard[guard] = true;
  }
}

export const model = defineModel<State>({
  initial,
  agents: { guard: { size: GUARDS, procedures: { listen, hear } } },
  invariants: {
    'somebody-has-not-heard': (s: State) => !guards.every((g) => s.heard[g]),
    'who-hears-it-alone-is-alone': (s: State) => guards.every((g) => s.listens[g] === null || !s.heard[s.listens[g]] || s.heard[g]),
  },
  lemmas: {},
  symmetric: ['guard'],
});
