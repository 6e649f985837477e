/** Threads that add to one cell and use what they saw: every two of these operations are ordered, and every order shows. */
import assert from 'node:assert';

export function worker(cells: Int32Array, ops: number): number {
  let seen = 0;
  for (let i = 0; i < ops; i++) seen = Atomics.add(cells, 0, 1);
  return seen;
}

export function check(cells: Int32Array, total: number): void {
  assert.equal(cells[0], total, 'an increment is lost');
}
