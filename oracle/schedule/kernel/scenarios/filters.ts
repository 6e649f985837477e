/** Accept filters: a connection that is kept back is let through, or aborted, once, whatever else becomes of it, of its listener, or of the filter. */
import type { Happening } from '../elements.ts';
import { type Actor, call, type Scenario } from '../scenario.ts';

const wire = (deliveries: number): readonly Actor[] => [{ kind: 'wire', deliveries }];
const once = (event: string): Happening => ({ event, times: 1 });

/** A listener with a filter, or without one. */
const listening = (asked: 'unix' | 'tcp', backlog = 1) => [
  call('socket', { asked }),
  call('bind', { fd: 0, name: 0 }),
  call('listen', { fd: 0, backlog }),
];
const filtering = (asked: 'unix' | 'tcp', backlog = 1) => [...listening(asked, backlog), call('setfilter', { fd: 0, on: true })];
/** And a connection that it keeps back; of UNIX, descriptor 1 is its other end. */
const unix = [...filtering('unix'), call('socket', { asked: 'unix' }), call('connect', { fd: 1, name: 0 })];
const tcp = [...filtering('tcp'), call('remote-connect', { which: 0 })];
/** UNIX, with no room for more, and another that is to be connected. */
const full = [
  ...filtering('unix', 0),
  call('socket', { asked: 'unix' }),
  call('connect', { fd: 1, name: 0 }),
  call('socket', { asked: 'unix' }),
];
const FULL = { SOCKETS: 5, PCBS: 5 };

const accept = call('accept', { fd: 0 });
const close = call('close', { fd: 0 });
const send = call('send', { fd: 1, amount: 1 });
const connect = (fd: number) => call('connect', { fd, name: 0 });
const removed = call('setfilter', { fd: 0, on: false });

export const FILTERS: readonly Scenario[] = [
  {
    id: 'filter-send-accept',
    about: 'data comes to a connection that is kept back, while a thread is about to sleep in accept: it is woken',
    citation: 'T14, C.3, E.9 G12',
    prologue: unix,
    threads: [[accept], [send]],
  },
  {
    id: 'filter-send-poll',
    about: 'the same with a thread that polls the listener',
    citation: 'T14, C.8, E.9 G12',
    prologue: unix,
    threads: [[call('poll', { fd: 0, wanted: 'in' })], [send]],
  },
  {
    id: 'filter-end-accept',
    about: 'the other end is closed while a thread is about to sleep in accept: there is an end of file to accept',
    citation: 'T14, H.1 accf_data_attach',
    prologue: unix,
    threads: [[accept], [call('close', { fd: 1 })]],
  },
  {
    id: 'filter-send-close',
    about: 'the listener is closed while data comes to whom it keeps back: let through and drained, or drained and aborted',
    citation: 'T14, T02, G146',
    prologue: unix,
    threads: [[close], [send]],
  },
  {
    id: 'filter-removed-send',
    about:
      'the filter is taken away while data comes: the upcall is cleared by the one or by the other, and whoever sleeps in accept is woken',
    citation: 'B.9, G57, G148',
    prologue: unix,
    threads: [[removed], [send], [accept]],
  },
  {
    id: 'filter-removed-connect',
    about: 'the filter is taken away while a connection comes about: nobody is kept back by a filter that is gone',
    citation: 'C.3, G57, G148',
    prologue: [...filtering('unix'), call('socket', { asked: 'unix' })],
    threads: [[removed], [connect(1)]],
  },
  {
    id: 'filter-set-connect',
    about: 'a filter is set while a connection comes about: it is kept back, or it came before',
    citation: 'C.1 step 3, C.3',
    prologue: [...listening('unix'), call('socket', { asked: 'unix' })],
    threads: [[call('setfilter', { fd: 0, on: true })], [connect(1)]],
  },
  {
    id: 'filter-removed-close',
    about: 'the listener is closed under the thread that takes its filter away',
    citation: 'C.10, G146, G148',
    prologue: unix,
    threads: [[removed], [close]],
  },
  {
    id: 'filter-evict-send',
    about: 'another connection needs the room of the one that is kept back, to which data comes at that moment',
    citation: 'C.1 step 8, G54',
    sizes: FULL,
    prologue: full,
    threads: [[connect(2)], [send]],
  },
  {
    id: 'filter-evict-close',
    about: 'another connection needs the room of the one that is kept back while the listener is closed',
    citation: 'C.1 steps 7 and 8, G54, G53',
    sizes: FULL,
    prologue: full,
    threads: [[connect(2)], [close]],
  },
  {
    id: 'filter-evict-end',
    about: 'another connection needs the room of the one that is kept back while the other end of that is closed',
    citation: 'C.1 step 8, G54',
    sizes: FULL,
    prologue: full,
    threads: [[connect(2)], [call('close', { fd: 1 })]],
  },
  {
    id: 'filter-data-accept',
    about: 'TCP: data comes to a connection that is kept back while a thread is about to sleep in accept',
    citation: 'T14, C.3, E.9 G12',
    prologue: tcp,
    segments: [{ what: 'queued data', fd: 0 }],
    threads: [[accept]],
    actors: wire(1),
    events: [once('data')],
  },
  {
    id: 'filter-fin-accept',
    about: 'TCP: the peer ends, and has sent nothing',
    citation: 'T14, H.1 accf_data_attach',
    prologue: tcp,
    segments: [{ what: 'queued fin', fd: 0 }],
    threads: [[accept]],
    actors: wire(1),
    events: [once('fin')],
  },
  {
    id: 'filter-rst-accept',
    about: 'TCP: a connection that is kept back is reset: accept says ECONNABORTED',
    citation: 'H.1 accf_data_attach, T09',
    prologue: tcp,
    segments: [{ what: 'queued rst', fd: 0 }],
    threads: [[accept]],
    actors: wire(1),
    events: [once('rst')],
  },
  {
    id: 'filter-data-close',
    about: 'TCP: the listener is closed while data comes to whom it keeps back',
    citation: 'T14, T02, G146',
    prologue: tcp,
    segments: [{ what: 'queued data', fd: 0 }],
    threads: [[close]],
    actors: wire(1),
    events: [once('data')],
  },
  {
    id: 'filter-rst-close',
    about: 'TCP: the listener is closed while whom it keeps back is reset',
    citation: 'T02, G146',
    prologue: tcp,
    segments: [{ what: 'queued rst', fd: 0 }],
    threads: [[close]],
    actors: wire(1),
    events: [once('rst')],
  },
  {
    id: 'filter-removed-data',
    about: 'TCP: the filter is taken away while data comes',
    citation: 'B.9, G57, G148',
    prologue: tcp,
    segments: [{ what: 'queued data', fd: 0 }],
    threads: [[removed]],
    actors: wire(1),
    events: [once('data')],
  },
  {
    id: 'filter-removed-rst',
    about: 'TCP: the filter is taken away while whom it keeps back is reset',
    citation: 'B.9, G57, G148, T09',
    prologue: tcp,
    segments: [{ what: 'queued rst', fd: 0 }],
    threads: [[removed]],
    actors: wire(1),
    events: [once('rst')],
  },
  {
    id: 'filter-removed-handshake',
    about: 'TCP: the filter is taken away while a handshake ends: between the queue and soisconnected the child has no upcall',
    citation: 'C.3, D.2 syncache_socket, G148',
    prologue: filtering('tcp'),
    segments: [{ what: 'handshake', fd: 0 }],
    threads: [[removed]],
    actors: wire(1),
    events: [once('handshake')],
  },
  {
    id: 'filter-close-handshake',
    about: 'TCP: the listener is closed while a handshake ends, and the child would be kept back',
    citation: 'C.1 step 7, T03, G30',
    prologue: filtering('tcp'),
    segments: [{ what: 'handshake', fd: 0 }],
    threads: [[close]],
    actors: wire(1),
    events: [once('handshake')],
  },
  {
    id: 'filter-evict-handshake',
    about: 'TCP: a handshake ends for which one that is kept back must go, while the filter is taken away',
    citation: 'C.1 step 8, G54, G148',
    sizes: { SOCKETS: 4, PCBS: 4 },
    prologue: [...filtering('tcp', 0), call('remote-connect', { which: 0 })],
    segments: [{ what: 'handshake', fd: 0 }],
    threads: [[removed]],
    actors: wire(1),
    events: [once('handshake')],
  },
];
