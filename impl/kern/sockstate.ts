/**
 * How a protocol tells the socket layer about the connection.
 *
 *   event               C0   connecting   connected   disconnecting   disconnected
 *   soisconnecting      connecting in every case (SS_ISDISCONNECTED is sticky)
 *   soisconnected       connected in every case; a child waiting in so_incomp moves to so_comp
 *   soisdisconnecting   disconnecting in every case; SS_ISCONNECTED stays as it is
 *   soisdisconnected    disconnected in every case; what was queued for sending is dropped
 *
 * The last two close both buffers for good, with the mutexes of both held: whoever holds one of them sees the state, both sides and the
 * error change together. (F93 closes the receive side first and the send side in a hold of its own; in between a sender finds a
 * socket that is not connected and may still send, and a pending error without the end that it explains.) so_state is stored as a
 * whole, under SOCK_LOCK, so that who looks at it without the lock sees no half-made change.
 */

import {
  PR_RIGHTS,
  SBS_CANTRCVMORE,
  SBS_CANTSENDMORE,
  SO_ACCEPTFILTER,
  SQ_COMP,
  SQ_INCOMP,
  SS_ISCONFIRMING,
  SS_ISCONNECTED,
  SS_ISCONNECTING,
  SS_ISDISCONNECTED,
  SS_ISDISCONNECTING,
  accept_mtx,
  sb_cc,
  sb_mtx,
  sb_state,
  so_comp_first,
  so_error,
  so_head,
  so_incomp_first,
  so_incqlen,
  so_list_next,
  so_options,
  so_proto,
  so_qlen,
  so_qstate,
  so_rcv,
  so_snd,
  so_state,
  so_timeo,
  td_promoted,
} from '../layout.ts';
import { get, type Kernel, load, or, put, store } from '../memory.ts';
import { mtx_assert, mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { wakeup, wakeup_one } from '../sync/sleepqueue.ts';
import { pr_flags } from './protosw.ts';
import { TAILQ_INSERT_TAIL, TAILQ_REMOVE } from './queue.ts';
import { accf_begin } from './accept_filter.ts';
import { sbdrop_locked, sorwakeup, sorwakeup_locked, sotell, sowwakeup, sowwakeup_locked } from './sockbuf.ts';

/** Replaces bits of so_state. SOCK_LOCK is held. */
export function so_setstate(k: Kernel, td: number, so: number, clear: number, set: number): void {
  mtx_assert(k, td, so + so_rcv + sb_mtx);
  store(k, so + so_state, (load(k, so + so_state) & ~clear) | set);
}

/** As so_setstate, for callers that hold no socket lock. */
export function so_changestate(k: Kernel, td: number, so: number, clear: number, set: number): void {
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  so_setstate(k, td, so, clear, set);
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
}

export function soisconnecting(k: Kernel, td: number, so: number): void {
  so_changestate(k, td, so, SS_ISCONNECTED | SS_ISDISCONNECTING, SS_ISCONNECTING);
}

/** The caller's protocol locks keep the socket, and the listener it may be queued on, from being freed. */
export function soisconnected(k: Kernel, td: number, so: number): void {
  mtx_lock(k, td, accept_mtx);
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  so_setstate(k, td, so, SS_ISCONNECTING | SS_ISDISCONNECTING | SS_ISCONFIRMING, SS_ISCONNECTED);
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  const head = get(k, so + so_head);
  if (head !== 0 && (get(k, so + so_qstate) & SQ_INCOMP) !== 0) {
    if ((load(k, so + so_options) & SO_ACCEPTFILTER) === 0 || accf_begin(k, td, head, so)) sopromote(k, td, head, so);
    else mtx_unlock(k, td, accept_mtx);
    return;
  }
  mtx_unlock(k, td, accept_mtx);
  wakeup(k, td, so + so_timeo);
  sorwakeup(k, td, so);
  sowwakeup(k, td, so);
}

/** A child that its listener's filter has kept back can be accepted now, unless the listener has given it up meanwhile. */
export function soispromoted(k: Kernel, td: number, so: number): void {
  mtx_lock(k, td, accept_mtx);
  const head = get(k, so + so_head);
  if (head !== 0 && (get(k, so + so_qstate) & SQ_INCOMP) !== 0) {
    // What is in its buffer can be reached through the listener alone from now on.
    if ((pr_flags(get(k, so + so_proto)) & PR_RIGHTS) !== 0) put(k, td + td_promoted, 1);
    sopromote(k, td, head, so);
  } else mtx_unlock(k, td, accept_mtx);
}

/** The child moves from so_incomp to so_comp, and one who accepts is woken. accept_mtx is held before, not after. */
function sopromote(k: Kernel, td: number, head: number, so: number): void {
  soqueue_move(k, head, so);
  mtx_unlock(k, td, accept_mtx);
  mtx_lock(k, td, head + so_rcv + sb_mtx);
  sotell(k, td, head, head + so_rcv);
  // One connection, one thread: who is woken but comes too late goes back to sleep.
  wakeup_one(k, td, head + so_timeo);
}

/** From so_incomp to so_comp. accept_mtx is held. */
export function soqueue_move(k: Kernel, head: number, so: number): void {
  TAILQ_REMOVE(k, head + so_incomp_first, so, so_list_next);
  put(k, head + so_incqlen, get(k, head + so_incqlen) - 1);
  put(k, so + so_qstate, SQ_COMP);
  TAILQ_INSERT_TAIL(k, head + so_comp_first, so, so_list_next);
  store(k, head + so_qlen, load(k, head + so_qlen) + 1);
}

export function soisdisconnecting(k: Kernel, td: number, so: number): void {
  mtx_lock(k, td, so + so_snd + sb_mtx);
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  so_setstate(k, td, so, SS_ISCONNECTING, SS_ISDISCONNECTING);
  socantmore(k, td, so);
}

/** With the error that ended the connection, 0 for none: whoever is woken finds it. */
export function soisdisconnected(k: Kernel, td: number, so: number, error: number): void {
  mtx_lock(k, td, so + so_snd + sb_mtx);
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  if (error !== 0) store(k, so + so_error, error);
  so_setstate(k, td, so, SS_ISCONNECTING | SS_ISCONNECTED | SS_ISDISCONNECTING, SS_ISDISCONNECTED);
  sbdrop_locked(k, td, so + so_snd, get(k, so + so_snd + sb_cc));
  socantmore(k, td, so);
}

/**
 * A datagram socket has a peer, or has none (any more), and the error that goes with it; a negative one leaves what is pending. A sender
 * who finds no peer must find the error that says why: so they change together, like the end of a connection.
 */
export function so_changepeer(k: Kernel, td: number, so: number, connected: number, error: number): void {
  mtx_lock(k, td, so + so_snd + sb_mtx);
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  if (error >= 0) store(k, so + so_error, error);
  so_setstate(k, td, so, SS_ISCONNECTED, connected !== 0 ? SS_ISCONNECTED : 0);
  sorwakeup_locked(k, td, so);
  sowwakeup_locked(k, td, so);
}

/** Closes both sides and wakes everybody. The mutexes of both buffers are held before, neither after. */
function socantmore(k: Kernel, td: number, so: number): void {
  or(k, so + so_rcv + sb_state, SBS_CANTRCVMORE);
  or(k, so + so_snd + sb_state, SBS_CANTSENDMORE);
  sowwakeup_locked(k, td, so);
  // Last: an accept filter may take accept_mtx, when the buffer's mutex is given back.
  sorwakeup_locked(k, td, so);
  wakeup(k, td, so + so_timeo);
}
