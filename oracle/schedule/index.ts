/**
 * *explore*, *stress* and *museum*: the engines that let the implementation run under a scheduler, or on real threads. Here the programs
 * are found by name and judged one after the other; how one is judged is in judgement.ts, stress/ and museum/.
 */
import type { ExploreOptions, ExploreTargets, Listed, MuseumOptions, StressOptions } from '../engine.ts';
import { type Outcome, type Row, worst } from '../verdict.ts';
import { judge, type Request } from './judgement.ts';
import { SCENARIOS } from './kernel/scenarios.ts';
import { type Situation, SITUATIONS } from './kernel/situations.ts';
import { LITMUS } from './litmus.ts';
import type { Target } from './target.ts';

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
  const { signal, progress, display, seed, out, strategy, granularity, atomicLocks, preemptions, depth } = options;
  const began = performance.now();
  const tasks = options.targets.flatMap((targets) => tasksOf(targets));
  const rows: Row[] = [];
  let done = 0;
  for (const [index, { id, judged }] of tasks.entries()) {
    const left = options.budgetSeconds === undefined ? null : options.budgetSeconds - (performance.now() - began) / 1000;
    if (signal.aborted) break;
    if (left !== null && left <= 0) {
      done++;
      rows.push(notStarted(id, `no time was left of the ${options.budgetSeconds} s for all`));
      continue;
    }
    const seconds = Math.min(left ?? Number.POSITIVE_INFINITY, options.timeSeconds ?? Number.POSITIVE_INFINITY);
    const request: Request = {
      strategy,
      granularity,
      atomicLocks,
      preemptions,
      depth,
      limits: {
        executions: options.executions,
        steps: options.steps,
        states: null,
        memory: options.memoryMiB,
        seconds: Number.isFinite(seconds) ? seconds : null,
      },
      seed,
      out,
      signal,
      progress: (of, _total, text) => progress(index, tasks.length, `${text} (${of})`),
      display,
    };
    rows.push(...(await judged(request)));
    done++;
    progress(index + 1, tasks.length, id);
  }
  const missing = tasks.length - done;
  return {
    verdict: missing > 0 ? worst([...rows.map(({ verdict }) => verdict), 'unknown']) : worst(rows.map(({ verdict }) => verdict)),
    bound: summary(rows, done, tasks.length),
    results: rows,
    figures: totals(rows, (performance.now() - began) / 1000),
  };
}

interface Task {
  readonly id: string;
  readonly judged: (request: Request) => Promise<readonly Row[]>;
}

/** Each target is made when its turn comes: what it takes to make one is not needed for the others. */
function tasksOf(targets: ExploreTargets): readonly Task[] {
  const task = (id: string, make: () => Promise<Target>): Task => ({
    id,
    judged: async (request) => [(await judge(await make(), request)).row],
  });
  switch (targets.kind) {
    case 'scenarios':
      return targets.ids.map((id) => task(id, () => scenarioTarget(id)));
    case 'scenario':
      return [task(targets.scenario.id, async () => (await import('./targets/pristine.ts')).pristineTarget(targets.scenario))];
    case 'litmus': {
      const { id, threads, ops } = targets;
      return [task(id, async () => (await import('./targets/litmus.ts')).litmusTarget(id, { threads, ops }))];
    }
    case 'generated':
      return targets.situations.map((id) => ({
        id,
        judged: async (request) =>
          (await import('./generated.ts')).judgeGenerated(situation(id), { ...targets, seed: request.seed }, request),
      }));
  }
}

function situation(id: string): Situation {
  const found = SITUATIONS.find((each) => each.id === id);
  if (found === undefined) throw new RangeError(`there is no situation ${id}`);
  return found;
}

async function scenarioTarget(id: string): Promise<Target> {
  const scenario = SCENARIOS.find((each) => each.id === id);
  if (scenario === undefined) throw new RangeError(`there is no scenario ${id}`);
  return (await import('./targets/pristine.ts')).pristineTarget(scenario);
}

function notStarted(id: string, detail: string): Row {
  return { id, verdict: 'unknown', bound: 'nothing', seconds: 0, counterexample: null, detail };
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
