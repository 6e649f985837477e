/**
 * What the socket layer asks of TCP: the entries of the protocol switch. Each finds the pcb through so_pcb, which is valid from
 * attach to detach, locks it, and first looks whether the connection is over (INP_TIMEWAIT, INP_DROPPED): then it fails, in
 * its own way, and touches nothing.
 *
 * Locks: who may close the connection or change what segments are looked up by holds tcbinfo for writing; send, rcvd and the
 * options need only the pcb. attach and detach also run inside sonewconn and sofree, when the thread has tcbinfo already: it
 * recurses.
 */

import { ECONNABORTED, ECONNRESET, EINVAL, EISCONN, ENOBUFS, ENOPROTOOPT, ENOTCONN, EOPNOTSUPP, EPIPE, EWOULDBLOCK } from '../errno.ts';
import {
  h_flags,
  h_recvspace,
  h_sendspace,
  IPPROTO_TCP,
  KF_SEND_INFO,
  NO_ADDRESS,
  PRUS_EOF,
  PRUS_OOB,
  m_len,
  SO_LINGER,
  SO_OOBINLINE,
  SS_ISDISCONNECTED,
  SS_PROTOREF,
  SBS_RCVATMARK,
  sb_cc,
  sb_hiwat,
  sb_mtx,
  so_linger,
  so_oobmark,
  so_options,
  so_pcb,
  so_rcv,
  so_snd,
  so_state,
  TCP_NODELAY,
  td_retval1,
} from '../layout.ts';
import { fixed, get, type Kernel, load, or, put, putByte } from '../memory.ts';
import { callout_reset } from '../kern/callout.ts';
import { copyin_word, copyout_word } from '../kern/copy.ts';
import { soconnect_check, sodisconnect_check } from '../kern/connect.ts';
import { KASSERT } from '../kern/kassert.ts';
import { solisten_proto, solisten_proto_check } from '../kern/listen.ts';
import { m_freem, mtod } from '../kern/mbuf.ts';
import { sbappendstream_locked, sbflush_later, sbspace, sbstate, socantsendmore, soreserve } from '../kern/sockbuf.ts';
import { soisconnecting, soisdisconnected, soisdisconnecting } from '../kern/sockstate.ts';
import { in6_getaddr } from './in6_pcb.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { rw_rlock, rw_runlock, rw_wlock, rw_wunlock } from '../sync/rwlock.ts';
import { in_pcballoc, in_pcbbind, in_pcbconnect, in_pcbdetach, in_pcbfree, in_pcbsetport } from './inpcb.ts';
import {
  h_tcp_msl,
  INP_DROPPED,
  INP_SOCKREF,
  INP_TIMEWAIT,
  inp_faddr,
  inp_flags,
  inp_fport,
  inp_laddr,
  inp_lock,
  inp_lport,
  inp_ppcb,
  inp_socket,
  inp_vflag,
  ipi_lock,
  iss,
  snd_max,
  snd_nxt,
  snd_una,
  snd_up,
  t_2msl,
  t_flags,
  t_iobc,
  t_oobflags,
  t_state,
  tcbinfo,
} from './layout.ts';
import {
  TCPOOB_HADDATA,
  TCPOOB_HAVEDATA,
  TCPS_CLOSE_WAIT,
  TCPS_CLOSED,
  TCPS_ESTABLISHED,
  TCPS_FIN_WAIT_1,
  TCPS_FIN_WAIT_2,
  TCPS_LAST_ACK,
  TCPS_LISTEN,
  TCPS_SYN_RECEIVED,
  TCPS_SYN_SENT,
  TF_NEEDFIN,
  TF_NEEDURG,
  TF_NODELAY,
} from './tcp_fsm.ts';
import { tcp_output } from './tcp_output.ts';
import { seq_add } from './tcp_seq.ts';
import {
  PANIC_TCP_ATTACH_PCB,
  PANIC_TCP_CTLOUTPUT_PCB,
  PANIC_TCP_DETACH_PCB,
  PANIC_TCP_DETACH_PPCB,
  PANIC_TCP_DISCONNECT_GONE,
  PANIC_TCP_USR_PCB,
  PANIC_TCP_USR_SOCKET,
  PANIC_TCP_USRCLOSED_GONE,
} from './tcp_panic.ts';
import { tcp_keepalive } from './tcp_timer.ts';
import { tcp_close, tcp_discardcb, tcp_drop, tcp_new_isn, tcp_newtcpcb } from './tcp_subr.ts';

/** A pcb in CLOSED for the new socket. All or nothing: after an error so_pcb is 0. */
export function tcp_usr_attach(k: Kernel, td: number, so: number): number {
  KASSERT(k, get(k, so + so_pcb) === 0, PANIC_TCP_ATTACH_PCB, so);
  // Nobody else knows the socket yet. One that sonewconn made has its listener's sizes already.
  if (get(k, so + so_snd + sb_hiwat) === 0 || get(k, so + so_rcv + sb_hiwat) === 0) {
    const error = soreserve(k, td, so, fixed(k, h_sendspace), fixed(k, h_recvspace));
    if (error !== 0) return error;
  }
  rw_wlock(k, td, tcbinfo + ipi_lock);
  let error = in_pcballoc(k, td, so, tcbinfo);
  if (error === 0) {
    const inp = get(k, so + so_pcb);
    if (tcp_newtcpcb(k, td, inp) === 0) {
      in_pcbdetach(k, td, inp);
      in_pcbfree(k, td, inp);
      error = ENOBUFS;
    } else {
      rw_wunlock(k, td, inp + inp_lock);
    }
  }
  rw_wunlock(k, td, tcbinfo + ipi_lock);
  return error;
}

/** The socket is being freed. */
export function tcp_usr_detach(k: Kernel, td: number, so: number): void {
  const inp = tcp_usr_pcb(k, so);
  rw_wlock(k, td, tcbinfo + ipi_lock);
  rw_wlock(k, td, inp + inp_lock);
  KASSERT(k, get(k, inp + inp_socket) !== 0, PANIC_TCP_USR_SOCKET, inp);
  KASSERT(k, get(k, so + so_pcb) === inp && get(k, inp + inp_socket) === so, PANIC_TCP_DETACH_PCB, inp);
  const flags = get(k, inp + inp_flags);
  const pcb = get(k, inp + inp_ppcb);
  if ((flags & INP_TIMEWAIT) !== 0) {
    in_pcbdetach(k, td, inp);
    if ((flags & INP_DROPPED) !== 0) {
      // 2MSL ended while the user still had the socket.
      KASSERT(k, pcb === 0, PANIC_TCP_DETACH_PPCB, inp);
      in_pcbfree(k, td, inp);
    } else {
      // The pcb lives on with its tcptw until 2MSL.
      rw_wunlock(k, td, inp + inp_lock);
    }
  } else if ((flags & INP_DROPPED) !== 0 || get(k, pcb + t_state) < TCPS_SYN_SENT) {
    tcp_discardcb(k, td, pcb);
    in_pcbdetach(k, td, inp);
    in_pcbfree(k, td, inp);
  } else {
    // A live connection whose socket goes: close and abort see to it that this does not happen.
    in_pcbdetach(k, td, inp);
    rw_wunlock(k, td, inp + inp_lock);
  }
  rw_wunlock(k, td, tcbinfo + ipi_lock);
}

export function tcp_usr_bind(k: Kernel, td: number, so: number, host: number, port: number): number {
  const inp = tcp_usr_enter(k, td, so);
  const error = tcp_usr_over(k, inp) ? EINVAL : in_pcbbind(k, td, inp, host, port);
  tcp_usr_leave(k, td, inp);
  return error;
}

export function tcp_usr_listen(k: Kernel, td: number, so: number, backlog: number): number {
  const inp = tcp_usr_enter(k, td, so);
  let error = EINVAL;
  if (!tcp_usr_over(k, inp)) {
    const tp = get(k, inp + inp_ppcb);
    // SO_ACCEPTCONN is tested and set under one hold of SOCK, and the connection state with it.
    mtx_lock(k, td, so + so_rcv + sb_mtx);
    error = solisten_proto_check(k, td, so);
    // F93 lets a connection that waits for its peer's FIN become a listener: its socket is no longer connected. Here it can't.
    if (get(k, tp + t_state) > TCPS_LISTEN) error = EINVAL;
    if (error === 0 && get(k, inp + inp_lport) === 0) error = in_pcbsetport(k, td, inp, 0, 0, get(k, inp + inp_vflag));
    if (error === 0) {
      put(k, tp + t_state, TCPS_LISTEN);
      solisten_proto(k, td, so, backlog);
    }
    mtx_unlock(k, td, so + so_rcv + sb_mtx);
  }
  tcp_usr_leave(k, td, inp);
  return error;
}

/** Active open: the SYN goes out; the rest comes with the answer. */
export function tcp_usr_connect(k: Kernel, td: number, so: number, host: number, port: number): number {
  const inp = tcp_usr_enter(k, td, so);
  let error = soconnect_check(k, so);
  if (error === 0) error = tcp_usr_over(k, inp) ? EINVAL : tcp_connect(k, td, inp, so, host, port);
  tcp_usr_leave(k, td, inp);
  return error;
}

function tcp_connect(k: Kernel, td: number, inp: number, so: number, host: number, port: number): number {
  const tp = get(k, inp + inp_ppcb);
  if (get(k, tp + t_state) !== TCPS_CLOSED) return EISCONN;
  const error = in_pcbconnect(k, td, inp, host, port);
  if (error !== 0) return error;
  soisconnecting(k, td, so);
  put(k, tp + t_state, TCPS_SYN_SENT);
  const first = tcp_new_isn(k);
  put(k, tp + iss, first);
  put(k, tp + snd_una, first);
  put(k, tp + snd_nxt, first);
  put(k, tp + snd_max, first);
  put(k, tp + snd_up, first);
  return tcp_output(k, td, tp);
}

/** The peer's address for accept, in td_from_host and td_from_port. */
export function tcp_usr_accept(k: Kernel, td: number, so: number): number {
  if ((load(k, so + so_state) & SS_ISDISCONNECTED) !== 0) return ECONNABORTED;
  const inp = tcp_usr_pcb(k, so);
  // For reading is enough, and needed: syncache_socket publishes the socket first and fills in the addresses afterwards.
  rw_rlock(k, td, tcbinfo + ipi_lock);
  rw_wlock(k, td, inp + inp_lock);
  let error = ECONNABORTED;
  if (!tcp_usr_over(k, inp)) {
    in6_getaddr(k, td, inp, get(k, inp + inp_faddr), get(k, inp + inp_fport));
    error = 0;
  }
  rw_wunlock(k, td, inp + inp_lock);
  rw_runlock(k, td, tcbinfo + ipi_lock);
  return error;
}

export function tcp_usr_disconnect(k: Kernel, td: number, so: number): number {
  const inp = tcp_usr_enter(k, td, so);
  const error = sodisconnect_check(k, so);
  if (error === 0) tcp_disconnect(k, td, inp, so);
  tcp_usr_leave(k, td, inp);
  return error;
}

/** Half a close: we send no more. */
export function tcp_usr_shutdown(k: Kernel, td: number, so: number): number {
  const inp = tcp_usr_enter(k, td, so);
  let error = ECONNRESET;
  if (!tcp_usr_over(k, inp)) {
    const tp = get(k, inp + inp_ppcb);
    socantsendmore(k, td, so);
    tcp_usrclosed(k, td, tp, so);
    error = (get(k, inp + inp_flags) & INP_DROPPED) === 0 ? tcp_output(k, td, tp) : 0;
  }
  tcp_usr_leave(k, td, inp);
  return error;
}

/** The user has read: the window may have grown. */
export function tcp_usr_rcvd(k: Kernel, td: number, so: number, _flags: number): number {
  const inp = tcp_usr_pcb(k, so);
  rw_wlock(k, td, inp + inp_lock);
  const error = tcp_usr_over(k, inp) ? ECONNRESET : tcp_output(k, td, get(k, inp + inp_ppcb));
  rw_wunlock(k, td, inp + inp_lock);
  return error;
}

/** The urgent byte. That it is announced shows in the socket: a mark before the reader, or the reader at it. */
export function tcp_usr_rcvoob(k: Kernel, td: number, so: number, m: number, flags: number): number {
  const inp = tcp_usr_pcb(k, so);
  rw_wlock(k, td, inp + inp_lock);
  let error = ECONNRESET;
  if (!tcp_usr_over(k, inp)) {
    const tp = get(k, inp + inp_ppcb);
    const oob = get(k, tp + t_oobflags);
    mtx_lock(k, td, so + so_rcv + sb_mtx);
    const announced = get(k, so + so_oobmark) !== 0 || sbstate(k, so + so_rcv, SBS_RCVATMARK);
    mtx_unlock(k, td, so + so_rcv + sb_mtx);
    error = 0;
    if (!announced || (load(k, so + so_options) & SO_OOBINLINE) !== 0 || (oob & TCPOOB_HADDATA) !== 0) error = EINVAL;
    else if ((oob & TCPOOB_HAVEDATA) === 0) error = EWOULDBLOCK;
    if (error === 0) {
      putByte(k, mtod(k, m), get(k, tp + t_iobc));
      put(k, m + m_len, 1);
      if (flags === 0) put(k, tp + t_oobflags, TCPOOB_HADDATA);
    }
  }
  rw_wunlock(k, td, inp + inp_lock);
  return error;
}

/**
 * Appends the chain, which is consumed in any case, to so_snd and sends what may be sent. With PRUS_EOF it is the last; with PRUS_OOB its last
 * byte is urgent. With an address a socket that has no connection makes one first, and keeps nothing if that fails, unlike F93's.
 */
export function tcp_usr_send(k: Kernel, td: number, so: number, flags: number, m: number, host: number, port: number): number {
  const inp = tcp_usr_pcb(k, so);
  const eof = (flags & PRUS_EOF) !== 0;
  // Before the socket reference work every send did, because the connection might be gone.
  const info = eof || host !== NO_ADDRESS || (fixed(k, h_flags) & KF_SEND_INFO) !== 0;
  if (info) rw_wlock(k, td, tcbinfo + ipi_lock);
  rw_wlock(k, td, inp + inp_lock);
  const tp = get(k, inp + inp_ppcb);
  let error = tcp_usr_over(k, inp) ? ECONNRESET : tcp_implied(k, td, inp, so, host, port);
  if (error === 0) error = tcp_maysend(k, tp);
  if (error === 0) {
    const urgent = (flags & PRUS_OOB) !== 0;
    mtx_lock(k, td, so + so_snd + sb_mtx);
    // Urgent data may go beyond the limit, but not again and again.
    if (urgent && sbspace(k, so + so_snd) < -OOB_OVERCOMMITTED) error = ENOBUFS;
    else sbappendstream_locked(k, td, so + so_snd, m);
    if (urgent && error === 0) {
      const syn = get(k, tp + snd_una) === get(k, tp + iss) ? 1 : 0;
      put(k, tp + snd_up, seq_add(get(k, tp + snd_una), get(k, so + so_snd + sb_cc) + syn));
      put(k, tp + t_flags, get(k, tp + t_flags) | TF_NEEDURG);
    }
    mtx_unlock(k, td, so + so_snd + sb_mtx);
  }
  if (error === 0) {
    if (eof) {
      socantsendmore(k, td, so);
      tcp_usrclosed(k, td, tp, so);
    }
    tcp_output(k, td, tp);
  }
  rw_wunlock(k, td, inp + inp_lock);
  if (info) rw_wunlock(k, td, tcbinfo + ipi_lock);
  if (error !== 0) m_freem(k, td, m);
  return error;
}

/** A send with an address connects, unless that was done; its SYN carries no data. (F93 would connect a listener, too.) */
function tcp_implied(k: Kernel, td: number, inp: number, so: number, host: number, port: number): number {
  const state = get(k, get(k, inp + inp_ppcb) + t_state);
  if (host === NO_ADDRESS || state > TCPS_LISTEN) return 0;
  return state === TCPS_LISTEN ? EOPNOTSUPP : tcp_connect(k, td, inp, so, host, port);
}

/** So far beyond the limit urgent data waits for room. */
const OOB_OVERCOMMITTED = 512;

/** What sosend tested may have changed while it copied; behind a FIN there is no room for data. */
function tcp_maysend(k: Kernel, tp: number): number {
  const state = get(k, tp + t_state);
  if (state < TCPS_SYN_SENT) return ENOTCONN;
  if (state > TCPS_CLOSE_WAIT || (get(k, tp + t_flags) & TF_NEEDFIN) !== 0) return EPIPE;
  return 0;
}

/** The user is done with the socket: an orderly end, which TCP pursues on its own, keeping the socket until it is over. */
export function tcp_usr_close(k: Kernel, td: number, so: number): void {
  const inp = tcp_usr_enter(k, td, so);
  KASSERT(k, get(k, inp + inp_socket) !== 0, PANIC_TCP_USR_SOCKET, inp);
  if (!tcp_usr_over(k, inp)) tcp_disconnect(k, td, inp, so);
  tcp_claim_socket(k, td, inp, so);
  tcp_usr_leave(k, td, inp);
}

/** The socket was never accepted and never will be. */
export function tcp_usr_abort(k: Kernel, td: number, so: number): void {
  const inp = tcp_usr_enter(k, td, so);
  KASSERT(k, get(k, inp + inp_socket) !== 0, PANIC_TCP_USR_SOCKET, inp);
  if (!tcp_usr_over(k, inp)) tcp_drop(k, td, get(k, inp + inp_ppcb), ECONNABORTED);
  tcp_claim_socket(k, td, inp, so);
  tcp_usr_leave(k, td, inp);
}

/** If the connection is not over yet, TCP takes a reference of its own: SS_PROTOREF in the socket, INP_SOCKREF in the pcb. */
function tcp_claim_socket(k: Kernel, td: number, inp: number, so: number): void {
  if ((get(k, inp + inp_flags) & INP_DROPPED) !== 0) return;
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  or(k, so + so_state, SS_PROTOREF);
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  put(k, inp + inp_flags, get(k, inp + inp_flags) | INP_SOCKREF);
}

/** The user wants to know of a silent peer, or does not any more. */
export function tcp_usr_keepalive(k: Kernel, td: number, so: number): void {
  const inp = tcp_usr_pcb(k, so);
  rw_wlock(k, td, inp + inp_lock);
  if (!tcp_usr_over(k, inp)) tcp_keepalive(k, td, get(k, inp + inp_ppcb), so);
  rw_wunlock(k, td, inp + inp_lock);
}

/** Our own address, in td_from_host and td_from_port. */
export function tcp_usr_sockaddr(k: Kernel, td: number, so: number): number {
  return tcp_usr_address(k, td, so, inp_laddr, inp_lport);
}

/** The peer's. That there is one the caller has seen from SS_ISCONNECTED. */
export function tcp_usr_peeraddr(k: Kernel, td: number, so: number): number {
  return tcp_usr_address(k, td, so, inp_faddr, inp_fport);
}

function tcp_usr_address(k: Kernel, td: number, so: number, host: number, port: number): number {
  const inp = tcp_usr_pcb(k, so);
  rw_wlock(k, td, inp + inp_lock);
  in6_getaddr(k, td, inp, get(k, inp + host), get(k, inp + port));
  rw_wunlock(k, td, inp + inp_lock);
  return 0;
}

/** The pcb of a socket. */
function tcp_usr_pcb(k: Kernel, so: number): number {
  const inp = get(k, so + so_pcb);
  KASSERT(k, inp !== 0, PANIC_TCP_USR_PCB, so);
  return inp;
}

/** Write-locks tcbinfo and the pcb, and returns the pcb. */
function tcp_usr_enter(k: Kernel, td: number, so: number): number {
  const inp = tcp_usr_pcb(k, so);
  rw_wlock(k, td, tcbinfo + ipi_lock);
  rw_wlock(k, td, inp + inp_lock);
  return inp;
}

function tcp_usr_leave(k: Kernel, td: number, inp: number): void {
  rw_wunlock(k, td, inp + inp_lock);
  rw_wunlock(k, td, tcbinfo + ipi_lock);
}

/** True if the connection is over and every entry is to fail. */
function tcp_usr_over(k: Kernel, inp: number): boolean {
  return (get(k, inp + inp_flags) & (INP_TIMEWAIT | INP_DROPPED)) !== 0;
}

/**
 * Begins to end the connection, in the way the state calls for. The user still owns the socket, so tcp_close can't have freed it and
 * the pcb stays locked.
 */
function tcp_disconnect(k: Kernel, td: number, inp: number, so: number): void {
  const tp = get(k, inp + inp_ppcb);
  if (get(k, tp + t_state) < TCPS_ESTABLISHED) {
    const left = tcp_close(k, td, tp, 0);
    KASSERT(k, left !== 0, PANIC_TCP_DISCONNECT_GONE, inp);
  } else if ((load(k, so + so_options) & SO_LINGER) !== 0 && load(k, so + so_linger) === 0) {
    const left = tcp_drop(k, td, tp, 0);
    KASSERT(k, left !== 0, PANIC_TCP_DISCONNECT_GONE, inp);
  } else {
    soisdisconnecting(k, td, so);
    // A reader that is copying out of the buffer right now throws away the rest when it is done (F93 takes it from under its hands).
    sbflush_later(k, td, so + so_rcv);
    tcp_usrclosed(k, td, tp, so);
    if ((get(k, inp + inp_flags) & INP_DROPPED) === 0) tcp_output(k, td, tp);
  }
}

/** The user sends no more: the next state, and so the FIN behind the last byte. */
function tcp_usrclosed(k: Kernel, td: number, tp: number, so: number): void {
  const state = get(k, tp + t_state);
  if (state <= TCPS_LISTEN) {
    const left = tcp_close(k, td, tp, 0);
    KASSERT(k, left !== 0, PANIC_TCP_USRCLOSED_GONE, tp);
  } else if (state <= TCPS_SYN_RECEIVED) {
    put(k, tp + t_flags, get(k, tp + t_flags) | TF_NEEDFIN);
  } else if (state === TCPS_ESTABLISHED) {
    put(k, tp + t_state, TCPS_FIN_WAIT_1);
  } else if (state === TCPS_CLOSE_WAIT) {
    put(k, tp + t_state, TCPS_LAST_ACK);
  } else if (state === TCPS_FIN_WAIT_2) {
    soisdisconnected(k, td, so, 0);
    // Nobody will read what the peer may still send: don't wait for its FIN for ever.
    callout_reset(k, td, tp + t_2msl, 2 * fixed(k, h_tcp_msl));
  }
}

/**
 * TCP's own socket options, of which there is one. A copy from user memory may sleep, so the pcb's lock is not held across it,
 * and afterwards the connection may be gone: it is looked at again. (The pcb itself can't be gone: that is what so_pcb's
 * being valid until detach means. Before 2006 it could, and this function was where the kernel died.)
 */
export function tcp_ctloutput(k: Kernel, td: number, so: number, set: number, level: number, name: number, uaddr: number): number {
  const inp = get(k, so + so_pcb);
  KASSERT(k, inp !== 0, PANIC_TCP_CTLOUTPUT_PCB, so);
  if (level !== IPPROTO_TCP) return ENOPROTOOPT;
  rw_wlock(k, td, inp + inp_lock);
  if (tcp_usr_over(k, inp)) {
    rw_wunlock(k, td, inp + inp_lock);
    return ECONNRESET;
  }
  const was = get(k, get(k, inp + inp_ppcb) + t_flags) & TF_NODELAY;
  rw_wunlock(k, td, inp + inp_lock);
  if (name !== TCP_NODELAY) return ENOPROTOOPT;
  if (set === 0) return copyout_word(k, uaddr, was !== 0 ? 1 : 0);

  const error = copyin_word(k, td, uaddr);
  if (error !== 0) return error;
  rw_wlock(k, td, inp + inp_lock);
  if (tcp_usr_over(k, inp)) {
    rw_wunlock(k, td, inp + inp_lock);
    return ECONNRESET;
  }
  const tp = get(k, inp + inp_ppcb);
  const flags = get(k, tp + t_flags);
  put(k, tp + t_flags, get(k, td + td_retval1) !== 0 ? flags | TF_NODELAY : flags & ~TF_NODELAY);
  rw_wunlock(k, td, inp + inp_lock);
  return 0;
}
