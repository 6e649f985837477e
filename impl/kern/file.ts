/**
 * Descriptors and files. A descriptor is a slot of one table; it leads to a file; a file holds a socket and a count of the
 * descriptors that lead to it plus the calls that are using it. The last reference dropped closes the socket: so a socket is
 * valid during every call that got it through fget, without a socket reference of its own.
 *
 *   from            to              by
 *   free            reserved        fdalloc: the lowest free one; the slot stays 0, so nobody can use it yet
 *   reserved        open            finstall
 *   reserved, open  free            fdunused, fdclose
 *
 * fget takes no lock. It reads the slot, raises the file's count unless that is 0, and reads the slot again: if the slot still
 * leads to that file, the file was installed at that moment and now can't go away. If not, the count it raised may be of a file
 * that has meanwhile become another one; it is dropped again, as any reference would be. That needs files to stay files (zones
 * are type-stable) and a count that never rises from 0.
 */

import { EBADF, EMFILE, ENFILE } from '../errno.ts';
import { f_count, f_data, file_zone, filedesc_mtx, h_fd_freefile, h_fd_map, h_fd_table, h_nfiles } from '../layout.ts';
import { add, compareExchange, exchange, fixed, get, type Kernel, load, put, store } from '../memory.ts';
import { PANIC_FD_NOT_RESERVED, PANIC_FILE_COUNT } from '../panic.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { soclose } from './close.ts';
import { KASSERT } from './kassert.ts';
import { uma_zalloc_raw, uma_zfree } from './uma.ts';

/** A reference to the file of an open descriptor, or an errno negated. */
export function fget(k: Kernel, td: number, fd: number): number {
  if (fd < 0 || fd >= fixed(k, h_nfiles)) return -EBADF;
  const slot = fixed(k, h_fd_table) + fd;
  for (;;) {
    const fp = load(k, slot);
    if (fp === 0) return -EBADF;
    const count = load(k, fp + f_count);
    if (count === 0 || compareExchange(k, fp + f_count, count, count + 1) !== count) continue;
    if (load(k, slot) === fp) return fp;
    fdrop(k, td, fp);
  }
}

/** The socket of a file to which the caller has a reference. */
export function file_socket(k: Kernel, fp: number): number {
  return get(k, fp + f_data);
}

/** Drops a reference. The last one closes the socket; the answer is then soclose's, otherwise 0. */
export function fdrop(k: Kernel, td: number, fp: number): number {
  const count = add(k, fp + f_count, -1);
  KASSERT(k, count > 0, PANIC_FILE_COUNT, fp);
  if (count > 1) return 0;
  const so = get(k, fp + f_data);
  put(k, fp + f_data, 0);
  // A file that never got its socket closes nothing.
  const error = so === 0 ? 0 : soclose(k, td, so);
  uma_zfree(k, td, file_zone, fp);
  return error;
}

/** A file with one reference and no socket, or an errno negated. */
export function falloc(k: Kernel, td: number): number {
  const fp = uma_zalloc_raw(k, td, file_zone);
  if (fp === 0) return -ENFILE;
  put(k, fp + f_data, 0);
  // Publishes the empty f_data: an fget that is late with its second look may raise this count, and drop it last.
  store(k, fp + f_count, 1);
  return fp;
}

/** Gives the file its socket, and with it the duty to close it. */
export function finit(k: Kernel, fp: number, so: number): void {
  put(k, fp + f_data, so);
}

/** Reserves the lowest free descriptor, or returns an errno negated. */
export function fdalloc(k: Kernel, td: number): number {
  mtx_lock(k, td, filedesc_mtx);
  const fd = fd_first_free(k);
  if (fd >= 0) {
    const word = fixed(k, h_fd_map) + (fd >> 5);
    put(k, word, get(k, word) | (1 << (fd & 31)));
    put(k, h_fd_freefile, fd + 1);
  }
  mtx_unlock(k, td, filedesc_mtx);
  return fd < 0 ? -EMFILE : fd;
}

/** Gives a reserved descriptor back. */
export function fdunused(k: Kernel, td: number, fd: number): void {
  mtx_lock(k, td, filedesc_mtx);
  const word = fixed(k, h_fd_map) + (fd >> 5);
  KASSERT(k, (get(k, word) & (1 << (fd & 31))) !== 0, PANIC_FD_NOT_RESERVED, fd);
  put(k, word, get(k, word) & ~(1 << (fd & 31)));
  if (fd < get(k, h_fd_freefile)) put(k, h_fd_freefile, fd);
  mtx_unlock(k, td, filedesc_mtx);
}

/** Opens a reserved descriptor: the caller's reference to the file becomes the descriptor's. Publishes the file to fget. */
export function finstall(k: Kernel, fd: number, fp: number): void {
  store(k, fixed(k, h_fd_table) + fd, fp);
}

/** Frees the descriptor and returns its file, whose reference is now the caller's; or an errno negated. Of two that close one descriptor one gets EBADF. */
export function fdclose(k: Kernel, td: number, fd: number): number {
  if (fd < 0 || fd >= fixed(k, h_nfiles)) return -EBADF;
  const fp = exchange(k, fixed(k, h_fd_table) + fd, 0);
  if (fp === 0) return -EBADF;
  fdunused(k, td, fd);
  return fp;
}

/** The lowest descriptor whose bit is clear, or -1. */
function fd_first_free(k: Kernel): number {
  const size = fixed(k, h_nfiles);
  let fd = get(k, h_fd_freefile);
  while (fd < size) {
    const word = get(k, fixed(k, h_fd_map) + (fd >> 5));
    if (word === -1) fd = (fd | 31) + 1;
    else if ((word & (1 << (fd & 31))) !== 0) fd++;
    else return fd;
  }
  return -1;
}
