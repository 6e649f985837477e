/** Raw IP sockets: a copy for each that wants it, and the errnos of rip_*. */
import { describe, expect, it } from 'vitest';
import { attach, createKernel } from '../../impl/index.ts';
import {
  EADDRNOTAVAIL,
  EDESTADDRREQ,
  EINTR,
  EISCONN,
  EMSGSIZE,
  ENOTCONN,
  EOPNOTSUPP,
  EPERM,
  EPIPE,
  EPROTONOSUPPORT,
  IPPROTO_TCP,
  SHUT_RDWR,
  SO_OPT_TYPE,
  SOCK_RAW,
  SOL_SOCKET,
  store,
  TDF_INUSE,
  TDF_UNPRIV,
  td_flags,
  td_from_host,
  td_from_port,
  wire_inject,
  wire_peek,
  word,
  ws_dst,
  ws_proto,
} from '../../impl/raw.ts';
import { NOTHING_LEFT, World } from './world.ts';

const OSPF = 89;
const GRE = 47;

/** A datagram from the other host. */
function arrives(w: World, proto: number, text = 'x'): void {
  const bytes = new TextEncoder().encode(text);
  new Uint8Array(w.buffer).set(bytes, w.userByte);
  expect(wire_inject(w.k, w.td, proto, 2, 0, 1, 0, 0, 0, 0, 0, 0, bytes.length)).toBe(0);
  while (w.deliver() === 1);
}

describe('a raw datagram', () => {
  it('is copied to every socket that asked for its protocol, or for any', () => {
    const w = new World();
    const [a, b, any, other] = [w.socket('raw', OSPF), w.socket('raw', OSPF), w.socket('raw'), w.socket('raw', GRE)];
    arrives(w, OSPF, 'hello');
    expect([w.recv(a), w.recv(b), w.recv(any), w.recv(other)]).toEqual(['hello', 'hello', 'hello', -EINTR]);
    expect([word(w.k, w.td + td_from_host), word(w.k, w.td + td_from_port)]).toEqual([0, 0]);
    arrives(w, GRE, 'tunnel');
    expect([w.recv(a), w.recv(any)]).toEqual([-EINTR, 'tunnel']);
    expect([word(w.k, w.td + td_from_host), word(w.k, w.td + td_from_port)]).toEqual([2, 0]);
    for (const fd of [a, b, any, other]) expect(w.close(fd)).toBe(0);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });

  it('is heard by a connected socket only from its peer, and by a bound one for its address', () => {
    const w = new World();
    const [near, far, bound] = [w.socket('raw', OSPF), w.socket('raw', OSPF), w.socket('raw', OSPF)];
    expect([w.connect(near, 0, 1), w.connect(far, 0, 2), w.bind(bound, 0, 1), w.bind(bound, 0, 1)]).toEqual([0, 0, 0, 0]);
    arrives(w, OSPF, 'far');
    expect([w.recv(near), w.recv(far), w.recv(bound)]).toEqual([-EINTR, 'far', 'far']);
    // To this host itself: the sender hears it as well.
    expect(w.send(near, 'near')).toBe(4);
    while (w.deliver() === 1);
    expect([w.recv(near), w.recv(far), w.recv(bound)]).toEqual(['near', -EINTR, 'near']);
  });

  it('is lost to a socket that has no room, and to that one alone', () => {
    const w = new World({ recvSpace: 40 });
    const [a, b] = [w.socket('raw', OSPF), w.socket('raw', OSPF)];
    arrives(w, OSPF, 'twenty bytes in all..');
    expect(w.recv(b)).toBe('twenty bytes in all..');
    arrives(w, OSPF, 'twenty bytes as well.');
    expect([w.recv(a), w.recv(a), w.recv(b)]).toEqual(['twenty bytes in all..', -EINTR, 'twenty bytes as well.']);
  });

  it('leaves with the protocol of its socket, and may be empty', () => {
    const w = new World();
    const fd = w.socket('raw', OSPF);
    expect(w.connect(fd, 0, 2)).toBe(0);
    expect(w.send(fd, '')).toBe(0);
    const th = wire_peek(w.k, w.td, 1);
    expect([word(w.k, th + ws_proto), word(w.k, th + ws_dst)]).toEqual([OSPF, 2]);
    arrives(w, OSPF, '');
    expect(w.recv(fd)).toBe('');
  });
});

describe('a raw socket', () => {
  it('is for the privileged', () => {
    const w = new World();
    store(w.k, w.td + td_flags, TDF_INUSE | TDF_UNPRIV);
    expect([w.socket('raw', OSPF), w.socket('udp') >= 0]).toEqual([-EPERM, true]);
    expect(w.leftOver().sockets).toBe(1);
    const sockets = attach(createKernel({ sockets: 4 }), { privileged: false, blocking: false });
    expect(() => sockets.socket('inet', 'raw', OSPF)).toThrow(expect.objectContaining({ code: 'EPERM', syscall: 'socket' }));
  });

  it('is of any protocol that a header has room for', () => {
    const w = new World();
    expect([w.socket('raw', 256), w.socket('raw', -1)]).toEqual([-EPROTONOSUPPORT, -EPROTONOSUPPORT]);
    const tcp = w.socket('raw', IPPROTO_TCP);
    expect(w.getsockopt(tcp, SOL_SOCKET, SO_OPT_TYPE)).toBe(SOCK_RAW);
    // What TCP takes is not for it.
    expect(wire_inject(w.k, w.td, IPPROTO_TCP, 2, 9, 1, 9, 0, 0, 0, 0, 0, 0)).toBe(0);
    while (w.deliver() === 1);
    expect(w.recv(tcp)).toBe(-EINTR);
  });

  it('refuses what it can not do, each with its errno', () => {
    const w = new World({ sendSpace: 100 });
    const fd = w.socket('raw', OSPF);
    expect([w.listen(fd, 1), w.disconnect(fd), w.send(fd, 'x'), w.send(fd, 'x'.repeat(101), 0)]).toEqual([
      -EOPNOTSUPP,
      -ENOTCONN,
      -EDESTADDRREQ,
      -EMSGSIZE,
    ]);
    expect([w.bind(fd, 0, 2), w.connect(fd, 0, 9)]).toEqual([-EADDRNOTAVAIL, -EADDRNOTAVAIL]);
    expect([w.connect(fd, 0, 2), w.connect(fd, 0, 1)]).toEqual([0, 0]);
    expect(w.send(fd, 'x', 0)).toBe(-EISCONN);
    expect([w.shutdown(fd, SHUT_RDWR), w.send(fd, 'x'), w.recv(fd)]).toEqual([0, -EPIPE, '']);
  });

  it('is closed connected without a panic, and then only CONNECTED goes (rawconnect)', () => {
    const w = new World();
    const fd = w.socket('raw', OSPF);
    expect(w.connect(fd, 0, 2)).toBe(0);
    const so = w.so(fd);
    const handle = w.fgetsock(fd);
    expect(w.close(fd)).toBe(0);
    expect([w.phase(so), w.cantSend(so), w.cantReceive(so)]).toEqual(['none', false, false]);
    expect(w.fputsock(handle)).toBe(0);
    expect(w.leftOver()).toEqual(NOTHING_LEFT);
  });
});
