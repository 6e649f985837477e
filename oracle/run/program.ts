/**
 * One program from beginning to end: choices become operations, operations are performed in lockstep, and the first mismatch ends it.
 * The same for a list of operations from a file.
 */
import { createHash } from 'node:crypto';
import type { CompiledModel } from '../compile/model.ts';
import type { Implementation } from './implementation.ts';
import { Lockstep, type Mismatch } from './lockstep.ts';
import { type Choice, type Configuration, type Operation, operations } from './operations.ts';

/** Sizes of a run: small enough for everything to run out now and then. */
export const SIZES: Configuration = { SOCKETS: 6, PCBS: 8, FDS: 7, HANDLES: 2, NAMES: 3, BACKLOG: 2, BUFFER: 3 };

export interface Step {
  readonly operation: Operation;
  /** Of the specification's state after it. */
  readonly fingerprint: string;
}

export interface Execution {
  readonly performed: number;
  /** Only of a program that failed, or if asked for. */
  readonly steps: readonly Step[];
  readonly mismatch: Mismatch | null;
}

/** Runs choices. `keep` collects the steps, which costs more than the run itself. */
export function runChoices(model: CompiledModel, implementation: Implementation, choices: readonly Choice[], keep: boolean): Execution {
  const lockstep = new Lockstep(model, implementation, SIZES);
  const steps: Step[] = [];
  let performed = 0;
  for (const choice of choices) {
    for (const operation of operations(choice, lockstep.state(), SIZES)) {
      const mismatch = lockstep.perform(operation);
      performed++;
      if (keep) steps.push({ operation, fingerprint: fingerprint(lockstep.specification.words) });
      if (mismatch !== null) return { performed, steps, mismatch };
    }
  }
  return { performed, steps, mismatch: null };
}

/** A short name of a state of the specification. */
export function fingerprint(words: Int32Array): string {
  return createHash('sha256').update(new Uint8Array(words.buffer, words.byteOffset, words.byteLength)).digest('hex').slice(0, 16);
}
