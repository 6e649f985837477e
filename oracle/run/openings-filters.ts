/** *Openings* with accept filters: listeners that keep connections back, and what makes these acceptable, or takes their room. */
import type { Opening } from './openings.ts';
import type { Operation } from './operations.ts';

const op = (name: string, args: Operation['args'] = {}): Operation => ({ name, args });

export const FILTERS: readonly Opening[] = [
  {
    // A listener whose filter keeps connections back, of one protocol or the other: more than there is room for, data, an end, no filter any more.
    weight: 4,
    sockets: 4,
    make: ({ a, b, c }, [f = 0, g = 1, h = 2]) => {
      const asked = a % 2 === 0 ? 'unix' : 'tcp';
      const client = (fd: number): readonly Operation[] => [
        op('socket', { asked }),
        op('connect', { fd, name: b % 2, remote: false }),
        op('settle'),
      ];
      return [
        op('socket', { asked }),
        op('bind', { fd: f, name: b % 2 }),
        op('listen', { fd: f, backlog: c % 3 === 2 ? 1 : 0 }),
        op('setfilter', { fd: f, on: true }),
        ...client(g),
        ...(b % 4 === 0 ? [op('send', { fd: g, amount: 1, addressed: false, remote: false }), op('settle')] : []),
        ...(b % 4 === 1 ? [op('shutdown', { fd: g, how: 'write' }), op('settle')] : []),
        ...(c % 2 === 0 ? client(h) : []),
        ...(c % 5 === 4 ? [op('setfilter', { fd: f, on: false })] : []),
        ...(a % 4 > 1 ? [op('accept', { fd: f })] : []),
      ];
    },
  },
  {
    // The same with connections from the remote host.
    weight: 3,
    sockets: 3,
    make: ({ a, b, c }, [f = 0]) => [
      op('socket', { asked: 'tcp' }),
      op('bind', { fd: f, name: b % 2 }),
      op('listen', { fd: f, backlog: c % 2 }),
      op('setfilter', { fd: f, on: true }),
      op('remote-connect', { which: 0 }),
      ...(a % 3 === 0 ? [op('remote-connect', { which: 1 })] : []),
      ...(b % 4 === 0 ? [op('remote-rst', { which: 0 })] : []),
      ...(b % 4 === 1 ? [op('remote-fin', { which: 0, ack: false })] : []),
      ...(b % 4 === 2 ? [op('remote-data', { which: 0 })] : []),
      ...(c % 3 === 0 ? [op('remote-connect', { which: 2 })] : []),
    ],
  },
];
