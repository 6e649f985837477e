/**
 * netisr by hand and on real threads: what belongs to one connection stays in its order, whoever carries and whoever processes; what no thread owns
 * is processed all the same; nothing is left behind.
 */
import { describe, expect, it } from 'vitest';
import {
  AF_INET,
  ECONNREFUSED,
  fixed,
  HOST_LOCAL,
  HOST_REMOTE,
  h_nnetisr,
  IPPROTO_ICMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  netisr_carry,
  netisr_claim,
  netisr_poll,
  netisr_release,
  netisr_select,
  netisr_stream,
  nws_count,
  SOCK_DGRAM,
  sys_socket,
  thread_attach,
  wire_drop,
  wire_inject,
  wire_length,
  wire_peek,
  word,
} from '../../impl/raw.ts';
import { NOTHING_LEFT, World } from './world.ts';

const STREAMS = 3;

/** A kernel with so many workstreams, each owned by a thread that the test plays. */
function owned(options = {}): { readonly w: World; readonly owners: readonly (readonly [td: number, nws: number])[] } {
  const w = new World({ netisrThreads: STREAMS, threads: STREAMS + 1, mbufs: 512, recvSpace: 4096, ...options });
  const owners = Array.from({ length: STREAMS }, () => {
    const td = thread_attach(w.k, 0);
    return [td, netisr_claim(w.k, td)] as const;
  });
  return { w, owners };
}

/** Numbers below `most`, the same every time. */
function dice(): (most: number) => number {
  let seed = 7;
  return (most) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed >>> 8) % most;
  };
}

describe('the hash', () => {
  it('puts all that comes from one end to another in one workstream, whatever the protocol, and uses all of them', () => {
    const { w } = owned();
    const streamOf = (proto: number, sport: number, dport: number): number => {
      expect(wire_inject(w.k, w.td, proto, HOST_REMOTE, sport, HOST_LOCAL, dport, 0, 0, 0, ECONNREFUSED, 0, 0)).toBe(0);
      const nws = netisr_select(w.k, wire_peek(w.k, w.td, 0));
      wire_drop(w.k, w.td, 0);
      return nws;
    };
    const used = new Map<number, number>();
    for (let port = 1; port <= 300; port++) {
      const nws = streamOf(IPPROTO_TCP, port, 80);
      for (const proto of [IPPROTO_UDP, IPPROTO_ICMP]) expect(streamOf(proto, port, 80)).toBe(nws);
      used.set(nws, (used.get(nws) ?? 0) + 1);
    }
    expect([...used.keys()].sort()).toEqual(Array.from({ length: STREAMS }, (_, stream) => netisr_stream(w.k, stream)).sort());
    for (const count of used.values()) expect(count).toBeGreaterThan(50);
  });
});

describe('workstreams', () => {
  it('keep the order of every connection, in whatever order they are carried and processed', () => {
    const { w, owners } = owned();
    const roll = dice();
    const receivers = Array.from({ length: 8 }, (_, index) => {
      const fd = w.socket('udp');
      expect(w.bind(fd, 100 + index)).toBe(0);
      return { fd, sent: 0, read: [] as number[] };
    });
    const sender = w.socket('udp');
    w.nonblocking(sender);
    for (let round = 0; round < 400; round++) {
      const index = roll(receivers.length);
      const receiver = receivers[index] as (typeof receivers)[number];
      expect(w.send(sender, String(receiver.sent++), 100 + index)).toBeGreaterThan(0);
      const [td, nws] = owners[roll(STREAMS)] as (typeof owners)[number];
      if (roll(3) === 0) netisr_carry(w.k, td);
      if (roll(3) === 0) netisr_poll(w.k, td, nws);
      w.nonblocking(receiver.fd);
      for (let text = w.recv(receiver.fd); typeof text === 'string'; text = w.recv(receiver.fd)) receiver.read.push(Number(text));
    }
    while (netisr_carry(w.k, w.td) > 0);
    for (const [td, nws] of owners) netisr_poll(w.k, td, nws);
    for (const { fd, sent, read } of receivers) {
      w.nonblocking(fd);
      for (let text = w.recv(fd); typeof text === 'string'; text = w.recv(fd)) read.push(Number(text));
      expect(read).toEqual(Array.from({ length: sent }, (_, number) => number));
      w.close(fd);
    }
    w.close(sender);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('are given whole chains, and process them in one go', () => {
    const { w, owners } = owned();
    const fd = w.socket('udp');
    w.bind(fd, 7);
    const sender = w.socket('udp');
    for (let i = 0; i < 5; i++) w.send(sender, 'x', 7);
    expect(netisr_carry(w.k, w.td)).toBe(5);
    expect(wire_length(w.k, w.td, 0)).toBe(0);
    expect(netisr_carry(w.k, w.td)).toBe(0);
    const processed = owners.map(([td, nws]) => netisr_poll(w.k, td, nws));
    expect(processed.filter((count) => count > 0)).toEqual([5]);
    expect(w.buffered(w.so(fd))).toBeGreaterThan(0);
  });

  it('hold what is for a socket that is closed meanwhile, and leave nothing of it', () => {
    const { w, owners } = owned({ icmp: false });
    const fd = w.socket('udp');
    w.bind(fd, 7);
    const sender = w.socket('udp');
    w.send(sender, 'late', 7);
    netisr_carry(w.k, w.td);
    expect(owners.reduce((sum, [, nws]) => sum + word(w.k, nws + nws_count), 0)).toBe(1);
    w.close(fd);
    w.close(sender);
    for (const [td, nws] of owners) netisr_poll(w.k, td, nws);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('without an owner are processed by who carries; one that is given back is empty', () => {
    const { w, owners } = owned();
    expect(netisr_claim(w.k, w.td)).toBe(0);
    const fd = w.socket('udp');
    w.bind(fd, 7);
    const sender = w.socket('udp');
    w.send(sender, 'a', 7);
    netisr_carry(w.k, w.td);
    for (const [td, nws] of owners) netisr_release(w.k, td, nws);
    w.send(sender, 'b', 7);
    expect(netisr_carry(w.k, w.td)).toBe(1);
    expect([w.recv(fd), w.recv(fd)]).toEqual(['a', 'b']);
    for (let stream = 0; stream < fixed(w.k, h_nnetisr); stream++) expect(word(w.k, netisr_stream(w.k, stream) + nws_count)).toBe(0);
    expect(netisr_claim(w.k, w.td)).not.toBe(0);
    expect(sys_socket(w.k, w.td, AF_INET, SOCK_DGRAM, 0)).toBeGreaterThan(0);
  });
});
