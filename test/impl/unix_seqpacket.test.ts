/** Sequenced packets, one call after the other: connected like streams, and every send a record of its own. */
import { describe, expect, it } from 'vitest';
import {
  EINVAL,
  EISCONN,
  EMSGSIZE,
  ENOBUFS,
  ENOTCONN,
  EPIPE,
  EWOULDBLOCK,
  ECONNREFUSED,
  MSG_DONTWAIT,
  MSG_EOR,
  MSG_PEEK,
  MSG_TRUNC,
  SHUT_WR,
  sb_hiwat,
  sb_mbmax,
  so_snd,
  SOL_SOCKET,
  SO_OPT_TYPE,
  SOCK_SEQPACKET,
  td_from_host,
  td_msg_flags,
  word,
} from '../../impl/raw.ts';
import { attach, createKernel } from '../../impl/index.ts';
import { NOTHING_LEFT, World } from './world.ts';

const flags = (w: World): number => word(w.k, w.td + td_msg_flags);
const limits = (w: World, fd: number): readonly [number, number] => [
  word(w.k, w.so(fd) + so_snd + sb_hiwat),
  word(w.k, w.so(fd) + so_snd + sb_mbmax),
];

describe('a connection', () => {
  it('is made, accepted and ended as a stream’s is', () => {
    const w = new World();
    const head = w.socket('seqpacket');
    expect([w.listen(head, 1), w.bind(head, 1)]).toEqual([-EINVAL, 0]);
    const c = w.socket('seqpacket');
    expect([w.connect(c, 1), w.listen(head, 1), w.connect(c, 1), w.connect(c, 1)]).toEqual([-ECONNREFUSED, 0, 0, -EISCONN]);
    const a = w.accept(head);
    expect([w.phase(w.so(c)), w.phase(w.so(a)), w.getsockopt(a, SOL_SOCKET, SO_OPT_TYPE)]).toEqual([
      'connected',
      'connected',
      SOCK_SEQPACKET,
    ]);
    expect([w.send(c, 'one'), w.send(c, 'two'), w.close(c)]).toEqual([3, 3, 0]);
    expect([w.recv(a), w.recv(a), w.recv(a), w.send(a, 'x')]).toEqual(['one', 'two', '', -EPIPE]);
    expect([w.close(a), w.close(head)]).toEqual([0, 0]);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('is needed to send and to receive', () => {
    const w = new World();
    const fd = w.socket('seqpacket');
    expect([w.send(fd, 'x'), w.recv(fd), w.disconnect(fd)]).toEqual([-ENOTCONN, -ENOTCONN, -ENOTCONN]);
  });

  it('that is shut down from one side is read to the end of its records', () => {
    const w = new World();
    const [a, b] = w.pair('seqpacket');
    expect([w.send(a, 'last'), w.shutdown(a, SHUT_WR), w.send(a, 'x')]).toEqual([4, 0, -EPIPE]);
    expect([w.recv(b), w.recv(b), w.send(b, 'back'), w.recv(a)]).toEqual(['last', '', 4, 'back']);
  });
});

describe('a record', () => {
  it('is received in one piece, whoever sent what before and after', () => {
    const w = new World();
    const [a, b] = w.pair('seqpacket');
    // Longer than an mbuf, as long as one, and shorter.
    const texts = ['x'.repeat(150), 'y'.repeat(64), 'z'];
    for (const text of texts) expect(w.send(a, text)).toBe(text.length);
    expect(w.recv(b, 1000, MSG_PEEK)).toBe(texts[0]);
    for (const text of texts) expect(w.recv(b)).toBe(text);
    // The two ends know each other: a record of theirs says nothing of its sender.
    expect(word(w.k, w.td + td_from_host)).toBe(0);
  });

  it('is cut off where the reader wants no more, who is told, and the rest is lost', () => {
    const w = new World();
    const [a, b] = w.pair('seqpacket');
    expect([w.send(a, 'x'.repeat(100)), w.send(a, 'next')]).toEqual([100, 4]);
    expect(w.recv(b, 70)).toBe('x'.repeat(70));
    expect(flags(w)).toBe(MSG_TRUNC);
    expect(w.recv(b, 4)).toBe('next');
    expect(flags(w)).toBe(0);
  });

  it('ends where its sender says so, and who has not read all of it has not seen the end', () => {
    const w = new World();
    const [a, b] = w.pair('seqpacket');
    for (let i = 0; i < 3; i++) expect(w.send(a, 'x'.repeat(100), undefined, MSG_EOR)).toBe(100);
    expect(w.recv(b, 100, MSG_PEEK)).toHaveLength(100);
    expect(flags(w)).toBe(MSG_EOR);
    expect(w.recv(b, 99)).toHaveLength(99);
    expect(flags(w)).toBe(MSG_TRUNC);
    expect(w.recv(b, 100)).toHaveLength(100);
    expect(flags(w)).toBe(MSG_EOR);
    expect([w.send(a, 'no end'), w.recv(b, 3, MSG_EOR | MSG_DONTWAIT)]).toEqual([6, 'xxx']);
    expect([w.recv(b), flags(w)]).toEqual(['no end', 0]);
  });

  it('that is empty is one only if it ends with MSG_EOR', () => {
    const w = new World();
    const [a, b] = w.pair('seqpacket');
    expect([w.send(a, ''), w.recv(b, 10, MSG_DONTWAIT), w.buffered(w.so(b))]).toEqual([0, -EWOULDBLOCK, 0]);
    expect([w.send(a, '', undefined, MSG_EOR), w.recv(b, 10, MSG_DONTWAIT), flags(w)]).toEqual([0, '', MSG_EOR]);
    expect([w.send(a, ''), w.recv(b, 10, MSG_DONTWAIT | MSG_PEEK), w.send(a, 'x'), w.recv(b, 10)]).toEqual([0, '', 1, 'x']);
  });

  it('waits for room, or is refused as one that can never have any', () => {
    const w = new World({ sendSpace: 100, recvSpace: 100, addressBytes: 10 });
    const [a, b] = w.pair('seqpacket');
    const before = limits(w, a);
    expect([w.send(a, 'x'.repeat(91)), w.send(a, 'x'.repeat(90))]).toEqual([-EMSGSIZE, 90]);
    expect(limits(w, a)[0]).toBe(0);
    // Full: it may still be sent some day, so it is not too long (PR 185812).
    expect([w.send(a, 'x'.repeat(90), undefined, MSG_DONTWAIT), w.send(a, '', undefined, MSG_DONTWAIT)]).toEqual([
      -EWOULDBLOCK,
      -EWOULDBLOCK,
    ]);
    expect(w.recv(b, 1)).toBe('x');
    expect(limits(w, a)).toEqual(before);
    expect([w.send(a, 'y'.repeat(40)), w.send(a, 'z'.repeat(41), undefined, MSG_DONTWAIT), w.send(a, 'z'.repeat(40))]).toEqual([
      40,
      -EWOULDBLOCK,
      40,
    ]);
    expect([w.recv(b), w.recv(b)]).toEqual(['y'.repeat(40), 'z'.repeat(40)]);
    expect(limits(w, a)).toEqual(before);
  });

  it('goes when there are mbufs for it, and nothing of it otherwise', () => {
    const w = new World();
    const [a, b] = w.pair('seqpacket');
    const before = limits(w, a);
    for (let n = 1; ; n++) {
      w.failAllocation(n);
      const result = w.send(a, 'x'.repeat(100));
      if (result === 100) break;
      expect([result, w.buffered(w.so(b)), limits(w, a)]).toEqual([-ENOBUFS, 0, before]);
    }
    w.failAllocation(0);
    expect([w.close(a), w.recv(b), w.close(b)]).toEqual([0, 'x'.repeat(100), 0]);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('that can’t be copied out is lost, as a whole', () => {
    const w = new World({ userBytes: 256, threads: 1 });
    const [a, b] = w.pair('seqpacket');
    expect([w.send(a, 'lost'), w.send(a, 'next')]).toEqual([4, 4]);
    expect(w.recvAt(b, 255, 100)).toBeLessThan(0);
    expect(w.recv(b, 100)).toBe('next');
  });
});

describe('credentials', () => {
  it('are those of who connected and who listened, and of a pair there are none', () => {
    const kernel = createKernel({ sockets: 16 });
    const [server, client] = [attach(kernel, { user: 5 }), attach(kernel, { user: 7 })];
    for (const type of ['stream', 'seqpacket'] as const) {
      const listener = server.socket('unix', type);
      server.bind(listener, { family: 'unix', name: 1 });
      server.listen(listener);
      const fd = client.socket('unix', type);
      expect(() => client.getOption(fd, 'peerUser')).toThrow('ENOTCONN');
      client.connect(fd, { family: 'unix', name: 1 });
      const accepted = server.accept(listener).fd;
      expect([client.getOption(fd, 'peerUser'), server.getOption(accepted, 'peerUser')]).toEqual([5, 7]);
      client.close(fd);
      expect(server.getOption(accepted, 'peerUser')).toBe(7);
      expect(() => server.getOption(listener, 'peerUser')).toThrow('ENOTCONN');
      expect(() => server.setOption(accepted, 'peerUser', 1)).toThrow('ENOPROTOOPT');
      server.unlink(1);
    }
    for (const user of [-1, 1.5, 2 ** 31 - 1]) expect(() => attach(kernel, { user })).toThrow(RangeError);
    expect(() => server.getOption(server.socketpair('seqpacket')[0], 'peerUser')).toThrow('ENOTCONN');
    expect(() => server.getOption(server.socket('unix', 'dgram'), 'peerUser')).toThrow('EINVAL');
  });
});
