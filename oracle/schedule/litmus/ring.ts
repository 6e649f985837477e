/** A ring for one producer and one consumer without a lock: each owns one index, and an item is published by the index that follows it. */
import assert from 'node:assert';

/** Words 0 and 1 count what was put and what was taken; the items are bytes. */
export function producer(indices: Int32Array, items: Uint8Array, ops: number): void {
  for (let i = 0; i < ops; i++) {
    while (Atomics.load(indices, 0) - Atomics.load(indices, 1) === items.length);
    items[i % items.length] = i + 1;
    Atomics.store(indices, 0, i + 1);
  }
}

export function consumer(indices: Int32Array, items: Uint8Array, ops: number): void {
  for (let i = 0; i < ops; i++) {
    while (Atomics.load(indices, 0) === Atomics.load(indices, 1));
    assert.equal(items[i % items.length], i + 1, 'an item is not what was put');
    Atomics.store(indices, 1, i + 1);
  }
}

/** Publishes the index before the item is written. */
export function hasty(indices: Int32Array, items: Uint8Array, ops: number): void {
  for (let i = 0; i < ops; i++) {
    while (Atomics.load(indices, 0) - Atomics.load(indices, 1) === items.length);
    Atomics.store(indices, 0, i + 1);
    items[i % items.length] = i + 1;
  }
}
