/** UNIX stream sockets, one call after the other: the reference traces, with the socket's whole state looked at after each step. */
import { describe, expect, it } from 'vitest';
import { sonewconn } from '../../impl/kern/listen.ts';
import { and } from '../../impl/memory.ts';
import {
  EADDRINUSE,
  ECONNABORTED,
  ECONNREFUSED,
  EINTR,
  EINVAL,
  EISCONN,
  ENOENT,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
  EPROTOTYPE,
  EWOULDBLOCK,
  MSG_DONTWAIT,
  MSG_EOR,
  MSG_PEEK,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_ACCEPTCONN,
  SO_OPT_ACCEPTCONN,
  SOL_SOCKET,
  SS_ISCONNECTED,
  sb_hiwat,
  so_options,
  so_qlimit,
  so_rcv,
  so_snd,
  word,
} from '../../impl/raw.ts';
import { NOTHING_LEFT, World } from './world.ts';

describe('connect, accept, close', () => {
  it('take a child from connected to accepted to freed (T01)', () => {
    const w = new World();
    const head = w.listener(1, 5);
    const c = w.socket('unix');
    expect(w.phase(w.so(c))).toBe('none');
    expect(w.connect(c, 1)).toBe(0);
    const [child] = w.completed(w.so(head));
    if (child === undefined) throw new Error('nobody in the queue');
    expect(w.phase(w.so(c))).toBe('connected');
    expect([w.phase(child), w.count(child), w.nofdref(child)]).toEqual(['connected', 0, true]);
    expect(w.lengths(w.so(head))).toEqual([1, 0]);
    const a = w.accept(head);
    expect(w.so(a)).toBe(child);
    expect([w.count(child), w.nofdref(child)]).toEqual([1, false]);
    expect(w.lengths(w.so(head))).toEqual([0, 0]);
    expect(w.close(c)).toBe(0);
    expect([w.phase(child), w.cantSend(child), w.cantReceive(child)]).toEqual(['disconnected', true, true]);
    expect(w.sockets()).not.toContain(w.so(c));
    expect(w.recv(a)).toBe('');
    expect(w.send(a, 'x')).toBe(-EPIPE);
    expect([w.close(a), w.close(head)]).toEqual([0, 0]);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('abort who is still queued when the listener closes, and tell the peer once (T02)', () => {
    const w = new World();
    const head = w.listener(1, 5);
    const c = w.client(1);
    expect(w.close(head)).toBe(0);
    expect([w.phase(w.so(c)), w.error(w.so(c))]).toEqual(['disconnected', ECONNABORTED]);
    expect(w.sockets()).toEqual([w.so(c)]);
    expect(w.recv(c)).toBe(-ECONNABORTED);
    expect(w.recv(c)).toBe('');
    expect(w.send(c, 'x')).toBe(-EPIPE);
    expect(w.close(c)).toBe(0);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('give one connection to one of those who ask (T19), and none to who is interrupted (T20)', () => {
    const w = new World();
    const head = w.listener(1, 5);
    expect(w.accept(head)).toBe(-EINTR);
    const c = w.client(1);
    const a = w.accept(head);
    expect(a).toBeGreaterThan(c);
    expect(w.accept(head)).toBe(-EINTR);
    expect(w.dup(c)).toBe(a + 1);
  });

  it('keep who is queued when a second listen lowers the limit (T21), and refuse beyond 3/2 of it (T25)', () => {
    const w = new World();
    const head = w.listener(1, 3);
    const clients = [w.client(1), w.client(1), w.client(1)];
    expect(w.listen(head, 1)).toBe(0);
    expect([w.lengths(w.so(head)), word(w.k, w.so(head) + so_qlimit)]).toEqual([[3, 0], 1]);
    const late = w.socket('unix');
    expect(w.connect(late, 1)).toBe(-ECONNREFUSED);
    w.accept(head);
    // 3 * 1 / 2 is 1: with two in the queue it is full, with one it is not.
    expect(w.connect(late, 1)).toBe(-ECONNREFUSED);
    w.accept(head);
    expect(w.connect(late, 1)).toBe(0);
    expect(clients.length).toBe(3);
  });

  it('answer in the order of BSD', () => {
    const w = new World();
    const head = w.listener(1, 5);
    const c = w.client(1);
    const fresh = w.socket('unix');
    expect(w.connect(fresh, 2)).toBe(-ENOENT);
    expect(w.bind(fresh, 2)).toBe(0);
    expect(w.bind(fresh, 3)).toBe(-EINVAL);
    const other = w.socket('unix');
    expect(w.bind(other, 2)).toBe(-EADDRINUSE);
    expect([w.bind(other, -1), w.bind(other, 8)]).toEqual([-EINVAL, -EINVAL]);
    expect(w.connect(other, 2)).toBe(-ECONNREFUSED);
    expect(w.listen(other, 1)).toBe(-EINVAL);
    expect(w.listen(c, 1)).toBe(-EINVAL);
    expect(w.connect(head, 2)).toBe(-EOPNOTSUPP);
    expect(w.connect(c, 1)).toBe(-EISCONN);
    expect(w.accept(c)).toBe(-EINVAL);
    expect(w.nonblocking(head)).toBe(0);
    const a = w.accept(head);
    expect(w.accept(head)).toBe(-EWOULDBLOCK);
    // The accepted socket is non-blocking as its listener was.
    expect(w.recv(a)).toBe(-EWOULDBLOCK);
    expect(w.recv(fresh)).toBe(-ENOTCONN);
    expect(w.send(fresh, 'x')).toBe(-ENOTCONN);
    expect(w.disconnect(fresh)).toBe(-ENOTCONN);
    expect([w.getsockopt(head, SOL_SOCKET, SO_OPT_ACCEPTCONN), w.getsockopt(c, SOL_SOCKET, SO_OPT_ACCEPTCONN)]).toEqual([1, 0]);
    // A name lives as long as its socket.
    expect(w.close(fresh)).toBe(0);
    expect(w.bind(other, 2)).toBe(0);
  });

  it('give up a child whose listener has been closed meanwhile (T03)', () => {
    const w = new World();
    const so = w.so(w.listener(1, 5));
    // Another thread has come as far in soclose as the drain of the queues.
    and(w.k, so + so_options, ~SO_ACCEPTCONN);
    expect(sonewconn(w.k, w.td, so, 0)).toBe(0);
    expect(sonewconn(w.k, w.td, so, SS_ISCONNECTED)).toBe(0);
    expect([w.lengths(so), w.sockets()]).toEqual([[0, 0], [so]]);
  });

  it('abort the oldest who is on its way when there are too many', () => {
    const w = new World();
    const so = w.so(w.listener(1, 1));
    const children = [sonewconn(w.k, w.td, so, 0), sonewconn(w.k, w.td, so, 0)];
    expect(w.incomplete(so)).toEqual(children);
    const third = sonewconn(w.k, w.td, so, 0);
    // The first is gone, and its record may be the third's: the order of the queue tells.
    expect(w.incomplete(so)).toHaveLength(2);
    expect(w.incomplete(so).at(-1)).toBe(third);
    expect(w.incomplete(so)[0]).toBe(children[1]);
    expect(w.lengths(so)).toEqual([0, 2]);
  });

  it('leave an accept that waits on a shut-down listener with ECONNABORTED', () => {
    const w = new World();
    const head = w.listener(1, 5);
    expect(w.shutdown(head, SHUT_RD)).toBe(0);
    expect(w.accept(head)).toBe(-ECONNABORTED);
  });
});

describe('a pair', () => {
  it('carries bytes both ways, in order, across mbufs', () => {
    const w = new World();
    const [a, b] = w.pair();
    expect(w.send(a, 'hello ')).toBe(6);
    expect(w.send(a, 'world')).toBe(5);
    expect(w.send(b, 'z'.repeat(200))).toBe(200);
    expect(w.recv(b, 8)).toBe('hello wo');
    expect(w.recv(b, 4, MSG_PEEK)).toBe('rld');
    expect(w.recv(b)).toBe('rld');
    expect(w.recv(a, 65, MSG_PEEK)).toBe('z'.repeat(65));
    expect(w.recv(a)).toBe('z'.repeat(200));
    expect(w.recv(a)).toBe(-EINTR);
    expect(w.recv(a, 1, MSG_DONTWAIT)).toBe(-EWOULDBLOCK);
    expect(w.recv(a, 0)).toBe('');
  });

  it('holds the sender back by what the receiver has not read', () => {
    const w = new World({ sendSpace: 100, recvSpace: 100, sendLowWater: 10 });
    const [a, b] = w.pair();
    w.nonblocking(a);
    const hiwat = () => word(w.k, w.so(a) + so_snd + sb_hiwat);
    expect(w.send(a, 'x'.repeat(60))).toBe(60);
    expect(hiwat()).toBe(40);
    expect(w.send(a, 'y'.repeat(60))).toBe(40);
    expect(hiwat()).toBe(0);
    expect(w.send(a, 'z')).toBe(-EWOULDBLOCK);
    // Room for less than the low-water mark is no room, unless it is enough.
    expect(w.recv(b, 9)).toBe('x'.repeat(9));
    expect(hiwat()).toBe(9);
    expect(w.send(a, 'z'.repeat(10))).toBe(-EWOULDBLOCK);
    expect(w.send(a, 'z'.repeat(9))).toBe(9);
    expect(w.recv(b)).toBe('x'.repeat(51) + 'y'.repeat(40) + 'z'.repeat(9));
    expect(hiwat()).toBe(100);
    // A sender that can't wait is interrupted after what there was room for.
    w.nonblocking(a, 0);
    expect(w.send(a, 'w'.repeat(250))).toBe(100);
    expect(w.send(a, 'w')).toBe(-EINTR);
  });

  it('delivers what was sent before the end, then the end', () => {
    const w = new World();
    const [a, b] = w.pair();
    w.send(a, 'last words');
    expect(w.shutdown(a, SHUT_WR)).toBe(0);
    expect(w.send(a, 'more')).toBe(-EPIPE);
    expect(w.recv(b)).toBe('last words');
    expect(w.recv(b)).toBe('');
    expect(w.send(b, 'answer')).toBe(6);
    expect(w.recv(a)).toBe('answer');
    w.send(b, 'unread');
    expect(w.close(b)).toBe(0);
    expect(w.recv(a)).toBe('unread');
    expect(w.recv(a)).toBe('');
    expect(w.close(a)).toBe(0);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('throws away what came when nobody wants to read it, and keeps its limits', () => {
    const w = new World();
    const [a, b] = w.pair();
    w.send(a, 'in vain');
    const limit = word(w.k, w.so(b) + so_rcv + sb_hiwat);
    expect(w.shutdown(b, SHUT_RD)).toBe(0);
    expect([w.buffered(w.so(b)), word(w.k, w.so(b) + so_rcv + sb_hiwat)]).toEqual([0, limit]);
    expect(w.recv(b)).toBe('');
    // The peer is not told: its data is appended and can be read, as in BSD.
    expect(w.send(a, 'still')).toBe(5);
    expect(w.recv(b)).toBe('still');
    expect([w.shutdown(b, 3), w.shutdown(b, -1), w.shutdown(b, SHUT_RDWR)]).toEqual([-EINVAL, -EINVAL, 0]);
  });

  it('ends in both directions by disconnect, and may be connected anew', () => {
    const w = new World();
    const [a, b] = w.pair();
    expect(w.disconnect(a)).toBe(0);
    expect([w.phase(w.so(a)), w.phase(w.so(b))]).toEqual(['disconnected', 'disconnected']);
    expect(w.disconnect(b)).toBe(-ENOTCONN);
    expect(w.connect2(a, b)).toBe(0);
    expect([w.phase(w.so(a)), w.cantSend(w.so(a))]).toEqual(['connected', true]);
    expect(w.connect2(a, b)).toBe(-EISCONN);
  });

  it('is made by connect2 from two sockets that are fit for it', () => {
    const w = new World();
    const head = w.listener(1, 1);
    const [a, b, u, v, t] = [w.socket('unix'), w.socket('unix'), w.socket('udp'), w.socket('udp'), w.socket('tcp')];
    expect(w.connect2(a, a)).toBe(-EINVAL);
    expect(w.connect2(a, head)).toBe(-EINVAL);
    expect(w.connect2(a, u)).toBe(-EPROTOTYPE);
    expect(w.connect2(u, v)).toBe(-EOPNOTSUPP);
    expect(w.connect2(t, t)).toBe(-EOPNOTSUPP);
    expect(w.connect2(a, b)).toBe(0);
    expect(w.send(a, 'through')).toBe(7);
    expect(w.recv(b)).toBe('through');
    const c = w.socket('unix');
    expect(w.connect2(c, a)).toBe(-EISCONN);
  });

  it('knows no records', () => {
    const w = new World();
    const [a] = w.pair();
    expect(w.send(a, 'x', undefined, MSG_EOR)).toBe(-EINVAL);
  });
});
