/**
 * The syncache: handshakes that a listener has begun to answer. A SYN makes an entry, not a socket; only the third segment, which
 * proves that the peer is where it says, makes the connection: ESTABLISHED at once, its socket complete in the listener's
 * queue.
 *
 *   from      to             by
 *   none      entry          SYN: SYN|ACK goes out [syncache_add]
 *   entry     entry          no answer: SYN|ACK again, SYNCACHE_MAXREXMTS times [syncache_timer]; SYN again [syncache_add]
 *   entry     connection     the acknowledgement of our SYN [syncache_expand]
 *   entry     none           reset [syncache_chkrst], no answer at all [syncache_timer], or a newer SYN needs the room [syncache_add]
 *
 * An entry does not know its listener: if that is closed meanwhile, the third segment finds nobody and is reset.
 */

import { IPPROTO_TCP, SO_ACCEPTFILTER, sb_mtx, so_options, so_pcb, so_rcv, SS_ISCONNECTED, syncache_zone } from '../layout.ts';
import { get, type Kernel, load, put } from '../memory.ts';
import { callout_fired, callout_init, callout_reset, callout_stop } from '../kern/callout.ts';
import { sbspace } from '../kern/sockbuf.ts';
import { sonewconn } from '../kern/listen.ts';
import { soisconnected } from '../kern/sockstate.ts';
import { TAILQ_INSERT_TAIL, TAILQ_REMOVE } from '../kern/queue.ts';
import { uma_zalloc, uma_zfree } from '../kern/uma.ts';
import { wire_output } from '../net/wire.ts';
import { in6_family } from './in6_pcb.ts';
import { mtx_assert, mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { rw_assert_w, rw_wlock } from '../sync/rwlock.ts';
import { in_pcbinshash } from './inpcb.ts';
import {
  CALLOUT_SYNCACHE,
  IN6P_IPV6_V6ONLY,
  INP_IPV6PROTO,
  inp_faddr,
  inp_flags,
  inp_fport,
  inp_laddr,
  inp_lock,
  inp_lport,
  inp_ppcb,
  inp_vflag,
  ipi_lock,
  irs,
  iss,
  rcv_adv,
  rcv_nxt,
  rcv_up,
  sc_faddr,
  sc_fport,
  sc_irs,
  sc_iss,
  sc_laddr,
  sc_lport,
  sc_next,
  sc_rxmits,
  sc_timer,
  sc_wnd,
  snd_max,
  snd_nxt,
  snd_una,
  snd_up,
  snd_wl1,
  snd_wl2,
  syncache_count,
  syncache_first,
  syncache_mtx,
  t_state,
  tcbinfo,
  ws_ack,
  ws_dport,
  ws_dst,
  ws_seq,
  ws_sport,
  ws_src,
} from './layout.ts';
import { SYNCACHE_MAXREXMTS, TCP_MAXWIN, TCPS_ESTABLISHED, TH_ACK, TH_SYN } from './tcp_fsm.ts';
import { SEQ_GT, SEQ_LEQ, seq_add } from './tcp_seq.ts';
import { tcp_new_isn } from './tcp_subr.ts';
import { tcp_keepalive, tcp_rexmtval } from './tcp_timer.ts';

/** A SYN for the listener `so`. tcbinfo and the listener's pcb are write-locked. */
export function syncache_add(k: Kernel, td: number, so: number, th: number): void {
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  let window = sbspace(k, so + so_rcv);
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  if (window > TCP_MAXWIN) window = TCP_MAXWIN;
  if (window < 0) window = 0;
  mtx_lock(k, td, syncache_mtx);
  let sc = syncache_lookup(k, td, th);
  if (sc === 0) {
    sc = uma_zalloc(k, td, syncache_zone);
    if (sc === 0) {
      const oldest = get(k, syncache_first);
      if (oldest !== 0) syncache_free(k, td, oldest);
      sc = uma_zalloc(k, td, syncache_zone);
    }
    if (sc === 0) {
      // The SYN is lost; the peer will send it again.
      mtx_unlock(k, td, syncache_mtx);
      return;
    }
    put(k, sc + sc_laddr, get(k, th + ws_dst));
    put(k, sc + sc_lport, get(k, th + ws_dport));
    put(k, sc + sc_faddr, get(k, th + ws_src));
    put(k, sc + sc_fport, get(k, th + ws_sport));
    put(k, sc + sc_iss, tcp_new_isn(k));
    put(k, sc + sc_wnd, window);
    callout_init(k, sc + sc_timer, CALLOUT_SYNCACHE, sc);
    TAILQ_INSERT_TAIL(k, syncache_first, sc, sc_next);
    put(k, syncache_count, get(k, syncache_count) + 1);
  }
  // The same SYN again, or a new attempt of the peer's from the same port.
  put(k, sc + sc_irs, get(k, th + ws_seq));
  syncache_respond(k, td, sc);
  mtx_unlock(k, td, syncache_mtx);
}

/**
 * An acknowledgement for the listener `so`: if it completes a handshake, returns the pcb of the new connection, write-locked;
 * otherwise 0. tcbinfo and the listener's pcb are write-locked; that keeps the listener from being closed until the child is
 * complete, and accept (which takes tcbinfo) from handing it out before.
 */
export function syncache_expand(k: Kernel, td: number, so: number, th: number): number {
  mtx_lock(k, td, syncache_mtx);
  const sc = syncache_lookup(k, td, th);
  if (sc === 0 || get(k, th + ws_ack) !== seq_add(get(k, sc + sc_iss), 1) || !syncache_inwindow(k, sc, th)) {
    mtx_unlock(k, td, syncache_mtx);
    return 0;
  }
  const first = get(k, sc + sc_iss);
  const theirs = get(k, sc + sc_irs);
  const window = get(k, sc + sc_wnd);
  syncache_free(k, td, sc);
  mtx_unlock(k, td, syncache_mtx);
  return syncache_socket(k, td, so, th, first, theirs, window);
}

/** A reset for the listener: forget the handshake it is about. */
export function syncache_chkrst(k: Kernel, td: number, th: number): void {
  mtx_lock(k, td, syncache_mtx);
  const sc = syncache_lookup(k, td, th);
  if (sc !== 0 && syncache_inwindow(k, sc, th)) syncache_free(k, td, sc);
  mtx_unlock(k, td, syncache_mtx);
}

/** No answer to the SYN|ACK. */
export function syncache_timer(k: Kernel, td: number, sc: number): void {
  mtx_lock(k, td, syncache_mtx);
  if (callout_fired(k, td, sc + sc_timer)) {
    const again = get(k, sc + sc_rxmits) + 1;
    put(k, sc + sc_rxmits, again);
    if (again > SYNCACHE_MAXREXMTS) syncache_free(k, td, sc);
    else syncache_respond(k, td, sc);
  }
  mtx_unlock(k, td, syncache_mtx);
}

/** The entry for the segment's addresses, or 0. */
function syncache_lookup(k: Kernel, td: number, th: number): number {
  mtx_assert(k, td, syncache_mtx);
  let sc = get(k, syncache_first);
  while (sc !== 0) {
    const local = get(k, sc + sc_lport) === get(k, th + ws_dport) && get(k, sc + sc_laddr) === get(k, th + ws_dst);
    if (local && get(k, sc + sc_fport) === get(k, th + ws_sport) && get(k, sc + sc_faddr) === get(k, th + ws_src)) return sc;
    sc = get(k, sc + sc_next);
  }
  return 0;
}

/** Behind the peer's SYN and inside the window that the SYN|ACK offered. */
function syncache_inwindow(k: Kernel, sc: number, th: number): boolean {
  const seq = get(k, th + ws_seq);
  const theirs = get(k, sc + sc_irs);
  return SEQ_GT(seq, theirs) && SEQ_LEQ(seq, seq_add(theirs, get(k, sc + sc_wnd) + 1));
}

/** Sends the SYN|ACK and sets the timer for the next. */
function syncache_respond(k: Kernel, td: number, sc: number): void {
  callout_reset(k, td, sc + sc_timer, tcp_rexmtval(k, get(k, sc + sc_rxmits)));
  wire_output(
    k,
    td,
    IPPROTO_TCP,
    get(k, sc + sc_laddr),
    get(k, sc + sc_lport),
    get(k, sc + sc_faddr),
    get(k, sc + sc_fport),
    get(k, sc + sc_iss),
    seq_add(get(k, sc + sc_irs), 1),
    TH_SYN | TH_ACK,
    get(k, sc + sc_wnd),
    0,
    0,
  );
}

function syncache_free(k: Kernel, td: number, sc: number): void {
  callout_stop(k, td, sc + sc_timer);
  TAILQ_REMOVE(k, syncache_first, sc, sc_next);
  put(k, syncache_count, get(k, syncache_count) - 1);
  uma_zfree(k, td, syncache_zone, sc);
}

/**
 * The connection for a completed handshake, or 0 if the listener's queue is full or memory has run out. The child is in the
 * queue, and may have been accepted, before its pcb is filled in here: that is why accept waits for tcbinfo.
 */
function syncache_socket(k: Kernel, td: number, lso: number, th: number, first: number, theirs: number, window: number): number {
  rw_assert_w(k, td, tcbinfo + ipi_lock);
  const so = sonewconn(k, td, lso, SS_ISCONNECTED);
  if (so === 0) return 0;
  const inp = get(k, so + so_pcb);
  rw_wlock(k, td, inp + inp_lock);
  put(k, inp + inp_laddr, get(k, th + ws_dst));
  put(k, inp + inp_lport, get(k, th + ws_dport));
  put(k, inp + inp_faddr, get(k, th + ws_src));
  put(k, inp + inp_fport, get(k, th + ws_sport));
  // Of the family over which the peer has come; the listener may take both.
  const theirFlags = get(k, get(k, lso + so_pcb) + inp_flags);
  put(k, inp + inp_vflag, (get(k, inp + inp_vflag) & INP_IPV6PROTO) | in6_family(get(k, th + ws_src)));
  put(k, inp + inp_flags, (get(k, inp + inp_flags) & ~IN6P_IPV6_V6ONLY) | (theirFlags & IN6P_IPV6_V6ONLY));
  in_pcbinshash(k, td, inp);
  const tp = get(k, inp + inp_ppcb);
  put(k, tp + iss, first);
  put(k, tp + irs, theirs);
  put(k, tp + snd_una, seq_add(first, 1));
  put(k, tp + snd_nxt, seq_add(first, 1));
  put(k, tp + snd_max, seq_add(first, 1));
  put(k, tp + snd_up, seq_add(first, 1));
  put(k, tp + rcv_up, theirs);
  put(k, tp + snd_wl1, theirs);
  put(k, tp + snd_wl2, first);
  put(k, tp + rcv_nxt, seq_add(theirs, 1));
  put(k, tp + rcv_adv, seq_add(theirs, 1 + window));
  put(k, tp + t_state, TCPS_ESTABLISHED);
  tcp_keepalive(k, td, tp, so);
  if ((load(k, so + so_options) & SO_ACCEPTFILTER) !== 0) soisconnected(k, td, so);
  return inp;
}
