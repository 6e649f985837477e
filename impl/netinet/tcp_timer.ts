/**
 * The timers of a connection and what they do.
 *
 *   timer     runs while                                      fires [function]
 *   rexmt     something sent is not acknowledged              sends it again, each time after twice the interval; gives up after
 *                                                             TCP_MAXRXTSHIFT times: ETIMEDOUT [tcp_timer_rexmt]
 *   persist   data waits and the peer's window is closed      probes the window with one byte; gives up when that many probes
 *                                                             in a row got no answer: ETIMEDOUT [tcp_timer_persist]
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
import { STAT_REXMT } from '../layout.ts';
import { fixed, get, type Kernel, put } from '../memory.ts';
import { callout_fired, callout_pending, callout_reset } from '../kern/callout.ts';
import { KASSERT } from '../kern/kassert.ts';
import { stat_add } from '../kern/stat.ts';
import { rw_wlock, rw_wunlock } from '../sync/rwlock.ts';
import {
  h_tcp_rtomax,
  h_tcp_rtomin,
  INP_DROPPED,
  inp_flags,
  inp_lock,
  inp_ppcb,
  ipi_lock,
  snd_nxt,
  snd_una,
  t_2msl,
  t_dupacks,
  t_flags,
  t_inpcb,
  t_persist,
  t_probes,
  t_rexmt,
  t_rxtshift,
  tcbinfo,
} from './layout.ts';
import { TCP_MAXRXTSHIFT, TF_ACKNOW, TF_FORCEDATA } from './tcp_fsm.ts';
import { tcp_output } from './tcp_output.ts';
import { PANIC_TCP_PERSIST_REXMT } from './tcp_panic.ts';
import { tcp_close, tcp_drop } from './tcp_subr.ts';

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

export function tcp_timer_2msl(k: Kernel, td: number, tp: number): void {
  const inp = tcp_timer_enter(k, td, tp, t_2msl);
  if (inp === 0) return;
  if (tcp_close(k, td, tp, 0) !== 0) rw_wunlock(k, td, inp + inp_lock);
  rw_wunlock(k, td, tcbinfo + ipi_lock);
}
