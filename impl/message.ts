/**
 * Messages of the face: the header and the control buffer of sendmsg and recvmsg, at the end of a thread's slice of user memory. The bytes
 * of the message lie at its beginning.
 */
import { EMSGSIZE } from './errno.ts';
import type { Message, MessageOptions, ReceiveOptions } from './face.ts';
import { copyin_word, copyout_word } from './kern/copy.ts';
import { sys_close, sys_recvmsg, sys_sendmsg } from './kern/syscalls.ts';
import { MSG_CTRUNC, MSG_DONTWAIT, MSG_EOR, MSG_OOB, MSG_PEEK, MSG_WAITALL, SOL_SOCKET, td_retval1, td_user } from './layout.ts';
import {
  CMSG_CREDS,
  CMSG_HEADER,
  MSG_HEADER,
  msg_control,
  msg_controllen,
  msg_flags,
  msg_iov,
  msg_iovlen,
  msg_name,
  msg_namelen,
  NAME_BYTES,
  SCM_CREDS,
  SCM_RIGHTS,
} from './kern/msghdr.ts';
import { get, type Kernel } from './memory.ts';

/** What a message carries beside its bytes. `to`: host and port of whom it is for, or nothing. */
interface Control {
  readonly to: readonly number[];
  readonly descriptors: readonly number[];
  readonly credentials: boolean;
}

/** What lies before the control buffer. */
const HEAD = MSG_HEADER + NAME_BYTES;

/** Bytes of a slice that are left for data beside so many of control data; less than 0 if not even these fit. */
function dataRoom(slice: number, control: number): number {
  return (slice - HEAD - control) & ~3;
}

function rightsBytes(descriptors: number): number {
  return descriptors === 0 ? 0 : CMSG_HEADER + 4 * descriptors;
}

/** Writes a header for `length` bytes, an address behind it and so many bytes of control data. Returns its user address. */
function writeHeader(k: Kernel, td: number, slice: number, length: number, control: number, to: readonly number[]): number {
  const header = get(k, td + td_user) + dataRoom(slice, control);
  copyout_word(k, header + msg_name, header + MSG_HEADER);
  copyout_word(k, header + msg_namelen, 4 * to.length);
  for (const [index, word] of to.entries()) copyout_word(k, header + MSG_HEADER + 4 * index, word);
  copyout_word(k, header + msg_iov, get(k, td + td_user));
  copyout_word(k, header + msg_iovlen, length);
  copyout_word(k, header + msg_control, header + HEAD);
  copyout_word(k, header + msg_controllen, control);
  copyout_word(k, header + msg_flags, 0);
  return header;
}

/** Sends what lies at the beginning of the thread's slice, which has so many bytes. A result, or an errno negated. */
export function sendMessage(
  k: Kernel,
  td: number,
  slice: number,
  fd: number,
  length: number,
  { to, descriptors, credentials }: Control,
  flags: number,
): number {
  const rights = rightsBytes(descriptors.length);
  const size = rights + (credentials ? CMSG_CREDS : 0);
  if (length > dataRoom(slice, size)) return -EMSGSIZE;
  const header = writeHeader(k, td, slice, length, size, to);
  const words = [
    ...(credentials ? [CMSG_CREDS, SOL_SOCKET, SCM_CREDS, 0] : []),
    ...(rights === 0 ? [] : [rights, SOL_SOCKET, SCM_RIGHTS, ...descriptors]),
  ];
  for (const [index, word] of words.entries()) copyout_word(k, header + HEAD + 4 * index, word);
  return sys_sendmsg(k, td, fd, header, flags);
}

/** Receives up to `most` bytes to the beginning of the slice; `length` may be an errno negated. The sender is in td_from_host and td_from_port. */
export function receiveMessage(
  k: Kernel,
  td: number,
  slice: number,
  fd: number,
  most: number,
  descriptors: number,
  flags: number,
): Omit<Message, 'from'> {
  const size = CMSG_CREDS + rightsBytes(descriptors);
  const room = dataRoom(slice, size);
  if (room < 0) return { length: -EMSGSIZE, descriptors: [], user: null, truncated: false };
  const header = writeHeader(k, td, slice, Math.min(most, room), size, []);
  const length = sys_recvmsg(k, td, fd, header, flags);
  const used = length < 0 ? 0 : word(k, td, header + msg_controllen);
  const truncated = (word(k, td, header + msg_flags) & MSG_CTRUNC) !== 0;
  const words = Array.from({ length: used >> 2 }, (_, index) => word(k, td, header + HEAD + 4 * index));
  const says = words[2] === SCM_CREDS;
  const rights = words.slice((says ? CMSG_CREDS + CMSG_HEADER : CMSG_HEADER) >> 2);
  // Where nothing is said of the sender there is room for more descriptors than were asked for.
  const surplus = rights.splice(descriptors);
  for (const each of surplus) sys_close(k, td, each);
  return {
    length,
    descriptors: rights,
    user: says ? (words[CMSG_HEADER >> 2] ?? null) : null,
    truncated: truncated || surplus.length > 0,
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

/** The same of a message that is sent. */
export function messageFlags({ dontWait, endOfRecord }: MessageOptions): number {
  return (dontWait === true ? MSG_DONTWAIT : 0) | (endOfRecord === true ? MSG_EOR : 0);
}
