/**
 * A *configuration* is a part of the specification that is small enough to be seen whole: how many sockets, threads and names there are,
 * and which calls and events may happen, with which arguments. What one leaves out another has; `check.test.ts` sees to it that together
 * they have every procedure of the model.
 */
import type { Calls } from '../compile/restrict.ts';
import type { Limits } from '../specification.ts';

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

/** Calls that every configuration has: descriptors are closed, and sleeps interrupted. */
const CLOSE: Calls = { close: [], soclose: [], signal: [] };
/** What the network and the timers can do to a TCP connection without data. */
const SEGMENTS: Calls = { handshake: [], synack: [], rst: [], fin: [], ack: [], timeout: [], msl: [] };
/** TCP sockets that connect, listen and accept. */
const TCP: Calls = { ...CLOSE, ...SEGMENTS, socket: [['tcp']], listen: [null, [1]], accept: [], connect: [null, [0]] };
/** A unit at a time: more would only take more steps to the same states. */
const DATA: Calls = { send: [null, [1], [false]], receive: [null, [1]], shutdown: [] };

/** Descriptors in flight, and who cleans up after them. */
const RIGHTS: Calls = { sendmsg: [], recvmsg: [null, [1]], undefer: [], gcmark: [], gcsweep: [] };

export const CONFIGURATIONS: readonly Configuration[] = [
  {
    id: 'tcp',
    text: 'TCP connections from both sides, accepted, reset and closed while segments arrive and timers run',
    sockets: 3,
    threads: 2,
    names: 1,
    calls: TCP,
    quick: false,
  },
  {
    id: 'unix',
    text: 'UNIX streams: listeners by name, connects that hold the link lock, pairs, all of them closed at any time',
    sockets: 3,
    threads: 2,
    names: 1,
    calls: {
      ...CLOSE,
      socket: [['unix']],
      socketpair: [['unix']],
      bind: [null, [0]],
      listen: [null, [1]],
      accept: [],
      connect: [null, [0]],
      connect2: [],
    },
    quick: true,
  },
  {
    id: 'dgram',
    text: 'UNIX datagram sockets: connected one way, also to each other and to themselves, and closed under those who send to them',
    sockets: 3,
    threads: 2,
    names: 1,
    calls: {
      ...CLOSE,
      socket: [['dgram']],
      bind: [null, [0]],
      connect: [null, [0]],
      disconnect: [],
      send: [null, [1], null],
      geterror: [],
    },
    quick: false,
  },
  {
    id: 'seqpacket',
    text: 'sequenced packets: a listener by name, connects that hold the link lock, all of them closed at any time',
    sockets: 3,
    threads: 2,
    names: 1,
    calls: {
      ...CLOSE,
      socket: [['seqpacket']],
      bind: [null, [0]],
      listen: [null, [1]],
      accept: [],
      connect: [null, [0]],
    },
    quick: true,
  },
  {
    id: 'packet-data',
    text: 'pairs of both kinds that send and receive records, shut down and close',
    sockets: 2,
    threads: 2,
    names: 1,
    calls: { ...CLOSE, ...DATA, socketpair: [['dgram', 'seqpacket']] },
    quick: false,
  },
  {
    id: 'udp',
    text: 'UDP sockets that are bound, connected and disconnected, datagrams and errors from the network',
    sockets: 3,
    threads: 2,
    names: 1,
    calls: { ...CLOSE, socket: [['udp']], bind: [], connect: [], disconnect: [], unreachable: [], geterror: [] },
    quick: true,
  },
  {
    id: 'reuse',
    text: 'UDP sockets that share a port, or may not, are connected and closed, and send to everybody',
    sockets: 2,
    threads: 2,
    names: 1,
    calls: {
      ...CLOSE,
      socket: [['udp']],
      bind: [null, [0]],
      connect: [null, [0]],
      disconnect: [],
      setreuse: [],
      broadcast: [],
    },
    quick: false,
  },
  {
    id: 'raw',
    text: 'raw IP sockets that are connected and disconnected, datagrams that come to each of them, and readers that sleep while they close',
    sockets: 2,
    threads: 2,
    names: 1,
    calls: {
      ...CLOSE,
      socket: [['raw', 'unprivileged raw']],
      bind: [null, [0]],
      connect: [null, [0]],
      disconnect: [],
      send: [null, [1], null],
      receive: [null, [1]],
      shutdown: [],
      fgetsock: [],
      fputsock: [],
      datagram: [],
    },
    quick: false,
  },
  {
    id: 'opening',
    text: 'TCP opened from both sides at once, reset, given up or shut down on the way, and silent peers asked for a sign of life',
    sockets: 2,
    threads: 1,
    names: 1,
    calls: {
      ...CLOSE,
      socket: [['tcp']],
      connect: [null, [0]],
      syn: [],
      synack: [],
      rst: [],
      fin: [],
      ack: [],
      timeout: [],
      msl: [],
      shutdown: [],
      setkeepalive: [],
      geterror: [],
    },
    quick: true,
  },
  {
    id: 'implied',
    text: 'TCP connections that a send makes, which are accepted, refused, given up, and shut down with data that waits for them, by one thread',
    sockets: 2,
    threads: 1,
    names: 1,
    calls: {
      ...CLOSE,
      socket: [['tcp']],
      listen: [null, [1]],
      send: [null, [1], [true]],
      setnbio: [],
      shutdown: [],
      synack: [],
      rst: [],
      ack: [],
      timeout: [],
    },
    quick: true,
  },
  {
    id: 'icmp',
    text: 'what ICMP says of the peers of UDP sockets, and of TCP connections that are made, are there, and are given up, by one thread',
    sockets: 2,
    threads: 1,
    names: 1,
    calls: {
      ...CLOSE,
      socket: [['tcp', 'udp']],
      connect: [null, [0]],
      syn: [],
      synack: [],
      timeout: [],
      unreachable: [],
      unroutable: [],
      toolong: [],
      geterror: [],
    },
    quick: true,
  },
  {
    id: 'urgent',
    text: 'urgent data announced and come, read apart and with the rest up to the mark, and polled for, while the connection ends, by one thread',
    sockets: 2,
    threads: 1,
    names: 1,
    calls: {
      ...CLOSE,
      socket: [['tcp']],
      connect: [null, [0]],
      synack: [],
      rst: [],
      fin: [],
      data: [null, [1]],
      urgent: [],
      urgentByte: [],
      receive: [null, [1]],
      receiveoob: [],
      sockatmark: [],
      poll: [null, ['urgent'], null],
      shutdown: [],
    },
    quick: true,
  },
  {
    id: 'references',
    text: 'listeners whose children kernel consumers hold by soref while they are closed',
    sockets: 3,
    threads: 2,
    names: 1,
    calls: { ...CLOSE, socket: [['tcp']], listen: [null, [1]], accept: [], handshake: [], rst: [], fgetsock: [], fputsock: [] },
    quick: true,
  },
  {
    id: 'descriptors',
    text: 'TCP connections with several descriptors and references each',
    sockets: 2,
    threads: 2,
    names: 1,
    calls: { ...TCP, dup: [], fgetsock: [], fputsock: [] },
    quick: true,
  },
  {
    id: 'options',
    text: 'options read and written, and blocking turned off, while the connection is dropped',
    sockets: 2,
    threads: 2,
    names: 1,
    calls: { ...TCP, setsockopt: [], getsockopt: [], geterror: [], setnbio: [] },
    quick: false,
  },
  {
    id: 'linger',
    text: 'TCP closed with SO_LINGER while data is on its way',
    sockets: 2,
    threads: 2,
    names: 1,
    calls: { ...TCP, setlinger: [], lingerTimeout: [], send: [null, [1], [false]] },
    quick: false,
  },
  {
    id: 'unix-data',
    text: 'UNIX pairs that send, receive, shut down and close',
    sockets: 2,
    threads: 2,
    names: 1,
    calls: { ...CLOSE, ...DATA, socketpair: [['unix']] },
    quick: true,
  },
  {
    id: 'poll',
    text: 'polls of both ends of UNIX pairs, by two threads, while data is sent, received, shut down, and descriptors are closed',
    sockets: 2,
    threads: 2,
    names: 1,
    calls: { ...CLOSE, ...DATA, socketpair: [['unix']], poll: [null, null, [true]] },
    quick: true,
  },
  {
    id: 'kqueue',
    text: 'an event registered, turned on and off, and waited for by two threads, while data comes and descriptors are closed',
    sockets: 2,
    threads: 2,
    names: 1,
    calls: {
      ...CLOSE,
      socketpair: [['unix']],
      send: [null, [1], [false]],
      receive: [null, [1]],
      knote: [null, ['read']],
      kevent: [[true]],
    },
    quick: true,
  },
  {
    id: 'rights',
    text: 'UNIX pairs that pass their descriptors to each other and close them at any time, and the collector',
    sockets: 2,
    threads: 2,
    names: 1,
    calls: { ...CLOSE, ...RIGHTS, socketpair: [['unix']], shutdown: [null, ['read']] },
    quick: false,
  },
  {
    id: 'rights-queued',
    text: 'a UNIX listener that is passed to whom it has not accepted, by one thread, and the collector',
    sockets: 3,
    threads: 1,
    names: 1,
    calls: { ...CLOSE, ...RIGHTS, socket: [['unix']], bind: [null, [0]], listen: [null, [1]], accept: [], connect: [null, [0]] },
    quick: false,
  },
  {
    id: 'filters',
    text: 'TCP connections that the filter of their listener keeps back until data comes, or a reset, or the filter goes; accepted, evicted, closed',
    sockets: 3,
    threads: 1,
    names: 1,
    calls: {
      ...CLOSE,
      socket: [['tcp']],
      listen: [null, [1]],
      setfilter: [],
      accept: [],
      handshake: [],
      data: [null, [1]],
      rst: [],
    },
    quick: false,
  },
  {
    id: 'filters-unix',
    text: 'the same of UNIX: connects that find no room on their way, and peers that send and close',
    sockets: 3,
    threads: 1,
    names: 1,
    calls: {
      ...CLOSE,
      socket: [['unix']],
      bind: [null, [0]],
      listen: [null, [1]],
      setfilter: [],
      accept: [],
      connect: [null, [0]],
      send: [null, [1], [false]],
    },
    quick: false,
  },
  {
    id: 'tcp-data',
    text: 'TCP data in both directions with shutdown and close, by one thread',
    sockets: 2,
    threads: 1,
    names: 1,
    calls: { ...TCP, ...DATA, data: [null, [1]] },
    quick: true,
  },
  {
    id: 'names',
    text: 'sockets of every protocol bound by name, and calls that ask for what they can not have, by one thread',
    sockets: 2,
    threads: 1,
    names: 1,
    calls: {
      ...CLOSE,
      socket: [],
      socketpair: [],
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
  },
  {
    id: 'udp-data',
    text: 'datagrams sent and received, by one thread',
    sockets: 2,
    threads: 1,
    names: 1,
    calls: {
      ...CLOSE,
      socket: [['udp']],
      bind: [null, [0]],
      connect: [null, [0]],
      send: [null, [1], null],
      receive: [null, [1]],
      shutdown: [],
      setnbio: [],
      datagram: [],
      unreachable: [],
    },
    quick: true,
  },
];

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
