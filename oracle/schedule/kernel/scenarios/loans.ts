/** Races about receives that lend: what was cut off a buffer is its reader's alone, whatever comes behind it, or becomes of the socket. */
import { call, type Scenario, type Scripted } from '../scenario.ts';

const pair = [call('socketpair', { asked: 'unix' })];
/** Something to read for descriptor 0. */
const waiting = [...pair, call('send', { fd: 1, amount: 1 })];
/** No room for descriptor 0 to send. */
const full = [...pair, call('send', { fd: 0, amount: 2 })];
/** Connected to the remote host. */
const connected = [
  call('socket', { asked: 'tcp' }),
  call('connect', { fd: 0, name: 0, remote: true }),
  call('remote-synack', { which: 0 }),
];

const lent = (fd: number, amount: number): Scripted => ({ ...call('receive', { fd, amount }), lent: true });

export const LOANS: readonly Scenario[] = [
  {
    id: 'lent-receive-send',
    about: 'data comes while a thread is about to sleep in a receive that lends',
    citation: 'C.6 mp0, I.6, E.9 G12',
    prologue: pair,
    threads: [[lent(0, 1)], [call('send', { fd: 1, amount: 1 })]],
  },
  {
    id: 'lent-receive-send-behind',
    about: 'data comes behind what a thread is lent and reads',
    citation: 'C.6 mp0, G70, E2.05',
    prologue: waiting,
    threads: [[lent(0, 2)], [call('send', { fd: 1, amount: 1 })]],
  },
  {
    id: 'lent-part-send',
    about: 'a thread is lent a part of an mbuf, which is a copy, while data comes behind it',
    citation: 'C.6 mp0, G70',
    sizes: { BUFFER: 3 },
    prologue: [...pair, call('send', { fd: 1, amount: 2 })],
    threads: [[lent(0, 1)], [call('send', { fd: 1, amount: 1 })]],
  },
  {
    id: 'lent-receive-full',
    about: 'a sender sleeps for room, and what is lent makes some, before it is given back',
    citation: 'C.6 mp0, I.6, D.1 rcvd, E.9 G12',
    prologue: full,
    threads: [[call('send', { fd: 0, amount: 1 })], [lent(1, 2)]],
  },
  {
    id: 'lent-receive-receive',
    about: 'of two readers one is lent what it reads: no byte twice, none lost',
    citation: 'C.6 mp0, G68, G69, E.9 G14',
    prologue: [...pair, call('send', { fd: 1, amount: 2 })],
    threads: [[lent(0, 1)], [call('receive', { fd: 0, amount: 1 })]],
  },
  {
    id: 'lent-lent-close',
    about: 'a reader is lent what there is, and sleeps for more or is told of the end, while the peer closes',
    citation: 'C.6 mp0, H.8, G68, G76',
    prologue: waiting,
    threads: [[lent(0, 1), lent(0, 1)], [call('close', { fd: 1 })]],
  },
  {
    id: 'lent-receive-close-own',
    about: 'both ends are closed while a thread reads what it is lent: it outlives the socket',
    citation: 'C.6 mp0, C.10, J.1',
    prologue: waiting,
    threads: [[lent(0, 1)], [call('close', { fd: 0 }), call('close', { fd: 1 })]],
  },
  {
    id: 'lent-receive-shutdown-send',
    about: 'the buffer is emptied under a reader that is lent what was there, and a sender goes on',
    citation: 'C.6 mp0, H.8, G76-G78, T15',
    prologue: waiting,
    threads: [[lent(0, 1)], [call('shutdown', { fd: 0, how: 'read' })], [call('send', { fd: 1, amount: 1 })]],
  },
  {
    id: 'lent-receive-signal',
    about: 'a signal comes while a thread is about to sleep in a receive that lends',
    citation: 'C.6 mp0, I.6',
    prologue: pair,
    threads: [[lent(0, 1)]],
    actors: [{ kind: 'signal', thread: 0 }],
  },
  {
    id: 'lent-receive-data-rst',
    about: 'data comes over TCP, and then a reset, while a thread is lent what it reads',
    citation: 'C.6 mp0, D.2, H.8',
    prologue: connected,
    segments: [
      { what: 'data', fd: 0, units: 1 },
      { what: 'rst', fd: 0 },
    ],
    threads: [[lent(0, 1)]],
    actors: [{ kind: 'wire', deliveries: 2 }],
    events: [
      { event: 'data', times: 1 },
      { event: 'rst', times: 1 },
    ],
  },
];
