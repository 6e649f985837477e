/**
 * *Openings*: beginnings that chance alone would seldom make, each a few operations in a row on descriptors that are free now. What a
 * program does after one is chance again, and where an opening stands in a program is, too.
 */
import type { Choice, Operation } from './operations.ts';
import { FILTERS } from './openings-filters.ts';
import { ODDITIES } from './oddities.ts';
import { INET6 } from './openings-inet6.ts';
import { SHARED } from './openings-shared.ts';

export interface Opening {
  readonly weight: number;
  /** Sockets it takes; where there are fewer, something is closed instead. */
  readonly sockets: number;
  /** Its descriptors are the lowest free ones: f, g, h. */
  readonly make: (choice: Choice, fds: readonly number[]) => readonly Operation[];
}

const op = (name: string, args: Operation['args'] = {}): Operation => ({ name, args });

/** A listener, and a socket connected to it that it has not accepted. */
const tcpPair = (listener: number, client: number, name: number): readonly Operation[] => [
  op('socket', { asked: 'tcp' }),
  op('bind', { fd: listener, name }),
  op('listen', { fd: listener, backlog: 1 }),
  op('socket', { asked: 'tcp' }),
  op('connect', { fd: client, name, remote: false }),
  op('settle'),
];

/** A connection to the remote host. */
const remotePair = (fd: number): readonly Operation[] => [
  op('socket', { asked: 'tcp' }),
  op('connect', { fd, name: 0, remote: true }),
  op('remote-synack', { which: 0 }),
];

const odd = (n: number): string => ODDITIES[n % ODDITIES.length] ?? 'again';

/** Half of the pairs that pass descriptors keep records. */
function passing(a: number): string {
  return ['unix', 'dgram', 'unix', 'seqpacket'][(a >> 2) % 4] as string;
}

export const OPENINGS: readonly Opening[] = [
  ...SHARED,
  ...INET6,
  ...FILTERS,
  {
    // A TCP connection to the remote host, with now and then a call that does not wait.
    weight: 10,
    sockets: 1,
    make: ({ a, b, c }, [f = 0]) => [
      op('socket', { asked: 'tcp' }),
      ...(a % 3 === 0 ? [op('setnbio', { fd: f, on: true })] : []),
      ...(a % 4 === 1 ? [op('setlinger', { fd: f, linger: b % 2 === 0 ? 'wait' : 'reset' })] : []),
      op('connect', { fd: f, name: 0, remote: true }),
      ...(a % 5 === 4 ? [op('shutdown', { fd: f, how: 'write' })] : []),
      ...(b % 4 === 3 ? [op('remote-odd', { which: 0, what: odd(c) })] : []),
      op('remote-synack', { which: 0 }),
    ],
  },
  {
    // A remote host that does what it should not, in the middle of a transfer.
    weight: 3,
    sockets: 1,
    make: ({ a, b, c }, [f = 0]) => [
      ...remotePair(f),
      ...Array.from({ length: b % 4 }, () => op('remote-data', { which: 0 })),
      op('send', { fd: f, amount: 1 + (c % 3), addressed: false, remote: false }),
      op('remote-odd', { which: 0, what: odd(a) }),
      ...(a % 3 === 0 ? [op('remote-odd', { which: 0, what: 'again' }), op('remote-odd', { which: 0, what: 'again' })] : []),
      op('remote-data', { which: 0 }),
    ],
  },
  {
    // One that answers late, then once more, and then no more.
    weight: 2,
    sockets: 1,
    make: ({ a, b, c }, [f = 0]) => [
      op('socket', { asked: 'tcp' }),
      op('connect', { fd: f, name: 0, remote: true }),
      ...Array.from({ length: a % 3 }, () => op('timer')),
      op('remote-synack', { which: 0 }),
      ...(b % 2 === 0 ? [op('remote-window', { which: 0, units: c % 3 })] : []),
      op('send', { fd: f, amount: 1 + (b % 3), addressed: false, remote: false }),
      ...Array.from({ length: c % 4 }, () => op('timer')),
      ...(a % 2 === 0 ? [op('remote-ack', { which: 0, part: true })] : [op('remote-odd', { which: 0, what: 'again' })]),
      op('silence'),
    ],
  },
  {
    // A listener with a connection from the remote host.
    weight: 6,
    sockets: 2,
    make: ({ a, b, c }, [f = 0]) => [
      op('socket', { asked: 'tcp' }),
      op('bind', { fd: f, name: b % 2 }),
      op('listen', { fd: f, backlog: c % 3 }),
      op('remote-connect', { which: 0 }),
      ...(b % 8 === 7 ? [op('remote-rst', { which: 0 })] : []),
      ...(a % 3 === 0 ? [] : [op('accept', { fd: f })]),
    ],
  },
  {
    // Two TCP sockets of this host.
    weight: 8,
    sockets: 3,
    make: ({ a, b }, [f = 0, g = 1]) => [...tcpPair(f, g, b % 2), ...(a % 3 === 0 ? [] : [op('accept', { fd: f })])],
  },
  {
    // Two UNIX sockets, one of them perhaps not accepted yet.
    weight: 8,
    sockets: 3,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      op('socket', { asked: 'unix' }),
      op('bind', { fd: f, name: b % 2 }),
      op('listen', { fd: f, backlog: c % 3 }),
      op('socket', { asked: 'unix' }),
      ...(b % 8 > 5 ? [op('setconnwait', { fd: g, on: true }), op('setnbio', { fd: g, on: true })] : []),
      op('connect', { fd: g, name: b % 2, remote: false }),
      ...(b % 8 > 5 && c % 3 === 1 ? [op('disconnect', { fd: g })] : []),
      ...(c % 5 === 4 ? [op('setnbio', { fd: f, on: true })] : []),
      ...(a % 2 === 0 ? [] : [op('accept', { fd: f })]),
    ],
  },
  {
    // A sender that does not wait, and a peer that has no more room.
    weight: 2,
    sockets: 2,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      op('socketpair', { asked: 'unix' }),
      op('setnbio', { fd: f, on: true }),
      op('send', { fd: f, amount: 3, addressed: false, remote: false }),
      ...(c % 3 === 0 ? [op('receive', { fd: g, amount: a % 3 })] : []),
      op('send', { fd: f, amount: 1 + (b % 3), addressed: false, remote: false }),
    ],
  },
  {
    // A pair of which one end has a name, and is told to listen.
    weight: 1,
    sockets: 2,
    make: ({ a, b }, [f = 0, g = 1]) => [
      op('socketpair', { asked: 'unix' }),
      op('bind', { fd: a % 2 === 0 ? f : g, name: b % 2 }),
      op('listen', { fd: a % 2 === 0 ? f : g, backlog: 1 }),
    ],
  },
  {
    // Two UNIX sockets, data from the one to the other, and some of it read.
    weight: 5,
    sockets: 2,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      op('socketpair', { asked: 'unix' }),
      op('send', { fd: a % 2 === 0 ? f : g, amount: 1 + (b % 3), addressed: false, remote: false }),
      op('receive', { fd: a % 2 === 0 ? g : f, amount: 1 + (c % 2) }),
    ],
  },
  {
    // UNIX datagram sockets: one with a name, and another that is connected to it, or to itself, or sends to whoever has the name.
    weight: 6,
    sockets: 2,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      op('socket', { asked: 'dgram' }),
      op('bind', { fd: f, name: 0 }),
      op('socket', { asked: 'dgram' }),
      ...(b % 3 === 0 ? [op('bind', { fd: g, name: 1 })] : []),
      ...(a % 3 === 0 ? [] : [op('connect', { fd: g, name: c % 4 === 3 ? 1 : 0, remote: false })]),
      ...(b % 5 === 4 ? [op('shutdown', { fd: g, how: c % 2 === 0 ? 'write' : 'both' })] : []),
      op('send', { fd: g, amount: 1 + (b % 4), addressed: a % 3 === 0 || c % 5 === 0, remote: false }),
      ...(c % 2 === 0 ? [op('receive', { fd: f, amount: 1 + (a % 2) })] : []),
      ...(c % 3 === 0 ? [op('close', { fd: f }), op('send', { fd: g, amount: 1, addressed: a % 2 === 0, remote: false })] : []),
    ],
  },
  {
    // Sequenced packets: a connection, records on their way, some of them read in part.
    weight: 5,
    sockets: 3,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      op('socket', { asked: 'seqpacket' }),
      op('bind', { fd: f, name: b % 2 }),
      op('listen', { fd: f, backlog: c % 3 }),
      op('socket', { asked: 'seqpacket' }),
      op('connect', { fd: g, name: b % 2, remote: false }),
      ...(a % 2 === 0 ? [op('accept', { fd: f })] : []),
      op('send', { fd: g, amount: 1 + (b % 4), addressed: false, remote: false }),
      op('send', { fd: g, amount: 1 + (c % 2), addressed: false, remote: false }),
    ],
  },
  {
    // A pair of either, data from the one to the other, and some of it read.
    weight: 4,
    sockets: 2,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      op('socketpair', { asked: c % 2 === 0 ? 'seqpacket' : 'dgram' }),
      op('send', { fd: a % 2 === 0 ? f : g, amount: 1 + (b % 3), addressed: false, remote: false }),
      op('send', { fd: a % 2 === 0 ? f : g, amount: 1 + (a % 2), addressed: false, remote: false }),
      op('receive', { fd: a % 2 === 0 ? g : f, amount: 1 + (c % 3) }),
    ],
  },
  {
    // A UNIX pair with no room, and a sender who does not wait for any.
    weight: 2,
    sockets: 2,
    make: ({ a, b, c }, [f = 0]) => [
      op('socketpair', { asked: ['unix', 'seqpacket', 'dgram'][a % 3] ?? 'unix' }),
      op('setnbio', { fd: f, on: true }),
      op('send', { fd: f, amount: 3 - (c % 2), addressed: false, remote: false }),
      op('send', { fd: f, amount: 1 + (b % 3), addressed: false, remote: false }),
      op('send', { fd: f, amount: 1 + (b % 2), addressed: false, remote: false }),
    ],
  },
  {
    // A UNIX name that a socket of another type has.
    weight: 1,
    sockets: 2,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      op('socket', { asked: a % 2 === 0 ? 'dgram' : 'unix' }),
      op('bind', { fd: f, name: 0 }),
      op('socket', { asked: a % 2 === 0 ? 'seqpacket' : 'dgram' }),
      ...(b % 4 === 0 ? [op('bind', { fd: g, name: 0 })] : []),
      op('connect', { fd: g, name: 0, remote: false }),
      op('send', { fd: g, amount: 1, addressed: c % 2 === 0, remote: false }),
    ],
  },
  {
    // A UNIX pair, an end of which is sent over it, and received, or not.
    weight: 4,
    sockets: 2,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      op('socketpair', { asked: passing(a) }),
      ...(c % 4 === 0 ? [op('send', { fd: f, amount: 1, addressed: false, remote: false })] : []),
      op('sendmsg', { fd: f, passed: a % 2 === 0 ? f : g }),
      ...(c % 5 === 4 ? [op('sendmsg', { fd: g, passed: f }), op('sendmsg', { fd: f, passed: g })] : []),
      ...(b % 3 === 0 ? [op('recvmsg', { fd: g, amount: c % 3 })] : []),
      ...(b % 3 === 1 ? [op('close', { fd: f }), op('close', { fd: g }), op('collect')] : []),
    ],
  },
  {
    // Two UNIX pairs: one end of each in a buffer of the other.
    weight: 3,
    sockets: 4,
    make: ({ a, b, c }, [f = 0, g = 1, h = 2, i = 3]) => [
      op('socketpair', { asked: 'unix' }),
      op('socketpair', { asked: 'unix' }),
      op('sendmsg', { fd: f, passed: h }),
      op('sendmsg', { fd: i, passed: g }),
      ...(a % 4 === 0 ? [] : [op('close', { fd: g })]),
      ...(b % 4 === 0 ? [] : [op('close', { fd: h })]),
      ...(c % 2 === 0 ? [op('collect')] : []),
      ...(c % 3 === 0 ? [op('close', { fd: f }), op('close', { fd: i })] : []),
    ],
  },
  {
    // A listener with a connection that brings a descriptor, its own perhaps.
    weight: 3,
    sockets: 3,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      op('socket', { asked: 'unix' }),
      op('bind', { fd: f, name: a % 2 }),
      op('listen', { fd: f, backlog: 1 }),
      op('socket', { asked: 'unix' }),
      op('connect', { fd: g, name: a % 2, remote: false }),
      op('sendmsg', { fd: g, passed: b % 2 === 0 ? f : g }),
      ...(b % 3 === 0 ? [op('close', { fd: f })] : []),
      ...(c % 2 === 0 ? [op('collect')] : []),
      ...(c % 3 === 0 ? [op('accept', { fd: f })] : []),
    ],
  },
  {
    // A UNIX socket that can't send, for one reason or another, and a descriptor with it; and one that can't receive, for want of a free one.
    weight: 2,
    sockets: 2,
    make: ({ a, b }, [f = 0, g = 1]) => [
      op('socketpair', { asked: passing(a) }),
      ...(a % 3 === 0 ? [op('setnbio', { fd: f, on: true }), op('send', { fd: f, amount: 3, addressed: false, remote: false })] : []),
      op('sendmsg', { fd: f, passed: g }),
      ...(b % 2 === 0 ? [0, 0, 0, 0, 0].map(() => op('dup', { fd: f })) : []),
      op('recvmsg', { fd: g, amount: 1 }),
    ],
  },
  {
    // The same with TCP.
    weight: 5,
    sockets: 3,
    make: ({ a, b, c }, [f = 0, g = 1, h = 2]) => [
      ...tcpPair(f, g, b % 2),
      op('accept', { fd: f }),
      op('send', { fd: a % 2 === 0 ? g : h, amount: 1 + (b % 3), addressed: false, remote: false }),
      ...(c % 4 === 0 ? [] : [op('settle')]),
      op('receive', { fd: a % 2 === 0 ? h : g, amount: 1 + (c % 2) }),
    ],
  },
  {
    // More sent with TCP than the other side has room for, and the clock that makes the sender ask.
    weight: 2,
    sockets: 3,
    make: ({ a, b, c }, [f = 0, g = 1, h = 2]) => [
      ...tcpPair(f, g, b % 2),
      op('accept', { fd: f }),
      op('send', { fd: g, amount: 3, addressed: false, remote: false }),
      op('settle'),
      op('send', { fd: g, amount: 1 + (b % 3), addressed: false, remote: false }),
      ...(a % 4 === 0 ? [op('receive', { fd: h, amount: 1 + (c % 3) }), op('lose')] : []),
      op('timer'),
    ],
  },
  {
    // Both sides close a connection, and one of the last segments is lost.
    weight: 2,
    sockets: 3,
    make: ({ a, b, c }, [f = 0, g = 1, h = 2]) => [
      ...tcpPair(f, g, b % 2),
      op('accept', { fd: f }),
      a % 2 === 0 ? op('close', { fd: g }) : op('shutdown', { fd: g, how: 'write' }),
      op('settle'),
      b % 4 < 2 ? op('close', { fd: h }) : op('shutdown', { fd: h, how: 'write' }),
      ...(c % 3 === 0 ? [] : [op('deliver')]),
      op('lose'),
      op('timer'),
    ],
  },
  {
    // A UDP socket that is connected, to itself, to a port that nobody has, or to the remote host.
    weight: 4,
    sockets: 1,
    make: ({ a, b, c }, [f = 0]) => [
      op('socket', { asked: 'udp' }),
      op('bind', { fd: f, name: b % 2 }),
      op('connect', { fd: f, name: a % 2, remote: c % 2 === 0 }),
      ...(a % 4 < 2 ? [op('send', { fd: f, amount: 1, addressed: c % 8 === 7, remote: false }), op('settle')] : []),
    ],
  },
  {
    // A UDP socket whose peer is not there, and the call that is told.
    weight: 2,
    sockets: 1,
    make: ({ a, b }, [f = 0]) => [
      op('socket', { asked: 'udp' }),
      op('connect', { fd: f, name: b % 2, remote: true }),
      op('remote-unreachable', { which: 0 }),
      a % 2 === 0 ? op('send', { fd: f, amount: 1, addressed: false, remote: false }) : op('receive', { fd: f, amount: 1 }),
    ],
  },
  {
    // A connection that is reset, and the call that is told.
    weight: 2,
    sockets: 1,
    make: ({ a }, [f = 0]) => [
      op('socket', { asked: 'tcp' }),
      op('connect', { fd: f, name: 0, remote: true }),
      ...(a % 3 === 0 ? [] : [op('remote-synack', { which: 0 })]),
      op('remote-rst', { which: 0 }),
      op('receive', { fd: f, amount: 1 }),
    ],
  },
  {
    // A UDP socket whose buffer is full.
    weight: 1,
    sockets: 1,
    make: ({ b }, [f = 0]) => [
      op('socket', { asked: 'udp' }),
      op('bind', { fd: f, name: b % 2 }),
      op('connect', { fd: f, name: b % 2, remote: true }),
      ...[0, 0, 0, 0].map((which) => op('remote-datagram', { which })),
    ],
  },
  {
    // Both open at once, and end it in one way or another.
    weight: 3,
    sockets: 1,
    make: ({ a, b, c }, [f = 0]) => [
      op('socket', { asked: 'tcp' }),
      op('connect', { fd: f, name: 0, remote: true }),
      ...(a % 4 === 3 ? [op('shutdown', { fd: f, how: 'write' })] : []),
      op('remote-syn', { which: 0 }),
      ...(b % 4 === 0 ? [op('timer')] : []),
      ...(b % 4 === 1 ? [op('remote-rst', { which: 0 })] : []),
      ...(b % 4 === 2 ? [op('remote-odd', { which: 0, what: odd(c) })] : []),
      c % 4 === 0 ? op('close', { fd: f }) : op('remote-ack', { which: 0, part: false }),
      ...(c % 8 === 1 ? [op('silence')] : []),
    ],
  },
  {
    // A connection whose silent peer is asked for a sign of life, and gives one or not.
    weight: 2,
    sockets: 3,
    make: ({ a, b }, [f = 0, g = 1]) => [
      ...(a % 2 === 0 ? remotePair(f) : [...tcpPair(f, g, 0), op('accept', { fd: f })]),
      op('setkeepalive', { fd: a % 2 === 0 ? f : g, on: true }),
      ...(b % 4 === 0 ? [op('shutdown', { fd: a % 2 === 0 ? f : g, how: 'write' })] : []),
      op('timer'),
      ...(b % 3 === 0 ? [op('silence')] : [op('settle'), op('timer')]),
    ],
  },
  {
    // Urgent data from the remote host, among data, and a reader of the one and the other.
    weight: 4,
    sockets: 1,
    make: ({ a, b, c }, [f = 0]) => [
      ...remotePair(f),
      ...(a % 3 === 0 ? [op('receiveoob', { fd: f })] : []),
      ...Array.from({ length: a % 2 }, () => op('remote-data', { which: 0 })),
      op('remote-urgent', { which: 0, here: b % 3 > 0 }),
      ...(b % 3 === 0 ? [op('receiveoob', { fd: f }), op('remote-urgent', { which: 0, here: true })] : []),
      ...(c % 2 === 0 ? [op('remote-data', { which: 0 })] : []),
      ...(c % 8 === 1 ? [op('poll', { fd: f, wanted: 'urgent', wait: true })] : []),
      op('receive', { fd: f, amount: 3 }),
      op('receiveoob', { fd: f }),
      ...(c % 4 < 2 ? [op('sockatmark', { fd: f }), op('receiveoob', { fd: f })] : [op('send-urgent', { fd: f })]),
    ],
  },
  {
    // Two raw sockets, one of them perhaps connected, and a datagram that both may hear.
    weight: 4,
    sockets: 2,
    make: ({ a, b, c }, free, [f = 0, g = 1] = free) => [
      op('socket', { asked: 'raw' }),
      op('socket', { asked: 'raw' }),
      ...(a % 4 === 0 ? [op('bind', { fd: f, name: 0 })] : []),
      ...(a % 2 === 0 ? [op('connect', { fd: g, name: 0, remote: b % 2 === 0 })] : []),
      ...(c % 4 === 3 ? [op('disconnect', { fd: g })] : []),
      // Without room for these sockets the descriptor is another's, perhaps of a stream, where an address means nothing.
      op('send', { fd: f, amount: 1, addressed: free.length > 1, remote: b % 4 === 1 }),
      ...(c % 2 === 0 ? [op('remote-datagram', { which: 0 })] : [op('settle')]),
      op('receive', { fd: b % 2 === 0 ? f : g, amount: 1 }),
    ],
  },
  {
    // Both sides have closed, and the user holds on to the socket.
    weight: 3,
    sockets: 1,
    make: ({ a }, [f = 0]) => [
      op('socket', { asked: 'tcp' }),
      op('connect', { fd: f, name: 0, remote: true }),
      op('remote-synack', { which: 0 }),
      op('shutdown', { fd: f, how: a % 2 === 0 ? 'both' : 'write' }),
      op('remote-fin', { which: 0, ack: a % 3 > 0 }),
      ...(a % 3 === 2 ? [op('remote-ack', { which: 0, part: false })] : []),
    ],
  },
  {
    // A UNIX socket whose connection was aborted, and which then listens with the error pending.
    weight: 1,
    sockets: 3,
    make: (_choice, [f = 0, g = 1]) => [
      op('socket', { asked: 'unix' }),
      op('bind', { fd: f, name: 0 }),
      op('listen', { fd: f, backlog: 1 }),
      op('socket', { asked: 'unix' }),
      op('bind', { fd: g, name: 1 }),
      op('connect', { fd: g, name: 0, remote: false }),
      op('close', { fd: f }),
      op('listen', { fd: g, backlog: 1 }),
      op('accept', { fd: g }),
    ],
  },
  {
    // As many descriptors as there are.
    weight: 1,
    sockets: 1,
    make: (_choice, [f = 0]) => [
      op('socket', { asked: 'unix' }),
      ...[0, 0, 0, 0, 0].map(() => op('dup', { fd: f })),
      op('socketpair', { asked: 'unix' }),
    ],
  },
  {
    // A close from our side on a connection that has something to say still.
    weight: 5,
    sockets: 1,
    make: ({ a, b }, [f = 0]) => [
      op('socket', { asked: 'tcp' }),
      op('connect', { fd: f, name: 0, remote: true }),
      op('remote-synack', { which: 0 }),
      op('send', { fd: f, amount: a % 3, addressed: false, remote: false }),
      op(b % 2 === 0 ? 'close' : 'shutdown', b % 2 === 0 ? { fd: f } : { fd: f, how: 'both' }),
    ],
  },
];
