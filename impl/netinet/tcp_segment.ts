/**
 * A segment for an existing connection, in the order of RFC 793's "segment arrives": handshake, reset, what lies outside the
 * window, acknowledgement, window, data, FIN. Each step returns what is to become of the segment.
 *
 * The pcb is write-locked and so_socket exists; tcbinfo is write-locked too unless the connection is ESTABLISHED and the segment
 * has none of SYN, FIN, RST (so that no step can begin or end a connection). tcp_close and tcp_twstart may give the pcb's lock
 * back and free everything: after SEG_GONE and SEG_GONE_RESET nothing of the connection is touched again.
 */

import { ECONNREFUSED, ECONNRESET } from '../errno.ts';
import {
  h_sb_max,
  SBS_CANTRCVMORE,
  SO_KEEPALIVE,
  SS_NOFDREF,
  sb_cc,
  sb_mtx,
  sb_state,
  so_options,
  so_rcv,
  so_snd,
  so_state,
} from '../layout.ts';
import { fixed, get, type Kernel, load, panic, put } from '../memory.ts';
import { callout_pending, callout_reset, callout_stop } from '../kern/callout.ts';
import { m_adj } from '../kern/mbuf.ts';
import { sohasoutofband } from '../kern/oob.ts';
import { sbdrop_locked, socantrcvmore, sowwakeup_locked } from '../kern/sockbuf.ts';
import { soisconnected, soisdisconnected } from '../kern/sockstate.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { rw_wunlock } from '../sync/rwlock.ts';
import {
  h_tcp_msl,
  inp_lock,
  inp_ppcb,
  inp_socket,
  irs,
  iss,
  max_sndwnd,
  rcv_adv,
  rcv_nxt,
  rcv_up,
  snd_max,
  snd_nxt,
  snd_una,
  snd_up,
  snd_wl1,
  snd_wl2,
  snd_wnd,
  t_2msl,
  t_dupacks,
  t_flags,
  t_oobflags,
  t_persist,
  t_probes,
  t_rexmt,
  t_rxtshift,
  t_softerror,
  t_state,
  ws_ack,
  ws_flags,
  ws_len,
  ws_m,
  ws_seq,
  ws_window,
} from './layout.ts';
import {
  TCP_REXMTTHRESH,
  TCPS_CLOSE_WAIT,
  TCPS_CLOSED,
  TCPS_CLOSING,
  TCPS_ESTABLISHED,
  TCPS_FIN_WAIT_1,
  TCPS_FIN_WAIT_2,
  TCPS_HAVERCVDFIN,
  TCPS_LAST_ACK,
  TCPS_SYN_RECEIVED,
  TCPS_SYN_SENT,
  TF_ACKNOW,
  TF_NEEDFIN,
  TH_ACK,
  TH_FIN,
  TH_RST,
  TH_SYN,
  TH_URG,
  TH_URP_SHIFT,
} from './tcp_fsm.ts';
import { tcp_output, tcp_output_segment, tcp_rcvwnd } from './tcp_output.ts';
import { PANIC_TCP_ACK_STATE } from './tcp_panic.ts';
import { tcp_reass } from './tcp_reass.ts';
import { SEQ_GT, SEQ_LEQ, SEQ_LT, seq_add, seq_diff } from './tcp_seq.ts';
import { tcp_close, tcp_drop, tcp_reass_flush } from './tcp_subr.ts';
import { tcp_keepalive, tcp_rexmtval } from './tcp_timer.ts';
import { tcp_twstart } from './tcp_timewait.ts';

// What a step says about the segment. The pcb is locked after the first four.
const SEG_NEXT = 0; // go on
const SEG_DROP = 1; // no more to do
const SEG_ACK = 2; // unacceptable: tell the peer where we are
const SEG_RESET = 3; // answer with a reset, the connection stays as it is
const SEG_GONE = 4; // the connection is over, or in TIME_WAIT
const SEG_GONE_RESET = 5; // ... and the segment is to be answered with a reset

/** Processes the segment and gives the pcb's lock back. True if the segment is to be answered with a reset. */
export function tcp_do_segment(k: Kernel, td: number, inp: number, th: number): boolean {
  const tp = get(k, inp + inp_ppcb);
  const so = get(k, inp + inp_socket);
  // Whatever it says, the peer is there.
  put(k, tp + t_probes, 0);
  tcp_heard(k, td, tp, so);
  let verdict =
    get(k, tp + t_state) === TCPS_SYN_SENT ? tcp_synsent_input(k, td, inp, tp, so, th) : tcp_check_input(k, td, inp, tp, so, th);
  if (verdict === SEG_NEXT) verdict = tcp_ack_input(k, td, inp, tp, so, th);
  if (verdict === SEG_NEXT) {
    tcp_window_input(k, tp, th);
    tcp_urgent_input(k, td, tp, so, th);
    verdict = tcp_data_input(k, td, tp, so, th);
  }
  if (verdict === SEG_GONE) return false;
  if (verdict === SEG_GONE_RESET) return true;
  if (verdict === SEG_ACK) put(k, tp + t_flags, get(k, tp + t_flags) | TF_ACKNOW);
  // An acknowledgement may have opened the window, and what we received wants one: tcp_output sees what there is to do.
  if (verdict === SEG_NEXT || verdict === SEG_ACK) tcp_output(k, td, tp);
  rw_wunlock(k, td, inp + inp_lock);
  return verdict === SEG_RESET;
}

/** SYN_SENT: only the answer to our SYN is of interest, or a SYN of the peer's own. */
function tcp_synsent_input(k: Kernel, td: number, inp: number, tp: number, so: number, th: number): number {
  const flags = get(k, th + ws_flags);
  const ack = get(k, th + ws_ack);
  if ((flags & TH_ACK) !== 0 && (SEQ_LEQ(ack, get(k, tp + iss)) || SEQ_GT(ack, get(k, tp + snd_max)))) return SEG_RESET;
  if ((flags & TH_RST) !== 0) {
    if ((flags & TH_ACK) === 0) return SEG_DROP;
    return tcp_gone(k, td, inp, tcp_drop(k, td, tp, ECONNREFUSED));
  }
  if ((flags & TH_SYN) === 0) return SEG_DROP;

  const seq = get(k, th + ws_seq);
  put(k, tp + irs, seq);
  put(k, tp + rcv_nxt, seq_add(seq, 1));
  put(k, tp + rcv_adv, seq_add(seq, 1));
  put(k, tp + rcv_up, seq);
  put(k, tp + t_rxtshift, 0);
  callout_stop(k, td, tp + t_rexmt);
  put(k, tp + snd_wl1, seq);
  if ((flags & TH_ACK) === 0) {
    // The peer opens at the same time. Our SYN goes out once more, with the acknowledgement of its own; what came with that will come again.
    put(k, tp + snd_wl2, get(k, tp + iss));
    put(k, tp + snd_nxt, get(k, tp + iss));
    put(k, tp + t_state, TCPS_SYN_RECEIVED);
    return SEG_ACK;
  }
  put(k, tp + snd_una, ack);
  put(k, tp + snd_nxt, ack);
  put(k, tp + t_softerror, 0);
  put(k, tp + snd_wl2, seq_add(ack, -1));
  tcp_established(k, td, tp, so);
  put(k, tp + t_flags, get(k, tp + t_flags) | TF_ACKNOW);
  put(k, th + ws_flags, tcp_urp_less(flags & ~TH_SYN, 1));
  put(k, th + ws_seq, seq_add(seq, 1));
  return tcp_trim_right(k, td, tp, so, th);
}

/** Both have sent a SYN that the other has acknowledged. */
function tcp_established(k: Kernel, td: number, tp: number, so: number): void {
  if ((get(k, tp + t_flags) & TF_NEEDFIN) !== 0) {
    put(k, tp + t_flags, get(k, tp + t_flags) & ~TF_NEEDFIN);
    put(k, tp + t_state, TCPS_FIN_WAIT_1);
  } else {
    put(k, tp + t_state, TCPS_ESTABLISHED);
  }
  tcp_keepalive(k, td, tp, so);
  // After the state: whom this wakes finds the connection usable as soon as it gets the pcb's lock.
  soisconnected(k, td, so);
}

/** The peer is not silent; that matters only to who asked for it, and costs the others nothing. */
function tcp_heard(k: Kernel, td: number, tp: number, so: number): void {
  if ((load(k, so + so_options) & SO_KEEPALIVE) !== 0) tcp_keepalive(k, td, tp, so);
}

/** SYN_RECEIVED: the acknowledgement of our SYN makes the connection. What acknowledges something else is not of it. */
function tcp_synreceived_input(k: Kernel, td: number, tp: number, so: number, th: number): number {
  const ack = get(k, th + ws_ack);
  if (SEQ_LEQ(ack, get(k, tp + snd_una)) || SEQ_GT(ack, get(k, tp + snd_max))) return SEG_RESET;
  put(k, tp + snd_una, ack);
  put(k, tp + t_rxtshift, 0);
  put(k, tp + t_softerror, 0);
  callout_stop(k, td, tp + t_rexmt);
  tcp_established(k, td, tp, so);
  return SEG_NEXT;
}

/** All other states, before the acknowledgement is looked at. */
function tcp_check_input(k: Kernel, td: number, inp: number, tp: number, so: number, th: number): number {
  if ((get(k, th + ws_flags) & TH_RST) !== 0) return tcp_rst_input(k, td, inp, tp, so, th);
  tcp_trim_left(k, tp, th);
  // Data for a user who has closed can't be delivered to anybody, and the peer must know. Old data sent again does not count.
  if (get(k, th + ws_len) > 0 && get(k, tp + t_state) > TCPS_CLOSE_WAIT && (load(k, so + so_state) & SS_NOFDREF) !== 0) {
    if (tcp_close(k, td, tp, 0) !== 0) rw_wunlock(k, td, inp + inp_lock);
    return SEG_GONE_RESET;
  }
  const verdict = tcp_trim_right(k, td, tp, so, th);
  if (verdict !== SEG_NEXT) return verdict;
  if ((get(k, th + ws_flags) & TH_SYN) !== 0) return tcp_gone(k, td, inp, tcp_drop(k, td, tp, ECONNRESET));
  return (get(k, th + ws_flags) & TH_ACK) !== 0 ? SEG_NEXT : SEG_DROP;
}

/**
 * A reset counts if it lies in the window. Both edges are counted in: it is sent from behind everything the peer has sent,
 * which may have filled the window, and a FIN after that.
 */
function tcp_rst_input(k: Kernel, td: number, inp: number, tp: number, so: number, th: number): number {
  const ahead = seq_diff(get(k, th + ws_seq), get(k, tp + rcv_nxt));
  if (ahead < 0 || ahead > tcp_rcvwnd(k, td, tp, so) + 1) return SEG_DROP;
  const state = get(k, tp + t_state);
  if (state === TCPS_CLOSING || state === TCPS_LAST_ACK) return tcp_gone(k, td, inp, tcp_close(k, td, tp, 0));
  put(k, tp + t_state, TCPS_CLOSED);
  return tcp_gone(k, td, inp, tcp_close(k, td, tp, state === TCPS_SYN_RECEIVED ? ECONNREFUSED : ECONNRESET));
}

/** The verdict after tcp_close or tcp_drop, which return 0 if they have given the pcb's lock back. */
function tcp_gone(k: Kernel, td: number, inp: number, left: number): number {
  if (left !== 0) rw_wunlock(k, td, inp + inp_lock);
  return SEG_GONE;
}

/** Cuts off what was received before; a segment that has nothing new is still worth an acknowledgement, the last may be lost. */
function tcp_trim_left(k: Kernel, tp: number, th: number): void {
  let old = seq_diff(get(k, tp + rcv_nxt), get(k, th + ws_seq));
  if (old <= 0) return;
  let flags = get(k, th + ws_flags);
  if ((flags & TH_SYN) !== 0) {
    flags = tcp_urp_less(flags & ~TH_SYN, 1);
    put(k, th + ws_seq, seq_add(get(k, th + ws_seq), 1));
    old--;
  }
  const len = get(k, th + ws_len);
  if (old > len || (old === len && (flags & TH_FIN) === 0)) {
    flags &= ~TH_FIN;
    old = len;
    put(k, tp + t_flags, get(k, tp + t_flags) | TF_ACKNOW);
  }
  put(k, th + ws_flags, tcp_urp_less(flags, old));
  put(k, th + ws_seq, seq_add(get(k, th + ws_seq), old));
  put(k, th + ws_len, len - old);
  m_adj(k, get(k, th + ws_m), old);
}

/** The flags of a segment whose first `cut` numbers are cut off: the urgent pointer is so much less, and nothing if it pointed there. */
function tcp_urp_less(flags: number, cut: number): number {
  const ahead = (flags >>> TH_URP_SHIFT) - cut;
  return ahead > 0 ? (flags & 0xffff) | (ahead << TH_URP_SHIFT) : flags & 0xffff & ~TH_URG;
}

/** Cuts off what lies beyond the window. A segment that lies there as a whole is dropped, but not a probe of a closed window. */
function tcp_trim_right(k: Kernel, td: number, tp: number, so: number, th: number): number {
  const window = tcp_rcvwnd(k, td, tp, so);
  const len = get(k, th + ws_len);
  const beyond = seq_diff(seq_add(get(k, th + ws_seq), len), seq_add(get(k, tp + rcv_nxt), window));
  if (beyond <= 0) return SEG_NEXT;
  put(k, th + ws_flags, get(k, th + ws_flags) & ~TH_FIN);
  if (beyond >= len) {
    if (window !== 0 || get(k, th + ws_seq) !== get(k, tp + rcv_nxt)) return SEG_ACK;
    // Its acknowledgement counts, and ours says that the window is still closed.
    put(k, tp + t_flags, get(k, tp + t_flags) | TF_ACKNOW);
  }
  const cut = beyond < len ? beyond : len;
  m_adj(k, get(k, th + ws_m), -cut);
  put(k, th + ws_len, len - cut);
  return SEG_NEXT;
}

/** What the peer has received. */
function tcp_ack_input(k: Kernel, td: number, inp: number, tp: number, so: number, th: number): number {
  if (get(k, tp + t_state) === TCPS_SYN_RECEIVED) {
    const verdict = tcp_synreceived_input(k, td, tp, so, th);
    if (verdict !== SEG_NEXT) return verdict;
  }
  const ack = get(k, th + ws_ack);
  const una = get(k, tp + snd_una);
  if (SEQ_GT(ack, get(k, tp + snd_max))) return SEG_ACK;
  if (SEQ_LEQ(ack, una)) {
    tcp_dupack(k, td, inp, tp, so, th);
    return SEG_NEXT;
  }
  const acked = seq_diff(ack, una);
  put(k, tp + t_dupacks, 0);
  put(k, tp + t_rxtshift, 0);
  // Something gets through, so what the net has said is over. (F93 waits for an answer to what was sent only once.)
  put(k, tp + t_softerror, 0);
  // tcp_output starts it again if the window is still closed.
  callout_stop(k, td, tp + t_persist);
  if (ack === get(k, tp + snd_max)) callout_stop(k, td, tp + t_rexmt);
  else callout_reset(k, td, tp + t_rexmt, tcp_rexmtval(k, 0));

  mtx_lock(k, td, so + so_snd + sb_mtx);
  const cc = get(k, so + so_snd + sb_cc);
  const finAcked = acked > cc;
  const dropped = finAcked ? cc : acked;
  if (acked > cc + 1) panic(k, PANIC_TCP_ACK_STATE, tp);
  sbdrop_locked(k, td, so + so_snd, dropped);
  put(k, tp + snd_una, ack);
  const left = get(k, tp + snd_wnd) - dropped;
  put(k, tp + snd_wnd, left < 0 ? 0 : left);
  if (SEQ_LT(get(k, tp + snd_nxt), ack)) put(k, tp + snd_nxt, ack);
  if (SEQ_LT(get(k, tp + snd_up), ack)) put(k, tp + snd_up, ack);
  sowwakeup_locked(k, td, so);
  return finAcked ? tcp_finacked(k, td, inp, tp, so) : SEG_NEXT;
}

/** The peer has our FIN. */
function tcp_finacked(k: Kernel, td: number, inp: number, tp: number, so: number): number {
  const state = get(k, tp + t_state);
  if (state === TCPS_FIN_WAIT_1) {
    // Nobody can read what may still come: no need to wait for the peer's FIN for ever.
    if ((load(k, so + so_rcv + sb_state) & SBS_CANTRCVMORE) !== 0) {
      soisdisconnected(k, td, so, 0);
      callout_reset(k, td, tp + t_2msl, 2 * fixed(k, h_tcp_msl));
    }
    put(k, tp + t_state, TCPS_FIN_WAIT_2);
    return SEG_NEXT;
  }
  if (state === TCPS_CLOSING) {
    tcp_twstart(k, td, tp);
    return SEG_GONE;
  }
  if (state === TCPS_LAST_ACK) return tcp_gone(k, td, inp, tcp_close(k, td, tp, 0));
  return SEG_NEXT;
}

/** An acknowledgement that says nothing new. Several in a row mean that the peer gets segments but misses the one at snd_una. */
function tcp_dupack(k: Kernel, td: number, inp: number, tp: number, so: number, th: number): void {
  const una = get(k, tp + snd_una);
  const same = get(k, th + ws_ack) === una && get(k, th + ws_len) === 0 && get(k, th + ws_window) === get(k, tp + snd_wnd);
  if (!same || (get(k, th + ws_flags) & TH_FIN) !== 0 || !callout_pending(k, td, tp + t_rexmt)) {
    put(k, tp + t_dupacks, 0);
    return;
  }
  const count = get(k, tp + t_dupacks) + 1;
  put(k, tp + t_dupacks, count);
  if (count !== TCP_REXMTTHRESH) return;
  const next = get(k, tp + snd_nxt);
  put(k, tp + snd_nxt, una);
  tcp_output_segment(k, td, tp, inp, so);
  if (SEQ_GT(next, get(k, tp + snd_nxt))) put(k, tp + snd_nxt, next);
}

/** The peer's window, unless an older segment says what a newer one has said before. */
function tcp_window_input(k: Kernel, tp: number, th: number): void {
  const seq = get(k, th + ws_seq);
  const ack = get(k, th + ws_ack);
  const window = get(k, th + ws_window);
  const wl1 = get(k, tp + snd_wl1);
  const wl2 = get(k, tp + snd_wl2);
  const newer = SEQ_LT(wl1, seq) || (wl1 === seq && (SEQ_LT(wl2, ack) || (wl2 === ack && window > get(k, tp + snd_wnd))));
  if (!newer) return;
  put(k, tp + snd_wnd, window);
  put(k, tp + snd_wl1, seq);
  put(k, tp + snd_wl2, ack);
  if (window > get(k, tp + max_sndwnd)) put(k, tp + max_sndwnd, window);
}

/** Urgent data is announced: the mark goes to its place, and the byte that an earlier announcement was about is forgotten. */
function tcp_urgent_input(k: Kernel, td: number, tp: number, so: number, th: number): void {
  const flags = get(k, th + ws_flags);
  const ahead = flags >>> TH_URP_SHIFT;
  const next = get(k, tp + rcv_nxt);
  if ((flags & TH_URG) === 0 || ahead === 0 || TCPS_HAVERCVDFIN(get(k, tp + t_state))) {
    // Pulled along, or it would seem to lie ahead again after half of all numbers.
    if (SEQ_GT(next, get(k, tp + rcv_up))) put(k, tp + rcv_up, next);
    return;
  }
  const up = seq_add(get(k, th + ws_seq), ahead);
  if (!SEQ_GT(up, get(k, tp + rcv_up)) || !SEQ_GT(up, next)) return;
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  const cc = get(k, so + so_rcv + sb_cc);
  // So far ahead nothing can be: the pointer is nonsense.
  if (ahead + cc > fixed(k, h_sb_max)) {
    mtx_unlock(k, td, so + so_rcv + sb_mtx);
    return;
  }
  put(k, tp + rcv_up, up);
  put(k, tp + t_oobflags, 0);
  sohasoutofband(k, td, so, cc + seq_diff(up, next) - 1);
}

/** Data and FIN. */
function tcp_data_input(k: Kernel, td: number, tp: number, so: number, th: number): number {
  if (get(k, th + ws_len) === 0 && (get(k, th + ws_flags) & TH_FIN) === 0) return SEG_NEXT;
  // Behind the peer's FIN there is nothing.
  if (TCPS_HAVERCVDFIN(get(k, tp + t_state))) return SEG_NEXT;
  put(k, tp + t_flags, get(k, tp + t_flags) | TF_ACKNOW);
  return tcp_reass(k, td, tp, so, th) ? tcp_fin_input(k, td, tp, so) : SEG_NEXT;
}

/** The peer's FIN, in its place behind the last byte. */
function tcp_fin_input(k: Kernel, td: number, tp: number, so: number): number {
  tcp_reass_flush(k, td, tp);
  socantrcvmore(k, td, so);
  put(k, tp + rcv_nxt, seq_add(get(k, tp + rcv_nxt), 1));
  const state = get(k, tp + t_state);
  if (state === TCPS_ESTABLISHED) put(k, tp + t_state, TCPS_CLOSE_WAIT);
  // Our FIN is not acknowledged, or the state would have changed in tcp_finacked.
  if (state === TCPS_FIN_WAIT_1) put(k, tp + t_state, TCPS_CLOSING);
  if (state !== TCPS_FIN_WAIT_2) return SEG_NEXT;
  tcp_twstart(k, td, tp);
  return SEG_GONE;
}
