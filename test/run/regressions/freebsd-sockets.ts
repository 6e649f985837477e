/** After FreeBSD's tools/regression/sockets (H.1). */
import {
  active,
  alone,
  bind,
  connect,
  FIRST,
  finishes,
  listen,
  listener,
  loopback,
  nbio,
  of,
  OPEN,
  pair,
  receive,
  type Regression,
  send,
  SHUT,
  shutdown,
  socket,
} from './regression.ts';

export const FREEBSD_SOCKETS: readonly Regression[] = [
  alone('accept_fd_leak: an accept that would block leaves no descriptor', 'H.1 accept_fd_leak (a)', (tale) => {
    listener(tale, 'unix').does('setnbio', nbio(0));
    for (let n = 0; n < 500; n++) tale.does('accept', of(0), 'EWOULDBLOCK');
    tale.does('socket', socket('unix'), 1);
  }),
  alone('accept_fd_leak: an accept that fails leaves no descriptor, whatever came of the connection', 'H.1 accept_fd_leak (b)', (tale) => {
    listener(tale, 'tcp').does('setnbio', nbio(0));
    for (let n = 0; n < 20; n++)
      tale.does('remote-connect', FIRST).does('remote-rst', FIRST).does('accept', of(0), 'ECONNABORTED').freed(1);
    tale.does('accept', of(0), 'EWOULDBLOCK').does('dup', of(0), 1);
  }),
  alone('listen_backlog: another listen changes so_qlimit, as often as one likes', 'H.1 listen_backlog', (tale) => {
    listener(tale, 'tcp', 0).sees(0, { limit: 0, acceptConn: true });
    for (const backlog of [1, 2, 0, 2]) tale.does('listen', listen(0, backlog)).sees(0, { limit: backlog, acceptConn: true });
  }),
  alone(
    'listenclose: a listener is closed over a connection that came by the loopback and that nobody accepted',
    'H.1 listenclose',
    (tale) =>
      listener(tale, 'tcp')
        .does('socket', socket('tcp'), 1)
        .does('setnbio', nbio(1))
        .does('connect', connect(1, 0), 'EINPROGRESS')
        .does('settle')
        .sees(1, { connected: true })
        .does('close', of(1))
        .does('close', of(0))
        .does('drain')
        .nothingLeft(),
  ),
  alone('listenclose: the listener goes first, and its child resets the client', 'H.1 listenclose', (tale) =>
    listener(tale, 'tcp')
      .does('socket', socket('tcp'), 1)
      .does('setnbio', nbio(1))
      .does('connect', connect(1, 0), 'EINPROGRESS')
      .does('settle')
      .does('close', of(0))
      .does('settle')
      .sees(1, { disconnected: true, error: 'ECONNRESET' })
      .does('close', of(1))
      .nothingLeft(),
  ),
  alone('reconnect: what a datagram socket was told of its last peer does not surface with the next', 'H.1 reconnect, T11', (tale) =>
    tale
      .does('socket', socket('udp'))
      .does('connect', connect(0, 1, true))
      .does('send', send(0), 1)
      .does('remote-unreachable', FIRST)
      .sees(0, { error: 'ECONNREFUSED' })
      .does('connect', connect(0, 2, true))
      .sees(0, { error: 'none', connected: true })
      .does('send', send(0), 1),
  ),
  alone('sblock: a reader that may not wait is told so, and the buffer is as it was', 'H.1 sblock, the part of one thread', (tale) =>
    pair(tale).does('setnbio', nbio(0)).does('receive', receive(0), 'EWOULDBLOCK').does('send', send(1), 1).does('receive', receive(0), 1),
  ),
  alone('shutdown: of no descriptor, in no direction, and in each', 'H.1 shutdown', (tale) =>
    active(tale)
      .does('shutdown', shutdown(5, 'read'), 'EBADF')
      .does('shutdown', shutdown(0, 'nonsense'), 'EINVAL')
      .sees(0, { rcv: OPEN, snd: OPEN })
      .does('shutdown', shutdown(0, 'read'))
      .sees(0, { rcv: SHUT, snd: OPEN })
      .does('shutdown', shutdown(0, 'write'))
      .sees(0, { rcv: SHUT, snd: SHUT }),
  ),
  alone(
    'shutdown: of a socket that was never connected succeeds',
    'H.1 shutdown, C.7',
    (tale) => {
      for (const [fd, asked] of ['unix', 'tcp', 'udp'].entries())
        tale.does('socket', socket(asked), fd).does('shutdown', shutdown(fd, 'read')).sees(fd, { rcv: SHUT });
    },
    'FreeBSD 13: ENOTCONN; a datagram socket is shut all the same',
  ),
  alone('sigpipe: nothing is sent behind a shutdown of the own end, UNIX', 'H.1 sigpipe', (tale) =>
    pair(tale)
      .does('shutdown', shutdown(0, 'write'))
      .does('send', send(0), 'EPIPE')
      .does('send', send(0, 0), 'EPIPE')
      .does('send', send(1), 1),
  ),
  alone('sigpipe: nothing is sent behind a shutdown of the own end, TCP', 'H.1 sigpipe', (tale) =>
    loopback(tale)
      .does('shutdown', shutdown(1, 'write'))
      .does('send', send(1), 'EPIPE')
      .does('send', send(2), 1)
      .does('settle')
      .does('receive', receive(1), 1),
  ),
  alone('udp_pingpong: datagrams go to and fro between connected sockets', 'H.1 udp_pingpong', (tale) => {
    tale.does('socket', socket('udp')).does('bind', bind(0, 0)).does('socket', socket('udp'), 1).does('connect', connect(1, 0));
    for (let n = 0; n < 4; n++)
      tale
        .does('send', send(1), 1)
        .does('settle')
        .sees(0, { rcv: { cc: 1 } })
        .does('receive', receive(0), 1);
  }),
  alone('udp_pingpong: and to an address, from a socket that is not connected', 'H.1 udp_pingpong', (tale) =>
    tale
      .does('socket', socket('udp'))
      .does('bind', bind(0, 0))
      .does('socket', socket('udp'), 1)
      .does('send', send(1, 1), 'EDESTADDRREQ')
      .does('send', send(1, 1, true), 1)
      .does('settle')
      .does('receive', receive(0), 1)
      .does('connect', connect(1, 0))
      .does('send', send(1, 1, true), 'EISCONN'),
  ),
  alone('unix_bindconnect: a name is bound once, and led to only while somebody listens', 'H.1 unix_bindconnect', (tale) =>
    tale
      .does('socket', socket('unix'))
      .does('bind', bind(0, 0))
      .does('bind', bind(0, 1), 'EINVAL')
      .does('bind', bind(0, 0), 'EINVAL')
      .does('socket', socket('unix'), 1)
      .does('bind', bind(1, 0), 'EADDRINUSE')
      .does('connect', connect(1, 2), 'ENOENT')
      .does('connect', connect(1, 0), 'ECONNREFUSED')
      .does('listen', listen(0))
      .does('connect', connect(1, 0))
      .sees(1, { connected: true }),
  ),
  alone('unix_close_race: connect, accept and close over and over, and no close fails', 'H.1 unix_close_race', (tale) => {
    listener(tale, 'unix');
    for (let n = 0; n < 50; n++) {
      tale.does('socket', socket('unix'), 1).does('connect', connect(1, 0)).does('accept', of(0), 2);
      for (const fd of n % 2 === 0 ? [1, 2] : [2, 1]) tale.does('close', of(fd));
    }
    tale.does('close', of(0)).nothingLeft();
  }),
  alone('unix_socket: what nobody speaks, and what is of another type', 'H.1 unix_socket', (tale) =>
    tale
      .does('socket', socket('unix'))
      .does('socket', socket('unknown protocol'), 'EPROTONOSUPPORT')
      .does('socket', socket('wrong type'), 'EPROTOTYPE')
      .does('socketpair', socket('tcp'), 'EOPNOTSUPP')
      .does('dup', of(0), 1),
  ),
  alone('zerosend: nothing may be sent, on every kind of connection', 'H.1 zerosend', (tale) => {
    loopback(tale)
      .does('send', send(1, 0), 0)
      .does('settle')
      .sees(2, { rcv: { cc: 0 } });
    pair(tale.does('close', of(0)).does('close', of(1)).does('close', of(2)).does('drain'));
    tale.does('send', send(0, 0), 0).does('setnbio', nbio(1)).does('receive', receive(1), 'EWOULDBLOCK');
  }),
  alone('fstat: how much can be read is what the buffer holds', 'H.1 fstat', (tale) =>
    pair(tale)
      .does('send', send(0, 2), 2)
      .sees(1, { rcv: { cc: 2 } })
      .does('receive', receive(1), 1)
      .sees(1, { rcv: { cc: 1 } }),
  ),
  alone('close: with both ends shut and the peer gone says nothing', 'H.1 unix_close_race', (tale) =>
    loopback(tale)
      .does('shutdown', shutdown(1, 'both'))
      .does('settle')
      .does('receive', receive(2), 0)
      .does('close', of(2))
      .does('close', of(1))
      .does('remote-fin', finishes())
      .does('close', of(0))
      .does('drain')
      .nothingLeft(),
  ),
];
