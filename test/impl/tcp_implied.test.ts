/** Implied connect: a send with an address makes the connection that its data then goes over (PR_IMPLOPCL). */
import { expect, test } from 'vitest';
import {
  EADDRNOTAVAIL,
  ECONNREFUSED,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
  MSG_DONTWAIT,
  MSG_EOF,
  MSG_OOB,
  SHUT_WR,
  sys_sendto,
  td_user,
  word,
} from '../../impl/raw.ts';
import { Peer, Rig } from './tcp_rig.ts';

/** `length` bytes, whatever lies in user memory, to the remote host. */
function sendTo(rig: Rig, fd: number, length: number, flags = 0, host = 2): number {
  return sys_sendto(rig.k, rig.td, fd, word(rig.k, rig.td + td_user), length, flags | MSG_DONTWAIT, host, 9);
}

/** The peer of the connection whose SYN has just left, which is all that has. */
function opened(rig: Rig): Peer {
  const sent = rig.sent();
  expect(sent.map(({ flags, data }) => `${flags}${data.length}`)).toEqual(['S0']);
  const peer = new Peer(rig, 9, sent[0]?.sport ?? 0);
  peer.ack = ((sent[0]?.seq ?? 0) + 1) | 0;
  return peer;
}

test('the SYN goes first, and all that was sent before the answer follows it', () => {
  const rig = new Rig();
  const fd = rig.socket();
  expect(sendTo(rig, fd, 3)).toBe(3);
  const peer = opened(rig);
  expect(sendTo(rig, fd, 4)).toBe(4);
  expect(rig.sent()).toEqual([]);
  peer.send('SA');
  expect(peer.take().reduce((bytes, { data }) => bytes + data.length, 0)).toBe(7);
  // A connection that there is heeds no address.
  expect(sendTo(rig, fd, 2, 0, 1)).toBe(2);
  expect(peer.take().map(({ data }) => data.length)).toEqual([2]);
  peer.send('A');
  peer.send('R');
  rig.close(fd);
  rig.expectNothingLeft();
});

test('a connection that is refused takes its data with it', () => {
  const rig = new Rig();
  const fd = rig.socket();
  expect(sendTo(rig, fd, 3)).toBe(3);
  opened(rig).send('RA');
  expect(rig.takeError(fd)).toBe(ECONNREFUSED);
  expect(sendTo(rig, fd, 3)).toBe(-EPIPE);
  rig.close(fd);
  rig.expectNothingLeft();
});

test('the last bytes, and an urgent one, can be sent so', () => {
  const rig = new Rig();
  const fd = rig.socket();
  expect(sendTo(rig, fd, 3, MSG_OOB)).toBe(3);
  const peer = opened(rig);
  expect(sendTo(rig, fd, 1, MSG_EOF)).toBe(1);
  expect(sendTo(rig, fd, 1)).toBe(-EPIPE);
  peer.send('SA');
  const [first] = peer.take();
  expect([first?.flags.includes('U'), first?.data.length]).toEqual([true, 4]);
  peer.send('R');
  rig.close(fd);
  rig.expectNothingLeft();
});

test('who can not connect sends nothing and keeps nothing', () => {
  const rig = new Rig();
  const fd = rig.socket();
  expect(rig.send(fd, 'abc')).toBe(-ENOTCONN);
  expect(sendTo(rig, fd, 3, 0, 7)).toBe(-EADDRNOTAVAIL);
  const listener = rig.listener(80);
  expect(sendTo(rig, listener, 3)).toBe(-EOPNOTSUPP);
  const shut = rig.socket();
  expect(rig.shutdown(shut, SHUT_WR)).toBe(0);
  expect(sendTo(rig, shut, 3)).toBe(-EPIPE);
  expect(rig.sent()).toEqual([]);
  for (const each of [fd, listener, shut]) rig.close(each);
  rig.expectNothingLeft();
});
