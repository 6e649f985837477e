/**
 * A *proof* of an artefact, in order: short traces, for what breaks soon; random runs, for facts about pauses and for what they exercise;
 * induction, which closes an invariant for traces of any length; then, for what is still open, traces up to the bound. A violation
 * has been run on the compiled model and can be replayed; it is a shortest trace, or says that it comes from a random run.
 *
 * Always true: what two of these ways say contradictory things about is `unknown`, and with it everything that would have held.
 */
import type { Artefact } from '../compile/javascript.ts';
import { type Chosen, TransitionSystem } from '../compile/smt.ts';
import type { ProveOptions } from '../engine.ts';
import { type Outcome, type Vacuous, worst } from '../verdict.ts';
import { boundedTraces, type Violation } from './bounded.ts';
import { Concrete } from './concrete.ts';
import { Exercise } from './exercise.ts';
import { boundOfAll, type Finding, newFinding, rowOf, type Setting } from './finding.ts';
import { FrameFacts } from './frames.ts';
import { type Goal, goalsOf, NO_OVERFLOW } from './goals.ts';
import { Contradiction, Induction } from './induction.ts';
import { type Limits, tooWide, watchTheClock } from './lane.ts';
import { shortened } from './shorten.ts';
import { SolverFailure } from './solver.ts';
import { confirm, printSteps } from './trace.ts';
import { lookForVacuous, NOTHING, unexercised } from './vacuity.ts';

/** Traces that are asked about before induction is tried: what breaks at once need not wait, and says that lemmas don't fit this design. */
const SHORT = 2;
/** Steps of random runs. */
const WATCHED = 1_200_000;
/** Of these, where no induction follows. */
const GLANCED = 1 / 12;
const LANES = 2;

/** What is asked of whom, besides the options of the verb. */
export interface Subject {
  readonly artefact: Artefact;
  /** The sizes it was compiled for, as a counterexample records them. */
  readonly configuration: Readonly<Record<string, number>>;
  /** Milliseconds since the epoch at which everything must have ended. */
  readonly deadline: number;
  /** Steps of random runs, where the usual number would be many more than the model has use for. */
  readonly watched?: number;
}

export async function proveArtefact(subject: Subject, options: ProveOptions): Promise<Outcome> {
  return new Proof(subject, options).run();
}

class Proof {
  readonly #options: ProveOptions;
  readonly #configuration: Readonly<Record<string, number>>;
  readonly #system: TransitionSystem;
  readonly #concrete: Concrete;
  readonly #limits: Limits;
  /** All that hold in the first state; nobody may assume the others. */
  readonly #goals: readonly Goal[];
  readonly #findings: ReadonlyMap<string, Finding>;
  readonly #facts: FrameFacts;
  readonly #exercise: Exercise;
  readonly #figures: Record<string, number>;
  readonly #watched: number;
  readonly #began = performance.now();
  /** No trace of so many steps breaks a bound. */
  #boundsKept = 0;
  /** How a bound breaks that nobody asked about. */
  #boundBroken: string | null = null;
  /** Why nothing that would hold may be believed. */
  #distrust: string | null = null;
  #vacuous: readonly Vacuous[] = [];
  /** Of what was asked: runs that break it. */
  readonly #runs = new Map<string, readonly Chosen[]>();

  constructor({ artefact, configuration, deadline, watched = WATCHED }: Subject, options: ProveOptions) {
    this.#watched = watched;
    this.#options = options;
    this.#configuration = configuration;
    this.#system = new TransitionSystem(artefact.program);
    this.#concrete = new Concrete(artefact, this.#system);
    this.#limits = { solver: options.solver, signal: options.signal, deadline, lanes: LANES };
    watchTheClock(this.#system.terms, this.#limits);
    const goals = goalsOf(this.#system);
    const asked = options.invariants ?? goals.filter(({ kind }) => kind === 'invariant' || kind === 'bounds').map(({ id }) => id);
    this.#findings = new Map(asked.map((id) => [id, newFinding(id)]));
    const broken = this.#concrete.broken(this.#concrete.model.initial());
    this.#goals = goals.filter(({ id }) => !broken.includes(id));
    for (const id of broken) this.#violated(id, [], 'first state');
    this.#facts = new FrameFacts(this.#system);
    this.#exercise = new Exercise(this.#concrete, this.#facts, asked);
    this.#figures = { invariants: this.#findings.size, lemmas: goals.length - this.#findings.size, questions: 0, depth: options.depth };
  }

  async run(): Promise<Outcome> {
    const { depth } = this.#options;
    try {
      const sound = await this.#bounded(this.#goals, Math.min(SHORT, depth));
      // Lemmas are those of the specification: in a design where something breaks at once they carry nothing.
      if (sound && this.#open().length > 0 && depth > SHORT) await this.#inductively();
      if (this.#exercise.steps === 0) await this.#glance();
      if (this.#open().length > 0) await this.#bounded(this.#open(), depth);
    } catch (error) {
      if (error instanceof Contradiction) this.#distrust ??= error.message;
      else if (!(error instanceof SolverFailure)) throw error;
      else for (const { id } of this.#open()) this.#finding(id).detail = `the solver: ${error.message}`;
    }
    for (const [id, steps] of this.#runs) this.#brokenByRun(id, steps);
    return this.#outcome();
  }

  /** Those that are asked for and neither refuted nor closed nor covered up to the bound. */
  #open(): readonly Goal[] {
    return this.#goals.filter(({ id }) => {
      const finding = this.#findings.get(id);
      return finding !== undefined && finding.verdict !== 'violated' && !finding.everyDepth && finding.depth < this.#options.depth;
    });
  }

  #finding(id: string): Finding {
    const finding = this.#findings.get(id);
    if (finding === undefined) throw new Error(`nobody asked about ${id}`);
    return finding;
  }

  #seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  #isLate(): boolean {
    return Date.now() > this.#limits.deadline;
  }

  // --- traces ----------------------------------------------------------------------------------------------------------------

  /** Traces step by step. False if any of the goals, asked for or not, was broken. */
  async #bounded(goals: readonly Goal[], depth: number): Promise<boolean> {
    const proved = this.#goals.filter(({ id }) => this.#findings.get(id)?.everyDepth === true);
    const progress = (at: number, text: string): void => this.#options.progress(at, depth, text);
    let sound = true;
    const broken = ({ id }: Goal): number | undefined => this.#runs.get(id)?.length;
    for await (const report of boundedTraces(this.#system, goals, this.#limits, { depth, proved, broken, progress })) {
      for (const violation of report.violations) this.#brokenByTrace(violation);
      sound &&= report.violations.length === 0;
      if (report.reachable === false && this.#concrete.canTake(report.depth, this.#options.seed))
        throw new Contradiction(`the solver knows no trace of ${report.depth} steps, and the compiled model takes one`);
      const covered = report.reachable === false ? Number.POSITIVE_INFINITY : report.depth;
      if (report.holding.some(({ kind }) => kind === 'bounds')) this.#boundsKept = covered;
      for (const { id } of report.holding) {
        this.#holdsUpTo(id, Math.min(covered, this.#options.depth));
        // No trace is shorter than the run that is known.
        const run = this.#runs.get(id);
        if (run?.length === report.depth + 1 && covered === report.depth) this.#violated(id, run, 'bounded traces');
      }
    }
    return sound;
  }

  #brokenByTrace({ goal, depth, steps }: Violation): void {
    if (goal.kind === 'bounds' && !this.#findings.has(goal.id)) this.#boundBroken ??= `after ${depth} steps`;
    this.#violated(goal.id, steps, 'bounded traces');
  }

  #holdsUpTo(id: string, depth: number): void {
    const finding = this.#findings.get(id);
    if (finding === undefined || finding.everyDepth) return;
    finding.depth = depth;
    finding.method = 'bounded traces';
    finding.seconds = this.#seconds();
    if (depth < this.#options.depth) return;
    finding.verdict = this.#boundBroken === null ? 'holds' : 'unknown';
    if (this.#boundBroken !== null) {
      finding.detail = `a bound of the model is broken ${this.#boundBroken}, and what follows was not looked at; see --invariant ${NO_OVERFLOW}`;
    }
  }

  #violated(id: string, steps: readonly Chosen[], method: Finding['method']): void {
    const finding = this.#findings.get(id);
    if (finding === undefined) return;
    const { design, seed, out } = this.#options;
    const file = confirm(this.#system, this.#concrete, steps, { design, seed, breaks: id, limits: this.#configuration }, out);
    finding.method = method;
    finding.kept = finding.depth;
    finding.depth = steps.length;
    finding.seconds = this.#seconds();
    if (file === null) throw new Contradiction(`the solver claimed a violation of ${id} that the compiled model does not show`);
    finding.counterexample = file;
    finding.verdict = 'violated';
    finding.detail = printSteps(this.#system, steps);
  }

  // --- random runs -----------------------------------------------------------------------------------------------------------

  async #watch(steps: number): Promise<void> {
    this.#options.progress(0, null, 'watching random runs');
    const { signal, seed } = this.#options;
    const asked = this.#open();
    const isDone = (): boolean => asked.length > 0 && asked.every(({ id }) => this.#exercise.broken.has(id));
    await this.#exercise.run(seed, steps, () => signal.aborted || this.#isLate() || isDone());
    for (const [id, path] of this.#exercise.broken) {
      if (this.#findings.get(id)?.verdict !== 'unknown') continue;
      const run = shortened(this.#system, this.#concrete, { path, id, stop: () => this.#isLate() });
      if (run === null) throw new Error(`a random run broke ${id}, and broke it no more when it was run again`);
      this.#runs.set(id, run);
    }
    if (this.#exercise.broken.has(NO_OVERFLOW) && !this.#findings.has(NO_OVERFLOW)) this.#boundBroken ??= 'by a random run';
  }

  /** A shorter look where no induction needs a longer one: what breaks sooner or later, and is what holds about something? */
  async #glance(): Promise<void> {
    if ([...this.#findings.values()].every(({ verdict }) => verdict === 'violated')) return;
    const steps = Math.ceil(this.#watched * GLANCED);
    await this.#watch(steps);
    if (this.#exercise.steps >= steps) this.#vacuous = unexercised(this.#system, this.#exercise, NOTHING);
  }

  /** What no trace within the bound breaks may break later; what holds at every depth or at this one can't. */
  #brokenByRun(id: string, steps: readonly Chosen[]): void {
    const finding = this.#finding(id);
    if (finding.verdict === 'violated') return;
    if (finding.everyDepth || steps.length <= finding.depth) {
      this.#distrust ??= `${id} was proved for traces of ${finding.everyDepth ? 'any number of' : finding.depth} steps, and ${steps.length} steps break it`;
      return;
    }
    this.#violated(id, steps, 'random runs');
  }

  // --- induction -------------------------------------------------------------------------------------------------------------

  /** Induction over all goals at once, with frame facts; closes what carries itself. */
  async #inductively(): Promise<void> {
    await this.#watch(this.#watched);
    const { broken, samples } = this.#exercise;
    // Goals are shown for steps that break no bound; without the rest they say nothing. Of what runs break only a shortest trace is wanted.
    if (broken.has(NO_OVERFLOW) || this.#open().every(({ id }) => broken.has(id))) return;
    // Traces begin where every number is known, and may be asked about all the same.
    if (tooWide(this.#system, 'states') !== null) return;
    const progress = (done: number, total: number, text: string): void => this.#options.progress(done, total, text);
    const induction = new Induction(this.#system, this.#facts, this.#limits, progress);
    const open = new Set(this.#open().map(({ id }) => id));
    const { proved, questions } = await induction.close(
      this.#goals.filter(({ id }) => !broken.has(id)),
      // That no trace breaks a bound makes what is shown of the others good for all.
      ({ id, kind }) => open.has(id) || kind === 'bounds',
      {
        seen: { concrete: this.#concrete, reached: samples },
        inspect: async (allowed) => {
          const asked = this.#goals.filter(({ id }) => this.#findings.has(id));
          this.#vacuous = await lookForVacuous(this.#system, this.#exercise, asked, allowed);
        },
      },
    );
    this.#figures.questions = questions;
    if (!proved.some(({ kind }) => kind === 'bounds')) return;
    this.#boundsKept = Number.POSITIVE_INFINITY;
    for (const { id } of proved) {
      const finding = this.#findings.get(id);
      if (finding === undefined || finding.verdict === 'violated') continue;
      finding.verdict = 'holds';
      finding.everyDepth = true;
      finding.depth = this.#options.depth;
      finding.method = 'induction';
      // All are closed together; each has its share of the time.
      finding.seconds = this.#seconds() / proved.length;
    }
  }

  // --- the end ---------------------------------------------------------------------------------------------------------------

  #outcome(): Outcome {
    const { sockets, threads, design, depth } = this.#options;
    const setting: Setting = { depth, boundsKept: this.#boundsKept, where: `${sockets} sockets, ${threads} threads, design ${design}` };
    const findings = [...this.#findings.values()];
    if (this.#distrust !== null) for (const finding of findings) distrusted(finding, this.#distrust);
    const results = findings.map((finding) => rowOf(finding, setting));
    const { steps, states } = this.#exercise;
    return {
      verdict: worst(results.map(({ verdict }) => verdict)),
      bound: boundOfAll(findings, setting),
      results,
      figures: {
        ...this.#figures,
        closedByInduction: findings.filter(({ everyDepth }) => everyDepth).length,
        watchedSteps: steps,
        watchedStates: states,
      },
      // Of what doesn't hold nobody asks whether it was about anything.
      ...(this.#vacuous.length === 0 || findings.every(({ verdict }) => verdict !== 'holds') ? {} : { vacuous: this.#vacuous }),
    };
  }
}

/** Violations were run and stand; nothing else does. */
function distrusted(finding: Finding, why: string): void {
  if (finding.verdict === 'violated') return;
  finding.verdict = 'unknown';
  finding.everyDepth = false;
  finding.depth = 0;
  finding.detail = `${why}; this is a fault of sockref, not of the model, and nothing is claimed`;
}
