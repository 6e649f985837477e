/**
 * connect and disconnect (C.4). TCP may sleep until the handshake ends. A UNIX connect holds the link lock from the
 * listener's lookup until both ends are connected, with the child first made, then queued as incomplete, then connected:
 * between these the listener may be closed, since clearing SO_ACCEPTCONN needs only the accept mutex. [D.1 connect, T03]
 */
import { type Procedure, rule, until, when } from '../lang.ts';
import { lookup } from '../protocols/pcb.ts';
import { sodisconnect } from '../protocols/protosw.ts';
import { tcp_connect } from '../protocols/tcp.ts';
import { udp_connect } from '../protocols/udp.ts';
import { unp_connect2 } from '../protocols/unix.ts';
import { sonewconn, soqueue } from '../socket.ts';
import type { Errno, Fd, Name, PcbId, SocketId, State, ThreadId } from '../state.ts';
import { cut, fail, getsock, held, hold, leave, leaveWith, mayCall, release, sleeps, wakes } from './file.ts';

export function* connect(s: State, t: ThreadId, fd: Fd, name: Name): Procedure {
  when(mayCall(s, t, fd));
  if (!hold(s, t, fd)) return;
  const errno = soconnect(s, held(s, t));
  if (errno !== 'none') {
    return leave(s, t, errno);
  }
  if (s.sockets[held(s, t)].protocol === 'unix') {
    const refused = find(s, t, name);
    if (refused !== 'none') {
      return leave(s, t, refused);
    }
    yield;
    if (!publish(s, t)) {
      return leave(s, t, 'ECONNREFUSED');
    }
    yield;
    join(s, t);
    return leaveWith(s, t, 0);
  }
  if (!s.sockets[held(s, t)].connecting && rule('connect_10', 'UDP is connected at once [D.3 connect]')) return leaveWith(s, t, 0);
  if (s.sockets[held(s, t)].nonBlocking && rule('connect_11', 'goes on without us: EINPROGRESS [C.4 kern_connect]'))
    return leave(s, t, 'EINPROGRESS');
  sleeps(s, t);
  yield until(() => !inProgress(s, held(s, t)) || cut(s, t));
  const interrupted = cut(s, t) && inProgress(s, held(s, t));
  wakes(s, t);
  if (interrupted && rule('connect_12', 'interrupted: EINTR, and the connection goes on [C.4 kern_connect]')) {
    fail(s, t, 'EINTR');
  } else {
    rule('connect_13', 'over: success, or the pending error, which is cleared [C.4 kern_connect]');
    fail(s, t, s.sockets[held(s, t)].error);
    s.sockets[held(s, t)].error = 'none';
  }
  release(s, t);
}

function inProgress(s: State, so: SocketId): boolean {
  return s.sockets[so].connecting && s.sockets[so].error === 'none';
}

/** kern_connect and soconnect up to the protocol; UNIX goes on in `find`. [C.4] */
function soconnect(s: State, so: SocketId): Errno {
  const socket = s.sockets[so];
  if (socket.connecting && rule('connect_1', 'under way: EALREADY [C.4 kern_connect]')) return 'EALREADY';
  if (socket.acceptConn && rule('connect_2', 'a listener: EOPNOTSUPP [C.4 soconnect]')) return 'EOPNOTSUPP';
  if (socket.connected && socket.protocol !== 'udp' && rule('connect_3', 'connected: EISCONN [C.4 soconnect]')) return 'EISCONN';
  if (socket.connected && rule('connect_4', 'UDP changes its peer: disconnected first [C.4 soconnect]')) {
    sodisconnect(s, so);
  }
  socket.error = 'none';
  if (socket.protocol === 'tcp') return tcp_connect(s, so);
  if (socket.protocol === 'udp') return udp_connect(s, so);
  return 'none';
}

/** unp_connect, first part: the listener with this name and a child for it; from here on the link lock is held. [D.1 connect] */
function find(s: State, t: ThreadId, name: Name): Errno {
  const target = lookup(s, s.sockets[held(s, t)].pcb as PcbId, name);
  if (target === null) {
    rule('connect_5', 'UNIX: no such name: ENOENT [D.1 connect]');
    return 'ENOENT';
  }
  const head = s.pcbs[target].socket as SocketId;
  let child: SocketId | null = null;
  if (s.sockets[head].acceptConn) child = sonewconn(s, head);
  if (child === null) {
    rule('connect_6', 'UNIX: nobody listens, or the queue is full: ECONNREFUSED [D.1 connect]');
    return 'ECONNREFUSED';
  }
  s.threads[t].child = child;
  s.threads[t].hand = 'made';
  s.threads[t].target = head;
  s.link = true;
  return 'none';
}

/** Second part: the child is queued, unless the listener was closed. */
function publish(s: State, t: ThreadId): boolean {
  const child = s.threads[t].child as SocketId;
  const head = s.threads[t].target as SocketId;
  s.threads[t].target = null;
  if (soqueue(s, head, child, false)) {
    s.threads[t].hand = 'published';
    return true;
  }
  s.threads[t].child = null;
  s.threads[t].hand = 'empty';
  s.link = false;
  return false;
}

/** Last part: both ends are connected, the child becomes acceptable, the link lock is free. */
function join(s: State, t: ThreadId): void {
  const child = s.threads[t].child as SocketId;
  rule('connect_14', 'UNIX: connected [D.1 unp_connect2, T01]');
  unp_connect2(s, held(s, t), child);
  s.threads[t].child = null;
  s.threads[t].hand = 'empty';
  s.link = false;
}

/** disconnect: connect to no address. [C.4 sodisconnect] */
export function* disconnect(s: State, t: ThreadId, fd: Fd): Procedure {
  when(mayCall(s, t, fd));
  const so = getsock(s, t, fd);
  if (so === null) return;
  const errno = sodisconnect(s, so);
  if (errno === 'none') rule('disconnect_1', 'the protocol ends the connection, or starts to [C.4]');
  fail(s, t, errno);
}
