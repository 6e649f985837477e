/**
 * Who keeps a TCP socket alive, and for how long: the reference traces T04 to T10 and T22, and the four cases of detach. (The traces
 * are those of the 2006 socket reference work.)
 */

import { describe, expect, test } from 'vitest';
import { ECONNABORTED, ECONNREFUSED, ECONNRESET, EINTR, EINVAL, ENOBUFS, ENOTCONN, EPIPE, EWOULDBLOCK } from '../../impl/errno.ts';
import { sys_disconnect, sys_sendto, sys_setsockopt } from '../../impl/kern/syscalls.ts';
import {
  h_fail,
  inp_zone,
  IPPROTO_TCP,
  mbuf_zone,
  NO_ADDRESS,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SS_ISCONNECTED,
  SS_ISDISCONNECTED,
  SS_NOFDREF,
  SS_PROTOREF,
  so_count,
  so_pcb,
  so_state,
  socket_zone,
  TCP_NODELAY,
  tcpcb_zone,
  tcptw_zone,
  td_user,
} from '../../impl/layout.ts';
import { get, load, store } from '../../impl/memory.ts';
import { INP_DROPPED, INP_SOCKREF, INP_TIMEWAIT, inp_flags, inp_ppcb, inp_socket } from '../../impl/netinet/layout.ts';
import { TCPS_ESTABLISHED, TCPS_FIN_WAIT_1, TCPS_FIN_WAIT_2, TCPS_TIME_WAIT } from '../../impl/netinet/tcp_fsm.ts';
import { tcp_probe_2msl, tcp_probe_state } from '../../impl/netinet/tcp_probe.ts';
import { tcp_usr_detach } from '../../impl/netinet/tcp_usrreq.ts';
import { established, interposed, Peer, Rig, resetFrom, synSent } from './tcp_rig.ts';

const flagsOf = (rig: Rig, inp: number): number => get(rig.k, inp + inp_flags);

describe('reference traces', () => {
  test('T04 active open, the peer refuses', () => {
    const rig = new Rig();
    const { fd, peer } = synSent(rig);
    peer.send('RA');
    expect(rig.soState(fd) & (SS_ISCONNECTED | SS_ISDISCONNECTED)).toBe(SS_ISDISCONNECTED);
    expect(flagsOf(rig, rig.inp(fd)) & INP_DROPPED).not.toBe(0);
    expect(rig.takeError(fd)).toBe(ECONNREFUSED);
    expect(rig.takeError(fd)).toBe(0);
    expect(rig.send(fd, 'x')).toBe(-EPIPE);
    expect(rig.recvText(fd)).toBe('');
    expect(rig.connect(fd, 2, 9)).toBe(-EINVAL);
    expect(rig.close(fd)).toBe(0);
    expect(rig.inuse(socket_zone)).toBe(0);
    rig.expectNothingLeft();
  });

  /** Closes a connection with data that has not been acknowledged; returns the socket and the pcb. */
  function closeUnsent(rig: Rig): { peer: Peer; so: number; inp: number } {
    const { fd, peer } = established(rig);
    const so = rig.so(fd);
    const inp = rig.inp(fd);
    rig.send(fd, 'unsent');
    expect(rig.close(fd)).toBe(0);
    expect(load(rig.k, so + so_state) & (SS_PROTOREF | SS_NOFDREF)).toBe(SS_PROTOREF | SS_NOFDREF);
    expect(get(rig.k, so + so_count)).toBe(0);
    expect(flagsOf(rig, inp) & INP_SOCKREF).not.toBe(0);
    expect(tcp_probe_state(rig.k, inp)).toBe(TCPS_FIN_WAIT_1);
    expect(peer.takeFlags()).toEqual(['A6', 'FA']);
    return { peer, so, inp };
  }

  test('T05 close with unsent data: TCP keeps the socket until TIME_WAIT, the pcb until 2MSL (detach case 2)', () => {
    const rig = new Rig();
    const { peer, so, inp } = closeUnsent(rig);
    peer.send('A');
    expect(tcp_probe_state(rig.k, inp)).toBe(TCPS_FIN_WAIT_2);
    expect(load(rig.k, so + so_state) & SS_ISDISCONNECTED).not.toBe(0);
    expect(tcp_probe_2msl(rig.k, inp)).not.toBe(0);
    expect(rig.inuse(socket_zone)).toBe(1);
    peer.send('FA');
    expect(peer.takeFlags()).toEqual(['A']);
    expect(rig.inuse(socket_zone)).toBe(0);
    expect(rig.inuse(tcpcb_zone)).toBe(0);
    expect(flagsOf(rig, inp) & (INP_TIMEWAIT | INP_DROPPED | INP_SOCKREF)).toBe(INP_TIMEWAIT);
    expect(get(rig.k, inp + inp_socket)).toBe(0);
    rig.tick(199);
    expect([rig.inuse(inp_zone), rig.inuse(tcptw_zone)]).toEqual([1, 1]);
    rig.tick(1);
    expect([rig.inuse(inp_zone), rig.inuse(tcptw_zone)]).toEqual([0, 0]);
    rig.expectNothingLeft();
  });

  test("T05 without the peer's FIN: FIN_WAIT_2 of a socket nobody has ends after 2MSL", () => {
    const rig = new Rig();
    const { peer } = closeUnsent(rig);
    peer.send('A');
    rig.tick(199);
    expect(rig.inuse(socket_zone)).toBe(1);
    rig.tick(1);
    expect([rig.inuse(socket_zone), rig.inuse(inp_zone)]).toEqual([0, 0]);
    rig.expectNothingLeft();
  });

  test('T06 the same, but the peer resets in FIN_WAIT_1 (detach case 3)', () => {
    const rig = new Rig();
    const { peer } = closeUnsent(rig);
    peer.send('R');
    expect([rig.inuse(socket_zone), rig.inuse(inp_zone), rig.inuse(tcpcb_zone)]).toEqual([0, 0, 0]);
    rig.expectNothingLeft();
  });

  test('T07 linger 0: reset, nothing kept', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    rig.send(fd, 'unsent');
    rig.linger(fd, 0);
    expect(rig.close(fd)).toBe(0);
    expect(peer.takeFlags()).toEqual(['A6', 'RA']);
    expect([rig.inuse(socket_zone), rig.inuse(inp_zone), rig.inuse(tcpcb_zone)]).toEqual([0, 0, 0]);
    rig.expectNothingLeft();
  });

  /** Both sides are done; the user still has the descriptor. */
  function timeWait(rig: Rig): { fd: number; inp: number; peer: Peer } {
    const { fd, peer } = established(rig);
    const inp = rig.inp(fd);
    expect(rig.shutdown(fd, SHUT_RDWR)).toBe(0);
    peer.take();
    peer.send('FA');
    expect(rig.state(fd)).toBe(TCPS_TIME_WAIT);
    expect(flagsOf(rig, inp) & (INP_TIMEWAIT | INP_SOCKREF)).toBe(INP_TIMEWAIT);
    expect(rig.soState(fd) & SS_ISDISCONNECTED).not.toBe(0);
    return { fd, inp, peer };
  }

  test('T08 TIME_WAIT while the descriptor is open; 2MSL, then close (detach case 1)', () => {
    const rig = new Rig();
    const { fd, inp } = timeWait(rig);
    rig.tick(200);
    expect(rig.inuse(tcptw_zone)).toBe(0);
    expect(flagsOf(rig, inp) & (INP_TIMEWAIT | INP_DROPPED)).toBe(INP_TIMEWAIT | INP_DROPPED);
    expect(get(rig.k, inp + inp_ppcb)).toBe(0);
    expect(get(rig.k, inp + inp_socket)).toBe(rig.so(fd));
    expect(rig.close(fd)).toBe(0);
    expect([rig.inuse(socket_zone), rig.inuse(inp_zone)]).toEqual([0, 0]);
  });

  test('T08 but closed during TIME_WAIT: TCP claims the socket until 2MSL', () => {
    const rig = new Rig();
    const { fd, inp } = timeWait(rig);
    const so = rig.so(fd);
    expect(rig.close(fd)).toBe(0);
    expect(flagsOf(rig, inp) & INP_SOCKREF).not.toBe(0);
    expect(load(rig.k, so + so_state) & SS_PROTOREF).not.toBe(0);
    expect(rig.inuse(socket_zone)).toBe(1);
    rig.tick(200);
    expect([rig.inuse(socket_zone), rig.inuse(inp_zone)]).toEqual([0, 0]);
  });

  test('in TIME_WAIT, and after, every request fails in its own way', () => {
    const rig = new Rig();
    const { fd } = timeWait(rig);
    for (let round = 0; round < 2; round++) {
      expect(rig.bind(fd, 99)).toBe(-EINVAL);
      expect(rig.connect(fd, 2, 9)).toBe(-EINVAL);
      expect(rig.shutdown(fd, SHUT_WR)).toBe(-ECONNRESET);
      expect(rig.shutdown(fd, SHUT_RD)).toBe(0);
      expect(sys_disconnect(rig.k, rig.td, fd)).toBe(-ENOTCONN);
      expect(rig.send(fd, 'x')).toBe(-EPIPE);
      expect(sys_setsockopt(rig.k, rig.td, fd, IPPROTO_TCP, TCP_NODELAY, 0)).toBe(-ECONNRESET);
      rig.tick(200);
    }
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test('T09 accept after the peer has reset: ECONNABORTED, and the socket is gone', () => {
    const rig = new Rig();
    const listener = rig.listener(80);
    const peer = new Peer(rig, 9, 80);
    peer.send('S');
    peer.take();
    peer.send('A');
    peer.send('R');
    // It stays in the queue: poll has said that accept won't block.
    expect(rig.inuse(socket_zone)).toBe(2);
    expect(rig.accept(listener)).toBe(-ECONNABORTED);
    expect(rig.inuse(socket_zone)).toBe(1);
    expect(rig.accept(listener)).toBe(-EWOULDBLOCK);
    rig.close(listener);
    rig.expectNothingLeft();
  });

  test('T10 the peer resets while send is copying: ECONNRESET once, then EPIPE', () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    const k = interposed(rig.k, () => resetFrom(rig, peer));
    expect(sys_sendto(k, rig.td, fd, get(k, rig.td + td_user), 4, 0, NO_ADDRESS, 0)).toBe(-ECONNRESET);
    expect(rig.inuse(mbuf_zone)).toBe(0);
    // pru_send's error and the pending one are different answers to the same reset, as in BSD.
    expect(rig.takeError(fd)).toBe(ECONNRESET);
    expect(rig.send(fd, 'x')).toBe(-EPIPE);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  test("T22 lingering is interrupted at once for a thread that can't sleep; TCP takes the socket all the same", () => {
    const rig = new Rig();
    const { fd, peer } = established(rig);
    rig.linger(fd, 50);
    const so = rig.so(fd);
    // close lingers only on a blocking socket.
    store(rig.k, so + so_state, SS_ISCONNECTED);
    rig.send(fd, 'unsent');
    expect(rig.close(fd)).toBe(-EINTR);
    expect(load(rig.k, so + so_state) & SS_PROTOREF).not.toBe(0);
    peer.take();
    peer.send('FA');
    rig.expectNothingLeft();
  });
});

describe('detach', () => {
  test('case 3 before any connection: a socket that was only made, bound or listening', () => {
    const rig = new Rig();
    rig.close(rig.socket());
    const bound = rig.socket();
    rig.bind(bound, 80);
    rig.close(bound);
    rig.close(rig.listener(80));
    expect([rig.inuse(socket_zone), rig.inuse(inp_zone), rig.inuse(tcpcb_zone)]).toEqual([0, 0, 0]);
  });

  test('case 3 in SYN_SENT: close drops the attempt', () => {
    const rig = new Rig();
    const { fd } = synSent(rig);
    expect(rig.close(fd)).toBe(0);
    expect([rig.inuse(socket_zone), rig.inuse(inp_zone), rig.inuse(tcpcb_zone)]).toEqual([0, 0, 0]);
  });

  test('case 4: a live connection loses its socket, and keeps its pcb', () => {
    const rig = new Rig();
    const { fd } = established(rig);
    const so = rig.so(fd);
    const inp = rig.inp(fd);
    tcp_usr_detach(rig.k, rig.td, so);
    expect(get(rig.k, so + so_pcb)).toBe(0);
    expect(get(rig.k, inp + inp_socket)).toBe(0);
    expect(tcp_probe_state(rig.k, inp)).toBe(TCPS_ESTABLISHED);
    expect(rig.inuse(tcpcb_zone)).toBe(1);
  });

  test('attach is all or nothing, whatever allocation fails', () => {
    const rig = new Rig();
    for (let nth = 1; nth <= 4; nth++) {
      store(rig.k, h_fail, nth);
      const fd = rig.socketOrError();
      store(rig.k, h_fail, 0);
      if (fd >= 0) rig.close(fd);
      rig.expectNothingLeft();
    }
    store(rig.k, h_fail, 4);
    expect(rig.socketOrError()).toBe(-ENOBUFS);
  });

  test('an incoming connection for which there is no memory is reset, or left for the peer to try again; nothing leaks', () => {
    // The first allocation is that of the segment itself.
    for (let nth = 2; nth <= 6; nth++) {
      const rig = new Rig();
      const listener = rig.listener(80);
      const peer = new Peer(rig, 9, 80);
      peer.send('S');
      expect(peer.takeFlags()).toEqual(['SA']);
      store(rig.k, h_fail, nth);
      peer.send('A');
      store(rig.k, h_fail, 0);
      const child = rig.accept(listener);
      if (child >= 0) rig.close(child);
      rig.close(listener);
      rig.expectNothingLeft();
    }
  });
});
