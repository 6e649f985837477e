/** Urgent data: one byte that lies apart, and a mark that readers stop at. */
import { describe, expect, it, test } from 'vitest';
import { ECONNRESET, EINVAL, ENOBUFS, EOPNOTSUPP, EWOULDBLOCK } from '../../impl/errno.ts';
import { MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_WAITALL, SO_OOBINLINE, SOL_SOCKET, sb_cc, so_snd } from '../../impl/layout.ts';
import { copyBytesIn, copyBytesOut, fixed, get } from '../../impl/memory.ts';
import {
  h_user,
  NO_ADDRESS,
  sys_recvfrom,
  sys_sendto,
  sys_setsockopt,
  sys_sockatmark,
  TH_ACK,
  TH_URG,
  TH_URP_SHIFT,
  td_user,
  wire_drop,
  wire_duplicate,
  wire_defer,
  wire_deliver,
  wire_inject,
  wire_length,
} from '../../impl/raw.ts';
import { tcp_probe_rcv_nxt } from '../../impl/netinet/tcp_probe.ts';
import { established, type Peer, Rig } from './tcp_rig.ts';
import { World } from './world.ts';

const urgentFlags = (pointer: number): number => TH_ACK | TH_URG | (pointer << TH_URP_SHIFT);

/** Bytes from the peer, `pointer` of which up to and with the urgent one. */
function says(rig: Rig, peer: Peer, text: string, pointer: number, at = peer.seq): void {
  const bytes = new TextEncoder().encode(text);
  copyBytesIn(rig.k, fixed(rig.k, h_user) + get(rig.k, rig.td + td_user), bytes, 0, bytes.length);
  const user = get(rig.k, rig.td + td_user);
  wire_inject(rig.k, rig.td, 6, 2, peer.port, 1, peer.local, at, peer.ack, urgentFlags(pointer), peer.window, user, bytes.length);
  if (at === peer.seq) peer.seq += bytes.length;
  rig.deliver();
}

function oob(rig: Rig, fd: number, flags = 0): string | number {
  const user = get(rig.k, rig.td + td_user);
  const result = sys_recvfrom(rig.k, rig.td, fd, user, 1, MSG_OOB | flags);
  if (result < 0) return result;
  const bytes = new Uint8Array(result);
  copyBytesOut(rig.k, fixed(rig.k, h_user) + user, bytes, 0, result);
  return new TextDecoder().decode(bytes);
}

const atMark = (rig: Rig, fd: number): number => sys_sockatmark(rig.k, rig.td, fd);

describe('the urgent byte', () => {
  it('is read by itself, once, and not with the others, which stop where it was', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    expect(oob(rig, fd)).toBe(-EINVAL);
    says(rig, peer, 'abcX', 4);
    peer.send('A', 'def');
    rig.deliver();
    expect(oob(rig, fd, MSG_PEEK)).toBe('X');
    expect(oob(rig, fd)).toBe('X');
    expect(oob(rig, fd)).toBe(-EINVAL);
    expect(atMark(rig, fd)).toBe(0);
    expect(rig.recvText(fd, 2)).toBe('ab');
    expect(rig.recvText(fd, 100)).toBe('c');
    expect(atMark(rig, fd)).toBe(1);
    expect(rig.recvText(fd, 100)).toBe('def');
    expect(atMark(rig, fd)).toBe(0);
    expect(oob(rig, fd)).toBe(-EINVAL);
  });

  it('is a matter of waiting when it is announced and has not come', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    says(rig, peer, '', 3);
    expect(oob(rig, fd)).toBe(-EWOULDBLOCK);
    peer.send('A', 'ab');
    rig.deliver();
    expect(oob(rig, fd)).toBe(-EWOULDBLOCK);
    expect(rig.recvText(fd)).toBe('ab');
    expect([atMark(rig, fd), oob(rig, fd)]).toEqual([1, -EWOULDBLOCK]);
    says(rig, peer, 'X', 1);
    expect(oob(rig, fd)).toBe('X');
  });

  it('gives way to a later one, and is lost with it', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    says(rig, peer, 'aX', 2);
    says(rig, peer, 'bY', 2);
    expect(oob(rig, fd)).toBe('Y');
    // F93 and Linux TCP lose the first; Linux AF_UNIX would put it back among the others.
    expect(rig.recvText(fd)).toBe('ab');
    expect(atMark(rig, fd)).toBe(1);
  });

  it('comes out of order as if it came in order', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    says(rig, peer, 'cdX', 3, (peer.seq + 2) | 0);
    expect(oob(rig, fd)).toBe(-EWOULDBLOCK);
    peer.send('A', 'abcd');
    rig.deliver();
    expect(oob(rig, fd)).toBe('X');
    expect(rig.recvText(fd)).toBe('abcd');
    expect(tcp_probe_rcv_nxt(rig.k, rig.inp(fd))).toBe((peer.seq + 1) | 0);
  });

  it('stays among the others if that is asked for: the mark is before it', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    const user = get(rig.k, rig.td + td_user);
    copyBytesIn(rig.k, fixed(rig.k, h_user) + user, new Uint8Array([1, 0, 0, 0]), 0, 4);
    expect(sys_setsockopt(rig.k, rig.td, fd, SOL_SOCKET, SO_OOBINLINE, user)).toBe(0);
    says(rig, peer, 'abX', 3);
    expect(oob(rig, fd)).toBe(-EINVAL);
    expect(rig.recvText(fd)).toBe('ab');
    expect(atMark(rig, fd)).toBe(1);
    expect(rig.recvText(fd)).toBe('X');
    expect(atMark(rig, fd)).toBe(0);
  });

  it('is gone with the connection', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    says(rig, peer, 'X', 1);
    peer.send('R');
    rig.deliver();
    expect(oob(rig, fd)).toBe(-ECONNRESET);
  });

  it('does not exist for other protocols', () => {
    const w = new World();
    const [a, b] = w.pair();
    expect(w.send(a, 'x', undefined, MSG_OOB)).toBe(-EOPNOTSUPP);
    for (const fd of [b, w.socket('udp'), w.socket('raw')]) expect(w.recv(fd, 1, MSG_OOB)).toBe(-EOPNOTSUPP);
    expect(w.leftOver().mbufs).toBe(0);
  });
});

describe('a reader', () => {
  it('that waits for all, or only looks, stops at the mark', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    says(rig, peer, 'abX', 3);
    peer.send('A', 'cd');
    rig.deliver();
    const user = get(rig.k, rig.td + td_user);
    expect(sys_recvfrom(rig.k, rig.td, fd, user, 10, MSG_PEEK)).toBe(2);
    expect(atMark(rig, fd)).toBe(0);
    expect(sys_recvfrom(rig.k, rig.td, fd, user, 4, MSG_WAITALL)).toBe(2);
    expect(atMark(rig, fd)).toBe(1);
    // A look is no step beyond (F93 takes the mark away).
    expect(sys_recvfrom(rig.k, rig.td, fd, user, 10, MSG_PEEK)).toBe(2);
    expect(atMark(rig, fd)).toBe(1);
  });
});

describe('a sender', () => {
  const sends = (rig: Rig, fd: number, length: number, flags: number): number =>
    sys_sendto(rig.k, rig.td, fd, get(rig.k, rig.td + td_user), length, flags, NO_ADDRESS, 0);

  it('tells the peer at once, also when its window is closed, and with every segment before the byte', () => {
    const rig = new Rig({ tcpSegmentBytes: 4 });
    const { fd, peer } = established(rig, 0);
    expect(sends(rig, fd, 6, MSG_OOB)).toBe(6);
    const told = rig.sent();
    expect(told).toHaveLength(1);
    expect(told[0]?.flags).toContain('U');
    peer.window = 100;
    peer.send('A');
    rig.deliver();
    expect(rig.sent().map(({ flags, urgent }) => [flags.includes('U'), urgent])).toEqual([
      [true, 6],
      [true, 2],
    ]);
  });

  it('has 1024 bytes more room, until it has gone 512 beyond', () => {
    const rig = new Rig({ sendSpace: 100, sendLowWater: 1, mbufs: 200, mbufBytes: 256, userBytes: 4096 });
    const { fd } = established(rig, 0);
    expect(sends(rig, fd, 100, 0)).toBe(100);
    expect(sends(rig, fd, 1, MSG_DONTWAIT)).toBe(-EWOULDBLOCK);
    expect(sends(rig, fd, 512, MSG_OOB | MSG_DONTWAIT)).toBe(512);
    expect(sends(rig, fd, 1, MSG_OOB | MSG_DONTWAIT)).toBe(1);
    expect(sends(rig, fd, 1, MSG_OOB | MSG_DONTWAIT)).toBe(-ENOBUFS);
    expect(get(rig.k, rig.so(fd) + so_snd + sb_cc)).toBe(613);
  });
});

/** Over a wire that loses, repeats and reorders: the bytes arrive all the same, in order, once; each urgent byte last of what was before its mark. */
function transfer(seed: number): void {
  let dice = seed;
  const roll = (sides: number): number => {
    dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0;
    return Math.floor((dice / 2 ** 32) * sides);
  };
  const rig = new Rig(
    { sendSpace: 200, recvSpace: 200, tcpSegmentBytes: 7, mbufBytes: 16, mbufs: 400, sendLowWater: 1, wireSegments: 64 },
    roll(2) === 0 ? -40 : 7000,
  );
  const { k, td } = rig;
  const listener = rig.listener(5);
  const from = rig.socket();
  rig.connect(from, 1, 5);
  rig.deliver();
  const to = rig.accept(listener);
  const user = get(k, td + td_user);
  const inOrder: number[] = [];
  const apart: number[] = [];
  const got: number[] = [];
  const gotApart: number[] = [];
  let next = 1;
  let pending = false;
  const readApart = (): void => {
    const result = oob(rig, to);
    if (typeof result === 'number') return;
    gotApart.push(result.charCodeAt(0));
    pending = false;
  };
  const read = (): void => {
    // Who reads on behind the mark can't have the urgent byte any more: that is BSD's rule.
    if (atMark(rig, to) === 1 && pending) {
      readApart();
      return;
    }
    const result = sys_recvfrom(k, td, to, user, 1 + roll(30), MSG_DONTWAIT);
    if (result <= 0) return;
    const bytes = new Uint8Array(result);
    copyBytesOut(k, fixed(k, h_user) + user, bytes, 0, result);
    got.push(...bytes);
  };
  const send = (count: number, urgent: boolean): void => {
    const bytes = Uint8Array.from({ length: count }, () => (next++ % 127) + 1);
    copyBytesIn(k, fixed(k, h_user) + user, bytes, 0, count);
    const taken = sys_sendto(k, td, from, user, count, (urgent ? MSG_OOB : 0) | MSG_DONTWAIT, NO_ADDRESS, 0);
    if (taken <= 0) return;
    // All of an urgent send goes: there is always room for it.
    if (urgent) {
      inOrder.push(...bytes.subarray(0, taken - 1));
      apart.push(bytes[taken - 1] ?? 0);
      pending = true;
    } else inOrder.push(...bytes.subarray(0, taken));
  };
  for (let step = 0; step < 600; step++) {
    const what = roll(12);
    if (what < 3) send(1 + roll(20), false);
    else if (what === 3 && !pending) send(1 + roll(20), true);
    else if (what < 6) read();
    else if (what === 6) readApart();
    else if (what === 7) rig.tick(1 + roll(30));
    else if (wire_length(k, td, 0) > 0) {
      const how = roll(8);
      if (how === 0) wire_drop(k, td, 0);
      else if (how === 1) wire_duplicate(k, td);
      else if (how === 2) wire_defer(k, td, 0);
      else wire_deliver(k, td);
    }
  }
  for (let round = 0; round < 200 && (got.length < inOrder.length || gotApart.length < apart.length); round++) {
    rig.deliver();
    read();
    readApart();
    rig.tick(20);
  }
  expect(gotApart).toEqual(apart);
  expect(got).toEqual(inOrder);
}

describe('over a bad wire', () => {
  for (let seed = 1; seed <= 12; seed++) test(`all bytes arrive, the urgent ones apart (${seed})`, () => transfer(seed));
});
