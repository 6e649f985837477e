/**
 * A *walk* along a list in the implementation's memory. The memory may be broken in any way, and a list without an end must not keep
 * the one who looks for what is broken: a walk ends after so many steps that no list of a run has, and says so.
 */
import { get, type Kernel, sizeOf } from '../../impl/memory.ts';

/** Far more than any list of a run has. */
const LIMIT = 2000;

/** Thrown where the memory of the implementation makes no sense: a list that goes round, or leads out of it. */
export class BrokenList extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'BrokenList';
  }
}

/** The records of a list, by the word that holds the next one; 0 ends it. */
export function walk(k: Kernel, first: number, next: number): readonly number[] {
  if (first === 0) return EMPTY;
  const found: number[] = [];
  for (let at = first; at !== 0; at = get(k, at + next)) {
    if (!(at > 0 && at + next < sizeOf(k))) throw new BrokenList(`a list leads to word ${at}, where no record is`);
    if (found.push(at) > LIMIT) throw new BrokenList(`a list that begins at word ${first} has no end`);
  }
  return found;
}

const EMPTY: readonly number[] = [];

/** How many records a list has. */
export function count(k: Kernel, first: number, next: number): number {
  let found = 0;
  for (let at = first; at !== 0; at = get(k, at + next)) {
    if (!(at > 0 && at + next < sizeOf(k))) throw new BrokenList(`a list leads to word ${at}, where no record is`);
    if (++found > LIMIT) throw new BrokenList(`a list that begins at word ${first} has no end`);
  }
  return found;
}
