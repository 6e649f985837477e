/** What the tests of runs share: the options of the engine, a place for files, both sides in lockstep, and operations by hand. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunOptions, Work } from '../../oracle/engine.ts';
import { type Implementation, pristine } from '../../oracle/run/implementation.ts';
import { Lockstep } from '../../oracle/run/lockstep.ts';
import type { Mismatch } from '../../oracle/run/mismatch.ts';
import type { Operation } from '../../oracle/run/operations.ts';
import { SIZES, type Step, steps } from '../../oracle/run/program.ts';
import { compiledSpecification, SPECIFICATION } from '../../oracle/specification.ts';

export const quiet: Work = { seed: 1, signal: new AbortController().signal, progress: () => undefined };

export function runOptions(more: Partial<RunOptions>): RunOptions {
  return { ...quiet, runs: 100, maxCalls: 40, out: 'must not be written to', ...more };
}

/** Gives a directory that is gone afterwards. */
export async function withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'sockref-'));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export async function lockstep(implementation: Implementation = pristine): Promise<Lockstep> {
  const model = await compiledSpecification(SPECIFICATION, { ...SIZES, THREADS: 1 });
  return new Lockstep(model, implementation, SIZES);
}

export function op(name: string, args: Operation['args'] = {}): Operation {
  return { name, args };
}

/** A program that both sides must agree on; throws at the first step where they don't. Returns all steps. */
export function agree(both: Lockstep, program: readonly Operation[]): readonly Step[] {
  const taken = [...steps(both, program)];
  const mismatch: Mismatch | null = taken.at(-1)?.mismatch ?? null;
  if (mismatch !== null)
    throw new Error(`step ${taken.length} breaks ${mismatch.breaks}: saw ${mismatch.seen}, allowed ${mismatch.allowed}`);
  return taken;
}
