/**
 * poll (C.8 sopoll_generic), of one descriptor: of several it is the same for each. It holds the file while it looks, and nothing while it
 * sleeps: who closes the descriptor closes the socket, and the poll is told. What is true while it sleeps wakes it; what it finds is what
 * is true when it looks again.
 */
import { type Procedure, rule, until, when } from '../lang.ts';
import { POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI } from '../limits.ts';
import { type Fd, isDatagram, type Result, type Socket, type State, type ThreadId, type Wanted } from '../state.ts';
import { cut, done, fail, held, hold, idle, release, sleeps, wakes } from './file.ts';
import { space } from './send.ts';

export function* poll(s: State, t: ThreadId, fd: Fd, wanted: Wanted, wait: boolean): Procedure {
  when(idle(s, t));
  while (true) {
    if (s.fds[fd] === null && rule('poll_1', 'no such descriptor: POLLNVAL [C.8, H.2a]')) return done(s, t, POLLNVAL);
    hold(s, t, fd);
    yield;
    const result = s.fds[fd] === s.threads[t].file ? sopoll(s, held(s, t), wanted) : POLLNVAL;
    release(s, t);
    if (result === POLLNVAL) rule('poll_2', 'closed meanwhile: POLLNVAL; the poll may have held the last reference [C.10, G135]');
    else if (result !== 0) rule('poll_3', 'something to report [C.8 sopoll]');
    else if (!wait) rule('poll_4', 'nothing to report, and no wait for it [C.8]');
    if (result !== 0 || !wait) return done(s, t, result);
    s.threads[t].polled = fd;
    s.threads[t].wanted = wanted;
    sleeps(s, t);
    yield until(() => found(s, fd, wanted) !== 0 || cut(s, t));
    s.threads[t].polled = null;
    s.threads[t].wanted = 'hangup';
    if (wakes(s, t) && found(s, fd, wanted) === 0) return fail(s, t, rule('poll_5', 'interrupted: EINTR [C.8]', 'EINTR'));
  }
}

/** What a poll of this descriptor would find now. */
export function found(s: State, fd: Fd, wanted: Wanted): Result {
  const so = s.fds[fd];
  return so === null ? POLLNVAL : sopoll(s, s.sockets[so], wanted);
}

/** sopoll_generic, and what poll makes of it: never POLLOUT with POLLHUP. [C.8, H.2a] */
function sopoll(s: State, socket: Socket, wanted: Wanted): Result {
  const over = socket.rcv.cantMore && socket.snd.cantMore;
  const readable = (wanted === 'in' || wanted === 'both') && (socket.rcv.cantMore || soreadabledata(socket));
  const writable = (wanted === 'out' || wanted === 'both') && !over && sowriteable(s, socket);
  const urgent = wanted === 'urgent' && (socket.mark > 0 || socket.atMark);
  if (urgent) rule('poll_6', 'urgent data is announced, or the reader is at its mark: POLLPRI [C.8 sopoll, C.6 step 8]');
  return (readable ? POLLIN : 0) + (writable ? POLLOUT : 0) + (over ? POLLHUP : 0) + (urgent ? POLLPRI : 0);
}

/** Data, a connection or an error to be had. [C.8] */
export function soreadabledata(socket: Socket): boolean {
  return socket.rcv.cc > 0 || socket.complete.length > 0 || socket.error !== 'none';
}

/** A send would not wait. [C.8] */
export function sowriteable(s: State, socket: Socket): boolean {
  if (socket.snd.cantMore || socket.error !== 'none') return true;
  return (socket.connected || isDatagram(socket.protocol)) && space(s, socket) > 0;
}
