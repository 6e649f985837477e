/**
 * An mbuf: a record of up to h_mlen data bytes. Linked by m_next mbufs make up one record (a datagram, or a stretch of a stream);
 * linked by m_nextpkt, on their first mbufs, the records make up a socket buffer. A chain belongs to one owner at a time,
 * and passing the pointer passes the ownership: nothing in here needs a lock but the zone.
 */

import { ENOBUFS } from '../errno.ts';
import {
  h_mlen,
  M_EOR,
  m_flags,
  m_len,
  m_next,
  m_nextpkt,
  m_off,
  m_type,
  MBUF_HEADER,
  MT_DATA,
  mbuf_last,
  mbuf_zone,
  z_link,
} from '../layout.ts';
import { copy, fixed, get, type Kernel, panic, put, zero } from '../memory.ts';
import { PANIC_M_OVERRUN } from '../panic.ts';
import { uiomove_in } from './copy.ts';
import { uma_zalloc_raw, uma_zfree, uma_zfree_last } from './uma.ts';

/** Data areas larger than this are handed out as they are: clearing them would cost as much as the copy that fills them. */
const M_CLEARED = 256;

/**
 * Mbufs larger than this go round: the one that has been free longest is used next. A page that was just read lies in its reader's cache, and a
 * writer on another processor would have to fetch it from there line by line, which takes up to ten times as long as the copy.
 */
const M_BULK = 4096;

/** An empty mbuf, or 0. */
export function m_get(k: Kernel, td: number, type: number): number {
  const m = uma_zalloc_raw(k, td, mbuf_zone);
  if (m === 0) return 0;
  // A small one is cleared as a whole: whoever compares kernels word by word then sees no difference that means nothing.
  zero(k, m + z_link + 1, MBUF_HEADER - 1 + (fixed(k, h_mlen) > M_CLEARED ? 0 : fixed(k, h_mlen) >> 2));
  put(k, m + m_type, type);
  return m;
}

/** Frees one mbuf and returns the next of its record. */
export function m_free(k: Kernel, td: number, m: number): number {
  const next = get(k, m + m_next);
  if (fixed(k, h_mlen) > M_BULK) uma_zfree_last(k, td, mbuf_zone, m, mbuf_last);
  else uma_zfree(k, td, mbuf_zone, m);
  return next;
}

/** Frees one record. 0 is allowed, as for C's free. */
export function m_freem(k: Kernel, td: number, chain: number): void {
  let m = chain;
  while (m !== 0) m = m_free(k, td, m);
}

/** The bytes of a record. */
export function m_length(k: Kernel, chain: number): number {
  let length = 0;
  for (let m = chain; m !== 0; m = get(k, m + m_next)) length += get(k, m + m_len);
  return length;
}

/** Byte index of the first data byte. */
export function mtod(k: Kernel, m: number): number {
  return (m + MBUF_HEADER) * 4 + get(k, m + m_off);
}

/** Bytes that fit behind the data. */
export function M_TRAILINGSPACE(k: Kernel, m: number): number {
  return fixed(k, h_mlen) - get(k, m + m_off) - get(k, m + m_len);
}

/** The last mbuf of a record. */
export function m_last(k: Kernel, chain: number): number {
  let m = chain;
  while (get(k, m + m_next) !== 0) m = get(k, m + m_next);
  return m;
}

/** A record with a copy of `length` bytes, `off` bytes into the chain; 0 if mbufs have run out. `length` must be more than 0. */
export function m_copym(k: Kernel, td: number, chain: number, off: number, length: number): number {
  let m = chain;
  let skip = off;
  while (m !== 0 && skip >= get(k, m + m_len)) {
    skip -= get(k, m + m_len);
    m = get(k, m + m_next);
  }
  let head = 0;
  let tail = 0;
  let left = length;
  while (left > 0) {
    if (m === 0) panic(k, PANIC_M_OVERRUN, chain);
    const from = get(k, m + m_len) - skip;
    if (from <= 0) {
      m = get(k, m + m_next);
      skip = 0;
      continue;
    }
    if (tail === 0 || M_TRAILINGSPACE(k, tail) === 0) {
      const fresh = m_get(k, td, MT_DATA);
      if (fresh === 0) {
        m_freem(k, td, head);
        return 0;
      }
      if (tail === 0) head = fresh;
      else put(k, tail + m_next, fresh);
      tail = fresh;
    }
    let count = M_TRAILINGSPACE(k, tail);
    if (count > from) count = from;
    if (count > left) count = left;
    copy(k, mtod(k, tail) + get(k, tail + m_len), mtod(k, m) + skip, count);
    put(k, tail + m_len, get(k, tail + m_len) + count);
    skip += count;
    left -= count;
  }
  return head;
}

/** Trims `amount` bytes off the head of a record, or, if negative, off its tail. Emptied mbufs stay in the chain. */
export function m_adj(k: Kernel, chain: number, amount: number): void {
  if (amount >= 0) {
    let left = amount;
    for (let m = chain; m !== 0 && left > 0; m = get(k, m + m_next)) {
      let count = get(k, m + m_len);
      if (count > left) count = left;
      put(k, m + m_len, get(k, m + m_len) - count);
      put(k, m + m_off, get(k, m + m_off) + count);
      left -= count;
    }
    return;
  }
  let keep = m_length(k, chain) + amount;
  if (keep < 0) keep = 0;
  for (let m = chain; m !== 0; m = get(k, m + m_next)) {
    if (get(k, m + m_len) > keep) put(k, m + m_len, keep);
    keep -= get(k, m + m_len);
  }
}

/**
 * A record with the next `length` bytes of the thread's transfer (C's m_uiotombuf). Returns the chain, or an errno negated:
 * ENOBUFS if mbufs have run out, EFAULT for a bad user address; then nothing is kept. `length` may be 0: one empty mbuf.
 */
export function m_uiotombuf(k: Kernel, td: number, length: number): number {
  const head = m_get(k, td, MT_DATA);
  if (head === 0) return -ENOBUFS;
  let m = head;
  let left = length;
  for (;;) {
    const size = fixed(k, h_mlen);
    const count = left < size ? left : size;
    const error = uiomove_in(k, td, mtod(k, m), count);
    if (error !== 0) {
      m_freem(k, td, head);
      return -error;
    }
    put(k, m + m_len, count);
    left -= count;
    if (left === 0) return head;
    const fresh = m_get(k, td, MT_DATA);
    if (fresh === 0) {
      m_freem(k, td, head);
      return -ENOBUFS;
    }
    put(k, m + m_next, fresh);
    m = fresh;
  }
}

/** Says that the record ends with this chain: on its last mbuf, so that who has not read that has not seen the end. */
export function m_seteor(k: Kernel, chain: number): void {
  const last = m_last(k, chain);
  put(k, last + m_flags, get(k, last + m_flags) | M_EOR);
}

/** Frees every record of a list. */
export function m_freepkts(k: Kernel, td: number, first: number): void {
  let packet = first;
  while (packet !== 0) {
    const next = get(k, packet + m_nextpkt);
    m_freem(k, td, packet);
    packet = next;
  }
}
