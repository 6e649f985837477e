/**
 * The *concrete* side of a proof: the compiled JavaScript model and the symbolic system of one and the same program, with states
 * as numbers of cells. It runs steps for real: to confirm what a solver claims, to watch what runs look like, and to make
 * counterexamples to induction small enough to read.
 */
import type { Artefact } from '../compile/javascript.ts';
import { encodedRange } from '../compile/liveness.ts';
import { type CompiledModel, loadModel } from '../compile/model.ts';
import type { Action, TransitionSystem } from '../compile/smt.ts';
import { type CellMap, cellMap } from './cells.ts';
import { NO_OVERFLOW } from './goals.ts';

/** Steps of a random run. */
const RUN_LENGTH = 30;
/** Runs between two looks at whether others want the processor. */
const TURNS = 100;
/** Many choices are not possible in a state; a run that finds none in so many tries ends. */
const TRIES = 200;

/** One step in numbers: arguments are null where an agent goes on from a pause. */
export interface ConcreteStep {
  readonly agent: number;
  readonly who: number;
  readonly procedure: number;
  readonly args: readonly number[] | null;
}

export class Concrete {
  readonly model: CompiledModel;
  readonly cells: CellMap;
  /** Cells of one record each, frames first: what is set to 0 together when a state is made small. */
  readonly groups: readonly (readonly number[])[];

  constructor(artefact: Artefact, system: TransitionSystem) {
    const { cells, frames } = system.layout;
    const records = new Map<string, number[]>();
    cells.forEach(({ name, fixed }, cell) => {
      const record = /^\w+\[\d+\]/.exec(name)?.[0];
      if (fixed === null && record !== undefined) records.set(record, [...(records.get(record) ?? []), cell]);
    });
    this.groups = [...frames.flat().map(({ pc, slots }) => [pc, ...slots]), ...records.values()];
    this.model = loadModel(artefact);
    this.cells = cellMap(artefact, system.layout);
  }

  /** Takes the step in place; false if it isn't possible there. */
  take(words: Int32Array, { agent, who, procedure, args }: ConcreteStep): boolean {
    return args === null ? this.model.resume(words, agent, who) : this.model.start(words, agent, who, procedure, args);
  }

  /** Ids of the invariants, lemmas and `no-overflow` that don't hold. */
  broken(words: Int32Array): readonly string[] {
    if (this.model.fault(words) !== null) return [NO_OVERFLOW];
    return [...this.model.invariants, ...this.model.lemmas].filter((property) => !property.holds(words)).map(({ id }) => id);
  }

  /**
   * States of random runs, by their cells; the same for the same seed. Most runs go the beaten track, so a state of which `visit`
   * says that it showed something new is kept, and half of the later runs begin at one of those. Others get their turn a few times a
   * second; when `stop` says so, it ends early.
   */
  async watch(seed: number, steps: number, visit: (cells: readonly number[]) => boolean, stop: () => boolean = () => false): Promise<void> {
    const random = randomFrom(seed);
    const seen = new Set<string>();
    const kept: Int32Array[] = [];
    const { agents } = this.model;
    let turn = 0;
    for (let taken = 0; taken < steps && !stop(); ) {
      // The younger half of what was kept is twice as likely: it lies deeper.
      const from = random(2) === 0 ? undefined : kept[Math.max(random(kept.length), random(kept.length))];
      const words = from?.slice() ?? this.model.initial();
      for (let step = 0; step < RUN_LENGTH; step++) {
        let tries = TRIES;
        while (tries > 0 && !this.#tryRandom(words, random, agents)) tries--;
        taken++;
        if (tries === 0 || this.model.fault(words) !== null) break;
        const key = words.join();
        if (seen.has(key)) continue;
        seen.add(key);
        if (visit(this.cells.read(words))) kept.push(words.slice());
      }
      if (++turn % TURNS === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #tryRandom(words: Int32Array, random: (below: number) => number, agents: CompiledModel['agents']): boolean {
    const agent = random(agents.length);
    const { size = 0, procedures = [] } = agents[agent] ?? {};
    const who = random(size);
    if (this.model.pc(words, agent, who) !== 0) return this.model.resume(words, agent, who);
    const procedure = random(procedures.length);
    const args = (procedures[procedure]?.params ?? []).map(({ type }) => {
      const { lo, hi } = encodedRange(type);
      return lo + random(hi - lo + 1);
    });
    return this.model.start(words, agent, who, procedure, args);
  }
}

export function concreteStep(action: Action, who: number, args: readonly number[]): ConcreteStep {
  return { agent: action.agent, who, procedure: action.entry.procedure, args: action.entry.pc === 0 ? args : null };
}

/** A small generator of whole numbers below a bound (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
