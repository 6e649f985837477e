/** Races about UNIX connections: being made, accepted, and parted. */
import { call, resultOf, type Scenario } from '../scenario.ts';

/** Descriptor 0 listens under name 0. */
const listener = [call('socket', { asked: 'unix' }), call('bind', { fd: 0, name: 0 }), call('listen', { fd: 0, backlog: 1 })];
const client = [...listener, call('socket', { asked: 'unix' })];
/** A connection from descriptor 1 waits to be accepted. */
const queued = [...client, call('connect', { fd: 1, name: 0 })];
const pair = [call('socketpair', { asked: 'unix' })];

export const UNIX: readonly Scenario[] = [
  {
    id: 'accept-shutdown',
    about: 'a listener is shut down while a thread is about to sleep in accept',
    citation: 'H.8, G49, G51, E.9 G12',
    prologue: listener,
    threads: [[call('accept', { fd: 0 })], [call('shutdown', { fd: 0, how: 'read' })]],
  },
  {
    id: 'accept-accept-shutdown',
    about: 'of two threads that sleep in accept a shutdown must wake both',
    citation: 'H.8, G51, E.9 G12',
    prologue: listener,
    threads: [[call('accept', { fd: 0 })], [call('accept', { fd: 0 })], [call('shutdown', { fd: 0, how: 'read' })]],
  },
  {
    id: 'accept-close',
    about: 'the descriptor of a listener is closed while another thread is in accept',
    citation: 'H.8, C.10',
    prologue: listener,
    threads: [[call('accept', { fd: 0 })], [call('close', { fd: 0 })]],
  },
  {
    id: 'accept-close-connect',
    about: 'the same, and a connection comes: the accept that holds the file gets it, or the close refuses it',
    citation: 'H.8, C.3, E.9 G16',
    prologue: client,
    threads: [[call('accept', { fd: 0 })], [call('close', { fd: 0 })], [call('connect', { fd: 1, name: 0 })]],
  },
  {
    id: 'accept-accept',
    about: 'two threads accept and one connection waits: one gets it, once',
    citation: 'E.9 G16, T19',
    prologue: queued,
    threads: [[call('accept', { fd: 0 })], [call('accept', { fd: 0 })]],
  },
  {
    id: 'accept-accept-connect',
    about: 'two threads sleep in accept and one connection comes: one is woken, the other sleeps on',
    citation: 'E.9 G12, G16, T19',
    prologue: client,
    threads: [[call('accept', { fd: 0 })], [call('accept', { fd: 0 })], [call('connect', { fd: 1, name: 0 })]],
  },
  {
    id: 'accept-connect',
    about: 'a connection is made while a thread is about to sleep in accept',
    citation: 'I.6, E.9 G12',
    prologue: client,
    threads: [[call('accept', { fd: 0 })], [call('connect', { fd: 1, name: 0 })]],
  },
  {
    id: 'accept-signal',
    about: 'a signal comes while a thread is about to sleep in accept: EINTR, and no descriptor is lost',
    citation: 'T20, G45',
    prologue: listener,
    threads: [[call('accept', { fd: 0 })]],
    actors: [{ kind: 'signal', thread: 0 }],
  },
  {
    id: 'accept-geterror',
    about: 'the pending error of a listener is asked for while a thread is about to take it in accept: one of them is told',
    citation: 'C.3 step 6, E.9 G15',
    prologue: [
      ...listener,
      call('socket', { asked: 'unix' }),
      call('bind', { fd: 1, name: 1 }),
      call('connect', { fd: 1, name: 0 }),
      call('close', { fd: 0 }),
      call('listen', { fd: 1, backlog: 1 }),
    ],
    threads: [[call('accept', { fd: 1 })], [call('geterror', { fd: 1 })]],
  },
  {
    id: 'accept-shutdown-geterror',
    about: 'a listener that was shut down tells so everybody who accepts, whatever others ask for',
    citation: 'C.3 step 5, G51, E.9 G15',
    prologue: [...listener, call('shutdown', { fd: 0, how: 'read' })],
    threads: [[call('accept', { fd: 0 })], [call('geterror', { fd: 0 })]],
  },
  {
    id: 'bind-bind',
    about: 'two sockets are bound to one name: one of them is refused',
    citation: 'J.4 bind',
    prologue: [call('socket', { asked: 'unix' }), call('socket', { asked: 'unix' })],
    threads: [[call('bind', { fd: 0, name: 0 })], [call('bind', { fd: 1, name: 0 })]],
  },
  {
    id: 'accept-then-close',
    about: 'what is accepted is closed at once, while the other end does the same',
    citation: 'T01, G55, G103',
    prologue: queued,
    threads: [[call('accept', { fd: 0 }), call('close', { fd: resultOf(0) })], [call('close', { fd: 1 })]],
  },
  {
    id: 'accept-guess',
    about: 'another thread closes the descriptor that accept is about to return',
    citation: 'G55, E1.09',
    prologue: queued,
    threads: [[call('accept', { fd: 0 })], [call('close', { fd: 2 })]],
  },
  {
    id: 'connect-close',
    about: 'a UNIX listener is closed while a connection to it is being made',
    citation: 'H.8, G30, G52, G53, T03',
    prologue: client,
    threads: [[call('connect', { fd: 1, name: 0 })], [call('close', { fd: 0 })]],
  },
  {
    id: 'connect-close-queued',
    about: 'a listener with a connection in its queue is closed, and another connection comes: full, refused or aborted',
    citation: 'H.8, T02, T25, G48',
    sizes: { SOCKETS: 5, PCBS: 5, FDS: 4 },
    prologue: [
      ...listener,
      call('listen', { fd: 0, backlog: 0 }),
      call('socket', { asked: 'unix' }),
      call('connect', { fd: 1, name: 0 }),
      call('socket', { asked: 'unix' }),
    ],
    threads: [[call('connect', { fd: 2, name: 0 })], [call('close', { fd: 0 })]],
  },
  {
    id: 'connect-connect',
    about: 'two threads connect the same socket: one of them is told that it is connected',
    citation: 'H.8, G98, C.4, E6.08',
    sizes: { SOCKETS: 4, PCBS: 4 },
    prologue: client,
    threads: [[call('connect', { fd: 1, name: 0 })], [call('connect', { fd: 1, name: 0 })]],
  },
  {
    id: 'connect2-connect2',
    about: 'two threads connect the same socket to two others',
    citation: 'H.8, G98, E.9 G9',
    prologue: [call('socket', { asked: 'unix' }), call('socket', { asked: 'unix' }), call('socket', { asked: 'unix' })],
    threads: [[call('connect2', { fd1: 0, fd2: 1 })], [call('connect2', { fd1: 2, fd2: 0 })]],
  },
  {
    id: 'listen-connect',
    about: 'a socket begins to listen while another connects to it, and while it connects itself',
    citation: 'G42, C.3',
    prologue: [call('socket', { asked: 'unix' }), call('bind', { fd: 0, name: 0 }), call('socket', { asked: 'unix' })],
    threads: [[call('listen', { fd: 0, backlog: 1 })], [call('connect', { fd: 1, name: 0 })]],
  },
  {
    id: 'listen-connect2',
    about: 'a socket begins to listen while it is being connected',
    citation: 'C.3 solisten_proto_check, E6.08',
    prologue: [call('socket', { asked: 'unix' }), call('bind', { fd: 0, name: 0 }), call('socket', { asked: 'unix' })],
    threads: [[call('listen', { fd: 0, backlog: 1 })], [call('connect2', { fd1: 1, fd2: 0 })]],
  },
  {
    id: 'pair-close-close',
    about: 'both ends of a connection are closed at once: each close succeeds',
    citation: 'G103, G101, E.9 G9',
    prologue: pair,
    threads: [[call('close', { fd: 0 })], [call('close', { fd: 1 })]],
  },
  {
    id: 'pair-disconnect-close',
    about: 'one end disconnects while the other closes',
    citation: 'G103, C.4',
    prologue: pair,
    threads: [[call('disconnect', { fd: 0 })], [call('close', { fd: 1 })]],
  },
  {
    id: 'close-queued-client',
    about: 'the listener aborts a queued connection while its other end closes',
    citation: 'T02, G7, E1.13',
    prologue: queued,
    threads: [[call('close', { fd: 0 })], [call('close', { fd: 1 })]],
  },
];
