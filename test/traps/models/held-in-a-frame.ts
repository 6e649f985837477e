/** Whom a worker will strike is known to its call alone, over a pause: exchanging two workers must exchange that as well. */
import { defineModel, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const WORKERS = 3;
export type WorkerId = Id<'worker', typeof WORKERS>;

export interface State {
  struck: Table<boolean, typeof WORKERS>;
  aiming: Table<boolean, typeof WORKERS>;
}

export const workers = range<WorkerId>(WORKERS);
export const initial = (_: Record<string, never>): State => ({ struck: workers.map(() => false), aiming: workers.map(() => false) });

function* strike(s: State, who: WorkerId, other: WorkerId): Procedure {
  when(who !== other && !s.struck[who] && !s.aiming[other]);
  s.aiming[who] = true;
  yield;
  s.struck[other] = true;
}

export const model = defineModel<State>({
  initial,
  agents: { worker: { size: WORKERS, procedures: { strike } } },
  invariants: {
    'aimed-first': (s: State) => workers.every((w) => !s.struck[w] || workers.some((v) => v !== w && s.aiming[v])),
    'one-stands': (s: State) => workers.some((w) => !s.struck[w]),
  },
  lemmas: {},
  symmetric: ['worker'],
});
