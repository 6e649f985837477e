/**
 * Statistics: what has happened since the kernel was made. A counter that all threads share would be the one word of the stack that every
 * segment has to fetch from another processor, so each thread counts in its own words, without a lock or an atomic addition, and who reads adds
 * them up: exact when nobody is in a call. What a thread has counted stays in its record when it leaves.
 *
 * A kernel that is made with `statistics: false` counts nothing: two of its states that differ in nothing but their past are equal.
 */

import { h_flags, h_nthreads, h_stats, KF_STATISTICS, STAT_WORDS, td_stats } from '../layout.ts';
import { fixed, get, type Kernel, load, store } from '../memory.ts';

/** Counts `amount` more of what STAT_* names. */
export function stat_add(k: Kernel, td: number, counter: number, amount: number): void {
  if ((fixed(k, h_flags) & KF_STATISTICS) === 0) return;
  const at = get(k, td + td_stats) + counter;
  // Nobody else writes the word; others may read it, so it is not torn and not late.
  store(k, at, load(k, at) + amount);
}

/** The sum of what all threads have counted, a whole number of 32 bits that begins again after the last. */
export function stat_sum(k: Kernel, counter: number): number {
  let sum = 0;
  for (let thread = 0; thread < fixed(k, h_nthreads); thread++)
    sum = (sum + load(k, fixed(k, h_stats) + thread * STAT_WORDS + counter)) | 0;
  return sum;
}
