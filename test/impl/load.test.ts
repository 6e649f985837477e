/**
 * Load: very many sockets, opened and closed in every order. In the end nothing is left: no socket, file, control block, mbuf, segment,
 * descriptor or name. A hundred thousand of each in a campaign, fewer every time; how long one takes is the benchmark `connections`.
 */
import { describe, expect, it } from 'vitest';
import {
  AF_INET,
  AF_UNIX,
  fixed,
  h_fd_map,
  h_fd_table,
  h_nfiles,
  h_unp_names,
  h_unp_nnames,
  type Kernel,
  NO_ADDRESS,
  rawKernel,
  SOCK_DGRAM,
  SOCK_STREAM,
  sys_accept,
  sys_bind,
  sys_close,
  sys_connect,
  sys_listen,
  sys_sendto,
  sys_socket,
  sys_socketpair,
  td_retval1,
  word,
} from '../../impl/raw.ts';
import { CAMPAIGN } from '../campaign.ts';
import { NOTHING_LEFT, World } from './world.ts';

const MANY = CAMPAIGN ? 100_000 : 4000;
/** Ports that can be asked for. */
const PORTS = 60_000;
/** Children of each listener. */
const CHILDREN = 50;

type Order = 'first come first' | 'last come first' | 'random';
const ORDERS: readonly Order[] = ['first come first', 'last come first', 'random'];

/** The numbers below `count`, in this order; the same every time. */
function inOrder(count: number, order: Order): Int32Array {
  const numbers = Int32Array.from({ length: count }, (_, index) => (order === 'last come first' ? count - 1 - index : index));
  if (order !== 'random') return numbers;
  let seed = 1;
  for (let i = count - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const j = seed % (i + 1);
    const other = numbers[i] as number;
    numbers[i] = numbers[j] as number;
    numbers[j] = other;
  }
  return numbers;
}

/** A kernel for so many sockets, with small mbufs, of which there are few. */
function large(sockets: number): World {
  return new World({ sockets, mbufs: 4096, mbufBytes: 64, names: 4096, hashChains: 4096 });
}

function must(result: number, what: string): number {
  if (result < 0) throw new Error(`${what}: ${result}`);
  return result;
}

/** The words of a table that are not 0. */
function used(k: Kernel, at: number, count: number): number {
  let found = 0;
  for (let i = 0; i < count; i++) if (word(k, at + i) !== 0) found++;
  return found;
}

function expectNothingLeft(w: World): void {
  const { k } = w;
  expect(w.leftOver()).toEqual(NOTHING_LEFT);
  const files = fixed(k, h_nfiles);
  expect(used(k, fixed(k, h_fd_table), files), 'descriptors').toBe(0);
  expect(used(k, fixed(k, h_fd_map), (files + 31) >> 5), 'reserved descriptors').toBe(0);
  expect(used(k, fixed(k, h_unp_names), fixed(k, h_unp_nnames)), 'names').toBe(0);
}

const KINDS = [
  { kind: 'UNIX', domain: AF_UNIX, type: SOCK_STREAM, bound: false },
  { kind: 'UNIX datagram', domain: AF_UNIX, type: SOCK_DGRAM, bound: false },
  { kind: 'TCP', domain: AF_INET, type: SOCK_STREAM, bound: true },
  { kind: 'UDP', domain: AF_INET, type: SOCK_DGRAM, bound: true },
] as const;

describe.each(ORDERS)('sockets closed %s', (order) => {
  it.each(KINDS)('leave nothing: $kind', ({ domain, type, bound }) => {
    const w = large(MANY);
    const fds = Array.from({ length: MANY }, (_, i) => {
      const fd = must(sys_socket(w.k, w.td, domain, type, 0), 'socket');
      if (bound && i < PORTS) must(sys_bind(w.k, w.td, fd, 0, i + 1), 'bind');
      return fd;
    });
    expect(sys_socket(w.k, w.td, domain, type, 0)).toBeLessThan(0);
    for (const i of inOrder(MANY, order)) must(sys_close(w.k, w.td, fds[i] as number), 'close');
    expectNothingLeft(w);
  });

  it('leave nothing: pairs, in which something is still on its way', () => {
    const w = large(MANY);
    const fds: number[] = [];
    while (fds.length + 2 <= MANY) {
      const first = must(sys_socketpair(w.k, w.td, AF_UNIX, SOCK_STREAM, 0), 'socketpair');
      fds.push(first, word(w.k, w.td + td_retval1));
      // As many as there are mbufs for.
      if (fds.length < 4000) must(sys_sendto(w.k, w.td, first, 0, 1, 0, NO_ADDRESS, 0), 'send');
    }
    for (const i of inOrder(fds.length, order)) must(sys_close(w.k, w.td, fds[i] as number), 'close');
    expectNothingLeft(w);
  });

  it('leave nothing: listeners with children, half of them accepted', () => {
    const w = large(MANY);
    const fds: number[] = [];
    // Sockets: a listener, clients, children.
    for (let name = 0; (name + 1) * (1 + 2 * CHILDREN) <= MANY; name++) {
      const listener = must(sys_socket(w.k, w.td, AF_UNIX, SOCK_STREAM, 0), 'socket');
      must(sys_bind(w.k, w.td, listener, 0, name), 'bind');
      must(sys_listen(w.k, w.td, listener, CHILDREN), 'listen');
      fds.push(listener);
      for (let child = 0; child < CHILDREN; child++) {
        const fd = must(sys_socket(w.k, w.td, AF_UNIX, SOCK_STREAM, 0), 'socket');
        must(sys_connect(w.k, w.td, fd, 0, name), 'connect');
        fds.push(fd);
        if (child % 2 === 0) fds.push(must(sys_accept(w.k, w.td, listener), 'accept'));
      }
    }
    for (const i of inOrder(fds.length, order)) must(sys_close(w.k, w.td, fds[i] as number), 'close');
    expectNothingLeft(w);
  });
});

describe('sockets opened while others are closed', () => {
  it('leave nothing, and take the lowest descriptor that is free', () => {
    const count = MANY >> 2;
    const { k, td } = rawKernel({ sockets: count, mbufs: 64 });
    for (let i = 0; i < count; i++) expect(sys_socket(k, td, AF_UNIX, SOCK_STREAM, 0)).toBe(i);
    const order = inOrder(count, 'random');
    for (let i = 0; i + 1 < count; i += 2) {
      const [a, b] = [order[i] as number, order[i + 1] as number];
      must(sys_close(k, td, a), 'close');
      must(sys_close(k, td, b), 'close');
      expect(sys_socket(k, td, AF_INET, SOCK_STREAM, 0)).toBe(Math.min(a, b));
      expect(sys_socket(k, td, AF_INET, SOCK_DGRAM, 0)).toBe(Math.max(a, b));
    }
    for (let fd = 0; fd < count; fd++) must(sys_close(k, td, fd), 'close');
    expect(used(k, fixed(k, h_fd_map), (count + 31) >> 5)).toBe(0);
  });
});
