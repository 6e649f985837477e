/** How a replay ends: the outcome, with the steps as they went. And how it begins to fail: a file that names what does not exist. */
import type { Counterexample } from '../counterexample.ts';
import { isFixed } from '../origin.ts';
import { quote, UsageError } from '../usage.ts';
import type { Outcome, Verdict } from '../verdict.ts';

export interface Ending {
  readonly verdict: Verdict;
  /** Steps that were taken. */
  readonly taken: number;
  /** Steps of the file. */
  readonly total: number;
  /** What was broken, or was to be. */
  readonly breaks: string;
  /** Sizes, and what else the replay was about. */
  readonly setting: string;
  readonly seconds: number;
  readonly detail: string;
}

export function endingOf({ verdict, taken, total, breaks, setting, seconds, detail }: Ending): Outcome {
  const bound = `${taken} of ${total} step${total === 1 ? '' : 's'}; ${setting}`;
  return {
    verdict,
    bound,
    results: [{ id: breaks, verdict, bound, seconds, method: 'replay', counterexample: null, detail }],
    figures: { steps: taken, stepsRecorded: total },
  };
}

/** All steps were taken and what the file is about is not broken. */
export function wentThrough(file: Counterexample): Pick<Ending, 'verdict'> & { readonly why: string } {
  const fixed = isFixed(file);
  if (fixed !== true) return { verdict: 'unknown', why: fixed };
  return { verdict: 'holds', why: `all steps went through and ${file.breaks} is not broken any more` };
}

/** The recorded steps and what there is now have parted. */
export function diverged(step: number, why: string): string {
  return `diverged at step ${step}: ${why}`;
}

/** For a file that is well-formed and yet not one that this version can have written. */
export function refusedFile(field: string, reason: string, known?: readonly string[]): UsageError {
  const names = known === undefined || known.length === 0 ? '' : `\nKnown: ${known.join(', ')}`;
  return new UsageError(`the counterexample was refused: ${field} ${reason}${names}`, {
    field,
    reason,
    ...(known === undefined ? {} : { known }),
  });
}

/** An interrupt, and a look at whether others want the processor: once every so many steps. */
export async function pause(step: number, signal: AbortSignal): Promise<boolean> {
  if (step % 200 === 199) await new Promise((resolve) => setImmediate(resolve));
  return signal.aborted;
}

/** "is 17, expected a whole number from 1 to 12" for every size that is not as it should be. */
export function checkSizes(
  seen: Readonly<Record<string, number>>,
  limits: Readonly<Record<string, readonly [least: number, most: number]>>,
  complete: boolean,
): void {
  for (const [name, value] of Object.entries(seen)) {
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    const field = `configuration.${name}`;
    if (limit === undefined) throw refusedFile(field, 'is not a size of the specification', Object.keys(limits));
    const [least, most] = limit;
    if (value < least || value > most) throw refusedFile(field, `expected a whole number from ${least} to ${most}, saw ${quote(value)}`);
  }
  const missing = Object.keys(limits).find((name) => !Object.hasOwn(seen, name));
  if (complete && missing !== undefined) throw refusedFile(`configuration.${missing}`, 'is missing');
}
