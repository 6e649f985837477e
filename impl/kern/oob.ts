/**
 * Urgent data as the socket layer sees it: a *mark* in the receive buffer, at which readers stop, and one byte, which is read with MSG_OOB
 * and lies with the protocol. so_oobmark counts what is to be read before the mark; when that becomes nothing SBS_RCVATMARK is set,
 * until more is read.
 */

import { ENOBUFS } from '../errno.ts';
import { MSG_PEEK, MT_DATA, SBS_RCVATMARK, sb_mtx, sb_state, so_oobmark, so_rcv, td_retval0, td_uio_resid } from '../layout.ts';
import { and, get, type Kernel, or, put } from '../memory.ts';
import { mtx_assert, mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { uiomove_out } from './copy.ts';
import { fdrop, fget, file_socket } from './file.ts';
import { m_free, m_get, mtod } from './mbuf.ts';
import { pru_rcvoob } from './protosw.ts';
import { sbstate, sorwakeup_locked } from './sockbuf.ts';

/** Receives the urgent byte. No transfer lock: it is not in the buffer. */
export function soreceive_rcvoob(k: Kernel, td: number, so: number, flags: number): number {
  const m = m_get(k, td, MT_DATA);
  if (m === 0) return ENOBUFS;
  let error = pru_rcvoob(k, td, so, m, flags & MSG_PEEK);
  if (error === 0 && get(k, td + td_uio_resid) > 0) error = uiomove_out(k, td, mtod(k, m), 1);
  m_free(k, td, m);
  return error;
}

/** How much of the next `count` bytes lies before the mark; `looked` of those before them were only looked at. The mutex of so_rcv is held. */
export function sotomark(k: Kernel, so: number, looked: number, count: number): number {
  const mark = get(k, so + so_oobmark);
  return mark !== 0 && mark - looked < count ? mark - looked : count;
}

/** A reader takes bytes, so that it is at the mark no more. The mutex of so_rcv is held. */
export function soleavemark(k: Kernel, so: number): void {
  if (sbstate(k, so + so_rcv, SBS_RCVATMARK)) and(k, so + so_rcv + sb_state, ~SBS_RCVATMARK);
}

/** It has taken `count`. True if that was up to the mark, where it stops. The mutex of so_rcv is held. */
export function soatmark(k: Kernel, td: number, so: number, count: number): boolean {
  mtx_assert(k, td, so + so_rcv + sb_mtx);
  const mark = get(k, so + so_oobmark);
  if (mark === 0) return false;
  put(k, so + so_oobmark, mark - count);
  if (mark !== count) return false;
  or(k, so + so_rcv + sb_state, SBS_RCVATMARK);
  return true;
}

/** The protocol announces urgent data `ahead` bytes from the front of the buffer, whose mutex is held before, not after. */
export function sohasoutofband(k: Kernel, td: number, so: number, ahead: number): void {
  put(k, so + so_oobmark, ahead);
  if (ahead === 0) or(k, so + so_rcv + sb_state, SBS_RCVATMARK);
  sorwakeup_locked(k, td, so);
}

/** SIOCATMARK: 1 if the reader is at the mark. */
export function kern_sockatmark(k: Kernel, td: number, fd: number): number {
  const fp = fget(k, td, fd);
  if (fp < 0) return -fp;
  const rcv = file_socket(k, fp) + so_rcv;
  mtx_lock(k, td, rcv + sb_mtx);
  const at = sbstate(k, rcv, SBS_RCVATMARK);
  mtx_unlock(k, td, rcv + sb_mtx);
  fdrop(k, td, fp);
  put(k, td + td_retval0, at ? 1 : 0);
  return 0;
}
