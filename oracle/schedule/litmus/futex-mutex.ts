/** A plain counter under a futex mutex: the mutex must order the increments, and lose nobody who sleeps. */
import assert from 'node:assert';
import { Mutex } from './mutex.ts';

/** Word 0 is the mutex, word 1 the counter. */
export function worker(cells: Int32Array, ops: number): void {
  const mutex = new Mutex(cells, 0);
  for (let i = 0; i < ops; i++) {
    mutex.lock();
    cells[1]++;
    mutex.unlock();
  }
}

export function check(cells: Int32Array, total: number): void {
  assert.equal(cells[1], total, 'an increment is lost');
  assert.equal(cells[0], 0, 'the mutex is still held');
}

/** The mark of a sleeper is left out: who gives the mutex back does not know that it has to wake somebody. */
export function forgetful(cells: Int32Array, ops: number): void {
  for (let i = 0; i < ops; i++) {
    while (Atomics.compareExchange(cells, 0, 0, 1) !== 0) Atomics.wait(cells, 0, 1);
    cells[1]++;
    if (Atomics.exchange(cells, 0, 0) === 2) Atomics.notify(cells, 0, 1);
  }
}
