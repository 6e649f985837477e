/**
 * One program from beginning to end: choices become operations, operations are performed in lockstep, and the first mismatch ends it.
 */
import { createHash } from 'node:crypto';
import type { Rule, Source } from '../compile/ir.ts';
import type { Lockstep } from './lockstep.ts';
import type { Mismatch } from './mismatch.ts';
import { patienceFor, SHRINKING, STOPPED, stopAfter, type Watch, watchingOnce } from './patience.ts';
import { type Choice, type Configuration, ENDING, type Operation, operations } from './operations.ts';

/** Sizes of a run: small enough for everything to run out now and then. */
export const SIZES: Configuration = { SOCKETS: 6, PCBS: 12, FDS: 7, HANDLES: 2, NAMES: 3, BACKLOG: 2, BUFFER: 3, RIGHTS: 4 };

export interface Execution {
  readonly performed: readonly Operation[];
  readonly mismatch: Mismatch | null;
}

/** Runs choices from the beginning, and then to an end. What is performed is added to `performed`, so that it is known whatever happens. */
export function runChoices(lockstep: Lockstep, choices: readonly Choice[], performed: Operation[] = []): Execution {
  lockstep.reset();
  for (const choice of choices) {
    const mismatch = performAll(lockstep, operations(choice, lockstep.scene(), SIZES), performed);
    if (mismatch !== null) return { performed, mismatch };
  }
  for (const phase of ENDING) {
    const mismatch = performAll(lockstep, phase(lockstep.scene()), performed);
    if (mismatch !== null) return { performed, mismatch };
  }
  return { performed, mismatch: null };
}

/** Performs operations until one finds something, and adds them to those that were performed. */
function performAll(lockstep: Lockstep, next: readonly Operation[], performed: Operation[]): Mismatch | null {
  for (const operation of next) {
    performed.push(operation);
    const mismatch = lockstep.perform(operation);
    if (mismatch !== null) return mismatch;
  }
  return null;
}

function neverReturns(seconds: number): Mismatch {
  return { breaks: 'calls-return', seen: `has not come back after ${seconds} s`, allowed: 'the specification goes on' };
}

/** A step as it is told and recorded. Taking one costs more than performing it. */
export interface Step {
  readonly operation: Operation;
  /** Where the specification says what it does: the procedure it starts first. Null if it is nothing to the specification. */
  readonly place: Source | null;
  /** The rules of the specification that decided. */
  readonly rules: readonly Rule[];
  /** Of the specification's state after it. */
  readonly fingerprint: string;
  /** What broke; null if the two sides agreed. */
  readonly mismatch: Mismatch | null;
}

/** How long an operation may take, and who sees to it. */
export interface Patience {
  readonly seconds: number;
  readonly watch: Watch;
}

/** Performs operations from the beginning, one each time the next step is asked for. The step that fails is the last. */
export function* steps(lockstep: Lockstep, program: readonly Operation[], patience: Partial<Patience> = {}): Generator<Step, void> {
  const { seconds = patienceFor(1), watch = stopAfter } = patience;
  lockstep.reset();
  for (const operation of program) {
    const before = lockstep.model.ruleHits.slice();
    const found = watch(seconds, () => lockstep.perform(operation));
    const mismatch = found === STOPPED ? neverReturns(seconds) : found;
    const rules = lockstep.model.program.rules.filter((_, index) => lockstep.model.ruleHits[index] !== before[index]);
    yield { operation, place: lockstep.place(), rules, fingerprint: fingerprint(lockstep.specification.words), mismatch };
    if (mismatch !== null) return;
  }
}

/**
 * The program without the operations that the failure does not need. fast-check leaves out whole choices; what is left of an
 * opening is for here. A program that has to be stopped is not the shorter one.
 */
export function minimise(lockstep: Lockstep, program: readonly Operation[], breaks: string, watch?: Watch): readonly Operation[] {
  return watchingOnce(patienceFor(SHRINKING), (each) => withoutNeedless(lockstep, program, breaks, each), watch);
}

function withoutNeedless(lockstep: Lockstep, program: readonly Operation[], breaks: string, watch: Watch): readonly Operation[] {
  let shortest = program;
  for (let at = shortest.length - 2; at >= 0; at = Math.min(at, shortest.length - 1) - 1) {
    const shorter = untilFailure(lockstep, shortest.toSpliced(at, 1), breaks, watch);
    if (shorter === null) continue;
    shortest = shorter;
    // What was needed by what is gone may be needless now.
    at = shortest.length;
  }
  return shortest;
}

/** The program up to the operation that breaks this; null if none does, or something else breaks before. */
function untilFailure(lockstep: Lockstep, program: readonly Operation[], breaks: string, watch: Watch): readonly Operation[] | null {
  const shorter = watch(patienceFor(program.length), () => {
    lockstep.reset();
    for (const [index, operation] of program.entries()) {
      const mismatch = lockstep.perform(operation);
      if (mismatch !== null) return mismatch.breaks === breaks ? program.slice(0, index + 1) : null;
    }
    return null;
  });
  return shorter === STOPPED ? null : shorter;
}

/** A short name of a state of the specification. */
export function fingerprint(words: Int32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(words.buffer, words.byteOffset, words.byteLength))
    .digest('hex')
    .slice(0, 16);
}
