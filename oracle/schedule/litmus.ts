/**
 * *Litmus programs*: small programs over `Atomics`, each for one idea, most of them in a right and a wrong form; the wrong ones say what
 * must be found in them. Their sources (litmus/) are user code and are compiled when they are explored.
 */
import path from 'node:path';
import { packageRoot } from '../root.ts';
import { UsageError } from '../usage.ts';
import { ENTRIES, type Litmus, OPS, type Sizes, sizes } from './litmus-list.ts';
import type { ThreadCalls, UserProgram } from './user-program.ts';

export type { Litmus } from './litmus-list.ts';

export const LITMUS: readonly Litmus[] = ENTRIES.map(({ id, text, violations, citation, threads, ops }) => ({
  id,
  text,
  violations,
  ...(citation === undefined ? {} : { citation }),
  threads: threads ?? sizes(2),
  ops: ops ?? OPS,
}));

/** The program of a name and sizes, without being compiled. Null: as the program has it by itself. */
export function litmusProgram(id: string, threads: number | null = null, ops: number | null = null): UserProgram {
  const entry = ENTRIES.find((each) => each.id === id);
  const known = LITMUS.find((each) => each.id === id);
  if (entry === undefined || known === undefined)
    throw new UsageError(`there is no litmus program ${JSON.stringify(id)}`, { field: 'litmus', known: LITMUS.map((each) => each.id) });
  const [t, o] = [sized(id, 'threads', known.threads, threads), sized(id, 'ops', known.ops, ops)];
  const threadCalls: readonly ThreadCalls[] = entry.calls(t, o).map((one) => ({ calls: [one] }));
  return {
    name: `${id}, ${t} threads × ${o}`,
    root: packageRoot(),
    file: path.posix.join('oracle/schedule/litmus', `${entry.file}.ts`),
    memory: entry.memory(t, o),
    threads: threadCalls,
    ...(entry.init === undefined ? {} : { init: entry.init(t) }),
    ...(entry.check === undefined ? {} : { check: entry.check(t, o) }),
  };
}

function sized(id: string, field: 'threads' | 'ops', { usual, least, most }: Sizes, given: number | null): number {
  const count = given ?? usual;
  if (count >= least && count <= most) return count;
  const allowed = least === most ? String(least) : `${least} to ${most}`;
  throw new UsageError(`${id} has ${allowed} ${field}, not ${count}`, { field: `--${field}`, reason: `expected ${allowed}; saw ${count}` });
}
