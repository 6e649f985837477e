/**
 * The reassembly queue of a connection: segments that came before one that is missing. Sorted by sequence number; they may
 * overlap, and what overlaps is cut off when it is delivered.
 *
 * 1. After every call the first queued segment begins behind rcv_nxt.
 * 2. Every byte is delivered once and in order: rcv_nxt is the number of the next one, and only tcp_deliver moves it over data.
 */

import { m_len, m_next, SBS_CANTRCVMORE, SO_OOBINLINE, sb_mtx, sb_state, so_options, so_rcv, tseg_zone } from '../layout.ts';
import { copy, get, getByte, type Kernel, load, put } from '../memory.ts';
import { m_adj, m_freem, mtod } from '../kern/mbuf.ts';
import { sbappendstream_locked, sorwakeup_locked } from '../kern/sockbuf.ts';
import { uma_zalloc, uma_zfree } from '../kern/uma.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import {
  rcv_nxt,
  rcv_up,
  t_iobc,
  t_oobflags,
  t_segq,
  t_segqlen,
  tqe_fin,
  tqe_len,
  tqe_m,
  tqe_next,
  tqe_seq,
  ws_flags,
  ws_len,
  ws_m,
  ws_seq,
} from './layout.ts';
import { TCP_MAXREASS, TCPOOB_HAVEDATA, TH_FIN } from './tcp_fsm.ts';
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
  tcp_pulloutofband(k, tp, so, m, len);
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

/**
 * Takes the urgent byte out of the next `len` bytes if it is among them, unless the user wants it there. Only here is it sure that the bytes
 * are those of the stream (F93 does it when a segment comes; of one that waits and is cut later it cuts one too many).
 */
function tcp_pulloutofband(k: Kernel, tp: number, so: number, chain: number, len: number): void {
  let ahead = seq_diff(get(k, tp + rcv_up), get(k, tp + rcv_nxt)) - 1;
  if (ahead < 0 || ahead >= len || get(k, tp + t_oobflags) !== 0 || (load(k, so + so_options) & SO_OOBINLINE) !== 0) return;
  let m = chain;
  while (ahead >= get(k, m + m_len)) {
    ahead -= get(k, m + m_len);
    m = get(k, m + m_next);
  }
  const at = mtod(k, m) + ahead;
  const rest = get(k, m + m_len) - ahead - 1;
  put(k, tp + t_iobc, getByte(k, at));
  put(k, tp + t_oobflags, TCPOOB_HAVEDATA);
  copy(k, at, at + 1, rest);
  put(k, m + m_len, get(k, m + m_len) - 1);
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
