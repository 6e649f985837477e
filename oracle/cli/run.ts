/** The verb *run*: random programs over all calls, protocols and wire events, on model and implementation in lockstep. */
import { z } from 'zod';
import type { Outcome } from '../verdict.ts';
import { directory, readOptions, seconds, seed, whole } from './options.ts';
import type { VerbContext } from './verbs.ts';

const schema = z.object({
  runs: whole(1, 100_000_000),
  maxCalls: whole(1, 10_000),
  budget: seconds().optional(),
  fault: z.string().optional(),
  giant: z.boolean().default(false),
  out: directory,
  seed,
});

export async function judge(
  typed: Readonly<Record<string, unknown>>,
  _operands: readonly string[],
  { engines, signal, progress, display }: VerbContext,
): Promise<Outcome> {
  const { budget, fault, ...options } = readOptions(schema, typed);
  const engine = await engines.run();
  return engine.runPrograms({
    ...options,
    ...(budget === undefined ? {} : { budgetSeconds: budget }),
    ...(fault === undefined ? {} : { fault }),
    signal,
    progress,
    display,
  });
}
