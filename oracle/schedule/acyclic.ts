/**
 * The *steps of a search* between its states, by number, as far as there is memory for them; and whether they go in a circle. Where they do
 * not, every schedule ends, and nobody need look for one that does not.
 *
 * A search with sleep sets makes only some of the transitions there are. Yet these go in a circle if any do: of each sequence of transitions
 * from the first state it makes one that differs only in the order of independent ones, which is as long. If there is a circle then there
 * are sequences longer than any number, so that the search has made such, over states of which there are no more than so many. A search that
 * takes states for one which differ only in who is where makes all transitions between its classes, and a circle among the states is
 * one among the classes.
 */
import type { StateTable } from './table.ts';

/** Words of a chunk: the log grows by these. */
const CHUNK = 1 << 17;

export class StepLog {
  private readonly table: StateTable;
  /** From, to, from, to. Null: there was no memory for all. */
  private chunks: Int32Array[] | null = [];
  private length = 0;

  /** The states are numbered by this table, from 0 on. */
  constructor(table: StateTable) {
    this.table = table;
  }

  add(from: number, to: number): void {
    const { chunks } = this;
    if (chunks === null) return;
    const at = this.length & (CHUNK - 1);
    if (at === 0) {
      if (!this.table.isNumbered || !this.table.leaves(4 * (this.length + CHUNK))) {
        this.drop();
        return;
      }
      chunks.push(new Int32Array(CHUNK));
    }
    // The chunk was made when its first word was due.
    const chunk = chunks[chunks.length - 1]!;
    chunk[at] = from;
    chunk[at + 1] = to;
    this.length += 2;
  }

  private drop(): void {
    this.chunks = null;
    this.table.dropNumbers();
  }

  /** Whether the steps go in no circle. False too where that is not known. What was kept is given up. */
  isAcyclic(): boolean {
    const { chunks, table } = this;
    const count = table.size;
    // What was numbered before the numbers were dropped is not all.
    const isKnown = chunks !== null && table.isNumbered && table.leaves(4 * (this.length + this.length / 2 + 3 * count + 1));
    this.drop();
    return isKnown && chunks !== null && isAcyclic(count, chunks, this.length);
  }
}

/** Takes away what nothing leads to any more (Kahn): if all can be taken away there is no circle. */
function isAcyclic(count: number, chunks: readonly Int32Array[], length: number): boolean {
  const [into, first] = [new Int32Array(count), new Int32Array(count + 1)];
  const each = (visit: (from: number, to: number) => void): void => {
    for (let at = 0; at < length; at += 2) {
      const chunk = chunks[Math.floor(at / CHUNK)]!;
      visit(chunk[at & (CHUNK - 1)]!, chunk[(at + 1) & (CHUNK - 1)]!);
    }
  };
  each((from, to) => {
    into[to] = into[to]! + 1;
    first[from] = first[from]! + 1;
  });
  // The steps from one state stand together; filling them in moves `first` back to where they begin.
  for (let n = 0, sum = 0; n <= count; n++) {
    sum += first[n]!;
    first[n] = sum;
  }
  const next = new Int32Array(length / 2);
  each((from, to) => {
    first[from] = first[from]! - 1;
    next[first[from]!] = to;
  });
  // Those that nothing leads to, in the order they are taken away.
  const free = new Int32Array(count);
  let [found, taken] = [0, 0];
  for (let n = 0; n < count; n++) if (into[n] === 0) free[found++] = n;
  for (; taken < found; taken++) {
    const state = free[taken]!;
    for (let at = first[state]!; at < first[state + 1]!; at++) {
      const to = next[at]!;
      into[to] = into[to]! - 1;
      if (into[to] === 0) free[found++] = to;
    }
  }
  return taken === count;
}
