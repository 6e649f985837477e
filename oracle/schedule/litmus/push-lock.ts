/**
 * A lock whose word says how many wait for it: 1, and 2 more for each of them (reactos#9369). Who gives it back hands it to one of these. If one
 * came after the word was read, the exchange fails; and tried again with the same old value it fails for ever, with the waiters asleep.
 */
import assert from 'node:assert';

function acquire(cells: Int32Array): void {
  for (;;) {
    const seen = Atomics.load(cells, 0);
    if (seen === 0) {
      if (Atomics.compareExchange(cells, 0, 0, 1) === 0) return;
    } else if (Atomics.compareExchange(cells, 0, seen, seen + 2) === seen) break;
  }
  while (Atomics.exchange(cells, 1, 0) === 0) Atomics.wait(cells, 1, 0);
}

function handOver(cells: Int32Array): void {
  Atomics.store(cells, 1, 1);
  Atomics.notify(cells, 1, 1);
}

function stubbornRelease(cells: Int32Array): void {
  const seen = Atomics.load(cells, 0);
  const left = seen === 1 ? 0 : seen - 2;
  while (Atomics.compareExchange(cells, 0, seen, left) !== seen);
  if (left > 0) handOver(cells);
}

/** Repaired: what the exchange found is what the next one expects. */
function release(cells: Int32Array): void {
  let seen = Atomics.load(cells, 0);
  for (;;) {
    const left = seen === 1 ? 0 : seen - 2;
    const found = Atomics.compareExchange(cells, 0, seen, left);
    if (found === seen) {
      if (left > 0) handOver(cells);
      return;
    }
    seen = found;
  }
}

export function stubborn(cells: Int32Array, ops: number): void {
  for (let i = 0; i < ops; i++) {
    acquire(cells);
    cells[2]++;
    stubbornRelease(cells);
  }
}

export function attentive(cells: Int32Array, ops: number): void {
  for (let i = 0; i < ops; i++) {
    acquire(cells);
    cells[2]++;
    release(cells);
  }
}

export function check(cells: Int32Array, total: number): void {
  assert.equal(cells[2], total, 'an increment is lost');
}
