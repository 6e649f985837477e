/**
 * sendmsg and recvmsg: a transfer with control data. The header is seven words of user memory (MSG_WORDS): one stretch of bytes, a control
 * buffer, and what is returned of both. A control buffer holds one message: length, level, type, then descriptors, each a word.
 *
 * The header and the message are read once, before anything is done (who writes them meanwhile writes too late). Descriptors that were
 * received but can't be told to the caller, since the control buffer is too small or not there, are closed again.
 */

import { EFAULT, EINVAL, EMSGSIZE, ENOBUFS } from '../errno.ts';
import {
  h_mlen,
  MSG_CTRUNC,
  MT_CONTROL,
  NO_ADDRESS,
  PROTO_UNIX,
  SOL_SOCKET,
  so_proto,
  td_control,
  td_msg_flags,
  td_retval1,
  td_uio_base,
  td_uio_resid,
} from '../layout.ts';
import { m_nrights, m_rights } from '../unix/layout.ts';
import { CMSG_HEADER, MSG_HEADER, msg_control, msg_controllen, msg_flags, msg_iov, msg_iovlen, SCM_RIGHTS } from './msghdr.ts';
import { fixed, get, type Kernel, put } from '../memory.ts';
import { CONTROL_WANTED } from '../unix/uipc_rights.ts';
import { copyin_word, copyout_word, useracc } from './copy.ts';
import { fdclose, fdrop } from './file.ts';
import { file_closed } from './kqueue.ts';
import { m_free, m_get } from './mbuf.ts';
import { soreceive } from './receive.ts';
import { sosend } from './send.ts';

/** The bytes that a message header asks to move, which is the transfer then; 0 if there is no such header. */
export function message_length(k: Kernel, td: number, umsg: number): number {
  const length = useracc(k, umsg, MSG_HEADER) ? word(k, td, umsg + msg_iovlen) : 0;
  put(k, td + td_uio_resid, length);
  return length;
}

/** Sends what a message header describes; 0 or an errno. What is left to send is in td_uio_resid. */
export function kern_sendmsg(k: Kernel, td: number, so: number, umsg: number, length: number, flags: number): number {
  if (!useracc(k, umsg, MSG_HEADER)) return EFAULT;
  const control = word(k, td, umsg + msg_control);
  const controllen = word(k, td, umsg + msg_controllen);
  put(k, td + td_uio_base, word(k, td, umsg + msg_iov));
  if (length < 0 || controllen < 0) return EINVAL;
  if (controllen > 0) {
    // Only streams pass rights, and each before a byte. BSD's datagrams and packets do, too, and it takes a message without a byte.
    if (fixed(k, so + so_proto) !== PROTO_UNIX || length === 0) return EINVAL;
    const error = control_in(k, td, control, controllen);
    if (error !== 0) return error;
  }
  const error = sosend(k, td, so, flags, NO_ADDRESS, 0);
  const left = get(k, td + td_control);
  put(k, td + td_control, 0);
  if (left !== 0) m_free(k, td, left);
  return error;
}

/** A control mbuf with the numbers of the descriptors, to td_control. No descriptors, no mbuf. */
function control_in(k: Kernel, td: number, uaddr: number, length: number): number {
  if (!useracc(k, uaddr, length)) return EFAULT;
  if (length < CMSG_HEADER) return EINVAL;
  const size = word(k, td, uaddr);
  if (size < CMSG_HEADER || size > length || (size - CMSG_HEADER) % 4 !== 0) return EINVAL;
  if (word(k, td, uaddr + 4) !== SOL_SOCKET || word(k, td, uaddr + 8) !== SCM_RIGHTS) return EINVAL;
  const count = (size - CMSG_HEADER) >> 2;
  if (count > fixed(k, h_mlen) >> 2) return EMSGSIZE;
  if (count === 0) return 0;
  const control = m_get(k, td, MT_CONTROL);
  if (control === 0) return ENOBUFS;
  put(k, control + m_nrights, count);
  for (let i = 0; i < count; i++) put(k, control + m_rights + i, word(k, td, uaddr + CMSG_HEADER + 4 * i));
  put(k, td + td_control, control);
  return 0;
}

/** Receives into what a message header describes; 0 or an errno. The lengths and flags in the header are those of what has come. */
export function kern_recvmsg(k: Kernel, td: number, so: number, umsg: number, length: number, flags: number): number {
  if (!useracc(k, umsg, MSG_HEADER)) return EFAULT;
  const uaddr = word(k, td, umsg + msg_control);
  const room = word(k, td, umsg + msg_controllen);
  put(k, td + td_uio_base, word(k, td, umsg + msg_iov));
  if (length < 0 || room < 0) return EINVAL;
  put(k, td + td_control, CONTROL_WANTED);
  let error = soreceive(k, td, so, flags);
  const control = get(k, td + td_control);
  put(k, td + td_control, 0);
  let told = 0;
  let outflags = 0;
  if (control !== CONTROL_WANTED) {
    const count = get(k, control + m_nrights);
    const bad = room > 0 && !useracc(k, uaddr, room);
    if (bad && error === 0) error = EFAULT;
    const fit = room < CMSG_HEADER ? 0 : (room - CMSG_HEADER) >> 2;
    told = error !== 0 ? 0 : fit < count ? fit : count;
    if (told < count) outflags = MSG_CTRUNC;
    if (told > 0) control_out(k, uaddr, control, told);
    for (let i = told; i < count; i++) close_again(k, td, get(k, control + m_rights + i));
    m_free(k, td, control);
  }
  copyout_word(k, umsg + msg_controllen, told === 0 ? 0 : CMSG_HEADER + 4 * told);
  copyout_word(k, umsg + msg_flags, outflags | get(k, td + td_msg_flags));
  return error;
}

function control_out(k: Kernel, uaddr: number, control: number, count: number): void {
  copyout_word(k, uaddr, CMSG_HEADER + 4 * count);
  copyout_word(k, uaddr + 4, SOL_SOCKET);
  copyout_word(k, uaddr + 8, SCM_RIGHTS);
  for (let i = 0; i < count; i++) copyout_word(k, uaddr + CMSG_HEADER + 4 * i, get(k, control + m_rights + i));
}

/** A descriptor of which nobody was told. */
function close_again(k: Kernel, td: number, fd: number): void {
  const fp = fdclose(k, td, fd);
  if (fp < 0) return;
  file_closed(k, td, fp, fd);
  fdrop(k, td, fp);
}

/** A word of user memory that has been checked. */
function word(k: Kernel, td: number, uaddr: number): number {
  copyin_word(k, td, uaddr);
  const value = get(k, td + td_retval1);
  put(k, td + td_retval1, 0);
  return value;
}
