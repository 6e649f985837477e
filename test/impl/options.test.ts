/** Options of buffers and listeners: what may be set, to what, what it does to who waits; and the owner that is told (FIOASYNC). */
import { describe, expect, it } from 'vitest';
import { attach } from '../../impl/index.ts';
import {
  EWOULDBLOCK,
  EDOM,
  EINTR,
  EINVAL,
  ENOBUFS,
  ENOPROTOOPT,
  load,
  SO_OPT_LISTENINCQLEN,
  SO_OPT_LISTENQLEN,
  SO_OPT_LISTENQLIMIT,
  SO_OPT_RCVBUF,
  SO_OPT_RCVLOWAT,
  SO_OPT_RCVTIMEO,
  SO_OPT_SNDBUF,
  SO_OPT_SNDLOWAT,
  SO_OPT_SNDTIMEO,
  SOL_SOCKET,
  sys_setasync,
  sys_setown,
  sys_sigwait,
  td_wchan,
} from '../../impl/raw.ts';
import type { CallJob } from './workers/call_job.ts';
import { type Running, spawn } from './workers/spawn.ts';
import { World } from './world.ts';

const set = (w: World, fd: number, name: number, value: number): number => w.setsockopt(fd, SOL_SOCKET, name, value);
const get = (w: World, fd: number, name: number): number => w.getsockopt(fd, SOL_SOCKET, name);

describe('an option of a buffer', () => {
  it.each([
    [SO_OPT_SNDBUF, 64],
    [SO_OPT_RCVBUF, 128],
  ])('%i is what was set, within the limits', (name, usual) => {
    const w = new World({ sendSpace: 64, recvSpace: 128, sendLowWater: 16 });
    const fd = w.socket('tcp');
    expect(get(w, fd, name)).toBe(usual);
    expect([set(w, fd, name, 0), set(w, fd, name, -1), set(w, fd, name, 129)]).toEqual([-EINVAL, -EINVAL, -ENOBUFS]);
    expect(set(w, fd, name, 100)).toBe(0);
    expect(get(w, fd, name)).toBe(100);
  });

  it('a low-water mark is never above the limit, and goes down with it', () => {
    const w = new World({ sendSpace: 64, recvSpace: 64, sendLowWater: 16 });
    const fd = w.socket('tcp');
    expect([get(w, fd, SO_OPT_RCVLOWAT), get(w, fd, SO_OPT_SNDLOWAT)]).toEqual([1, 16]);
    expect([set(w, fd, SO_OPT_RCVLOWAT, 0), set(w, fd, SO_OPT_RCVLOWAT, 1000), set(w, fd, SO_OPT_SNDLOWAT, 40)]).toEqual([-EINVAL, 0, 0]);
    expect([get(w, fd, SO_OPT_RCVLOWAT), get(w, fd, SO_OPT_SNDLOWAT)]).toEqual([64, 40]);
    set(w, fd, SO_OPT_SNDBUF, 20);
    expect(get(w, fd, SO_OPT_SNDLOWAT)).toBe(20);
  });

  it('a time is not below 0', () => {
    const w = new World();
    const fd = w.socket('unix');
    expect([set(w, fd, SO_OPT_RCVTIMEO, -1), set(w, fd, SO_OPT_SNDTIMEO, 7)]).toEqual([-EDOM, 0]);
    expect([get(w, fd, SO_OPT_RCVTIMEO), get(w, fd, SO_OPT_SNDTIMEO)]).toEqual([0, 7]);
  });

  it('a child has what its listener has', () => {
    const w = new World({ sendSpace: 64, recvSpace: 64 });
    const head = w.listener(1, 1);
    set(w, head, SO_OPT_RCVLOWAT, 5);
    set(w, head, SO_OPT_SNDBUF, 40);
    w.client(1);
    const fd = w.accept(head);
    expect([get(w, fd, SO_OPT_RCVLOWAT), get(w, fd, SO_OPT_SNDBUF)]).toEqual([5, 40]);
  });

  it('the limit of a UNIX sender changes while its peer has data to read, and counts that (G86)', () => {
    const w = new World({ sendSpace: 64, recvSpace: 64, sendLowWater: 1 });
    const [a, b] = w.pair();
    w.nonblocking(a);
    expect(w.send(a, 'x'.repeat(30))).toBe(30);
    expect(set(w, a, SO_OPT_SNDBUF, 40)).toBe(0);
    expect(w.send(a, 'x'.repeat(100))).toBe(10);
    expect(set(w, a, SO_OPT_SNDBUF, 5)).toBe(0);
    expect(get(w, a, SO_OPT_SNDBUF)).toBe(40);
    w.recv(b);
    expect(set(w, a, SO_OPT_SNDBUF, 5)).toBe(0);
    expect(w.send(a, 'x'.repeat(100))).toBe(5);
    expect(w.recv(b)).toBe('xxxxx');
    expect(w.send(a, 'x'.repeat(100))).toBe(5);
  });
});

describe('a listener', () => {
  it('says its backlog, which listen alone sets (H.1 listen_backlog), and how many wait', () => {
    const w = new World({ maxBacklog: 4 });
    const fd = w.socket('unix');
    w.bind(fd, 1);
    const limits = [0, -1, 1, 4, 5].map((backlog) => {
      w.listen(fd, backlog);
      return get(w, fd, SO_OPT_LISTENQLIMIT);
    });
    expect(limits).toEqual([0, 4, 1, 4, 4]);
    w.client(1);
    expect([get(w, fd, SO_OPT_LISTENQLEN), get(w, fd, SO_OPT_LISTENINCQLEN)]).toEqual([1, 0]);
    for (const name of [SO_OPT_LISTENQLIMIT, SO_OPT_LISTENQLEN, SO_OPT_LISTENINCQLEN]) expect(set(w, fd, name, 3)).toBe(-ENOPROTOOPT);
  });
});

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

async function asleep(w: World, worker: Running): Promise<void> {
  const thread = await worker.thread;
  while (load(w.k, thread + td_wchan) === 0) await pause();
}

const start = (w: World, job: Omit<CallJob, 'kernel'>): Running => spawn('call_worker', { kernel: w.buffer, ...job } satisfies CallJob);

describe('who waits', () => {
  it('for data, waits for as much as the low-water mark says', async () => {
    const w = new World();
    const [a, b] = w.pair();
    set(w, b, SO_OPT_RCVLOWAT, 3);
    const reader = start(w, { call: 'recv', fd: b });
    await asleep(w, reader);
    w.send(a, 'xx');
    await asleep(w, reader);
    w.send(a, 'x');
    expect(await reader.answer).toBe(3);
  });

  it('and finds that it need not when the mark is lowered', async () => {
    const w = new World();
    const [a, b] = w.pair();
    set(w, b, SO_OPT_RCVLOWAT, 3);
    const reader = start(w, { call: 'recv', fd: b });
    await asleep(w, reader);
    w.send(a, 'xx');
    set(w, b, SO_OPT_RCVLOWAT, 2);
    expect(await reader.answer).toBe(2);
  });

  it('gives up when the time is over: to read, and to write', async () => {
    const w = new World({ sendSpace: 64, recvSpace: 64, sendLowWater: 1 });
    const [a, b] = w.pair();
    set(w, b, SO_OPT_RCVTIMEO, 2);
    set(w, a, SO_OPT_SNDTIMEO, 3);
    const reader = start(w, { call: 'recv', fd: b });
    await asleep(w, reader);
    w.tick();
    w.tick();
    expect(await reader.answer).toBe(-EWOULDBLOCK);
    w.nonblocking(a);
    w.send(a, 'x'.repeat(64));
    w.nonblocking(a, 0);
    const writer = start(w, { call: 'send', fd: a, count: 5 });
    await asleep(w, writer);
    for (let i = 0; i < 3; i++) w.tick();
    expect(await writer.answer).toBe(-EWOULDBLOCK);
  });
});

describe('the owner of a socket', () => {
  it('is told of input and of room, once it was named and the socket asked to', () => {
    const w = new World({ sendSpace: 64, recvSpace: 64, sendLowWater: 1 });
    const [a, b] = w.pair();
    expect(sys_setown(w.k, w.td, b, w.td + 1)).toBe(-EINVAL);
    expect(sys_setown(w.k, w.td, b, w.td)).toBe(0);
    w.send(a, 'x');
    expect(sys_sigwait(w.k, w.td, 0)).toBe(0);
    sys_setasync(w.k, w.td, b, 1);
    w.send(a, 'x');
    expect(sys_sigwait(w.k, w.td, 0)).toBe(1);
    expect(sys_sigwait(w.k, w.td, 0)).toBe(0);
    w.send(b, 'y');
    expect(w.recv(a)).toBe('y');
    expect(sys_sigwait(w.k, w.td, 0)).toBe(1);
    w.close(a);
    expect(sys_sigwait(w.k, w.td, 0)).toBeGreaterThan(0);
    sys_setasync(w.k, w.td, b, 0);
    sys_setown(w.k, w.td, b, 0);
    expect(sys_sigwait(w.k, w.td, -1)).toBe(-EINTR);
  });

  it('sleeps until it is told', async () => {
    const w = new World();
    const s = attach(w.buffer, { blocking: false });
    const [a, b] = w.pair();
    s.setAsync(b, true);
    const owner = start(w, { call: 'waitAsync', fd: b });
    await asleep(w, owner);
    s.setOwner(b, await owner.thread);
    w.send(a, 'x');
    expect(await owner.answer).toBe(1);
  });
});
