/** The collector as a thread: it sleeps, is woken by whoever leaves something to collect, closes without waiting, and ends when told. */
import { afterEach, describe, expect, it } from 'vitest';
import { attach, createKernel, type KernelOptions, type Sockets } from '../../impl/index.ts';
import { load, viewKernel } from '../../impl/memory.ts';
import { unp_gc_asked, unp_gc_sleepers } from '../../impl/unix/layout.ts';
import type { CallJob } from './workers/call_job.ts';
import { type Running, spawn } from './workers/spawn.ts';

const ONE = new Uint8Array(1);
const HTTPREADY = 2;

/** A kernel with threads that are its collector. */
class Collected {
  readonly kernel: SharedArrayBuffer;
  readonly sockets: Sockets;
  readonly collectors: readonly Running[];

  constructor(options: KernelOptions = {}, collectors = 1) {
    this.kernel = createKernel({ sockets: 64, threads: 8, witness: true, ...options });
    this.sockets = attach(this.kernel, { blocking: false });
    this.collectors = Array.from({ length: collectors }, () => this.start({ call: 'collector' }));
  }

  start(job: Pick<CallJob, 'call' | 'count' | 'salt'>): Running {
    return spawn('call_worker', { kernel: this.kernel, fd: -1, ...job } satisfies CallJob);
  }

  /** Until all collectors sleep. */
  async asleep(): Promise<void> {
    await until(() => load(viewKernel(this.kernel), unp_gc_sleepers) === this.collectors.length);
  }

  /** Somebody has asked for a look, which nobody has taken yet. */
  asked(): boolean {
    return load(viewKernel(this.kernel), unp_gc_asked) !== 0;
  }

  pair(): readonly [number, number] {
    return this.sockets.socketpair();
  }

  /** Sends a descriptor over a socket. */
  mail(over: number, fd: number): void {
    expect(this.sockets.sendMessage(over, ONE, [fd])).toBe(1);
  }

  async stop(): Promise<void> {
    this.sockets.stopCollector();
    expect(await Promise.all(this.collectors.map(({ answer }) => answer))).toEqual(this.collectors.map(() => 0));
  }

  left(): unknown {
    const { sockets, files, mbufs, unixPcbs, rights } = this.sockets.statistics();
    return { sockets, files, mbufs, unixPcbs, rights };
  }
}

const NOTHING = { sockets: 0, files: 0, mbufs: 0, unixPcbs: 0, rights: 0 };

/** Until that is so; within 20 s, or nobody will ever see to it. */
async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error('it does not come about');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

let running: Collected | null = null;
afterEach(async () => {
  await Promise.all(running?.collectors.map(({ terminate }) => terminate()) ?? []);
  running = null;
});

function collected(options: KernelOptions = {}, collectors = 1): Collected {
  running = new Collected(options, collectors);
  return running;
}

describe('the collector is woken, out of its sleep,', () => {
  it('by the close of a descriptor that leaves its socket in its own buffer alone', async () => {
    const w = collected();
    const [a, b] = w.pair();
    w.mail(b, a);
    await w.asleep();
    expect(w.sockets.counters()).toMatchObject({ collections: 0, socketsCollected: 0 });
    w.sockets.close(a);
    await until(() => w.sockets.statistics().rights === 0);
    await w.asleep();
    expect(w.sockets.counters()).toMatchObject({ socketsCollected: 1, socketsFreed: 1 });
    w.sockets.close(b);
    expect(w.left()).toEqual(NOTHING);
    await w.stop();
  });

  it('by the close of a buffer that has rights', async () => {
    const w = collected();
    const [a, b] = w.pair();
    const c = w.sockets.socket('unix', 'stream');
    w.mail(a, c);
    for (const fd of [c, a]) w.sockets.close(fd);
    await w.asleep();
    w.sockets.close(b);
    await until(() => w.sockets.statistics().rights === 0);
    await w.asleep();
    expect(w.left()).toEqual(NOTHING);
    expect(w.sockets.counters()).toMatchObject({ socketsCollected: 0, socketsFreed: 3 });
    await w.stop();
  });

  it('and not by calls on a socket in flight that somebody can reach', async () => {
    const w = collected();
    const [a, b] = w.pair();
    w.mail(b, a);
    const copy = w.sockets.dup(a);
    w.sockets.close(copy);
    for (let i = 0; i < 10; i++) w.sockets.setNonBlocking(a, true);
    // By nobody, or this would be 1 until somebody has looked.
    expect(w.asked()).toBe(false);
    await w.asleep();
    expect(w.sockets.counters().collections).toBe(0);
    for (const fd of [a, b]) w.sockets.close(fd);
    await until(() => w.sockets.statistics().sockets === 0);
    await w.stop();
  });

  const text = (words: string): Uint8Array => new TextEncoder().encode(words);
  it.each([
    ['a whole request has come', (sockets: Sockets, client: number) => void sockets.send(client, text('/ HTTP/1.0\r\n\r\n'))],
    ['no more can come', (sockets: Sockets, client: number) => sockets.shutdown(client, 'write')],
    ['its peer has closed', () => undefined],
  ])('by who makes a child acceptable that a filter had kept back, with rights to its listener: %s', async (_, completes) => {
    const w = collected();
    const listener = w.sockets.socket('unix', 'stream');
    w.sockets.bind(listener, { family: 'unix', name: 7 });
    w.sockets.listen(listener, 5);
    w.sockets.setOption(listener, 'acceptFilter', HTTPREADY);
    const client = w.sockets.socket('unix', 'stream');
    w.sockets.connect(client, { family: 'unix', name: 7 });
    w.sockets.sendMessage(client, text('GET '), [listener]);
    w.sockets.close(listener);
    // Looked at, and found to be reached: the child is the business of a filter.
    await until(() => w.sockets.counters().collections === 1);
    await w.asleep();
    expect(w.sockets.counters().socketsCollected).toBe(0);
    completes(w.sockets, client);
    w.sockets.close(client);
    await until(() => w.sockets.statistics().sockets === 0);
    await w.stop();
    expect(w.left()).toEqual(NOTHING);
  });
});

describe('the collector', () => {
  it('does not wait for a linger, nor lets others wait behind it', async () => {
    const w = collected();
    const [a, b] = w.pair();
    const tcp = w.sockets.socket('inet', 'stream');
    const listener = w.sockets.socket('inet', 'stream');
    w.sockets.bind(listener, { family: 'inet', host: 0, port: 9 });
    w.sockets.listen(listener);
    w.sockets.setNonBlocking(tcp, true);
    expect(() => w.sockets.connect(tcp, { family: 'inet', host: 1, port: 9 })).toThrow(/EINPROGRESS/);
    w.sockets.drainWire();
    w.sockets.setNonBlocking(tcp, false);
    w.sockets.setOption(tcp, 'linger', 1_000_000);
    const other = w.sockets.socket('unix', 'stream');
    w.mail(a, tcp);
    w.mail(a, other);
    for (const fd of [tcp, other, a, b]) w.sockets.close(fd);
    await until(() => w.sockets.statistics().unixPcbs === 0);
    await w.asleep();
    expect(w.sockets.statistics().rights).toBe(0);
    await w.stop();
  });

  it('ends when told, leaves the rest to `collect`, and is no job for a thread that can not sleep', async () => {
    const w = collected();
    expect(() => w.sockets.runCollector()).toThrow(/EINTR/);
    await w.stop();
    const [a, b] = w.pair();
    w.mail(b, a);
    for (const fd of [a, b]) w.sockets.close(fd);
    expect(w.sockets.statistics()).toMatchObject({ rights: 1, sockets: 1 });
    w.sockets.runCollector();
    expect(w.sockets.statistics()).toMatchObject({ rights: 1, sockets: 1 });
    w.sockets.collect();
    expect(w.left()).toEqual(NOTHING);
  });

  for (const [what, options, collectors] of [
    ['one', {}, 1],
    ['two, under Giant', { giant: true }, 2],
    ['two, in a kernel whose threads look before they sleep', { sleepSpin: 100 }, 2],
  ] as const) {
    it(`leaves nothing of what threads pass to each other and close: ${what}`, async () => {
      const w = collected({ sockets: 256, rights: 1000, mbufs: 2000, ...options }, collectors);
      const jobs = [0, 1, 2].map((salt) => w.start({ call: 'pass', count: 1000, salt: salt * 7919 }));
      expect(await Promise.all(jobs.map(({ answer }) => answer))).toEqual(jobs.map(() => 1000));
      // Nobody calls `collect`.
      await until(() => w.sockets.statistics().rights === 0 && w.sockets.statistics().sockets === 0);
      await w.asleep();
      expect(w.left()).toEqual(NOTHING);
      const { socketsMade, socketsFreed, socketsCollected } = w.sockets.counters();
      expect(socketsFreed).toBe(socketsMade);
      expect(socketsCollected).toBeGreaterThan(0);
      await w.stop();
    });
  }
});
