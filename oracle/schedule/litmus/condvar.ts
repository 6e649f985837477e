/** One thread waits on a condition variable until all the others have come; they count themselves under its mutex. */
import assert from 'node:assert';
import { Condition } from './condition.ts';
import { Mutex } from './mutex.ts';

/** Word 0 is the mutex, word 1 the condition, word 2 how many have come. */
export function arrive(cells: Int32Array, ops: number): void {
  const mutex = new Mutex(cells, 0);
  const changed = new Condition(cells, 1, mutex);
  for (let i = 0; i < ops; i++) {
    mutex.lock();
    cells[2]++;
    changed.signal();
    mutex.unlock();
  }
}

export function waitForAll(cells: Int32Array, total: number): void {
  const mutex = new Mutex(cells, 0);
  const changed = new Condition(cells, 1, mutex);
  mutex.lock();
  while (cells[2] < total) changed.wait();
  assert.equal(cells[2], total, 'somebody came twice');
  mutex.unlock();
}

/** The word of the condition is read only when the mutex has been given back: a signal in between is not seen, and wakes nobody. */
export function waitLate(cells: Int32Array, total: number): void {
  const mutex = new Mutex(cells, 0);
  mutex.lock();
  while (cells[2] < total) {
    mutex.unlock();
    Atomics.wait(cells, 1, Atomics.load(cells, 1));
    mutex.lock();
  }
  mutex.unlock();
}
