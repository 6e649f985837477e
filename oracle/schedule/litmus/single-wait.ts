/**
 * One wait where a loop is needed (extism/js-sdk#52). Two threads hand a buffer to and fro through a flag: the host writes bytes and sets it to
 * their number, the worker copies them out and sets it back to EMPTY. Each waits once, with a time-out, and then trusts whatever it finds;
 * nor does the host look, before the first write, whether the buffer is its own yet.
 */
import assert from 'node:assert';

const EMPTY = 4;
const CHUNK = 2;

export function host(flag: Int32Array, buffer: Uint8Array, chunks: number): void {
  for (let i = 0; i < chunks; i++) {
    buffer[0] = i + 1;
    Atomics.store(flag, 0, CHUNK);
    Atomics.notify(flag, 0);
    Atomics.wait(flag, 0, CHUNK, 500);
  }
}

export function worker(flag: Int32Array, buffer: Uint8Array, chunks: number): void {
  for (let i = 0; i < chunks; i++) {
    Atomics.wait(flag, 0, EMPTY, 500);
    assert.equal(Atomics.load(flag, 0), CHUNK, 'this is no number of bytes');
    assert.equal(buffer[0], i + 1, 'these are not the bytes');
    Atomics.store(flag, 0, EMPTY);
    Atomics.notify(flag, 0);
  }
}

/** Repaired: whoever waits looks at the flag again, until it says what was waited for. */
export function patientHost(flag: Int32Array, buffer: Uint8Array, chunks: number): void {
  for (let i = 0; i < chunks; i++) {
    while (Atomics.load(flag, 0) !== EMPTY) Atomics.wait(flag, 0, CHUNK, 500);
    buffer[0] = i + 1;
    Atomics.store(flag, 0, CHUNK);
    Atomics.notify(flag, 0);
  }
}

export function patientWorker(flag: Int32Array, buffer: Uint8Array, chunks: number): void {
  for (let i = 0; i < chunks; i++) {
    while (Atomics.load(flag, 0) === EMPTY) Atomics.wait(flag, 0, EMPTY, 500);
    assert.equal(buffer[0], i + 1, 'these are not the bytes');
    Atomics.store(flag, 0, EMPTY);
    Atomics.notify(flag, 0);
  }
}

export function init(flag: Int32Array): void {
  flag[0] = EMPTY;
}
