/**
 * The benchmark *calls*: system calls of the implementation, one thread, no sleeping. The peer is Node's own `net` over a UNIX path with
 * both ends in this thread: real sockets, but behind an event loop and the kernel of the operating system. A ratio far above 1 is
 * expected; it says how much cheaper a call in shared memory is, not that it does the same work.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AF_UNIX,
  NO_ADDRESS,
  SOCK_STREAM,
  rawKernel,
  sys_close,
  sys_recvfrom,
  sys_sendto,
  sys_socketpair,
  td_retval1,
  word,
} from '../../impl/raw.ts';
import type { Figure, Tell } from './figure.ts';
import { rateOf } from './rate.ts';

const BYTES = 64;
const BATCH = 200;
/** socketpair, send, receive, close, close */
const CYCLE = 5;

export async function measureCalls(tell: Tell): Promise<readonly Figure[]> {
  tell('system calls');
  const { cycle, roundTrip } = implementation();
  const cycles = await rateOf(2, batchOf(cycle));
  const trips = await rateOf(2, batchOf(roundTrip));
  tell('Node net over a UNIX path');
  const node = await overNode();
  return [
    {
      benchmark: 'calls',
      what: `system calls of the cycle socketpair, send ${BYTES} bytes, receive, close, close, in one thread`,
      value: cycles.perSecond * CYCLE,
      unit: 'calls/s',
      peer: {
        what: `Node net over a UNIX path: connect, write, read, end, one after the other, counted as ${CYCLE} calls`,
        value: node.cycles * CYCLE,
      },
      bars: [],
    },
    {
      benchmark: 'calls',
      what: `round trips of ${BYTES} bytes on an open pair (send, receive, send back, receive), in one thread`,
      value: trips.perSecond,
      unit: 'round trips/s',
      peer: { what: 'Node net over a UNIX path, one round trip at a time', value: node.trips },
      bars: [],
    },
  ];
}

function batchOf(one: () => void): () => number {
  return () => {
    for (let i = 0; i < BATCH; i++) one();
    return BATCH;
  };
}

function implementation(): { cycle(): void; roundTrip(): void } {
  const { k, td } = rawKernel({ sockets: 16, threads: 1 });
  const must = (result: number, wanted: number, call: string): void => {
    if (result !== wanted) throw new Error(`${call} returned ${result} where ${wanted} was expected; the implementation is broken`);
  };
  const pair = (): readonly [number, number] => [sys_socketpair(k, td, AF_UNIX, SOCK_STREAM, 0), word(k, td + td_retval1)];
  const pass = (from: number, to: number): void => {
    must(sys_sendto(k, td, from, 0, BYTES, 0, NO_ADDRESS, 0), BYTES, 'sendto');
    must(sys_recvfrom(k, td, to, 0, BYTES, 0), BYTES, 'recvfrom');
  };
  const [here, there] = pair();
  return {
    cycle: () => {
      const [a, b] = pair();
      pass(a, b);
      must(sys_close(k, td, a), 0, 'close');
      must(sys_close(k, td, b), 0, 'close');
    },
    roundTrip: () => {
      pass(here, there);
      pass(there, here);
    },
  };
}

/** Cycles and round trips a second. */
async function overNode(): Promise<{ readonly cycles: number; readonly trips: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'sockref-bench-'));
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\sockref-bench-${process.pid}` : join(directory, 's');
  const server = createServer((peer) => void peer.on('data', (data) => void peer.write(data)));
  const data = Buffer.alloc(BYTES);
  try {
    await new Promise<void>((resolve, reject) => void server.once('error', reject).listen(path, resolve));
    const socket = await opened(path);
    const trips = await rateOf(2, () => exchanged(socket, data));
    await closed(socket);
    const cycles = await rateOf(2, async () => {
      const short = await opened(path);
      await exchanged(short, data);
      await closed(short);
      return 1;
    });
    return { cycles: cycles.perSecond, trips: trips.perSecond };
  } finally {
    server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function opened(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket)).once('error', reject);
  });
}

/** Sends, and resolves with 1 when as many bytes have come back. */
function exchanged(socket: Socket, data: Buffer): Promise<number> {
  return new Promise((resolve) => {
    let missing = data.length;
    const more = (part: Buffer): void => {
      missing -= part.length;
      if (missing > 0) return;
      socket.off('data', more);
      resolve(1);
    };
    socket.on('data', more);
    socket.write(data);
  });
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.end();
  });
}
