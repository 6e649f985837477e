/**
 * The *components* of the states in which a promise is *pending*: what it was about has come up, and what it says has not come about since.
 * A run that never keeps it stays among these from then on, and in the end in one component of them, states that lead to each other
 * without leaving. A component has a fair run that stays inside exactly if for each who is owed a turn there is a state in it where he can't
 * have it, or a step of his in it: then the run that goes round through all of it is fair, and what is fair in a part of it is fair in it.
 * A state from which nothing stays inside is a component as well; a run may stop there if nobody is owed anything.
 *
 * They are found as Tarjan does, without recursion, and without a list of all steps: those of a state are made again by the code that found
 * the states.
 */
import type { Due } from './fairness.ts';

/** States by their numbers, and the steps of each: pairs of an action and of the state that it leads to, -1 for one that is not known. */
export interface Graph {
  readonly states: number;
  /** Numbers that the steps of one state take at most. */
  readonly room: number;
  follow(state: number, out: Int32Array): number;
}

export interface Asked {
  readonly graph: Graph;
  /** Whether a state is one in which what was promised is not so. */
  readonly isOpen: (state: number) => boolean;
  /** By action, the number of the turn it is; -1: none. */
  readonly turns: Int32Array;
  readonly dues: readonly Due[];
}

const FIRST = 1 << 10;
/** Bytes of a state, and of a pending one. */
const EACH = 5;
const PENDING = 4 * 5;

export class Components {
  readonly #asked: Asked;
  /** By state: its number among the pending and 1, or 0; and whether it is open: 1 yes, 2 no, 0 not looked at. */
  readonly #index: Int32Array;
  readonly #open: Uint8Array;
  readonly #steps: Int32Array;
  /** By pending state: the state, the least that it leads back to, its component (0: not known yet). */
  #numbers = new Int32Array(FIRST);
  #low = new Int32Array(FIRST);
  #component = new Int32Array(FIRST);
  /** Pending states whose component is not known, in the order in which they were found. */
  #stack = new Int32Array(FIRST);
  /** The path: pending states, and where the steps still to be made of each begin among those of all. */
  #path = new Int32Array(FIRST);
  #from = new Int32Array(FIRST);
  #todo = new Int32Array(FIRST);
  #pending = 0;
  #stacked = 0;
  #depth = 0;
  #left = 0;
  #components = 0;
  /** By pending state: somebody is owed a turn there that no step back to the same state is. */
  #restless = new Uint8Array(FIRST);
  readonly #fair = new Set<number>();
  /** By turn: whether it can be had in the state looked at, in how many states, whether it is had inside. */
  readonly #stamp: Int32Array;
  readonly #enabled: Int32Array;
  readonly #had: Uint8Array;
  #looked = 0;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#index = new Int32Array(asked.graph.states);
    this.#open = new Uint8Array(asked.graph.states);
    this.#steps = new Int32Array(asked.graph.room);
    this.#stamp = new Int32Array(asked.dues.length);
    this.#enabled = new Int32Array(asked.dues.length);
    this.#had = new Uint8Array(asked.dues.length);
  }

  /** What it takes at least. */
  static bytesFor(graph: Graph): number {
    return graph.states * EACH;
  }

  get bytes(): number {
    return Components.bytesFor(this.#asked.graph) + this.#numbers.length * PENDING + (this.#path.length * 2 + this.#todo.length) * 4;
  }

  /** Pending states found so far. */
  get pending(): number {
    return this.#pending;
  }

  /** Components in which a fair run can stay. */
  get fair(): ReadonlySet<number> {
    return this.#fair;
  }

  /** Begins at a state in which the promise is pending. */
  begin(state: number): void {
    if (this.#index[state] === 0) this.#enter(state);
  }

  /** Goes on for so many steps. True: all that can be reached from where it began is known. */
  run(most: number): boolean {
    for (let turn = 0; turn < most && this.#depth > 0; turn++) {
      const top = this.#depth - 1;
      const node = at(this.#path, top);
      if (this.#left > at(this.#from, top)) {
        const state = at(this.#todo, --this.#left);
        const known = at(this.#index, state) - 1;
        if (known < 0) this.#enter(state);
        else if (this.#component[known] === 0 && known < at(this.#low, node)) this.#low[node] = known;
        continue;
      }
      this.#depth--;
      if (at(this.#low, node) === node) this.#close(node);
      if (this.#depth > 0) {
        const before = at(this.#path, this.#depth - 1);
        if (this.#component[node] === 0 && at(this.#low, node) < at(this.#low, before)) this.#low[before] = at(this.#low, node);
      }
    }
    return this.#depth === 0;
  }

  /** The component of a state; 0: it is not pending. */
  componentOf(state: number): number {
    const node = at(this.#index, state) - 1;
    return node < 0 ? 0 : at(this.#component, node);
  }

  /** Whether the promise can stay pending there. */
  isOpen(state: number): boolean {
    const known = this.#open[state];
    if (known !== 0) return known === 1;
    const open = this.#asked.isOpen(state);
    this.#open[state] = open ? 1 : 2;
    return open;
  }

  #enter(state: number): void {
    const node = this.#pending++;
    if (node === this.#numbers.length) {
      [this.#numbers, this.#low, this.#component] = [longer(this.#numbers), longer(this.#low), longer(this.#component)];
      this.#stack = longer(this.#stack);
      const restless = new Uint8Array(this.#restless.length * 2);
      restless.set(this.#restless);
      this.#restless = restless;
    }
    if (this.#depth === this.#path.length) [this.#path, this.#from] = [longer(this.#path), longer(this.#from)];
    this.#index[state] = node + 1;
    this.#numbers[node] = state;
    this.#low[node] = node;
    this.#stack[this.#stacked++] = node;
    this.#path[this.#depth] = node;
    this.#from[this.#depth++] = this.#left;
    const { graph, turns } = this.#asked;
    const listed = graph.follow(state, this.#steps);
    while (this.#left + listed > this.#todo.length) this.#todo = longer(this.#todo);
    // Two looks: the steps to the same state are turns that were had; whoever can step elsewhere only is restless.
    const look = ++this.#looked;
    for (let n = 0; n < listed; n += 2) {
      const turn = at(turns, at(this.#steps, n));
      const to = at(this.#steps, n + 1);
      if (to === state) {
        if (turn >= 0) this.#stamp[turn] = look;
      } else if (to >= 0 && this.isOpen(to)) this.#todo[this.#left++] = to;
    }
    for (let n = 0; n < listed; n += 2) {
      const turn = at(turns, at(this.#steps, n));
      if (turn >= 0 && this.#stamp[turn] !== look) this.#restless[node] = 1;
    }
  }

  /** All that stands on the stack from this one on is a component. */
  #close(root: number): void {
    const number = ++this.#components;
    let begin = this.#stacked;
    do begin--;
    while (at(this.#stack, begin) !== root);
    if (begin === this.#stacked - 1) {
      if (this.#restless[root] === 0) this.#fair.add(number);
    } else if (this.#isFair(begin, root)) this.#fair.add(number);
    for (let place = begin; place < this.#stacked; place++) this.#component[at(this.#stack, place)] = number;
    this.#stacked = begin;
  }

  #isFair(begin: number, root: number): boolean {
    const { graph, turns } = this.#asked;
    this.#enabled.fill(0);
    this.#had.fill(0);
    for (let place = begin; place < this.#stacked; place++) {
      const listed = graph.follow(at(this.#numbers, at(this.#stack, place)), this.#steps);
      const look = ++this.#looked;
      for (let n = 0; n < listed; n += 2) {
        const turn = at(turns, at(this.#steps, n));
        if (turn < 0) continue;
        if (this.#stamp[turn] !== look) this.#enabled[turn] = at(this.#enabled, turn) + 1;
        this.#stamp[turn] = look;
        const to = at(this.#steps, n + 1);
        const node = to < 0 ? -1 : at(this.#index, to) - 1;
        // On the stack, and not below the root: in the component.
        if (node >= root && this.#component[node] === 0) this.#had[turn] = 1;
      }
    }
    const size = this.#stacked - begin;
    return this.#enabled.every((states, turn) => states < size || this.#had[turn] === 1);
  }
}

/** Indices are inside by construction. */
function at(array: Int32Array, index: number): number {
  return array[index] as number;
}

function longer(array: Int32Array): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(array.length * 2);
  copy.set(array);
  return copy;
}
