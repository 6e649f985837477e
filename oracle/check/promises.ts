/**
 * The *promises* of a program, judged on the states that a search has found: for each choice of ids, whether some fair run leads to where
 * the promise comes up and never keeps it (components.ts, lassos.ts). What is found is so whatever else there may be; that nothing is found
 * says something only where all states are known.
 */
import type { Promised } from '../compile/model.ts';
import { encodedRange } from '../compile/liveness.ts';
import { type Asked, Components, type Graph } from './components.ts';
import { type Due, duesOf, isTurn } from './fairness.ts';
import type { Found } from './found.ts';
import { type Lasso, lassoIn } from './lassos.ts';

export interface Patience {
  readonly memoryBytes: number;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

export type GaveUp = 'memory' | 'time' | 'interrupt';

export interface Judgement {
  /** Of the first choice of ids for which the promise isn't kept. */
  readonly broken: { readonly ids: readonly number[]; readonly lasso: Lasso } | null;
  /** States in which the promise comes up for some choice of ids: vacuous without any. */
  readonly arises: number;
  /** States in which it is pending, summed over the choices. */
  readonly pending: number;
  /** Why not all was looked at. */
  readonly gaveUp: GaveUp | null;
  readonly seconds: number;
}

/** States, or steps of the search, between two looks at the clock. */
const TURN = 20_000;
const PATIENCE = 50;

export async function judgePromise(
  explorer: Found,
  promise: Promised,
  patience: Patience,
  progress: (pending: number) => void,
): Promise<Judgement> {
  const began = performance.now();
  const judge = new Judge(explorer, promise, patience, progress);
  const broken = await judge.findBroken();
  const { arises, pending, gaveUp } = judge;
  return { broken, arises, pending, gaveUp: broken === null ? gaveUp : null, seconds: (performance.now() - began) / 1000 };
}

class Judge {
  readonly #explorer: Found;
  readonly #promise: Promised;
  readonly #patience: Patience;
  readonly #progress: (pending: number) => void;
  readonly #graph: Graph;
  readonly #dues: readonly Due[];
  readonly #turns: Int32Array;
  readonly #words: Int32Array;
  /** States in which it comes up and is not kept at once. */
  #starts = new Int32Array(TURN);
  #turned = performance.now();
  arises = 0;
  pending = 0;
  gaveUp: GaveUp | null = null;

  constructor(explorer: Found, promise: Promised, patience: Patience, progress: (pending: number) => void) {
    this.#explorer = explorer;
    this.#promise = promise;
    this.#patience = patience;
    this.#progress = progress;
    this.#graph = {
      states: explorer.states,
      room: explorer.actions.length * 2,
      follow: (state, out) => explorer.follow(state, out),
    };
    this.#dues = duesOf(explorer.model, promise.given);
    this.#turns = Int32Array.from(explorer.actions, (action) => this.#dues.findIndex((due) => isTurn(due, action)));
    this.#words = new Int32Array(explorer.model.words);
  }

  async findBroken(): Promise<Judgement['broken']> {
    for (const ids of choices(this.#promise)) {
      const lasso = await this.#lassoFor(ids);
      if (lasso !== null) return { ids, lasso };
      if (this.gaveUp !== null) return null;
    }
    return null;
  }

  async #lassoFor(ids: readonly number[]): Promise<Lasso | null> {
    const starts = await this.#startsFor(ids);
    if (starts.length === 0 || this.gaveUp !== null) return null;
    if (Components.bytesFor(this.#graph) + this.#starts.byteLength > this.#patience.memoryBytes) {
      this.gaveUp = 'memory';
      return null;
    }
    const isOpen = (state: number): boolean => {
      this.#explorer.read(state, this.#words);
      return !this.#promise.eventually(this.#words, ids);
    };
    const asked: Asked = { graph: this.#graph, isOpen, turns: this.#turns, dues: this.#dues };
    const components = new Components(asked);
    const before = this.pending;
    for (const start of starts) {
      components.begin(start);
      while (!components.run(TURN)) {
        this.pending = before + components.pending;
        if (components.bytes + this.#starts.byteLength > this.#patience.memoryBytes) this.gaveUp = 'memory';
        if (await this.#isOver()) return components.fair.size === 0 ? null : lassoIn(asked, components, starts, this.#explorer.levels);
      }
    }
    this.pending = before + components.pending;
    return components.fair.size === 0 ? null : lassoIn(asked, components, starts, this.#explorer.levels);
  }

  async #startsFor(ids: readonly number[]): Promise<Int32Array> {
    let many = 0;
    for (let state = 0; state < this.#explorer.states; state++) {
      if (state % TURN === 0 && (await this.#isOver())) break;
      this.#explorer.read(state, this.#words);
      if (!this.#promise.whenever(this.#words, ids)) continue;
      this.arises++;
      if (this.#promise.eventually(this.#words, ids)) continue;
      if (many === this.#starts.length) {
        const more = new Int32Array(many * 2);
        more.set(this.#starts);
        this.#starts = more;
      }
      this.#starts[many++] = state;
    }
    return this.#starts.subarray(0, many);
  }

  /** Lets others have their turn, now and then. */
  async #isOver(): Promise<boolean> {
    const { signal, deadline } = this.#patience;
    const now = performance.now();
    if (now - this.#turned >= PATIENCE) {
      this.#progress(this.pending);
      await new Promise((resolve) => setImmediate(resolve));
      this.#turned = now;
    }
    if (signal.aborted) this.gaveUp = 'interrupt';
    else if (Date.now() > deadline) this.gaveUp = 'time';
    return this.gaveUp !== null;
  }
}

/** All choices of the ids that a promise is about. */
export function choices({ params }: Pick<Promised, 'params'>): readonly (readonly number[])[] {
  return params.reduce<readonly (readonly number[])[]>(
    (made, { type }) => {
      const { lo, hi } = encodedRange(type);
      return made.flatMap((ids) => Array.from({ length: hi - lo + 1 }, (_, above) => [...ids, lo + above]));
    },
    [[]],
  );
}
