/** UNIX datagram sockets, one call after the other: whom they send to, who is told what, and names that come and go. */
import { describe, expect, it } from 'vitest';
import {
  EADDRINUSE,
  ECONNREFUSED,
  ECONNRESET,
  EDESTADDRREQ,
  EINVAL,
  EISCONN,
  EMSGSIZE,
  ENOBUFS,
  ENOENT,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
  EPROTOTYPE,
  EWOULDBLOCK,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_TRUNC,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  so_pcb,
  td_from_host,
  td_from_port,
  td_msg_flags,
  UNIX_HOST,
  unp_conn,
  unp_reflink_next,
  unp_refs,
  word,
} from '../../impl/raw.ts';
import { NOTHING_LEFT, World } from './world.ts';

/** The pcb that a socket sends to, 0 for none. */
const peer = (w: World, fd: number): number => word(w.k, word(w.k, w.so(fd) + so_pcb) + unp_conn);
const pcb = (w: World, fd: number): number => word(w.k, w.so(fd) + so_pcb);

/** The pcbs that send to a socket, the last to connect first. */
function referrers(w: World, fd: number): readonly number[] {
  const found: number[] = [];
  for (let at = word(w.k, pcb(w, fd) + unp_refs); at !== 0; at = word(w.k, at + unp_reflink_next)) found.push(at);
  return found;
}

/** A socket with this name. */
function bound(w: World, name: number): number {
  const fd = w.socket('dgram');
  expect(w.bind(fd, name)).toBe(0);
  return fd;
}

describe('a datagram socket', () => {
  it('is connected one way, and its peer lists it', () => {
    const w = new World();
    const server = bound(w, 1);
    const [a, b] = [w.socket('dgram'), w.socket('dgram')];
    expect([w.connect(a, 1), w.connect(b, 1)]).toEqual([0, 0]);
    expect([peer(w, a), peer(w, b), peer(w, server)]).toEqual([pcb(w, server), pcb(w, server), 0]);
    expect([w.phase(w.so(a)), w.phase(w.so(server))]).toEqual(['connected', 'none']);
    expect(referrers(w, server)).toEqual([pcb(w, b), pcb(w, a)]);
    expect(w.close(a)).toBe(0);
    expect(referrers(w, server)).toEqual([pcb(w, b)]);
    expect([w.close(server), w.close(b)]).toEqual([0, 0]);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('learns once that its peer is gone, and can be connected to another (T11)', () => {
    const w = new World();
    const [first, second] = [bound(w, 1), bound(w, 2)];
    const c = w.socket('dgram');
    expect(w.connect(c, 1)).toBe(0);
    expect(w.close(first)).toBe(0);
    expect([w.error(w.so(c)), w.phase(w.so(c)), peer(w, c)]).toEqual([ECONNRESET, 'none', 0]);
    expect([w.send(c, 'x'), w.send(c, 'x'), w.send(c, 'x')]).toEqual([-ECONNRESET, -EDESTADDRREQ, -EDESTADDRREQ]);
    expect([w.connect(c, 2), w.send(c, 'hello')]).toEqual([0, 5]);
    expect(w.recv(second)).toBe('hello');
    // The error of an earlier peer is not one of the next.
    const third = bound(w, 1);
    expect([w.connect(c, 1), w.close(third), w.connect(c, 2), w.takeError(c)]).toEqual([0, 0, 0, 0]);
  });

  it('has no peer after a disconnect, nor after a connect that fails (T24)', () => {
    const w = new World();
    const server = bound(w, 1);
    const c = w.socket('dgram');
    expect([w.disconnect(c), w.connect(c, 1), w.disconnect(c), w.disconnect(c)]).toEqual([-ENOTCONN, 0, 0, -ENOTCONN]);
    expect(referrers(w, server)).toEqual([]);
    expect([w.connect(c, 1), w.connect(c, 5), w.phase(w.so(c)), peer(w, c)]).toEqual([0, -ENOENT, 'none', 0]);
    expect([w.cantSend(w.so(c)), w.cantReceive(w.so(c))]).toEqual([false, false]);
    expect([w.connect(c, 1), w.connect(c, 99)]).toEqual([0, -EINVAL]);
    expect([w.connect(c, 1), w.send(c, 'still')]).toEqual([0, 5]);
    expect(w.recv(server)).toBe('still');
  });

  it('may be its own peer, and goes without telling itself', () => {
    const w = new World();
    const fd = bound(w, 1);
    expect([w.connect(fd, 1), w.connect(fd, 1), w.send(fd, 'me')]).toEqual([0, 0, 2]);
    expect([peer(w, fd), referrers(w, fd)]).toEqual([pcb(w, fd), [pcb(w, fd)]]);
    expect(w.recv(fd)).toBe('me');
    expect([w.disconnect(fd), w.connect2(fd, fd), w.close(fd)]).toEqual([0, 0, 0]);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('is connected both ways in a pair, and each is told when the other goes', () => {
    const w = new World();
    const [a, b] = w.pair('dgram');
    expect([peer(w, a), peer(w, b)]).toEqual([pcb(w, b), pcb(w, a)]);
    expect([w.send(a, 'to b'), w.send(b, 'to a')]).toEqual([4, 4]);
    expect([w.recv(a), w.recv(b)]).toEqual(['to a', 'to b']);
    expect(w.close(a)).toBe(0);
    expect([w.send(b, 'x'), w.recv(b, 10, MSG_DONTWAIT)]).toEqual([-ECONNRESET, -EWOULDBLOCK]);
  });

  it('connected to another without a name is connected one way', () => {
    const w = new World();
    const [a, b] = [w.socket('dgram'), w.socket('dgram')];
    expect([w.connect2(a, b), w.connect2(a, b), w.connect2(b, a)]).toEqual([0, -EISCONN, 0]);
    expect([w.connect2(w.socket('dgram'), w.socket('unix')), w.connect2(w.socket('seqpacket'), b)]).toEqual([-EPROTOTYPE, -EPROTOTYPE]);
  });

  it('does not listen, nor accept', () => {
    const w = new World();
    const fd = bound(w, 1);
    expect([w.listen(fd, 1), w.accept(fd)]).toEqual([-EOPNOTSUPP, -EINVAL]);
  });
});

describe('a datagram', () => {
  it('goes to a name from a socket without a peer, and says who sent it', () => {
    const w = new World();
    const server = bound(w, 1);
    const [nobody, somebody] = [w.socket('dgram'), bound(w, 2)];
    expect([w.send(nobody, 'one', 1), w.send(somebody, 'two', 1)]).toEqual([3, 3]);
    expect([w.phase(w.so(nobody)), referrers(w, server)]).toEqual(['none', []]);
    expect(w.recv(server)).toBe('one');
    expect([word(w.k, w.td + td_from_host), word(w.k, w.td + td_from_port)]).toEqual([0, 0]);
    expect(w.recv(server)).toBe('two');
    expect([word(w.k, w.td + td_from_host), word(w.k, w.td + td_from_port)]).toEqual([UNIX_HOST, 2]);
    expect(w.connect(somebody, 1)).toBe(0);
    expect(w.send(somebody, 'three', 1)).toBe(-EISCONN);
    expect([w.send(nobody, 'x', 5), w.send(nobody, 'x', 99), w.send(nobody, 'x')]).toEqual([-ENOENT, -EINVAL, -EDESTADDRREQ]);
  });

  it('is refused if the name is of a socket of another type', () => {
    const w = new World();
    w.listener(1, 1);
    const c = w.socket('dgram');
    expect([w.send(c, 'x', 1), w.connect(c, 1)]).toEqual([-EPROTOTYPE, -EPROTOTYPE]);
    bound(w, 2);
    expect([w.connect(w.socket('unix'), 2), w.connect(w.socket('seqpacket'), 1)]).toEqual([-EPROTOTYPE, -EPROTOTYPE]);
  });

  it('is one record, of which what is not wanted is lost', () => {
    const w = new World();
    const [a, b] = w.pair('dgram');
    for (const text of ['first', '', 'second']) expect(w.send(a, text)).toBe(text.length);
    expect(w.recv(b, 3, MSG_PEEK)).toBe('fir');
    expect(word(w.k, w.td + td_msg_flags)).toBe(MSG_TRUNC);
    expect(w.recv(b, 5)).toBe('first');
    expect(word(w.k, w.td + td_msg_flags)).toBe(0);
    expect([w.recv(b, 10), w.recv(b, 2)]).toEqual(['', 'se']);
    expect(word(w.k, w.td + td_msg_flags)).toBe(MSG_TRUNC);
    expect([w.recv(b, 10, MSG_DONTWAIT), w.buffered(w.so(b))]).toEqual([-EWOULDBLOCK, 0]);
  });

  it('that is too long is EMSGSIZE; one that has no room is ENOBUFS, whether its sender waits or not', () => {
    const w = new World({ sendSpace: 100, recvSpace: 120, addressBytes: 10 });
    const [a, b] = w.pair('dgram');
    expect(w.send(a, 'x'.repeat(101))).toBe(-EMSGSIZE);
    expect([w.send(a, 'x'.repeat(100)), w.send(a, ''), w.send(a, '')]).toEqual([100, 0, -ENOBUFS]);
    expect([w.nonblocking(a), w.send(a, '')]).toEqual([0, -ENOBUFS]);
    expect([w.recv(b, 1), w.send(a, 'y')]).toEqual(['x', 1]);
    expect(w.phase(w.so(a))).toBe('connected');
  });

  it('goes when there are mbufs for it, and leaves none behind', () => {
    const w = new World();
    const [a, b] = w.pair('dgram');
    for (let n = 1; ; n++) {
      w.failAllocation(n);
      const result = w.send(a, 'x'.repeat(100));
      if (result === 100) break;
      expect([result, w.buffered(w.so(b))]).toEqual([-ENOBUFS, 0]);
    }
    w.failAllocation(0);
    expect(w.recv(b)).toBe('x'.repeat(100));
    expect([w.close(a), w.close(b)]).toEqual([0, 0]);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('is taken even by who reads no more, as in F93; who sends no more is told EPIPE, and its peer nothing', () => {
    const w = new World();
    const [a, b] = w.pair('dgram');
    expect([w.shutdown(b, SHUT_RD), w.send(a, 'x'), w.shutdown(a, SHUT_WR), w.send(a, 'x')]).toEqual([0, 1, 0, -EPIPE]);
    expect([w.cantReceive(w.so(b)), w.shutdown(a, SHUT_RDWR), w.recv(a)]).toEqual([true, 0, '']);
    expect(w.cantSend(w.so(b))).toBe(false);
  });
});

describe('a name', () => {
  it('is shared by sockets of every type', () => {
    const w = new World();
    bound(w, 1);
    expect([w.bind(w.socket('unix'), 1), w.bind(w.socket('seqpacket'), 1)]).toEqual([-EADDRINUSE, -EADDRINUSE]);
  });

  it('goes when it is unlinked, and its socket stays', () => {
    const w = new World();
    const server = bound(w, 1);
    const c = w.socket('dgram');
    expect([w.connect(c, 1), w.unlink(1), w.unlink(1), w.unlink(99)]).toEqual([0, 0, -ENOENT, -EINVAL]);
    expect([w.send(c, 'still'), w.recv(server)]).toEqual([5, 'still']);
    expect([w.connect(w.socket('dgram'), 1), w.bind(server, 2)]).toEqual([-ENOENT, -EINVAL]);
    const next = bound(w, 1);
    expect(w.close(server)).toBe(0);
    // The end of the first takes nothing from the second.
    expect([w.takeError(c), w.connect(c, 1), w.send(c, 'next'), w.recv(next)]).toEqual([ECONNRESET, 0, 4, 'next']);
  });

  it('of a listener that is unlinked is nobody’s, and whom it has stays', () => {
    const w = new World();
    const head = w.listener(1, 1);
    const c = w.client(1);
    expect([w.unlink(1), w.connect(w.socket('unix'), 1)]).toEqual([0, -ENOENT]);
    const a = w.accept(head);
    expect([w.send(c, 'x'), w.recv(a)]).toEqual([1, 'x']);
    expect([w.bind(w.socket('unix'), 1), w.connect(w.socket('unix'), 1)]).toEqual([0, -ECONNREFUSED]);
  });
});
