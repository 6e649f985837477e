/** poll: what it finds, by the exact table of FreeBSD's poll/sockpoll (reference H.2a, the column of F93), and what it waits for. */
import { describe, expect, it } from 'vitest';
import {
  copyBytesIn,
  copyBytesOut,
  EBADF,
  EFAULT,
  EINTR,
  EINVAL,
  fixed,
  h_user,
  INFTIM,
  load,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  SHUT_RD,
  SHUT_WR,
  sb_sel,
  so_rcv,
  so_snd,
  sys_interrupt,
  sys_poll,
  sys_tick,
  td_wchan,
  thread_attach,
  word,
} from '../../impl/raw.ts';
import { attach, SocketError } from '../../impl/index.ts';
import type { CallJob } from './workers/call_job.ts';
import { type Running, spawn } from './workers/spawn.ts';
import { NOTHING_LEFT, World } from './world.ts';

/** What one look at these descriptors finds, for reading and writing, in words. */
function look(w: World, ...fds: readonly number[]): readonly string[] {
  const table = new Int32Array(fds.flatMap((fd) => [fd, POLLIN | POLLOUT | POLLPRI, -1]));
  const bytes = new Uint8Array(table.buffer);
  copyBytesIn(w.k, fixed(w.k, h_user), bytes, 0, bytes.length);
  const found = sys_poll(w.k, w.td, 0, fds.length, 0);
  copyBytesOut(w.k, fixed(w.k, h_user), bytes, 0, bytes.length);
  const answers = fds.map((_, at) => print(table[at * 3 + 2] as number));
  expect(found).toBe(answers.filter((answer) => answer !== '-').length);
  return answers;
}

function print(revents: number): string {
  const names = [
    [POLLIN, 'IN'],
    [POLLOUT, 'OUT'],
    [POLLHUP, 'HUP'],
    [POLLNVAL, 'NVAL'],
    [POLLPRI, 'PRI'],
  ] as const;
  return names.flatMap(([bit, name]) => ((revents & bit) !== 0 ? [name] : [])).join(' ') || '-';
}

describe('a look at both ends of a pair', () => {
  it('rows 1 to 6: fresh, filled, closed with data unread, read empty', () => {
    const w = new World({ sendSpace: 64, recvSpace: 64, sendLowWater: 16 });
    const [a, b] = w.pair();
    expect(look(w, a, b)).toEqual(['OUT', 'OUT']);
    w.nonblocking(a);
    w.send(a, 'x'.repeat(100));
    expect(look(w, a, b)).toEqual(['-', 'IN OUT']);
    w.close(a);
    expect(look(w, b)).toEqual(['IN HUP']);
    w.recv(b);
    expect(look(w, b)).toEqual(['IN HUP']);
  });

  it('rows 7 to 14: shut down for writing, end of file read, filled the other way, shut down there, closed', () => {
    const w = new World({ sendSpace: 64, recvSpace: 64, sendLowWater: 16 });
    const [a, b] = w.pair();
    w.shutdown(a, SHUT_WR);
    expect(look(w, a, b)).toEqual(['OUT', 'IN OUT']);
    expect(w.recv(b)).toBe('');
    expect(look(w, b)).toEqual(['IN OUT']);
    w.nonblocking(b);
    w.send(b, 'x'.repeat(100));
    expect(look(w, a, b)).toEqual(['IN OUT', 'IN']);
    w.shutdown(b, SHUT_WR);
    expect(look(w, a, b)).toEqual(['IN HUP', 'IN HUP']);
    w.close(a);
    expect(look(w, b)).toEqual(['IN HUP']);
  });

  it('rows 15 to 18: shut down for reading, of which the other end is not told, then for writing', () => {
    const w = new World();
    const [a, b] = w.pair();
    w.shutdown(a, SHUT_RD);
    expect(look(w, a, b)).toEqual(['IN OUT', 'OUT']);
    w.shutdown(a, SHUT_WR);
    expect(look(w, a, b)).toEqual(['IN HUP', 'IN OUT']);
  });
});

describe('a look at', () => {
  it('a listener finds the connection that waits, and nothing to write', () => {
    const w = new World();
    const head = w.listener(1, 2);
    expect(look(w, head)).toEqual(['-']);
    w.client(1);
    expect(look(w, head)).toEqual(['IN']);
    w.accept(head);
    expect(look(w, head)).toEqual(['-']);
  });

  it('a stream that was never connected finds nothing, at a datagram socket room (H.3 unconnected_writability)', () => {
    const w = new World();
    expect(look(w, w.socket('unix'), w.socket('tcp'), w.socket('udp'))).toEqual(['-', '-', 'OUT']);
  });

  it('a refused connection finds its end, with the error still to be taken (T04)', () => {
    const w = new World();
    const fd = w.socket('tcp');
    w.nonblocking(fd);
    w.connect(fd, 99);
    expect(look(w, fd)).toEqual(['-']);
    while (w.deliver() !== 0);
    expect(look(w, fd)).toEqual(['IN HUP']);
    expect(w.takeError(fd)).toBe(61);
    expect(look(w, fd)).toEqual(['IN HUP']);
  });

  it('what is no descriptor finds that, and leaves out what is below 0', () => {
    const w = new World();
    const [a] = w.pair();
    expect(look(w, 9, -1, a)).toEqual(['NVAL', '-', 'OUT']);
  });
});

describe('poll', () => {
  it('refuses more descriptors than it was made for, and a table outside of user memory', () => {
    const w = new World({ pollDescriptors: 2, userBytes: 64 });
    expect(sys_poll(w.k, w.td, 0, 3, 0)).toBe(-EINVAL);
    expect(sys_poll(w.k, w.td, 0, -1, 0)).toBe(-EINVAL);
    expect(sys_poll(w.k, w.td, -8, 1, 0)).toBe(-EFAULT);
    expect(sys_poll(w.k, w.td, 0, 0, 0)).toBe(0);
  });

  it('leaves nobody entered anywhere, however it ends', () => {
    const w = new World();
    const [a] = w.pair();
    const bytes = new Uint8Array(new Int32Array([a, POLLIN, 0]).buffer);
    copyBytesIn(w.k, fixed(w.k, h_user), bytes, 0, bytes.length);
    // This thread can't sleep.
    expect(sys_poll(w.k, w.td, 0, 1, INFTIM)).toBe(-EINTR);
    expect([word(w.k, w.so(a) + so_rcv + sb_sel), word(w.k, w.so(a) + so_snd + sb_sel)]).toEqual([0, 0]);
  });
});

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

async function asleep(w: World, worker: Running): Promise<void> {
  const thread = await worker.thread;
  while (load(w.k, thread + td_wchan) === 0) await pause();
}

function start(w: World, job: Omit<CallJob, 'kernel' | 'call' | 'fd'>): Running {
  return spawn('call_worker', { kernel: w.buffer, call: 'poll', fd: 0, ...job } satisfies CallJob);
}

describe('a thread that sleeps in poll', () => {
  it('is woken by the second of its descriptors', async () => {
    const w = new World();
    const [a] = w.pair();
    const [c, d] = w.pair();
    const worker = start(w, { fds: [a, c] });
    await asleep(w, worker);
    w.send(d, 'x');
    expect(await worker.answer).toBe(0b0100);
  });

  it('is told when its descriptor is closed', async () => {
    const w = new World();
    const [a] = w.pair();
    const copy = w.dup(a);
    const worker = start(w, { fds: [a] });
    await asleep(w, worker);
    w.close(a);
    expect(await worker.answer).toBe(0b10);
    expect(w.close(copy)).toBe(0);
  });

  it('returns when its time is over, not before, and with nothing', async () => {
    const w = new World();
    const [a] = w.pair();
    const worker = start(w, { fds: [a], timeout: 3 });
    await asleep(w, worker);
    sys_tick(w.k, w.td);
    sys_tick(w.k, w.td);
    await asleep(w, worker);
    sys_tick(w.k, w.td);
    expect(await worker.answer).toBe(0);
  });

  it('is interrupted by a signal', async () => {
    const w = new World();
    const [a] = w.pair();
    const worker = start(w, { fds: [a] });
    await asleep(w, worker);
    sys_interrupt(w.k, w.td, await worker.thread);
    expect(await worker.answer).toBe(-EINTR);
  });
});

describe('the face', () => {
  it('polls and selects in words', () => {
    const w = new World();
    const sockets = attach(w.buffer, { blocking: false });
    const [a, b] = sockets.socketpair();
    sockets.send(b, new Uint8Array(3));
    expect(
      sockets.poll(
        [
          { fd: a, read: true },
          { fd: b, read: true },
        ],
        0,
      ),
    ).toEqual([{ fd: a, readable: true, writable: false, urgent: false, hangup: false, closed: false }]);
    expect(sockets.select([a, b], [b], 0)).toEqual({ read: [a], write: [b] });
    expect(sockets.poll([{ fd: 9 }], 0)[0]?.closed).toBe(true);
    expect(() => sockets.select([9], [], 0)).toThrow(SocketError);
    try {
      sockets.select([9], [], 0);
    } catch (error) {
      expect((error as SocketError).errno).toBe(-EBADF);
    }
    sockets.close(b);
    expect(sockets.select([a], [a], 0)).toEqual({ read: [a], write: [a] });
    sockets.close(a);
    expect(thread_attach(w.k, 0)).toBeGreaterThan(0);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });
});
