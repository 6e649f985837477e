/**
 * Connecting and disconnecting. Whether a socket may be connected at all the protocol asks under the lock under which it
 * connects. (F93 asks before, without a lock: of two threads that connect one socket the second may take the first one's error, and
 * its SS_ISCONNECTING, away.)
 */

import { EALREADY, EINPROGRESS, EINTR, EISCONN, ENOTCONN, EOPNOTSUPP } from '../errno.ts';
import {
  SO_ACCEPTCONN,
  SOCK_DGRAM,
  SS_ISCONNECTED,
  SS_ISCONNECTING,
  SS_ISDISCONNECTING,
  SS_NBIO,
  sb_mtx,
  so_error,
  so_options,
  so_proto,
  so_rcv,
  so_state,
  so_timeo,
  td_retval0,
  td_retval1,
} from '../layout.ts';
import { exchange, fixed, type Kernel, load, put, store } from '../memory.ts';
import { mtx_lock, mtx_unlock } from '../sync/mutex.ts';
import { msleep } from '../sync/sleepqueue.ts';
import { soclose } from './close.ts';
import { falloc, fdalloc, fdrop, fdunused, fget, file_socket, finit, finstall } from './file.ts';
import { pr_type, pru_connect, pru_connect2, pru_disconnect } from './protosw.ts';
import { socreate } from './socket.ts';
import { so_setstate } from './sockstate.ts';

export function soconnect(k: Kernel, td: number, so: number, host: number, port: number): number {
  return pru_connect(k, td, so, host, port);
}

/** May this socket be connected? For protocols with connections, under the lock under which they connect. If so a pending error is forgotten. */
export function soconnect_check(k: Kernel, so: number): number {
  const state = load(k, so + so_state);
  if ((state & SS_ISCONNECTING) !== 0) return EALREADY;
  if ((load(k, so + so_options) & SO_ACCEPTCONN) !== 0) return EOPNOTSUPP;
  if ((state & SS_ISCONNECTED) !== 0) return EISCONN;
  // An error of an earlier association is not one of this.
  store(k, so + so_error, 0);
  return 0;
}

export function sodisconnect(k: Kernel, td: number, so: number): number {
  return pru_disconnect(k, td, so);
}

/** Is there an association to end? For protocols with connections, under the lock under which they end them. */
export function sodisconnect_check(k: Kernel, so: number): number {
  const state = load(k, so + so_state);
  if ((state & SS_ISCONNECTED) === 0) return ENOTCONN;
  return (state & SS_ISDISCONNECTING) !== 0 ? EALREADY : 0;
}

export function soconnect2(k: Kernel, td: number, so: number, so2: number): number {
  return pru_connect2(k, td, so, so2);
}

/** Connects, and sleeps until the connection stands or has failed. After EINTR it goes on without the caller. */
export function kern_connect(k: Kernel, td: number, fd: number, host: number, port: number): number {
  const fp = fget(k, td, fd);
  if (fp < 0) return -fp;
  const error = kern_connect_socket(k, td, file_socket(k, fp), host, port);
  fdrop(k, td, fp);
  return error;
}

function kern_connect_socket(k: Kernel, td: number, so: number, host: number, port: number): number {
  let error = soconnect(k, td, so, host, port);
  if (error !== 0) return error;
  if ((load(k, so + so_state) & (SS_NBIO | SS_ISCONNECTING)) === (SS_NBIO | SS_ISCONNECTING)) return EINPROGRESS;
  mtx_lock(k, td, so + so_rcv + sb_mtx);
  while (error === 0 && (load(k, so + so_state) & SS_ISCONNECTING) !== 0 && load(k, so + so_error) === 0) {
    error = msleep(k, td, so + so_timeo, so + so_rcv + sb_mtx, 1, 0);
  }
  if (error === 0) error = exchange(k, so + so_error, 0);
  // F93 clears the bit without the lock; it could undo what the protocol says at the same moment.
  if (error !== EINTR) so_setstate(k, td, so, SS_ISCONNECTING, 0);
  mtx_unlock(k, td, so + so_rcv + sb_mtx);
  return error;
}

/** Ends the association of a socket: what connect to an address of no family does in BSD. */
export function kern_disconnect(k: Kernel, td: number, fd: number): number {
  const fp = fget(k, td, fd);
  if (fp < 0) return -fp;
  const error = sodisconnect(k, td, file_socket(k, fp));
  fdrop(k, td, fp);
  return error;
}

/** Connects two sockets of this kernel to each other, without names. */
export function kern_connect2(k: Kernel, td: number, fd1: number, fd2: number): number {
  const fp1 = fget(k, td, fd1);
  if (fp1 < 0) return -fp1;
  const fp2 = fget(k, td, fd2);
  if (fp2 < 0) {
    fdrop(k, td, fp1);
    return -fp2;
  }
  const error = soconnect2(k, td, file_socket(k, fp1), file_socket(k, fp2));
  fdrop(k, td, fp2);
  fdrop(k, td, fp1);
  return error;
}

/** Two sockets connected to each other; the descriptors go to td_retval0 and td_retval1. */
export function kern_socketpair(k: Kernel, td: number, domain: number, type: number, protocol: number): number {
  const so1 = socreate(k, td, domain, type, protocol);
  if (so1 < 0) return -so1;
  const so2 = socreate(k, td, domain, type, protocol);
  let error = so2 < 0 ? -so2 : 0;
  if (error === 0) error = socketpair_files(k, td, so1, so2);
  if (error === 0) return 0;
  if (so2 > 0) soclose(k, td, so2);
  soclose(k, td, so1);
  return error;
}

/** Two descriptors for two sockets, which are then connected; if that fails, nothing. The sockets are the files' only once all has gone well. */
function socketpair_files(k: Kernel, td: number, so1: number, so2: number): number {
  const fd1 = fdalloc(k, td);
  if (fd1 < 0) return -fd1;
  const fd2 = fdalloc(k, td);
  let error = fd2 < 0 ? -fd2 : 0;
  let fp1 = 0;
  let fp2 = 0;
  if (error === 0) {
    fp1 = falloc(k, td);
    fp2 = fp1 < 0 ? fp1 : falloc(k, td);
    if (fp2 < 0) error = -fp2;
  }
  if (error === 0) error = soconnect2(k, td, so1, so2);
  // A datagram socket is connected one way.
  if (error === 0 && pr_type(fixed(k, so1 + so_proto)) === SOCK_DGRAM) error = soconnect2(k, td, so2, so1);
  if (error !== 0) {
    if (fp2 > 0) fdrop(k, td, fp2);
    if (fp1 > 0) fdrop(k, td, fp1);
    if (fd2 >= 0) fdunused(k, td, fd2);
    fdunused(k, td, fd1);
    return error;
  }
  finit(k, fp1, so1);
  finit(k, fp2, so2);
  finstall(k, fd1, fp1);
  finstall(k, fd2, fp2);
  put(k, td + td_retval0, fd1);
  put(k, td + td_retval1, fd2);
  return 0;
}
