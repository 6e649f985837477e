/**
 * netisr: segments handed from whoever carries the wire to threads that process them, so that several processors work and the order of every
 * connection is kept. There are as many *workstreams* as the kernel was made for; a hash of both addresses and ports says which one a
 * segment belongs to, whatever its protocol, so all that comes from one end of a connection to the other is in one of them, and also what ICMP says
 * about it. A thread in netisr_run owns one workstream.
 *
 *   from                 to                    by
 *   list to this host    workstreams           netisr_carry: the whole list in one hold of the wire's mutex, to each workstream one chain in one hold of its own
 *   workstream           protocol input        netisr_poll, by its owner: the whole queue in one hold
 *   list to this host    protocol input        netisr_carry, where the workstream has no owner (and wire_deliver: direct dispatch, for those who want no netisr)
 *
 * 1. One thread at a time carries (netisr_carrier), and owners come and go only while nobody does: of two segments of a workstream the older one is
 *    processed first.
 * 2. No lock is held while a segment is processed.
 * 3. No wakeup is lost: who finds nothing to do looks at the wire and at its queue with the wire's mutex held, and counts itself as a sleeper
 *    in the same hold; who carries fills the queues first, and then takes that mutex to see whether somebody sleeps.
 */

import { ENOBUFS } from '../errno.ts';
import { LC_NETISR } from '../layout.ts';
import { fixed, get, type Kernel, load, pause, put, store } from '../memory.ts';
import { hardclock } from '../kern/clock.ts';
import {
  h_netisr,
  h_nnetisr,
  NWS_WORDS,
  netisr_carrier,
  nws_count,
  nws_first,
  nws_last,
  nws_mtx,
  nws_owner,
  wire_count,
  wire_due,
  wire_first,
  wire_last,
  wire_mtx,
  wire_sleepers,
  wire_stopped,
  ws_dport,
  ws_dst,
  ws_next,
  ws_sport,
  ws_src,
} from '../netinet/layout.ts';
import { giant_lock, giant_unlock } from '../sync/giant.ts';
import { notify_begin, notify_end } from '../sync/notify.ts';
import { mtx_init, mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { msleep, wakeup } from '../sync/sleepqueue.ts';
import { wire_input } from './wire.ts';

/** At boot. */
export function netisr_init(k: Kernel): void {
  for (let stream = 0; stream < fixed(k, h_nnetisr); stream++) mtx_init(k, netisr_stream(k, stream) + nws_mtx, LC_NETISR);
}

/** The workstream of this number. */
export function netisr_stream(k: Kernel, stream: number): number {
  return fixed(k, h_netisr) + stream * NWS_WORDS;
}

/** The workstream that a segment belongs to. */
export function netisr_select(k: Kernel, th: number): number {
  const sport = get(k, th + ws_sport);
  const dport = get(k, th + ws_dport);
  const mixed = get(k, th + ws_src) ^ (get(k, th + ws_dst) << 1) ^ sport ^ (sport >> 5) ^ (dport << 2) ^ (dport >> 3);
  return netisr_stream(k, ((mixed ^ (mixed >> 6)) & 0xffff) % fixed(k, h_nnetisr));
}

/** Hands everything that is on the wire to the workstreams. How many segments; 0 if there are none, or somebody else is at it. */
export function netisr_carry(k: Kernel, td: number): number {
  mtx_lock(k, td, wire_mtx);
  let left = get(k, netisr_carrier) === 0 ? get(k, wire_first) : 0;
  if (left !== 0) {
    put(k, netisr_carrier, td);
    put(k, wire_first, 0);
    put(k, wire_last, 0);
    put(k, wire_count, 0);
  }
  mtx_unlock(k, td, wire_mtx);
  if (left === 0) return 0;
  let carried = 0;
  while (left !== 0) {
    // All of the oldest segment's workstream, in their order; and all others, in theirs.
    const nws = netisr_select(k, left);
    let first = 0;
    let last = 0;
    let rest = 0;
    let restLast = 0;
    let count = 0;
    for (let th = left; th !== 0; th = get(k, th + ws_next)) {
      if (netisr_select(k, th) === nws) {
        if (last === 0) first = th;
        else put(k, last + ws_next, th);
        last = th;
        count++;
      } else {
        if (restLast === 0) rest = th;
        else put(k, restLast + ws_next, th);
        restLast = th;
      }
    }
    put(k, last + ws_next, 0);
    if (restLast !== 0) put(k, restLast + ws_next, 0);
    if (load(k, nws + nws_owner) !== 0) netisr_append(k, td, nws, first, last, count);
    else netisr_process(k, td, first);
    carried += count;
    left = rest;
  }
  netisr_leave(k, td);
  return carried;
}

/** Processes everything that is in the workstream, which the thread owns. How many segments. */
export function netisr_poll(k: Kernel, td: number, nws: number): number {
  if (load(k, nws + nws_count) === 0) return 0;
  mtx_lock(k, td, nws + nws_mtx);
  const first = get(k, nws + nws_first);
  const count = load(k, nws + nws_count);
  put(k, nws + nws_first, 0);
  put(k, nws + nws_last, 0);
  store(k, nws + nws_count, 0);
  mtx_unlock(k, td, nws + nws_mtx);
  netisr_process(k, td, first);
  return count;
}

/** Sleeps until there may be something to do for the owner of the workstream; at most so many ticks (0: for ever). */
export function netisr_wait(k: Kernel, td: number, nws: number, timo: number): number {
  let error = 0;
  mtx_lock(k, td, wire_mtx);
  const carry = get(k, wire_first) !== 0 && get(k, netisr_carrier) === 0;
  if (!carry && load(k, nws + nws_count) === 0 && get(k, wire_due) === 0 && get(k, wire_stopped) === 0) error = netisr_sleep(k, td, timo);
  mtx_unlock(k, td, wire_mtx);
  return error;
}

/** Owns a free workstream and does its work, the wire's and the clock's until wire_stop. 0; ENOBUFS if all are owned; EINTR if interrupted. */
export function netisr_run(k: Kernel, td: number): number {
  const nws = netisr_claim(k, td);
  if (nws === 0) return ENOBUFS;
  let error = 0;
  let stop = false;
  while (error === 0 && !stop) {
    mtx_lock(k, td, wire_mtx);
    stop = get(k, wire_stopped) !== 0;
    const due = get(k, wire_due);
    if (!stop && due > 0) put(k, wire_due, due - 1);
    mtx_unlock(k, td, wire_mtx);
    if (!stop && due > 0) {
      giant_lock(k, td);
      hardclock(k, td);
      giant_unlock(k, td);
    } else if (!stop && netisr_poll(k, td, nws) === 0 && netisr_carry(k, td) === 0) {
      error = netisr_wait(k, td, nws, 0);
    }
  }
  netisr_release(k, td, nws);
  return error;
}

/** Makes the thread the owner of a workstream that has none; 0 if there is no such. */
export function netisr_claim(k: Kernel, td: number): number {
  netisr_enter(k, td);
  let nws = 0;
  for (let stream = 0; nws === 0 && stream < fixed(k, h_nnetisr); stream++)
    if (load(k, netisr_stream(k, stream) + nws_owner) === 0) nws = netisr_stream(k, stream);
  if (nws !== 0) store(k, nws + nws_owner, td);
  netisr_leave(k, td);
  return nws;
}

/** Gives the workstream back, with nothing in it. */
export function netisr_release(k: Kernel, td: number, nws: number): void {
  netisr_enter(k, td);
  netisr_poll(k, td, nws);
  store(k, nws + nws_owner, 0);
  netisr_leave(k, td);
}

/** Waits until nobody carries, and keeps it so. */
function netisr_enter(k: Kernel, td: number): void {
  mtx_lock(k, td, wire_mtx);
  while (get(k, netisr_carrier) !== 0) {
    if (netisr_sleep(k, td, 0) === 0) continue;
    // A thread that can't sleep, or was interrupted, looks again and again.
    mtx_unlock(k, td, wire_mtx);
    pause(k);
    mtx_lock(k, td, wire_mtx);
  }
  put(k, netisr_carrier, td);
  mtx_unlock(k, td, wire_mtx);
}

function netisr_leave(k: Kernel, td: number): void {
  mtx_lock(k, td, wire_mtx);
  put(k, netisr_carrier, 0);
  const wake = get(k, wire_sleepers) !== 0;
  mtx_unlock(k, td, wire_mtx);
  if (wake) wakeup(k, td, wire_count);
}

/** On the channel of all who carry. The wire's mutex is held before and after. */
function netisr_sleep(k: Kernel, td: number, timo: number): number {
  put(k, wire_sleepers, get(k, wire_sleepers) + 1);
  const error = msleep(k, td, wire_count, wire_mtx, 1, timo);
  put(k, wire_sleepers, get(k, wire_sleepers) - 1);
  return error;
}

function netisr_append(k: Kernel, td: number, nws: number, first: number, last: number, count: number): void {
  mtx_lock(k, td, nws + nws_mtx);
  const tail = get(k, nws + nws_last);
  if (tail === 0) put(k, nws + nws_first, first);
  else put(k, tail + ws_next, first);
  put(k, nws + nws_last, last);
  store(k, nws + nws_count, load(k, nws + nws_count) + count);
  mtx_unlock(k, td, nws + nws_mtx);
}

/** One segment after the other. */
function netisr_process(k: Kernel, td: number, first: number): void {
  let th = first;
  while (th !== 0) {
    const next = get(k, th + ws_next);
    notify_begin(k, td);
    giant_lock(k, td);
    wire_input(k, td, th);
    giant_unlock(k, td);
    notify_end(k, td);
    th = next;
  }
}
