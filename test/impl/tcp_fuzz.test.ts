/**
 * A peer that says anything: random flags, numbers near the edges, windows that open, shut and shrink, timers in between, calls of
 * the user in between. Whatever comes, the connection keeps its invariants, nothing panics, and in the end nothing is left.
 */

import { describe, expect, test } from 'vitest';
import { SHUT_RD, SHUT_WR, sb_cc, so_rcv, so_snd } from '../../impl/layout.ts';
import { get } from '../../impl/memory.ts';
import { INP_DROPPED, INP_TIMEWAIT, inp_flags } from '../../impl/netinet/layout.ts';
import { TCPS_ESTABLISHED, TCPS_SYN_SENT } from '../../impl/netinet/tcp_fsm.ts';
import {
  tcp_probe_persist,
  tcp_probe_rcv_adv,
  tcp_probe_rcv_nxt,
  tcp_probe_rexmt,
  tcp_probe_snd_max,
  tcp_probe_snd_nxt,
  tcp_probe_snd_una,
  tcp_probe_state,
} from '../../impl/netinet/tcp_probe.ts';
import { established, type Peer, Rig, synSent } from './tcp_rig.ts';

/** The invariants of a live connection, between events. */
function check(rig: Rig, fd: number, sentOnce: number): void {
  const { k } = rig;
  const inp = rig.inp(fd);
  if ((get(k, inp + inp_flags) & (INP_DROPPED | INP_TIMEWAIT)) !== 0) return;
  const state = tcp_probe_state(k, inp);
  if (state < TCPS_SYN_SENT) return;
  const una = tcp_probe_snd_una(k, inp);
  const unacked = (tcp_probe_snd_max(k, inp) - una) | 0;
  const next = (tcp_probe_snd_nxt(k, inp) - una) | 0;
  const cc = get(k, rig.so(fd) + so_snd + sb_cc);
  expect(unacked).toBeGreaterThanOrEqual(0);
  expect(next).toBeGreaterThanOrEqual(0);
  expect(next).toBeLessThanOrEqual(unacked);
  // SYN or FIN may stand before or behind the data.
  expect(unacked).toBeLessThanOrEqual(cc + 1);
  const rexmt = tcp_probe_rexmt(k, inp) !== 0;
  const persist = tcp_probe_persist(k, inp) !== 0;
  expect(rexmt && persist).toBe(false);
  if (cc > 0 || unacked > 0 || (state === TCPS_SYN_SENT && sentOnce > 0))
    expect([rexmt || persist, cc, unacked, state]).toEqual([true, cc, unacked, state]);
  if (state >= TCPS_ESTABLISHED) {
    // The window that was offered is never more than the buffer can take.
    expect((tcp_probe_rcv_adv(k, inp) - tcp_probe_rcv_nxt(k, inp)) | 0).toBeLessThanOrEqual(64);
    expect(get(k, rig.so(fd) + so_rcv + sb_cc)).toBeLessThanOrEqual(64);
  }
}

function fuzz(seed: number, begin: (rig: Rig) => { fd: number; peer: Peer }): void {
  let dice = seed;
  const roll = (sides: number): number => {
    dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0;
    return Math.floor((dice / 2 ** 32) * sides);
  };
  const rig = new Rig(
    { sendSpace: 64, recvSpace: 64, tcpSegmentBytes: 20, mbufBytes: 16, sendLowWater: 1, mbufs: 64, wireSegments: 24 },
    roll(2) === 0 ? -30 : 7000,
  );
  let fd = -1;
  let peer: Peer | null = null;
  for (let step = 0; step < 1500; step++) {
    if (fd < 0 || peer === null || (get(rig.k, rig.inp(fd) + inp_flags) & (INP_DROPPED | INP_TIMEWAIT)) !== 0) {
      if (fd >= 0) rig.close(fd);
      rig.tick(250);
      rig.sent();
      ({ fd, peer } = begin(rig));
    }
    const what = roll(20);
    if (what < 3) rig.send(fd, new Uint8Array(1 + roll(40)));
    else if (what < 6) rig.recv(fd, 1 + roll(50));
    else if (what === 6 && roll(10) === 0) rig.shutdown(fd, roll(2) === 0 ? SHUT_RD : SHUT_WR);
    else if (what < 9) rig.tick(1 + roll(12));
    else if (what < 11) peer.take();
    else {
      peer.window = [0, 0, 1, 5, 19, 20, 64, 200][roll(8)] ?? 0;
      const was = peer.ack;
      if (roll(4) === 0) peer.ack = (tcp_probe_snd_una(rig.k, rig.inp(fd)) + roll(70) - 3) | 0;
      const flags = ['A', 'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A', 'FA', 'SA', 'S', 'R', 'RA', '', 'F'][roll(roll(8) === 0 ? 16 : 9)] ?? 'A';
      const data = new Uint8Array(roll(3) === 0 ? 0 : roll(30));
      if (roll(3) === 0) peer.sendAt((peer.seq + roll(90) - 30) | 0, flags, data);
      else peer.sendAt(tcp_probe_rcv_nxt(rig.k, rig.inp(fd)), flags, data);
      peer.ack = was;
    }
    check(rig, fd, 1);
  }
  rig.close(fd);
  rig.expectNothingLeft();
}

describe('a peer that says anything', () => {
  for (let seed = 1; seed <= 12; seed++) {
    test(`to an established connection (${seed})`, () => fuzz(seed, established));
  }
  for (let seed = 101; seed <= 103; seed++) {
    test(`to one that is just being made (${seed})`, () => fuzz(seed, synSent));
  }
});
