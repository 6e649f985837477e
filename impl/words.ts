/** The words of the face, and the numbers that they stand for. */
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  LOCAL_CONNWAIT,
  LOCAL_CREDS,
  LOCAL_PEERCRED,
  SOL_LOCAL,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_OPT_ACCEPTCONN,
  SO_OPT_ACCEPTFILTER,
  SO_OPT_ERROR,
  SO_BROADCAST,
  SO_KEEPALIVE,
  SO_OPT_LINGER,
  SO_OPT_LISTENINCQLEN,
  SO_OPT_LISTENQLEN,
  SO_OPT_LISTENQLIMIT,
  SO_OOBINLINE,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_OPT_RCVBUF,
  SO_OPT_RCVLOWAT,
  SO_OPT_RCVTIMEO,
  SO_OPT_SNDBUF,
  SO_OPT_SNDLOWAT,
  SO_OPT_SNDTIMEO,
  SO_OPT_TYPE,
  TCP_NODELAY,
} from './layout.ts';

/** The options of `getOption` and `setOption`; all are numbers. */
export const OPTIONS = {
  /** Ticks that close waits for unsent data; negative: it does not. */
  linger: [SOL_SOCKET, SO_OPT_LINGER],
  /** The pending error, which is taken by reading it; 0 if there is none. Read only, as are all below that say nothing else, but noDelay. */
  error: [SOL_SOCKET, SO_OPT_ERROR],
  listening: [SOL_SOCKET, SO_OPT_ACCEPTCONN],
  /** 1: a peer that is silent for long is asked, and given up with ETIMEDOUT (TCP). May be set. */
  keepAlive: [SOL_SOCKET, SO_KEEPALIVE],
  /** 1: a datagram may be sent to host 15, which is everybody (UDP). May be set. */
  broadcast: [SOL_SOCKET, SO_BROADCAST],
  /** 1: bind takes a port that only connections have; one that others have who set reusePort, too. May be set, before bind. */
  reuseAddress: [SOL_SOCKET, SO_REUSEADDR],
  reusePort: [SOL_SOCKET, SO_REUSEPORT],
  /** 1: the urgent byte stays among the others. May be set. */
  urgentInline: [SOL_SOCKET, SO_OOBINLINE],
  /** Of a listener: 0 none, 1 'dataready', 2 'httpready'; a connection can be accepted when the filter lets it pass. May be set. */
  acceptFilter: [SOL_SOCKET, SO_OPT_ACCEPTFILTER],
  type: [SOL_SOCKET, SO_OPT_TYPE],
  /** Bytes; may be set, as all that begin with send or receive, up to the larger of the kernel's sendSpace and recvSpace. */
  sendBuffer: [SOL_SOCKET, SO_OPT_SNDBUF],
  receiveBuffer: [SOL_SOCKET, SO_OPT_RCVBUF],
  /** Room, or data, without which a call waits. */
  sendLowWater: [SOL_SOCKET, SO_OPT_SNDLOWAT],
  receiveLowWater: [SOL_SOCKET, SO_OPT_RCVLOWAT],
  /** Ticks after which a send or receive that waits throws EAGAIN; 0 for ever. */
  sendTimeout: [SOL_SOCKET, SO_OPT_SNDTIMEO],
  receiveTimeout: [SOL_SOCKET, SO_OPT_RCVTIMEO],
  /** Of a listener: its backlog, connections that wait, and connections on their way. */
  backlog: [SOL_SOCKET, SO_OPT_LISTENQLIMIT],
  waiting: [SOL_SOCKET, SO_OPT_LISTENQLEN],
  incomplete: [SOL_SOCKET, SO_OPT_LISTENINCQLEN],
  noDelay: [IPPROTO_TCP, TCP_NODELAY],
  /** 1: a socket of IPv6 takes IPv6 alone; 0: bound to host 0 it takes IPv4 as well. May be set, before bind. */
  v6Only: [IPPROTO_IPV6, IPV6_V6ONLY],
  /** The `user` of who connected, or listened, at the other end of a UNIX connection. Read only. */
  peerUser: [SOL_LOCAL, LOCAL_PEERCRED],
  /** 1: a connect to a UNIX name is done when the other end was accepted, not before. May be set. */
  connectWait: [SOL_LOCAL, LOCAL_CONNWAIT],
  /**
   * 1: `recvMessage` is told the `user` of who sent what it receives (UNIX): on a datagram socket every time, on any other once, with what is
   * sent next, and then this is 0 again. Who is accepted has it of the listener. May be set.
   */
  credentials: [SOL_LOCAL, LOCAL_CREDS],
} as const;
export type OptionName = keyof typeof OPTIONS;

export const DIRECTIONS = { read: SHUT_RD, write: SHUT_WR, both: SHUT_RDWR } as const;
export const DOMAINS = { unix: AF_UNIX, inet: AF_INET, inet6: AF_INET6 } as const;
export const TYPES = { stream: SOCK_STREAM, dgram: SOCK_DGRAM, raw: SOCK_RAW, seqpacket: SOCK_SEQPACKET } as const;

/** What is no whole number of 32 bits names nothing: below the face it becomes -1, which every call refuses with its own errno. */
export function whole(value: number): number {
  return (value | 0) === value ? value : -1;
}

/** A credential is kept as one more, so that 0 is nobody's. */
const MOST_USER = 2 ** 31 - 2;

/** Whose thread it is, if it is a number that can be kept. */
export function userOf(user: number): number {
  if (whole(user) >= 0 && user <= MOST_USER) return user;
  throw new RangeError(`attach: the user is a whole number from 0 to ${MOST_USER}, and not ${user}`);
}

/** The number of a word of the API; a TypeError that lists the words for any other. */
export function named<Words extends Readonly<Record<string, unknown>>, Word extends keyof Words>(
  words: Words,
  word: Word,
  what: string,
): Words[Word] {
  if (!Object.hasOwn(words, word)) throw new TypeError(`there is no ${what} '${String(word)}'; there are ${Object.keys(words).join(', ')}`);
  return words[word];
}
