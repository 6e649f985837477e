/**
 * The *heap* of a machine: one array of words that holds all of a state. Registers; the shared memory; its *shadow* (who touched a word
 * plainly in his current block); one *record* for each agent; the list of waiters; what ended calls returned; the agents' stacks.
 * What a step may change of the first part is the *globals*, copied as a whole when a step begins.
 */
import { MEMORY, REGISTER } from '../compile/impl-steps.ts';

/** Registers of the machine itself, after those of the code. */
export const GLOBAL = {
  /** The fingerprint. */
  hash: 24,
  /** Agents that can step, that stand at a guard, whose wait can time out: bits. */
  ready: 28,
  guarded: 29,
  timed: 30,
  monitor: 31,
  /** Length of the list of waiters. */
  waiters: 32,
} as const;
export const GLOBALS_FROM = GLOBAL.hash;
export const GLOBALS_END = GLOBAL.waiters + 1;
/** Lanes that are in the making. */
export const SCRATCH = 40;

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
  frame: 9,
  end: 10,
  /** The plain accesses of its block, in the trace. */
  blockFrom: 11,
  blockEnd: 12,
  /** What it adds to the fingerprint. */
  share: 13,
  /** The sum of its frames and results. */
  frames: 17,
  /** Asynchronous waits it has made; their states and ranks follow the record proper. */
  tickets: 21,
  /** The bytes of the access it rests before. */
  opFrom: 22,
  opBytes: 23,
  size: 24,
} as const;

export const MOST_TICKETS = 16;
/** States of a ticket; settled ones are 2 + the result. */
export const TICKET_QUEUED = 1;
/** Where a ticket waits or did, and after how many, are in one word: index of the word << these bits, rank, plus 1. */
export const TICKET_RANK_BITS = 6;
export const NO_RANK = 63;

/** A waiter in the list: agent, ticket or -1, address, whether it can time out. */
export const WAITER_WORDS = 4;

export interface Layout {
  readonly words: number;
  readonly shadow: number;
  readonly records: number;
  readonly recordWords: number;
  readonly waiters: number;
  readonly results: number;
  readonly resultWords: number;
  readonly stacks: number;
  readonly stackWords: number;
  readonly size: number;
}

/** The most words of memory: an entry of the trace has 8 bits beside the index of a word. */
export const MOST_WORDS = 1 << 23;

export function layOut(words: number, agents: number, longestScript: number, stackWords: number, hasTickets: boolean): Layout {
  if (words > MOST_WORDS) throw new RangeError(`${words} words of shared memory; there can be ${MOST_WORDS}`);
  const recordWords = RECORD.size + (hasTickets ? 2 * MOST_TICKETS : 0);
  const shadow = MEMORY + words;
  const records = shadow + words;
  const waiters = records + agents * recordWords;
  const results = waiters + WAITER_WORDS * agents * (hasTickets ? 1 + MOST_TICKETS : 1);
  const stacks = results + agents * longestScript;
  const size = stacks + agents * stackWords;
  return { words, shadow, records, recordWords, waiters, results, resultWords: longestScript, stacks, stackWords, size };
}

export function makeHeap(layout: Layout, words: Int32Array): Int32Array {
  const heap = new Int32Array(layout.size);
  heap[REGISTER.words] = layout.words;
  heap.set(words, MEMORY);
  return heap;
}
