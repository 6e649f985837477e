/**
 * A zone: a fixed table of equal records, with a free list. Out of records is an answer (0), never a panic. Records are
 * type-stable: a record of one zone is never anything else, so a pointer to a freed socket still points at a socket's words.
 *
 * 1. uz_inuse is the number of records whose first word is Z_ALLOCATED; all others are on the free list exactly once.
 * 2. uma_zalloc hands out a record with every word 0 but the first.
 */

import { h_fail, STAT_NORECORD, uz_base, uz_count, uz_free, uz_inuse, uz_mtx, uz_peak, uz_size, Z_ALLOCATED, z_link } from '../layout.ts';
import { compareExchange, fixed, get, type Kernel, load, panic, put, zero } from '../memory.ts';
import { PANIC_DOUBLE_FREE, PANIC_FREE_FOREIGN } from '../panic.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { KASSERT } from './kassert.ts';
import { stat_add } from './stat.ts';

/** A zeroed record, or 0 if there is none. Never sleeps. */
export function uma_zalloc(k: Kernel, td: number, zone: number): number {
  const record = uma_zalloc_raw(k, td, zone);
  // Nobody else has the pointer, so the record can be cleared without the lock.
  if (record !== 0) zero(k, record + z_link + 1, fixed(k, zone + uz_size) - 1);
  return record;
}

/** A record as its last owner left it, or 0 if there is none: for records at whose words others may look even while they are free. */
export function uma_zalloc_raw(k: Kernel, td: number, zone: number): number {
  if (uma_inject(k)) {
    stat_add(k, td, STAT_NORECORD, 1);
    return 0;
  }
  mtx_lock(k, td, zone + uz_mtx);
  const record = get(k, zone + uz_free);
  if (record !== 0) {
    put(k, zone + uz_free, get(k, record + z_link));
    const inuse = get(k, zone + uz_inuse) + 1;
    put(k, zone + uz_inuse, inuse);
    if (inuse > get(k, zone + uz_peak)) put(k, zone + uz_peak, inuse);
    put(k, record + z_link, Z_ALLOCATED);
  }
  mtx_unlock(k, td, zone + uz_mtx);
  if (record === 0) stat_add(k, td, STAT_NORECORD, 1);
  return record;
}

export function uma_zfree(k: Kernel, td: number, zone: number, record: number): void {
  uma_free_lock(k, td, zone, record);
  put(k, record + z_link, get(k, zone + uz_free));
  put(k, zone + uz_free, record);
  mtx_unlock(k, td, zone + uz_mtx);
}

/** The same, but the record is handed out after all that are free now. `last` is the word that leads to the last of these, if there is one. */
export function uma_zfree_last(k: Kernel, td: number, zone: number, record: number, last: number): void {
  uma_free_lock(k, td, zone, record);
  put(k, record + z_link, 0);
  if (get(k, zone + uz_free) === 0) put(k, zone + uz_free, record);
  else put(k, get(k, last) + z_link, record);
  put(k, last, record);
  mtx_unlock(k, td, zone + uz_mtx);
}

/** Takes the zone's mutex and counts the record out. */
function uma_free_lock(k: Kernel, td: number, zone: number, record: number): void {
  const offset = record - fixed(k, zone + uz_base);
  const size = fixed(k, zone + uz_size);
  KASSERT(k, offset >= 0 && offset < fixed(k, zone + uz_count) * size && offset % size === 0, PANIC_FREE_FOREIGN, record);
  mtx_lock(k, td, zone + uz_mtx);
  if (get(k, record + z_link) !== Z_ALLOCATED) panic(k, PANIC_DOUBLE_FREE, record);
  put(k, zone + uz_inuse, get(k, zone + uz_inuse) - 1);
}

/** Records in use, as of now. */
export function uma_inuse(k: Kernel, td: number, zone: number): number {
  mtx_lock(k, td, zone + uz_mtx);
  const inuse = get(k, zone + uz_inuse);
  mtx_unlock(k, td, zone + uz_mtx);
  return inuse;
}

/** Fault injection: true for the one allocation that was to fail. */
function uma_inject(k: Kernel): boolean {
  for (;;) {
    const left = load(k, h_fail);
    if (left === 0) return false;
    if (compareExchange(k, h_fail, left, left - 1) === left) return left === 1;
  }
}
