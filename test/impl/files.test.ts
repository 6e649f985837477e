/** Descriptors, files, references and options: who holds a socket, who lets it go, and what a bad argument is answered with. */
import { describe, expect, it } from 'vitest';
import {
  AF_INET,
  AF_UNIX,
  EBADF,
  EFAULT,
  EINTR,
  EINVAL,
  EMFILE,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPIPE,
  EPROTONOSUPPORT,
  EPROTOTYPE,
  fixed,
  h_user_size,
  IPPROTO_TCP,
  IPPROTO_UDP,
  NO_ADDRESS,
  SHUT_RDWR,
  SO_OPT_ERROR,
  SO_OPT_LINGER,
  SO_OPT_RCVBUF,
  SO_OPT_SNDBUF,
  SO_OPT_TYPE,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_SOCKET,
  so_error,
  store,
  sys_recvfrom,
  sys_sendto,
  sys_socket,
  sys_socketpair,
  TCP_NODELAY,
} from '../../impl/raw.ts';
import { NOTHING_LEFT, World } from './world.ts';

describe('a descriptor', () => {
  it('is the lowest free one', () => {
    const w = new World({ descriptors: 40 });
    const all = Array.from({ length: 35 }, () => w.socket('udp')).filter((fd) => fd >= 0);
    expect(all).toEqual(Array.from({ length: 16 }, (_, i) => i));
    w.close(3);
    w.close(1);
    expect([w.socket('udp'), w.socket('udp'), w.dup(0)]).toEqual([1, 3, 16]);
  });

  it('leads to one socket together with its copies, until the last is closed', () => {
    const w = new World();
    const [a, b] = w.pair();
    const copy = w.dup(a);
    expect([w.so(copy), w.fileCount(a)]).toEqual([w.so(a), 2]);
    expect(w.close(a)).toBe(0);
    expect(w.send(copy, 'still here')).toBe(10);
    expect(w.close(copy)).toBe(0);
    expect(w.recv(b)).toBe('still here');
    expect(w.recv(b)).toBe('');
    expect(w.close(a)).toBe(-EBADF);
    w.close(b);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('may be closed while a kernel consumer holds the socket', () => {
    const w = new World({ handles: 2 });
    const [a, b] = w.pair();
    const so = w.so(a);
    const held = w.fgetsock(a);
    expect([w.count(so), w.nofdref(so)]).toEqual([2, false]);
    expect(w.close(a)).toBe(0);
    expect([w.count(so), w.nofdref(so), w.phase(so)]).toEqual([1, true, 'disconnected']);
    expect(w.send(b, 'x')).toBe(-EPIPE);
    expect(w.fgetsock(a)).toBe(-EBADF);
    expect([w.fgetsock(b), w.fgetsock(b)]).toEqual([1, -EMFILE]);
    expect(w.count(w.so(b))).toBe(2);
    expect([w.fputsock(held), w.fputsock(held), w.fputsock(5), w.fputsock(-1)]).toEqual([0, -EBADF, -EBADF, -EBADF]);
    expect(w.sockets()).toEqual([w.so(b)]);
    w.close(b);
    expect(w.leftOver().sockets).toBe(1);
    w.fputsock(1);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('that is not open is EBADF, whatever the call', () => {
    const w = new World();
    for (const fd of [0, -1, 15, 1000000, 0x7fffffff]) {
      expect([w.bind(fd, 1), w.listen(fd, 1), w.accept(fd), w.connect(fd, 1), w.connect2(fd, fd), w.disconnect(fd)]).toEqual(
        Array(6).fill(-EBADF),
      );
      expect([w.shutdown(fd, SHUT_RDWR), w.close(fd), w.dup(fd), w.nonblocking(fd), w.fgetsock(fd)]).toEqual(Array(5).fill(-EBADF));
      expect([w.send(fd, 'x'), w.recv(fd), w.setsockopt(fd, SOL_SOCKET, SO_OPT_LINGER, 1)]).toEqual(Array(3).fill(-EBADF));
      expect(w.takeError(fd)).toBe(-1000 - EBADF);
    }
    const a = w.socket('unix');
    expect(w.connect2(a, 7)).toBe(-EBADF);
    expect(w.close(a)).toBe(0);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('runs out before anything else is looked at', () => {
    const w = new World({ sockets: 16, descriptors: 3 });
    const head = w.listener(1, 5);
    const c = w.client(1);
    expect(sys_socketpair(w.k, w.td, AF_UNIX, SOCK_STREAM, 0)).toBe(-EMFILE);
    w.dup(c);
    expect(sys_socket(w.k, w.td, 99, 99, 99)).toBe(-EMFILE);
    expect(w.accept(head)).toBe(-EMFILE);
    expect(w.lengths(w.so(head))).toEqual([1, 0]);
    expect(w.dup(c)).toBe(-EMFILE);
    expect(w.leftOver()).toMatchObject({ files: 2, sockets: 3 });
    w.close(2);
    expect(w.accept(head)).toBe(2);
  });
});

describe('socket', () => {
  it('knows its protocols, and two ways to ask for another', () => {
    const w = new World();
    const ask = (domain: number, type: number, protocol: number) => sys_socket(w.k, w.td, domain, type, protocol);
    expect([ask(AF_UNIX, SOCK_STREAM, 0), ask(AF_INET, SOCK_STREAM, IPPROTO_TCP), ask(AF_INET, SOCK_DGRAM, IPPROTO_UDP)]).toEqual([
      0, 1, 2,
    ]);
    expect([ask(5, SOCK_STREAM, 0), ask(AF_INET, SOCK_STREAM, 99), ask(AF_UNIX, SOCK_STREAM, 1), ask(-1, -1, -1)]).toEqual(
      Array(4).fill(-EPROTONOSUPPORT),
    );
    expect([ask(AF_UNIX, SOCK_RAW, 0), ask(AF_INET, SOCK_DGRAM, IPPROTO_TCP), ask(AF_INET, 4, 0)]).toEqual(Array(3).fill(-EPROTOTYPE));
    expect([sys_socketpair(w.k, w.td, AF_INET, SOCK_STREAM, 0), sys_socketpair(w.k, w.td, AF_INET, SOCK_DGRAM, 0)]).toEqual([
      -EOPNOTSUPP,
      -EOPNOTSUPP,
    ]);
    for (const fd of [0, 1, 2]) w.close(fd);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });
});

describe('user memory', () => {
  it('ends where it ends: EFAULT beyond, EINVAL for a size that is none, and nothing moved', () => {
    const w = new World({ userBytes: 64, threads: 2 });
    const [a, b] = w.pair();
    const size = fixed(w.k, h_user_size);
    const send = (uaddr: number, length: number) => sys_sendto(w.k, w.td, a, uaddr, length, 0, NO_ADDRESS, 0);
    expect([send(size - 4, 5), send(size, 1), send(-1, 1), send(0x7fffffff, 10), send(0, size + 1)]).toEqual(Array(5).fill(-EFAULT));
    expect([send(0, -1), send(0, -0x80000000)]).toEqual([-EINVAL, -EINVAL]);
    expect(w.buffered(w.so(b))).toBe(0);
    expect(w.leftOver().mbufs).toBe(0);
    expect(send(size - 4, 4)).toBe(4);
    const receive = (uaddr: number, length: number) => sys_recvfrom(w.k, w.td, b, uaddr, length, 0);
    expect([receive(size - 3, 4), receive(-1, 4), receive(0, -1)]).toEqual([-EFAULT, -EFAULT, -EINVAL]);
    expect(w.buffered(w.so(b))).toBe(4);
    expect(receive(0, 4)).toBe(4);
  });

  it('need not be named where nothing is moved', () => {
    const w = new World();
    const [a, b] = w.pair();
    expect(sys_sendto(w.k, w.td, a, 0, 0, 0, NO_ADDRESS, 0)).toBe(0);
    expect(sys_recvfrom(w.k, w.td, b, 0, 0, 0)).toBe(0);
  });
});

describe('options', () => {
  it('are read and written at their own level', () => {
    const w = new World({ sendSpace: 200, recvSpace: 300 });
    const [u, d, t] = [w.socket('unix'), w.socket('udp'), w.socket('tcp')];
    expect([w.getsockopt(u, SOL_SOCKET, SO_OPT_SNDBUF), w.getsockopt(u, SOL_SOCKET, SO_OPT_RCVBUF)]).toEqual([200, 300]);
    expect([w.getsockopt(d, SOL_SOCKET, SO_OPT_TYPE), w.getsockopt(t, SOL_SOCKET, SO_OPT_TYPE)]).toEqual([SOCK_DGRAM, SOCK_STREAM]);
    expect(w.getsockopt(t, SOL_SOCKET, SO_OPT_LINGER)).toBe(-1);
    expect(w.setsockopt(t, SOL_SOCKET, SO_OPT_LINGER, 30)).toBe(0);
    expect(w.getsockopt(t, SOL_SOCKET, SO_OPT_LINGER)).toBe(30);
    expect(w.setsockopt(t, SOL_SOCKET, SO_OPT_LINGER, -1)).toBe(0);
    expect(w.getsockopt(t, SOL_SOCKET, SO_OPT_LINGER)).toBe(-1);
    expect(w.setsockopt(u, SOL_SOCKET, SO_OPT_TYPE, 1)).toBe(-ENOPROTOOPT);
    expect(w.getsockopt(u, SOL_SOCKET, 12345)).toBe(-1000 - ENOPROTOOPT);
    expect([w.setsockopt(u, IPPROTO_TCP, TCP_NODELAY, 1), w.setsockopt(d, IPPROTO_TCP, TCP_NODELAY, 1)]).toEqual([
      -ENOPROTOOPT,
      -ENOPROTOOPT,
    ]);
    expect(w.setsockopt(t, IPPROTO_TCP, TCP_NODELAY, 1)).toBe(0);
    expect(w.getsockopt(t, IPPROTO_TCP, TCP_NODELAY)).toBe(1);
    const outside = fixed(w.k, h_user_size) - 3;
    expect([w.setsockopt(t, SOL_SOCKET, SO_OPT_LINGER, 1, outside), w.setsockopt(t, IPPROTO_TCP, TCP_NODELAY, 0, outside)]).toEqual([
      -EFAULT,
      -EFAULT,
    ]);
    expect(w.getsockopt(t, SOL_SOCKET, SO_OPT_LINGER)).toBe(-1);
  });

  it('report the pending error once, even if the answer can not be delivered', () => {
    const w = new World();
    const a = w.socket('unix');
    store(w.k, w.so(a) + so_error, EINTR);
    expect(w.getsockopt(a, SOL_SOCKET, SO_OPT_ERROR, -1)).toBe(-1000 - EFAULT);
    expect(w.takeError(a)).toBe(0);
  });
});
