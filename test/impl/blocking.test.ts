/** Calls that sleep, on real threads: each is woken by what it waits for, and by what makes waiting pointless. */
import { describe, expect, it } from 'vitest';
import {
  ECONNABORTED,
  EINTR,
  load,
  lk_word,
  SHUT_RD,
  SHUT_WR,
  sb_sx,
  so_rcv,
  so_snd,
  sys_interrupt,
  td_wchan,
  word,
} from '../../impl/raw.ts';
import type { CallJob } from './workers/call_job.ts';
import { type Running, spawn } from './workers/spawn.ts';
import { NOTHING_LEFT, World } from './world.ts';

function start(w: World, job: Omit<CallJob, 'kernel'>): Running {
  return spawn('call_worker', { kernel: w.buffer, ...job } satisfies CallJob);
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/** Waits until the worker sleeps in its call. */
async function asleep(w: World, worker: Running): Promise<void> {
  const thread = await worker.thread;
  while (load(w.k, thread + td_wchan) === 0) await pause();
}

describe('a sleeping reader', () => {
  it('is woken by data', async () => {
    const w = new World();
    const [a, b] = w.pair();
    const reader = start(w, { call: 'recv', fd: b });
    await asleep(w, reader);
    w.send(a, 'wake up');
    expect(await reader.answer).toBe(7);
  });

  it('waits for all it wants if it says so', async () => {
    const w = new World();
    const [a, b] = w.pair();
    const reader = start(w, { call: 'recv', fd: b, waitAll: true });
    for (let i = 0; i < 4; i++) {
      await asleep(w, reader);
      w.send(a, 'x'.repeat(20));
    }
    w.send(a, 'x'.repeat(30));
    expect(await reader.answer).toBe(100);
    expect(w.recv(b)).toBe('x'.repeat(10));
  });

  it('sees the end when the peer closes, and when its own side is shut down (T15)', async () => {
    const w = new World();
    const [a, b] = w.pair();
    const first = start(w, { call: 'recv', fd: b });
    await asleep(w, first);
    expect(w.shutdown(b, SHUT_RD)).toBe(0);
    expect(await first.answer).toBe(0);
    expect(word(w.k, w.so(b) + so_rcv + sb_sx + lk_word)).toBe(0);
    const second = start(w, { call: 'recv', fd: a });
    await asleep(w, second);
    w.close(b);
    expect(await second.answer).toBe(0);
  });

  it('gets the error that comes, and only one of two gets it (T23)', async () => {
    const w = new World();
    const head = w.listener(1, 5);
    const c = w.client(1);
    const readers = [start(w, { call: 'recv', fd: c }), start(w, { call: 'recv', fd: c })];
    // One sleeps for data, the other for the transfer lock that the first holds.
    for (const reader of readers) await asleep(w, reader);
    w.close(head);
    const answers = await Promise.all(readers.map((reader) => reader.answer));
    expect(answers.sort((x, y) => x - y)).toEqual([-ECONNABORTED, 0]);
  });

  it('is interrupted by a signal, wherever it sleeps', async () => {
    const w = new World();
    const [, b] = w.pair();
    const readers = [start(w, { call: 'recv', fd: b }), start(w, { call: 'recv', fd: b })];
    for (const reader of readers) await asleep(w, reader);
    for (const reader of readers.reverse()) {
      sys_interrupt(w.k, w.td, await reader.thread);
      expect(await reader.answer).toBe(-EINTR);
    }
    expect(word(w.k, w.so(b) + so_rcv + sb_sx + lk_word)).toBe(0);
  });

  it('keeps the socket open until it is done, though the descriptor is closed', async () => {
    const w = new World();
    const [a, b] = w.pair();
    const so = w.so(b);
    const reader = start(w, { call: 'recv', fd: b });
    await asleep(w, reader);
    expect(w.close(b)).toBe(0);
    expect(w.phase(so)).toBe('connected');
    w.send(a, 'x');
    expect(await reader.answer).toBe(1);
    while (w.leftOver().sockets > 1) await pause();
    w.close(a);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });
});

describe('a sleeping writer', () => {
  it('goes on as the reader makes room', async () => {
    const w = new World({ sendSpace: 100, recvSpace: 100, sendLowWater: 10 });
    const [a, b] = w.pair();
    const writer = start(w, { call: 'send', fd: a, count: 350 });
    let received = 0;
    while (received < 350) {
      const piece = w.recv(b);
      if (typeof piece === 'string') received += piece.length;
      else await pause();
    }
    expect(await writer.answer).toBe(350);
  });

  it('says how much was taken when it is interrupted, and fails when the peer goes', async () => {
    const w = new World({ sendSpace: 100, recvSpace: 100, sendLowWater: 10 });
    const [a, b] = w.pair();
    const first = start(w, { call: 'send', fd: a, count: 150 });
    await asleep(w, first);
    sys_interrupt(w.k, w.td, await first.thread);
    expect(await first.answer).toBe(100);
    const second = start(w, { call: 'send', fd: a, count: 1 });
    await asleep(w, second);
    w.close(b);
    expect(await second.answer).toBe(-32);
    expect(word(w.k, w.so(a) + so_snd + sb_sx + lk_word)).toBe(0);
  });
});

describe('a sleeping accept', () => {
  it('is woken by a connection: one connection, one thread (T19)', async () => {
    const w = new World();
    const head = w.listener(1, 5);
    const acceptors = [start(w, { call: 'accept', fd: head }), start(w, { call: 'accept', fd: head })];
    for (const acceptor of acceptors) await asleep(w, acceptor);
    // Each has reserved a descriptor before it went to sleep.
    expect(w.client(1)).toBe(head + 3);
    const one = await Promise.race(acceptors.map((acceptor) => acceptor.answer));
    expect([head + 1, head + 2]).toContain(one);
    const waiting = await Promise.all(acceptors.map(async ({ thread }) => load(w.k, (await thread) + td_wchan) !== 0));
    expect(waiting.filter(Boolean)).toHaveLength(1);
    w.client(1);
    const both = await Promise.all(acceptors.map((acceptor) => acceptor.answer));
    expect(new Set(both).size).toBe(2);
  });

  it('is told when the listener is shut down, every one of them', async () => {
    const w = new World();
    const head = w.listener(1, 5);
    const acceptors = Array.from({ length: 3 }, () => start(w, { call: 'accept', fd: head }));
    for (const acceptor of acceptors) await asleep(w, acceptor);
    w.shutdown(head, SHUT_RD);
    expect(await Promise.all(acceptors.map((acceptor) => acceptor.answer))).toEqual(Array(3).fill(-ECONNABORTED));
  });

  it('is interrupted by a signal and leaves no descriptor behind (T20)', async () => {
    const w = new World();
    const head = w.listener(1, 5);
    const acceptor = start(w, { call: 'accept', fd: head });
    await asleep(w, acceptor);
    sys_interrupt(w.k, w.td, await acceptor.thread);
    expect(await acceptor.answer).toBe(-EINTR);
    expect(w.socket('unix')).toBe(head + 1);
  });
});

describe('threads together', () => {
  it('carry megabytes both ways over one pair, every byte in its place', async () => {
    const w = new World({ mbufBytes: 512, mbufs: 256, sendSpace: 8192, recvSpace: 8192, userBytes: 8192, spin: 100 });
    const [a, b] = w.pair();
    const total = 4_000_000;
    const workers = [
      start(w, { call: 'produce', fd: a, count: total, salt: 1 }),
      start(w, { call: 'consume', fd: b, salt: 1 }),
      start(w, { call: 'produce', fd: b, count: total, salt: 2 }),
      start(w, { call: 'consume', fd: a, salt: 2 }),
    ];
    expect(await Promise.all(workers.map((worker) => worker.answer))).toEqual([total, total, total, total]);
    w.close(a);
    w.close(b);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('connect, accept and leave by the thousand, and leave nothing behind', async () => {
    const w = new World({ sockets: 64, mbufs: 256, threads: 16 });
    const head = w.listener(1, 3);
    const servers = [start(w, { call: 'serve', fd: head }), start(w, { call: 'serve', fd: head })];
    for (const server of servers) await asleep(w, server);
    const visitors = Array.from({ length: 3 }, () => start(w, { call: 'visit', fd: -1, count: 1500, name: 1 }));
    const sent = await Promise.all(visitors.map((visitor) => visitor.answer));
    // Who is connected, and has sent, is served before the listener ends; the reader of each sees its every byte.
    while (w.completed(w.so(head)).length > 0) await pause();
    w.shutdown(head, SHUT_RD);
    const served = await Promise.all(servers.map((server) => server.answer));
    const sum = (all: readonly number[]) => all.reduce((x, y) => x + y, 0);
    expect(sum(served)).toBe(sum(sent));
    expect(sum(sent)).toBeGreaterThan(0);
    w.close(head);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('connect to a listener that comes and goes, and nothing is lost or left', async () => {
    const w = new World({ sockets: 64, mbufs: 256, threads: 16 });
    const visitors = Array.from({ length: 2 }, () => start(w, { call: 'visit', fd: -1, count: 1500, name: 1 }));
    let visiting = true;
    const done = Promise.all(visitors.map((visitor) => visitor.answer)).finally(() => {
      visiting = false;
    });
    while (visiting) {
      const head = w.listener(1, 2);
      w.nonblocking(head);
      for (let i = 0; i < 20; i++) {
        const fd = w.accept(head);
        if (fd >= 0) w.close(fd);
        else await pause();
      }
      w.shutdown(head, SHUT_WR);
      w.close(head);
    }
    for (const answer of await done) expect(answer).toBeGreaterThanOrEqual(0);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });
});
