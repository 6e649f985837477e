/**
 * WITNESS: every thread keeps a list of the locks it holds, and each acquisition is checked against it. A kernel made
 * without `witness` leaves each of these functions at its first line.
 *
 * 1. A lock is taken only while every lock held has a smaller rank; locks of one class together only where the class allows
 *    it. So no cycle of threads that wait for each other's locks can form.
 * 2. A thread that goes to sleep holds nothing but the interlock and Giant, which it gives back, and sx locks.
 * 3. A system call returns with nothing held.
 */

import {
  h_flags,
  KF_WITNESS,
  LC_GIANT,
  LC_INP,
  LC_PCBINFO,
  LC_SX,
  LC_UNP,
  LC_UNP_LINK,
  lk_class,
  td_locks,
  td_nlocks,
  TD_MAXLOCKS,
} from '../layout.ts';
import { fixed, get, type Kernel, panic, put } from '../memory.ts';
import { PANIC_LOCK_LEAKED, PANIC_LOCK_ORDER, PANIC_NOT_HELD, PANIC_SLEEP_WITH_LOCK, PANIC_TOO_MANY_LOCKS } from '../panic.ts';

/** Before a lock is waited for. `lock` is recorded as held: who does not get it after all calls witness_unlock. */
export function witness_lock(k: Kernel, td: number, lock: number): void {
  if ((fixed(k, h_flags) & KF_WITNESS) === 0) return;
  const rank = get(k, lock + lk_class);
  // Taking a lock again for which this thread need not wait adds no edge to the order.
  if (!mayRecurse(rank) || !holds(k, td, lock)) {
    const held = get(k, td + td_nlocks);
    for (let i = 0; i < held; i++) {
      const otherRank = get(k, get(k, td + td_locks + i) + lk_class);
      // Giant is taken again after a sleep, for which transfer locks may be held; who has Giant never waits for one of these.
      if (rank === LC_GIANT && otherRank === LC_SX) continue;
      if (otherRank > rank || (otherRank === rank && !mayDuplicate(rank))) panic(k, PANIC_LOCK_ORDER, lock);
    }
  }
  push(k, td, lock);
}

/** A lock that was tried for, not waited for: no order to keep, since nobody waits. */
export function witness_trylock(k: Kernel, td: number, lock: number): void {
  if ((fixed(k, h_flags) & KF_WITNESS) === 0) return;
  push(k, td, lock);
}

/** Locks may be given back in any order; the latest acquisition of this lock is struck from the list. */
export function witness_unlock(k: Kernel, td: number, lock: number): void {
  if ((fixed(k, h_flags) & KF_WITNESS) === 0) return;
  const last = get(k, td + td_nlocks) - 1;
  let at = last;
  while (at >= 0 && get(k, td + td_locks + at) !== lock) at--;
  if (at < 0) panic(k, PANIC_NOT_HELD, lock);
  for (let i = at; i < last; i++) put(k, td + td_locks + i, get(k, td + td_locks + i + 1));
  put(k, td + td_nlocks, last);
}

/** Before a sleep that gives back `interlock` (0: none). */
export function witness_sleep(k: Kernel, td: number, interlock: number): void {
  if ((fixed(k, h_flags) & KF_WITNESS) === 0) return;
  const held = get(k, td + td_nlocks);
  for (let i = 0; i < held; i++) {
    const lock = get(k, td + td_locks + i);
    const rank = get(k, lock + lk_class);
    if (lock !== interlock && rank !== LC_SX && rank !== LC_GIANT) panic(k, PANIC_SLEEP_WITH_LOCK, lock);
  }
}

/** At the end of a system call. */
export function witness_none(k: Kernel, td: number): void {
  if ((fixed(k, h_flags) & KF_WITNESS) === 0) return;
  if (get(k, td + td_nlocks) !== 0) panic(k, PANIC_LOCK_LEAKED, get(k, td + td_locks));
}

function holds(k: Kernel, td: number, lock: number): boolean {
  const held = get(k, td + td_nlocks);
  for (let i = 0; i < held; i++) if (get(k, td + td_locks + i) === lock) return true;
  return false;
}

function push(k: Kernel, td: number, lock: number): void {
  const held = get(k, td + td_nlocks);
  if (held >= TD_MAXLOCKS) panic(k, PANIC_TOO_MANY_LOCKS, lock);
  put(k, td + td_locks + held, lock);
  put(k, td + td_nlocks, held + 1);
}

/** The classes whose writer may take the same lock again. */
function mayRecurse(rank: number): boolean {
  return rank === LC_PCBINFO || rank === LC_UNP_LINK || rank === LC_INP;
}

/** The classes of which a thread may hold several locks: two control blocks, never in two orders because an outer lock is held. */
function mayDuplicate(rank: number): boolean {
  return rank === LC_UNP || rank === LC_INP;
}
