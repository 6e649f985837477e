/**
 * The traces of the reference (J.5) that one thread can take: on the specification and on the implementation, the state of both seen after
 * each step. Those in which calls overlap are in test/schedule/traces.test.ts.
 */
import { describe, test } from 'vitest';
import type { Operation } from '../../oracle/run/operations.ts';
import { lockstep } from './rig.ts';
import { OPEN, SHUT, Tale } from './tale.ts';

const both = await lockstep();
const tale = (): Tale => new Tale(both);

const socket = (asked: string): Operation['args'] => ({ asked });
const connect = (fd: number, name: number, remote = false): Operation['args'] => ({ fd, name, remote });
const send = (fd: number, amount = 1): Operation['args'] => ({ fd, amount, addressed: false, remote: false });
const receive = (fd: number, amount = 1): Operation['args'] => ({ fd, amount });
const FIRST = { which: 0 } as const;

/** Socket 0, descriptor 0: listens under name 0. */
const listener = (asked: 'unix' | 'tcp', backlog = 1): Tale =>
  tale().does('socket', socket(asked)).does('bind', { fd: 0, name: 0 }).does('listen', { fd: 0, backlog });

/** Socket 0, descriptor 0: connected by TCP to the remote host. */
const active = (): Tale =>
  tale()
    .does('socket', socket('tcp'))
    .does('setnbio', { fd: 0, on: true })
    .does('connect', connect(0, 0, true), 'EINPROGRESS')
    .sees(0, { letter: 'CG', count: 1, noFdRef: false, inp: { state: 'SYN_SENT' } })
    .does('remote-synack', FIRST)
    .sees(0, { letter: 'CD', inp: { state: 'ESTABLISHED' } });

describe('T01: a UNIX stream is connected, accepted and closed', () => {
  test('the state after each step is that of the reference', () => {
    listener('unix')
      .sees(0, { letter: 'C0', acceptConn: true, count: 1, limit: 1 })
      .does('socket', socket('unix'), 1)
      // The child is queued as incomplete with count 0, and complete when its connector is connected.
      .does('connect', connect(1, 0))
      .sees(1, { letter: 'CD', count: 1 })
      .sees(2, { letter: 'CD', count: 0, noFdRef: true, queue: 'complete', head: 0 })
      .sees(0, { complete: [2], incomplete: [] })
      .does('accept', { fd: 0 }, 2)
      .sees(2, { letter: 'CD', count: 1, noFdRef: false, queue: 'none', head: null })
      .sees(0, { complete: [] })
      // The connector goes: both ends are disconnected, and it is freed.
      .does('close', { fd: 1 })
      .freed(1)
      .sees(2, { letter: 'DD', rcv: SHUT, snd: SHUT, inp: { peer: null } })
      .does('receive', receive(2), 0)
      .does('send', send(2), 'EPIPE')
      .does('close', { fd: 2 })
      .freed(2)
      .does('close', { fd: 0 })
      .nothingLeft();
  });
});

describe('T02: a listener is closed with a completed child that nobody accepted', () => {
  test('the child is aborted, and its connector learns ECONNABORTED once', () => {
    listener('unix')
      .does('socket', socket('unix'), 1)
      .does('connect', connect(1, 0))
      .sees(2, { queue: 'complete' })
      .does('close', { fd: 0 })
      .freed(0, 2)
      .sees(1, { letter: 'DD', error: 'ECONNABORTED', rcv: SHUT, snd: SHUT, inp: { peer: null } })
      .does('receive', receive(1), 'ECONNABORTED')
      .sees(1, { error: 'none' })
      .does('receive', receive(1), 0)
      .does('send', send(1), 'EPIPE')
      .does('close', { fd: 1 })
      .nothingLeft();
  });
});

describe('T04: an active open is refused', () => {
  test('so_error tells ECONNREFUSED once, and close frees all at once', () => {
    tale()
      .does('socket', socket('tcp'))
      .does('setnbio', { fd: 0, on: true })
      .does('connect', connect(0, 0, true), 'EINPROGRESS')
      .sees(0, { letter: 'CG' })
      .does('remote-rst', FIRST)
      .sees(0, { letter: 'DD', error: 'ECONNREFUSED', rcv: SHUT, snd: SHUT, inp: { dropped: true, state: 'CLOSED' } })
      .does('geterror', { fd: 0 })
      .sees(0, { error: 'none' })
      .does('send', send(0), 'EPIPE')
      // tcp_detach, case DROPPED: no PROTOREF was claimed, and socket and pcb go together.
      .does('close', { fd: 0 })
      .nothingLeft();
  });
});

describe('T05: TCP is closed with data that the peer has not acknowledged', () => {
  test('the protocol keeps the socket until TIME_WAIT, and the pcb until 2MSL', () => {
    active()
      .does('send', send(0, 2), 2)
      .sees(0, { snd: { cc: 2 } })
      .does('close', { fd: 0 })
      .sees(0, {
        letter: 'DG',
        count: 0,
        noFdRef: true,
        protoRef: true,
        snd: { cc: 2, ...SHUT },
        inp: { state: 'FIN_WAIT_1', sockRef: true },
      })
      // Data and FIN are acknowledged. CANTRCVMORE is set, so this is as good as disconnected.
      .does('remote-ack', { which: 0, part: false })
      .sees(0, { letter: 'DD', protoRef: true, snd: { cc: 0 }, inp: { state: 'FIN_WAIT_2', msl: true } })
      .does('remote-fin', { which: 0, ack: true })
      .freed(0)
      .pcb(0, { socket: null, timeWait: true, state: 'TIME_WAIT' })
      .does('timer')
      .nothingLeft();
  });
});

describe('T06: the same, and the peer resets the connection in FIN_WAIT_1', () => {
  test('PROTOREF is released, and all is freed', () => {
    active()
      .does('send', send(0, 2), 2)
      .does('close', { fd: 0 })
      .sees(0, { protoRef: true, inp: { state: 'FIN_WAIT_1', sockRef: true } })
      .does('remote-rst', FIRST)
      .nothingLeft();
  });
});

describe('T07: the same with a linger of time 0', () => {
  test('the connection is dropped with a reset, nobody claims PROTOREF, and all is freed', () => {
    active().does('setlinger', { fd: 0, linger: 'reset' }).does('send', send(0, 2), 2).does('close', { fd: 0 }).nothingLeft();
  });
});

describe('T08: TIME_WAIT ends while the descriptor is still open', () => {
  test('the pcb stays with its socket, dropped, and both go at the close', () => {
    active()
      .does('shutdown', { fd: 0, how: 'both' })
      .sees(0, { rcv: SHUT, snd: SHUT, inp: { state: 'FIN_WAIT_1' } })
      .does('remote-fin', { which: 0, ack: true })
      // tcp_twstart without SOCKREF: the socket keeps its pcb.
      .sees(0, { letter: 'DD', count: 1, protoRef: false, inp: { timeWait: true, sockRef: false, dropped: false } })
      .does('timer')
      .sees(0, { letter: 'DD', inp: { timeWait: true, dropped: true } })
      .does('close', { fd: 0 })
      .nothingLeft();
  });
});

describe('T09: a child is reset while it is queued, and then accepted', () => {
  test('it stays on so_comp; accept says ECONNABORTED, and it is freed', () => {
    listener('tcp')
      .does('remote-connect', FIRST)
      .sees(1, { letter: 'CD', queue: 'complete', count: 0, inp: { state: 'ESTABLISHED' } })
      .does('remote-rst', FIRST)
      .sees(1, { letter: 'DD', queue: 'complete', count: 0, inp: { dropped: true, sockRef: false } })
      .sees(0, { complete: [1] })
      .does('accept', { fd: 0 }, 'ECONNABORTED')
      .freed(1)
      .sees(0, { complete: [] })
      .does('close', { fd: 0 })
      .nothingLeft();
  });
});

describe('T12: sofree refuses what can still be accepted', () => {
  test('whatever the protocol gives up, a completed child goes only by accept and close, or by the drain', () => {
    for (const accepted of [true, false]) {
      const told = listener('tcp')
        .does('remote-connect', FIRST)
        .does('remote-fin', { which: 0, ack: true })
        .sees(1, { queue: 'complete', count: 0, noFdRef: true, rcv: SHUT, inp: { state: 'CLOSE_WAIT' } })
        .does('remote-rst', FIRST)
        .sees(1, { queue: 'complete', letter: 'DD' });
      if (accepted) told.does('accept', { fd: 0 }, 'ECONNABORTED').freed(1);
      told.does('close', { fd: 0 }).nothingLeft();
    }
  });
});

describe('T13: PROTOREF without a closed descriptor', () => {
  test('is never seen: the protocol claims it in pru_close, and in no state before', () => {
    active()
      .sees(0, { protoRef: false })
      .does('send', send(0), 1)
      .does('shutdown', { fd: 0, how: 'write' })
      .sees(0, { protoRef: false, noFdRef: false, inp: { state: 'FIN_WAIT_1', sockRef: false } })
      // Another reference to the file keeps the close from happening.
      .does('dup', { fd: 0 }, 1)
      .does('close', { fd: 0 })
      .sees(0, { protoRef: false, noFdRef: false, file: 1 })
      .does('close', { fd: 1 })
      .sees(0, { protoRef: true, noFdRef: true, file: 0, inp: { sockRef: true } })
      .does('remote-rst', FIRST)
      .nothingLeft();
  });
});

describe('T14: an accept filter keeps a connection back until it has data', () => {
  test('of TCP: the child is connected, and incomplete until its buffer is asked again', () => {
    listener('tcp')
      .does('setfilter', { fd: 0, on: true })
      .sees(0, { filter: 'set' })
      // connstatus is forced to 0; soisconnected sets CONNECTED and the upcall.
      .does('remote-connect', FIRST)
      .sees(1, { letter: 'CD', queue: 'incomplete', head: 0, filter: 'asks', noFdRef: true, count: 0, inp: { state: 'ESTABLISHED' } })
      .sees(0, { incomplete: [1], complete: [] })
      .does('setnbio', { fd: 0, on: true })
      .does('accept', { fd: 0 }, 'EWOULDBLOCK')
      // SU_ISCONNECTED: the upcall is cleared, and the child acceptable.
      .does('remote-data', FIRST)
      .sees(1, { letter: 'CD', queue: 'complete', filter: 'no' })
      .sees(0, { incomplete: [], complete: [1], filter: 'set' })
      .does('accept', { fd: 0 }, 1)
      .sees(1, { queue: 'none', head: null, noFdRef: false, count: 1 })
      .does('receive', receive(1), 1);
  });

  test('of UNIX: so is one whose end comes instead', () => {
    listener('unix')
      .does('setfilter', { fd: 0, on: true })
      .does('setfilter', { fd: 0, on: true }, 'EINVAL')
      .does('socket', socket('unix'), 1)
      .does('setfilter', { fd: 1, on: true }, 'EINVAL')
      .does('connect', connect(1, 0))
      .sees(2, { letter: 'CD', queue: 'incomplete', head: 0, filter: 'asks' })
      .does('close', { fd: 1 })
      .sees(2, { letter: 'DD', queue: 'complete', filter: 'no', rcv: SHUT })
      .does('accept', { fd: 0 }, 1)
      .does('receive', receive(1), 0)
      .does('close', { fd: 1 })
      .does('close', { fd: 0 })
      .nothingLeft();
  });

  test('a reset one is accepted as aborted', () => {
    listener('tcp')
      .does('setfilter', { fd: 0, on: true })
      .does('remote-connect', FIRST)
      .does('remote-rst', FIRST)
      .sees(1, { letter: 'DD', queue: 'complete', filter: 'no', error: 'ECONNRESET', inp: { dropped: true } })
      .does('accept', { fd: 0 }, 'ECONNABORTED')
      .freed(1);
  });

  test('all can be accepted when the filter is taken away, in the order in which they came', () => {
    listener('tcp')
      .does('setfilter', { fd: 0, on: true })
      .does('remote-connect', FIRST)
      .does('remote-connect', FIRST)
      .sees(0, { incomplete: [1, 2], complete: [] })
      .does('setfilter', { fd: 0, on: false })
      .sees(0, { incomplete: [], complete: [1, 2], filter: 'no' })
      .sees(1, { queue: 'complete', filter: 'no' })
      .does('remote-connect', FIRST)
      .sees(0, { incomplete: [], complete: [1, 2] });
  });

  test.each(['unix', 'tcp'] as const)('of %s: the oldest is aborted when there are more than the limit, and gives room', (protocol) => {
    const t = listener(protocol, 0).does('setfilter', { fd: 0, on: true }).does('socket', socket(protocol), 1);
    // The call can't wait for TCP, and is interrupted; the connection comes about.
    const waits = protocol === 'tcp' ? 'EINTR' : 0;
    t.does('connect', connect(1, 0), waits).does('settle').sees(2, { letter: 'CD', queue: 'incomplete', filter: 'asks' });
    t.does('socket', socket(protocol), 2).does('connect', connect(2, 0), waits).does('settle');
    t.sees(1, { letter: 'DD', error: protocol === 'unix' ? 'ECONNABORTED' : 'ECONNRESET' }).freed(2);
    t.sees(3, { letter: 'CD' })
      .sees(4, { letter: 'CD', queue: 'incomplete', filter: 'asks' })
      .sees(0, { incomplete: [4] });
  });
});

describe('T21: a second listen with a smaller backlog', () => {
  test('changes so_qlimit; who is queued stays, and others are refused until there are fewer', () => {
    listener('unix', 2)
      .does('socket', socket('unix'), 1)
      .does('connect', connect(1, 0))
      .does('socket', socket('unix'), 2)
      .does('connect', connect(2, 0))
      .sees(0, { limit: 2, complete: [2, 4] })
      .does('listen', { fd: 0, backlog: 0 })
      .sees(0, { limit: 0, complete: [2, 4] })
      .does('socket', socket('unix'), 3)
      .does('connect', connect(3, 0), 'ECONNREFUSED')
      .sees(5, { letter: 'C0' })
      .does('accept', { fd: 0 }, 4)
      // One is more than 3/2 of 0.
      .does('connect', connect(3, 0), 'ECONNREFUSED')
      .does('accept', { fd: 0 }, 5)
      .sees(0, { complete: [] });
  });
});

describe('T23: a pending error is reported once', () => {
  test('one receive gets ECONNRESET, the next end of file', () => {
    active()
      .does('remote-rst', FIRST)
      .sees(0, { letter: 'DD', error: 'ECONNRESET', rcv: SHUT })
      .does('receive', receive(0), 'ECONNRESET')
      .sees(0, { error: 'none' })
      .does('receive', receive(0), 0)
      .does('close', { fd: 0 })
      .nothingLeft();
  });
});

describe('T25: the completed queue overflows', () => {
  test('with a limit of 1 it takes a second connection, 3/2 of the limit being 1, and refuses the third', () => {
    listener('unix', 1)
      .does('socket', socket('unix'), 1)
      .does('connect', connect(1, 0))
      .does('socket', socket('unix'), 2)
      .does('connect', connect(2, 0))
      .sees(0, { limit: 1, complete: [2, 4] })
      .does('socket', socket('unix'), 3)
      .does('connect', connect(3, 0), 'ECONNREFUSED')
      .sees(0, { complete: [2, 4] })
      .sees(5, { letter: 'C0', rcv: OPEN, snd: OPEN });
  });
});

describe('T11: a UNIX datagram socket loses its peer', () => {
  test('it is told ECONNRESET once, has no peer then, and can take another', () => {
    tale()
      .does('socket', socket('dgram'))
      .does('bind', { fd: 0, name: 0 })
      .does('socket', socket('dgram'), 1)
      .does('bind', { fd: 1, name: 1 })
      .does('socket', socket('dgram'), 2)
      .does('connect', connect(2, 0))
      .sees(2, { letter: 'CD', inp: { peer: 0 } })
      // One way: who is connected to does not know.
      .sees(0, { letter: 'C0', inp: { peer: null } })
      .does('close', { fd: 0 })
      .freed(0)
      .sees(2, { letter: 'C0', error: 'ECONNRESET', inp: { peer: null } })
      .does('send', send(2), 'ECONNRESET')
      .sees(2, { error: 'none' })
      .does('send', send(2), 'EDESTADDRREQ')
      .does('connect', connect(2, 1))
      .sees(2, { letter: 'CD', error: 'none', inp: { peer: 1 } })
      .does('send', send(2), 1)
      .sees(1, { rcv: { cc: 1 } });
  });

  test('what it was told does not surface if it takes another peer first', () => {
    tale()
      .does('socket', socket('dgram'))
      .does('bind', { fd: 0, name: 0 })
      .does('socket', socket('dgram'), 1)
      .does('bind', { fd: 1, name: 1 })
      .does('socket', socket('dgram'), 2)
      .does('connect', connect(2, 0))
      .does('close', { fd: 0 })
      .sees(2, { error: 'ECONNRESET' })
      .does('connect', connect(2, 1))
      .sees(2, { letter: 'CD', error: 'none' })
      .does('send', send(2), 1);
  });
});

describe('T24: a connected datagram socket is connected to what is no address', () => {
  test('it is disconnected first, the protocol refuses, and CONNECTED stays cleared', () => {
    tale()
      .does('socket', socket('dgram'))
      .does('bind', { fd: 0, name: 0 })
      .does('socket', socket('dgram'), 1)
      .does('connect', connect(1, 0))
      .sees(1, { letter: 'CD' })
      // Nobody has this name.
      .does('connect', connect(1, 2), 'ENOENT')
      .sees(1, { letter: 'C0', inp: { peer: null } })
      .does('send', send(1), 'EDESTADDRREQ');
  });
});

const sendmsg = (fd: number, passed: number): Operation['args'] => ({ fd, passed });
const pair = (): Tale => tale().does('socketpair', socket('unix')).sees(0, { file: 1 }).sees(1, { file: 1 });

describe('T16: two sockets keep each other by descriptors in flight', () => {
  test('after both are closed only the collector can tell that nobody reaches them', () => {
    pair()
      // A goes over B, so that it lies in its own buffer.
      .does('sendmsg', sendmsg(1, 0), 1)
      .sees(0, { file: 2, rcv: { cc: 1 } })
      .does('close', { fd: 0 })
      .sees(0, { letter: 'CD', file: 1, noFdRef: false })
      .does('close', { fd: 1 })
      .freed(1)
      // Its only reference is in its own buffer.
      .sees(0, { letter: 'DD', file: 1, count: 1, noFdRef: false, rcv: { cc: 1 } })
      .does('collect')
      .nothingLeft();
  });

  test('and of two that lie in each other', () => {
    pair()
      .does('sendmsg', sendmsg(0, 0), 1)
      .does('sendmsg', sendmsg(1, 1), 1)
      .does('close', { fd: 0 })
      .does('close', { fd: 1 })
      .sees(0, { letter: 'CD', file: 1 })
      .sees(1, { letter: 'CD', file: 1 })
      .does('collect')
      .nothingLeft();
  });

  test('but nothing happens to what a descriptor leads to', () => {
    pair()
      .does('sendmsg', sendmsg(1, 0), 1)
      .does('collect')
      .sees(0, { letter: 'CD', file: 2, rcv: { cc: 1, ...OPEN } })
      .does('recvmsg', receive(0), 1)
      .sees(0, { file: 2, rcv: { cc: 0 } })
      .does('close', { fd: 2 })
      .sees(0, { file: 1 });
  });
});

describe('T17: a child that nobody has accepted holds a descriptor in its buffer', () => {
  /** Sockets: 0 listens, 1 is connected to its child 2, in whose buffer lies socket 3, or the listener itself. */
  const queued = (passed: number): Tale =>
    listener('unix')
      .does('socket', socket('unix'), 1)
      .does('connect', connect(1, 0))
      .does('socket', socket('unix'), 2)
      .sees(3, { file: 1 })
      .does('sendmsg', sendmsg(1, passed), 1)
      .sees(2, { queue: 'complete', rcv: { cc: 1 } });

  test('as long as the listener can be reached the child is, and what it holds', () => {
    queued(2)
      .does('close', { fd: 2 })
      .sees(3, { file: 1 })
      .does('close', { fd: 1 })
      .does('collect')
      .sees(3, { file: 1 })
      .sees(2, { queue: 'complete' })
      .does('accept', { fd: 0 }, 1)
      .does('recvmsg', receive(1), 1)
      .sees(3, { file: 1 });
  });

  test('a listener that lies in the buffer of its own child is collected, and the child aborted', () => {
    queued(0)
      .does('close', { fd: 0 })
      .sees(0, { file: 1, acceptConn: true, noFdRef: false })
      .does('close', { fd: 1 })
      .does('close', { fd: 2 })
      .sees(0, { file: 1, complete: [2] })
      .does('collect')
      .nothingLeft();
  });
});

describe('T18: a descriptor is passed to a socket that is closed before it receives', () => {
  test('the right is given up as the buffer is disposed of, and its file closed after that', () => {
    pair()
      .does('socket', socket('unix'), 2)
      .does('sendmsg', sendmsg(0, 2), 1)
      .sees(2, { file: 2 })
      .does('close', { fd: 2 })
      .sees(2, { file: 1 })
      .does('close', { fd: 1 })
      .freed(1)
      // On the deferred list: no close is inside another.
      .sees(2, { file: 1, noFdRef: false })
      .does('collect')
      .freed(2)
      .does('close', { fd: 0 })
      .nothingLeft();
  });
});
