/** After FreeBSD's tools/regression/netinet and tests/sys (H.2, H.3). */
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import {
  acks,
  active,
  alone,
  bind,
  connect,
  FIRST,
  finishes,
  listener,
  loopback,
  nbio,
  of,
  pair,
  receive,
  type Regression,
  send,
  SHUT,
  shutdown,
  socket,
  together,
} from './regression.ts';

const unixListener = [call('socket', { asked: 'unix' }), call('bind', { fd: 0, name: 0 }), call('listen', { fd: 0, backlog: 1 })];
const tcpListener = [call('socket', { asked: 'tcp' }), call('bind', { fd: 0, name: 0 }), call('listen', { fd: 0, backlog: 1 })];

export const FREEBSD_NETINET: readonly Regression[] = [
  alone('tcpconnect: one connection after the other', 'H.2 tcpconnect', (tale) => {
    for (let n = 0; n < 8; n++) {
      loopback(tale).does('close', of(1)).does('settle').does('receive', receive(2), 0);
      tale.does('close', of(2)).does('close', of(0)).does('drain').nothingLeft();
    }
  }),
  alone('tcpdrop: what a dropped connection says', 'H.2 tcpdrop', (tale) =>
    active(tale)
      .does('send', send(0), 1)
      .does('silence')
      .sees(0, { disconnected: true, error: 'ETIMEDOUT', inp: { dropped: true } })
      .does('send', send(0), 'EPIPE')
      .does('receive', receive(0), 'ETIMEDOUT')
      .does('close', of(0))
      .nothingLeft(),
  ),
  alone('tcpsockclosebeforeaccept: the client closes, then the server accepts', 'H.2 tcpsockclosebeforeaccept', (tale) =>
    listener(tale, 'tcp')
      .does('remote-connect', FIRST)
      .does('remote-fin', finishes(true))
      .does('accept', of(0), 1)
      .sees(1, { connected: true, rcv: SHUT, inp: { state: 'CLOSE_WAIT' } })
      .does('receive', receive(1), 0)
      .does('close', of(1))
      .does('remote-ack', acks())
      .does('close', of(0))
      .nothingLeft(),
  ),
  alone('tcpsockclosebeforeaccept: the connection is dropped, then the server accepts', 'H.2 tcpsockclosebeforeaccept', (tale) =>
    listener(tale, 'tcp')
      .does('remote-connect', FIRST)
      .does('remote-rst', FIRST)
      .does('accept', of(0), 'ECONNABORTED')
      .does('close', of(0))
      .nothingLeft(),
  ),
  alone('tcpsocktimewait: closed before 2MSL is over', 'H.2 tcpsocktimewait', (tale) =>
    active(tale)
      .does('shutdown', shutdown(0, 'both'))
      .does('remote-fin', finishes(true))
      .sees(0, { inp: { timeWait: true } })
      // Not dropped, so that tcp_usr_close claims PROTOREF here too.
      .does('close', of(0))
      .sees(0, { protoRef: true, inp: { timeWait: true, sockRef: true } })
      .does('timer')
      .nothingLeft(),
  ),
  alone('tcpsocktimewait: TIME_WAIT ends while the descriptor is open', 'H.2 tcpsocktimewait', (tale) =>
    active(tale)
      .does('shutdown', shutdown(0, 'both'))
      .does('remote-fin', finishes(true))
      .does('timer')
      .sees(0, { inp: { timeWait: true, dropped: true } })
      .does('close', of(0))
      .nothingLeft(),
  ),
  alone('tcpfullwindowrst: a writer with a full window is told that the reader is gone', 'H.2 tcpfullwindowrst', (tale) => {
    loopback(tale)
      .does('send', send(1, 3), 3)
      .does('settle')
      .sees(2, { rcv: { cc: 3 } });
    tale.does('send', send(1, 3), 3).does('send', send(1), 'EWOULDBLOCK').does('close', of(2)).does('settle').does('timer').does('settle');
    tale.sees(1, { disconnected: true, error: 'ECONNRESET' }).does('receive', receive(1), 'ECONNRESET').does('send', send(1), 'EPIPE');
  }),
  alone('udpzerobyte: an empty datagram is a datagram to nobody who counts in units', 'H.2 udpzerobyte', (tale) =>
    tale
      .does('socket', socket('udp'))
      .does('bind', bind(0, 0))
      .does('socket', socket('udp'), 1)
      .does('connect', connect(1, 0))
      .does('send', send(1, 0), 0)
      .does('setnbio', nbio(0))
      .does('settle')
      .does('receive', receive(0), 'EWOULDBLOCK'),
  ),
  alone('unix_stream send_0: nothing is sent to a peer, who reads nothing', 'H.3 unix_stream send_0', (tale) =>
    pair(tale)
      .does('send', send(0, 0), 0)
      .sees(1, { rcv: { cc: 0 } })
      .does('setnbio', nbio(1))
      .does('receive', receive(1), 'EWOULDBLOCK'),
  ),
  alone(
    'unix_stream full: a sender that has filled its peer is told to wait, and can go on when the peer has read',
    'H.3 unix_stream',
    (tale) =>
      pair(tale)
        .does('setnbio', nbio(0))
        .does('send', send(0, 3), 3)
        .does('send', send(0), 'EWOULDBLOCK')
        .does('receive', receive(1), 1)
        .does('send', send(0, 3), 1)
        .sees(1, { rcv: { cc: 3 } }),
  ),
  alone('unix_stream peerclosed: what was sent before is read, then end of file, and nothing can be sent', 'H.3 unix_stream', (tale) =>
    pair(tale)
      .does('send', send(0, 2), 2)
      .does('close', of(0))
      .does('receive', receive(1, 3), 2)
      .does('receive', receive(1), 0)
      .does('send', send(1), 'EPIPE'),
  ),
  alone('unix_stream peershutdown: one direction ends, the other goes on', 'H.3 unix_stream', (tale) =>
    pair(tale)
      .does('shutdown', shutdown(0, 'write'))
      .does('receive', receive(1), 0)
      .does('send', send(1), 1)
      .does('receive', receive(0), 1)
      .does('shutdown', shutdown(1, 'write'))
      .does('receive', receive(0), 0),
  ),
  together(
    'listener_wakeup: accept sleeps, and the listener is shut down (UNIX)',
    'H.3 listener_wakeup',
    {
      prologue: unixListener,
      threads: [[call('accept', { fd: 0 })], [call('shutdown', { fd: 0, how: 'read' })]],
    },
    (met) => met.sleeps('T1').returns('T2', 0).returns('T1', 'ECONNABORTED'),
    'FreeBSD 13: the shutdown itself says ENOTCONN',
  ),
  together(
    'listener_wakeup: accept sleeps, and the listener is shut down (TCP)',
    'H.3 listener_wakeup',
    {
      prologue: tcpListener,
      threads: [[call('accept', { fd: 0 })], [call('shutdown', { fd: 0, how: 'both' })]],
    },
    (met) => met.sleeps('T1').returns('T2', 0).returns('T1', 'ECONNABORTED'),
    'FreeBSD 13: the shutdown itself says ENOTCONN',
  ),
  together(
    'listener_wakeup: accept sleeps, and the descriptor is closed: the close succeeds, and the sleeper sleeps on',
    'H.3 listener_wakeup',
    {
      prologue: tcpListener,
      threads: [[call('accept', { fd: 0 })], [call('close', { fd: 0 })]],
    },
    (met) => met.sleeps('T1').sees(0, { file: 2 }).returns('T2', 0).isAsleep('T1').sees(0, { file: 1, acceptConn: true }),
    'Linux: the same; some systems wake it with EBADF',
  ),
  together(
    'shutdown_dgram: a reader of an unconnected UDP socket is shut down',
    'H.3 shutdown_dgram',
    {
      prologue: [call('socket', { asked: 'udp' }), call('bind', { fd: 0, name: 0 })],
      threads: [[call('receive', { fd: 0, amount: 1 })], [call('shutdown', { fd: 0, how: 'read' })]],
    },
    (met) => met.sleeps('T1').returns('T2', 0).returns('T1', 0),
    'FreeBSD 13: the shutdown says ENOTCONN, and the reader gets 0 as here',
  ),
];
