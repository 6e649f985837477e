/**
 * TIME_WAIT: both sides are done, but the last acknowledgement may be lost and old segments may be under way. All it takes is a
 * *tcptw*, a few words that replace the tcpcb; the socket is not needed and, if TCP held its last reference, goes at once,
 * while the pcb lives on and keeps the port.
 *
 *   from                               to                                      by
 *   tcpcb                              TIMEWAIT, tcptw                         tcp_twstart
 *   TIMEWAIT, no socket                pcb freed                               tcp_twclose
 *   TIMEWAIT, socket of the user       TIMEWAIT and DROPPED, no tcptw          tcp_twclose (detach frees the pcb later)
 *   TIMEWAIT, socket, SOCKREF          socket freed, whose detach frees the pcb  tcp_twclose
 *   TIMEWAIT                           TIMEWAIT, without socket                tcp_usr_detach
 *
 * tw_inpcb and inp_ppcb point at each other from tcp_twstart to tcp_twclose; both change with tcbinfo and the pcb write-locked.
 */

import { so_state, SS_PROTOREF, tcptw_zone } from '../layout.ts';
import { fixed, get, type Kernel, load, put } from '../memory.ts';
import { callout_fired, callout_init, callout_reset, callout_stop } from '../kern/callout.ts';
import { KASSERT } from '../kern/kassert.ts';
import { soisdisconnected } from '../kern/sockstate.ts';
import { uma_zalloc, uma_zfree } from '../kern/uma.ts';
import { rw_assert_w, rw_wlock, rw_wunlock } from '../sync/rwlock.ts';
import { in_pcbdrop, in_pcbfree } from './inpcb.ts';
import {
  CALLOUT_TIMEWAIT,
  h_tcp_msl,
  INP_SOCKREF,
  INP_TIMEWAIT,
  inp_flags,
  inp_lock,
  inp_ppcb,
  inp_socket,
  ipi_lock,
  irs,
  iss,
  rcv_nxt,
  snd_nxt,
  t_flags,
  t_inpcb,
  tcbinfo,
  tw_2msl,
  tw_inpcb,
  tw_irs,
  tw_iss,
  tw_rcv_nxt,
  tw_snd_nxt,
  tw_window,
  ws_ack,
  ws_flags,
  ws_len,
  ws_seq,
} from './layout.ts';
import { TF_ACKNOW, TH_ACK, TH_FIN, TH_RST, TH_SYN } from './tcp_fsm.ts';
import { tcp_rcvwnd } from './tcp_output.ts';
import { PANIC_TCP_TWCLOSE_FLAG, PANIC_TCP_TWCLOSE_PPCB, PANIC_TCP_TWCLOSE_SOCKREF, PANIC_TCP_TWSTART_SOCKREF } from './tcp_panic.ts';
import { SEQ_GT, seq_add } from './tcp_seq.ts';
import { tcp_close, tcp_discardcb, tcp_release_socket, tcp_respond } from './tcp_subr.ts';

/** The connection enters TIME_WAIT. tcbinfo and the pcb are write-locked; the pcb's lock is given back. */
export function tcp_twstart(k: Kernel, td: number, tp: number): void {
  const inp = get(k, tp + t_inpcb);
  rw_assert_w(k, td, tcbinfo + ipi_lock);
  rw_assert_w(k, td, inp + inp_lock);
  const tw = uma_zalloc(k, td, tcptw_zone);
  if (tw === 0) {
    // Without a tcptw the connection ends here: late segments will be answered with resets, which is all that is lost.
    if (tcp_close(k, td, tp, 0) !== 0) rw_wunlock(k, td, inp + inp_lock);
    return;
  }
  const so = get(k, inp + inp_socket);
  const acknow = (get(k, tp + t_flags) & TF_ACKNOW) !== 0;
  put(k, tw + tw_snd_nxt, get(k, tp + snd_nxt));
  put(k, tw + tw_rcv_nxt, get(k, tp + rcv_nxt));
  put(k, tw + tw_iss, get(k, tp + iss));
  put(k, tw + tw_irs, get(k, tp + irs));
  put(k, tw + tw_window, tcp_rcvwnd(k, td, tp, so));
  callout_init(k, tw + tw_2msl, CALLOUT_TIMEWAIT, tw);
  tcp_discardcb(k, td, tp);
  soisdisconnected(k, td, so, 0);
  put(k, tw + tw_inpcb, inp);
  put(k, inp + inp_ppcb, tw);
  put(k, inp + inp_flags, get(k, inp + inp_flags) | INP_TIMEWAIT);
  callout_reset(k, td, tw + tw_2msl, 2 * fixed(k, h_tcp_msl));
  if (acknow) tcp_twrespond(k, td, inp, tw);
  if ((get(k, inp + inp_flags) & INP_SOCKREF) === 0) {
    rw_wunlock(k, td, inp + inp_lock);
    return;
  }
  KASSERT(k, (load(k, so + so_state) & SS_PROTOREF) !== 0, PANIC_TCP_TWSTART_SOCKREF, so);
  tcp_release_socket(k, td, inp, so);
}

/** TIME_WAIT is over. tcbinfo and the pcb are write-locked; the pcb's lock is given back. */
export function tcp_twclose(k: Kernel, td: number, tw: number): void {
  const inp = get(k, tw + tw_inpcb);
  rw_assert_w(k, td, tcbinfo + ipi_lock);
  rw_assert_w(k, td, inp + inp_lock);
  KASSERT(k, (get(k, inp + inp_flags) & INP_TIMEWAIT) !== 0, PANIC_TCP_TWCLOSE_FLAG, inp);
  KASSERT(k, get(k, inp + inp_ppcb) === tw, PANIC_TCP_TWCLOSE_PPCB, inp);
  callout_stop(k, td, tw + tw_2msl);
  put(k, tw + tw_inpcb, 0);
  put(k, inp + inp_ppcb, 0);
  in_pcbdrop(k, td, inp);
  uma_zfree(k, td, tcptw_zone, tw);
  const so = get(k, inp + inp_socket);
  if (so === 0) {
    in_pcbfree(k, td, inp);
  } else if ((get(k, inp + inp_flags) & INP_SOCKREF) !== 0) {
    KASSERT(k, (load(k, so + so_state) & SS_PROTOREF) !== 0, PANIC_TCP_TWCLOSE_SOCKREF, so);
    tcp_release_socket(k, td, inp, so);
  } else {
    // The user still has the socket: its detach will find TIMEWAIT and DROPPED.
    rw_wunlock(k, td, inp + inp_lock);
  }
}

/** The end of 2MSL. */
export function tcp_timer_timewait(k: Kernel, td: number, tw: number): void {
  rw_wlock(k, td, tcbinfo + ipi_lock);
  const inp = get(k, tw + tw_inpcb);
  if (inp !== 0) {
    rw_wlock(k, td, inp + inp_lock);
    if (callout_fired(k, td, tw + tw_2msl)) tcp_twclose(k, td, tw);
    else rw_wunlock(k, td, inp + inp_lock);
  }
  rw_wunlock(k, td, tcbinfo + ipi_lock);
}

/**
 * A segment for a connection in TIME_WAIT. tcbinfo and the pcb are write-locked; the pcb's lock is given back. True if it begins a
 * new connection with the same addresses: then this one is closed, and the segment is to be looked up again.
 */
export function tcp_twcheck(k: Kernel, td: number, inp: number, th: number): boolean {
  const tw = get(k, inp + inp_ppcb);
  const flags = get(k, th + ws_flags);
  const seq = get(k, th + ws_seq);
  const len = get(k, th + ws_len);
  const next = get(k, tw + tw_rcv_nxt);
  if ((flags & (TH_SYN | TH_ACK | TH_RST)) === TH_SYN && SEQ_GT(seq, next)) {
    tcp_twclose(k, td, tw);
    return true;
  }
  // A reset is ignored, so that a stray one can't shorten the wait (RFC 1337).
  if ((flags & TH_RST) === 0 && (flags & TH_ACK) !== 0) {
    // The peer's FIN once more: it has not seen our acknowledgement. The wait begins again.
    if ((flags & TH_FIN) !== 0 && seq_add(seq, len + 1) === next) callout_reset(k, td, tw + tw_2msl, 2 * fixed(k, h_tcp_msl));
    const plain = (flags & (TH_SYN | TH_FIN)) === 0 && len === 0 && seq === next && get(k, th + ws_ack) === get(k, tw + tw_snd_nxt);
    if (!plain) tcp_twrespond(k, td, inp, tw);
  }
  rw_wunlock(k, td, inp + inp_lock);
  return false;
}

function tcp_twrespond(k: Kernel, td: number, inp: number, tw: number): void {
  tcp_respond(k, td, inp, get(k, tw + tw_snd_nxt), get(k, tw + tw_rcv_nxt), TH_ACK, get(k, tw + tw_window));
}
