/**
 * The *judgement* of one target: it is explored within its bounds; what is found is made as simple as it can be, gets its reason, is
 * written to a file, and told. The bound says what was covered: all schedules, those with so many preemptions, or a sample.
 */
import { withOrigin } from '../origin.ts';
import { type ExploreCounterexample, FORMAT, writeCounterexample } from '../counterexample.ts';
import type { Granularity, Progress, StrategyName } from '../engine.ts';
import { PLAIN as PLAIN_PAGE, renderLanes } from '../report/lanes.ts';
import { switchesOf } from '../report/trace.ts';
import type { Display } from '../report/trace.ts';
import { replayCommand, type Row, type Verdict } from '../verdict.ts';
import { type Explored, type Figures, type Found, type Limits, looksForLivelocks, neverEnds } from './exploration.ts';
import { forecastText, roughly } from './forecast.ts';
import { SEARCHES } from './judge.ts';
import { Machine } from './machine.ts';
import { minimise, minimiseProgram } from './minimise.ts';
import { mayBe, reasoned, type Reasoned, told } from './reason.ts';
import { record } from './recording.ts';
import type { Violation } from './program.ts';
import type { Target } from './target.ts';
import { firstIn } from './watch.ts';

/** What is asked for; null means that the target knows best. */
export interface Request {
  readonly strategy: StrategyName | null;
  readonly granularity: Granularity;
  readonly preemptions: number | null;
  readonly depth: number;
  readonly limits: Limits;
  readonly seed: number;
  readonly out: string;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly display: Display | undefined;
  /** Only this violation is looked for at the ends of executions: others may follow from a bug that was put in. */
  readonly wanted?: readonly string[];
  /** Takes a sample of the whole target by others, in parts; without it, it is taken here. */
  readonly sampleInParts?: (strategy: StrategyName, executions: number | null) => Promise<Explored>;
  /** Of a part: the number of its first execution. */
  readonly from?: number;
  /** Whether to find out how much of the specification is covered. */
  readonly coverage?: boolean;
}

/** Memory for the table of states if nobody says otherwise, MiB. */
const MEMORY = 2048;
/** What looking for a smaller program may take, for each one tried and in all. Steps, so that the same run finds the same on a busy machine. */
const SMALLER_STEPS = 1_000_000;
const SMALLEST_STEPS = 10_000_000;
/** Should steps be slow. */
const SMALLER_SECONDS = 10;
const SMALLEST_MS = 60_000;
const MOST_PROSE = 10_000;

export interface Judged {
  readonly row: Row;
  /** Of a violation: as it is in the file. */
  readonly found: Bug | null;
}

export interface Bug {
  readonly id: string;
  /** What was seen, in words. */
  readonly text: string;
  readonly steps: number;
  readonly switches: number;
  readonly seconds: number;
}

/** What the machine says when the program, not its schedule, has come to the limits of the tool. */
const OWN_LIMITS: readonly string[] = ['wide'];

export async function judge(target: Target, request: Request): Promise<Judged> {
  const began = performance.now();
  const strategy = request.strategy ?? target.suggested.strategy;
  const explored = await exploreWithin(target, request, strategy);
  if (typeof explored === 'string') return unjudged(target, strategy, explored, 'nothing', (performance.now() - began) / 1000);
  const seconds = (performance.now() - began) / 1000;
  const bound = boundOf(target, request, strategy, explored);
  const figures = figuresOf(explored.figures, seconds);
  const base = { id: target.id, bound, method: strategy };
  if (explored.violation === null) {
    const { verdict, detail } = unbroken(target, explored);
    const row: Row = { ...base, verdict, seconds, counterexample: null, ...(detail === null ? {} : { detail }), figures };
    return { row: request.coverage === true ? withCoverage(row, target) : row, found: null };
  }
  const first = firstIn(machineOf(target, request.granularity, 'random'), explored.violation);
  const limit = target.named(first.violation);
  if (OWN_LIMITS.includes(limit.id)) return unjudged(target, strategy, limit.text, bound, seconds);
  const smallest = await simplest(target, request, first);
  const reason = reasoned(smallest.target, smallest.found, request.granularity);
  const file = write(smallest.target, request, smallest.found, reason);
  const trace = told(smallest.target, reason);
  const { steps, switches } = switchesOf(trace);
  const total = (performance.now() - began) / 1000;
  const row: Row = {
    ...base,
    verdict: 'violated',
    seconds: total,
    counterexample: file,
    detail: `${renderLanes(trace, request.display ?? PLAIN_PAGE)}\n${replayCommand(file)}`,
    figures: { ...figures, findSeconds: seconds, counterexampleSteps: steps, contextSwitches: switches },
  };
  return { row, found: { id: reason.violation.id, text: reason.seen, steps, switches, seconds } };
}

/** The row with what its schedules cover of the specification; nothing where there is no specification, or too much of it. */
function withCoverage(row: Row, { coverage }: Target): Row {
  const covered = coverage?.covered() ?? null;
  if (covered === null) return row;
  const { states, met, explained, scopeRules, rules, strangers } = covered;
  const figures = { ...row.figures, modelStates: states, metStates: met, explainedStates: explained, scopeRules: scopeRules.length };
  if (strangers === 0) return { ...row, figures, rules };
  // Two ways to the same states that don't agree: nothing may be concluded from either.
  const detail = `${strangers} states of the specification explain what was seen, and the specification by itself does not come to them`;
  return { ...row, verdict: 'unknown', detail, figures };
}

/** A text: why the machine can't hold the program. */
async function exploreWithin(target: Target, request: Request, strategy: StrategyName): Promise<Explored | string> {
  try {
    const executions = request.limits.executions ?? target.suggested.executions;
    // Steps are counted over all executions, one after the other.
    const inParts = isSample(strategy) && request.limits.steps === null ? request.sampleInParts : undefined;
    return await (inParts?.(strategy, executions) ?? explore(target, request, strategy));
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

function unjudged({ id }: Target, method: string, detail: string, bound: string, seconds: number): Judged {
  return { row: { id, verdict: 'unknown', bound, method, seconds, counterexample: null, detail }, found: null };
}

export function explore(target: Target, request: Request, strategy: StrategyName): Promise<Explored> {
  const { wanted } = request;
  const asked = (violation: Violation | null): Violation | null =>
    violation === null || wanted === undefined || mayBe(target.named(violation).id, wanted) ? violation : null;
  const machine = machineOf(target, request.granularity, strategy, hasTwins(target, request, strategy));
  return SEARCHES[strategy]({
    machine,
    limits: {
      ...request.limits,
      memory: request.limits.memory ?? MEMORY,
      executions: request.limits.executions ?? target.suggested.executions,
    },
    seed: request.seed,
    ...(request.from === undefined ? {} : { from: request.from }),
    preemptions: preemptionsOf(target, request, strategy),
    depth: request.depth,
    symmetry: hasTwins(target, request, strategy),
    signal: request.signal,
    progress: (figures) => request.progress(figures.states ?? figures.executions, null, `${target.id}: ${progressText(figures)}`),
    atEnd: (at) => {
      if (request.coverage === true) target.coverage?.see(at);
      return asked(target.atEnd(at));
    },
    onTheWay: (at) => {
      if (request.coverage === true) target.coverage?.see(at);
      return asked(target.onTheWay?.(at) ?? null);
    },
  });
}

export function machineOf(target: Target, granularity: Granularity, strategy: StrategyName, symmetry = false): Machine {
  const { program, monitor } = target;
  return new Machine(program, { granularity, hashed: strategy === 'states', symmetry, ...(monitor === null ? {} : { monitor }) });
}

/** Whether states count as one that differ only in which of several equal agents is where. */
function hasTwins(target: Target, request: Request, strategy: StrategyName): boolean {
  const classes = target.program.agents.flatMap(({ symmetry }) => (symmetry === undefined ? [] : [symmetry]));
  // Under a bound on preemptions it matters who moved last.
  const isBounded = preemptionsOf(target, request, strategy) !== null;
  return strategy === 'states' && !isBounded && new Set(classes).size < classes.length;
}

function preemptionsOf(target: Target, request: Request, strategy: StrategyName): number | null {
  // It takes one schedule of each class, whatever it costs.
  if (strategy === 'dpor') return null;
  // The bound of a target is that of the search it suggests.
  return request.preemptions ?? (strategy === target.suggested.strategy ? target.suggested.preemptions : null);
}

/** A target that is made when it is looked at. */
interface Lazy {
  readonly make: () => Promise<Target>;
  made: Target | null;
}

/** Fewer threads and calls, fewer context switches, fewer steps. */
async function simplest(target: Target, request: Request, first: Found): Promise<{ readonly target: Target; readonly found: Found }> {
  const { id } = target.named(first.violation);
  const isSame = (subject: Target) => (violation: Violation) => subject.named(violation).id === id;
  const simpler = (subject: Target, found: Found): Found => {
    const machine = machineOf(subject, request.granularity, 'random');
    return minimise(machine, found, { ...subject, isSame: isSame(subject) });
  };
  const whole: Lazy = { make: async () => target, made: target };
  const limits = { ...request.limits, steps: SMALLER_STEPS, seconds: SMALLER_SECONDS };
  const began = performance.now();
  let steps = 0;
  const smallest = await minimiseProgram(
    whole,
    simpler(target, first),
    function* candidates({ made }: Lazy): Generator<Lazy> {
      for (const make of made?.smaller() ?? []) yield { make, made: null };
    },
    async (lazy) => {
      if (request.signal.aborted || steps > SMALLEST_STEPS || performance.now() - began > SMALLEST_MS) return null;
      lazy.made = await lazy.make();
      const quiet = { ...request, limits, progress: () => undefined, wanted: [id] };
      const { violation, figures } = await explore(lazy.made, quiet, 'states');
      steps += figures.steps;
      return violation === null ? null : simpler(lazy.made, firstIn(machineOf(lazy.made, request.granularity, 'random'), violation));
    },
    isSame(target),
  );
  return { target: smallest.subject.made ?? target, found: smallest.found };
}

export function write(
  target: Target,
  request: Pick<Request, 'granularity' | 'seed' | 'out'>,
  { schedule, loop }: Pick<Found, 'schedule' | 'loop'>,
  { violation, seen, allowed }: Omit<Reasoned, 'trace'>,
): string {
  const { granularity, seed } = request;
  const steps = record(machineOf(target, granularity, 'random'), schedule);
  const last = steps.length - 1;
  const file: ExploreCounterexample = {
    format: FORMAT,
    engine: 'explore',
    subject: target.subject,
    design: target.design,
    scenario: target.id,
    seed,
    breaks: violation.id,
    fault: target.fault,
    granularity,
    atomicLocks: target.primitives !== undefined,
    configuration: { ...target.configuration },
    // What comes out of the schema has no readonly.
    program: target.scenario as ExploreCounterexample['program'],
    ...(loop === undefined ? {} : { loop }),
    steps: steps.map((step, index) => ({
      ...step,
      ...(index === last ? { seen: proseOf(seen), ...(allowed === null ? {} : { allowed: proseOf(allowed) }) } : {}),
    })),
  };
  return writeCounterexample(request.out, withOrigin(file));
}

/** As much as a file takes. */
export function proseOf(text: string): string {
  return text.length <= MOST_PROSE ? text : `${text.slice(0, MOST_PROSE)}…`;
}

/** Nothing was found: that is a pass only if the bound says of what. */
function unbroken(target: Target, explored: Explored): { readonly verdict: Verdict; readonly detail: string | null } {
  const { stopped, complete, doubt: theirs } = explored;
  const endless = neverEnds(explored);
  if (endless !== null) return { verdict: 'unknown', detail: endless };
  const doubt = theirs ?? target.doubt();
  if (doubt !== null)
    return { verdict: 'unknown', detail: `nothing was found, and the specification was not followed to the end: ${doubt}` };
  if (complete || stopped === null || isByDesign(stopped)) return { verdict: 'holds', detail: null };
  return { verdict: 'unknown', detail: `stopped: ${stopped}` };
}

function isSample(strategy: StrategyName): boolean {
  return strategy !== 'states' && strategy !== 'dpor';
}

/** A sample that was asked for has been taken. */
function isByDesign(stopped: string): boolean {
  return / schedules sampled$/.test(stopped);
}

/** "all schedules: 12,345 states, complete; 2 threads, wire; locks from raw atomics". */
function boundOf(target: Target, request: Request, strategy: StrategyName, explored: Explored): string {
  const { complete, stopped, figures, violation, preemptions } = explored;
  const states = figures.states === undefined ? '' : `${count(figures.states)} states`;
  const executions = `${count(figures.executions)} schedules`;
  const covered = states === '' ? executions : states;
  const few = preemptions === undefined ? '' : `with up to ${preemptions} preemption${preemptions === 1 ? '' : 's'}`;
  const twins = hasTwins(target, request, strategy) ? ', equal threads interchangeable' : '';
  const what = isSample(strategy)
    ? `sampled: ${executions} by ${strategy}, seed ${request.seed}${sampledUnder(preemptionsOf(target, request, strategy))}`
    : complete
      ? `all schedules: ${covered}, complete${twins}`
      : violation !== null
        ? `found after ${covered}`
        : stopped === null
          ? `all schedules ${few}: ${covered}, bounded`
          : `not all schedules: ${covered}, stopped: ${stopped}${leftText(figures)}${few === '' ? '' : `; all ${few} before that`}`;
  const unit = request.granularity === 'access' ? '; every access a step' : '';
  const locks = target.subject === 'litmus' ? '' : `; ${locksOf(target)}`;
  const looked = looksForLivelocks(strategy, preemptionsOf(target, request, strategy));
  const livelocks = looked || violation !== null ? '' : '; no livelock looked for';
  return `${what}${livelocks}; ${target.setting}${locks}${unit}`;
}

/** Where a search of states stood when it was stopped. */
function leftText(figures: Figures): string {
  const { path, untried } = figures;
  const forecast = forecastText(figures);
  const left =
    path === undefined || untried === undefined ? '' : `, with ${count(untried)} transitions of ${count(path)} states on its path untried`;
  return forecast === null ? left : `${left}; ${forecast}`;
}

/** How the locks of the kernel were explored. */
function locksOf({ primitives }: Target): string {
  return primitives === undefined ? 'locks from raw atomics' : `locks as primitives (proved: ${primitives}), sx locks from raw atomics`;
}

function sampledUnder(preemptions: number | null): string {
  return preemptions === null ? '' : `, with up to ${preemptions} preemption${preemptions === 1 ? '' : 's'}`;
}

function count(value: number): string {
  return new Intl.NumberFormat('en-US').format(value);
}

function figuresOf(figures: Figures, seconds: number): Readonly<Record<string, number>> {
  const { states, missedStateChance, estimate, estimatedStates, path, untried } = figures;
  return {
    ...(states === undefined ? {} : { states }),
    steps: figures.steps,
    stepsPerSecond: Math.round(figures.steps / Math.max(seconds, 1e-6)),
    executions: figures.executions,
    depth: figures.depth,
    ...(missedStateChance === undefined ? {} : { missedStateChance }),
    ...(path === undefined ? {} : { path }),
    ...(untried === undefined ? {} : { untried }),
    ...(estimatedStates === undefined ? {} : { estimatedStates: roughly(estimatedStates) }),
    ...(estimate === undefined ? {} : { estimate: roughly(estimate) }),
  };
}

function progressText(figures: Figures): string {
  const { states, steps, executions } = figures;
  const forecast = forecastText(figures);
  const covered = states === undefined ? `${count(executions)} schedules` : `${count(states)} states`;
  return `${covered}, ${count(steps)} steps${forecast === null ? '' : `; ${forecast}`}`;
}
