/**
 * Sleep and wakeup. A *channel* is any address (by convention that of the thing waited for); the threads that sleep on it
 * are in a queue, first come first served, in one of a few chains chosen by hashing the channel.
 *
 *   from       to           by
 *   awake      SLEEPING     msleep, under the chain's mutex; SPINNING in a kernel whose threads look before they sleep
 *   SPINNING   SLEEPING     the thread itself, when it has looked often enough
 *   SLEEPING   WOKEN        wakeup, wakeup_one
 *   SLEEPING   INTERRUPTED  sleepq_interrupt, if the sleep is interruptible
 *   SLEEPING   TIMED_OUT    sleepq_timeouts, called by the clock
 *
 * 1. td_wchan is not 0 exactly while the thread is in the queue of that channel; both change under the chain's mutex.
 * 2. Whoever takes a thread out of the queue stores how the sleep ended in td_wait and then notifies that word. The sleeper
 *    goes to sleep only while the word is SLEEPING, which it wrote itself before it could be found: no wakeup is lost.
 *    A late notify may end a *later* wait early; the sleeper looks at the word again and goes on sleeping. Who finds SPINNING there
 *    need not notify: the thread has not gone to sleep, and will not, because it can't change the word from what it is now.
 * 3. No wakeup is lost between the test and the sleep either: the caller tests its condition under the interlock, and is in the
 *    queue before the interlock is given back; who changes the condition does so under the same lock and calls wakeup after.
 */

import { EINTR, EWOULDBLOCK } from '../errno.ts';
import {
  h_nthreads,
  h_sleep_spin,
  h_sleepq,
  h_sleepq_mask,
  h_threads,
  INTERRUPTED,
  SLEEPING,
  SLEEPQ_WORDS,
  slpq_first,
  slpq_last,
  slpq_mtx,
  SPINNING,
  TDF_CANSLEEP,
  TDF_INTR,
  TDF_INUSE,
  TDF_SINTR,
  THREAD_WORDS,
  TIMED_OUT,
  td_deadline,
  td_doze,
  td_flags,
  td_slpq_next,
  td_slpq_prev,
  td_spin,
  td_timed,
  td_wait,
  td_wchan,
  ticks,
  WOKEN,
} from '../layout.ts';
import { and, compareExchange, exchange, fixed, get, type Kernel, load, or, pause, put, store, wait } from '../memory.ts';
import { mtx_lock, mtx_unlock } from './mutex.ts';
import { giant_drop, giant_pickup } from './giant.ts';
import { notify_kept, notify_thread } from './notify.ts';
import { witness_sleep } from './witness.ts';

/**
 * Sleeps on the channel until woken. The caller holds `interlock` (0: none), which is given back for the time of the sleep.
 * With `interruptible`, a signal ends the sleep with EINTR; after `timo` ticks (0: never) it ends with EWOULDBLOCK. A thread that
 * can't sleep is interrupted at once, whatever the flags say.
 */
export function msleep(k: Kernel, td: number, channel: number, interlock: number, interruptible: number, timo: number): number {
  if ((load(k, td + td_flags) & TDF_CANSLEEP) === 0) return EINTR;
  witness_sleep(k, td, interlock);
  const chain = sleepq_lock(k, td, channel);
  sleepq_add(k, td, chain, channel, interruptible, timo);
  mtx_unlock(k, td, chain + slpq_mtx);
  if (interlock !== 0) mtx_unlock(k, td, interlock);
  const dropped = giant_drop(k, td);
  const error = sleepq_block(k, td);
  giant_pickup(k, td, dropped);
  if (interlock !== 0) mtx_lock(k, td, interlock);
  return error;
}

/** Wakes every thread that sleeps on the channel. */
export function wakeup(k: Kernel, td: number, channel: number): void {
  const chain = sleepq_lock(k, td, channel);
  let sleeper = get(k, chain + slpq_first);
  while (sleeper !== 0) {
    const next = get(k, sleeper + td_slpq_next);
    if (load(k, sleeper + td_wchan) === channel) sleepq_resume(k, td, chain, sleeper, WOKEN);
    sleeper = next;
  }
  mtx_unlock(k, td, chain + slpq_mtx);
}

/** Wakes the thread that has slept on the channel longest. */
export function wakeup_one(k: Kernel, td: number, channel: number): void {
  const chain = sleepq_lock(k, td, channel);
  let sleeper = get(k, chain + slpq_first);
  while (sleeper !== 0 && load(k, sleeper + td_wchan) !== channel) sleeper = get(k, sleeper + td_slpq_next);
  if (sleeper !== 0) sleepq_resume(k, td, chain, sleeper, WOKEN);
  mtx_unlock(k, td, chain + slpq_mtx);
}

/**
 * A signal for the thread: its interruptible sleep, the present or else the next one, ends with EINTR. Not lost: the flag is
 * set before the channel is read here, and a sleeper enters its channel before it reads the flag.
 */
export function sleepq_interrupt(k: Kernel, td: number, thread: number): void {
  let flags = load(k, thread + td_flags);
  // A record that is given back, perhaps at this moment, must stay 0, or nobody could claim it again.
  while ((flags & TDF_INUSE) !== 0 && compareExchange(k, thread + td_flags, flags, flags | TDF_INTR) !== flags)
    flags = load(k, thread + td_flags);
  if ((flags & TDF_INUSE) === 0) return;
  for (;;) {
    const channel = load(k, thread + td_wchan);
    if (channel === 0) return;
    const chain = sleepq_lock(k, td, channel);
    const found = load(k, thread + td_wchan) === channel;
    if (found && (load(k, thread + td_flags) & TDF_SINTR) !== 0) sleepq_resume(k, td, chain, thread, INTERRUPTED);
    mtx_unlock(k, td, chain + slpq_mtx);
    if (found) return;
  }
}

/** Ends the sleeps whose time is up. Called once a tick. */
export function sleepq_timeouts(k: Kernel, td: number): void {
  const end = fixed(k, h_threads) + fixed(k, h_nthreads) * THREAD_WORDS;
  for (let thread = fixed(k, h_threads); thread < end; thread += THREAD_WORDS) {
    if (load(k, thread + td_timed) === 0) continue;
    const channel = load(k, thread + td_wchan);
    if (channel === 0) continue;
    const chain = sleepq_lock(k, td, channel);
    // It may have been woken, and even gone to sleep elsewhere, before the chain was locked: a new sleep has its own deadline.
    if (
      load(k, thread + td_wchan) === channel &&
      load(k, thread + td_timed) === 1 &&
      ((load(k, ticks) - load(k, thread + td_deadline)) | 0) >= 0
    ) {
      sleepq_resume(k, td, chain, thread, TIMED_OUT);
    }
    mtx_unlock(k, td, chain + slpq_mtx);
  }
}

/** Locks the chain of the channel and returns it. */
export function sleepq_lock(k: Kernel, td: number, channel: number): number {
  const chain = fixed(k, h_sleepq) + ((channel ^ (channel >>> 7)) & fixed(k, h_sleepq_mask)) * SLEEPQ_WORDS;
  mtx_lock(k, td, chain + slpq_mtx);
  return chain;
}

/** Enters the thread in the channel's queue. The chain is locked. If a signal is pending the sleep is over before it begins. */
export function sleepq_add(k: Kernel, td: number, chain: number, channel: number, interruptible: number, timo: number): void {
  store(k, td + td_wait, fixed(k, h_sleep_spin) === 0 ? SLEEPING : SPINNING);
  const last = get(k, chain + slpq_last);
  put(k, td + td_slpq_next, 0);
  put(k, td + td_slpq_prev, last);
  if (last === 0) put(k, chain + slpq_first, td);
  else put(k, last + td_slpq_next, td);
  put(k, chain + slpq_last, td);
  if (timo > 0) {
    store(k, td + td_deadline, (load(k, ticks) + timo) | 0);
    store(k, td + td_timed, 1);
  }
  if (interruptible !== 0) or(k, td + td_flags, TDF_SINTR);
  // From here on sleepq_interrupt finds the thread. The flag is read after that: of a signal that comes now either it, or we, take note.
  store(k, td + td_wchan, channel);
  if (interruptible !== 0 && (load(k, td + td_flags) & TDF_INTR) !== 0) sleepq_resume(k, td, chain, td, INTERRUPTED);
}

/** Waits until somebody ends the sleep; returns 0, EINTR or EWOULDBLOCK. No lock is held. */
export function sleepq_block(k: Kernel, td: number): number {
  notify_kept(k, td);
  let how = load(k, td + td_wait);
  if (how === SPINNING) how = sleepq_spin(k, td);
  while (how === SLEEPING) {
    wait(k, td + td_wait, SLEEPING);
    how = load(k, td + td_wait);
  }
  if (how === TIMED_OUT) return EWOULDBLOCK;
  if (how !== INTERRUPTED) return 0;
  and(k, td + td_flags, ~TDF_INTR);
  return EINTR;
}

/** At most so many sleeps go by before a thread looks again whether looking pays. */
const DOZE_MOST = 31;

/**
 * Looks for a while whether somebody ends the sleep, which costs less than to go to sleep and be woken if it happens soon; returns what the
 * word says then. Adaptive, as BSD's locks are: a time that was in vain makes the thread sleep at once for a while, twice as long each time, and
 * one that was not halves that. It is never less patient, only more seldom so: two threads that wait for each other have to be patient
 * long enough for the other's way out of its sleep, or neither would ever learn that the other could be awake.
 */
function sleepq_spin(k: Kernel, td: number): number {
  const rest = get(k, td + td_spin);
  const doze = get(k, td + td_doze);
  if (rest > 0) {
    put(k, td + td_spin, rest - 1);
  } else {
    for (let looks = fixed(k, h_sleep_spin); looks > 0; looks--) {
      const how = load(k, td + td_wait);
      if (how !== SPINNING) {
        put(k, td + td_doze, doze >> 1);
        return how;
      }
      pause(k);
    }
    const more = doze < DOZE_MOST ? 2 * doze + 1 : DOZE_MOST;
    put(k, td + td_doze, more);
    put(k, td + td_spin, more);
  }
  const how = compareExchange(k, td + td_wait, SPINNING, SLEEPING);
  return how === SPINNING ? SLEEPING : how;
}

/** Takes a thread out of its queue and ends its sleep. The chain is locked. */
function sleepq_resume(k: Kernel, td: number, chain: number, thread: number, how: number): void {
  const next = get(k, thread + td_slpq_next);
  const prev = get(k, thread + td_slpq_prev);
  if (next === 0) put(k, chain + slpq_last, prev);
  else put(k, next + td_slpq_prev, prev);
  if (prev === 0) put(k, chain + slpq_first, next);
  else put(k, prev + td_slpq_next, next);
  store(k, thread + td_timed, 0);
  and(k, thread + td_flags, ~TDF_SINTR);
  store(k, thread + td_wchan, 0);
  // Publishes the end of the sleep; the sleeper can't miss it, because it waits only while the word is SLEEPING.
  if (exchange(k, thread + td_wait, how) === SLEEPING) notify_thread(k, td, thread);
}
