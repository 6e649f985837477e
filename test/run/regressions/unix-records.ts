/** After FreeBSD's unix_dgram and unix_seqpacket (H.3), and what the others ask of UNIX sockets that keep records. */
import { alone, bind, connect, listen, nbio, of, receive, type Regression, send, SHUT, shutdown, socket } from './regression.ts';
import type { Tale } from '../tale.ts';

/** Descriptor 0 is bound to name 0; 1, 2, … are connected to it. */
const senders = (tale: Tale, many: number): Tale => {
  tale.does('socket', socket('dgram')).does('bind', bind(0, 0));
  for (let fd = 1; fd <= many; fd++) tale.does('socket', socket('dgram'), fd).does('connect', connect(fd, 0));
  return tale;
};

const pair = (tale: Tale, asked: string): Tale => tale.does('socketpair', socket(asked));

export const UNIX_RECORDS: readonly Regression[] = [
  alone('unix_dgram basic: more than a buffer holds is too long, and as much as it holds is not', 'H.3 unix_dgram basic', (tale) =>
    pair(tale, 'dgram')
      .does('send', send(0, 4), 'EMSGSIZE')
      .does('send', send(0, 3), 3)
      .sees(1, { rcv: { cc: 3 } })
      .does('receive', receive(1, 3), 3),
  ),
  alone('unix_dgram basic: what a short receive does not take of a record is gone', 'H.3 unix_dgram basic', (tale) =>
    pair(tale, 'dgram')
      .does('send', send(0, 2), 2)
      .does('receive', receive(1, 1), 1)
      .sees(1, { rcv: { cc: 0 } })
      .does('setnbio', nbio(1))
      .does('receive', receive(1), 'EWOULDBLOCK'),
  ),
  alone(
    'unix_dgram basic: a receiver without room refuses at once',
    'H.3 unix_dgram basic',
    (tale) =>
      pair(tale, 'dgram')
        .does('send', send(0, 3), 3)
        .does('send', send(0), 'ENOBUFS')
        .does('receive', receive(1, 3), 3)
        .does('send', send(0), 1),
    'FreeBSD 14 with O_NONBLOCK: EAGAIN; Linux: the sender waits',
  ),
  alone(
    'unix_dgram basic: the peer closes',
    'H.3 unix_dgram basic',
    (tale) => pair(tale, 'dgram').does('close', of(1)).does('send', send(0), 'ECONNRESET').does('send', send(0), 'EDESTADDRREQ'),
    'where a datagram socket that was a pair is said to need a connection: ENOTCONN',
  ),
  alone('unix_dgram one2many: several are connected to one, who hears them all', 'H.3 unix_dgram one2many', (tale) => {
    senders(tale, 3);
    for (const fd of [1, 2, 3]) tale.does('send', send(fd), 1);
    tale.sees(0, { rcv: { cc: 3 } });
    for (let n = 0; n < 3; n++) tale.does('receive', receive(0), 1);
  }),
  alone('unix_dgram one2many: a datagram socket neither listens nor accepts', 'H.3 unix_dgram one2many', (tale) =>
    senders(tale, 0).does('listen', listen(0), 'EOPNOTSUPP').does('accept', of(0), 'EINVAL'),
  ),
  alone('unix_dgram one2many: one may be connected to oneself', 'H.3 unix_dgram one2many', (tale) =>
    senders(tale, 0)
      .does('connect', connect(0, 0))
      .sees(0, { connected: true, inp: { peer: 0 } })
      .does('send', send(0), 1)
      .does('receive', receive(0), 1),
  ),
  alone(
    'unix_dgram one2many: what a sender left behind is read after its close',
    'H.3 unix_dgram one2many',
    (tale) =>
      senders(tale, 2)
        .does('send', send(1), 1)
        .does('close', of(1))
        .does('receive', receive(0), 1)
        .does('send', send(2), 1)
        .does('receive', receive(0), 1),
    'FreeBSD 14: kept only if nothing else is queued',
  ),
  alone('unix_dgram one2many: the receiver goes, and each of those connected to it is told', 'H.3 unix_dgram one2many, T11', (tale) => {
    senders(tale, 3).does('close', of(0));
    for (const fd of [1, 2, 3])
      tale.sees(fd, { error: 'ECONNRESET', connected: false }).does('send', send(fd), 'ECONNRESET').does('close', of(fd));
    tale.nothingLeft();
  }),
  alone('reconnect: a datagram client goes from a server that is closed to another', 'H.1 reconnect', (tale) =>
    tale
      .does('socket', socket('dgram'))
      .does('bind', bind(0, 0))
      .does('socket', socket('dgram'), 1)
      .does('bind', bind(1, 1))
      .does('socket', socket('dgram'), 2)
      .does('connect', connect(2, 0))
      .does('close', of(0))
      .does('connect', connect(2, 1))
      .does('send', send(2), 1)
      .does('receive', receive(1), 1),
  ),
  alone('unix_sendtorace: sendto, connect and close over and over', 'H.1 unix_sendtorace', (tale) => {
    for (let n = 0; n < 20; n++) {
      senders(tale, 1)
        .does('send', send(1), 1)
        .does('close', of(n % 2))
        .does('close', of(1 - (n % 2)))
        .nothingLeft();
    }
  }),
  alone('unix_dgram: to an address without being connected, and not while connected', 'H.3 unix_dgram, D.1 send dgram', (tale) =>
    senders(tale, 0)
      .does('socket', socket('dgram'), 1)
      .does('send', send(1, 1, true), 1)
      .does('receive', receive(0), 1)
      .does('connect', connect(1, 0))
      .does('send', send(1, 1, true), 'EISCONN')
      .does('close', of(0))
      .does('geterror', of(1))
      .does('send', send(1, 1, true), 'ENOENT'),
  ),
  alone('unix_seqpacket create_socketpair, send_recv: a record is received as it was sent', 'H.3 unix_seqpacket send_recv', (tale) =>
    pair(tale, 'seqpacket')
      .does('send', send(0, 2), 2)
      .does('send', send(0, 1), 1)
      .does('receive', receive(1, 3), 2)
      .does('receive', receive(1, 3), 1),
  ),
  alone('unix_seqpacket listen_unbound: is refused', 'H.3 unix_seqpacket', (tale) =>
    tale.does('socket', socket('seqpacket')).does('listen', listen(0), 'EINVAL'),
  ),
  alone('unix_seqpacket connect, accept, send_recv_with_connect', 'H.3 unix_seqpacket', (tale) =>
    tale
      .does('socket', socket('seqpacket'))
      .does('bind', bind(0, 0))
      .does('socket', socket('seqpacket'), 1)
      .does('connect', connect(1, 0), 'ECONNREFUSED')
      .does('listen', listen(0))
      .does('connect', connect(1, 0))
      .does('accept', of(0), 2)
      .does('send', send(1, 2), 2)
      .does('receive', receive(2, 3), 2)
      .does('send', send(2), 1)
      .does('receive', receive(1), 1),
  ),
  alone('unix_seqpacket emsgsize: a record that no buffer holds', 'H.3 unix_seqpacket emsgsize', (tale) =>
    pair(tale, 'seqpacket').does('send', send(0, 4), 'EMSGSIZE').does('send', send(0, 3), 3),
  ),
  alone('unix_seqpacket eagain: no room, and room again when the record is read', 'H.3 unix_seqpacket eagain', (tale) =>
    pair(tale, 'seqpacket')
      .does('setnbio', nbio(0))
      .does('send', send(0, 3), 3)
      .does('send', send(0), 'EWOULDBLOCK')
      .does('receive', receive(1, 3), 3)
      .does('send', send(0), 1),
  ),
  alone(
    'unix_seqpacket shutdown_send: nothing is sent behind it, and the peer reads to the end',
    'H.3 unix_seqpacket shutdown_send',
    (tale) =>
      pair(tale, 'seqpacket')
        .does('send', send(0), 1)
        .does('shutdown', shutdown(0, 'write'))
        .does('send', send(0), 'EPIPE')
        .does('receive', receive(1), 1)
        .does('receive', receive(1), 0)
        .sees(1, { rcv: SHUT }),
  ),
  alone('unix_seqpacket: the peer is gone', 'H.3 unix_seqpacket, H.6 unix_connreset', (tale) =>
    pair(tale, 'seqpacket')
      .does('send', send(0), 1)
      .does('close', of(0))
      .does('receive', receive(1), 1)
      .does('receive', receive(1), 0)
      .does('send', send(1), 'EPIPE'),
  ),
  alone('unix types: a name of another type is no peer', 'H.3 unix_connectat, D.1 connect', (tale) =>
    tale
      .does('socket', socket('unix'))
      .does('bind', bind(0, 0))
      .does('listen', listen(0))
      .does('socket', socket('dgram'), 1)
      .does('connect', connect(1, 0), 'EPROTOTYPE')
      .does('socket', socket('seqpacket'), 2)
      .does('connect', connect(2, 0), 'EPROTOTYPE'),
  ),
];
