/**
 * Where segments come in: find the connection a segment is for and give it to the right part of TCP.
 *
 *   the segment is for               goes to
 *   nobody, or a pcb in CLOSED       a reset [tcp_dropwithreset]
 *   a listener                       SYN, RST: the syncache; ACK: the syncache, and if that knows the handshake, the new connection
 *   a connection in TIME_WAIT        tcp_twcheck
 *   any other connection             tcp_do_segment
 *
 * Locks: a segment with SYN, FIN or RST, or for a connection that is not ESTABLISHED, may begin or end a connection, and that takes
 * tcbinfo for writing. All others need only the pcb's lock. The state is known only when the pcb has been found and locked, and
 * tcbinfo comes before the pcb: so if it turns out to be needed the pcb is given back and the segment looked up again.
 */

import { so_options, SO_ACCEPTCONN } from '../layout.ts';
import { get, type Kernel, load } from '../memory.ts';
import { rw_wlock, rw_wunlock } from '../sync/rwlock.ts';
import { in_pcblookup } from './inpcb.ts';
import {
  INP_DROPPED,
  INP_TIMEWAIT,
  inp_flags,
  inp_lock,
  inp_ppcb,
  inp_socket,
  ipi_lock,
  t_state,
  tcbinfo,
  ws_ack,
  ws_dport,
  ws_dst,
  ws_flags,
  ws_len,
  ws_seq,
  ws_sport,
  ws_src,
} from './layout.ts';
import { TCPS_CLOSED, TCPS_ESTABLISHED, TCPS_LISTEN, TH_ACK, TH_FIN, TH_RST, TH_SYN } from './tcp_fsm.ts';
import { tcp_do_segment } from './tcp_segment.ts';
import { tcp_dropwithreset } from './tcp_subr.ts';
import { syncache_add, syncache_chkrst, syncache_expand } from './tcp_syncache.ts';
import { tcp_twcheck } from './tcp_timewait.ts';

/** Processes a segment. Nothing is locked. The caller keeps the record; what is left of its mbufs stays in it. */
export function tcp_input(k: Kernel, td: number, th: number): void {
  const src = get(k, th + ws_src);
  const sport = get(k, th + ws_sport);
  const dst = get(k, th + ws_dst);
  const dport = get(k, th + ws_dport);
  let info = (get(k, th + ws_flags) & (TH_SYN | TH_FIN | TH_RST)) !== 0;
  if (info) rw_wlock(k, td, tcbinfo + ipi_lock);
  for (;;) {
    const inp = in_pcblookup(k, td, tcbinfo, src, sport, dst, dport, 1);
    if (inp === 0) {
      tcp_reset(k, td, th);
      break;
    }
    if ((get(k, inp + inp_flags) & INP_DROPPED) !== 0) {
      // Dropped after the lookup had found it: it is not in the hash any more, so look again.
      rw_wunlock(k, td, inp + inp_lock);
      continue;
    }
    const timewait = (get(k, inp + inp_flags) & INP_TIMEWAIT) !== 0;
    const state = timewait ? TCPS_CLOSED : get(k, get(k, inp + inp_ppcb) + t_state);
    if (!info && state !== TCPS_ESTABLISHED) {
      rw_wunlock(k, td, inp + inp_lock);
      rw_wlock(k, td, tcbinfo + ipi_lock);
      info = true;
      continue;
    }
    if (timewait) {
      // A new incarnation of the connection ends the old one, and its SYN is then for the listener.
      if (tcp_twcheck(k, td, inp, th)) continue;
    } else if (state === TCPS_CLOSED) {
      rw_wunlock(k, td, inp + inp_lock);
      tcp_reset(k, td, th);
    } else if (state === TCPS_LISTEN) {
      tcp_listen_input(k, td, inp, th);
    } else if (tcp_do_segment(k, td, inp, th)) {
      tcp_reset(k, td, th);
    }
    break;
  }
  if (info) rw_wunlock(k, td, tcbinfo + ipi_lock);
}

/** Answers the segment with a reset. */
function tcp_reset(k: Kernel, td: number, th: number): void {
  tcp_dropwithreset(
    k,
    td,
    get(k, th + ws_src),
    get(k, th + ws_sport),
    get(k, th + ws_dst),
    get(k, th + ws_dport),
    get(k, th + ws_seq),
    get(k, th + ws_ack),
    get(k, th + ws_flags),
    get(k, th + ws_len),
  );
}

/** A segment for a listener, whose pcb is locked and will be given back; so is tcbinfo locked, but it stays so. */
function tcp_listen_input(k: Kernel, td: number, inp: number, th: number): void {
  const so = get(k, inp + inp_socket);
  const flags = get(k, th + ws_flags) & (TH_SYN | TH_ACK | TH_RST | TH_FIN);
  // soclose clears SO_ACCEPTCONN without a lock of ours; who comes then comes too late, and is not even told.
  if ((load(k, so + so_options) & SO_ACCEPTCONN) === 0) {
    rw_wunlock(k, td, inp + inp_lock);
    return;
  }
  if ((flags & TH_RST) !== 0) {
    syncache_chkrst(k, td, th);
    rw_wunlock(k, td, inp + inp_lock);
    return;
  }
  if ((flags & TH_SYN) !== 0 && (flags & TH_ACK) === 0) {
    const self = get(k, th + ws_src) === get(k, th + ws_dst) && get(k, th + ws_sport) === get(k, th + ws_dport);
    if ((flags & TH_FIN) === 0 && !self) syncache_add(k, td, so, th);
    rw_wunlock(k, td, inp + inp_lock);
    return;
  }
  let child = 0;
  if ((flags & (TH_SYN | TH_ACK)) === TH_ACK) child = syncache_expand(k, td, so, th);
  rw_wunlock(k, td, inp + inp_lock);
  if (child === 0) {
    if ((flags & TH_ACK) !== 0) tcp_reset(k, td, th);
    return;
  }
  // The acknowledgement that ends the handshake may carry data already, or a FIN.
  if (tcp_do_segment(k, td, child, th)) tcp_reset(k, td, th);
}
