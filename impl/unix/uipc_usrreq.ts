/**
 * UNIX-domain stream sockets and sequenced packets, which differ only in how data lies in the receive buffer: each send is a record
 * there. What datagram sockets do otherwise is in uipc_dgram.ts, names are in uipc_name.ts. A *unpcb* is one end; two connected ends point at each other, and what one sends is appended to the
 * receive buffer of the other at once, so send buffers stay empty. Back-pressure: the sender's limit shrinks by what the peer's
 * receive buffer grows, and the reader gives it back; unp_cc remembers what the sender was last told.
 *
 *   from         to          by
 *   –            attached    uipc_attach
 *   unbound      bound       uipc_bind; the name is given up in uipc_unlink or uipc_detach, not before
 *   alone        connected   unp_connect2 (both ends)
 *   connected    alone       unp_disconnect (both ends, which become disconnected sockets)
 *   attached     –           uipc_detach
 *
 * 1. a.unp_conn is b exactly if b.unp_conn is a. Both change together, under the link lock for writing and both pcb mutexes.
 * 2. A bound name leads to the socket that bound it until it is unlinked, or that socket's detach; with the link lock held the socket can't be freed.
 * 3. Nobody is told of a socket's end but through its peer: detach leaves no pointer to it.
 *
 * Lock order: link lock, list lock, pcb mutexes, socket locks. The link lock is recursive for its writer. In F93 it is not, and a
 * connection refused inside sonewconn, which detaches the child, stops the thread that holds the lock for ever.
 */

import { ECONNABORTED, ECONNREFUSED, EINVAL, EISCONN, ENOBUFS, ENOENT, ENOTCONN, EOPNOTSUPP, EPIPE, EPROTOTYPE } from '../errno.ts';
import { soconnect_check, sodisconnect_check } from '../kern/connect.ts';
import { KASSERT } from '../kern/kassert.ts';
import { solisten_proto, solisten_proto_check, sonewconn } from '../kern/listen.ts';
import { m_freem, m_length } from '../kern/mbuf.ts';
import { LIST_INSERT_HEAD, LIST_REMOVE } from '../kern/queue.ts';
import {
  sbappendaddr_nospacecheck_locked,
  sbappend_locked,
  sbstate,
  socantrcvmore,
  socantsendmore,
  soreserve,
  sorwakeup_locked,
  sowwakeup_locked,
  sbreserve_locked,
} from '../kern/sockbuf.ts';
import { soisconnected, soisconnecting, soisdisconnected } from '../kern/sockstate.ts';
import { uma_zalloc, uma_zfree } from '../kern/uma.ts';
import { UNP_CONNWAIT, UNP_HAVEPC, UNP_HAVEPCCACHED, UNP_WANTCRED } from './layout.ts';
import { unp_addsockcred, unp_credited, unp_message, unp_unmessage } from './uipc_creds.ts';
import { sbappendcontrol_locked, unp_control, unp_discard, unp_into } from './uipc_rights.ts';
import {
  h_recvspace,
  h_sendspace,
  h_unp_names,
  LC_UNP,
  td_uid,
  PRUS_EOF,
  PRUS_OOB,
  SBS_CANTSENDMORE,
  SOCK_STREAM,
  SO_ACCEPTCONN,
  SS_ISCONNECTED,
  SS_ISCONNECTING,
  sb_cc,
  sb_hiwat,
  sb_reserved,
  sb_mbcnt,
  sb_mbmax,
  sb_mtx,
  so_options,
  so_pcb,
  so_rcv,
  so_snd,
  so_state,
  so_type,
  unp_addr,
  unp_cc,
  unp_conn,
  unp_count,
  unp_flags,
  unp_gencnt,
  unp_gencnt_global,
  unp_head,
  unp_link_next,
  unp_link_rwlock,
  unp_list_lock,
  unp_mbcnt,
  unp_mtx,
  unp_peercred,
  unp_refcount,
  unp_rights_mtx,
  unp_socket,
  unp_vnode,
  unp_zone,
} from '../layout.ts';
import { fixed, get, type Kernel, load, put } from '../memory.ts';
import {
  PANIC_ATTACH_PCB,
  PANIC_PCB_NULL,
  PANIC_UNP_CREDENTIALS,
  PANIC_UNP_DETACH_NAME,
  PANIC_UNP_PEER,
  PANIC_UNP_RCVD,
  PANIC_UNP_REFCOUNT,
} from '../panic.ts';
import { mtx_assert, mtx_init, mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { rw_assert_w, rw_rlock, rw_runlock, rw_wlock, rw_wunlock } from '../sync/rwlock.ts';
import {
  isdgram,
  uipc_send_dgram,
  unp_connect1,
  unp_connect_dgram,
  unp_disconnect1,
  unp_drop_refs,
  unp_lock_other,
  unp_unlock_other,
} from './uipc_dgram.ts';
import { isName, uipc_peeraddr } from './uipc_name.ts';

export function uipc_attach(k: Kernel, td: number, so: number): number {
  KASSERT(k, get(k, so + so_pcb) === 0, PANIC_ATTACH_PCB, so);
  if (get(k, so + so_snd + sb_hiwat) === 0 || get(k, so + so_rcv + sb_hiwat) === 0) {
    const error = soreserve(k, td, so, fixed(k, h_sendspace), fixed(k, h_recvspace));
    if (error !== 0) return error;
  }
  const unp = uma_zalloc(k, td, unp_zone);
  if (unp === 0) return ENOBUFS;
  mtx_init(k, unp + unp_mtx, LC_UNP);
  put(k, unp + unp_socket, so);
  put(k, unp + unp_refcount, 1);
  put(k, so + so_pcb, unp);
  mtx_lock(k, td, unp_list_lock);
  const generation = get(k, unp_gencnt_global) + 1;
  put(k, unp_gencnt_global, generation);
  put(k, unp + unp_gencnt, generation);
  put(k, unp_count, get(k, unp_count) + 1);
  LIST_INSERT_HEAD(k, unp_head, unp, unp_link_next);
  mtx_unlock(k, td, unp_list_lock);
  return 0;
}

export function uipc_detach(k: Kernel, td: number, so: number): void {
  const unp = sotounpcb(k, so);
  rw_wlock(k, td, unp_link_rwlock);
  mtx_lock(k, td, unp_list_lock);
  LIST_REMOVE(k, unp, unp_link_next);
  put(k, unp_gencnt_global, get(k, unp_gencnt_global) + 1);
  put(k, unp_count, get(k, unp_count) - 1);
  mtx_unlock(k, td, unp_list_lock);
  mtx_lock(k, td, unp + unp_mtx);
  const name = get(k, unp + unp_vnode);
  if (name > 0) {
    const slot = fixed(k, h_unp_names) + name - 1;
    KASSERT(k, get(k, slot) === so, PANIC_UNP_DETACH_NAME, so);
    put(k, slot, 0);
  }
  put(k, unp + unp_vnode, 0);
  put(k, unp + unp_addr, 0);
  const peer = get(k, unp + unp_conn);
  if (peer !== 0) {
    unp_lock_other(k, td, peer, unp);
    unp_disconnect(k, td, unp, peer, 0);
    unp_unlock_other(k, td, peer, unp);
  }
  unp_drop_refs(k, td, unp);
  rw_wunlock(k, td, unp_link_rwlock);
  put(k, so + so_pcb, 0);
  const count = get(k, unp + unp_refcount) - 1;
  put(k, unp + unp_refcount, count);
  mtx_unlock(k, td, unp + unp_mtx);
  KASSERT(k, count === 0, PANIC_UNP_REFCOUNT, unp);
  uma_zfree(k, td, unp_zone, unp);
}

/** With the link lock held, which F93 does not do: a socket must not begin to listen while it is being connected. */
export function uipc_listen(k: Kernel, td: number, so: number, backlog: number): number {
  const unp = sotounpcb(k, so);
  rw_wlock(k, td, unp_link_rwlock);
  mtx_lock(k, td, unp + unp_mtx);
  let error = EINVAL;
  if (get(k, unp + unp_vnode) !== 0) {
    mtx_lock(k, td, so + so_rcv + sb_mtx);
    error = solisten_proto_check(k, td, so);
    if (error === 0) {
      put(k, unp + unp_flags, get(k, unp + unp_flags) | UNP_HAVEPCCACHED);
      put(k, unp + unp_peercred, get(k, td + td_uid) + 1);
      solisten_proto(k, td, so, backlog);
    }
    mtx_unlock(k, td, so + so_rcv + sb_mtx);
  }
  mtx_unlock(k, td, unp + unp_mtx);
  rw_wunlock(k, td, unp_link_rwlock);
  return error;
}

export function uipc_connect(k: Kernel, td: number, so: number, name: number): number {
  rw_wlock(k, td, unp_link_rwlock);
  const error = unp_connect(k, td, so, name);
  rw_wunlock(k, td, unp_link_rwlock);
  return error;
}

/** Connects two sockets to each other without a name; of datagram sockets, the first to the second. */
export function uipc_connect2(k: Kernel, td: number, so: number, so2: number): number {
  const unp = sotounpcb(k, so);
  const unp2 = sotounpcb(k, so2);
  const dgram = isdgram(k, so);
  rw_wlock(k, td, unp_link_rwlock);
  let error = 0;
  if (get(k, unp + unp_conn) !== 0 || (!dgram && get(k, unp2 + unp_conn) !== 0)) error = EISCONN;
  else if (!dgram && (so === so2 || ((load(k, so + so_options) | load(k, so2 + so_options)) & SO_ACCEPTCONN) !== 0)) error = EINVAL;
  else if (dgram) unp_connect1(k, td, unp, unp2, -1);
  else unp_connect2(k, td, unp, unp2, 0);
  rw_wunlock(k, td, unp_link_rwlock);
  return error;
}

/** The name of the connecting end, if it is bound and still there. Never fails. If that end waits for this (LOCAL_CONNWAIT), it is connected. */
export function uipc_accept(k: Kernel, td: number, so: number): number {
  const unp = sotounpcb(k, so);
  // While nobody writes what the link lock guards the peer stays one.
  rw_rlock(k, td, unp_link_rwlock);
  const peer = get(k, unp + unp_conn);
  const waiting = peer === 0 ? 0 : get(k, peer + unp_socket);
  if (waiting !== 0 && (load(k, waiting + so_state) & SS_ISCONNECTING) !== 0) soisconnected(k, td, waiting);
  rw_runlock(k, td, unp_link_rwlock);
  return uipc_peeraddr(k, td, so);
}

export function uipc_disconnect(k: Kernel, td: number, so: number): number {
  return unp_leave(k, td, so, 0);
}

/** Disconnects; whoever still waits for the other end only where it `closes`. */
function unp_leave(k: Kernel, td: number, so: number, closes: number): number {
  const unp = sotounpcb(k, so);
  rw_wlock(k, td, unp_link_rwlock);
  mtx_lock(k, td, unp + unp_mtx);
  const error = sodisconnect_check(k, so);
  const peer = error === 0 || closes !== 0 ? get(k, unp + unp_conn) : 0;
  if (peer !== 0) {
    unp_lock_other(k, td, peer, unp);
    unp_disconnect(k, td, unp, peer, 0);
    unp_unlock_other(k, td, peer, unp);
  }
  mtx_unlock(k, td, unp + unp_mtx);
  rw_wunlock(k, td, unp_link_rwlock);
  return error;
}

/** The name stays until detach. */
export function uipc_close(k: Kernel, td: number, so: number): void {
  unp_leave(k, td, so, 1);
}

export function uipc_abort(k: Kernel, td: number, so: number): void {
  const unp = sotounpcb(k, so);
  rw_wlock(k, td, unp_link_rwlock);
  mtx_lock(k, td, unp + unp_mtx);
  const peer = get(k, unp + unp_conn);
  if (peer !== 0) {
    mtx_lock(k, td, peer + unp_mtx);
    unp_disconnect(k, td, peer, unp, ECONNABORTED);
    mtx_unlock(k, td, peer + unp_mtx);
  }
  mtx_unlock(k, td, unp + unp_mtx);
  rw_wunlock(k, td, unp_link_rwlock);
}

export function uipc_shutdown(k: Kernel, td: number, so: number): number {
  const unp = sotounpcb(k, so);
  rw_wlock(k, td, unp_link_rwlock);
  mtx_lock(k, td, unp + unp_mtx);
  unp_shutdown(k, td, unp);
  mtx_unlock(k, td, unp + unp_mtx);
  rw_wunlock(k, td, unp_link_rwlock);
  return 0;
}

/**
 * Appends to the peer's receive buffer, whatever its limit: the sender has already been held to its own. Only a datagram socket takes
 * an address: a name, as `port`. Takes the chain over.
 */
export function uipc_send(k: Kernel, td: number, so: number, flags: number, m: number, host: number, port: number): number {
  sotounpcb(k, so);
  const control = unp_control(k, td);
  let error = 0;
  if (control < 0) error = -control;
  else if ((flags & PRUS_OOB) !== 0) error = EOPNOTSUPP;
  else if (isdgram(k, so)) error = uipc_send_dgram(k, td, so, m, control, host, port);
  else if ((load(k, so + so_state) & SS_ISCONNECTED) === 0) error = ENOTCONN;
  else if (sbstate(k, so + so_snd, SBS_CANTSENDMORE)) error = EPIPE;
  else error = unp_send(k, td, so, flags, m, control);
  if (error !== 0) m_freem(k, td, m);
  if (error !== 0 && control > 0) unp_discard(k, td, control);
  return error;
}

/** The socket's owner has read: gives the sender its room back. */
export function uipc_rcvd(k: Kernel, td: number, so: number): void {
  const unp = sotounpcb(k, so);
  KASSERT(k, !isdgram(k, so), PANIC_UNP_RCVD, so);
  // With this mutex held the peer can neither go nor append: what is read here is exactly what it will be told.
  mtx_lock(k, td, unp + unp_mtx);
  const peer = get(k, unp + unp_conn);
  if (peer !== 0) {
    mtx_lock(k, td, so + so_rcv + sb_mtx);
    const cc = get(k, so + so_rcv + sb_cc);
    const mbcnt = get(k, so + so_rcv + sb_mbcnt);
    mtx_unlock(k, td, so + so_rcv + sb_mtx);
    unp_tell(k, td, unp, get(k, peer + unp_socket), cc, mbcnt);
  }
  mtx_unlock(k, td, unp + unp_mtx);
}

/** The link lock is held for writing: from looking the name up to the connection the listener stays what it is. */
function unp_connect(k: Kernel, td: number, so: number, name: number): number {
  const unp = sotounpcb(k, so);
  if (isdgram(k, so)) return unp_connect_dgram(k, td, so, name);
  const refused = soconnect_check(k, so);
  if (refused !== 0) return refused;
  if (!isName(k, name)) return EINVAL;
  const so2 = get(k, fixed(k, h_unp_names) + name);
  if (so2 === 0) return ENOENT;
  if (fixed(k, so + so_type) !== fixed(k, so2 + so_type)) return EPROTOTYPE;
  if ((load(k, so2 + so_options) & SO_ACCEPTCONN) === 0) return ECONNREFUSED;
  const so3 = sonewconn(k, td, so2, 0);
  if (so3 === 0) return ECONNREFUSED;
  const listener = sotounpcb(k, so2);
  const child = sotounpcb(k, so3);
  mtx_lock(k, td, listener + unp_mtx);
  KASSERT(k, (get(k, listener + unp_flags) & UNP_HAVEPCCACHED) !== 0, PANIC_UNP_CREDENTIALS, so2);
  const address = get(k, listener + unp_addr);
  const wants = get(k, listener + unp_flags) & UNP_WANTCRED;
  mtx_unlock(k, td, listener + unp_mtx);
  mtx_lock(k, td, child + unp_mtx);
  put(k, child + unp_addr, address);
  put(k, child + unp_flags, get(k, child + unp_flags) | UNP_HAVEPC | wants);
  mtx_unlock(k, td, child + unp_mtx);
  put(k, child + unp_peercred, get(k, td + td_uid) + 1);
  put(k, unp + unp_peercred, get(k, listener + unp_peercred));
  mtx_lock(k, td, unp + unp_mtx);
  const waits = get(k, unp + unp_flags) & UNP_CONNWAIT;
  mtx_unlock(k, td, unp + unp_mtx);
  unp_connect2(k, td, unp, child, waits);
  return 0;
}

/** Makes two ends peers; the first is connected when the second was accepted, if it `waits`. The link lock is held for writing. */
function unp_connect2(k: Kernel, td: number, unp: number, unp2: number, waits: number): void {
  rw_assert_w(k, td, unp_link_rwlock);
  mtx_lock(k, td, unp + unp_mtx);
  mtx_lock(k, td, unp2 + unp_mtx);
  put(k, unp + unp_conn, unp2);
  put(k, unp2 + unp_conn, unp);
  unp_charge(k, td, unp, get(k, unp2 + unp_socket));
  unp_charge(k, td, unp2, get(k, unp + unp_socket));
  if (waits !== 0) soisconnecting(k, td, get(k, unp + unp_socket));
  else soisconnected(k, td, get(k, unp + unp_socket));
  // Last: from here on the child may be accepted, used and closed by another thread.
  soisconnected(k, td, get(k, unp2 + unp_socket));
  mtx_unlock(k, td, unp2 + unp_mtx);
  mtx_unlock(k, td, unp + unp_mtx);
}

/** Parts two peers; the first learns `error` (0: none). The link lock is held for writing, and both mutexes. */
function unp_disconnect(k: Kernel, td: number, unp: number, unp2: number, error: number): void {
  if (isdgram(k, get(k, unp + unp_socket))) {
    unp_disconnect1(k, td, unp, unp2, -1);
    return;
  }
  KASSERT(k, unp2 !== 0 && get(k, unp + unp_conn) === unp2 && get(k, unp2 + unp_conn) === unp, PANIC_UNP_PEER, unp);
  rw_assert_w(k, td, unp_link_rwlock);
  mtx_assert(k, td, unp + unp_mtx);
  mtx_assert(k, td, unp2 + unp_mtx);
  put(k, unp + unp_conn, 0);
  soisdisconnected(k, td, get(k, unp + unp_socket), error);
  put(k, unp2 + unp_conn, 0);
  soisdisconnected(k, td, get(k, unp2 + unp_socket), 0);
}

/** This end will send no more: its peer reads to the end and then sees end of file. The link lock is held, and the mutex. */
function unp_shutdown(k: Kernel, td: number, unp: number): void {
  socantsendmore(k, td, get(k, unp + unp_socket));
  const peer = get(k, unp + unp_conn);
  if (peer !== 0 && !isdgram(k, get(k, unp + unp_socket))) socantrcvmore(k, td, get(k, peer + unp_socket));
}

function unp_send(k: Kernel, td: number, so: number, flags: number, m: number, control: number): number {
  const unp = sotounpcb(k, so);
  rw_rlock(k, td, unp_link_rwlock);
  const peer = get(k, unp + unp_conn);
  // Both were looked at a moment ago, without the lock. A shutdown tells the peer under it: nothing may come behind that end of file.
  if (peer === 0 || sbstate(k, so + so_snd, SBS_CANTSENDMORE)) {
    rw_runlock(k, td, unp_link_rwlock);
    return peer === 0 ? ENOTCONN : EPIPE;
  }
  if (control !== 0) mtx_lock(k, td, unp_rights_mtx);
  mtx_lock(k, td, peer + unp_mtx);
  const so2 = get(k, peer + unp_socket);
  const rcv = so2 + so_rcv;
  mtx_lock(k, td, rcv + sb_mtx);
  const error = unp_append_pair(k, td, so, peer, m, control);
  const cc = get(k, rcv + sb_cc);
  const mbcnt = get(k, rcv + sb_mbcnt);
  sorwakeup_locked(k, td, so2);
  unp_tell(k, td, peer, so, cc, mbcnt);
  if ((flags & PRUS_EOF) !== 0) {
    socantsendmore(k, td, so);
    socantrcvmore(k, td, so2);
  }
  mtx_unlock(k, td, peer + unp_mtx);
  if (control !== 0) mtx_unlock(k, td, unp_rights_mtx);
  rw_runlock(k, td, unp_link_rwlock);
  return error;
}

/**
 * Appends a message: who sends it, its rights, its data. What is empty says nothing of its sender: its reader may see nothing come. The mutexes
 * of the receiver's pcb and buffer are held, and with rights theirs. The chain is taken over if the answer is 0.
 */
function unp_append_pair(k: Kernel, td: number, so: number, peer: number, m: number, control: number): number {
  const rcv = get(k, peer + unp_socket) + so_rcv;
  const cred = m_length(k, m) === 0 ? 0 : unp_addsockcred(k, td, peer);
  if (cred < 0) return ENOBUFS;
  const message = unp_message(k, cred, control, m);
  if (fixed(k, so + so_type) === SOCK_STREAM) {
    if (message === m) sbappend_locked(k, td, rcv, m);
    else sbappendcontrol_locked(k, rcv, message);
    // A record, from nobody in particular: the two ends know each other. (F93 loses it if there is no mbuf for that.)
  } else if (sbappendaddr_nospacecheck_locked(k, td, rcv, 0, 0, message) === 0) {
    unp_unmessage(k, td, cred, control);
    return ENOBUFS;
  }
  if (control !== 0) unp_into(k, td, rcv, control);
  if (cred !== 0) unp_credited(k, td, peer);
  return 0;
}

/**
 * Adjusts the sender's limits to what the receiver's buffer holds now. `unp` is the receiver's pcb, whose mutex is held; unp_cc and
 * unp_mbcnt are what the sender was told last. A limit may be 0, not less: then the reader gives back what was taken.
 */
function unp_tell(k: Kernel, td: number, unp: number, sender: number, cc: number, mbcnt: number): void {
  const snd = sender + so_snd;
  const growth = cc - get(k, unp + unp_cc);
  mtx_lock(k, td, snd + sb_mtx);
  const hiwat = get(k, snd + sb_hiwat) - growth;
  put(k, snd + sb_hiwat, hiwat < 0 ? 0 : hiwat);
  put(k, snd + sb_mbmax, get(k, snd + sb_mbmax) - (mbcnt - get(k, unp + unp_mbcnt)));
  if (growth < 0) sowwakeup_locked(k, td, sender);
  else mtx_unlock(k, td, snd + sb_mtx);
  put(k, unp + unp_cc, cc);
  put(k, unp + unp_mbcnt, mbcnt);
}

/**
 * At the beginning of a connection the sender has its whole buffer less what the receiver has not read of an earlier connection.
 * (F93 forgets that, and lets the receive buffer grow beyond its limit.)
 */
function unp_charge(k: Kernel, td: number, unp: number, sender: number): void {
  const rcv = get(k, unp + unp_socket) + so_rcv;
  const snd = sender + so_snd;
  mtx_lock(k, td, rcv + sb_mtx);
  const cc = get(k, rcv + sb_cc);
  const mbcnt = get(k, rcv + sb_mbcnt);
  mtx_unlock(k, td, rcv + sb_mtx);
  mtx_lock(k, td, snd + sb_mtx);
  sbreserve_locked(k, snd, get(k, snd + sb_reserved));
  mtx_unlock(k, td, snd + sb_mtx);
  put(k, unp + unp_cc, 0);
  put(k, unp + unp_mbcnt, 0);
  unp_tell(k, td, unp, sender, cc, mbcnt);
}

export function sotounpcb(k: Kernel, so: number): number {
  const unp = get(k, so + so_pcb);
  KASSERT(k, unp !== 0, PANIC_PCB_NULL, so);
  return unp;
}
