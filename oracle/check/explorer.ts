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
import { type Action, emitSuccessors } from '../compile/js-successors.ts';
import { type CompiledModel, loadModel } from '../compile/model.ts';
import { Orbits, type Symmetric } from './orbits.ts';

/** What the generated code works on; see js-successors.ts. */
interface Machinery {
  use(arrays: { S: Int32Array; P: Int32Array; T: Int32Array; X: Float64Array; n: number; room: number }): void;
  orbits(canonise: (words: Int32Array) => void): void;
  begin(): void;
  rehash(table: Int32Array): void;
  expand(begin: number, end: number): void;
  follow(state: number, out: Int32Array): number;
  readonly states: number;
  readonly steps: number;
  readonly full: boolean;
  /** By invariant, the last one for broken bounds: the state before the step that breaks it, and the action; -1: none. */
  readonly broken: Int32Array;
  readonly brokenBy: Int32Array;
}

/** The table has at least this many places for each state. */
const PLACES = 2;
const FIRST_TABLE = 1 << 16;
const WORD = 4;

export interface Broken {
  /** Index of the invariant; the number of invariants for a bound. */
  readonly property: number;
  /** The state before the step, and the step; -1 for the first state, which nothing leads to. */
  readonly from: number;
  readonly action: number;
}

export interface Settings {
  readonly memoryBytes: number;
  /** Of states that differ only in the numbers of these, one is kept. Null: all are. */
  readonly symmetric?: Symmetric | null;
}

export class Explorer {
  readonly model: CompiledModel;
  readonly actions: readonly Action[];
  /** States there is room for. */
  readonly capacity: number;
  /** How often each rule decided. */
  readonly rules: Uint32Array;
  readonly #machinery: Machinery;
  readonly #orbits: Orbits | null;
  readonly #states: Int32Array;
  readonly #parents: Int32Array;
  /** How often each action was taken; then the first state, then states without a step. */
  readonly #taken: Float64Array;
  #table: Int32Array;
  #expanded = 0;
  readonly #levels: number[] = [1];
  /** Where the level that is being expanded ends. */
  #levelEnd = 1;

  constructor(program: Program, { memoryBytes, symmetric = null }: Settings) {
    const successors = emitSuccessors(program, new Set(symmetric?.kinds.map(({ name }) => name)));
    this.model = loadModel(successors.artefact);
    this.actions = successors.actions;
    this.rules = new Uint32Array(this.model.program.rules.length);
    this.#machinery = new Function('R', successors.source)(this.rules) as Machinery;
    this.capacity = capacityOf(this.model.words, memoryBytes);
    this.#states = new Int32Array(this.capacity * this.model.words);
    this.#parents = new Int32Array(this.capacity);
    this.#taken = new Float64Array(this.actions.length + 2);
    this.#table = new Int32Array(FIRST_TABLE);
    this.#machinery.use({ S: this.#states, P: this.#parents, T: this.#table, X: this.#taken, n: 0, room: this.capacity });
    this.#orbits = symmetric === null ? null : new Orbits(successors.artefact, symmetric);
    if (this.#orbits !== null) {
      const orbits = this.#orbits;
      this.#machinery.orbits((words) => orbits.canonise(words));
    }
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

  /** States by level; the last may not be complete. */
  get levels(): readonly number[] {
    return this.#levels;
  }

  /** Nothing is left to expand. */
  get complete(): boolean {
    return this.#expanded === this.states && !this.#machinery.full;
  }

  get outOfMemory(): boolean {
    return this.#machinery.full;
  }

  get bytes(): number {
    return this.states * (this.model.words + 1) * WORD + this.#table.byteLength;
  }

  /** States in which nobody can take a step. */
  get stuck(): number {
    return this.#taken[this.actions.length + 1] ?? 0;
  }

  taken(action: number): number {
    return this.#taken[action] ?? 0;
  }

  /** Expands up to so many states, but no further than to the end of a level. True: a level ended. */
  expand(most: number): boolean {
    const end = Math.min(this.#expanded + most, this.#levelEnd);
    while (this.#expanded < end && !this.#machinery.full) {
      // Half of the table stays empty, whatever the next states bring.
      const turn = Math.floor((this.#table.length / PLACES - this.states) / this.actions.length);
      if (turn === 0) {
        this.#table = new Int32Array(this.#table.length * 2);
        this.#machinery.rehash(this.#table);
        continue;
      }
      const stop = Math.min(end, this.#expanded + turn);
      this.#machinery.expand(this.#expanded, stop);
      if (!this.#machinery.full) this.#expanded = stop;
    }
    if (this.#expanded < this.#levelEnd || this.complete) return this.complete;
    this.#levels.push(this.states - this.#levelEnd);
    this.#levelEnd = this.states;
    return true;
  }

  /** What was broken so far, in the order of the invariants; of each the first step that does, in the order in which states were found. */
  broken(): readonly Broken[] {
    const { broken, brokenBy } = this.#machinery;
    return [...broken.keys()].flatMap((property) => {
      const [from, action] = [broken[property] ?? -1, brokenBy[property] ?? -1];
      return from < 0 ? [] : [{ property, from, action: action === this.actions.length ? -1 : action }];
    });
  }

  /** Writes down each step from a state: the action, and the number of where it leads, -1 for no state that is known. Returns how many numbers. */
  follow(number: number, out: Int32Array): number {
    return this.#machinery.follow(number, out);
  }

  /** Copies the words of a state. */
  read(number: number, into: Int32Array): void {
    const { words } = this.model;
    const begin = number * words;
    for (let word = 0; word < words; word++) into[word] = this.#states[begin + word] as number;
  }

  /** The words of a state. */
  state(number: number): Int32Array {
    const { words } = this.model;
    return this.#states.slice(number * words, (number + 1) * words);
  }

  /**
   * Steps from the first state to this one, no more than any other way there takes. They are found again, not remembered: where one state
   * stands for its orbit, they lead to some state of the orbit. Null: no steps do, since one that was followed chose what `first` does not.
   */
  pathTo(number: number): readonly Action[] | null {
    return this.#walk(number)?.path ?? null;
  }

  /** The same with the step that breaks it at the end. */
  pathOf({ property, from, action }: Broken): readonly Action[] | null {
    if (action < 0) return [];
    const walked = this.#walk(from);
    if (walked === null) return null;
    const breaks = this.actions.find((each) => {
      const words = walked.words.slice();
      if (!take(this.model, words, each)) return false;
      const fault = this.model.fault(words) !== null;
      return property === this.model.invariants.length ? fault : !fault && this.model.invariants[property]?.holds(words) === false;
    });
    return breaks === undefined ? null : [...walked.path, breaks];
  }

  #walk(number: number): { readonly path: readonly Action[]; readonly words: Int32Array } | null {
    const chain: number[] = [];
    for (let at = number; at > 0; at = this.#parents[at] ?? 0) chain.unshift(at);
    const path: Action[] = [];
    let words = this.model.initial();
    for (const at of chain) {
      const wanted = this.state(at);
      let next: Int32Array | null = null;
      const action = this.actions.find((each) => {
        const after = words.slice();
        if (!take(this.model, after, each) || this.model.fault(after) !== null) return false;
        const least = after.slice();
        this.#orbits?.canonise(least);
        next = after;
        return least.every((word, index) => word === wanted[index]);
      });
      if (action === undefined || next === null) return null;
      path.push(action);
      words = next;
    }
    return { path, words };
  }
}

/** Takes the step in place; false: it isn't possible, and the state is as it was. */
export function take(model: CompiledModel, words: Int32Array, { agent, who, procedure, args, pc }: Action): boolean {
  if (args !== null) return model.start(words, agent, who, procedure, args);
  return model.pc(words, agent, who) === pc && model.resume(words, agent, who);
}

/** How many states of so many words fit, with the table at its largest, and the one before it while it grows. */
function capacityOf(words: number, bytes: number): number {
  let table = FIRST_TABLE;
  const statesFor = (places: number): number => {
    const left = bytes - (places + places / 2) * WORD;
    return Math.floor(Math.min(places / PLACES, left / ((words + 1) * WORD)));
  };
  while (statesFor(table * 2) > statesFor(table)) table *= 2;
  return Math.max(1, statesFor(table));
}
