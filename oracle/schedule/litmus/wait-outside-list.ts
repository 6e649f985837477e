/**
 * `Atomics.wait` as an engine makes it (WebKit#7048): a list of waiters under a lock, and a word for each thread to park on. The cell was read
 * before the lock of the list was taken; a store and a notify in between find an empty list, and the thread parks for ever.
 */
import { Mutex } from './mutex.ts';

const CELL = 0;
const LIST = 1;
const WAITING = 2;
const PARKED = 3;

export function wait(cells: Int32Array, expected: number): void {
  if (Atomics.load(cells, CELL) !== expected) return;
  const list = new Mutex(cells, LIST);
  list.lock();
  cells[WAITING] = 1;
  list.unlock();
  park(cells);
}

/** Repaired: nothing comes between looking at the cell and joining the list. */
export function waitInList(cells: Int32Array, expected: number): void {
  const list = new Mutex(cells, LIST);
  list.lock();
  if (Atomics.load(cells, CELL) !== expected) {
    list.unlock();
    return;
  }
  cells[WAITING] = 1;
  list.unlock();
  park(cells);
}

function park(cells: Int32Array): void {
  while (Atomics.load(cells, PARKED) === 0) Atomics.wait(cells, PARKED, 0);
}

export function notify(cells: Int32Array): void {
  Atomics.store(cells, CELL, 1);
  const list = new Mutex(cells, LIST);
  list.lock();
  if (cells[WAITING] === 1) {
    cells[WAITING] = 0;
    Atomics.store(cells, PARKED, 1);
    Atomics.notify(cells, PARKED, 1);
  }
  list.unlock();
}
