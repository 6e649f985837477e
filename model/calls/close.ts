/**
 * close: the descriptor is cleared; the last file reference leads to soclose (C.2), here a procedure of its own that the
 * thread must run before its next call. Its phases are separate lock sections, so that the protocol may act between them.
 * Designs differ in what comes first, the queues or the protocol, and in whether that is detached here or when the last reference goes.
 */
import { designs } from '../designs.ts';
import { type Procedure, rule, until, when } from '../lang.ts';
import { pru_close, pru_detach_close, sodisconnect } from '../protocols/protosw.ts';
import { panic, soabort, sorele } from '../socket.ts';
import type { Fd, Socket, SocketId, State, ThreadId } from '../state.ts';
import { knote_fdclose } from './kqueue.ts';
import { done, fail, fdrop, getsock, handOver, idle, linkFree, sleeps } from './file.ts';

export function* close(s: State, t: ThreadId, fd: Fd): Procedure {
  when(idle(s, t));
  const so = getsock(s, t, fd);
  if (so === null) return;
  s.fds[fd] = null;
  knote_fdclose(s, fd);
  done(s, t, 0);
  fdrop(s, t, so, true);
  if (!idle(s, t)) rule('close_1', 'the last reference to the file: soclose follows [C.10 soo_close]');
  else rule('close_2', 'others still use the file [C.10]');
}

/** The socket that this thread closes. */
function closing(s: State, t: ThreadId): Socket {
  return s.sockets[s.threads[t].closing as SocketId];
}

export function* soclose(s: State, t: ThreadId): Procedure {
  when(s.threads[t].closing !== null && linkFree(s, closing(s, t)));
  if (closing(s, t).noFdRef) panic(s, 'soclose');
  if (designs[s.design].drainFirst) {
    yield* drain(s, t);
    yield until(() => linkFree(s, closing(s, t)));
  }
  if (closing(s, t).connected) {
    yield until(() => linkFree(s, closing(s, t)));
    if (disconnect(s, t)) {
      sleeps(s, t);
      yield until(() => !closing(s, t).connected || s.threads[t].sleep !== 'asleep');
      lingered(s, t);
    }
  }
  yield until(() => linkFree(s, closing(s, t)));
  if (!designs[s.design].detachInClose) pru_close(s, closing(s, t));
  else if (closing(s, t).pcb !== null) pru_detach_close(s, closing(s, t));
  s.threads[t].told = true;
  if (!designs[s.design].drainFirst) {
    yield;
    if (designs[s.design].recheckListener) closing(s, t).acceptConn = false;
    yield* drain(s, t);
    s.threads[t].drained = true;
  }
  yield until(() => linkFree(s, closing(s, t)));
  finish(s, t);
}

/** Phase 1: disconnects what was connected a moment ago. True if the close must linger. [C.2 soclose 1, 2] */
function disconnect(s: State, t: ThreadId): boolean {
  const socket = closing(s, t);
  if (!socket.disconnecting) {
    const errno = sodisconnect(s, socket);
    if (errno === 'ENOTCONN' && rule('close_3', 'the peer was faster: ENOTCONN is forgiven [C.2 soclose 1, G103]')) return false;
  }
  if (socket.linger !== 'wait') return false;
  if (socket.disconnecting && socket.nonBlocking && rule('close_4', 'a non-blocking socket does not linger [C.2 soclose 2]')) return false;
  return socket.connected;
}

/** Phase 2 ends: disconnected, interrupted or out of time; the close goes on all the same. [C.2 soclose 2, T22] */
function lingered(s: State, t: ThreadId): void {
  const { sleep, reportsClose } = s.threads[t];
  s.threads[t].sleep = 'awake';
  if (!closing(s, t).connected && rule('close_5', 'all data was acknowledged, or the connection is lost [T22]')) return;
  if (sleep === 'signal') rule('close_6', 'interrupted: EINTR [C.2 soclose 2]');
  else rule('close_7', 'the linger time is over: EWOULDBLOCK [C.2 soclose 2, T22]');
  if (reportsClose) fail(s, t, sleep === 'signal' ? 'EINTR' : 'EWOULDBLOCK');
}

/** Phase 4: every queued child is taken off its queue and aborted, with the accept mutex dropped in between. [C.2 soclose 4, T02] */
function* drain(s: State, t: ThreadId): Procedure {
  let more = unlink(s, t);
  while (more) {
    yield until(() => linkFree(s, s.sockets[s.threads[t].child as SocketId]));
    abort(s, t);
    more = unlink(s, t);
  }
}

/** Takes one child off a queue into this thread's hand. */
function unlink(s: State, t: ThreadId): boolean {
  const head = closing(s, t);
  let child: SocketId | null = null;
  if (head.incomplete.length > 0 && rule('drain_1', 'an incomplete child [C.2 soclose 4]')) {
    child = head.incomplete[0] as SocketId;
    head.incomplete.shift();
  } else if (head.complete.length > 0 && rule('drain_2', 'a completed child that nobody accepted [C.2 soclose 4, T02]')) {
    child = head.complete[0] as SocketId;
    head.complete.shift();
  }
  if (child === null) return false;
  s.sockets[child].queue = 'none';
  s.sockets[child].head = null;
  const { drainHoldsReference, queueHoldsReference } = designs[s.design];
  if (drainHoldsReference && !queueHoldsReference) s.sockets[child].count += 1;
  s.threads[t].child = child;
  s.threads[t].hand = 'unlinked';
  return true;
}

/** soabort of the child that this thread took off its queue. [C.2 soclose 4] */
function abort(s: State, t: ThreadId): void {
  const child = handOver(s, t);
  if (designs[s.design].drainHoldsReference) s.sockets[child].count -= 1;
  soabort(s, child);
}

/** Phase 5: no descriptor owns the socket any more. [C.2 soclose 5] */
function finish(s: State, t: ThreadId): void {
  const { closing: so, after } = s.threads[t];
  s.threads[t].closing = null;
  s.threads[t].after = null;
  s.threads[t].reportsClose = false;
  s.threads[t].told = false;
  s.threads[t].drained = false;
  if (s.sockets[so as SocketId].noFdRef) panic(s, 'soclose');
  s.sockets[so as SocketId].noFdRef = true;
  sorele(s, so as SocketId);
  if (after !== null) fdrop(s, t, after, false);
}
