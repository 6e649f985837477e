/** The verb *stress*: scenarios on real worker threads, many times; each history is checked against the specification. */
import { z } from 'zod';
import type { Outcome } from '../verdict.ts';
import { chosen } from './named.ts';
import { directory, readOptions, seconds, seed, whole } from './options.ts';
import type { Listing, VerbContext } from './verbs.ts';

const schema = z.object({ runs: whole(1, 100_000_000), time: seconds(), list: z.boolean().optional(), out: directory, seed });

export async function judge(
  typed: Readonly<Record<string, unknown>>,
  operands: readonly string[],
  { engines, signal, progress, display }: VerbContext,
): Promise<Outcome | Listing> {
  const { runs, time, list, out, seed } = readOptions(schema, typed);
  const engine = await engines.stress();
  const known = engine.listScenarios();
  if (list === true) return { list: known.map((each) => ({ kind: 'scenarios', ...each })) };
  return engine.stress({ scenarios: chosen('scenario', operands, known), runs, timeSeconds: time, out, seed, signal, progress, display });
}
