/**
 * Accepting: a connection leaves the queue so_comp and becomes a descriptor. In between the socket has count 1 and still
 * SS_NOFDREF; the count keeps it. The new descriptor is reserved before anything is dequeued and published after soaccept has
 * succeeded (F93 publishes before, so that another thread may close a socket that is not yet accepted).
 */

import { ECONNABORTED, EINVAL, EWOULDBLOCK } from '../errno.ts';
import {
  accept_mtx,
  SBS_CANTRCVMORE,
  SO_ACCEPTCONN,
  SQ_COMP,
  SQ_INCOMP,
  SS_NBIO,
  SS_NOFDREF,
  sb_mtx,
  so_comp_first,
  so_error,
  so_head,
  so_list_next,
  so_options,
  so_qlen,
  so_qstate,
  so_rcv,
  so_state,
  so_timeo,
  td_retval0,
} from '../layout.ts';
import { exchange, get, type Kernel, load, put, store } from '../memory.ts';
import { PANIC_ACCEPT_COMP, PANIC_ACCEPT_INCOMP, PANIC_SOACCEPT_NOFDREF } from '../panic.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { msleep } from '../sync/sleepqueue.ts';
import { soclose } from './close.ts';
import { falloc, fdalloc, fdrop, fdunused, fget, file_socket, finit, finstall } from './file.ts';
import { KASSERT } from './kassert.ts';
import { file_changed } from './kqueue.ts';
import { pru_accept } from './protosw.ts';
import { TAILQ_REMOVE } from './queue.ts';
import { sbstate } from './sockbuf.ts';
import { soref } from './socket.ts';
import { so_setstate } from './sockstate.ts';

/** Gives the socket its primary consumer and learns the peer's address (to td_from_host, td_from_port). */
export function soaccept(k: Kernel, td: number, so: number): number {
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  KASSERT(k, (load(k, so + so_state) & SS_NOFDREF) !== 0, PANIC_SOACCEPT_NOFDREF, so);
  so_setstate(k, td, so, SS_NOFDREF, 0);
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  return pru_accept(k, td, so);
}

/** Accepts one connection; the new descriptor goes to td_retval0. */
export function kern_accept(k: Kernel, td: number, fd: number): number {
  const fp = fget(k, td, fd);
  if (fp < 0) return -fp;
  const error = kern_accept_head(k, td, file_socket(k, fp));
  if (error === 0) file_changed(k, td, fp);
  fdrop(k, td, fp);
  return error;
}

function kern_accept_head(k: Kernel, td: number, head: number): number {
  if ((load(k, head + so_options) & SO_ACCEPTCONN) === 0) return EINVAL;
  const fd = fdalloc(k, td);
  if (fd < 0) return -fd;
  const fp = falloc(k, td);
  if (fp < 0) {
    fdunused(k, td, fd);
    return -fp;
  }
  const so = soaccept_dequeue(k, td, head);
  if (so < 0) {
    fdrop(k, td, fp);
    fdunused(k, td, fd);
    return -so;
  }
  const error = soaccept(k, td, so);
  if (error !== 0) {
    // The connection is lost: it died before it could be accepted.
    fdrop(k, td, fp);
    fdunused(k, td, fd);
    soclose(k, td, so);
    return error;
  }
  finit(k, fp, so);
  finstall(k, fd, fp);
  put(k, td + td_retval0, fd);
  return 0;
}

/** Takes the first connection off so_comp, with one reference; sleeps until there is one. Returns it, or an errno negated. */
function soaccept_dequeue(k: Kernel, td: number, head: number): number {
  mtx_lock(k, td, accept_mtx);
  if ((load(k, head + so_state) & SS_NBIO) !== 0 && get(k, head + so_comp_first) === 0) {
    mtx_unlock(k, td, accept_mtx);
    return -EWOULDBLOCK;
  }
  // The pending error is taken, not looked at: who asks for it by getsockopt does so without this mutex.
  let error = exchange(k, head + so_error, 0);
  while (get(k, head + so_comp_first) === 0 && error === 0) {
    // For everyone who waits; so it is not put into so_error (where F93 puts it), from where another could take it.
    error = sbstate(k, head + so_rcv, SBS_CANTRCVMORE) ? ECONNABORTED : msleep(k, td, head + so_timeo, accept_mtx, 1, 0);
    if (error === 0) error = exchange(k, head + so_error, 0);
  }
  if (error !== 0) {
    mtx_unlock(k, td, accept_mtx);
    return -error;
  }
  const so = get(k, head + so_comp_first);
  KASSERT(k, (get(k, so + so_qstate) & SQ_INCOMP) === 0, PANIC_ACCEPT_INCOMP, so);
  KASSERT(k, (get(k, so + so_qstate) & SQ_COMP) !== 0, PANIC_ACCEPT_COMP, so);
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  // Before it leaves the queue: there must be no moment in which nothing keeps it.
  soref(k, td, so);
  TAILQ_REMOVE(k, head + so_comp_first, so, so_list_next);
  store(k, head + so_qlen, load(k, head + so_qlen) - 1);
  // As the listener is now, which may be other than when the connection came.
  so_setstate(k, td, so, SS_NBIO, load(k, head + so_state) & SS_NBIO);
  put(k, so + so_qstate, get(k, so + so_qstate) & ~SQ_COMP);
  put(k, so + so_head, 0);
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  mtx_unlock(k, td, accept_mtx);
  return so;
}
