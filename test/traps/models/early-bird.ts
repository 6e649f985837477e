/** Whoever is looked at first keeps the search from the one that isn't there: `some` over workers breaks a bound or not by their order. */
import { defineModel, type Id, type Procedure, range, type Table } from '../../../model/lang.ts';

export const WORKERS = 2;
export type WorkerId = Id<'worker', typeof WORKERS>;

export interface State {
  mark: Table<boolean, typeof WORKERS>;
  at: Table<WorkerId | null, typeof WORKERS>;
  found: boolean;
}

export const workers = range<WorkerId>(WORKERS);
export const initial = (_: Record<string, never>): State => ({
  mark: workers.map(() => false),
  at: workers.map(() => null),
  found: false,
});

function* mark(s: State, who: WorkerId): Procedure {
  s.mark[who] = true;
  s.at[who] = who;
}

function* seek(s: State, _who: WorkerId): Procedure {
  if (workers.some((w) => s.mark[w]) && workers.some((w) => s.mark[s.at[w] as WorkerId])) s.found = true;
}

export const model = defineModel<State>({
  initial,
  agents: { worker: { size: WORKERS, procedures: { mark, seek } } },
  invariants: { unfound: (s: State) => !s.found },
  lemmas: {},
  symmetric: ['worker'],
});
