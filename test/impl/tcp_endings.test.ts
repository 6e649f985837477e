/** The ways a TCP connection ends for its users, the ports it gives back, and options set while it dies. */

import { describe, expect, test } from 'vitest';
import { EADDRINUSE, ECONNREFUSED, ECONNRESET, EFAULT, EINVAL, EISCONN, ENOPROTOOPT, EPIPE } from '../../impl/errno.ts';
import { sys_disconnect, sys_fgetsock, sys_fputsock, sys_getsockname, sys_getsockopt, sys_setsockopt } from '../../impl/kern/syscalls.ts';
import { m_get } from '../../impl/kern/mbuf.ts';
import {
  inp_zone,
  IPPROTO_TCP,
  IPPROTO_UDP,
  mbuf_zone,
  MT_DATA,
  NO_ADDRESS,
  SHUT_RD,
  SHUT_WR,
  SOL_SOCKET,
  SS_ISCONNECTED,
  SS_ISDISCONNECTED,
  SS_ISDISCONNECTING,
  SS_NOFDREF,
  SS_PROTOREF,
  sb_cc,
  so_count,
  so_pcb,
  so_rcv,
  so_snd,
  so_state,
  socket_zone,
  TCP_NODELAY,
  tcptw_zone,
  td_from_port,
  td_user,
} from '../../impl/layout.ts';
import { get, load } from '../../impl/memory.ts';
import { INP_DROPPED, inp_flags } from '../../impl/netinet/layout.ts';
import {
  TCPS_CLOSE_WAIT,
  TCPS_CLOSED,
  TCPS_CLOSING,
  TCPS_ESTABLISHED,
  TCPS_FIN_WAIT_1,
  TCPS_LAST_ACK,
  TCPS_TIME_WAIT,
} from '../../impl/netinet/tcp_fsm.ts';
import { tcp_probe_state } from '../../impl/netinet/tcp_probe.ts';
import { tcp_usr_send } from '../../impl/netinet/tcp_usrreq.ts';
import { established, interposed, Peer, Rig, resetFrom, synSent } from './tcp_rig.ts';

const flagsOf = (rig: Rig, inp: number): number => get(rig.k, inp + inp_flags);

describe('a close in every order', () => {
  /** Two sockets of this host, connected over the loopback. */
  function pair(rig: Rig): { a: number; b: number } {
    const listener = rig.listener(80);
    const a = rig.socket();
    rig.connect(a, 1, 80);
    rig.deliver();
    const b = rig.accept(listener);
    rig.close(listener);
    return { a, b };
  }

  test('one side, then the other: TIME_WAIT is where the first close was', () => {
    const rig = new Rig();
    const { a, b } = pair(rig);
    const inpA = rig.inp(a);
    rig.close(a);
    rig.deliver();
    expect(rig.state(b)).toBe(TCPS_CLOSE_WAIT);
    expect(rig.recvText(b)).toBe('');
    rig.close(b);
    rig.deliver();
    expect([rig.inuse(socket_zone), rig.inuse(tcptw_zone), rig.inuse(inp_zone)]).toEqual([0, 1, 1]);
    expect(tcp_probe_state(rig.k, inpA)).toBe(TCPS_TIME_WAIT);
    rig.expectNothingLeft();
  });

  test('both at once: CLOSING on both sides, then TIME_WAIT on both', () => {
    const rig = new Rig();
    const { a, b } = pair(rig);
    const [inpA, inpB] = [rig.inp(a), rig.inp(b)];
    rig.close(a);
    rig.close(b);
    expect(rig.deliver(2)).toBe(2);
    expect([tcp_probe_state(rig.k, inpA), tcp_probe_state(rig.k, inpB)]).toEqual([TCPS_CLOSING, TCPS_CLOSING]);
    rig.deliver();
    expect([tcp_probe_state(rig.k, inpA), tcp_probe_state(rig.k, inpB)]).toEqual([TCPS_TIME_WAIT, TCPS_TIME_WAIT]);
    expect([rig.inuse(socket_zone), rig.inuse(tcptw_zone)]).toEqual([0, 2]);
    rig.expectNothingLeft();
  });

  test('with data that the other side has not read: it can still read it', () => {
    const rig = new Rig();
    const { a, b } = pair(rig);
    rig.send(a, 'last words');
    rig.close(a);
    rig.deliver();
    expect(rig.recvText(b)).toBe('last words');
    expect(rig.recvText(b)).toBe('');
    rig.close(b);
    rig.expectNothingLeft();
  });

  test('data for a side that has closed is answered with a reset: ECONNRESET once, EPIPE ever after', () => {
    const rig = new Rig();
    const { a, b } = pair(rig);
    rig.close(a);
    rig.deliver();
    expect(rig.send(b, 'anybody?')).toBe(8);
    rig.deliver();
    expect(rig.inuse(socket_zone)).toBe(1);
    expect(rig.soError(b)).toBe(ECONNRESET);
    expect(rig.send(b, 'x')).toBe(-EPIPE);
    expect(rig.recv(b)).toBe(-ECONNRESET);
    expect(rig.recvText(b)).toBe('');
    rig.close(b);
    rig.expectNothingLeft();
  });

  test('an extra consumer keeps the socket, not the connection', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    const so = rig.so(fd);
    const handle = sys_fgetsock(rig.k, rig.td, fd);
    expect(handle).toBeGreaterThanOrEqual(0);
    rig.close(fd);
    expect(get(rig.k, so + so_count)).toBe(1);
    expect(peer.takeFlags()).toEqual(['FA']);
    peer.send('R');
    expect(load(rig.k, so + so_state) & (SS_PROTOREF | SS_NOFDREF)).toBe(SS_NOFDREF);
    expect(rig.inuse(socket_zone)).toBe(1);
    expect(get(rig.k, so + so_pcb)).not.toBe(0);
    expect(sys_fputsock(rig.k, rig.td, handle)).toBe(0);
    rig.expectNothingLeft();
  });

  test('closing a listener resets those who wait in its queue', () => {
    const rig = new Rig();
    const listener = rig.listener(80);
    const peers = [11, 12].map((port) => new Peer(rig, port, 80));
    for (const peer of peers) {
      peer.send('S');
      peer.take();
      peer.send('A');
    }
    expect(rig.inuse(socket_zone)).toBe(3);
    rig.close(listener);
    expect(rig.sent().map((segment) => segment.flags)).toEqual(['RA', 'RA']);
    expect(rig.inuse(socket_zone)).toBe(0);
    rig.expectNothingLeft();
  });

  test('linger 0 against a peer of this host: it sees ECONNRESET', () => {
    const rig = new Rig();
    const { a, b } = pair(rig);
    rig.linger(a, 0);
    rig.close(a);
    rig.deliver();
    expect(rig.recv(b)).toBe(-ECONNRESET);
    expect(rig.send(b, 'x')).toBe(-EPIPE);
    rig.close(b);
    rig.expectNothingLeft();
  });
});

describe('shutdown and disconnect', () => {
  test('SHUT_WR of a socket that never was connected drops its pcb; SHUT_RD does not', () => {
    const rig = new Rig();
    const fd = rig.socket();
    expect(rig.shutdown(fd, SHUT_RD)).toBe(0);
    expect(flagsOf(rig, rig.inp(fd)) & INP_DROPPED).toBe(0);
    expect(rig.shutdown(fd, SHUT_WR)).toBe(0);
    expect(flagsOf(rig, rig.inp(fd)) & INP_DROPPED).not.toBe(0);
    expect(rig.soState(fd) & SS_ISDISCONNECTED).not.toBe(0);
    expect(rig.shutdown(fd, SHUT_WR)).toBe(-ECONNRESET);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('SHUT_WR before the handshake is over: FIN_WAIT_1 as soon as it is', () => {
    const rig = new Rig();
    const { fd, peer } = synSent(rig);
    expect(rig.shutdown(fd, SHUT_WR)).toBe(0);
    expect(peer.takeFlags()).toEqual([]);
    peer.send('SA');
    expect(rig.state(fd)).toBe(TCPS_FIN_WAIT_1);
    expect(peer.takeFlags()).toEqual(['FA']);
    expect(rig.soState(fd) & SS_ISCONNECTED).not.toBe(0);
    peer.send('FA');
    expect(rig.state(fd)).toBe(TCPS_TIME_WAIT);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('data for a reader that has shut down is acknowledged and thrown away', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    rig.shutdown(fd, SHUT_RD);
    peer.send('A', 'unwanted');
    expect(rig.sent()).toMatchObject([{ ack: peer.seq }]);
    expect(rig.inuse(mbuf_zone)).toBe(0);
    expect(rig.recvText(fd)).toBe('');
    expect(rig.state(fd)).toBe(TCPS_ESTABLISHED);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('disconnect flushes what was received and begins the orderly end', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    peer.send('A', 'unread');
    peer.take();
    expect(get(rig.k, rig.so(fd) + so_rcv + sb_cc)).toBe(6);
    expect(sys_disconnect(rig.k, rig.td, fd)).toBe(0);
    expect(get(rig.k, rig.so(fd) + so_rcv + sb_cc)).toBe(0);
    expect(rig.soState(fd) & (SS_ISCONNECTED | SS_ISDISCONNECTING)).toBe(SS_ISCONNECTED | SS_ISDISCONNECTING);
    expect(peer.takeFlags()).toEqual(['FA']);
    peer.send('FA');
    expect(rig.state(fd)).toBe(TCPS_TIME_WAIT);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('LAST_ACK: close after the peer has closed', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    const inp = rig.inp(fd);
    peer.send('FA');
    peer.take();
    rig.close(fd);
    expect(tcp_probe_state(rig.k, inp)).toBe(TCPS_LAST_ACK);
    expect(peer.takeFlags()).toEqual(['FA']);
    peer.send('A');
    expect([rig.inuse(socket_zone), rig.inuse(inp_zone)]).toEqual([0, 0]);
  });

  test("data can't get in behind the FIN", () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    rig.shutdown(fd, SHUT_WR);
    peer.take();
    // A send that had passed the tests of sosend before the shutdown.
    const m = m_get(rig.k, rig.td, MT_DATA);
    expect(tcp_usr_send(rig.k, rig.td, rig.so(fd), 0, m, NO_ADDRESS, 0)).toBe(EPIPE);
    expect(get(rig.k, rig.so(fd) + so_snd + sb_cc)).toBe(0);
    expect(rig.inuse(mbuf_zone)).toBe(0);
    rig.close(fd);
    rig.expectNothingLeft();
  });
});

describe('ports and addresses', () => {
  test('a connection that is dropped gives its port back at once, though the descriptor is open', () => {
    const rig = new Rig();
    const fd = rig.socket();
    rig.bind(fd, 80);
    rig.connect(fd, 2, 9);
    const other = rig.socket();
    expect(rig.bind(other, 80)).toBe(-EADDRINUSE);
    const peer = new Peer(rig, 9, 80);
    peer.take();
    peer.send('RA');
    expect(rig.soError(fd)).toBe(ECONNREFUSED);
    expect(rig.bind(other, 80)).toBe(0);
    rig.close(fd);
    rig.close(other);
    rig.expectNothingLeft();
  });

  test('TIME_WAIT keeps it until 2MSL', () => {
    const rig = new Rig();
    const fd = rig.socket();
    rig.bind(fd, 80);
    rig.connect(fd, 2, 9);
    const peer = new Peer(rig, 9, 80);
    peer.take();
    peer.send('SA');
    peer.take();
    rig.close(fd);
    peer.take();
    peer.send('FA');
    const other = rig.socket();
    expect(rig.bind(other, 80)).toBe(-EADDRINUSE);
    rig.tick(200);
    expect(rig.bind(other, 80)).toBe(0);
    rig.close(other);
    rig.expectNothingLeft();
  });

  test('listen without bind takes a port of its own choice', () => {
    const rig = new Rig();
    const fd = rig.socket();
    expect(rig.listen(fd)).toBe(0);
    expect(sys_getsockname(rig.k, rig.td, fd)).toBe(0);
    expect(get(rig.k, rig.td + td_from_port)).toBeGreaterThanOrEqual(49152);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('connecting twice, listening when connected, connecting to nobody', () => {
    const rig = new Rig();
    const { fd } = established(rig);
    expect(rig.connect(fd, 2, 9)).toBe(-EISCONN);
    expect(rig.listen(fd)).toBe(-EINVAL);
    const lonely = rig.socket();
    rig.connect(lonely, 1, 4444);
    rig.deliver();
    expect(rig.takeError(lonely)).toBe(ECONNREFUSED);
    rig.close(fd);
    rig.close(lonely);
    rig.expectNothingLeft();
  });
});

describe('options', () => {
  test('TCP_NODELAY can be set and read; other names and levels are unknown; a bad pointer is EFAULT', () => {
    const rig = new Rig();
    const fd = rig.socket();
    const at = get(rig.k, rig.td + td_user);
    const setTo = (value: number): void => {
      new DataView(rig.user().buffer).setInt32(rig.user().byteOffset, value, true);
      expect(sys_setsockopt(rig.k, rig.td, fd, IPPROTO_TCP, TCP_NODELAY, at)).toBe(0);
    };
    const read = (): number => {
      expect(sys_getsockopt(rig.k, rig.td, fd, IPPROTO_TCP, TCP_NODELAY, at)).toBe(0);
      return new DataView(rig.user().buffer).getInt32(rig.user().byteOffset, true);
    };
    expect(read()).toBe(0);
    setTo(1);
    expect(read()).toBe(1);
    setTo(0);
    expect(read()).toBe(0);
    expect(sys_setsockopt(rig.k, rig.td, fd, IPPROTO_TCP, 99, at)).toBe(-ENOPROTOOPT);
    expect(sys_setsockopt(rig.k, rig.td, fd, IPPROTO_UDP, TCP_NODELAY, at)).toBe(-ENOPROTOOPT);
    expect(sys_setsockopt(rig.k, rig.td, fd, IPPROTO_TCP, TCP_NODELAY, -4)).toBe(-EFAULT);
    expect(sys_getsockopt(rig.k, rig.td, fd, IPPROTO_TCP, TCP_NODELAY, 0x7fffffff)).toBe(-EFAULT);
    rig.close(fd);
  });

  test('the bug of 2006: the peer resets while setsockopt is copying: ECONNRESET, and no panic', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    const at = get(rig.k, rig.td + td_user);
    const k = interposed(rig.k, () => resetFrom(rig, peer));
    expect(sys_setsockopt(k, rig.td, fd, IPPROTO_TCP, TCP_NODELAY, at)).toBe(-ECONNRESET);
    expect(rig.state(fd)).toBe(TCPS_CLOSED);
    expect(rig.soError(fd)).toBe(ECONNRESET);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('SO_LINGER is read back', () => {
    const rig = new Rig();
    const fd = rig.socket();
    rig.linger(fd, 7);
    const at = get(rig.k, rig.td + td_user);
    expect(sys_getsockopt(rig.k, rig.td, fd, SOL_SOCKET, 0x80, at)).toBe(0);
    expect(new DataView(rig.user().buffer).getInt32(rig.user().byteOffset, true)).toBe(7);
    rig.close(fd);
  });
});
