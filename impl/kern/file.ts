/**
 * Descriptors and files. A descriptor is a slot of one table; it leads to a file; a file holds a socket and a count of the
 * descriptors that lead to it plus the calls that are using it. The last reference dropped closes the socket: so a socket is
 * valid during every call that got it through fget, without a socket reference of its own.
 *
 *   from            to              by
 *   free            reserved        fdalloc: the lowest free one; the slot stays 0, so nobody can use it yet
 *   reserved        open            finstall; fddup does both
 *   reserved, open  free            fdunused, fdclose
 *
 * fget takes no lock. It reads the slot, keeps the record with F_LOOKUP unless nobody refers to the file any more, and reads the slot
 * again: if the slot still leads to that file, the file was installed at that moment, and F_LOOKUP turns into a reference unless
 * the last of the others has gone meanwhile. If not, the record that it keeps may be of a file that has become another one; it
 * lets go of it, and nobody but the allocator can tell. (F93 takes a reference at once, and a lookup that comes too late may find itself
 * with the last one: then a close returns, and somebody else, whose call will fail, closes the socket some time later.)
 *
 * 1. References never rise from 0 but by falloc. Who drops the last one closes the socket, and keeps the record until that is done.
 * 2. Who brings f_count to 0 gives the record back.
 * 3. While a right to the file lies in a buffer (F_FLYING), whoever drops one of its references looks whether such rights are all that
 *    is left, and then the collector is asked: nobody else may ever learn of it. A lookup that comes to nothing asks, too: while it was there
 *    the collector took the file for one that somebody can reach.
 */

import { EBADF, EMFILE, ENFILE, ENOTSOCK } from '../errno.ts';
import {
  DTYPE_SOCKET,
  F_FLYING,
  F_LOOKUP,
  F_REFERENCES,
  f_count,
  f_data,
  f_type,
  f_watched,
  file_zone,
  filedesc_mtx,
  h_fd_freefile,
  h_fd_map,
  h_fd_table,
  h_nfiles,
} from '../layout.ts';
import { add, compareExchange, exchange, fixed, get, type Kernel, load, put, store } from '../memory.ts';
import { PANIC_FD_NOT_RESERVED, PANIC_FILE_COUNT } from '../panic.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { soclose } from './close.ts';
import { KASSERT } from './kassert.ts';
import { kqueue_close } from './kqueue.ts';
import { uma_zalloc_raw, uma_zfree } from './uma.ts';
import { unp_fdrop, unp_gc_ask } from '../unix/uipc_rights.ts';

/** A reference to the file of an open descriptor whose file is a socket, or an errno negated. */
export function fget(k: Kernel, td: number, fd: number): number {
  const fp = fget_any(k, td, fd);
  if (fp < 0 || get(k, fp + f_type) === DTYPE_SOCKET) return fp;
  fdrop(k, td, fp);
  return -ENOTSOCK;
}

/** A reference to the file of an open descriptor, or an errno negated. */
export function fget_any(k: Kernel, td: number, fd: number): number {
  if (fd < 0 || fd >= fixed(k, h_nfiles)) return -EBADF;
  const slot = fixed(k, h_fd_table) + fd;
  for (;;) {
    const fp = load(k, slot);
    if (fp === 0) return -EBADF;
    const count = load(k, fp + f_count);
    if ((count & F_REFERENCES) === 0 || compareExchange(k, fp + f_count, count, count + F_LOOKUP) !== count) continue;
    if (load(k, slot) === fp && file_take(k, fp)) return fp;
    file_letgo(k, td, fp);
  }
}

/** Makes a reference of a lookup, unless there are none left: then the file is being closed. */
function file_take(k: Kernel, fp: number): boolean {
  for (;;) {
    const count = load(k, fp + f_count);
    if ((count & F_REFERENCES) === 0) return false;
    if (compareExchange(k, fp + f_count, count, count + 1 - F_LOOKUP) === count) return true;
  }
}

/** Keeps the record no longer. */
function file_letgo(k: Kernel, td: number, fp: number): void {
  const count = add(k, fp + f_count, -F_LOOKUP);
  if (count === F_LOOKUP) uma_zfree(k, td, file_zone, fp);
  else if ((count & F_FLYING) !== 0) unp_gc_ask(k, td);
}

/** Does the descriptor lead to this file, to which the caller has a reference? */
export function fd_leads(k: Kernel, fd: number, fp: number): boolean {
  return load(k, fixed(k, h_fd_table) + fd) === fp;
}

/** The socket of a file to which the caller has a reference. */
export function file_socket(k: Kernel, fp: number): number {
  return get(k, fp + f_data);
}

/** Drops a reference. The last one closes the socket; the answer is then soclose's, otherwise 0. */
export function fdrop(k: Kernel, td: number, fp: number): number {
  for (;;) {
    const count = load(k, fp + f_count);
    const references = count & F_REFERENCES;
    KASSERT(k, references > 0, PANIC_FILE_COUNT, fp);
    if ((count & F_FLYING) !== 0) {
      if (unp_fdrop(k, td, fp)) return 0;
      continue;
    }
    const last = references === 1;
    if (compareExchange(k, fp + f_count, count, last ? count - 1 + F_LOOKUP : count - 1) !== count) continue;
    return last ? file_close(k, td, fp) : 0;
  }
}

/** Nobody refers to the file any more; the caller keeps the record. A file that never got its socket closes nothing. */
function file_close(k: Kernel, td: number, fp: number): number {
  const data = get(k, fp + f_data);
  put(k, fp + f_data, 0);
  let error = 0;
  if (data !== 0 && get(k, fp + f_type) === DTYPE_SOCKET) error = soclose(k, td, data);
  else if (data !== 0) kqueue_close(k, td, data);
  file_letgo(k, td, fp);
  return error;
}

/** A file with one reference and no socket, or an errno negated. */
export function falloc(k: Kernel, td: number): number {
  const fp = uma_zalloc_raw(k, td, file_zone);
  if (fp === 0) return -ENFILE;
  put(k, fp + f_data, 0);
  put(k, fp + f_type, DTYPE_SOCKET);
  store(k, fp + f_watched, 0);
  // Whoever finds the file finds it with a reference, and f_data as it is.
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
  if (fd >= 0) fd_set(k, fd);
  mtx_unlock(k, td, filedesc_mtx);
  return fd;
}

/** Gives a reserved descriptor back. */
export function fdunused(k: Kernel, td: number, fd: number): void {
  mtx_lock(k, td, filedesc_mtx);
  fd_clear(k, fd);
  mtx_unlock(k, td, filedesc_mtx);
}

/** Opens a reserved descriptor: the caller's reference to the file becomes the descriptor's. Publishes the file to fget. */
export function finstall(k: Kernel, fd: number, fp: number): void {
  store(k, fixed(k, h_fd_table) + fd, fp);
}

/**
 * Frees the descriptor and returns its file, whose reference is now the caller's; or an errno negated. Of two that close one descriptor
 * one gets EBADF; whoever finds it closed finds its number free.
 */
export function fdclose(k: Kernel, td: number, fd: number): number {
  if (fd < 0 || fd >= fixed(k, h_nfiles)) return -EBADF;
  mtx_lock(k, td, filedesc_mtx);
  const fp = exchange(k, fixed(k, h_fd_table) + fd, 0);
  if (fp !== 0) fd_clear(k, fd);
  mtx_unlock(k, td, filedesc_mtx);
  return fp === 0 ? -EBADF : fp;
}

/**
 * A second descriptor for the file of `fd`, to which the caller has a reference that becomes the new descriptor's; or an errno negated.
 * All in one hold of the mutex under which descriptors are closed: else the file's own descriptor could be closed meanwhile, and
 * the copy be it. (F93 looks again after it has allocated.)
 */
export function fddup(k: Kernel, td: number, fd: number, fp: number): number {
  mtx_lock(k, td, filedesc_mtx);
  const copy = load(k, fixed(k, h_fd_table) + fd) === fp ? fd_first_free(k) : -EBADF;
  if (copy >= 0) {
    fd_set(k, copy);
    finstall(k, copy, fp);
  }
  mtx_unlock(k, td, filedesc_mtx);
  return copy;
}

/**
 * Opens descriptors for as many files, whose pointers are in the words from `at` on and give way to the numbers; each file's reference
 * becomes its descriptor's. All of them or, with EMFILE, none.
 */
export function finstall_all(k: Kernel, td: number, at: number, count: number): number {
  mtx_lock(k, td, filedesc_mtx);
  const error = fd_avail(k, count) ? 0 : EMFILE;
  for (let i = 0; i < count && error === 0; i++) {
    const fd = fd_first_free(k);
    fd_set(k, fd);
    finstall(k, fd, get(k, at + i));
    put(k, at + i, fd);
  }
  mtx_unlock(k, td, filedesc_mtx);
  return error;
}

/** Are so many descriptors free? */
function fd_avail(k: Kernel, count: number): boolean {
  let left = count;
  for (let fd = get(k, h_fd_freefile); fd < fixed(k, h_nfiles) && left > 0; fd++) {
    if ((get(k, fixed(k, h_fd_map) + (fd >> 5)) & (1 << (fd & 31))) === 0) left--;
  }
  return left === 0;
}

/** Reserves a descriptor that is free. filedesc_mtx is held, here and below. */
function fd_set(k: Kernel, fd: number): void {
  const word = fixed(k, h_fd_map) + (fd >> 5);
  put(k, word, get(k, word) | (1 << (fd & 31)));
  put(k, h_fd_freefile, fd + 1);
}

function fd_clear(k: Kernel, fd: number): void {
  const word = fixed(k, h_fd_map) + (fd >> 5);
  KASSERT(k, (get(k, word) & (1 << (fd & 31))) !== 0, PANIC_FD_NOT_RESERVED, fd);
  put(k, word, get(k, word) & ~(1 << (fd & 31)));
  if (fd < get(k, h_fd_freefile)) put(k, h_fd_freefile, fd);
}

/** The lowest descriptor whose bit is clear, or -EMFILE. */
function fd_first_free(k: Kernel): number {
  const size = fixed(k, h_nfiles);
  let fd = get(k, h_fd_freefile);
  while (fd < size) {
    const word = get(k, fixed(k, h_fd_map) + (fd >> 5));
    if (word === -1) fd = (fd | 31) + 1;
    else if ((word & (1 << (fd & 31))) !== 0) fd++;
    else return fd;
  }
  return -EMFILE;
}
