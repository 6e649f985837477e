/** What workers have stands inside of rows, which are not alike: to exchange two workers is to exchange two cells of every row. */
import { defineModel, type Id, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const ROWS = 2;
export const WORKERS = 2;
export type RowId = Id<'row', typeof ROWS>;
export type WorkerId = Id<'worker', typeof WORKERS>;

export interface Row {
  signed: Table<boolean, typeof WORKERS>;
}

export interface State {
  rows: Table<Row, typeof ROWS>;
  owner: WorkerId | null;
  chief: Table<boolean, typeof WORKERS>;
}

export const rows = range<RowId>(ROWS);
export const workers = range<WorkerId>(WORKERS);
export const initial = (_: Record<string, never>): State => ({
  rows: rows.map(() => ({ signed: workers.map(() => false) })),
  owner: null,
  chief: workers.map(() => false),
});

function* sign(s: State, who: WorkerId, row: RowId): Procedure {
  s.rows[row].signed[who] = true;
}

function* own(s: State, who: WorkerId): Procedure {
  when(s.owner === null);
  s.owner = who;
}

function* promote(s: State, who: WorkerId): Procedure {
  when(s.owner !== null && s.owner !== who && s.rows[0 as RowId].signed[who] && s.rows[1 as RowId].signed[who]);
  s.chief[who] = true;
}

export const model = defineModel<State>({
  initial,
  agents: { worker: { size: WORKERS, procedures: { sign, own, promote } } },
  invariants: {
    'no-chief': (s: State) => workers.every((w) => !s.chief[w]),
    'owner-is-no-chief': (s: State) => s.owner === null || !s.chief[s.owner],
  },
  lemmas: {},
  symmetric: ['worker'],
});
