/** kqueue: FreeBSD's regression tests kqueue and listen_kqueue in spirit (reference H.1), and what registering, waiting and closing do. */
import { describe, expect, it } from 'vitest';
import { attach, SocketError, type Sockets } from '../../impl/index.ts';
import {
  EBADF,
  EINVAL,
  ENOENT,
  ENOMEM,
  ENOTSOCK,
  inUse,
  knote_zone,
  kqueue_zone,
  load,
  SB_KNOTE,
  sb_flags,
  so_rcv,
  sys_interrupt,
  td_wchan,
  word,
} from '../../impl/raw.ts';
import type { CallJob } from './workers/call_job.ts';
import { type Running, spawn } from './workers/spawn.ts';
import { NOTHING_LEFT, World } from './world.ts';

/** A world, its calls in words, and a kqueue. */
function setting(options: ConstructorParameters<typeof World>[0] = {}): { readonly w: World; readonly s: Sockets; readonly kq: number } {
  const w = new World({ sendSpace: 64, recvSpace: 64, sendLowWater: 16, ...options });
  const s = attach(w.buffer, { blocking: false });
  return { w, s, kq: s.kqueue() };
}

/** What holds now: "4 read 1". */
function look(s: Sockets, kq: number, max = 8): readonly string[] {
  return s
    .kevent(kq, [], max, 0)
    .map(({ fd, filter, data, end, error }) => `${fd} ${filter} ${data}${end ? ' end' : ''}${error === 0 ? '' : ` error ${error}`}`)
    .toSorted();
}

const codeOf = (action: () => unknown): number => {
  try {
    action();
  } catch (error) {
    if (error instanceof SocketError) return -error.errno;
    throw error;
  }
  return 0;
};

describe('an event', () => {
  it('for reading comes with the data and goes with it, for writing until there is no room (H.1 kqueue)', () => {
    const { w, s, kq } = setting();
    const [a, b] = w.pair();
    for (const fd of [a, b])
      s.kevent(kq, [
        { fd, filter: 'read' },
        { fd, filter: 'write' },
      ]);
    const writable = [`${a} write 64`, `${b} write 64`];
    expect(look(s, kq)).toEqual(writable);
    w.send(a, 'x');
    expect(look(s, kq)).toEqual([`${a} write 63`, `${b} read 1`, `${b} write 64`]);
    expect(look(s, kq)).toEqual([`${a} write 63`, `${b} read 1`, `${b} write 64`]);
    w.recv(b);
    expect(look(s, kq)).toEqual(writable);
    w.nonblocking(a);
    w.send(a, 'x'.repeat(100));
    expect(look(s, kq)).toEqual([`${b} read 64`, `${b} write 64`]);
  });

  it('of a datagram socket counts no addresses', () => {
    const { w, s, kq } = setting();
    const fd = w.socket('udp');
    w.bind(fd, 7);
    s.kevent(kq, [{ fd, filter: 'read' }]);
    expect(look(s, kq)).toEqual([]);
    w.send(w.socket('udp'), 'abc', 7);
    while (w.deliver() !== 0);
    expect(look(s, kq)).toEqual([`${fd} read 3`]);
  });

  it('of a socket that began to listen after it was registered is a connection (H.1 listen_kqueue)', () => {
    const { w, s, kq } = setting();
    const fd = w.socket('unix');
    s.kevent(kq, [{ fd, filter: 'read' }]);
    w.bind(fd, 1);
    w.listen(fd, 2);
    expect(look(s, kq)).toEqual([]);
    w.client(1);
    w.client(1);
    expect(look(s, kq)).toEqual([`${fd} read 2`]);
    w.accept(fd);
    expect(look(s, kq)).toEqual([`${fd} read 1`]);
    w.accept(fd);
    expect(look(s, kq)).toEqual([]);
  });

  it('says the end in either direction, with the error that is pending and stays', () => {
    const { w, s, kq } = setting();
    const fd = w.socket('tcp');
    w.nonblocking(fd);
    w.connect(fd, 99);
    s.kevent(kq, [
      { fd, filter: 'read' },
      { fd, filter: 'write' },
    ]);
    expect(look(s, kq)).toEqual([]);
    while (w.deliver() !== 0);
    expect(look(s, kq)).toEqual([`${fd} read 0 end error 61`, `${fd} write 64 end error 61`]);
    expect(w.takeError(fd)).toBe(61);
    expect(look(s, kq)).toEqual([`${fd} read 0 end`, `${fd} write 64 end`]);
  });

  it('with a low-water mark of its own waits for so much (H.3 unix_dgram event)', () => {
    const { w, s, kq } = setting();
    const [a, b] = w.pair();
    s.kevent(kq, [{ fd: b, filter: 'read', lowWater: 3, user: 17 }]);
    w.send(a, 'xx');
    expect(look(s, kq)).toEqual([]);
    w.send(a, 'x');
    expect(s.kevent(kq, [], 1, 0)).toEqual([{ fd: b, filter: 'read', data: 3, end: false, error: 0, user: 17, failed: false }]);
    s.kevent(kq, [{ fd: b, filter: 'read', lowWater: 4 }]);
    expect(look(s, kq)).toEqual([]);
  });

  it('that is to be reported once is gone then', () => {
    const { w, s, kq } = setting();
    const [a, b] = w.pair();
    s.kevent(kq, [{ fd: b, filter: 'read', once: true }]);
    w.send(a, 'x');
    expect(look(s, kq)).toEqual([`${b} read 1`]);
    expect(look(s, kq)).toEqual([]);
    expect(inUse(w.k, knote_zone)).toBe(0);
  });

  it('that is cleared comes again when something has changed, whether or not the old was taken', () => {
    const { w, s, kq } = setting();
    const [a, b] = w.pair();
    s.kevent(kq, [{ fd: b, filter: 'read', clear: true }]);
    w.send(a, 'x');
    expect(look(s, kq)).toEqual([`${b} read 1`]);
    expect(look(s, kq)).toEqual([]);
    w.send(a, 'x');
    expect(look(s, kq)).toEqual([`${b} read 2`]);
    w.recv(b);
    expect(look(s, kq)).toEqual([]);
  });

  it('is not reported while it is turned off, and is when it is turned on again', () => {
    const { w, s, kq } = setting();
    const [a, b] = w.pair();
    s.kevent(kq, [{ fd: b, filter: 'read' }]);
    w.send(a, 'x');
    s.kevent(kq, [{ fd: b, filter: 'read', action: 'disable' }]);
    expect(look(s, kq)).toEqual([]);
    s.kevent(kq, [{ fd: b, filter: 'read', action: 'enable' }]);
    expect(look(s, kq)).toEqual([`${b} read 1`]);
  });
});

describe('what is registered', () => {
  it('goes with its descriptor, not with the socket, and the other descriptor keeps its own', () => {
    const { w, s, kq } = setting();
    const [a, b] = w.pair();
    const copy = w.dup(b);
    s.kevent(kq, [
      { fd: b, filter: 'read' },
      { fd: copy, filter: 'read' },
    ]);
    w.send(a, 'x');
    expect(look(s, kq)).toEqual([`${b} read 1`, `${copy} read 1`]);
    w.close(b);
    expect(look(s, kq)).toEqual([`${copy} read 1`]);
    expect(w.socket('udp')).toBe(b);
    expect(codeOf(() => s.kevent(kq, [{ fd: b, filter: 'read', action: 'delete' }]))).toBe(ENOENT);
    w.close(copy);
    expect(inUse(w.k, knote_zone)).toBe(0);
  });

  it('goes with its kqueue, whose last descriptor counts', () => {
    const { w, s, kq } = setting();
    const [a, b] = w.pair();
    const copy = w.dup(kq);
    s.kevent(kq, [
      { fd: a, filter: 'read' },
      { fd: a, filter: 'write' },
      { fd: b, filter: 'read' },
    ]);
    w.close(kq);
    expect(look(s, copy)).toEqual([`${a} write 64`]);
    w.close(copy);
    expect([inUse(w.k, knote_zone), inUse(w.k, kqueue_zone)]).toEqual([0, 0]);
    expect(word(w.k, w.so(a) + so_rcv + sb_flags) & SB_KNOTE).toBe(0);
    w.send(b, 'x');
    w.close(a);
    w.close(b);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });
});

describe('a change', () => {
  it('is refused with the reason: no event, no descriptor, no socket, no filter, no room', () => {
    const { w, s, kq } = setting({ knotes: 1 });
    const [a] = w.pair();
    const read = { fd: a, filter: 'read' } as const;
    expect(codeOf(() => s.kevent(kq, [{ ...read, action: 'delete' }]))).toBe(ENOENT);
    expect(codeOf(() => s.kevent(kq, [{ ...read, fd: 9 }]))).toBe(EBADF);
    expect(codeOf(() => s.kevent(kq, [{ ...read, fd: kq }]))).toBe(EINVAL);
    expect(codeOf(() => s.kevent(a, [read]))).toBe(EBADF);
    s.kevent(kq, [read]);
    s.kevent(kq, [read]);
    expect(codeOf(() => s.kevent(kq, [{ ...read, filter: 'write' }]))).toBe(ENOMEM);
    expect(inUse(w.k, knote_zone)).toBe(1);
  });

  it('that fails is among the results where there is room for them, and the others are made', () => {
    const { w, s, kq } = setting();
    const [a, b] = w.pair();
    w.send(a, 'x');
    const changes = [{ fd: 9, filter: 'read', user: 5 } as const, { fd: b, filter: 'read' } as const];
    expect(s.kevent(kq, changes, 4)).toEqual([{ fd: 9, filter: 'read', data: EBADF, end: false, error: 0, user: 5, failed: true }]);
    expect(look(s, kq)).toEqual([`${b} read 1`]);
  });

  it('of a kqueue is no call of a socket', () => {
    const { w, kq } = setting();
    expect([w.accept(kq), w.listen(kq, 1), w.shutdown(kq, 0)]).toEqual([-ENOTSOCK, -ENOTSOCK, -ENOTSOCK]);
    expect(w.close(kq)).toBe(0);
  });

  it('a kernel has so many kqueues', () => {
    const { w, s } = setting({ kqueues: 1 });
    expect(codeOf(() => s.kqueue())).toBe(ENOMEM);
    expect(w.socket('udp')).toBe(1);
  });
});

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

async function asleep(w: World, worker: Running): Promise<void> {
  const thread = await worker.thread;
  while (load(w.k, thread + td_wchan) === 0) await pause();
}

function start(w: World, kq: number, timeout = -1): Running {
  return spawn('call_worker', { kernel: w.buffer, call: 'kevent', fd: kq, timeout } satisfies CallJob);
}

describe('a thread that sleeps in kevent', () => {
  it('is woken by an event, and by one that is registered meanwhile', async () => {
    const { w, s, kq } = setting();
    const [a, b] = w.pair();
    s.kevent(kq, [{ fd: b, filter: 'read' }]);
    const first = start(w, kq);
    await asleep(w, first);
    w.send(a, 'x');
    expect(await first.answer).toBe(b);
    w.recv(b);
    const second = start(w, kq);
    await asleep(w, second);
    s.kevent(kq, [{ fd: a, filter: 'write' }]);
    expect(await second.answer).toBe(a);
  });

  it('returns with nothing when its time is over, and is interrupted by a signal', async () => {
    const { w, kq } = setting();
    const late = start(w, kq, 2);
    await asleep(w, late);
    w.tick();
    w.tick();
    expect(await late.answer).toBe(-1000);
    const interrupted = start(w, kq);
    await asleep(w, interrupted);
    sys_interrupt(w.k, w.td, await interrupted.thread);
    expect(await interrupted.answer).toBe(-4);
  });

  it('goes on sleeping when the descriptor that it waits for is closed (H.3 listener_wakeup)', async () => {
    const { w, s, kq } = setting();
    const head = w.listener(1, 1);
    s.kevent(kq, [{ fd: head, filter: 'read' }]);
    const worker = start(w, kq, 5);
    await asleep(w, worker);
    w.close(head);
    await asleep(w, worker);
    for (let i = 0; i < 5; i++) w.tick();
    expect(await worker.answer).toBe(-1000);
  });
});
