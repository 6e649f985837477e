/**
 * Giant: one mutex around the whole stack, in a kernel that is made with `giant` (BSD's debug.mpsafenet=0): a system call, a segment and a
 * tick are run with it held, so that only one thread at a time is inside. The fine-grained locks are taken all the same, and are
 * free. In any other kernel each of these functions ends at its first line.
 *
 * It comes before every other lock. A thread that sleeps gives it back and takes it again before anything else (BSD's DROP_GIANT and
 * PICKUP_GIANT); a transfer lock (sx) may be held meanwhile, for which nobody waits with Giant in hand.
 */

import { giant_mtx, h_flags, KF_GIANT, LK_CONTESTED, lk_word } from '../layout.ts';
import { fixed, type Kernel, load } from '../memory.ts';
import { mtx_lock, mtx_unlock } from './mutex.ts';

export function giant_lock(k: Kernel, td: number): void {
  if ((fixed(k, h_flags) & KF_GIANT) !== 0) mtx_lock(k, td, giant_mtx);
}

export function giant_unlock(k: Kernel, td: number): void {
  if ((fixed(k, h_flags) & KF_GIANT) !== 0) mtx_unlock(k, td, giant_mtx);
}

/** Before a sleep: 1 if the thread held it, for `giant_pickup` afterwards. */
export function giant_drop(k: Kernel, td: number): number {
  if ((fixed(k, h_flags) & KF_GIANT) === 0 || (load(k, giant_mtx + lk_word) & ~LK_CONTESTED) !== td) return 0;
  mtx_unlock(k, td, giant_mtx);
  return 1;
}

export function giant_pickup(k: Kernel, td: number, dropped: number): void {
  if (dropped !== 0) mtx_lock(k, td, giant_mtx);
}
