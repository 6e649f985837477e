/**
 * Loans: chains of mbufs whose bytes a user reads where they lie. A receive that lends cuts them off the socket buffer instead of copying out of
 * it, as one with `mp0` does in C. A thread's loans are its own, so nothing in here needs a lock but the zone.
 *
 *   from           to            by
 *   in a buffer    taken         loan_add, for the receive under way (td_top)
 *   taken          on loan       loan_made, as that receive ends (td_lent)
 *   on loan        free          loan_return of one; loan_return_all of a thread that detaches
 *
 * 1. td_nlent counts the mbufs taken and on loan. It is never more than h_maxlent: who does not give back is lent no more (ENOBUFS), and
 *    others still find mbufs.
 * 2. What is on loan is in no buffer: whoever sent it has the room again.
 * 3. Only what is on the thread's list can be given back, and then is on none: the second time is EINVAL.
 */

import { EINVAL } from '../errno.ts';
import { m_len, m_next, m_nextpkt, td_lent, td_nlent, td_retval1, td_top, td_toplast, td_uio_resid } from '../layout.ts';
import { get, type Kernel, put } from '../memory.ts';
import { m_freem } from './mbuf.ts';

/** The receive under way lends this mbuf, which is nobody else's any more. */
export function loan_add(k: Kernel, td: number, m: number): void {
  put(k, m + m_next, 0);
  put(k, m + m_nextpkt, 0);
  if (get(k, td + td_top) === 0) put(k, td + td_top, m);
  else put(k, get(k, td + td_toplast) + m_next, m);
  put(k, td + td_toplast, m);
  put(k, td + td_nlent, get(k, td + td_nlent) + 1);
  put(k, td + td_uio_resid, get(k, td + td_uio_resid) - get(k, m + m_len));
}

/** The receive has ended: what it has taken is on loan. The chain goes to td_retval1, 0 if there is none. */
export function loan_made(k: Kernel, td: number): void {
  const chain = get(k, td + td_top);
  put(k, td + td_retval1, chain);
  put(k, td + td_top, 0);
  if (chain === 0) return;
  put(k, chain + m_nextpkt, get(k, td + td_lent));
  put(k, td + td_lent, chain);
}

/** Takes a chain back. EINVAL if this thread has no such loan. */
export function loan_return(k: Kernel, td: number, chain: number): number {
  let before = 0;
  let found = get(k, td + td_lent);
  while (found !== 0 && found !== chain) {
    before = found;
    found = get(k, found + m_nextpkt);
  }
  if (found === 0) return EINVAL;
  const next = get(k, found + m_nextpkt);
  if (before === 0) put(k, td + td_lent, next);
  else put(k, before + m_nextpkt, next);
  let count = 0;
  for (let m = found; m !== 0; m = get(k, m + m_next)) count++;
  put(k, td + td_nlent, get(k, td + td_nlent) - count);
  m_freem(k, td, found);
  return 0;
}

/** Takes back all that the thread has. */
export function loan_return_all(k: Kernel, td: number): void {
  while (get(k, td + td_lent) !== 0) loan_return(k, td, get(k, td + td_lent));
}
