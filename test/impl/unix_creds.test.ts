/**
 * Who sends (LOCAL_CREDS, SCM_CREDS; FreeBSD's unix_cmsg and rights_creds_payload): said when either side asks, by the kernel, once, and with what
 * was sent.
 */
import { describe, expect, it } from 'vitest';
import { attach, createKernel, type Sockets } from '../../impl/index.ts';
import {
  EINVAL,
  EMSGSIZE,
  ENOBUFS,
  ENOPROTOOPT,
  EWOULDBLOCK,
  LOCAL_CREDS,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_EOR,
  MSG_PEEK,
  MSG_TRUNC,
  sb_cc,
  sb_ctl,
  sb_mbcnt,
  SHUT_RD,
  so_rcv,
  SOL_LOCAL,
  word,
} from '../../impl/raw.ts';
import { Mail, NOWHERE } from './rights_rig.ts';
import { NOTHING_LEFT } from './world.ts';

type Type = 'unix' | 'dgram' | 'seqpacket';
const TYPES: readonly Type[] = ['unix', 'dgram', 'seqpacket'];
const ME = 7;

/** A pair of which the second asks who sends. */
function asking(type: Type, options = {}): { readonly w: Mail; readonly a: number; readonly b: number } {
  const w = new Mail({ ...options });
  w.is(ME);
  const [a, b] = w.pair(type);
  expect(w.setsockopt(b, SOL_LOCAL, LOCAL_CREDS, 1)).toBe(0);
  return { w, a, b };
}

const on = (w: Mail, fd: number): number => w.getsockopt(fd, SOL_LOCAL, LOCAL_CREDS);

function atRest(w: Mail, ...fds: readonly number[]): void {
  w.closeAll(...fds);
  w.collect();
  expect(w.leftOver()).toEqual(NOTHING_LEFT);
}

describe.each(TYPES)('a receiver that asks (LOCAL_CREDS), %s', (type) => {
  const again = type === 'dgram' ? ME : null;

  it('is told once, and on a datagram socket every time (unix_cmsg)', () => {
    const { w, a, b } = asking(type);
    expect([on(w, a), on(w, b)]).toEqual([0, 1]);
    expect([w.send(a, 'one'), on(w, b), w.send(a, 'two')]).toEqual([3, type === 'dgram' ? 1 : 0, 3]);
    expect(w.take(b, { size: 3 })).toMatchObject({ text: 'one', user: ME });
    expect(w.take(b, { size: 3 })).toMatchObject({ text: 'two', user: again });
    // Whoever wants to be told again asks again.
    expect([w.setsockopt(b, SOL_LOCAL, LOCAL_CREDS, 1), w.send(a, 'three')]).toEqual([0, 5]);
    expect(w.take(b)).toMatchObject({ text: 'three', user: ME });
    expect([w.setsockopt(b, SOL_LOCAL, LOCAL_CREDS, 0), w.send(a, 'four')]).toEqual([0, 4]);
    expect(w.take(b)).toMatchObject({ text: 'four', user: null });
    atRest(w, a, b);
  });

  it('is not told by who sends to somebody else, or back', () => {
    const { w, a, b } = asking(type);
    const [c, d] = w.pair(type);
    expect([w.send(b, 'back'), w.send(c, 'aside')]).toEqual([4, 5]);
    expect([w.take(a).user, w.take(d).user, on(w, b)]).toEqual([null, null, 1]);
    atRest(w, a, b, c, d);
  });

  it('may look before it takes, and is told both times', () => {
    const { w, a, b } = asking(type);
    w.send(a, 'look');
    expect([w.take(b, { flags: MSG_PEEK }), w.take(b, { flags: MSG_PEEK, size: 0 })]).toMatchObject([{ user: ME }, {}]);
    expect(w.recv(b, 9, MSG_PEEK)).toBe('look');
    expect(w.take(b)).toEqual({ text: 'look', fds: [], flags: 0, user: ME });
    atRest(w, a, b);
  });

  it('may not want to hear it: then it is gone with the bytes', () => {
    const { w, a, b } = asking(type);
    w.send(a, 'deaf');
    expect([w.recv(b), w.buffered(w.so(b)), word(w.k, w.so(b) + so_rcv + sb_mbcnt)]).toEqual(['deaf', 0, 0]);
    w.send(a, 'next');
    expect(w.take(b).user).toBe(again);
    atRest(w, a, b);
  });

  it('has no room for it: told so, and not a part of it; the bytes come all the same', () => {
    const { w, a, b } = asking(type);
    w.send(a, 'x');
    expect(w.take(b, { room: 0 })).toEqual({ text: 'x', fds: [], flags: MSG_CTRUNC, user: null });
    w.setsockopt(b, SOL_LOCAL, LOCAL_CREDS, 1);
    w.send(a, 'y');
    expect(w.take(b, { room: -1 })).toEqual({ text: 'y', fds: [], flags: MSG_CTRUNC, user: null });
    w.setsockopt(b, SOL_LOCAL, LOCAL_CREDS, 1);
    w.send(a, 'z');
    expect(w.take(b, { room: 1 })).toEqual({ text: 'z', fds: [], flags: 0, user: ME });
    w.setsockopt(b, SOL_LOCAL, LOCAL_CREDS, 1);
    w.send(a, 'nowhere');
    expect(w.take(b, { control: NOWHERE }).flags).toBe(MSG_CTRUNC);
    atRest(w, a, b);
  });

  it('has as many bytes to read as were sent: it takes storage, and none of the limit', () => {
    const { w, a, b } = asking(type, { sendSpace: 64, recvSpace: 64, sendLowWater: 1, addressBytes: 4 });
    const rcv = w.so(b) + so_rcv;
    w.send(a, 'x'.repeat(42));
    const address = type === 'unix' ? 0 : 4;
    expect([word(w.k, rcv + sb_cc), word(w.k, rcv + sb_ctl)]).toEqual([42 + address, address]);
    expect(word(w.k, rcv + sb_mbcnt)).toBe(64 * (type === 'unix' ? 2 : 3));
    expect(w.take(b)).toMatchObject({ text: 'x'.repeat(42), user: ME });
    expect(w.send(a, 'y'.repeat(60))).toBe(60);
    expect(w.take(b).text).toBe('y'.repeat(60));
    atRest(w, a, b);
  });

  it('is not told by a send that fails, and asks on', () => {
    const { w, a, b } = asking(type);
    for (let n = 1; ; n++) {
      w.failAllocation(n);
      const result = w.send(a, 'again');
      if (result === 5) break;
      expect([result, on(w, b), w.buffered(w.so(b))]).toEqual([-ENOBUFS, 1, 0]);
    }
    w.failAllocation(0);
    expect(w.take(b)).toMatchObject({ text: 'again', user: ME });
    atRest(w, a, b);
  });

  it('loses it with what it throws away', () => {
    const { w, a, b } = asking(type);
    w.send(a, 'gone');
    expect([w.shutdown(b, SHUT_RD), w.buffered(w.so(b))]).toEqual([0, 0]);
    const [c, d] = w.pair(type);
    w.setsockopt(d, SOL_LOCAL, LOCAL_CREDS, 1);
    w.send(c, 'unread');
    atRest(w, a, b, c, d);
  });
});

describe.each(TYPES)('a sender who says so (SCM_CREDS), %s', (type) => {
  it('is who he is, whatever he writes there, and only this once', () => {
    const w = new Mail();
    w.is(ME);
    const [a, b] = w.pair(type);
    expect([w.mail(a, 'me', [], { creds: 99 }), w.send(a, 'who?')]).toEqual([2, 4]);
    expect(w.take(b, { size: 2 })).toEqual({ text: 'me', fds: [], flags: 0, user: ME });
    expect(w.take(b)).toMatchObject({ text: 'who?', user: null });
    atRest(w, a, b);
  });

  it('and is asked as well: it is said once', () => {
    const { w, a, b } = asking(type);
    w.mail(a, 'me', [], { creds: 0 });
    expect([w.take(b).user, w.buffered(w.so(b)), on(w, b)]).toEqual([ME, 0, type === 'dgram' ? 1 : 0]);
    atRest(w, a, b);
  });

  it('twice in one message, or to whom it can’t be said: EINVAL', () => {
    const w = new Mail();
    const [a, b] = w.pair(type);
    expect(w.mail(a, '.', [], { creds: 0, twice: true })).toBe(-EINVAL);
    const tcp = w.socket('tcp');
    expect(w.mail(tcp, '.', [], { creds: 0 })).toBe(-EINVAL);
    expect(w.setsockopt(tcp, SOL_LOCAL, LOCAL_CREDS, 1)).toBe(-ENOPROTOOPT);
    // Only a datagram may be empty beside it.
    expect(w.mail(a, '', [], { creds: 0 })).toBe(type === 'dgram' ? 0 : -EINVAL);
    if (type === 'dgram') expect(w.take(b)).toMatchObject({ text: '', user: 0 });
    atRest(w, a, b, tcp);
  });
});

describe('on a stream', () => {
  it('it comes with the first byte, and what was sent before is read by itself', () => {
    const w = new Mail();
    w.is(ME);
    const [a, b] = w.pair();
    w.send(a, 'before');
    w.setsockopt(b, SOL_LOCAL, LOCAL_CREDS, 1);
    w.send(a, 'with it');
    w.send(a, ', after');
    expect(w.take(b)).toMatchObject({ text: 'before', user: null });
    expect(w.take(b, { size: 4 })).toMatchObject({ text: 'with', user: ME });
    expect(w.take(b)).toMatchObject({ text: ' it, after', user: null });
    atRest(w, a, b);
  });

  it('it comes before the descriptors of the same message', () => {
    const { w, a, b } = asking('unix');
    const x = w.socket('unix');
    w.mail(a, 'both', [x], { creds: 0 });
    expect(w.take(b, { flags: MSG_PEEK })).toMatchObject({ text: 'both', fds: [], user: ME });
    const got = w.take(b);
    expect(got).toMatchObject({ text: 'both', flags: 0, user: ME });
    expect(got.fds.map((fd) => w.so(fd))).toEqual([w.so(x)]);
    // With room for who it was alone the descriptor is closed; with less, both are cut off.
    w.mail(a, '1', [x], { creds: 0 });
    expect(w.take(b, { room: 1 })).toEqual({ text: '1', fds: [], flags: MSG_CTRUNC, user: ME });
    w.mail(a, '2', [x], { creds: 0 });
    expect(w.take(b, { room: 0 })).toEqual({ text: '2', fds: [], flags: MSG_CTRUNC, user: null });
    expect([w.fileCount(x), w.rights()]).toEqual([2, 0]);
    atRest(w, a, b, x, ...got.fds);
  });

  it('whoever has no descriptor for what comes behind it has lost both; the next read gives the data (C.6 step 6, H.3 send_a_lot)', () => {
    const { w, a, b } = asking('unix', { descriptors: 4 });
    const more = [w.dup(a), w.dup(a)];
    w.mail(a, 'data', [a]);
    expect(w.take(b).text).toBe(-EMSGSIZE);
    w.closeAll(...more);
    expect(w.take(b)).toEqual({ text: 'data', fds: [], flags: 0, user: null });
    atRest(w, a, b);
  });

  it('nothing to send is nothing to say', () => {
    const { w, a, b } = asking('unix');
    expect([w.send(a, ''), on(w, b), w.buffered(w.so(b))]).toEqual([0, 1, 0]);
    w.send(a, 'x');
    expect(w.take(b).user).toBe(ME);
    atRest(w, a, b);
  });

  it('a buffer that is full with it is short, and nothing of it is lost (rights_creds_payload, PR 181741)', () => {
    const { w, a, b } = asking('unix', { sendSpace: 100, recvSpace: 100, sendLowWater: 1 });
    const x = w.socket('unix');
    w.nonblocking(a);
    expect(w.mail(a, 'x'.repeat(120), [x])).toBe(100);
    w.close(x);
    expect(w.send(a, 'more')).toBe(-EWOULDBLOCK);
    const got = w.take(b, { size: 200 });
    expect(got).toMatchObject({ text: 'x'.repeat(100), flags: 0, user: ME });
    expect(got.fds).toHaveLength(1);
    atRest(w, a, b, ...got.fds);
  });

  it('whoever is accepted has the option of the listener', () => {
    const w = new Mail();
    w.is(ME);
    const head = w.socket('unix');
    w.bind(head, 1);
    w.listen(head, 2);
    const early = w.socket('unix');
    w.connect(early, 1);
    w.setsockopt(head, SOL_LOCAL, LOCAL_CREDS, 1);
    const late = w.socket('unix');
    w.connect(late, 1);
    const [first, second] = [w.accept(head), w.accept(head)];
    expect([on(w, first), on(w, second), on(w, head)]).toEqual([0, 1, 1]);
    w.send(early, 'e');
    w.send(late, 'l');
    expect([w.take(first).user, w.take(second).user]).toEqual([null, ME]);
    atRest(w, head, early, late, first, second);
  });
});

describe('of a record', () => {
  it('it is said with its first bytes, and goes with the rest of it', () => {
    for (const type of ['dgram', 'seqpacket'] as const) {
      const { w, a, b } = asking(type);
      w.send(a, 'a long one');
      w.send(a, 'next');
      expect(w.take(b, { size: 2 })).toEqual({ text: 'a ', fds: [], flags: MSG_TRUNC, user: ME });
      expect(w.take(b)).toMatchObject({ text: 'next', user: type === 'dgram' ? ME : null });
      atRest(w, a, b);
    }
  });

  it('without bytes: a datagram says it, a packet leaves it to the next', () => {
    const { w, a, b } = asking('dgram');
    w.send(a, '');
    expect(w.take(b)).toMatchObject({ text: '', user: ME });
    atRest(w, a, b);
    const { w: v, a: c, b: d } = asking('seqpacket');
    v.send(c, '', undefined, MSG_EOR);
    expect(v.take(d, { flags: MSG_DONTWAIT })).toEqual({ text: '', fds: [], flags: MSG_EOR, user: null });
    v.send(c, 'x');
    expect(v.take(d).user).toBe(ME);
    atRest(v, c, d);
  });

  it('a datagram for which there is no room has said nothing', () => {
    const { w, a, b } = asking('dgram', { sendSpace: 64, recvSpace: 64, addressBytes: 4 });
    expect([w.send(a, 'x'.repeat(50)), w.send(a, 'y'.repeat(50))]).toEqual([50, -ENOBUFS]);
    expect(w.take(b)).toMatchObject({ text: 'x'.repeat(50), user: ME });
    atRest(w, a, b);
  });

  it('a datagram socket hears it of each who sends, by name or connected', () => {
    const kernel = createKernel({ sockets: 16 });
    const people = [3, 4, 5].map((user) => attach(kernel, { user }));
    const [mine, ...others] = people as [Sockets, ...Sockets[]];
    const fd = mine.socket('unix', 'dgram');
    mine.bind(fd, { family: 'unix', name: 1 });
    mine.setOption(fd, 'credentials', 1);
    for (const each of others) each.send(each.socket('unix', 'dgram'), new Uint8Array(1), { to: { family: 'unix', name: 1 } });
    const target = new Uint8Array(4);
    expect([mine.recvMessage(fd, target, 0).user, mine.recvMessage(fd, target, 0).user]).toEqual([4, 5]);
    expect(mine.getOption(fd, 'credentials')).toBe(1);
  });
});

describe('the face', () => {
  it('says who sent a message, and takes no more descriptors than were asked for', () => {
    const kernel = createKernel({ sockets: 16 });
    const [server, client] = [attach(kernel, { user: 5 }), attach(kernel, { user: 7 })];
    const [a, b] = server.socketpair();
    const x = client.socket('unix', 'stream');
    expect(client.sendMessage(a, new Uint8Array([1, 2, 3]), [x, x, x], { credentials: true })).toBe(3);
    expect(client.sendMessage(a, new Uint8Array([4]), [x, x, x])).toBe(1);
    expect(client.sendMessage(a, new Uint8Array([5]), [])).toBe(1);
    const target = new Uint8Array(9);
    const first = server.recvMessage(b, target, 1);
    expect(first).toMatchObject({ length: 3, user: 7, truncated: true });
    const second = server.recvMessage(b, target, 1);
    expect(second).toMatchObject({ length: 2, user: null, truncated: true });
    expect([first.descriptors.length, second.descriptors.length]).toEqual([1, 1]);
    server.setOption(b, 'credentials', 1);
    client.sendMessage(a, new Uint8Array([6]), [x]);
    const third = server.recvMessage(b, target, 2);
    expect(third).toMatchObject({ length: 1, user: 7, truncated: false });
    for (const fd of [a, b, x, ...[first, second, third].flatMap(({ descriptors }) => descriptors)]) server.close(fd);
    server.collect();
    expect(server.statistics()).toMatchObject({ sockets: 0, files: 0, mbufs: 0, rights: 0 });
  });
});
