/**
 * Raw IP: datagrams of a protocol that nobody else here speaks. There are no ports: what arrives is copied to every socket that asked for
 * the protocol (or for any, 0) and whose addresses, where it has chosen some, are those of the datagram. Only a privileged thread may
 * make one.
 *
 *   from         to           by
 *   –            attached     rip_attach: EPERM without privilege
 *   attached     connected    rip_connect: hears its peer only
 *   connected    attached     rip_disconnect, rip_close, rip_abort: SS_ISCONNECTED goes and nobody is woken
 *   attached     –            rip_detach, which wants the socket disconnected
 *
 * The inpcbs are on the list of ripcbinfo and in no hash: rip_input walks the list under ipi_lock and takes each inpcb's lock in turn,
 * so that a socket that is closed meanwhile either still gets its copy or is not on the list any more.
 */

import { EADDRNOTAVAIL, EISCONN, ENOTCONN, EPERM } from '../errno.ts';
import { KASSERT } from '../kern/kassert.ts';
import { m_copym, m_freem, m_length } from '../kern/mbuf.ts';
import { sbappendaddr_locked, socantsendmore, soreserve, sorwakeup_locked } from '../kern/sockbuf.ts';
import { so_changestate, soisconnected, soisdisconnected } from '../kern/sockstate.ts';
import {
  h_recvspace,
  h_sendspace,
  NO_ADDRESS,
  SS_ISCONNECTED,
  sb_hiwat,
  sb_mtx,
  so_pcb,
  so_rcv,
  so_snd,
  TDF_UNPRIV,
  td_flags,
} from '../layout.ts';
import { fixed, get, type Kernel, load, put } from '../memory.ts';
import { wire_output } from '../net/wire.ts';
import { PANIC_ATTACH_PCB, PANIC_PCB_NULL, PANIC_RIP_DETACH } from '../panic.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { rw_rlock, rw_runlock, rw_wlock, rw_wunlock } from '../sync/rwlock.ts';
import { in6_dst, in6_family, in6_getaddr, in6_laddr, in6_selectsrc, in6_sockaddr } from './in6_pcb.ts';
import { in_pcballoc, in_pcbdetach, in_pcbfree } from './inpcb.ts';
import {
  HOST_BROADCAST,
  INP_IPV6PROTO,
  inp_faddr,
  inp_ip_p,
  inp_laddr,
  inp_list_next,
  inp_lock,
  inp_socket,
  inp_vflag,
  ipi_list,
  ipi_lock,
  ripcbinfo,
} from './layout.ts';

/** `proto` is the protocol whose datagrams it sends and hears; 0: hears all. */
export function rip_attach(k: Kernel, td: number, so: number, proto: number): number {
  KASSERT(k, get(k, so + so_pcb) === 0, PANIC_ATTACH_PCB, so);
  if ((load(k, td + td_flags) & TDF_UNPRIV) !== 0) return EPERM;
  if (get(k, so + so_snd + sb_hiwat) === 0 || get(k, so + so_rcv + sb_hiwat) === 0) {
    const error = soreserve(k, td, so, fixed(k, h_sendspace), fixed(k, h_recvspace));
    if (error !== 0) return error;
  }
  rw_wlock(k, td, ripcbinfo + ipi_lock);
  const error = in_pcballoc(k, td, so, ripcbinfo);
  if (error === 0) {
    const inp = get(k, so + so_pcb);
    put(k, inp + inp_ip_p, proto);
    rw_wunlock(k, td, inp + inp_lock);
  }
  rw_wunlock(k, td, ripcbinfo + ipi_lock);
  return error;
}

export function rip_detach(k: Kernel, td: number, so: number): void {
  rw_wlock(k, td, ripcbinfo + ipi_lock);
  const inp = rip_lock(k, td, so);
  KASSERT(k, get(k, inp + inp_faddr) === 0, PANIC_RIP_DETACH, so);
  in_pcbdetach(k, td, inp);
  in_pcbfree(k, td, inp);
  rw_wunlock(k, td, ripcbinfo + ipi_lock);
}

/** Hears only what is for this address of ours; as often as one likes. */
export function rip_bind(k: Kernel, td: number, so: number, host: number): number {
  const inp = rip_lock(k, td, so);
  const laddr = in6_laddr(k, inp, host);
  if (laddr >= 0) put(k, inp + inp_laddr, laddr);
  rw_wunlock(k, td, inp + inp_lock);
  return laddr < 0 ? -laddr : 0;
}

export function rip_connect(k: Kernel, td: number, so: number, host: number): number {
  const inp = rip_lock(k, td, so);
  const faddr = in6_dst(k, inp, host);
  const error = faddr < 0 ? -faddr : faddr === HOST_BROADCAST ? EADDRNOTAVAIL : 0;
  if (error === 0) {
    put(k, inp + inp_faddr, faddr);
    soisconnected(k, td, so);
  } else if (get(k, inp + inp_faddr) !== 0) {
    rip_dodisconnect(k, td, inp, so);
  }
  rw_wunlock(k, td, inp + inp_lock);
  return error;
}

export function rip_disconnect(k: Kernel, td: number, so: number): number {
  const inp = rip_lock(k, td, so);
  const connected = get(k, inp + inp_faddr) !== 0;
  if (connected) rip_dodisconnect(k, td, inp, so);
  rw_wunlock(k, td, inp + inp_lock);
  return connected ? 0 : ENOTCONN;
}

/** What is left of a connection goes; detach insists on it. Of raw IPv6 for good, so that whoever sleeps in the socket wakes. */
export function rip_close(k: Kernel, td: number, so: number): void {
  const inp = rip_lock(k, td, so);
  rip_dodisconnect(k, td, inp, so);
  if ((get(k, inp + inp_vflag) & INP_IPV6PROTO) !== 0) soisdisconnected(k, td, so, 0);
  rw_wunlock(k, td, inp + inp_lock);
}

export function rip_abort(k: Kernel, td: number, so: number): void {
  rip_close(k, td, so);
}

export function rip_shutdown(k: Kernel, td: number, so: number): number {
  const inp = rip_lock(k, td, so);
  socantsendmore(k, td, so);
  rw_wunlock(k, td, inp + inp_lock);
  return 0;
}

/** Sends one datagram, which is taken over. */
export function rip_send(k: Kernel, td: number, so: number, m: number, host: number): number {
  const inp = rip_lock(k, td, so);
  let to = host;
  let error = 0;
  if (get(k, inp + inp_faddr) !== 0) {
    if (host !== NO_ADDRESS) error = EISCONN;
    to = get(k, inp + inp_faddr);
  } else if (host === NO_ADDRESS) {
    error = ENOTCONN;
  } else {
    to = in6_dst(k, inp, host);
    if (to < 0) error = -to;
  }
  if (error === 0) error = wire_output(k, td, get(k, inp + inp_ip_p), in6_selectsrc(to), 0, to, 0, 0, 0, 0, 0, m, m_length(k, m));
  else m_freem(k, td, m);
  rw_wunlock(k, td, inp + inp_lock);
  return error;
}

/** The socket's own address; a raw socket has no port. */
export function rip_sockaddr(k: Kernel, td: number, so: number): number {
  const inp = rip_lock(k, td, so);
  in6_getaddr(k, td, inp, get(k, inp + inp_laddr), 0);
  rw_wunlock(k, td, inp + inp_lock);
  return 0;
}

export function rip_peeraddr(k: Kernel, td: number, so: number): number {
  const inp = rip_lock(k, td, so);
  in6_getaddr(k, td, inp, get(k, inp + inp_faddr), 0);
  rw_wunlock(k, td, inp + inp_lock);
  return 0;
}

/** A datagram of this protocol has arrived, `m` its data, which stays the caller's: each socket that wants it gets a copy. */
export function rip_input(k: Kernel, td: number, proto: number, src: number, dst: number, m: number): void {
  const length = m_length(k, m);
  rw_rlock(k, td, ripcbinfo + ipi_lock);
  for (let inp = get(k, ripcbinfo + ipi_list); inp !== 0; inp = get(k, inp + inp_list_next)) {
    rw_wlock(k, td, inp + inp_lock);
    if (rip_wants(k, inp, proto, src, dst)) rip_append(k, td, get(k, inp + inp_socket), in6_sockaddr(k, inp, src), m, length);
    rw_wunlock(k, td, inp + inp_lock);
  }
  rw_runlock(k, td, ripcbinfo + ipi_lock);
}

function rip_wants(k: Kernel, inp: number, proto: number, src: number, dst: number): boolean {
  const speaks = get(k, inp + inp_ip_p);
  const laddr = get(k, inp + inp_laddr);
  const faddr = get(k, inp + inp_faddr);
  if ((get(k, inp + inp_vflag) & in6_family(dst)) === 0) return false;
  return (speaks === 0 || speaks === proto) && (laddr === 0 || laddr === dst) && (faddr === 0 || faddr === src);
}

/** One socket's copy. Where there is no memory for it, or no room, it is lost to this socket alone. */
function rip_append(k: Kernel, td: number, so: number, src: number, m: number, length: number): void {
  const copy = length === 0 ? 0 : m_copym(k, td, m, 0, length);
  if (length !== 0 && copy === 0) return;
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  if (sbappendaddr_locked(k, td, so + so_rcv, src, 0, copy) !== 0) {
    sorwakeup_locked(k, td, so);
  } else {
    mtx_unlock(k, td, so + so_rcv + sb_mtx);
    m_freem(k, td, copy);
  }
}

function rip_dodisconnect(k: Kernel, td: number, inp: number, so: number): void {
  put(k, inp + inp_faddr, 0);
  so_changestate(k, td, so, SS_ISCONNECTED, 0);
}

/** The socket's inpcb, locked. */
function rip_lock(k: Kernel, td: number, so: number): number {
  const inp = get(k, so + so_pcb);
  KASSERT(k, inp !== 0, PANIC_PCB_NULL, so);
  rw_wlock(k, td, inp + inp_lock);
  return inp;
}
