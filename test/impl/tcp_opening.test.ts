/** Both sides open at once; and silent peers are asked for a sign of life. */
import { describe, expect, it } from 'vitest';
import { ECONNREFUSED, ETIMEDOUT } from '../../impl/errno.ts';
import { SHUT_WR, SO_KEEPALIVE, SOL_SOCKET } from '../../impl/layout.ts';
import { copyBytesIn, fixed, get } from '../../impl/memory.ts';
import { h_user, sys_setsockopt, td_user } from '../../impl/raw.ts';
import { TCP_KEEPCNT, TCPS_CLOSE_WAIT, TCPS_ESTABLISHED, TCPS_FIN_WAIT_1, TCPS_SYN_RECEIVED } from '../../impl/netinet/tcp_fsm.ts';
import { established, Rig, synSent } from './tcp_rig.ts';

function keepAlive(rig: Rig, fd: number, on: boolean): void {
  const user = get(rig.k, rig.td + td_user);
  copyBytesIn(rig.k, fixed(rig.k, h_user) + user, new Uint8Array([on ? 1 : 0, 0, 0, 0]), 0, 4);
  expect(sys_setsockopt(rig.k, rig.td, fd, SOL_SOCKET, SO_KEEPALIVE, user)).toBe(0);
}

describe('a simultaneous open', () => {
  it('goes by SYN_RECEIVED, and data that comes with the last acknowledgement is not lost', () => {
    const rig = new Rig();
    const { fd, peer } = synSent(rig);
    peer.send('S');
    rig.deliver();
    expect(rig.state(fd)).toBe(TCPS_SYN_RECEIVED);
    expect(peer.takeFlags()).toEqual(['SA']);
    peer.send('A', 'hello');
    rig.deliver();
    expect(rig.state(fd)).toBe(TCPS_ESTABLISHED);
    expect(rig.recvText(fd)).toBe('hello');
    rig.send(fd, 'back');
    expect(peer.takeFlags()).toContain('A4');
  });

  it('of a socket with itself connects it to itself', () => {
    const rig = new Rig();
    const fd = rig.socket();
    rig.bind(fd, 9);
    rig.connect(fd, 1, 9);
    rig.deliver();
    expect(rig.state(fd)).toBe(TCPS_ESTABLISHED);
    rig.send(fd, 'echo');
    rig.deliver();
    expect(rig.recvText(fd)).toBe('echo');
    rig.close(fd);
    rig.expectNothingLeft();
  });

  it('with a lost SYN|ACK sends it again, and with a shutdown before goes on to FIN_WAIT_1', () => {
    const rig = new Rig();
    const { fd, peer } = synSent(rig);
    rig.shutdown(fd, SHUT_WR);
    peer.send('S');
    rig.deliver();
    rig.sent();
    rig.tick(10);
    expect(rig.sent().map(({ flags }) => flags)).toEqual(['SA']);
    peer.send('A');
    rig.deliver();
    expect(rig.state(fd)).toBe(TCPS_FIN_WAIT_1);
    expect(rig.sent().map(({ flags }) => flags)).toEqual(['FA']);
  });

  it('is refused by a reset, and without an answer given up', () => {
    for (const [end, error] of [
      ['reset', ECONNREFUSED],
      ['silence', ETIMEDOUT],
    ] as const) {
      const rig = new Rig();
      const { fd, peer } = synSent(rig);
      peer.send('S');
      if (end === 'reset') peer.send('R');
      else rig.tick(20_000);
      rig.deliver();
      expect(rig.takeError(fd)).toBe(error);
      rig.close(fd);
      rig.expectNothingLeft();
    }
  });
});

describe('SO_KEEPALIVE', () => {
  const options = { tcpKeepIdle: 100, tcpKeepInterval: 10 };

  it('asks a silent peer with an old number, and gives it up after so many questions', () => {
    const rig = new Rig(options);
    const { fd, peer } = established(rig);
    keepAlive(rig, fd, true);
    rig.tick(99);
    expect(rig.sent()).toEqual([]);
    for (let probe = 0; probe < TCP_KEEPCNT; probe++) {
      rig.tick(probe === 0 ? 1 : 10);
      const [asked, ...more] = rig.sent();
      expect([asked?.flags, asked?.seq, more]).toEqual(['A', (peer.ack - 1) | 0, []]);
    }
    rig.tick(10);
    expect(rig.sent().map(({ flags }) => flags)).toEqual(['RA']);
    expect(rig.takeError(fd)).toBe(ETIMEDOUT);
    rig.close(fd);
    rig.expectNothingLeft();
  });

  it('is content with any answer, and ends when it is turned off', () => {
    const rig = new Rig(options);
    const { fd, peer } = established(rig);
    keepAlive(rig, fd, true);
    for (let round = 0; round < 5; round++) {
      rig.tick(150);
      rig.sent();
      peer.send('A');
      rig.deliver();
    }
    keepAlive(rig, fd, false);
    rig.sent();
    rig.tick(5000);
    expect(rig.sent()).toEqual([]);
    expect(rig.soError(fd)).toBe(0);
  });

  it('passes from a listener to its connections, and a peer of this host answers by itself', () => {
    const rig = new Rig(options);
    const listener = rig.listener(5);
    keepAlive(rig, listener, true);
    const client = rig.socket();
    rig.connect(client, 1, 5);
    rig.deliver();
    const server = rig.accept(listener);
    for (let i = 0; i < 100; i++) {
      rig.tick(10);
      rig.deliver();
    }
    expect([rig.state(server), rig.state(client)]).toEqual([TCPS_ESTABLISHED, TCPS_ESTABLISHED]);
    rig.shutdown(client, SHUT_WR);
    rig.deliver();
    expect(rig.state(server)).toBe(TCPS_CLOSE_WAIT);
    // The client is gone, and nobody says so.
    for (let i = 0; i < 100; i++) {
      rig.tick(10);
      while (rig.deliver(1) > 0);
    }
    expect(rig.soError(server)).toBe(0);
  });
});
