/** Data arrives, in order, once: over a perfect wire, over bad ones, through small windows, across the wrap of sequence numbers. */

import { describe, expect, test } from 'vitest';
import type { KernelOptions } from '../../impl/config.ts';
import { EPIPE, ETIMEDOUT, EWOULDBLOCK } from '../../impl/errno.ts';
import { mbuf_zone, SHUT_WR, tseg_zone } from '../../impl/layout.ts';
import { wire_defer, wire_drop, wire_duplicate, wire_length } from '../../impl/net/wire.ts';
import { TCPS_CLOSE_WAIT, TCPS_ESTABLISHED, TCPS_FIN_WAIT_2 } from '../../impl/netinet/tcp_fsm.ts';
import {
  tcp_probe_persist,
  tcp_probe_rcv_nxt,
  tcp_probe_rexmt,
  tcp_probe_rxtshift,
  tcp_probe_snd_nxt,
  tcp_probe_snd_una,
} from '../../impl/netinet/tcp_probe.ts';
import { established, Rig, synSent } from './tcp_rig.ts';

/** Byte i of the test's stream: no period that fits a segment or an mbuf. */
const byteAt = (i: number, salt: number): number => ((i * 31) ^ (i >>> 7) ^ (i >>> 13) ^ salt) & 255;

/** A linear congruential generator: the test's dice, the same in every run. */
function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const TINY: KernelOptions = { sendSpace: 48, recvSpace: 48, tcpSegmentBytes: 16, mbufBytes: 16, sendLowWater: 1 };

/** What happens to the oldest segment on the wire. */
type Fate = 'deliver' | 'drop' | 'defer' | 'duplicate';
type Policy = () => Fate;

const perfect: Policy = () => 'deliver';

/** One direction of a connection: what was sent and received so far. */
class Flow {
  sent = 0;
  received = 0;
  eof = false;
  readonly rig: Rig;
  readonly from: number;
  readonly to: number;
  readonly total: number;
  readonly salt: number;
  shut = false;

  constructor(rig: Rig, from: number, to: number, total: number, salt: number) {
    this.rig = rig;
    this.from = from;
    this.to = to;
    this.total = total;
    this.salt = salt;
  }

  /** Sends and receives what is possible now; true if anything moved. */
  step(chunk: number): boolean {
    let moved = false;
    if (this.sent < this.total) {
      const size = Math.min(chunk, this.total - this.sent);
      const data = Uint8Array.from({ length: size }, (_, i) => byteAt(this.sent + i, this.salt));
      const taken = this.rig.send(this.from, data);
      if (taken < 0) expect(taken).toBe(-EWOULDBLOCK);
      else this.sent += taken;
      moved = taken > 0;
    } else if (!this.shut) {
      expect(this.rig.shutdown(this.from, SHUT_WR)).toBe(0);
      this.shut = true;
      moved = true;
    }
    for (;;) {
      const got = this.rig.recv(this.to, chunk);
      if (typeof got === 'number') {
        expect(got).toBe(-EWOULDBLOCK);
        return moved;
      }
      if (got.length === 0) {
        this.eof = true;
        return moved;
      }
      for (let i = 0; i < got.length; i++) {
        if (got[i] !== byteAt(this.received + i, this.salt))
          throw new Error(`byte ${this.received + i} is wrong: ${got[i]}, expected ${byteAt(this.received + i, this.salt)}`);
      }
      this.received += got.length;
      moved = true;
    }
  }

  get done(): boolean {
    return this.eof && this.shut;
  }
}

function pair(rig: Rig): { client: number; server: number; listener: number } {
  const listener = rig.listener(80);
  const client = rig.socket();
  rig.connect(client, 1, 80);
  for (let i = 0; i < 3; i++) rig.deliver();
  const server = rig.accept(listener);
  expect(rig.state(client)).toBe(TCPS_ESTABLISHED);
  expect(rig.state(server)).toBe(TCPS_ESTABLISHED);
  return { client, server, listener };
}

/** Moves `total` bytes each way over a wire with the given habits and returns the ticks that took. */
function transfer(options: KernelOptions, total: number, policy: Policy, chunk = 4096, firstIss = 7000): number {
  const rig = new Rig(options, firstIss);
  const { client, server, listener } = pair(rig);
  const flows = [new Flow(rig, client, server, total, 1), new Flow(rig, server, client, total, 2)];
  let ticks = 0;
  while (flows.some((flow) => !flow.done)) {
    let moved = false;
    for (const flow of flows) if (!flow.done) moved = flow.step(chunk) || moved;
    for (let burst = 0; burst < 8 && wire_length(rig.k, rig.td, 0) > 0; burst++) {
      moved = true;
      const fate = policy();
      if (fate === 'drop') wire_drop(rig.k, rig.td, 0);
      else if (fate === 'defer') wire_defer(rig.k, rig.td, 0);
      else if (fate === 'duplicate') wire_duplicate(rig.k, rig.td);
      else rig.deliver(1);
    }
    if (!moved) {
      rig.tick(1);
      ticks++;
      if (ticks > 200_000) throw new Error('no progress: the connection hangs');
    }
  }
  for (const flow of flows) expect([flow.sent, flow.received]).toEqual([total, total]);
  for (const fd of [client, server, listener]) expect(rig.close(fd)).toBe(0);
  rig.expectNothingLeft();
  return ticks;
}

describe('both ways at once', () => {
  test('a megabyte over a perfect wire, without any timer', () => {
    expect(transfer({}, 1 << 20, perfect)).toBe(0);
  });

  test('every seventh segment is lost', () => {
    let n = 0;
    transfer({}, 300_000, () => (++n % 7 === 0 ? 'drop' : 'deliver'));
  });

  test('every third segment is lost', () => {
    let n = 0;
    transfer({}, 60_000, () => (++n % 3 === 0 ? 'drop' : 'deliver'));
  });

  test('every other segment overtakes its neighbour', () => {
    let n = 0;
    transfer({}, 300_000, () => (++n % 3 === 0 ? 'defer' : 'deliver'));
  });

  test('every segment comes twice', () => {
    let n = 0;
    transfer({}, 200_000, () => (++n % 2 === 0 ? 'duplicate' : 'deliver'));
  });

  for (const seed of [1, 2, 3]) {
    test(`a megabyte over a wire that loses, repeats and reorders (${seed})`, () => {
      const roll = dice(seed);
      transfer({}, 1 << 20, () => {
        const x = roll();
        return x < 0.05 ? 'drop' : x < 0.1 ? 'duplicate' : x < 0.25 ? 'defer' : 'deliver';
      });
    });
  }

  test('sequence numbers wrap in the middle', () => {
    const roll = dice(9);
    transfer({}, 400_000, () => (roll() < 0.05 ? 'drop' : 'deliver'), 4096, -100_000);
    transfer({}, 400_000, () => (roll() < 0.05 ? 'drop' : 'deliver'), 4096, 0x7fffffff - 100_000);
  });

  test('tiny buffers, segments and mbufs', () => {
    const roll = dice(4);
    transfer(TINY, 4_000, perfect, 37);
    transfer(TINY, 2_000, () => (roll() < 0.1 ? 'drop' : 'deliver'), 37);
  });

  test('one byte of everything', () => {
    transfer({ sendSpace: 1, recvSpace: 1, tcpSegmentBytes: 1, mbufBytes: 4, sendLowWater: 1 }, 50, perfect, 3);
  });

  test('a wire that holds four segments', () => {
    transfer({ wireSegments: 4 }, 200_000, perfect);
  });

  test('hardly any mbufs', () => {
    transfer({ mbufs: 24, mbufBytes: 256, sendSpace: 4096, recvSpace: 4096 }, 40_000, perfect, 1000);
  });
});

describe('retransmission', () => {
  test('goes out after the first interval, then each time after twice as long, up to the limit', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    rig.send(fd, 'lost');
    expect(peer.takeFlags()).toEqual(['A4']);
    const at: number[] = [];
    for (let tick = 1; tick <= 5000 && rig.soError(fd) === 0; tick++) {
      rig.tick(1);
      for (const segment of rig.sent()) if (segment.data.length === 4) at.push(tick);
    }
    const gaps = at.map((tick, i) => tick - (at[i - 1] ?? 0));
    expect(gaps).toEqual([5, 10, 20, 40, 80, 160, 320, 320, 320, 320, 320, 320]);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('gives up after twelve times: reset to the peer, ETIMEDOUT to the user, once', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    rig.send(fd, 'lost');
    peer.take();
    rig.tick(5000);
    const sent = rig.sent();
    expect(sent.filter((segment) => segment.data.length === 4)).toHaveLength(12);
    expect(sent.at(-1)?.flags).toBe('RA');
    expect(rig.recv(fd)).toBe(-ETIMEDOUT);
    expect(rig.recvText(fd)).toBe('');
    expect(rig.send(fd, 'x')).toBe(-EPIPE);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('gives up a SYN that nobody answers: ETIMEDOUT, without a reset', () => {
    const rig = new Rig();
    const { fd } = synSent(rig);
    rig.tick(5000);
    const flags = rig.sent().map((segment) => segment.flags);
    expect(flags).toEqual(Array<string>(12).fill('S'));
    expect(rig.takeError(fd)).toBe(ETIMEDOUT);
    expect(rig.takeError(fd)).toBe(0);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('three duplicate acknowledgements resend the missing segment at once, and only that', () => {
    const rig = new Rig({ tcpSegmentBytes: 100 });
    const { fd, peer } = established(rig);
    rig.send(fd, new Uint8Array(500));
    const first = rig.sent();
    expect(first.map((segment) => segment.data.length)).toEqual([100, 100, 100, 100, 100]);
    for (let i = 0; i < 3; i++) peer.send('A');
    expect(rig.sent()).toMatchObject([{ seq: first[0]?.seq }]);
    // The peer had the other four: one acknowledgement for all.
    peer.ack = (peer.ack + 500) | 0;
    peer.send('A');
    expect(rig.sent()).toEqual([]);
    expect(tcp_probe_snd_una(rig.k, rig.inp(fd))).toBe(peer.ack);
    expect(tcp_probe_rexmt(rig.k, rig.inp(fd))).toBe(0);
    rig.close(fd);
  });

  test('an answer resets the interval', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    rig.send(fd, 'abcd');
    rig.tick(15);
    expect(tcp_probe_rxtshift(rig.k, rig.inp(fd))).toBe(2);
    peer.take();
    peer.send('A');
    expect(tcp_probe_rxtshift(rig.k, rig.inp(fd))).toBe(0);
    expect(tcp_probe_snd_nxt(rig.k, rig.inp(fd))).toBe(peer.ack);
    rig.close(fd);
  });
});

describe('windows', () => {
  test('no more is sent than the peer lets us, and all of it when the window opens', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig, 10);
    rig.send(fd, new Uint8Array(25).fill(7));
    expect(peer.takeFlags()).toEqual(['A10']);
    peer.send('A');
    expect(peer.takeFlags()).toEqual(['A10']);
    peer.window = 0;
    peer.send('A');
    expect(peer.takeFlags()).toEqual([]);
    peer.window = 100;
    peer.sendAt(peer.seq, 'A');
    expect(peer.takeFlags()).toEqual(['A5']);
    rig.close(fd);
  });

  test('a closed window is probed with one byte, twice as slowly each time, for as long as the peer answers', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig, 0);
    rig.send(fd, 'data');
    expect(peer.takeFlags()).toEqual([]);
    expect(tcp_probe_persist(rig.k, rig.inp(fd))).not.toBe(0);
    expect(tcp_probe_rexmt(rig.k, rig.inp(fd))).toBe(0);
    let probes = 0;
    const una = peer.ack;
    for (let tick = 0; tick < 9000; tick++) {
      rig.tick(1);
      for (const segment of rig.sent()) {
        expect(segment).toMatchObject({ flags: 'A', seq: una });
        expect(segment.data.length).toBe(1);
        probes++;
        peer.send('A');
      }
    }
    expect(probes).toBeGreaterThan(20);
    expect(rig.state(fd)).toBe(TCPS_ESTABLISHED);
    peer.window = 100;
    peer.send('A');
    expect(peer.takeFlags()).toEqual(['A4']);
    peer.send('A');
    expect(tcp_probe_persist(rig.k, rig.inp(fd))).toBe(0);
    rig.close(fd);
  });

  test('a window that stays closed with nobody answering: ETIMEDOUT', () => {
    const rig = new Rig();
    const { fd } = established(rig, 0);
    rig.send(fd, 'data');
    rig.tick(6000);
    expect(rig.sent().at(-1)?.flags).toBe('RA');
    expect(rig.takeError(fd)).toBe(ETIMEDOUT);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('we offer what so_rcv holds, never take it back, and say so when the reader has made room', () => {
    const rig = new Rig({ sendSpace: 1000, recvSpace: 1000, tcpSegmentBytes: 100 });
    const { fd, peer } = established(rig);
    const windows: number[] = [];
    for (let i = 0; i < 10; i++) {
      peer.send('A', new Uint8Array(100).fill(i));
      windows.push(...peer.take().map((segment) => segment.window));
    }
    expect(windows).toEqual([900, 800, 700, 600, 500, 400, 300, 200, 100, 0]);
    peer.send('A', 'x');
    expect(peer.take()).toMatchObject([{ window: 0, ack: (peer.seq - 1) | 0 }]);
    peer.seq = (peer.seq - 1) | 0;
    rig.recv(fd, 150);
    expect(peer.take()).toEqual([]);
    rig.recv(fd, 100);
    expect(peer.take()).toMatchObject([{ window: 250 }]);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('a crumb of room is not offered, but one that was offered before stays', () => {
    const rig = new Rig({ sendSpace: 1000, recvSpace: 1000, tcpSegmentBytes: 100 });
    const { fd, peer } = established(rig);
    peer.send('A', new Uint8Array(950));
    expect(peer.take()).toMatchObject([{ window: 50 }]);
    peer.send('A', new Uint8Array(50));
    expect(peer.take()).toMatchObject([{ window: 0 }]);
    rig.recv(fd, 60);
    peer.sendAt(peer.seq, 'A', 'probe');
    expect(peer.take()).toMatchObject([{ window: 0, ack: (peer.seq + 5) | 0 }]);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('a window that shrinks to nothing takes back what was sent into it', () => {
    const rig = new Rig({ tcpSegmentBytes: 10 });
    const { fd, peer } = established(rig, 20);
    peer.send('A', '.');
    expect(peer.takeFlags()).toEqual(['A']);
    rig.send(fd, 'abcdefghijklmnopqrst');
    expect(peer.takeFlags()).toEqual(['A10', 'A10']);
    const una = (peer.ack - 20) | 0;
    peer.ack = una;
    peer.window = 0;
    // A newer segment, which more data makes it, says that the window is shut.
    peer.send('A', '!');
    expect(peer.takeFlags()).toEqual(['A']);
    expect(tcp_probe_snd_nxt(rig.k, rig.inp(fd))).toBe(una);
    peer.ack = una;
    peer.window = 50;
    peer.send('A', '!');
    const again = rig.sent();
    expect(again.map((segment) => segment.data.length)).toEqual([10, 10]);
    expect(again[0]?.seq).toBe(una);
    rig.close(fd);
  });
});

describe('order', () => {
  test('what comes too early waits, overlaps are cut, and the reader sees the stream', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    const base = peer.seq;
    const at = (offset: number, text: string, flags = 'A'): void => peer.sendAt((base + offset) | 0, flags, text);
    at(6, 'ghi');
    at(3, 'defgh');
    at(12, 'mno', 'FA');
    at(6, 'ghi');
    expect(rig.inuse(tseg_zone)).toBe(3);
    expect(rig.recv(fd)).toBe(-EWOULDBLOCK);
    at(0, 'abcd');
    expect(rig.recvText(fd)).toBe('abcdefghi');
    expect(rig.state(fd)).toBe(TCPS_ESTABLISHED);
    at(9, 'jklm');
    expect(rig.recvText(fd)).toBe('jklmno');
    expect(rig.recvText(fd)).toBe('');
    expect(rig.state(fd)).toBe(TCPS_CLOSE_WAIT);
    expect(rig.inuse(tseg_zone)).toBe(0);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('data beyond the window is cut off, old data acknowledged again', () => {
    const rig = new Rig({ sendSpace: 8, recvSpace: 8, tcpSegmentBytes: 100 });
    const { fd, peer } = established(rig);
    const base = peer.seq;
    peer.sendAt(base, 'A', 'abcdefghijkl');
    expect(peer.take()).toMatchObject([{ ack: (base + 8) | 0, window: 0 }]);
    peer.sendAt(base, 'A', 'abcd');
    expect(peer.take()).toMatchObject([{ ack: (base + 8) | 0 }]);
    expect(rig.recvText(fd)).toBe('abcdefgh');
    rig.close(fd);
  });

  test('what is still queued out of order when the connection ends is freed', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    for (let i = 0; i < 60; i++) peer.sendAt((peer.seq + 10 + i * 10) | 0, 'A', '0123456789');
    expect(rig.inuse(tseg_zone)).toBe(48);
    peer.send('R');
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('the FIN leaves behind the last byte only', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig, 4);
    rig.send(fd, '0123456789');
    expect(peer.takeFlags()).toEqual(['A4']);
    rig.shutdown(fd, SHUT_WR);
    expect(peer.takeFlags()).toEqual([]);
    peer.send('A');
    expect(peer.takeFlags()).toEqual(['A4']);
    peer.send('A');
    expect(peer.takeFlags()).toEqual(['FA2']);
    peer.send('A');
    expect(rig.state(fd)).toBe(TCPS_FIN_WAIT_2);
    // The other direction is still open.
    peer.send('A', 'bye');
    expect(rig.recvText(fd)).toBe('bye');
    expect(tcp_probe_rcv_nxt(rig.k, rig.inp(fd))).toBe(peer.seq);
    peer.send('FA');
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('a FIN that is lost is sent again', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    rig.shutdown(fd, SHUT_WR);
    expect(rig.sent().map((segment) => segment.flags)).toEqual(['FA']);
    rig.tick(5);
    expect(peer.takeFlags()).toEqual(['FA']);
    peer.send('A');
    rig.tick(100);
    expect(peer.takeFlags()).toEqual([]);
    expect(rig.state(fd)).toBe(TCPS_FIN_WAIT_2);
    rig.close(fd);
    rig.expectNothingLeft();
  });
});

test('nothing of a transfer is left in mbufs that nobody owns', () => {
  const rig = new Rig();
  const { client, server, listener } = pair(rig);
  rig.send(client, 'unread');
  rig.deliver();
  expect(rig.inuse(mbuf_zone)).toBe(1);
  for (const fd of [client, server, listener]) rig.close(fd);
  rig.expectNothingLeft();
});
