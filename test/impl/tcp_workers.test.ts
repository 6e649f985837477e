/** TCP between real workers: blocking calls, one thread that carries the wire, a timer that announces ticks. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { attach, createKernel, type KernelOptions, type Sockets } from '../../impl/index.ts';
import { tseg_zone, uz_peak } from '../../impl/layout.ts';
import { load, viewKernel } from '../../impl/memory.ts';
import { wire_drop } from '../../impl/net/wire.ts';
import type { TcpAnswer, TcpJob, TcpWork } from './workers/tcp_worker.ts';

const WORKER = new URL('../../.build/test/impl/workers/tcp_worker.js', import.meta.url);

/** A kernel with its network: `wires` threads that carry segments, and a tick every few milliseconds. */
class Net {
  readonly kernel: SharedArrayBuffer;
  readonly sockets: Sockets;
  readonly #wires: Promise<TcpAnswer>[];
  readonly #clock: NodeJS.Timeout;

  constructor(options: KernelOptions, wires = 1, job: 'wire' | 'netisr' = 'wire') {
    this.kernel = createKernel({ sockets: 64, threads: 16, witness: true, ...options });
    this.sockets = attach(this.kernel, { blocking: false });
    this.#wires = Array.from({ length: wires }, () => this.start({ job }));
    this.#clock = setInterval(() => this.sockets.announceTick(), 5);
  }

  /** Starts a worker; its answer, or its failure. */
  start(work: TcpJob): Promise<TcpAnswer> {
    const data: TcpWork = { kernel: this.kernel, work };
    const worker = new Worker(WORKER, { workerData: data });
    return new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  }

  listen(port: number): number {
    const fd = this.sockets.socket('inet', 'stream');
    this.sockets.bind(fd, { family: 'inet', host: 0, port });
    this.sockets.listen(fd, 16);
    return fd;
  }

  /** A connection of this host with itself: both ends. */
  async pair(): Promise<readonly [number, number]> {
    const listener = this.listen(99);
    this.sockets.setNonBlocking(listener, true);
    const a = this.sockets.socket('inet', 'stream');
    this.sockets.setNonBlocking(a, true);
    expect(() => this.sockets.connect(a, { family: 'inet', host: 1, port: 99 })).toThrow(/EINPROGRESS/);
    for (;;) {
      try {
        const b = this.sockets.accept(listener).fd;
        this.sockets.close(listener);
        for (const fd of [a, b]) this.sockets.setNonBlocking(fd, false);
        return [a, b];
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }
  }

  /** Stops the network and runs the clock by hand until every timer has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#clock);
    this.sockets.stopWire();
    await Promise.all(this.#wires);
  }

  async expectNothingLeft(): Promise<void> {
    await this.stop();
    for (let tick = 0; tick < 8000 && this.sockets.statistics().inetPcbs > 0; tick++) {
      this.sockets.drainWire();
      this.sockets.tick();
    }
    this.sockets.drainWire();
    expect(this.sockets.statistics()).toMatchObject({ sockets: 0, files: 0, mbufs: 0, inetPcbs: 0 });
  }
}

let net: Net | null = null;
afterEach(async () => {
  await net?.stop();
  net = null;
});

describe('workers over TCP', () => {
  test('two clients and two servers, sixteen megabytes, checksummed both ways', async () => {
    net = new Net({});
    const listener = net.listen(80);
    const servers = [0, 1].map(() => net?.start({ job: 'serve', listener, connections: 2 }));
    const clients = [1, 2].map((seed) => net?.start({ job: 'call', port: 80, connections: 2, bytes: 2_000_000, seed: seed * 100 }));
    const served = await Promise.all(servers);
    const called = await Promise.all(clients);
    expect(called.map((answer) => answer?.bytes)).toEqual([4_000_000, 4_000_000]);
    expect(served.reduce((sum, answer) => sum + (answer?.bytes ?? 0), 0)).toBe(8_000_000);
    net.sockets.close(listener);
    await net.expectNothingLeft();
  });

  test('one connection, four workers: a reader and a writer at each end, with two threads that carry the wire', async () => {
    net = new Net({ wireSegments: 64 }, 2);
    const [a, b] = await net.pair();
    const bytes = 3_000_000;
    const senders = [net.start({ job: 'send', fd: a, bytes, seed: 5 }), net.start({ job: 'send', fd: b, bytes, seed: 6 })];
    const receivers = [net.start({ job: 'receive', fd: b, bytes, seed: 0 }), net.start({ job: 'receive', fd: a, bytes, seed: 0 })];
    const sent = await Promise.all(senders);
    for (const fd of [a, b]) net.sockets.shutdown(fd, 'write');
    const received = await Promise.all(receivers);
    expect(received).toEqual(sent);
    for (const fd of [a, b]) net.sockets.close(fd);
    await net.expectNothingLeft();
  });

  test('under Giant: two clients and two servers, and the bytes and counters of all of them', async () => {
    net = new Net({ giant: true });
    const listener = net.listen(80);
    const servers = [0, 1].map(() => net?.start({ job: 'serve', listener, connections: 1 }));
    const clients = [1, 2].map((seed) => net?.start({ job: 'call', port: 80, connections: 1, bytes: 500_000, seed: seed * 100 }));
    const served = await Promise.all(servers);
    const called = await Promise.all(clients);
    expect(called.map((answer) => answer?.bytes)).toEqual([500_000, 500_000]);
    expect(served.reduce((sum, answer) => sum + (answer?.bytes ?? 0), 0)).toBe(1_000_000);
    net.sockets.close(listener);
    await net.expectNothingLeft();
    const { socketsMade, socketsFreed, segmentsSent, segmentsReceived, segmentsLost } = net.sockets.counters();
    // The listener, and both ends of each connection; every thread has counted for itself.
    expect({ socketsMade, socketsFreed }).toEqual({ socketsMade: 5, socketsFreed: 5 });
    expect(segmentsReceived).toBe(segmentsSent);
    expect(segmentsSent).toBeGreaterThan(500);
    expect(segmentsLost).toBe(0);
  });

  test('two netisr threads: no segment overtakes another of its connection', async () => {
    net = new Net({ netisrThreads: 2 }, 2, 'netisr');
    const listener = net.listen(80);
    const servers = [0, 1].map(() => net?.start({ job: 'serve', listener, connections: 2 }));
    const clients = [1, 2].map((seed) => net?.start({ job: 'call', port: 80, connections: 2, bytes: 500_000, seed: seed * 100 }));
    await Promise.all(servers);
    expect((await Promise.all(clients)).map((answer) => answer?.bytes)).toEqual([1_000_000, 1_000_000]);
    net.sockets.close(listener);
    const k = viewKernel(net.kernel);
    await net.expectNothingLeft();
    // Nothing was lost for want of room, so whatever came out of order would have been kept.
    if (net.sockets.counters().segmentsLost === 0) expect(load(k, tseg_zone + uz_peak)).toBe(0);
  });

  test('a wire that loses segments while everybody talks', async () => {
    net = new Net({ tcpRetransmitFirst: 3 });
    const k = viewKernel(net.kernel);
    let lost = 0;
    const thief = setInterval(() => {
      lost += wire_drop(k, net?.sockets.thread ?? 0, 0);
    }, 1);
    const listener = net.listen(80);
    const servers = [0, 1].map(() => net?.start({ job: 'serve', listener, connections: 1 }));
    const clients = [1, 2].map((seed) => net?.start({ job: 'call', port: 80, connections: 1, bytes: 1_500_000, seed }));
    await Promise.all([...servers, ...clients]);
    clearInterval(thief);
    expect(lost).toBeGreaterThan(0);
    net.sockets.close(listener);
    await net.expectNothingLeft();
  });

  test('many short connections', async () => {
    // A socket that is closed in TIME_WAIT stays for 2MSL: there must be room for all of them.
    net = new Net({ sockets: 512 });
    const listener = net.listen(80);
    const servers = [0, 1].map(() => net?.start({ job: 'serve', listener, connections: 60 }));
    const clients = [1, 2, 3].map((seed) => net?.start({ job: 'call', port: 80, connections: 40, bytes: 700, seed }));
    await Promise.all([...servers, ...clients]);
    net.sockets.close(listener);
    await net.expectNothingLeft();
  });

  test('connections that are killed in the middle of everything leave nothing behind', async () => {
    net = new Net({ sockets: 256, tcpMsl: 5 }, 2);
    const listener = net.listen(80);
    net.sockets.setNonBlocking(listener, true);
    await Promise.all([1, 2, 3].map((seed) => net?.start({ job: 'chaos', port: 80, listener, rounds: 300, seed })));
    net.sockets.close(listener);
    await net.expectNothingLeft();
  });

  test('close lingers until the last byte is acknowledged', async () => {
    net = new Net({});
    const [a, b] = await net.pair();
    net.sockets.setOption(a, 'linger', 5000);
    net.sockets.send(a, new Uint8Array(1000), { dontWait: true });
    expect(await net.start({ job: 'close', fd: a })).toMatchObject({ code: '' });
    const bytes = new Uint8Array(2000);
    expect(net.sockets.recv(b, bytes, { dontWait: true })).toBe(1000);
    net.sockets.close(b);
    await net.expectNothingLeft();
  });

  test('close lingers no longer than it was told to, and TCP goes on without it', async () => {
    net = new Net({ tcpRetransmitFirst: 10_000, tcpRetransmitMost: 10_000 });
    const [a, b] = await net.pair();
    net.sockets.setOption(a, 'linger', 20);
    // The network stops: nothing is carried any more, only the clock goes on, by hand.
    await net.stop();
    net.sockets.send(a, new Uint8Array(1000), { dontWait: true });
    const closing = net.start({ job: 'close', fd: a });
    let done = false;
    void closing.then(() => {
      done = true;
    });
    while (!done) {
      net.sockets.tick();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(await closing).toMatchObject({ code: 'EAGAIN' });
    expect(net.sockets.statistics().sockets).toBe(2);
    net.sockets.drainWire();
    const bytes = new Uint8Array(2000);
    expect(net.sockets.recv(b, bytes, { dontWait: true })).toBe(1000);
    expect(net.sockets.recv(b, bytes, { dontWait: true })).toBe(0);
    net.sockets.close(b);
    await net.expectNothingLeft();
  });
});

test('the example runs and finds every byte in its place', async () => {
  const example = fileURLToPath(new URL('../examples/tcp-transfer.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [example, '0.5']);
  expect(stdout.match(/came back: ok/g)).toHaveLength(2);
});
