/** The heart of Dekker's algorithm with plain accesses: both may see the other's flag still down, and in JavaScript that is a data race. */
export function worker(cells: Int32Array, me: number): number {
  cells[me] = 1;
  return cells[1 - me];
}

/** The same with `Atomics`: at least one of them sees the other. */
export function atomic(cells: Int32Array, me: number): number {
  Atomics.store(cells, me, 1);
  return Atomics.load(cells, 1 - me);
}
