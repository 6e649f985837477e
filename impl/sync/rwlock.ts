/**
 * A reader-writer lock: many readers or one writer; the writer may take it again (F93's pcb and pcbinfo locks do). Never held
 * across a sleep. One word holds the state, a second the writer's depth.
 *
 *   from                  to                          by
 *   0 .. n readers        n + 1 readers               rw_rlock, unless a sleeper waits (writers must not starve)
 *   0                     td | WRITER                 rw_wlock
 *   any held              the same | CONTESTED        who is about to sleep
 *   n readers             n - 1 readers               rw_runlock, keeping CONTESTED
 *   last reader, writer   0                           rw_runlock, rw_wunlock, which then wake all sleepers if CONTESTED was there
 *
 * No wakeup is lost: a sleeper waits while the word is exactly what it saw, with CONTESTED in it. That bit goes only when the
 * word becomes 0, and whoever does that notifies all afterwards. If readers come and go meanwhile the word changes without
 * a notify, but then it is not 0 and still carries the bit, and the last one out notifies. Because new readers stay out while the
 * bit is set, a reader must not take the lock twice.
 */

import { h_spin, LK_CONTESTED, lk_class, lk_word, RW_WRITER, rw_recurse, TDF_CANSLEEP, td_flags } from '../layout.ts';
import { compareExchange, exchange, fixed, get, type Kernel, load, notify, panic, pause, put, store, wait } from '../memory.ts';
import { PANIC_RW_NOT_OWNED, PANIC_RW_READER_WRITES, PANIC_SPIN_TOO_LONG } from '../panic.ts';
import { SPIN_LIMIT } from './mutex.ts';
import { notify_kept } from './notify.ts';
import { profile_acquired, profile_contended, profile_released } from './profile.ts';
import { witness_lock, witness_unlock } from './witness.ts';

const EVERYBODY = 0x7fffffff;

export function rw_init(k: Kernel, rw: number, rank: number): void {
  store(k, rw + lk_word, 0);
  put(k, rw + lk_class, rank);
  put(k, rw + rw_recurse, 0);
}

export function rw_wlock(k: Kernel, td: number, rw: number): void {
  witness_lock(k, td, rw);
  const word = compareExchange(k, rw + lk_word, 0, td | RW_WRITER);
  if (word !== 0) {
    if ((word & ~LK_CONTESTED) === (td | RW_WRITER)) put(k, rw + rw_recurse, get(k, rw + rw_recurse) + 1);
    else rw_wlock_hard(k, td, rw);
  }
  profile_acquired(k, td, rw);
}

export function rw_wunlock(k: Kernel, td: number, rw: number): void {
  witness_unlock(k, td, rw);
  rw_assert_w(k, td, rw);
  profile_released(k, td, rw);
  const depth = get(k, rw + rw_recurse);
  if (depth > 0) {
    put(k, rw + rw_recurse, depth - 1);
    return;
  }
  if ((exchange(k, rw + lk_word, 0) & LK_CONTESTED) !== 0) notify(k, rw + lk_word, EVERYBODY);
}

export function rw_rlock(k: Kernel, td: number, rw: number): void {
  witness_lock(k, td, rw);
  const canSleep = (load(k, td + td_flags) & TDF_CANSLEEP) !== 0;
  let spins = canSleep ? fixed(k, h_spin) : SPIN_LIMIT;
  for (;;) {
    const word = load(k, rw + lk_word);
    if ((word & ~LK_CONTESTED) === (td | RW_WRITER)) panic(k, PANIC_RW_READER_WRITES, rw);
    if ((word & (RW_WRITER | LK_CONTESTED)) === 0) {
      if (compareExchange(k, rw + lk_word, word, word + 1) === word) {
        profile_acquired(k, td, rw);
        return;
      }
    } else if (spins > 0) {
      spins--;
      pause(k);
    } else {
      rw_sleep(k, td, rw, word, canSleep);
      spins = fixed(k, h_spin);
    }
  }
}

export function rw_runlock(k: Kernel, td: number, rw: number): void {
  witness_unlock(k, td, rw);
  profile_released(k, td, rw);
  for (;;) {
    const word = load(k, rw + lk_word);
    if ((word & RW_WRITER) !== 0 || (word & ~LK_CONTESTED) === 0) panic(k, PANIC_RW_NOT_OWNED, rw);
    // The last reader takes the bit away with the count, so that the sleepers find a free lock.
    const next = (word & ~LK_CONTESTED) === 1 ? 0 : word - 1;
    if (compareExchange(k, rw + lk_word, word, next) === word) {
      if (next === 0 && (word & LK_CONTESTED) !== 0) notify(k, rw + lk_word, EVERYBODY);
      return;
    }
  }
}

export function rw_wowned(k: Kernel, td: number, rw: number): boolean {
  return (load(k, rw + lk_word) & ~LK_CONTESTED) === (td | RW_WRITER);
}

export function rw_assert_w(k: Kernel, td: number, rw: number): void {
  if (!rw_wowned(k, td, rw)) panic(k, PANIC_RW_NOT_OWNED, rw);
}

function rw_wlock_hard(k: Kernel, td: number, rw: number): void {
  profile_contended(k, td, rw);
  notify_kept(k, td);
  const canSleep = (load(k, td + td_flags) & TDF_CANSLEEP) !== 0;
  let spins = canSleep ? fixed(k, h_spin) : SPIN_LIMIT;
  for (;;) {
    const word = load(k, rw + lk_word);
    if (word === 0) {
      if (compareExchange(k, rw + lk_word, 0, td | RW_WRITER) === 0) return;
    } else if (spins > 0) {
      spins--;
      pause(k);
    } else {
      rw_sleep(k, td, rw, word, canSleep);
      spins = fixed(k, h_spin);
    }
  }
}

/** Sleeps until the lock becomes free, if it still is as `word` says. */
function rw_sleep(k: Kernel, td: number, rw: number, word: number, canSleep: boolean): void {
  if (!canSleep) panic(k, PANIC_SPIN_TOO_LONG, rw);
  notify_kept(k, td);
  if ((word & LK_CONTESTED) !== 0 || compareExchange(k, rw + lk_word, word, word | LK_CONTESTED) === word)
    wait(k, rw + lk_word, word | LK_CONTESTED);
}
