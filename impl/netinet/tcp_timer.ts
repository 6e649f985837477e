/**
 * The timers of a connection and what they do.
 *
 *   timer     runs while                                      fires [function]
 *   rexmt     something sent is not acknowledged              sends it again, each time after twice the interval; gives up after
 *                                                             TCP_MAXRXTSHIFT times: ETIMEDOUT [tcp_timer_rexmt]
 *   persist   data waits and the peer's window is closed      probes the window with one byte; gives up when that many probes
 *                                                             in a row got no answer: ETIMEDOUT [tcp_timer_persist]
 *   keep      SO_KEEPALIVE, and the peer is silent            asks it with a segment that it must answer; gives up when TCP_KEEPCNT in a
 *                                                             row got no answer: ETIMEDOUT [tcp_timer_keep]
 *   2msl      FIN_WAIT_2 of a socket that can't receive       closes [tcp_timer_2msl]
 *   timewait  TIME_WAIT                                       frees the tcptw and closes [tcp_timewait.ts]
 *
 * 1. rexmt and persist never run at the same time.
 * 2. A handler begins with tcp_timer_enter: it may come late (kern/callout.ts, 3), when the connection has been dropped or its
 *    tcpcb belongs to another one. tcbinfo is taken first because under it no tcpcb is given away, so t_inpcb can be read.
 * 3. The interval is h_tcp_rtomin doubled for each attempt, at most h_tcp_rtomax. There is no estimate of the round-trip time:
 *    the way over the loopback wire takes less than a tick.
 */

import { ETIMEDOUT } from '../errno.ts';
import { so_options, SO_KEEPALIVE, STAT_REXMT } from '../layout.ts';
import { fixed, get, type Kernel, load, put } from '../memory.ts';
import { callout_fired, callout_pending, callout_reset, callout_stop } from '../kern/callout.ts';
import { KASSERT } from '../kern/kassert.ts';
import { stat_add } from '../kern/stat.ts';
import { rw_wlock, rw_wunlock } from '../sync/rwlock.ts';
import {
  h_tcp_keepidle,
  h_tcp_keepintvl,
  h_tcp_rtomax,
  h_tcp_rtomin,
  INP_DROPPED,
  inp_flags,
  inp_lock,
  inp_ppcb,
  inp_socket,
  ipi_lock,
  rcv_adv,
  rcv_nxt,
  snd_nxt,
  snd_una,
  t_2msl,
  t_dupacks,
  t_flags,
  t_inpcb,
  t_keep,
  t_keepcnt,
  t_persist,
  t_probes,
  t_rexmt,
  t_rxtshift,
  t_state,
  tcbinfo,
} from './layout.ts';
import { TCP_KEEPCNT, TCP_MAXRXTSHIFT, TCPS_CLOSING, TCPS_HAVEESTABLISHED, TF_ACKNOW, TF_FORCEDATA, TH_ACK } from './tcp_fsm.ts';
import { tcp_output } from './tcp_output.ts';
import { PANIC_TCP_PERSIST_REXMT } from './tcp_panic.ts';
import { seq_add, seq_diff } from './tcp_seq.ts';
import { tcp_close, tcp_drop, tcp_respond } from './tcp_subr.ts';

/** Ticks to wait for an answer after `shift` attempts have got none. */
export function tcp_rexmtval(k: Kernel, shift: number): number {
  const longest = fixed(k, h_tcp_rtomax);
  const interval = fixed(k, h_tcp_rtomin) << shift;
  return interval > longest || interval <= 0 ? longest : interval;
}

/** Starts the persist timer for the next probe. */
export function tcp_setpersist(k: Kernel, td: number, tp: number): void {
  KASSERT(k, !callout_pending(k, td, tp + t_rexmt), PANIC_TCP_PERSIST_REXMT, tp);
  const shift = get(k, tp + t_rxtshift);
  callout_reset(k, td, tp + t_persist, tcp_rexmtval(k, shift));
  if (shift < TCP_MAXRXTSHIFT) put(k, tp + t_rxtshift, shift + 1);
}

/**
 * How a handler begins: with tcbinfo and the pcb write-locked, if its callout (at offset `timer`) was meant and the connection is
 * alive: returns the pcb. Otherwise 0, and nothing is locked.
 */
function tcp_timer_enter(k: Kernel, td: number, tp: number, timer: number): number {
  rw_wlock(k, td, tcbinfo + ipi_lock);
  const inp = get(k, tp + t_inpcb);
  if (inp !== 0) {
    rw_wlock(k, td, inp + inp_lock);
    if (callout_fired(k, td, tp + timer) && get(k, inp + inp_ppcb) === tp && (get(k, inp + inp_flags) & INP_DROPPED) === 0) return inp;
    rw_wunlock(k, td, inp + inp_lock);
  }
  rw_wunlock(k, td, tcbinfo + ipi_lock);
  return 0;
}

export function tcp_timer_rexmt(k: Kernel, td: number, tp: number): void {
  const inp = tcp_timer_enter(k, td, tp, t_rexmt);
  if (inp === 0) return;
  stat_add(k, td, STAT_REXMT, 1);
  const shift = get(k, tp + t_rxtshift) + 1;
  if (shift > TCP_MAXRXTSHIFT) {
    put(k, tp + t_rxtshift, TCP_MAXRXTSHIFT);
    if (tcp_drop(k, td, tp, ETIMEDOUT) !== 0) rw_wunlock(k, td, inp + inp_lock);
    rw_wunlock(k, td, tcbinfo + ipi_lock);
    return;
  }
  // Sending again can't end the connection, so the others need not be kept waiting.
  rw_wunlock(k, td, tcbinfo + ipi_lock);
  put(k, tp + t_rxtshift, shift);
  put(k, tp + t_dupacks, 0);
  put(k, tp + snd_nxt, get(k, tp + snd_una));
  put(k, tp + t_flags, get(k, tp + t_flags) | TF_ACKNOW);
  tcp_output(k, td, tp);
  rw_wunlock(k, td, inp + inp_lock);
}

export function tcp_timer_persist(k: Kernel, td: number, tp: number): void {
  const inp = tcp_timer_enter(k, td, tp, t_persist);
  if (inp === 0) return;
  const probes = get(k, tp + t_probes) + 1;
  if (probes > TCP_MAXRXTSHIFT) {
    if (tcp_drop(k, td, tp, ETIMEDOUT) !== 0) rw_wunlock(k, td, inp + inp_lock);
    rw_wunlock(k, td, tcbinfo + ipi_lock);
    return;
  }
  rw_wunlock(k, td, tcbinfo + ipi_lock);
  put(k, tp + t_probes, probes);
  tcp_setpersist(k, td, tp);
  put(k, tp + t_flags, get(k, tp + t_flags) | TF_FORCEDATA);
  tcp_output(k, td, tp);
  put(k, tp + t_flags, get(k, tp + t_flags) & ~TF_FORCEDATA);
  rw_wunlock(k, td, inp + inp_lock);
}

/** The peer was heard, or the user wants to know of its silence, or does not any more. The pcb is locked. */
export function tcp_keepalive(k: Kernel, td: number, tp: number, so: number): void {
  put(k, tp + t_keepcnt, 0);
  if ((load(k, so + so_options) & SO_KEEPALIVE) === 0) callout_stop(k, td, tp + t_keep);
  else if (TCPS_HAVEESTABLISHED(get(k, tp + t_state))) callout_reset(k, td, tp + t_keep, fixed(k, h_tcp_keepidle));
}

export function tcp_timer_keep(k: Kernel, td: number, tp: number): void {
  const inp = tcp_timer_enter(k, td, tp, t_keep);
  if (inp === 0) return;
  const so = get(k, inp + inp_socket);
  const state = get(k, tp + t_state);
  const probes = get(k, tp + t_keepcnt) + 1;
  // Later states wait for a peer that owes nothing, or have timers of their own.
  const asks = (load(k, so + so_options) & SO_KEEPALIVE) !== 0 && TCPS_HAVEESTABLISHED(state) && state <= TCPS_CLOSING;
  if (asks && probes > TCP_KEEPCNT) {
    if (tcp_drop(k, td, tp, ETIMEDOUT) !== 0) rw_wunlock(k, td, inp + inp_lock);
  } else {
    if (asks) {
      put(k, tp + t_keepcnt, probes);
      // A number that the peer has acknowledged long ago: it has to say where it is.
      // A FIN behind a full window has taken a number that was never offered.
      const offered = seq_diff(get(k, tp + rcv_adv), get(k, tp + rcv_nxt));
      tcp_respond(k, td, inp, seq_add(get(k, tp + snd_una), -1), get(k, tp + rcv_nxt), TH_ACK, offered < 0 ? 0 : offered);
      callout_reset(k, td, tp + t_keep, fixed(k, h_tcp_keepintvl));
    }
    rw_wunlock(k, td, inp + inp_lock);
  }
  rw_wunlock(k, td, tcbinfo + ipi_lock);
}

export function tcp_timer_2msl(k: Kernel, td: number, tp: number): void {
  const inp = tcp_timer_enter(k, td, tp, t_2msl);
  if (inp === 0) return;
  if (tcp_close(k, td, tp, 0) !== 0) rw_wunlock(k, td, inp + inp_lock);
  rw_wunlock(k, td, tcbinfo + ipi_lock);
}
