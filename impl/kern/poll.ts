/**
 * poll: which of several descriptors have something to say, now or as soon as one has. A *pollfd* is three words of user memory: descriptor,
 * events asked for, events found.
 *
 *   pollscan     looks at every descriptor, and enters the thread where there is nothing (select.ts)
 *   sleep        until somebody changes one of them
 *   pollrescan   looks again where something was changed; if that comes to nothing, all over again
 *
 * No file is kept during the sleep, so that a close is a close. A descriptor that is closed meanwhile is reported (POLLNVAL) at once: F93
 * tells it when the socket happens to be freed. Nothing is lost: who polls marks the file (f_watched), enters itself and then looks whether the
 * descriptor still leads there; who closes takes the descriptor away and then looks at the mark.
 */

import { EFAULT, EINVAL, EWOULDBLOCK } from '../errno.ts';
import {
  f_watched,
  POLLFD_BYTES,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  PR_CONNREQUIRED,
  SB_SEL,
  SBS_CANTRCVMORE,
  SBS_CANTSENDMORE,
  SBS_RCVATMARK,
  SS_ISCONNECTED,
  sb_cc,
  sb_flags,
  sb_lowat,
  sb_mtx,
  sb_sel,
  so_error,
  so_oobmark,
  so_proto,
  so_qlen,
  so_rcv,
  so_snd,
  so_state,
  td_retval0,
  td_retval1,
  ticks,
} from '../layout.ts';
import { fixed, get, type Kernel, load, put, store } from '../memory.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { copyin_word, copyout_word, useracc } from './copy.ts';
import { fd_leads, fdrop, fget, file_socket } from './file.ts';
import { pr_flags } from './protosw.ts';
import { selfd, selfdfree, selmost, selrecord, seltdinit, seltdwait, selwakeup } from './select.ts';
import { sbspace, sbstate } from './sockbuf.ts';

/** How many of the descriptors have something to say goes to td_retval0; 0 when the time is over. */
export function kern_poll(k: Kernel, td: number, uaddr: number, nfds: number, timo: number): number {
  if (nfds < 0 || nfds > selmost(k)) return EINVAL;
  if (!useracc(k, uaddr, nfds * POLLFD_BYTES)) return EFAULT;
  const end = (load(k, ticks) + timo) | 0;
  let error = 0;
  let found = 0;
  let more = true;
  while (more) {
    if (timo !== 0) seltdinit(k, td);
    found = pollscan(k, td, uaddr, nfds, timo);
    const left = timo > 0 ? (end - load(k, ticks)) | 0 : 1;
    more = found === 0 && timo !== 0 && left > 0;
    if (more) {
      error = seltdwait(k, td, timo > 0 ? left : 0);
      if (error === 0) found = pollrescan(k, td, uaddr, nfds);
      more = error === 0 && found === 0;
    }
  }
  if (timo !== 0) seltdclear(k, td, nfds);
  put(k, td + td_retval0, found);
  return error === EWOULDBLOCK ? 0 : error;
}

/** Looks at all; enters the thread unless it won't wait. How many have something to say. */
function pollscan(k: Kernel, td: number, uaddr: number, nfds: number, timo: number): number {
  let found = 0;
  for (let index = 0; index < nfds; index++) found += pollfd(k, td, uaddr + index * POLLFD_BYTES, timo === 0 ? -1 : index);
  return found;
}

/** Takes the thread off every list, and looks again where somebody has taken it off. */
function pollrescan(k: Kernel, td: number, uaddr: number, nfds: number): number {
  let found = 0;
  for (let index = 0; index < nfds; index++) {
    if (unrecord(k, td, index)) found += pollfd(k, td, uaddr + index * POLLFD_BYTES, -1);
  }
  return found;
}

/** Takes back what the thread has entered for this descriptor; whether something has happened to it. */
function unrecord(k: Kernel, td: number, index: number): boolean {
  const rcv = selfdfree(k, td, selfd(k, td, index, 0));
  const snd = selfdfree(k, td, selfd(k, td, index, 1));
  return rcv || snd;
}

function seltdclear(k: Kernel, td: number, nfds: number): void {
  for (let index = 0; index < nfds; index++) unrecord(k, td, index);
}

/** Fills in one pollfd; 1 if it has something to say. If not the thread is entered, unless `index`, which of them it is, is -1. */
function pollfd(k: Kernel, td: number, uaddr: number, index: number): number {
  copyin_word(k, td, uaddr);
  const fd = get(k, td + td_retval1);
  copyin_word(k, td, uaddr + 4);
  const events = get(k, td + td_retval1);
  let revents = fd < 0 ? 0 : fo_poll(k, td, fd, events, index);
  // POSIX: never both. (F93 sees to it only before it has slept.)
  if ((revents & POLLHUP) !== 0) revents &= ~POLLOUT;
  copyout_word(k, uaddr + 8, revents);
  return revents === 0 ? 0 : 1;
}

function fo_poll(k: Kernel, td: number, fd: number, events: number, index: number): number {
  const fp = fget(k, td, fd);
  if (fp < 0) return POLLNVAL;
  if (index >= 0) store(k, fp + f_watched, 1);
  let revents = sopoll(k, td, file_socket(k, fp), events, index);
  if (!fd_leads(k, fd, fp)) {
    revents = POLLNVAL;
    // The reference may be the last one, and then the socket goes with it.
    if (index >= 0) unrecord(k, td, index);
  }
  fdrop(k, td, fp);
  return revents;
}

/** A descriptor of the socket has been closed: whoever polls it looks again. */
export function sopoll_closed(k: Kernel, td: number, sb: number): void {
  mtx_lock(k, td, sb + sb_mtx);
  const flags = get(k, sb + sb_flags);
  if ((flags & SB_SEL) !== 0) {
    put(k, sb + sb_flags, flags & ~SB_SEL);
    selwakeup(k, td, sb + sb_sel);
  }
  mtx_unlock(k, td, sb + sb_mtx);
}

/** What of these events is true of the socket; if none is the thread is entered in its lists. */
function sopoll(k: Kernel, td: number, so: number, events: number, index: number): number {
  mtx_lock(k, td, so + so_snd + sb_mtx);
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  const revents = sopoll_locked(k, so, events);
  if (revents === 0 && index >= 0) sopoll_record(k, td, so, events, index);
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  mtx_unlock(k, td, so + so_snd + sb_mtx);
  return revents;
}

/** The mutexes of both buffers are held. */
function sopoll_locked(k: Kernel, so: number, events: number): number {
  let revents = 0;
  const deaf = sbstate(k, so + so_rcv, SBS_CANTRCVMORE);
  if (deaf || soreadabledata(k, so)) revents |= POLLIN;
  if (sowriteable(k, so)) revents |= POLLOUT;
  if (get(k, so + so_oobmark) !== 0 || sbstate(k, so + so_rcv, SBS_RCVATMARK)) revents |= POLLPRI;
  revents &= events;
  if (deaf && sbstate(k, so + so_snd, SBS_CANTSENDMORE)) revents |= POLLHUP;
  return revents;
}

/** Who asks for neither reading nor writing waits for the end of both, whichever comes last. (F93 enters him nowhere, or with the readers.) */
function sopoll_record(k: Kernel, td: number, so: number, events: number, index: number): void {
  const asked = events & (POLLIN | POLLPRI | POLLOUT);
  if (asked !== POLLOUT) sopoll_enter(k, td, so + so_rcv, selfd(k, td, index, 0));
  if ((asked & POLLOUT) !== 0 || (asked & POLLIN) === 0) sopoll_enter(k, td, so + so_snd, selfd(k, td, index, 1));
}

function sopoll_enter(k: Kernel, td: number, sb: number, sfp: number): void {
  selrecord(k, td, sb + sb_sel, sfp);
  put(k, sb + sb_flags, get(k, sb + sb_flags) | SB_SEL);
}

/**
 * There is data, a connection or an error to be had. The mutex of so_rcv is held. Queue and error change without it, but whoever changes
 * them tells the readers after that.
 */
export function soreadabledata(k: Kernel, so: number): boolean {
  if (get(k, so + so_rcv + sb_cc) >= get(k, so + so_rcv + sb_lowat)) return true;
  return load(k, so + so_error) !== 0 || load(k, so + so_qlen) !== 0;
}

/** A send would not wait. The mutex of so_snd is held. */
export function sowriteable(k: Kernel, so: number): boolean {
  if (sbstate(k, so + so_snd, SBS_CANTSENDMORE) || load(k, so + so_error) !== 0) return true;
  if (sbspace(k, so + so_snd) < get(k, so + so_snd + sb_lowat)) return false;
  return (load(k, so + so_state) & SS_ISCONNECTED) !== 0 || (pr_flags(fixed(k, so + so_proto)) & PR_CONNREQUIRED) === 0;
}
