/**
 * One of several workers that talk over TCP in one kernel, with blocking calls. Each job takes what it needs from the message and posts
 * one answer when it is done.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { attach, SocketError, type Sockets } from '../../../impl/index.ts';

export type TcpJob =
  /** Carries the wire until told to stop. */
  | { readonly job: 'wire' }
  /** One of several that carry the wire and process what is on it, each its share of the connections. */
  | { readonly job: 'netisr' }
  /** Accepts that many connections; reads each to its end, then sends back as many bytes of its own. */
  | { readonly job: 'serve'; readonly listener: number; readonly connections: number }
  /** Opens connections one after the other: sends bytes, ends its side, reads what comes back. */
  | { readonly job: 'call'; readonly port: number; readonly connections: number; readonly bytes: number; readonly seed: number }
  /** Sends, or receives to the end, on a descriptor that others use as well. */
  | { readonly job: 'send' | 'receive'; readonly fd: number; readonly bytes: number; readonly seed: number }
  /** Makes a connection, and kills it or is killed in the middle of everything, again and again. */
  | { readonly job: 'chaos'; readonly port: number; readonly listener: number; readonly rounds: number; readonly seed: number }
  /** Closes a descriptor; answers with the error's code, or ''. */
  | { readonly job: 'close'; readonly fd: number };

export interface TcpAnswer {
  readonly bytes: number;
  /** Checksum of the bytes sent or received, for those two jobs. */
  readonly sum: number;
  readonly code: string;
}

export interface TcpWork {
  readonly kernel: SharedArrayBuffer;
  readonly work: TcpJob;
}

/** Fletcher-like: depends on every byte and on their order. */
export class Checksum {
  a = 1;
  b = 0;
  add(bytes: Uint8Array, length: number): void {
    for (let i = 0; i < length; i++) {
      this.a = (this.a + (bytes[i] ?? 0)) % 65521;
      this.b = (this.b + this.a) % 65521;
    }
  }
  get value(): number {
    return this.b * 65536 + this.a;
  }
}

/** The bytes of a stream, from a seed. */
export function pattern(seed: number, from: number, target: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] = Math.imul(from + i + seed, 2654435761) >>> 24;
}

const CHUNK = 60_000;

function sendAll(sockets: Sockets, fd: number, bytes: number, seed: number): Checksum {
  const sum = new Checksum();
  const chunk = new Uint8Array(Math.min(CHUNK, bytes));
  for (let sent = 0; sent < bytes; ) {
    const piece = chunk.subarray(0, Math.min(chunk.length, bytes - sent));
    pattern(seed, sent, piece);
    const taken = sockets.send(fd, piece);
    if (taken !== piece.length) throw new Error(`a blocking send took ${taken} of ${piece.length} bytes`);
    sum.add(piece, taken);
    sent += taken;
  }
  return sum;
}

function receiveAll(sockets: Sockets, fd: number): { readonly sum: Checksum; readonly bytes: number } {
  const sum = new Checksum();
  const chunk = new Uint8Array(CHUNK);
  let bytes = 0;
  for (let got = sockets.recv(fd, chunk); got > 0; got = sockets.recv(fd, chunk)) {
    sum.add(chunk, got);
    bytes += got;
  }
  return { sum, bytes };
}

/** Errors that a connection may rightly end with when somebody kills it. */
const MORTAL = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'ENOTCONN',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'EBADF',
  'EINVAL',
  'EAGAIN',
  'EADDRNOTAVAIL',
  'EALREADY',
  'ENOBUFS',
]);

/** Does it; what the socket layer answers does not matter, as long as it is an answer. */
function attempt(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof SocketError) || !MORTAL.has(error.code)) throw error;
  }
}

/** The peer may end the connection just when close does: then close says ECONNRESET, as BSD's, and the descriptor is closed. */
function closeAny(sockets: Sockets, fd: number): void {
  try {
    sockets.close(fd);
  } catch (error) {
    if (!(error instanceof SocketError) || error.code !== 'ECONNRESET') throw error;
  }
}

function chaos(sockets: Sockets, listener: number, port: number, rounds: number, seed: number): void {
  let dice = seed;
  const roll = (sides: number): number => {
    dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0;
    return Math.floor((dice / 2 ** 32) * sides);
  };
  const chunk = new Uint8Array(3000);
  const mayhem = (fd: number): void => {
    for (let steps = roll(5); steps > 0; steps--) {
      attempt(() => {
        const what = roll(7);
        if (what === 0) sockets.setOption(fd, 'linger', roll(2) - 1);
        else if (what === 1) sockets.shutdown(fd, 'write');
        else if (what === 2) sockets.setOption(fd, 'noDelay', 1);
        else if (what === 3) sockets.recv(fd, chunk, { dontWait: true });
        else if (what === 4) sockets.disconnect(fd);
        else sockets.send(fd, chunk, { dontWait: true });
      });
    }
  };
  for (let round = 0; round < rounds; round++) {
    const fd = sockets.socket('inet', 'stream');
    sockets.setNonBlocking(fd, true);
    try {
      sockets.connect(fd, { family: 'inet', host: 1, port });
    } catch (error) {
      if (!(error instanceof SocketError) || (error.code !== 'EINPROGRESS' && !MORTAL.has(error.code))) throw error;
    }
    mayhem(fd);
    attempt(() => {
      const accepted = sockets.accept(listener).fd;
      mayhem(accepted);
      attempt(() => sockets.close(accepted));
    });
    mayhem(fd);
    attempt(() => sockets.close(fd));
  }
}

function run(sockets: Sockets, work: TcpJob): TcpAnswer {
  let bytes = 0;
  switch (work.job) {
    case 'wire':
      sockets.runWire();
      break;
    case 'netisr':
      sockets.runNetisr();
      break;
    case 'serve':
      for (let i = 0; i < work.connections; i++) {
        const { fd } = sockets.accept(work.listener);
        const got = receiveAll(sockets, fd);
        bytes += got.bytes;
        // The answer's pattern is the request's checksum: the caller sees that what it sent has arrived.
        sendAll(sockets, fd, got.bytes, got.sum.value);
        closeAny(sockets, fd);
      }
      break;
    case 'call':
      for (let i = 0; i < work.connections; i++) {
        const fd = sockets.socket('inet', 'stream');
        sockets.connect(fd, { family: 'inet', host: 1, port: work.port });
        const sent = sendAll(sockets, fd, work.bytes, work.seed + i);
        sockets.shutdown(fd, 'write');
        const got = receiveAll(sockets, fd);
        const expected = new Checksum();
        const answer = new Uint8Array(work.bytes);
        pattern(sent.value, 0, answer);
        expected.add(answer, answer.length);
        if (got.bytes !== work.bytes || got.sum.value !== expected.value) {
          throw new Error(
            `connection ${i}: ${got.bytes} bytes came back with checksum ${got.sum.value}, expected ${work.bytes} with ${expected.value}`,
          );
        }
        bytes += got.bytes;
        closeAny(sockets, fd);
      }
      break;
    case 'send':
      return { bytes: work.bytes, sum: sendAll(sockets, work.fd, work.bytes, work.seed).value, code: '' };
    case 'receive': {
      const got = receiveAll(sockets, work.fd);
      return { bytes: got.bytes, sum: got.sum.value, code: '' };
    }
    case 'chaos':
      chaos(sockets, work.listener, work.port, work.rounds, work.seed);
      break;
    case 'close':
      try {
        sockets.close(work.fd);
      } catch (error) {
        if (!(error instanceof SocketError)) throw error;
        return { bytes: 0, sum: 0, code: error.code };
      }
      break;
  }
  return { bytes, sum: 0, code: '' };
}

const { kernel, work } = workerData as TcpWork;
const sockets = attach(kernel);
const answer = run(sockets, work);
sockets.detach();
parentPort?.postMessage(answer);
