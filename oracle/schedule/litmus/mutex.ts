/**
 * A mutex made of a futex, the second of Drepper's "Futexes Are Tricky": 0 free, 1 held, 2 held and somebody may sleep. Who finds it held
 * marks it so and sleeps as long as the mark stands; who gives it back wakes one if the mark was there.
 */
const FREE = 0;
const HELD = 1;
const CONTENDED = 2;

export class Mutex {
  private readonly cells: Int32Array;
  private readonly at: number;

  constructor(cells: Int32Array, at: number) {
    this.cells = cells;
    this.at = at;
  }

  lock(): void {
    if (Atomics.compareExchange(this.cells, this.at, FREE, HELD) === FREE) return;
    while (Atomics.exchange(this.cells, this.at, CONTENDED) !== FREE) Atomics.wait(this.cells, this.at, CONTENDED);
  }

  tryLock(): boolean {
    return Atomics.compareExchange(this.cells, this.at, FREE, HELD) === FREE;
  }

  unlock(): void {
    if (Atomics.exchange(this.cells, this.at, FREE) === CONTENDED) Atomics.notify(this.cells, this.at, 1);
  }
}
