/**
 * A *lasso* is a run that never ends, written down: a *stem* that leads to where the promise is pending and stays so, and a *loop* that
 * leads from its end back there, fair by itself. Without steps, the loop is the run that stops there, where nobody is owed anything.
 *
 * The stem is as short as any to a component in which a fair run can stay (components.ts). There the loop goes to the nearest step or state
 * that settles somebody's turn, and on from there, until all are settled; then back.
 */
import type { Asked, Components } from './components.ts';

/** States by their numbers, actions by theirs. */
export interface Lasso {
  /** The state in which the promise comes up, which the search has a run to; and the way from there to the loop. */
  readonly from: number;
  readonly way: readonly Hop[];
  readonly loop: readonly Hop[];
}

export interface Hop {
  readonly action: number;
  readonly to: number;
}

/** A state that was come to, from which one and by which action. */
interface Reached {
  readonly from: number;
  readonly action: number;
}

/** `starts`: the states in which the promise comes up, in order; `levels`: how many states are so many steps deep. There is a fair component. */
export function lassoIn(asked: Asked, components: Components, starts: Int32Array, levels: readonly number[]): Lasso {
  const lassos = new Lassos(asked, components);
  const { from, way, end } = lassos.stem(starts, levels);
  return { from, ...lassos.loopAt(way, end) };
}

class Lassos {
  readonly #asked: Asked;
  readonly #components: Components;
  readonly #steps: Int32Array;

  constructor(asked: Asked, components: Components) {
    this.#asked = asked;
    this.#components = components;
    this.#steps = new Int32Array(asked.graph.room);
  }

  /** Breadth first from all starts together, each joining at its own depth. */
  stem(starts: Int32Array, levels: readonly number[]): { readonly from: number; readonly way: readonly Hop[]; readonly end: number } {
    const reached = new Map<number, Reached | null>();
    let [joined, deepest] = [0, -1];
    let frontier: number[] = [];
    for (const level of levels) {
      deepest += level;
      for (; joined < starts.length && (starts[joined] as number) <= deepest; joined++) {
        const start = starts[joined] as number;
        if (reached.has(start)) continue;
        reached.set(start, null);
        frontier.push(start);
      }
      const found = this.#firstFair(frontier);
      if (found >= 0) return this.#wayTo(reached, found);
      frontier = this.#next(frontier, reached);
    }
    while (frontier.length > 0) {
      const found = this.#firstFair(frontier);
      if (found >= 0) return this.#wayTo(reached, found);
      frontier = this.#next(frontier, reached);
    }
    throw new Error('a fair component that nothing leads to');
  }

  #firstFair(states: readonly number[]): number {
    return states.find((state) => this.#components.fair.has(this.#components.componentOf(state))) ?? -1;
  }

  #next(states: readonly number[], reached: Map<number, Reached | null>): number[] {
    return states.flatMap((from) =>
      this.#hops(from).flatMap(({ action, to }) => {
        if (reached.has(to)) return [];
        reached.set(to, { from, action });
        return [to];
      }),
    );
  }

  #wayTo(reached: ReadonlyMap<number, Reached | null>, end: number): { from: number; way: readonly Hop[]; end: number } {
    const way: Hop[] = [];
    let at = end;
    for (let step = reached.get(at); step !== null && step !== undefined; step = reached.get(at)) {
      way.unshift({ action: step.action, to: at });
      at = step.from;
    }
    return { from: at, way, end };
  }

  /** Steps to states in which the promise stays pending. */
  #hops(state: number): readonly Hop[] {
    return this.#all(state).filter(({ to }) => to >= 0 && this.#components.isOpen(to));
  }

  #all(state: number): readonly Hop[] {
    const listed = this.#asked.graph.follow(state, this.#steps);
    return Array.from({ length: listed / 2 }, (_, n) => ({ action: this.#steps[2 * n] as number, to: this.#steps[2 * n + 1] as number }));
  }

  /** The same within the component of the state. */
  #inside(state: number): readonly Hop[] {
    const component = this.#components.componentOf(state);
    return this.#all(state).filter(({ to }) => to >= 0 && this.#components.componentOf(to) === component);
  }

  /** The turns that can't be had in a state. */
  #settledBy(state: number): ReadonlySet<number> {
    const due = new Set(this.#all(state).map(({ action }) => this.#asked.turns[action] as number));
    return new Set([...this.#asked.dues.keys()].filter((turn) => !due.has(turn)));
  }

  #isQuiet(state: number): boolean {
    return this.#settledBy(state).size === this.#asked.dues.length;
  }

  loopAt(stem: readonly Hop[], entry: number): Pick<Lasso, 'way' | 'loop'> {
    if (this.#isQuiet(entry)) return { way: stem, loop: [] };
    const rest = this.#search(entry, ({ to }) => this.#isQuiet(to));
    if (rest !== null) return { way: [...stem, ...rest], loop: [] };
    const loop: Hop[] = [];
    const settled = new Set(this.#settledBy(entry));
    let here = entry;
    const go = (hops: readonly Hop[]): void => {
      for (const hop of hops) {
        loop.push(hop);
        here = hop.to;
        for (const turn of [this.#asked.turns[hop.action] as number, ...this.#settledBy(here)]) if (turn >= 0) settled.add(turn);
      }
    };
    while (settled.size < this.#asked.dues.length) {
      const more = this.#search(here, ({ action, to }) => {
        const turn = this.#asked.turns[action] as number;
        return (turn >= 0 && !settled.has(turn)) || [...this.#settledBy(to)].some((each) => !settled.has(each));
      });
      if (more === null) throw new Error('a component without a fair loop');
      go(more);
    }
    if (here !== entry) {
      const back = this.#search(here, ({ to }) => to === entry);
      if (back === null) throw new Error('a component that is not connected');
      go(back);
    }
    return { way: stem, loop };
  }

  /** The shortest way within the component, of at least one step, whose last is wanted; null: there is none. */
  #search(begin: number, isWanted: (hop: Hop) => boolean): readonly Hop[] | null {
    const reached = new Map<number, Reached>();
    const queue = [begin];
    for (const from of queue) {
      for (const hop of this.#inside(from)) {
        if (isWanted(hop)) {
          const way = [hop];
          for (let at = from; at !== begin; ) {
            const step = reached.get(at);
            if (step === undefined) throw new Error('a way that begins nowhere');
            way.unshift({ action: step.action, to: at });
            at = step.from;
          }
          return way;
        }
        if (hop.to === begin || reached.has(hop.to)) continue;
        reached.set(hop.to, { from, action: hop.action });
        queue.push(hop.to);
      }
    }
    return null;
  }
}
