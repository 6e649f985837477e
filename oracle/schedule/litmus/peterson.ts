/** Peterson's algorithm for two threads: whoever said last that the other may go first waits. Right because `Atomics` are sequentially consistent. */
import assert from 'node:assert';

const TURN = 2;
const COUNTER = 3;

/** Words 0 and 1 say who wants to go. */
export function worker(cells: Int32Array, me: number, ops: number): void {
  const other = 1 - me;
  for (let i = 0; i < ops; i++) {
    Atomics.store(cells, me, 1);
    Atomics.store(cells, TURN, other);
    while (Atomics.load(cells, other) === 1 && Atomics.load(cells, TURN) === other);
    cells[COUNTER]++;
    Atomics.store(cells, me, 0);
  }
}

/** Says whose turn it is before saying that it wants to go. */
export function turned(cells: Int32Array, me: number, ops: number): void {
  const other = 1 - me;
  for (let i = 0; i < ops; i++) {
    Atomics.store(cells, TURN, other);
    Atomics.store(cells, me, 1);
    while (Atomics.load(cells, other) === 1 && Atomics.load(cells, TURN) === other);
    cells[COUNTER]++;
    Atomics.store(cells, me, 0);
  }
}

export function check(cells: Int32Array, total: number): void {
  assert.equal(cells[COUNTER], total, 'an increment is lost');
}
