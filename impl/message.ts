/**
 * Messages of the face: the header and the control buffer of sendmsg and recvmsg, at the end of a thread's slice of user memory. The bytes
 * of the message lie at its beginning.
 */
import { EMSGSIZE } from './errno.ts';
import type { Message, ReceiveOptions } from './face.ts';
import { copyin_word, copyout_word } from './kern/copy.ts';
import { sys_recvmsg, sys_sendmsg } from './kern/syscalls.ts';
import { MSG_CTRUNC, MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_WAITALL, SOL_SOCKET, td_retval1, td_user } from './layout.ts';
import { CMSG_HEADER, MSG_HEADER, msg_control, msg_controllen, msg_flags, msg_iov, msg_iovlen, SCM_RIGHTS } from './kern/msghdr.ts';
import { get, type Kernel } from './memory.ts';

/** Bytes of a slice that are left for data beside so many descriptors; less than 0 if not even these fit. */
function dataRoom(slice: number, descriptors: number): number {
  return (slice - MSG_HEADER - CMSG_HEADER - 4 * descriptors) & ~3;
}

/** Writes a header for `length` bytes and room for so many descriptors, with those that are to be sent. Returns its user address. */
function writeMessage(k: Kernel, td: number, slice: number, length: number, room: number, descriptors: readonly number[] = []): number {
  const header = get(k, td + td_user) + dataRoom(slice, room);
  const control = header + MSG_HEADER;
  const size = room === 0 ? 0 : CMSG_HEADER + 4 * room;
  copyout_word(k, header + msg_iov, get(k, td + td_user));
  copyout_word(k, header + msg_iovlen, length);
  copyout_word(k, header + msg_control, control);
  copyout_word(k, header + msg_controllen, size);
  copyout_word(k, header + msg_flags, 0);
  for (const [index, word] of [size, SOL_SOCKET, SCM_RIGHTS, ...descriptors].entries()) copyout_word(k, control + 4 * index, word);
  return header;
}

/** Sends what lies at the beginning of the thread's slice, which has so many bytes. A result, or an errno negated. */
export function sendMessage(
  k: Kernel,
  td: number,
  slice: number,
  fd: number,
  length: number,
  descriptors: readonly number[],
  flags: number,
): number {
  if (length > dataRoom(slice, descriptors.length)) return -EMSGSIZE;
  return sys_sendmsg(k, td, fd, writeMessage(k, td, slice, length, descriptors.length, descriptors), flags);
}

/** Receives up to `most` bytes to the beginning of the slice; `length` may be an errno negated. */
export function receiveMessage(
  k: Kernel,
  td: number,
  slice: number,
  fd: number,
  most: number,
  descriptors: number,
  flags: number,
): Message {
  const room = dataRoom(slice, descriptors);
  if (room < 0) return { length: -EMSGSIZE, descriptors: [], truncated: false };
  const header = writeMessage(k, td, slice, Math.min(most, room), descriptors);
  const length = sys_recvmsg(k, td, fd, header, flags);
  const used = word(k, td, header + msg_controllen);
  const first = header + MSG_HEADER + CMSG_HEADER;
  const count = length < 0 || used === 0 ? 0 : (used - CMSG_HEADER) >> 2;
  return {
    length,
    descriptors: Array.from({ length: count }, (_, index) => word(k, td, first + 4 * index)),
    truncated: (word(k, td, header + msg_flags) & MSG_CTRUNC) !== 0,
  };
}

function word(k: Kernel, td: number, uaddr: number): number {
  copyin_word(k, td, uaddr);
  return get(k, td + td_retval1);
}

/** What the options of a receive are below the face. */
export function receiveFlags({ peek, urgent, waitAll, dontWait }: ReceiveOptions): number {
  const wait = (waitAll === true ? MSG_WAITALL : 0) | (dontWait === true ? MSG_DONTWAIT : 0);
  return (peek === true ? MSG_PEEK : 0) | (urgent === true ? MSG_OOB : 0) | wait;
}
