/**
 * Who waits for events: a *selinfo* is a list on which threads enter themselves that poll a thing, here one word of a socket buffer; a
 * *selfd* is such an entry. A thread has two for each descriptor of a poll, made with the kernel, so that waiting never runs out of memory.
 *
 *   from      to         by
 *   free      entered    selrecord, by its thread, with the lock held under which the thing changes
 *   entered   free       selwakeup: somebody has changed the thing; or selfdfree, by its thread, which wants to know no more
 *
 * A list has a lock of its own, one of a pool chosen by its address: a thread that leaves a list can't take the lock of the thing, which
 * may be gone. A thing that goes has nobody on its list any more (a descriptor is given up first, which poll.ts sees to).
 *
 * No event is lost. Who enters the list has found nothing to report in the same hold of the lock under which it changes; so whoever changes
 * it later finds the entry. td_selpending is set under td_selmtx, which the thread holds from its look at it until it is asleep.
 */

import {
  h_npoll,
  h_selpool,
  h_sleepq_mask,
  MTX_WORDS,
  SELFD_WORDS,
  sf_mtx,
  sf_next,
  sf_si,
  sf_td,
  td_selfds,
  td_selmtx,
  td_selpending,
} from '../layout.ts';
import { fixed, get, type Kernel, load, put, store } from '../memory.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { msleep, wakeup } from '../sync/sleepqueue.ts';
import { LIST_INSERT_HEAD, LIST_REMOVE } from './queue.ts';

/** The thread's selfd for its descriptor number `index`: one of two. */
export function selfd(k: Kernel, td: number, index: number, which: number): number {
  return fixed(k, td + td_selfds) + (2 * index + which) * SELFD_WORDS;
}

function selmtx(k: Kernel, si: number): number {
  return fixed(k, h_selpool) + ((si ^ (si >>> 7)) & fixed(k, h_sleepq_mask)) * MTX_WORDS;
}

/** Enters a free selfd in the list. The lock of the thing is held. */
export function selrecord(k: Kernel, td: number, si: number, sfp: number): void {
  const mutex = selmtx(k, si);
  put(k, sfp + sf_mtx, mutex);
  mtx_lock(k, td, mutex);
  LIST_INSERT_HEAD(k, si, sfp, sf_next);
  store(k, sfp + sf_si, si);
  mtx_unlock(k, td, mutex);
}

/** Empties the list and wakes everybody who was on it. The lock of the thing is held. */
export function selwakeup(k: Kernel, td: number, si: number): void {
  const mutex = selmtx(k, si);
  mtx_lock(k, td, mutex);
  for (let sfp = get(k, si); sfp !== 0; sfp = get(k, si)) {
    const thread = fixed(k, sfp + sf_td);
    LIST_REMOVE(k, sfp, sf_next);
    // From here on its thread may enter it elsewhere; that it is told once more then does no harm.
    store(k, sfp + sf_si, 0);
    mtx_lock(k, td, thread + td_selmtx);
    put(k, thread + td_selpending, 1);
    wakeup(k, td, thread + td_selpending);
    mtx_unlock(k, td, thread + td_selmtx);
  }
  mtx_unlock(k, td, mutex);
}

/** Takes the thread's own selfd back. True if it was entered and somebody has taken it off: something has happened to the thing. */
export function selfdfree(k: Kernel, td: number, sfp: number): boolean {
  const mutex = get(k, sfp + sf_mtx);
  if (mutex === 0) return false;
  put(k, sfp + sf_mtx, 0);
  if (load(k, sfp + sf_si) === 0) return true;
  mtx_lock(k, td, mutex);
  const fired = load(k, sfp + sf_si) === 0;
  if (!fired) {
    LIST_REMOVE(k, sfp, sf_next);
    store(k, sfp + sf_si, 0);
  }
  mtx_unlock(k, td, mutex);
  return fired;
}

/** The thread forgets what it was told: it is about to look at everything. */
export function seltdinit(k: Kernel, td: number): void {
  mtx_lock(k, td, td + td_selmtx);
  put(k, td + td_selpending, 0);
  mtx_unlock(k, td, td + td_selmtx);
}

/** Sleeps until somebody changes what the thread has entered itself for: 0, EINTR, or EWOULDBLOCK after `timo` ticks (0: never). */
export function seltdwait(k: Kernel, td: number, timo: number): number {
  mtx_lock(k, td, td + td_selmtx);
  const error = get(k, td + td_selpending) !== 0 ? 0 : msleep(k, td, td + td_selpending, td + td_selmtx, 1, timo);
  mtx_unlock(k, td, td + td_selmtx);
  return error;
}

/** Most descriptors that a thread can wait for at once. */
export function selmost(k: Kernel): number {
  return fixed(k, h_npoll);
}
