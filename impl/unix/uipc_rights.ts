/**
 * Rights: files in flight. sendmsg hands descriptors over in a control mbuf, whose data are first their numbers, then, on the way, the
 * files; recvmsg makes descriptors of them again. Each has a reference to its file from unp_internalize on.
 *
 *   from            to              by
 *   descriptor      in hand         unp_internalize: of the sender
 *   in hand         in a buffer     unp_into, with the data of the message
 *   in a buffer     in hand         unp_take: of the receiver; unp_cut: with a record
 *   in hand         descriptor      unp_externalize
 *   in hand         deferred        unp_discard: nobody will receive it
 *   in a buffer     deferred        unp_dispose: the buffer is emptied, or its socket freed
 *   deferred        –               unp_process_defers: the reference is dropped, and with the last one the socket closed
 *
 * 1. unp_rights counts them all, in whichever place; it is never more than h_unp_maxrights.
 * 2. unp_msgcount counts those in buffers only, and so is never more than the count of the file. A right goes into a buffer and out of it
 *    under unp_rights_mtx and the buffer's mutex. So while the collector (unp_gc.ts) holds unp_rights_mtx nothing moves, and a file
 *    with as many references as unp_msgcount is one to which there is no way but through buffers. (F93 counts those in hand as well, looks at
 *    one buffer after the other, and can take a socket for lost whose right a receiver has in hand.)
 * 3. Dropping a reference may close a socket, whose buffer may hold other rights: so whoever empties a buffer only puts the control mbufs
 *    on the deferred list, and no close is ever inside another. They need no memory to be put there.
 * 4. The collector is asked (unp_gc_asked) by whoever may have left a socket that nobody can reach: a file all of whose references lie in buffers from
 *    now on, because a right to it went there (unp_into), another reference was dropped (unp_fdrop), or a lookup of it came to nothing
 *    (file_letgo); or a child that can be accepted from now on, where an accept filter had kept it back (soispromoted). Other ways lead through the
 *    deferred list. All of it under unp_rights_mtx, under which the collector looks before it sleeps: no wakeup is lost.
 */

import { EMSGSIZE, ENOBUFS } from '../errno.ts';
import { fdrop, fget, file_socket, finstall_all } from '../kern/file.ts';
import { KASSERT } from '../kern/kassert.ts';
import { m_free } from '../kern/mbuf.ts';
import { pr_flags } from '../kern/protosw.ts';
import { SB_EMPTY_FIXUP, sballoc, sbfree } from '../kern/sockbuf.ts';
import {
  F_FLYING,
  f_count,
  h_unp_maxrights,
  m_next,
  m_nextpkt,
  m_type,
  MT_CONTROL,
  PR_RIGHTS,
  sb_lastrecord,
  sb_mb,
  sb_mbtail,
  sb_mtx,
  so_pcb,
  so_proto,
  so_rcv,
  td_control,
  td_promoted,
  unp_file,
  unp_msgcount,
  unp_rights,
  unp_rights_mtx,
} from '../layout.ts';
import { m_nrights, m_rights, unp_defers_first, unp_defers_last, unp_gc_asked, unp_gc_sleepers } from './layout.ts';
import { CONTROL_WANTED, unp_seecred } from './uipc_creds.ts';
import { and, compareExchange, fixed, get, type Kernel, load, or, put } from '../memory.ts';
import { PANIC_UNP_MSGCOUNT, PANIC_UNP_RIGHTS } from '../panic.ts';
import { mtx_assert, mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { wakeup } from '../sync/sleepqueue.ts';

/** The control mbuf of the send under way, with files in it, becomes its caller's; 0 if there is none, an errno negated if that fails. */
export function unp_control(k: Kernel, td: number): number {
  const control = get(k, td + td_control);
  if (control === 0) return 0;
  put(k, td + td_control, 0);
  const error = unp_internalize(k, td, control);
  if (error === 0) return control;
  m_free(k, td, control);
  return -error;
}

/** Makes files of the descriptors in a control mbuf. On failure (ENOBUFS, EBADF) no reference is left. */
function unp_internalize(k: Kernel, td: number, control: number): number {
  const count = get(k, control + m_nrights);
  mtx_lock(k, td, unp_rights_mtx);
  const rights = get(k, unp_rights) + count;
  const full = rights > fixed(k, h_unp_maxrights);
  if (!full) put(k, unp_rights, rights);
  mtx_unlock(k, td, unp_rights_mtx);
  if (full) return ENOBUFS;
  for (let i = 0; i < count; i++) {
    const fp = fget(k, td, get(k, control + m_rights + i));
    if (fp < 0) {
      for (let taken = 0; taken < i; taken++) fdrop(k, td, get(k, control + m_rights + taken));
      unp_landed(k, td, count);
      return -fp;
    }
    put(k, control + m_rights + i, fp);
  }
  return 0;
}

/** So many rights are in flight no more. */
function unp_landed(k: Kernel, td: number, count: number): void {
  mtx_lock(k, td, unp_rights_mtx);
  KASSERT(k, get(k, unp_rights) >= count, PANIC_UNP_RIGHTS, count);
  put(k, unp_rights, get(k, unp_rights) - count);
  mtx_unlock(k, td, unp_rights_mtx);
}

/** The UNIX pcb behind a file in flight; 0 if it is another kind of socket, which holds no rights and so is in no cycle. */
export function unp_behind(k: Kernel, fp: number): number {
  const so = file_socket(k, fp);
  return (pr_flags(fixed(k, so + so_proto)) & PR_RIGHTS) === 0 ? 0 : get(k, so + so_pcb);
}

/** The rights of a control mbuf are in this buffer now, or will be before its mutex is given back. Both mutexes are held. */
export function unp_into(k: Kernel, td: number, sb: number, control: number): void {
  mtx_assert(k, td, unp_rights_mtx);
  mtx_assert(k, td, sb + sb_mtx);
  for (let i = 0; i < get(k, control + m_nrights); i++) {
    const fp = get(k, control + m_rights + i);
    const unp = unp_behind(k, fp);
    if (unp === 0) continue;
    const count = get(k, unp + unp_msgcount) + 1;
    put(k, unp + unp_file, fp);
    put(k, unp + unp_msgcount, count);
    // Whoever drops a reference from now on takes unp_rights_mtx for it; whoever did before is counted in what was there.
    if ((or(k, fp + f_count, F_FLYING) & ~F_FLYING) === count) unp_gc_wanted(k, td);
  }
}

/** Control and data, which is not empty, as a record of their own, however little room there is: the sender has been held to its limit. */
export function sbappendcontrol_locked(k: Kernel, sb: number, control: number): void {
  const last = get(k, sb + sb_lastrecord);
  if (last === 0) put(k, sb + sb_mb, control);
  else put(k, last + m_nextpkt, control);
  put(k, sb + sb_lastrecord, control);
  for (let m = control; m !== 0; m = get(k, m + m_next)) {
    sballoc(k, sb, m);
    put(k, sb + sb_mbtail, m);
  }
}

/** Its rights are in a buffer no more. */
function unp_out(k: Kernel, control: number): void {
  for (let i = 0; i < get(k, control + m_nrights); i++) {
    const unp = unp_behind(k, get(k, control + m_rights + i));
    if (unp === 0) continue;
    const left = get(k, unp + unp_msgcount) - 1;
    KASSERT(k, left >= 0, PANIC_UNP_MSGCOUNT, unp);
    put(k, unp + unp_msgcount, left);
    if (left !== 0) continue;
    put(k, unp + unp_file, 0);
    and(k, get(k, control + m_rights + i) + f_count, ~F_FLYING);
  }
}

/** Drops a reference to a file in flight, which is not the last one. False, and it is not dropped, if the file is in flight no more. */
export function unp_fdrop(k: Kernel, td: number, fp: number): boolean {
  let dropped = false;
  mtx_lock(k, td, unp_rights_mtx);
  let count = load(k, fp + f_count);
  while (!dropped && (count & F_FLYING) !== 0) {
    dropped = compareExchange(k, fp + f_count, count, count - 1) === count;
    // Its rights stay in their buffers while we hold the mutex, and so it stays open, although our reference is gone.
    if (dropped && (count & ~F_FLYING) - 1 === get(k, unp_behind(k, fp) + unp_msgcount)) unp_gc_wanted(k, td);
    count = load(k, fp + f_count);
  }
  mtx_unlock(k, td, unp_rights_mtx);
  return dropped;
}

/** The collector is to look: there may be a socket that nobody can reach. No lock is held, but perhaps a transfer lock. */
export function unp_gc_ask(k: Kernel, td: number): void {
  mtx_lock(k, td, unp_rights_mtx);
  unp_gc_wanted(k, td);
  mtx_unlock(k, td, unp_rights_mtx);
}

/** Who has made a socket acceptable asks when it has let go of its locks: till then what is in the buffer counted as reached. */
export function unp_gc_due(k: Kernel, td: number): void {
  if (get(k, td + td_promoted) === 0) return;
  put(k, td + td_promoted, 0);
  unp_gc_ask(k, td);
}

function unp_gc_wanted(k: Kernel, td: number): void {
  put(k, unp_gc_asked, 1);
  unp_gc_wakeup(k, td);
}

/** A collector that sleeps looked under unp_rights_mtx, which is held, and counted itself in the same hold. */
function unp_gc_wakeup(k: Kernel, td: number): void {
  if (get(k, unp_gc_sleepers) !== 0) wakeup(k, td, unp_gc_asked);
}

/**
 * The receiver's part, before the data: takes the control mbufs at the head of the buffer, if there are any, and makes descriptors of their
 * rights for a reader who wants them (td_control), or gives them up. EMSGSIZE if descriptors run out: then all of them are given up and the data
 * stays. The caller has the transfer lock and the mutex of so_rcv, which is given back meanwhile.
 */
export function unp_receive(k: Kernel, td: number, so: number): number {
  const rcv = so + so_rcv;
  let error = 0;
  let first = get(k, rcv + sb_mb);
  while (error === 0 && first !== 0 && get(k, first + m_type) === MT_CONTROL) {
    if (get(k, first + m_nrights) !== 0) error = unp_receive_rights(k, td, rcv);
    else unp_receive_cred(k, td, rcv, first);
    first = get(k, rcv + sb_mb);
  }
  return error;
}

/**
 * The same of the first record, which stays in the buffer and leaves it without them: so its sender has no room for another while they are on
 * their way, and nobody who looks finds the buffer empty. If they are not wanted the mutex of so_rcv is held all the time since they were given up.
 */
export function unp_receive_record(k: Kernel, td: number, so: number): number {
  const rcv = so + so_rcv;
  if (!unp_lock_rights(k, td, rcv)) return 0;
  const control = unp_cut(k, td, get(k, rcv + sb_mb), rcv);
  mtx_unlock(k, td, unp_rights_mtx);
  if (control === 0) return 0;
  mtx_unlock(k, td, rcv + sb_mtx);
  const error = unp_externalize(k, td, control);
  mtx_lock(k, td, rcv + sb_mtx);
  return error;
}

function unp_receive_cred(k: Kernel, td: number, rcv: number, first: number): void {
  unp_seecred(k, td, first);
  unp_behead(k, rcv, first);
  m_free(k, td, first);
}

/** Takes the first mbuf of the first record off, behind which there is another. The mutex is held. */
function unp_behead(k: Kernel, rcv: number, first: number): void {
  sbfree(k, rcv, first);
  const next = get(k, first + m_next);
  if (get(k, rcv + sb_lastrecord) === first) put(k, rcv + sb_lastrecord, next);
  put(k, rcv + sb_mb, next);
  put(k, next + m_nextpkt, get(k, first + m_nextpkt));
  SB_EMPTY_FIXUP(k, rcv);
}

function unp_receive_rights(k: Kernel, td: number, rcv: number): number {
  mtx_unlock(k, td, rcv + sb_mtx);
  const wanted = get(k, td + td_control) === CONTROL_WANTED;
  const control = unp_take(k, td, rcv, wanted);
  const error = wanted ? unp_externalize(k, td, control) : 0;
  mtx_lock(k, td, rcv + sb_mtx);
  return error;
}

/** Takes the control mbuf at the head off: nobody else does, without the transfer lock. If it is not wanted it is deferred at once. */
function unp_take(k: Kernel, td: number, rcv: number, wanted: boolean): number {
  mtx_lock(k, td, unp_rights_mtx);
  mtx_lock(k, td, rcv + sb_mtx);
  const control = get(k, rcv + sb_mb);
  unp_out(k, control);
  unp_behead(k, rcv, control);
  mtx_unlock(k, td, rcv + sb_mtx);
  put(k, control + m_next, 0);
  put(k, control + m_nextpkt, 0);
  if (!wanted) unp_defer(k, td, control);
  mtx_unlock(k, td, unp_rights_mtx);
  return control;
}

/**
 * If there is control data at the head of the buffer, takes unp_rights_mtx, for a receive that gives it up together with what it takes. True if so. The
 * caller has the transfer lock and the mutex of so_rcv, which is given back meanwhile.
 */
export function unp_lock_control(k: Kernel, td: number, rcv: number): boolean {
  const first = get(k, rcv + sb_mb);
  if (first === 0 || get(k, first + m_type) !== MT_CONTROL) return false;
  mtx_unlock(k, td, rcv + sb_mtx);
  mtx_lock(k, td, unp_rights_mtx);
  mtx_lock(k, td, rcv + sb_mtx);
  return true;
}

/** Gives up the control data at the head, or leaves it, and gives unp_rights_mtx back. Both mutexes are held. */
export function unp_unlock_control(k: Kernel, td: number, rcv: number, taken: boolean): void {
  let first = get(k, rcv + sb_mb);
  while (taken && get(k, first + m_type) === MT_CONTROL) {
    unp_out(k, first);
    unp_behead(k, rcv, first);
    put(k, first + m_next, 0);
    if (get(k, first + m_nrights) !== 0) unp_defer(k, td, first);
    else m_free(k, td, first);
    first = get(k, rcv + sb_mb);
  }
  mtx_unlock(k, td, unp_rights_mtx);
}

/**
 * If the first record has rights, takes unp_rights_mtx, for a receive that takes the record. True if so; then the mutex of so_rcv, which is held before
 * and after, was given back meanwhile.
 */
export function unp_lock_rights(k: Kernel, td: number, rcv: number): boolean {
  if (unp_rights_of(k, get(k, rcv + sb_mb)) === 0) return false;
  mtx_unlock(k, td, rcv + sb_mtx);
  mtx_lock(k, td, unp_rights_mtx);
  mtx_lock(k, td, rcv + sb_mtx);
  return true;
}

/** The mbuf of a record behind which its rights are; 0 if it has none. */
function unp_rights_of(k: Kernel, name: number): number {
  let before = name;
  let m = get(k, name + m_next);
  while (m !== 0 && get(k, m + m_type) === MT_CONTROL) {
    if (get(k, m + m_nrights) !== 0) return before;
    before = m;
    m = get(k, m + m_next);
  }
  return 0;
}

/**
 * Cuts the rights out of a record, which has left its buffer or is still in `sb`. They are the caller's, or given up if nobody wants them: 0.
 * unp_rights_mtx is held, and the mutex of `sb`.
 */
export function unp_cut(k: Kernel, td: number, name: number, sb: number): number {
  mtx_assert(k, td, unp_rights_mtx);
  const before = unp_rights_of(k, name);
  if (before === 0) return 0;
  const control = get(k, before + m_next);
  unp_out(k, control);
  // There is data behind it, so that the end of the buffer is where it was.
  if (sb !== 0) sbfree(k, sb, control);
  put(k, before + m_next, get(k, control + m_next));
  put(k, control + m_next, 0);
  if (get(k, td + td_control) === CONTROL_WANTED) return control;
  unp_defer(k, td, control);
  return 0;
}

/** Each right becomes a descriptor, and its number the data of the mbuf, which is left in td_control; all or none. */
export function unp_externalize(k: Kernel, td: number, control: number): number {
  const count = get(k, control + m_nrights);
  if (finstall_all(k, td, control + m_rights, count) !== 0) {
    unp_discard(k, td, control);
    return EMSGSIZE;
  }
  unp_landed(k, td, count);
  put(k, td + td_control, control);
  return 0;
}

/** How many rights are in flight, as of now. */
export function unp_inflight(k: Kernel, td: number): number {
  mtx_lock(k, td, unp_rights_mtx);
  const rights = get(k, unp_rights);
  mtx_unlock(k, td, unp_rights_mtx);
  return rights;
}

/** Gives a control mbuf in hand up. */
export function unp_discard(k: Kernel, td: number, control: number): void {
  mtx_lock(k, td, unp_rights_mtx);
  unp_defer(k, td, control);
  mtx_unlock(k, td, unp_rights_mtx);
}

/** Puts it on the deferred list, from where the collector takes it. unp_rights_mtx is held. */
function unp_defer(k: Kernel, td: number, control: number): void {
  const last = get(k, unp_defers_last);
  put(k, control + m_nextpkt, 0);
  if (last === 0) put(k, unp_defers_first, control);
  else put(k, last + m_nextpkt, control);
  put(k, unp_defers_last, control);
  unp_gc_wakeup(k, td);
}

/** Puts the rights in a receive buffer on the deferred list, and leaves what else is in it. Both mutexes are held. */
export function unp_dispose(k: Kernel, td: number, rcv: number): void {
  mtx_assert(k, td, unp_rights_mtx);
  let before = 0;
  let record = get(k, rcv + sb_mb);
  while (record !== 0) {
    const next = get(k, record + m_nextpkt);
    before = unp_dispose_record(k, td, rcv, record, before);
    record = next;
  }
}

/** The same of one record, which is behind the record `before`. Returns its first mbuf as of now. */
function unp_dispose_record(k: Kernel, td: number, rcv: number, record: number, before: number): number {
  const next = get(k, record + m_nextpkt);
  let first = record;
  let ahead = 0;
  let m = record;
  while (m !== 0) {
    const behind = get(k, m + m_next);
    if (get(k, m + m_type) !== MT_CONTROL || get(k, m + m_nrights) === 0) {
      ahead = m;
    } else {
      unp_out(k, m);
      sbfree(k, rcv, m);
      if (ahead !== 0) {
        put(k, ahead + m_next, behind);
      } else {
        // There is data behind it.
        first = behind;
        put(k, first + m_nextpkt, next);
        if (before === 0) put(k, rcv + sb_mb, first);
        else put(k, before + m_nextpkt, first);
        if (get(k, rcv + sb_lastrecord) === m) put(k, rcv + sb_lastrecord, first);
      }
      put(k, m + m_next, 0);
      unp_defer(k, td, m);
    }
    m = behind;
  }
  return first;
}

/** The same, for a socket that is about to be freed. No lock is held, but perhaps the link lock. */
export function unp_dispose_all(k: Kernel, td: number, rcv: number): void {
  mtx_lock(k, td, unp_rights_mtx);
  mtx_lock(k, td, rcv + sb_mtx);
  unp_dispose(k, td, rcv);
  mtx_unlock(k, td, rcv + sb_mtx);
  mtx_unlock(k, td, unp_rights_mtx);
}

/** Drops the references of the message that was given up first; 0 if there is none. Whoever drops a last one closes its socket here. */
export function unp_process_defers(k: Kernel, td: number): number {
  mtx_lock(k, td, unp_rights_mtx);
  const control = get(k, unp_defers_first);
  if (control !== 0) {
    put(k, unp_defers_first, get(k, control + m_nextpkt));
    if (get(k, unp_defers_first) === 0) put(k, unp_defers_last, 0);
    put(k, unp_rights, get(k, unp_rights) - get(k, control + m_nrights));
  }
  mtx_unlock(k, td, unp_rights_mtx);
  if (control === 0) return 0;
  for (let i = 0; i < get(k, control + m_nrights); i++) fdrop(k, td, get(k, control + m_rights + i));
  put(k, control + m_nextpkt, 0);
  m_free(k, td, control);
  return 1;
}
