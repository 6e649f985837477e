/** What a failed call throws: an Error in the manner of Node's, with a code, a number and the name of the call. */

import * as errno from './errno.ts';

const CODES: ReadonlyMap<number, string> = new Map(Object.entries(errno).map(([code, number]) => [number, code]));

/** In the order of errno.ts. EWOULDBLOCK is called EAGAIN, as in Node: the numbers are the same. */
const TEXTS: Readonly<Record<string, string>> = {
  EPERM: 'only a privileged thread may have a raw socket',
  ENOENT: 'no socket has this name',
  EINTR: 'interrupted, or this thread may not block',
  EBADF: 'no such descriptor',
  EACCES: 'a datagram for everybody needs the option broadcast',
  EFAULT: 'a buffer lies outside user memory',
  EINVAL: 'invalid argument, or not in this state of the socket',
  ENFILE: 'all files are in use; make the kernel with more descriptors',
  EMFILE: 'all descriptors are in use; close some, or make the kernel with more',
  EPIPE: 'this socket can send no more',
  EAGAIN: 'would block, or the time is up',
  EINPROGRESS: 'the connection is being made',
  EALREADY: 'the connection is already being made, or ended',
  EDESTADDRREQ: 'no address given and none connected to',
  EMSGSIZE: 'the datagram is larger than the send buffer',
  EPROTOTYPE: 'the protocol has no sockets of this type, or the sockets are of different protocols',
  ENOPROTOOPT: 'this socket has no such option',
  EPROTONOSUPPORT: 'no such protocol',
  EOPNOTSUPP: 'this socket has no such operation',
  EADDRINUSE: 'the name or port is taken',
  EADDRNOTAVAIL: 'no such address, or no port left',
  ECONNABORTED: 'the connection was aborted before it was accepted',
  ECONNRESET: 'the peer, or the protocol, has ended the connection',
  ENOBUFS: 'out of sockets, buffers or wire, or too much on loan; make the kernel with more, or give back',
  EISCONN: 'already connected',
  ENOTCONN: 'not connected',
  ETIMEDOUT: 'the peer does not answer',
  ECONNREFUSED: 'nobody listens there',
  EHOSTUNREACH: 'there is no way to that host',
};

export class SocketError extends Error {
  /** The name of the errno, such as 'ECONNRESET'. */
  readonly code: string;
  /** The errno, negative as in Node; the numbers are FreeBSD's. */
  readonly errno: number;
  /** The call that failed. */
  readonly syscall: string;
  /** Of a send: how many bytes had been taken before. */
  readonly sent: number;

  constructor(syscall: string, number: number, sent = 0) {
    const name = CODES.get(number) ?? `error ${number}`;
    const code = name === 'EWOULDBLOCK' ? 'EAGAIN' : name;
    super(`${syscall} ${code}: ${TEXTS[code] ?? 'unknown error'}`);
    this.name = 'SocketError';
    this.code = code;
    this.errno = -number;
    this.syscall = syscall;
    this.sent = sent;
  }
}
