/**
 * A mutex: exclusive, not recursive, never held across a sleep (except as the interlock that msleep gives back).
 * One word says everything: 0 free, else the owner's thread pointer, with LK_CONTESTED when somebody sleeps for it.
 *
 *   from                      to                        by
 *   0                         td                        mtx_lock, fast
 *   owner                     owner | CONTESTED         mtx_lock of another thread that is about to sleep
 *   0                         td | CONTESTED            mtx_lock after a sleep: others may still be asleep
 *   td or td | CONTESTED      0                         mtx_unlock, which then wakes one sleeper if CONTESTED was there
 *
 * No wakeup is lost. A sleeper waits only while the word equals `owner | CONTESTED`; comparing and queueing are one step for
 * the futex. The bit disappears only when the word becomes 0, and who does that notifies afterwards: so it comes before the
 * comparison (which then fails) or its notify comes after the queueing (and finds the sleeper). One sleeper is woken at
 * a time; having slept it takes the lock *with* the bit, because it can't know whether others still sleep.
 */

import { h_spin, LK_CONTESTED, lk_class, lk_word, TDF_CANSLEEP, td_flags } from '../layout.ts';
import { compareExchange, exchange, fixed, type Kernel, load, notify, panic, pause, put, store, wait } from '../memory.ts';
import { PANIC_MTX_NOT_OWNED, PANIC_MTX_RECURSED, PANIC_SPIN_TOO_LONG } from '../panic.ts';
import { notify_kept } from './notify.ts';
import { profile_acquired, profile_contended, profile_released } from './profile.ts';
import { witness_lock, witness_unlock } from './witness.ts';

/**
 * How often a thread that can't sleep looks at a held lock before it gives the kernel up, as BSD's spin locks do. A
 * mutex is held for microseconds, but the system may take the processor from its owner: this is a matter of seconds.
 */
export const SPIN_LIMIT = 300000000;

export function mtx_init(k: Kernel, m: number, rank: number): void {
  store(k, m + lk_word, 0);
  put(k, m + lk_class, rank);
}

export function mtx_lock(k: Kernel, td: number, m: number): void {
  witness_lock(k, td, m);
  // Acquires: reads-from the 0 that the last owner's unlock published, so its plain writes are visible from here on.
  if (compareExchange(k, m + lk_word, 0, td) !== 0) mtx_lock_hard(k, td, m);
  profile_acquired(k, td, m);
}

export function mtx_unlock(k: Kernel, td: number, m: number): void {
  witness_unlock(k, td, m);
  profile_released(k, td, m);
  // Releases: publishes everything written under the lock, and learns in the same step whether somebody sleeps.
  const word = exchange(k, m + lk_word, 0);
  if ((word & ~LK_CONTESTED) !== td) panic(k, PANIC_MTX_NOT_OWNED, m);
  if ((word & LK_CONTESTED) !== 0) notify(k, m + lk_word, 1);
}

/** Panics unless the thread holds the mutex. Its own pointer can be in the word only if it put it there. */
export function mtx_assert(k: Kernel, td: number, m: number): void {
  if ((load(k, m + lk_word) & ~LK_CONTESTED) !== td) panic(k, PANIC_MTX_NOT_OWNED, m);
}

function mtx_lock_hard(k: Kernel, td: number, m: number): void {
  profile_contended(k, td, m);
  notify_kept(k, td);
  const canSleep = (load(k, td + td_flags) & TDF_CANSLEEP) !== 0;
  let spins = canSleep ? fixed(k, h_spin) : SPIN_LIMIT;
  let mine = td;
  for (;;) {
    const word = load(k, m + lk_word);
    if (word === 0) {
      if (compareExchange(k, m + lk_word, 0, mine) === 0) return;
    } else if ((word & ~LK_CONTESTED) === td) {
      panic(k, PANIC_MTX_RECURSED, m);
    } else if (spins > 0) {
      // The owner is most likely on another processor and about to leave: looking is cheaper than sleeping.
      spins--;
      pause(k);
    } else if (!canSleep) {
      panic(k, PANIC_SPIN_TOO_LONG, m);
    } else if ((word & LK_CONTESTED) !== 0 || compareExchange(k, m + lk_word, word, word | LK_CONTESTED) === word) {
      wait(k, m + lk_word, word | LK_CONTESTED);
      mine = td | LK_CONTESTED;
      spins = fixed(k, h_spin);
    }
  }
}
