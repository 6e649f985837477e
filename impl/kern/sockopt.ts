/**
 * Socket options. The value is one word in user memory. It is read before any lock is taken and written after all are given
 * back, because a copy may sleep; for options of a protocol's own level that is the protocol's duty, which must look
 * again at its state after the copy.
 */

import { EDOM, EINVAL, ENOBUFS, ENOPROTOOPT } from '../errno.ts';
import {
  SOL_SOCKET,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_OOBINLINE,
  SO_OPT_ACCEPTCONN,
  SO_OPT_ACCEPTFILTER,
  SO_OPT_ERROR,
  SO_OPT_LINGER,
  SO_OPT_LISTENINCQLEN,
  SO_OPT_LISTENQLEN,
  SO_OPT_LISTENQLIMIT,
  SO_OPT_RCVBUF,
  SO_OPT_RCVLOWAT,
  SO_OPT_RCVTIMEO,
  SO_OPT_SNDBUF,
  SO_OPT_SNDLOWAT,
  SO_OPT_SNDTIMEO,
  SO_OPT_TYPE,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SS_NBIO,
  accept_mtx,
  h_sb_max,
  sb_lowat,
  sb_mtx,
  sb_reserved,
  sb_timeo,
  so_error,
  so_incqlen,
  so_linger,
  so_options,
  so_qlen,
  so_qlimit,
  so_rcv,
  so_snd,
  so_type,
  td_retval1,
} from '../layout.ts';
import { and, exchange, fixed, get, type Kernel, load, or, put, store } from '../memory.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { accf_getopt, accf_setopt } from './accept_filter.ts';
import { copyin_word, copyout_word } from './copy.ts';
import { fdrop, fget, file_socket } from './file.ts';
import { pr_ctloutput, pru_keepalive, pru_reuseport } from './protosw.ts';
import { sbresize_locked, sowakeup } from './sockbuf.ts';
import { so_changestate } from './sockstate.ts';

/** SO_LINGER: ticks to linger, or a negative number for off. */
export function sosetopt(k: Kernel, td: number, so: number, level: number, name: number, uaddr: number): number {
  if (level !== SOL_SOCKET) return pr_ctloutput(k, td, so, 1, level, name, uaddr);
  if (name === SO_OPT_ACCEPTFILTER) return accf_setopt(k, td, so, uaddr);
  const sb = so_buffer(so, name);
  if (sb !== 0) return sb_setopt(k, td, so, sb, name, uaddr);
  const flag = so_flag(name);
  if (flag === 0 && name !== SO_OPT_LINGER) return ENOPROTOOPT;
  const error = copyin_word(k, td, uaddr);
  if (error !== 0) return error;
  if (flag !== 0) {
    mtx_lock(k, td, so + so_rcv + sb_mtx);
    if (get(k, td + td_retval1) !== 0) or(k, so + so_options, flag);
    else and(k, so + so_options, ~flag);
    mtx_unlock(k, td, so + so_rcv + sb_mtx);
    if (flag === SO_KEEPALIVE) pru_keepalive(k, td, so);
    if (flag === SO_REUSEPORT) pru_reuseport(k, td, so);
    return 0;
  }
  const linger = get(k, td + td_retval1);
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  store(k, so + so_linger, linger < 0 ? 0 : linger);
  // One step each: soclose clears SO_ACCEPTCONN in the same word under another lock.
  if (linger < 0) and(k, so + so_options, ~SO_LINGER);
  else or(k, so + so_options, SO_LINGER);
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  return 0;
}

/** The buffer that an option is about; 0 for any other. */
function so_buffer(so: number, name: number): number {
  switch (name) {
    case SO_OPT_SNDBUF:
    case SO_OPT_SNDLOWAT:
    case SO_OPT_SNDTIMEO:
      return so + so_snd;
    case SO_OPT_RCVBUF:
    case SO_OPT_RCVLOWAT:
    case SO_OPT_RCVTIMEO:
      return so + so_rcv;
    default:
      return 0;
  }
}

/** A limit, which must be possible; a low-water mark, which is no more than the limit; a time, in ticks. Whoever waits looks again. */
function sb_setopt(k: Kernel, td: number, so: number, sb: number, name: number, uaddr: number): number {
  const error = copyin_word(k, td, uaddr);
  if (error !== 0) return error;
  const value = get(k, td + td_retval1);
  const timeo = name === SO_OPT_SNDTIMEO || name === SO_OPT_RCVTIMEO;
  const limit = name === SO_OPT_SNDBUF || name === SO_OPT_RCVBUF;
  if (timeo && value < 0) return EDOM;
  if (!timeo && value < 1) return EINVAL;
  if (limit && value > fixed(k, h_sb_max)) return ENOBUFS;
  mtx_lock(k, td, sb + sb_mtx);
  if (timeo) {
    put(k, sb + sb_timeo, value);
  } else if (limit) {
    sbresize_locked(k, sb, value);
  } else {
    const most = get(k, sb + sb_reserved);
    put(k, sb + sb_lowat, value > most ? most : value);
  }
  sowakeup(k, td, so, sb);
  return 0;
}

function sb_getopt(k: Kernel, td: number, sb: number, name: number): number {
  const timeo = name === SO_OPT_SNDTIMEO || name === SO_OPT_RCVTIMEO;
  const limit = name === SO_OPT_SNDBUF || name === SO_OPT_RCVBUF;
  mtx_lock(k, td, sb + sb_mtx);
  const value = get(k, sb + (timeo ? sb_timeo : limit ? sb_reserved : sb_lowat));
  mtx_unlock(k, td, sb + sb_mtx);
  return value;
}

/** The bit of so_options for an option that is on or off; 0 for any other. */
function so_flag(name: number): number {
  switch (name) {
    case SO_BROADCAST:
    case SO_KEEPALIVE:
    case SO_OOBINLINE:
    case SO_REUSEADDR:
    case SO_REUSEPORT:
      return name;
    default:
      return 0;
  }
}

export function sogetopt(k: Kernel, td: number, so: number, level: number, name: number, uaddr: number): number {
  if (level !== SOL_SOCKET) return pr_ctloutput(k, td, so, 0, level, name, uaddr);
  switch (name) {
    case SO_OPT_LINGER:
      return copyout_word(k, uaddr, (load(k, so + so_options) & SO_LINGER) !== 0 ? load(k, so + so_linger) : -1);
    case SO_OPT_ACCEPTCONN:
      return copyout_word(k, uaddr, (load(k, so + so_options) & SO_ACCEPTCONN) !== 0 ? 1 : 0);
    case SO_OPT_TYPE:
      return copyout_word(k, uaddr, fixed(k, so + so_type));
    case SO_OPT_ERROR:
      // Reported once: consumed even if the answer can't be delivered, as in BSD.
      return copyout_word(k, uaddr, exchange(k, so + so_error, 0));
    case SO_OPT_ACCEPTFILTER:
      return accf_getopt(k, td, so, uaddr);
    case SO_OPT_LISTENQLIMIT:
      return copyout_word(k, uaddr, load(k, so + so_qlimit));
    case SO_OPT_LISTENQLEN:
      return copyout_word(k, uaddr, load(k, so + so_qlen));
    case SO_OPT_LISTENINCQLEN:
      return copyout_word(k, uaddr, so_incomplete(k, td, so));
    default:
      if (so_buffer(so, name) !== 0) return copyout_word(k, uaddr, sb_getopt(k, td, so_buffer(so, name), name));
      if (so_flag(name) === 0) return ENOPROTOOPT;
      return copyout_word(k, uaddr, (load(k, so + so_options) & so_flag(name)) !== 0 ? 1 : 0);
  }
}

export function kern_setsockopt(k: Kernel, td: number, fd: number, level: number, name: number, uaddr: number): number {
  const fp = fget(k, td, fd);
  if (fp < 0) return -fp;
  const error = sosetopt(k, td, file_socket(k, fp), level, name, uaddr);
  fdrop(k, td, fp);
  return error;
}

export function kern_getsockopt(k: Kernel, td: number, fd: number, level: number, name: number, uaddr: number): number {
  const fp = fget(k, td, fd);
  if (fp < 0) return -fp;
  const error = sogetopt(k, td, file_socket(k, fp), level, name, uaddr);
  fdrop(k, td, fp);
  return error;
}

/** FIONBIO: non-blocking from now on, or not. */
export function kern_setnbio(k: Kernel, td: number, fd: number, on: number): number {
  const fp = fget(k, td, fd);
  if (fp < 0) return -fp;
  so_changestate(k, td, file_socket(k, fp), SS_NBIO, on !== 0 ? SS_NBIO : 0);
  fdrop(k, td, fp);
  return 0;
}

function so_incomplete(k: Kernel, td: number, so: number): number {
  mtx_lock(k, td, accept_mtx);
  const length = get(k, so + so_incqlen);
  mtx_unlock(k, td, accept_mtx);
  return length;
}
