/**
 * A *crew* is an explorer of several threads, of which this one is the first: they expand a level together, each looks its successors up in
 * the one table that they share, and no state of a level is expanded before the level before is done. So it finds the states of one
 * thread, level by level, and breaks what one thread breaks; only which number a state gets within its level, and which of several possible
 * parents, is not the same in every run. Where that would be seen, in a counterexample, one thread finds it again (`examine.ts`).
 *
 * Always true between turns:
 *   1. States have the numbers from 0 on without a gap, in the order of their levels, each is in the table once, and its parent is of the
 *      level before.
 *   2. All before `expanded` are expanded; of those behind it some may be, when memory ended.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Program } from '../compile/ir.ts';
import { emitSuccessors, type Successors } from '../compile/js-successors.ts';
import { packageRoot } from '../root.ts';
import { type Broken, brokenOf, FIRST_TABLE, Found, namesOf, PLACES, type Settings, WORD } from './found.ts';
import {
  ARRIVED,
  BEFORE,
  CHUNK,
  controlFor,
  CURSOR,
  EMPTY,
  END,
  EXPAND,
  Hand,
  NEXT,
  PHASE,
  type Phase,
  REHASH,
  ROOM,
  type Shared,
  SOFT,
  forgetSpares,
  remember,
  sparesOf,
  STOP,
  TABLE,
  tallyFor,
  TURN,
} from './turn.ts';

/** How the work is cut up. Tests cut it fine, so that threads meet. */
export interface Grain {
  /** States that a thread expands at a time. */
  readonly chunk: number;
  /** Numbers that a thread takes at a time. */
  readonly block: number;
  /** A level of fewer states is expanded by one thread: the others would take longer to come. */
  readonly alone: number;
  /** Places of the first table; null: as many as a turn may need. */
  readonly places: number | null;
}

const GRAIN: Grain = { chunk: 32, block: 64, alone: 128, places: null };
/** Of the table, and of states to be numbered again. */
const LARGE_CHUNK = 1 << 14;
/** Of the places of a table that may grow this part is the most that may ever be used. */
const FILLED = 7 / 8;
/** More than any number of a state. */
const NO_END = 2 ** 31 - 1;
/** Times the successors that a turn can hold on to when it is told to end. */
const MARGIN = 16;
/** Milliseconds between two turns of the event loop. */
const PATIENCE = 50;
/** Looks at who has arrived before it sleeps, and milliseconds that it sleeps before it looks whether somebody died. */
const LOOKS = 2_000;
const NAP = 10;

export interface CrewSettings extends Settings {
  readonly workers: number;
  readonly grain?: Partial<Grain>;
  /** Changes the generated code: tests plant faults in it. */
  readonly plant?: (source: string) => string;
}

export class Crew extends Found {
  protected words: Int32Array;
  protected parents: Int32Array;
  readonly #shared: Omit<Shared, 'words' | 'parents' | 'table'>;
  readonly #grain: Grain;
  readonly #workers: Worker[] = [];
  readonly #number: number;
  #table: Int32Array;
  #hand: Hand | null;
  #places: number;
  #states = 0;
  #expanded = 0;
  readonly #levels: number[] = [1];
  #levelEnd = 1;
  #full = false;
  #death: string | null = null;
  #ended = false;
  #broken: readonly Broken[] = [];

  /** Ends with all threads ready. */
  static async of(program: Program, settings: CrewSettings): Promise<Crew> {
    const crew = new Crew(program, emitSuccessors(program, { anyOf: namesOf(settings.symmetric), shared: true }), settings);
    try {
      await crew.#muster();
    } catch (error) {
      await crew.end();
      throw error;
    }
    return crew;
  }

  private constructor(program: Program, successors: Successors, settings: CrewSettings) {
    super(successors, settings);
    const { workers, symmetric = null, plant = (source: string) => source } = settings;
    this.#number = workers;
    this.#grain = { ...GRAIN, ...settings.grain };
    this.#places = Math.min(this.largestTable, this.#grain.places ?? this.#firstTable());
    const room = this.capacity + workers * this.#grain.block;
    // Memory that nobody touches is not taken.
    this.words = shared(room * this.model.words);
    this.parents = shared(room);
    this.#table = shared(this.largestTable);
    this.#shared = {
      source: plant(successors.source),
      block: this.#grain.block,
      symmetry: symmetric === null ? null : { artefact: successors.artefact, symmetric },
      control: controlFor(workers),
      tallies: Array.from({ length: workers }, () => tallyFor(program, this.actions.length)),
    };
    this.#hand = new Hand(this.#all(), 0);
    this.#prepare(EXPAND, 0, 0, 1);
    this.#hand.begin();
    this.#gather();
  }

  get states(): number {
    return this.#states;
  }

  get steps(): number {
    return this.#shared.tallies.reduce((sum, { steps }) => sum + (steps[0] ?? 0), -1);
  }

  get expanded(): number {
    return this.#expanded;
  }

  get levels(): readonly number[] {
    return this.#levels;
  }

  get outOfMemory(): boolean {
    return this.#full;
  }

  get bytes(): number {
    return (this.#states * (this.model.words + 1) + this.#places) * WORD;
  }

  /** Of what one of the threads died, in words. Nothing is expanded any more then. */
  get death(): string | null {
    return this.#death;
  }

  get rules(): Uint32Array {
    return Uint32Array.from(this.model.program.rules, (_, rule) =>
      this.#shared.tallies.reduce((sum, { rules }) => sum + (rules[rule] ?? 0), 0),
    );
  }

  taken(action: number): number {
    return this.#shared.tallies.reduce((sum, { taken }) => sum + (taken[action] ?? 0), 0);
  }

  /** Of each a step that breaks it. Which, is not the same in every run; how many lead there is. */
  broken(): readonly Broken[] {
    return this.#broken;
  }

  follow(number: number, out: Int32Array): number {
    const many = this.#hand?.follow(number, out) ?? 0;
    // The table may know of states that memory did not suffice for, or of a turn in which a thread died.
    for (let at = 1; at < many; at += 2) if ((out[at] as number) >= this.#states) out[at] = -1;
    return many;
  }

  /** Expands for a short time, but no further than to the end of a level, and not much beyond so many states. True: a level ended. */
  async expand(most: number | null): Promise<boolean> {
    const until = performance.now() + PATIENCE;
    const isOver = (): boolean => performance.now() > until;
    while (this.#expanded < this.#levelEnd && !this.#full && this.#death === null && !isOver() && this.#states < (most ?? Infinity)) {
      if (this.#states * PLACES > this.#places && this.#places < this.largestTable) await this.#grow();
      else await this.#expandTogether(most, isOver);
    }
    if (this.#expanded < this.#levelEnd || this.complete) return this.complete;
    this.#levels.push(this.#states - this.#levelEnd);
    this.#levelEnd = this.#states;
    return true;
  }

  /** Ends the threads and gives the memory back. What was counted can still be asked for, states can't. */
  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    this.#hand = null;
    this.words = this.parents = this.#table = new Int32Array(0);
  }

  async #expandTogether(most: number | null, isOver: () => boolean): Promise<void> {
    const { control, tallies } = this.#shared;
    const takeBack = this.#places < this.largestTable ? remember(control, tallies) : null;
    await this.#turn(EXPAND, this.#expanded, this.#levelEnd, this.#grain.chunk, most, isOver);
    if (this.#death !== null) return;
    if (takeBack !== null && sparesOf(control, this.#number).full) {
      // It was not memory that ended, only the table. Which steps were without a number is not known, so that all are taken again.
      takeBack();
      await this.#grow();
      return;
    }
    this.#gather();
    if (!this.#full) this.#expanded = Math.min(Atomics.load(control, CURSOR), this.#levelEnd);
  }

  /** The table is emptied and filled again in the same place, with more places in use. It forgets states of a turn that was taken back. */
  async #grow(): Promise<void> {
    await this.#turn(EMPTY, 0, this.#places, LARGE_CHUNK);
    this.#places = this.nextTable(this.#places);
    await this.#turn(REHASH, 0, this.#states, LARGE_CHUNK);
  }

  /** States that were found in the turn move to the numbers that were left over, and are no longer any thread's. */
  #gather(): void {
    const { control, tallies } = this.#shared;
    const { spares, full } = sparesOf(control, this.#number);
    const holes = [...spares];
    let top = Math.min(Atomics.load(control, NEXT), Atomics.load(control, ROOM));
    while (holes.length > 0) {
      top--;
      if (holes.at(-1) === top) holes.pop();
      else this.#hand?.renumber(top, holes.shift() as number);
    }
    // As soon as one thread would be out of room; a crew has a little more, so that spare numbers don't end it sooner.
    this.#full = full || top > this.capacity;
    this.#states = Math.min(top, this.capacity);
    const known = new Set(this.#broken.map(({ property }) => property));
    const news = tallies.flatMap(({ broken, brokenBy }) => brokenOf(broken, brokenBy, this.actions.length));
    for (const each of news) {
      if (known.has(each.property)) continue;
      known.add(each.property);
      this.#broken = [...this.#broken, each].sort((a, b) => a.property - b.property);
    }
  }

  #prepare(phase: Phase, from: number, end: number, chunk: number, most: number | null = null): void {
    const { control } = this.#shared;
    const largest = this.#places === this.largestTable;
    const soft = Math.min(largest ? NO_END : this.#places / PLACES, (most ?? Infinity) - 1);
    const room = this.capacity + this.#number * this.#grain.block;
    Atomics.store(control, PHASE, phase);
    Atomics.store(control, END, end);
    Atomics.store(control, CHUNK, chunk);
    Atomics.store(control, TABLE, this.#places);
    Atomics.store(control, BEFORE, this.#states);
    Atomics.store(control, SOFT, soft);
    Atomics.store(control, ROOM, largest ? room : Math.min(room, Math.floor(this.#places * FILLED)));
    Atomics.store(control, CURSOR, from);
    Atomics.store(control, NEXT, this.#states);
    Atomics.store(control, STOP, 0);
    Atomics.store(control, ARRIVED, 0);
    forgetSpares(control, this.#number);
  }

  async #turn(phase: Phase, from: number, end: number, chunk: number, most: number | null = null, isOver?: () => boolean): Promise<void> {
    this.#prepare(phase, from, end, chunk, most);
    const { control } = this.#shared;
    const alone = end - from <= (phase === EXPAND ? this.#grain.alone : LARGE_CHUNK);
    if (!alone) {
      // Publishes what is to be done. Who has not come to its sleep yet sees the new turn before it sleeps.
      Atomics.add(control, TURN, 1);
      Atomics.notify(control, TURN);
    }
    this.#hand?.work(isOver);
    if (!alone) await this.#arrival();
  }

  /** All others have arrived, or one has died. */
  async #arrival(): Promise<void> {
    const { control } = this.#shared;
    const others = this.#number - 1;
    for (let look = 0; look < LOOKS; look++) if (Atomics.load(control, ARRIVED) === others) return;
    for (;;) {
      const arrived = Atomics.load(control, ARRIVED);
      if (arrived === others || this.#death !== null) return;
      // Who arrives counts before it wakes: no arrival is slept through.
      if (Atomics.wait(control, ARRIVED, arrived, NAP) === 'timed-out') await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #muster(): Promise<void> {
    const file = workerFile();
    const ready = Array.from({ length: this.#number - 1 }, (_, before) => {
      const worker = new Worker(file, { workerData: { shared: this.#all(), number: before + 1 } });
      this.#workers.push(worker);
      return new Promise<void>((resolve, reject) => {
        const died = (why: string): void => {
          if (!this.#ended) this.#death ??= why;
          reject(new Error(`a worker died: ${why}`));
        };
        worker.once('message', () => resolve());
        worker.on('error', (error) => died(error instanceof Error ? error.message : String(error)));
        worker.on('exit', (code) => died(`its thread ended with ${code}`));
      });
    });
    await Promise.all(ready);
    // Whoever forgets to end them is not kept from ending.
    for (const worker of this.#workers) worker.unref();
  }

  #all(): Shared {
    return { ...this.#shared, words: this.words, parents: this.parents, table: this.#table };
  }

  /**
   * A turn that is told to end when half of the places are used comes to its end before many more are: only where a step has very many
   * outcomes is one taken back.
   */
  #firstTable(): number {
    let places = FIRST_TABLE;
    const { chunk, block } = this.#grain;
    while (places < MARGIN * this.#number * (chunk * this.actions.length + block)) places *= 2;
    return places;
  }
}

function shared(words: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(words * WORD));
}

/** Beside this file where it was built, and in the build where this runs from the sources. */
function workerFile(): string {
  const beside = fileURLToPath(new URL('./crew-worker.js', import.meta.url));
  return existsSync(beside) ? beside : join(packageRoot(), '.build', 'oracle', 'check', 'crew-worker.js');
}
