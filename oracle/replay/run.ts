/** Replay of a run: the recorded operations in lockstep, on the implementation as it is or with the fault that the file names. */
import type { RunCounterexample } from '../counterexample.ts';
import type { Work } from '../engine.ts';
import { explain } from '../run/failure.ts';
import { implementationWith } from '../run/index.ts';
import { Lockstep } from '../run/lockstep.ts';
import { COMPARISONS } from '../run/mismatch.ts';
import type { Configuration, Operation } from '../run/operations.ts';
import { type Step, steps } from '../run/program.ts';
import { isRefusal, operationOf } from '../run/signatures.ts';
import { compiledSpecification } from '../specification.ts';
import type { Outcome, Verdict } from '../verdict.ts';
import { checkSizes, diverged, endingOf, pause, refusedFile, wentThrough } from './ending.ts';

/** Sizes that a file may ask for: what a run uses, with room for other versions of it. */
const SIZE_LIMITS: Readonly<Record<keyof Configuration, readonly [least: number, most: number]>> = {
  SOCKETS: [2, 12],
  PCBS: [2, 24],
  FDS: [1, 16],
  HANDLES: [1, 4],
  NAMES: [1, 6],
  BACKLOG: [1, 3],
  BUFFER: [1, 8],
  RIGHTS: [1, 8],
};

/** Throws a UsageError where the file names an operation, an argument, a size, a fault or an id that does not exist. */
export async function replayRun(file: RunCounterexample, work: Work): Promise<Outcome> {
  const begin = performance.now();
  const sizes = sizesOf(file);
  const program = programOf(file, sizes);
  const fault = file.fault ?? null;
  // A call that never came back comes to an end where accesses are counted.
  const giant = file.giant === true;
  const implementation = await implementationWith(fault, fault !== null || file.breaks === 'calls-return', giant);
  const model = await compiledSpecification(file.design, { ...sizes, THREADS: 1 });
  const known = [...COMPARISONS, ...model.invariants.map((invariant) => invariant.id)];
  if (!known.includes(file.breaks)) throw refusedFile('breaks', 'is nothing that a run compares', known);

  const taken: Step[] = [];
  let ending: { readonly verdict: Verdict; readonly why: string } | null = null;
  for (const step of steps(new Lockstep(model, implementation, sizes), program)) {
    taken.push(step);
    work.progress(taken.length, program.length, step.operation.name);
    ending = judge(file, taken.length, step);
    if (ending !== null) break;
    if (await pause(taken.length, work.signal)) ending = { verdict: 'unknown', why: `interrupted after step ${taken.length}` };
    if (ending !== null) break;
  }
  const { verdict, why } = ending ?? wentThrough(file);
  return endingOf({
    verdict,
    taken: taken.length,
    total: program.length,
    breaks: file.breaks,
    setting: `${sizes.SOCKETS} sockets, 1 thread${fault === null ? '' : `, planted fault ${fault}`}${giant ? ', under Giant' : ''}`,
    seconds: (performance.now() - begin) / 1000,
    detail: `${explain(taken, taken.at(-1)?.mismatch ?? null)}\n${why}`,
  });
}

/** What a step means; null: go on. `number` counts from 1. */
function judge(
  file: RunCounterexample,
  number: number,
  { mismatch, fingerprint }: Step,
): { readonly verdict: Verdict; readonly why: string } | null {
  const last = number === file.steps.length;
  if (last && mismatch?.breaks === file.breaks)
    return { verdict: 'violated', why: `it happened again: step ${number} breaks ${file.breaks}` };
  if (mismatch !== null) return { verdict: 'unknown', why: `something else broke first, at step ${number}: ${mismatch.breaks}` };
  // What the last step leads to is what the failure was about, and may well be different now.
  const expected = file.steps[number - 1]?.fingerprint ?? '';
  if (!last && fingerprint !== expected)
    return { verdict: 'unknown', why: diverged(number, `expected fingerprint ${expected}, saw ${fingerprint}`) };
  return null;
}

function sizesOf({ configuration }: RunCounterexample): Configuration {
  // A file may be older than rights.
  const sizes: Readonly<Record<string, number>> = { RIGHTS: 2, ...configuration };
  checkSizes(sizes, SIZE_LIMITS, true);
  return sizes as unknown as Configuration;
}

function programOf({ steps: recorded }: RunCounterexample, sizes: Configuration): readonly Operation[] {
  return recorded.map((step, index) => {
    const operation = operationOf(step.operation, step.arguments, sizes);
    if (isRefusal(operation)) throw refusedFile(`steps[${index}].${operation.field}`, operation.reason, operation.known);
    return operation;
  });
}
