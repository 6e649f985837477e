/** No statement writes anything but 0 to the target by name: its values come through a parameter, a local that lives over a pause, and a copy. */
import { defineModel, type Id, type Nat, type Procedure, range, type Table } from '../../../model/lang.ts';

export const CELLS = 2;
export type CellId = Id<'cell', typeof CELLS>;
export type OnlyId = Id<'only', 1>;

export interface State {
  source: Nat<3>;
  relay: Table<Nat<3>, typeof CELLS>;
  target: Nat<3>;
}

export const cells = range<CellId>(CELLS);
export const initial = (_: Record<string, never>): State => ({ source: 0, relay: cells.map(() => 0), target: 0 });

function put(s: State, cell: CellId, value: Nat<3>): void {
  s.relay[cell] = value;
}

function* load(s: State, _who: OnlyId, value: Nat<3>): Procedure {
  const kept = value;
  yield;
  s.source = kept;
}

function* pass(s: State, _who: OnlyId, cell: CellId): Procedure {
  put(s, cell, s.source);
}

function* arrive(s: State, _who: OnlyId): Procedure {
  s.target = 0;
  if (s.relay[0 as CellId] === s.relay[1 as CellId]) s.target = s.relay[0 as CellId];
}

export const model = defineModel<State>({
  initial,
  agents: { only: { size: 1, procedures: { load, pass, arrive } } },
  invariants: { 'never-three': (s: State) => s.target !== 3 },
  lemmas: {},
});
