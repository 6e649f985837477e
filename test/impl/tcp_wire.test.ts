/** The wire carries segments in order, holds so many and no more, and does to them what its driver says. */

import { describe, expect, test } from 'vitest';
import { ECONNREFUSED, EFAULT, EINTR, ENOBUFS, ETIMEDOUT } from '../../impl/errno.ts';
import { IPPROTO_TCP, mbuf_zone, td_user } from '../../impl/layout.ts';
import { get, load } from '../../impl/memory.ts';
import { ticks } from '../../impl/layout.ts';
import {
  wire_copyout,
  wire_defer,
  wire_deliver,
  wire_drop,
  wire_duplicate,
  wire_inject,
  wire_length,
  wire_output,
  wire_peek,
  wire_run,
  wire_stop,
  wire_tick,
} from '../../impl/net/wire.ts';
import { IPPROTO_ICMP, wire_lost, ws_seq, wseg_zone } from '../../impl/netinet/layout.ts';
import { Rig, synSent } from './tcp_rig.ts';

/** An empty segment to a host; its number tells it from others. */
function put(rig: Rig, host: number, seq: number): number {
  return wire_output(rig.k, rig.td, IPPROTO_TCP, 1, 1, host, 2, seq, 0, 0, 0, 0, 0);
}

/** The numbers on a list, oldest first; they are taken off it. */
function drain(rig: Rig, remote: number): number[] {
  const out: number[] = [];
  for (let th = wire_peek(rig.k, rig.td, remote); th !== 0; th = wire_peek(rig.k, rig.td, remote)) {
    out.push(get(rig.k, th + ws_seq));
    wire_drop(rig.k, rig.td, remote);
  }
  return out;
}

describe('the wire', () => {
  test('keeps the order of each list', () => {
    const rig = new Rig();
    for (let i = 1; i <= 5; i++) {
      put(rig, 1, i);
      put(rig, 2, 10 * i);
    }
    expect([wire_length(rig.k, rig.td, 0), wire_length(rig.k, rig.td, 1)]).toEqual([5, 5]);
    expect([drain(rig, 0), drain(rig, 1)]).toEqual([
      [1, 2, 3, 4, 5],
      [10, 20, 30, 40, 50],
    ]);
    expect(rig.inuse(wseg_zone)).toBe(0);
  });

  test('refuses what does not fit on the way to this host, and loses the oldest on the way to the others', () => {
    const rig = new Rig({ wireSegments: 3 });
    expect([1, 2, 3, 4, 5].map((i) => put(rig, 1, i))).toEqual([0, 0, 0, ENOBUFS, ENOBUFS]);
    expect([1, 2, 3, 4, 5].map((i) => put(rig, 2, i))).toEqual([0, 0, 0, 0, 0]);
    expect(get(rig.k, wire_lost)).toBe(4);
    expect([drain(rig, 0), drain(rig, 1)]).toEqual([
      [1, 2, 3],
      [3, 4, 5],
    ]);
    expect(rig.inuse(wseg_zone)).toBe(0);
  });

  test('its driver loses, defers and repeats segments', () => {
    const rig = new Rig();
    for (let i = 1; i <= 3; i++) put(rig, 1, i);
    expect([wire_drop(rig.k, rig.td, 0), wire_duplicate(rig.k, rig.td), wire_defer(rig.k, rig.td, 0)]).toEqual([1, 1, 1]);
    expect(drain(rig, 0)).toEqual([3, 2, 2]);
    expect([wire_drop(rig.k, rig.td, 0), wire_duplicate(rig.k, rig.td), wire_defer(rig.k, rig.td, 0), wire_deliver(rig.k, rig.td)]).toEqual(
      [0, 0, 0, 0],
    );
  });

  test('carries bytes, and a copy of a segment has bytes of its own', () => {
    const rig = new Rig({ mbufBytes: 4 });
    const at = get(rig.k, rig.td + td_user);
    rig.user().set(new TextEncoder().encode('hello world'));
    expect(wire_inject(rig.k, rig.td, IPPROTO_TCP, 2, 9, 1, 80, 0, 0, 0, 0, at, 11)).toBe(0);
    wire_duplicate(rig.k, rig.td);
    wire_drop(rig.k, rig.td, 0);
    rig.user().fill(0, 0, 20);
    expect(wire_copyout(rig.k, rig.td, wire_peek(rig.k, rig.td, 0), at)).toBe(0);
    expect(new TextDecoder().decode(rig.user().slice(0, 11))).toBe('hello world');
    expect(rig.inuse(mbuf_zone)).toBe(3);
    wire_drop(rig.k, rig.td, 0);
    expect(rig.inuse(mbuf_zone)).toBe(0);
  });

  test('refuses bytes from outside user memory, and too many of them', () => {
    const rig = new Rig({ mbufs: 2, mbufBytes: 4 });
    expect(wire_inject(rig.k, rig.td, IPPROTO_TCP, 2, 9, 1, 80, 0, 0, 0, 0, -1, 4)).toBe(EFAULT);
    expect(wire_inject(rig.k, rig.td, IPPROTO_TCP, 2, 9, 1, 80, 0, 0, 0, 0, 0, -4)).toBe(EFAULT);
    expect(wire_inject(rig.k, rig.td, IPPROTO_TCP, 2, 9, 1, 80, 0, 0, 0, 0, 0, 9)).toBe(ENOBUFS);
    expect([rig.inuse(mbuf_zone), rig.inuse(wseg_zone)]).toEqual([0, 0]);
  });

  test('wire_run carries everything, runs the ticks that were announced, and ends when told or interrupted', () => {
    const rig = new Rig();
    for (let i = 1; i <= 3; i++) put(rig, 1, i);
    wire_tick(rig.k, rig.td);
    wire_tick(rig.k, rig.td);
    const before = load(rig.k, ticks);
    expect(wire_run(rig.k, rig.td)).toBe(EINTR);
    expect(load(rig.k, ticks) - before).toBe(2);
    expect(wire_length(rig.k, rig.td, 0)).toBe(0);
    wire_stop(rig.k, rig.td);
    put(rig, 1, 4);
    expect(wire_run(rig.k, rig.td)).toBe(0);
    expect(wire_length(rig.k, rig.td, 0)).toBe(1);
  });

  test('"nobody there" for a connection that is being made is what it is given up with', () => {
    const rig = new Rig();
    const { fd, peer } = synSent(rig);
    expect(wire_inject(rig.k, rig.td, IPPROTO_ICMP, 2, peer.port, 1, peer.local, 0, 0, IPPROTO_TCP, ECONNREFUSED, 0, 0)).toBe(0);
    rig.deliver();
    expect(rig.soError(fd)).toBe(0);
    rig.tick(5000);
    expect(rig.takeError(fd)).toBe(ECONNREFUSED);
    rig.close(fd);
    const other = synSent(rig);
    rig.tick(5000);
    expect(rig.takeError(other.fd)).toBe(ETIMEDOUT);
    rig.close(other.fd);
    rig.expectNothingLeft();
  });
});
