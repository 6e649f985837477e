/** Shutting down one or both directions of a socket that stays open. */

import { EINVAL } from '../errno.ts';
import {
  accept_mtx,
  SBL_NOINTR,
  SBL_WAIT,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  sb_cc,
  sb_ctl,
  sb_lastrecord,
  sb_mb,
  sb_mbcnt,
  sb_mbtail,
  sb_mtx,
  sb_sndptr,
  sb_sndptroff,
  PR_RIGHTS,
  so_proto,
  so_rcv,
  so_timeo,
  unp_rights_mtx,
} from '../layout.ts';
import { fixed, get, type Kernel, put } from '../memory.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { wakeup } from '../sync/sleepqueue.ts';
import { fdrop, fget, file_socket } from './file.ts';
import { m_freepkts } from './mbuf.ts';
import { pr_flags, pru_shutdown } from './protosw.ts';
import { sblock, sbunlock, socantrcvmore } from './sockbuf.ts';
import { unp_dispose } from '../unix/uipc_rights.ts';

/** `how` SHUT_RD: no more input is wanted, SHUT_WR: no more output will come, SHUT_RDWR: both. A socket need not be connected. */
export function soshutdown(k: Kernel, td: number, so: number, how: number): number {
  if (how < SHUT_RD || how > SHUT_RDWR) return EINVAL;
  if (how !== SHUT_WR) sorflush(k, td, so);
  const error = how !== SHUT_RD ? pru_shutdown(k, td, so) : 0;
  // Who waits in accept tests CANTRCVMORE under accept_mtx: with it held here, the waiter tests after, or sleeps already (F93 loses this one).
  mtx_lock(k, td, accept_mtx);
  wakeup(k, td, so + so_timeo);
  mtx_unlock(k, td, accept_mtx);
  return error;
}

/** Ends input and throws away what has come, once no reader is in the middle of it. Limits and timeouts stay (F93 zeroes them). */
export function sorflush(k: Kernel, td: number, so: number): void {
  const rcv = so + so_rcv;
  socantrcvmore(k, td, so);
  // Readers that sleep have been kicked out by that; the wait is for one that copies.
  sblock(k, td, rcv, SBL_WAIT | SBL_NOINTR);
  const rights = (pr_flags(fixed(k, so + so_proto)) & PR_RIGHTS) !== 0;
  if (rights) mtx_lock(k, td, unp_rights_mtx);
  mtx_lock(k, td, rcv + sb_mtx);
  if (rights) unp_dispose(k, td, rcv);
  const data = get(k, rcv + sb_mb);
  put(k, rcv + sb_mb, 0);
  put(k, rcv + sb_mbtail, 0);
  put(k, rcv + sb_lastrecord, 0);
  put(k, rcv + sb_cc, 0);
  put(k, rcv + sb_ctl, 0);
  put(k, rcv + sb_mbcnt, 0);
  put(k, rcv + sb_sndptr, 0);
  put(k, rcv + sb_sndptroff, 0);
  mtx_unlock(k, td, rcv + sb_mtx);
  if (rights) mtx_unlock(k, td, unp_rights_mtx);
  sbunlock(k, td, rcv);
  m_freepkts(k, td, data);
}

export function kern_shutdown(k: Kernel, td: number, fd: number, how: number): number {
  const fp = fget(k, td, fd);
  if (fp < 0) return -fp;
  const error = soshutdown(k, td, file_socket(k, fp), how);
  fdrop(k, td, fp);
  return error;
}
