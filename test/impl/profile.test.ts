/** What can be read of a running kernel: how often its locks were taken, and what has happened in it. Both exact when nobody is in a call. */
import { describe, expect, it } from 'vitest';
import { attach, createKernel, type KernelOptions, type Sockets } from '../../impl/index.ts';

const ADDRESS = { family: 'inet', host: 1, port: 80 } as const;
const TRANSFERS = 50;

/** A TCP connection of this thread with itself. */
function connected(options: KernelOptions): { readonly sockets: Sockets; readonly ends: readonly [number, number] } {
  const sockets = attach(createKernel({ sockets: 8, threads: 2, witness: true, ...options }), { blocking: false });
  const listener = sockets.socket('inet', 'stream');
  sockets.bind(listener, ADDRESS);
  sockets.listen(listener);
  const client = sockets.socket('inet', 'stream');
  sockets.setNonBlocking(client, true);
  expect(() => sockets.connect(client, ADDRESS)).toThrow(/EINPROGRESS/);
  sockets.drainWire();
  return { sockets, ends: [client, sockets.accept(listener).fd] };
}

/** Bytes there and back; the wire is drained, so that all is acknowledged. */
function transfer(sockets: Sockets, [a, b]: readonly [number, number]): void {
  const bytes = new Uint8Array(100).fill(7);
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    expect(sockets.send(from, bytes)).toBe(100);
    sockets.drainWire();
    expect(sockets.recv(to, new Uint8Array(100))).toBe(100);
    sockets.drainWire();
  }
}

/** How often a lock was taken while some work was done. */
function taken(sockets: Sockets, lock: string, work: () => void): number {
  const count = (): number => sockets.lockProfile().find((row) => row.lock === lock)?.acquisitions ?? 0;
  const before = count();
  work();
  return count() - before;
}

describe('the profile of the locks', () => {
  it('shows that an open TCP connection sends and receives without the lock of all connections', () => {
    const { sockets, ends } = connected({ profile: true });
    transfer(sockets, ends);
    const work = (): void => {
      for (let i = 0; i < TRANSFERS; i++) transfer(sockets, ends);
    };
    expect(taken(sockets, 'tcbinfo', work)).toBe(0);
    expect(taken(sockets, 'inpcb', work)).toBeGreaterThan(TRANSFERS * 4);
  });

  it('shows it taken once in every send as it was done until 2006', () => {
    const { sockets, ends } = connected({ profile: true, lockedSend: true });
    transfer(sockets, ends);
    const work = (): void => {
      for (let i = 0; i < TRANSFERS; i++) transfer(sockets, ends);
    };
    expect(taken(sockets, 'tcbinfo', work)).toBe(TRANSFERS * 2);
  });

  it('counts as many acquisitions of one lock as calls take it, and the ticks for which Giant is held', () => {
    const sockets = attach(createKernel({ sockets: 4, profile: true, giant: true, witness: true }), { blocking: false });
    const fd = sockets.socket('unix', 'stream');
    expect(taken(sockets, 'Giant', () => sockets.bind(fd, { family: 'unix', name: 1 }))).toBe(1);
    // Reserved, and given back when it is closed.
    expect(taken(sockets, 'filedesc', () => sockets.close(sockets.socket('unix', 'stream')))).toBe(2);
    for (let i = 0; i < 5; i++) sockets.tick();
    const giant = sockets.lockProfile().find(({ lock }) => lock === 'Giant');
    expect(giant).toMatchObject({ held: 5, contentions: 0 });
    expect(sockets.lockProfile().every(({ lock }) => !/^(word|class)/.test(lock))).toBe(true);
  });

  it('is empty in a kernel that was made without it', () => {
    const sockets = attach(createKernel({ sockets: 4 }), { blocking: false });
    sockets.close(sockets.socket('unix', 'stream'));
    expect(sockets.lockProfile()).toEqual([]);
  });
});

describe('the counters', () => {
  it('are exact at rest, also of what a thread counted that has left', () => {
    const kernel = createKernel({ sockets: 8, mbufs: 64 });
    for (let i = 0; i < 5; i++) {
      const sockets = attach(kernel, { blocking: false });
      for (const fd of sockets.socketpair()) sockets.close(fd);
      sockets.detach();
    }
    const sockets = attach(kernel, { blocking: false });
    expect(sockets.counters()).toMatchObject({ socketsMade: 10, socketsFreed: 10, segmentsSent: 0, failedAllocations: 0 });
  });

  it('tell what was sent, what came, what was sent again and for what there was no room', () => {
    const { sockets, ends } = connected({ wireSegments: 2, tcpRetransmitFirst: 1 });
    const before = sockets.counters();
    sockets.send(ends[0], new Uint8Array(6 * 1460));
    const full = sockets.counters();
    expect(full.segmentsSent - before.segmentsSent).toBe(2);
    expect(full.segmentsLost - before.segmentsLost).toBe(1);
    expect(full.segmentsReceived).toBe(before.segmentsReceived);
    for (let i = 0; i < 3; i++) sockets.tick();
    expect(sockets.counters().retransmissions).toBeGreaterThan(0);
    sockets.drainWire();
    expect(sockets.counters().segmentsReceived).toBe(sockets.counters().segmentsSent);
    while (sockets.socket('unix', 'stream') < 7);
    expect(() => sockets.socket('unix', 'stream')).toThrow(/E(NOBUFS|MFILE|NFILE)/);
    expect(sockets.counters().socketsMade).toBe(8);
  });

  it('count nothing in a kernel that was made without them', () => {
    const sockets = attach(createKernel({ sockets: 8, statistics: false }), { blocking: false });
    sockets.close(sockets.socket('unix', 'stream'));
    expect(sockets.counters().socketsMade).toBe(0);
  });
});
