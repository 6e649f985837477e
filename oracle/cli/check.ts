/** The verb *check*: all states of the specification in its configurations. */
import { z } from 'zod';
import { UsageError } from '../usage.ts';
import type { Outcome } from '../verdict.ts';
import { chosen, mustBeKnown } from './named.ts';
import { directory, readOptions, seconds, seed, sockets as socketsUpTo, whole, workers } from './options.ts';
import type { Listing, VerbContext } from './verbs.ts';

const schema = z.object({
  design: z.string(),
  sockets: socketsUpTo(16).optional(),
  threads: whole(1, 16).optional(),
  symmetry: z.boolean().optional(),
  promises: z.boolean().optional(),
  walks: whole(1, 1_000_000_000).optional(),
  depth: whole(1, 10_000),
  states: whole(1, 1_000_000_000).optional(),
  memory: whole(1, 16_384),
  workers: workers(),
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
  const { symmetry, promises, walks, depth, sockets, threads, states, memory, time, list, ...options } = readOptions(schema, typed);
  const engine = await engines.check();
  const known = engine.listConfigurations();
  if (list === true) return { list: known.map((each) => ({ kind: 'configurations', ...each })) };
  if (walks !== undefined && options.workers > 1) {
    const reason = 'is for all states: random walks are taken by one thread';
    throw new UsageError(`--workers ${reason}`, { field: '--workers', reason });
  }
  mustBeKnown('design', [options.design], engine.listDesigns());
  return engine.check({
    ...options,
    configurations: chosen('configuration', operands, known),
    symmetry: symmetry === true,
    promises: promises ?? null,
    walks: walks === undefined ? null : { number: walks, steps: depth },
    sockets: sockets ?? null,
    threads: threads ?? null,
    states: states ?? null,
    memoryMiB: memory,
    timeSeconds: time,
    signal,
    progress,
    display,
  });
}
