/**
 * Names of UNIX sockets. A *name* is a number; the name table, which the link lock guards, leads from each to the socket that is bound to
 * it (the vnode's v_socket). Sockets of every type share it. unp_vnode is the way back; unp_addr is what others are told, which stays when
 * the name is unlinked, and which an accepted socket has from its listener.
 */

import { EADDRINUSE, EINVAL, ENOENT } from '../errno.ts';
import {
  UNIX_HOST,
  UNP_UNLINKED,
  h_unp_names,
  h_unp_nnames,
  td_from_host,
  td_from_port,
  unp_addr,
  unp_conn,
  unp_link_rwlock,
  unp_mtx,
  unp_vnode,
} from '../layout.ts';
import { fixed, get, type Kernel, put } from '../memory.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { rw_rlock, rw_runlock, rw_wlock, rw_wunlock } from '../sync/rwlock.ts';
import { sotounpcb } from './uipc_usrreq.ts';

export function uipc_bind(k: Kernel, td: number, so: number, name: number): number {
  const unp = sotounpcb(k, so);
  rw_wlock(k, td, unp_link_rwlock);
  mtx_lock(k, td, unp + unp_mtx);
  const slot = fixed(k, h_unp_names) + name;
  let error = 0;
  if (get(k, unp + unp_vnode) !== 0 || !isName(k, name)) error = EINVAL;
  else if (get(k, slot) !== 0) error = EADDRINUSE;
  if (error === 0) {
    put(k, slot, so);
    put(k, unp + unp_vnode, name + 1);
    put(k, unp + unp_addr, name + 1);
  }
  mtx_unlock(k, td, unp + unp_mtx);
  rw_wunlock(k, td, unp_link_rwlock);
  return error;
}

/** Takes a name away. Its socket stays, is bound for good, and goes on under connections it has; others may bind to the name. */
export function uipc_unlink(k: Kernel, td: number, name: number): number {
  if (!isName(k, name)) return EINVAL;
  const slot = fixed(k, h_unp_names) + name;
  rw_wlock(k, td, unp_link_rwlock);
  const so = get(k, slot);
  if (so !== 0) {
    // Until its detach, which takes this lock, a socket with a name has its pcb.
    const unp = sotounpcb(k, so);
    mtx_lock(k, td, unp + unp_mtx);
    put(k, slot, 0);
    put(k, unp + unp_vnode, UNP_UNLINKED);
    mtx_unlock(k, td, unp + unp_mtx);
  }
  rw_wunlock(k, td, unp_link_rwlock);
  return so === 0 ? ENOENT : 0;
}

/** The socket's own name. */
export function uipc_sockaddr(k: Kernel, td: number, so: number): number {
  const unp = sotounpcb(k, so);
  mtx_lock(k, td, unp + unp_mtx);
  unp_name(k, td, get(k, unp + unp_addr));
  mtx_unlock(k, td, unp + unp_mtx);
  return 0;
}

/** The peer's name; the empty one if the peer is not bound, or gone. */
export function uipc_peeraddr(k: Kernel, td: number, so: number): number {
  const unp = sotounpcb(k, so);
  rw_rlock(k, td, unp_link_rwlock);
  const peer = get(k, unp + unp_conn);
  if (peer === 0) {
    unp_name(k, td, 0);
  } else {
    mtx_lock(k, td, peer + unp_mtx);
    unp_name(k, td, get(k, peer + unp_addr));
    mtx_unlock(k, td, peer + unp_mtx);
  }
  rw_runlock(k, td, unp_link_rwlock);
  return 0;
}

/** Answers with an address, given as name + 1, or 0 for none. */
function unp_name(k: Kernel, td: number, address: number): void {
  put(k, td + td_from_host, address === 0 ? 0 : UNIX_HOST);
  put(k, td + td_from_port, address === 0 ? 0 : address - 1);
}

export function isName(k: Kernel, name: number): boolean {
  return name >= 0 && name < fixed(k, h_unp_nnames);
}
