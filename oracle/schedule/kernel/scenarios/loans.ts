/**
 * Races about mbufs on loan: what was cut off a buffer is its reader's alone, whatever comes behind it, or becomes of the socket; and what is sent
 * of a loan is its sender's no more.
 */
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
const sent = (fd: number, amount: number): Scripted => ({ ...call('send', { fd, amount }), lent: true });

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
  {
    id: 'lent-send-receive',
    about: 'mbufs are sent to a thread that is about to sleep in a receive, and is lent them',
    citation: 'C.5 top, C.6 mp0, I.6, E.9 G12',
    prologue: pair,
    threads: [[sent(1, 1)], [lent(0, 1)]],
  },
  {
    id: 'lent-send-full',
    about: 'mbufs are sent for which there is room for a part: the sender sleeps, and the reader makes more',
    citation: 'C.5 top, I.6, D.1 rcvd, E.9 G12',
    prologue: [...pair, call('send', { fd: 0, amount: 1 })],
    threads: [[sent(0, 2)], [call('receive', { fd: 1, amount: 1 })]],
  },
  {
    id: 'lent-send-send',
    about: 'two senders on one socket, one of mbufs: one after the other',
    citation: 'C.5 top, step 2, G68, G69, E.9 G14',
    prologue: pair,
    threads: [[sent(0, 1)], [call('send', { fd: 0, amount: 1 })]],
  },
  {
    id: 'lent-send-close',
    about: 'the peer goes away while mbufs are sent to it',
    citation: 'C.5 top, G104',
    prologue: pair,
    threads: [[sent(0, 1)], [call('close', { fd: 1 })]],
  },
  {
    id: 'lent-send-signal',
    about: 'a signal comes while a sender of mbufs is about to sleep for room: what was not sent is its own',
    citation: 'C.5 top, step 7',
    prologue: [...pair, call('send', { fd: 0, amount: 1 })],
    threads: [[sent(0, 2)]],
    actors: [{ kind: 'signal', thread: 0 }],
  },
];
