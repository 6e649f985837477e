/**
 * *Strengthening*: induction that finds its own lemmas. When a step leads from a state that satisfies everything assumed to
 * one that breaks a goal, the state before is usually one that no run reaches. Then among the observed facts (observed.ts)
 * is one that this state contradicts: it is assumed from now on, and becomes a goal like the others. A fact that can't be
 * shown itself is dropped, and so is a goal against which no fact helps; what remains in the end carries itself.
 *
 *   counterexample to induction ──make small──▶ state ──contradicted by──▶ fact ──▶ assumed, and to be shown
 *                                                  └─ by none ──▶ the goals it breaks are dropped, all is asked again without them
 */
import type { Action, TransitionSystem } from '../compile/smt.ts';
import { type State, valueIn } from '../compile/symbolic-state.ts';
import { FALSE, type Lit } from '../compile/term.ts';
import { constant, freeNumber, type Num } from '../compile/term-number.ts';
import { encodedRange } from '../compile/liveness.ts';
import { type Concrete, type ConcreteStep, concreteStep } from './concrete.ts';
import { brokenAfter, type Goal, NO_OVERFLOW } from './goals.ts';
import { Lane, type Limits } from './lane.ts';
import { makeSmall } from './minimise.ts';
import type { Fact } from './observed.ts';

/** A step from a state that satisfies everything assumed to one that breaks some of it; in numbers of cells. */
export interface Failure {
  readonly action: Action;
  readonly step: ConcreteStep;
  readonly before: readonly number[];
  /** Ids of the goals that it breaks. */
  readonly broken: readonly string[];
}

export interface Strengthened {
  /** Ids of the goals that carry themselves, with the facts that help. */
  readonly proved: ReadonlySet<string>;
  readonly facts: readonly Fact[];
  /** Why goals were dropped, in order. */
  readonly failures: readonly Failure[];
  readonly questions: number;
  readonly rounds: number;
}

interface Task {
  readonly action: Action;
  readonly who: number;
  /** Goals shown for this step, as long as everything assumed stays. */
  readonly shown: Set<string>;
  prepared: Prepared | null;
}

/** The terms of a step from the unknown state. */
interface Prepared {
  readonly enabled: Lit;
  readonly faulty: Lit;
  readonly args: readonly Num[];
  readonly next: State;
}

export interface StrengthenOptions {
  readonly progress: (done: number, total: number, text: string) => void;
  /** Told of every fact that is taken in or dropped. */
  readonly note?: (text: string) => void;
}

export class Strengthening {
  readonly #system: TransitionSystem;
  readonly #concrete: Concrete;
  readonly #limits: Limits;
  readonly #options: StrengthenOptions;
  readonly #before: State;
  readonly #valid: readonly Lit[];
  readonly #tasks: readonly Task[];
  readonly #assumed = new Map<string, Goal>();
  readonly #facts = new Map<string, Fact>();
  readonly #termsBefore = new Map<string, Lit>();
  #pool: readonly Fact[];
  readonly #failing = new Map<string, Failure>();
  readonly #past: (readonly number[])[] = [];
  #questions = 0;

  constructor(system: TransitionSystem, concrete: Concrete, goals: readonly Goal[], pool: readonly Fact[], limits: Limits, options: StrengthenOptions) {
    this.#system = system;
    this.#concrete = concrete;
    this.#limits = limits;
    this.#options = options;
    const { state, valid } = system.free('');
    this.#before = state;
    this.#valid = valid.flatMap((lit) => system.terms.conjuncts(lit, 1_000));
    this.#tasks = system.actions.flatMap((action) =>
      Array.from({ length: action.machine.size }, (_, who): Task => ({ action, who, shown: new Set(), prepared: null })),
    );
    for (const goal of goals) this.#assumed.set(goal.id, goal);
    this.#pool = pool;
  }

  /** Assumes facts from the start, such as those that helped last time. */
  seed(facts: readonly Fact[]): void {
    for (const fact of facts) this.#takeIn(fact);
  }

  async run(): Promise<Strengthened> {
    const failures: Failure[] = [];
    const lanes = Array.from({ length: this.#limits.lanes }, () => new Lane(this.#system.terms, this.#limits));
    try {
      await Promise.all(lanes.map((lane) => lane.assert(this.#valid)));
      for (let round = 1; ; round++) {
        await this.#round(lanes, round);
        if (this.#failing.size > 0) {
          failures.push(...new Set(this.#failing.values()));
          this.#drop();
        } else if (this.#tasks.every((task) => this.#open(task).length === 0)) {
          const facts = [...this.#facts.values()];
          return { proved: new Set(this.#assumed.keys()), facts, failures, questions: this.#questions, rounds: round };
        }
      }
    } finally {
      for (const lane of lanes) lane.stop();
    }
  }

  async #round(lanes: readonly Lane[], round: number): Promise<void> {
    const waiting = this.#tasks.filter((task) => this.#open(task).length > 0);
    const total = waiting.length;
    let done = 0;
    const work = async (lane: Lane): Promise<void> => {
      for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
        await this.#show(lane, task);
        this.#options.progress(++done, total, `round ${round}: ${task.action.name}`);
      }
    };
    await Promise.all(lanes.map(work));
  }

  /** Goals not yet shown for this step. */
  #open(task: Task): readonly Goal[] {
    return [...this.#assumed.values()].filter(({ id }) => !task.shown.has(id) && !this.#failing.has(id));
  }

  /** Shows all goals for one step, taking in facts on the way; or finds those that fail. */
  async #show(lane: Lane, task: Task): Promise<void> {
    const { terms } = this.#system;
    task.prepared ??= this.#prepare(task);
    const { enabled, faulty, args, next } = task.prepared;
    for (;;) {
      const open = this.#open(task);
      const questions = open
        .map((goal) => ({ goal, broken: enabled === FALSE ? FALSE : this.#brokenAfter(goal, next, faulty) }))
        .filter(({ broken }) => broken !== FALSE);
      if (questions.length > 0) {
        this.#questions++;
        const assumptions = [...this.#assumed.values()].map((goal) => this.#termBefore(goal));
        const values = await lane.satisfy([...assumptions, enabled, terms.any(questions.map(({ broken }) => broken))]);
        if (values !== null) {
          const before = this.#before.map((value) => valueIn(values, value));
          const step = concreteStep(task.action, task.who, args.map((arg) => valueIn(values, arg)));
          const broken = questions.filter(({ broken: lit }) => ((values[lit >> 1] as number) ^ (lit & 1)) === 1).map(({ goal }) => goal.id);
          this.#learn({ action: task.action, step, before, broken });
          continue;
        }
      }
      for (const goal of open) task.shown.add(goal.id);
      return;
    }
  }

  /** Takes in a fact that the state before contradicts, or gives the broken goals up. */
  #learn(failure: Failure): void {
    const before = makeSmall(failure, this.#concrete, (cells) => this.#allowed(cells), (words) => this.#brokenIn(words));
    const small = { ...failure, before };
    this.#past.push(before);
    const helping = this.#pool.filter((fact) => !fact.concrete(before));
    if (helping.length === 0) {
      for (const id of failure.broken) this.#failing.set(id, small);
      return;
    }
    // The fact that explains most of what was met so far, and of those the shortest.
    const recent = this.#past.slice(-60);
    const scored = helping.map((fact) => ({ fact, score: recent.filter((cells) => !fact.concrete(cells)).length - 3 * fact.rank }));
    const best = scored.reduce((a, b) => (b.score > a.score ? b : a));
    this.#options.note?.(`+ ${best.fact.id}   [${failure.action.name} breaks ${failure.broken.slice(0, 3).join(' | ')}; ${helping.length} candidates]`);
    this.#takeIn(best.fact);
  }

  #takeIn(fact: Fact): void {
    this.#facts.set(fact.id, fact);
    this.#assumed.set(fact.id, { id: fact.id, kind: 'observed', holds: (state) => fact.symbolic(state) });
    this.#pool = this.#pool.filter((other) => other !== fact);
  }

  #drop(): void {
    for (const [id, { action }] of this.#failing) {
      this.#options.note?.(`- ${id}   [${action.name}]`);
      this.#assumed.delete(id);
      this.#facts.delete(id);
    }
    this.#failing.clear();
    for (const task of this.#tasks) task.shown.clear();
  }

  #prepare({ action, who }: Task): Prepared {
    const system = this.#system;
    const { terms } = system;
    const actor = constant(who);
    const made = system.params(action).map((param, at) => {
      const { lo, hi } = encodedRange(param.type);
      return freeNumber(terms, `${action.name}.${who}.${param.name}.${at}`, lo, hi);
    });
    const args = made.map(({ num }) => num);
    const chosen = terms.and(terms.all(made.map(({ valid }) => valid)), system.standsAt(action, this.#before, actor));
    const { enabled, faults, next } = system.act(action, this.#before, actor, args, chosen);
    return { enabled, faulty: terms.any(faults.map(({ cond }) => cond)), args, next };
  }

  #termBefore(goal: Goal): Lit {
    const known = this.#termsBefore.get(goal.id);
    if (known !== undefined) return known;
    const made = goal.holds(this.#before);
    this.#termsBefore.set(goal.id, made);
    return made;
  }

  /** FALSE also where the goal says the same after the step as before it. */
  #brokenAfter(goal: Goal, next: State, faulty: Lit): Lit {
    if (goal.kind !== 'bounds' && goal.holds(next) === this.#termBefore(goal)) return FALSE;
    return brokenAfter(this.#system, goal, next, faulty);
  }

  /** Everything assumed holds of these cells. */
  #allowed(cells: readonly number[]): boolean {
    const words = this.#concrete.cells.write(cells);
    return this.#brokenIn(words).length === 0;
  }

  /** Ids of what is assumed and doesn't hold. */
  #brokenIn(words: Int32Array): readonly string[] {
    const cells = this.#concrete.cells.read(words);
    const broken = this.#concrete.broken(words).filter((id) => this.#assumed.has(id) || id === NO_OVERFLOW);
    for (const fact of this.#facts.values()) if (!fact.concrete(cells)) return [...broken, fact.id];
    return broken;
  }
}
