/**
 * Receiving. What there is comes first: data, then the pending error, then end of file, then ENOTCONN, then a request for nothing,
 * then EWOULDBLOCK. The transfer (where the bytes go, how many are wanted) is in td_uio_base and td_uio_resid.
 *
 * A stream reader holds the transfer lock from its first look to its last byte, so two readers never interleave. It gives the
 * mutex back while it copies out of an mbuf: appenders only touch the end, and whoever removes anything wants the transfer lock
 * (TCP, which can't wait for it, leaves the data if a reader has it). A datagram reader takes a whole record out under the
 * mutex and needs no transfer lock.
 */

import { EINVAL, ENOBUFS, ENOTCONN, EOPNOTSUPP, EWOULDBLOCK } from '../errno.ts';
import {
  h_maxlent,
  M_EOR,
  MSG_DONTWAIT,
  MSG_EOR,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  MT_CONTROL,
  MT_DATA,
  MT_SONAME,
  m_flags,
  m_host,
  m_len,
  m_next,
  m_nextpkt,
  m_off,
  m_port,
  m_type,
  PR_ADDR,
  PR_ATOMIC,
  PR_CONNREQUIRED,
  PR_WANTRCVD,
  SBL_WAIT,
  SBS_CANTRCVMORE,
  SS_ISCONNECTED,
  SS_ISCONNECTING,
  SS_NBIO,
  sb_cc,
  sb_lowat,
  sb_mb,
  sb_mtx,
  so_error,
  so_proto,
  so_rcv,
  so_state,
  td_from_host,
  td_from_port,
  td_lend,
  td_msg_flags,
  td_nlent,
  td_top,
  td_uio_resid,
  unp_rights_mtx,
} from '../layout.ts';
import { exchange, fixed, get, type Kernel, load, put } from '../memory.ts';
import { PANIC_DGRAM_CC, PANIC_SORECEIVE_ADDR, PANIC_SORECEIVE_CC, PANIC_SORECEIVE_DATA, PANIC_SORECEIVE_DGRAM } from '../panic.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { uiomove_out } from './copy.ts';
import { KASSERT } from './kassert.ts';
import { loan_add, loan_made } from './loan.ts';
import { m_copym, m_free, m_freem, mtod } from './mbuf.ts';
import { soatmark, soleavemark, soreceive_rcvoob, sotomark } from './oob.ts';
import { pr_dgram, pr_flags, pru_rcvd } from './protosw.ts';
import { m_nrights } from '../unix/layout.ts';
import { unp_seecred } from '../unix/uipc_creds.ts';
import {
  unp_cut,
  unp_externalize,
  unp_lock_control,
  unp_lock_rights,
  unp_receive,
  unp_receive_record,
  unp_unlock_control,
} from '../unix/uipc_rights.ts';
import { SB_EMPTY_FIXUP, sbfree, sblock, sbstate, sbunlock, sbwait } from './sockbuf.ts';

/** What soreceive_wait found, if not an errno. */
const DATA = 0;
const NOTHING = -1;

/** The sender's address goes to td_from_host and td_from_port; a stream has none. */
export function soreceive(k: Kernel, td: number, so: number, flags: number): number {
  if ((flags & MSG_OOB) !== 0) return soreceive_rcvoob(k, td, so, flags);
  if (pr_dgram(fixed(k, so + so_proto))) return soreceive_dgram(k, td, so, flags);
  return soreceive_generic(k, td, so, flags);
}

/**
 * Receives from a stream as mbufs, which the thread then has on loan (loan.ts): no byte is copied but where a part of an mbuf is wanted. They
 * are in td_retval1. In all else it is a receive, but that it can't be a look, or for the urgent byte. ENOBUFS: the thread has as much
 * on loan as it may, or there is no mbuf for a part; then nothing was taken. Rights that lie before the bytes that are lent are given up.
 */
export function soreceive_mbufs(k: Kernel, td: number, so: number, flags: number): number {
  if ((pr_flags(fixed(k, so + so_proto)) & PR_ATOMIC) !== 0) return EOPNOTSUPP;
  if ((flags & (MSG_PEEK | MSG_OOB)) !== 0) return EINVAL;
  if (get(k, td + td_nlent) >= fixed(k, h_maxlent)) return ENOBUFS;
  put(k, td + td_lend, 1);
  const error = soreceive_generic(k, td, so, flags);
  put(k, td + td_lend, 0);
  loan_made(k, td);
  return error;
}

/**
 * Receives from a stream; or one record, of which the rest is lost. An empty record that its sender did not end with MSG_EOR is nothing to a
 * reader, who goes on waiting, as in F93.
 */
export function soreceive_generic(k: Kernel, td: number, so: number, flags: number): number {
  const rcv = so + so_rcv;
  const wanted = get(k, td + td_uio_resid);
  const atomic = (pr_flags(fixed(k, so + so_proto)) & PR_ATOMIC) !== 0;
  let error = sblock(k, td, rcv, (flags & MSG_DONTWAIT) === 0 ? SBL_WAIT : 0);
  if (error !== 0) return error;
  mtx_lock(k, td, rcv + sb_mtx);
  let more = true;
  while (more) {
    more = false;
    const found = soreceive_wait(k, td, so, flags);
    if (found === DATA) {
      // Of a record rights go with the rest; where mbufs are lent, with the first of them.
      if ((flags & MSG_PEEK) === 0 && !atomic && get(k, td + td_lend) === 0) error = unp_receive(k, td, so);
      if (error === 0) error = soreceive_move(k, td, so, flags);
      // Also where it failed: a record, or a part of a stream, is gone all the same.
      if ((flags & MSG_PEEK) === 0) soreceive_tell(k, td, so);
      // Nothing came out although something was there: empty mbufs, say. It is as if there had been none.
      more = error === 0 && wanted > 0 && get(k, td + td_uio_resid) === wanted && !sbstate(k, rcv, SBS_CANTRCVMORE);
      if (atomic && ((flags & MSG_PEEK) !== 0 || (get(k, td + td_msg_flags) & MSG_EOR) !== 0)) more = false;
    } else if (found !== NOTHING) {
      error = found;
    }
  }
  mtx_unlock(k, td, rcv + sb_mtx);
  sbunlock(k, td, rcv);
  return error;
}

/** Sleeps until there is something to deliver: DATA; NOTHING for end of file or an empty request; an errno. The mutex of so_rcv is held. */
function soreceive_wait(k: Kernel, td: number, so: number, flags: number): number {
  const rcv = so + so_rcv;
  for (;;) {
    const m = get(k, rcv + sb_mb);
    const present = get(k, rcv + sb_cc);
    if (m !== 0 && (pr_flags(fixed(k, so + so_proto)) & PR_ATOMIC) !== 0) return DATA;
    if (m !== 0 && ((flags & MSG_DONTWAIT) !== 0 || present >= get(k, td + td_uio_resid) || present >= get(k, rcv + sb_lowat))) return DATA;
    KASSERT(k, m !== 0 || present === 0, PANIC_SORECEIVE_CC, so);
    if (load(k, so + so_error) !== 0) {
      if (m !== 0) return DATA;
      if ((flags & MSG_PEEK) !== 0) return load(k, so + so_error);
      const error = exchange(k, so + so_error, 0);
      if (error !== 0) return error;
    }
    if (sbstate(k, rcv, SBS_CANTRCVMORE)) return m !== 0 ? DATA : NOTHING;
    const state = load(k, so + so_state);
    if ((state & (SS_ISCONNECTED | SS_ISCONNECTING)) === 0 && (pr_flags(fixed(k, so + so_proto)) & PR_CONNREQUIRED) !== 0) return ENOTCONN;
    if (get(k, td + td_uio_resid) === 0) return NOTHING;
    if ((state & SS_NBIO) !== 0 || (flags & MSG_DONTWAIT) !== 0) return EWOULDBLOCK;
    const error = sbwait(k, td, rcv);
    if (error !== 0) return error;
  }
}

/** Delivers what there is: a record, or a stretch of a stream. The mutex of so_rcv is held before and after. */
function soreceive_move(k: Kernel, td: number, so: number, flags: number): number {
  if ((pr_flags(fixed(k, so + so_proto)) & PR_ATOMIC) !== 0) return soreceive_packet(k, td, so, flags);
  return get(k, td + td_lend) !== 0 ? soreceive_lend(k, td, so, flags) : soreceive_copy(k, td, so, flags);
}

/**
 * Takes the first record out, or looks at it, and copies what is wanted of it. Whoever gets no descriptors of its rights has lost it, as in F93.
 * The mutex of so_rcv is held before and after, not while copying: nobody else takes anything without the transfer lock, and who appends does so
 * behind the record.
 */
function soreceive_packet(k: Kernel, td: number, so: number, flags: number): number {
  const rcv = so + so_rcv;
  let error = 0;
  if ((flags & MSG_PEEK) !== 0) {
    const name = soreceive_name(k, td, so);
    mtx_unlock(k, td, rcv + sb_mtx);
    error = soreceive_record(k, td, get(k, name + m_next));
  } else {
    error = unp_receive_record(k, td, so);
    const name = soreceive_dequeue(k, td, so);
    if (error === 0) {
      error = soreceive_whole(k, td, so, name);
    } else {
      mtx_unlock(k, td, rcv + sb_mtx);
      m_freem(k, td, name);
    }
  }
  mtx_lock(k, td, rcv + sb_mtx);
  return error;
}

/** Copies what is wanted of a record that is in the buffer no more, whose mutex is given back, and frees it. */
function soreceive_whole(k: Kernel, td: number, so: number, name: number): number {
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  const error = soreceive_record(k, td, get(k, name + m_next));
  m_freem(k, td, name);
  return error;
}

/**
 * The same of the first datagram with its rights. Whoever gets no descriptors of them has lost the datagram, as in F93. Both mutexes are held, and
 * given back.
 */
function soreceive_rights(k: Kernel, td: number, so: number): number {
  const name = soreceive_dequeue(k, td, so);
  const control = unp_cut(k, td, name, 0);
  mtx_unlock(k, td, unp_rights_mtx);
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  let error = control === 0 ? 0 : unp_externalize(k, td, control);
  if (error === 0) error = soreceive_record(k, td, get(k, name + m_next));
  m_freem(k, td, name);
  return error;
}

/** Looks at a control mbuf, and leaves it. Returns the next mbuf. */
function soreceive_control(k: Kernel, td: number, m: number): number {
  if (get(k, m + m_nrights) === 0) unp_seecred(k, td, m);
  return get(k, m + m_next);
}

/** The first mbuf of the first record, whose address goes to the thread, and whatever else it says of the sender. The mutex of so_rcv is held. */
function soreceive_name(k: Kernel, td: number, so: number): number {
  const name = get(k, so + so_rcv + sb_mb);
  KASSERT(k, get(k, name + m_type) === MT_SONAME, PANIC_SORECEIVE_ADDR, so);
  put(k, td + td_from_host, get(k, name + m_host));
  put(k, td + td_from_port, get(k, name + m_port));
  let m = get(k, name + m_next);
  while (m !== 0 && get(k, m + m_type) === MT_CONTROL) m = soreceive_control(k, td, m);
  return name;
}

/** Takes the first record out of the buffer. The mutex is held. */
function soreceive_dequeue(k: Kernel, td: number, so: number): number {
  const rcv = so + so_rcv;
  const name = soreceive_name(k, td, so);
  put(k, rcv + sb_mb, get(k, name + m_nextpkt));
  for (let m = name; m !== 0; m = get(k, m + m_next)) sbfree(k, rcv, m);
  SB_EMPTY_FIXUP(k, rcv);
  return name;
}

/** Copies out what is there, up to what is wanted, and at most to the mark. The mutex of so_rcv is held before and after, not while copying. */
function soreceive_copy(k: Kernel, td: number, so: number, flags: number): number {
  const rcv = so + so_rcv;
  const peek = (flags & MSG_PEEK) !== 0;
  let m = get(k, rcv + sb_mb);
  let looked = 0;
  // A look takes no rights, not even for a moment.
  while (m !== 0 && get(k, m + m_type) === MT_CONTROL) m = soreceive_control(k, td, m);
  while (m !== 0 && get(k, td + td_uio_resid) > 0) {
    KASSERT(k, get(k, m + m_type) === MT_DATA, PANIC_SORECEIVE_DATA, so);
    const resid = get(k, td + td_uio_resid);
    const length = get(k, m + m_len);
    const count = sotomark(k, so, looked, resid < length ? resid : length);
    if (count === 0 && length > 0) return 0;
    if (!peek) soleavemark(k, so);
    const from = mtod(k, m);
    mtx_unlock(k, td, rcv + sb_mtx);
    const error = uiomove_out(k, td, from, count);
    mtx_lock(k, td, rcv + sb_mtx);
    if (error !== 0) return error;
    m = peek ? soreceive_next(k, m, count) : soreceive_take(k, td, rcv, m, count, 0);
    if (peek) looked += count;
    else if (soatmark(k, td, so, count)) return 0;
    if ((flags & (MSG_WAITALL | MSG_PEEK)) === MSG_WAITALL && m === 0 && get(k, td + td_uio_resid) > 0) {
      const interrupted = soreceive_waitall(k, td, so);
      if (interrupted !== 0) return interrupted;
      m = get(k, rcv + sb_mb);
      // Rights end a stretch.
      if (m !== 0 && get(k, m + m_type) === MT_CONTROL) m = 0;
    }
  }
  return 0;
}

/**
 * As soreceive_copy, but the mbufs themselves are cut off the buffer and lent (loan.ts); of the last, if not all of it is wanted, a copy of that
 * part. Control data, which nobody wants, goes with the first of them, and so under the same locks. The mutex of so_rcv is held all the time,
 * but before that and for sleeps.
 */
function soreceive_lend(k: Kernel, td: number, so: number, flags: number): number {
  const rcv = so + so_rcv;
  let control = get(k, td + td_uio_resid) > 0 && unp_lock_control(k, td, rcv);
  let m = get(k, rcv + sb_mb);
  while (m !== 0 && get(k, m + m_type) === MT_CONTROL) m = get(k, m + m_next);
  while (m !== 0 && get(k, td + td_uio_resid) > 0) {
    KASSERT(k, get(k, m + m_type) === MT_DATA, PANIC_SORECEIVE_DATA, so);
    const resid = get(k, td + td_uio_resid);
    const length = get(k, m + m_len);
    const count = sotomark(k, so, 0, resid < length ? resid : length);
    if (count === 0) {
      m = soreceive_take(k, td, rcv, m, 0, 0);
      continue;
    }
    let lent = 0;
    if (get(k, td + td_nlent) < fixed(k, h_maxlent)) lent = count < length ? m_copym(k, td, m, 0, count) : m;
    if (control) unp_unlock_control(k, td, rcv, lent !== 0);
    control = false;
    // Who has lent something and can lend no more stops there, as if no more had been asked for.
    if (lent === 0) return get(k, td + td_top) !== 0 ? 0 : ENOBUFS;
    soleavemark(k, so);
    m = soreceive_take(k, td, rcv, m, count, lent);
    loan_add(k, td, lent);
    if (soatmark(k, td, so, count)) return 0;
    if ((flags & MSG_WAITALL) !== 0 && m === 0 && get(k, td + td_uio_resid) > 0) {
      const interrupted = soreceive_waitall(k, td, so);
      if (interrupted !== 0) return interrupted;
      m = get(k, rcv + sb_mb);
      if (m !== 0 && get(k, m + m_type) === MT_CONTROL) m = 0;
    }
  }
  return 0;
}

/** After a look at `count` bytes: the mbuf to look at next, 0 to stop. Bytes that an appender has put behind them meanwhile end the look. */
function soreceive_next(k: Kernel, m: number, count: number): number {
  return count < get(k, m + m_len) ? 0 : get(k, m + m_next);
}

/**
 * Removes `count` bytes, which have been copied out of the first mbuf, or are to be lent as `lent`, which may be that mbuf. Returns what is the
 * first mbuf then.
 */
function soreceive_take(k: Kernel, td: number, rcv: number, m: number, count: number, lent: number): number {
  // The length is read again: an appender may have put more bytes behind those that were copied.
  if (count < get(k, m + m_len)) {
    put(k, m + m_off, get(k, m + m_off) + count);
    put(k, m + m_len, get(k, m + m_len) - count);
    put(k, rcv + sb_cc, get(k, rcv + sb_cc) - count);
    return m;
  }
  const nextrecord = get(k, m + m_nextpkt);
  sbfree(k, rcv, m);
  const next = get(k, m + m_next);
  if (lent !== m) m_free(k, td, m);
  if (next === 0) {
    put(k, rcv + sb_mb, nextrecord);
  } else {
    put(k, next + m_nextpkt, nextrecord);
    put(k, rcv + sb_mb, next);
  }
  SB_EMPTY_FIXUP(k, rcv);
  return next;
}

/** MSG_WAITALL: tells the protocol that there is room and sleeps until more has come or nothing more will. */
function soreceive_waitall(k: Kernel, td: number, so: number): number {
  const rcv = so + so_rcv;
  while (get(k, rcv + sb_mb) === 0) {
    if (load(k, so + so_error) !== 0 || sbstate(k, rcv, SBS_CANTRCVMORE)) return 0;
    soreceive_tell(k, td, so);
    if (get(k, rcv + sb_mb) === 0 && !sbstate(k, rcv, SBS_CANTRCVMORE) && load(k, so + so_error) === 0) {
      const error = sbwait(k, td, rcv);
      if (error !== 0) return error;
    }
  }
  return 0;
}

/** Tells the protocol, with the mutex given back, that data has been taken. Nothing may be assumed unchanged after it. */
function soreceive_tell(k: Kernel, td: number, so: number): void {
  if ((pr_flags(fixed(k, so + so_proto)) & PR_WANTRCVD) === 0) return;
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  pru_rcvd(k, td, so, 0);
  mtx_lock(k, td, so + so_rcv + sb_mtx);
}

/** Receives one datagram; what does not fit is lost. */
export function soreceive_dgram(k: Kernel, td: number, so: number, flags: number): number {
  const rcv = so + so_rcv;
  const prflags = pr_flags(fixed(k, so + so_proto));
  KASSERT(k, (prflags & (PR_ATOMIC | PR_ADDR | PR_CONNREQUIRED | PR_WANTRCVD)) === (PR_ATOMIC | PR_ADDR), PANIC_SORECEIVE_DGRAM, so);
  mtx_lock(k, td, rcv + sb_mtx);
  let rights = false;
  let ready = false;
  while (!ready) {
    const error = soreceive_dgram_wait(k, td, so, flags);
    if (error !== DATA) {
      mtx_unlock(k, td, rcv + sb_mtx);
      return error === NOTHING ? 0 : error;
    }
    // With their mutex held as well another record may be the first, with rights or without; or there is none any more.
    rights = (flags & MSG_PEEK) === 0 && unp_lock_rights(k, td, rcv);
    ready = get(k, rcv + sb_mb) !== 0;
    if (rights && !ready) mtx_unlock(k, td, unp_rights_mtx);
  }
  if ((flags & MSG_PEEK) !== 0) {
    // A record that stays in the buffer may be taken by another reader at any moment, so this copy is made under the mutex.
    const name = soreceive_name(k, td, so);
    const error = soreceive_record(k, td, get(k, name + m_next));
    mtx_unlock(k, td, rcv + sb_mtx);
    return error;
  }
  return rights ? soreceive_rights(k, td, so) : soreceive_whole(k, td, so, soreceive_dequeue(k, td, so));
}

/** Sleeps until there is a datagram: DATA; NOTHING for a shut receive side or an empty request; an errno. The mutex of so_rcv is held. */
function soreceive_dgram_wait(k: Kernel, td: number, so: number, flags: number): number {
  const rcv = so + so_rcv;
  while (get(k, rcv + sb_mb) === 0) {
    KASSERT(k, get(k, rcv + sb_cc) === 0, PANIC_DGRAM_CC, so);
    let error = (flags & MSG_PEEK) !== 0 ? load(k, so + so_error) : exchange(k, so + so_error, 0);
    if (error === 0) {
      if (sbstate(k, rcv, SBS_CANTRCVMORE) || get(k, td + td_uio_resid) === 0) return NOTHING;
      if ((load(k, so + so_state) & SS_NBIO) !== 0 || (flags & MSG_DONTWAIT) !== 0) error = EWOULDBLOCK;
      else error = sbwait(k, td, rcv);
    }
    if (error !== 0) return error;
  }
  return DATA;
}

/** Copies out a record that nobody else takes, as far as it is wanted, and says whether that is all of it, and its end. */
function soreceive_record(k: Kernel, td: number, record: number): number {
  let more = 0;
  for (let m = record; m !== 0; m = get(k, m + m_next)) {
    const resid = get(k, td + td_uio_resid);
    const length = get(k, m + m_len);
    const error = uiomove_out(k, td, mtod(k, m), resid < length ? resid : length);
    if (error !== 0) return error;
    if (resid < length) more = MSG_TRUNC;
    else if ((get(k, m + m_flags) & M_EOR) !== 0) more = MSG_EOR;
  }
  put(k, td + td_msg_flags, get(k, td + td_msg_flags) | more);
  return 0;
}
