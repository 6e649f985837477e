/**
 * Descriptors and files (C.10). A call that can sleep takes a reference to the file first and gives it back last: that is
 * what keeps the socket alive under it. Whoever drops the last one runs soclose.
 */
import { first, type Nat, type Procedure, rule, when } from '../lang.ts';
import type { RESULT } from '../limits.ts';
import { sodealloc } from '../socket.ts';
import { descriptors, type Errno, type Fd, type SocketId, type State, type ThreadId, threads } from '../state.ts';

/** UNIX calls wait for a connect that holds the link lock; others don't. [I.1] */
export function linkFree(s: State, so: SocketId): boolean {
  return !s.link || s.sockets[so].protocol !== 'unix';
}

/** A thread may begin a call when it has finished the close that its last call left it with. */
export function idle(s: State, t: ThreadId): boolean {
  return s.threads[t].closing === null;
}

/** A call on a descriptor may begin. */
export function mayCall(s: State, t: ThreadId, fd: Fd): boolean {
  const so = s.fds[fd];
  return idle(s, t) && (so === null || linkFree(s, so));
}

/** The thread is about to sleep, interruptibly. The pause that follows waits for its condition or for `cut`. [I.6] */
export function sleeps(s: State, t: ThreadId): void {
  s.threads[t].sleep = 'asleep';
}

/** A signal has cut the sleep short. */
export function cut(s: State, t: ThreadId): boolean {
  return s.threads[t].sleep === 'signal';
}

/** The thread is awake again. */
export function wakes(s: State, t: ThreadId): void {
  s.threads[t].sleep = 'awake';
}

/** The call's result: an errno. */
export function fail(s: State, t: ThreadId, errno: Errno): void {
  s.threads[t].errno = errno;
  s.threads[t].value = 0;
}

/** The call's result: a number. */
export function done(s: State, t: ThreadId, value: Nat<typeof RESULT>): void {
  s.threads[t].errno = 'none';
  s.threads[t].value = value;
}

/** What the descriptor leads to, or null with EBADF as the result. */
export function getsock(s: State, t: ThreadId, fd: Fd): SocketId | null {
  const so = s.fds[fd];
  if (so === null) {
    rule('getsock_1', 'no such descriptor: EBADF [J.4, E: bad descriptors]');
    fail(s, t, 'EBADF');
  }
  return so;
}

/** The same, with a file reference for as long as the call lasts. */
export function hold(s: State, t: ThreadId, fd: Fd): boolean {
  const so = getsock(s, t, fd);
  if (so === null) return false;
  s.sockets[so].file += 1;
  s.threads[t].file = so;
  return true;
}

/** The socket of the running call. */
export function held(s: State, t: ThreadId): SocketId {
  return s.threads[t].file as SocketId;
}

/** fdrop: one file reference less; with the last one this thread owes a soclose. */
export function fdrop(s: State, t: ThreadId, so: SocketId, reports: boolean): void {
  s.sockets[so].file -= 1;
  if (s.sockets[so].file === 0) {
    s.threads[t].closing = so;
    s.threads[t].reportsClose = reports;
  }
}

/** The end of a call that held the file. */
export function release(s: State, t: ThreadId): void {
  const so = held(s, t);
  s.threads[t].file = null;
  fdrop(s, t, so, false);
}

/** The same, with an errno as the call's result. */
export function leave(s: State, t: ThreadId, errno: Errno): void {
  fail(s, t, errno);
  release(s, t);
}

/** The same, with a number as the call's result. */
export function leaveWith(s: State, t: ThreadId, value: Nat<typeof RESULT>): void {
  done(s, t, value);
  release(s, t);
}

/** A free descriptor is one that leads nowhere and that no accept has reserved. */
function free(s: State, fd: Fd): boolean {
  return s.fds[fd] === null && !threads.some((t) => s.threads[t].reserved === fd);
}

/** falloc: the lowest free descriptor, or null. */
export function falloc(s: State): Fd | null {
  return first(descriptors, (fd) => free(s, fd));
}

/** The lowest free descriptor after this one. */
export function fallocAfter(s: State, other: Fd): Fd | null {
  return first(descriptors, (fd) => fd !== other && free(s, fd));
}

/** The file of a socket and a descriptor for it. */
export function install(s: State, fd: Fd, so: SocketId): void {
  s.fds[fd] = so;
  s.sockets[so].file = 1;
}

/** Takes back a socket that was never handed out. */
export function discard(s: State, so: SocketId): void {
  s.sockets[so].count = 0;
  sodealloc(s, so);
}

/** dup: one more descriptor for the same file. */
export function* dup(s: State, t: ThreadId, fd: Fd): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  const other = falloc(s);
  if (other === null) {
    rule('dup_1', 'no descriptor free: EMFILE');
    return fail(s, t, 'EMFILE');
  }
  rule('dup_2', 'the file has one more descriptor [C.10]');
  s.fds[other] = so;
  s.sockets[so].file += 1;
  done(s, t, other);
}

/** setnbio: FIONBIO. [C.10 soo_ioctl] */
export function* setnbio(s: State, t: ThreadId, fd: Fd, on: boolean): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  rule('setnbio_1', 'SS_NBIO is set or cleared [C.10]');
  s.sockets[so].nonBlocking = on;
  done(s, t, 0);
}
