/** The verb *prove*: invariants of the specification, each with its own verdict, on all traces up to a depth. */
import { z } from 'zod';
import { UsageError } from '../usage.ts';
import type { Outcome } from '../verdict.ts';
import { mustBeKnown } from './named.ts';
import { directory, readOptions, seconds, seed, sockets, whole } from './options.ts';
import type { VerbContext } from './verbs.ts';

const schema = z.object({
  design: z.string(),
  invariant: z.array(z.string()).optional(),
  depth: whole(1, 1_000),
  allTraces: z.boolean().optional(),
  cache: directory.optional(),
  sockets: sockets(64),
  threads: whole(1, 16),
  timeout: seconds(),
  solver: z.string().min(1, 'expected the path of a program').optional(),
  out: directory,
  seed,
});

export async function judge(
  typed: Readonly<Record<string, unknown>>,
  _operands: readonly string[],
  { engines, signal, progress, display }: VerbContext,
): Promise<Outcome> {
  const { invariant, timeout, solver, allTraces, cache, ...options } = readOptions(schema, typed);
  if (cache !== undefined && allTraces !== true) {
    const reason = 'only answers about all traces are kept: it goes with --all-traces';
    throw new UsageError(`--cache: ${reason}`, { field: '--cache', reason });
  }
  const engine = await engines.prove();
  mustBeKnown('design', [options.design], engine.listDesigns());
  mustBeKnown('invariant', invariant ?? [], engine.listInvariants());
  return engine.prove({
    ...options,
    invariants: invariant === undefined ? null : [...new Set(invariant)],
    allTraces: allTraces === true,
    cache: cache ?? null,
    timeoutSeconds: timeout,
    solver: solver ?? null,
    signal,
    progress,
    display,
  });
}
