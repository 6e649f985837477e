/** Events: whoever waits for one is told, whatever happens between the look and the sleep, and of whatever becomes of the descriptor. */
import { call, type Scenario } from '../scenario.ts';

const pair = [call('socketpair', { asked: 'unix' })];
const listener = [call('socket', { asked: 'unix' }), call('bind', { fd: 0, name: 0 }), call('listen', { fd: 0, backlog: 1 })];
const client = [...listener, call('socket', { asked: 'unix' })];
const queued = [...client, call('connect', { fd: 1, name: 0 })];
const poll = (fd: number, wanted: string) => call('poll', { fd, wanted });

export const EVENTS: readonly Scenario[] = [
  {
    id: 'poll-send',
    about: 'data comes while a thread is about to sleep in poll',
    citation: 'C.8 sopoll, E.9 G12',
    prologue: pair,
    threads: [[poll(0, 'in')], [call('send', { fd: 1, amount: 1 })]],
  },
  {
    id: 'poll-receive',
    about: 'room for a sender who polls is made by the one who receives',
    citation: 'C.8 sowriteable, G82, H.3 unix_stream',
    prologue: [...pair, call('send', { fd: 0, amount: 2 })],
    threads: [[poll(0, 'out')], [call('receive', { fd: 1, amount: 1 })]],
  },
  {
    id: 'poll-peer-close',
    about: 'the other end is closed while a thread is about to sleep in poll: end of file, and a hangup',
    citation: 'C.8, H.2a rows 5 and 14',
    prologue: pair,
    threads: [[poll(0, 'in')], [call('close', { fd: 1 })]],
  },
  {
    id: 'poll-hangup',
    about: 'who asks for nothing is told of the end of both directions, which come one after the other',
    citation: 'C.8, H.2a rows 12 and 17',
    prologue: pair,
    threads: [[poll(0, 'hangup')], [call('shutdown', { fd: 0, how: 'both' })]],
  },
  {
    id: 'poll-shutdown',
    about: 'a shutdown at either end while a thread is about to sleep in poll',
    citation: 'C.8, H.2a rows 7 to 18',
    prologue: [...pair, call('send', { fd: 0, amount: 2 })],
    threads: [[poll(0, 'both')], [call('shutdown', { fd: 1, how: 'write' })], [call('shutdown', { fd: 0, how: 'write' })]],
  },
  {
    id: 'poll-close',
    about: 'the descriptor itself is closed while a thread is about to sleep in poll: it is told, and the close is a close',
    citation: 'C.10, G135, H.3 listener_wakeup',
    prologue: pair,
    threads: [[poll(0, 'in')], [call('close', { fd: 0 })]],
  },
  {
    id: 'poll-close-dup',
    about: 'the descriptor is closed, and its socket lives on by another one: who polls it is told all the same',
    citation: 'C.10, G135',
    prologue: [...pair, call('dup', { fd: 0 })],
    threads: [[poll(0, 'in')], [call('close', { fd: 0 })]],
  },
  {
    id: 'poll-close-socket',
    about: 'the descriptor is closed and its number used again while a thread polls it',
    citation: 'C.10, G135',
    prologue: pair,
    threads: [[poll(0, 'in')], [call('close', { fd: 0 }), call('socket', { asked: 'udp' })]],
  },
  {
    id: 'poll-connect',
    about: 'a connection comes while a thread is about to sleep in a poll of the listener',
    citation: 'C.8, I.6, H.3 listener_wakeup',
    prologue: client,
    threads: [[poll(0, 'in')], [call('connect', { fd: 1, name: 0 })]],
  },
  {
    id: 'poll-listen-connect',
    about: 'a socket that is polled begins to listen, and a connection comes',
    citation: 'H.1 listen_kqueue, G58',
    prologue: [call('socket', { asked: 'unix' }), call('bind', { fd: 0, name: 0 }), call('socket', { asked: 'unix' })],
    threads: [[poll(0, 'in')], [call('listen', { fd: 0, backlog: 1 }), call('connect', { fd: 1, name: 0, remote: false })]],
  },
  {
    id: 'poll-listener-close',
    about: 'a listener is closed while a thread is about to sleep in poll',
    citation: 'H.3 listener_wakeup',
    prologue: listener,
    threads: [[poll(0, 'in')], [call('close', { fd: 0 })]],
  },
  {
    id: 'poll-accept',
    about: 'of two who wait for one connection one takes it while the other is told that it is there',
    citation: 'C.8, T19',
    prologue: queued,
    threads: [[poll(0, 'in')], [call('accept', { fd: 0 })]],
  },
  {
    id: 'poll-poll-send',
    about: 'two threads poll one end and data comes: both are told',
    citation: 'C.8 selwakeup',
    prologue: pair,
    threads: [[poll(0, 'in')], [poll(0, 'in')], [call('send', { fd: 1, amount: 1 })]],
  },
  {
    id: 'poll-send-receive',
    about: 'data comes and somebody else takes it: who polls is told, or sleeps on',
    citation: 'C.8',
    prologue: pair,
    threads: [[poll(0, 'in')], [call('receive', { fd: 0, amount: 1 })], [call('send', { fd: 1, amount: 1 })]],
  },
  {
    id: 'poll-signal',
    about: 'a signal comes while a thread is about to sleep in poll',
    citation: 'C.8, I.6',
    prologue: pair,
    threads: [[poll(0, 'in')], [call('send', { fd: 1, amount: 1 })]],
    actors: [{ kind: 'signal', thread: 0 }],
  },
  {
    id: 'poll-rst',
    about: 'a connection that is being made is refused while a thread polls it',
    citation: 'T04',
    prologue: [call('socket', { asked: 'tcp' }), call('setnbio', { fd: 0, on: true }), call('connect', { fd: 0, name: 0, remote: true })],
    segments: [{ what: 'rst', fd: 0 }],
    threads: [[poll(0, 'both')]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'rst', times: 1 }],
  },
  {
    id: 'poll-handshake',
    about: 'the last segment of a handshake arrives while a thread polls the listener',
    citation: 'C.8, C.3 sonewconn',
    prologue: [call('socket', { asked: 'tcp' }), call('bind', { fd: 0, name: 0 }), call('listen', { fd: 0, backlog: 1 })],
    segments: [{ what: 'handshake', fd: 0 }],
    threads: [[poll(0, 'in')]],
    actors: [{ kind: 'wire', deliveries: 1 }],
    events: [{ event: 'handshake', times: 1 }],
  },
];
