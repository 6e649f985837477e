/** The owner may be gone when it is asked whether he is ready: the question itself breaks a bound, whatever the answer. */
import { defineModel, type Id, type Procedure, range, type Table, until, when } from '../../../model/lang.ts';

export const WORKERS = 2;
export type WorkerId = Id<'worker', typeof WORKERS>;

export interface State {
  owner: WorkerId | null;
  ready: Table<boolean, typeof WORKERS>;
}

export const workers = range<WorkerId>(WORKERS);
export const initial = (_: Record<string, never>): State => ({ owner: null, ready: workers.map(() => false) });

function* own(s: State, who: WorkerId): Procedure {
  when(s.owner === null);
  s.owner = who;
}

function* leave(s: State, who: WorkerId): Procedure {
  when(s.owner === who);
  s.owner = null;
}

function* wait(s: State, who: WorkerId): Procedure {
  when(s.owner !== null && s.owner !== who);
  yield until(() => s.ready[s.owner as WorkerId]);
  s.ready[who] = true;
}

export const model = defineModel<State>({
  initial,
  agents: { worker: { size: WORKERS, procedures: { own, leave, wait } } },
  invariants: { 'nobody-is-ready': (s: State) => workers.every((w) => !s.ready[w]) },
  lemmas: {},
  symmetric: ['worker'],
});
