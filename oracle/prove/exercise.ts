/**
 * What random runs *exercise*: which actions they take, which antecedents of invariants they meet, which goals they break. A proof is about
 * all states and needs none of this; that it is about something, and about the same model as the one that runs, is seen here:
 * what runs break can't be proved, what is assumed must be true wherever runs get, and what they never do is reported.
 */
import { emitJavaScript } from '../compile/javascript.ts';
import type { Program } from '../compile/ir.ts';
import { loadModel } from '../compile/model.ts';
import type { Action } from '../compile/smt.ts';
import { type Antecedent, withAntecedents } from './antecedents.ts';
import type { Concrete, ConcreteStep, TakenStep, Visitor } from './concrete.ts';
import type { FrameFacts } from './frames.ts';
import { NO_OVERFLOW } from './goals.ts';

/** Of so many states one is looked at with all predicates, since that takes longer than getting there; of the first ones every one. */
const LOOKED_AT = 8;
const ALL_OF_FIRST = 2_048;
/** The first states, and of so many later ones one, are kept as samples. */
const FIRST = 32;
const SAMPLED = 4_096;

/** An antecedent that no state has met yet. */
interface Dormant extends Antecedent {
  /** Where this is false the antecedent is met. */
  holds(words: Int32Array): boolean;
}

export class Exercise implements Visitor {
  /** The program with the functions of the antecedents. */
  readonly program: Program;
  readonly #concrete: Concrete;
  readonly #facts: FrameFacts;
  readonly #taken = new Set<string>();
  readonly #broken = new Map<string, readonly ConcreteStep[]>();
  readonly #samples: (readonly number[])[] = [];
  #dormant: readonly Dormant[];
  #states = 0;
  #steps = 0;

  /** `ids`: the invariants whose antecedents are of interest. */
  constructor(concrete: Concrete, facts: FrameFacts, ids: readonly string[]) {
    const { program, antecedents } = withAntecedents(concrete.model.program, ids);
    this.program = program;
    this.#concrete = concrete;
    this.#facts = facts;
    const properties = antecedents.map(({ id, text, fn }) => ({ id, text, fn, file: '', line: 0 }));
    const { invariants } = loadModel(emitJavaScript({ ...program, invariants: properties, lemmas: [] }, { rules: false }));
    this.#dormant = antecedents.map((antecedent, index) => ({
      ...antecedent,
      holds: (words) => invariants[index]?.holds(words) === true,
    }));
    // Every run begins there.
    const first = concrete.model.initial();
    this.#samples.push(concrete.cells.read(first));
    this.#meet(first);
  }

  async run(seed: number, steps: number, stop: () => boolean): Promise<void> {
    this.#steps += await this.#concrete.watch(seed, steps, this, stop);
  }

  get steps(): number {
    return this.#steps;
  }

  /** States that were different from each other. */
  get states(): number {
    return this.#states;
  }

  /** States that runs have reached, by their cells. */
  get samples(): readonly (readonly number[])[] {
    return this.#samples;
  }

  /** Goals that a run broke, with the shortest way that was met to break each: seldom a short one. */
  get broken(): ReadonlyMap<string, readonly ConcreteStep[]> {
    return this.#broken;
  }

  /** Antecedents that no state met. */
  get dormant(): readonly Antecedent[] {
    return this.#dormant;
  }

  hasTaken({ agent, entry }: Action): boolean {
    return this.#taken.has(nameOf(agent, entry.pc, entry.procedure));
  }

  visit(cells: readonly number[], words: Int32Array, path: () => readonly ConcreteStep[]): boolean {
    const number = this.#states++;
    if (number < FIRST || number % SAMPLED === 0) this.#samples.push(cells);
    this.#meet(words);
    if (this.#states <= ALL_OF_FIRST || this.#states % LOOKED_AT === 0)
      for (const id of this.#concrete.broken(words)) this.#breaks(id, path);
    return this.#facts.visit(cells);
  }

  taken({ agent, pc, procedure }: TakenStep): void {
    this.#taken.add(nameOf(agent, pc, procedure));
  }

  fault(path: () => readonly ConcreteStep[]): void {
    this.#breaks(NO_OVERFLOW, path);
  }

  #breaks(id: string, path: () => readonly ConcreteStep[]): void {
    const [known, found] = [this.#broken.get(id), path()];
    if (known === undefined || found.length < known.length) this.#broken.set(id, found);
  }

  #meet(words: Int32Array): void {
    if (this.#dormant.some((antecedent) => !antecedent.holds(words)))
      this.#dormant = this.#dormant.filter((antecedent) => antecedent.holds(words));
  }
}

/** A start goes by its procedure, whatever goes on after a pause by the pause. */
function nameOf(agent: number, pc: number, procedure: number): string {
  return pc === 0 ? `${agent} ${procedure}` : `${agent} at ${pc}`;
}
