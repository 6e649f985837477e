/**
 * Two ways to be polite. With flags: each raises its own, and who sees that of the other up takes his down again and starts over. With locks: each
 * takes one of two, tries the other and, where that is taken, gives the first one back. Both may do so in step for ever.
 */

/** Raises its flag, and lowers it where the other has one up. */
export function yielding(cells: Int32Array, mine: number, rounds: number): void {
  for (let i = 0; i < rounds; i++) {
    for (;;) {
      Atomics.store(cells, mine, 1);
      if (Atomics.load(cells, 1 - mine) === 0) break;
      Atomics.store(cells, mine, 0);
    }
    cells[2]++;
    Atomics.store(cells, mine, 0);
  }
}

/** Repaired as Dekker did: who has not the turn waits with his flag down until he has. */
export function takingTurns(cells: Int32Array, mine: number, rounds: number): void {
  const other = 1 - mine;
  for (let i = 0; i < rounds; i++) {
    Atomics.store(cells, mine, 1);
    while (Atomics.load(cells, other) === 1) {
      if (Atomics.load(cells, 3) === mine) continue;
      Atomics.store(cells, mine, 0);
      while (Atomics.load(cells, 3) !== mine);
      Atomics.store(cells, mine, 1);
    }
    cells[2]++;
    Atomics.store(cells, 3, other);
    Atomics.store(cells, mine, 0);
  }
}

function tryLock(cells: Int32Array, lock: number): boolean {
  return Atomics.compareExchange(cells, lock, 0, 1) === 0;
}

function lock(cells: Int32Array, which: number): void {
  while (!tryLock(cells, which));
}

/** Takes one lock and tries the other, which somebody else takes first. */
export function backingOff(cells: Int32Array, first: number, second: number): void {
  for (;;) {
    lock(cells, first);
    if (tryLock(cells, second)) break;
    Atomics.store(cells, first, 0);
  }
  cells[2]++;
  Atomics.store(cells, second, 0);
  Atomics.store(cells, first, 0);
}

/** Repaired: whatever the order in which they are wanted, the lower one is taken first. */
export function inOrder(cells: Int32Array, one: number, other: number): void {
  const first = Math.min(one, other);
  const second = Math.max(one, other);
  lock(cells, first);
  lock(cells, second);
  cells[2]++;
  Atomics.store(cells, second, 0);
  Atomics.store(cells, first, 0);
}
