/**
 * A *configuration* is a part of the specification that is small enough to be seen whole: how many sockets, threads and names there are,
 * and which calls and events may happen, with which arguments. What one leaves out another has; `check.test.ts` sees to it that together
 * they have every procedure of the model.
 */
import type { Calls } from '../compile/restrict.ts';
import type { Limits } from '../specification.ts';
import { CLOSE } from './configurations-calls.ts';
import { INTERNET } from './configurations-internet.ts';
import { LOCAL } from './configurations-local.ts';

export interface Configuration {
  readonly id: string;
  /** One line: what happens in it. */
  readonly text: string;
  readonly sockets: number;
  readonly threads: number;
  readonly names: number;
  readonly calls: Calls;
  /** Takes a second or so. */
  readonly quick: boolean;
}

/** What can be asked for but sockets of IPv6, which have a configuration of their own. */
const ASKED = ['unix', 'udp', 'tcp', 'raw', 'unprivileged raw', 'dgram', 'seqpacket', 'unknown protocol', 'wrong type'];

const NAMES: Configuration = {
  id: 'names',
  text: 'sockets of every protocol, over IPv4, bound by name, and calls that ask for what they can not have, by one thread',
  sockets: 2,
  threads: 1,
  names: 1,
  calls: {
    ...CLOSE,
    socket: [ASKED],
    socketpair: [ASKED],
    bind: [null, [0]],
    unlink: [],
    listen: [null, [1]],
    accept: [],
    connect: [null, [0]],
    connect2: [],
    disconnect: [],
    setsockopt: [],
    getsockopt: [],
    getpeername: [],
    handshake: [],
    rst: [],
  },
  quick: false,
};

export const CONFIGURATIONS: readonly Configuration[] = [...INTERNET, ...LOCAL, NAMES];

/** The limits of the model for it. A descriptor and a pcb for each socket; buffers hold one unit. */
export function limitsOf({ sockets, threads, names }: Configuration): Limits {
  return { SOCKETS: sockets, PCBS: sockets, FDS: sockets, THREADS: threads, HANDLES: 1, NAMES: names, BUFFER: 1 };
}

/** "3 sockets, 2 threads, wire and timers" */
export function sizeOf({ sockets, threads, calls }: Configuration): string {
  const outside =
    'msl' in calls ? ', wire and timers' : ['handshake', 'datagram', 'unreachable'].some((event) => event in calls) ? ', wire' : '';
  return `${sockets} sockets, ${threads} thread${threads === 1 ? '' : 's'}${outside}`;
}
