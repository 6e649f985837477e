/**
 * *Induction*: assume all goals in a state about which nothing else is known, take one step, and show all goals after it. What is
 * shown so (and holds in the initial state) holds in every reachable state, at every depth. The steps are taken apart: one question
 * for each action, in which most goals are the same terms before and after and need no question at all.
 *
 *   show     all goals and facts about frames (frames.ts), for every action, with everything assumed; a goal that fails is dropped
 *   settle   facts that fail are weakened by every step that breaks one, until none does; then all begins again
 *
 * A goal that fails may still be true; then the state before is one that can't be reached, and a lemma that says so is
 * missing (explain.ts looks for it).
 *
 * Always true: what is returned as proved was shown for every action in a pass in which nothing that was assumed was dropped
 * or weakened, and the facts with it or, with the same assumed, just before. Goals may lean on each other and on what is known already, never on something that isn't proved with them.
 */
import { encodedRange } from '../compile/liveness.ts';
import type { Action, TransitionSystem } from '../compile/smt.ts';
import { type State, valueIn } from '../compile/symbolic-state.ts';
import { FALSE, isTrue, type Lit, TRUE } from '../compile/term.ts';
import { constant, freeNumber, type Num } from '../compile/term-number.ts';
import { argumentName, disagreement } from './agreement.ts';
import { type Choice, Choosing } from './choosing.ts';
import type { Concrete } from './concrete.ts';
import type { FrameFacts } from './frames.ts';
import { brokenAfter, type Goal } from './goals.ts';
import { Lane, type Limits, mustBeNarrow } from './lane.ts';
import { Representatives } from './representatives.ts';
import { SolverFailure } from './solver.ts';
import { interchangeable } from './symmetry.ts';

/** A step from a state that satisfies everything assumed to one that breaks some of it; in numbers of cells. */
export interface Failure {
  readonly action: Action;
  readonly who: number;
  readonly args: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Ids of the goals it breaks. */
  readonly broken: readonly string[];
}

/** What must be impossible: that all of these hold. */
export interface Obligation {
  readonly action: Action;
  /** The member of the agent that acts; the only one, or the first of those that can change places. */
  readonly who: number;
  readonly lits: readonly Lit[];
  /** Ids of the goals that the step could break. */
  readonly goals: readonly string[];
}

export interface Closed {
  /** The goals that carry themselves. */
  readonly proved: readonly Goal[];
  /** At least one for each goal that was dropped. */
  readonly failures: readonly Failure[];
  /** Ids of the goals that failed first, when everything was assumed; the others that failed leaned on these. */
  readonly roots: readonly string[];
  readonly questions: number;
  /** Passes over all actions. */
  readonly passes: number;
}

/** What was proved can't be: what it assumes is impossible, or false where the compiled model has been. The fault is ours. */
export class Contradiction extends Error {}

/** More may be asked of the states that satisfy all that was proved. */
export interface Allowed {
  /** Whether one of them is such a state. */
  state(condition: (state: State) => Lit): Promise<boolean>;
  /** Whether the action is possible in one of them. */
  action(action: Action): Promise<boolean>;
  /** Whether the goal is true of any state at all, by its form alone. */
  isTrivial(goal: Goal): boolean;
}

export interface CloseOptions {
  /** The compiled model, and states that its runs have reached. */
  readonly seen?: { readonly concrete: Concrete; readonly reached: readonly (readonly number[])[] };
  /** Goals that are known to hold in every state that can be reached: assumed, never shown. */
  readonly known?: readonly Goal[];
  /** Called when something was proved. */
  readonly inspect?: (allowed: Allowed) => Promise<void>;
}

/** Steps that are asked about together where questions are easy: for each the solver reads all that is assumed. */
const AT_ONCE = 8;

export type InductionProgress = (done: number, total: number, text: string) => void;

interface Task {
  readonly action: Action;
  readonly who: number;
  /** Only from states in which members have the names in which they are met (representatives.ts). */
  readonly represented: boolean;
  /** The step as it is, where this is the one by choice (choosing.ts): what that breaks, this may not. */
  readonly strict: Task | null;
  /** What the step by choice was seen to break, and the step as it is was not. */
  misled: 'never' | 'facts' | 'goals';
  /** What version of the facts the step was last seen to keep; -1: of none. */
  settledAt: number;
  prepared: Prepared | null;
}

/** The terms of a step from the unknown state. */
interface Prepared {
  /** That the state and the arguments are of those that are asked about. */
  readonly represents: Lit;
  /** Of who is chosen, where it is a step by choice. */
  readonly choices: readonly Choice[];
  readonly enabled: Lit;
  readonly faulty: Lit;
  readonly args: readonly Num[];
  readonly next: State;
}

export class Induction {
  readonly #system: TransitionSystem;
  readonly #limits: Limits;
  readonly #facts: FrameFacts;
  readonly #progress: InductionProgress;
  readonly #before: State;
  readonly #valid: readonly Lit[];
  readonly #representatives: Representatives;
  /** Every action of every member; those of one member for all that can change places with it; of these, from representatives only. */
  readonly #everyone: readonly Task[];
  readonly #alike: readonly Task[];
  readonly #represented: readonly Task[];
  #tasks: readonly Task[];
  #known: readonly Goal[] = [];
  readonly #arguments = new Map<string, { readonly args: readonly Num[]; readonly valid: Lit }>();
  readonly #termsBefore = new Map<Goal, Lit>();
  readonly #termsAfter = new Map<Goal, Map<Task, Lit>>();
  #questions = 0;
  #passes = 0;

  constructor(system: TransitionSystem, facts: FrameFacts, limits: Limits, progress: InductionProgress) {
    this.#system = system;
    this.#facts = facts;
    this.#limits = limits;
    this.#progress = progress;
    mustBeNarrow(system, 'states');
    const { state, valid } = system.free('');
    this.#before = state;
    this.#valid = valid.flatMap((lit) => system.terms.conjuncts(lit, 1_000));
    const agents = system.machines.map(({ size }, agent) => ({ size, alike: interchangeable(system.program, agent) }));
    this.#everyone = system.actions.flatMap((action) =>
      Array.from(
        { length: agents[action.agent]?.size ?? 0 },
        (_, who): Task => ({ action, who, represented: false, strict: null, misled: 'never', settledAt: -1, prepared: null }),
      ),
    );
    this.#representatives = new Representatives(system);
    this.#alike = this.#everyone.filter(({ action, who }) => who === 0 || agents[action.agent]?.alike !== true);
    this.#represented = this.#alike.map((task) => {
      const strict = { ...task, represented: true };
      return this.#representatives.gainsByChoice(task.action) ? { ...strict, strict } : strict;
    });
    this.#tasks = this.#represented;
  }

  /**
   * Where the members of an agent can change places, what is shown for the first is shown for all, if it says the same of each. What was
   * found may name one of them. (Such a goal may be known all the same: states that can be reached are so for each who changes places. With
   * the members of other kinds it is otherwise: there may be a step elsewhere that tells them apart.)
   */
  #tasksFor(goals: readonly Goal[]): readonly Task[] {
    if (goals.some(({ found }) => found === true)) return this.#everyone;
    return this.#known.some(({ found }) => found === true) ? this.#alike : this.#represented;
  }

  /** That were asked so far. */
  get questions(): number {
    return this.#questions;
  }

  /** Drops what fails until the rest carries itself. `wanted`: when no goal of these is left, nothing is proved. */
  async close(goals: readonly Goal[], wanted: (goal: Goal) => boolean, { seen, known = [], inspect }: CloseOptions = {}): Promise<Closed> {
    this.#known = known;
    this.#tasks = this.#tasksFor(goals);
    return this.#withLanes(async (lanes) => {
      let assumed = goals;
      const failures: Failure[] = [];
      let roots: readonly string[] = [];
      // Facts are much the easier to ask about, and most passes that fail do so for one that runs have not seen all of.
      await this.#settle(lanes, assumed);
      let settled = true;
      while (assumed.some(wanted)) {
        // That every step keeps the facts was just shown, with the same assumed.
        const found = await this.#pass(lanes, assumed, settled ? assumed : [...assumed, ...this.#facts.goals()], 'induction');
        if (found.length === 0) {
          await this.#mustBePossible(lanes[0] as Lane, assumed, seen);
          await inspect?.(this.#allowed(lanes[0] as Lane, assumed));
          return this.#closed(assumed, failures, roots);
        }
        const broken = new Set(found.flatMap((failure) => failure.broken));
        if (roots.length === 0) roots = assumed.filter(({ id }) => broken.has(id)).map(({ id }) => id);
        failures.push(...found.filter((failure) => assumed.some(({ id }) => failure.broken.includes(id))));
        assumed = assumed.filter(({ id }) => !broken.has(id));
        const weakened = found.filter((failure) => this.#facts.widen(failure.after)).length > 0;
        settled = weakened && assumed.some(wanted);
        if (settled) await this.#settle(lanes, assumed);
      }
      return this.#closed([], failures, roots);
    });
  }

  /**
   * A proof that assumes what can't be proves anything, and one about other steps proves nothing. All that is assumed must be possible
   * together, as the solver has it, and true of every state that the compiled model was seen in; from there, steps must be the same.
   */
  async #mustBePossible(lane: Lane, assumed: readonly Goal[], seen: CloseOptions['seen']): Promise<void> {
    const assumptions = this.#assumptions(assumed);
    if ((await lane.satisfy(assumptions.map(({ lit }) => lit))) === null)
      throw new Contradiction('no state satisfies everything that the proof assumes');
    if (seen === undefined) return;
    const claims = [...this.#valid.map((lit) => ({ id: 'the ranges of cells', lit })), ...assumptions];
    const steps = this.#tasks
      .flatMap((task) => this.#believed(task))
      .map((task) => ({ ...task, byChoice: task.strict !== null, ...this.#prepared(task) }));
    const representatives = this.#tasks === this.#represented ? this.#representatives : null;
    const difference = disagreement(this.#system, seen.concrete, { reached: seen.reached, claims, steps, representatives });
    if (difference !== null) throw new Contradiction(difference);
  }

  #assumptions(assumed: readonly Goal[]): readonly { readonly id: string; readonly lit: Lit }[] {
    return [...new Set([...assumed, ...this.#known, ...this.#facts.goals()])].map((goal) => ({ id: goal.id, lit: this.#termBefore(goal) }));
  }

  #allowed(lane: Lane, assumed: readonly Goal[]): Allowed {
    const possible = async (more: readonly Lit[]): Promise<boolean> => {
      this.#questions++;
      return (await lane.satisfy([...this.#assumptions(assumed).map(({ lit }) => lit), ...more])) !== null;
    };
    return {
      state: (condition) => possible([condition(this.#before)]),
      action: async (action) => {
        const tasks = this.#tasks.filter((task) => task.action === action);
        return possible([this.#system.terms.any(tasks.map((task) => this.#prepared(task.strict ?? task).enabled))]);
      },
      isTrivial: (goal) => this.#termBefore(goal) === TRUE,
    };
  }

  /** Whether no step breaks the goal where all of these held before. That they do is not asked. */
  async shows(assumed: readonly Goal[], goal: Goal): Promise<boolean> {
    this.#known = [];
    this.#tasks = this.#tasksFor([...assumed, goal]);
    return this.#withLanes(async ([lane]) => {
      for (const task of this.#tasks) if ((await this.#ask(lane as Lane, [task], assumed, [goal])) !== null) return false;
      return true;
    });
  }

  /** Weakens the facts about frames until every step keeps them. */
  async #settle(lanes: readonly Lane[], goals: readonly Goal[]): Promise<void> {
    for (let stale = this.#tasks; stale.length > 0; ) {
      for (const task of stale) task.settledAt = -1;
      await this.#pass(lanes, goals, 'frames', 'pauses', stale);
      // What was shown while the facts said more is shown again.
      stale = this.#tasks.filter((task) => task.settledAt !== this.#facts.version);
    }
  }

  /** Asks about every action, with `goals` and the facts assumed. */
  async #pass(
    lanes: readonly Lane[],
    goals: readonly Goal[],
    shown: readonly Goal[] | 'frames',
    text: string,
    tasks = this.#tasks,
  ): Promise<readonly Failure[]> {
    this.#passes++;
    const failures: Failure[] = [];
    const failed = new Set<string>();
    const waiting = [...tasks];
    let done = 0;
    const work = async (lane: Lane): Promise<void> => {
      const some = shown === 'frames' ? AT_ONCE : 1;
      for (let next = waiting.splice(0, some); next.length > 0; next = waiting.splice(0, some)) {
        if (shown === 'frames') await this.#weaken(lane, next, goals);
        else failures.push(...(await this.#show(lane, next, goals, shown, failed)));
        done += next.length;
        this.#progress(done, tasks.length, `${text}: ${next[0]?.action.name}`);
      }
    };
    await Promise.all(lanes.map(work));
    if (done !== tasks.length) throw new Error(`${done} of ${tasks.length} actions were looked at`);
    return failures;
  }

  async #show(
    lane: Lane,
    tasks: readonly Task[],
    assumed: readonly Goal[],
    shown: readonly Goal[],
    failed: Set<string>,
  ): Promise<readonly Failure[]> {
    const failures: Failure[] = [];
    for (;;) {
      const open = shown.filter(({ id }) => !failed.has(id));
      const failure = await this.#ask(lane, tasks, assumed, open);
      if (failure === null) return failures;
      for (const id of failure.broken) failed.add(id);
      failures.push(failure);
    }
  }

  async #weaken(lane: Lane, tasks: readonly Task[], assumed: readonly Goal[]): Promise<void> {
    for (;;) {
      const { version } = this.#facts;
      const failure = await this.#ask(lane, tasks, assumed, this.#facts.goals());
      if (failure === null) {
        for (const task of tasks) task.settledAt = version;
        return;
      }
      // Another lane may have weakened the same fact by as much while this one waited.
      if (!this.#facts.widen(failure.after) && this.#facts.version === version)
        throw new Error('a fact about frames is broken by a state that it allows');
    }
  }

  /** Whether one of the steps can break one of `shown`; by choice first, and where that breaks it as they are. */
  async #ask(lane: Lane, tasks: readonly Task[], assumed: readonly Goal[], shown: readonly Goal[]): Promise<Failure | null> {
    const by = shown.every(({ kind }) => kind === 'observed') ? 'facts' : 'goals';
    const isMisled = ({ misled }: Task): boolean => misled === 'goals' || misled === by;
    for (let asking = tasks.map((task) => (isMisled(task) ? (task.strict as Task) : task)); ; ) {
      const failure = await this.#askOnce(lane, asking, assumed, shown);
      if (failure === null || failure.task.strict === null) return failure;
      const { task } = failure;
      // Who is misled about the facts need not be about the goals.
      if (task.misled !== 'goals') task.misled = by;
      asking = asking.map((each) => (each === task ? (task.strict as Task) : each));
    }
  }

  async #askOnce(
    lane: Lane,
    tasks: readonly Task[],
    assumed: readonly Goal[],
    shown: readonly Goal[],
  ): Promise<(Failure & { readonly task: Task }) | null> {
    const { terms } = this.#system;
    const asked = tasks.flatMap((task) => {
      const question = this.#question(task, assumed, shown);
      return question === null
        ? []
        : [{ task, ...question, breaks: terms.and(question.enabled, terms.any(question.broken.map(({ lit }) => lit))) }];
    });
    const [first] = asked;
    if (first === undefined) return null;
    this.#questions++;
    const alone =
      asked.length === 1 ? first.lits : [...this.#assumptions(assumed).map(({ lit }) => lit), terms.any(asked.map(({ breaks }) => breaks))];
    const values = await lane.satisfy(alone);
    if (values === null) return null;
    const found = asked.find(({ breaks }) => isTrue(values, breaks));
    if (found === undefined) throw new SolverFailure('the solver gave values with which no step breaks anything');
    const { task, broken } = found;
    const { args, next } = this.#prepared(task);
    return {
      task,
      action: task.action,
      who: task.who,
      args: args.map((arg) => valueIn(values, arg)),
      before: this.#before.map((value) => valueIn(values, value)),
      after: next.map((value) => valueIn(values, value)),
      broken: broken.filter(({ lit }) => isTrue(values, lit)).map(({ goal }) => goal.id),
    };
  }

  /** The steps on whose terms answers may rest: who is misled about goals may have been asked about the facts before. */
  #believed(task: Task): readonly Task[] {
    return task.strict === null || task.misled === 'never' ? [task] : [task.strict, task];
  }

  /** Null: nothing needs to be asked. */
  #question(
    task: Task,
    assumed: readonly Goal[],
    shown: readonly Goal[],
  ): {
    readonly enabled: Lit;
    readonly lits: readonly Lit[];
    readonly broken: readonly { readonly goal: Goal; readonly lit: Lit }[];
  } | null {
    const { enabled } = this.#prepared(task);
    // That there is no step by choice would say nothing if choices were wrong: then the step as it is is looked at.
    if (enabled === FALSE) return task.strict === null ? null : this.#question(task.strict, assumed, shown);
    const broken = shown.map((goal) => ({ goal, lit: this.#brokenAfter(goal, task) })).filter(({ lit }) => lit !== FALSE);
    if (broken.length === 0) return null;
    const assumptions = this.#assumptions(assumed).map(({ lit }) => lit);
    return { enabled, lits: [...assumptions, enabled, this.#system.terms.any(broken.map(({ lit }) => lit))], broken };
  }

  /** All that is assumed of the state before a step. */
  assumptions(assumed: readonly Goal[]): readonly Lit[] {
    return [...this.#valid, ...this.#assumptions(assumed).map(({ lit }) => lit)];
  }

  /**
   * The questions of a pass, as terms: that a step breaks one of `shown` though all of `assumed`, and the facts, held before. Of the step as it is
   * where that by choice ever misled, or `asItIs`: to what no proof answers, only such a step is an answer.
   */
  obligations(assumed: readonly Goal[], shown: readonly Goal[], asItIs = false): readonly Obligation[] {
    return this.#tasksFor([...assumed, ...shown]).flatMap((wanted): Obligation[] => {
      const task = wanted.misled === 'never' && !asItIs ? wanted : (wanted.strict ?? wanted);
      const question = this.#question(task, assumed, shown);
      if (question === null) return [];
      const { lits, broken } = question;
      return [{ action: task.action, who: task.who, lits: [...this.#valid, ...lits], goals: broken.map(({ goal }) => goal.id) }];
    });
  }

  #prepared(task: Task): Prepared {
    task.prepared ??= this.#prepare(task);
    return task.prepared;
  }

  #prepare({ action, who, represented, strict }: Task): Prepared {
    const system = this.#system;
    const { terms } = system;
    const actor = constant(who);
    const { args, valid } = this.#argumentsOf(action, who);
    const stands = terms.and(valid, system.standsAt(action, this.#before, actor));
    const asked = { action, who, byChoice: strict !== null };
    const representatives = this.#representatives;
    const choosing = strict === null ? null : new Choosing(system, representatives, asked);
    // Who is chosen is not known before the step is looked at.
    const pivots = choosing === null ? representatives.pivots(asked) : representatives.beforeChoices(asked);
    const begins = represented ? terms.all(representatives.conditions(pivots, args, this.#before)) : TRUE;
    const { enabled, faults, next } = system.act(action, this.#before, actor, args, terms.and(stands, begins), choosing);
    const step = { args, faulty: terms.any(faults.map(({ cond }) => cond)), next };
    if (choosing === null) return { ...step, represents: begins, choices: [], enabled };
    const { choices, kinds, condition } = choosing;
    const chosen = choices.map(({ value }) => value);
    const represents = terms.all(representatives.conditions(representatives.pivots(asked, kinds), args, this.#before, chosen));
    return { ...step, represents, choices, enabled: terms.all([enabled, represents, condition]) };
  }

  /** Two steps of one action are given the same. */
  #argumentsOf(action: Action, who: number): { readonly args: readonly Num[]; readonly valid: Lit } {
    const key = `${action.agent} ${action.name} ${who}`;
    const known = this.#arguments.get(key);
    if (known !== undefined) return known;
    const free = this.#system.params(action).map(({ type }, at) => {
      const { lo, hi } = encodedRange(type);
      return freeNumber(this.#system.terms, argumentName(action, who, at), lo, hi);
    });
    const made = { args: free.map(({ num }) => num), valid: this.#system.terms.all(free.map(({ valid }) => valid)) };
    this.#arguments.set(key, made);
    return made;
  }

  #termBefore(goal: Goal): Lit {
    const known = this.#termsBefore.get(goal);
    if (known !== undefined) return known;
    const made = goal.holds(this.#before);
    this.#termsBefore.set(goal, made);
    return made;
  }

  /** FALSE also where the goal says the same after the step as before it. */
  #brokenAfter(goal: Goal, task: Task): Lit {
    const ofGoal = this.#termsAfter.get(goal) ?? new Map<Task, Lit>();
    this.#termsAfter.set(goal, ofGoal);
    const known = ofGoal.get(task);
    if (known !== undefined) return known;
    const { next, faulty } = this.#prepared(task);
    const same = goal.kind !== 'bounds' && goal.holds(next) === this.#termBefore(goal);
    const made = same ? FALSE : brokenAfter(this.#system, goal, next, faulty);
    ofGoal.set(task, made);
    return made;
  }

  #closed(proved: readonly Goal[], failures: readonly Failure[], roots: readonly string[]): Closed {
    return { proved, failures, roots, questions: this.#questions, passes: this.#passes };
  }

  async #withLanes<T>(work: (lanes: readonly Lane[]) => Promise<T>): Promise<T> {
    const lanes = Array.from({ length: this.#limits.lanes }, () => new Lane(this.#system.terms, this.#limits));
    try {
      await Promise.all(lanes.map((lane) => lane.assert(this.#valid)));
      return await work(lanes);
    } finally {
      for (const lane of lanes) lane.stop();
    }
  }
}
