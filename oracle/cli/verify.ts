/**
 * The verb *verify* is a portfolio: a few parts, one row each, inside one budget of time.
 *   panic-2006   can the checker see at all? It must find the panic that the sockref change cured, on the design before it,
 *                and replay it. Finding it is what holds; not finding it is a violation of the checker itself.
 *   run          the implementation against the specification, random programs.
 *   explore      the implementation under a controlled scheduler: all schedules of a few small scenarios.
 *   check        every state of the specification in small configurations, those that differ in numbers only taken for one.
 *   prove        the invariants of the specification, in the rest of the budget. What isn't decided by then is unknown.
 * A part that finds no time is `unknown`, and so is the whole.
 */
import { z } from 'zod';
import { readCounterexample } from '../counterexample.ts';
import { EXPLORATION } from '../engine.ts';
import { type Outcome, type Row, type Verdict, worst } from '../verdict.ts';
import { directory, readOptions, seconds, seed, whole } from './options.ts';
import type { VerbContext } from './verbs.ts';

const schema = z.object({ budget: seconds(), runs: whole(1, 100_000_000), depth: whole(1, 1_000), out: directory, seed });

/** The smallest configuration in which the historical bug can happen, and the one that proofs use by default. */
const SOCKETS = 3;
const THREADS = 2;
const PANIC = { design: 'p06', invariant: 'pcb-while-used', depth: 16 } as const;
const MAX_CALLS = 40;

/** Shares of the budget that the first parts may use; `prove` gets what is left. */
const PANIC_SHARE = 0.35;
const RUN_SHARE = 0.3;
const EXPLORE_SHARE = 0.2;
const CHECK_SHARE = 0.2;
/** Configurations besides the quick ones: with symmetry they are quick as well. */
const CHECKED = ['tcp', 'dgram', 'packet-data', 'raw', 'urgent', 'rights', 'names'];
const CHECK_MEMORY_MIB = 1024;

interface Part {
  readonly row: Omit<Row, 'id' | 'seconds'>;
  readonly figures: Readonly<Record<string, number>>;
  readonly vacuous?: Outcome['vacuous'];
}

interface Task extends VerbContext {
  readonly runs: number;
  readonly depth: number;
  readonly out: string;
  readonly seed: number;
}

export async function judge(
  typed: Readonly<Record<string, unknown>>,
  _operands: readonly string[],
  context: VerbContext,
): Promise<Outcome> {
  const { budget, ...options } = readOptions(schema, typed);
  const began = performance.now();
  const left = (): number => budget - (performance.now() - began) / 1000;
  const parts: readonly { readonly id: string; readonly run: (task: Task) => Promise<Part> }[] = [
    { id: 'panic-2006', run: (task) => findPanic(task, Math.min(left(), budget * PANIC_SHARE)) },
    { id: 'run', run: (task) => runPrograms(task, Math.min(left(), budget * RUN_SHARE)) },
    { id: 'explore', run: (task) => exploreScenarios(task, Math.min(left(), budget * EXPLORE_SHARE)) },
    { id: 'check', run: (task) => checkStates(task, Math.min(left(), budget * CHECK_SHARE)) },
    { id: 'prove', run: (task) => proveInvariants(task, left()) },
  ];
  const done: { readonly id: string; readonly seconds: number; readonly part: Part }[] = [];
  for (const { id, run } of parts) {
    const from = performance.now();
    const progress: VerbContext['progress'] = (count, total, text) => context.progress(count, total, `${id}: ${text}`);
    const part = context.signal.aborted
      ? notStarted('interrupted before its turn')
      : left() <= 0
        ? notStarted(`the budget of ${budget} s was used up before its turn; give more with --budget`)
        : await run({ ...context, ...options, progress });
    done.push({ id, seconds: (performance.now() - from) / 1000, part });
  }
  const results = done.map(({ id, seconds, part }) => ({ id, seconds, ...part.row }));
  const vacuous = done.flatMap(({ part }) => part.vacuous ?? []);
  return {
    verdict: worst(results.map((row) => row.verdict)),
    bound: `${results.length} parts, each within its bound`,
    results,
    figures: Object.assign({}, ...done.map(({ part }) => part.figures)) as Record<string, number>,
    ...(vacuous.length === 0 ? {} : { vacuous }),
  };
}

function notStarted(reason: string): Part {
  return { row: { verdict: 'unknown', bound: 'nothing', counterexample: null, detail: reason }, figures: {} };
}

async function findPanic(task: Task, timeoutSeconds: number): Promise<Part> {
  const { engines, signal, progress, out, seed } = task;
  const { prove } = await engines.prove();
  const { design, invariant, depth } = PANIC;
  const configuration = { design, invariants: [invariant], depth, sockets: SOCKETS, threads: THREADS };
  const outcome = await prove({ ...configuration, timeoutSeconds, solver: null, out, seed, signal, progress });
  const file = outcome.results.find((row) => row.verdict === 'violated')?.counterexample ?? null;
  if (file === null) return panicMissed(outcome);
  const counterexample = await readCounterexample(file);
  const replayed = await (await engines.replay()).replay(counterexample, { seed, signal, progress });
  const steps = counterexample.steps.length;
  const again = replayed.verdict === 'violated';
  return {
    row: {
      verdict: again ? 'holds' : replayed.verdict === 'holds' ? 'violated' : 'unknown',
      bound: `${invariant} on design ${design} breaks in ${steps} steps; ${again ? 'replayed' : `replay: ${replayed.verdict}, ${replayed.bound}`}`,
      found: true,
      counterexample: file,
    },
    figures: { panicSteps: steps },
  };
}

function panicMissed(outcome: Outcome): Part {
  const { design, invariant } = PANIC;
  // A search that came to its end without the panic means that the checker is blind; one that didn't means nothing.
  const blind = outcome.verdict === 'holds';
  const because = outcome.results.flatMap((row) => (row.detail === undefined ? [] : [row.detail])).join('\n');
  const detail = blind
    ? `${invariant} was expected to break on design ${design}: the panic of 2006 is known to happen there. The checker or the design has lost it.`
    : `the panic of 2006 was not found within its share of the budget; give more with --budget${because === '' ? '' : `\n${because}`}`;
  return {
    row: { verdict: blind ? 'violated' : 'unknown', bound: outcome.bound, found: false, counterexample: null, detail },
    figures: {},
  };
}

async function runPrograms(task: Task, budgetSeconds: number): Promise<Part> {
  const { engines, signal, progress, runs, out, seed } = task;
  const outcome = await (await engines.run()).runPrograms({ runs, seed, maxCalls: MAX_CALLS, out, budgetSeconds, signal, progress });
  return { row: summary(outcome), figures: outcome.figures, vacuous: outcome.vacuous };
}

async function exploreScenarios(task: Task, budgetSeconds: number): Promise<Part> {
  const { engines, signal, progress, out, seed } = task;
  const engine = await engines.explore();
  const ids = engine.listScenarios().flatMap(({ id, quick }) => (quick === true ? [id] : []));
  const outcome = await engine.explore({
    ...EXPLORATION,
    targets: [{ kind: 'scenarios', ids }],
    budgetSeconds,
    out,
    seed,
    signal,
    progress,
  });
  return { row: summary(outcome), figures: { exploredStates: outcome.figures.states ?? 0, exploredSteps: outcome.figures.steps ?? 0 } };
}

async function checkStates(task: Task, timeSeconds: number): Promise<Part> {
  const { engines, signal, progress, out, seed } = task;
  const engine = await engines.check();
  const configurations = engine.listConfigurations().flatMap(({ id, quick }) => (quick === true || CHECKED.includes(id) ? [id] : []));
  const outcome = await engine.check({
    configurations,
    design: 'sockref',
    symmetry: true,
    promises: null,
    walks: null,
    sockets: null,
    threads: null,
    states: null,
    memoryMiB: CHECK_MEMORY_MIB,
    timeSeconds,
    out,
    seed,
    signal,
    progress,
  });
  return { row: summary(outcome), figures: { checkedStates: outcome.figures.states ?? 0 } };
}

async function proveInvariants(task: Task, timeoutSeconds: number): Promise<Part> {
  const { engines, signal, progress, out, seed, depth } = task;
  const { prove } = await engines.prove();
  const configuration = { design: 'sockref', invariants: null, depth, sockets: SOCKETS, threads: THREADS };
  const outcome = await prove({ ...configuration, timeoutSeconds, solver: null, out, seed, signal, progress });
  return { row: summary(outcome), figures: outcome.figures, vacuous: outcome.vacuous };
}

/** One row for a whole outcome: its worst row speaks for it. */
function summary(outcome: Outcome): Part['row'] {
  const bad: Verdict = outcome.verdict;
  const rows = bad === 'holds' ? [] : outcome.results.filter((row) => row.verdict === bad);
  const detail = rows.map((row) => `${row.id}: ${row.detail ?? row.bound}`).join('\n');
  return {
    verdict: outcome.verdict,
    bound: outcome.bound,
    counterexample: rows.find((row) => row.counterexample !== null)?.counterexample ?? null,
    ...(detail === '' ? {} : { detail }),
  };
}
