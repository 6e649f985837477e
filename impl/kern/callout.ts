/**
 * A callout: a handler to be run at a tick of the clock. Callouts live inside the records they belong to (a tcpcb has three) and
 * name their handler by number. The wheel holds the pending ones, in lists by the tick modulo the number of slots.
 *
 *   flags             to                by
 *   any               PENDING, ACTIVE   callout_reset
 *   PENDING, ACTIVE   ACTIVE            softclock, which then runs the handler with no lock held
 *   ACTIVE            none              callout_fired, by the handler
 *   any               none              callout_stop
 *
 * 1. A callout is on the wheel if and only if it is PENDING.
 * 2. Callouts fire in the order of their ticks, those of one tick in the order in which they were set.
 * 3. Stopping does not wait: the handler may be on its way and come late, when the callout has been stopped, set again, or its
 *    record has been given to another owner. So a handler takes the locks of the record first and then asks callout_fired:
 *    only ACTIVE without PENDING means that it was meant.
 */

import {
  CALLOUT_2MSL,
  CALLOUT_KEEP,
  CALLOUT_ACTIVE,
  CALLOUT_PENDING,
  CALLOUT_PERSIST,
  CALLOUT_REXMT,
  CALLOUT_SYNCACHE,
  CALLOUT_TIMEWAIT,
  CALLWHEEL_WORDS,
  c_arg,
  c_flags,
  c_func,
  c_next,
  c_time,
  callout_busy,
  callout_mtx,
  callout_tick,
  cw_first,
  h_callwheel,
  h_callwheel_mask,
} from '../netinet/layout.ts';
import { LC_CALLOUT, ticks } from '../layout.ts';
import { fixed, get, type Kernel, load, panic, put } from '../memory.ts';
import { PANIC_CALLOUT_FUNC } from '../netinet/tcp_panic.ts';
import { syncache_timer } from '../netinet/tcp_syncache.ts';
import { tcp_timer_2msl, tcp_timer_keep, tcp_timer_persist, tcp_timer_rexmt } from '../netinet/tcp_timer.ts';
import { tcp_timer_timewait } from '../netinet/tcp_timewait.ts';
import { mtx_init, mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { hardclock } from './clock.ts';
import { TAILQ_INSERT_TAIL, TAILQ_REMOVE } from './queue.ts';

/** At boot. The wheel itself was carved out zeroed. */
export function callwheel_init(k: Kernel): void {
  mtx_init(k, callout_mtx, LC_CALLOUT);
  put(k, callout_tick, load(k, ticks));
}

/** Makes the callout of a new record. Nobody else may know the record. */
export function callout_init(k: Kernel, c: number, func: number, arg: number): void {
  put(k, c + c_func, func);
  put(k, c + c_arg, arg);
  put(k, c + c_flags, 0);
}

/** Sets the callout to fire `after` ticks from now, instead of whenever it was set to. */
export function callout_reset(k: Kernel, td: number, c: number, after: number): void {
  mtx_lock(k, td, callout_mtx);
  if ((get(k, c + c_flags) & CALLOUT_PENDING) !== 0) TAILQ_REMOVE(k, callout_slot(k, get(k, c + c_time)), c, c_next);
  // At least one tick ahead: softclock never looks back.
  const time = (load(k, ticks) + (after < 1 ? 1 : after)) | 0;
  put(k, c + c_time, time);
  put(k, c + c_flags, CALLOUT_PENDING | CALLOUT_ACTIVE);
  TAILQ_INSERT_TAIL(k, callout_slot(k, time), c, c_next);
  mtx_unlock(k, td, callout_mtx);
}

/** The callout is not wanted any more. Its handler may be on its way (3). */
export function callout_stop(k: Kernel, td: number, c: number): void {
  mtx_lock(k, td, callout_mtx);
  if ((get(k, c + c_flags) & CALLOUT_PENDING) !== 0) TAILQ_REMOVE(k, callout_slot(k, get(k, c + c_time)), c, c_next);
  put(k, c + c_flags, 0);
  mtx_unlock(k, td, callout_mtx);
}

/** True if the callout is set and has not fired. */
export function callout_pending(k: Kernel, td: number, c: number): boolean {
  mtx_lock(k, td, callout_mtx);
  const pending = (get(k, c + c_flags) & CALLOUT_PENDING) !== 0;
  mtx_unlock(k, td, callout_mtx);
  return pending;
}

/** For handlers, with the record locked: true, once, if this firing was meant; see (3). */
export function callout_fired(k: Kernel, td: number, c: number): boolean {
  mtx_lock(k, td, callout_mtx);
  const meant = get(k, c + c_flags) === CALLOUT_ACTIVE;
  if (meant) put(k, c + c_flags, 0);
  mtx_unlock(k, td, callout_mtx);
  return meant;
}

/** Runs the callouts that have become due. One thread at a time does: a second one leaves, and the first sees its ticks too. */
export function softclock(k: Kernel, td: number): void {
  mtx_lock(k, td, callout_mtx);
  if (get(k, callout_busy) !== 0) {
    mtx_unlock(k, td, callout_mtx);
    return;
  }
  put(k, callout_busy, 1);
  while (((load(k, ticks) - get(k, callout_tick)) | 0) > 0) {
    const now = (get(k, callout_tick) + 1) | 0;
    put(k, callout_tick, now);
    const slot = callout_slot(k, now);
    let c = get(k, slot + cw_first);
    while (c !== 0) {
      if (get(k, c + c_time) === now) {
        callout_run(k, td, slot, c);
        // The handler may have changed the list; what has fired is gone from it, so looking from the front ends.
        c = get(k, slot + cw_first);
      } else {
        c = get(k, c + c_next);
      }
    }
  }
  put(k, callout_busy, 0);
  mtx_unlock(k, td, callout_mtx);
}

/** Fires a pending callout now, whatever the clock says: for drivers that decide themselves what happens next. 0 if it is not pending. */
export function callout_fire(k: Kernel, td: number, c: number): number {
  mtx_lock(k, td, callout_mtx);
  const pending = (get(k, c + c_flags) & CALLOUT_PENDING) !== 0;
  if (pending) callout_run(k, td, callout_slot(k, get(k, c + c_time)), c);
  mtx_unlock(k, td, callout_mtx);
  return pending ? 1 : 0;
}

/** The pending callout that will fire first, 0 if there is none. */
export function callout_peek(k: Kernel, td: number): number {
  mtx_lock(k, td, callout_mtx);
  let first = 0;
  const end = fixed(k, h_callwheel) + (fixed(k, h_callwheel_mask) + 1) * CALLWHEEL_WORDS;
  for (let slot = fixed(k, h_callwheel); slot < end; slot += CALLWHEEL_WORDS) {
    for (let c = get(k, slot + cw_first); c !== 0; c = get(k, c + c_next)) {
      if (first === 0 || ((get(k, c + c_time) - get(k, first + c_time)) | 0) < 0) first = c;
    }
  }
  mtx_unlock(k, td, callout_mtx);
  return first;
}

/** Ticks until the next callout fires, -1 if none is pending. */
export function callout_next_expiry(k: Kernel, td: number): number {
  const c = callout_peek(k, td);
  if (c === 0) return -1;
  mtx_lock(k, td, callout_mtx);
  const time = get(k, c + c_time);
  mtx_unlock(k, td, callout_mtx);
  return (time - load(k, ticks)) | 0;
}

/** Lets so many ticks pass, one after the other: each runs what is due at it before the next one begins. */
export function callout_advance(k: Kernel, td: number, count: number): void {
  for (let i = 0; i < count; i++) hardclock(k, td);
}

function callout_slot(k: Kernel, time: number): number {
  return fixed(k, h_callwheel) + (time & fixed(k, h_callwheel_mask)) * CALLWHEEL_WORDS;
}

/** Takes a callout off the wheel and runs its handler. callout_mtx is held on entry and on return, not while the handler runs. */
function callout_run(k: Kernel, td: number, slot: number, c: number): void {
  TAILQ_REMOVE(k, slot, c, c_next);
  put(k, c + c_flags, CALLOUT_ACTIVE);
  const func = get(k, c + c_func);
  const arg = get(k, c + c_arg);
  mtx_unlock(k, td, callout_mtx);
  switch (func) {
    case CALLOUT_KEEP:
      tcp_timer_keep(k, td, arg);
      break;
    case CALLOUT_REXMT:
      tcp_timer_rexmt(k, td, arg);
      break;
    case CALLOUT_PERSIST:
      tcp_timer_persist(k, td, arg);
      break;
    case CALLOUT_2MSL:
      tcp_timer_2msl(k, td, arg);
      break;
    case CALLOUT_TIMEWAIT:
      tcp_timer_timewait(k, td, arg);
      break;
    case CALLOUT_SYNCACHE:
      syncache_timer(k, td, arg);
      break;
    default:
      panic(k, PANIC_CALLOUT_FUNC, c);
  }
  mtx_lock(k, td, callout_mtx);
}
