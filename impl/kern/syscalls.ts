/**
 * The system calls: numbers in, one number out, the result (0 or more) or an errno negated. Second results are in the caller's
 * thread record: td_retval1, and the address of a sender, peer or own name in td_from_host and td_from_port. Pointers of the
 * user are user addresses (copy.ts). A call of a kernel that has panicked dies like the first one.
 *
 * Each call comes here, and leaves through `ret`, which checks that it left no lock behind.
 */

import { EFAULT, EINTR, EINVAL, ENOBUFS, ENOTCONN, EWOULDBLOCK } from '../errno.ts';
import {
  h_nthreads,
  h_panic,
  h_panic_about,
  h_threads,
  so_state,
  SS_ISCONFIRMING,
  SS_ISCONNECTED,
  td_flags,
  td_from_host,
  td_from_port,
  td_msg_flags,
  td_retval0,
  td_retval1,
  td_uio_base,
  td_uio_resid,
  TDF_INUSE,
  THREAD_WORDS,
} from '../layout.ts';
import { fixed, get, type Kernel, load, panic, put } from '../memory.ts';
import { giant_lock, giant_unlock } from '../sync/giant.ts';
import { notify_begin, notify_end } from '../sync/notify.ts';
import { sleepq_interrupt } from '../sync/sleepqueue.ts';
import { unp_gc } from '../unix/unp_gc.ts';
import { unp_gc_due } from '../unix/uipc_rights.ts';
import { witness_none } from '../sync/witness.ts';
import { kern_accept } from './accept.ts';
import { hardclock } from './clock.ts';
import { kern_connect, kern_connect2, kern_disconnect, kern_socketpair } from './connect.ts';
import { falloc, fdalloc, fdclose, fddup, fdrop, fdunused, fget, fget_any, file_socket, finit, finstall } from './file.ts';
import { fgetsock, fputsock } from './handle.ts';
import { kern_kevent } from './kevent.ts';
import { file_closed, kern_kqueue } from './kqueue.ts';
import { solisten } from './listen.ts';
import { loan_get, loan_return } from './loan.ts';
import { kern_recvmsg, kern_sendmsg, message_length } from './message.ts';
import { kern_sockatmark } from './oob.ts';
import { pru_bind, pru_peeraddr, pru_sockaddr } from './protosw.ts';
import { kern_poll } from './poll.ts';
import { soreceive, soreceive_mbufs } from './receive.ts';
import { sosend, sosend_mbufs } from './send.ts';
import { kern_setasync, kern_setown, kern_sigwait } from './sigio.ts';
import { kern_shutdown } from './shutdown.ts';
import { socreate } from './socket.ts';
import { kern_getsockopt, kern_setnbio, kern_setsockopt } from './sockopt.ts';
import { uipc_unlink } from '../unix/uipc_name.ts';

export function sys_socket(k: Kernel, td: number, domain: number, type: number, protocol: number): number {
  enter(k, td);
  return ret(k, td, kern_socket(k, td, domain, type, protocol));
}

/** The first descriptor is the result, the second is in td_retval1. */
export function sys_socketpair(k: Kernel, td: number, domain: number, type: number, protocol: number): number {
  enter(k, td);
  return ret(k, td, kern_socketpair(k, td, domain, type, protocol));
}

/** A UNIX name is a small number, given as `port`; `host` means nothing then. */
export function sys_bind(k: Kernel, td: number, fd: number, host: number, port: number): number {
  enter(k, td);
  const fp = fget(k, td, fd);
  if (fp < 0) return ret(k, td, -fp);
  const error = pru_bind(k, td, file_socket(k, fp), host, port);
  fdrop(k, td, fp);
  return ret(k, td, error);
}

/** Takes a UNIX name away; the socket that has it stays. */
export function sys_unlink(k: Kernel, td: number, name: number): number {
  enter(k, td);
  return ret(k, td, uipc_unlink(k, td, name));
}

export function sys_listen(k: Kernel, td: number, fd: number, backlog: number): number {
  enter(k, td);
  const fp = fget(k, td, fd);
  if (fp < 0) return ret(k, td, -fp);
  const error = solisten(k, td, file_socket(k, fp), backlog);
  fdrop(k, td, fp);
  return ret(k, td, error);
}

/** The new descriptor; the peer's address is in td_from_host and td_from_port. */
export function sys_accept(k: Kernel, td: number, fd: number): number {
  enter(k, td);
  return ret(k, td, kern_accept(k, td, fd));
}

export function sys_connect(k: Kernel, td: number, fd: number, host: number, port: number): number {
  enter(k, td);
  return ret(k, td, kern_connect(k, td, fd, host, port));
}

export function sys_connect2(k: Kernel, td: number, fd1: number, fd2: number): number {
  enter(k, td);
  return ret(k, td, kern_connect2(k, td, fd1, fd2));
}

export function sys_disconnect(k: Kernel, td: number, fd: number): number {
  enter(k, td);
  return ret(k, td, kern_disconnect(k, td, fd));
}

/** Sends the bytes at a user address. `host` NO_ADDRESS: to the peer. Returns how many were taken. */
export function sys_sendto(
  k: Kernel,
  td: number,
  fd: number,
  uaddr: number,
  length: number,
  flags: number,
  host: number,
  port: number,
): number {
  enter(k, td);
  const fp = fget(k, td, fd);
  if (fp < 0) return ret(k, td, -fp);
  put(k, td + td_uio_base, uaddr);
  put(k, td + td_uio_resid, length);
  const error = length < 0 ? EINVAL : sosend(k, td, file_socket(k, fp), flags, host, port);
  fdrop(k, td, fp);
  return transferred(k, td, length, error);
}

/** Receives up to `length` bytes to a user address. Returns how many; the sender is in td_from_host and td_from_port, MSG_* in td_msg_flags. */
export function sys_recvfrom(k: Kernel, td: number, fd: number, uaddr: number, length: number, flags: number): number {
  enter(k, td);
  const fp = fget(k, td, fd);
  if (fp < 0) return ret(k, td, -fp);
  put(k, td + td_uio_base, uaddr);
  put(k, td + td_uio_resid, length);
  const error = length < 0 ? EINVAL : soreceive(k, td, file_socket(k, fp), flags);
  fdrop(k, td, fp);
  return transferred(k, td, length, error);
}

/** Receives up to `length` bytes of a stream as mbufs. Returns how many; the chain is in td_retval1, on loan until `sys_mfreem`; 0 for no bytes. */
export function sys_recvmbuf(k: Kernel, td: number, fd: number, length: number, flags: number): number {
  enter(k, td);
  const fp = fget(k, td, fd);
  if (fp < 0) return ret(k, td, -fp);
  put(k, td + td_uio_base, 0);
  put(k, td + td_uio_resid, length);
  const error = length < 0 ? EINVAL : soreceive_mbufs(k, td, file_socket(k, fp), flags);
  fdrop(k, td, fp);
  return transferred(k, td, length, error);
}

/** Mbufs for so many bytes, which the caller fills; the chain is in td_retval1, on loan. */
export function sys_mgetm(k: Kernel, td: number, length: number): number {
  enter(k, td);
  return ret(k, td, length <= 0 ? EINVAL : loan_get(k, td, length));
}

/** Sends the first `length` bytes of a chain on loan over a stream. Returns how many were taken; the chain of the rest, on loan still, is in td_retval1. */
export function sys_sendmbuf(k: Kernel, td: number, fd: number, m: number, length: number, flags: number): number {
  enter(k, td);
  put(k, td + td_retval1, m);
  const fp = fget(k, td, fd);
  if (fp < 0) return ret(k, td, -fp);
  put(k, td + td_uio_base, 0);
  put(k, td + td_uio_resid, length);
  const error = length <= 0 ? EINVAL : sosend_mbufs(k, td, file_socket(k, fp), m, flags);
  fdrop(k, td, fp);
  return transferred(k, td, length, error);
}

/** Gives a chain of mbufs back that this thread has on loan. EINVAL if it is none. */
export function sys_mfreem(k: Kernel, td: number, m: number): number {
  enter(k, td);
  return ret(k, td, loan_return(k, td, m));
}

/** Sends what a message header at a user address describes (kern/message.ts). Returns how many bytes were taken. */
export function sys_sendmsg(k: Kernel, td: number, fd: number, umsg: number, flags: number): number {
  enter(k, td);
  const fp = fget(k, td, fd);
  if (fp < 0) return ret(k, td, -fp);
  const length = message_length(k, td, umsg);
  const error = kern_sendmsg(k, td, file_socket(k, fp), umsg, length, flags);
  fdrop(k, td, fp);
  return transferred(k, td, length, error);
}

/** Receives into what a message header at a user address describes. Returns how many bytes. */
export function sys_recvmsg(k: Kernel, td: number, fd: number, umsg: number, flags: number): number {
  enter(k, td);
  const fp = fget(k, td, fd);
  if (fp < 0) return ret(k, td, -fp);
  const length = message_length(k, td, umsg);
  const error = kern_recvmsg(k, td, file_socket(k, fp), umsg, length, flags);
  fdrop(k, td, fp);
  return transferred(k, td, length, error);
}

/** The collector of rights, here and now: closes what was given up, and what nobody can reach, until there is nothing left to do. */
export function sys_unp_gc(k: Kernel, td: number): number {
  enter(k, td);
  unp_gc(k, td);
  return ret(k, td, 0);
}

export function sys_shutdown(k: Kernel, td: number, fd: number, how: number): number {
  enter(k, td);
  return ret(k, td, kern_shutdown(k, td, fd, how));
}

/** The value is a word at a user address. */
export function sys_setsockopt(k: Kernel, td: number, fd: number, level: number, name: number, uaddr: number): number {
  enter(k, td);
  return ret(k, td, kern_setsockopt(k, td, fd, level, name, uaddr));
}

export function sys_getsockopt(k: Kernel, td: number, fd: number, level: number, name: number, uaddr: number): number {
  enter(k, td);
  return ret(k, td, kern_getsockopt(k, td, fd, level, name, uaddr));
}

export function sys_setnbio(k: Kernel, td: number, fd: number, on: number): number {
  enter(k, td);
  return ret(k, td, kern_setnbio(k, td, fd, on));
}

/** 1 if the next byte to be read is the one behind the urgent one. */
export function sys_sockatmark(k: Kernel, td: number, fd: number): number {
  enter(k, td);
  return ret(k, td, kern_sockatmark(k, td, fd));
}

/** The socket's own address goes to td_from_host and td_from_port. */
export function sys_getsockname(k: Kernel, td: number, fd: number): number {
  enter(k, td);
  const fp = fget(k, td, fd);
  if (fp < 0) return ret(k, td, -fp);
  const error = pru_sockaddr(k, td, file_socket(k, fp));
  fdrop(k, td, fp);
  return ret(k, td, error);
}

/** The peer's address goes to td_from_host and td_from_port. */
export function sys_getpeername(k: Kernel, td: number, fd: number): number {
  enter(k, td);
  const fp = fget(k, td, fd);
  if (fp < 0) return ret(k, td, -fp);
  const so = file_socket(k, fp);
  const error = (load(k, so + so_state) & (SS_ISCONNECTED | SS_ISCONFIRMING)) === 0 ? ENOTCONN : pru_peeraddr(k, td, so);
  fdrop(k, td, fp);
  return ret(k, td, error);
}

export function sys_dup(k: Kernel, td: number, fd: number): number {
  enter(k, td);
  const fp = fget_any(k, td, fd);
  if (fp < 0) return ret(k, td, -fp);
  // The call's reference becomes the new descriptor's.
  const copy = fddup(k, td, fd, fp);
  if (copy < 0) {
    fdrop(k, td, fp);
    return ret(k, td, -copy);
  }
  put(k, td + td_retval0, copy);
  return ret(k, td, 0);
}

/** The descriptor is closed whatever is returned, unless it is EBADF. */
export function sys_close(k: Kernel, td: number, fd: number): number {
  enter(k, td);
  const fp = fdclose(k, td, fd);
  if (fp < 0) return ret(k, td, -fp);
  file_closed(k, td, fp, fd);
  return ret(k, td, fdrop(k, td, fp));
}

/** A descriptor of a new kqueue. */
export function sys_kqueue(k: Kernel, td: number): number {
  enter(k, td);
  return ret(k, td, kern_kqueue(k, td));
}

/** FIOASYNC: the socket's owner is told of input and room from now on, or not. FIOSETOWN: the owner is this thread; 0: nobody. */
export function sys_setasync(k: Kernel, td: number, fd: number, on: number): number {
  enter(k, td);
  return ret(k, td, kern_setasync(k, td, fd, on));
}

export function sys_setown(k: Kernel, td: number, fd: number, thread: number): number {
  enter(k, td);
  if (thread !== 0 && !isThread(k, thread)) return ret(k, td, EINVAL);
  return ret(k, td, kern_setown(k, td, fd, thread));
}

/** How often something happened to the thread's sockets since it asked last; waits for it `timo` ticks, 0: not at all, less: for ever. */
export function sys_sigwait(k: Kernel, td: number, timo: number): number {
  enter(k, td);
  return ret(k, td, kern_sigwait(k, td, timo));
}

/** Makes `nchanges` changes, and then reports up to `nevents` events; waits for one `timo` ticks, 0: not at all, less: for ever. How many. */
export function sys_kevent(
  k: Kernel,
  td: number,
  fd: number,
  uchanges: number,
  nchanges: number,
  uevents: number,
  nevents: number,
  timo: number,
): number {
  enter(k, td);
  return ret(k, td, kern_kevent(k, td, fd, uchanges, nchanges, uevents, nevents, timo));
}

/** Asks about `nfds` pollfds at a user address; waits `timo` ticks, 0: not at all, less: for ever. Returns how many have something to say. */
export function sys_poll(k: Kernel, td: number, uaddr: number, nfds: number, timo: number): number {
  enter(k, td);
  return ret(k, td, kern_poll(k, td, uaddr, nfds, timo));
}

/** A handle on the descriptor's socket that outlives the descriptor. */
export function sys_fgetsock(k: Kernel, td: number, fd: number): number {
  enter(k, td);
  return ret(k, td, fgetsock(k, td, fd));
}

export function sys_fputsock(k: Kernel, td: number, handle: number): number {
  enter(k, td);
  return ret(k, td, fputsock(k, td, handle));
}

/** A signal for another thread: its interruptible sleep, the present or the next, ends with EINTR. EINVAL if there is no such thread. */
export function sys_interrupt(k: Kernel, td: number, thread: number): number {
  enter(k, td);
  if (!isThread(k, thread)) return ret(k, td, EINVAL);
  if ((load(k, thread + td_flags) & TDF_INUSE) === 0) return ret(k, td, EINVAL);
  sleepq_interrupt(k, td, thread);
  return ret(k, td, 0);
}

/** One tick of the clock. */
export function sys_tick(k: Kernel, td: number): number {
  enter(k, td);
  hardclock(k, td);
  return ret(k, td, 0);
}

function kern_socket(k: Kernel, td: number, domain: number, type: number, protocol: number): number {
  const fd = fdalloc(k, td);
  if (fd < 0) return -fd;
  const fp = falloc(k, td);
  if (fp < 0) {
    fdunused(k, td, fd);
    return -fp;
  }
  const so = socreate(k, td, domain, type, protocol);
  if (so < 0) {
    fdrop(k, td, fp);
    fdunused(k, td, fd);
    return -so;
  }
  finit(k, fp, so);
  finstall(k, fd, fp);
  put(k, td + td_retval0, fd);
  return 0;
}

function isThread(k: Kernel, thread: number): boolean {
  const offset = thread - fixed(k, h_threads);
  return offset >= 0 && offset < fixed(k, h_nthreads) * THREAD_WORDS && offset % THREAD_WORDS === 0;
}

function enter(k: Kernel, td: number): void {
  if (load(k, h_panic) !== 0) panic(k, load(k, h_panic), load(k, h_panic_about));
  notify_begin(k, td);
  giant_lock(k, td);
  put(k, td + td_retval0, 0);
  put(k, td + td_retval1, 0);
  put(k, td + td_from_host, 0);
  put(k, td + td_from_port, 0);
  put(k, td + td_msg_flags, 0);
}

function ret(k: Kernel, td: number, error: number): number {
  unp_gc_due(k, td);
  giant_unlock(k, td);
  witness_none(k, td);
  notify_end(k, td);
  return error !== 0 ? -error : get(k, td + td_retval0);
}

/**
 * The end of a send or receive. If something has been moved before the transfer was cut short, the answer is how much. BSD does so
 * for EINTR and EWOULDBLOCK; here also for ENOBUFS and EFAULT, so that nobody sends the same bytes twice.
 */
function transferred(k: Kernel, td: number, length: number, error: number): number {
  const moved = length - get(k, td + td_uio_resid);
  const short = error === EINTR || error === EWOULDBLOCK || error === ENOBUFS || error === EFAULT;
  if (error !== 0 && !(short && moved > 0)) return ret(k, td, error);
  put(k, td + td_retval0, moved);
  return ret(k, td, 0);
}
