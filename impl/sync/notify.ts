/**
 * Notifying later. Who wakes a sleeper inside a system call mostly holds locks that the sleeper takes first of all; on a busy machine the
 * woken thread takes the waker's processor, finds the lock held, and sleeps again. So in a kernel whose threads look before they sleep
 * (h_sleep_spin) a thread in a system call keeps the notify back until the call returns or the thread itself has to wait for anything.
 *
 * td_notify: -1 not in a system call, notify at once; 0 nothing is kept back; else the thread that is to be notified, of which there is never
 * more than one. The sleep itself has ended before: a sleeper that still looks goes on at once.
 *
 * No wakeup is lost: whoever waits for a lock, or sleeps, notifies first, and so does the end of the call. Late notifies do no harm.
 */

import { h_sleep_spin, td_notify, td_wait } from '../layout.ts';
import { fixed, get, type Kernel, notify, put } from '../memory.ts';

/** The thread has been taken out of its queue while it slept in the futex. */
export function notify_thread(k: Kernel, td: number, thread: number): void {
  if (fixed(k, h_sleep_spin) === 0 || get(k, td + td_notify) < 0) {
    notify(k, thread + td_wait, 1);
    return;
  }
  notify_kept(k, td);
  put(k, td + td_notify, thread);
}

/** Before the thread waits for anything. */
export function notify_kept(k: Kernel, td: number): void {
  if (fixed(k, h_sleep_spin) === 0) return;
  const thread = get(k, td + td_notify);
  if (thread <= 0) return;
  put(k, td + td_notify, 0);
  notify(k, thread + td_wait, 1);
}

/** At the beginning of a system call. */
export function notify_begin(k: Kernel, td: number): void {
  if (fixed(k, h_sleep_spin) !== 0) put(k, td + td_notify, 0);
}

/** At its end. */
export function notify_end(k: Kernel, td: number): void {
  if (fixed(k, h_sleep_spin) === 0) return;
  notify_kept(k, td);
  put(k, td + td_notify, -1);
}
