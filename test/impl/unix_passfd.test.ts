/** Descriptors passed over UNIX streams (FreeBSD's unix_passfd): who receives one has the same open socket, and none is ever lost. */
import { describe, expect, it } from 'vitest';
import {
  EBADF,
  EFAULT,
  EINVAL,
  EMSGSIZE,
  ENOBUFS,
  EPIPE,
  EWOULDBLOCK,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_WAITALL,
  SHUT_RD,
  SHUT_WR,
  sys_recvmbuf,
  so_rcv,
  sb_lastrecord,
  sb_mb,
  sb_mbcnt,
  word,
} from '../../impl/raw.ts';
import { Mail, NOWHERE } from './rights_rig.ts';
import { NOTHING_LEFT } from './world.ts';

/** Mail between a and b, about one end (x) of another pair. */
function setUp(options = {}): { readonly w: Mail; readonly a: number; readonly b: number; readonly x: number; readonly y: number } {
  const w = new Mail(options);
  const [a, b] = w.pair();
  const [x, y] = w.pair();
  return { w, a, b, x, y };
}

function atRest(w: Mail): void {
  w.collect();
  expect(w.rights()).toBe(0);
  expect(w.leftOver()).toEqual(NOTHING_LEFT);
}

describe('a descriptor that is passed', () => {
  it('is the same open socket, also when it was closed at once', () => {
    const { w, a, b, x, y } = setUp();
    const so = w.so(x);
    expect(w.mail(a, 'hello', [x])).toBe(5);
    expect([w.fileCount(x), w.rights()]).toEqual([2, 1]);
    w.close(x);
    const got = w.take(b);
    expect([got.text, got.fds.length, got.flags, w.rights()]).toEqual(['hello', 1, 0, 0]);
    const [z = -1] = got.fds;
    expect([w.so(z), w.fileCount(z)]).toEqual([so, 1]);
    w.send(y, 'still here');
    expect(w.recv(z)).toBe('still here');
    w.closeAll(a, b, y, z);
    atRest(w);
  });

  it('is dropped when both ends are closed before it is received', () => {
    const { w, a, b, x, y } = setUp();
    w.mail(a, '.', [x]);
    w.closeAll(x, a, b);
    expect(w.send(y, 'to nobody')).toBe(9);
    w.collect();
    expect(w.send(y, 'to nobody')).toBe(-EPIPE);
    w.close(y);
    atRest(w);
  });

  it('is dropped when its receiver shuts down', () => {
    const { w, a, b, x, y } = setUp();
    w.mail(a, 'data', [x]);
    w.close(x);
    expect(w.shutdown(b, SHUT_RD)).toBe(0);
    w.collect();
    expect([w.rights(), w.leftOver().files, w.buffered(w.so(b))]).toEqual([0, 3, 0]);
    w.closeAll(a, b, y);
    atRest(w);
  });

  it('is dropped when it is read without asking for it', () => {
    const { w, a, b, x, y } = setUp();
    w.mail(a, 'data', [x]);
    w.close(x);
    expect(w.recv(b)).toBe('data');
    w.collect();
    expect(w.rights()).toBe(0);
    w.closeAll(a, b, y);
    atRest(w);
  });

  it('may be a TCP socket, and the very socket that it is sent over', () => {
    const { w, a, b, x, y } = setUp();
    const tcp = w.socket('tcp');
    w.mail(a, '1', [tcp, b]);
    w.closeAll(tcp);
    const { fds } = w.take(b);
    expect(fds.map((fd) => w.so(fd))).toContain(w.so(b));
    w.closeAll(...fds, a, b, x, y);
    atRest(w);
  });
});

describe('messages and their descriptors', () => {
  it('arrive in order, each descriptor with its own data', () => {
    const { w, a, b, x, y } = setUp();
    w.send(a, 'plain');
    w.mail(a, 'one', [x]);
    w.send(a, 'more');
    w.mail(a, 'two', [y]);
    const [ox, oy] = [w.so(x), w.so(y)];
    w.closeAll(x, y);
    const got = [w.take(b), w.take(b), w.take(b)];
    expect(got.map(({ text }) => text)).toEqual(['plain', 'onemore', 'two']);
    expect(got.map(({ fds }) => fds.map((fd) => w.so(fd)))).toEqual([[], [ox], [oy]]);
    w.closeAll(...got.flatMap(({ fds }) => fds), a, b);
    atRest(w);
  });

  it('arrive with the first byte, also when only a part is read, or nothing', () => {
    const { w, a, b, x, y } = setUp();
    w.mail(a, 'abcdef', [x]);
    const first = w.take(b, { size: 2 });
    expect([first.text, first.fds.length]).toEqual(['ab', 1]);
    const second = w.take(b);
    expect([second.text, second.fds.length]).toEqual(['cdef', 0]);
    w.mail(a, 'x', [x]);
    const none = w.take(b, { size: 0 });
    expect([none.text, none.fds.length]).toEqual(['', 1]);
    expect(w.take(b).text).toBe('x');
    w.closeAll(...first.fds, ...none.fds, a, b, x, y);
    atRest(w);
  });

  it('end a read that waits for all', () => {
    const { w, a, b, x, y } = setUp();
    w.send(a, '123');
    w.mail(a, '456', [x]);
    expect(w.take(b, { size: 6, flags: MSG_WAITALL | MSG_DONTWAIT }).text).toBe('123');
    const got = w.take(b, { size: 3, flags: MSG_WAITALL });
    expect([got.text, got.fds.length]).toEqual(['456', 1]);
    w.closeAll(...got.fds, a, b, x, y);
    atRest(w);
  });

  it('are looked at without the descriptors', () => {
    const { w, a, b, x, y } = setUp();
    w.mail(a, 'peek', [x]);
    const look = w.take(b, { flags: MSG_PEEK });
    expect([look.text, look.fds, w.fileCount(x), w.rights()]).toEqual(['peek', [], 2, 1]);
    const got = w.take(b);
    expect([got.text, got.fds.length]).toEqual(['peek', 1]);
    w.closeAll(...got.fds, a, b, x, y);
    atRest(w);
  });

  it('leave a buffer in order, empty', () => {
    const { w, a, b, x, y } = setUp();
    w.mail(a, '1', [x]);
    w.mail(a, '2', [x]);
    w.mail(a, '3', [x]);
    const fds = [w.take(b), w.take(b), w.take(b)].flatMap((got) => got.fds);
    const rcv = w.so(b) + so_rcv;
    expect([word(w.k, rcv + sb_mb), word(w.k, rcv + sb_lastrecord), word(w.k, rcv + sb_mbcnt)]).toEqual([0, 0, 0]);
    w.closeAll(...fds, a, b, x, y);
    atRest(w);
  });
});

describe('what is refused', () => {
  it('leaves nothing in flight: a descriptor that is not open, a bad control buffer, a socket that passes none', () => {
    const { w, a, b, x, y } = setUp();
    expect(w.mail(a, '.', [x, 60])).toBe(-EBADF);
    expect(w.mail(a, '.', [x], { control: NOWHERE })).toBe(-EFAULT);
    expect(w.mail(a, '.', [x], { level: 0 })).toBe(-EINVAL);
    expect(w.mail(a, '.', [x], { length: 8 })).toBe(-EINVAL);
    expect(w.mail(a, '', [x])).toBe(-EINVAL);
    const tcp = w.socket('tcp');
    expect(w.mail(tcp, '.', [x])).toBe(-EINVAL);
    expect([w.fileCount(x), w.rights()]).toEqual([1, 0]);
    w.closeAll(tcp, a, b, x, y);
    atRest(w);
  });

  it('as many as an mbuf holds and no more: EMSGSIZE; as many as may be in flight: ENOBUFS', () => {
    const { w, a, b, x, y } = setUp({ mbufBytes: 16, rights: 5 });
    expect(w.mail(a, '.', [x, x, x, x, x])).toBe(-EMSGSIZE);
    expect(w.mail(a, '.', [x, x, x, x])).toBe(1);
    expect(w.mail(a, '.', [x, x])).toBe(-ENOBUFS);
    expect([w.fileCount(x), w.rights()]).toEqual([5, 4]);
    const { fds } = w.take(b);
    expect(fds.length).toBe(4);
    w.closeAll(...fds, a, b, x, y);
    atRest(w);
  });

  it('a send that fails gives its rights up', () => {
    const { w, a, b, x, y } = setUp();
    w.shutdown(a, SHUT_WR);
    expect(w.mail(a, '.', [x])).toBe(-EPIPE);
    w.closeAll(a, b, x, y);
    atRest(w);
  });

  it('a send that would block takes none', () => {
    const { w, a, b, x, y } = setUp({ sendSpace: 8, recvSpace: 8, sendLowWater: 1 });
    expect(w.send(a, '12345678')).toBe(8);
    expect(w.mail(a, '.', [x], { flags: MSG_DONTWAIT })).toBe(-EWOULDBLOCK);
    expect([w.fileCount(x), w.rights()]).toEqual([1, 0]);
    w.closeAll(a, b, x, y);
    atRest(w);
  });

  it('a message without descriptors is one like any other', () => {
    const { w, a, b, x, y } = setUp();
    expect(w.mail(a, 'none', [])).toBe(4);
    expect(w.take(b)).toEqual({ text: 'none', fds: [], flags: 0, user: null });
    w.closeAll(a, b, x, y);
    atRest(w);
  });
});

describe('a receiver without room', () => {
  it('is told so, and the descriptors that it does not get are closed', () => {
    const { w, a, b, x, y } = setUp();
    w.mail(a, 'three', [x, x, y]);
    const got = w.take(b, { room: 1 });
    expect([got.text, got.fds.length, got.flags]).toEqual(['three', 1, MSG_CTRUNC]);
    expect([w.fileCount(x), w.fileCount(y), w.rights()]).toEqual([2, 1, 0]);
    w.mail(a, 'no buffer', [x]);
    expect(w.take(b, { room: -1 })).toEqual({ text: 'no buffer', fds: [], flags: MSG_CTRUNC, user: null });
    w.mail(a, 'nowhere', [x]);
    expect(w.take(b, { control: NOWHERE }).flags).toBe(MSG_CTRUNC);
    expect([w.fileCount(x), w.rights()]).toEqual([2, 0]);
    w.closeAll(...got.fds, a, b, x, y);
    atRest(w);
  });

  it('for the data: EFAULT, and no descriptor is lost', () => {
    const { w, a, b, x, y } = setUp();
    w.mail(a, 'data', [x]);
    expect(w.take(b, { data: NOWHERE }).text).toBe(-EFAULT);
    expect([w.fileCount(x), w.rights()]).toEqual([1, 0]);
    expect(w.take(b).text).toBe('data');
    w.closeAll(a, b, x, y);
    atRest(w);
  });

  it('that is to be lent mbufs, and can’t be, leaves descriptors and who sent them where they are', () => {
    const { w, a, b, x, y } = setUp();
    const lend = (most: number): number => sys_recvmbuf(w.k, w.td, b, most, 0);
    w.mail(a, 'data', [x], { creds: 0 });
    const before = w.storage(b);
    w.failAllocation(1);
    expect(lend(2)).toBe(-ENOBUFS);
    w.failAllocation(0);
    w.collect();
    expect([w.fileCount(x), w.rights(), w.storage(b)]).toEqual([2, 1, before]);
    const got = w.take(b, { flags: MSG_PEEK });
    expect(got).toMatchObject({ text: 'data', user: 0 });
    // Who is lent bytes gets no descriptors; they go when the bytes do, whether he copies a part or not.
    expect([lend(2), w.rights()]).toEqual([2, 1]);
    w.collect();
    expect([w.fileCount(x), w.rights()]).toEqual([1, 0]);
    w.mail(a, 'more', [x]);
    expect([lend(0), w.rights(), lend(9), lend(9)]).toEqual([0, 1, 2, 4]);
    w.collect();
    expect([w.fileCount(x), w.rights(), w.buffered(w.so(b)), w.storage(b)]).toEqual([1, 0, 0, 0]);
    w.giveAllBack();
    w.closeAll(a, b, x, y);
    atRest(w);
  });

  it('for all the descriptors gets none, EMSGSIZE, and then the data', () => {
    const { w, a, b, x, y } = setUp({ descriptors: 5 });
    w.mail(a, 'two', [x, y]);
    expect(w.take(b).text).toBe(-EMSGSIZE);
    w.collect();
    expect([w.fileCount(x), w.rights()]).toEqual([1, 0]);
    expect(w.take(b)).toEqual({ text: 'two', fds: [], flags: 0, user: null });
    w.closeAll(a, b, x, y);
    atRest(w);
  });
});
