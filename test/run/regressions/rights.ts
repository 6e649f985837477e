/** After FreeBSD's unix_gc and unix_passfd and Linux's scm_rights (H.1, H.3, H.6): descriptors in flight, and who frees what nobody reaches. */
import type { Tale } from '../tale.ts';
import { alone, bind, connect, listener, of, receive, type Regression, send, SHUT, shutdown, socket } from './regression.ts';

const pass = (fd: number, passed: number) => ({ fd, passed });
const pair = (tale: Tale): Tale => tale.does('socketpair', socket('unix'));
/** Descriptors 0 and 1, and 2 and 3. */
const pairs = (tale: Tale): Tale => pair(tale).does('socketpair', socket('unix'), 2);
const closing = (tale: Tale, ...fds: readonly number[]): Tale => {
  for (const fd of fds) tale.does('close', of(fd));
  return tale;
};

/** twosome: one end of a pair is passed over one of them, and both closed, in each order. */
const TWOSOME = [0, 1].flatMap((over) => [0, 1].flatMap((passed) => [0, 1].map((first) => [over, passed, first] as const)));
/** threesome: a spare socket is passed over a pair; all orders of closing. */
const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

export const RIGHTS: readonly Regression[] = [
  alone('unix_gc twosome_nothing: a pair is closed, and there is nothing to collect', 'H.1 unix_gc', (tale) =>
    closing(pair(tale), 0, 1).does('collect').nothingLeft(),
  ),
  ...TWOSOME.map(([over, passed, first]) =>
    alone(`unix_gc twosome_drop: ${passed} over ${over}, ${first} closed first`, 'H.1 unix_gc', (tale) =>
      closing(pair(tale).does('sendmsg', pass(over, passed), 1), first, 1 - first)
        .does('collect')
        .nothingLeft(),
    ),
  ),
  ...ORDERS.map((order) =>
    alone(`unix_gc threesome_drop: a spare over a pair, closed in the order ${order.join(', ')}`, 'H.1 unix_gc', (tale) =>
      closing(pair(tale).does('socket', socket('unix'), 2).does('sendmsg', pass(0, 2), 1), ...order)
        .does('collect')
        .nothingLeft(),
    ),
  ),
  alone('unix_gc fivesome_drop: a spare over one pair, whose ends go over another', 'H.1 unix_gc', (tale) =>
    closing(
      pairs(tale)
        .does('socket', socket('unix'), 4)
        .does('sendmsg', pass(0, 4), 1)
        .does('sendmsg', pass(2, 0), 1)
        .does('sendmsg', pass(2, 1), 1),
      0,
      1,
      4,
      2,
      3,
    )
      .does('collect')
      .nothingLeft(),
  ),
  alone('unix_gc complex_cycles: each of two pairs carries both ends of the other', 'H.1 unix_gc', (tale) =>
    closing(
      pairs(tale)
        .does('sendmsg', pass(0, 2), 1)
        .does('sendmsg', pass(0, 3), 1)
        .does('sendmsg', pass(2, 0), 1)
        .does('sendmsg', pass(2, 1), 1),
      0,
      1,
      2,
      3,
    )
      .does('collect')
      .nothingLeft(),
  ),
  alone('unix_gc listen_drop: a listener is passed over a pair and dropped', 'H.1 unix_gc', (tale) =>
    closing(listener(tale, 'unix').does('socketpair', socket('unix'), 1).does('sendmsg', pass(1, 0), 1), 0, 1, 2)
      .does('collect')
      .nothingLeft(),
  ),
  alone('unix_gc listen_connect_drop: the same, with a connection that waits', 'H.1 unix_gc', (tale) =>
    closing(
      listener(tale, 'unix')
        .does('socket', socket('unix'), 1)
        .does('connect', connect(1, 0))
        .does('socketpair', socket('unix'), 2)
        .does('sendmsg', pass(2, 0), 1),
      0,
      2,
      3,
    )
      .does('collect')
      .sees(1, { disconnected: true, error: 'ECONNABORTED' }),
  ),
  alone('unix_passfd simple_send_fd: what is received leads where the other does', 'H.3 unix_passfd', (tale) =>
    pair(tale)
      .does('socket', socket('unix'), 2)
      .does('sendmsg', pass(0, 2), 1)
      .does('recvmsg', receive(1), 1)
      .sees(2, { file: 2 })
      .does('close', of(2))
      // By the new descriptor.
      .does('bind', bind(3, 0))
      .sees(2, { file: 1, inp: { bound: true } }),
  ),
  alone('unix_passfd send_and_close: the original is closed, and the passed one lives', 'H.3 unix_passfd', (tale) =>
    pair(tale)
      .does('socket', socket('unix'), 2)
      .does('sendmsg', pass(0, 2), 1)
      .does('close', of(2))
      .does('recvmsg', receive(1), 1)
      .does('bind', bind(2, 0)),
  ),
  alone('unix_passfd send_and_cancel: both ends are closed, and nobody has received', 'H.3 unix_passfd', (tale) =>
    closing(pair(tale).does('socket', socket('unix'), 2).does('sendmsg', pass(0, 2), 1), 2, 0, 1)
      .does('collect')
      .nothingLeft(),
  ),
  alone('unix_passfd send_and_shutdown: the receiver shuts its side, and the right goes', 'H.3 unix_passfd', (tale) =>
    pair(tale)
      .does('socket', socket('unix'), 2)
      .does('sendmsg', pass(0, 2), 1)
      .does('close', of(2))
      .sees(2, { file: 1 })
      .does('shutdown', shutdown(1, 'read'))
      .sees(1, { rcv: { cc: 0, ...SHUT } })
      .does('collect')
      .freed(2),
  ),
  alone('unix_passfd two_files: in their order', 'H.3 unix_passfd', (tale) =>
    pair(tale)
      .does('socket', socket('unix'), 2)
      .does('socket', socket('tcp'), 3)
      .does('sendmsg', pass(0, 2), 1)
      .does('sendmsg', pass(0, 3), 1)
      .does('recvmsg', receive(1, 3), 1)
      .sees(2, { file: 2 })
      .sees(3, { file: 1 + 1 })
      .does('recvmsg', receive(1, 3), 1),
  ),
  alone('unix_passfd bundle: a socket goes over itself, and is received', 'H.3 unix_passfd', (tale) =>
    pair(tale).does('sendmsg', pass(0, 1), 1).sees(1, { file: 2 }).does('recvmsg', receive(1), 1).sees(1, { file: 2 }),
  ),
  alone('unix_passfd bundle_cancel: a socket goes over itself, and is not', 'H.3 unix_passfd', (tale) =>
    closing(pair(tale).does('sendmsg', pass(0, 1), 1), 0, 1)
      .does('collect')
      .nothingLeft(),
  ),
  alone('unix_passfd: with no descriptor free it is given up, and its data stays', 'H.3 unix_passfd send_a_lot', (tale) =>
    pair(tale)
      .does('socket', socket('unix'), 2)
      .does('sendmsg', pass(0, 2), 1)
      .does('dup', of(2), 3)
      .does('dup', of(2), 4)
      .does('dup', of(2), 5)
      .does('dup', of(2), 6)
      .does('recvmsg', receive(1), 'EMSGSIZE')
      .sees(1, { rcv: { cc: 1 } })
      .does('recvmsg', receive(1), 1),
  ),
  alone('unix_passfd: what is no descriptor is not passed', 'H.3 unix_passfd', (tale) =>
    pair(tale)
      .does('sendmsg', pass(0, 6), 'EBADF')
      .sees(1, { rcv: { cc: 0 } }),
  ),
  alone('scm_rights self_ref: of a listener whose child carries it', 'H.6 Linux scm_rights', (tale) =>
    closing(listener(tale, 'unix').does('socket', socket('unix'), 1).does('connect', connect(1, 0)).does('sendmsg', pass(1, 0), 1), 0, 1)
      .does('collect')
      .nothingLeft(),
  ),
  alone('scm_rights triangle: each of three carries the next', 'H.6 Linux scm_rights', (tale) =>
    closing(pairs(tale).does('sendmsg', pass(0, 2), 1).does('sendmsg', pass(2, 1), 1).does('sendmsg', pass(3, 3), 1), 0, 1, 2, 3)
      .does('collect')
      .nothingLeft(),
  ),
  alone('scm_rights: a cycle with one descriptor left to it stays, until that is closed', 'H.6 Linux scm_rights cross_edge', (tale) =>
    // Each lies in the buffer of the other, and 1 is open.
    closing(pair(tale).does('sendmsg', pass(0, 0), 1).does('sendmsg', pass(1, 1), 1), 0)
      .does('collect')
      .sees(0, { connected: true })
      .does('recvmsg', receive(1), 1)
      .does('send', send(1), 1)
      .does('close', of(1))
      .does('close', of(0))
      .does('collect')
      .nothingLeft(),
  ),
  ...(['dgram', 'seqpacket'] as const).flatMap((asked) => [
    ...TWOSOME.map(([over, passed, first]) =>
      alone(`unix_gc twosome_drop, ${asked}: ${passed} over ${over}, ${first} closed first`, 'H.1 unix_gc', (tale) =>
        closing(tale.does('socketpair', socket(asked)).does('sendmsg', pass(over, passed), 1), first, 1 - first)
          .does('collect')
          .nothingLeft(),
      ),
    ),
    alone(`unix_passfd simple_send_fd, ${asked}: a descriptor comes with its record, and not with another`, 'H.3 unix_passfd', (tale) =>
      tale
        .does('socketpair', socket(asked))
        .does('socket', socket('unix'), 2)
        .does('send', send(0, 2), 2)
        .does('sendmsg', pass(0, 2), 1)
        .does('close', of(2))
        .sees(2, { file: 1 })
        .does('recvmsg', receive(1, 1), 1)
        .sees(1, { rcv: { cc: 1 } })
        .does('recvmsg', receive(1, 1), 1)
        .sees(2, { file: 1 })
        .does('close', of(2))
        .freed(2),
    ),
    alone(`unix_passfd send_and_shutdown, ${asked}: the receiver shuts its side, and the right goes`, 'H.3 unix_passfd, T18', (tale) =>
      tale
        .does('socketpair', socket(asked))
        .does('socket', socket('unix'), 2)
        .does('sendmsg', pass(0, 2), 1)
        .does('close', of(2))
        .does('shutdown', shutdown(1, 'read'))
        .does('collect')
        .freed(2),
    ),
    alone(`unix_passfd send_and_cancel, ${asked}: read without asking for it, it is gone with its record`, 'H.3 unix_passfd', (tale) =>
      tale
        .does('socketpair', socket(asked))
        .does('socket', socket('unix'), 2)
        .does('sendmsg', pass(0, 2), 1)
        .does('close', of(2))
        .does('receive', receive(1, 1), 1)
        .does('collect')
        .freed(2),
    ),
  ]),
  alone('unix_passfd, dgram: what finds no room brings no right', 'H.3 unix_passfd, D.1 send errors', (tale) =>
    tale
      .does('socketpair', socket('dgram'))
      .does('socket', socket('unix'), 2)
      .does('send', send(0, 3), 3)
      .does('sendmsg', pass(0, 2), 'ENOBUFS')
      .does('collect')
      .sees(2, { file: 1 }),
  ),
];
