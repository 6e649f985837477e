/**
 * The *states* of a model, found one after the other by the explorer of `../check`: where it comes to an end, what is true of all of them is
 * proved by that alone, and where it doesn't, every trace was followed up to some number of steps. It explores the program as it stands,
 * with its lemmas among the invariants, so that its states are those of the compiled model, word by word.
 */
import { Explorer } from '../check/explorer.ts';
import type { Broken } from '../check/found.ts';
import type { Program } from '../compile/ir.ts';
import type { ConcreteStep } from './concrete.ts';
import { NO_OVERFLOW } from './goals.ts';

/** States between two looks at the clock, and milliseconds between two turns of others. */
const TURN = 4_096;
const PATIENCE = 50;

export interface BrokenGoal {
  readonly id: string;
  /** As few as there can be. */
  readonly steps: readonly ConcreteStep[];
}

export class States {
  readonly #explorer: Explorer;
  readonly #ids: readonly string[];

  constructor(program: Program, memoryBytes: number) {
    const properties = [...program.invariants, ...program.lemmas];
    this.#explorer = new Explorer({ ...program, invariants: properties, lemmas: [] }, { memoryBytes });
    this.#ids = [...properties.map(({ id }) => id), NO_OVERFLOW];
  }

  get count(): number {
    return this.#explorer.states;
  }

  /** Traces of so many steps and fewer were all followed, with their last state looked at. */
  get depth(): number {
    return this.#explorer.levels.length - 1;
  }

  /** There are no others. */
  get complete(): boolean {
    return this.#explorer.complete;
  }

  get words(): number {
    return this.#explorer.model.words;
  }

  /** Goes on until there are so many, or no more, or no room for more; `stop` ends it early. */
  async grow(most: number, stop: () => boolean, progress: (states: number) => void): Promise<void> {
    const explorer = this.#explorer;
    let turned = performance.now();
    while (!explorer.complete && !explorer.outOfMemory && explorer.states < most && !stop()) {
      explorer.expand(TURN);
      const now = performance.now();
      if (now - turned < PATIENCE) continue;
      progress(explorer.states);
      await new Promise((resolve) => setImmediate(resolve));
      turned = now;
    }
  }

  /** What some trace breaks, with a shortest one. */
  broken(): readonly BrokenGoal[] {
    return this.#explorer.broken().map((each) => ({ id: this.#ids[each.property] ?? '?', steps: this.#pathOf(each) }));
  }

  #pathOf(broken: Broken): readonly ConcreteStep[] {
    const path = this.#explorer.pathOf(broken);
    if (path === null) throw new Error('a state that was found is not found again');
    return path;
  }

  /** Steps to this state, as few as there can be; null: it was not found. */
  pathTo(words: Int32Array): readonly ConcreteStep[] | null {
    for (let number = 0; number < this.count; number++) {
      if (this.#explorer.state(number).every((word, at) => word === words[at])) return this.#explorer.pathTo(number);
    }
    return null;
  }

  /** Each state, in the order in which they were found, until the visitor says that it has seen enough. */
  async each(visit: (words: Int32Array) => boolean, stop: () => boolean): Promise<void> {
    for (let number = 0; number < this.count && visit(this.#explorer.state(number)); number++) {
      if (number % TURN !== 0) continue;
      await new Promise((resolve) => setImmediate(resolve));
      if (stop()) return;
    }
  }

  /** The actions that were taken at least once. */
  taken(): readonly (ConcreteStep & { readonly pc: number })[] {
    return this.#explorer.actions.filter((_, at) => this.#explorer.taken(at) > 0);
  }
}
