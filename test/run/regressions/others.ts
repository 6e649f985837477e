/** After NetBSD's, OpenBSD's and Linux's tests (H.4, H.5, H.6). */
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import { alone, connect, listener, listen, nbio, of, pair, receive, type Regression, send, socket, together } from './regression.ts';

export const OTHERS: readonly Regression[] = [
  alone('t_unix: accept after the client has closed succeeds, and reads end of file', 'H.4 NetBSD t_unix', (tale) =>
    listener(tale, 'unix')
      .does('socket', socket('unix'), 1)
      .does('connect', connect(1, 0))
      .does('close', of(1))
      .does('accept', of(0), 1)
      .sees(2, { disconnected: true, count: 1 })
      .does('receive', receive(1), 0)
      .does('close', of(1))
      .does('close', of(0))
      .nothingLeft(),
  ),
  together(
    'dup2_accept: accept sleeps while the number of its descriptor is used for something else',
    'H.5 OpenBSD dup2_accept',
    {
      prologue: [
        call('socket', { asked: 'unix' }),
        call('bind', { fd: 0, name: 0 }),
        call('listen', { fd: 0, backlog: 1 }),
        call('socket', { asked: 'unix' }),
      ],
      threads: [[call('accept', { fd: 0 })], [call('connect', { fd: 1, name: 0 }), call('close', { fd: 0 })]],
    },
    // The call holds the file, not its number.
    (met) => met.sleeps('T1').returns('T2', 0).returns('T2', 0).returns('T1', 2),
  ),
  alone('recvwait: what is there is read without a wait, and nothing more', 'H.5 OpenBSD recvwait', (tale) =>
    pair(tale)
      .does('setnbio', nbio(0))
      .does('send', send(1, 2), 2)
      .does('receive', receive(0, 3), 2)
      .does('receive', receive(0, 3), 'EWOULDBLOCK'),
  ),
  alone(
    'unix_connreset: the receiver closes with data that it has not read',
    'H.6 Linux unix_connreset',
    (tale) =>
      pair(tale)
        .does('send', send(0, 2), 2)
        .does('close', of(1))
        .sees(0, { error: 'none', disconnected: true })
        .does('receive', receive(0), 0)
        .does('send', send(0), 'EPIPE'),
    'Linux: ECONNRESET, once',
  ),
  alone(
    'unix_connreset: a child that nobody accepted is closed with its listener',
    'H.6 Linux unix_connreset',
    (tale) =>
      listener(tale, 'unix')
        .does('socket', socket('unix'), 1)
        .does('connect', connect(1, 0))
        .does('send', send(1), 1)
        .does('close', of(0))
        .does('send', send(1), 'EPIPE')
        .does('receive', receive(1), 'ECONNABORTED')
        .does('receive', receive(1), 0),
    'Linux, and FreeBSD 13: ECONNRESET',
  ),
  alone('unix_connreset: the peer sends and closes, and all of it is read', 'H.6 Linux unix_connreset', (tale) =>
    pair(tale).does('send', send(0), 1).does('close', of(0)).does('receive', receive(1), 1).does('receive', receive(1), 0),
  ),
  alone('unix_listen: listening twice changes nothing but the backlog', 'H.6 Linux unix_listen', (tale) =>
    listener(tale, 'unix')
      .does('socket', socket('unix'), 1)
      .does('connect', connect(1, 0))
      .does('listen', listen(0, 2))
      .sees(0, { limit: 2, complete: [2] })
      .does('accept', of(0), 2),
  ),
  alone(
    'unix_listen: without a name is refused',
    'H.6 Linux unix_listen, D.1',
    (tale) => tale.does('socket', socket('unix')).does('listen', listen(0), 'EINVAL').sees(0, { acceptConn: false }),
    'FreeBSD 13: EDESTADDRREQ',
  ),
  alone(
    'unix_connect: to a name that nobody listens under, that was never bound, and whose owner is gone',
    'H.6 Linux unix_connect',
    (tale) =>
      tale
        .does('socket', socket('unix'))
        .does('bind', { fd: 0, name: 0 })
        .does('socket', socket('unix'), 1)
        .does('connect', connect(1, 0), 'ECONNREFUSED')
        .does('connect', connect(1, 1), 'ENOENT')
        .does('close', of(0))
        .does('connect', connect(1, 0), 'ENOENT'),
    'with names in a file system: ECONNREFUSED as long as the file is there',
  ),
  alone('self connect: a UNIX stream cannot connect to itself', 'H.3 unix_dgram, D.1', (tale) =>
    listener(tale, 'unix').does('connect', connect(0, 0), 'EOPNOTSUPP').sees(0, { connected: false, complete: [] }),
  ),
];
