/**
 * What an explorer has *found*: states, numbered, each but the first with a parent, which has a smaller number and is one step away. The steps
 * on the way to a state are not remembered; they are found again.
 */
import type { Action, Successors } from '../compile/js-successors.ts';
import { type CompiledModel, loadModel } from '../compile/model.ts';
import { Orbits } from './orbits.ts';
import type { Symmetric } from './symmetric.ts';

/** The table has at least this many places for each state. */
export const PLACES = 2;
export const FIRST_TABLE = 1 << 16;
/** Up to so many places a table grows fourfold, since states are numbered again each time; from there on twofold, since memory counts. */
const LARGE_TABLE = 1 << 24;
export const WORD = 4;

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

export abstract class Found {
  readonly model: CompiledModel;
  readonly actions: readonly Action[];
  /** States there is room for. */
  readonly capacity: number;
  /** Places of a table for all of them. */
  protected readonly largestTable: number;
  protected readonly orbits: Orbits | null;
  protected abstract readonly words: Int32Array;
  protected abstract readonly parents: Int32Array;

  constructor({ artefact, actions }: Successors, { memoryBytes, symmetric = null }: Settings) {
    this.model = loadModel(artefact);
    this.actions = actions;
    this.capacity = capacityOf(this.model.words, memoryBytes);
    this.largestTable = FIRST_TABLE;
    while (this.largestTable / PLACES < this.capacity) this.largestTable *= 2;
    this.orbits = symmetric === null ? null : new Orbits(artefact, symmetric);
  }

  abstract readonly states: number;
  /** Transitions. */
  abstract readonly steps: number;
  abstract readonly expanded: number;
  /** States by level; the last may not be complete. */
  abstract readonly levels: readonly number[];
  abstract readonly outOfMemory: boolean;
  /** Of what a thread died that it needed, in words. */
  abstract readonly death: string | null;
  abstract readonly bytes: number;
  /** How often each rule decided. */
  abstract readonly rules: Uint32Array;

  /** How often an action was taken; behind the actions stand the first state, and states in which nobody can take a step. */
  abstract taken(action: number): number;

  /** What was broken so far, in the order of the invariants, each with a step that does. */
  abstract broken(): readonly Broken[];

  /** Writes down each step from a state: the action, and the number of where it leads, -1 for no state that is known. Returns how many numbers. */
  abstract follow(number: number, out: Int32Array): number;

  /** Nothing is left to expand. */
  get complete(): boolean {
    return this.expanded === this.states && !this.outOfMemory;
  }

  /** Places of the table that follows one that is too small. */
  protected nextTable(places: number): number {
    return Math.min(places < LARGE_TABLE ? places * 4 : places * 2, this.largestTable);
  }

  /** States in which nobody can take a step. */
  get stuck(): number {
    return this.taken(this.actions.length + 1);
  }

  /** Copies the words of a state. */
  read(number: number, into: Int32Array): void {
    const { words } = this.model;
    const begin = number * words;
    for (let word = 0; word < words; word++) into[word] = this.words[begin + word] as number;
  }

  /** The words of a state. */
  state(number: number): Int32Array {
    const { words } = this.model;
    return this.words.slice(number * words, (number + 1) * words);
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
    for (let at = number; at > 0; at = this.parents[at] ?? 0) chain.unshift(at);
    const path: Action[] = [];
    let words = this.model.initial();
    for (const at of chain) {
      const wanted = this.state(at);
      let next: Int32Array | null = null;
      const action = this.actions.find((each) => {
        const after = words.slice();
        if (!take(this.model, after, each) || this.model.fault(after) !== null) return false;
        const least = after.slice();
        this.orbits?.canonise(least);
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

/** By property the state before a step that breaks it, or -1, and the step; what the first state breaks is the result of no action. */
export function brokenOf(broken: Int32Array, brokenBy: Int32Array, actions: number): readonly Broken[] {
  return [...broken.keys()].flatMap((property) => {
    const [from, action] = [broken[property] ?? -1, brokenBy[property] ?? -1];
    return from < 0 ? [] : [{ property, from, action: action === actions ? -1 : action }];
  });
}

/** Kinds whose members a search may exchange, by name. */
export function namesOf(symmetric: Symmetric | null | undefined): ReadonlySet<string> {
  return new Set(symmetric?.kinds.map(({ name }) => name));
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
