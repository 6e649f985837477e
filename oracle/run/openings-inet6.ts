/** Openings with sockets of IPv6, alone, v4-mapped, and beside those of IPv4 on the same port. */
import type { Opening } from './openings.ts';
import type { Operation } from './operations.ts';

const op = (name: string, args: Operation['args'] = {}): Operation => ({ name, args });

/** Takes IPV6_V6ONLY off, mostly. */
const opened = (fd: number, often: number): readonly Operation[] => (often % 4 === 3 ? [] : [op('setv6only', { fd, on: false })]);

export const INET6: readonly Opening[] = [
  {
    // A listener of IPv6, with or without IPV6_V6ONLY, and who connects to it over IPv6, over IPv4, or v4-mapped.
    weight: 5,
    sockets: 3,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      op('socket', { asked: 'tcp6' }),
      ...opened(f, a),
      op('bind', { fd: f, name: 0, mapped: a % 16 === 4 }),
      op('listen', { fd: f, backlog: 1 }),
      ...(b % 3 === 0
        ? [op('remote-connect', { which: 0 })]
        : [
            op('socket', { asked: c % 3 === 0 ? 'tcp' : 'tcp6' }),
            ...(c % 3 === 1 ? [op('setv6only', { fd: g, on: false })] : []),
            op('connect', { fd: g, name: 0, mapped: c % 3 === 1, remote: false }),
            op('settle'),
          ]),
      op('accept', { fd: f }),
    ],
  },
  {
    // The same port for both families, in either order, and who comes to it.
    weight: 4,
    sockets: 2,
    make: ({ a, b, c }, [f = 0, g = 1]) => {
      const [first, second] = a % 2 === 0 ? [f, g] : [g, f];
      const udp = c % 2 === 0;
      return [
        op('socket', { asked: udp ? 'udp' : 'tcp' }),
        op('socket', { asked: udp ? 'udp6' : 'tcp6' }),
        ...opened(g, b),
        op('bind', { fd: first, name: 0, mapped: first === g && b % 5 === 0 }),
        ...(c % 8 === 1 ? [op('setreuse', { fd: second, option: c % 16 === 1 ? 'port' : 'address', on: true })] : []),
        op('bind', { fd: second, name: 0, mapped: second === g && b % 5 === 1 }),
        op('setv6only', { fd: g, on: b % 2 === 0 }),
        ...(udp
          ? [op('remote-datagram', { which: b % 3 }), op('remote-datagram', { which: (b + 1) % 3 })]
          : [op('listen', { fd: f, backlog: 1 }), op('listen', { fd: g, backlog: 1 }), op('remote-connect', { which: b % 3 })]),
      ];
    },
  },
  {
    // A socket of IPv6 that connects to the other host, v4-mapped or not, perhaps twice.
    weight: 4,
    sockets: 1,
    make: ({ a, b, c }, [f = 0]) => [
      op('socket', { asked: a % 3 === 0 ? 'tcp6' : a % 3 === 1 ? 'udp6' : 'raw6' }),
      ...opened(f, b),
      ...(c % 3 === 0 ? [op('bind', { fd: f, name: 1, mapped: c % 6 === 0 })] : []),
      op('connect', { fd: f, name: 0, mapped: b % 2 === 0, remote: a % 4 > 0 }),
      ...(a % 3 === 0 ? [op('remote-synack', { which: 0 }), op('send', { fd: f, amount: 1, addressed: false, remote: false })] : []),
      ...(a % 3 > 0 && c % 2 === 0 ? [op('connect', { fd: f, name: 0, mapped: b % 3 === 0, remote: true })] : []),
      ...(c % 4 === 1 ? [op('remote-icmp', { which: 0, error: 'EHOSTUNREACH' })] : [op('remote-datagram', { which: 0 })]),
      ...(c % 5 === 1 ? [op('fgetsock', { fd: f }), op('close', { fd: f })] : []),
    ],
  },
  {
    // Datagrams between two sockets of IPv6, and to nobody.
    weight: 2,
    sockets: 2,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      op('socket', { asked: a % 4 === 0 ? 'raw6' : 'udp6' }),
      ...(b % 3 === 0 ? [] : [op('bind', { fd: f, name: 0 })]),
      op('socket', { asked: a % 4 === 0 ? 'raw6' : 'udp6' }),
      ...(c % 2 === 0 ? [op('connect', { fd: g, name: 0, remote: false })] : []),
      op('send', { fd: g, amount: 1, addressed: c % 2 === 1, remote: false }),
      op('settle'),
      op('receive', { fd: f, amount: 1 }),
      op('geterror', { fd: g }),
    ],
  },
];
