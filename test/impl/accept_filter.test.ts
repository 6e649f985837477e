/** Accept filters: FreeBSD's accf_data_attach step by step (reference H.1), T14, and what becomes of those who wait. */
import { describe, expect, it } from 'vitest';
import {
  ACCF_DATAREADY,
  ACCF_HTTPREADY,
  ECONNABORTED,
  EINVAL,
  ENOENT,
  EWOULDBLOCK,
  SO_OPT_ACCEPTFILTER,
  SO_OPT_LINGER,
  SO_OPT_LISTENINCQLEN,
  SO_OPT_LISTENQLEN,
  SOL_SOCKET,
} from '../../impl/raw.ts';
import { NOTHING_LEFT, World } from './world.ts';

const filter = (w: World, fd: number, value: number): number => w.setsockopt(fd, SOL_SOCKET, SO_OPT_ACCEPTFILTER, value);
const filterOf = (w: World, fd: number): number => w.getsockopt(fd, SOL_SOCKET, SO_OPT_ACCEPTFILTER);
const lengths = (w: World, fd: number): readonly number[] =>
  [SO_OPT_LISTENQLEN, SO_OPT_LISTENINCQLEN].map((name) => w.getsockopt(fd, SOL_SOCKET, name));
const NONE = -1000 - EINVAL;

function settle(w: World): void {
  while (w.deliver() !== 0);
}

/** A listener with a filter, that does not block. */
function filtered(w: World, protocol: 'unix' | 'tcp', value: number, backlog = 4): number {
  const fd = w.socket(protocol);
  w.bind(fd, 1);
  w.listen(fd, backlog);
  w.nonblocking(fd);
  expect(filter(w, fd, value)).toBe(0);
  return fd;
}

function client(w: World, protocol: 'unix' | 'tcp'): number {
  const fd = w.socket(protocol);
  w.nonblocking(fd);
  w.connect(fd, 1);
  settle(w);
  expect(w.phase(w.so(fd))).toBe('connected');
  return fd;
}

describe('SO_ACCEPTFILTER', () => {
  it.each(['unix', 'tcp'] as const)('is of a listener, of %s, and there is one or none (accf_data_attach 2 to 10)', (protocol) => {
    const w = new World();
    const fd = w.socket(protocol);
    expect(filterOf(w, fd)).toBe(NONE);
    w.bind(fd, 1);
    expect([filterOf(w, fd), filter(w, fd, ACCF_DATAREADY), filterOf(w, fd)]).toEqual([NONE, -EINVAL, NONE]);
    w.listen(fd, 1);
    expect([filterOf(w, fd), filter(w, fd, 9), filter(w, fd, ACCF_DATAREADY)]).toEqual([NONE, -ENOENT, 0]);
    expect([filterOf(w, fd), filter(w, fd, ACCF_HTTPREADY), filterOf(w, fd)]).toEqual([ACCF_DATAREADY, -EINVAL, ACCF_DATAREADY]);
    expect([filter(w, fd, 0), filterOf(w, fd)]).toEqual([0, NONE]);
    w.close(fd);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });
});

describe.each(['unix', 'tcp'] as const)('a connection of %s', (protocol) => {
  it('can be accepted when there is data (accf_data_attach 11, T14)', () => {
    const w = new World();
    const head = filtered(w, protocol, ACCF_DATAREADY);
    const fd = client(w, protocol);
    expect([w.accept(head), ...lengths(w, head)]).toEqual([-EWOULDBLOCK, 0, 1]);
    w.send(fd, 'x');
    settle(w);
    expect(lengths(w, head)).toEqual([1, 0]);
    const accepted = w.accept(head);
    expect(accepted).toBeGreaterThan(0);
    expect(w.recv(accepted)).toBe('x');
    w.send(fd, 'yz');
    settle(w);
    expect(w.recv(accepted)).toBe('yz');
  });

  it('can be accepted when its other end is closed', () => {
    const w = new World();
    const head = filtered(w, protocol, ACCF_DATAREADY);
    w.close(client(w, protocol));
    settle(w);
    const accepted = w.accept(head);
    expect(w.recv(accepted)).toBe('');
  });

  it('can be accepted when the filter is taken away, though nothing has come (accf_data_attach 13, G148)', () => {
    const w = new World();
    const head = filtered(w, protocol, ACCF_DATAREADY);
    client(w, protocol);
    client(w, protocol);
    expect(w.accept(head)).toBe(-EWOULDBLOCK);
    expect(filter(w, head, 0)).toBe(0);
    expect(lengths(w, head)).toEqual([2, 0]);
    expect(w.accept(head)).toBeGreaterThan(0);
  });

  it('is aborted when its listener is closed, and nothing is left (G146)', () => {
    const w = new World();
    const head = filtered(w, protocol, ACCF_DATAREADY);
    const fd = client(w, protocol);
    w.close(head);
    settle(w);
    expect(w.phase(w.so(fd))).toBe('disconnected');
    w.close(fd);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('is aborted when so many others come that there is no room for it (G54)', () => {
    const w = new World();
    const head = filtered(w, protocol, ACCF_DATAREADY, 1);
    const fds = [client(w, protocol), client(w, protocol), client(w, protocol)];
    settle(w);
    expect(lengths(w, head)).toEqual([0, 2]);
    expect(fds.map((fd) => w.phase(w.so(fd)))).toEqual(['disconnected', 'connected', 'connected']);
    w.send(fds[2] as number, 'x');
    settle(w);
    expect(lengths(w, head)).toEqual([1, 1]);
    for (const fd of fds) w.close(fd);
    w.close(head);
    settle(w);
    expect([w.leftOver().sockets, w.leftOver().mbufs]).toEqual([0, 0]);
  });

  it('of an HTTP server can be accepted when the head of a request is there, or what is none', () => {
    const w = new World();
    const head = filtered(w, protocol, ACCF_HTTPREADY);
    const [get, post] = [client(w, protocol), client(w, protocol)];
    for (const text of ['GET / HT', 'TP/1.0\r\nHost: a\r', '\n\r']) {
      w.send(get, text);
      settle(w);
      expect(lengths(w, head)).toEqual([0, 2]);
    }
    w.send(get, '\n');
    settle(w);
    expect(lengths(w, head)).toEqual([1, 1]);
    w.send(post, 'P');
    settle(w);
    expect(lengths(w, head)).toEqual([2, 0]);
    expect(w.recv(w.accept(head))).toBe('GET / HTTP/1.0\r\nHost: a\r\n\r\n');
  });
});

describe('a connection of tcp', () => {
  it('that is reset while the filter keeps it back is accepted as aborted (accf_data_attach 12)', () => {
    const w = new World();
    const head = filtered(w, 'tcp', ACCF_DATAREADY);
    const fd = client(w, 'tcp');
    w.setsockopt(fd, SOL_SOCKET, SO_OPT_LINGER, 0);
    w.close(fd);
    settle(w);
    expect(w.accept(head)).toBe(-ECONNABORTED);
    expect(w.accept(head)).toBe(-EWOULDBLOCK);
  });
});
