/** Races about IPv6: ports that both families want, IPV6_V6ONLY against a bind, and who is accepted by a listener that takes both. */
import { call, type Scenario } from '../scenario.ts';

/** A socket of IPv6 that takes IPv4 as well, once it is bound. */
const both = (asked: 'tcp6' | 'udp6', fd: number): Scenario['prologue'] => [
  call('socket', { asked }),
  call('setv6only', { fd, on: false }),
];

const listener = [...both('tcp6', 0), call('bind', { fd: 0, name: 0 }), call('listen', { fd: 0, backlog: 1 })];
const four = call('socket', { asked: 'udp' });

export const INET6: readonly Scenario[] = [
  {
    id: 'bind-bind-inet6',
    about: 'a socket of IPv4 and one that takes both are bound to one port: IPv4 that comes later is told so, IPv6 is not',
    citation: 'D.3, J.4 bind, FreeBSD in6_pcbbind',
    prologue: [four, ...both('udp6', 1)],
    threads: [[call('bind', { fd: 0, name: 0 })], [call('bind', { fd: 1, name: 0 })]],
  },
  {
    id: 'setv6only-bind',
    about: 'IPV6_V6ONLY is taken off while the socket is bound, to a port that IPv4 has: before, or EINVAL',
    citation: 'J.4 bind, FreeBSD ip6_ctloutput',
    prologue: [four, call('bind', { fd: 0, name: 0 }), call('socket', { asked: 'udp6' })],
    threads: [[call('setv6only', { fd: 1, on: false })], [call('bind', { fd: 1, name: 0 })], [call('close', { fd: 0 })]],
  },
  {
    id: 'setv6only-bind-bind',
    about:
      'two threads bind two sockets of IPv6 to one port, one v4-mapped, while the other takes IPV6_V6ONLY off: what it then wants may be taken',
    citation: 'J.4 bind, FreeBSD in6_pcbbind',
    prologue: [call('socket', { asked: 'udp6' }), ...both('udp6', 1)],
    threads: [
      [call('setv6only', { fd: 0, on: false }), call('bind', { fd: 0, name: 0 })],
      [call('bind', { fd: 1, name: 0, mapped: true })],
    ],
  },
  {
    id: 'connect-bind-inet6',
    about: 'a socket that takes both is connected over IPv6: from then on IPv4 may have its port',
    citation: 'D.3, FreeBSD udp6_connect',
    prologue: [...both('udp6', 0), call('bind', { fd: 0, name: 0 }), four],
    threads: [[call('connect', { fd: 0, name: 1, remote: true })], [call('bind', { fd: 1, name: 0 })]],
  },
  {
    id: 'connect-connect-inet6',
    about: 'two threads connect one socket, over IPv6 and over IPv4: what it is connected to first it stays',
    citation: 'D.3, C.4, FreeBSD udp6_connect',
    prologue: both('udp6', 0),
    threads: [[call('connect', { fd: 0, name: 0, remote: true })], [call('connect', { fd: 0, name: 1, mapped: true, remote: true })]],
  },
  {
    id: 'accept-handshake-mapped',
    about: 'who comes over IPv4 to a listener of IPv6 is accepted, and it is closed meanwhile',
    citation: 'D.2 IPv6, T03',
    prologue: [...listener, call('setnbio', { fd: 0, on: true })],
    segments: [{ what: 'handshake', fd: 0 }],
    threads: [[call('accept', { fd: 0 })], [call('close', { fd: 0 })]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'handshake', times: 1 }],
  },
  {
    id: 'handshake-bind-inet6',
    about: 'a connection comes over IPv6 to a listener that takes both, which is closed: its port is free for IPv4, not for IPv6',
    citation: 'D.2 syncache_socket, J.4 bind',
    prologue: [...listener, call('socket', { asked: 'tcp' })],
    segments: [{ what: 'handshake', fd: 0, six: true }],
    threads: [[call('accept', { fd: 0 }), call('close', { fd: 0 })], [call('bind', { fd: 1, name: 0 })]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'handshake', times: 1 }],
  },
  {
    id: 'close-datagram-inet6',
    about: 'a datagram of IPv4 comes to a port that two sockets have, while that of IPv4 is closed: it is that of IPv6 that gets it then',
    citation: 'D.3, FreeBSD in_pcblookup_hash',
    prologue: [four, call('bind', { fd: 0, name: 0 }), ...both('udp6', 1), call('bind', { fd: 1, name: 0 })],
    segments: [{ what: 'datagram', fd: 0 }],
    threads: [[call('close', { fd: 0 })], [call('setnbio', { fd: 1, on: true }), call('receive', { fd: 1, amount: 1 })]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'datagram', times: 1 }],
  },
  {
    id: 'close-raw6-datagram',
    about: 'a raw socket of IPv6 is closed while a datagram comes for it, and one of IPv4 that hears nothing of that',
    citation: 'D.4 rip6_close',
    prologue: [call('socket', { asked: 'raw6' }), call('socket', { asked: 'raw' })],
    segments: [{ what: 'datagram', fd: 0, six: true }],
    threads: [[call('close', { fd: 0 })]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'datagram', times: 1 }],
  },
];
