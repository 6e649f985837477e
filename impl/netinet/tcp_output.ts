/**
 * Sending: tcp_output looks at the connection and at so_snd and sends whatever may leave now. Everything that may make that possible
 * (new data, an acknowledgement, a larger window, a timer) just calls it. The pcb is write-locked; tcbinfo is not needed.
 *
 *   snd_una ........ snd_nxt ........ snd_una + min(sb_cc, snd_wnd) ........ snd_una + sb_cc [FIN]
 *   acknowledged up  next to send     the window ends here                   so_snd ends here
 *   to here = so_snd's first byte
 *
 * 1. so_snd begins at snd_una. The FIN has the number behind its last byte and leaves only when all bytes before it have.
 * 2. snd_max is what was sent at the most; after a time-out snd_nxt goes back to snd_una and everything is sent again.
 * 3. If something is sent and not acknowledged, rexmt runs; else if something waits for the window, persist runs.
 * 4. There is no congestion window: the one bottleneck is the wire's list in this very memory, which says ENOBUFS when it is full;
 *    the rest then waits for the next acknowledgement or for the timer. Nagle's delay does not exist either, so TCP_NODELAY
 *    is kept and reported but has nothing to turn off.
 */

import { IPPROTO_TCP, sb_cc, sb_hiwat, sb_mb, sb_mtx, so_rcv, so_snd } from '../layout.ts';
import { get, type Kernel, put } from '../memory.ts';
import { callout_pending, callout_reset, callout_stop } from '../kern/callout.ts';
import { KASSERT } from '../kern/kassert.ts';
import { m_copym } from '../kern/mbuf.ts';
import { sbspace } from '../kern/sockbuf.ts';
import { wire_output } from '../net/wire.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { rw_assert_w } from '../sync/rwlock.ts';
import {
  inp_faddr,
  inp_fport,
  inp_laddr,
  inp_lock,
  inp_lport,
  inp_socket,
  iss,
  max_sndwnd,
  rcv_adv,
  rcv_nxt,
  snd_max,
  snd_nxt,
  snd_una,
  snd_up,
  snd_wnd,
  t_flags,
  t_inpcb,
  t_maxseg,
  t_persist,
  t_rexmt,
  t_rxtshift,
  t_state,
} from './layout.ts';
import {
  TCP_MAXWIN,
  TCPS_ESTABLISHED,
  TCPS_FINDUE,
  TCPS_HAVERCVDFIN,
  TCPS_SYN_RECEIVED,
  TCPS_SYN_SENT,
  TF_ACKNOW,
  TF_FORCEDATA,
  TF_NEEDURG,
  TF_SENTFIN,
  TH_ACK,
  TH_FIN,
  TH_MAXURP,
  TH_PUSH,
  TH_SYN,
  TH_URG,
  TH_URP_SHIFT,
} from './tcp_fsm.ts';
import { PANIC_TCP_OUTPUT_STATE } from './tcp_panic.ts';
import { SEQ_GT, SEQ_LT, seq_add, seq_diff } from './tcp_seq.ts';
import { tcp_rexmtval, tcp_setpersist } from './tcp_timer.ts';

/** Sends what may be sent. Always 0: what finds no room is tried again by the timer. */
export function tcp_output(k: Kernel, td: number, tp: number): number {
  const inp = get(k, tp + t_inpcb);
  rw_assert_w(k, td, inp + inp_lock);
  const state = get(k, tp + t_state);
  if (state === TCPS_SYN_SENT || state === TCPS_SYN_RECEIVED) tcp_output_syn(k, td, tp, inp, state);
  if (state < TCPS_ESTABLISHED) return 0;
  const so = get(k, inp + inp_socket);
  for (;;) {
    if (!tcp_output_segment(k, td, tp, inp, so)) return 0;
  }
}

/** Bytes the peer may send beyond rcv_nxt: the room in so_rcv, but never less than it has been offered before. */
export function tcp_rcvwnd(k: Kernel, td: number, tp: number, so: number): number {
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  const space = sbspace(k, so + so_rcv);
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  const offered = seq_diff(get(k, tp + rcv_adv), get(k, tp + rcv_nxt));
  return space > offered ? space : offered;
}

/** Notes that the peer has been offered `window` bytes: that can't be taken back. */
export function tcp_offered(k: Kernel, tp: number, window: number): void {
  const edge = seq_add(get(k, tp + rcv_nxt), window);
  if (window > 0 && SEQ_GT(edge, get(k, tp + rcv_adv))) put(k, tp + rcv_adv, edge);
}

/** The sequence number of a segment without data: behind all we have sent, but inside the peer's window if that is closed. */
export function tcp_ackseq(k: Kernel, td: number, tp: number): number {
  return callout_pending(k, td, tp + t_persist) ? get(k, tp + snd_nxt) : get(k, tp + snd_max);
}

/** The SYN, unless it is on its way; in SYN_RECEIVED with the acknowledgement of the peer's, also if only that is due. */
function tcp_output_syn(k: Kernel, td: number, tp: number, inp: number, state: number): void {
  const first = get(k, tp + iss);
  const both = state === TCPS_SYN_RECEIVED;
  if (get(k, tp + snd_nxt) !== first && !(both && (get(k, tp + t_flags) & TF_ACKNOW) !== 0)) return;
  let window = tcp_rcvwnd(k, td, tp, get(k, inp + inp_socket));
  if (window > TCP_MAXWIN) window = TCP_MAXWIN;
  const error = wire_output(
    k,
    td,
    IPPROTO_TCP,
    get(k, inp + inp_laddr),
    get(k, inp + inp_lport),
    get(k, inp + inp_faddr),
    get(k, inp + inp_fport),
    first,
    both ? get(k, tp + rcv_nxt) : 0,
    both ? TH_SYN | TH_ACK : TH_SYN,
    window,
    0,
    0,
  );
  if (error === 0) {
    put(k, tp + snd_nxt, seq_add(first, 1));
    put(k, tp + snd_max, seq_add(first, 1));
    if (both) {
      put(k, tp + t_flags, get(k, tp + t_flags) & ~TF_ACKNOW);
      tcp_offered(k, tp, window);
    }
  }
  if (!callout_pending(k, td, tp + t_rexmt)) callout_reset(k, td, tp + t_rexmt, tcp_rexmtval(k, get(k, tp + t_rxtshift)));
}

/** Sends one segment if there is reason to; true if there may be reason for another. */
export function tcp_output_segment(k: Kernel, td: number, tp: number, inp: number, so: number): boolean {
  const state = get(k, tp + t_state);
  const maxseg = get(k, tp + t_maxseg);
  const force = (get(k, tp + t_flags) & TF_FORCEDATA) !== 0;

  mtx_lock(k, td, so + so_rcv + sb_mtx);
  let window = sbspace(k, so + so_rcv);
  const rcvHiwat = get(k, so + so_rcv + sb_hiwat);
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  const offered = seq_diff(get(k, tp + rcv_adv), get(k, tp + rcv_nxt));
  if (window > TCP_MAXWIN) window = TCP_MAXWIN;

  const sb = so + so_snd;
  mtx_lock(k, td, sb + sb_mtx);
  const cc = get(k, sb + sb_cc);
  let sendwin = get(k, tp + snd_wnd);
  let off = seq_diff(get(k, tp + snd_nxt), get(k, tp + snd_una));
  const probing = force && sendwin === 0;
  if (probing) {
    sendwin = 1;
  } else if (force) {
    // The window has opened a little while the timer ran: this is an ordinary transmission.
    callout_stop(k, td, tp + t_persist);
    put(k, tp + t_rxtshift, 0);
  }
  let len = (cc < sendwin ? cc : sendwin) - off;
  if (len < 0) {
    // Either only the FIN is on its way, or the window has shrunk below what we have sent. If it closed, wait for it to open.
    len = 0;
    if (sendwin === 0 && cc > 0) {
      callout_stop(k, td, tp + t_rexmt);
      put(k, tp + t_rxtshift, 0);
      put(k, tp + snd_nxt, get(k, tp + snd_una));
      off = 0;
      if (!callout_pending(k, td, tp + t_persist)) tcp_setpersist(k, td, tp);
    }
  }
  let more = false;
  if (len > maxseg) {
    len = maxseg;
    more = true;
  }
  const fin = TCPS_FINDUE(state) && off + len === cc && !probing;

  let send = fin || (get(k, tp + t_flags) & (TF_ACKNOW | TF_NEEDURG)) !== 0;
  if (len > 0) {
    // Full segments, the end of what we have, half of what the peer can take at all, and what is sent again; not crumbs.
    const most = get(k, tp + max_sndwnd);
    send =
      send ||
      len === maxseg ||
      off + len === cc ||
      force ||
      (most > 0 && len >= most >> 1) ||
      SEQ_LT(get(k, tp + snd_nxt), get(k, tp + snd_max));
  }
  if (!send && !TCPS_HAVERCVDFIN(state)) {
    // A window that has grown much is worth a segment of its own.
    const growth = window - offered;
    send = growth > 0 && (growth >= 2 * maxseg || 2 * growth >= rcvHiwat);
  }
  // Data that waits for the window needs a timer, or a lost window update would be the end.
  if ((len === 0 || !send) && cc > 0) tcp_await_window(k, td, tp);
  if (!send) {
    mtx_unlock(k, td, sb + sb_mtx);
    return false;
  }

  let m = 0;
  if (len > 0) {
    const first = get(k, sb + sb_mb);
    KASSERT(k, first !== 0 && off >= 0 && off + len <= cc, PANIC_TCP_OUTPUT_STATE, tp);
    m = m_copym(k, td, first, off, len);
  }
  mtx_unlock(k, td, sb + sb_mtx);
  if (len > 0 && m === 0) {
    tcp_output_later(k, td, tp);
    return false;
  }

  // Neither a window too small to be worth filling, nor less than was offered before.
  if (window < rcvHiwat >> 2 && window < maxseg) window = 0;
  if (window < offered) window = offered;
  const seq = len > 0 || fin ? get(k, tp + snd_nxt) : tcp_ackseq(k, td, tp);
  const flags = TH_ACK | (fin ? TH_FIN : 0) | (len > 0 && off + len === cc ? TH_PUSH : 0) | tcp_urgent(k, tp, seq);
  const error = wire_output(
    k,
    td,
    IPPROTO_TCP,
    get(k, inp + inp_laddr),
    get(k, inp + inp_lport),
    get(k, inp + inp_faddr),
    get(k, inp + inp_fport),
    seq,
    get(k, tp + rcv_nxt),
    flags,
    window,
    m,
    len,
  );
  if (error !== 0) {
    if (len > 0 || fin) tcp_output_later(k, td, tp);
    return false;
  }
  put(k, tp + t_flags, get(k, tp + t_flags) & ~(TF_ACKNOW | TF_NEEDURG));
  tcp_offered(k, tp, window);
  if (len > 0 || fin) tcp_sent(k, td, tp, len, fin, probing);
  return more;
}

/** Urgent data behind `seq` is announced in every segment before it, if the pointer reaches so far. */
function tcp_urgent(k: Kernel, tp: number, seq: number): number {
  const ahead = seq_diff(get(k, tp + snd_up), seq);
  return ahead > 0 && ahead <= TH_MAXURP ? TH_URG | (ahead << TH_URP_SHIFT) : 0;
}

/** The segment at snd_nxt has left. */
function tcp_sent(k: Kernel, td: number, tp: number, len: number, fin: boolean, probing: boolean): void {
  const next = seq_add(get(k, tp + snd_nxt), fin ? len + 1 : len);
  if (SEQ_GT(next, get(k, tp + snd_max))) put(k, tp + snd_max, next);
  // A window probe does not count as sent: the peer has no room for it, and persist stays in charge.
  if (probing) return;
  put(k, tp + snd_nxt, next);
  if (fin) put(k, tp + t_flags, get(k, tp + t_flags) | TF_SENTFIN);
  if (callout_pending(k, td, tp + t_rexmt)) return;
  if (callout_pending(k, td, tp + t_persist)) {
    callout_stop(k, td, tp + t_persist);
    put(k, tp + t_rxtshift, 0);
  }
  callout_reset(k, td, tp + t_rexmt, tcp_rexmtval(k, get(k, tp + t_rxtshift)));
}

/** Starts persist unless a timer runs. */
function tcp_await_window(k: Kernel, td: number, tp: number): void {
  if (callout_pending(k, td, tp + t_rexmt) || callout_pending(k, td, tp + t_persist)) return;
  put(k, tp + t_rxtshift, 0);
  tcp_setpersist(k, td, tp);
}

/** There was no room for the segment: a timer will bring us back. */
function tcp_output_later(k: Kernel, td: number, tp: number): void {
  if (callout_pending(k, td, tp + t_rexmt) || callout_pending(k, td, tp + t_persist)) return;
  callout_reset(k, td, tp + t_rexmt, tcp_rexmtval(k, get(k, tp + t_rxtshift)));
}
