/**
 * A *turn* is what the threads of a crew do between two barriers: they expand some states, empty the table, or number the states again in a
 * larger one. Each takes its share a chunk at a time from a common cursor, and a chunk that was taken is done whole, so that at the end
 * everything before the cursor is done. What a thread writes before it says that it has arrived, the others may read in the next turn. Only
 * where a thread ran out of numbers something is left undone: then the turn is taken back, or memory has ended.
 *
 *   from      to        by
 *   waits     works     whoever leads the crew, which writes what is to be done and then counts the turn up
 *   works     waits     the thread: the cursor has come to the end, or the turn is to end sooner
 */
import type { Program } from '../compile/ir.ts';
import type { Artefact } from '../compile/javascript.ts';
import { Orbits } from './orbits.ts';
import type { Symmetric } from './symmetric.ts';

/** Words of the control. Those that many write are a line of the cache apart. */
export const TURN = 0;
/** What to do; up to where, and how much at a time. */
export const PHASE = 1;
export const END = 2;
export const CHUNK = 3;
/** Places of the table that are in use, and states when the turn began. */
export const TABLE = 4;
export const BEFORE = 5;
/** The turn ends when more numbers than this were taken, and no number is as large as that. */
export const SOFT = 6;
export const ROOM = 7;
/** Turns whose work was taken back. */
export const AGAIN = 8;
export const CURSOR = 16;
/** The next number that no thread has. */
export const NEXT = 32;
export const ARRIVED = 48;
/** 1: the turn is to end. */
export const STOP = 64;
/** Where the words of the threads begin: the numbers that a thread took and did not use, and whether it ran out of them. */
const THREADS = 80;
const LINE = 16;
const [FROM, TO, FULL] = [0, 1, 2] as const;

export const [EXPAND, EMPTY, REHASH] = [0, 1, 2] as const;
export type Phase = typeof EXPAND | typeof EMPTY | typeof REHASH;

/** What a crew shares. */
export interface Shared {
  readonly source: string;
  /** Numbers that a thread takes at a time. */
  readonly block: number;
  readonly symmetry: { readonly artefact: Artefact; readonly symmetric: Symmetric } | null;
  readonly control: Int32Array;
  readonly words: Int32Array;
  readonly parents: Int32Array;
  readonly table: Int32Array;
  readonly tallies: readonly Tally[];
}

/** What each thread counts for itself. */
export interface Tally {
  /** By action; then the first state, then states without a step. */
  readonly taken: Float64Array;
  readonly rules: Uint32Array;
  /** One number. */
  readonly steps: Float64Array;
  /** By property, the last one for broken bounds: the state before a step that breaks it, or -1, and the action. */
  readonly broken: Int32Array;
  readonly brokenBy: Int32Array;
}

export function controlFor(threads: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer((THREADS + threads * LINE) * Int32Array.BYTES_PER_ELEMENT));
}

export function tallyFor({ rules, invariants }: Program, actions: number): Tally {
  const numbers = (length: number): Float64Array => new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT));
  const words = (length: number): SharedArrayBuffer => new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT);
  const properties = invariants.length + 1;
  return {
    taken: numbers(actions + 2),
    rules: new Uint32Array(words(rules.length)),
    steps: numbers(1),
    broken: new Int32Array(words(properties)).fill(-1),
    brokenBy: new Int32Array(words(properties)).fill(-1),
  };
}

/** The generated code over a shared table; see js-table.ts. */
interface Machinery {
  use(arrays: { S: Int32Array; P: Int32Array; T: Int32Array; X: Float64Array; take: () => Block }): void;
  orbits(canonise: (words: Int32Array) => void): void;
  begin(): void;
  turn(places: number, states: number): void;
  expand(begin: number, end: number): void;
  settle(): void;
  again(steps: number): void;
  rehash(from: number, to: number): void;
  renumber(from: number, to: number): void;
  follow(state: number, out: Int32Array): number;
  readonly mine: number;
  readonly end: number;
  readonly steps: number;
  readonly full: boolean;
  readonly broken: Int32Array;
  readonly brokenBy: Int32Array;
}

interface Block {
  readonly from: number;
  readonly to: number;
}

/** One thread of a crew. */
export class Hand {
  readonly #machinery: Machinery;
  readonly #control: Int32Array;
  readonly #table: Int32Array;
  readonly #tally: Tally;
  readonly #own: number;
  #again = 0;

  constructor({ source, block, symmetry, control, words, parents, table, tallies }: Shared, number: number) {
    const tally = tallies[number];
    if (tally === undefined) throw new Error(`a crew of ${tallies.length} has no hand ${number}`);
    this.#tally = tally;
    this.#control = control;
    this.#table = table;
    this.#own = THREADS + number * LINE;
    this.#machinery = new Function('R', source)(tally.rules) as Machinery;
    const take = (): Block => {
      const from = Atomics.add(control, NEXT, block);
      return { from, to: Math.min(from + block, Atomics.load(control, ROOM)) };
    };
    this.#machinery.use({ S: words, P: parents, T: table, X: tally.taken, take });
    if (symmetry === null) return;
    const orbits = new Orbits(symmetry.artefact, symmetry.symmetric);
    this.#machinery.orbits((state) => orbits.canonise(state));
  }

  /** Puts the first state in. */
  begin(): void {
    this.#machinery.turn(Atomics.load(this.#control, TABLE), 0);
    this.#machinery.begin();
    this.#tell();
  }

  /** Its share of the turn. `isOver` is asked after each chunk. */
  work(isOver: () => boolean = () => false): void {
    const control = this.#control;
    const machinery = this.#machinery;
    const [end, chunk] = [Atomics.load(control, END), Atomics.load(control, CHUNK)];
    const phase = Atomics.load(control, PHASE) as Phase;
    machinery.turn(Atomics.load(control, TABLE), Atomics.load(control, BEFORE));
    const again = Atomics.load(control, AGAIN);
    if (again !== this.#again) machinery.again(this.#tally.steps[0] ?? 0);
    this.#again = again;
    const soft = Atomics.load(control, SOFT);
    while (phase !== EXPAND || (Atomics.load(control, STOP) === 0 && Atomics.load(control, NEXT) <= soft)) {
      const from = Atomics.add(control, CURSOR, chunk);
      if (from >= end) break;
      const to = Math.min(from + chunk, end);
      if (phase === EMPTY) this.#table.fill(0, from, to);
      else if (phase === REHASH) machinery.rehash(from, to);
      else {
        machinery.expand(from, to);
        if (machinery.full || isOver()) Atomics.store(control, STOP, 1);
      }
    }
    machinery.settle();
    this.#tell();
  }

  /** Gives the state with the first number the second. Only between turns. */
  renumber(from: number, to: number): void {
    this.#machinery.renumber(from, to);
  }

  /** All steps from a state, as in Found. Only between turns. */
  follow(state: number, out: Int32Array): number {
    return this.#machinery.follow(state, out);
  }

  /** Plain writes: who reads them has seen this thread arrive. */
  #tell(): void {
    const { mine, end, full, steps, broken, brokenBy } = this.#machinery;
    this.#control[this.#own + FROM] = mine;
    this.#control[this.#own + TO] = end;
    this.#control[this.#own + FULL] = full ? 1 : 0;
    this.#tally.steps[0] = steps;
    this.#tally.broken.set(broken);
    this.#tally.brokenBy.set(brokenBy);
  }
}

/** The numbers that no state got, in order, and whether a thread found none left. */
export function sparesOf(control: Int32Array, threads: number): { readonly spares: readonly number[]; readonly full: boolean } {
  const own = Array.from({ length: threads }, (_, number) => control.subarray(THREADS + number * LINE));
  const spares = own.flatMap((words) => {
    const [from, to] = [words[FROM] ?? 0, words[TO] ?? 0];
    return Array.from({ length: Math.max(0, to - from) }, (_, above) => from + above);
  });
  return { spares: spares.sort((a, b) => a - b), full: own.some((words) => words[FULL] === 1) };
}

/**
 * What the threads have counted; the result makes them count from there again. What they found to be broken stays: it is, and the state
 * before it keeps its number. Only between turns.
 */
export function remember(control: Int32Array, tallies: readonly Tally[]): () => void {
  const counted = tallies.map(({ taken, rules, steps }) => ({ taken: taken.slice(), rules: rules.slice(), steps: steps.slice() }));
  return () => {
    for (const [number, { taken, rules, steps }] of counted.entries()) {
      tallies[number]?.taken.set(taken);
      tallies[number]?.rules.set(rules);
      tallies[number]?.steps.set(steps);
    }
    // A thread counts steps by itself, and has states in mind that are in the table no more. It sees this when it next works.
    Atomics.add(control, AGAIN, 1);
  };
}

/** Who takes no part in a turn leaves nothing over. */
export function forgetSpares(control: Int32Array, threads: number): void {
  control.fill(0, THREADS, THREADS + threads * LINE);
}
