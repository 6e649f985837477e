/**
 * sendmsg and recvmsg with SCM_RIGHTS: a unit of data and a descriptor (C.5, C.6 step 6, D.1). What decides is as in send and receive.
 * A right is in its thread's hand between two lock sections, and there it is a reference from outside: the collector, which looks
 * into no hand, finds more references to its file than there are in buffers. [G116]
 */
import { type Procedure, rule, until, when } from '../lang.ts';
import { headRight, sbappendcontrol, unp_discard, unp_externalize, unp_internalize } from '../protocols/rights.ts';
import { uipc_send } from '../protocols/unix.ts';
import { uipc_send_dgram } from '../protocols/unix_dgram.ts';
// biome-ignore format: a list of names
import {
  type Amount, type Errno, type Fd, isLocal, type PcbId, type RightId, type Socket, type SocketId, type State, sotopcb, type ThreadId,
} from '../state.ts';
import { cut, falloc, held, hold, idle, leave, linkFree, mayCall, release, sleeps, wakes } from './file.ts';
import { deliver, mustWait } from './receive.ts';
import { blocked, finish, refused, space } from './send.ts';

/** One unit, with the file of a descriptor. */
export function* sendmsg(s: State, t: ThreadId, fd: Fd, passed: Fd): Procedure {
  when(idle(s, t));
  if (!hold(s, t, fd)) return;
  if (!isLocal(held(s, t).protocol)) return leave(s, t, rule('sendmsg_1', 'the protocol passes no rights: EINVAL [D.2 send]', 'EINVAL'));
  s.threads[t].passes = true;
  if (held(s, t).protocol !== 'dgram') {
    if (held(s, t).sending) {
      sleeps(s, t);
      yield until(() => !held(s, t).sending || cut(s, t));
      if (wakes(s, t) && held(s, t).sending)
        return finish(s, t, rule('sendmsg_2', 'interrupted while another sends: EINTR [C.5 step 2]', 'EINTR'));
    }
    held(s, t).sending = true;
    s.threads[t].sends = true;
  }
  s.threads[t].left = 1;
  while (s.threads[t].chunk === 0) {
    const errno = refused(held(s, t), 1, false);
    if (errno !== 'none') return finish(s, t, errno);
    if (space(s, held(s, t)) === 0) {
      if (held(s, t).nonBlocking) return finish(s, t, rule('sendmsg_3', 'no room: EWOULDBLOCK [C.5 step 7]', 'EWOULDBLOCK'));
      sleeps(s, t);
      yield until(() => !blocked(s, t, false) || cut(s, t));
      if (wakes(s, t) && blocked(s, t, false))
        return finish(s, t, rule('sendmsg_4', 'interrupted while it waits for room: EINTR [C.5 step 7]', 'EINTR'));
    } else {
      s.threads[t].chunk = 1;
      yield;
    }
  }
  const errno = internalize(s, t, passed);
  if (errno !== 'none') return finish(s, t, errno);
  yield until(() => linkFree(s, held(s, t)));
  transmit(s, t);
}

/** The descriptor's file is in this thread's hand. [D.1 send, G111] */
function internalize(s: State, t: ThreadId, passed: Fd): Errno {
  if (s.rights.every(({ file }) => file !== null))
    return rule('sendmsg_6', 'as many rights are in flight as may be: ENOBUFS [G124]', 'ENOBUFS');
  const so = s.fds[passed];
  if (so === null) return rule('sendmsg_5', 'what is to be passed is not open: EBADF [D.1 send]', 'EBADF');
  s.threads[t].right = unp_internalize(s, so);
  return 'none';
}

/** Into the peer's buffer, with the data; if the protocol refuses, the right is given up. [D.1 send stream, send errors] */
function transmit(s: State, t: ThreadId): void {
  const right = s.threads[t].right as RightId;
  const { peer } = sotopcb(s, held(s, t));
  s.threads[t].right = null;
  const errno = uipc_send_unit(s, held(s, t));
  if (errno !== 'none') {
    rule('sendmsg_7', 'the right is given up with the message [D.1 send errors]');
    unp_discard(s, right);
  } else {
    rule('sendmsg_8', 'it went, and the right with it [D.1 send stream]');
    sbappendcontrol(s, s.pcbs[peer as PcbId].socket as SocketId, right);
    s.threads[t].sent = 1;
    s.threads[t].left = 0;
  }
  finish(s, t, errno);
}

function uipc_send_unit(s: State, socket: Socket): Errno {
  if (socket.protocol === 'dgram') return uipc_send_dgram(s, socket, 1, false);
  return uipc_send(s, socket, 1);
}

/**
 * Up to `amount` units, and the right that lies before them: it becomes the lowest free descriptor. A datagram leaves the buffer together with
 * its right. Of a stream and of sequenced packets the right leaves first, and nobody else reads until the data has gone, too; the sender gets
 * his room back last.
 */
export function* recvmsg(s: State, t: ThreadId, fd: Fd, amount: Amount): Procedure {
  when(mayCall(s, t, fd));
  if (!hold(s, t, fd)) return;
  if (held(s, t).receiving) {
    sleeps(s, t);
    yield until(() => !held(s, t).receiving || cut(s, t));
    if (wakes(s, t) && held(s, t).receiving)
      return leave(s, t, rule('recvmsg_1', 'interrupted while another receives: EINTR [C.6 step 3]', 'EINTR'));
  }
  if (amount > 0 && mustWait(held(s, t))) {
    if (held(s, t).nonBlocking) return leave(s, t, rule('recvmsg_2', 'nothing there: EWOULDBLOCK [C.6 step 5]', 'EWOULDBLOCK'));
    sleeps(s, t);
    yield until(() => (!mustWait(held(s, t)) && !held(s, t).receiving) || cut(s, t));
    if (wakes(s, t) && (mustWait(held(s, t)) || held(s, t).receiving))
      return leave(s, t, rule('recvmsg_3', 'interrupted: EINTR [C.6 step 5]', 'EINTR'));
  }
  const right = headRight(s, s.threads[t].file as SocketId);
  if (right === null) {
    deliver(s, t, s.threads[t].file as SocketId, amount);
    return release(s, t);
  }
  s.rights[right].place = 'hand';
  s.rights[right].holder = null;
  s.threads[t].right = right;
  s.threads[t].receives = true;
  if (held(s, t).protocol === 'dgram') {
    rule('recvmsg_7', 'a datagram and its right, off the buffer [C.6 soreceive_dgram]');
    deliver(s, t, s.threads[t].file as SocketId, amount);
  } else {
    rule('recvmsg_4', 'off the buffer and in hand; nobody else reads before its data is gone [C.6 step 6]');
    held(s, t).receiving = true;
  }
  yield;
  if (!externalize(s, t)) {
    if (held(s, t).protocol === 'seqpacket') {
      yield;
      rule('recvmsg_8', 'the record is lost as well [C.6 step 6]');
      deliver(s, t, s.threads[t].file as SocketId, amount);
    }
    sbunlock(s, t);
    return leave(
      s,
      t,
      rule('recvmsg_5', 'no descriptor for it: EMSGSIZE, it is given up; of a stream the data stays [C.6 step 6, H.3]', 'EMSGSIZE'),
    );
  }
  if (held(s, t).protocol !== 'dgram') {
    yield;
    deliver(s, t, s.threads[t].file as SocketId, amount);
  }
  sbunlock(s, t);
  release(s, t);
}

/** The right in hand becomes a descriptor, if one is free. [D.1] */
function externalize(s: State, t: ThreadId): boolean {
  const right = s.threads[t].right as RightId;
  s.threads[t].right = null;
  const fd = falloc(s, null);
  if (fd === null) {
    unp_discard(s, right);
    return false;
  }
  rule('recvmsg_6', 'the reference becomes that of a descriptor [D.1]');
  s.fds[fd] = s.rights[right].file;
  unp_externalize(s, right);
  return true;
}

/** Others may read again. A datagram reader has kept nobody out. [C.6 step 11] */
function sbunlock(s: State, t: ThreadId): void {
  s.threads[t].receives = false;
  held(s, t).receiving = false;
}
