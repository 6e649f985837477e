/**
 * A TCP control block (tcpcb) from birth to death, and the segments that need none.
 *
 *   from                         to                            by
 *   inpcb without tcpcb          tcpcb in CLOSED               tcp_newtcpcb
 *   tcpcb of a live connection   INP_DROPPED, tcpcb kept       tcp_close, tcp_drop
 *   tcpcb                        inpcb without tcpcb           tcp_discardcb (from detach, or when a tcptw takes over)
 *
 * 1. As long as the socket exists its pcb does: a connection that is over is marked INP_DROPPED, never unhooked from the socket.
 * 2. INP_SOCKREF in the pcb and SS_PROTOREF in the socket go together. Whoever clears them must call sofree at once and may not
 *    touch socket, pcb or tcpcb afterwards.
 * 3. The pcb lock comes before the accept mutex, but sofree detaches the pcb, which needs that lock: so it is given back
 *    before sofree is called. tcbinfo stays locked throughout, so nobody else can close the connection in between.
 */

import { EHOSTUNREACH, EMSGSIZE, ETIMEDOUT } from '../errno.ts';
import { accept_mtx, IPPROTO_TCP, LC_SYNCACHE, sb_mtx, so_rcv, so_state, SS_PROTOREF, tcpcb_zone, tseg_zone } from '../layout.ts';
import { add, and, fixed, get, type Kernel, load, put } from '../memory.ts';
import { callout_init, callout_stop } from '../kern/callout.ts';
import { KASSERT } from '../kern/kassert.ts';
import { m_freem } from '../kern/mbuf.ts';
import { sofree } from '../kern/socket.ts';
import { soisdisconnected } from '../kern/sockstate.ts';
import { uma_zalloc, uma_zfree } from '../kern/uma.ts';
import { wire_output } from '../net/wire.ts';
import { mtx_init, mtx_lock } from '../sync/mutex.ts';
import { rw_assert_w, rw_wlock, rw_wunlock } from '../sync/rwlock.ts';
import { in_pcbdrop, in_pcblookup } from './inpcb.ts';
import {
  CALLOUT_2MSL,
  CALLOUT_KEEP,
  CALLOUT_PERSIST,
  CALLOUT_REXMT,
  h_tcp_mss,
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
  ipi_lock,
  rcv_nxt,
  syncache_mtx,
  t_2msl,
  t_inpcb,
  t_keep,
  t_maxseg,
  t_persist,
  t_rexmt,
  t_segq,
  t_segqlen,
  t_rxtshift,
  t_softerror,
  t_state,
  tcbinfo,
  tcp_iss,
  tqe_m,
  tqe_next,
} from './layout.ts';
import { TCP_ISSINCR, TCPS_CLOSED, TCPS_ESTABLISHED, TCPS_HAVERCVDSYN, TH_ACK, TH_FIN, TH_RST, TH_SYN } from './tcp_fsm.ts';
import { PANIC_TCP_CLOSE_SOCKET, PANIC_TCP_CLOSE_SOCKREF, PANIC_TCP_DISCARD } from './tcp_panic.ts';
import { tcp_ackseq } from './tcp_output.ts';
import { seq_add } from './tcp_seq.ts';

/** At boot. The zones and tcbinfo are made by kern/init_main.ts. */
export function tcp_init(k: Kernel): void {
  mtx_init(k, syncache_mtx, LC_SYNCACHE);
}

/** A tcpcb in CLOSED for the pcb, or 0. tcbinfo and the pcb are write-locked. */
export function tcp_newtcpcb(k: Kernel, td: number, inp: number): number {
  const tp = uma_zalloc(k, td, tcpcb_zone);
  if (tp === 0) return 0;
  callout_init(k, tp + t_rexmt, CALLOUT_REXMT, tp);
  callout_init(k, tp + t_persist, CALLOUT_PERSIST, tp);
  callout_init(k, tp + t_2msl, CALLOUT_2MSL, tp);
  callout_init(k, tp + t_keep, CALLOUT_KEEP, tp);
  put(k, tp + t_state, TCPS_CLOSED);
  put(k, tp + t_maxseg, fixed(k, h_tcp_mss));
  put(k, tp + t_inpcb, inp);
  put(k, inp + inp_ppcb, tp);
  return tp;
}

/**
 * Frees the tcpcb and leaves the pcb without one. Its timers are stopped, not drained: a handler that is on its way takes
 * tcbinfo, which is locked here, and then finds t_inpcb 0, or the tcpcb of another connection whose timer has not fired.
 */
export function tcp_discardcb(k: Kernel, td: number, tp: number): void {
  const inp = get(k, tp + t_inpcb);
  KASSERT(k, inp !== 0 && get(k, inp + inp_ppcb) === tp, PANIC_TCP_DISCARD, tp);
  rw_assert_w(k, td, inp + inp_lock);
  callout_stop(k, td, tp + t_rexmt);
  callout_stop(k, td, tp + t_persist);
  callout_stop(k, td, tp + t_2msl);
  callout_stop(k, td, tp + t_keep);
  tcp_reass_flush(k, td, tp);
  put(k, inp + inp_ppcb, 0);
  put(k, tp + t_inpcb, 0);
  uma_zfree(k, td, tcpcb_zone, tp);
}

/** Throws away what came out of order. */
export function tcp_reass_flush(k: Kernel, td: number, tp: number): void {
  let q = get(k, tp + t_segq);
  while (q !== 0) {
    const next = get(k, q + tqe_next);
    m_freem(k, td, get(k, q + tqe_m));
    uma_zfree(k, td, tseg_zone, q);
    q = next;
  }
  put(k, tp + t_segq, 0);
  put(k, tp + t_segqlen, 0);
}

/**
 * The connection is over: the pcb is DROPPED and gives its port back, the socket is disconnected with `error` (0: none). Returns tp, with the pcb still
 * locked; or 0 if TCP held the last reference to the socket: then socket, pcb and tcpcb are gone and the pcb is not locked.
 */
export function tcp_close(k: Kernel, td: number, tp: number, error: number): number {
  const inp = get(k, tp + t_inpcb);
  rw_assert_w(k, td, tcbinfo + ipi_lock);
  rw_assert_w(k, td, inp + inp_lock);
  in_pcbdrop(k, td, inp);
  const so = get(k, inp + inp_socket);
  KASSERT(k, so !== 0, PANIC_TCP_CLOSE_SOCKET, inp);
  soisdisconnected(k, td, so, error);
  if ((get(k, inp + inp_flags) & INP_SOCKREF) === 0) return tp;
  KASSERT(k, (load(k, so + so_state) & SS_PROTOREF) !== 0, PANIC_TCP_CLOSE_SOCKREF, so);
  tcp_release_socket(k, td, inp, so);
  return 0;
}

/** Gives back SS_PROTOREF and the pcb's lock. What is left of socket and pcb is sofree's affair. */
export function tcp_release_socket(k: Kernel, td: number, inp: number, so: number): void {
  put(k, inp + inp_flags, get(k, inp + inp_flags) & ~INP_SOCKREF);
  rw_wunlock(k, td, inp + inp_lock);
  mtx_lock(k, td, accept_mtx);
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  and(k, so + so_state, ~SS_PROTOREF);
  sofree(k, td, so);
}

/** Ends the connection with a reset to the peer and `error` for the user. Returns what tcp_close does. */
export function tcp_drop(k: Kernel, td: number, tp: number, error: number): number {
  const inp = get(k, tp + t_inpcb);
  if (TCPS_HAVERCVDSYN(get(k, tp + t_state))) {
    put(k, tp + t_state, TCPS_CLOSED);
    tcp_respond(k, td, inp, tcp_ackseq(k, td, tp), get(k, tp + rcv_nxt), TH_RST | TH_ACK, 0);
  }
  const soft = get(k, tp + t_softerror);
  return tcp_close(k, td, tp, error === ETIMEDOUT && soft !== 0 ? soft : error);
}

/** A segment without data from the pcb's local to its foreign end. A segment that finds no room is lost, as any may be. */
export function tcp_respond(k: Kernel, td: number, inp: number, seq: number, ack: number, flags: number, window: number): void {
  wire_output(
    k,
    td,
    IPPROTO_TCP,
    get(k, inp + inp_laddr),
    get(k, inp + inp_lport),
    get(k, inp + inp_faddr),
    get(k, inp + inp_fport),
    seq,
    ack,
    flags,
    window,
    0,
    0,
  );
}

/**
 * Answers a segment (seq, ack, flags, len: its fields) that no connection wants with the reset that RFC 793 prescribes; resets
 * are never answered. src, sport is where it came from.
 */
export function tcp_dropwithreset(
  k: Kernel,
  td: number,
  src: number,
  sport: number,
  dst: number,
  dport: number,
  seq: number,
  ack: number,
  flags: number,
  len: number,
): void {
  if ((flags & TH_RST) !== 0) return;
  if ((flags & TH_ACK) !== 0) {
    wire_output(k, td, IPPROTO_TCP, dst, dport, src, sport, ack, 0, TH_RST, 0, 0, 0);
    return;
  }
  let end = seq_add(seq, len);
  if ((flags & TH_SYN) !== 0) end = seq_add(end, 1);
  if ((flags & TH_FIN) !== 0) end = seq_add(end, 1);
  wire_output(k, td, IPPROTO_TCP, dst, dport, src, sport, 0, end, TH_RST | TH_ACK, 0, 0, 0);
}

/** The initial sequence number of a new connection: far from that of the one before, so that its late segments do not fit. */
export function tcp_new_isn(k: Kernel): number {
  return add(k, tcp_iss, TCP_ISSINCR);
}

/** ICMP says something about a connection. That a segment is too long (EMSGSIZE) is nothing to us: the wire takes any. */
export function tcp_ctlinput(k: Kernel, td: number, error: number, faddr: number, fport: number, laddr: number, lport: number): void {
  if (error === EMSGSIZE) return;
  // For writing: it may end the connection.
  rw_wlock(k, td, tcbinfo + ipi_lock);
  const inp = in_pcblookup(k, td, tcbinfo, faddr, fport, laddr, lport, 0);
  if (inp !== 0 && tcp_notify(k, td, inp, error) !== 0) rw_wunlock(k, td, inp + inp_lock);
  rw_wunlock(k, td, tcbinfo + ipi_lock);
}

/**
 * That nothing gets through may pass: it is remembered, and what the connection is given up with if it is. One that is being made is given up
 * at once if it has been tried often and the net has said so before. Returns 0 if the pcb's lock was given back with the connection.
 */
function tcp_notify(k: Kernel, td: number, inp: number, error: number): number {
  const tp = get(k, inp + inp_ppcb);
  // A pcb that was found by its addresses is not DROPPED; a connection in TIME_WAIT has nothing to remember.
  if ((get(k, inp + inp_flags) & INP_TIMEWAIT) !== 0 || tp === 0) return inp;
  const state = get(k, tp + t_state);
  if (state === TCPS_ESTABLISHED && error === EHOSTUNREACH) return inp;
  if (state < TCPS_ESTABLISHED && get(k, tp + t_rxtshift) > TCP_TRIED && get(k, tp + t_softerror) !== 0) return tcp_drop(k, td, tp, error);
  put(k, tp + t_softerror, error);
  return inp;
}

/** So many attempts in vain are worth believing the net. */
const TCP_TRIED = 3;
