/**
 * The traces of the reference (J.5) in which calls overlap, each in the one order that it tells. The others are in test/run/traces.test.ts.
 * That nothing else goes wrong in any other order is what the scenarios of the same names are explored for.
 */
import { describe, test } from 'vitest';
import { call } from '../../oracle/schedule/kernel/scenario.ts';
import { Encounter } from './encounter.ts';

const SHUT = { cantMore: true } as const;
const unixListener = [call('socket', { asked: 'unix' }), call('bind', { fd: 0, name: 0 }), call('listen', { fd: 0, backlog: 1 })];
const tcpListener = [call('socket', { asked: 'tcp' }), call('bind', { fd: 0, name: 0 }), call('listen', { fd: 0, backlog: 1 })];
const connected = [
  call('socket', { asked: 'tcp' }),
  call('setnbio', { fd: 0, on: true }),
  call('connect', { fd: 0, name: 0, remote: true }),
  call('remote-synack', { which: 0 }),
  call('setnbio', { fd: 0, on: false }),
];
const wire = (deliveries: number) => [{ kind: 'wire', deliveries } as const];

describe('T03: sonewconn races the close of its listener', () => {
  test('UNIX: the head no longer listens when the child is to be queued: the child is freed, and the connect refused', async () => {
    const met = await Encounter.of({
      prologue: [...unixListener, call('socket', { asked: 'unix' })],
      threads: [[call('connect', { fd: 1, name: 0 })], [call('close', { fd: 0 })]],
    });
    // T2 has told the protocol that it closes; the name still leads to the listener, and T1 makes a child for it.
    met.until('T2', 'uipc_close').leaves('T2', 'uipc_close').sees(0, { acceptConn: true, noFdRef: false });
    met.until('T1', 'uipc_attach').leaves('T1', 'uipc_attach');
    // T2 finds the queues empty, and T1 afterwards that nobody listens. (F93 sets so_head before that, the specification when it queues the child.)
    met.until('T2', 'uipc_detach');
    met.returns('T1', 'ECONNREFUSED');
    met
      .returns('T2', 0)
      .sees(0, null)
      .sees(2, null)
      .sees(1, { connected: false, connecting: false, inp: { peer: null } });
  });
});

describe('T10: a send is in its copyin when the connection is reset', () => {
  test('the protocol answers ECONNRESET, the next send EPIPE, and the pending error is for who receives', async () => {
    const met = await Encounter.of({
      prologue: connected,
      segments: [{ what: 'rst', fd: 0 }],
      threads: [['send', 'send', 'receive', 'receive'].map((name) => call(name, { fd: 0, amount: 1 }))],
      actors: wire(1),
      events: [{ event: 'rst', times: 1 }],
    });
    met.sees(0, { connected: true, error: 'none', snd: { cc: 0 } });
    met.until('T1', 'tcp_usr_send');
    met.returns('wire', 1);
    met.sees(0, { disconnected: true, connected: false, error: 'ECONNRESET', snd: { cc: 0, ...SHUT }, inp: { dropped: true } });
    met.returns('T1', 'ECONNRESET').sees(0, { snd: { cc: 0 } });
    // C.5 looks at CANTSENDMORE before so_error.
    met.returns('T1', 'EPIPE').sees(0, { error: 'ECONNRESET' });
    met.returns('T1', 'ECONNRESET').sees(0, { error: 'none' });
    met.returns('T1', 0);
  });
});

describe('T15: the read side is shut down under a reader that sleeps', () => {
  test('it wakes to end of file, and then the buffer is emptied', async () => {
    const met = await Encounter.of({
      prologue: [call('socketpair', { asked: 'unix' })],
      threads: [[call('receive', { fd: 0, amount: 1 })], [call('shutdown', { fd: 0, how: 'read' })]],
    });
    met.sleeps('T1').sees(0, { connected: true, rcv: { cantMore: false } });
    met.until('T2', 'sorflush').leaves('T2', 'socantrcvmore');
    met.returns('T1', 0).sees(0, { rcv: { cc: 0, ...SHUT } });
    met.returns('T2', 0).sees(0, { rcv: { cc: 0, ...SHUT }, snd: { cantMore: false } });
  });
});

describe('T19: two threads sleep in accept, and one connection comes', () => {
  test('one is woken and gets it; the other sleeps on', async () => {
    const met = await Encounter.of({
      prologue: [...unixListener, call('socket', { asked: 'unix' })],
      threads: [[call('accept', { fd: 0 })], [call('accept', { fd: 0 })], [call('connect', { fd: 1, name: 0 })]],
    });
    met.sleeps('T1').sleeps('T2').sees(0, { complete: [], file: 3 });
    met.returns('T3', 0).sees(2, { queue: 'complete', count: 0, noFdRef: true });
    met.isAsleep('T2');
    met.returns('T1', 2).sees(2, { queue: 'none', count: 1, noFdRef: false }).isAsleep('T2');
  });
});

describe('T20: accept is interrupted by a signal', () => {
  test('EINTR, and no descriptor has changed', async () => {
    const met = await Encounter.of({
      prologue: unixListener,
      threads: [[call('accept', { fd: 0 }), call('dup', { fd: 0 })]],
      actors: [{ kind: 'signal', thread: 0 }],
    });
    met.sleeps('T1').sees(0, { file: 2 });
    met.returns('signal', 0);
    met.returns('T1', 'EINTR').sees(0, { file: 1, count: 1 });
    // The descriptor that accept had reserved is the lowest free one again.
    met.returns('T1', 1).sees(0, { file: 2 });
  });
});

describe('T22: close lingers with data that nobody acknowledges', () => {
  test('it sleeps until the time is over, says EWOULDBLOCK, and the protocol keeps the socket all the same', async () => {
    const met = await Encounter.of({
      prologue: [...connected, call('setlinger', { fd: 0, linger: 'wait' }), call('send', { fd: 0, amount: 1 })],
      linger: 1,
      threads: [[call('setlinger', { fd: 0, linger: 'wait' }), call('close', { fd: 0 })]],
      actors: [{ kind: 'clock', ticks: 1 }],
      events: [{ event: 'lingerTimeout', times: 1 }],
    });
    met.returns('T1', 0);
    met.sleeps('T1').sees(0, { connected: true, disconnecting: true, noFdRef: false, protoRef: false, snd: { cc: 1, ...SHUT } });
    met.returns('clock', 0);
    met.returns('T1', 'EWOULDBLOCK');
    met.sees(0, { count: 0, noFdRef: true, protoRef: true, snd: { cc: 1 }, inp: { state: 'FIN_WAIT_1', sockRef: true } });
  });

  test('or until the last acknowledgement, and says nothing', async () => {
    const met = await Encounter.of({
      prologue: [...connected, call('setlinger', { fd: 0, linger: 'wait' }), call('send', { fd: 0, amount: 1 })],
      segments: [{ what: 'ack', fd: 0, units: 0, fin: true }],
      threads: [[call('close', { fd: 0 })]],
      actors: wire(1),
      events: [{ event: 'ack', times: 1, most: 2 }],
    });
    met.sleeps('T1').sees(0, { connected: true, disconnecting: true });
    met.returns('wire', 1);
    met.returns('T1', 0);
    met.sees(0, { disconnected: true, noFdRef: true, protoRef: true, inp: { state: 'FIN_WAIT_2', msl: true } });
  });
});

describe('T09: a child is reset between being taken off the queue and being accepted', () => {
  test('accept says ECONNABORTED and closes it', async () => {
    const met = await Encounter.of({
      prologue: [...tcpListener, call('remote-connect', { which: 0 })],
      segments: [{ what: 'queued rst', fd: 0 }],
      threads: [[call('accept', { fd: 0 })]],
      actors: wire(1),
      events: [{ event: 'rst', times: 1 }],
    });
    met.sees(1, { queue: 'complete', connected: true });
    met.until('T1', 'soaccept_dequeue').leaves('T1', 'soaccept_dequeue');
    met.returns('wire', 1).sees(1, { queue: 'none', disconnected: true, count: 1, inp: { dropped: true } });
    met.returns('T1', 'ECONNABORTED').sees(1, null).sees(0, { complete: [] });
  });
});
