/**
 * *Answers*: what each call can fail with, by the reference's table (J.4) and, where that names no errno but "what the protocol says",
 * by the tables of the protocols (D.1 to D.4). A run says which of them no program met, and why that is so where it can't be otherwise.
 */
import type { Vacuous } from '../verdict.ts';

/** By call, in the order in which they are looked for. */
export const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  socket: ['EMFILE', 'ENFILE', 'EPROTONOSUPPORT', 'EPROTOTYPE', 'ENOBUFS', 'EPERM'],
  socketpair: ['EPROTONOSUPPORT', 'EPROTOTYPE', 'ENOBUFS', 'EMFILE', 'ENFILE', 'EOPNOTSUPP'],
  bind: ['EBADF', 'EINVAL', 'EALREADY', 'EADDRINUSE', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'],
  unlink: ['ENOENT'],
  listen: ['EBADF', 'EINVAL', 'EOPNOTSUPP'],
  connect: [
    ...['EBADF', 'EALREADY', 'EOPNOTSUPP', 'EISCONN', 'EINVAL', 'ENOENT', 'EPROTOTYPE', 'EADDRINUSE', 'EADDRNOTAVAIL', 'EINPROGRESS'],
    ...['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EINTR'],
  ],
  accept: ['EBADF', 'ENOTSOCK', 'EINVAL', 'EMFILE', 'ENFILE', 'EWOULDBLOCK', 'EINTR', 'ECONNABORTED'],
  send: [
    ...['EBADF', 'EINVAL', 'EWOULDBLOCK', 'EINTR', 'EPIPE', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'ENOTCONN', 'EDESTADDRREQ'],
    ...['EMSGSIZE', 'EFAULT', 'ENOBUFS', 'EISCONN', 'EOPNOTSUPP', 'ENOENT', 'EPROTOTYPE', 'EHOSTUNREACH'],
  ],
  broadcast: ['EBADF', 'EPIPE', 'ECONNREFUSED', 'EISCONN', 'EACCES'],
  receive: [
    ...['EBADF', 'ECONNABORTED', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', 'EMSGSIZE', 'ENOTCONN', 'EWOULDBLOCK', 'EINTR'],
    'EFAULT',
  ],
  shutdown: ['EBADF', 'EINVAL', 'ECONNRESET'],
  close: ['EBADF', 'EINTR', 'EWOULDBLOCK'],
  disconnect: ['EBADF', 'ENOTCONN', 'EALREADY'],
  getpeername: ['EBADF', 'ENOTCONN'],
  setsockopt: ['EBADF', 'EFAULT', 'ENOPROTOOPT', 'ECONNRESET'],
  getsockopt: ['EBADF', 'ENOPROTOOPT', 'ECONNRESET'],
};

const SLEEP = 'needs a sleep that ends by itself: the thread of a run cannot sleep; explore has it';
const FILES = 'a run has as many files as descriptors, which run out first; test/impl/exhaustion.test.ts';
const NAMES = 'a name is looked up in one step, without the window in which another bind would be told so [D.1]';
const ADDRESSES = 'programs name none but the two hosts; test/impl';
const MEMORY = 'the specification has no mbufs, and no addresses of users but those of options; test/impl';

/** Answers that no run can give, each with the reason. One that is given all the same fails a test. */
export const UNANSWERED: Readonly<Record<string, string>> = {
  'socket ENFILE': FILES,
  'socketpair ENFILE': FILES,
  'accept ENFILE': FILES,
  'bind EALREADY': NAMES,
  'bind EAFNOSUPPORT': ADDRESSES,
  'connect EADDRNOTAVAIL': ADDRESSES,
  'connect EADDRINUSE':
    'the specification does not say who a peer is, and programs give no two sockets that share a port the same; test/impl',
  'connect ECONNRESET': SLEEP,
  'connect ETIMEDOUT': SLEEP,
  'accept ENOTSOCK': 'every descriptor of a program leads to a socket',
  'send EINVAL': 'no call of a program has flags, or a length below 0; test/impl',
  'send ETIMEDOUT': 'the send side has ended when the error is set, and EPIPE comes first [C.5 steps 3, 4]',
  'send EFAULT': MEMORY,
  'receive EFAULT': MEMORY,
  'close EWOULDBLOCK': SLEEP,
};

/** What no program was answered. */
export function unanswered(seen: ReadonlySet<string>): readonly Vacuous[] {
  return all()
    .filter((answer) => !seen.has(answer))
    .map((id) => ({ kind: 'answer', id, reason: UNANSWERED[id] ?? 'not met by these programs; more of them may' }));
}

/** "accept EWOULDBLOCK", for each. */
export function all(): readonly string[] {
  return Object.entries(ANSWERS).flatMap(([call, errnos]) => errnos.map((errno) => `${call} ${errno}`));
}
