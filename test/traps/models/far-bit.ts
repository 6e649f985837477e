/** States of six words that differ in the last bit only: whoever compares less than all of it thinks that the second is known. */
import { defineModel, type Id, type Nat, type Procedure, range, type Table, when } from '../../../model/lang.ts';

export const ROWS = 24;
export type RowId = Id<'row', typeof ROWS>;
export type OnlyId = Id<'only', 1>;

export interface State {
  rows: Table<Nat<60>, typeof ROWS>;
  filled: boolean;
  last: boolean;
}

export const rows = range<RowId>(ROWS);
export const initial = (_: Record<string, never>): State => ({ rows: rows.map(() => 0), filled: false, last: false });

function* fill(s: State, _who: OnlyId): Procedure {
  when(!s.filled);
  for (const row of rows) s.rows[row] = 60;
  s.filled = true;
}

function* flip(s: State, _who: OnlyId): Procedure {
  when(s.filled);
  s.last = !s.last;
}

function* clear(s: State, _who: OnlyId): Procedure {
  when(s.last && s.filled);
  for (const row of rows) s.rows[row] = 0;
  s.filled = false;
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { fill, flip, clear } } },
  invariants: { 'last-means-full': (s: State) => !s.last || s.rows.every((n) => n > 0) },
  lemmas: {},
});
