/**
 * Descriptors and files (C.10), and what every call begins and ends with. A call that can sleep takes a reference to the file
 * first and gives it back last: that is what keeps the socket alive under it. Whoever drops the last one runs soclose.
 */
import { first, rule } from '../lang.ts';
import { descriptors, type Errno, type Fd, isLocal, type Result, type Socket, type SocketId, type State, type ThreadId } from '../state.ts';

/** UNIX calls wait for a connect that holds the link lock; others don't. [I.1] */
export function linkFree(s: State, socket: Socket): boolean {
  return !s.link || !isLocal(socket.protocol);
}

/** A thread may begin a call when it has finished the close that its last call left it with. */
export function idle(s: State, t: ThreadId): boolean {
  return s.threads[t].closing === null;
}

/** A call on a descriptor may begin. */
export function mayCall(s: State, t: ThreadId, fd: Fd): boolean {
  const so = s.fds[fd];
  return idle(s, t) && (so === null || linkFree(s, s.sockets[so]));
}

/** Its socket is one of IPv6, for which addresses of IPv4 are v4-mapped. */
export function maps(s: State, fd: Fd): boolean {
  const so = s.fds[fd];
  if (so === null) return false;
  const { pcb } = s.sockets[so];
  return pcb !== null && s.pcbs[pcb].vflag !== 'v4';
}

/** The thread is about to sleep, interruptibly. The pause that follows waits for its condition or for `cut`. [I.6] */
export function sleeps(s: State, t: ThreadId): void {
  s.threads[t].sleep = 'asleep';
}

/** A signal has cut the sleep short. */
export function cut(s: State, t: ThreadId): boolean {
  return s.threads[t].sleep === 'signal';
}

/** The thread is awake again; says whether by a signal. */
export function wakes(s: State, t: ThreadId): boolean {
  const interrupted = cut(s, t);
  s.threads[t].sleep = 'awake';
  return interrupted;
}

/** The call's result: an errno; 'none' is success with 0. */
export function fail(s: State, t: ThreadId, errno: Errno): void {
  s.threads[t].errno = errno;
  s.threads[t].value = 0;
}

/** The call's result: a number. */
export function done(s: State, t: ThreadId, value: Result): void {
  s.threads[t].errno = 'none';
  s.threads[t].value = value;
}

/** A pending error is returned once. */
export function takeError(socket: Socket): Errno {
  const { error } = socket;
  socket.error = 'none';
  return error;
}

/** What the descriptor leads to, or null with EBADF as the result. */
export function getsock(s: State, t: ThreadId, fd: Fd): SocketId | null {
  const so = s.fds[fd];
  if (so === null) fail(s, t, rule('getsock_1', 'no such descriptor: EBADF [J.4, E: bad descriptors]', 'EBADF'));
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
export function held(s: State, t: ThreadId): Socket {
  return s.sockets[s.threads[t].file as SocketId];
}

/** fdrop: one file reference less; with the last one this thread owes a soclose. */
export function fdrop(s: State, t: ThreadId, so: SocketId, reports: boolean): void {
  s.sockets[so].file -= 1;
  if (s.sockets[so].file > 0) return;
  s.threads[t].closing = so;
  s.threads[t].reportsClose = reports;
}

/** The end of a call that held the file; a descriptor that it had reserved is free again. */
export function release(s: State, t: ThreadId): void {
  const so = s.threads[t].file as SocketId;
  s.threads[t].file = null;
  s.threads[t].reserved = null;
  fdrop(s, t, so, false);
}

/** The same, with an errno as the call's result. */
export function leave(s: State, t: ThreadId, errno: Errno): void {
  fail(s, t, errno);
  release(s, t);
}

/** What the thread has in its hand, which is empty then. */
export function handOver(s: State, t: ThreadId): SocketId {
  const child = s.threads[t].child as SocketId;
  s.threads[t].child = null;
  s.threads[t].hand = 'empty';
  return child;
}

/** falloc: the lowest free descriptor but this one, or null. A free one leads nowhere, and no accept has reserved it. */
export function falloc(s: State, but: Fd | null): Fd | null {
  return first(descriptors, (fd) => fd !== but && s.fds[fd] === null && !s.threads.some((thread) => thread.reserved === fd));
}

/** The file of a socket and a descriptor for it. */
export function install(s: State, fd: Fd, so: SocketId): void {
  s.fds[fd] = so;
  s.sockets[so].file = 1;
}
