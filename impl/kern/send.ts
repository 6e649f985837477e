/**
 * Sending. The socket layer waits for room, copies the user's bytes into mbufs and hands them to the protocol; it never holds a
 * mutex while it copies. The transfer itself (where the bytes are, how many are left) is in td_uio_base and td_uio_resid.
 *
 * The order of refusals is BSD's: EINVAL; EWOULDBLOCK or EINTR for the transfer lock; EPIPE; the pending error; ENOTCONN or
 * EDESTADDRREQ; EMSGSIZE; EWOULDBLOCK for want of room; EFAULT and ENOBUFS from the copy; what the protocol says. Every
 * test may be out of date when the protocol is called: it tests again.
 */

import { EDESTADDRREQ, EINVAL, EMSGSIZE, ENOTCONN, EOPNOTSUPP, EPIPE, EWOULDBLOCK } from '../errno.ts';
import {
  h_salen,
  MSG_DONTWAIT,
  MSG_EOF,
  MSG_EOR,
  MSG_OOB,
  NO_ADDRESS,
  PR_ADDR,
  PR_ATOMIC,
  PR_CONNREQUIRED,
  PR_IMPLOPCL,
  PRUS_EOF,
  PRUS_MORETOCOME,
  PRUS_OOB,
  SBL_WAIT,
  SBS_CANTSENDMORE,
  SS_ISCONFIRMING,
  SS_ISCONNECTED,
  SS_NBIO,
  sb_lowat,
  sb_mtx,
  sb_reserved,
  so_error,
  so_proto,
  so_snd,
  so_state,
  td_lend,
  td_uio_base,
  td_uio_resid,
} from '../layout.ts';
import { exchange, fixed, get, type Kernel, load, put } from '../memory.ts';
import { PANIC_SOSEND_DGRAM } from '../panic.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { KASSERT } from './kassert.ts';
import { loan_cut, loan_made, loan_take } from './loan.ts';
import { m_length, m_seteor, m_uiotombuf } from './mbuf.ts';
import { pr_dgram, pr_flags, pru_send } from './protosw.ts';
import { sblock, sbspace, sbstate, sbunlock, sbwait } from './sockbuf.ts';

/** Urgent data may go this far beyond the limit of the buffer. */
const SB_OOB = 1024;

export function sosend(k: Kernel, td: number, so: number, flags: number, host: number, port: number): number {
  if (pr_dgram(fixed(k, so + so_proto))) return sosend_dgram(k, td, so, flags, host, port);
  return sosend_generic(k, td, so, flags, host, port);
}

/**
 * Sends the first bytes of a loan of this thread over a stream (C's `top`): the mbufs themselves, without a copy but where a piece ends within
 * one. In all else it is a send, in pieces, though BSD's of a chain goes as a whole or not at all. What was not sent is on loan still, as the
 * chain in td_retval1; a piece that the protocol has refused is gone.
 */
export function sosend_mbufs(k: Kernel, td: number, so: number, chain: number, flags: number): number {
  if ((pr_flags(fixed(k, so + so_proto)) & PR_ATOMIC) !== 0) return EOPNOTSUPP;
  if ((flags & MSG_OOB) !== 0) return EINVAL;
  const taken = loan_take(k, td, chain);
  if (taken !== 0) return taken;
  let error = EINVAL;
  if (get(k, td + td_uio_resid) <= m_length(k, chain)) {
    put(k, td + td_lend, 1);
    error = sosend_generic(k, td, so, flags, NO_ADDRESS, 0);
    put(k, td + td_lend, 0);
  }
  loan_made(k, td);
  return error;
}

/**
 * Sends a stretch of a stream, in as many pieces as there is room for, with the transfer lock held all the time; or one record, when there
 * is room for all of it and the address that it has in the receiver's buffer. (F93 compares a record with what is left of the limit while
 * the receiver does not read, and says EMSGSIZE where it should wait.)
 */
export function sosend_generic(k: Kernel, td: number, so: number, flags: number, host: number, port: number): number {
  const snd = so + so_snd;
  const prflags = pr_flags(fixed(k, so + so_proto));
  const atomic = (prflags & PR_ATOMIC) !== 0;
  const address = (prflags & PR_ADDR) !== 0 ? fixed(k, h_salen) : 0;
  if (get(k, td + td_uio_resid) < 0 || (!atomic && (flags & MSG_EOR) !== 0)) return EINVAL;
  let error = sblock(k, td, snd, (flags & MSG_DONTWAIT) === 0 ? SBL_WAIT : 0);
  if (error !== 0) return error;
  let more = true;
  while (error === 0 && more) {
    mtx_lock(k, td, snd + sb_mtx);
    error = sosend_check(k, so, host);
    const space = sbspace(k, snd) + ((flags & MSG_OOB) !== 0 ? SB_OOB : 0);
    const resid = get(k, td + td_uio_resid);
    if (error === 0 && atomic && resid + address > get(k, snd + sb_reserved)) error = EMSGSIZE;
    const full = space < resid + address && (atomic || space < get(k, snd + sb_lowat));
    if (error === 0 && full) {
      if ((load(k, so + so_state) & SS_NBIO) !== 0 || (flags & MSG_DONTWAIT) !== 0) error = EWOULDBLOCK;
      else error = sbwait(k, td, snd);
    }
    mtx_unlock(k, td, snd + sb_mtx);
    if (error === 0 && !full) {
      error = sosend_piece(k, td, so, flags, resid < space ? resid : space, host, port);
      more = get(k, td + td_uio_resid) > 0;
    }
  }
  sbunlock(k, td, snd);
  return error;
}

/** Sends one datagram. No transfer lock: it goes as a whole or not at all. */
export function sosend_dgram(k: Kernel, td: number, so: number, flags: number, host: number, port: number): number {
  const snd = so + so_snd;
  KASSERT(k, (pr_flags(fixed(k, so + so_proto)) & PR_ATOMIC) !== 0, PANIC_SOSEND_DGRAM, so);
  const resid = get(k, td + td_uio_resid);
  if (resid < 0) return EINVAL;
  mtx_lock(k, td, snd + sb_mtx);
  const error = sosend_check(k, so, host);
  const space = sbspace(k, snd);
  mtx_unlock(k, td, snd + sb_mtx);
  if (error !== 0) return error;
  if (resid > space) return EMSGSIZE;
  return sosend_piece(k, td, so, flags & MSG_EOR, resid, host, port);
}

/** Hands the protocol the next `length` bytes of the transfer. What it does not take is still to be sent. */
function sosend_piece(k: Kernel, td: number, so: number, flags: number, length: number, host: number, port: number): number {
  const base = get(k, td + td_uio_base);
  const resid = get(k, td + td_uio_resid);
  const m = get(k, td + td_lend) !== 0 ? loan_cut(k, td, length) : m_uiotombuf(k, td, length);
  let error = 0;
  if (m < 0) {
    error = -m;
  } else {
    if ((flags & MSG_EOR) !== 0) m_seteor(k, m);
    let prus = 0;
    if ((flags & MSG_OOB) !== 0) prus = PRUS_OOB;
    else if (length < resid) prus = PRUS_MORETOCOME;
    else if ((flags & MSG_EOF) !== 0 && (pr_flags(fixed(k, so + so_proto)) & PR_IMPLOPCL) !== 0) prus = PRUS_EOF;
    error = pru_send(k, td, so, prus, m, host, port);
  }
  if (error !== 0) {
    put(k, td + td_uio_base, base);
    put(k, td + td_uio_resid, resid);
  }
  return error;
}

/** May this socket send at all? The mutex of so_snd is held. */
function sosend_check(k: Kernel, so: number, host: number): number {
  if (sbstate(k, so + so_snd, SBS_CANTSENDMORE)) return EPIPE;
  // Taken, not looked at: two senders must not both report one error.
  const error = exchange(k, so + so_error, 0);
  if (error !== 0) return error;
  if ((load(k, so + so_state) & SS_ISCONNECTED) !== 0) return 0;
  const prflags = pr_flags(fixed(k, so + so_proto));
  if ((prflags & PR_CONNREQUIRED) === 0) return host === NO_ADDRESS ? EDESTADDRREQ : 0;
  if ((prflags & PR_IMPLOPCL) !== 0 && host !== NO_ADDRESS) return 0;
  return (load(k, so + so_state) & SS_ISCONFIRMING) !== 0 ? 0 : ENOTCONN;
}
