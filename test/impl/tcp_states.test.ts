/** Every state of a connection meets every kind of segment. Host 2 is played by hand. */

import { describe, expect, test } from 'vitest';
import { ECONNREFUSED, ECONNRESET } from '../../impl/errno.ts';
import { inp_zone, SHUT_WR, socket_zone, syncache_zone, tcpcb_zone, tcptw_zone } from '../../impl/layout.ts';
import { INP_DROPPED, inp_flags } from '../../impl/netinet/layout.ts';
import { get } from '../../impl/memory.ts';
import {
  TCPS_CLOSE_WAIT,
  TCPS_CLOSED,
  TCPS_CLOSING,
  TCPS_ESTABLISHED,
  TCPS_FIN_WAIT_1,
  TCPS_FIN_WAIT_2,
  TCPS_LAST_ACK,
  TCPS_LISTEN,
  TCPS_SYN_RECEIVED,
  TCPS_SYN_SENT,
  TCPS_TIME_WAIT,
} from '../../impl/netinet/tcp_fsm.ts';
import { established, Peer, Rig, synSent } from './tcp_rig.ts';

type State =
  | 'SYN_SENT'
  | 'SYN_RECEIVED'
  | 'ESTABLISHED'
  | 'CLOSE_WAIT'
  | 'FIN_WAIT_1'
  | 'FIN_WAIT_2'
  | 'CLOSING'
  | 'LAST_ACK'
  | 'TIME_WAIT';

const NUMBER: Readonly<Record<State, number>> = {
  SYN_SENT: TCPS_SYN_SENT,
  SYN_RECEIVED: TCPS_SYN_RECEIVED,
  ESTABLISHED: TCPS_ESTABLISHED,
  CLOSE_WAIT: TCPS_CLOSE_WAIT,
  FIN_WAIT_1: TCPS_FIN_WAIT_1,
  FIN_WAIT_2: TCPS_FIN_WAIT_2,
  CLOSING: TCPS_CLOSING,
  LAST_ACK: TCPS_LAST_ACK,
  TIME_WAIT: TCPS_TIME_WAIT,
};

/** A connection in the given state. `end` says how the rig ends its side, where the state needs that. */
function reach(rig: Rig, state: State, end: 'shutdown' | 'close'): { fd: number; peer: Peer; inp: number } {
  if (state === 'SYN_SENT') {
    const { fd, peer } = synSent(rig);
    return { fd, peer, inp: rig.inp(fd) };
  }
  const { fd, peer } = established(rig);
  const inp = rig.inp(fd);
  const finish = (): void => {
    expect(end === 'close' ? rig.close(fd) : rig.shutdown(fd, SHUT_WR)).toBe(0);
    expect(peer.takeFlags()).toEqual(['FA']);
  };
  if (state === 'CLOSE_WAIT' || state === 'LAST_ACK') {
    peer.send('FA');
    expect(peer.takeFlags()).toEqual(['A']);
    if (state === 'LAST_ACK') finish();
  } else if (state === 'CLOSING') {
    const before = peer.ack;
    finish();
    // Their FIN crosses ours: it does not acknowledge it.
    const after = peer.ack;
    peer.ack = before;
    peer.send('FA');
    peer.ack = after;
    expect(peer.takeFlags()).toEqual(['A']);
  } else if (state !== 'ESTABLISHED') {
    finish();
    if (state !== 'FIN_WAIT_1') peer.send('A');
    if (state === 'TIME_WAIT') {
      peer.send('FA');
      expect(peer.takeFlags()).toEqual(['A']);
    }
  }
  expect(peer.takeFlags()).toEqual([]);
  return { fd, peer, inp };
}

interface Case {
  readonly in: State;
  /** What arrives: flags, and where it is not in sequence. */
  readonly arrives: string;
  readonly do: (peer: Peer) => void;
  /** The state afterwards, or 'dropped'. */
  readonly then: State | 'dropped';
  readonly reply: readonly string[];
  readonly error?: number;
}

const finOf = (peer: Peer): void => peer.sendAt((peer.seq - 1) | 0, 'FA');
const withoutAckOfFin = (peer: Peer, flags: string): void => {
  const ack = peer.ack;
  peer.ack = (ack - 1) | 0;
  peer.send(flags);
  peer.ack = ack;
};
const reset = (peer: Peer): void => peer.send('R');
const strayReset = (peer: Peer): void => peer.sendAt((peer.seq + 500_000) | 0, 'R');
const oldReset = (peer: Peer): void => peer.sendAt((peer.seq - 1) | 0, 'R');
const ack = (peer: Peer): void => peer.send('A');
const fin = (peer: Peer): void => peer.send('FA');
const data = (peer: Peer): void => peer.send('A', 'abc');
const syn = (peer: Peer): void => peer.sendAt(peer.seq, 'S');
const tooFar = (peer: Peer): void => {
  const was = peer.ack;
  peer.ack = (was + 5000) | 0;
  peer.sendAt(peer.seq, 'A');
  peer.ack = was;
};
const noAck = (peer: Peer): void => peer.sendAt(peer.seq, 'F');

const CASES: readonly Case[] = [
  { in: 'SYN_SENT', arrives: 'SYN|ACK', do: (peer) => peer.send('SA'), then: 'ESTABLISHED', reply: ['A'] },
  { in: 'SYN_SENT', arrives: 'RST|ACK', do: (peer) => peer.send('RA'), then: 'dropped', reply: [], error: ECONNREFUSED },
  { in: 'SYN_SENT', arrives: 'RST without ACK', do: reset, then: 'SYN_SENT', reply: [] },
  { in: 'SYN_SENT', arrives: 'ACK', do: ack, then: 'SYN_SENT', reply: [] },
  { in: 'SYN_SENT', arrives: 'FIN', do: fin, then: 'SYN_SENT', reply: [] },
  { in: 'SYN_SENT', arrives: 'data', do: data, then: 'SYN_SENT', reply: [] },
  { in: 'SYN_SENT', arrives: 'SYN (simultaneous open)', do: syn, then: 'SYN_RECEIVED', reply: ['SA'] },
  { in: 'SYN_SENT', arrives: 'an ACK of what was never sent', do: tooFar, then: 'SYN_SENT', reply: ['R'] },

  { in: 'ESTABLISHED', arrives: 'RST', do: reset, then: 'dropped', reply: [], error: ECONNRESET },
  { in: 'ESTABLISHED', arrives: 'RST outside the window', do: strayReset, then: 'ESTABLISHED', reply: [] },
  { in: 'ESTABLISHED', arrives: 'an old RST', do: oldReset, then: 'ESTABLISHED', reply: [] },
  { in: 'ESTABLISHED', arrives: 'ACK', do: ack, then: 'ESTABLISHED', reply: [] },
  { in: 'ESTABLISHED', arrives: 'FIN', do: fin, then: 'CLOSE_WAIT', reply: ['A'] },
  { in: 'ESTABLISHED', arrives: 'data', do: data, then: 'ESTABLISHED', reply: ['A'] },
  { in: 'ESTABLISHED', arrives: 'SYN', do: syn, then: 'dropped', reply: ['RA'], error: ECONNRESET },
  { in: 'ESTABLISHED', arrives: 'an ACK of what was never sent', do: tooFar, then: 'ESTABLISHED', reply: ['A'] },
  { in: 'ESTABLISHED', arrives: 'a FIN without ACK', do: noAck, then: 'ESTABLISHED', reply: [] },

  { in: 'CLOSE_WAIT', arrives: 'RST', do: reset, then: 'dropped', reply: [], error: ECONNRESET },
  { in: 'CLOSE_WAIT', arrives: 'RST outside the window', do: strayReset, then: 'CLOSE_WAIT', reply: [] },
  { in: 'CLOSE_WAIT', arrives: 'ACK', do: ack, then: 'CLOSE_WAIT', reply: [] },
  { in: 'CLOSE_WAIT', arrives: 'the FIN again', do: finOf, then: 'CLOSE_WAIT', reply: ['A'] },
  { in: 'CLOSE_WAIT', arrives: 'data behind the FIN', do: data, then: 'CLOSE_WAIT', reply: [] },

  { in: 'FIN_WAIT_1', arrives: 'RST', do: reset, then: 'dropped', reply: [], error: ECONNRESET },
  { in: 'FIN_WAIT_1', arrives: 'RST outside the window', do: strayReset, then: 'FIN_WAIT_1', reply: [] },
  { in: 'FIN_WAIT_1', arrives: 'ACK of our FIN', do: ack, then: 'FIN_WAIT_2', reply: [] },
  { in: 'FIN_WAIT_1', arrives: 'ACK of less', do: (peer) => withoutAckOfFin(peer, 'A'), then: 'FIN_WAIT_1', reply: [] },
  { in: 'FIN_WAIT_1', arrives: 'FIN that acknowledges ours', do: fin, then: 'TIME_WAIT', reply: ['A'] },
  { in: 'FIN_WAIT_1', arrives: 'FIN that does not', do: (peer) => withoutAckOfFin(peer, 'FA'), then: 'CLOSING', reply: ['A'] },
  { in: 'FIN_WAIT_1', arrives: 'data', do: data, then: 'FIN_WAIT_2', reply: ['A'] },
  { in: 'FIN_WAIT_1', arrives: 'SYN', do: syn, then: 'dropped', reply: ['RA'], error: ECONNRESET },

  { in: 'FIN_WAIT_2', arrives: 'RST', do: reset, then: 'dropped', reply: [], error: ECONNRESET },
  { in: 'FIN_WAIT_2', arrives: 'RST outside the window', do: strayReset, then: 'FIN_WAIT_2', reply: [] },
  { in: 'FIN_WAIT_2', arrives: 'ACK', do: ack, then: 'FIN_WAIT_2', reply: [] },
  { in: 'FIN_WAIT_2', arrives: 'FIN', do: fin, then: 'TIME_WAIT', reply: ['A'] },
  { in: 'FIN_WAIT_2', arrives: 'data', do: data, then: 'FIN_WAIT_2', reply: ['A'] },

  { in: 'CLOSING', arrives: 'RST', do: reset, then: 'dropped', reply: [], error: 0 },
  { in: 'CLOSING', arrives: 'ACK of our FIN', do: ack, then: 'TIME_WAIT', reply: [] },
  { in: 'CLOSING', arrives: 'the FIN again, with the ACK', do: finOf, then: 'TIME_WAIT', reply: ['A'] },
  { in: 'CLOSING', arrives: 'ACK of less', do: (peer) => withoutAckOfFin(peer, 'A'), then: 'CLOSING', reply: [] },

  { in: 'LAST_ACK', arrives: 'RST', do: reset, then: 'dropped', reply: [], error: 0 },
  { in: 'LAST_ACK', arrives: 'ACK of our FIN', do: ack, then: 'dropped', reply: [], error: 0 },
  {
    in: 'LAST_ACK',
    arrives: 'the FIN again',
    do: (peer) => {
      peer.ack = (peer.ack - 1) | 0;
      finOf(peer);
    },
    then: 'LAST_ACK',
    reply: ['A'],
  },

  { in: 'TIME_WAIT', arrives: 'RST', do: reset, then: 'TIME_WAIT', reply: [] },
  { in: 'TIME_WAIT', arrives: 'ACK', do: ack, then: 'TIME_WAIT', reply: [] },
  { in: 'TIME_WAIT', arrives: 'the FIN again', do: finOf, then: 'TIME_WAIT', reply: ['A'] },
  { in: 'TIME_WAIT', arrives: 'data', do: data, then: 'TIME_WAIT', reply: ['A'] },
  { in: 'TIME_WAIT', arrives: 'an old SYN', do: (peer) => peer.sendAt((peer.seq - 50) | 0, 'S'), then: 'TIME_WAIT', reply: [] },
  {
    in: 'TIME_WAIT',
    arrives: 'a new SYN, and nobody listens',
    do: (peer) => peer.sendAt((peer.seq + 50) | 0, 'S'),
    then: 'dropped',
    reply: ['RA'],
  },
];

describe('a connection whose user still has the descriptor', () => {
  for (const c of CASES) {
    test(`${c.in}: ${c.arrives} → ${c.then}`, () => {
      const rig = new Rig();
      const { fd, peer, inp } = reach(rig, c.in, 'shutdown');
      expect(rig.state(fd)).toBe(NUMBER[c.in]);
      c.do(peer);
      expect(peer.takeFlags()).toEqual(c.reply);
      const dropped = (get(rig.k, inp + inp_flags) & INP_DROPPED) !== 0;
      expect(dropped).toBe(c.then === 'dropped');
      if (c.then !== 'dropped') expect(rig.state(fd)).toBe(NUMBER[c.then]);
      expect(rig.soError(fd)).toBe(c.error ?? 0);
      rig.close(fd);
      rig.expectNothingLeft();
    });
  }
});

describe('a connection whose descriptor is closed', () => {
  const ORPHANS: readonly (Pick<Case, 'in' | 'arrives' | 'do' | 'reply'> & { readonly then: State | 'freed' })[] = [
    { in: 'FIN_WAIT_1', arrives: 'RST', do: reset, then: 'freed', reply: [] },
    { in: 'FIN_WAIT_1', arrives: 'ACK of our FIN', do: ack, then: 'FIN_WAIT_2', reply: [] },
    { in: 'FIN_WAIT_1', arrives: 'FIN that acknowledges ours', do: fin, then: 'TIME_WAIT', reply: ['A'] },
    { in: 'FIN_WAIT_1', arrives: 'FIN that does not', do: (peer) => withoutAckOfFin(peer, 'FA'), then: 'CLOSING', reply: ['A'] },
    { in: 'FIN_WAIT_1', arrives: 'data', do: data, then: 'freed', reply: ['R'] },
    { in: 'FIN_WAIT_2', arrives: 'RST', do: reset, then: 'freed', reply: [] },
    { in: 'FIN_WAIT_2', arrives: 'FIN', do: fin, then: 'TIME_WAIT', reply: ['A'] },
    { in: 'FIN_WAIT_2', arrives: 'data', do: data, then: 'freed', reply: ['R'] },
    { in: 'FIN_WAIT_2', arrives: 'old data', do: (peer) => peer.sendAt((peer.seq - 3) | 0, 'A', 'old'), then: 'FIN_WAIT_2', reply: ['A'] },
    { in: 'CLOSING', arrives: 'RST', do: reset, then: 'freed', reply: [] },
    { in: 'CLOSING', arrives: 'ACK of our FIN', do: ack, then: 'TIME_WAIT', reply: [] },
    { in: 'LAST_ACK', arrives: 'RST', do: reset, then: 'freed', reply: [] },
    { in: 'LAST_ACK', arrives: 'ACK of our FIN', do: ack, then: 'freed', reply: [] },
    { in: 'TIME_WAIT', arrives: 'RST', do: reset, then: 'TIME_WAIT', reply: [] },
    { in: 'TIME_WAIT', arrives: 'the FIN again', do: finOf, then: 'TIME_WAIT', reply: ['A'] },
  ];
  for (const c of ORPHANS) {
    test(`${c.in}: ${c.arrives} → ${c.then}`, () => {
      const rig = new Rig();
      const { peer } = reach(rig, c.in, 'close');
      // TIME_WAIT needs no socket: TCP's reference went, and with it the socket, but the pcb is still there.
      expect(rig.inuse(socket_zone)).toBe(c.in === 'TIME_WAIT' ? 0 : 1);
      expect(rig.inuse(inp_zone)).toBe(1);
      c.do(peer);
      expect(peer.takeFlags()).toEqual(c.reply);
      expect(rig.inuse(socket_zone)).toBe(c.then === 'freed' || c.then === 'TIME_WAIT' ? 0 : 1);
      expect(rig.inuse(tcptw_zone)).toBe(c.then === 'TIME_WAIT' ? 1 : 0);
      expect(rig.inuse(tcpcb_zone)).toBe(c.then === 'freed' || c.then === 'TIME_WAIT' ? 0 : 1);
      expect(rig.inuse(inp_zone)).toBe(c.then === 'freed' ? 0 : 1);
      rig.expectNothingLeft();
    });
  }

  test('without an answer to its FIN it is given up and freed', () => {
    const rig = new Rig();
    reach(rig, 'FIN_WAIT_1', 'close');
    rig.expectNothingLeft();
  });
});

describe('a port with no connection', () => {
  const CASES_CLOSED: readonly (readonly [string, string, readonly string[]])[] = [
    ['SYN', 'S', ['RA']],
    ['ACK', 'A', ['R']],
    ['RST', 'R', []],
    ['RST|ACK', 'RA', []],
    ['FIN', 'F', ['RA']],
    ['SYN|ACK', 'SA', ['R']],
  ];
  for (const [name, flags, reply] of CASES_CLOSED) {
    test(`nobody: ${name} is answered by ${JSON.stringify(reply)}`, () => {
      const rig = new Rig();
      const peer = new Peer(rig, 9, 80);
      peer.send(flags);
      expect(peer.takeFlags()).toEqual(reply);
      rig.expectNothingLeft();
    });
    test(`bound, in CLOSED: ${name} is answered by ${JSON.stringify(reply)}`, () => {
      const rig = new Rig();
      const fd = rig.socket();
      expect(rig.bind(fd, 80)).toBe(0);
      const peer = new Peer(rig, 9, 80);
      peer.send(flags);
      expect(peer.takeFlags()).toEqual(reply);
      expect(rig.state(fd)).toBe(TCPS_CLOSED);
      rig.close(fd);
      rig.expectNothingLeft();
    });
  }

  test('a reset names the numbers that RFC 793 asks for', () => {
    const rig = new Rig();
    const peer = new Peer(rig, 9, 80, 700);
    peer.send('S', 'hello');
    expect(rig.sent()).toMatchObject([{ flags: 'RA', seq: 0, ack: 706 }]);
    peer.ack = 4321;
    peer.send('A', 'x');
    expect(rig.sent()).toMatchObject([{ flags: 'R', seq: 4321, ack: 0 }]);
  });
});

describe('a listener', () => {
  const LISTEN: readonly (readonly [string, string, readonly string[], number])[] = [
    ['SYN', 'S', ['SA'], 1],
    ['RST', 'R', [], 0],
    ['ACK', 'A', ['R'], 0],
    ['FIN|ACK', 'FA', ['R'], 0],
    ['FIN', 'F', [], 0],
    ['SYN|ACK', 'SA', ['R'], 0],
    ['SYN|FIN', 'SF', [], 0],
  ];
  for (const [name, flags, reply, entries] of LISTEN) {
    test(`LISTEN: ${name} is answered by ${JSON.stringify(reply)}`, () => {
      const rig = new Rig();
      const fd = rig.listener(80);
      const peer = new Peer(rig, 9, 80);
      peer.send(flags);
      expect(peer.takeFlags()).toEqual(reply);
      expect(rig.inuse(syncache_zone)).toBe(entries);
      expect(rig.state(fd)).toBe(TCPS_LISTEN);
      rig.close(fd);
      rig.expectNothingLeft();
    });
  }

  /** Handshake as far as the syncache. */
  function half(rig: Rig): Peer {
    const peer = new Peer(rig, 9, 80);
    peer.send('S');
    expect(peer.takeFlags()).toEqual(['SA']);
    return peer;
  }

  test('SYN_RECEIVED: ACK makes the connection, complete in the queue', () => {
    const rig = new Rig();
    const fd = rig.listener(80);
    const peer = half(rig);
    expect(rig.inuse(socket_zone)).toBe(1);
    peer.send('A');
    expect(peer.takeFlags()).toEqual([]);
    expect(rig.inuse(syncache_zone)).toBe(0);
    const child = rig.accept(fd);
    expect(child).toBeGreaterThan(fd);
    expect(rig.state(child)).toBe(TCPS_ESTABLISHED);
    rig.close(child);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('SYN_RECEIVED: the ACK may bring data and FIN', () => {
    const rig = new Rig();
    const fd = rig.listener(80);
    const peer = half(rig);
    peer.send('FA', 'hi');
    expect(peer.takeFlags()).toEqual(['A']);
    const child = rig.accept(fd);
    expect(rig.state(child)).toBe(TCPS_CLOSE_WAIT);
    expect(rig.recvText(child)).toBe('hi');
    expect(rig.recvText(child)).toBe('');
    rig.close(child);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('SYN_RECEIVED: RST in the window forgets the handshake, one outside does not', () => {
    const rig = new Rig();
    const fd = rig.listener(80);
    const peer = half(rig);
    peer.sendAt((peer.seq + 500_000) | 0, 'R');
    expect(rig.inuse(syncache_zone)).toBe(1);
    peer.send('R');
    expect(rig.inuse(syncache_zone)).toBe(0);
    peer.send('A');
    expect(peer.takeFlags()).toEqual(['R']);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('SYN_RECEIVED: a wrong ACK is reset, the right one still counts; the SYN again gets the same answer', () => {
    const rig = new Rig();
    const fd = rig.listener(80);
    const peer = half(rig);
    peer.sendAt((peer.seq - 1) | 0, 'S');
    const again = rig.sent();
    expect(again).toMatchObject([{ flags: 'SA', seq: (peer.ack - 1) | 0, ack: peer.seq }]);
    peer.ack = (peer.ack + 7) | 0;
    peer.sendAt(peer.seq, 'A');
    expect(peer.takeFlags()).toEqual(['R']);
    peer.ack = (peer.ack - 7) | 0;
    peer.send('A');
    expect(rig.accept(fd)).toBeGreaterThan(fd);
    rig.close(1);
    rig.close(fd);
  });

  test('SYN_RECEIVED: the SYN|ACK is sent again three times, then forgotten', () => {
    const rig = new Rig();
    const fd = rig.listener(80);
    const peer = half(rig);
    const answers: string[] = [];
    for (let i = 0; i < 2000 && rig.inuse(syncache_zone) > 0; i++) {
      rig.tick(1);
      answers.push(...peer.takeFlags());
    }
    expect(answers).toEqual(['SA', 'SA', 'SA']);
    expect(rig.inuse(syncache_zone)).toBe(0);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('a full queue: the third connection beyond 3/2 of the backlog is reset', () => {
    const rig = new Rig();
    const fd = rig.listener(80, 1);
    const replies: string[][] = [];
    for (let port = 11; port <= 13; port++) {
      const peer = new Peer(rig, port, 80);
      peer.send('S');
      expect(peer.takeFlags()).toEqual(['SA']);
      peer.send('A');
      replies.push(peer.takeFlags());
    }
    expect(replies).toEqual([[], [], ['R']]);
    rig.close(fd);
    expect(rig.sent().map((segment) => segment.flags)).toEqual(['RA', 'RA']);
    rig.expectNothingLeft();
  });

  test('when the syncache is full the oldest handshake makes room', () => {
    const rig = new Rig({ tcpHalfOpen: 2 });
    const fd = rig.listener(80);
    const peers = [11, 12, 13].map((port) => new Peer(rig, port, 80));
    for (const peer of peers) {
      peer.send('S');
      expect(peer.takeFlags()).toEqual(['SA']);
    }
    const replies = peers.map((peer) => {
      peer.send('A');
      return peer.takeFlags();
    });
    expect(replies).toEqual([['R'], [], []]);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('TIME_WAIT gives way to a new SYN for the listener', () => {
    const rig = new Rig();
    const fd = rig.listener(80);
    const peer = half(rig);
    peer.send('A');
    const child = rig.accept(fd);
    expect(rig.close(child)).toBe(0);
    expect(peer.takeFlags()).toEqual(['FA']);
    peer.send('FA');
    expect(peer.takeFlags()).toEqual(['A']);
    expect(rig.inuse(tcptw_zone)).toBe(1);
    const again = new Peer(rig, 9, 80, (peer.seq + 1000) | 0);
    again.send('S');
    expect(again.takeFlags()).toEqual(['SA']);
    expect(rig.inuse(tcptw_zone)).toBe(0);
    again.send('A');
    expect(rig.accept(fd)).toBe(child);
    rig.close(child);
    rig.close(fd);
    rig.expectNothingLeft();
  });
});
