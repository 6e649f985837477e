/**
 * Loans: chains of mbufs whose bytes a user reads, or writes, where they lie. A receive that lends cuts them off the socket buffer instead of
 * copying out of it, as one with `mp0` does in C; a send takes them instead of copying in, as one with `top`. A thread's loans are its own,
 * so nothing in here needs a lock but the zone.
 *
 *   from           to            by
 *   in a buffer    taken         loan_add, for the receive under way (td_top)
 *   free           taken         loan_get
 *   taken          on loan       loan_made, at the end of the call (td_lent)
 *   on loan        taken         loan_take, for the send under way
 *   taken          sent          loan_cut, a piece at a time
 *   on loan        free          loan_return of one; loan_return_all of a thread that detaches
 *
 * 1. td_nlent counts the mbufs taken and on loan. It is never more than h_maxlent: who does not give back is lent no more (ENOBUFS), and
 *    others still find mbufs.
 * 2. What is on loan is in no buffer: whoever sent it has the room again.
 * 3. Only what is on the thread's list can be given back, and then is on none: the second time is EINVAL.
 */

import { EINVAL, ENOBUFS } from '../errno.ts';
import {
  h_maxlent,
  h_mlen,
  m_len,
  m_next,
  m_nextpkt,
  MT_DATA,
  td_lent,
  td_nlent,
  td_retval1,
  td_top,
  td_toplast,
  td_uio_resid,
} from '../layout.ts';
import { fixed, get, type Kernel, put } from '../memory.ts';
import { m_copym, m_freem, m_get } from './mbuf.ts';

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

/** The call has ended: what it has taken, or has not sent, is on loan. The chain goes to td_retval1, 0 if there is none. */
export function loan_made(k: Kernel, td: number): void {
  const chain = get(k, td + td_top);
  put(k, td + td_retval1, chain);
  put(k, td + td_top, 0);
  if (chain === 0) return;
  put(k, chain + m_nextpkt, get(k, td + td_lent));
  put(k, td + td_lent, chain);
}

/** Takes a chain off the thread's list, to td_top. EINVAL if it is not there. */
export function loan_take(k: Kernel, td: number, chain: number): number {
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
  put(k, found + m_nextpkt, 0);
  put(k, td + td_top, found);
  return 0;
}

/** Takes a chain back. EINVAL if this thread has no such loan. */
export function loan_return(k: Kernel, td: number, chain: number): number {
  const error = loan_take(k, td, chain);
  if (error !== 0) return error;
  put(k, td + td_top, 0);
  loan_gone(k, td, chain);
  m_freem(k, td, chain);
  return 0;
}

/** These mbufs are not on loan any more. */
function loan_gone(k: Kernel, td: number, chain: number): void {
  let count = 0;
  for (let m = chain; m !== 0; m = get(k, m + m_next)) count++;
  put(k, td + td_nlent, get(k, td + td_nlent) - count);
}

/** Lends mbufs for so many bytes, more than 0, as their last owner left them. ENOBUFS if there are not as many, or the thread has too much on loan. */
export function loan_get(k: Kernel, td: number, length: number): number {
  let left = length;
  while (left > 0) {
    const m = get(k, td + td_nlent) < fixed(k, h_maxlent) ? m_get(k, td, MT_DATA) : 0;
    if (m === 0) {
      const some = get(k, td + td_top);
      put(k, td + td_top, 0);
      loan_gone(k, td, some);
      m_freem(k, td, some);
      return ENOBUFS;
    }
    const size = fixed(k, h_mlen);
    put(k, m + m_len, left < size ? left : size);
    left -= get(k, m + m_len);
    loan_add(k, td, m);
  }
  loan_made(k, td);
  return 0;
}

/**
 * The next `length` bytes of the loan that is being sent, which is the sender's from now on. Where they end within an mbuf, what is behind them is
 * copied (C's m_split): an errno negated if there is no mbuf for that, and nothing has changed.
 */
export function loan_cut(k: Kernel, td: number, length: number): number {
  const chain = get(k, td + td_top);
  let m = chain;
  let left = length;
  while (left > get(k, m + m_len)) {
    left -= get(k, m + m_len);
    m = get(k, m + m_next);
  }
  let rest = get(k, m + m_next);
  const behind = get(k, m + m_len) - left;
  if (behind > 0) {
    const copied = m_copym(k, td, m, left, behind);
    if (copied === 0) return -ENOBUFS;
    put(k, copied + m_next, rest);
    put(k, td + td_nlent, get(k, td + td_nlent) + 1);
    put(k, m + m_len, left);
    rest = copied;
  }
  put(k, m + m_next, 0);
  put(k, td + td_top, rest);
  loan_gone(k, td, chain);
  put(k, td + td_uio_resid, get(k, td + td_uio_resid) - length);
  return chain;
}

/** Takes back all that the thread has. */
export function loan_return_all(k: Kernel, td: number): void {
  while (get(k, td + td_lent) !== 0) loan_return(k, td, get(k, td + td_lent));
}
