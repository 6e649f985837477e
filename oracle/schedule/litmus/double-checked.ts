/** Something that is made once, by whoever needs it first: looked at without the lock, and again with it. */
import assert from 'node:assert';
import { Mutex } from './mutex.ts';

const LOCK = 0;
const READY = 1;
const VALUE = 2;
const MADE = 3;

/** The flag is plain: nothing orders it and the value it stands for. */
export function plain(cells: Int32Array): number {
  const mutex = new Mutex(cells, LOCK);
  if (cells[READY] === 0) {
    mutex.lock();
    if (cells[READY] === 0) {
      make(cells);
      cells[READY] = 1;
    }
    mutex.unlock();
  }
  return cells[VALUE];
}

/** Repaired: who sees the flag has seen what was written before it. */
export function atomic(cells: Int32Array): number {
  const mutex = new Mutex(cells, LOCK);
  if (Atomics.load(cells, READY) === 0) {
    mutex.lock();
    if (Atomics.load(cells, READY) === 0) {
      make(cells);
      Atomics.store(cells, READY, 1);
    }
    mutex.unlock();
  }
  assert.equal(cells[VALUE], 42, 'the value was used before it was made');
  return cells[VALUE];
}

function make(cells: Int32Array): void {
  cells[VALUE] = 42;
  cells[MADE]++;
}

export function check(cells: Int32Array): void {
  assert.equal(cells[MADE], 1, 'it was made twice');
}
