/**
 * Between user memory and the kernel's. User memory is one range of the same buffer; a user address counts bytes from its
 * start. These are the only places where a user's pointer is believed, and only after it has been checked: EFAULT otherwise.
 * In a real system a copy may sleep for a page, so no mutex may be held; sx locks may.
 *
 * The transfer of a send or receive is described by two words of the thread, as a `uio` does in C: the user address of the next
 * byte and how many are left (td_uio_base, td_uio_resid).
 */

import { EFAULT } from '../errno.ts';
import { h_user, h_user_size, td_retval1, td_uio_base, td_uio_resid } from '../layout.ts';
import { copy, fixed, get, getByte, type Kernel, put, putByte } from '../memory.ts';

/** True if the user may name these bytes. Negative and huge numbers are outside. */
export function useracc(k: Kernel, uaddr: number, length: number): boolean {
  const size = fixed(k, h_user_size);
  return uaddr >= 0 && length >= 0 && uaddr <= size && length <= size - uaddr;
}

/** Moves the next `length` bytes of the thread's transfer to the kernel's byte index `to`. */
export function uiomove_in(k: Kernel, td: number, to: number, length: number): number {
  const from = get(k, td + td_uio_base);
  if (!useracc(k, from, length)) return EFAULT;
  copy(k, to, fixed(k, h_user) + from, length);
  put(k, td + td_uio_base, from + length);
  put(k, td + td_uio_resid, get(k, td + td_uio_resid) - length);
  return 0;
}

/** Moves `length` bytes at the kernel's byte index `from` to where the thread's transfer has got to. */
export function uiomove_out(k: Kernel, td: number, from: number, length: number): number {
  const to = get(k, td + td_uio_base);
  if (!useracc(k, to, length)) return EFAULT;
  copy(k, fixed(k, h_user) + to, from, length);
  put(k, td + td_uio_base, to + length);
  put(k, td + td_uio_resid, get(k, td + td_uio_resid) - length);
  return 0;
}

/** Reads a 32-bit number, little-endian, any alignment; the value goes to td_retval1. */
export function copyin_word(k: Kernel, td: number, uaddr: number): number {
  if (!useracc(k, uaddr, 4)) return EFAULT;
  const at = fixed(k, h_user) + uaddr;
  put(k, td + td_retval1, getByte(k, at) | (getByte(k, at + 1) << 8) | (getByte(k, at + 2) << 16) | (getByte(k, at + 3) << 24));
  return 0;
}

/** Writes a 32-bit number, little-endian, any alignment. */
export function copyout_word(k: Kernel, uaddr: number, value: number): number {
  if (!useracc(k, uaddr, 4)) return EFAULT;
  const at = fixed(k, h_user) + uaddr;
  putByte(k, at, value & 255);
  putByte(k, at + 1, (value >> 8) & 255);
  putByte(k, at + 2, (value >> 16) & 255);
  putByte(k, at + 3, (value >> 24) & 255);
  return 0;
}
