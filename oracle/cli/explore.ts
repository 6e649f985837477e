/**
 * The verb *explore*: the implementation under a controlled scheduler. Programs are named scenarios over the socket calls, or litmus
 * programs of a few atomics, or all small programs that can be made of the calls; with the strategy `replay` they are files, each a schedule that was recorded.
 */
import { z } from 'zod';
import { readCounterexample } from '../counterexample.ts';
import { type ExploreEngine, type ExploreTargets, GRANULARITIES, type Listed, STRATEGIES, type StrategyName } from '../engine.ts';
import { isScenarioFile, readScenario } from '../schedule/scenario-file.ts';
import { quote, UsageError } from '../usage.ts';
import { type Outcome, type Row, worst } from '../verdict.ts';
import { chosen, mustBeKnown } from './named.ts';
import { directory, readOptions, seconds, seed, whole, workers } from './options.ts';
import type { Listing, VerbContext } from './verbs.ts';

const schema = z.object({
  litmus: z.array(z.string()).optional(),
  threads: whole(1, 15).optional(),
  ops: whole(1, 1_000).optional(),
  strategy: z.string().optional(),
  granularity: z.string(),
  atomicLocks: z.boolean().optional(),
  coverage: z.boolean().optional(),
  preemptions: whole(0, 1_000_000).optional(),
  depth: whole(1, 100),
  executions: whole(1, 1e12).optional(),
  steps: whole(1, 1e15 - 1).optional(),
  memory: whole(1, 1_000_000).optional(),
  time: seconds().optional(),
  all: z.boolean().optional(),
  generate: z.string().optional(),
  sample: whole(1, 1_000_000).optional(),
  workers: workers(),
  list: z.boolean().optional(),
  out: directory,
  seed,
});

const REPLAY = 'replay';

export async function judge(
  typed: Readonly<Record<string, unknown>>,
  operands: readonly string[],
  context: VerbContext,
): Promise<Outcome | Listing> {
  const options = readOptions(schema, typed);
  const strategy = strategyOf(options.strategy);
  const granularity = GRANULARITIES.find((unit) => unit === options.granularity);
  if (granularity === undefined) throw notOne('--granularity', options.granularity, GRANULARITIES);
  if (options.atomicLocks === true && (strategy === REPLAY || strategy === 'dpor')) {
    const reason =
      strategy === REPLAY ? 'is in the file of what is replayed' : 'is not for dpor: of a step that waits for its word it has no races';
    throw new UsageError(`--atomic-locks ${reason}`, { field: '--atomic-locks', reason });
  }
  if (options.coverage === true && (strategy === REPLAY || options.generate !== undefined || options.litmus !== undefined)) {
    const reason = 'is of named scenarios, or those in files: neither replays, litmus programs nor generated programs have one';
    throw new UsageError(`--coverage ${reason}`, { field: '--coverage', reason });
  }
  if (strategy === REPLAY) return replayAll(operands, options.seed, context);

  const engine = await context.engines.explore();
  if (options.list === true) {
    const named = (kind: string, list: readonly Listed[]) => list.map((each) => ({ kind, ...each }));
    const [scenarios, litmus, situations] = [engine.listScenarios(), engine.listLitmus(), engine.listSituations()];
    return {
      list: [...named('scenarios', scenarios), ...named('litmus programs', litmus), ...named('situations of --generate', situations)],
    };
  }
  const targets =
    options.generate === undefined ? await namedTargets(options, operands, engine) : [generatedTargets(options, operands, engine)];
  return engine.explore({
    out: options.out,
    targets,
    strategy,
    granularity,
    atomicLocks: options.atomicLocks === true,
    coverage: options.coverage === true,
    preemptions: options.preemptions ?? null,
    depth: options.depth,
    executions: options.executions ?? null,
    steps: options.steps ?? null,
    memoryMiB: options.memory ?? null,
    timeSeconds: options.time ?? null,
    workers: options.workers,
    seed: options.seed,
    signal: context.signal,
    progress: context.progress,
    display: context.display,
  });
}

type Options = z.output<typeof schema>;

async function namedTargets(options: Options, operands: readonly string[], engine: ExploreEngine): Promise<readonly ExploreTargets[]> {
  if (options.sample !== undefined)
    throw new UsageError('--sample is a number of generated programs: say which with --generate', {
      field: '--generate',
      reason: 'is missing',
    });
  const litmus = engine.listLitmus().map(({ id }) => id);
  const programs = options.all === true ? litmus : [...new Set(options.litmus ?? [])];
  mustBeKnown('litmus program', programs, litmus);
  if (programs.length === 0 && (options.threads !== undefined || options.ops !== undefined))
    throw new UsageError('--threads and --ops are sizes of a litmus program: name one with --litmus', {
      field: '--litmus',
      reason: 'is missing',
      known: litmus,
    });
  const sized = programs.map((id): ExploreTargets => ({ kind: 'litmus', id, threads: options.threads ?? null, ops: options.ops ?? null }));
  // Who names litmus programs only means those only.
  const onlyLitmus = operands.length === 0 && sized.length > 0 && options.all !== true;
  const files = await Promise.all(operands.filter(isScenarioFile).map(readScenario));
  const names = operands.filter((name) => !isScenarioFile(name));
  const named = onlyLitmus || (names.length === 0 && files.length > 0) ? [] : chosen('scenario', names, engine.listScenarios());
  return [
    ...(named.length === 0 ? [] : [{ kind: 'scenarios', ids: named } as const]),
    ...files.map((scenario): ExploreTargets => ({ kind: 'scenario', scenario })),
    ...sized,
  ];
}

function generatedTargets(options: Options, operands: readonly string[], engine: ExploreEngine): ExploreTargets {
  const [, threads, calls] = /^([1-4])x([1-4])$/.exec(options.generate ?? '') ?? [];
  if (threads === undefined) {
    const reason = `expected threads and calls of each, 1x1 to 4x4; saw ${quote(options.generate)}`;
    throw new UsageError(`--generate: ${reason}`, { field: '--generate', reason });
  }
  const stranger =
    options.litmus !== undefined
      ? '--litmus'
      : options.all === true
        ? '--all'
        : options.threads !== undefined
          ? '--threads'
          : options.ops !== undefined
            ? '--ops'
            : null;
  if (stranger !== null) {
    const reason = 'names programs that there are, and --generate makes new ones';
    throw new UsageError(`${stranger} ${reason}: leave one of them out`, { field: stranger, reason });
  }
  const situations = chosen('situation', operands, engine.listSituations());
  return { kind: 'generated', situations, threads: Number(threads), calls: Number(calls), sample: options.sample ?? null };
}

function strategyOf(typed: string | undefined): StrategyName | typeof REPLAY | null {
  if (typed === undefined) return null;
  if (typed === REPLAY) return REPLAY;
  const strategy = STRATEGIES.find((name) => name === typed);
  if (strategy === undefined) throw notOne('--strategy', typed, [...STRATEGIES, REPLAY]);
  return strategy;
}

function notOne(field: string, typed: string, known: readonly string[]): UsageError {
  const reason = `expected ${known.join(', ')}; saw ${quote(typed)}`;
  return new UsageError(`${field}: ${reason}`, { field, reason, known });
}

/** The files one after the other, a row each. */
async function replayAll(files: readonly string[], seed: number, { engines, signal, progress, display }: VerbContext): Promise<Outcome> {
  if (files.length === 0) {
    throw new UsageError('--strategy replay needs files that explore wrote: sockref explore --strategy replay FILE…', {
      field: 'FILE',
      reason: 'is missing',
    });
  }
  const { replay } = await engines.replay();
  const rows: Row[] = [];
  let steps = 0;
  for (const [index, file] of files.entries()) {
    if (signal.aborted) break;
    const outcome = await replay(await readCounterexample(file), { seed, signal, progress: () => undefined, display });
    rows.push(...outcome.results.map((row) => ({ ...row, counterexample: row.verdict === 'holds' ? null : file })));
    steps += outcome.figures.steps ?? 0;
    progress(index + 1, files.length, file);
  }
  const complete = rows.length >= files.length;
  return {
    verdict: complete ? worst(rows.map((row) => row.verdict)) : 'unknown',
    bound: `${rows.length} of ${files.length} recorded schedule${files.length === 1 ? '' : 's'}`,
    results: rows,
    figures: { replays: rows.length, steps },
  };
}
