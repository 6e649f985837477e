/**
 * A `waitAsync` that nobody can cancel (emscripten#27492). Each thread arms one on a word of its own record, to be told of messages. When it
 * ends, the record is freed and its memory used again, here for a mutex; but the waiter still stands in the list of that address, before
 * all who come later. `unlock` wakes one, the waiter swallows it, and the thread that sleeps on the mutex is lost.
 */
import { Mutex } from './mutex.ts';

const RECORD = 0;
const FREED = 1;
const COUNTER = 2;
const ALIVE = 99;

export function shortLived(cells: Int32Array): void {
  Atomics.waitAsync(cells, RECORD, ALIVE);
  free(cells);
}

/** Repaired: the waiter is woken before the memory goes. */
export function tidy(cells: Int32Array): void {
  Atomics.waitAsync(cells, RECORD, ALIVE);
  Atomics.notify(cells, RECORD);
  free(cells);
}

function free(cells: Int32Array): void {
  Atomics.store(cells, RECORD, 0);
  Atomics.store(cells, FREED, 1);
  Atomics.notify(cells, FREED);
}

export function worker(cells: Int32Array, ops: number): void {
  while (Atomics.load(cells, FREED) === 0) Atomics.wait(cells, FREED, 0);
  const mutex = new Mutex(cells, RECORD);
  for (let i = 0; i < ops; i++) {
    mutex.lock();
    cells[COUNTER]++;
    mutex.unlock();
  }
}

export function init(cells: Int32Array): void {
  cells[RECORD] = ALIVE;
}
