/**
 * Kernel consumers of a socket: who took it with fgetsock holds a reference of the socket itself, not of a file, so the descriptor may
 * be closed meanwhile. (BSD calls this deprecated; it is here because the counts it makes are what the model is about.) A *handle*
 * is the index of a slot that remembers the socket.
 */

import { EBADF, EMFILE } from '../errno.ts';
import { accept_mtx, h_handles, h_nhandles, handle_mtx, sb_mtx, so_rcv, td_retval0 } from '../layout.ts';
import { fixed, get, type Kernel, put } from '../memory.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { fdrop, fget, file_socket } from './file.ts';
import { sorele, soref } from './socket.ts';

/** A slot that is reserved but has no socket yet. */
const RESERVED = -1;

/** Takes a reference to the descriptor's socket; the handle goes to td_retval0. */
export function fgetsock(k: Kernel, td: number, fd: number): number {
  const fp = fget(k, td, fd);
  if (fp < 0) return -fp;
  const handle = handle_reserve(k, td);
  if (handle >= 0) {
    const so = file_socket(k, fp);
    mtx_lock(k, td, so + so_rcv + sb_mtx);
    soref(k, td, so);
    mtx_unlock(k, td, so + so_rcv + sb_mtx);
    handle_set(k, td, handle, so);
    put(k, td + td_retval0, handle);
  }
  fdrop(k, td, fp);
  return handle >= 0 ? 0 : EMFILE;
}

/** Gives the reference back; the socket may be freed. */
export function fputsock(k: Kernel, td: number, handle: number): number {
  if (handle < 0 || handle >= fixed(k, h_nhandles)) return EBADF;
  mtx_lock(k, td, handle_mtx);
  const so = get(k, fixed(k, h_handles) + handle);
  if (so > 0) put(k, fixed(k, h_handles) + handle, 0);
  mtx_unlock(k, td, handle_mtx);
  if (so <= 0) return EBADF;
  mtx_lock(k, td, accept_mtx);
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  sorele(k, td, so);
  return 0;
}

/** The lowest free slot, or -1. */
function handle_reserve(k: Kernel, td: number): number {
  const size = fixed(k, h_nhandles);
  mtx_lock(k, td, handle_mtx);
  let handle = 0;
  while (handle < size && get(k, fixed(k, h_handles) + handle) !== 0) handle++;
  if (handle < size) put(k, fixed(k, h_handles) + handle, RESERVED);
  mtx_unlock(k, td, handle_mtx);
  return handle < size ? handle : -1;
}

function handle_set(k: Kernel, td: number, handle: number, so: number): void {
  mtx_lock(k, td, handle_mtx);
  put(k, fixed(k, h_handles) + handle, so);
  mtx_unlock(k, td, handle_mtx);
}
