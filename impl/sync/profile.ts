/**
 * The profile of the locks, in a kernel that is made with `profile`: how often each lock was taken, how often it was held by somebody
 * else then, and for how many ticks it was held. What a tick is, the driver of the clock decides; a lock that is held for a small part of one
 * is seen by as many ticks as that part is of all time. In any other kernel each of these functions ends at its first line.
 *
 * Every thread counts in a table of its own, so that the profile takes no locks and makes none contended; who reads adds the tables up. A lock of
 * the header (tcbinfo, the accept mutex, …) has a row by its address, the others have one for each class. A lock that its owner takes again,
 * or another one of the same class, is counted; time counts once.
 */

import {
  h_flags,
  h_nthreads,
  h_profile,
  HEADER_WORDS,
  KF_PROFILE,
  lk_class,
  LP_ROWS,
  LP_WORDS,
  lp_acquired,
  lp_contended,
  lp_depth,
  lp_held,
  lp_since,
  td_profile,
  ticks,
} from '../layout.ts';
import { fixed, get, type Kernel, load, put, store } from '../memory.ts';

/** The thread has the lock. */
export function profile_acquired(k: Kernel, td: number, lock: number): void {
  if ((fixed(k, h_flags) & KF_PROFILE) === 0) return;
  const row = profile_row(k, td, lock);
  store(k, row + lp_acquired, load(k, row + lp_acquired) + 1);
  const depth = get(k, row + lp_depth);
  put(k, row + lp_depth, depth + 1);
  if (depth === 0) put(k, row + lp_since, load(k, ticks));
}

/** The thread finds the lock taken. */
export function profile_contended(k: Kernel, td: number, lock: number): void {
  if ((fixed(k, h_flags) & KF_PROFILE) === 0) return;
  const row = profile_row(k, td, lock);
  store(k, row + lp_contended, load(k, row + lp_contended) + 1);
}

/** The thread gives the lock back. */
export function profile_released(k: Kernel, td: number, lock: number): void {
  if ((fixed(k, h_flags) & KF_PROFILE) === 0) return;
  const row = profile_row(k, td, lock);
  const depth = get(k, row + lp_depth) - 1;
  put(k, row + lp_depth, depth);
  if (depth === 0) store(k, row + lp_held, load(k, row + lp_held) + ((load(k, ticks) - get(k, row + lp_since)) | 0));
}

/** What all threads together have counted in a row: the word is lp_acquired, lp_contended or lp_held. Exact when nobody is in a call. */
export function profile_sum(k: Kernel, row: number, counted: number): number {
  let sum = 0;
  for (let thread = 0; thread < fixed(k, h_nthreads); thread++)
    sum += load(k, fixed(k, h_profile) + (thread * LP_ROWS + row) * LP_WORDS + counted);
  return sum;
}

/** The row of a lock: of the header by its place, of any other by its class. */
export function profile_place(k: Kernel, lock: number): number {
  return lock < HEADER_WORDS ? lock : HEADER_WORDS + get(k, lock + lk_class);
}

function profile_row(k: Kernel, td: number, lock: number): number {
  return get(k, td + td_profile) + profile_place(k, lock) * LP_WORDS;
}
