/** The owner may be nobody when the worker comes back from its pause: what it then writes to is no worker's. */
import { defineModel, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const WORKERS = 2;
export type WorkerId = Id<'worker', typeof WORKERS>;

export interface State {
  owner: WorkerId | null;
  paid: Table<boolean, typeof WORKERS>;
}

export const workers = range<WorkerId>(WORKERS);
export const initial = (_: Record<string, never>): State => ({ owner: null, paid: workers.map(() => false) });

function* own(s: State, who: WorkerId): Procedure {
  when(s.owner === null);
  s.owner = who;
}

function* leave(s: State, who: WorkerId): Procedure {
  when(s.owner === who);
  s.owner = null;
}

function* pay(s: State, _who: WorkerId): Procedure {
  when(s.owner !== null);
  yield;
  s.paid[s.owner as WorkerId] = true;
}

export const model = defineModel<State>({
  initial,
  agents: { worker: { size: WORKERS, procedures: { own, leave, pay } } },
  invariants: { 'one-at-most': (s: State) => workers.every((w) => s.owner === null || s.owner === w || s.owner !== w) },
  lemmas: {},
  symmetric: ['worker'],
});
