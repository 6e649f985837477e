/**
 * An inpcb: one end of an Internet association, shared by UDP and TCP. Each protocol keeps its own in a *pcbinfo*: a list of all, a
 * hash by both addresses and ports, and a hash by local port, which decides what is in use.
 *
 *   from         to          by
 *   –            attached    in_pcballoc: socket and inpcb point at each other
 *   attached     hashed      in_pcbbind, in_pcbconnect, in_pcbinshash
 *   hashed       dropped     in_pcbdrop: the port is free again, the socket stays (INP_DROPPED)
 *   attached     detached    in_pcbdetach: the socket may be freed, the inpcb may live on (TIME_WAIT)
 *   detached     freed       in_pcbfree, and then the last in_pcbrele
 *
 * 1. so.so_pcb is inp exactly if inp.inp_socket is so.
 * 2. inp_socket may be followed only with the inpcb's lock held, because a close can be under way.
 * 3. A reference (in_pcbref) keeps the memory, nothing else: whoever locks an inpcb that it found by a lookup must look at its
 *    flags again. in_pcblookup does that for INP_FREED.
 *
 * Lock order: ipi_lock, inp_lock, ipi_hash_lock. in_pcballoc, in_pcbfree and in_pcbdetach want ipi_lock for writing.
 */

import { EADDRINUSE, EADDRNOTAVAIL, EINVAL, ENOBUFS } from '../errno.ts';
import { KASSERT } from '../kern/kassert.ts';
import { LIST_INSERT_HEAD, LIST_REMOVE } from '../kern/queue.ts';
import { uma_zalloc, uma_zfree } from '../kern/uma.ts';
import {
  h_flags,
  h_ipport_first,
  h_ipport_last,
  inp_zone,
  KF_V6ONLY,
  LC_INP,
  PROTO_RAW6,
  PROTO_TCP6,
  PROTO_UDP6,
  SO_REUSEADDR,
  SO_REUSEPORT,
  so_options,
  so_pcb,
  so_proto,
} from '../layout.ts';
import { add, fixed, get, type Kernel, load, put, store } from '../memory.ts';
import { PANIC_ATTACH_PCB, PANIC_INP_DETACH, PANIC_INP_FREE_SOCKET, PANIC_INP_HASHED, PANIC_INP_REFCOUNT } from '../panic.ts';
import { in6_boundto, in6_dst, in6_family, in6_laddr, in6_selectsrc } from './in6_pcb.ts';
import { rw_assert_w, rw_init, rw_rlock, rw_runlock, rw_wlock, rw_wunlock } from '../sync/rwlock.ts';
import {
  HOST_BROADCAST,
  h_hash_mask,
  IN6P_IPV6_V6ONLY,
  INP_DROPPED,
  INP_FREED,
  INP_INHASHLIST,
  INP_IPV4,
  INP_IPV6,
  INP_IPV6PROTO,
  inp_faddr,
  inp_flags,
  inp_flags2,
  inp_fport,
  inp_gencnt,
  inp_hash_next,
  inp_laddr,
  inp_list_next,
  inp_lock,
  inp_lport,
  inp_pcbinfo,
  inp_port_next,
  inp_refcount,
  inp_reuseport,
  inp_socket,
  inp_vflag,
  ipi_count,
  ipi_gencnt,
  ipi_hash,
  ipi_hash_lock,
  ipi_lastport,
  ipi_list,
  ipi_lock,
  ipi_porthash,
} from './layout.ts';

const PORT_MAX = 65535;

/** Gives the socket an inpcb, whose lock is then held. ipi_lock is held for writing. */
export function in_pcballoc(k: Kernel, td: number, so: number, pcbinfo: number): number {
  rw_assert_w(k, td, pcbinfo + ipi_lock);
  KASSERT(k, get(k, so + so_pcb) === 0, PANIC_ATTACH_PCB, so);
  const inp = uma_zalloc(k, td, inp_zone);
  if (inp === 0) return ENOBUFS;
  rw_init(k, inp + inp_lock, LC_INP);
  put(k, inp + inp_pcbinfo, pcbinfo);
  put(k, inp + inp_socket, so);
  in_pcbfamilies(k, inp, so);
  store(k, inp + inp_refcount, 1);
  rw_wlock(k, td, inp + inp_lock);
  put(k, so + so_pcb, inp);
  LIST_INSERT_HEAD(k, pcbinfo + ipi_list, inp, inp_list_next);
  put(k, pcbinfo + ipi_count, get(k, pcbinfo + ipi_count) + 1);
  const generation = get(k, pcbinfo + ipi_gencnt) + 1;
  put(k, pcbinfo + ipi_gencnt, generation);
  put(k, inp + inp_gencnt, generation);
  return 0;
}

/** What the new inpcb takes, as far as its socket's family says; of IPv6, as the kernel was made to begin. */
function in_pcbfamilies(k: Kernel, inp: number, so: number): void {
  const proto = fixed(k, so + so_proto);
  const six = proto === PROTO_TCP6 || proto === PROTO_UDP6 || proto === PROTO_RAW6;
  const only = six && (fixed(k, h_flags) & KF_V6ONLY) !== 0;
  const both = proto === PROTO_RAW6 ? INP_IPV6 : INP_IPV6 | INP_IPV4;
  put(k, inp + inp_vflag, six ? INP_IPV6PROTO | (only ? INP_IPV6 : both) : INP_IPV4);
  if (only) put(k, inp + inp_flags, IN6P_IPV6_V6ONLY);
}

/** Parts socket and inpcb. Its lock is held. */
export function in_pcbdetach(k: Kernel, td: number, inp: number): void {
  rw_assert_w(k, td, inp + inp_lock);
  const so = get(k, inp + inp_socket);
  KASSERT(k, so !== 0, PANIC_INP_DETACH, inp);
  put(k, so + so_pcb, 0);
  put(k, inp + inp_socket, 0);
}

/** Takes a detached inpcb out of every list and drops the reference it was born with. ipi_lock and its own lock are held before; the latter not after. */
export function in_pcbfree(k: Kernel, td: number, inp: number): void {
  const pcbinfo = fixed(k, inp + inp_pcbinfo);
  rw_assert_w(k, td, pcbinfo + ipi_lock);
  rw_assert_w(k, td, inp + inp_lock);
  KASSERT(k, get(k, inp + inp_socket) === 0, PANIC_INP_FREE_SOCKET, inp);
  put(k, inp + inp_flags2, get(k, inp + inp_flags2) | INP_FREED);
  in_pcbunhash(k, td, inp);
  LIST_REMOVE(k, inp, inp_list_next);
  put(k, pcbinfo + ipi_count, get(k, pcbinfo + ipi_count) - 1);
  put(k, pcbinfo + ipi_gencnt, get(k, pcbinfo + ipi_gencnt) + 1);
  if (in_pcbrele(k, td, inp) === 0) rw_wunlock(k, td, inp + inp_lock);
}

/** The protocol has no more use for the connection: gives back address and port. Socket and inpcb stay together. */
export function in_pcbdrop(k: Kernel, td: number, inp: number): void {
  rw_assert_w(k, td, inp + inp_lock);
  put(k, inp + inp_flags, get(k, inp + inp_flags) | INP_DROPPED);
  in_pcbunhash(k, td, inp);
}

/** Keeps the memory. The caller holds a lock under which the inpcb can't be freed. */
export function in_pcbref(k: Kernel, inp: number): void {
  const count = add(k, inp + inp_refcount, 1);
  KASSERT(k, count > 0, PANIC_INP_REFCOUNT, inp);
}

/** Drops a reference; the inpcb's lock is held. 1 if that was the last: then the inpcb, with its lock, is gone. */
export function in_pcbrele(k: Kernel, td: number, inp: number): number {
  const count = add(k, inp + inp_refcount, -1);
  KASSERT(k, count > 0, PANIC_INP_REFCOUNT, inp);
  if (count > 1) return 0;
  KASSERT(k, get(k, inp + inp_socket) === 0, PANIC_INP_FREE_SOCKET, inp);
  rw_wunlock(k, td, inp + inp_lock);
  uma_zfree(k, td, inp_zone, inp);
  return 1;
}

/** Gives an unbound inpcb a local address, which is one of its socket's family. Port 0: any that is free. */
export function in_pcbbind(k: Kernel, td: number, inp: number, host: number, port: number): number {
  rw_assert_w(k, td, inp + inp_lock);
  if (get(k, inp + inp_lport) !== 0) return EINVAL;
  const laddr = in6_laddr(k, inp, host);
  if (laddr < 0) return -laddr;
  if (port < 0 || port > PORT_MAX) return EINVAL;
  return in_pcbsetport(k, td, inp, laddr, port, in6_boundto(k, inp, host));
}

/** Gives it a port, 0 any that is free, at this address; from now on it takes what `vflag` says. */
export function in_pcbsetport(k: Kernel, td: number, inp: number, laddr: number, port: number, vflag: number): number {
  const pcbinfo = fixed(k, inp + inp_pcbinfo);
  rw_wlock(k, td, pcbinfo + ipi_hash_lock);
  let error = 0;
  let chosen = port;
  if (port === 0) {
    chosen = in_pcbephemeral(k, pcbinfo);
    if (chosen === 0) error = EADDRNOTAVAIL;
  } else if (in_pcbtaken(k, inp, laddr, port, vflag)) {
    error = EADDRINUSE;
  }
  if (error === 0) {
    put(k, inp + inp_laddr, laddr);
    put(k, inp + inp_lport, chosen);
    put(k, inp + inp_vflag, vflag);
    in_pcbinshash_locked(k, inp);
  }
  rw_wunlock(k, td, pcbinfo + ipi_hash_lock);
  return error;
}

/** Gives the inpcb a peer, and if it has none a local port. From then on it takes what is of that family. */
export function in_pcbconnect(k: Kernel, td: number, inp: number, host: number, port: number): number {
  const pcbinfo = fixed(k, inp + inp_pcbinfo);
  rw_assert_w(k, td, inp + inp_lock);
  const faddr = in6_dst(k, inp, host);
  if (faddr < 0) return -faddr;
  if (faddr === HOST_BROADCAST || port <= 0 || port > PORT_MAX) return EADDRNOTAVAIL;
  const laddr = in6_selectsrc(faddr);
  if (get(k, inp + inp_lport) === 0) {
    const error = in_pcbsetport(k, td, inp, laddr, 0, get(k, inp + inp_vflag));
    if (error !== 0) return error;
  }
  rw_wlock(k, td, pcbinfo + ipi_hash_lock);
  let error = 0;
  if (in_pcbfind(k, pcbinfo, faddr, port, laddr, get(k, inp + inp_lport), 0) !== 0) {
    error = EADDRINUSE;
  } else {
    LIST_REMOVE(k, inp, inp_hash_next);
    put(k, inp + inp_laddr, laddr);
    put(k, inp + inp_faddr, faddr);
    put(k, inp + inp_fport, port);
    put(k, inp + inp_vflag, (get(k, inp + inp_vflag) & INP_IPV6PROTO) | in6_family(faddr));
    LIST_INSERT_HEAD(k, in_pcbchain(k, inp), inp, inp_hash_next);
  }
  rw_wunlock(k, td, pcbinfo + ipi_hash_lock);
  return error;
}

/** Takes the peer away; the local port stays, at any address of ours, as F93's udp_disconnect has it. */
export function in_pcbdisconnect(k: Kernel, td: number, inp: number): void {
  const pcbinfo = fixed(k, inp + inp_pcbinfo);
  rw_assert_w(k, td, inp + inp_lock);
  rw_wlock(k, td, pcbinfo + ipi_hash_lock);
  KASSERT(k, (get(k, inp + inp_flags) & INP_INHASHLIST) !== 0, PANIC_INP_HASHED, inp);
  LIST_REMOVE(k, inp, inp_hash_next);
  put(k, inp + inp_laddr, 0);
  put(k, inp + inp_faddr, 0);
  put(k, inp + inp_fport, 0);
  LIST_INSERT_HEAD(k, in_pcbchain(k, inp), inp, inp_hash_next);
  rw_wunlock(k, td, pcbinfo + ipi_hash_lock);
}

/** The socket's SO_REUSEPORT where others see it who bind: they have the hash lock, and not this inpcb's. */
export function in_pcbreuseport(k: Kernel, td: number, so: number): void {
  const inp = get(k, so + so_pcb);
  const hash = fixed(k, inp + inp_pcbinfo) + ipi_hash_lock;
  rw_wlock(k, td, inp + inp_lock);
  rw_wlock(k, td, hash);
  put(k, inp + inp_reuseport, (load(k, so + so_options) & SO_REUSEPORT) !== 0 ? 1 : 0);
  rw_wunlock(k, td, hash);
  rw_wunlock(k, td, inp + inp_lock);
}

/** Enters an inpcb whose addresses and ports the caller has written, as for a connection that has come to a listener. */
export function in_pcbinshash(k: Kernel, td: number, inp: number): void {
  const pcbinfo = fixed(k, inp + inp_pcbinfo);
  rw_assert_w(k, td, inp + inp_lock);
  rw_wlock(k, td, pcbinfo + ipi_hash_lock);
  in_pcbinshash_locked(k, inp);
  rw_wunlock(k, td, pcbinfo + ipi_hash_lock);
}

/**
 * The inpcb that takes what comes from faddr:fport for laddr:lport, locked; 0 if there is none. With `wildcard`, one without a peer
 * will do. The hash lock is not held together with the inpcb's; a reference bridges the gap, and if the inpcb is freed in it, it is
 * as if it had not been found.
 */
export function in_pcblookup(
  k: Kernel,
  td: number,
  pcbinfo: number,
  faddr: number,
  fport: number,
  laddr: number,
  lport: number,
  wildcard: number,
): number {
  rw_rlock(k, td, pcbinfo + ipi_hash_lock);
  const inp = in_pcbfind(k, pcbinfo, faddr, fport, laddr, lport, wildcard);
  if (inp !== 0) in_pcbref(k, inp);
  rw_runlock(k, td, pcbinfo + ipi_hash_lock);
  if (inp === 0) return 0;
  rw_wlock(k, td, inp + inp_lock);
  return in_pcbrele(k, td, inp) === 0 ? inp : 0;
}

/**
 * Exact match first, then a socket without a peer that takes what is of this family: with this very address before one with any, and of those
 * with any the ones of the family itself before one of IPv6 that takes IPv4 as well; of several the one that is there longest. The hash lock is held.
 */
function in_pcbfind(k: Kernel, pcbinfo: number, faddr: number, fport: number, laddr: number, lport: number, wildcard: number): number {
  let inp = get(k, in_pcbchain_of(k, pcbinfo, faddr, fport, lport));
  while (inp !== 0 && !(get(k, inp + inp_fport) === fport && get(k, inp + inp_faddr) === faddr && in_pcblocal(k, inp, laddr, lport)))
    inp = get(k, inp + inp_hash_next);
  if (inp !== 0 || wildcard === 0) return inp;
  const family = in6_family(laddr);
  let named = 0;
  let any = 0;
  let mapped = 0;
  for (inp = get(k, in_pcbchain_of(k, pcbinfo, 0, 0, lport)); inp !== 0; inp = get(k, inp + inp_hash_next)) {
    const vflag = get(k, inp + inp_vflag);
    if ((vflag & family) === 0 || get(k, inp + inp_faddr) !== 0 || !in_pcblocal(k, inp, laddr, lport)) continue;
    if (get(k, inp + inp_laddr) !== 0) named = inp;
    else if (family === INP_IPV4 && (vflag & INP_IPV6PROTO) !== 0) mapped = inp;
    else any = inp;
  }
  if (named !== 0) return named;
  return any !== 0 ? any : mapped;
}

/** Is this the inpcb's local address? An unnamed host is any. */
function in_pcblocal(k: Kernel, inp: number, laddr: number, lport: number): boolean {
  if (get(k, inp + inp_lport) !== lport) return false;
  const bound = get(k, inp + inp_laddr);
  return bound === 0 || laddr === 0 || bound === laddr;
}

function in_pcbinshash_locked(k: Kernel, inp: number): void {
  KASSERT(k, (get(k, inp + inp_flags) & INP_INHASHLIST) === 0, PANIC_INP_HASHED, inp);
  const pcbinfo = fixed(k, inp + inp_pcbinfo);
  LIST_INSERT_HEAD(k, in_pcbchain(k, inp), inp, inp_hash_next);
  LIST_INSERT_HEAD(k, in_pcbportchain(k, pcbinfo, get(k, inp + inp_lport)), inp, inp_port_next);
  put(k, inp + inp_flags, get(k, inp + inp_flags) | INP_INHASHLIST);
}

function in_pcbunhash(k: Kernel, td: number, inp: number): void {
  if ((get(k, inp + inp_flags) & INP_INHASHLIST) === 0) return;
  const pcbinfo = fixed(k, inp + inp_pcbinfo);
  rw_wlock(k, td, pcbinfo + ipi_hash_lock);
  LIST_REMOVE(k, inp, inp_hash_next);
  LIST_REMOVE(k, inp, inp_port_next);
  put(k, inp + inp_flags, get(k, inp + inp_flags) & ~INP_INHASHLIST);
  rw_wunlock(k, td, pcbinfo + ipi_hash_lock);
}

/** A free port of the ephemeral range, after the one given last; 0 if there is none. The hash lock is held. */
function in_pcbephemeral(k: Kernel, pcbinfo: number): number {
  const first = fixed(k, h_ipport_first);
  const last = fixed(k, h_ipport_last);
  let port = get(k, pcbinfo + ipi_lastport);
  for (let tries = last - first; tries >= 0; tries--) {
    port = port < first || port >= last ? first : port + 1;
    if (!in_pcbport_used(k, pcbinfo, port)) {
      put(k, pcbinfo + ipi_lastport, port);
      return port;
    }
  }
  return 0;
}

/**
 * Is the port taken for this inpcb, which will take what `vflag` says? Only by who takes some of that. Whoever lets its address be used again
 * gives way to connections alone, which are told apart by their other ends; whoever shares ports, also to those who do. And one that will take
 * both families leaves what it will not be found for to one of IPv4 without a peer, as F93's in6_pcbbind has it. Its own lock is held, and the hash lock.
 */
function in_pcbtaken(k: Kernel, inp: number, host: number, port: number, vflag: number): boolean {
  const pcbinfo = fixed(k, inp + inp_pcbinfo);
  const shares = get(k, inp + inp_reuseport) !== 0;
  const reuses = shares || (load(k, get(k, inp + inp_socket) + so_options) & SO_REUSEADDR) !== 0;
  const families = vflag & (INP_IPV4 | INP_IPV6);
  for (let other = get(k, in_pcbportchain(k, pcbinfo, port)); other !== 0; other = get(k, other + inp_port_next)) {
    const theirs = get(k, other + inp_vflag);
    if (get(k, other + inp_lport) !== port || (theirs & families) === 0) continue;
    const alone = get(k, other + inp_faddr) === 0;
    if (alone && get(k, other + inp_laddr) === 0 && families === (INP_IPV4 | INP_IPV6) && theirs === INP_IPV4) continue;
    if (!reuses) return true;
    if (alone && get(k, other + inp_laddr) === host && (!shares || get(k, other + inp_reuseport) === 0)) return true;
  }
  return false;
}

function in_pcbport_used(k: Kernel, pcbinfo: number, port: number): boolean {
  let inp = get(k, in_pcbportchain(k, pcbinfo, port));
  while (inp !== 0 && get(k, inp + inp_lport) !== port) inp = get(k, inp + inp_port_next);
  return inp !== 0;
}

/** Head of the chain in which an inpcb with these addresses is. */
export function in_pcbchain_of(k: Kernel, pcbinfo: number, faddr: number, fport: number, lport: number): number {
  return fixed(k, pcbinfo + ipi_hash) + ((faddr ^ fport ^ (fport >> 7) ^ lport) & fixed(k, h_hash_mask));
}

function in_pcbchain(k: Kernel, inp: number): number {
  return in_pcbchain_of(k, fixed(k, inp + inp_pcbinfo), get(k, inp + inp_faddr), get(k, inp + inp_fport), get(k, inp + inp_lport));
}

function in_pcbportchain(k: Kernel, pcbinfo: number, port: number): number {
  return fixed(k, pcbinfo + ipi_porthash) + (port & fixed(k, h_hash_mask));
}
