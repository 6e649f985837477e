/** An object that threads share until the last one lets go of it: whoever that is frees it, and nobody has it then. */
import assert from 'node:assert';

const REFERENCES = 0;
const DATA = 1;
const FREED = 2;

/** Each thread begins with a reference of its own. */
export function worker(cells: Int32Array, ops: number): void {
  for (let i = 0; i < ops; i++) {
    Atomics.add(cells, REFERENCES, 1);
    assert.equal(cells[DATA], 7, 'the object was used after it was freed');
    if (Atomics.sub(cells, REFERENCES, 1) === 1) free(cells);
  }
  if (Atomics.sub(cells, REFERENCES, 1) === 1) free(cells);
}

/** Looks at the count and lets go of it in two steps: two threads may both be the last, or none. */
export function inTwoSteps(cells: Int32Array, ops: number): void {
  for (let i = 0; i < ops; i++) assert.equal(cells[DATA], 7, 'the object was used after it was freed');
  Atomics.sub(cells, REFERENCES, 1);
  if (Atomics.load(cells, REFERENCES) === 0) free(cells);
}

function free(cells: Int32Array): void {
  assert.equal(Atomics.add(cells, FREED, 1), 0, 'the object was freed twice');
  cells[DATA] = 0;
}

export function init(cells: Int32Array, threads: number): void {
  cells[REFERENCES] = threads;
  cells[DATA] = 7;
}

export function check(cells: Int32Array): void {
  assert.equal(cells[FREED], 1, 'the object was not freed');
}
