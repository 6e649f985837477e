/**
 * The reassembly queue of a connection: segments that came before one that is missing. Sorted by sequence number; they may
 * overlap, and what overlaps is cut off when it is delivered.
 *
 * 1. After every call the first queued segment begins behind rcv_nxt.
 * 2. Every byte is delivered once and in order: rcv_nxt is the number of the next one, and only tcp_deliver moves it over data.
 */

import { SBS_CANTRCVMORE, sb_mtx, sb_state, so_rcv, tseg_zone } from '../layout.ts';
import { get, type Kernel, load, put } from '../memory.ts';
import { m_adj, m_freem } from '../kern/mbuf.ts';
import { sbappendstream_locked, sorwakeup_locked } from '../kern/sockbuf.ts';
import { uma_zalloc, uma_zfree } from '../kern/uma.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { rcv_nxt, t_segq, t_segqlen, tqe_fin, tqe_len, tqe_m, tqe_next, tqe_seq, ws_flags, ws_len, ws_m, ws_seq } from './layout.ts';
import { TCP_MAXREASS, TH_FIN } from './tcp_fsm.ts';
import { SEQ_GEQ, SEQ_GT, SEQ_LEQ, seq_add, seq_diff } from './tcp_seq.ts';

/** Takes the data and the FIN of a segment that begins at or behind rcv_nxt. True if the peer's FIN has been reached. */
export function tcp_reass(k: Kernel, td: number, tp: number, so: number, th: number): boolean {
  const fin = (get(k, th + ws_flags) & TH_FIN) !== 0;
  if (get(k, th + ws_seq) !== get(k, tp + rcv_nxt)) {
    tcp_reass_keep(k, td, tp, th, fin);
    return false;
  }
  const m = get(k, th + ws_m);
  put(k, th + ws_m, 0);
  tcp_deliver(k, td, tp, so, m, get(k, th + ws_len));
  return fin || tcp_reass_drain(k, td, tp, so);
}

/** Appends the next `len` bytes of the stream to so_rcv; a socket that can't receive any more swallows them. */
function tcp_deliver(k: Kernel, td: number, tp: number, so: number, m: number, len: number): void {
  put(k, tp + rcv_nxt, seq_add(get(k, tp + rcv_nxt), len));
  if (len === 0) {
    m_freem(k, td, m);
    return;
  }
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  if ((load(k, so + so_rcv + sb_state) & SBS_CANTRCVMORE) !== 0) {
    mtx_unlock(k, td, so + so_rcv + sb_mtx);
    m_freem(k, td, m);
    return;
  }
  sbappendstream_locked(k, td, so + so_rcv, m);
  sorwakeup_locked(k, td, so);
}

/** Queues the segment, if there is room and it is not there yet. It leaves its mbufs behind if so. */
function tcp_reass_keep(k: Kernel, td: number, tp: number, th: number, fin: boolean): void {
  const seq = get(k, th + ws_seq);
  const len = get(k, th + ws_len);
  if (get(k, tp + t_segqlen) >= TCP_MAXREASS) return;
  let prev = 0;
  let next = get(k, tp + t_segq);
  while (next !== 0 && SEQ_LEQ(get(k, next + tqe_seq), seq)) {
    if (SEQ_GEQ(seq_add(get(k, next + tqe_seq), get(k, next + tqe_len)), seq_add(seq, len)) && (!fin || get(k, next + tqe_fin) !== 0))
      return;
    prev = next;
    next = get(k, next + tqe_next);
  }
  const q = uma_zalloc(k, td, tseg_zone);
  if (q === 0) return;
  put(k, q + tqe_seq, seq);
  put(k, q + tqe_len, len);
  put(k, q + tqe_fin, fin ? 1 : 0);
  put(k, q + tqe_m, get(k, th + ws_m));
  put(k, q + tqe_next, next);
  put(k, th + ws_m, 0);
  if (prev === 0) put(k, tp + t_segq, q);
  else put(k, prev + tqe_next, q);
  put(k, tp + t_segqlen, get(k, tp + t_segqlen) + 1);
}

/** Delivers what has become the next in order. True if that ends with the FIN. */
function tcp_reass_drain(k: Kernel, td: number, tp: number, so: number): boolean {
  let fin = false;
  while (!fin) {
    const q = get(k, tp + t_segq);
    if (q === 0 || SEQ_GT(get(k, q + tqe_seq), get(k, tp + rcv_nxt))) return false;
    const m = get(k, q + tqe_m);
    const len = get(k, q + tqe_len);
    const old = seq_diff(get(k, tp + rcv_nxt), get(k, q + tqe_seq));
    put(k, tp + t_segq, get(k, q + tqe_next));
    put(k, tp + t_segqlen, get(k, tp + t_segqlen) - 1);
    if (old > len) {
      m_freem(k, td, m);
    } else {
      m_adj(k, m, old);
      tcp_deliver(k, td, tp, so, m, len - old);
      fin = get(k, q + tqe_fin) !== 0;
    }
    uma_zfree(k, td, tseg_zone, q);
  }
  return true;
}
