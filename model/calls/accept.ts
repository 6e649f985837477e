/**
 * accept (C.3 kern_accept). Two pauses: asleep on the empty queue, and between taking the child off the queue (so_count 1,
 * NOFDREF still set) and soaccept, which clears NOFDREF. The descriptor is published only after that. [G55]
 */
import { type Procedure, rule, until, when } from '../lang.ts';
import { tcp_gone } from '../protocols/tcp.ts';
import { panic, soref } from '../socket.ts';
import type { Errno, Fd, SocketId, State, ThreadId } from '../state.ts';
import { cut, done, fail, falloc, held, hold, idle, install, leave, release, sleeps, wakes } from './file.ts';

export function* accept(s: State, t: ThreadId, fd: Fd): Procedure {
  when(idle(s, t));
  if (!hold(s, t, fd)) return;
  if (!s.sockets[held(s, t)].acceptConn && rule('accept_1', 'not listening: EINVAL [C.3 step 2]')) return leave(s, t, 'EINVAL');
  const reserved = falloc(s);
  if (reserved === null && rule('accept_2', 'no descriptor free: EMFILE, before anything is dequeued [C.3 step 3]'))
    return leave(s, t, 'EMFILE');
  s.threads[t].reserved = reserved;
  if (
    s.sockets[held(s, t)].nonBlocking &&
    s.sockets[held(s, t)].complete.length === 0 &&
    rule('accept_3', 'would block: EWOULDBLOCK, even if an error is pending [C.3 step 4]')
  )
    return refuse(s, t, 'EWOULDBLOCK');
  if (mustWait(s, held(s, t))) {
    sleeps(s, t);
    yield until(() => !mustWait(s, held(s, t)) || cut(s, t));
    const interrupted = cut(s, t) && mustWait(s, held(s, t));
    wakes(s, t);
    if (interrupted && rule('accept_4', 'interrupted: EINTR, no descriptor is lost [C.3 step 5, T20]')) return refuse(s, t, 'EINTR');
  }
  const head = s.sockets[held(s, t)];
  if (
    head.complete.length === 0 &&
    head.error === 'none' &&
    rule('accept_5', 'shut down: ECONNABORTED, for everyone who waits [C.3 step 5]')
  )
    return refuse(s, t, 'ECONNABORTED');
  if (head.error !== 'none' && rule('accept_6', 'a pending error is returned and cleared [C.3 step 6]')) {
    const errno = head.error;
    head.error = 'none';
    return refuse(s, t, errno);
  }
  dequeue(s, t, held(s, t));
  yield;
  const child = s.threads[t].child as SocketId;
  soaccept(s, t, child);
}

/** Nothing to take, nothing to report. */
function mustWait(s: State, so: SocketId): boolean {
  const head = s.sockets[so];
  return head.complete.length === 0 && head.error === 'none' && !head.rcv.cantMore;
}

/** The end of an accept that failed. */
function refuse(s: State, t: ThreadId, errno: Errno): void {
  s.threads[t].reserved = null;
  fail(s, t, errno);
  release(s, t);
}

/** Takes the oldest completed child: its place in the queue turns into a reference. [C.3 step 7, J.2] */
function dequeue(s: State, t: ThreadId, so: SocketId): void {
  const head = s.sockets[so];
  const child = head.complete[0] as SocketId;
  rule('accept_7', 'off the queue, referenced, NBIO inherited [C.3 step 7]');
  head.complete.shift();
  soref(s, child);
  s.sockets[child].queue = 'none';
  s.sockets[child].head = null;
  s.sockets[child].nonBlocking = head.nonBlocking;
  s.threads[t].child = child;
  s.threads[t].hand = 'accepted';
}

/** soaccept and pru_accept, then the descriptor; a child whose connection is gone is closed. [C.3 steps 8-10] */
function soaccept(s: State, t: ThreadId, child: SocketId): void {
  if (!s.sockets[child].noFdRef) panic(s, 'soaccept');
  s.sockets[child].noFdRef = false;
  const fd = s.threads[t].reserved as Fd;
  s.threads[t].reserved = null;
  s.threads[t].child = null;
  s.threads[t].hand = 'empty';
  if (
    s.sockets[child].protocol === 'tcp' &&
    (s.sockets[child].disconnected || tcp_gone(s, child)) &&
    rule('accept_8', 'TCP: reset while it was queued: ECONNABORTED, and the child is closed [D.2 accept, T09]')
  ) {
    fail(s, t, 'ECONNABORTED');
    s.threads[t].closing = child;
    s.threads[t].after = s.threads[t].file;
    s.threads[t].file = null;
    s.threads[t].reportsClose = false;
    return;
  }
  rule('accept_9', 'accepted [C.3]');
  install(s, fd, child);
  done(s, t, fd);
  release(s, t);
}
