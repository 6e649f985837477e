/**
 * A notify that comes late for one wait and early for the next (sqlite-wasm#12). The caller stores the number of an operation, notifies, and
 * sleeps until there is a result. The other side may see the number without having slept, do the operation and sleep again, all before the
 * notify: which then wakes it while there is no operation, number 0.
 */
import assert from 'node:assert';

const OPERATION = 0;
const RESULT = 1;
const NONE = -1;

export function caller(cells: Int32Array, ops: number): void {
  for (let i = 0; i < ops; i++) {
    Atomics.store(cells, RESULT, NONE);
    Atomics.store(cells, OPERATION, i + 1);
    Atomics.notify(cells, OPERATION);
    while (Atomics.load(cells, RESULT) === NONE) Atomics.wait(cells, RESULT, NONE);
    assert.equal(Atomics.load(cells, RESULT), 0, 'the operation failed');
  }
}

export function server(cells: Int32Array, ops: number): void {
  for (let i = 0; i < ops; i++) {
    Atomics.wait(cells, OPERATION, 0);
    const operation = Atomics.load(cells, OPERATION);
    assert.notEqual(operation, 0, 'no handler for operation 0');
    answer(cells);
  }
}

/** Repaired: woken without an operation, it goes back to sleep. */
export function patient(cells: Int32Array, ops: number): void {
  for (let i = 0; i < ops; i++) {
    let operation = Atomics.load(cells, OPERATION);
    while (operation === 0) {
      Atomics.wait(cells, OPERATION, 0);
      operation = Atomics.load(cells, OPERATION);
    }
    answer(cells);
  }
}

function answer(cells: Int32Array): void {
  Atomics.store(cells, OPERATION, 0);
  Atomics.store(cells, RESULT, 0);
  Atomics.notify(cells, RESULT);
}
