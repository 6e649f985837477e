/**
 * UDP: datagrams with ports. A datagram leaves through the wire at once, so send buffers stay empty; one that arrives is appended to
 * the receive buffer as a record, with its sender's address, or dropped if there is no room.
 *
 *   from         to           by
 *   –            attached     udp_attach
 *   attached     connected    udp_connect: takes datagrams of its peer only
 *   connected    attached     udp_disconnect, udp_close, udp_abort
 *   attached     –            udp_detach, which wants the socket disconnected
 */

import { EACCES, EADDRNOTAVAIL, ECONNREFUSED, EDESTADDRREQ, EISCONN, ENOTCONN } from '../errno.ts';
import { KASSERT } from '../kern/kassert.ts';
import { m_copym, m_freem, m_length } from '../kern/mbuf.ts';
import { sbappendaddr_locked, socantsendmore, soreserve, sorwakeup, sorwakeup_locked, sowwakeup } from '../kern/sockbuf.ts';
import { so_changestate, soisconnected, soisdisconnected } from '../kern/sockstate.ts';
import {
  h_flags,
  h_recvspace,
  h_sendspace,
  IPPROTO_UDP,
  KF_ICMP,
  NO_ADDRESS,
  SO_BROADCAST,
  SS_ISCONNECTED,
  sb_hiwat,
  sb_mtx,
  so_error,
  so_options,
  so_pcb,
  so_rcv,
  so_snd,
} from '../layout.ts';
import { fixed, get, type Kernel, load, store } from '../memory.ts';
import { wire_output } from '../net/wire.ts';
import { PANIC_ATTACH_PCB, PANIC_PCB_NULL, PANIC_UDP_DETACH } from '../panic.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { rw_rlock, rw_runlock, rw_wlock, rw_wunlock } from '../sync/rwlock.ts';
import { in6_dst, in6_family, in6_getaddr, in6_selectsrc, in6_sockaddr } from './in6_pcb.ts';
// biome-ignore format: a list of names
import {
  in_pcballoc, in_pcbbind, in_pcbconnect, in_pcbdetach, in_pcbdisconnect, in_pcbfree, in_pcblookup, in_pcbsetport,
} from './inpcb.ts';
import {
  HOST_BROADCAST,
  INP_IPV4,
  INP_IPV6,
  inp_faddr,
  inp_fport,
  inp_laddr,
  inp_list_next,
  inp_lock,
  inp_lport,
  inp_socket,
  inp_vflag,
  ipi_list,
  ipi_lock,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  udbinfo,
} from './layout.ts';

export function udp_attach(k: Kernel, td: number, so: number): number {
  KASSERT(k, get(k, so + so_pcb) === 0, PANIC_ATTACH_PCB, so);
  if (get(k, so + so_snd + sb_hiwat) === 0 || get(k, so + so_rcv + sb_hiwat) === 0) {
    const error = soreserve(k, td, so, fixed(k, h_sendspace), fixed(k, h_recvspace));
    if (error !== 0) return error;
  }
  rw_wlock(k, td, udbinfo + ipi_lock);
  const error = in_pcballoc(k, td, so, udbinfo);
  if (error === 0) rw_wunlock(k, td, get(k, so + so_pcb) + inp_lock);
  rw_wunlock(k, td, udbinfo + ipi_lock);
  return error;
}

export function udp_detach(k: Kernel, td: number, so: number): void {
  rw_wlock(k, td, udbinfo + ipi_lock);
  const inp = udp_lock(k, td, so);
  KASSERT(k, get(k, inp + inp_faddr) === 0, PANIC_UDP_DETACH, so);
  in_pcbdetach(k, td, inp);
  in_pcbfree(k, td, inp);
  rw_wunlock(k, td, udbinfo + ipi_lock);
}

export function udp_bind(k: Kernel, td: number, so: number, host: number, port: number): number {
  const inp = udp_lock(k, td, so);
  const error = in_pcbbind(k, td, inp, host, port);
  rw_wunlock(k, td, inp + inp_lock);
  return error;
}

/**
 * A socket that has a peer takes the new one. In one hold of the lock, so that nobody finds it between the two (F93 gives it back); and
 * the socket is connected all the while, because senders look at that without the lock.
 */
export function udp_connect(k: Kernel, td: number, so: number, host: number, port: number): number {
  const inp = udp_lock(k, td, so);
  const had = get(k, inp + inp_faddr) !== 0;
  if (had) in_pcbdisconnect(k, td, inp);
  store(k, so + so_error, 0);
  const error = in_pcbconnect(k, td, inp, host, port);
  if (error === 0) soisconnected(k, td, so);
  else if (had) so_changestate(k, td, so, SS_ISCONNECTED, 0);
  rw_wunlock(k, td, inp + inp_lock);
  return error;
}

/** The socket may be connected again. */
export function udp_disconnect(k: Kernel, td: number, so: number): number {
  const inp = udp_lock(k, td, so);
  const connected = get(k, inp + inp_faddr) !== 0;
  if (connected) {
    in_pcbdisconnect(k, td, inp);
    so_changestate(k, td, so, SS_ISCONNECTED, 0);
  }
  rw_wunlock(k, td, inp + inp_lock);
  return connected ? 0 : ENOTCONN;
}

export function udp_close(k: Kernel, td: number, so: number): void {
  const inp = udp_lock(k, td, so);
  if (get(k, inp + inp_faddr) !== 0) {
    in_pcbdisconnect(k, td, inp);
    soisdisconnected(k, td, so, 0);
  }
  rw_wunlock(k, td, inp + inp_lock);
}

export function udp_abort(k: Kernel, td: number, so: number): void {
  udp_close(k, td, so);
}

export function udp_shutdown(k: Kernel, td: number, so: number): number {
  const inp = udp_lock(k, td, so);
  socantsendmore(k, td, so);
  rw_wunlock(k, td, inp + inp_lock);
  return 0;
}

/** Sends one datagram, which is taken over. An unbound socket gets a port of its own first. */
export function udp_send(k: Kernel, td: number, so: number, m: number, host: number, port: number): number {
  const inp = udp_lock(k, td, so);
  let toHost = host;
  let toPort = port;
  let error = 0;
  if (get(k, inp + inp_faddr) !== 0) {
    if (host !== NO_ADDRESS) error = EISCONN;
    toHost = get(k, inp + inp_faddr);
    toPort = get(k, inp + inp_fport);
  } else if (host === NO_ADDRESS) {
    error = EDESTADDRREQ;
  } else {
    toHost = in6_dst(k, inp, host);
    if (toHost < 0) error = -toHost;
    else if (port <= 0 || port > 65535) error = EADDRNOTAVAIL;
  }
  if (error === 0 && get(k, inp + inp_lport) === 0) error = in_pcbsetport(k, td, inp, 0, 0, get(k, inp + inp_vflag));
  if (error === 0 && toHost === HOST_BROADCAST && (load(k, so + so_options) & SO_BROADCAST) === 0) error = EACCES;
  if (error === 0)
    error = wire_output(k, td, IPPROTO_UDP, in6_selectsrc(toHost), get(k, inp + inp_lport), toHost, toPort, 0, 0, 0, 0, m, m_length(k, m));
  else m_freem(k, td, m);
  rw_wunlock(k, td, inp + inp_lock);
  return error;
}

/** The socket's own address. */
export function udp_sockaddr(k: Kernel, td: number, so: number): number {
  const inp = udp_lock(k, td, so);
  in6_getaddr(k, td, inp, get(k, inp + inp_laddr), get(k, inp + inp_lport));
  rw_wunlock(k, td, inp + inp_lock);
  return 0;
}

export function udp_peeraddr(k: Kernel, td: number, so: number): number {
  const inp = udp_lock(k, td, so);
  in6_getaddr(k, td, inp, get(k, inp + inp_faddr), get(k, inp + inp_fport));
  rw_wunlock(k, td, inp + inp_lock);
  return 0;
}

/** A datagram has arrived from src:sport for dst:dport; it is taken over. Called by the thread that drains the wire. */
export function udp_input(k: Kernel, td: number, src: number, sport: number, dst: number, dport: number, m: number): void {
  const inp = in_pcblookup(k, td, udbinfo, src, sport, dst, dport, 1);
  if (inp === 0) {
    m_freem(k, td, m);
    if ((fixed(k, h_flags) & KF_ICMP) !== 0)
      wire_output(
        k,
        td,
        in6_family(src) === INP_IPV6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
        dst,
        dport,
        src,
        sport,
        0,
        0,
        IPPROTO_UDP,
        ECONNREFUSED,
        0,
        0,
      );
    return;
  }
  const so = get(k, inp + inp_socket);
  // Detached between the lookup and the lock; or connected meanwhile to somebody else.
  const wanted = so !== 0 && (get(k, inp + inp_faddr) === 0 || (get(k, inp + inp_faddr) === src && get(k, inp + inp_fport) === sport));
  if (wanted) udp_append(k, td, so, in6_sockaddr(k, inp, src), sport, m);
  else m_freem(k, td, m);
  rw_wunlock(k, td, inp + inp_lock);
}

/**
 * A datagram for everybody, whose data stays the caller's: each socket with this port gets a copy, or who is connected to the sender. (F93 ends
 * its search at a socket without SO_REUSEADDR and SO_REUSEPORT, since there are no others as long as nobody clears them.)
 */
export function udp_input_all(k: Kernel, td: number, src: number, sport: number, dst: number, dport: number, m: number): void {
  const length = m_length(k, m);
  rw_rlock(k, td, udbinfo + ipi_lock);
  for (let inp = get(k, udbinfo + ipi_list); inp !== 0; inp = get(k, inp + inp_list_next)) {
    rw_wlock(k, td, inp + inp_lock);
    if (udp_wants(k, inp, src, sport, dst, dport)) {
      const copy = length === 0 ? 0 : m_copym(k, td, m, 0, length);
      if (length === 0 || copy !== 0) udp_append(k, td, get(k, inp + inp_socket), in6_sockaddr(k, inp, src), sport, copy);
    }
    rw_wunlock(k, td, inp + inp_lock);
  }
  rw_runlock(k, td, udbinfo + ipi_lock);
}

/** Whoever has an address of its own, as who is connected does, hears only what is for that. */
function udp_wants(k: Kernel, inp: number, src: number, sport: number, dst: number, dport: number): boolean {
  const laddr = get(k, inp + inp_laddr);
  const faddr = get(k, inp + inp_faddr);
  if ((get(k, inp + inp_vflag) & INP_IPV4) === 0 || get(k, inp + inp_lport) !== dport) return false;
  if (laddr !== 0 && laddr !== dst) return false;
  return faddr === 0 || (faddr === src && get(k, inp + inp_fport) === sport);
}

/** A record for the socket, whose inpcb is locked; lost where there is no room. */
function udp_append(k: Kernel, td: number, so: number, src: number, sport: number, m: number): void {
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  if (sbappendaddr_locked(k, td, so + so_rcv, src, sport, m) !== 0) {
    sorwakeup_locked(k, td, so);
  } else {
    mtx_unlock(k, td, so + so_rcv + sb_mtx);
    m_freem(k, td, m);
  }
}

/** Word has come that faddr:fport does not take what laddr:lport sends. A socket connected to it learns so, with `error`. */
export function udp_ctlinput(k: Kernel, td: number, faddr: number, fport: number, laddr: number, lport: number, error: number): void {
  const inp = in_pcblookup(k, td, udbinfo, faddr, fport, laddr, lport, 0);
  if (inp === 0) return;
  const so = get(k, inp + inp_socket);
  if (so !== 0 && get(k, inp + inp_faddr) === faddr && get(k, inp + inp_fport) === fport) {
    store(k, so + so_error, error);
    sorwakeup(k, td, so);
    sowwakeup(k, td, so);
  }
  rw_wunlock(k, td, inp + inp_lock);
}

/** The socket's inpcb, locked. */
function udp_lock(k: Kernel, td: number, so: number): number {
  const inp = get(k, so + so_pcb);
  KASSERT(k, inp !== 0, PANIC_PCB_NULL, so);
  rw_wlock(k, td, inp + inp_lock);
  return inp;
}
