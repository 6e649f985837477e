/**
 * Accept filters: a connection waits on so_incomp, though it is connected, until there is something for who accepts it to do. The filter is an
 * *upcall* of the child's receive buffer: whoever changes the buffer asks it, with the buffer's mutex held. Here it is a number, not a function.
 *
 *   from                 to                     by
 *   SO_ACCEPTFILTER      upcall set             soisconnected: the child is connected, and the filter has said no
 *   SO_ACCEPTFILTER      so_comp                soisconnected: it has said yes at once
 *   upcall set           so_comp                sowakeup: it says yes (SU_ISCONNECTED); or the filter is taken away
 *   either               gone                   its listener is closed, or has too many
 *
 * An upcall must not sleep nor take a lock; that the child moves is done when the buffer's mutex is given back. Filters come and go under
 * accept_mtx, under which a child meets them: none is kept back by a filter that is gone.
 */

import { EINVAL, ENOENT } from '../errno.ts';
import {
  ACCF_DATAREADY,
  ACCF_HTTPREADY,
  accept_mtx,
  m_len,
  m_next,
  SB_UPCALL,
  SBS_CANTRCVMORE,
  SO_ACCEPTCONN,
  SO_ACCEPTFILTER,
  SU_ISCONNECTED,
  SU_OK,
  sb_flags,
  sb_mb,
  sb_mtx,
  sb_upcall,
  so_accf,
  so_incomp_first,
  so_list_next,
  so_options,
  so_rcv,
  so_timeo,
  td_retval1,
} from '../layout.ts';
import { and, get, getByte, type Kernel, load, or, put } from '../memory.ts';
import { mtx_assert, mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { wakeup } from '../sync/sleepqueue.ts';
import { copyin_word, copyout_word } from './copy.ts';
import { mtod } from './mbuf.ts';
import { soreadabledata } from './poll.ts';
import { sbspace, sbstate, sotell } from './sockbuf.ts';
import { soqueue_move } from './sockstate.ts';

/** From now on whoever changes so_rcv asks this. Its mutex is held, here and below. */
export function soupcall_set(k: Kernel, td: number, so: number, upcall: number): void {
  const rcv = so + so_rcv;
  mtx_assert(k, td, rcv + sb_mtx);
  put(k, rcv + sb_upcall, upcall);
  put(k, rcv + sb_flags, get(k, rcv + sb_flags) | SB_UPCALL);
}

export function soupcall_clear(k: Kernel, td: number, so: number): void {
  const rcv = so + so_rcv;
  mtx_assert(k, td, rcv + sb_mtx);
  put(k, rcv + sb_upcall, 0);
  put(k, rcv + sb_flags, get(k, rcv + sb_flags) & ~SB_UPCALL);
}

/** SU_ISCONNECTED: the child is complete. */
export function soupcall(k: Kernel, so: number): number {
  const over = sbstate(k, so + so_rcv, SBS_CANTRCVMORE);
  switch (get(k, so + so_rcv + sb_upcall)) {
    case ACCF_DATAREADY:
      return over || soreadabledata(k, so) ? SU_ISCONNECTED : SU_OK;
    case ACCF_HTTPREADY:
      return over || sbspace(k, so + so_rcv) <= 0 || sohashttpget(k, so) ? SU_ISCONNECTED : SU_OK;
    default:
      return SU_OK;
  }
}

const NEWLINE = 10;
const RETURN = 13;

/** There is the whole head of a request, or what is no GET and no HEAD. */
function sohashttpget(k: Kernel, so: number): boolean {
  let at = 0;
  let lines = 0;
  for (let m = get(k, so + so_rcv + sb_mb); m !== 0; m = get(k, m + m_next)) {
    const first = mtod(k, m);
    for (let i = 0; i < get(k, m + m_len); i++) {
      const byte = getByte(k, first + i);
      if (at < 4 && byte !== httpget(at) && byte !== httphead(at)) return true;
      if (byte === NEWLINE) lines++;
      else if (byte !== RETURN) lines = 0;
      if (lines === 2) return true;
      at++;
    }
  }
  return false;
}

/** "GET " and "HEAD". */
function httpget(at: number): number {
  return at === 0 ? 71 : at === 1 ? 69 : at === 2 ? 84 : 32;
}

function httphead(at: number): number {
  return at === 0 ? 72 : at === 1 ? 69 : at === 2 ? 65 : 68;
}

/** A child has got to its listener's filter. True if it may pass at once; if not, its buffer asks from now on. accept_mtx is held. */
export function accf_begin(k: Kernel, td: number, head: number, so: number): boolean {
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  and(k, so + so_options, ~SO_ACCEPTFILTER);
  const upcall = get(k, head + so_accf);
  soupcall_set(k, td, so, upcall);
  const ready = upcall === 0 || soupcall(k, so) === SU_ISCONNECTED;
  if (ready) soupcall_clear(k, td, so);
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  return ready;
}

/** SO_ACCEPTFILTER of a listener: set where there is none, or taken away. */
export function accf_setopt(k: Kernel, td: number, so: number, uaddr: number): number {
  const error = copyin_word(k, td, uaddr);
  if (error !== 0) return error;
  const filter = get(k, td + td_retval1);
  if (filter !== 0 && filter !== ACCF_DATAREADY && filter !== ACCF_HTTPREADY) return ENOENT;
  mtx_lock(k, td, accept_mtx);
  if ((load(k, so + so_options) & SO_ACCEPTCONN) === 0 || (filter !== 0 && get(k, so + so_accf) !== 0)) {
    mtx_unlock(k, td, accept_mtx);
    return EINVAL;
  }
  put(k, so + so_accf, filter);
  if (filter !== 0) {
    or(k, so + so_options, SO_ACCEPTFILTER);
    mtx_unlock(k, td, accept_mtx);
    return 0;
  }
  and(k, so + so_options, ~SO_ACCEPTFILTER);
  accf_release(k, td, so);
  mtx_unlock(k, td, accept_mtx);
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  sotell(k, td, so, so + so_rcv);
  wakeup(k, td, so + so_timeo);
  return 0;
}

/** Whoever the filter has kept back can be accepted. accept_mtx is held. */
function accf_release(k: Kernel, td: number, head: number): void {
  let child = get(k, head + so_incomp_first);
  while (child !== 0) {
    const next = get(k, child + so_list_next);
    mtx_lock(k, td, child + so_rcv + sb_mtx);
    const waits = (get(k, child + so_rcv + sb_flags) & SB_UPCALL) !== 0;
    if (waits) soupcall_clear(k, td, child);
    mtx_unlock(k, td, child + so_rcv + sb_mtx);
    if (waits) soqueue_move(k, head, child);
    child = next;
  }
}

export function accf_getopt(k: Kernel, td: number, so: number, uaddr: number): number {
  mtx_lock(k, td, accept_mtx);
  const filter = (load(k, so + so_options) & SO_ACCEPTCONN) === 0 ? 0 : get(k, so + so_accf);
  mtx_unlock(k, td, accept_mtx);
  return filter === 0 ? EINVAL : copyout_word(k, uaddr, filter);
}
