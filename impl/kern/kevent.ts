/**
 * kevent: changes to what a kqueue is asked about, and then the events that hold. A *kevent* is six words of user memory: descriptor, filter,
 * flags, fflags, data, udata.
 *
 * What is queued is asked once more before it is reported, under the mutex of its buffer (kqueue.ts says how one gets there), so that nothing is
 * reported that does not hold at that moment. What is reported and goes on to hold goes to the end of the queue.
 */

import { EBADF, EFAULT, EINVAL, ENOENT, ENOMEM, EWOULDBLOCK } from '../errno.ts';
import {
  DTYPE_KQUEUE,
  DTYPE_SOCKET,
  EV_ADD,
  EV_CLEAR,
  EV_DELETE,
  EV_DISABLE,
  EV_ENABLE,
  EV_ERROR,
  EV_ONESHOT,
  EVFILT_READ,
  EVFILT_WRITE,
  f_data,
  f_type,
  f_watched,
  KEVENT_BYTES,
  sb_mtx,
  so_rcv,
  so_snd,
  td_retval0,
  td_retval1,
  ticks,
} from '../layout.ts';
import {
  KN_DISABLED,
  KN_INFLUX,
  kn_data,
  kn_fd,
  kn_filter,
  kn_flags,
  kn_fp,
  kn_rfflags,
  kn_rflags,
  kn_sdata,
  kn_sfflags,
  kn_status,
  kn_udata,
  kq_first,
  kq_influx,
  kq_mtx,
  kq_queued,
  kq_sleepers,
} from './kqueue_layout.ts';
import { fixed, get, type Kernel, load, put, store } from '../memory.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { msleep } from '../sync/sleepqueue.ts';
import { copyin_word, copyout_word, useracc } from './copy.ts';
import { fd_leads, fdrop, fget_any } from './file.ts';
import {
  filter,
  knote_attach,
  knote_dequeue,
  knote_drop,
  knote_enqueue,
  knote_enter,
  knote_find,
  knote_leave,
  knote_sb,
  knote_wait,
} from './kqueue.ts';

/** How many events were reported goes to td_retval0. */
export function kern_kevent(
  k: Kernel,
  td: number,
  fd: number,
  uchanges: number,
  nchanges: number,
  uevents: number,
  nevents: number,
  timo: number,
): number {
  if (nchanges < 0 || nevents < 0) return EINVAL;
  if (!useracc(k, uchanges, nchanges * KEVENT_BYTES) || !useracc(k, uevents, nevents * KEVENT_BYTES)) return EFAULT;
  const fp = fget_any(k, td, fd);
  if (fp < 0) return -fp;
  let error = get(k, fp + f_type) === DTYPE_KQUEUE ? 0 : EBADF;
  const kq = get(k, fp + f_data);
  let failed = 0;
  for (let i = 0; i < nchanges && error === 0; i++) {
    error = kqueue_register(k, td, kq, uchanges + i * KEVENT_BYTES);
    if (error !== 0 && failed < nevents) {
      kevent_failed(k, td, uchanges + i * KEVENT_BYTES, uevents + failed * KEVENT_BYTES, error);
      failed++;
      error = 0;
    }
  }
  if (failed > 0) put(k, td + td_retval0, failed);
  else if (error === 0 && nevents > 0) error = kqueue_scan(k, td, kq, uevents, nevents, timo);
  fdrop(k, td, fp);
  return error;
}

function word(k: Kernel, td: number, uaddr: number): number {
  copyin_word(k, td, uaddr);
  return get(k, td + td_retval1);
}

/** Reports a change that was not made. */
function kevent_failed(k: Kernel, td: number, uchange: number, uevent: number, error: number): void {
  const udata = word(k, td, uchange + 20);
  copyout_word(k, uevent, word(k, td, uchange));
  copyout_word(k, uevent + 4, word(k, td, uchange + 4));
  copyout_word(k, uevent + 8, EV_ERROR);
  copyout_word(k, uevent + 12, 0);
  copyout_word(k, uevent + 16, error);
  copyout_word(k, uevent + 20, udata);
}

/** Makes one change. */
function kqueue_register(k: Kernel, td: number, kq: number, uchange: number): number {
  const fd = word(k, td, uchange);
  const what = word(k, td, uchange + 4);
  if (what !== EVFILT_READ && what !== EVFILT_WRITE) return EINVAL;
  const fp = fget_any(k, td, fd);
  if (fp < 0) return -fp;
  let error: number = EINVAL;
  if (get(k, fp + f_type) === DTYPE_SOCKET) {
    const sb = get(k, fp + f_data) + (what === EVFILT_READ ? so_rcv : so_snd);
    error = knote_change(k, td, sb, kq, fp, uchange);
  }
  fdrop(k, td, fp);
  return error;
}

function knote_change(k: Kernel, td: number, sb: number, kq: number, fp: number, uchange: number): number {
  const fd = word(k, td, uchange);
  const what = word(k, td, uchange + 4);
  const flags = word(k, td, uchange + 8);
  const fflags = word(k, td, uchange + 12);
  const data = word(k, td, uchange + 16);
  const udata = word(k, td, uchange + 20);
  store(k, fp + f_watched, 1);
  mtx_lock(k, td, sb + sb_mtx);
  mtx_lock(k, td, kq + kq_mtx);
  let kn = knote_find(k, sb, kq, fp, fd);
  while (kn !== 0 && (get(k, kn + kn_status) & KN_INFLUX) !== 0) {
    knote_wait(k, td, sb, kq);
    mtx_lock(k, td, kq + kq_mtx);
    kn = knote_find(k, sb, kq, fp, fd);
  }
  let error = kn === 0 && (flags & EV_ADD) === 0 ? ENOENT : 0;
  if (kn === 0 && error === 0) {
    kn = knote_attach(k, td, sb, kq, fp, fd, what, flags);
    if (kn === 0) error = ENOMEM;
  }
  // Looked at when the knote is there: who closes the descriptor after this finds the knote.
  if (!fd_leads(k, fd, fp)) error = EBADF;
  if (kn !== 0) {
    if ((flags & EV_ADD) !== 0) {
      put(k, kn + kn_sfflags, fflags);
      put(k, kn + kn_sdata, data);
      put(k, kn + kn_udata, udata);
    }
    if (error !== 0 || (flags & EV_DELETE) !== 0) knote_drop(k, td, sb, kq, kn);
    else knote_switch(k, td, kq, kn, flags);
  }
  mtx_unlock(k, td, kq + kq_mtx);
  mtx_unlock(k, td, sb + sb_mtx);
  return error;
}

/** Turns it on or off, and asks its filter. */
function knote_switch(k: Kernel, td: number, kq: number, kn: number, flags: number): void {
  if ((flags & EV_DISABLE) !== 0) {
    knote_dequeue(k, kq, kn);
    put(k, kn + kn_status, get(k, kn + kn_status) | KN_DISABLED);
    return;
  }
  if ((flags & EV_ENABLE) !== 0) put(k, kn + kn_status, get(k, kn + kn_status) & ~KN_DISABLED);
  if (filter(k, kn)) knote_enqueue(k, td, kq, kn);
}

/** Reports what is queued and still holds; sleeps until there is something. */
function kqueue_scan(k: Kernel, td: number, kq: number, uevents: number, nevents: number, timo: number): number {
  const end = (load(k, ticks) + timo) | 0;
  let count = 0;
  let error = 0;
  mtx_lock(k, td, kq + kq_mtx);
  while (count === 0 && error === 0) {
    // What is reported goes to the end of the queue if it still holds; once is enough.
    let left = get(k, kq + kq_queued);
    while (left > 0 && count < nevents && get(k, kq + kq_first) !== 0) {
      const found = knote_report(k, td, kq, get(k, kq + kq_first), uevents + count * KEVENT_BYTES);
      count += found;
      left--;
    }
    if (count === 0 && get(k, kq + kq_first) === 0) error = kqueue_sleep(k, td, kq, timo, end);
  }
  mtx_unlock(k, td, kq + kq_mtx);
  put(k, td + td_retval0, count);
  return error === EWOULDBLOCK ? 0 : error;
}

/** Sleeps until something is queued, or comes out of flux. The kqueue's mutex is held. EWOULDBLOCK: the time is over, or there is none. */
function kqueue_sleep(k: Kernel, td: number, kq: number, timo: number, end: number): number {
  // Who has a knote in flux will say whether it holds; that is no event to wait for, and ends by itself.
  const flux = get(k, kq + kq_influx) > 0;
  const left = timo > 0 ? (end - load(k, ticks)) | 0 : 0;
  if (!flux && (timo === 0 || (timo > 0 && left <= 0))) return EWOULDBLOCK;
  put(k, kq + kq_sleepers, 1);
  if (!flux) return msleep(k, td, kq + kq_first, kq + kq_mtx, 1, left);
  if (msleep(k, td, kq + kq_first, kq + kq_mtx, 0, 0) !== 0) {
    mtx_unlock(k, td, kq + kq_mtx);
    mtx_lock(k, td, kq + kq_mtx);
  }
  return 0;
}

/** Asks the filter of the first knote once more, under the buffer's mutex, and reports it if it holds: 1. The kqueue's mutex is held. */
function knote_report(k: Kernel, td: number, kq: number, kn: number, uevent: number): number {
  const sb = knote_sb(k, kn);
  knote_enter(k, kq, kn);
  mtx_unlock(k, td, kq + kq_mtx);
  mtx_lock(k, td, sb + sb_mtx);
  mtx_lock(k, td, kq + kq_mtx);
  knote_leave(k, td, kq, kn);
  const fd = fixed(k, kn + kn_fd);
  const disabled = (get(k, kn + kn_status) & KN_DISABLED) !== 0;
  // Of a descriptor that is being closed nothing is said any more. It is looked at last.
  const holds = !disabled && filter(k, kn) && fd_leads(k, fd, fixed(k, kn + kn_fp));
  const what = fixed(k, kn + kn_filter);
  const flags = fixed(k, kn + kn_flags);
  const rflags = get(k, kn + kn_rflags);
  const rfflags = get(k, kn + kn_rfflags);
  const data = get(k, kn + kn_data);
  const udata = get(k, kn + kn_udata);
  if (holds && (flags & EV_ONESHOT) !== 0) knote_drop(k, td, sb, kq, kn);
  else if (holds && (flags & EV_CLEAR) === 0) knote_enqueue(k, td, kq, kn);
  mtx_unlock(k, td, kq + kq_mtx);
  mtx_unlock(k, td, sb + sb_mtx);
  if (holds) {
    copyout_word(k, uevent, fd);
    copyout_word(k, uevent + 4, what);
    copyout_word(k, uevent + 8, flags | rflags);
    copyout_word(k, uevent + 12, rfflags);
    copyout_word(k, uevent + 16, data);
    copyout_word(k, uevent + 20, udata);
  }
  mtx_lock(k, td, kq + kq_mtx);
  return holds ? 1 : 0;
}
