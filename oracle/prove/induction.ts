/**
 * *Induction*: assume all goals in a state about which nothing else is known, take one step, and show all goals after it. What is
 * shown so (and holds in the initial state) holds in every reachable state, at every depth. The steps are taken apart: one question
 * for each action, in which most goals are the same terms before and after and need no question at all.
 *
 * Goals lean on each other, so one that fails takes its support away from the rest: it is dropped and the others are asked
 * again without it, until those that are left carry themselves (Houdini). A goal that fails may still be true; then
 * the state before is one that can't be reached, and a lemma that says so is missing (cti.ts shows it).
 */
import type { Action, TransitionSystem } from '../compile/smt.ts';
import type { State } from '../compile/symbolic-state.ts';
import { FALSE, type Lit } from '../compile/term.ts';
import { constant, freeNumber, type Num } from '../compile/term-number.ts';
import { encodedRange } from '../compile/liveness.ts';
import { brokenAfter, type Goal } from './goals.ts';
import { Lane, type Limits } from './lane.ts';

/** A step from a state that satisfies all assumed goals to one that breaks some. */
export interface Failure {
  readonly action: Action;
  readonly who: number;
  readonly args: readonly Num[];
  readonly before: State;
  readonly after: State;
  /** Ids of the goals it breaks. */
  readonly broken: readonly string[];
  /** `Terms.evaluate` of the solver's model. */
  readonly values: Uint8Array;
}

export interface InductionResult {
  /** Ids of the goals that carry themselves. */
  readonly proved: ReadonlySet<string>;
  /** One per goal that was dropped, in the round in which it was. */
  readonly failures: readonly Failure[];
  readonly rounds: number;
  readonly questions: number;
}

interface Task {
  readonly action: Action;
  readonly who: number;
}

export interface InductionOptions {
  /** False: stop after the first round, with every failure of it; nothing is proved then. */
  readonly untilFixpoint: boolean;
  readonly progress: (done: number, total: number, text: string) => void;
}

export class Induction {
  readonly #system: TransitionSystem;
  readonly #limits: Limits;
  readonly #before: State;
  readonly #valid: readonly Lit[];
  readonly #tasks: readonly Task[];
  readonly #holds = new Map<string, Lit>();
  #questions = 0;

  constructor(system: TransitionSystem, limits: Limits) {
    this.#system = system;
    this.#limits = limits;
    const { state, valid } = system.free('');
    this.#before = state;
    this.#valid = valid;
    this.#tasks = system.actions.flatMap((action) => Array.from({ length: action.machine.size }, (_, who) => ({ action, who })));
  }

  async run(goals: readonly Goal[], options: InductionOptions): Promise<InductionResult> {
    let assumed = goals;
    const failures: Failure[] = [];
    for (let round = 1; ; round++) {
      const found = await this.#round(assumed, round, options);
      failures.push(...found);
      const broken = new Set(found.flatMap((failure) => failure.broken));
      assumed = assumed.filter(({ id }) => !broken.has(id));
      if (found.length === 0 || !options.untilFixpoint) {
        const proved = found.length === 0 ? assumed.map(({ id }) => id) : [];
        return { proved: new Set(proved), failures, rounds: round, questions: this.#questions };
      }
    }
  }

  /** Asks about every action, all `goals` assumed; answers the failures, at least one for each goal that fails. */
  async #round(goals: readonly Goal[], round: number, options: InductionOptions): Promise<readonly Failure[]> {
    const { terms } = this.#system;
    const assumptions = [...this.#valid, ...goals.map((goal) => this.#goalBefore(goal))].flatMap((lit) => terms.conjuncts(lit, 1_000));
    const open = [...this.#tasks];
    const failures: Failure[] = [];
    const known = new Set<string>();
    let done = 0;
    const work = async (): Promise<void> => {
      const lane = new Lane(terms, this.#limits);
      try {
        await lane.assert(assumptions);
        for (let task = open.shift(); task !== undefined; task = open.shift()) {
          for (const failure of await this.#ask(lane, task, goals, known)) failures.push(failure);
          options.progress(++done, this.#tasks.length, `induction, round ${round}: ${task.action.name}`);
        }
      } finally {
        lane.stop();
      }
    };
    await Promise.all(Array.from({ length: this.#limits.lanes }, work));
    return failures;
  }

  async #ask(lane: Lane, { action, who }: Task, goals: readonly Goal[], known: Set<string>): Promise<readonly Failure[]> {
    const system = this.#system;
    const { terms } = system;
    const actor = constant(who);
    const args = this.#arguments(action);
    const step = system.act(action, this.#before, actor, args.values, terms.and(args.valid, system.standsAt(action, this.#before, actor)));
    if (step.enabled === FALSE) return [];
    const faulty = terms.any(step.faults.map(({ cond }) => cond));
    const failures: Failure[] = [];
    const broken = goals
      .map((goal) => ({ goal, lit: this.#unchanged(goal, step.next) ? FALSE : brokenAfter(system, goal, step.next, faulty) }))
      .filter(({ lit }) => lit !== FALSE);
    for (;;) {
      const open = broken.filter(({ goal }) => !known.has(goal.id));
      if (open.length === 0) return failures;
      this.#questions++;
      const values = await lane.satisfy([step.enabled, terms.any(open.map(({ lit }) => lit))]);
      if (values === null) return failures;
      const ids = open.filter(({ lit }) => ((values[lit >> 1] as number) ^ (lit & 1)) === 1).map(({ goal }) => goal.id);
      for (const id of ids) known.add(id);
      failures.push({ action, who, args: args.values, before: this.#before, after: step.next, broken: ids, values });
    }
  }

  #goalBefore(goal: Goal): Lit {
    const known = this.#holds.get(goal.id);
    if (known !== undefined) return known;
    const made = goal.holds(this.#before);
    this.#holds.set(goal.id, made);
    return made;
  }

  /** It says the same after the step as before it. */
  #unchanged(goal: Goal, next: State): boolean {
    return goal.kind !== 'bounds' && goal.holds(next) === this.#goalBefore(goal);
  }

  #arguments(action: Action): { readonly values: readonly Num[]; readonly valid: Lit } {
    const { terms } = this.#system;
    const made = this.#system.params(action).map((param, at) => {
      const { lo, hi } = encodedRange(param.type);
      return freeNumber(terms, `${action.name}.${param.name}.${at}.${terms.size}`, lo, hi);
    });
    return { values: made.map(({ num }) => num), valid: terms.all(made.map(({ valid }) => valid)) };
  }
}

/** The goals that hold in the initial state, where everything is constant. */
export function holdInitially(
  system: TransitionSystem,
  goals: readonly Goal[],
): { readonly holding: readonly Goal[]; readonly broken: readonly Goal[] } {
  const broken = goals.filter((goal) => goal.holds(system.initial) === FALSE);
  return { holding: goals.filter((goal) => !broken.includes(goal)), broken };
}
