/** A lock that is looked at in one step and taken in the next: two of a kind in the middle of the call are what it takes. */
import { count, defineModel, type Id, type Procedure, range, type Table, until } from '../../../model/lang.ts';

export const WORKERS = 3;
export type WorkerId = Id<'worker', typeof WORKERS>;

export interface State {
  locked: boolean;
  inside: Table<boolean, typeof WORKERS>;
}

export const workers = range<WorkerId>(WORKERS);
export const initial = (_: Record<string, never>): State => ({ locked: false, inside: workers.map(() => false) });

function* enter(s: State, who: WorkerId): Procedure {
  yield until(() => !s.locked);
  yield;
  s.locked = true;
  s.inside[who] = true;
  yield;
  s.inside[who] = false;
  s.locked = false;
}

export const model = defineModel<State>({
  initial,
  agents: { worker: { size: WORKERS, procedures: { enter } } },
  invariants: { alone: (s: State) => count(workers, (w) => s.inside[w]) < 2 },
  lemmas: {},
  symmetric: ['worker'],
});
