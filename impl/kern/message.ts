/**
 * sendmsg and recvmsg: a transfer with an address and control data. The header is seven words of user memory (MSG_HEADER): an address, one
 * stretch of bytes, a control buffer, and what is returned of them. A control buffer holds messages, each of which is length, level, type, and data: SCM_RIGHTS, whose data
 * are descriptors, each a word, and SCM_CREDS, which says who sends. At most one of each (BSD's may be several).
 *
 * The header and the messages are read once, before anything is done (who writes them meanwhile writes too late). Descriptors that were
 * received but can't be told to the caller, since the control buffer is too small or not there, are closed again. So are those of a message
 * whose sender's address can't be told (EFAULT, or as many bytes as have come): F93 forgets them.
 */

import { EFAULT, EINVAL, EMSGSIZE, ENOBUFS } from '../errno.ts';
import {
  h_mlen,
  MSG_CTRUNC,
  MT_CONTROL,
  NO_ADDRESS,
  PR_RIGHTS,
  SOL_SOCKET,
  so_proto,
  td_control,
  td_cred,
  td_from_host,
  td_from_port,
  td_msg_flags,
  td_retval1,
  td_uio_base,
  td_uio_resid,
} from '../layout.ts';
import { m_nrights, m_rights } from '../unix/layout.ts';
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
} from './msghdr.ts';
import { fixed, get, type Kernel, put } from '../memory.ts';
import { CONTROL_WANTED } from '../unix/uipc_creds.ts';
import { copyin_word, copyout_word, useracc } from './copy.ts';
import { fdclose, fdrop } from './file.ts';
import { file_closed } from './kqueue.ts';
import { m_free, m_get } from './mbuf.ts';
import { pr_dgram, pr_flags } from './protosw.ts';
import { soreceive } from './receive.ts';
import { sosend } from './send.ts';

/** The bytes that a message header asks to move, which is the transfer then; 0 if there is no such header. */
export function message_length(k: Kernel, td: number, umsg: number): number {
  const length = useracc(k, umsg, MSG_HEADER) ? word(k, td, umsg + msg_iovlen) : 0;
  put(k, td + td_uio_resid, length);
  return length;
}

/**
 * Sends what a message header describes, to the address in it if there is one, as sendto; 0 or an errno. What is left to send is in td_uio_resid.
 * EINVAL and EFAULT for the address come before those for control data.
 */
export function kern_sendmsg(k: Kernel, td: number, so: number, umsg: number, length: number, flags: number): number {
  if (!useracc(k, umsg, MSG_HEADER)) return EFAULT;
  const control = word(k, td, umsg + msg_control);
  const controllen = word(k, td, umsg + msg_controllen);
  put(k, td + td_uio_base, word(k, td, umsg + msg_iov));
  const name = word(k, td, umsg + msg_name);
  const namelen = word(k, td, umsg + msg_namelen);
  if (length < 0 || controllen < 0 || (namelen !== 0 && namelen !== NAME_BYTES)) return EINVAL;
  if (namelen !== 0 && !useracc(k, name, NAME_BYTES)) return EFAULT;
  const host = namelen === 0 ? NO_ADDRESS : word(k, td, name);
  const port = namelen === 0 ? 0 : word(k, td, name + 4);
  if (namelen !== 0 && host === NO_ADDRESS) return EINVAL;
  let error = controllen === 0 ? 0 : control_in(k, td, so, control, controllen, length);
  if (error === 0) error = sosend(k, td, so, flags, host, port);
  const left = get(k, td + td_control);
  put(k, td + td_control, 0);
  put(k, td + td_cred, 0);
  if (left !== 0) m_free(k, td, left);
  return error;
}

/** Reads control data of so many bytes: rights to td_control, as the numbers of the descriptors; that it says who sends to td_cred. */
function control_in(k: Kernel, td: number, so: number, uaddr: number, length: number, data: number): number {
  const proto = fixed(k, so + so_proto);
  // Only a datagram may be empty beside it. BSD takes a message without a byte on streams and of packets, too.
  if ((pr_flags(proto) & PR_RIGHTS) === 0 || (data === 0 && !pr_dgram(proto))) return EINVAL;
  if (!useracc(k, uaddr, length)) return EFAULT;
  let at = 0;
  while (at < length) {
    const left = length - at;
    const size = left < CMSG_HEADER ? 0 : word(k, td, uaddr + at);
    if (size < CMSG_HEADER || size > left || word(k, td, uaddr + at + 4) !== SOL_SOCKET) return EINVAL;
    const type = word(k, td, uaddr + at + 8);
    let error = EINVAL;
    if (type === SCM_RIGHTS) error = rights_in(k, td, uaddr + at + CMSG_HEADER, size - CMSG_HEADER);
    // What it says is of no account.
    if (type === SCM_CREDS && get(k, td + td_cred) === 0) error = 0;
    if (error !== 0) return error;
    if (type === SCM_CREDS) put(k, td + td_cred, 1);
    at += (size + 3) & ~3;
  }
  return 0;
}

/** A control mbuf with the numbers of the descriptors. No descriptors, no mbuf. */
function rights_in(k: Kernel, td: number, uaddr: number, length: number): number {
  const count = length >> 2;
  if (length === 0) return 0;
  if (length % 4 !== 0 || get(k, td + td_control) !== 0) return EINVAL;
  if (count > fixed(k, h_mlen) >> 2) return EMSGSIZE;
  const control = m_get(k, td, MT_CONTROL);
  if (control === 0) return ENOBUFS;
  put(k, control + m_nrights, count);
  for (let i = 0; i < count; i++) put(k, control + m_rights + i, word(k, td, uaddr + 4 * i));
  put(k, td + td_control, control);
  return 0;
}

/**
 * Receives into what a message header describes; 0 or an errno. The lengths and flags in the header are those of what has come, and as they were
 * if nothing has; of the address as many words as there is room for, none if the sender has none.
 */
export function kern_recvmsg(k: Kernel, td: number, so: number, umsg: number, length: number, flags: number): number {
  if (!useracc(k, umsg, MSG_HEADER)) return EFAULT;
  const uaddr = word(k, td, umsg + msg_control);
  const room = word(k, td, umsg + msg_controllen);
  put(k, td + td_uio_base, word(k, td, umsg + msg_iov));
  const name = word(k, td, umsg + msg_name);
  const nameroom = word(k, td, umsg + msg_namelen);
  if (length < 0 || room < 0 || nameroom < 0) return EINVAL;
  put(k, td + td_control, CONTROL_WANTED);
  let error = soreceive(k, td, so, flags);
  const namelen = error !== 0 || get(k, td + td_from_host) === 0 ? 0 : (nameroom < NAME_BYTES ? nameroom : NAME_BYTES) & ~3;
  if (namelen !== 0 && !useracc(k, name, namelen)) error = EFAULT;
  if (namelen >= 4 && error === 0) copyout_word(k, name, get(k, td + td_from_host));
  if (namelen === NAME_BYTES && error === 0) copyout_word(k, name + 4, get(k, td + td_from_port));
  const control = get(k, td + td_control) === CONTROL_WANTED ? 0 : get(k, td + td_control);
  const cred = get(k, td + td_cred);
  put(k, td + td_control, 0);
  put(k, td + td_cred, 0);
  if ((control !== 0 || cred !== 0) && room > 0 && !useracc(k, uaddr, room) && error === 0) error = EFAULT;
  // Who sent it comes first. What does not fit is cut off, and what is behind that.
  const said = cred !== 0 && error === 0 && room >= CMSG_CREDS;
  if (said) {
    cmsg_out(k, uaddr, CMSG_CREDS, SCM_CREDS);
    copyout_word(k, uaddr + CMSG_HEADER, cred - 1);
  }
  let used = said ? CMSG_CREDS : 0;
  let outflags = cred !== 0 && !said ? MSG_CTRUNC : 0;
  if (control !== 0) {
    const left = error !== 0 || outflags !== 0 ? 0 : room - used;
    const told = rights_out(k, td, uaddr + used, left, control);
    if (told < get(k, control + m_nrights)) outflags = MSG_CTRUNC;
    if (told > 0) used += CMSG_HEADER + 4 * told;
    m_free(k, td, control);
  }
  // Of a call that fails the header stays as it was; of one that was cut short it says what has come.
  if (error !== 0 && get(k, td + td_uio_resid) === length) return error;
  copyout_word(k, umsg + msg_namelen, error === 0 ? namelen : 0);
  copyout_word(k, umsg + msg_controllen, used);
  copyout_word(k, umsg + msg_flags, outflags | get(k, td + td_msg_flags));
  return error;
}

/** Tells as many descriptors as fit, and closes the others. Returns how many it told. */
function rights_out(k: Kernel, td: number, uaddr: number, room: number, control: number): number {
  const count = get(k, control + m_nrights);
  const fit = room < CMSG_HEADER ? 0 : (room - CMSG_HEADER) >> 2;
  const told = fit < count ? fit : count;
  if (told > 0) cmsg_out(k, uaddr, CMSG_HEADER + 4 * told, SCM_RIGHTS);
  for (let i = 0; i < told; i++) copyout_word(k, uaddr + CMSG_HEADER + 4 * i, get(k, control + m_rights + i));
  for (let i = told; i < count; i++) close_again(k, td, get(k, control + m_rights + i));
  return told;
}

function cmsg_out(k: Kernel, uaddr: number, length: number, type: number): void {
  copyout_word(k, uaddr, length);
  copyout_word(k, uaddr + 4, SOL_SOCKET);
  copyout_word(k, uaddr + 8, type);
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
