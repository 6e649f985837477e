/**
 * A thread record: what the kernel knows of one worker. It is the `td` that every function is given: the owner written into locks, the
 * element of sleep queues, the place of a system call's results. A worker has one; nobody else writes the fields marked T.
 */

import {
  h_nthreads,
  h_profile,
  h_stats,
  LP_ROWS,
  LP_WORDS,
  STAT_WORDS,
  td_profile,
  td_stats,
  h_threads,
  h_user_slice,
  TDF_CANSLEEP,
  TDF_INUSE,
  THREAD_WORDS,
  td_doze,
  td_flags,
  td_from_host,
  td_from_port,
  td_lend,
  td_lent,
  td_nlent,
  td_nlocks,
  td_notify,
  td_spin,
  td_top,
  td_uid,
  td_uio_base,
  td_uio_resid,
  td_user,
} from '../layout.ts';
import { compareExchange, fixed, type Kernel, put, store } from '../memory.ts';
import { loan_return_all } from './loan.ts';

/** Claims a record, or returns 0 if all are in use. `canSleep` 0: for a thread that must not wait in a futex. */
export function thread_attach(k: Kernel, canSleep: number): number {
  const flags = canSleep !== 0 ? TDF_INUSE | TDF_CANSLEEP : TDF_INUSE;
  for (let i = 0; i < fixed(k, h_nthreads); i++) {
    const td = fixed(k, h_threads) + i * THREAD_WORDS;
    // Whoever changes the word from 0 owns the record, and sees what its last owner left.
    if (compareExchange(k, td + td_flags, 0, flags) === 0) {
      put(k, td + td_user, i * fixed(k, h_user_slice));
      put(k, td + td_nlocks, 0);
      put(k, td + td_spin, 0);
      put(k, td + td_doze, 0);
      put(k, td + td_uid, 0);
      put(k, td + td_notify, -1);
      put(k, td + td_stats, fixed(k, h_stats) + i * STAT_WORDS);
      put(k, td + td_profile, fixed(k, h_profile) + i * LP_ROWS * LP_WORDS);
      put(k, td + td_uio_base, 0);
      put(k, td + td_uio_resid, 0);
      put(k, td + td_from_host, 0);
      put(k, td + td_from_port, 0);
      put(k, td + td_lend, 0);
      put(k, td + td_top, 0);
      put(k, td + td_lent, 0);
      put(k, td + td_nlent, 0);
      return td;
    }
  }
  return 0;
}

/** Gives the record back, and with it what the thread has on loan. The thread is in no call. */
export function thread_detach(k: Kernel, td: number): void {
  loan_return_all(k, td);
  store(k, td + td_flags, 0);
}
