/**
 * UNIX-domain datagram sockets. Such a socket is connected one way: unp_conn is the pcb it sends to, which need not know, may be
 * that of many, and may be its own. Whoever is sent to has all of these on its list unp_refs, so that they can be told when it goes.
 *
 *   from        to          by
 *   alone       connected   unp_connect1: uipc_connect, uipc_connect2
 *   connected   connected   unp_connect_dgram: to another peer
 *   connected   alone       unp_disconnect1: uipc_disconnect, uipc_close, a connect that fails, unp_drop_refs
 *
 * 1. a is on b.unp_refs exactly if a.unp_conn is b. Both change together, under the link lock for writing and both pcb mutexes.
 * 2. SS_ISCONNECTED is set exactly if unp_conn is, and changes under the same locks.
 * 3. With the link lock held in either way, unp_conn leads to a socket that is not detached.
 *
 * A record is appended to the receiver's buffer if there is room for it; if not the sender is told ENOBUFS, also one that could wait, as
 * in 9.1 and 10.4. (9.3 alone appends without looking, so that one sender can use up all mbufs.)
 */

import { ECONNRESET, EINVAL, EISCONN, ENOBUFS, ENOENT, ENOTCONN, EPROTOTYPE } from '../errno.ts';
import { KASSERT } from '../kern/kassert.ts';
import { LIST_INSERT_HEAD, LIST_REMOVE } from '../kern/queue.ts';
import { sbappendaddr_locked, sorwakeup_locked } from '../kern/sockbuf.ts';
import { so_changepeer } from '../kern/sockstate.ts';
import {
  h_unp_names,
  NO_ADDRESS,
  SOCK_DGRAM,
  sb_mtx,
  so_pcb,
  so_rcv,
  so_type,
  UNIX_HOST,
  unp_addr,
  unp_conn,
  unp_link_rwlock,
  unp_mtx,
  unp_reflink_next,
  unp_refs,
  unp_rights_mtx,
  unp_socket,
} from '../layout.ts';
import { fixed, get, type Kernel, put } from '../memory.ts';
import { PANIC_UNP_PEER } from '../panic.ts';
import { mtx_assert, mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { rw_assert_w, rw_rlock, rw_runlock, rw_wlock, rw_wunlock } from '../sync/rwlock.ts';
import { unp_addsockcred, unp_message, unp_unmessage } from './uipc_creds.ts';
import { isName } from './uipc_name.ts';
import { unp_into } from './uipc_rights.ts';
import { sotounpcb } from './uipc_usrreq.ts';

export function isdgram(k: Kernel, so: number): boolean {
  return fixed(k, so + so_type) === SOCK_DGRAM;
}

/** Takes a second pcb's mutex, unless it is the first's: a socket may be its own peer. */
export function unp_lock_other(k: Kernel, td: number, unp: number, first: number): void {
  if (unp !== first) mtx_lock(k, td, unp + unp_mtx);
}

export function unp_unlock_other(k: Kernel, td: number, unp: number, first: number): void {
  if (unp !== first) mtx_unlock(k, td, unp + unp_mtx);
}

/** Has `unp` send to `unp2`, with the error that is pending then (negative: the same as before). The link lock is held for writing. */
export function unp_connect1(k: Kernel, td: number, unp: number, unp2: number, error: number): void {
  rw_assert_w(k, td, unp_link_rwlock);
  KASSERT(k, get(k, unp + unp_conn) === 0, PANIC_UNP_PEER, unp);
  mtx_lock(k, td, unp + unp_mtx);
  unp_lock_other(k, td, unp2, unp);
  put(k, unp + unp_conn, unp2);
  LIST_INSERT_HEAD(k, unp2 + unp_refs, unp, unp_reflink_next);
  so_changepeer(k, td, get(k, unp + unp_socket), 1, error);
  unp_unlock_other(k, td, unp2, unp);
  mtx_unlock(k, td, unp + unp_mtx);
}

/** Has `unp` send to nobody; `error` as above. The link lock is held for writing, and both mutexes. */
export function unp_disconnect1(k: Kernel, td: number, unp: number, unp2: number, error: number): void {
  unp_forget(k, td, unp, unp2);
  so_changepeer(k, td, get(k, unp + unp_socket), 0, error);
}

/**
 * Connects to a name, also a socket that has a peer: if that fails it has none. The link lock is held for writing, so nobody finds it
 * between the two; and SS_ISCONNECTED stays all the while if it succeeds, because senders look at it without the lock.
 */
export function unp_connect_dgram(k: Kernel, td: number, so: number, name: number): number {
  const unp = sotounpcb(k, so);
  const had = get(k, unp + unp_conn);
  if (had !== 0) {
    mtx_lock(k, td, unp + unp_mtx);
    unp_lock_other(k, td, had, unp);
    unp_forget(k, td, unp, had);
    unp_unlock_other(k, td, had, unp);
    mtx_unlock(k, td, unp + unp_mtx);
  }
  const found = unp_find(k, name);
  // An error of an earlier association is not one of this, nor of its failure.
  if (found > 0) unp_connect1(k, td, unp, found, 0);
  else so_changepeer(k, td, so, 0, 0);
  return found > 0 ? 0 : -found;
}

/** Tells everybody who sends to a pcb that it goes. The link lock is held for writing, and the pcb's mutex. It does not send to itself any more. */
export function unp_drop_refs(k: Kernel, td: number, unp: number): void {
  let ref = get(k, unp + unp_refs);
  while (ref !== 0) {
    mtx_lock(k, td, ref + unp_mtx);
    unp_disconnect1(k, td, ref, unp, ECONNRESET);
    mtx_unlock(k, td, ref + unp_mtx);
    ref = get(k, unp + unp_refs);
  }
}

/** Sends one datagram, with rights (0: none), to the peer or to a name. Both are taken over if the answer is 0. */
export function uipc_send_dgram(k: Kernel, td: number, so: number, m: number, control: number, host: number, name: number): number {
  const unp = sotounpcb(k, so);
  let error = 0;
  if (host === NO_ADDRESS) {
    rw_rlock(k, td, unp_link_rwlock);
    const peer = get(k, unp + unp_conn);
    // It was connected a moment ago, when that was looked at without the lock.
    error = peer === 0 ? ENOTCONN : unp_append(k, td, unp, peer, m, control);
    rw_runlock(k, td, unp_link_rwlock);
    return error;
  }
  // F93 connects the socket to the name, sends, and disconnects it, all under this lock. Nobody could see that but who looks at
  // SS_ISCONNECTED without it, so here the name is only looked up.
  rw_wlock(k, td, unp_link_rwlock);
  const found = get(k, unp + unp_conn) !== 0 ? -EISCONN : unp_find(k, name);
  error = found > 0 ? unp_append(k, td, unp, found, m, control) : -found;
  rw_wunlock(k, td, unp_link_rwlock);
  return error;
}

/** Takes a peer away, with SS_ISCONNECTED as it was. The link lock is held for writing, and both mutexes. */
function unp_forget(k: Kernel, td: number, unp: number, unp2: number): void {
  KASSERT(k, unp2 !== 0 && get(k, unp + unp_conn) === unp2, PANIC_UNP_PEER, unp);
  rw_assert_w(k, td, unp_link_rwlock);
  mtx_assert(k, td, unp + unp_mtx);
  mtx_assert(k, td, unp2 + unp_mtx);
  LIST_REMOVE(k, unp, unp_reflink_next);
  put(k, unp + unp_conn, 0);
}

/** The pcb of the datagram socket that has this name, or an errno negated. The link lock is held. */
function unp_find(k: Kernel, name: number): number {
  if (!isName(k, name)) return -EINVAL;
  const so = get(k, fixed(k, h_unp_names) + name);
  if (so === 0) return -ENOENT;
  return isdgram(k, so) ? get(k, so + so_pcb) : -EPROTOTYPE;
}

/**
 * Appends a record with the sender's name, who he is, and his rights, and wakes who waits for it. The link lock is held, so the receiver is not
 * detached.
 */
function unp_append(k: Kernel, td: number, unp: number, receiver: number, m: number, control: number): number {
  const so2 = get(k, receiver + unp_socket);
  const from = get(k, unp + unp_addr);
  if (control !== 0) mtx_lock(k, td, unp_rights_mtx);
  mtx_lock(k, td, receiver + unp_mtx);
  const cred = unp_addsockcred(k, td, receiver);
  mtx_unlock(k, td, receiver + unp_mtx);
  mtx_lock(k, td, so2 + so_rcv + sb_mtx);
  const message = unp_message(k, cred, control, m);
  let error = 0;
  if (cred < 0 || sbappendaddr_locked(k, td, so2 + so_rcv, from === 0 ? 0 : UNIX_HOST, from === 0 ? 0 : from - 1, message) === 0) {
    mtx_unlock(k, td, so2 + so_rcv + sb_mtx);
    unp_unmessage(k, td, cred, control);
    error = ENOBUFS;
  } else {
    if (control !== 0) unp_into(k, td, so2 + so_rcv, control);
    sorwakeup_locked(k, td, so2);
  }
  if (control !== 0) mtx_unlock(k, td, unp_rights_mtx);
  return error;
}
