/** A loop that reads a plain word until another thread has written it: an engine may read it once, and then it never ends. */
import assert from 'node:assert';

export function plain(cells: Int32Array): number {
  while (cells[0] === 0);
  return cells[1];
}

/** Repaired: an atomic load sees the store in the end, and all that came before it. */
export function atomic(cells: Int32Array): number {
  while (Atomics.load(cells, 0) === 0);
  assert.equal(cells[1], 5, 'the data was not there');
  return cells[1];
}

export function writer(cells: Int32Array): void {
  cells[1] = 5;
  Atomics.store(cells, 0, 1);
}
