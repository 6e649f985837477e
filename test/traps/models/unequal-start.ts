/** The model says that no worker differs from another, and the token begins with the first of them. */
import { defineModel, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const WORKERS = 2;
export type WorkerId = Id<'worker', typeof WORKERS>;

export interface State {
  token: WorkerId;
  first: Table<boolean, typeof WORKERS>;
  begun: boolean;
}

export const workers = range<WorkerId>(WORKERS);
export const initial = (_: Record<string, never>): State => ({ token: 0 as WorkerId, first: workers.map(() => false), begun: false });

function* pass(s: State, who: WorkerId, other: WorkerId): Procedure {
  when(s.token === who);
  if (!s.begun) s.first[who] = true;
  s.begun = true;
  s.token = other;
}

export const model = defineModel<State>({
  initial,
  agents: { worker: { size: WORKERS, procedures: { pass } } },
  invariants: { 'first-is-first': (s: State) => !s.first[1 as WorkerId] },
  lemmas: {},
  symmetric: ['worker'],
});
