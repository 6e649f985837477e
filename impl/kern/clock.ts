/** The clock: a counter of ticks that somebody advances, by hand in tests and engines, on a thread in production. */

import { ticks } from '../layout.ts';
import { add, type Kernel } from '../memory.ts';
import { sleepq_timeouts } from '../sync/sleepqueue.ts';
import { softclock } from './callout.ts';

/** One tick: sleeps that are over, timers that are due. One thread at a time. */
export function hardclock(k: Kernel, td: number): void {
  add(k, ticks, 1);
  sleepq_timeouts(k, td);
  softclock(k, td);
}
