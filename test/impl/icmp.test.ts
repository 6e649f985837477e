/** What ICMP says of a peer, and what comes of it: an errno for UDP, a reason to give up for TCP, nothing for raw IP. */
import { describe, expect, it, test } from 'vitest';
import {
  ECONNREFUSED,
  EHOSTUNREACH,
  EINTR,
  EMSGSIZE,
  ETIMEDOUT,
  HOST_LOCAL,
  HOST_REMOTE,
  IPPROTO_ICMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  wire_inject,
} from '../../impl/raw.ts';
import { established, Rig, synSent } from './tcp_rig.ts';
import { NOTHING_LEFT, World } from './world.ts';

/** About what local port `local` sends to the remote port. */
function say(rig: Rig, peer: { readonly port: number; readonly local: number }, error: number): void {
  wire_inject(rig.k, rig.td, IPPROTO_ICMP, HOST_REMOTE, peer.port, HOST_LOCAL, peer.local, 0, 0, IPPROTO_TCP, error, 0, 0);
  rig.deliver();
}

describe('a connection that is being made', () => {
  test('goes on after the first word, and is given up with it', () => {
    const rig = new Rig();
    const { fd, peer } = synSent(rig);
    say(rig, peer, EHOSTUNREACH);
    expect(rig.soError(fd)).toBe(0);
    rig.tick(5000);
    expect(rig.takeError(fd)).toBe(EHOSTUNREACH);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('is given up at the second word, if it was tried often', () => {
    const rig = new Rig();
    const early = synSent(rig);
    say(rig, early.peer, EHOSTUNREACH);
    say(rig, early.peer, EHOSTUNREACH);
    expect(rig.soError(early.fd)).toBe(0);
    // Four more attempts: 10, 20, 40 and 80 ticks apart.
    rig.tick(200);
    say(rig, early.peer, EMSGSIZE);
    expect(rig.soError(early.fd)).toBe(0);
    say(rig, early.peer, ECONNREFUSED);
    expect(rig.takeError(early.fd)).toBe(ECONNREFUSED);
    rig.close(early.fd);
    rig.expectNothingLeft();
  });
});

test('a connection that is there outlives that there is no way for a while', () => {
  const rig = new Rig();
  const { fd, peer } = established(rig);
  say(rig, peer, EHOSTUNREACH);
  rig.send(fd, 'abc');
  rig.tick(20_000);
  expect(rig.takeError(fd)).toBe(ETIMEDOUT);
  rig.close(fd);
  rig.expectNothingLeft();
});

describe('a UDP socket', () => {
  it.each([ECONNREFUSED, EHOSTUNREACH, EMSGSIZE])('is told error %i once, by the next call', (error) => {
    const w = new World();
    const a = w.socket('udp');
    expect([w.bind(a, 7), w.connect(a, 9, HOST_REMOTE)]).toEqual([0, 0]);
    wire_inject(w.k, w.td, IPPROTO_ICMP, HOST_REMOTE, 9, HOST_LOCAL, 7, 0, 0, IPPROTO_UDP, error, 0, 0);
    w.deliver();
    expect([w.recv(a), w.recv(a)]).toEqual([-error, -EINTR]);
    expect(w.close(a)).toBe(0);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });
});
