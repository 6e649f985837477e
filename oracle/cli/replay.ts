/** The verb *replay*: does a recorded failure happen again? The file may come from anywhere; it is data, and checked. */
import { z } from 'zod';
import { readCounterexample } from '../counterexample.ts';
import type { Outcome } from '../verdict.ts';
import { readOptions, seed as seedOption } from './options.ts';
import type { VerbContext } from './verbs.ts';

const schema = z.object({ workers: z.boolean().optional(), seed: seedOption });

export async function judge(
  typed: Readonly<Record<string, unknown>>,
  operands: readonly string[],
  { engines, signal, progress, display }: VerbContext,
): Promise<Outcome> {
  const { seed, workers } = readOptions(schema, typed);
  // The command line sees to it that the operand is there.
  const counterexample = await readCounterexample(operands[0] ?? '');
  const engine = await engines.replay();
  return engine.replay(counterexample, { seed, signal, progress, display, ...(workers === true ? { workers } : {}) });
}
