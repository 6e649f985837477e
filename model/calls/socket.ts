/** socket, socketpair and connect2 (C.1 socreate, C.4 soconnect2): how a socket with a descriptor comes to be. Of what they make others
 * can only see, before they end, that there is less left: of sockets, and of descriptors, one of which is reserved. */
import { type Procedure, rule, until, when } from '../lang.ts';
import { pcballoc, pcbdetach, pcbfree } from '../protocols/pcb.ts';
import { unp_connect2 } from '../protocols/unix.ts';
import { unp_connect1 } from '../protocols/unix_dgram.ts';
import { soalloc, sodealloc } from '../socket.ts';
import { type Errno, type Fd, isLocal, type Protocol, type SocketId, type State, sotopcb, type ThreadId } from '../state.ts';
import { done, fail, falloc, getsock, handOver, idle, install } from './file.ts';

/** What is asked for: a protocol that exists, one that does not, one that exists but not of this type; raw IP, by somebody who may not. */
// biome-ignore format: a list of names
export type Asked =
  | 'unix' | 'udp' | 'tcp' | 'raw' | 'unprivileged raw' | 'dgram' | 'seqpacket' | 'unknown protocol' | 'wrong type' | 'udp6' | 'tcp6' | 'raw6';

/** Is there such a protocol, and may one have it? */
function find(s: State, asked: Asked): Errno {
  if (asked === 'unknown protocol') return rule('socket_2', 'nothing speaks it: EPROTONOSUPPORT [C.1 socreate]', 'EPROTONOSUPPORT');
  if (asked === 'wrong type') return rule('socket_3', 'of another type: EPROTOTYPE [C.1 socreate]', 'EPROTOTYPE');
  if (asked === 'unprivileged raw' && s.sockets.some((socket) => socket.protocol === 'none'))
    return rule('socket_7', 'raw IP is for the privileged: EPERM, and the socket is gone again [D.4 rip_attach]', 'EPERM');
  return 'none';
}

/** What there is of what was asked for. */
function protocolOf(asked: Asked): Protocol {
  switch (asked) {
    case 'unix':
      return 'unix';
    case 'dgram':
      return 'dgram';
    case 'seqpacket':
      return 'seqpacket';
    case 'udp':
    case 'udp6':
      return 'udp';
    case 'raw':
    case 'raw6':
    case 'unprivileged raw':
      return 'raw';
    default:
      return 'tcp';
  }
}

/** socreate for a protocol that exists: a socket with so_count 1 and a pcb, or null. */
function socreate(s: State, protocol: Protocol): SocketId | null {
  const so = soalloc(s, protocol);
  if (so === null) return rule('socket_4', 'no socket to be had: ENOBUFS [C.1 socreate]', null);
  if (pcballoc(s, so) !== 'none') {
    sodealloc(s, s.sockets[so]);
    return rule('socket_5', 'no pcb to be had: ENOBUFS, and the socket is gone again [C.1 socreate, E1.03]', null);
  }
  s.sockets[so].count = 1;
  return so;
}

/** Those of IPv6 are with IPV6_V6ONLY, until that is taken off. [FreeBSD in_pcballoc: net.inet6.ip6.v6only is 1] */
function isSix(asked: Asked): boolean {
  return asked === 'udp6' || asked === 'tcp6' || asked === 'raw6';
}

/** Undoes socreate. */
function drop(s: State, so: SocketId): void {
  const inp = sotopcb(s, s.sockets[so]);
  pcbdetach(s, inp);
  pcbfree(inp);
  s.sockets[so].count = 0;
  sodealloc(s, s.sockets[so]);
}

/** The descriptor is reserved first, and leads nowhere before the socket is there. */
export function* socket(s: State, t: ThreadId, asked: Asked): Procedure {
  when(idle(s, t));
  const free = falloc(s, null);
  if (free === null) return fail(s, t, rule('socket_1', 'no descriptor free: EMFILE, before anything else [J.4 socket]', 'EMFILE'));
  s.threads[t].reserved = free;
  yield;
  const fd = s.threads[t].reserved as Fd;
  s.threads[t].reserved = null;
  const errno = find(s, asked);
  if (errno !== 'none') return fail(s, t, errno);
  const so = socreate(s, protocolOf(asked));
  if (so === null) return fail(s, t, 'ENOBUFS');
  if (isSix(asked)) sotopcb(s, s.sockets[so]).vflag = 'v6';
  rule('socket_6', 'so_count 1, so_pcb set, a descriptor owns it [C.1 socreate, J.2]');
  install(s, fd, so);
  done(s, t, fd);
}

/**
 * Two connected UNIX streams: two sockets are made, then two descriptors reserved, each by itself, so that the first, which is the result,
 * can be the higher one. [C.4 kern_socketpair]
 */
export function* socketpair(s: State, t: ThreadId, asked: Asked): Procedure {
  when(idle(s, t));
  const refused = find(s, asked);
  if (refused !== 'none') return fail(s, t, refused);
  const first = socreate(s, protocolOf(asked));
  if (first === null) return fail(s, t, 'ENOBUFS');
  s.threads[t].child = first;
  s.threads[t].hand = 'paired';
  yield;
  const second = socreate(s, s.sockets[s.threads[t].child as SocketId].protocol);
  if (second === null) {
    drop(s, handOver(s, t));
    return fail(s, t, rule('socketpair_1', 'the second socket fails: the first goes too [C.4]', 'ENOBUFS'));
  }
  s.threads[t].twin = second;
  yield;
  s.threads[t].reserved = falloc(s, null);
  yield until(() => !s.link);
  const fd = s.threads[t].reserved;
  const other = falloc(s, null);
  const one = handOver(s, t);
  const two = s.threads[t].twin as SocketId;
  s.threads[t].reserved = null;
  s.threads[t].twin = null;
  const errno = mayPair(s, fd, other, one, two);
  if (errno !== 'none') {
    drop(s, one);
    drop(s, two);
    return fail(s, t, errno);
  }
  if (s.sockets[one].protocol === 'dgram' && rule('socketpair_5', 'datagram sockets are connected one way, and then the other [C.4]')) {
    unp_connect1(s, one, two);
    unp_connect1(s, two, one);
  } else {
    unp_connect2(s, one, two, false);
  }
  install(s, fd as Fd, one);
  install(s, other as Fd, two);
  done(s, t, fd as Fd);
}

function mayPair(s: State, fd: Fd | null, other: Fd | null, one: SocketId, two: SocketId): Errno {
  if (fd === null || other === null) return rule('socketpair_2', 'fewer than two descriptors free: EMFILE [C.4]', 'EMFILE');
  if (!isLocal(s.sockets[one].protocol) || !isLocal(s.sockets[two].protocol))
    return rule('socketpair_3', 'the protocol has no pairs: EOPNOTSUPP [C.11 connect2]', 'EOPNOTSUPP');
  return rule('socketpair_4', 'both connected, each with a descriptor [C.4]', 'none');
}

/** soconnect2 between two sockets that exist, as fifos do. [C.4, D.1 unp_connect2] */
export function* connect2(s: State, t: ThreadId, fd1: Fd, fd2: Fd): Procedure {
  when(idle(s, t) && !s.link);
  const a = getsock(s, t, fd1);
  if (a === null) return;
  const b = getsock(s, t, fd2);
  if (b === null) return;
  const errno = mayJoin(s, a, b);
  if (errno === 'none' && s.sockets[a].protocol === 'dgram') unp_connect1(s, a, b);
  else if (errno === 'none') unp_connect2(s, a, b, false);
  fail(s, t, errno);
}

function mayJoin(s: State, a: SocketId, b: SocketId): Errno {
  const one = s.sockets[a];
  const two = s.sockets[b];
  if (!isLocal(one.protocol)) return rule('connect2_1', 'the protocol has no connect2: EOPNOTSUPP [C.11]', 'EOPNOTSUPP');
  if (two.protocol !== one.protocol) return rule('connect2_2', 'not of the same protocol: EPROTOTYPE [D.1 unp_connect2]', 'EPROTOTYPE');
  if (one.protocol === 'dgram' && !one.connected)
    return rule('connect2_6', 'a datagram socket, one way, also to itself [D.1 unp_connect2]', 'none');
  if (one.connected || two.connected || one.connecting || two.connecting)
    return rule('connect2_3', 'one of them has a peer: EISCONN [E6.08]', 'EISCONN');
  if (a === b || one.acceptConn || two.acceptConn)
    return rule('connect2_4', 'with itself, or with a listener: EINVAL [model/README §3]', 'EINVAL');
  return rule('connect2_5', 'connected [D.1 unp_connect2]', 'none');
}
