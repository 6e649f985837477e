/** Ports that several UDP sockets share (SO_REUSEADDR, SO_REUSEPORT), and datagrams for everybody (SO_BROADCAST). */
import { describe, expect, it } from 'vitest';
import {
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EINTR,
  HOST_BROADCAST,
  HOST_LOCAL,
  HOST_REMOTE,
  IPPROTO_TCP,
  IPPROTO_UDP,
  MSG_DONTWAIT,
  SO_BROADCAST,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOL_SOCKET,
  sys_sendto,
  TH_SYN,
  td_user,
  wire_drop,
  wire_inject,
  wire_length,
  word,
} from '../../impl/raw.ts';
import { NOTHING_LEFT, World } from './world.ts';

function with_(w: World, ...options: readonly number[]): number {
  const fd = w.socket('udp');
  for (const option of options) expect(w.setsockopt(fd, SOL_SOCKET, option, 1)).toBe(0);
  return fd;
}

const toAll = (w: World, fd: number, port: number): number =>
  sys_sendto(w.k, w.td, fd, word(w.k, w.td + td_user), 3, MSG_DONTWAIT, HOST_BROADCAST, port);

describe('a port', () => {
  it('is shared by those who all set SO_REUSEPORT, and by nobody else', () => {
    const w = new World();
    const [a, b] = [with_(w, SO_REUSEPORT), with_(w, SO_REUSEPORT)];
    expect([w.bind(a, 7), w.bind(b, 7)]).toEqual([0, 0]);
    expect(w.bind(with_(w), 7)).toBe(-EADDRINUSE);
    expect(w.bind(with_(w, SO_REUSEADDR), 7)).toBe(-EADDRINUSE);
    // One of those who have it takes it back: then nobody more can come.
    expect(w.setsockopt(a, SOL_SOCKET, SO_REUSEPORT, 0)).toBe(0);
    expect(w.bind(with_(w, SO_REUSEPORT), 7)).toBe(-EADDRINUSE);
  });

  it('of a connected socket is free for SO_REUSEADDR; of one that was connected it is not', () => {
    const w = new World();
    const [a, b, c] = [with_(w), with_(w, SO_REUSEADDR), with_(w, SO_REUSEADDR)];
    expect([w.bind(a, 7), w.connect(a, 9)]).toEqual([0, 0]);
    expect(w.bind(with_(w), 7)).toBe(-EADDRINUSE);
    expect(w.bind(b, 7)).toBe(0);
    expect(w.disconnect(a)).toBe(0);
    expect(w.bind(c, 7)).toBe(-EADDRINUSE);
    // Two who share a port may not share a peer as well.
    expect([w.connect(a, 9), w.connect(b, 9), w.connect(b, 8)]).toEqual([0, -EADDRINUSE, 0]);
  });

  it('leads a datagram to one of those who share it: to whose peer sent it, or who has been there longest', () => {
    const w = new World();
    const [a, b] = [with_(w, SO_REUSEPORT), with_(w, SO_REUSEPORT)];
    expect([w.bind(a, 7), w.bind(b, 7)]).toEqual([0, 0]);
    const c = w.socket('udp');
    expect([w.bind(c, 8), w.send(c, 'one', 7)]).toEqual([0, 3]);
    while (w.deliver() === 1);
    expect([w.recv(a), w.recv(b)]).toEqual(['one', -EINTR]);
    expect([w.connect(b, 8), w.send(c, 'two', 7)]).toEqual([0, 3]);
    while (w.deliver() === 1);
    expect([w.recv(a), w.recv(b)]).toEqual([-EINTR, 'two']);
  });
});

describe('a datagram for everybody', () => {
  it('may be sent with SO_BROADCAST only, and a port that was chosen for it stays', () => {
    const w = new World();
    const a = with_(w);
    expect(toAll(w, a, 7)).toBe(-EACCES);
    expect(w.bind(a, 9)).not.toBe(0);
    expect([wire_length(w.k, w.td, 0), wire_length(w.k, w.td, 1)]).toEqual([0, 0]);
    expect(w.setsockopt(a, SOL_SOCKET, SO_BROADCAST, 1)).toBe(0);
    expect(toAll(w, a, 7)).toBe(3);
    expect([wire_length(w.k, w.td, 0), wire_length(w.k, w.td, 1)]).toEqual([1, 1]);
    // Nobody is connected to everybody.
    expect(w.connect(a, 7, HOST_BROADCAST)).toBe(-EADDRNOTAVAIL);
    while (w.deliver() === 1);
    expect(wire_drop(w.k, w.td, 1)).toBe(1);
    // That nobody takes it is no error.
    expect([w.error(w.so(a)), w.close(a)]).toEqual([0, 0]);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('comes to every socket with its port that has no peer, its sender included, to each whole', () => {
    const w = new World();
    const [a, b, c] = [with_(w, SO_REUSEPORT, SO_BROADCAST), with_(w, SO_REUSEPORT), with_(w, SO_REUSEPORT)];
    const other = with_(w);
    for (const fd of [a, b, c]) expect(w.bind(fd, 7)).toBe(0);
    expect([w.bind(other, 8), w.connect(c, 9)]).toEqual([0, 0]);
    expect(w.send(other, 'abc', 9)).toBe(3);
    expect(toAll(w, a, 7)).toBe(3);
    while (w.deliver() === 1);
    expect([w.recv(a), w.recv(b), w.recv(c), w.recv(other)]).toEqual(['abc', 'abc', -EINTR, -EINTR]);
    // From outside, to this host alone: there is nobody to hand it on to.
    wire_inject(w.k, w.td, IPPROTO_UDP, HOST_REMOTE, 40, HOST_BROADCAST, 7, 0, 0, 0, 0, 0, 0);
    while (w.deliver() === 1);
    expect([w.recv(a), w.recv(b), w.recv(c)]).toEqual(['', '', -EINTR]);
  });

  it('is never a segment of TCP', () => {
    const w = new World();
    const a = w.socket('tcp');
    expect([w.bind(a, 7), w.listen(a, 1)]).toEqual([0, 0]);
    wire_inject(w.k, w.td, IPPROTO_TCP, HOST_REMOTE, 40, HOST_BROADCAST, 7, 5, 0, TH_SYN, 100, 0, 0);
    expect(w.deliver()).toBe(1);
    expect([wire_length(w.k, w.td, 0), wire_length(w.k, w.td, 1), HOST_LOCAL]).toEqual([0, 0, 1]);
  });
});
