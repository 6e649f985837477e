/** The verb *claims*: each proposition of the mails, its answer, and whether that is the one that is expected. */
import { z } from 'zod';
import type { Outcome } from '../verdict.ts';
import { chosen } from './named.ts';
import { directory, readOptions, seconds, seed, whole } from './options.ts';
import type { Listing, VerbContext } from './verbs.ts';

const schema = z.object({
  prove: z.boolean().optional(),
  memory: whole(1, 16_384),
  time: seconds(),
  list: z.boolean().optional(),
  out: directory,
  seed,
});

export async function judge(
  typed: Readonly<Record<string, unknown>>,
  operands: readonly string[],
  { engines, signal, progress, display }: VerbContext,
): Promise<Outcome | Listing> {
  const { prove, memory, time, list, ...options } = readOptions(schema, typed);
  const engine = await engines.claims();
  const known = engine.listClaims();
  if (list === true) return { list: known.map((each) => ({ kind: 'claims', ...each })) };
  return engine.judgeClaims({
    ...options,
    claims: chosen('claim', operands, known),
    prove: prove === true,
    memoryMiB: memory,
    timeSeconds: time,
    signal,
    progress,
    display,
  });
}
