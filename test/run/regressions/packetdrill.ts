/** After the groups of packetdrill (H.7): what comes from the wire, and what calls then answer. */
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import {
  acks,
  active,
  alone,
  connect,
  FIRST,
  finishes,
  listener,
  nbio,
  of,
  receive,
  type Regression,
  send,
  SHUT,
  shutdown,
  socket,
  together,
} from './regression.ts';

const connected = [
  call('socket', { asked: 'tcp' }),
  call('setnbio', { fd: 0, on: true }),
  call('connect', { fd: 0, name: 0, remote: true }),
  call('remote-synack', { which: 0 }),
  call('setnbio', { fd: 0, on: false }),
];
const wire = (deliveries: number) => [{ kind: 'wire', deliveries } as const];

export const PACKETDRILL: readonly Regression[] = [
  together(
    'blocking-accept: sleeps until the handshake is over',
    'H.7 blocking-accept',
    {
      prologue: [call('socket', { asked: 'tcp' }), call('bind', { fd: 0, name: 0 }), call('listen', { fd: 0, backlog: 1 })],
      segments: [{ what: 'handshake', fd: 0 }],
      threads: [[call('accept', { fd: 0 })]],
      actors: wire(1),
      events: [{ event: 'handshake', times: 1 }],
    },
    (met) => met.sleeps('T1').returns('wire', 1).returns('T1', 1).sees(1, { connected: true, count: 1, noFdRef: false }),
  ),
  together(
    'blocking-connect: sleeps until the SYN is answered',
    'H.7 blocking-connect',
    {
      prologue: [call('socket', { asked: 'tcp' }), call('bind', { fd: 0, name: 0 })],
      segments: [{ what: 'synack', fd: 0 }],
      threads: [[call('connect', { fd: 0, name: 0, remote: true })]],
      actors: wire(1),
      events: [{ event: 'synack', times: 1 }],
    },
    (met) => met.sleeps('T1').sees(0, { connecting: true }).returns('wire', 1).returns('T1', 0).sees(0, { connected: true }),
  ),
  together(
    'blocking-read: sleeps until data has come',
    'H.7 blocking-read',
    {
      prologue: connected,
      segments: [{ what: 'data', fd: 0, units: 1 }],
      threads: [[call('receive', { fd: 0, amount: 1 })]],
      actors: wire(1),
      events: [{ event: 'data', times: 1 }],
    },
    (met) =>
      met
        .sleeps('T1')
        .returns('wire', 1)
        .returns('T1', 16)
        .sees(0, { rcv: { cc: 0 } }),
  ),
  together(
    'blocking-write: wakes when enough is acknowledged',
    'H.7 blocking-write',
    {
      prologue: [...connected, call('send', { fd: 0, amount: 2 })],
      segments: [{ what: 'ack', fd: 0, units: 0, fin: false }],
      threads: [[call('send', { fd: 0, amount: 1 })]],
      actors: wire(1),
      events: [{ event: 'ack', times: 1, most: 2 }],
    },
    (met) =>
      met
        .sleeps('T1')
        .sees(0, { snd: { cc: 2 } })
        .returns('wire', 1)
        .returns('T1', 16)
        .sees(0, { snd: { cc: 1 } }),
  ),
  alone('close-local-close-then-remote-fin: both say that they are done, one after the other', 'H.7 close', (tale) =>
    active(tale)
      .does('close', of(0))
      .sees(0, { protoRef: true, inp: { state: 'FIN_WAIT_1' } })
      .does('remote-ack', acks())
      .sees(0, { inp: { state: 'FIN_WAIT_2' } })
      .does('remote-fin', finishes(true))
      .freed(0)
      .pcb(0, { state: 'TIME_WAIT' })
      .does('timer')
      .nothingLeft(),
  ),
  alone('close-on-syn-sent: nobody is told, and nothing is left', 'H.7 close-on-syn-sent', (tale) =>
    tale
      .does('socket', socket('tcp'))
      .does('setnbio', nbio(0))
      .does('connect', connect(0, 0, true), 'EINPROGRESS')
      .does('close', of(0))
      .nothingLeft(),
  ),
  alone('close-remote-fin-then-close: end of file, then LAST_ACK, then nothing', 'H.7 close', (tale) =>
    active(tale)
      .does('remote-fin', finishes(true))
      .sees(0, { rcv: SHUT, inp: { state: 'CLOSE_WAIT' } })
      .does('receive', receive(0), 0)
      .does('close', of(0))
      .sees(0, { protoRef: true, inp: { state: 'LAST_ACK' } })
      .does('remote-ack', acks())
      .nothingLeft(),
  ),
  alone('close-simultaneous: the two FINs cross', 'H.7 close, D.2', (tale) =>
    active(tale)
      .does('close', of(0))
      .does('remote-fin', finishes(false))
      .sees(0, { inp: { state: 'CLOSING' } })
      .does('remote-ack', acks())
      .freed(0)
      .pcb(0, { state: 'TIME_WAIT' }),
  ),
  alone('shutdown-rd-close: reading is over, writing is not', 'H.7 shutdown', (tale) =>
    active(tale)
      .does('shutdown', shutdown(0, 'read'))
      .does('receive', receive(0), 0)
      .does('send', send(0), 1)
      .does('close', of(0))
      .sees(0, { snd: { cc: 1 } }),
  ),
  alone(
    'shutdown-rd-wr-close: what comes behind a SHUT_RD is thrown away',
    'H.7 shutdown',
    (tale) =>
      active(tale)
        .does('shutdown', shutdown(0, 'read'))
        .does('remote-data', FIRST)
        .sees(0, { rcv: { cc: 0 } })
        .does('receive', receive(0), 0)
        .does('shutdown', shutdown(0, 'write'))
        .does('send', send(0), 'EPIPE'),
    'Linux queues it and lets it be read',
  ),
  alone('shutdown-rdwr-close: nothing goes either way', 'H.7 shutdown', (tale) =>
    active(tale).does('shutdown', shutdown(0, 'both')).does('receive', receive(0), 0).does('send', send(0), 'EPIPE').does('close', of(0)),
  ),
  alone('shutdown-rdwr-send-queue-ack-close: what was written before is sent and acknowledged, then the FIN', 'H.7 shutdown', (tale) =>
    active(tale)
      .does('send', send(0, 2), 2)
      .does('shutdown', shutdown(0, 'both'))
      .sees(0, { snd: { cc: 2 }, inp: { state: 'FIN_WAIT_1' } })
      .does('remote-ack', acks())
      .sees(0, { snd: { cc: 0 }, inp: { state: 'FIN_WAIT_2' } })
      .does('close', of(0))
      .sees(0, { protoRef: true }),
  ),
  alone('shutdown-rdwr-write-queue-close: the connection outlives the close', 'H.7 shutdown', (tale) =>
    active(tale)
      .does('send', send(0, 3), 3)
      .does('close', of(0))
      .sees(0, { count: 0, protoRef: true, snd: { cc: 3 } })
      .does('remote-ack', acks())
      .sees(0, { snd: { cc: 0 } })
      .does('remote-fin', finishes(true))
      .does('timer')
      .nothingLeft(),
  ),
  alone('shutdown-wr-close: writing is over, reading goes on', 'H.7 shutdown', (tale) =>
    active(tale)
      .does('shutdown', shutdown(0, 'write'))
      .does('send', send(0), 'EPIPE')
      .does('remote-data', FIRST)
      .does('receive', receive(0), 1)
      .does('remote-fin', finishes(true))
      .does('receive', receive(0), 0),
  ),
  alone('user_timeout: a connection that nobody answers is given up', 'H.7 user_timeout', (tale) =>
    active(tale).does('send', send(0), 1).does('silence').does('receive', receive(0), 'ETIMEDOUT').does('close', of(0)).nothingLeft(),
  ),
  alone('user_timeout: one that was closed vanishes', 'H.7 user_timeout', (tale) =>
    active(tale).does('send', send(0), 1).does('close', of(0)).sees(0, { protoRef: true }).does('silence').nothingLeft(),
  ),
  alone('close with data that nobody reads any more: a reset', 'H.7 close, D.2 input', (tale) =>
    active(tale).does('close', of(0)).sees(0, { protoRef: true }).does('remote-data', FIRST).nothingLeft(),
  ),
  // tcp-testsuite: a reset in each state.
  alone('rst in SYN_SENT', 'H.7 tcp-testsuite syn-sent', (tale) =>
    tale
      .does('socket', socket('tcp'))
      .does('setnbio', nbio(0))
      .does('connect', connect(0, 0, true), 'EINPROGRESS')
      .does('remote-rst', FIRST)
      .sees(0, { error: 'ECONNREFUSED', disconnected: true, inp: { state: 'CLOSED', dropped: true } }),
  ),
  ...(
    [
      ['ESTABLISHED', [], 'ECONNRESET'],
      ['CLOSE_WAIT', [['remote-fin', finishes(true)]], 'ECONNRESET'],
      ['FIN_WAIT_1', [['shutdown', shutdown(0, 'write')]], 'ECONNRESET'],
      [
        'FIN_WAIT_2',
        [
          ['shutdown', shutdown(0, 'write')],
          ['remote-ack', acks()],
        ],
        'ECONNRESET',
      ],
      [
        'CLOSING',
        [
          ['shutdown', shutdown(0, 'write')],
          ['remote-fin', finishes(false)],
        ],
        'none',
      ],
      [
        'LAST_ACK',
        [
          ['remote-fin', finishes(true)],
          ['shutdown', shutdown(0, 'write')],
        ],
        'none',
      ],
    ] as const
  ).map(([state, way, error]) =>
    alone(`rst in ${state}`, `H.7 tcp-testsuite ${state.toLowerCase().replaceAll('_', '-')}`, (tale) => {
      active(tale);
      for (const [name, args] of way) tale.does(name, args);
      tale.sees(0, { inp: { state } }).does('remote-rst', FIRST);
      tale
        .sees(0, { error, disconnected: true, inp: { state: 'CLOSED', dropped: true } })
        .does('close', of(0))
        .nothingLeft();
    }),
  ),
  alone('rst for a connection that waits to be accepted', 'H.7 tcp-testsuite, T09', (tale) =>
    listener(tale, 'tcp')
      .does('remote-connect', FIRST)
      .does('remote-rst', FIRST)
      .sees(1, { queue: 'complete', inp: { dropped: true } }),
  ),
];
