/**
 * A condition variable: a word that every signal changes. Who waits has read the word before giving the mutex back, so that a signal in
 * between is seen.
 */
import type { Mutex } from './mutex.ts';

export class Condition {
  private readonly cells: Int32Array;
  private readonly at: number;
  private readonly mutex: Mutex;

  constructor(cells: Int32Array, at: number, mutex: Mutex) {
    this.cells = cells;
    this.at = at;
    this.mutex = mutex;
  }

  /** Gives the mutex back, sleeps until somebody signals, and takes it again. The caller looks again at what it waits for. */
  wait(): void {
    const seen = Atomics.load(this.cells, this.at);
    this.mutex.unlock();
    Atomics.wait(this.cells, this.at, seen);
    this.mutex.lock();
  }

  signal(): void {
    Atomics.add(this.cells, this.at, 1);
    Atomics.notify(this.cells, this.at, 1);
  }

  broadcast(): void {
    Atomics.add(this.cells, this.at, 1);
    Atomics.notify(this.cells, this.at);
  }
}
