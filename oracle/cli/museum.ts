/** The verb *museum*: historical bugs put back into the implementation. Each must be found, and what it was put into must hold. */
import { z } from 'zod';
import type { Outcome } from '../verdict.ts';
import { chosen } from './named.ts';
import { directory, readOptions, seconds, seed, workers } from './options.ts';
import type { Listing, VerbContext } from './verbs.ts';

const schema = z.object({ time: seconds(), workers: workers(), list: z.boolean().optional(), out: directory, seed });

export async function judge(
  typed: Readonly<Record<string, unknown>>,
  operands: readonly string[],
  { engines, signal, progress, display }: VerbContext,
): Promise<Outcome | Listing> {
  const { time, workers, list, out, seed } = readOptions(schema, typed);
  const engine = await engines.museum();
  const known = await engine.listEntries();
  if (list === true) return { list: known.map((each) => ({ kind: 'entries', ...each })) };
  return engine.museum({ entries: chosen('entry', operands, known), timeSeconds: time, workers, out, seed, signal, progress, display });
}
