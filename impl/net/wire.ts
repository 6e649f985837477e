/**
 * The wire: two first-in-first-out lists of segments, one of those for this host (HOST_LOCAL), one of those for any other, which whoever
 * drives the wire reads and plays. A *segment* is a record with the header's fields and a chain of mbufs. Nothing on the wire
 * moves by itself: a thread in wire_run, or a driver that calls wire_deliver, carries the segments one at a time.
 *
 *   from                 to                    by
 *   (sender)             list to this host     wire_output, wire_inject; ENOBUFS if it holds h_wire_size segments
 *   (sender)             list to the others    wire_output; if it is full the oldest segment there is lost instead
 *   (sender)             both lists            wire_output of what is for HOST_BROADCAST
 *   list to this host    protocol input        wire_deliver: no lock is held while the protocol processes the segment
 *   list to the others   (reader)              wire_peek, wire_copyout, wire_drop
 *   either list          nowhere, or the end   wire_drop, wire_defer, wire_duplicate: a driver loses, reorders, repeats segments
 *
 * 1. A record is on one list, or belongs to one thread, or is free. Its mbufs go with it.
 * 2. Segments may be lost, repeated and reordered: protocols must live with that anyway, so there is always a way out of
 *    a shortage of memory. TCP learns of a full list at once and tries again later.
 */

import { EFAULT, ENOBUFS } from '../errno.ts';
import {
  IPPROTO_TCP,
  IPPROTO_UDP,
  LC_WIRE,
  STAT_LOST,
  STAT_RECEIVED,
  STAT_SENT,
  m_len,
  m_next,
  td_uio_base,
  td_uio_resid,
} from '../layout.ts';
import { fixed, get, type Kernel, put } from '../memory.ts';
import { hardclock } from '../kern/clock.ts';
import { uiomove_out, useracc } from '../kern/copy.ts';
import { m_copym, m_freem, m_uiotombuf, mtod } from '../kern/mbuf.ts';
import { stat_add } from '../kern/stat.ts';
import { uma_zalloc, uma_zfree } from '../kern/uma.ts';
import {
  h_wire_size,
  HOST6_LOCAL,
  HOST_BROADCAST,
  HOST_LOCAL,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  wire_count,
  wire_due,
  wire_first,
  wire_lost,
  wire_mtx,
  wire_out_first,
  wire_sleepers,
  wire_stopped,
  ws_ack,
  ws_dport,
  ws_dst,
  ws_flags,
  ws_len,
  ws_m,
  ws_next,
  ws_proto,
  ws_seq,
  ws_sport,
  ws_src,
  ws_window,
  wseg_zone,
} from '../netinet/layout.ts';
import { rip_input } from '../netinet/raw_ip.ts';
import { tcp_input } from '../netinet/tcp_input.ts';
import { tcp_ctlinput } from '../netinet/tcp_subr.ts';
import { udp_ctlinput, udp_input, udp_input_all } from '../netinet/udp_usrreq.ts';
import { giant_lock, giant_unlock } from '../sync/giant.ts';
import { mtx_init, mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { notify_begin, notify_end } from '../sync/notify.ts';
import { msleep, wakeup } from '../sync/sleepqueue.ts';

// A list is three words: first, last, count.
const LIST_LAST = 1;
const LIST_COUNT = 2;

/** At boot. */
export function wire_init(k: Kernel): void {
  mtx_init(k, wire_mtx, LC_WIRE);
}

// ---- sending -----------------------------------------------------------------------------------------------------------------

/**
 * Puts a segment on the wire. The chain m (0: no data) of `length` bytes is consumed in any case. 0, or ENOBUFS if there is no room; that
 * counts as a segment lost, which a sender may leave at that. UDP has no use for seq, ack, flags, window.
 */
export function wire_output(
  k: Kernel,
  td: number,
  proto: number,
  src: number,
  sport: number,
  dst: number,
  dport: number,
  seq: number,
  ack: number,
  flags: number,
  window: number,
  m: number,
  length: number,
): number {
  const th = uma_zalloc(k, td, wseg_zone);
  if (th === 0) {
    m_freem(k, td, m);
    wire_count_lost(k, td);
    return ENOBUFS;
  }
  put(k, th + ws_proto, proto);
  put(k, th + ws_src, src);
  put(k, th + ws_sport, sport);
  put(k, th + ws_dst, dst);
  put(k, th + ws_dport, dport);
  put(k, th + ws_seq, seq);
  put(k, th + ws_ack, ack);
  put(k, th + ws_flags, flags);
  put(k, th + ws_window, window);
  put(k, th + ws_len, length);
  put(k, th + ws_m, m);
  if (dst === HOST_BROADCAST && src === HOST_LOCAL) wire_loop(k, td, th);
  return wire_enqueue(
    k,
    td,
    th,
    dst === HOST_LOCAL || dst === HOST6_LOCAL || (dst === HOST_BROADCAST && src !== HOST_LOCAL) ? wire_first : wire_out_first,
  );
}

/** What is for everybody is for this host as well: a copy of it, or none if there is no memory. */
function wire_loop(k: Kernel, td: number, th: number): void {
  const copy = wire_copy(k, td, th);
  if (copy !== 0) wire_enqueue(k, td, copy, wire_first);
}

/** A copy of a segment with its data; 0 if there is no memory for it. */
function wire_copy(k: Kernel, td: number, th: number): number {
  const len = get(k, th + ws_len);
  const m = len === 0 ? 0 : m_copym(k, td, get(k, th + ws_m), 0, len);
  if (len !== 0 && m === 0) return 0;
  const copy = uma_zalloc(k, td, wseg_zone);
  if (copy === 0) {
    m_freem(k, td, m);
    wire_count_lost(k, td);
    return 0;
  }
  for (let at = ws_proto; at < ws_m; at++) put(k, copy + at, get(k, th + at));
  put(k, copy + ws_m, m);
  return copy;
}

/**
 * A segment from outside, for drivers: `length` bytes of data at the user address. For IPPROTO_ICMP, src and sport name who could
 * not be reached, dst and dport our endpoint, flags the protocol it is about (0: any), and window is the error. 0, EFAULT or ENOBUFS.
 */
export function wire_inject(
  k: Kernel,
  td: number,
  proto: number,
  src: number,
  sport: number,
  dst: number,
  dport: number,
  seq: number,
  ack: number,
  flags: number,
  window: number,
  uaddr: number,
  length: number,
): number {
  let m = 0;
  if (length !== 0) {
    if (!useracc(k, uaddr, length)) return EFAULT;
    put(k, td + td_uio_base, uaddr);
    put(k, td + td_uio_resid, length);
    m = m_uiotombuf(k, td, length);
    if (m < 0) return -m;
  }
  return wire_output(k, td, proto, src, sport, dst, dport, seq, ack, flags, window, m, length);
}

function wire_enqueue(k: Kernel, td: number, th: number, list: number): number {
  let victim = 0;
  mtx_lock(k, td, wire_mtx);
  if (get(k, list + LIST_COUNT) >= fixed(k, h_wire_size)) {
    victim = list === wire_first ? th : wire_shift(k, list);
    put(k, wire_lost, get(k, wire_lost) + 1);
  }
  if (victim !== th) wire_append(k, list, th);
  // A sleeper counted itself, and looked at the list, under this lock: it is asleep or sees the segment.
  const wake = list === wire_first && get(k, wire_sleepers) !== 0;
  mtx_unlock(k, td, wire_mtx);
  if (wake) wakeup(k, td, wire_count);
  if (victim !== 0) wire_free(k, td, victim);
  stat_add(k, td, victim === 0 ? STAT_SENT : STAT_LOST, 1);
  return victim === th ? ENOBUFS : 0;
}

function wire_append(k: Kernel, list: number, th: number): void {
  const last = get(k, list + LIST_LAST);
  put(k, th + ws_next, 0);
  if (last === 0) put(k, list, th);
  else put(k, last + ws_next, th);
  put(k, list + LIST_LAST, th);
  put(k, list + LIST_COUNT, get(k, list + LIST_COUNT) + 1);
}

/** Takes the oldest segment off a list; 0 if it is empty. */
function wire_shift(k: Kernel, list: number): number {
  const th = get(k, list);
  if (th === 0) return 0;
  const next = get(k, th + ws_next);
  put(k, list, next);
  if (next === 0) put(k, list + LIST_LAST, 0);
  put(k, list + LIST_COUNT, get(k, list + LIST_COUNT) - 1);
  return th;
}

function wire_free(k: Kernel, td: number, th: number): void {
  m_freem(k, td, get(k, th + ws_m));
  uma_zfree(k, td, wseg_zone, th);
}

function wire_count_lost(k: Kernel, td: number): void {
  mtx_lock(k, td, wire_mtx);
  put(k, wire_lost, get(k, wire_lost) + 1);
  mtx_unlock(k, td, wire_mtx);
  stat_add(k, td, STAT_LOST, 1);
}

// ---- receiving ---------------------------------------------------------------------------------------------------------------

/** Carries the oldest segment to this host and processes it, as the network interrupt would. 1, or 0 if there is none. */
export function wire_deliver(k: Kernel, td: number): number {
  mtx_lock(k, td, wire_mtx);
  const th = wire_shift(k, wire_first);
  mtx_unlock(k, td, wire_mtx);
  if (th === 0) return 0;
  notify_begin(k, td);
  giant_lock(k, td);
  wire_input(k, td, th);
  giant_unlock(k, td);
  notify_end(k, td);
  return 1;
}

/** Gives a segment, which is consumed, to the protocol that it is for. */
export function wire_input(k: Kernel, td: number, th: number): void {
  stat_add(k, td, STAT_RECEIVED, 1);
  const src = get(k, th + ws_src);
  const sport = get(k, th + ws_sport);
  const dst = get(k, th + ws_dst);
  const dport = get(k, th + ws_dport);
  switch (get(k, th + ws_proto)) {
    case IPPROTO_TCP:
      // No connection is with everybody.
      if (dst !== HOST_BROADCAST) tcp_input(k, td, th);
      break;
    case IPPROTO_UDP:
      if (dst === HOST_BROADCAST) {
        udp_input_all(k, td, src, sport, dst, dport, get(k, th + ws_m));
        break;
      }
      udp_input(k, td, src, sport, dst, dport, get(k, th + ws_m));
      put(k, th + ws_m, 0);
      break;
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      if (get(k, th + ws_flags) !== IPPROTO_TCP) udp_ctlinput(k, td, src, sport, dst, dport, get(k, th + ws_window));
      if (get(k, th + ws_flags) !== IPPROTO_UDP) tcp_ctlinput(k, td, get(k, th + ws_window), src, sport, dst, dport);
      break;
    default:
      rip_input(k, td, get(k, th + ws_proto), src, dst, get(k, th + ws_m));
  }
  wire_free(k, td, th);
}

// ---- for drivers: `remote` 1 is the list to the other hosts, 0 the one to this host ------------------------------------------------

/** The oldest segment of a list, for a look at its ws_* words; 0 if there is none. It stays where it is. */
export function wire_peek(k: Kernel, td: number, remote: number): number {
  mtx_lock(k, td, wire_mtx);
  const th = get(k, wire_list(remote));
  mtx_unlock(k, td, wire_mtx);
  return th;
}

/** How many segments a list holds. */
export function wire_length(k: Kernel, td: number, remote: number): number {
  mtx_lock(k, td, wire_mtx);
  const count = get(k, wire_list(remote) + LIST_COUNT);
  mtx_unlock(k, td, wire_mtx);
  return count;
}

/** Copies the data of a segment to the user address, which must have room for it. 0 or EFAULT. */
export function wire_copyout(k: Kernel, td: number, th: number, uaddr: number): number {
  put(k, td + td_uio_base, uaddr);
  put(k, td + td_uio_resid, get(k, th + ws_len));
  for (let m = get(k, th + ws_m); m !== 0; m = get(k, m + m_next)) {
    const error = uiomove_out(k, td, mtod(k, m), get(k, m + m_len));
    if (error !== 0) return error;
  }
  return 0;
}

/** Loses the oldest segment of a list. 1, or 0 if there is none. */
export function wire_drop(k: Kernel, td: number, remote: number): number {
  mtx_lock(k, td, wire_mtx);
  const th = wire_shift(k, wire_list(remote));
  mtx_unlock(k, td, wire_mtx);
  if (th === 0) return 0;
  wire_free(k, td, th);
  return 1;
}

/** Puts the oldest segment of a list behind all others. 1, or 0 if there is none. */
export function wire_defer(k: Kernel, td: number, remote: number): number {
  mtx_lock(k, td, wire_mtx);
  const th = wire_shift(k, wire_list(remote));
  if (th !== 0) wire_append(k, wire_list(remote), th);
  mtx_unlock(k, td, wire_mtx);
  return th === 0 ? 0 : 1;
}

/** Puts a copy of the oldest segment to this host behind all others. 1, or 0 if there is none, or no room. */
export function wire_duplicate(k: Kernel, td: number): number {
  const th = wire_peek(k, td, 0);
  if (th === 0) return 0;
  const copy = wire_copy(k, td, th);
  return copy !== 0 && wire_enqueue(k, td, copy, wire_first) === 0 ? 1 : 0;
}

function wire_list(remote: number): number {
  return remote !== 0 ? wire_out_first : wire_first;
}

// ---- the thread that is the network and the clock --------------------------------------------------------------------------------

/**
 * Carries segments and lets announced ticks pass, and sleeps when there is neither, until wire_stop. Several threads may run it:
 * then segments may overtake each other. 0, or EINTR if interrupted (a thread that can't sleep always is, once it is idle).
 */
export function wire_run(k: Kernel, td: number): number {
  for (;;) {
    mtx_lock(k, td, wire_mtx);
    const stop = get(k, wire_stopped) !== 0;
    const due = get(k, wire_due);
    if (!stop && due > 0) put(k, wire_due, due - 1);
    mtx_unlock(k, td, wire_mtx);
    if (stop) return 0;
    if (due > 0) {
      giant_lock(k, td);
      hardclock(k, td);
      giant_unlock(k, td);
    } else if (wire_deliver(k, td) === 0) {
      const error = wire_wait(k, td, 0);
      if (error !== 0) return error;
    }
  }
}

/** Sleeps until there is a segment to this host, a tick, or the order to stop; at most so many ticks (0: for ever). */
export function wire_wait(k: Kernel, td: number, timo: number): number {
  let error = 0;
  mtx_lock(k, td, wire_mtx);
  if (get(k, wire_first) === 0 && get(k, wire_due) === 0 && get(k, wire_stopped) === 0) {
    put(k, wire_sleepers, get(k, wire_sleepers) + 1);
    error = msleep(k, td, wire_count, wire_mtx, 1, timo);
    put(k, wire_sleepers, get(k, wire_sleepers) - 1);
  }
  mtx_unlock(k, td, wire_mtx);
  return error;
}

/** Announces that a tick has passed. The driver's timer calls this; whoever is in wire_run does what is due. */
export function wire_tick(k: Kernel, td: number): void {
  mtx_lock(k, td, wire_mtx);
  put(k, wire_due, get(k, wire_due) + 1);
  mtx_unlock(k, td, wire_mtx);
  wakeup(k, td, wire_count);
}

/** Ends wire_run, of this and every thread. What is on the wire stays there. */
export function wire_stop(k: Kernel, td: number): void {
  mtx_lock(k, td, wire_mtx);
  put(k, wire_stopped, 1);
  mtx_unlock(k, td, wire_mtx);
  wakeup(k, td, wire_count);
}
