/**
 * *Patience*: how long code may run that has no reason to end. The implementation runs in this very thread, so that one that goes round
 * for ever would take the run with it; Node's own watchdog stops it from outside, wherever it is. What it was doing is left half
 * done: whoever goes on begins anew.
 *
 * Only where the door to the memory counts (faulty.ts) is a hang found without a clock. There this is the second line.
 */
import { Script } from 'node:vm';

/** A call takes some microseconds, on a machine that has other things to do perhaps a thousand times as long. */
const SECONDS = 10;
const SECONDS_PER_CALL = 0.02;
/** So many times as long as the same took before. */
const SLOWER = 100;

/** Calls that it takes to make a program short, or a few times as many. */
export const SHRINKING = 1000;

/** Seconds for so many calls. */
export function patienceFor(calls: number): number {
  return SECONDS + SECONDS_PER_CALL * calls;
}

/** Seconds for what has just taken so many. */
export function patienceAfter(seconds: number): number {
  return SECONDS + SLOWER * seconds;
}

/** What a run that was stopped returns. */
export const STOPPED = Symbol('stopped');

const slot: { run: (() => unknown) | null } = { run: null };
const NAME = Symbol.for('sockref.patience');
// A watchdog watches a script; this one does nothing but call.
const script = new Script(`globalThis[Symbol.for('sockref.patience')].run()`);

/** Runs it to its end, or stops it after so many seconds. It is the one `Watch` there is; tests have another, which asks no clock. */
export function stopAfter<T>(seconds: number, run: () => T): T | typeof STOPPED {
  Object.assign(globalThis, { [NAME]: slot });
  slot.run = run;
  try {
    return script.runInThisContext({ timeout: Math.ceil(seconds * 1000) }) as T;
  } catch (error) {
    if ((error as { readonly code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return STOPPED;
    throw error;
  }
}

/** Runs something that may have to be stopped after so many seconds. */
export type Watch = <T>(seconds: number, run: () => T) => T | typeof STOPPED;

/**
 * Work that consists of many short runs. A watchdog costs as much as a short program, so that there is one for all of them; only if that one
 * has to stop the work is it done again with one for each.
 */
export function watchingOnce<T>(seconds: number, work: (watch: Watch) => T, watch: Watch = stopAfter): T {
  const done = watch(seconds, () => work((_, run) => run()));
  return done === STOPPED ? work(watch) : done;
}
