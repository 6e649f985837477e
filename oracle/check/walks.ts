/**
 * *Random walks*: from the first state, one of all possible steps after the other, each as likely as any. They prove nothing; they come
 * deep into models that are too large to be seen whole, by the same generated code that finds all states.
 */
import type { Program } from '../compile/ir.ts';
import { type Action, emitSuccessors } from '../compile/js-successors.ts';
import { type CompiledModel, loadModel } from '../compile/model.ts';

interface Machinery {
  use(arrays: { S: Int32Array; P: Int32Array; T: Int32Array; X: Float64Array; n: number; room: number }): void;
  walk(length: number, seed: number, actions: Int32Array): number;
  forgive(): void;
  readonly broken: Int32Array;
}

/** What a walk broke, and how it got there. */
export interface Stumble {
  readonly seed: number;
  /** Indices of the invariants; their number for a bound. */
  readonly properties: readonly number[];
  readonly path: readonly Action[];
}

export class Walks {
  readonly model: CompiledModel;
  readonly actions: readonly Action[];
  readonly rules: Uint32Array;
  readonly #machinery: Machinery;
  readonly #taken: Float64Array;
  readonly #walk: Int32Array;
  readonly #length: number;
  /** Walks taken, and their steps together. */
  walks = 0;
  steps = 0;

  constructor(program: Program, length: number) {
    const successors = emitSuccessors(program);
    this.model = loadModel(successors.artefact);
    this.actions = successors.actions;
    this.rules = new Uint32Array(this.model.program.rules.length);
    this.#machinery = new Function('R', successors.source)(this.rules) as Machinery;
    this.#taken = new Float64Array(this.actions.length + 2);
    const none = new Int32Array(1);
    this.#machinery.use({ S: none, P: none, T: none, X: this.#taken, n: 0, room: 0 });
    this.#walk = new Int32Array(length);
    this.#length = length;
  }

  taken(action: number): number {
    return this.#taken[action] ?? 0;
  }

  /** What is broken where every walk begins, before its first step. */
  atFirst(): Stumble | null {
    const first = this.model.initial();
    const properties = [...this.model.invariants.keys()].filter((property) => this.model.invariants[property]?.holds(first) === false);
    return properties.length === 0 ? null : { seed: 0, properties, path: [] };
  }

  /** The walks of some seeds, one after the other, until one breaks something after its first state (`atFirst`). */
  take(from: number, to: number): Stumble | null {
    for (let seed = from; seed < to; seed++) {
      const steps = this.#machinery.walk(this.#length, seed, this.#walk);
      this.walks++;
      this.steps += Math.abs(steps);
      if (steps >= 0) continue;
      const properties = [...this.#machinery.broken.keys()].filter((property) => (this.#machinery.broken[property] ?? -1) >= 0);
      this.#machinery.forgive();
      const path = Array.from(this.#walk.subarray(0, -steps), (action) => this.#action(action));
      return { seed, properties, path };
    }
    return null;
  }

  #action(index: number): Action {
    const action = this.actions[index];
    if (action === undefined) throw new Error(`there is no action ${index}`);
    return action;
  }
}
