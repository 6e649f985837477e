/**
 * accept (C.3 kern_accept). It pauses before and after the descriptor is reserved, which the file's lock does not cover nor the
 * accept mutex; asleep on the empty queue; and between taking the child off the queue (so_count 1, NOFDREF still set) and soaccept,
 * which clears NOFDREF. The descriptor is published only after that. [G55]
 */
import { designs } from '../designs.ts';
import { type Procedure, rule, until, when } from '../lang.ts';
import { tcp_gone } from '../protocols/tcp.ts';
import { panic } from '../socket.ts';
import { uipc_accept } from '../protocols/unix.ts';
import { type Fd, pairs, type Socket, type SocketId, type State, type ThreadId } from '../state.ts';
import { cut, done, fail, falloc, handOver, held, hold, idle, install, leave, release, sleeps, takeError, wakes } from './file.ts';

export function* accept(s: State, t: ThreadId, fd: Fd): Procedure {
  when(idle(s, t));
  if (!hold(s, t, fd)) return;
  if (!held(s, t).acceptConn) return leave(s, t, rule('accept_1', 'not listening: EINVAL [C.3 step 2]', 'EINVAL'));
  yield;
  const reserved = falloc(s, null);
  if (reserved === null)
    return leave(s, t, rule('accept_2', 'no descriptor free: EMFILE, before anything is dequeued [C.3 step 3]', 'EMFILE'));
  s.threads[t].reserved = reserved;
  yield;
  if (held(s, t).nonBlocking && held(s, t).complete.length === 0)
    return leave(s, t, rule('accept_3', 'would block: EWOULDBLOCK, even if an error is pending [C.3 step 4]', 'EWOULDBLOCK'));
  if (mustWait(held(s, t))) {
    sleeps(s, t);
    yield until(() => !mustWait(held(s, t)) || cut(s, t));
    if (wakes(s, t) && mustWait(held(s, t)))
      return leave(s, t, rule('accept_4', 'interrupted: EINTR, no descriptor is lost [C.3 step 5, T20]', 'EINTR'));
  }
  const head = held(s, t);
  if (head.complete.length === 0 && head.error === 'none')
    return leave(s, t, rule('accept_5', 'shut down: ECONNABORTED, for everyone who waits [C.3 step 5]', 'ECONNABORTED'));
  if (head.error !== 'none' && rule('accept_6', 'a pending error is returned and cleared [C.3 step 6]'))
    return leave(s, t, takeError(head));
  dequeue(s, t, head);
  yield;
  soaccept(s, t);
}

/** Nothing to take, nothing to report. */
function mustWait(head: Socket): boolean {
  return head.complete.length === 0 && head.error === 'none' && !head.rcv.cantMore;
}

/** Takes the oldest completed child: its place in the queue turns into a reference. [C.3 step 7, J.2] */
function dequeue(s: State, t: ThreadId, head: Socket): void {
  const child = head.complete[0] as SocketId;
  rule('accept_7', 'off the queue, referenced, NBIO inherited [C.3 step 7]');
  head.complete.shift();
  if (!designs[s.design].queueHoldsReference) s.sockets[child].count += 1;
  s.sockets[child].queue = 'none';
  s.sockets[child].head = null;
  s.sockets[child].nonBlocking = head.nonBlocking;
  s.threads[t].child = child;
  s.threads[t].hand = 'accepted';
}

/** soaccept and pru_accept, then the descriptor; a child whose connection is gone is closed. [C.3 steps 8-10] */
function soaccept(s: State, t: ThreadId): void {
  const child = handOver(s, t);
  const socket = s.sockets[child];
  if (!socket.noFdRef) panic(s, 'soaccept');
  socket.noFdRef = false;
  const over = socket.protocol === 'tcp' && (socket.disconnected || tcp_gone(s, socket));
  if (over && rule('accept_8', 'TCP: reset while it was queued: ECONNABORTED, and the child is closed [D.2 accept, T09]')) {
    fail(s, t, 'ECONNABORTED');
    s.threads[t].reserved = null;
    s.threads[t].closing = child;
    s.threads[t].after = s.threads[t].file;
    s.threads[t].file = null;
    s.threads[t].reportsClose = false;
  } else {
    rule('accept_9', 'accepted [C.3]');
    if (pairs(socket.protocol)) uipc_accept(s, child);
    const fd = s.threads[t].reserved as Fd;
    install(s, fd, child);
    done(s, t, fd);
    release(s, t);
  }
}
