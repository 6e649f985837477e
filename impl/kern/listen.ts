/**
 * A listening socket and its two queues: so_incomp holds connections on their way, so_comp those that wait for accept. Both,
 * with the lengths, the so_head of each member and its SQ_* bit, change together under accept_mtx.
 *
 * 1. A socket is on so_comp of its so_head exactly if it has SQ_COMP, on so_incomp exactly if it has SQ_INCOMP, never both.
 * 2. so_qlen and so_incqlen are the lengths.
 * 3. A queued socket has count 0 and SS_NOFDREF.
 * 4. Once SO_ACCEPTCONN is cleared (by soclose, under accept_mtx) nothing is put on the queues any more.
 */

import { EINVAL } from '../errno.ts';
import {
  accept_mtx,
  h_somaxconn,
  SO_ACCEPTCONN,
  SO_ACCEPTFILTER,
  SQ_COMP,
  SQ_INCOMP,
  SS_ISCONNECTED,
  SS_ISCONNECTING,
  SS_ISDISCONNECTING,
  SS_NBIO,
  SS_NOFDREF,
  sb_hiwat,
  sb_lowat,
  sb_mtx,
  sb_timeo,
  so_comp_first,
  so_head,
  so_incomp_first,
  so_incqlen,
  so_linger,
  so_list_next,
  so_options,
  so_pcb,
  so_proto,
  so_qlen,
  so_qlimit,
  so_qstate,
  so_rcv,
  so_snd,
  so_state,
  so_timeo,
  so_type,
} from '../layout.ts';
import { fixed, get, type Kernel, load, or, put, store } from '../memory.ts';
import { PANIC_ATTACH_PCB } from '../panic.ts';
import { mtx_assert, mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { wakeup_one } from '../sync/sleepqueue.ts';
import { soabort } from './close.ts';
import { KASSERT } from './kassert.ts';
import { pru_attach, pru_listen } from './protosw.ts';
import { TAILQ_INSERT_TAIL, TAILQ_REMOVE } from './queue.ts';
import { sorwakeup, soreserve } from './sockbuf.ts';
import { soalloc, sodealloc, sofree } from './socket.ts';

export function solisten(k: Kernel, td: number, so: number, backlog: number): number {
  return pru_listen(k, td, so, backlog);
}

/** May this socket listen? The protocol asks, and calls solisten_proto, in one hold of SOCK_LOCK. */
export function solisten_proto_check(k: Kernel, td: number, so: number): number {
  mtx_assert(k, td, so + so_rcv + sb_mtx);
  return (load(k, so + so_state) & (SS_ISCONNECTED | SS_ISCONNECTING | SS_ISDISCONNECTING)) !== 0 ? EINVAL : 0;
}

/** Makes the socket listen. If it does already only the limit changes; who is queued stays. */
export function solisten_proto(k: Kernel, td: number, so: number, backlog: number): void {
  mtx_assert(k, td, so + so_rcv + sb_mtx);
  const most = fixed(k, h_somaxconn);
  store(k, so + so_qlimit, backlog < 0 || backlog > most ? most : backlog);
  or(k, so + so_options, SO_ACCEPTCONN);
}

/**
 * A new socket for a connection that has come to `head`; 0 if there can't be one. `connstatus` SS_ISCONNECTED puts it on so_comp
 * at once, 0 on so_incomp until soisconnected. No socket lock is held. The child has count 0: the caller may use it only as long as
 * its protocol lock keeps `head` from being closed and drained.
 */
export function sonewconn(k: Kernel, td: number, head: number, connstatus: number): number {
  mtx_lock(k, td, accept_mtx);
  const overflows = sonewconn_full(k, head);
  mtx_unlock(k, td, accept_mtx);
  if (overflows) return 0;
  const so = soalloc(k, td);
  if (so === 0) return 0;
  put(k, so + so_head, head);
  put(k, so + so_type, get(k, head + so_type));
  put(k, so + so_proto, get(k, head + so_proto));
  store(k, so + so_state, SS_NOFDREF);
  if (sonewconn_attach(k, td, head, so) !== 0) {
    put(k, so + so_head, 0);
    sodealloc(k, td, so);
    return 0;
  }
  mtx_lock(k, td, accept_mtx);
  // Too many on their way: the oldest must go. soabort takes locks of its own, so everything is looked at anew each time.
  while (!sonewconn_complete(k, head, connstatus) && get(k, head + so_incqlen) > load(k, head + so_qlimit)) {
    const oldest = get(k, head + so_incomp_first);
    TAILQ_REMOVE(k, head + so_incomp_first, oldest, so_list_next);
    put(k, head + so_incqlen, get(k, head + so_incqlen) - 1);
    put(k, oldest + so_qstate, 0);
    put(k, oldest + so_head, 0);
    mtx_unlock(k, td, accept_mtx);
    soabort(k, td, oldest);
    mtx_lock(k, td, accept_mtx);
  }
  const full = sonewconn_complete(k, head, connstatus) && sonewconn_full(k, head);
  if ((load(k, head + so_options) & SO_ACCEPTCONN) === 0 || full) {
    // The listener has been closed meanwhile and its queues are drained: nobody would ever find this socket there. Or its filter is gone,
    // and those whom it kept back have taken the room.
    mtx_lock(k, td, so + so_rcv + sb_mtx);
    put(k, so + so_head, 0);
    sofree(k, td, so);
    return 0;
  }
  const complete = sonewconn_complete(k, head, connstatus);
  sonewconn_inherit(k, td, head, so, complete ? connstatus : 0);
  if (complete) {
    put(k, so + so_qstate, SQ_COMP);
    TAILQ_INSERT_TAIL(k, head + so_comp_first, so, so_list_next);
    store(k, head + so_qlen, load(k, head + so_qlen) + 1);
    mtx_unlock(k, td, accept_mtx);
    sorwakeup(k, td, head);
    wakeup_one(k, td, head + so_timeo);
    return so;
  }
  put(k, so + so_qstate, SQ_INCOMP);
  TAILQ_INSERT_TAIL(k, head + so_incomp_first, so, so_list_next);
  put(k, head + so_incqlen, get(k, head + so_incqlen) + 1);
  mtx_unlock(k, td, accept_mtx);
  return so;
}

/** 3/2 of the limit is passed. accept_mtx is held; for who is not connected yet it is not kept, so that the limit is advisory. */
function sonewconn_full(k: Kernel, head: number): boolean {
  return load(k, head + so_qlen) > (3 * load(k, head + so_qlimit)) >> 1;
}

/** A filter has its say first: the protocol calls soisconnected then. accept_mtx is held, so that filters stay as they are. */
function sonewconn_complete(k: Kernel, head: number, connstatus: number): boolean {
  return connstatus !== 0 && (load(k, head + so_options) & SO_ACCEPTFILTER) === 0;
}

/**
 * What is set on the listener is set on the child, all at once and as it is when the child is queued. Of the head's state only NBIO is
 * inherited: F93 copies all of it, and a head that was connected once would pass that on. accept_mtx is held.
 */
function sonewconn_inherit(k: Kernel, td: number, head: number, so: number, connstatus: number): void {
  mtx_lock(k, td, head + so_rcv + sb_mtx);
  store(k, so + so_options, load(k, head + so_options) & ~SO_ACCEPTCONN);
  store(k, so + so_linger, load(k, head + so_linger));
  store(k, so + so_state, (load(k, head + so_state) & SS_NBIO) | SS_NOFDREF | connstatus);
  mtx_unlock(k, td, head + so_rcv + sb_mtx);
}

/** Gives the child the listener's limits and a protocol control block. All or nothing. */
function sonewconn_attach(k: Kernel, td: number, head: number, so: number): number {
  mtx_lock(k, td, head + so_snd + sb_mtx);
  const snd = get(k, head + so_snd + sb_hiwat);
  const sndlow = get(k, head + so_snd + sb_lowat);
  const sndtime = get(k, head + so_snd + sb_timeo);
  mtx_unlock(k, td, head + so_snd + sb_mtx);
  mtx_lock(k, td, head + so_rcv + sb_mtx);
  const rcv = get(k, head + so_rcv + sb_hiwat);
  const rcvlow = get(k, head + so_rcv + sb_lowat);
  const rcvtime = get(k, head + so_rcv + sb_timeo);
  mtx_unlock(k, td, head + so_rcv + sb_mtx);
  let error = soreserve(k, td, so, snd, rcv);
  if (error === 0) error = pru_attach(k, td, so, 0);
  if (error !== 0) return error;
  KASSERT(k, get(k, so + so_pcb) !== 0, PANIC_ATTACH_PCB, so);
  put(k, so + so_snd + sb_lowat, sndlow);
  put(k, so + so_snd + sb_timeo, sndtime);
  put(k, so + so_rcv + sb_lowat, rcvlow);
  put(k, so + so_rcv + sb_timeo, rcvtime);
  return 0;
}
