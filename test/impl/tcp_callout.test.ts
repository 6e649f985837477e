/** Callouts fire when they are due, in order, once; and a handler that comes late does nothing. */

import { describe, expect, test } from 'vitest';
import {
  callout_fire,
  callout_fired,
  callout_init,
  callout_next_expiry,
  callout_peek,
  callout_pending,
  callout_reset,
  callout_stop,
} from '../../impl/kern/callout.ts';
import { h_user } from '../../impl/layout.ts';
import { fixed, get } from '../../impl/memory.ts';
import { CALLOUT_REXMT, CALLOUT_WORDS, c_func, inp_ppcb, t_rexmt } from '../../impl/netinet/layout.ts';
import { TCPS_ESTABLISHED, TCPS_FIN_WAIT_2, TCPS_TIME_WAIT } from '../../impl/netinet/tcp_fsm.ts';
import { tcp_probe_2msl, tcp_probe_owner, tcp_probe_rexmt, tcp_probe_rxtshift, tcp_probe_state } from '../../impl/netinet/tcp_probe.ts';
import { tcp_timer_2msl, tcp_timer_persist, tcp_timer_rexmt } from '../../impl/netinet/tcp_timer.ts';
import { tcp_timer_timewait } from '../../impl/netinet/tcp_timewait.ts';
import { established, Peer, Rig } from './tcp_rig.ts';

/** Callouts of no connection: their handler finds an empty record, so that nothing but the callout changes. */
function loose(rig: Rig, count: number): number[] {
  const first = fixed(rig.k, h_user) / 4 + 4096;
  return Array.from({ length: count }, (_, i) => {
    const c = first + i * CALLOUT_WORDS;
    callout_init(rig.k, c, CALLOUT_REXMT, first + 2048);
    return c;
  });
}

describe('callouts', () => {
  for (const timerSlots of [1, 8, 256]) {
    test(`fire at their tick, neither earlier nor later, with ${timerSlots} slots`, () => {
      const rig = new Rig({ timerSlots });
      const { k, td } = rig;
      const times = [3, 1, 40, 300, 2, 40];
      const callouts = loose(rig, times.length);
      for (const [i, c] of callouts.entries()) callout_reset(k, td, c, times[i] ?? 0);
      for (let tick = 0; tick <= 301; tick++) {
        expect(callouts.map((c) => callout_pending(k, td, c))).toEqual(times.map((time) => time > tick));
        const left = times.filter((time) => time > tick);
        expect(callout_next_expiry(k, td)).toBe(left.length === 0 ? -1 : Math.min(...left) - tick);
        rig.tick(1);
      }
    });
  }

  test('of one tick fire in the order in which they were set', () => {
    const rig = new Rig();
    const listener = rig.listener(80);
    for (const port of [13, 11, 12]) new Peer(rig, port, 80).send('S');
    rig.sent();
    rig.tick(5);
    expect(rig.sent().map((segment) => segment.dport)).toEqual([13, 11, 12]);
    rig.close(listener);
  });

  test('none is set for the past: 0 and less mean the next tick', () => {
    const rig = new Rig();
    const { k, td } = rig;
    const callouts = loose(rig, 2);
    for (const [i, c] of callouts.entries()) callout_reset(k, td, c, -i);
    expect(callout_next_expiry(k, td)).toBe(1);
    rig.tick(1);
    expect(callouts.map((c) => callout_pending(k, td, c))).toEqual([false, false]);
  });

  test('setting again replaces, stopping removes, stopping twice is fine', () => {
    const rig = new Rig();
    const { k, td } = rig;
    const [c = 0] = loose(rig, 1);
    callout_reset(k, td, c, 5);
    callout_reset(k, td, c, 9);
    expect(callout_next_expiry(k, td)).toBe(9);
    callout_stop(k, td, c);
    callout_stop(k, td, c);
    expect(callout_next_expiry(k, td)).toBe(-1);
    rig.tick(20);
    expect(callout_fired(k, td, c)).toBe(false);
  });

  test('a handler learns once that it was meant; set again or stopped, it was not', () => {
    const rig = new Rig();
    const { k, td } = rig;
    const [c = 0] = loose(rig, 1);
    callout_reset(k, td, c, 1);
    expect(callout_fired(k, td, c)).toBe(false);
    rig.tick(1);
    expect([callout_fired(k, td, c), callout_fired(k, td, c)]).toEqual([true, false]);
    callout_reset(k, td, c, 1);
    rig.tick(1);
    callout_reset(k, td, c, 1);
    expect(callout_fired(k, td, c)).toBe(false);
    rig.tick(1);
    callout_stop(k, td, c);
    expect(callout_fired(k, td, c)).toBe(false);
  });

  test('a driver can see what fires next, and fire it now', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    rig.send(fd, 'data');
    peer.take();
    const next = callout_peek(rig.k, rig.td);
    expect(next).toBe(tcp_probe_rexmt(rig.k, rig.inp(fd)));
    expect(get(rig.k, next + c_func)).toBe(CALLOUT_REXMT);
    expect(tcp_probe_owner(rig.k, next)).toBe(rig.inp(fd));
    expect(callout_fire(rig.k, rig.td, next)).toBe(1);
    expect(peer.takeFlags()).toEqual(['A4']);
    // It has set itself again.
    expect(callout_next_expiry(rig.k, rig.td)).toBe(10);
    rig.close(fd);
  });
});

describe('a handler that comes late', () => {
  test('finds its callout set again: nothing happens', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    const inp = rig.inp(fd);
    const tp = get(rig.k, inp + inp_ppcb);
    rig.send(fd, 'data');
    peer.take();
    tcp_timer_rexmt(rig.k, rig.td, tp);
    tcp_timer_persist(rig.k, rig.td, tp);
    tcp_timer_2msl(rig.k, rig.td, tp);
    expect(rig.sent()).toEqual([]);
    expect(rig.state(fd)).toBe(TCPS_ESTABLISHED);
    expect(tcp_probe_rxtshift(rig.k, inp)).toBe(0);
    rig.close(fd);
    peer.take();
    peer.send('A');
    expect(tcp_probe_state(rig.k, inp)).toBe(TCPS_FIN_WAIT_2);
    tcp_timer_2msl(rig.k, rig.td, tp);
    expect(tcp_probe_2msl(rig.k, inp)).not.toBe(0);
    peer.send('FA');
    expect(tcp_probe_state(rig.k, inp)).toBe(TCPS_TIME_WAIT);
    const tw = get(rig.k, inp + inp_ppcb);
    tcp_timer_timewait(rig.k, rig.td, tw);
    expect(tcp_probe_state(rig.k, inp)).toBe(TCPS_TIME_WAIT);
    // And after the end there is no connection behind either record.
    rig.tick(200);
    tcp_timer_timewait(rig.k, rig.td, tw);
    tcp_timer_rexmt(rig.k, rig.td, tp);
    rig.expectNothingLeft();
  });

  test('of a dropped connection: nothing happens', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    const tp = get(rig.k, rig.inp(fd) + inp_ppcb);
    rig.send(fd, 'data');
    peer.take();
    peer.send('R');
    // The timers of a dropped connection are stopped when its record is freed, not before.
    expect(callout_pending(rig.k, rig.td, tp + t_rexmt)).toBe(true);
    rig.tick(5);
    expect(rig.sent()).toEqual([]);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('a record that is freed takes its callouts off the wheel', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    rig.send(fd, 'data');
    peer.take();
    peer.send('R');
    expect(callout_next_expiry(rig.k, rig.td)).toBe(5);
    rig.close(fd);
    expect(callout_next_expiry(rig.k, rig.td)).toBe(-1);
  });
});
