/**
 * An *explorer* finds the states of a model, breadth first: the states found so far stand one behind the other, and are the queue as well;
 * each is expanded once. It compares states whole, so that none is ever taken for another.
 *
 * Always true:
 *   1. States are numbered in the order in which they were found: a state's parent has a smaller number and is one step away, and no state
 *      of a level has a smaller number than one of the level before.
 *   2. Every state that was found satisfies every invariant, or is noted as breaking one.
 *   3. It takes no more memory than it was given; where that is not enough it stops in a state that can still be told of.
 */
import type { Program } from '../compile/ir.ts';
import { emitSuccessors } from '../compile/js-successors.ts';
import { type Broken, brokenOf, FIRST_TABLE, Found, namesOf, PLACES, type Settings, WORD } from './found.ts';

/** A table, and how many states are to be in it before it is exchanged for a larger one. */
interface Table {
  readonly T: Int32Array;
  readonly most: number;
}

/** What the generated code works on; see js-successors.ts and js-table.ts. */
interface Machinery {
  use(arrays: Table & { S: Int32Array; P: Int32Array; X: Float64Array; n: number; room: number; larger: () => Table }): void;
  orbits(canonise: (words: Int32Array) => void): void;
  begin(): void;
  expand(begin: number, end: number): void;
  follow(state: number, out: Int32Array): number;
  settle(): void;
  readonly states: number;
  readonly steps: number;
  readonly full: boolean;
  /** By invariant, the last one for broken bounds: the state before the step that breaks it, and the action; -1: none. */
  readonly broken: Int32Array;
  readonly brokenBy: Int32Array;
}

export class Explorer extends Found {
  readonly death = null;
  readonly rules: Uint32Array;
  protected readonly words: Int32Array;
  protected readonly parents: Int32Array;
  readonly #machinery: Machinery;
  /** How often each action was taken; then the first state, then states without a step. */
  readonly #taken: Float64Array;
  #places = 0;
  #expanded = 0;
  readonly #levels: number[] = [1];
  /** Where the level that is being expanded ends. */
  #levelEnd = 1;

  constructor(program: Program, settings: Settings) {
    const successors = emitSuccessors(program, { anyOf: namesOf(settings.symmetric) });
    super(successors, settings);
    this.rules = new Uint32Array(this.model.program.rules.length);
    this.#machinery = new Function('R', successors.source)(this.rules) as Machinery;
    this.words = new Int32Array(this.capacity * this.model.words);
    this.parents = new Int32Array(this.capacity);
    this.#taken = new Float64Array(this.actions.length + 2);
    this.#machinery.use({
      ...this.#tableOf(FIRST_TABLE),
      ...{ S: this.words, P: this.parents, X: this.#taken, n: 0, room: this.capacity },
      larger: () => this.#tableOf(this.nextTable(this.#places)),
    });
    const { orbits } = this;
    if (orbits !== null) this.#machinery.orbits((words) => orbits.canonise(words));
    this.#machinery.begin();
  }

  get states(): number {
    return this.#machinery.states;
  }

  get steps(): number {
    return this.#machinery.steps - 1;
  }

  get expanded(): number {
    return this.#expanded;
  }

  get levels(): readonly number[] {
    return this.#levels;
  }

  get outOfMemory(): boolean {
    return this.#machinery.full;
  }

  get bytes(): number {
    return this.states * (this.model.words + 1) * WORD + this.#places * WORD;
  }

  taken(action: number): number {
    return this.#taken[action] ?? 0;
  }

  /** Expands up to so many states, but no further than to the end of a level. True: a level ended. */
  expand(most: number): boolean {
    const end = Math.min(this.#expanded + most, this.#levelEnd);
    this.#machinery.expand(this.#expanded, end);
    this.#machinery.settle();
    if (!this.#machinery.full) this.#expanded = end;
    if (this.#expanded < this.#levelEnd || this.complete) return this.complete;
    this.#levels.push(this.states - this.#levelEnd);
    this.#levelEnd = this.states;
    return true;
  }

  /** A table with half of its places empty whatever comes, but for the largest, which has room for all the states that memory has. */
  #tableOf(places: number): Table {
    this.#places = places;
    return { T: new Int32Array(places), most: places === this.largestTable ? Number.POSITIVE_INFINITY : places / PLACES };
  }

  /** Of each the first step that breaks it, in the order in which states were found. */
  broken(): readonly Broken[] {
    const { broken, brokenBy } = this.#machinery;
    return brokenOf(broken, brokenBy, this.actions.length);
  }

  follow(number: number, out: Int32Array): number {
    return this.#machinery.follow(number, out);
  }
}
