/**
 * An sx lock, of which this system needs the exclusive half: a lock that may be held asleep. Who waits for it sleeps in a
 * sleep queue, whose channel is the lock, and can be interrupted. One word, with the meanings of a mutex.
 *
 *   from                      to                        by
 *   0                         td                        sx_xlock, sx_try_xlock
 *   owner                     owner | CONTESTED         sx_xlock of another thread, in the queue's chain lock, before it enters the queue
 *   0                         td | CONTESTED            sx_xlock after a sleep: others may still be asleep
 *   td or td | CONTESTED      0                         sx_xunlock, which then wakes the first sleeper if CONTESTED was there
 *
 * No wakeup is lost: the bit is set and the queue entered in one hold of the chain's mutex, and wakeup_one takes that mutex
 * after the bit has been seen. A sleeper that was woken either takes the lock (with the bit, so that its own unlock wakes
 * the next) or finds it taken and sets the bit again; so a sleeper that is interrupted leaves nobody behind.
 */

import { EINTR } from '../errno.ts';
import { LK_CONTESTED, lk_class, lk_word, slpq_mtx, TDF_CANSLEEP, td_flags } from '../layout.ts';
import { compareExchange, exchange, type Kernel, load, panic, pause, put, store } from '../memory.ts';
import { PANIC_SPIN_TOO_LONG, PANIC_SX_NOT_OWNED, PANIC_SX_RECURSED } from '../panic.ts';
import { mtx_unlock, SPIN_LIMIT } from './mutex.ts';
import { giant_drop, giant_pickup } from './giant.ts';
import { notify_kept } from './notify.ts';
import { profile_acquired, profile_contended, profile_released } from './profile.ts';
import { sleepq_add, sleepq_block, sleepq_lock, wakeup_one } from './sleepqueue.ts';
import { witness_lock, witness_sleep, witness_trylock, witness_unlock } from './witness.ts';

export function sx_init(k: Kernel, sx: number, rank: number): void {
  store(k, sx + lk_word, 0);
  put(k, sx + lk_class, rank);
}

/** 0, or EINTR if `interruptible` and a signal came first. */
export function sx_xlock(k: Kernel, td: number, sx: number, interruptible: number): number {
  witness_lock(k, td, sx);
  const error = compareExchange(k, sx + lk_word, 0, td) === 0 ? 0 : sx_xlock_hard(k, td, sx, interruptible);
  if (error !== 0) witness_unlock(k, td, sx);
  else profile_acquired(k, td, sx);
  return error;
}

/** 1 if the lock was taken, 0 if somebody has it. */
export function sx_try_xlock(k: Kernel, td: number, sx: number): number {
  if (compareExchange(k, sx + lk_word, 0, td) !== 0) return 0;
  witness_trylock(k, td, sx);
  profile_acquired(k, td, sx);
  return 1;
}

export function sx_xunlock(k: Kernel, td: number, sx: number): void {
  witness_unlock(k, td, sx);
  profile_released(k, td, sx);
  const word = exchange(k, sx + lk_word, 0);
  if ((word & ~LK_CONTESTED) !== td) panic(k, PANIC_SX_NOT_OWNED, sx);
  if ((word & LK_CONTESTED) !== 0) wakeup_one(k, td, sx);
}

function sx_xlock_hard(k: Kernel, td: number, sx: number, interruptible: number): number {
  profile_contended(k, td, sx);
  notify_kept(k, td);
  const canSleep = (load(k, td + td_flags) & TDF_CANSLEEP) !== 0;
  let spins = SPIN_LIMIT;
  let mine = td;
  for (;;) {
    const word = load(k, sx + lk_word);
    if (word === 0) {
      if (compareExchange(k, sx + lk_word, 0, mine) === 0) return 0;
    } else if ((word & ~LK_CONTESTED) === td) {
      panic(k, PANIC_SX_RECURSED, sx);
    } else if (canSleep) {
      const chain = sleepq_lock(k, td, sx);
      if (compareExchange(k, sx + lk_word, word, word | LK_CONTESTED) === word) {
        witness_sleep(k, td, chain + slpq_mtx);
        sleepq_add(k, td, chain, sx, interruptible, 0);
        mtx_unlock(k, td, chain + slpq_mtx);
        const dropped = giant_drop(k, td);
        const ended = sleepq_block(k, td);
        giant_pickup(k, td, dropped);
        if (ended !== 0) return EINTR;
        mine = td | LK_CONTESTED;
      } else {
        mtx_unlock(k, td, chain + slpq_mtx);
      }
    } else if (interruptible !== 0) {
      return EINTR;
    } else {
      spins--;
      if (spins < 0) panic(k, PANIC_SPIN_TOO_LONG, sx);
      // Its owner may be waiting for Giant.
      const dropped = giant_drop(k, td);
      pause(k);
      giant_pickup(k, td, dropped);
    }
  }
}
