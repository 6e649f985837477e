/** A plain counter under a lock that is spun for: tested until it looks free, then tried. */
import assert from 'node:assert';

export function worker(cells: Int32Array, ops: number): void {
  for (let i = 0; i < ops; i++) {
    do {
      while (Atomics.load(cells, 0) !== 0);
    } while (Atomics.exchange(cells, 0, 1) !== 0);
    cells[1]++;
    Atomics.store(cells, 0, 0);
  }
}

/** The lock is given back with a plain write: nothing orders what comes before it. */
export function careless(cells: Int32Array, ops: number): void {
  for (let i = 0; i < ops; i++) {
    while (Atomics.exchange(cells, 0, 1) !== 0);
    cells[1]++;
    cells[0] = 0;
  }
}

export function check(cells: Int32Array, total: number): void {
  assert.equal(cells[1], total, 'an increment is lost');
}
