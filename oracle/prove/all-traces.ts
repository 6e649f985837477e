/**
 * A *proof for all traces*: no depth counts, an invariant is closed for traces of every length or it is not. Lemmas are judged like
 * invariants. The ways, in this order, each for what those before it left open:
 *
 *   all states      the explorer comes to an end: what is true of every state holds                        (states.ts)
 *   induction       no step leads from what is assumed to what breaks it                                   (induction.ts)
 *   k-induction     the same of k steps, k ≤ 4, where no trace of fewer breaks it                          (k-induction.ts)
 *   Spacer          Z3 finds a set of states that no step leaves; what it finds is shown by induction      (spacer.ts)
 *   lemmas          those that were found against a counterexample to induction, with induction          (explain.ts)
 *   more states     once more the explorer, for as long as there is room: to refute, or to come to an end
 *
 * Violations come from the explorer, from random runs or from bounded traces, are run on the compiled model, and can be replayed.
 *
 * Always true: what two of these ways say contradictory things about is `unknown`, and with it everything that would have been closed.
 */
import type { Artefact } from '../compile/javascript.ts';
import { type Chosen, TransitionSystem } from '../compile/smt.ts';
import { TRUE } from '../compile/term.ts';
import type { ProveOptions } from '../engine.ts';
import type { Outcome, Vacuous } from '../verdict.ts';
import { Answers, KeptWrong } from './answers.ts';
import { boundedTraces } from './bounded.ts';
import { Concrete, type ConcreteStep } from './concrete.ts';
import type { Candidate } from './candidates.ts';
import { Exercise } from './exercise.ts';
import { explain, type Explaining } from './explain.ts';
import { FrameFacts } from './frames.ts';
import { type Goal, goalsOf, NO_OVERFLOW } from './goals.ts';
import { Contradiction, type Failure, Induction } from './induction.ts';
import { closeByK } from './k-induction.ts';
import { type Limits, watchTheClock } from './lane.ts';
import { closeWithLemmas } from './missing-lemmas.ts';
import { follow, shortened } from './shorten.ts';
import { SolverFailure } from './solver.ts';
import { askSpacer } from './spacer.ts';
import { newStanding, outcomeOf, type Standing, type Way } from './standing.ts';
import { States } from './states.ts';
import { confirm, printSteps } from './trace.ts';
import { lookForVacuous, NOTHING, unexercised } from './vacuity.ts';

/** States that are looked at before a solver is asked: a second or two. */
const FIRST_STATES = 100_000;
/** And where all else failed. */
const MOST_STATES = 4_000_000;
const MEMORY_BYTES = 512 * 2 ** 20;
/** Steps of random runs. */
const WATCHED = 1_200_000;
const LARGEST_K = 4;
/** Of the time that is left: for each k, for traces that refute, for more states. What is left then is for explanations. */
const SHARE_OF_A_K = 1 / 8;
const SHARE_OF_TRACES = 1 / 5;
const SHARE_OF_STATES = 1 / 4;
/** The longest of these where Spacer says that there is one. */
const LONGEST = 64;
const LANES = 2;
/** Spacer's part of the time that is left, for each goal that is open. */
const SPACERS_SHARE = 1 / 3;
/** And at most so many seconds for all of them. */
const SPACERS_SECONDS = 60;

const FOUND = 'induction with lemmas that were found';
export const WAYS = ['all states', 'induction', 'k-induction', 'Spacer', FOUND] as const satisfies readonly Way[];

export interface AllTracesSubject {
  readonly artefact: Artefact;
  /** The sizes it was compiled for, as a counterexample records them. */
  readonly configuration: Readonly<Record<string, number>>;
  /** Milliseconds since the epoch at which everything must have ended. */
  readonly deadline: number;
  /** Steps of random runs, where the usual number would be many more than the model has use for. */
  readonly watched?: number;
  /** Only these ways; all without it. */
  readonly ways?: readonly (typeof WAYS)[number][];
  /** States that are looked at at first, and at most. */
  readonly states?: { readonly first: number; readonly most: number };
}

export async function proveAllTraces(subject: AllTracesSubject, options: ProveOptions): Promise<Outcome> {
  const answers = options.cache === undefined || options.cache === null ? null : new Answers(options.cache, options.solver);
  try {
    const outcome = await new AllTraces(subject, options, answers).run();
    if (answers === null) return outcome;
    answers.save();
    const { spared, askedAgain, refused } = answers;
    const read = spared + askedAgain === 0 ? '' : `; ${spared} answers are from ${options.cache}, ${askedAgain} more were asked again`;
    return { ...outcome, bound: `${outcome.bound}${read}`, figures: { ...outcome.figures, spared, askedAgain, refused } };
  } catch (error) {
    if (!(error instanceof KeptWrong)) throw error;
    options.progress(0, null, `${error.message}: everything is asked`);
    const outcome = await new AllTraces(subject, options, null).run();
    return { ...outcome, bound: `${outcome.bound}; ${error.message}, so that nothing was taken from there` };
  }
}

class AllTraces {
  readonly #options: ProveOptions;
  readonly #subject: AllTracesSubject;
  readonly #ways: readonly Way[];
  readonly #system: TransitionSystem;
  readonly #concrete: Concrete;
  readonly #limits: Limits;
  readonly #standings: readonly Standing[];
  readonly #facts: FrameFacts;
  readonly #exercise: Exercise;
  readonly #states: States;
  #made: Induction | null = null;
  readonly #began = performance.now();
  #failures: readonly Failure[] = [];
  /** Goals that induction fails first; others are open because these are. */
  #roots: readonly Standing[] = [];
  /** What is shown of every state that can be reached, with what the proofs of it lean on. */
  #known: readonly Goal[] = [];
  #questions = 0;
  /** Ids of goals of which Spacer says that a trace breaks them. */
  readonly #saidToBreak = new Set<string>();
  #distrust: string | null = null;
  #vacuous: readonly Vacuous[] = [];

  constructor(subject: AllTracesSubject, options: ProveOptions, answers: Answers | null) {
    const { artefact, deadline, ways = WAYS } = subject;
    this.#subject = subject;
    this.#options = options;
    this.#ways = ways;
    this.#system = new TransitionSystem(artefact.program);
    this.#concrete = new Concrete(artefact, this.#system);
    this.#limits = { solver: options.solver, signal: options.signal, deadline, lanes: LANES, answers };
    watchTheClock(this.#system.terms, this.#limits);
    const { invariants, lemmas } = artefact.program;
    const places = new Map([...invariants, ...lemmas].map(({ id, file, line }) => [id, `${file}:${line}`]));
    this.#standings = goalsOf(this.#system).map((goal) => newStanding(goal, places.get(goal.id) ?? null));
    const asked = options.invariants ?? this.#standings.map(({ goal }) => goal.id);
    this.#facts = new FrameFacts(this.#system);
    this.#exercise = new Exercise(this.#concrete, this.#facts, asked);
    this.#states = new States(artefact.program, MEMORY_BYTES);
    if (this.#states.words !== artefact.layout.words) throw new Error('the explorer has other states than the compiled model');
  }

  get #induction(): Induction {
    const progress = (done: number, total: number, text: string): void => this.#options.progress(done, total, text);
    this.#made ??= new Induction(this.#system, this.#facts, this.#limits, progress);
    return this.#made;
  }

  async run(): Promise<Outcome> {
    for (const id of this.#concrete.broken(this.#concrete.model.initial())) this.#violated(id, [], 'first state');
    try {
      if (this.#may('all states')) await this.#explore(this.#subject.states?.first ?? FIRST_STATES);
      if (this.#open().length > 0) await this.#watch();
      if (this.#may('induction')) await this.#attempt('induction', 1, () => this.#inductively());
      for (let k = 2; k <= LARGEST_K && this.#may('k-induction'); k++) {
        await this.#attempt(`${k}-induction`, SHARE_OF_A_K, (limits) => this.#byK(k, limits));
      }
      if (this.#may('Spacer')) await this.#spacer();
      if (this.#wanted().length > 0) await this.#attempt('traces', SHARE_OF_TRACES, (limits) => this.#follow(limits));
      const open = this.#hard();
      if (this.#may('all states')) await this.#explore(this.#subject.states?.most ?? MOST_STATES, SHARE_OF_STATES);
      for (const standing of open) if (standing.broken === null) await this.#explain(standing);
    } catch (error) {
      if (!(error instanceof Contradiction)) throw error;
      this.#distrust ??= error.message;
    }
    this.#mindBounds();
    return this.#outcome();
  }

  // --- where the goals stand -------------------------------------------------------------------------------------------------

  #may(way: Way): boolean {
    return this.#ways.includes(way) && this.#wanted().length > 0;
  }

  /** Open and asked for; that no bound is broken always is, since the others lean on it. */
  #wanted(): readonly Standing[] {
    const { invariants } = this.#options;
    return this.#open().filter(
      ({ goal }) => goal.kind === 'bounds' || (goal.kind !== 'padding' && (invariants === null || invariants.includes(goal.id))),
    );
  }

  /** Of these the ones that the others lean on, if that is known. */
  #hard(): readonly Standing[] {
    const roots = this.#open().filter((standing) => this.#roots.includes(standing));
    return roots.length > 0 ? roots : this.#wanted();
  }

  /** Neither closed nor broken: those that are asked for, and what may help them. */
  #open(): readonly Standing[] {
    return this.#standings.filter(({ closed, broken }) => closed === null && broken === null);
  }

  #standing(id: string): Standing {
    const standing = this.#standings.find(({ goal }) => goal.id === id);
    if (standing === undefined) throw new Error(`there is no goal ${id}`);
    return standing;
  }

  #close(goals: readonly Goal[], way: Way, k: number | null): void {
    const seconds = this.#seconds() / Math.max(1, goals.length);
    for (const goal of goals) {
      const standing = this.#standings.find((each) => each.goal === goal);
      if (standing === undefined) continue;
      if (standing.broken !== null) throw new Contradiction(`${goal.id} was closed by ${way}, and a trace breaks it`);
      if (standing.closed !== null) continue;
      standing.closed = { way, k };
      // Those that are closed together have each their share of the time.
      standing.seconds = seconds;
    }
  }

  #seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  readonly #isLate = (): boolean => this.#options.signal.aborted || Date.now() > this.#limits.deadline;

  /** Of all that are open. */
  #note(words: string): void {
    for (const { notes } of this.#open()) if (!notes.includes(words)) notes.push(words);
  }

  /** What fails is noted with the solver's words, and the next may try. `share`: of the time that is left. */
  async #attempt(what: string, share: number, work: (limits: Limits) => Promise<void>): Promise<void> {
    const limits = { ...this.#limits, deadline: Date.now() + (this.#limits.deadline - Date.now()) * share };
    watchTheClock(this.#system.terms, limits);
    try {
      if (this.#isLate()) this.#note(this.#options.signal.aborted ? 'the proof was interrupted' : 'the time limit was reached');
      else await work(limits);
    } catch (error) {
      if (!(error instanceof SolverFailure)) throw error;
      this.#note(`${what}: the solver: ${error.message}`);
    } finally {
      watchTheClock(this.#system.terms, this.#limits);
    }
  }

  /** What was shown of traces that stay within the bounds is nothing for all traces, where a trace may leave them. */
  #mindBounds(): void {
    const bounds = this.#standing(NO_OVERFLOW);
    if (bounds.closed !== null) return;
    const why = bounds.broken === null ? 'may be' : 'is';
    for (const standing of this.#standings) {
      if (standing.closed === null) continue;
      standing.notes.push(
        `${standing.closed.way} closes it for traces that stay within the bounds of the model; one ${why} broken, and what follows was not looked at: see ${NO_OVERFLOW}`,
      );
      standing.closed = null;
    }
  }

  // --- violations ------------------------------------------------------------------------------------------------------------

  #violated(id: string, steps: readonly Chosen[], method: string): void {
    const standing = this.#standing(id);
    if (standing.broken !== null && standing.broken.steps <= steps.length) return;
    if (standing.closed !== null) throw new Contradiction(`${id} was closed by ${standing.closed.way}, and ${steps.length} steps break it`);
    const { design, seed, out } = this.#options;
    const trace = { design, seed, breaks: id, limits: this.#subject.configuration };
    const file = confirm(this.#system, this.#concrete, steps, trace, out);
    if (file === null) throw new Contradiction(`a violation of ${id} was claimed that the compiled model does not show`);
    standing.broken = { method, steps: steps.length, file, text: printSteps(this.#system, steps) };
    standing.seconds = this.#seconds();
  }

  /** Steps of the compiled model that break a goal at their end. */
  #brokenBy(id: string, path: readonly ConcreteStep[], method: string): void {
    const steps = follow(this.#system, this.#concrete, path, id);
    if (steps === null) throw new Contradiction(`${method} broke ${id}, and the compiled model does not`);
    this.#violated(id, steps, method);
  }

  // --- states ----------------------------------------------------------------------------------------------------------------

  async #explore(most: number, share = 1): Promise<void> {
    const before = this.#states.count;
    const until = Date.now() + (this.#limits.deadline - Date.now()) * share;
    const stop = (): boolean => this.#isLate() || Date.now() > until;
    await this.#states.grow(most, stop, (states) => this.#options.progress(states, null, `looking at states: ${states}`));
    for (const standing of this.#standings) standing.followed = Math.max(standing.followed, this.#states.depth);
    for (const { id, steps } of this.#states.broken()) this.#brokenBy(id, steps, 'all states');
    if (!this.#states.complete) {
      if (this.#states.count === before) return;
      const words = `all states: ${this.#states.count.toLocaleString('en-US')} were looked at, and there are more`;
      for (const { notes } of this.#open()) {
        const known = notes.findIndex((note) => note.startsWith('all states: '));
        if (known >= 0) notes[known] = words;
        else notes.push(words);
      }
      return;
    }
    this.#close(
      this.#open().map(({ goal }) => goal),
      'all states',
      null,
    );
    await this.#meetAll();
  }

  /** What no state and no step exercises, where there are no others. */
  async #meetAll(): Promise<void> {
    for (const step of this.#states.taken()) this.#exercise.taken(step);
    await this.#states.each((words) => {
      this.#exercise.visit(this.#concrete.cells.read(words), words, () => []);
      return true;
    }, this.#isLate);
    // Of conditions that were not looked at in every state nobody knows whether one meets them.
    if (this.#isLate()) return;
    const { actions } = this.#system;
    const idle = new Set(actions.filter((action) => !this.#exercise.hasTaken(action)));
    this.#vacuous = unexercised(this.#system, this.#exercise, { idle, unmet: new Set(this.#exercise.dormant) });
  }

  async #watch(): Promise<void> {
    this.#options.progress(0, null, 'watching random runs');
    await this.#exercise.run(this.#options.seed, this.#subject.watched ?? WATCHED, this.#isLate);
    for (const [id, path] of this.#exercise.broken) {
      if (this.#standing(id).broken !== null) continue;
      const steps = shortened(this.#system, this.#concrete, { path, id, stop: this.#isLate });
      if (steps === null) throw new Error(`a random run broke ${id}, and broke it no more when it was run again`);
      this.#violated(id, steps, 'random runs');
    }
    this.#vacuous = unexercised(this.#system, this.#exercise, NOTHING);
  }

  /** Traces as far as asked for, or as the time goes: what is open may break. */
  async #follow(limits: Limits): Promise<void> {
    const depth = this.#saidToBreak.size > 0 ? LONGEST : this.#options.depth;
    const goals = this.#wanted().map(({ goal }) => goal);
    const progress = (at: number, text: string): void => this.#options.progress(at, depth, text);
    for await (const report of boundedTraces(this.#system, goals, limits, { depth, proved: this.#known, progress })) {
      for (const { goal, steps } of report.violations) this.#violated(goal.id, steps, 'bounded traces');
      if (report.reachable === false) return;
      for (const { id } of report.holding) this.#standing(id).followed = Math.max(this.#standing(id).followed, report.depth);
      if (report.depth >= this.#options.depth && report.holding.every(({ id }) => !this.#saidToBreak.has(id))) return;
    }
  }

  // --- the solver ------------------------------------------------------------------------------------------------------------

  get #seen() {
    return { concrete: this.#concrete, reached: this.#exercise.samples };
  }

  async #inductively(): Promise<void> {
    const inspect = async (allowed: Parameters<typeof lookForVacuous>[3]): Promise<void> => {
      const asked = this.#standings.map(({ goal }) => goal);
      this.#vacuous = await lookForVacuous(this.#system, this.#exercise, asked, allowed);
    };
    const goals = this.#open().map(({ goal }) => goal);
    const { proved, failures, roots } = await this.#induction.close(goals, () => true, { seen: this.#seen, inspect });
    this.#failures = failures;
    this.#roots = roots.map((id) => this.#standing(id));
    this.#shown(proved, 'induction');
    for (const { goal, notes } of this.#open()) {
      notes.push('induction does not close it');
      if (roots.length > 0 && !roots.includes(goal.id))
        notes.push(`it leans on what is not closed: with ${names(this.#roots)} induction would close it`);
    }
  }

  /** By induction. Facts about pauses are shown together with the goals that are. */
  #shown(proved: readonly Goal[], way: Way): void {
    if (proved.length > 0) this.#known = [...new Set([...this.#known, ...proved, ...this.#facts.goals()])];
    this.#close(proved, way, null);
  }

  /** Something was closed otherwise: what leans on it may carry itself now. */
  async #again(): Promise<void> {
    const goals = this.#open().map(({ goal }) => goal);
    if (goals.length === 0) return;
    const { proved } = await this.#induction.close(goals, () => true, { seen: this.#seen, known: this.#known });
    this.#shown(proved, 'induction');
  }

  async #byK(k: number, limits: Limits): Promise<void> {
    this.#options.progress(k, LARGEST_K, `${k}-induction`);
    const open = this.#open().map(({ goal }) => goal);
    const canTake = (steps: number): boolean => this.#concrete.canTake(steps, this.#options.seed);
    const { proved, questions } = await closeByK(this.#system, limits, { k, open, known: this.#known, canTake, seen: this.#seen });
    this.#questions += questions;
    this.#known = [...this.#known, ...proved];
    this.#close(proved, 'k-induction', k);
    if (proved.length > 0) await this.#again();
    this.#note(`${k}-induction does not close it`);
  }

  async #spacer(): Promise<void> {
    const wanted = this.#hard();
    const until = Math.min(Date.now() + SPACERS_SECONDS * 1000, Date.now() + (this.#limits.deadline - Date.now()) * SPACERS_SHARE);
    for (const [at, standing] of wanted.entries()) {
      const { goal, notes } = standing;
      if (standing.closed !== null) continue;
      this.#options.progress(at, wanted.length, `Spacer: ${goal.id}`);
      const deadline = Date.now() + (until - Date.now()) / (wanted.length - at);
      const answer = await this.#askSpacer(goal, deadline);
      if (answer !== null) notes.push(answer);
    }
  }

  /** Its words, where they close nothing. */
  async #askSpacer(goal: Goal, deadline: number): Promise<string | null> {
    try {
      this.#questions++;
      const answer = await askSpacer(this.#system, { ...this.#limits, deadline }, goal, this.#known);
      if (answer.kind === 'unknown') return answer.words;
      if (answer.kind === 'breaks') {
        this.#saidToBreak.add(goal.id);
        return 'Spacer says that a trace breaks it, and gives none';
      }
      if (answer.goal.holds(this.#system.initial) !== TRUE) return 'Spacer gave a set of states that the first is not in';
      const shown = await this.#induction.close([answer.goal, goal], (each) => each === goal, { seen: this.#seen, known: this.#known });
      if (!shown.proved.includes(goal)) return 'Spacer gave a set of states that does not show it';
      this.#known = [...this.#known, answer.goal, goal];
      this.#close([goal], 'Spacer', null);
      await this.#again();
      return null;
    } catch (error) {
      if (error instanceof SolverFailure) return `Spacer: the solver: ${error.message}`;
      throw error;
    }
  }

  // --- why not ---------------------------------------------------------------------------------------------------------------

  /** Of what induction did not close. Where lemmas that were found do, that is a proof like any other. */
  async #explain(standing: Standing): Promise<void> {
    const { goal, remarks } = standing;
    const failure = this.#failures.find(({ broken }) => broken.includes(goal.id));
    if (failure === undefined) return;
    const { lines, reached, candidates } = await explain(this.#explaining, failure, goal.id);
    if (reached !== null) this.#brokenBy(goal.id, reached, 'all states');
    if (standing.broken !== null) return;
    remarks.push(...lines);
    await this.#attempt('lemmas', 1, async () => {
      const leans = await this.#leansOnWrong(goal);
      if (leans !== null) remarks.push(leans);
      else if (candidates.length > 0 && this.#ways.includes(FOUND)) await this.#closeWith(candidates, standing);
    });
  }

  async #closeWith(candidates: readonly Candidate[], { goal, remarks }: Standing): Promise<void> {
    const others = this.#open().map((each) => each.goal);
    const options = { seen: this.#seen, known: this.#known };
    const found = await closeWithLemmas(this.#induction, this.#explaining, options, { goal, others, candidates });
    if (found === null) return;
    remarks.push('induction closes it with', ...found.needed.map(({ text }) => `    ${text}`));
    this.#known = [...new Set([...this.#known, ...found.shown])];
    this.#close([goal, ...found.shown], FOUND, null);
  }

  get #explaining(): Explaining {
    const [system, concrete, facts, states] = [this.#system, this.#concrete, this.#facts, this.#states];
    return { system, concrete, facts, states, seed: this.#options.seed, watched: this.#subject.watched ?? WATCHED, stop: this.#isLate };
  }

  /** Whether induction would close it if lemmas were true that are false; null: it would not. */
  async #leansOnWrong(goal: Goal): Promise<string | null> {
    const others = this.#standings.filter((each) => each.goal !== goal && each.broken === null).map((each) => each.goal);
    const carries = (some: readonly Standing[]): Promise<boolean> =>
      this.#induction.shows([...others, goal, ...some.map((each) => each.goal)], goal);
    let needed = this.#standings.filter(({ broken }) => broken !== null);
    if (needed.length === 0 || !(await carries(needed))) return null;
    for (const each of needed) {
      const fewer = needed.filter((other) => other !== each);
      if (await carries(fewer)) needed = fewer;
    }
    return `it leans on what is false: with ${names(needed)} induction would close it`;
  }

  // --- the end ---------------------------------------------------------------------------------------------------------------

  #outcome(): Outcome {
    const { sockets, threads, design, invariants } = this.#options;
    const { steps, states } = this.#exercise;
    return outcomeOf(this.#standings, {
      invariants,
      distrust: this.#distrust,
      where: `${sockets} sockets, ${threads} threads, design ${design}`,
      figures: {
        questions: this.#questions + (this.#made?.questions ?? 0),
        states: this.#states.count,
        watchedSteps: steps,
        watchedStates: states,
      },
      vacuous: this.#vacuous,
    });
  }
}

/** For people, with their places. */
function names(standings: readonly Standing[]): string {
  return standings.map(({ goal: { id, kind }, place }) => `${kind} ${id}${place === null ? '' : ` (${place})`}`).join(', ');
}
