/**
 * The collector. Sockets that lie in each other's receive buffers keep each other's files, though no descriptor leads to them and nobody
 * will ever receive them. It finds those, empties their buffers, and so lets go of what they held. It does one piece of work after the
 * other, which may fall between any two steps of others:
 *
 *   unp_process_defers   drops what was given up (uipc_rights.ts)
 *   unp_gc_sweep         empties one socket that was found, and gives up the collector's reference to its file
 *   unp_gc_mark          if it was asked to: looks which sockets nobody can reach, and takes a reference to the file of each
 *
 * A thread in unp_gc_run does so whenever there is something to do, and sleeps meanwhile; where there is no such thread, whoever calls
 * sys_unp_gc does, until nothing is left. There may be several of either: each piece is somebody's alone.
 *
 * 1. All the time that it looks it holds unp_rights_mtx, so that no right moves. It sees one moment, and at that moment: a file with more
 *    references than lie in buffers is open to somebody (a descriptor, a call, a lookup under way, a hand, the deferred list); a socket that
 *    has never been sent, or is not a file's any more, is not the collector's; whoever can reach a socket can reach what is in its buffer
 *    and, of a listener, in the buffers of those who wait to be accepted. All others nobody can reach.
 * 2. Whom nobody can reach nobody ever will: rights to it lie only in buffers of such sockets, from which nobody receives. So what
 *    is found may be swept later, with no lock held.
 * 3. No recursion: rounds over the list of all UNIX sockets until one finds nothing new.
 * 4. What it closes it closes with no other close under way, and without a linger: nobody waits for it, so that no socket holds up the next.
 * 5. It sleeps only if there is no work, and knows that under unp_rights_mtx, under which all work comes up: that is how no wakeup is lost. That
 *    it was asked it forgets in the same hold in which it looks.
 */

import { KASSERT } from '../kern/kassert.ts';
import { sorflush } from '../kern/shutdown.ts';
import { fdrop } from '../kern/file.ts';
import {
  accept_mtx,
  F_FLYING,
  f_count,
  m_next,
  m_nextpkt,
  m_type,
  MT_CONTROL,
  SQ_COMP,
  STAT_GC,
  STAT_RECYCLED,
  sb_mb,
  sb_mtx,
  so_comp_first,
  so_head,
  so_list_next,
  so_pcb,
  so_qstate,
  so_rcv,
  td_collects,
  unp_file,
  unp_gcfile,
  unp_gcflag,
  unp_gcnext,
  unp_head,
  unp_link_next,
  unp_list_lock,
  unp_msgcount,
  unp_rights_mtx,
  unp_socket,
} from '../layout.ts';
import {
  m_nrights,
  m_rights,
  UNPGC_FOUND,
  UNPGC_REF,
  UNPGC_SCANNED,
  UNPGC_SWEPT,
  unp_defers_first,
  unp_gc_asked,
  unp_gc_found,
  unp_gc_sleepers,
  unp_gc_stopped,
} from './layout.ts';
import { add, get, type Kernel, load, put } from '../memory.ts';
import { stat_add } from '../kern/stat.ts';
import { PANIC_UNP_GC } from '../panic.ts';
import { giant_lock, giant_unlock } from '../sync/giant.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { notify_begin, notify_end } from '../sync/notify.ts';
import { msleep, wakeup } from '../sync/sleepqueue.ts';
import { unp_behind, unp_dispose, unp_gc_ask, unp_gc_due, unp_process_defers } from './uipc_rights.ts';

/** Looks, whether or not anybody has asked, and works until there is nothing left to do. */
export function unp_gc(k: Kernel, td: number): void {
  unp_gc_ask(k, td);
  while (unp_gc_work(k, td) !== 0);
}

/** Works, and sleeps while there is nothing to do, until unp_gc_stop. 0, or EINTR if interrupted (a thread that can't sleep always is, once it is idle). */
export function unp_gc_run(k: Kernel, td: number): number {
  let error = 0;
  let stop = false;
  while (error === 0 && !stop) {
    mtx_lock(k, td, unp_rights_mtx);
    stop = get(k, unp_gc_stopped) !== 0;
    if (!stop && get(k, unp_defers_first) === 0 && get(k, unp_gc_found) === 0 && get(k, unp_gc_asked) === 0) error = unp_gc_sleep(k, td);
    mtx_unlock(k, td, unp_rights_mtx);
    if (error !== 0 || stop) continue;
    notify_begin(k, td);
    giant_lock(k, td);
    unp_gc_work(k, td);
    giant_unlock(k, td);
    notify_end(k, td);
  }
  return error;
}

/** unp_rights_mtx is held before and after. */
function unp_gc_sleep(k: Kernel, td: number): number {
  put(k, unp_gc_sleepers, get(k, unp_gc_sleepers) + 1);
  const error = msleep(k, td, unp_gc_asked, unp_rights_mtx, 1, 0);
  put(k, unp_gc_sleepers, get(k, unp_gc_sleepers) - 1);
  return error;
}

/** Ends unp_gc_run, of this and every thread, after the piece of work that it is at. What is left is for sys_unp_gc. */
export function unp_gc_stop(k: Kernel, td: number): void {
  mtx_lock(k, td, unp_rights_mtx);
  put(k, unp_gc_stopped, 1);
  mtx_unlock(k, td, unp_rights_mtx);
  wakeup(k, td, unp_gc_asked);
}

/** One piece of work. 0 if there was none. */
function unp_gc_work(k: Kernel, td: number): number {
  put(k, td + td_collects, 1);
  let done = unp_process_defers(k, td);
  if (done === 0) done = unp_gc_sweep(k, td);
  if (done === 0) done = unp_gc_mark(k, td);
  put(k, td + td_collects, 0);
  unp_gc_due(k, td);
  return done;
}

/** Finds what nobody can reach, if there may be something. Returns how many sockets that are. */
export function unp_gc_mark(k: Kernel, td: number): number {
  mtx_lock(k, td, unp_rights_mtx);
  if (get(k, unp_gc_asked) === 0) {
    mtx_unlock(k, td, unp_rights_mtx);
    return 0;
  }
  put(k, unp_gc_asked, 0);
  mtx_lock(k, td, unp_list_lock);
  for (let unp = get(k, unp_head); unp !== 0; unp = get(k, unp + unp_link_next)) unp_gc_unmark(k, unp);
  let more = true;
  while (more) {
    more = false;
    for (let unp = get(k, unp_head); unp !== 0; unp = get(k, unp + unp_link_next)) if (unp_gc_process(k, td, unp)) more = true;
  }
  let found = 0;
  for (let unp = get(k, unp_head); unp !== 0; unp = get(k, unp + unp_link_next)) found += unp_gc_condemn(k, unp);
  mtx_unlock(k, td, unp_list_lock);
  mtx_unlock(k, td, unp_rights_mtx);
  stat_add(k, td, STAT_GC, 1);
  stat_add(k, td, STAT_RECYCLED, found);
  return found;
}

function unp_gc_unmark(k: Kernel, unp: number): void {
  put(k, unp + unp_gcflag, get(k, unp + unp_gcflag) & ~(UNPGC_REF | UNPGC_SCANNED));
}

/** If the socket can be reached, so can what it holds. True if that was not known before. */
function unp_gc_process(k: Kernel, td: number, unp: number): boolean {
  const flags = get(k, unp + unp_gcflag);
  if ((flags & UNPGC_SCANNED) !== 0) return false;
  if ((flags & UNPGC_REF) === 0 && !unp_gc_root(k, td, unp)) return false;
  put(k, unp + unp_gcflag, flags | UNPGC_REF | UNPGC_SCANNED);
  unp_scan(k, td, get(k, unp + unp_socket));
  return true;
}

/**
 * There is a way to it that leads through no buffer. Who waits to be accepted can be reached if the listener can: it is asked in each round, since
 * a connection may come, and be accepted, between any two looks.
 */
function unp_gc_root(k: Kernel, td: number, unp: number): boolean {
  const fp = get(k, unp + unp_file);
  // Every reference to the file, and a lookup that may become one, is in this word.
  if (fp !== 0) return (load(k, fp + f_count) & ~F_FLYING) !== get(k, unp + unp_msgcount);
  mtx_lock(k, td, accept_mtx);
  const so = get(k, unp + unp_socket);
  const acceptable = (get(k, so + so_qstate) & SQ_COMP) !== 0;
  const reached = !acceptable || (get(k, get(k, get(k, so + so_head) + so_pcb) + unp_gcflag) & UNPGC_REF) !== 0;
  mtx_unlock(k, td, accept_mtx);
  return reached;
}

/** Marks every socket whose right lies in the receive buffer. */
function unp_scan(k: Kernel, td: number, so: number): void {
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  for (let record = get(k, so + so_rcv + sb_mb); record !== 0; record = get(k, record + m_nextpkt)) {
    for (let m = record; m !== 0; m = get(k, m + m_next)) {
      if (get(k, m + m_type) !== MT_CONTROL) continue;
      for (let i = 0; i < get(k, m + m_nrights); i++) unp_accessible(k, unp_behind(k, get(k, m + m_rights + i)));
    }
  }
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
}

function unp_accessible(k: Kernel, unp: number): void {
  if (unp !== 0) put(k, unp + unp_gcflag, get(k, unp + unp_gcflag) | UNPGC_REF);
}

/** Whom nobody can reach is to be swept; but for one that waits to be accepted, which its listener's close will abort. 1 if that is new. */
function unp_gc_condemn(k: Kernel, unp: number): number {
  const flags = get(k, unp + unp_gcflag);
  if ((flags & (UNPGC_SCANNED | UNPGC_FOUND | UNPGC_SWEPT)) !== 0) return 0;
  const fp = get(k, unp + unp_file);
  put(k, unp + unp_gcflag, flags | (fp === 0 ? UNPGC_SWEPT : UNPGC_FOUND));
  if (fp === 0) return 0;
  // A reference to take from: all there are lie in buffers, and can't leave them now.
  add(k, fp + f_count, 1);
  put(k, unp + unp_gcfile, fp);
  put(k, unp + unp_gcnext, get(k, unp_gc_found));
  put(k, unp_gc_found, unp);
  return 1;
}

/** Gives up the rights in the buffers of who waits to be accepted: the listener's own may be among them, and then nothing else ends it. */
function unp_gc_queued(k: Kernel, td: number, so: number): void {
  mtx_lock(k, td, unp_rights_mtx);
  mtx_lock(k, td, accept_mtx);
  for (let child = get(k, so + so_comp_first); child !== 0; child = get(k, child + so_list_next)) {
    mtx_lock(k, td, child + so_rcv + sb_mtx);
    unp_dispose(k, td, child + so_rcv);
    mtx_unlock(k, td, child + so_rcv + sb_mtx);
  }
  mtx_unlock(k, td, accept_mtx);
  mtx_unlock(k, td, unp_rights_mtx);
}

/** Throws away what one of those that were found has in its buffer. 0 if there is none. */
export function unp_gc_sweep(k: Kernel, td: number): number {
  mtx_lock(k, td, unp_rights_mtx);
  const unp = get(k, unp_gc_found);
  if (unp === 0) {
    mtx_unlock(k, td, unp_rights_mtx);
    return 0;
  }
  put(k, unp_gc_found, get(k, unp + unp_gcnext));
  put(k, unp + unp_gcflag, (get(k, unp + unp_gcflag) & ~UNPGC_FOUND) | UNPGC_SWEPT);
  const fp = get(k, unp + unp_gcfile);
  put(k, unp + unp_gcfile, 0);
  mtx_unlock(k, td, unp_rights_mtx);
  KASSERT(k, fp !== 0, PANIC_UNP_GC, unp);
  // Its pcb is there as long as we have the file.
  const so = get(k, unp + unp_socket);
  sorflush(k, td, so);
  unp_gc_queued(k, td, so);
  fdrop(k, td, fp);
  return 1;
}
