/**
 * A socket buffer: a list of records, each a chain of mbufs, with byte counts, limits, and two locks. The mutex guards every
 * field and is held for moments; the sx lock ("sblock") serialises whole transfers and is held across sleeps and copies. The mutex
 * of so_rcv is also SOCK_LOCK, the lock of the socket's own state.
 *
 * 1. sb_cc is the sum of m_len, sb_mbcnt the sum of storage, sb_ctl the part of sb_cc that is addresses.
 * 2. sb_lastrecord is the first mbuf of the last record and sb_mbtail its last mbuf; all three pointers are 0 together.
 * 3. SBS_CANT* once set stays for the life of the socket.
 *
 * Functions named *_locked want the mutex held and leave it held, unless they say that they drop it.
 */

import { EWOULDBLOCK, ENOBUFS } from '../errno.ts';
import {
  h_mlen,
  h_salen,
  h_sb_efficiency,
  h_sb_max,
  h_sb_unit,
  m_host,
  m_len,
  m_next,
  m_nextpkt,
  m_off,
  m_port,
  m_type,
  MT_DATA,
  MT_SONAME,
  SB_ASYNC,
  SB_KNOTE,
  SB_SEL,
  SB_UPCALL,
  SB_WAIT,
  SBL_NOINTR,
  SBL_WAIT,
  SBS_CANTRCVMORE,
  SBS_CANTSENDMORE,
  SBS_FLUSH,
  SU_ISCONNECTED,
  sb_cc,
  sb_ctl,
  sb_flags,
  sb_hiwat,
  sb_lastrecord,
  sb_lowat,
  sb_mb,
  sb_mbcnt,
  sb_mbmax,
  sb_mbtail,
  sb_mtx,
  sb_reserved,
  sb_sel,
  sb_sndptr,
  sb_sndptroff,
  sb_state,
  sb_sx,
  sb_timeo,
  so_rcv,
  so_snd,
} from '../layout.ts';
import { and, copy, fixed, get, type Kernel, load, or, panic, put } from '../memory.ts';
import { PANIC_SBAPPENDSTREAM, PANIC_SBDROP, PANIC_SBFLUSH } from '../panic.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { msleep, wakeup } from '../sync/sleepqueue.ts';
import { sx_try_xlock, sx_xlock, sx_xunlock } from '../sync/sx.ts';
import { soupcall, soupcall_clear } from './accept_filter.ts';
import { KASSERT } from './kassert.ts';
import { KNOTE } from './kqueue.ts';
import { M_TRAILINGSPACE, m_free, m_freem, m_get, m_last, m_length, mtod } from './mbuf.ts';
import { selwakeup } from './select.ts';
import { pgsigio } from './sigio.ts';
import { soispromoted } from './sockstate.ts';

// ---- reservation -----------------------------------------------------------------------------------------------------------

/** Sets the limits of both buffers: bytes, and low-water marks. ENOBUFS if one is beyond sb_max; then neither is set. */
export function soreserve(k: Kernel, td: number, so: number, sndcc: number, rcvcc: number): number {
  const snd = so + so_snd;
  const rcv = so + so_rcv;
  if (sndcc > fixed(k, h_sb_max) || rcvcc > fixed(k, h_sb_max)) return ENOBUFS;
  mtx_lock(k, td, snd + sb_mtx);
  mtx_lock(k, td, rcv + sb_mtx);
  sbreserve_locked(k, snd, sndcc);
  sbreserve_locked(k, rcv, rcvcc);
  if (get(k, rcv + sb_lowat) === 0) put(k, rcv + sb_lowat, 1);
  if (get(k, snd + sb_lowat) === 0) put(k, snd + sb_lowat, fixed(k, h_sb_unit));
  if (get(k, snd + sb_lowat) > sndcc) put(k, snd + sb_lowat, sndcc);
  mtx_unlock(k, td, rcv + sb_mtx);
  mtx_unlock(k, td, snd + sb_mtx);
  return 0;
}

export function sbreserve_locked(k: Kernel, sb: number, cc: number): void {
  put(k, sb + sb_reserved, cc);
  put(k, sb + sb_hiwat, cc);
  const most = cc * fixed(k, h_sb_efficiency);
  put(k, sb + sb_mbmax, most < 0x7fffffff ? most : 0x7fffffff);
}

/**
 * Another limit for a buffer in use, whose mutex is held. What a UNIX sender's peer has not read stays taken off it, and the limit does not
 * go below that. (F93 forgets it, and the sender may overrun the reader.)
 */
export function sbresize_locked(k: Kernel, sb: number, cc: number): void {
  const reserved = get(k, sb + sb_reserved);
  const taken = reserved - get(k, sb + sb_hiwat);
  const limit = cc < taken ? taken : cc;
  put(k, sb + sb_reserved, limit);
  put(k, sb + sb_hiwat, limit - taken);
  put(k, sb + sb_mbmax, get(k, sb + sb_mbmax) + (limit - reserved) * fixed(k, h_sb_efficiency));
  if (get(k, sb + sb_lowat) > limit) put(k, sb + sb_lowat, limit);
}

/** Room for more bytes; less than 0 if the buffer is over its limits. */
export function sbspace(k: Kernel, sb: number): number {
  const bytes = get(k, sb + sb_hiwat) - get(k, sb + sb_cc);
  const storage = get(k, sb + sb_mbmax) - get(k, sb + sb_mbcnt);
  return bytes < storage ? bytes : storage;
}

// ---- sleeping and waking ---------------------------------------------------------------------------------------------------

/** Takes the transfer lock: EINTR if interrupted, EWOULDBLOCK if somebody has it and SBL_WAIT is not asked for. */
export function sblock(k: Kernel, td: number, sb: number, flags: number): number {
  if ((flags & SBL_WAIT) === 0) {
    if (sx_try_xlock(k, td, sb + sb_sx) === 0) return EWOULDBLOCK;
  } else {
    const error = sx_xlock(k, td, sb + sb_sx, (flags & SBL_NOINTR) === 0 ? 1 : 0);
    if (error !== 0) return error;
  }
  // Whoever asked may have returned since, and what is there is not to be seen by a call that began later.
  if (sbstate(k, sb, SBS_FLUSH)) sbflush_due(k, td, sb);
  return 0;
}

export function sbunlock(k: Kernel, td: number, sb: number): void {
  sx_xunlock(k, td, sb + sb_sx);
  if (sbstate(k, sb, SBS_FLUSH)) sbflush_asked(k, td, sb);
}

/**
 * Empties the buffer for who can't wait for the transfer lock: at once, or when its holder gives it back, or the
 * next one takes it. Not missed: the bit is set
 * before the lock is tried for here, and its holder looks for the bit after it has given the lock back.
 */
export function sbflush_later(k: Kernel, td: number, sb: number): void {
  or(k, sb + sb_state, SBS_FLUSH);
  sbflush_asked(k, td, sb);
}

function sbflush_asked(k: Kernel, td: number, sb: number): void {
  while (sbstate(k, sb, SBS_FLUSH) && sx_try_xlock(k, td, sb + sb_sx) !== 0) {
    sbflush_due(k, td, sb);
    sx_xunlock(k, td, sb + sb_sx);
  }
}

/** With the transfer lock. */
function sbflush_due(k: Kernel, td: number, sb: number): void {
  mtx_lock(k, td, sb + sb_mtx);
  and(k, sb + sb_state, ~SBS_FLUSH);
  sbflush_locked(k, td, sb);
  mtx_unlock(k, td, sb + sb_mtx);
}

/** Sleeps until the buffer changes. The mutex is held before and after, not during. */
export function sbwait(k: Kernel, td: number, sb: number): number {
  put(k, sb + sb_flags, get(k, sb + sb_flags) | SB_WAIT);
  return msleep(k, td, sb + sb_cc, sb + sb_mtx, 1, get(k, sb + sb_timeo));
}

/**
 * The buffer has changed: tells whoever polls it, and wakes whoever sleeps in sbwait. The mutex is held before; **not** after. Nothing is
 * lost: both entered themselves with the mutex held, in which they had found nothing.
 */
export function sowakeup(k: Kernel, td: number, so: number, sb: number): void {
  const ready = (get(k, sb + sb_flags) & SB_UPCALL) !== 0 && soupcall(k, so) === SU_ISCONNECTED;
  if (ready) soupcall_clear(k, td, so);
  sotell(k, td, so, sb);
  // The caller's protocol locks keep the child, as in soisconnected.
  if (ready) soispromoted(k, td, so);
}

/** The same without asking an accept filter: a listener has none on itself. */
export function sotell(k: Kernel, td: number, so: number, sb: number): void {
  const flags = get(k, sb + sb_flags);
  if ((flags & (SB_SEL | SB_WAIT)) !== 0) put(k, sb + sb_flags, flags & ~(SB_SEL | SB_WAIT));
  if ((flags & SB_SEL) !== 0) selwakeup(k, td, sb + sb_sel);
  if ((flags & SB_KNOTE) !== 0) KNOTE(k, td, sb);
  if ((flags & SB_ASYNC) !== 0) pgsigio(k, td, so);
  mtx_unlock(k, td, sb + sb_mtx);
  // Not lost: the sleeper set SB_WAIT and entered the queue without giving the mutex back in between. After the mutex, for which whoever
  // wakes would only have to wait; the buffer may be gone by now, but its address is all that is asked for, and every sleeper looks again.
  if ((flags & SB_WAIT) !== 0) wakeup(k, td, sb + sb_cc);
}

export function sorwakeup_locked(k: Kernel, td: number, so: number): void {
  sowakeup(k, td, so, so + so_rcv);
}

export function sowwakeup_locked(k: Kernel, td: number, so: number): void {
  sowakeup(k, td, so, so + so_snd);
}

export function sorwakeup(k: Kernel, td: number, so: number): void {
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  sowakeup(k, td, so, so + so_rcv);
}

export function sowwakeup(k: Kernel, td: number, so: number): void {
  mtx_lock(k, td, so + so_snd + sb_mtx);
  sowakeup(k, td, so, so + so_snd);
}

/** No more will be sent. Drops the mutex of so_snd. */
export function socantsendmore_locked(k: Kernel, td: number, so: number): void {
  or(k, so + so_snd + sb_state, SBS_CANTSENDMORE);
  sowakeup(k, td, so, so + so_snd);
}

export function socantsendmore(k: Kernel, td: number, so: number): void {
  mtx_lock(k, td, so + so_snd + sb_mtx);
  socantsendmore_locked(k, td, so);
}

/** No more will arrive, or is wanted. Drops the mutex of so_rcv. */
export function socantrcvmore_locked(k: Kernel, td: number, so: number): void {
  or(k, so + so_rcv + sb_state, SBS_CANTRCVMORE);
  sowakeup(k, td, so, so + so_rcv);
}

export function socantrcvmore(k: Kernel, td: number, so: number): void {
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  socantrcvmore_locked(k, td, so);
}

// ---- appending -------------------------------------------------------------------------------------------------------------

/** Appends to the last record of a buffer that has at most one: a stream. Takes the chain over. */
export function sbappendstream_locked(k: Kernel, td: number, sb: number, m: number): void {
  KASSERT(k, get(k, m + m_nextpkt) === 0 && get(k, sb + sb_mb) === get(k, sb + sb_lastrecord), PANIC_SBAPPENDSTREAM, sb);
  sbcompress(k, td, sb, m, get(k, sb + sb_mbtail));
  put(k, sb + sb_lastrecord, get(k, sb + sb_mb));
}

/** Appends to the last record of a buffer, however many there are. Takes the chain over. */
export function sbappend_locked(k: Kernel, td: number, sb: number, m: number): void {
  const empty = get(k, sb + sb_mb) === 0;
  sbcompress(k, td, sb, m, get(k, sb + sb_mbtail));
  if (empty) put(k, sb + sb_lastrecord, get(k, sb + sb_mb));
}

/**
 * Appends one record: the sender's address, then the data (0: none). 1 if it was taken over; 0 if it does not fit, or there is no
 * mbuf for the address: then the chain is still the caller's.
 */
export function sbappendaddr_locked(k: Kernel, td: number, sb: number, host: number, port: number, m0: number): number {
  if (fixed(k, h_salen) + m_length(k, m0) > sbspace(k, sb)) return 0;
  return sbappendaddr_nospacecheck_locked(k, td, sb, host, port, m0);
}

/** The same for a sender that has been held to the limit already. */
export function sbappendaddr_nospacecheck_locked(k: Kernel, td: number, sb: number, host: number, port: number, m0: number): number {
  const name = m_get(k, td, MT_SONAME);
  if (name === 0) return 0;
  put(k, name + m_host, host);
  put(k, name + m_port, port);
  put(k, name + m_len, fixed(k, h_salen));
  put(k, name + m_next, m0);
  const last = get(k, sb + sb_lastrecord);
  if (last === 0) put(k, sb + sb_mb, name);
  else put(k, last + m_nextpkt, name);
  put(k, sb + sb_lastrecord, name);
  put(k, sb + sb_mbtail, m_last(k, name));
  for (let m = name; m !== 0; m = get(k, m + m_next)) sballoc(k, sb, m);
  return 1;
}

/** Appends the mbufs of `chain` after `n` (0: the buffer is empty), copying what fits behind the data that is there. */
function sbcompress(k: Kernel, td: number, sb: number, chain: number, n: number): void {
  let tail = n;
  let m = chain;
  while (m !== 0) {
    const length = get(k, m + m_len);
    if (length === 0) {
      m = m_free(k, td, m);
    } else if (tail !== 0 && get(k, tail + m_type) === get(k, m + m_type) && length <= M_TRAILINGSPACE(k, tail)) {
      // A reader may be copying out of `tail` without the mutex, but only bytes before its present end.
      copy(k, mtod(k, tail) + get(k, tail + m_len), mtod(k, m), length);
      put(k, tail + m_len, get(k, tail + m_len) + length);
      put(k, sb + sb_cc, get(k, sb + sb_cc) + length);
      m = m_free(k, td, m);
    } else {
      if (tail === 0) put(k, sb + sb_mb, m);
      else put(k, tail + m_next, m);
      put(k, sb + sb_mbtail, m);
      sballoc(k, sb, m);
      tail = m;
      m = get(k, m + m_next);
      put(k, tail + m_next, 0);
    }
  }
}

/** Counts an mbuf in. */
export function sballoc(k: Kernel, sb: number, m: number): void {
  const length = get(k, m + m_len);
  put(k, sb + sb_cc, get(k, sb + sb_cc) + length);
  if (get(k, m + m_type) !== MT_DATA) put(k, sb + sb_ctl, get(k, sb + sb_ctl) + length);
  put(k, sb + sb_mbcnt, get(k, sb + sb_mbcnt) + fixed(k, h_mlen));
}

/** Counts an mbuf out. */
export function sbfree(k: Kernel, sb: number, m: number): void {
  const length = get(k, m + m_len);
  put(k, sb + sb_cc, get(k, sb + sb_cc) - length);
  if (get(k, m + m_type) !== MT_DATA) put(k, sb + sb_ctl, get(k, sb + sb_ctl) - length);
  put(k, sb + sb_mbcnt, get(k, sb + sb_mbcnt) - fixed(k, h_mlen));
  if (get(k, sb + sb_sndptr) === m) {
    put(k, sb + sb_sndptr, 0);
    put(k, sb + sb_sndptroff, 0);
  } else if (get(k, sb + sb_sndptroff) !== 0) {
    put(k, sb + sb_sndptroff, get(k, sb + sb_sndptroff) - length);
  }
}

// ---- dropping --------------------------------------------------------------------------------------------------------------

/** Removes the first `amount` bytes, across records if need be, and empty mbufs that follow them. */
export function sbdrop_locked(k: Kernel, td: number, sb: number, amount: number): void {
  let m = get(k, sb + sb_mb);
  let nextpkt = m === 0 ? 0 : get(k, m + m_nextpkt);
  let left = amount;
  while (left > 0) {
    if (m === 0) {
      if (nextpkt === 0) panic(k, PANIC_SBDROP, sb);
      m = nextpkt;
      nextpkt = get(k, m + m_nextpkt);
      continue;
    }
    const length = get(k, m + m_len);
    if (length > left) {
      put(k, m + m_len, length - left);
      put(k, m + m_off, get(k, m + m_off) + left);
      put(k, sb + sb_cc, get(k, sb + sb_cc) - left);
      if (get(k, sb + sb_sndptroff) !== 0) put(k, sb + sb_sndptroff, get(k, sb + sb_sndptroff) - left);
      left = 0;
    } else {
      left -= length;
      sbfree(k, sb, m);
      m = m_free(k, td, m);
    }
  }
  while (m !== 0 && get(k, m + m_len) === 0) {
    sbfree(k, sb, m);
    m = m_free(k, td, m);
  }
  if (m !== 0) {
    put(k, sb + sb_mb, m);
    put(k, m + m_nextpkt, nextpkt);
  } else {
    put(k, sb + sb_mb, nextpkt);
  }
  SB_EMPTY_FIXUP(k, sb);
}

/** Removes everything. The caller holds the transfer lock too, or knows that nobody transfers: a reader may be copying out of the first mbuf. */
export function sbflush_locked(k: Kernel, td: number, sb: number): void {
  while (get(k, sb + sb_mbcnt) !== 0) {
    // A first record of length 0 has nothing that sbdrop would count; it is taken as a whole.
    if (get(k, sb + sb_cc) === 0) sbdroprecord_locked(k, td, sb);
    else sbdrop_locked(k, td, sb, get(k, sb + sb_cc));
  }
  KASSERT(k, get(k, sb + sb_cc) === 0 && get(k, sb + sb_mb) === 0 && get(k, sb + sb_mbcnt) === 0, PANIC_SBFLUSH, sb);
}

/** Removes the first record. */
export function sbdroprecord_locked(k: Kernel, td: number, sb: number): void {
  const first = get(k, sb + sb_mb);
  if (first === 0) return;
  put(k, sb + sb_mb, get(k, first + m_nextpkt));
  for (let m = first; m !== 0; m = get(k, m + m_next)) sbfree(k, sb, m);
  m_freem(k, td, first);
  SB_EMPTY_FIXUP(k, sb);
}

/** After the front of the buffer has changed: is it empty now, or down to one record? */
export function SB_EMPTY_FIXUP(k: Kernel, sb: number): void {
  const first = get(k, sb + sb_mb);
  if (first === 0) {
    put(k, sb + sb_mbtail, 0);
    put(k, sb + sb_lastrecord, 0);
  } else if (get(k, first + m_nextpkt) === 0) {
    put(k, sb + sb_lastrecord, first);
  }
}

/** For sofree: nobody else can reach the buffer, so no lock is taken. */
export function sbdestroy(k: Kernel, td: number, sb: number): void {
  sbflush_locked(k, td, sb);
  put(k, sb + sb_hiwat, 0);
  put(k, sb + sb_mbmax, 0);
}

/** True if one of the SBS_* bits is set. Without the mutex this is a look that must be repeated. */
export function sbstate(k: Kernel, sb: number, bits: number): boolean {
  return (load(k, sb + sb_state) & bits) !== 0;
}
