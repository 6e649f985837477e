/**
 * SIGIO, as far as threads without signals can have it: a socket with SB_ASYNC counts for its owner, a thread, whenever it wakes somebody. The
 * owner may wait for that count, and takes it. What has happened, and to which of its sockets, it has to ask by other calls.
 *
 * No event is lost: the count is raised under td_selmtx, which the owner holds from its look at it until it is asleep.
 */

import { EWOULDBLOCK } from '../errno.ts';
import { SB_ASYNC, sb_flags, sb_mtx, so_rcv, so_sigio, so_snd, td_retval0, td_selmtx, td_sigio } from '../layout.ts';
import { get, type Kernel, load, put, store } from '../memory.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { msleep, wakeup } from '../sync/sleepqueue.ts';
import { fdrop, fget, file_socket } from './file.ts';

/** Tells the owner of the socket, if it has one. The mutex of one of its buffers is held. */
export function pgsigio(k: Kernel, td: number, so: number): void {
  const owner = load(k, so + so_sigio);
  if (owner === 0) return;
  mtx_lock(k, td, owner + td_selmtx);
  put(k, owner + td_sigio, get(k, owner + td_sigio) + 1);
  wakeup(k, td, owner + td_sigio);
  mtx_unlock(k, td, owner + td_selmtx);
}

/** FIOASYNC. */
export function kern_setasync(k: Kernel, td: number, fd: number, on: number): number {
  const fp = fget(k, td, fd);
  if (fp < 0) return -fp;
  const so = file_socket(k, fp);
  mtx_lock(k, td, so + so_snd + sb_mtx);
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  sb_async(k, so + so_snd, on);
  sb_async(k, so + so_rcv, on);
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  mtx_unlock(k, td, so + so_snd + sb_mtx);
  fdrop(k, td, fp);
  return 0;
}

function sb_async(k: Kernel, sb: number, on: number): void {
  const flags = get(k, sb + sb_flags);
  put(k, sb + sb_flags, on !== 0 ? flags | SB_ASYNC : flags & ~SB_ASYNC);
}

/** FIOSETOWN. */
export function kern_setown(k: Kernel, td: number, fd: number, thread: number): number {
  const fp = fget(k, td, fd);
  if (fp < 0) return -fp;
  store(k, file_socket(k, fp) + so_sigio, thread);
  fdrop(k, td, fp);
  return 0;
}

/** Takes the thread's count, to td_retval0; waits until it is not 0. */
export function kern_sigwait(k: Kernel, td: number, timo: number): number {
  let error = 0;
  mtx_lock(k, td, td + td_selmtx);
  if (get(k, td + td_sigio) === 0 && timo !== 0) error = msleep(k, td, td + td_sigio, td + td_selmtx, 1, timo < 0 ? 0 : timo);
  put(k, td + td_retval0, get(k, td + td_sigio));
  put(k, td + td_sigio, 0);
  mtx_unlock(k, td, td + td_selmtx);
  return error === EWOULDBLOCK ? 0 : error;
}
