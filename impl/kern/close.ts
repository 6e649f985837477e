/**
 * The end of a socket: soclose takes back the reference that socreate or accept gave, soabort ends one that never left its
 * listener's queue. Neither frees; both end in sofree, which frees if nothing else holds the socket.
 *
 * soclose, in the order that the socket reference work fixed (before it, the queues were drained first, and a connection that came
 * after the drain was lost):
 *   1  disconnect, and linger if asked to         the only steps whose errors the caller sees
 *   2  pru_close                                  the protocol's last chance to claim SS_PROTOREF
 *   3  stop listening, abort whoever is queued    SO_ACCEPTCONN goes under accept_mtx, where sonewconn tests it
 *   4  SS_NOFDREF, sorele
 */

import { EALREADY, ENOTCONN } from '../errno.ts';
import {
  accept_mtx,
  SO_ACCEPTCONN,
  SO_LINGER,
  SQ_COMP,
  SQ_INCOMP,
  SS_ISCONNECTED,
  SS_ISDISCONNECTING,
  SS_NBIO,
  SS_NOFDREF,
  SS_PROTOREF,
  sb_mtx,
  so_comp_first,
  so_count,
  so_head,
  so_incomp_first,
  so_incqlen,
  so_linger,
  so_list_next,
  so_options,
  so_qlen,
  so_qstate,
  so_rcv,
  so_state,
  so_timeo,
  td_collects,
} from '../layout.ts';
import { and, get, type Kernel, load, put, store } from '../memory.ts';
import {
  PANIC_SOABORT_COUNT,
  PANIC_SOABORT_NOFDREF,
  PANIC_SOABORT_PROTOREF,
  PANIC_SOABORT_QUEUED,
  PANIC_SOCLOSE_COMP,
  PANIC_SOCLOSE_ENTER,
  PANIC_SOCLOSE_INCOMP,
  PANIC_SOCLOSE_NOFDREF,
} from '../panic.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { msleep } from '../sync/sleepqueue.ts';
import { sodisconnect } from './connect.ts';
import { KASSERT } from './kassert.ts';
import { pru_abort, pru_close } from './protosw.ts';
import { TAILQ_REMOVE } from './queue.ts';
import { sofree, sorele } from './socket.ts';
import { so_setstate } from './sockstate.ts';

/** The socket is closed whatever is returned: an error of the disconnect, or EINTR or EWOULDBLOCK from lingering. */
export function soclose(k: Kernel, td: number, so: number): number {
  KASSERT(k, (load(k, so + so_state) & SS_NOFDREF) === 0, PANIC_SOCLOSE_ENTER, so);
  const error = soclose_disconnect(k, td, so);
  pru_close(k, td, so);
  mtx_lock(k, td, accept_mtx);
  if ((load(k, so + so_options) & SO_ACCEPTCONN) !== 0) {
    // From here on sonewconn puts nothing on the queues.
    and(k, so + so_options, ~SO_ACCEPTCONN);
    soclose_drain(k, td, so);
  }
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  KASSERT(k, (load(k, so + so_state) & SS_NOFDREF) === 0, PANIC_SOCLOSE_NOFDREF, so);
  so_setstate(k, td, so, 0, SS_NOFDREF);
  sorele(k, td, so);
  return error;
}

/**
 * Ends a socket that its caller has just taken off a queue, so that nobody else can know it. No socket lock is held; a
 * protocol lock only if the protocol may take it again.
 */
export function soabort(k: Kernel, td: number, so: number): void {
  KASSERT(k, get(k, so + so_count) === 0, PANIC_SOABORT_COUNT, so);
  KASSERT(k, (load(k, so + so_state) & SS_PROTOREF) === 0, PANIC_SOABORT_PROTOREF, so);
  KASSERT(k, (load(k, so + so_state) & SS_NOFDREF) !== 0, PANIC_SOABORT_NOFDREF, so);
  KASSERT(k, get(k, so + so_qstate) === 0, PANIC_SOABORT_QUEUED, so);
  pru_abort(k, td, so);
  mtx_lock(k, td, accept_mtx);
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  sofree(k, td, so);
}

function soclose_disconnect(k: Kernel, td: number, so: number): number {
  if ((load(k, so + so_state) & SS_ISCONNECTED) === 0) return 0;
  if ((load(k, so + so_state) & SS_ISDISCONNECTING) === 0) {
    const error = sodisconnect(k, td, so);
    // If the connection has ended by itself since we looked, that is what the caller wanted; if somebody else ends it, we linger for that.
    if (error !== 0 && error !== EALREADY) return error === ENOTCONN ? 0 : error;
  }
  // A time of 0 asks for a reset, which pru_close sees to, and not for a sleep without end (as F93 takes it; later versions don't).
  if ((load(k, so + so_options) & SO_LINGER) === 0 || load(k, so + so_linger) === 0) return 0;
  if ((load(k, so + so_state) & SS_ISDISCONNECTING) !== 0 && (load(k, so + so_state) & SS_NBIO) !== 0) return 0;
  // Nobody is to be told how the collector's closes end, and others are behind this one (F93's task sleeps here like anybody).
  if (get(k, td + td_collects) !== 0) return 0;
  // F93 sleeps without an interlock and relies on the timeout; SOCK_LOCK, under which the bit is cleared, loses no wakeup.
  let error = 0;
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  while (error === 0 && (load(k, so + so_state) & SS_ISCONNECTED) !== 0) {
    error = msleep(k, td, so + so_timeo, so + so_rcv + sb_mtx, 1, load(k, so + so_linger));
  }
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  return error;
}

/** Aborts everybody on both queues. accept_mtx is held, and given back around each soabort. */
function soclose_drain(k: Kernel, td: number, so: number): void {
  let child = get(k, so + so_incomp_first);
  while (child !== 0) {
    TAILQ_REMOVE(k, so + so_incomp_first, child, so_list_next);
    put(k, so + so_incqlen, get(k, so + so_incqlen) - 1);
    put(k, child + so_qstate, get(k, child + so_qstate) & ~SQ_INCOMP);
    put(k, child + so_head, 0);
    mtx_unlock(k, td, accept_mtx);
    soabort(k, td, child);
    mtx_lock(k, td, accept_mtx);
    child = get(k, so + so_incomp_first);
  }
  child = get(k, so + so_comp_first);
  while (child !== 0) {
    TAILQ_REMOVE(k, so + so_comp_first, child, so_list_next);
    store(k, so + so_qlen, load(k, so + so_qlen) - 1);
    put(k, child + so_qstate, get(k, child + so_qstate) & ~SQ_COMP);
    put(k, child + so_head, 0);
    mtx_unlock(k, td, accept_mtx);
    soabort(k, td, child);
    mtx_lock(k, td, accept_mtx);
    child = get(k, so + so_comp_first);
  }
  KASSERT(k, get(k, so + so_comp_first) === 0, PANIC_SOCLOSE_COMP, so);
  KASSERT(k, get(k, so + so_incomp_first) === 0, PANIC_SOCLOSE_INCOMP, so);
}
