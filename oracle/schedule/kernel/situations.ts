/**
 * *Situations*: the places in which generated programs begin. Each is a scenario without threads: calls that make it, and what may come over
 * the wire meanwhile. They are the states in which calls mean something, one for each shape of a socket that the protocols know.
 */
import type { Scenario, Segment } from './scenario.ts';
import { call } from './scenario.ts';

export interface Situation extends Omit<Scenario, 'threads' | 'citation'> {
  /** Descriptors that are open, with what `connect` and `socket` mean by an address there. */
  readonly open: readonly number[];
  readonly protocol: 'unix' | 'dgram' | 'seqpacket' | 'udp' | 'tcp';
}

const unix = [call('socket', { asked: 'unix' })];
const listener = [...unix, call('bind', { fd: 0, name: 0 }), call('listen', { fd: 0, backlog: 1 })];
const client = [...listener, call('socket', { asked: 'unix' })];
const pair = [call('socketpair', { asked: 'unix' })];
const dgrams = [call('socket', { asked: 'dgram' }), call('bind', { fd: 0, name: 0 }), call('socket', { asked: 'dgram' })];
const udp = [call('socket', { asked: 'udp' }), call('bind', { fd: 0, name: 0 })];
const tcp = [call('socket', { asked: 'tcp' })];
const tcpListener = [...tcp, call('bind', { fd: 0, name: 0 }), call('listen', { fd: 0, backlog: 1 })];
const connected = [...tcp, call('connect', { fd: 0, name: 0, remote: true }), call('remote-synack', { which: 0 })];

/** One segment that comes at any moment. */
function comes(segment: Segment, event: string, most?: number): Pick<Situation, 'segments' | 'actors' | 'events'> {
  return {
    segments: [segment],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [most === undefined ? { event, times: 1 } : { event, times: 1, most }],
  };
}

/** Room for whatever two or three calls make: with less, calls that overlap find it full for a moment, which the specification has not. */
export const ROOMY = { SOCKETS: 6, PCBS: 8, FDS: 8, HANDLES: 4 } as const;

export const SITUATIONS: readonly Situation[] = [
  {
    id: 'unix-new',
    about: 'a bound UNIX socket and one that is not',
    protocol: 'unix',
    open: [0, 1],
    prologue: [...unix, call('bind', { fd: 0, name: 0 }), ...unix],
  },
  { id: 'unix-listener', about: 'a UNIX listener and a client', protocol: 'unix', open: [0, 1], prologue: client },
  {
    id: 'unix-queued',
    about: 'a UNIX connection that waits to be accepted',
    protocol: 'unix',
    open: [0, 1],
    prologue: [...client, call('connect', { fd: 1, name: 0 })],
  },
  { id: 'unix-pair', about: 'two connected UNIX sockets', protocol: 'unix', open: [0, 1], prologue: pair },
  {
    id: 'unix-data',
    about: 'two connected UNIX sockets with data between them',
    protocol: 'unix',
    open: [0, 1],
    prologue: [...pair, call('send', { fd: 0, amount: 1 })],
  },
  {
    id: 'unix-consumer',
    about: 'two connected UNIX sockets, one held by the kernel',
    protocol: 'unix',
    open: [0, 1],
    prologue: [...pair, call('fgetsock', { fd: 0 })],
  },
  { id: 'dgram-new', about: 'a named UNIX datagram socket and one that is not', protocol: 'dgram', open: [0, 1], prologue: dgrams },
  {
    id: 'dgram-connected',
    about: 'a UNIX datagram socket that is connected to another, with a record on its way',
    protocol: 'dgram',
    open: [0, 1],
    prologue: [...dgrams, call('connect', { fd: 1, name: 0 }), call('send', { fd: 1, amount: 1 })],
  },
  {
    id: 'dgram-pair',
    about: 'two UNIX datagram sockets connected to each other',
    protocol: 'dgram',
    open: [0, 1],
    prologue: [call('socketpair', { asked: 'dgram' })],
  },
  {
    id: 'packet-listener',
    about: 'a listener for sequenced packets and a client',
    protocol: 'seqpacket',
    open: [0, 1],
    prologue: [
      call('socket', { asked: 'seqpacket' }),
      call('bind', { fd: 0, name: 0 }),
      call('listen', { fd: 0, backlog: 1 }),
      call('socket', { asked: 'seqpacket' }),
    ],
  },
  {
    id: 'packet-pair',
    about: 'two connected sockets with a sequenced packet between them',
    protocol: 'seqpacket',
    open: [0, 1],
    prologue: [call('socketpair', { asked: 'seqpacket' }), call('send', { fd: 0, amount: 1 })],
  },
  { id: 'udp-new', about: 'a bound UDP socket', protocol: 'udp', open: [0], prologue: udp },
  {
    id: 'udp-datagram',
    about: 'a connected UDP socket for which a datagram comes',
    protocol: 'udp',
    open: [0],
    prologue: [...udp, call('connect', { fd: 0, name: 0, remote: true })],
    ...comes({ what: 'datagram', fd: 0 }, 'datagram'),
  },
  {
    id: 'udp-unreachable',
    about: 'a connected UDP socket for which an error comes',
    protocol: 'udp',
    open: [0],
    prologue: [...udp, call('connect', { fd: 0, name: 0, remote: true })],
    ...comes({ what: 'unreachable', fd: 0 }, 'unreachable'),
  },
  { id: 'tcp-new', about: 'a bound TCP socket', protocol: 'tcp', open: [0], prologue: [...tcp, call('bind', { fd: 0, name: 1 })] },
  {
    id: 'tcp-handshake',
    about: 'a TCP listener to which a connection comes',
    protocol: 'tcp',
    open: [0],
    prologue: tcpListener,
    ...comes({ what: 'handshake', fd: 0 }, 'handshake'),
  },
  {
    id: 'tcp-queued',
    about: 'a TCP connection that waits to be accepted, and is reset',
    protocol: 'tcp',
    open: [0],
    prologue: [...tcpListener, call('remote-connect', { which: 0 })],
    ...comes({ what: 'queued rst', fd: 0 }, 'rst'),
  },
  {
    id: 'tcp-connecting',
    about: 'a TCP connection that is being made, whose answer comes',
    protocol: 'tcp',
    open: [0],
    prologue: [...tcp, call('connect', { fd: 0, name: 0, remote: true })],
    ...comes({ what: 'synack', fd: 0 }, 'synack'),
  },
  {
    id: 'tcp-rst',
    about: 'a TCP connection that is reset',
    protocol: 'tcp',
    open: [0],
    prologue: connected,
    ...comes({ what: 'rst', fd: 0 }, 'rst'),
  },
  {
    id: 'tcp-data',
    about: 'a TCP connection on which data comes',
    protocol: 'tcp',
    open: [0],
    prologue: connected,
    ...comes({ what: 'data', fd: 0, units: 1 }, 'data'),
  },
  {
    id: 'tcp-fin',
    about: 'a TCP connection that the peer ends',
    protocol: 'tcp',
    open: [0],
    prologue: connected,
    ...comes({ what: 'fin', fd: 0 }, 'fin'),
  },
  {
    id: 'tcp-ack',
    about: 'a TCP connection with unacknowledged data, whose acknowledgement comes',
    protocol: 'tcp',
    open: [0],
    prologue: [...connected, call('send', { fd: 0, amount: 1 })],
    ...comes({ what: 'ack', fd: 0, units: 0, fin: false }, 'ack', 2),
  },
];
