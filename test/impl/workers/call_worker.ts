/** A worker that makes one blocking call, or a stretch of them, through the face, and says how it ended. */
import { parentPort, workerData } from 'node:worker_threads';
import { attach, SocketError, type Sockets } from '../../../impl/index.ts';
import type { CallJob } from './call_job.ts';

/** The bytes of a stream, so that any part of it can be checked where it arrives. */
function fill(bytes: Uint8Array, offset: number, salt: number): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (Math.imul(offset + i, 31) ^ ((offset + i) >>> 8) ^ salt) & 255;
}

/** Sends `total` bytes in pieces of changing sizes. */
function produce(sockets: Sockets, fd: number, total: number, salt: number): number {
  let sent = 0;
  while (sent < total) {
    const bytes = new Uint8Array(Math.min(total - sent, 1 + ((sent * 7) % 5000)));
    fill(bytes, sent, salt);
    sent += sockets.send(fd, bytes);
  }
  return sent;
}

/** Receives to the end of the stream and returns how much came; throws at the first byte that is not the right one. */
function consume(sockets: Sockets, fd: number, salt: number): number {
  const target = new Uint8Array(7001);
  const expected = new Uint8Array(target.length);
  let received = 0;
  for (;;) {
    const count = sockets.recv(fd, target);
    if (count === 0) return received;
    fill(expected, received, salt);
    for (let i = 0; i < count; i++) {
      if (target[i] !== expected[i]) throw new Error(`byte ${received + i} is ${target[i]}, not ${expected[i]}`);
    }
    received += count;
  }
}

function run(sockets: Sockets, job: CallJob): number {
  switch (job.call) {
    case 'accept':
      return sockets.accept(job.fd).fd;
    case 'recv':
      return sockets.recv(job.fd, new Uint8Array(100), { waitAll: job.waitAll ?? false });
    case 'send':
      return sockets.send(job.fd, new Uint8Array(job.count ?? 1));
    case 'poll': {
      const fds = job.fds ?? [];
      const found = sockets.poll(
        fds.map((fd) => ({ fd, read: true })),
        job.timeout ?? -1,
      );
      return found.reduce((bits, { fd, readable, closed }) => bits | (((closed ? 2 : 0) | (readable ? 1 : 0)) << (2 * fds.indexOf(fd))), 0);
    }
    case 'kevent':
      return sockets.kevent(job.fd, [], 1, job.timeout ?? -1)[0]?.fd ?? -1000;
    case 'waitAsync':
      return sockets.waitAsync();
    case 'collector':
      sockets.runCollector();
      return 0;
    case 'pass': {
      // Passes ends of pairs over pairs, in every shape, and closes all of it.
      for (let i = 0; i < (job.count ?? 0); i++) pass(sockets, i + (job.salt ?? 0));
      return job.count ?? 0;
    }
    case 'produce': {
      const sent = produce(sockets, job.fd, job.count ?? 0, job.salt ?? 0);
      sockets.shutdown(job.fd, 'write');
      return sent;
    }
    case 'consume':
      return consume(sockets, job.fd, job.salt ?? 0);
    case 'serve': {
      // Accepts connections, reads each to its end and counts the bytes, until the listener is shut down.
      let total = 0;
      for (;;) {
        let fd: number;
        try {
          fd = sockets.accept(job.fd).fd;
        } catch (error) {
          if (error instanceof SocketError && (error.code === 'ECONNABORTED' || error.code === 'EBADF' || error.code === 'EINVAL'))
            return total;
          throw error;
        }
        total += drain(sockets, fd);
        sockets.close(fd);
      }
    }
    case 'visit': {
      // Connects again and again, sends a few bytes and leaves. Counts what was sent on connections that were made.
      let sent = 0;
      for (let i = 0; i < (job.count ?? 1); i++) sent += visit(sockets, job.name ?? 0, i);
      return sent;
    }
  }
}

function drain(sockets: Sockets, fd: number): number {
  const target = new Uint8Array(64);
  let total = 0;
  for (;;) {
    const count = sockets.recv(fd, target);
    if (count === 0) return total;
    total += count;
  }
}

const TOLD = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNABORTED', 'EPIPE', 'ENOTCONN', 'ENOBUFS']);

function visit(sockets: Sockets, name: number, round: number): number {
  const fd = sockets.socket('unix', 'stream');
  try {
    sockets.connect(fd, { family: 'unix', name });
    return sockets.send(fd, new Uint8Array(1 + (round % 100)));
  } catch (error) {
    // The listener may be full, closing, or gone: each of these is an answer, anything else is not.
    if (error instanceof SocketError && TOLD.has(error.code)) return 0;
    throw error;
  } finally {
    sockets.close(fd);
  }
}

const ONE = new Uint8Array(1);
const NOBODY = new Int32Array(new SharedArrayBuffer(4));

/** What the call answers; a failure of this code, which is nothing, after a while: the collector may have made room then. */
function unless<T>(code: string, call: () => T): T | null {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof SocketError) || error.code !== code) throw error;
    Atomics.wait(NOBODY, 0, 0, 1);
    return null;
  }
}

function pairWhenever(sockets: Sockets): readonly [number, number] {
  let pair = unless('ENOBUFS', () => sockets.socketpair());
  while (pair === null) pair = unless('ENOBUFS', () => sockets.socketpair());
  return pair;
}

/** Two pairs, up to six rights that lie anywhere, perhaps one that is received; then the ends are closed, in another order each time. */
function pass(sockets: Sockets, round: number): void {
  const ends = [...pairWhenever(sockets), ...pairWhenever(sockets)];
  let dice = round;
  const roll = (sides: number): number => {
    dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0;
    return Math.floor((dice / 2 ** 32) * sides);
  };
  const any = (): number => ends[roll(ends.length)] as number;
  for (let rights = roll(7); rights > 0; rights--) unless('ENOBUFS', () => sockets.sendMessage(any(), ONE, [any()]));
  if (roll(2) === 0) ends.push(...(unless('EAGAIN', () => sockets.recvMessage(any(), ONE, 1, { dontWait: true }))?.descriptors ?? []));
  while (ends.length > 0) for (const fd of ends.splice(roll(ends.length), 1)) sockets.close(fd);
}

const job = workerData as CallJob;
const sockets = attach(job.kernel);
parentPort?.postMessage({ thread: sockets.thread });
let answer: number;
try {
  answer = run(sockets, job);
} catch (error) {
  if (!(error instanceof SocketError)) throw error;
  answer = error.errno;
}
sockets.detach();
parentPort?.postMessage({ answer });
