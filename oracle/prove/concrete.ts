/**
 * The *concrete* side of a proof: the compiled JavaScript model and the symbolic system of one and the same program, with states
 * as numbers of cells. It runs steps for real: to confirm what a solver claims, to watch what runs look like, and to make
 * counterexamples to induction small enough to read.
 */
import type { Artefact } from '../compile/javascript.ts';
import { encodedRange } from '../compile/liveness.ts';
import { type CompiledModel, loadModel } from '../compile/model.ts';
import type { Action, TransitionSystem } from '../compile/smt.ts';
import { type CellMap, cellMap, recordGroups } from './cells.ts';
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

export interface TakenStep extends ConcreteStep {
  /** Where the agent stood before: 0, or the pc of a pause. */
  readonly pc: number;
}

/** Who looks on while random runs go by. */
export interface Visitor {
  /** A state that was not seen before, its words (to look at, not to keep) and how to get there. True: it showed something new. */
  visit(cells: readonly number[], words: Int32Array, path: () => readonly ConcreteStep[]): boolean;
  taken?(step: TakenStep): void;
  /** A step that broke a bound. */
  fault?(path: () => readonly ConcreteStep[]): void;
}

/** A state to go on from, and how it was reached from an earlier one, or from the first. */
interface Kept {
  readonly words: Int32Array;
  readonly from: Kept | null;
  readonly run: readonly ConcreteStep[];
}

export class Concrete {
  readonly model: CompiledModel;
  readonly cells: CellMap;
  /** Cells of one record each, frames first: what is set to 0 together when a state is made small. */
  readonly groups: readonly (readonly number[])[];

  constructor(artefact: Artefact, system: TransitionSystem) {
    this.groups = recordGroups(system.layout);
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

  /** Whether this one of them doesn't hold. */
  isBroken(words: Int32Array, id: string): boolean {
    if (this.model.fault(words) !== null) return id === NO_OVERFLOW;
    return [...this.model.invariants, ...this.model.lemmas].some((property) => property.id === id && !property.holds(words));
  }

  /** Whether one of some random runs takes so many steps without breaking a bound. False says little. */
  canTake(steps: number, seed: number): boolean {
    const random = randomFrom(seed);
    for (let run = 0; run < TURNS; run++) {
      const words = this.model.initial();
      let taken = 0;
      while (taken < steps && this.#takeRandom(words, random) !== null && this.model.fault(words) === null) taken++;
      if (taken === steps) return true;
    }
    return false;
  }

  /**
   * Random runs; the same for the same seed. Most runs go the beaten track, so a state of which `visit` says that it showed something new
   * is kept, and half of the later runs begin at one of those. Others get their turn a few times a second; when `stop` says so, it
   * ends early. Answers how many steps were taken.
   */
  async watch(seed: number, steps: number, visitor: Visitor, stop: () => boolean = () => false): Promise<number> {
    const random = randomFrom(seed);
    const seen = new Set<number>();
    const kept: Kept[] = [];
    let turn = 0;
    let taken = 0;
    while (taken < steps && !stop()) {
      // The younger half of what was kept is twice as likely: it lies deeper.
      const from = random(2) === 0 ? undefined : kept[Math.max(random(kept.length), random(kept.length))];
      const words = from?.words.slice() ?? this.model.initial();
      const run: ConcreteStep[] = [];
      const path = (): readonly ConcreteStep[] => [...pathTo(from), ...run];
      for (let length = 0; length < RUN_LENGTH; length++) {
        const step = this.#takeRandom(words, random);
        taken++;
        if (step === null) break;
        run.push(step);
        visitor.taken?.(step);
        if (this.model.fault(words) !== null) {
          visitor.fault?.(path);
          break;
        }
        const key = hashOf(words);
        if (seen.has(key)) continue;
        seen.add(key);
        if (visitor.visit(this.cells.read(words), words, path)) kept.push({ words: words.slice(), from: from ?? null, run: run.slice() });
      }
      if (++turn % TURNS === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return taken;
  }

  /** Takes a step that is possible; null: none was found. */
  #takeRandom(words: Int32Array, random: (below: number) => number): TakenStep | null {
    for (let tries = TRIES; tries > 0; tries--) {
      const step = this.#randomStep(words, random);
      if (this.take(words, step)) return step;
    }
    return null;
  }

  #randomStep(words: Int32Array, random: (below: number) => number): TakenStep {
    const { agents } = this.model;
    const agent = random(agents.length);
    const { size = 0, procedures = [] } = agents[agent] ?? {};
    const who = random(size);
    const pc = this.model.pc(words, agent, who);
    if (pc !== 0) return { agent, who, procedure: 0, args: null, pc };
    const procedure = random(procedures.length);
    const args = (procedures[procedure]?.params ?? []).map(({ type }) => {
      const { lo, hi } = encodedRange(type);
      return lo + random(hi - lo + 1);
    });
    return { agent, who, procedure, args, pc };
  }
}

/** 52 bits of a hash: two states that share it are rarer than states that runs miss anyway, and as harmless. */
export function hashOf(words: Int32Array): number {
  let low = 0x811c9dc5;
  let high = 0x2545f491;
  for (const word of words) {
    low = Math.imul(low ^ word, 0x01000193);
    low ^= low >>> 15;
    high = Math.imul(high ^ word, 0x5bd1e995);
    high ^= high >>> 13;
  }
  return (low >>> 0) * 2 ** 20 + (high >>> 12);
}

function pathTo(kept: Kept | null | undefined): readonly ConcreteStep[] {
  const parts: (readonly ConcreteStep[])[] = [];
  for (let at = kept; at !== null && at !== undefined; at = at.from) parts.unshift(at.run);
  return parts.flat();
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
