/**
 * The benchmark *calls*: system calls of the implementation, one thread, no sleeping. The peer is Node's own `net` over a UNIX path with
 * both ends in this thread: real sockets, but behind an event loop and the kernel of the operating system. A ratio far above 1 is
 * expected; it says how much cheaper a call in shared memory is, not that it does the same work.
 */
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
import { overNode } from './node-net.ts';
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
  const node = await overNode(BYTES);
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
