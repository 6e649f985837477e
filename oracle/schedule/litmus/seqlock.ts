/**
 * A sequence lock: the writer makes the number odd, writes, makes it even again; a reader that sees one even number before and after has
 * read both words of one write. In JavaScript the words themselves have to be atomic: plain reads that the writer may come between are a
 * data race, whatever the number says afterwards.
 */
import assert from 'node:assert';

export function writer(cells: Int32Array, ops: number): void {
  for (let i = 1; i <= ops; i++) {
    Atomics.add(cells, 0, 1);
    Atomics.store(cells, 1, i);
    Atomics.store(cells, 2, i);
    Atomics.add(cells, 0, 1);
  }
}

export function reader(cells: Int32Array, ops: number): void {
  for (let i = 0; i < ops; i++) {
    for (;;) {
      const before = Atomics.load(cells, 0);
      const [a, b] = [Atomics.load(cells, 1), Atomics.load(cells, 2)];
      if (Atomics.load(cells, 0) !== before || before % 2 !== 0) continue;
      assert.equal(a, b, 'the words are of different writes');
      break;
    }
  }
}

export function plainWriter(cells: Int32Array, ops: number): void {
  for (let i = 1; i <= ops; i++) {
    Atomics.add(cells, 0, 1);
    cells[1] = i;
    cells[2] = i;
    Atomics.add(cells, 0, 1);
  }
}

export function plainReader(cells: Int32Array, ops: number): void {
  for (let i = 0; i < ops; i++) {
    for (;;) {
      const before = Atomics.load(cells, 0);
      const [a, b] = [cells[1], cells[2]];
      if (Atomics.load(cells, 0) !== before || before % 2 !== 0) continue;
      assert.equal(a, b, 'the words are of different writes');
      break;
    }
  }
}
