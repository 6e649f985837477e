/**
 * Where the words of a machine are. The *heap* has the registers, the shared memory, its *shadow* (who touched a word plainly in his current
 * block), and what ended calls returned. The *store* has what is made anew with each step: *records* of the agents it moves, their frames,
 * the list of waiters. What stands there is not written again once the step is over, so that going back is forgetting the end of it, but
 * for what the memo keeps. The *entries* of the steps, which say how things were before, are a stack of their own.
 */
import { MEMORY, REGISTER } from '../compile/impl-steps.ts';

/** Registers of the machine itself, after those of the code: the *globals*, which an entry keeps as they were before its step. */
export const GLOBAL = {
  /** Agents that can step, that stand at a guard, whose wait can time out: bits. */
  ready: 20,
  guarded: 21,
  timed: 22,
  monitor: 23,
  /** Where the list of waiters is; 0: it is empty. */
  waiters: 24,
  /** The fingerprint. */
  hash: 25,
} as const;
/** Lanes that are in the making. */
export const SCRATCH = 32;
/** Where each agent's record is. */
export const RECORDS = 44;

/** The entry of a step. */
export const ENTRY = {
  /** Agents with new records, as bits. */
  moved: 0,
  log: 1,
  trace: 2,
  store: 3,
  ready: 4,
  guarded: 5,
  timed: 6,
  monitor: 7,
  waiters: 8,
  transition: 9,
  hash: 10,
  /** The records that those agents had before, each at its agent's place. */
  records: 14,
} as const;

/** A record: what is hashed as it stands, then the rest. */
export const RECORD = {
  status: 0,
  /** Door and cell of the access it rests before, or OP_GUARD. */
  op: 1,
  args: 2,
  /** The call of the script. */
  position: 5,
  /** Whether the monitor has heard of that call. */
  announced: 6,
  /** The address at which the agent itself waits, plus 1, and how many wait there before it. */
  waits: 7,
  rank: 8,
  hashedEnd: 9,
  /** Its top frame, 0: it is in no call. */
  frame: 9,
  /** The plain accesses of its block, in the trace. */
  blockFrom: 10,
  blockEnd: 11,
  /** The bytes of the access it rests before. */
  opFrom: 12,
  opBytes: 13,
  /** What the memo knows of its steps; 0: nothing. The one word that is written later. */
  memo: 14,
  /** Asynchronous waits it has made. */
  tickets: 15,
  /** A machine without fingerprints has no more than this. */
  plainSize: 16,
  /** What it adds to the fingerprint. */
  share: 16,
  /** The lanes of its results. */
  results: 20,
  /** States and ranks of tickets, where there are any. */
  states: 24,
  size: 24,
} as const;

export const MOST_TICKETS = 16;
/** States of a ticket; settled ones are 2 + the result. */
export const TICKET_QUEUED = 1;
/** Where a ticket waits or did, and after how many, are in one word: index of the word << these bits, rank, plus 1. */
export const TICKET_RANK_BITS = 6;
export const NO_RANK = 63;

/** The list of waiters: how many, then for each agent, ticket or -1, address, whether it can time out. */
export const WAITER_WORDS = 4;

export interface Layout {
  readonly words: number;
  readonly shadow: number;
  readonly results: number;
  readonly resultWords: number;
  readonly size: number;
  readonly recordWords: number;
  /** The most that a step takes of the store, besides frames. */
  readonly stepWords: number;
  readonly entryWords: number;
}

/** The most words of memory: an entry of the trace has 8 bits beside the index of a word. */
export const MOST_WORDS = 1 << 23;

export function layOut(words: number, agents: number, longestScript: number, hashed: boolean, hasTickets: boolean): Layout {
  if (words > MOST_WORDS) throw new RangeError(`${words} words of shared memory; there can be ${MOST_WORDS}`);
  const shadow = MEMORY + words;
  const results = shadow + words;
  const recordWords = hasTickets ? RECORD.size + 2 * MOST_TICKETS : hashed ? RECORD.size : RECORD.plainSize;
  const waiters = agents * (hasTickets ? 1 + MOST_TICKETS : 1);
  // A step that wakes everybody makes a list for each.
  const stepWords = agents * recordWords + (waiters + 1) * (1 + WAITER_WORDS * waiters);
  const entryWords = ENTRY.records + agents;
  return { words, shadow, results, resultWords: longestScript, size: results + agents * longestScript, recordWords, stepWords, entryWords };
}

export function makeHeap(layout: Layout, words: Int32Array): Int32Array {
  const heap = new Int32Array(layout.size);
  heap[REGISTER.words] = layout.words;
  heap.set(words, MEMORY);
  // Address 0 of the store is none.
  heap[REGISTER.store] = 1;
  return heap;
}
