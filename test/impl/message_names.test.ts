/** An address in a message header: whom it is for, as sendto; who sent it, as recvfrom. Together with descriptors on UNIX datagram sockets. */
import { describe, expect, it } from 'vitest';
import { attach, createKernel } from '../../impl/index.ts';
import {
  EADDRNOTAVAIL,
  EBADF,
  EDESTADDRREQ,
  EFAULT,
  EINVAL,
  EISCONN,
  ENOENT,
  EPROTOTYPE,
  HOST_LOCAL,
  MSG_CTRUNC,
  NAME_BYTES,
  NO_ADDRESS,
  UNIX_HOST,
} from '../../impl/raw.ts';
import { Mail, NOWHERE, type Received } from './rights_rig.ts';
import { NOTHING_LEFT } from './world.ts';

function atRest(w: Mail, ...fds: readonly number[]): void {
  w.closeAll(...fds);
  w.collect();
  expect(w.rights()).toBe(0);
  expect(w.leftOver()).toEqual(NOTHING_LEFT);
}

/** A datagram socket with this name, and one without. */
function setUp(name = 3): { readonly w: Mail; readonly named: number; readonly other: number } {
  const w = new Mail();
  const named = w.socket('dgram');
  expect(w.bind(named, name)).toBe(0);
  return { w, named, other: w.socket('dgram') };
}

const to = (name: number, host = 0): readonly number[] => [host, name];

function take(w: Mail, fd: number, more: Parameters<Mail['take']>[1] = {}): Received {
  return w.take(fd, { nameRoom: NAME_BYTES, ...more });
}

/** All that is on the wire arrives. */
function settle(w: Mail): void {
  while (w.deliver() !== 0);
}

describe('a message with an address', () => {
  it('goes there, with descriptors or without, and says from whom it is', () => {
    const { w, named, other } = setUp();
    const x = w.socket('unix');
    w.bind(other, 5);
    expect([w.mail(other, 'plain', [], { to: to(3) }), w.mail(other, 'both', [x], { to: to(3), creds: 0 })]).toEqual([5, 4]);
    w.close(x);
    expect(take(w, named)).toEqual({ text: 'plain', fds: [], flags: 0, user: null, from: [UNIX_HOST, 5] });
    const got = take(w, named);
    expect(got).toMatchObject({ text: 'both', flags: 0, user: 0, from: [UNIX_HOST, 5] });
    expect(got.fds).toHaveLength(1);
    // The address that came is one to answer to.
    expect(w.mail(named, 'back', got.fds, { to: got.from ?? [] })).toBe(4);
    const back = take(w, other);
    expect(back).toMatchObject({ text: 'back', from: [UNIX_HOST, 3] });
    atRest(w, named, other, ...got.fds, ...back.fds);
  });

  it('is refused as a sendto is, and its descriptors stay with their sender', () => {
    const { w, named, other } = setUp();
    const x = w.socket('unix');
    const stream = w.socket('unix');
    w.bind(stream, 4);
    const [a, b] = w.pair('dgram');
    for (const [fd, name, error] of [
      [other, 6, ENOENT],
      [other, 4, EPROTOTYPE],
      [other, -7, EINVAL],
      [a, 3, EISCONN],
      [99, 3, EBADF],
    ] as const) {
      expect([w.send(fd, 'x', name), w.mail(fd, 'x', [], { to: to(name) }), w.mail(fd, 'x', [x], { to: to(name) })]).toEqual([
        -error,
        -error,
        -error,
      ]);
    }
    expect([w.mail(other, 'x', [x]), w.mail(other, 'x', [99], { to: to(3) })]).toEqual([-EDESTADDRREQ, -EBADF]);
    w.collect();
    expect([w.fileCount(x), w.rights(), w.buffered(w.so(named))]).toEqual([1, 0, 0]);
    atRest(w, named, other, x, stream, a, b);
  });

  it('that is none: EINVAL by its length, EFAULT by its place, before control data is looked at', () => {
    const { w, named, other } = setUp();
    for (const [name, error] of [
      [[0], EINVAL],
      [[0, 3, 0], EINVAL],
      [to(3, NO_ADDRESS), EINVAL],
    ] as const)
      expect(w.mail(other, 'x', [99], { to: name, level: 77 })).toBe(-error);
    expect(w.mail(other, 'x', [], { to: to(3), name: NOWHERE, level: 77 })).toBe(-EFAULT);
    // Without a length there is none, wherever it points.
    expect(w.mail(other, 'x', [], { name: NOWHERE })).toBe(-EDESTADDRREQ);
    atRest(w, named, other);
  });

  it('on UDP: the same as sendto, and the port it came from', () => {
    const w = new Mail();
    const [a, b] = [w.socket('udp'), w.socket('udp')];
    w.bind(a, 7);
    w.bind(b, 8);
    expect(w.mail(b, 'hello', [], { to: to(7, HOST_LOCAL) })).toBe(5);
    settle(w);
    expect(take(w, a)).toMatchObject({ text: 'hello', from: [HOST_LOCAL, 8] });
    expect(w.mail(b, 'x', [], { to: to(0, HOST_LOCAL) })).toBe(w.send(b, 'x', 0));
    expect(w.send(b, 'x', 0)).toBe(-EADDRNOTAVAIL);
    atRest(w, a, b);
  });

  it('on TCP: connects (PR_IMPLOPCL), as sendto', () => {
    const w = new Mail();
    const head = w.socket('tcp');
    w.bind(head, 7);
    w.listen(head, 1);
    const client = w.socket('tcp');
    expect(w.mail(client, 'first', [], { to: to(7, HOST_LOCAL) })).toBe(5);
    settle(w);
    const server = w.accept(head);
    expect(take(w, server)).toMatchObject({ text: 'first', from: [] });
    w.closeAll(head, client, server);
  });
});

describe('the address of who sent a message', () => {
  it('is none where he has none, and of a stream', () => {
    const { w, named, other } = setUp();
    expect(w.mail(other, 'x', [], { to: to(3) })).toBe(1);
    expect(take(w, named)).toMatchObject({ text: 'x', from: [] });
    for (const type of ['unix', 'seqpacket'] as const) {
      const [a, b] = w.pair(type);
      w.send(a, 'y');
      expect(take(w, b)).toMatchObject({ text: 'y', from: [] });
      w.closeAll(a, b);
    }
    atRest(w, named, other);
  });

  it('is cut off where there is no room, and none is told of a receive that fails', () => {
    const { w, named, other } = setUp();
    w.bind(other, 5);
    for (const [room, from] of [
      [3, []],
      [4, [UNIX_HOST]],
      [7, [UNIX_HOST]],
      [100, [UNIX_HOST, 5]],
    ] as const) {
      w.mail(other, 'x', [], { to: to(3) });
      expect(take(w, named, { nameRoom: room })).toEqual({ text: 'x', fds: [], flags: 0, user: null, from });
    }
    w.nonblocking(named);
    expect(take(w, named).from).toEqual([]);
    expect(take(w, named, { nameRoom: -1 }).text).toBe(-EINVAL);
    atRest(w, named, other);
  });

  it('that can’t be told is not: the bytes come all the same, and no descriptor is left behind', () => {
    const { w, named, other } = setUp();
    const x = w.socket('unix');
    w.bind(other, 5);
    w.mail(other, 'x', [x], { to: to(3), creds: 0 });
    expect(take(w, named, { name: NOWHERE })).toEqual({ text: 'x', fds: [], flags: MSG_CTRUNC, user: null, from: [] });
    // Without a byte that has come there is nothing to say instead.
    w.mail(other, '', [x], { to: to(3) });
    expect(take(w, named, { name: NOWHERE })).toMatchObject({ text: -EFAULT, from: [] });
    expect([w.fileCount(x), w.rights(), w.buffered(w.so(named))]).toEqual([1, 0, 0]);
    atRest(w, named, other, x);
  });
});

it('the face sends to an address, and says who sent', () => {
  const kernel = createKernel({ sockets: 16 });
  const [server, client] = [attach(kernel, { user: 5 }), attach(kernel, { user: 7 })];
  const name = { family: 'unix', name: 1 } as const;
  const [a, b] = [server.socket('unix', 'dgram'), client.socket('unix', 'dgram')];
  server.bind(a, name);
  client.bind(b, { family: 'unix', name: 2 });
  expect(client.sendMessage(b, new Uint8Array([1, 2]), [b], { to: name, credentials: true })).toBe(2);
  const target = new Uint8Array(4);
  const message = server.recvMessage(a, target, 1);
  expect(message).toMatchObject({ length: 2, user: 7, from: { family: 'unix', name: 2 }, truncated: false });
  expect(message.descriptors).toHaveLength(1);
  const [p, q] = server.socketpair();
  server.sendMessage(p, new Uint8Array([3]), []);
  expect(server.recvMessage(q, target, 0)).toMatchObject({ length: 1, from: null });
  for (const fd of [a, b, p, q, ...message.descriptors]) server.close(fd);
  expect(server.statistics()).toMatchObject({ sockets: 0, files: 0, mbufs: 0, rights: 0 });
});
