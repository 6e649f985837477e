/** Descriptors passed with UNIX datagrams and sequenced packets: a right goes with its record, wherever that goes, and none is lost. */
import { describe, expect, it } from 'vitest';
import { EMSGSIZE, ENOBUFS, EPIPE, EWOULDBLOCK, MSG_CTRUNC, MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, SHUT_RD, SHUT_WR } from '../../impl/raw.ts';
import { Mail, NOWHERE } from './rights_rig.ts';
import { NOTHING_LEFT } from './world.ts';

function atRest(w: Mail, ...fds: readonly number[]): void {
  w.closeAll(...fds);
  w.collect();
  expect(w.rights()).toBe(0);
  expect(w.leftOver()).toEqual(NOTHING_LEFT);
}

describe.each(['dgram', 'seqpacket'] as const)('a descriptor that is passed with a record, %s', (type) => {
  function setUp(options = {}): { readonly w: Mail; readonly a: number; readonly b: number; readonly x: number } {
    const w = new Mail(options);
    const [a, b] = w.pair(type);
    return { w, a, b, x: w.socket('unix') };
  }

  it('is received with it, and not with another', () => {
    const { w, a, b, x } = setUp();
    const so = w.so(x);
    expect([w.send(a, 'first'), w.mail(a, 'second', [x, x]), w.send(a, 'third')]).toEqual([5, 6, 5]);
    w.close(x);
    expect(w.take(b)).toMatchObject({ text: 'first', fds: [] });
    const { text, fds } = w.take(b, { size: 3 });
    expect([text, fds.map((fd) => w.so(fd)), w.rights()]).toEqual(['sec', [so, so], 0]);
    expect(w.take(b)).toMatchObject({ text: 'third', fds: [] });
    expect([w.buffered(w.so(b)), w.storage(b)]).toEqual([0, 0]);
    atRest(w, a, b, ...fds);
  });

  it('stays where it is when its record is looked at, and goes when that is read without it', () => {
    const { w, a, b, x } = setUp();
    w.mail(a, 'record', [x], { creds: 0 });
    expect(w.take(b, { flags: MSG_PEEK })).toEqual({ text: 'record', fds: [], flags: 0, user: 0 });
    expect([w.fileCount(x), w.rights()]).toEqual([2, 1]);
    expect(w.recv(b, 2)).toBe('re');
    w.collect();
    expect([w.fileCount(x), w.rights(), w.storage(b)]).toEqual([1, 0, 0]);
    atRest(w, a, b, x);
  });

  it('comes behind who sent it, and is closed where there is no room to tell', () => {
    const { w, a, b, x } = setUp();
    w.mail(a, 'both', [x], { creds: 0 });
    const got = w.take(b, { size: 1 });
    expect(got).toMatchObject({ text: 'b', flags: MSG_TRUNC, user: 0 });
    expect(got.fds).toHaveLength(1);
    w.mail(a, 'x', [x], { creds: 0 });
    expect(w.take(b, { room: 1 })).toEqual({ text: 'x', fds: [], flags: MSG_CTRUNC, user: 0 });
    w.mail(a, 'y', [x]);
    expect(w.take(b, { data: NOWHERE }).text).toBeLessThan(0);
    expect([w.fileCount(x), w.rights()]).toEqual([2, 0]);
    atRest(w, a, b, x, ...got.fds);
  });

  it('is lost with its record when no descriptor is free, and its sender has the room again', () => {
    const { w, a, b, x } = setUp({ descriptors: 4, sendSpace: 64, recvSpace: 64 });
    expect([w.mail(a, 'z'.repeat(40), [x, x]), w.take(b).text]).toEqual([40, -EMSGSIZE]);
    w.collect();
    expect([w.fileCount(x), w.rights(), w.storage(b)]).toEqual([1, 0, 0]);
    expect([w.send(a, 'z'.repeat(40)), w.recv(b, 64, MSG_DONTWAIT)]).toEqual([40, 'z'.repeat(40)]);
    atRest(w, a, b, x);
  });

  it('is given up with a record that is not taken, or thrown away', () => {
    const { w, a, b, x } = setUp();
    for (let n = 1; ; n++) {
      w.failAllocation(n);
      const result = w.mail(a, 'x'.repeat(100), [x], { creds: 0 });
      w.failAllocation(0);
      w.collect();
      if (result === 100) break;
      expect([result, w.fileCount(x), w.rights(), w.buffered(w.so(b))]).toEqual([-ENOBUFS, 1, 0, 0]);
    }
    expect([w.mail(a, '2', [x]), w.mail(a, '3', [x]), w.rights()]).toEqual([1, 1, 3]);
    w.shutdown(b, SHUT_RD);
    w.collect();
    expect([w.fileCount(x), w.rights(), w.storage(b)]).toEqual([1, 0, 0]);
    w.shutdown(a, SHUT_WR);
    expect(w.mail(a, '4', [x])).toBe(-EPIPE);
    const [c, d] = w.pair(type);
    w.mail(c, '5', [x]);
    w.closeAll(c, d);
    w.collect();
    expect([w.fileCount(x), w.rights()]).toEqual([1, 0]);
    atRest(w, a, b, x);
  });

  it('finds no room where its record finds none', () => {
    const { w, a, b, x } = setUp({ sendSpace: 64, recvSpace: 64, addressBytes: 4 });
    w.nonblocking(a);
    expect(w.send(a, 'x'.repeat(50))).toBe(50);
    expect(w.mail(a, 'y'.repeat(50), [x])).toBe(type === 'dgram' ? -ENOBUFS : -EWOULDBLOCK);
    w.collect();
    expect([w.fileCount(x), w.rights(), w.take(b).text]).toEqual([1, 0, 'x'.repeat(50)]);
    atRest(w, a, b, x);
  });

  it('may be an end of what it is sent over: the collector finds who then keeps itself, and nobody else (T16)', () => {
    const { w, a, b, x } = setUp();
    w.mail(a, 'its own', [b]);
    w.mail(a, 'and a spare', [x]);
    w.closeAll(x);
    w.collect();
    expect([w.rights(), w.take(b).fds.length]).toEqual([2, 1]);
    w.mail(a, 'again', [b]);
    atRest(w, a, b, ...[0, 1, 2, 3, 4, 5].filter((fd) => fd !== a && fd !== b && w.so(fd) !== 0));
  });

  it('and two pairs that carry each other’s ends', () => {
    const { w, a, b, x } = setUp();
    const [c, d] = w.pair('unix');
    w.mail(a, '1', [c]);
    w.mail(d, '2', [b, x]);
    atRest(w, a, b, c, d, x);
  });
});

it('what lies with a connection that nobody has accepted is reached through the listener, and goes with it (T17)', () => {
  const w = new Mail();
  const head = w.socket('seqpacket');
  w.bind(head, 1);
  w.listen(head, 1);
  const c = w.socket('seqpacket');
  w.connect(c, 1);
  w.mail(c, 'a', [head]);
  w.collect();
  expect(w.rights()).toBe(1);
  w.mail(c, 'b', [c]);
  atRest(w, head, c);
});

it('a datagram for a name brings its descriptors to whoever has it, from several senders in order', () => {
  const w = new Mail();
  const fd = w.socket('dgram');
  w.bind(fd, 1);
  const senders = [w.socket('dgram'), w.socket('dgram')];
  for (const each of senders) {
    w.connect(each, 1);
    expect(w.mail(each, 'mine', [each])).toBe(4);
  }
  const got = [w.take(fd), w.take(fd)].flatMap(({ fds }) => fds);
  expect(got.map((each) => w.so(each))).toEqual(senders.map((each) => w.so(each)));
  atRest(w, fd, ...senders, ...got);
});
