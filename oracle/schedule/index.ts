/**
 * *explore*, *stress* and *museum*: the engines that let the implementation run under a scheduler, or on real threads. Here the programs
 * are judged one after the other, or side by side in workers/; how one is judged is in judgement.ts, stress/ and museum/.
 */
import type { ExploreOptions, Listed, MuseumOptions, Progress, StressOptions } from '../engine.ts';
import { type Outcome, type Row, worst } from '../verdict.ts';
import type { Request } from './judgement.ts';
import { SCENARIOS } from './kernel/scenarios.ts';
import { SITUATIONS } from './kernel/situations.ts';
import { LITMUS } from './litmus.ts';
import type { Proven } from './targets/primitive.ts';
import { judgeTask, type Task, tasksOf } from './tasks.ts';

/** Scenarios of which all schedules are explored in a moment, and which between them use most of the kernel: what `verify` has time for. */
const QUICK: readonly string[] = ['accept-shutdown', 'receive-send', 'connect-connect', 'setsockopt-rst', 'close-rst', 'fputsock-close'];

export function listScenarios(): readonly Listed[] {
  return SCENARIOS.map(({ id, about }) => ({ id, text: about, ...(QUICK.includes(id) ? { quick: true } : {}) }));
}

export function listSituations(): readonly Listed[] {
  return SITUATIONS.map(({ id, about }) => ({ id, text: about }));
}

export function listLitmus(): readonly Listed[] {
  return LITMUS.map(({ id, text }) => ({ id, text }));
}

export async function explore(options: ExploreOptions): Promise<Outcome> {
  const began = performance.now();
  const locks = await locksFor(options);
  const tasks = options.targets.flatMap((targets) => tasksOf(targets, locks?.proof ?? null));
  const left = (): number | null =>
    options.budgetSeconds === undefined ? null : options.budgetSeconds - (performance.now() - began) / 1000;
  const judged =
    (options.workers ?? 1) > 1 && tasks.length > 1
      ? await judgeSideBySide(tasks, options, left)
      : await judgeOneByOne(tasks, options, left);
  const done = judged.filter((rows) => rows !== null).length;
  const rows = judged.flatMap((each) => each ?? []);
  const missing = tasks.length - done;
  const all = locks === null ? rows : [locks.row, ...rows];
  const coverage = options.coverage === true ? await (await import('./coverage.ts')).coverageOf(rows) : null;
  return {
    verdict: worst([...all.map(({ verdict }) => verdict), ...(missing > 0 ? (['unknown'] as const) : [])]),
    bound: `${summary(rows, done, tasks.length)}${coverage === null ? '' : `; ${coverage.text}`}`,
    results: all,
    figures: { ...totals(all, (performance.now() - began) / 1000), ...coverage?.figures },
    ...(coverage === null ? {} : { vacuous: coverage.unused }),
  };
}

/** The proof of the locks that are to be taken as primitives; null: none are. */
async function locksFor({ atomicLocks, targets, out, signal, progress }: ExploreOptions): Promise<Proven | null> {
  if (!atomicLocks || targets.every(({ kind }) => kind === 'litmus')) return null;
  const [{ provenLocks }, { pristineImplementation }] = await Promise.all([
    import('./targets/primitive.ts'),
    import('./targets/pristine.ts'),
  ]);
  return provenLocks(await pristineImplementation(), { out, signal, progress: (text) => progress(0, targets.length, text) });
}

type Judged = readonly (readonly Row[] | null)[];
type Asked = Omit<Request, 'signal' | 'progress'>;

async function judgeOneByOne(tasks: readonly Task[], options: ExploreOptions, left: () => number | null): Promise<Judged> {
  const { signal, progress, workers = 1 } = options;
  const judged: (readonly Row[] | null)[] = tasks.map(() => null);
  for (const [index, task] of tasks.entries()) {
    if (signal.aborted) break;
    const request = requestFor(options, left());
    const report: Progress = (of, _total, text) => progress(index, tasks.length, `${text} (${of})`);
    judged[index] =
      request === null
        ? [notStarted(task.id, options)]
        : await judgeTask(task, inParts(task, { ...request, signal, progress: report }, workers));
    progress(index + 1, tasks.length, task.id);
  }
  return judged;
}

/**
 * The only program there is: if it is sampled, its executions are what workers have side by side. What they cover of the specification is
 * not added up: who is asked for that takes all of them.
 */
function inParts(task: Task, request: Request, workers: number): Request {
  if (workers === 1 || task.what.kind === 'generated' || request.coverage === true) return request;
  return {
    ...request,
    sampleInParts: async (strategy, executions) =>
      (await import('./workers/sample.ts')).sampleInParts({ task, request, strategy, executions, workers }),
  };
}

async function judgeSideBySide(tasks: readonly Task[], options: ExploreOptions, left: () => number | null): Promise<Judged> {
  const { sideBySide } = await import('./workers/side-by-side.ts');
  return sideBySide({
    items: tasks,
    workers: options.workers ?? 1,
    signal: options.signal,
    progress: (done, text) => options.progress(done, tasks.length, text),
    jobOf: (task) => {
      const request = requestFor(options, left());
      return request === null ? [notStarted(task.id, options)] : { kind: 'task', task, request };
    },
    died: ({ id }, why, seconds) => [unjudged(id, why, seconds)],
  });
}

/** Of the next program; null: no time is left for it. */
function requestFor(options: ExploreOptions, left: number | null): Asked | null {
  if (left !== null && left <= 0) return null;
  const { strategy, granularity, preemptions, depth, seed, out, display, coverage = false } = options;
  const seconds = Math.min(left ?? Number.POSITIVE_INFINITY, options.timeSeconds ?? Number.POSITIVE_INFINITY);
  const limits = {
    executions: options.executions,
    steps: options.steps,
    states: null,
    memory: options.memoryMiB,
    seconds: Number.isFinite(seconds) ? seconds : null,
  };
  return { strategy, granularity, preemptions, depth, limits, seed, out, display, coverage };
}

function notStarted(id: string, { budgetSeconds }: ExploreOptions): Row {
  return unjudged(id, `no time was left of the ${budgetSeconds} s for all`, 0);
}

function unjudged(id: string, detail: string, seconds: number): Row {
  return { id, verdict: 'unknown', bound: 'nothing', seconds, counterexample: null, detail };
}

/** "24 programs: 18 complete, 6 bounded or sampled". */
function summary(rows: readonly Row[], done: number, total: number): string {
  const complete = rows.filter(({ verdict, bound }) => verdict === 'holds' && / complete/.test(bound)).length;
  const held = rows.filter(({ verdict }) => verdict === 'holds').length;
  const programs = `${done} of ${total} program${total === 1 ? '' : 's'}`;
  if (rows.length === 1 && total === 1) return rows[0]?.bound ?? programs;
  return `${programs}: ${complete} complete, ${held - complete} bounded or sampled`;
}

function totals(rows: readonly Row[], seconds: number): Readonly<Record<string, number>> {
  const sum = (name: string): number => rows.reduce((total, { figures }) => total + (figures?.[name] ?? 0), 0);
  const steps = sum('steps');
  const inside = rows.reduce((total, row) => total + row.seconds, 0);
  return {
    programs: rows.reduce((total, { figures }) => total + (figures?.programs ?? 1), 0),
    states: sum('states'),
    steps,
    // While exploring: making the programs is not in it.
    stepsPerSecond: Math.round(steps / Math.max(inside, 1e-6)),
    executions: sum('executions'),
    eventsPerSecond: Math.round(steps / Math.max(seconds, 1e-6)),
    missedStateChance: sum('missedStateChance'),
  };
}

export async function stress(options: StressOptions): Promise<Outcome> {
  return (await import('./stress/engine.ts')).stress(options);
}

export async function museum(options: MuseumOptions): Promise<Outcome> {
  return (await import('./museum/engine.ts')).museum(options);
}

export async function listEntries(): Promise<readonly Listed[]> {
  const all = await (await import('./museum/exhibit.ts')).exhibits();
  return all.map(({ id, title }) => ({ id, text: title }));
}
