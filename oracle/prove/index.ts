/**
 * *prove*: invariants of the specification by Z3, each with its own verdict. First short traces, for what breaks soon; then induction,
 * which closes an invariant for traces of any length; then, for what is still open, traces up to the bound. A violation is always
 * a shortest trace, has been run on the compiled model, and can be replayed. Where the time ends the verdict is `unknown`.
 */
import type { ProveOptions } from '../engine.ts';
import { packageRoot } from '../root.ts';
import { DESIGNS, specificationArtefact, specificationSources } from '../specification.ts';
import { TransitionSystem } from '../compile/smt.ts';
import { type Outcome, type Row, type Verdict, worst } from '../verdict.ts';
import { boundedTraces, type Violation } from './bounded.ts';
import { Concrete } from './concrete.ts';
import { FrameFacts } from './frames.ts';
import { type Goal, goalsOf, NO_OVERFLOW } from './goals.ts';
import { Induction } from './induction.ts';
import type { Limits } from './lane.ts';
import { SolverFailure } from './solver.ts';
import { confirm, printSteps } from './trace.ts';

/** Traces that are asked about before induction is tried: what breaks at once need not wait, and says that lemmas don't fit this design. */
const SHORT = 2;
/** Steps of random runs from which frame facts are read. */
const WATCHED = 1_200_000;
const LANES = 2;

export function listDesigns(): readonly string[] {
  return DESIGNS;
}

/** The ids of model/invariants.ts, without compiling it. */
export function listInvariants(): readonly string[] {
  const source = specificationSources()['model/invariants.ts'] ?? '';
  const body = /\nexport const invariants\b[^\n]*\{\n([\s\S]*?)\n\};/.exec(source)?.[1];
  if (body === undefined) throw new Error(`the invariants were not found in model/invariants.ts of ${packageRoot()}`);
  return [...[...body.matchAll(/^ {2}'([^']+)':/gm)].map((match) => match[1] as string), NO_OVERFLOW];
}

/** What is known of one invariant so far. */
interface Finding {
  readonly id: string;
  verdict: Verdict;
  method: string;
  /** Traces of this length and shorter are covered. */
  depth: number;
  everyDepth: boolean;
  seconds: number;
  counterexample: string | null;
  detail: string | null;
}

interface Work {
  readonly options: ProveOptions;
  readonly system: TransitionSystem;
  readonly concrete: Concrete;
  readonly limits: Limits;
  readonly configuration: Readonly<Record<string, number>>;
  readonly findings: ReadonlyMap<string, Finding>;
  readonly began: number;
  /** Depth at which a bound was broken that nobody asked about. */
  boundBrokenAt: number | null;
}

export async function prove(options: ProveOptions): Promise<Outcome> {
  const began = performance.now();
  const configuration = { SOCKETS: options.sockets, PCBS: options.sockets, THREADS: options.threads };
  options.progress(0, null, 'compiling the specification');
  const artefact = await specificationArtefact(options.design, configuration);
  const system = new TransitionSystem(artefact.program);
  const goals = goalsOf(system);
  const asked = options.invariants ?? goals.filter(({ kind }) => kind === 'invariant' || kind === 'bounds').map(({ id }) => id);
  const work: Work = {
    options,
    system,
    concrete: new Concrete(artefact, system),
    limits: { solver: options.solver, signal: options.signal, deadline: Date.now() + options.timeoutSeconds * 1000, lanes: LANES },
    configuration,
    findings: new Map(
      asked.map((id) => [
        id,
        { id, verdict: 'unknown', method: 'none', depth: 0, everyDepth: false, seconds: 0, counterexample: null, detail: null },
      ]),
    ),
    began,
    boundBrokenAt: null,
  };
  const figures = { invariants: asked.length, lemmas: goals.length - asked.length, questions: 0, depth: options.depth };
  try {
    initially(work, goals);
    const sound = await bounded(work, goals, [], Math.min(SHORT, options.depth));
    // Lemmas are those of the specification: in a design where something breaks at once they carry nothing.
    if (sound && open(work).length > 0 && options.depth > SHORT) figures.questions = await inductively(work, goals);
    const left = goals.filter(({ id }) => open(work).includes(id));
    const proved = goals.filter(({ id }) => work.findings.get(id)?.everyDepth === true);
    if (left.length > 0) await bounded(work, left, proved, options.depth);
  } catch (error) {
    if (!(error instanceof SolverFailure)) throw error;
    for (const id of open(work)) (work.findings.get(id) as Finding).detail = `the solver: ${error.message}`;
  }
  return outcome(work, figures);
}

/** Those that are neither refuted nor closed nor covered up to the bound. */
function open({ findings, options }: Work): readonly string[] {
  return [...findings.values()].filter((f) => f.verdict !== 'violated' && !f.everyDepth && f.depth < options.depth).map(({ id }) => id);
}

function seconds({ began }: Work): number {
  return (performance.now() - began) / 1000;
}

/** The initial state itself: a trace of no steps. */
function initially(work: Work, goals: readonly Goal[]): void {
  const broken = new Set(work.concrete.broken(work.concrete.model.initial()));
  for (const { id } of goals) if (broken.has(id)) violated(work, { goal: { id, kind: 'invariant', holds: () => 0 }, depth: 0, steps: [] });
}

/** Traces step by step. False if any goal, asked for or not, was broken. */
async function bounded(work: Work, goals: readonly Goal[], proved: readonly Goal[], depth: number): Promise<boolean> {
  const { system, limits, options, findings } = work;
  let sound = true;
  const progress = (at: number, text: string): void => options.progress(at, depth, text);
  for await (const report of boundedTraces(system, goals, limits, { depth, proved, progress })) {
    for (const violation of report.violations) {
      sound = false;
      violated(work, violation);
      if (violation.goal.kind === 'bounds' && !findings.has(violation.goal.id)) work.boundBrokenAt ??= violation.depth;
    }
    for (const { id } of report.holding) {
      const finding = findings.get(id);
      if (finding === undefined || finding.everyDepth) continue;
      finding.depth = report.reachable ? report.depth : options.depth;
      finding.method = 'bounded traces';
      finding.seconds = seconds(work);
      if (finding.depth >= options.depth) finding.verdict = work.boundBrokenAt === null ? 'holds' : 'unknown';
      if (work.boundBrokenAt !== null) {
        finding.detail = `a bound of the model is broken after ${work.boundBrokenAt} steps, and what follows was not looked at; see --invariant ${NO_OVERFLOW}`;
      }
    }
  }
  return sound;
}

function violated(work: Work, { goal, depth, steps }: Violation): void {
  const finding = work.findings.get(goal.id);
  if (finding === undefined) return;
  const { options, system, concrete, configuration } = work;
  const trace = { design: options.design, seed: options.seed, breaks: goal.id, limits: configuration };
  const file = confirm(system, concrete, steps, trace, options.out);
  finding.method = 'bounded traces';
  finding.depth = depth;
  finding.seconds = seconds(work);
  finding.counterexample = file;
  finding.verdict = file === null ? 'unknown' : 'violated';
  finding.detail =
    file === null
      ? 'the solver claimed a violation that the compiled model does not show; this is a fault of sockref, not of the model'
      : printSteps(system, steps);
}

/** Induction over all goals at once, with frame facts; closes what carries itself. Returns the number of questions. */
async function inductively(work: Work, goals: readonly Goal[]): Promise<number> {
  const { system, concrete, limits, options, findings } = work;
  // The base: what is false where every trace begins must not be assumed anywhere.
  const broken = new Set(concrete.broken(concrete.model.initial()));
  const based = goals.filter(({ id }) => !broken.has(id));
  const facts = new FrameFacts(system);
  options.progress(0, null, 'watching random runs');
  await facts.watch(concrete, options.seed, WATCHED, () => options.signal.aborted || Date.now() > limits.deadline);
  const progress = (done: number, total: number, text: string): void => options.progress(done, total, text);
  const wanted = ({ id }: Goal): boolean => findings.get(id)?.verdict === 'unknown';
  const { proved, questions } = await new Induction(system, facts, limits, progress).close(based, wanted);
  // Goals are shown for steps that break no bound; without the rest they say nothing.
  if (!proved.some(({ kind }) => kind === 'bounds')) return questions;
  for (const { id } of proved) {
    const finding = findings.get(id);
    if (finding === undefined || finding.verdict === 'violated') continue;
    finding.verdict = 'holds';
    finding.everyDepth = true;
    finding.depth = options.depth;
    finding.method = 'induction';
    // All are closed together; each has its share of the time.
    finding.seconds = seconds(work) / proved.length;
  }
  return questions;
}

function outcome(work: Work, figures: Record<string, number>): Outcome {
  const { options, findings } = work;
  const where = `${options.sockets} sockets, ${options.threads} threads, design ${options.design}`;
  const results = [...findings.values()].map((finding): Row => {
    const row = {
      id: finding.id,
      verdict: finding.verdict,
      method: finding.method,
      bound: `${boundOf(finding, options.depth)}; ${where}`,
      seconds: finding.seconds,
      counterexample: finding.counterexample,
      figures: { depth: finding.depth },
    };
    return finding.detail === null ? row : { ...row, detail: finding.detail };
  });
  const closed = [...findings.values()].filter(({ everyDepth }) => everyDepth).length;
  const all = closed === findings.size ? `all traces (depth ${options.depth} and any other, by induction)` : `up to depth ${options.depth}`;
  return {
    verdict: worst(results.map(({ verdict }) => verdict)),
    bound: `${all}; ${where}`,
    results,
    figures: { ...figures, closedByInduction: closed },
  };
}

function boundOf(finding: Finding, depth: number): string {
  if (finding.verdict === 'violated') return `broken after ${finding.depth} steps, and after no fewer`;
  if (finding.everyDepth) return `all traces (depth ${depth} and any other)`;
  return finding.verdict === 'holds' ? `depth ${finding.depth}` : `depth ${finding.depth} of ${depth}`;
}
