/** socket, socketpair and connect2 (C.1 socreate, C.4 soconnect2): how a socket with a descriptor comes to be. Each is atomic: nobody can see what they make before they end. */
import { type Procedure, rule, when } from '../lang.ts';
import { pcbfree } from '../protocols/pcb.ts';
import { pru_attach } from '../protocols/protosw.ts';
import { unp_connect2 } from '../protocols/unix.ts';
import { soalloc } from '../socket.ts';
import type { Errno, Fd, Protocol, SocketId, State, ThreadId } from '../state.ts';
import { done, fail, falloc, fallocAfter, getsock, idle, install, discard } from './file.ts';

/** What is asked for: a protocol that exists, one that does not, or one that exists but not of this type. */
export type Asked = 'unix' | 'udp' | 'tcp' | 'unknown protocol' | 'wrong type';

/** socreate for a protocol that exists: a socket with so_count 1 and a pcb, or null. */
function socreate(s: State, protocol: Protocol): SocketId | null {
  const so = soalloc(s, protocol);
  if (so === null) {
    rule('socket_4', 'no socket to be had: ENOBUFS [C.1 socreate]');
    return null;
  }
  if (pru_attach(s, so) !== 'none' && rule('socket_5', 'no pcb to be had: ENOBUFS, and the socket is gone again [C.1 socreate, E1.03]')) {
    discard(s, so);
    return null;
  }
  s.sockets[so].count = 1;
  return so;
}

function protocolOf(asked: Asked): Protocol {
  if (asked === 'unix') return 'unix';
  if (asked === 'udp') return 'udp';
  return 'tcp';
}

/** Is there such a protocol? */
function find(asked: Asked): Errno {
  if (asked === 'unknown protocol' && rule('socket_2', 'nothing speaks it: EPROTONOSUPPORT [C.1 socreate]')) return 'EPROTONOSUPPORT';
  if (asked === 'wrong type' && rule('socket_3', 'of another type: EPROTOTYPE [C.1 socreate]')) return 'EPROTOTYPE';
  return 'none';
}

export function* socket(s: State, t: ThreadId, asked: Asked): Procedure {
  when(idle(s, t));
  const fd = falloc(s);
  if (fd === null) {
    rule('socket_1', 'no descriptor free: EMFILE, before anything else [J.4 socket]');
    return fail(s, t, 'EMFILE');
  }
  const errno = find(asked);
  if (errno !== 'none') {
    return fail(s, t, errno);
  }
  const so = socreate(s, protocolOf(asked));
  if (so === null) return fail(s, t, 'ENOBUFS');
  rule('socket_6', 'so_count 1, so_pcb set, a descriptor owns it [C.1 socreate, J.2]');
  install(s, fd, so);
  done(s, t, fd);
}

/** Two connected UNIX streams; the first descriptor is the result, the second is the next one free. [C.4 kern_socketpair] */
export function* socketpair(s: State, t: ThreadId, asked: Asked): Procedure {
  when(idle(s, t) && !s.link);
  const errno = find(asked);
  if (errno !== 'none') {
    return fail(s, t, errno);
  }
  const one = socreate(s, protocolOf(asked));
  if (one === null) return fail(s, t, 'ENOBUFS');
  const two = socreate(s, protocolOf(asked));
  if (two === null) {
    rule('socketpair_1', 'the second socket fails: the first goes too [C.4]');
    drop(s, one);
    return fail(s, t, 'ENOBUFS');
  }
  const fd = falloc(s);
  const other = fd === null ? null : fallocAfter(s, fd);
  if ((fd === null || other === null) && rule('socketpair_2', 'fewer than two descriptors free: EMFILE [C.4]')) {
    drop(s, one);
    drop(s, two);
    return fail(s, t, 'EMFILE');
  }
  if (asked !== 'unix' && rule('socketpair_3', 'the protocol has no pairs: EOPNOTSUPP [C.11 connect2]')) {
    drop(s, one);
    drop(s, two);
    return fail(s, t, 'EOPNOTSUPP');
  }
  rule('socketpair_4', 'both connected, each with a descriptor [C.4]');
  unp_connect2(s, one, two);
  install(s, fd as Fd, one);
  install(s, other as Fd, two);
  done(s, t, fd as Fd);
}

/** Undoes socreate. */
function drop(s: State, so: SocketId): void {
  const pcb = s.sockets[so].pcb;
  s.sockets[so].pcb = null;
  if (pcb !== null) pcbfree(s, pcb);
  discard(s, so);
}

/** soconnect2 between two sockets that exist, as fifos do. [C.4, D.1 unp_connect2] */
export function* connect2(s: State, t: ThreadId, fd1: Fd, fd2: Fd): Procedure {
  when(idle(s, t) && !s.link);
  const a = getsock(s, t, fd1);
  if (a === null) return;
  const b = getsock(s, t, fd2);
  if (b === null) return;
  if (s.sockets[a].protocol !== 'unix' && rule('connect2_1', 'the protocol has no connect2: EOPNOTSUPP [C.11]'))
    return fail(s, t, 'EOPNOTSUPP');
  if (s.sockets[b].protocol !== 'unix' && rule('connect2_2', 'not of the same protocol: EPROTOTYPE [D.1 unp_connect2]'))
    return fail(s, t, 'EPROTOTYPE');
  if ((s.sockets[a].connected || s.sockets[b].connected) && rule('connect2_3', 'one of them has a peer: EISCONN [E6.08]'))
    return fail(s, t, 'EISCONN');
  const listens = s.sockets[a].acceptConn || s.sockets[b].acceptConn;
  if ((a === b || listens) && rule('connect2_4', 'with itself, or with a listener: EINVAL [model/README §3]')) return fail(s, t, 'EINVAL');
  rule('connect2_5', 'connected [D.1 unp_connect2]');
  unp_connect2(s, a, b);
  done(s, t, 0);
}
