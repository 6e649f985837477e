/**
 * The *barrier* before a round: nobody begins until all are there. Threads that are woken by one notify start some tens of microseconds
 * apart, which is longer than most calls take; those that spin see the last one come at once. Who spins for too long goes to sleep
 * instead: with fewer processors than threads the last one may need the processor of the one that spins.
 *
 *   from      to        by
 *   closed    closed    each thread but the last, which waits for `opened` to be the number of its round
 *   closed    opened    the last one
 *   opened    closed    whoever drives the rounds, before the next [close]; nobody is inside then
 */
const ARRIVED = 0;
/** The number of the last round that began; on a cache line of its own, so that an arrival does not disturb those who look at it. */
const OPENED = 32;
const WORDS = 64;

/** Turns of looking before a thread goes to sleep: some hundreds of microseconds. */
const TURNS = 50_000;

export class Barrier {
  private readonly words: Int32Array;
  private readonly threads: number;

  constructor(memory: SharedArrayBuffer, threads: number) {
    this.words = new Int32Array(memory);
    this.threads = threads;
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * WORDS);
  }

  close(): void {
    Atomics.store(this.words, ARRIVED, 0);
  }

  /** Returns when every thread has called it. Rounds have different numbers, and none is 0. */
  pass(round: number): void {
    const { words } = this;
    if (Atomics.add(words, ARRIVED, 1) + 1 === this.threads) {
      Atomics.store(words, OPENED, round);
      // Who reads the old number after this store does not go to sleep, and who sleeps already is woken.
      Atomics.notify(words, OPENED);
      return;
    }
    for (let turn = 0; turn < TURNS; turn++) if (Atomics.load(words, OPENED) === round) return;
    for (let seen = Atomics.load(words, OPENED); seen !== round; seen = Atomics.load(words, OPENED)) Atomics.wait(words, OPENED, seen);
  }
}
