/** UDP sockets: datagrams arrive whole, with their sender, or not at all; errors come back once. */
import { describe, expect, it } from 'vitest';
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  ECONNREFUSED,
  EDESTADDRREQ,
  EINTR,
  EINVAL,
  EISCONN,
  EMSGSIZE,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
  IPPROTO_ICMP,
  IPPROTO_UDP,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  td_from_host,
  td_from_port,
  wire_inject,
  word,
} from '../../impl/raw.ts';
import { NOTHING_LEFT, World } from './world.ts';

/** A socket bound to the port. */
function bound(w: World, port: number): number {
  const fd = w.socket('udp');
  expect(w.bind(fd, port)).toBe(0);
  return fd;
}

describe('a datagram', () => {
  it('travels through the wire and keeps its bounds and its sender', () => {
    const w = new World();
    const [a, b] = [bound(w, 7), bound(w, 8)];
    expect(w.send(a, 'one', 8)).toBe(3);
    expect(w.send(a, '', 8)).toBe(0);
    expect(w.send(a, 'three', 8)).toBe(5);
    expect(w.recv(b)).toBe(-EINTR);
    while (w.deliver() === 1);
    expect(w.recv(b)).toBe('one');
    expect([word(w.k, w.td + td_from_host), word(w.k, w.td + td_from_port)]).toEqual([1, 7]);
    expect(w.recv(b)).toBe('');
    // What the reader has no room for is lost with the record.
    expect(w.recv(b, 2)).toBe('th');
    expect(w.recv(b)).toBe(-EINTR);
    expect([w.close(a), w.close(b)]).toEqual([0, 0]);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('is refused if it is larger than the send buffer, and dropped if there is no room for it', () => {
    const w = new World({ sendSpace: 100, recvSpace: 100, addressBytes: 16 });
    const [a, b] = [bound(w, 7), bound(w, 8)];
    expect(w.send(a, 'x'.repeat(101), 8)).toBe(-EMSGSIZE);
    for (const size of [40, 30, 20]) expect(w.send(a, 'x'.repeat(size), 8)).toBe(size);
    while (w.deliver() === 1);
    // 56 with its address, then 46 more do not fit, then 36 do.
    expect(w.buffered(w.so(b))).toBe(92);
    expect([w.recv(b), w.recv(b), w.recv(b)]).toEqual(['x'.repeat(40), 'x'.repeat(20), -EINTR]);
  });

  it('reaches a connected socket only from its peer', () => {
    const w = new World();
    const [a, b, c] = [bound(w, 7), bound(w, 8), bound(w, 9)];
    expect(w.connect(b, 7)).toBe(0);
    expect(w.phase(w.so(b))).toBe('connected');
    w.send(c, 'stranger', 8);
    w.send(a, 'peer', 8);
    while (w.deliver() === 1);
    expect(w.recv(b)).toBe('peer');
    expect(w.recv(b)).toBe(-EINTR);
    expect(w.send(b, 'back')).toBe(4);
    expect(w.send(b, 'back', 9)).toBe(-EISCONN);
    while (w.deliver() === 1);
    expect(w.recv(a)).toBe('back');
  });

  it('for a port that nobody has comes back as ECONNREFUSED, once, to a connected sender', () => {
    const w = new World();
    const a = bound(w, 7);
    w.connect(a, 99);
    expect(w.send(a, 'anybody?')).toBe(8);
    while (w.deliver() === 1);
    expect(w.error(w.so(a))).toBe(ECONNREFUSED);
    expect(w.takeError(a)).toBe(ECONNREFUSED);
    expect(w.takeError(a)).toBe(0);
    // The same from outside; the next call reports it.
    wire_inject(w.k, w.td, IPPROTO_ICMP, 1, 99, 1, 7, 0, 0, IPPROTO_UDP, ECONNREFUSED, 0, 0);
    w.deliver();
    expect(w.send(a, 'again')).toBe(-ECONNREFUSED);
    // A new association is not blamed for the old one (T11).
    wire_inject(w.k, w.td, IPPROTO_ICMP, 1, 99, 1, 7, 0, 0, IPPROTO_UDP, ECONNREFUSED, 0, 0);
    w.deliver();
    expect(w.connect(a, 98)).toBe(0);
    expect(w.error(w.so(a))).toBe(0);
  });
});

describe('a UDP socket', () => {
  it('has one port, its own, and gets one when it sends without', () => {
    const w = new World({ portFirst: 100, portLast: 102 });
    const a = bound(w, 7);
    expect(w.bind(a, 9)).toBe(-EINVAL);
    const other = w.socket('udp');
    expect([w.bind(other, 7), w.bind(other, 65536), w.bind(other, 5, 2)]).toEqual([-EADDRINUSE, -EINVAL, -EADDRNOTAVAIL]);
    expect(w.send(other, 'x')).toBe(-EDESTADDRREQ);
    expect([w.send(other, 'x', 0), w.send(other, 'x', 70000)]).toEqual([-EADDRNOTAVAIL, -EADDRNOTAVAIL]);
    for (let i = 0; i < 2; i++) expect(w.send(w.socket('udp'), 'x', 7)).toBe(1);
    expect(w.connect(w.socket('udp'), 7)).toBe(0);
    // Three ports, three senders.
    expect(w.send(w.socket('udp'), 'x', 7)).toBe(-EADDRNOTAVAIL);
  });

  it('changes its peer by connect, loses it by disconnect, and keeps its port', () => {
    const w = new World();
    const a = bound(w, 7);
    expect(w.disconnect(a)).toBe(-ENOTCONN);
    expect([w.connect(a, 8), w.connect(a, 9)]).toEqual([0, 0]);
    expect(w.disconnect(a)).toBe(0);
    expect([w.phase(w.so(a)), w.cantSend(w.so(a))]).toEqual(['none', false]);
    expect(w.send(a, 'x')).toBe(-EDESTADDRREQ);
    expect(w.bind(w.socket('udp'), 7)).toBe(-EADDRINUSE);
    expect([w.connect(a, 0), w.connect(a, 8, 3)]).toEqual([-EADDRNOTAVAIL, -EADDRNOTAVAIL]);
  });

  it('neither listens nor accepts', () => {
    const w = new World();
    const a = bound(w, 7);
    expect([w.listen(a, 1), w.accept(a)]).toEqual([-EOPNOTSUPP, -EINVAL]);
  });

  it('can be shut down without a peer', () => {
    const w = new World();
    const [a, b] = [bound(w, 7), bound(w, 8)];
    expect(w.shutdown(a, SHUT_WR)).toBe(0);
    expect(w.send(a, 'x', 8)).toBe(-EPIPE);
    expect(w.shutdown(b, SHUT_RD)).toBe(0);
    expect(w.recv(b)).toBe('');
    expect(w.shutdown(b, SHUT_RDWR)).toBe(0);
  });

  it('is told apart by its descriptor, not by what is still on its way to it', () => {
    const w = new World();
    const [a, b] = [bound(w, 7), bound(w, 8)];
    w.connect(a, 8);
    w.send(a, 'too late');
    expect(w.close(b)).toBe(0);
    while (w.deliver() === 1);
    expect(w.takeError(a)).toBe(ECONNREFUSED);
    expect(w.close(a)).toBe(0);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });
});
