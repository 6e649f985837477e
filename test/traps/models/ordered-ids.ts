/** Declared to be interchangeable, and the larger of two has the right of way: only who is first can be left behind. */
import { defineModel, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const WORKERS = 2;
export type WorkerId = Id<'worker', typeof WORKERS>;

export interface State {
  behind: Table<boolean, typeof WORKERS>;
}

export const workers = range<WorkerId>(WORKERS);
export const initial = (_: Record<string, never>): State => ({ behind: workers.map(() => false) });

function* pass(s: State, who: WorkerId, other: WorkerId): Procedure {
  when(other < who);
  s.behind[other] = true;
}

export const model = defineModel<State>({
  initial,
  agents: { worker: { size: WORKERS, procedures: { pass } } },
  invariants: { 'nobody-behind': (s: State) => workers.every((w) => !s.behind[w]) },
  lemmas: {},
  symmetric: ['worker'],
});
