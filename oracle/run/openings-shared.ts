/** Openings with ports that are shared, datagrams for everybody, what ICMP says of peers, and connects that a send implies. */
import type { Opening } from './openings.ts';
import type { Operation } from './operations.ts';
import { ICMP_ERRORS } from './segment.ts';

const op = (name: string, args: Operation['args'] = {}): Operation => ({ name, args });

const pickError = (n: number): string => ICMP_ERRORS[n % ICMP_ERRORS.length] ?? 'EHOSTUNREACH';

export const SHARED: readonly Opening[] = [
  {
    // Two UDP sockets that share a port, or try to, and a datagram for everybody.
    weight: 4,
    sockets: 2,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      op('socket', { asked: 'udp' }),
      ...(a % 8 === 7 ? [] : [op('setreuse', { fd: f, option: a % 4 === 3 ? 'address' : 'port', on: true })]),
      op('bind', { fd: f, name: b % 4 === 3 ? 1 : 0 }),
      ...(b % 8 === 4 ? [op('connect', { fd: f, name: 0, remote: true })] : []),
      op('socket', { asked: 'udp' }),
      ...(c % 8 === 7 ? [] : [op('setreuse', { fd: g, option: c % 4 === 3 ? 'address' : 'port', on: true })]),
      op('bind', { fd: g, name: b % 4 === 3 ? 1 : 0 }),
      ...(c % 3 === 0 ? [] : [op('setreuse', { fd: g, option: 'broadcast', on: true })]),
      ...(a % 3 === 0 ? [op('remote-broadcast', { which: b % 2 })] : [op('broadcast', { fd: g })]),
      ...(b % 2 === 0 ? [op('settle')] : [op('remote-datagram', { which: 0 })]),
    ],
  },
  {
    // A TCP port that a connection has, is closed under, or has still in TIME_WAIT, and somebody who wants to have it, too.
    weight: 2,
    sockets: 2,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      op('socket', { asked: 'tcp' }),
      ...(a % 4 === 3 ? [op('setreuse', { fd: f, option: 'port', on: true })] : []),
      op('bind', { fd: f, name: 0 }),
      ...(a % 2 === 0
        ? [op('connect', { fd: f, name: 0, remote: true }), op('remote-synack', { which: 0 }), op('shutdown', { fd: f, how: 'write' })]
        : [op('listen', { fd: f, backlog: 1 }), op('remote-connect', { which: 0 })]),
      ...(b % 3 === 0 ? [op('remote-fin', { which: 0, ack: true }), op('close', { fd: f })] : []),
      op('socket', { asked: 'tcp' }),
      op('setreuse', { fd: g, option: c % 3 === 0 ? 'address' : 'port', on: c % 5 > 0 }),
      op('bind', { fd: g, name: 0 }),
      ...(b % 2 === 0 ? [op('listen', { fd: g, backlog: 1 }), op('remote-connect', { which: 0 })] : []),
    ],
  },
  {
    // A connection that is being made, or is there, and of whose peer the net says what there is to say, now and then after several attempts.
    weight: 3,
    sockets: 1,
    make: ({ a, b, c }, [f = 0]) => [
      op('socket', { asked: 'tcp' }),
      op('connect', { fd: f, name: 0, remote: true }),
      ...(a % 4 === 0 ? [op('remote-syn', { which: 0 })] : []),
      ...(a % 4 === 1 ? [op('remote-synack', { which: 0 }), op('send', { fd: f, amount: 1, addressed: false, remote: false })] : []),
      ...Array.from({ length: b % 3 === 0 ? 0 : 4 }, () => op('timer')),
      op('remote-icmp', { which: 0, error: pickError(c) }),
      ...(b % 2 === 0 ? [op('remote-icmp', { which: 0, error: pickError(c >> 2) })] : []),
      ...(c % 3 === 0 ? [op('silence')] : [op('remote-ack', { which: 0, part: false })]),
      op('geterror', { fd: f }),
    ],
  },
  {
    // A UDP socket of whose peer the net says so, and the call that is told.
    weight: 2,
    sockets: 1,
    make: ({ a, b, c }, [f = 0]) => [
      op('socket', { asked: 'udp' }),
      op('connect', { fd: f, name: b % 2, remote: true }),
      op('remote-icmp', { which: c % 2, error: pickError(c >> 1) }),
      a % 2 === 0 ? op('send', { fd: f, amount: 1, addressed: false, remote: false }) : op('receive', { fd: f, amount: 1 }),
    ],
  },
  {
    // A TCP socket that connects by sending, to a listener of this host or to the remote one, and perhaps sends once more before it is.
    weight: 3,
    sockets: 2,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      ...(a % 2 === 0
        ? [
            op('socket', { asked: 'tcp' }),
            op('bind', { fd: f, name: 0 }),
            op('listen', { fd: f, backlog: 1 }),
            op('socket', { asked: 'tcp' }),
          ]
        : [op('socket', { asked: 'tcp' }), op('socket', { asked: 'tcp' })]),
      ...(b % 4 === 0 ? [op('setnbio', { fd: g, on: true })] : []),
      op('send', { fd: a % 16 === 2 ? f : g, amount: b % 4, addressed: true, remote: a % 2 === 1 }),
      ...(c % 3 === 0 ? [op('send', { fd: g, amount: 1 + (c % 2), addressed: true, remote: a % 2 === 1 })] : []),
      ...(c % 5 === 0 ? [op('shutdown', { fd: g, how: 'write' })] : []),
      ...(b % 3 === 0 ? [op('timer')] : []),
      ...(a % 2 === 0 ? [op('settle'), op('accept', { fd: f })] : [op(a % 8 === 1 ? 'remote-rst' : 'remote-synack', { which: 0 })]),
    ],
  },
];
