/**
 * connect and disconnect (C.4). What the protocol has done and what the caller is told are two steps: TCP may sleep in between until
 * the handshake ends, and any connection may be over again. A UNIX connect holds the link lock from the
 * listener's lookup until both ends are connected, with the child first made, then queued as incomplete, then connected:
 * between these the listener may be closed, since clearing SO_ACCEPTCONN needs only the accept mutex. [D.1 connect, T03]
 */
import { type Procedure, rule, until, when } from '../lang.ts';
import { lookup } from '../protocols/pcb.ts';
import { sodisconnect } from '../protocols/protosw.ts';
import { rip_connect } from '../protocols/raw.ts';
import { tcp_connect } from '../protocols/tcp.ts';
import { udp_connect } from '../protocols/udp.ts';
import { unp_connect2 } from '../protocols/unix.ts';
import { unp_connect_dgram } from '../protocols/unix_dgram.ts';
import { overfull, soevict, sonewconn, soqueue } from '../socket.ts';
// biome-ignore format: a list of names
import {
  type Errno, type Fd, isDatagram, type Name, pairs, type Socket, type SocketId, type State, sotopcb, type ThreadId,
} from '../state.ts';
import { cut, fail, getsock, handOver, held, hold, leave, maps, mayCall, sleeps, takeError, wakes } from './file.ts';

/** `mapped`: to an address of IPv4, from a socket of IPv6. */
export function* connect(s: State, t: ThreadId, fd: Fd, name: Name, mapped: boolean): Procedure {
  when(mayCall(s, t, fd) && (!mapped || maps(s, fd)));
  if (!hold(s, t, fd)) return;
  const errno = soconnect(s, s.threads[t].file as SocketId, mapped);
  if (errno !== 'none') return leave(s, t, errno);
  if (held(s, t).protocol === 'dgram') {
    const refused = unp_connect_dgram(s, s.threads[t].file as SocketId, name);
    if (refused !== 'none') return leave(s, t, refused);
  }
  if (pairs(held(s, t).protocol)) {
    const refused = find(s, t, name);
    if (refused !== 'none') return leave(s, t, refused);
    yield;
    while (overfull(target(s, t))) {
      soevict(s, s.threads[t].target as SocketId);
      yield;
    }
    if (!publish(s, t)) return leave(s, t, 'ECONNREFUSED');
    yield;
    join(s, t);
  }
  yield;
  if (held(s, t).connecting && held(s, t).nonBlocking)
    return leave(s, t, rule('connect_11', 'goes on without us: EINPROGRESS [C.4 kern_connect]', 'EINPROGRESS'));
  if (inProgress(held(s, t))) {
    sleeps(s, t);
    yield until(() => !inProgress(held(s, t)) || cut(s, t));
    if (wakes(s, t) && inProgress(held(s, t)))
      return leave(s, t, rule('connect_12', 'interrupted: EINTR, and the connection goes on [C.4 kern_connect]', 'EINTR'));
  }
  rule('connect_13', 'over: success, or the pending error, which is cleared [C.4 kern_connect]');
  leave(s, t, takeError(held(s, t)));
}

function inProgress(socket: Socket): boolean {
  return socket.connecting && socket.error === 'none';
}

/** kern_connect and soconnect up to the protocol; UNIX goes on in `find`. [C.4] */
function soconnect(s: State, so: SocketId, mapped: boolean): Errno {
  const socket = s.sockets[so];
  if (socket.connecting) return rule('connect_1', 'under way: EALREADY [C.4 kern_connect]', 'EALREADY');
  if (socket.acceptConn) return rule('connect_2', 'a listener: EOPNOTSUPP [C.4 soconnect]', 'EOPNOTSUPP');
  if (socket.connected && !isDatagram(socket.protocol)) return rule('connect_3', 'connected: EISCONN [C.4 soconnect]', 'EISCONN');
  if (socket.connected && rule('connect_4', 'a datagram socket changes its peer: disconnected first [C.4 soconnect, T24]')) {
    sodisconnect(s, socket);
  }
  socket.error = 'none';
  if (socket.protocol === 'tcp') return tcp_connect(s, socket, mapped);
  if (socket.protocol === 'udp') return udp_connect(s, so, mapped);
  if (socket.protocol === 'raw') return rip_connect(s, so, mapped);
  return 'none';
}

/** unp_connect, first part: the listener with this name and a child for it; from here on the link lock is held. [D.1 connect] */
function find(s: State, t: ThreadId, name: Name): Errno {
  const target = lookup(s, sotopcb(s, held(s, t)), name);
  if (target === null) return rule('connect_5', 'UNIX: no such name: ENOENT [D.1 connect]', 'ENOENT');
  const head = s.pcbs[target].socket as SocketId;
  if (s.sockets[head].protocol !== held(s, t).protocol)
    return rule('connect_18', 'UNIX: a socket of another type has the name: EPROTOTYPE [D.1 connect]', 'EPROTOTYPE');
  let child: SocketId | null = null;
  if (s.sockets[head].acceptConn) child = sonewconn(s, head);
  if (child === null) return rule('connect_6', 'UNIX: nobody listens, or the queue is full: ECONNREFUSED [D.1 connect]', 'ECONNREFUSED');
  s.threads[t].child = child;
  s.threads[t].hand = 'made';
  s.threads[t].target = head;
  s.link = true;
  return 'none';
}

/** The listener for which the child in hand was made. */
function target(s: State, t: ThreadId): Socket {
  return s.sockets[s.threads[t].target as SocketId];
}

/** Second part: the child is queued, unless the listener was closed. */
function publish(s: State, t: ThreadId): boolean {
  const { child, target } = s.threads[t];
  s.threads[t].target = null;
  s.threads[t].hand = 'published';
  if (soqueue(s, target as SocketId, child as SocketId, false)) return true;
  handOver(s, t);
  s.link = false;
  return false;
}

/** Last part: both ends are connected, the child becomes acceptable, the link lock is free. */
function join(s: State, t: ThreadId): void {
  const waits = sotopcb(s, held(s, t)).connWait;
  if (!waits) rule('connect_14', 'UNIX: connected [D.1 unp_connect2, T01]');
  else rule('connect_20', 'UNIX: connects until the child is accepted [D.1 unp_connect2, B.7 UNP_CONNWAIT]');
  const child = handOver(s, t);
  unp_connect2(s, s.threads[t].file as SocketId, child, waits);
  s.link = false;
}

/** disconnect: connect to no address. [C.4 sodisconnect] */
export function* disconnect(s: State, t: ThreadId, fd: Fd): Procedure {
  when(mayCall(s, t, fd));
  const so = getsock(s, t, fd);
  if (so === null) return;
  const errno = sodisconnect(s, s.sockets[so]);
  if (errno === 'none') rule('disconnect_1', 'the protocol ends the connection, or starts to [C.4]');
  fail(s, t, errno);
}
