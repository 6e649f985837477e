/** The table has an element more than there are workers, and next to it stand the views, which are exchanged as well: where is the third worker? */
import { defineModel, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const WORKERS = 2;
export const VIEWS = 2;
export type WorkerId = Id<'worker', typeof WORKERS>;
export type ViewId = Id<'view', typeof VIEWS>;

export interface State {
  mark: Table<boolean, 3>;
  seen: Table<boolean, typeof VIEWS>;
  last: ViewId | null;
}

export const workers = range<WorkerId>(WORKERS);
export const views = range<ViewId>(VIEWS);
export const initial = (_: Record<string, never>): State => ({ mark: [false, false, false], seen: views.map(() => false), last: null });

function* mark(s: State, who: WorkerId): Procedure {
  s.mark[who] = true;
}

function* see(s: State, who: ViewId): Procedure {
  when(workers.some((w) => s.mark[w]));
  s.seen[who] = true;
  s.last = who;
}

export const model = defineModel<State>({
  initial,
  agents: { worker: { size: WORKERS, procedures: { mark } }, view: { size: VIEWS, procedures: { see } } },
  invariants: {
    'last-has-seen': (s: State) => s.last === null || s.seen[s.last],
    'marked-before-seen': (s: State) => s.last === null || workers.some((w) => s.mark[w]),
    'not-all': (s: State) => !(views.every((v) => s.seen[v]) && workers.every((w) => s.mark[w])),
  },
  lemmas: {},
  symmetric: ['worker', 'view'],
});
