/** IPv6: sockets of that family, alone and with v4-mapped addresses, beside those of IPv4 on the same ports. */
import { describe, expect, it } from 'vitest';
import { attach, createKernel } from '../../impl/index.ts';
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  ECONNREFUSED,
  EHOSTUNREACH,
  EINTR,
  EINVAL,
  EISCONN,
  EMSGSIZE,
  ENOPROTOOPT,
  HOST6_ANY,
  HOST6_LOCAL,
  HOST6_REMOTE,
  HOST_LOCAL,
  HOST_MAPPED,
  HOST_REMOTE,
  IPPROTO_ICMPV6,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_V6ONLY,
  sys_getpeername,
  sys_getsockname,
  td_from_host,
  td_from_port,
  wire_drop,
  wire_inject,
  wire_peek,
  word,
  ws_dst,
  ws_proto,
  ws_src,
} from '../../impl/raw.ts';
import { NOTHING_LEFT, type Protocol, World } from './world.ts';

const MAPPED_ANY = HOST_MAPPED;
const MAPPED_LOCAL = HOST_MAPPED + HOST_LOCAL;
const MAPPED_REMOTE = HOST_MAPPED + HOST_REMOTE;

/** A socket of IPv6, with IPV6_V6ONLY or without. */
function six(w: World, protocol: Protocol, only = true): number {
  const fd = w.socket(protocol);
  if (!only) expect(v6only(w, fd, 0)).toBe(0);
  return fd;
}

function v6only(w: World, fd: number, value: number): number {
  return w.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, value);
}

/** What the last call left behind. */
function address(w: World): readonly [number, number] {
  return [word(w.k, w.td + td_from_host), word(w.k, w.td + td_from_port)];
}

function carry(w: World): void {
  while (w.deliver() === 1);
}

describe('IPV6_V6ONLY', () => {
  it('is on at first, as the kernel is made, and can be changed until the socket is bound', () => {
    for (const v6Only of [true, false]) {
      const w = new World({ v6Only });
      for (const protocol of ['tcp6', 'udp6'] as const) {
        const fd = w.socket(protocol);
        expect(w.getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY)).toBe(v6Only ? 1 : 0);
        expect([v6only(w, fd, 0), v6only(w, fd, 1), v6only(w, fd, 0)]).toEqual([0, 0, 0]);
        expect(w.getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY)).toBe(0);
        expect(w.bind(fd, 7, HOST6_ANY)).toBe(0);
        expect([v6only(w, fd, 1), v6only(w, fd, 0)]).toEqual([-EINVAL, -EINVAL]);
        expect(w.getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY)).toBe(0);
      }
    }
  });

  it('is no option of other sockets, nor is any other of these', () => {
    const w = new World();
    for (const protocol of ['tcp', 'udp', 'raw', 'unix'] as const) expect(v6only(w, w.socket(protocol), 1)).toBe(-ENOPROTOOPT);
    expect(w.setsockopt(w.socket('tcp6'), IPPROTO_IPV6, IPV6_V6ONLY + 1, 1)).toBe(-ENOPROTOOPT);
  });
});

describe('an address', () => {
  it('is of the family of its socket', () => {
    const w = new World();
    for (const protocol of ['tcp', 'udp', 'raw'] as const) {
      const fd = w.socket(protocol);
      for (const host of [HOST6_ANY, HOST6_LOCAL, MAPPED_LOCAL]) expect(w.bind(fd, 7, host)).toBe(-EAFNOSUPPORT);
      for (const host of [HOST6_LOCAL, HOST6_REMOTE, MAPPED_REMOTE]) expect(w.connect(fd, 7, host)).toBe(-EAFNOSUPPORT);
    }
    for (const protocol of ['tcp6', 'udp6', 'raw6'] as const) {
      const fd = six(w, protocol, false);
      for (const host of [0, HOST_LOCAL]) expect(w.bind(fd, 7, host)).toBe(-EAFNOSUPPORT);
      for (const host of [HOST_LOCAL, HOST_REMOTE]) expect(w.connect(fd, 7, host)).toBe(-EAFNOSUPPORT);
      expect([w.bind(fd, 7, HOST6_REMOTE), w.connect(fd, 7, HOST6_ANY), w.connect(fd, 0, 200)]).toEqual([
        -EADDRNOTAVAIL,
        -EADDRNOTAVAIL,
        -EADDRNOTAVAIL,
      ]);
    }
  });

  it('that is v4-mapped is for a socket without IPV6_V6ONLY, and for no raw one', () => {
    const w = new World();
    for (const protocol of ['tcp6', 'udp6'] as const) {
      const only = six(w, protocol);
      expect([w.bind(only, 7, MAPPED_ANY), w.connect(only, 7, MAPPED_REMOTE)]).toEqual([-EADDRNOTAVAIL, -EINVAL]);
      expect(w.bind(six(w, protocol, false), 7, MAPPED_ANY)).toBe(0);
    }
    expect(w.send(six(w, 'udp6'), 'x', 7, 0, MAPPED_LOCAL)).toBe(-EINVAL);
    const raw = six(w, 'raw6', false);
    expect([w.bind(raw, 0, MAPPED_ANY), w.connect(raw, 0, MAPPED_LOCAL)]).toEqual([-EADDRNOTAVAIL, -EINVAL]);
  });

  it('is only of the family to which a socket has bound itself', () => {
    const w = new World();
    const four = six(w, 'udp6', false);
    expect([w.bind(four, 7, MAPPED_ANY), w.connect(four, 9, HOST6_LOCAL), w.connect(four, 9, MAPPED_LOCAL)]).toEqual([0, -EINVAL, 0]);
    const loopback = six(w, 'udp6', false);
    expect([w.bind(loopback, 8, HOST6_LOCAL), w.connect(loopback, 9, MAPPED_LOCAL)]).toEqual([0, -EINVAL]);
    expect([w.send(loopback, 'x', 9, 0, MAPPED_LOCAL), w.connect(loopback, 9, HOST6_LOCAL)]).toEqual([-EINVAL, 0]);
    // What it was connected to is what it stays.
    const both = six(w, 'udp6', false);
    expect([w.bind(both, 9, HOST6_ANY), w.connect(both, 7, MAPPED_LOCAL), w.disconnect(both)]).toEqual([0, 0, 0]);
    expect([w.connect(both, 7, HOST6_LOCAL), w.connect(both, 7, MAPPED_LOCAL)]).toEqual([-EINVAL, 0]);
  });
});

describe('a port', () => {
  /** Binds both to the same port, and says how the second fares. */
  function second(w: World, first: number, hostOfFirst: number, other: number, hostOfOther: number): number {
    expect(w.bind(first, 7, hostOfFirst)).toBe(0);
    const result = w.bind(other, 7, hostOfOther);
    w.close(first);
    w.close(other);
    return result;
  }

  for (const protocol of ['tcp', 'udp'] as const) {
    const of6 = `${protocol}6` as const;

    it(`of ${protocol} can be had once for each family`, () => {
      const w = new World();
      expect(second(w, six(w, of6), HOST6_ANY, w.socket(protocol), 0)).toBe(0);
      expect(second(w, w.socket(protocol), 0, six(w, of6), HOST6_ANY)).toBe(0);
      expect(second(w, six(w, of6), HOST6_ANY, six(w, of6), HOST6_LOCAL)).toBe(-EADDRINUSE);
      expect(second(w, six(w, of6, false), MAPPED_ANY, six(w, of6), HOST6_ANY)).toBe(0);
      expect(second(w, six(w, of6, false), HOST6_LOCAL, w.socket(protocol), 0)).toBe(0);
      expect(w.leftOver()).toEqual(NOTHING_LEFT);
    });

    it(`of ${protocol} that is bound for both is taken for IPv4, but IPv4 does not keep it from that`, () => {
      const w = new World();
      expect(second(w, six(w, of6, false), HOST6_ANY, w.socket(protocol), 0)).toBe(-EADDRINUSE);
      expect(second(w, six(w, of6, false), HOST6_ANY, w.socket(protocol), HOST_LOCAL)).toBe(-EADDRINUSE);
      expect(second(w, six(w, of6, false), HOST6_ANY, six(w, of6), HOST6_ANY)).toBe(-EADDRINUSE);
      expect(second(w, six(w, of6, false), HOST6_ANY, six(w, of6, false), MAPPED_ANY)).toBe(-EADDRINUSE);
      expect(second(w, six(w, of6, false), MAPPED_ANY, six(w, of6, false), HOST6_ANY)).toBe(-EADDRINUSE);
      expect(second(w, six(w, of6, false), MAPPED_ANY, w.socket(protocol), 0)).toBe(-EADDRINUSE);
      // in6_pcbbind
      expect(second(w, w.socket(protocol), 0, six(w, of6, false), HOST6_ANY)).toBe(0);
      expect(second(w, w.socket(protocol), HOST_LOCAL, six(w, of6, false), HOST6_ANY)).toBe(-EADDRINUSE);
      expect(second(w, w.socket(protocol), 0, six(w, of6, false), MAPPED_ANY)).toBe(-EADDRINUSE);
    });
  }
});

describe('UDP over IPv6', () => {
  it('travels over ::1 with its sender', () => {
    const w = new World();
    const [a, b] = [six(w, 'udp6'), six(w, 'udp6')];
    expect([w.bind(a, 7, HOST6_ANY), w.bind(b, 8, HOST6_LOCAL)]).toEqual([0, 0]);
    expect(w.send(a, 'six', 8, 0, HOST6_LOCAL)).toBe(3);
    const th = wire_peek(w.k, w.td, 0);
    expect([word(w.k, th + ws_src), word(w.k, th + ws_dst)]).toEqual([HOST6_LOCAL, HOST6_LOCAL]);
    carry(w);
    expect([w.recv(b), address(w)]).toEqual(['six', [HOST6_LOCAL, 7]]);
    expect([sys_getsockname(w.k, w.td, a), address(w)]).toEqual([0, [HOST6_ANY, 7]]);
    expect([w.connect(a, 8, HOST6_LOCAL), w.send(a, 'x', 8, 0, HOST6_LOCAL)]).toEqual([0, -EISCONN]);
    expect([sys_getpeername(w.k, w.td, a), address(w)]).toEqual([0, [HOST6_LOCAL, 8]]);
    expect([sys_getsockname(w.k, w.td, a), address(w)]).toEqual([0, [HOST6_LOCAL, 7]]);
    expect([w.close(a), w.close(b)]).toEqual([0, 0]);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('finds the socket of the family before one that takes both, whichever was there first', () => {
    const w = new World();
    const four = w.socket('udp');
    const both = six(w, 'udp6', false);
    const sender = w.socket('udp');
    expect([w.bind(four, 7), w.bind(both, 7, HOST6_ANY), w.bind(sender, 9)]).toEqual([0, 0, 0]);
    w.send(sender, 'to the one of IPv4', 7);
    carry(w);
    expect([w.recv(four), w.recv(both)]).toEqual(['to the one of IPv4', -EINTR]);
    w.close(four);
    w.send(sender, 'to whoever takes it', 7);
    carry(w);
    expect([w.recv(both), address(w)]).toEqual(['to whoever takes it', [MAPPED_LOCAL, 9]]);
    expect(w.send(both, 'back', 9, 0, MAPPED_LOCAL)).toBe(4);
    carry(w);
    expect([w.recv(sender), address(w)]).toEqual(['back', [HOST_LOCAL, 7]]);
  });

  it('with IPV6_V6ONLY, or on ::1, hears nothing of IPv4, and nothing for everybody', () => {
    const w = new World({ icmp: false });
    const only = six(w, 'udp6');
    const both = six(w, 'udp6', false);
    expect([w.bind(only, 7, HOST6_ANY), w.bind(both, 8, HOST6_ANY)]).toEqual([0, 0]);
    for (const port of [7, 8]) {
      w.send(w.socket('udp'), 'four', port);
      expect(wire_inject(w.k, w.td, IPPROTO_UDP, HOST_REMOTE, 5, 15, port, 0, 0, 0, 0, 0, 3)).toBe(0);
    }
    carry(w);
    expect(w.recv(only)).toBe(-EINTR);
    expect([w.recv(both), typeof w.recv(both), w.recv(both)]).toEqual(['four', 'string', -EINTR]);
  });

  it('is told by ICMPv6 that nobody takes it, and of what else it says', () => {
    const w = new World();
    const fd = six(w, 'udp6', false);
    expect([w.connect(fd, 9, HOST6_LOCAL), w.send(fd, 'x')]).toEqual([0, 1]);
    w.deliver();
    expect(word(w.k, wire_peek(w.k, w.td, 0) + ws_proto)).toBe(IPPROTO_ICMPV6);
    carry(w);
    expect([w.takeError(fd), w.takeError(fd)]).toEqual([ECONNREFUSED, 0]);
    sys_getsockname(w.k, w.td, fd);
    const [, port] = address(w);
    const says = (error: number): number =>
      wire_inject(w.k, w.td, IPPROTO_ICMPV6, HOST6_LOCAL, 9, HOST6_LOCAL, port, 0, 0, IPPROTO_UDP, error, 0, 0);
    for (const error of [EHOSTUNREACH, EMSGSIZE]) {
      expect(says(error)).toBe(0);
      carry(w);
      expect(w.takeError(fd)).toBe(error);
    }
  });

  it('is connected, disconnected and closed alike, v4-mapped or not', () => {
    for (const host of [HOST6_REMOTE, MAPPED_REMOTE]) {
      const w = new World();
      const fd = six(w, 'udp6', false);
      expect([w.connect(fd, 9, host), w.disconnect(fd), w.connect(fd, 9, host)]).toEqual([0, 0, 0]);
      const so = w.so(fd);
      expect(w.phase(so)).toBe('connected');
      const handle = w.fgetsock(fd);
      expect(w.close(fd)).toBe(0);
      expect([w.phase(so), w.cantReceive(so), w.cantSend(so)]).toEqual(['none', false, false]);
      w.fputsock(handle);
      expect(w.leftOver()).toEqual(NOTHING_LEFT);
    }
  });
});

describe('raw IPv6', () => {
  it('hears what comes over IPv6, and raw IP what comes over IPv4', () => {
    const w = new World();
    const [four, six6] = [w.socket('raw', 89), w.socket('raw6', 89)];
    expect(wire_inject(w.k, w.td, 89, HOST_REMOTE, 0, HOST_LOCAL, 0, 0, 0, 0, 0, 0, 4)).toBe(0);
    carry(w);
    expect([typeof w.recv(four), address(w), w.recv(six6)]).toEqual(['string', [HOST_REMOTE, 0], -EINTR]);
    expect(wire_inject(w.k, w.td, 89, HOST6_REMOTE, 0, HOST6_LOCAL, 0, 0, 0, 0, 0, 0, 4)).toBe(0);
    carry(w);
    expect([typeof w.recv(six6), address(w), w.recv(four)]).toEqual(['string', [HOST6_REMOTE, 0], -EINTR]);
    expect([w.connect(six6, 0, HOST6_LOCAL), w.send(six6, 'self')]).toEqual([0, 4]);
    carry(w);
    expect(w.recv(six6)).toBe('self');
  });

  it('is over when it is closed', () => {
    const w = new World();
    const fd = w.socket('raw6', 89);
    const so = w.so(fd);
    const handle = w.fgetsock(fd);
    expect([w.connect(fd, 0, HOST6_REMOTE), w.disconnect(fd), w.connect(fd, 0, HOST6_REMOTE), w.close(fd)]).toEqual([0, 0, 0, 0]);
    expect([w.phase(so), w.cantReceive(so)]).toEqual(['disconnected', true]);
    w.fputsock(handle);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });
});

describe('TCP over IPv6', () => {
  /** Accepts and says who has come, then who that is to the client. */
  function meet(w: World, listener: number, client: number, host: number): readonly (readonly [number, number])[] {
    w.nonblocking(client);
    w.connect(client, 7, host);
    carry(w);
    const fd = w.accept(listener);
    expect(fd).toBeGreaterThanOrEqual(0);
    const came = address(w);
    expect(sys_getpeername(w.k, w.td, fd)).toBe(0);
    expect(address(w)).toEqual(came);
    expect(sys_getsockname(w.k, w.td, fd)).toBe(0);
    const here = address(w);
    expect(w.send(client, 'hello')).toBe(5);
    carry(w);
    expect(w.recv(fd)).toBe('hello');
    expect(sys_getpeername(w.k, w.td, client)).toBe(0);
    const there = address(w);
    for (const each of [client, fd]) w.close(each);
    return [came, here, there].map(([host, port]) => [host, port === 7 ? 7 : 0] as const);
  }

  it('is accepted as what it came over: IPv4 as v4-mapped', () => {
    const w = new World();
    const listener = six(w, 'tcp6', false);
    expect([w.bind(listener, 7, HOST6_ANY), w.listen(listener, 4)]).toEqual([0, 0]);
    expect(meet(w, listener, six(w, 'tcp6'), HOST6_LOCAL)).toEqual([
      [HOST6_LOCAL, 0],
      [HOST6_LOCAL, 7],
      [HOST6_LOCAL, 7],
    ]);
    expect(meet(w, listener, w.socket('tcp'), HOST_LOCAL)).toEqual([
      [MAPPED_LOCAL, 0],
      [MAPPED_LOCAL, 7],
      [HOST_LOCAL, 7],
    ]);
    expect(meet(w, listener, six(w, 'tcp6', false), MAPPED_LOCAL)).toEqual([
      [MAPPED_LOCAL, 0],
      [MAPPED_LOCAL, 7],
      [MAPPED_LOCAL, 7],
    ]);
  });

  it('with IPV6_V6ONLY refuses IPv4, which somebody else may accept', () => {
    const w = new World();
    const listener = six(w, 'tcp6');
    expect([w.bind(listener, 7, HOST6_ANY), w.listen(listener, 4)]).toEqual([0, 0]);
    const early = w.socket('tcp');
    w.nonblocking(early);
    w.connect(early, 7);
    carry(w);
    expect(w.takeError(early)).toBe(ECONNREFUSED);
    const four = w.socket('tcp');
    expect([w.bind(four, 7), w.listen(four, 4)]).toEqual([0, 0]);
    expect(meet(w, four, w.socket('tcp'), HOST_LOCAL)[0]).toEqual([HOST_LOCAL, 0]);
    expect(meet(w, listener, six(w, 'tcp6'), HOST6_LOCAL)[0]).toEqual([HOST6_LOCAL, 0]);
  });

  it('goes to the listener of IPv4 first, whichever of both was there first', () => {
    const w = new World();
    const four = w.socket('tcp');
    const both = six(w, 'tcp6', false);
    expect([w.bind(four, 7), w.listen(four, 4), w.bind(both, 7, HOST6_ANY), w.listen(both, 4)]).toEqual([0, 0, 0, 0]);
    expect(meet(w, four, w.socket('tcp'), HOST_LOCAL)[0]).toEqual([HOST_LOCAL, 0]);
    expect(meet(w, both, six(w, 'tcp6'), HOST6_LOCAL)[0]).toEqual([HOST6_LOCAL, 0]);
    w.close(four);
    expect(meet(w, both, w.socket('tcp'), HOST_LOCAL)[0]).toEqual([MAPPED_LOCAL, 0]);
  });

  it('sends to the other host under its own address', () => {
    const w = new World();
    for (const [host, source, to] of [
      [HOST6_REMOTE, HOST6_LOCAL, HOST6_REMOTE],
      [MAPPED_REMOTE, HOST_LOCAL, HOST_REMOTE],
    ] as const) {
      const fd = six(w, 'tcp6', false);
      w.nonblocking(fd);
      w.connect(fd, 9, host);
      const th = wire_peek(w.k, w.td, 1);
      expect([word(w.k, th + ws_src), word(w.k, th + ws_dst)]).toEqual([source, to]);
      wire_drop(w.k, w.td, 1);
    }
  });
});

describe('the face', () => {
  it('has addresses of IPv6 as objects, v4-mapped ones marked', () => {
    const kernel = createKernel({ sockets: 16, v6Only: false });
    const sockets = attach(kernel, { blocking: false });
    const listener = sockets.socket('inet6', 'stream');
    expect(sockets.getsockname(listener)).toBeNull();
    expect(sockets.getOption(listener, 'v6Only')).toBe(0);
    sockets.bind(listener, { family: 'inet6', host: 0, port: 7 });
    sockets.listen(listener);
    expect(sockets.getsockname(listener)).toEqual({ family: 'inet6', host: 0, port: 7 });
    for (const [domain, address, peer] of [
      ['inet', { family: 'inet', host: 1, port: 7 }, { family: 'inet6', host: 1, mapped: true }],
      ['inet6', { family: 'inet6', host: 1, port: 7 }, { family: 'inet6', host: 1 }],
      ['inet6', { family: 'inet6', host: 1, port: 7, mapped: true }, { family: 'inet6', host: 1, mapped: true }],
    ] as const) {
      const client = sockets.socket(domain, 'stream');
      sockets.setNonBlocking(client, true);
      expect(() => sockets.connect(client, address)).toThrow('EINPROGRESS');
      sockets.drainWire();
      expect(sockets.accept(listener).peer).toMatchObject(peer);
      expect(sockets.getpeername(client)).toEqual(address);
    }
    const stranger = sockets.socket('inet6', 'dgram');
    expect(() => sockets.connect(stranger, { family: 'inet', host: 1, port: 7 })).toThrow('EAFNOSUPPORT');
    for (const host of [3, 7, -1, 2.5])
      expect(() => sockets.connect(stranger, { family: 'inet6', host, port: 7 })).toThrow('EADDRNOTAVAIL');
  });
});
