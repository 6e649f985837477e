/**
 * kqueue: events that are registered once and asked for many times. A *kqueue* is a file; a *knote* is one event in it: a descriptor, a
 * filter, and what to do about it. A knote is on two lists, of its kqueue and of the socket buffer that it watches, and on the kqueue's
 * queue while it may have something to report.
 *
 *   from        to          by
 *   –           idle        EV_ADD
 *   idle        queued      KNOTE, when the buffer changes; EV_ADD, EV_ENABLE: if the filter says so
 *   queued      in flux     kevent, which then takes the buffer's mutex and asks the filter once more
 *   in flux     queued      it was reported, and is to be reported as long as it holds
 *   in flux     idle        it holds no more; or EV_CLEAR: it was reported
 *   any         gone        EV_DELETE; reported once (EV_ONESHOT); its descriptor is closed; its kqueue is closed
 *
 * 1. Order of locks: the buffer, then the kqueue. Who comes from the kqueue marks the knote (in flux) and gives the kqueue's mutex back before
 *    he takes the buffer's; who would take the knote away waits for him. So a knote's socket lives as long as the knote.
 * 2. A knote's descriptor leads to its file: who closes one removes its knotes before he gives the file up, and who registers looks at the
 *    descriptor again when the knote is there (f_watched and the descriptor, as in poll.ts). In between, a knote says nothing.
 * 3. No event is lost: a knote that is neither queued nor in flux nor disabled is one whose filter says no (EV_CLEAR: has said so since, or has
 *    been reported). The filter's answer can only become yes under the buffer's mutex or before a sowakeup, which asks it.
 */

import { ENOMEM } from '../errno.ts';
import {
  DTYPE_KQUEUE,
  EV_CLEAR,
  EV_EOF,
  EV_ONESHOT,
  EVFILT_READ,
  f_data,
  f_type,
  f_watched,
  knote_zone,
  kqueue_zone,
  LC_KQ,
  NOTE_LOWAT,
  PR_CONNREQUIRED,
  SB_KNOTE,
  SBS_CANTRCVMORE,
  SBS_CANTSENDMORE,
  SO_ACCEPTCONN,
  SS_ISCONNECTED,
  sb_cc,
  sb_ctl,
  sb_flags,
  sb_lowat,
  sb_mtx,
  sb_note,
  so_error,
  so_options,
  so_proto,
  so_qlen,
  so_rcv,
  so_snd,
  so_state,
  td_retval0,
} from '../layout.ts';
import {
  KN_DISABLED,
  KN_INFLUX,
  KN_QUEUED,
  kn_data,
  kn_fd,
  kn_filter,
  kn_flags,
  kn_fp,
  kn_kq,
  kn_next,
  kn_rfflags,
  kn_rflags,
  kn_sdata,
  kn_selnext,
  kn_sfflags,
  kn_so,
  kn_status,
  kn_tqe_next,
  kq_first,
  kq_influx,
  kq_mtx,
  kq_notes,
  kq_queued,
  kq_sleepers,
} from './kqueue_layout.ts';
import { fixed, get, type Kernel, load, put } from '../memory.ts';
import { mtx_init, mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { msleep, wakeup } from '../sync/sleepqueue.ts';
import { falloc, fdalloc, fdrop, fdunused, finit, finstall } from './file.ts';
import { sopoll_closed } from './poll.ts';
import { pr_flags } from './protosw.ts';
import { LIST_INSERT_HEAD, LIST_REMOVE, TAILQ_INSERT_TAIL, TAILQ_REMOVE } from './queue.ts';
import { sbspace, sbstate } from './sockbuf.ts';
import { uma_zalloc, uma_zfree } from './uma.ts';

// ---- the kqueue as a file ------------------------------------------------------------------------------------------------

/** A new kqueue; its descriptor goes to td_retval0. */
export function kern_kqueue(k: Kernel, td: number): number {
  const fd = fdalloc(k, td);
  if (fd < 0) return -fd;
  const fp = falloc(k, td);
  const kq = fp < 0 ? 0 : uma_zalloc(k, td, kqueue_zone);
  if (kq === 0) {
    if (fp > 0) fdrop(k, td, fp);
    fdunused(k, td, fd);
    return fp < 0 ? -fp : ENOMEM;
  }
  mtx_init(k, kq + kq_mtx, LC_KQ);
  put(k, fp + f_type, DTYPE_KQUEUE);
  finit(k, fp, kq);
  finstall(k, fd, fp);
  put(k, td + td_retval0, fd);
  return 0;
}

/** Nobody refers to the kqueue any more but its knotes' buffers, which are made to forget it. */
export function kqueue_close(k: Kernel, td: number, kq: number): void {
  mtx_lock(k, td, kq + kq_mtx);
  for (let kn = get(k, kq + kq_notes); kn !== 0; kn = get(k, kq + kq_notes)) {
    const sb = knote_sb(k, kn);
    knote_enter(k, kq, kn);
    mtx_unlock(k, td, kq + kq_mtx);
    mtx_lock(k, td, sb + sb_mtx);
    mtx_lock(k, td, kq + kq_mtx);
    knote_leave(k, td, kq, kn);
    knote_drop(k, td, sb, kq, kn);
    mtx_unlock(k, td, kq + kq_mtx);
    mtx_unlock(k, td, sb + sb_mtx);
    mtx_lock(k, td, kq + kq_mtx);
  }
  mtx_unlock(k, td, kq + kq_mtx);
  uma_zfree(k, td, kqueue_zone, kq);
}

// ---- what happens to a socket's file --------------------------------------------------------------------------------------

/** A descriptor of the file has been closed: who polls it is told, and its knotes go. The caller has a reference to the file. */
export function file_closed(k: Kernel, td: number, fp: number, fd: number): void {
  if (load(k, fp + f_watched) === 0) return;
  const so = get(k, fp + f_data);
  sopoll_closed(k, td, so + so_snd);
  sopoll_closed(k, td, so + so_rcv);
  knote_fdclose(k, td, so + so_snd, fp, fd);
  knote_fdclose(k, td, so + so_rcv, fp, fd);
}

/** A connection has been taken off the listener's queue: what watches it looks again. */
export function file_changed(k: Kernel, td: number, fp: number): void {
  if (load(k, fp + f_watched) === 0) return;
  const rcv = get(k, fp + f_data) + so_rcv;
  mtx_lock(k, td, rcv + sb_mtx);
  KNOTE(k, td, rcv);
  mtx_unlock(k, td, rcv + sb_mtx);
}

/** Removes the knotes of a descriptor that is closed, and waits for who is looking at one. */
function knote_fdclose(k: Kernel, td: number, sb: number, fp: number, fd: number): void {
  mtx_lock(k, td, sb + sb_mtx);
  let kn = get(k, sb + sb_note);
  while (kn !== 0) {
    const next = get(k, kn + kn_selnext);
    if (fixed(k, kn + kn_fp) !== fp || fixed(k, kn + kn_fd) !== fd) {
      kn = next;
    } else {
      const kq = fixed(k, kn + kn_kq);
      mtx_lock(k, td, kq + kq_mtx);
      if ((get(k, kn + kn_status) & KN_INFLUX) !== 0) {
        knote_wait(k, td, sb, kq);
        // The mutex was given back: the list may be another one.
        kn = get(k, sb + sb_note);
      } else {
        knote_drop(k, td, sb, kq, kn);
        mtx_unlock(k, td, kq + kq_mtx);
        kn = next;
      }
    }
  }
  mtx_unlock(k, td, sb + sb_mtx);
}

/** Sleeps until a knote is not in flux any more. Both mutexes are held before; the buffer's, after. Who leaves a knote holds it, too: not missed. */
export function knote_wait(k: Kernel, td: number, sb: number, kq: number): void {
  put(k, kq + kq_sleepers, 1);
  mtx_unlock(k, td, kq + kq_mtx);
  if (msleep(k, td, kq + kq_first, sb + sb_mtx, 0, 0) !== 0) {
    // A thread that can't sleep lets him have the lock, and looks again.
    mtx_unlock(k, td, sb + sb_mtx);
    mtx_lock(k, td, sb + sb_mtx);
  }
}

/** The buffer has changed: asks the filters of its knotes. Its mutex is held. */
export function KNOTE(k: Kernel, td: number, sb: number): void {
  for (let kn = get(k, sb + sb_note); kn !== 0; kn = get(k, kn + kn_selnext)) {
    const kq = fixed(k, kn + kn_kq);
    mtx_lock(k, td, kq + kq_mtx);
    if (filter(k, kn)) knote_enqueue(k, td, kq, kn);
    mtx_unlock(k, td, kq + kq_mtx);
  }
}

// ---- filters -----------------------------------------------------------------------------------------------------------------

/** Does the event hold? Notes what there is to say of it. The mutexes of buffer and kqueue are held. */
export function filter(k: Kernel, kn: number): boolean {
  put(k, kn + kn_rflags, 0);
  put(k, kn + kn_rfflags, 0);
  return get(k, kn + kn_filter) === EVFILT_READ ? filt_soread(k, kn) : filt_sowrite(k, kn);
}

function filt_soread(k: Kernel, kn: number): boolean {
  const so = get(k, kn + kn_so);
  const rcv = so + so_rcv;
  // Whether it listens is looked at now: it may have begun to since the event was registered.
  const listens = (load(k, so + so_options) & SO_ACCEPTCONN) !== 0;
  put(k, kn + kn_data, listens ? load(k, so + so_qlen) : get(k, rcv + sb_cc) - get(k, rcv + sb_ctl));
  if (sbstate(k, rcv, SBS_CANTRCVMORE)) return filt_eof(k, kn, so);
  if (load(k, so + so_error) !== 0) return true;
  if (listens) return get(k, kn + kn_data) > 0;
  if ((get(k, kn + kn_sfflags) & NOTE_LOWAT) !== 0) return get(k, kn + kn_data) >= get(k, kn + kn_sdata);
  return get(k, rcv + sb_cc) >= get(k, rcv + sb_lowat);
}

function filt_sowrite(k: Kernel, kn: number): boolean {
  const so = get(k, kn + kn_so);
  const snd = so + so_snd;
  put(k, kn + kn_data, sbspace(k, snd));
  if (sbstate(k, snd, SBS_CANTSENDMORE)) return filt_eof(k, kn, so);
  if (load(k, so + so_error) !== 0) return true;
  if ((load(k, so + so_state) & SS_ISCONNECTED) === 0 && (pr_flags(fixed(k, so + so_proto)) & PR_CONNREQUIRED) !== 0) return false;
  if ((get(k, kn + kn_sfflags) & NOTE_LOWAT) !== 0) return get(k, kn + kn_data) >= get(k, kn + kn_sdata);
  return get(k, kn + kn_data) >= get(k, snd + sb_lowat);
}

function filt_eof(k: Kernel, kn: number, so: number): boolean {
  put(k, kn + kn_rflags, EV_EOF);
  put(k, kn + kn_rfflags, load(k, so + so_error));
  return true;
}

// ---- knotes ------------------------------------------------------------------------------------------------------------------

/** The socket buffer that it watches. */
export function knote_sb(k: Kernel, kn: number): number {
  return fixed(k, kn + kn_so) + (fixed(k, kn + kn_filter) === EVFILT_READ ? so_rcv : so_snd);
}

/** It has something to report: queued, unless it is, or whoever has it in flux will see to it. */
export function knote_enqueue(k: Kernel, td: number, kq: number, kn: number): void {
  if ((get(k, kn + kn_status) & (KN_QUEUED | KN_DISABLED | KN_INFLUX)) !== 0) return;
  put(k, kn + kn_status, get(k, kn + kn_status) | KN_QUEUED);
  TAILQ_INSERT_TAIL(k, kq + kq_first, kn, kn_tqe_next);
  put(k, kq + kq_queued, get(k, kq + kq_queued) + 1);
  kqueue_wakeup(k, td, kq);
}

export function knote_dequeue(k: Kernel, kq: number, kn: number): void {
  if ((get(k, kn + kn_status) & KN_QUEUED) === 0) return;
  put(k, kn + kn_status, get(k, kn + kn_status) & ~KN_QUEUED);
  TAILQ_REMOVE(k, kq + kq_first, kn, kn_tqe_next);
  put(k, kq + kq_queued, get(k, kq + kq_queued) - 1);
}

/** Takes it into flux, off the queue. */
export function knote_enter(k: Kernel, kq: number, kn: number): void {
  knote_dequeue(k, kq, kn);
  put(k, kn + kn_status, get(k, kn + kn_status) | KN_INFLUX);
  put(k, kq + kq_influx, get(k, kq + kq_influx) + 1);
}

/** And out of it; the mutex of the buffer is held as well. */
export function knote_leave(k: Kernel, td: number, kq: number, kn: number): void {
  put(k, kn + kn_status, get(k, kn + kn_status) & ~KN_INFLUX);
  put(k, kq + kq_influx, get(k, kq + kq_influx) - 1);
  kqueue_wakeup(k, td, kq);
}

function kqueue_wakeup(k: Kernel, td: number, kq: number): void {
  if (get(k, kq + kq_sleepers) === 0) return;
  put(k, kq + kq_sleepers, 0);
  wakeup(k, td, kq + kq_first);
}

/** Takes it off everything, and frees it. The mutexes of buffer and kqueue are held; it is not in flux. */
export function knote_drop(k: Kernel, td: number, sb: number, kq: number, kn: number): void {
  knote_dequeue(k, kq, kn);
  LIST_REMOVE(k, kn, kn_selnext);
  if (get(k, sb + sb_note) === 0) put(k, sb + sb_flags, get(k, sb + sb_flags) & ~SB_KNOTE);
  LIST_REMOVE(k, kn, kn_next);
  uma_zfree(k, td, knote_zone, kn);
}

/** The knote of the kqueue on this buffer for this descriptor of the file, or 0. */
export function knote_find(k: Kernel, sb: number, kq: number, fp: number, fd: number): number {
  let kn = get(k, sb + sb_note);
  while (kn !== 0 && (fixed(k, kn + kn_kq) !== kq || fixed(k, kn + kn_fp) !== fp || fixed(k, kn + kn_fd) !== fd)) {
    kn = get(k, kn + kn_selnext);
  }
  return kn;
}

export function knote_attach(k: Kernel, td: number, sb: number, kq: number, fp: number, fd: number, what: number, flags: number): number {
  const kn = uma_zalloc(k, td, knote_zone);
  if (kn === 0) return 0;
  put(k, kn + kn_kq, kq);
  put(k, kn + kn_so, get(k, fp + f_data));
  put(k, kn + kn_fp, fp);
  put(k, kn + kn_fd, fd);
  put(k, kn + kn_filter, what);
  put(k, kn + kn_flags, flags & (EV_CLEAR | EV_ONESHOT));
  LIST_INSERT_HEAD(k, kq + kq_notes, kn, kn_next);
  LIST_INSERT_HEAD(k, sb + sb_note, kn, kn_selnext);
  put(k, sb + sb_flags, get(k, sb + sb_flags) | SB_KNOTE);
  return kn;
}
