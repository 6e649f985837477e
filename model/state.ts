/**
 * The state: every field that a rule reads or writes, under the name that BSD has for it in the comment. What a thread holds
 * on to across a sleep is in its record, not hidden in a local variable, so that invariants can count references.
 */
import type { DesignName } from './designs.ts';
import { type Id, type Nat, range, type Seq, type Table } from './lang.ts';
// biome-ignore format: a list of names
import {
  type AMOUNT, type BACKLOG, type BUFFER, type CHILDREN, FDS, type FILE_REFERENCES, HANDLES, KNOTES, type NAMES, PCBS,
  type REFERENCES, type RESULT, RIGHTS, SOCKETS, THREADS,
} from './limits.ts';

export type SocketId = Id<'socket', typeof SOCKETS>;
export type PcbId = Id<'pcb', typeof PCBS>;
export type Fd = Id<'fd', typeof FDS>;
export type ThreadId = Id<'thread', typeof THREADS>;
/** The one actor outside: the network and the timers. */
export type Wire = Id<'wire', 1>;
export type Collector = Id<'collector', 1>;
export type Handle = Id<'handle', typeof HANDLES>;
export type KnoteId = Id<'knote', typeof KNOTES>;
export type RightId = Id<'right', typeof RIGHTS>;
export type Name = Id<'name', typeof NAMES>;
export type Amount = Nat<typeof AMOUNT>;
export type Backlog = Nat<typeof BACKLOG>;
export type Result = Nat<typeof RESULT>;
/** Of the UNIX domain: streams ('unix'), datagrams and sequenced packets. */
export type Protocol = 'none' | 'unix' | 'udp' | 'tcp' | 'dgram' | 'seqpacket' | 'raw';

/** so_error, and what a call returns. */
// biome-ignore format: a list of names
export type Errno =
  | 'none' | 'EACCES' | 'EADDRINUSE' | 'EADDRNOTAVAIL' | 'EALREADY' | 'EBADF' | 'ECONNABORTED' | 'ECONNREFUSED' | 'ECONNRESET'
  | 'EDESTADDRREQ' | 'EFAULT' | 'EHOSTUNREACH' | 'EINPROGRESS' | 'EINTR' | 'EINVAL' | 'EISCONN' | 'EMFILE'
  | 'EMSGSIZE' | 'ENOBUFS' | 'ENOENT' | 'ENOMEM' | 'ENOPROTOOPT' | 'ENOTCONN' | 'EOPNOTSUPP' | 'EPIPE'
  | 'EPERM' | 'EPROTONOSUPPORT' | 'EPROTOTYPE' | 'ETIMEDOUT' | 'EWOULDBLOCK';

/** One socket buffer, reduced to how much it holds. */
export interface SocketBuffer {
  cc: Nat<typeof BUFFER>; // sb_cc, in units; UDP and raw IP count datagrams
  cantMore: boolean; // SBS_CANTRCVMORE or SBS_CANTSENDMORE
  everCantMore: boolean; // history only: `cantMore` was true once
}

export interface Socket {
  protocol: Protocol; // so_proto; 'none' is a free slot
  count: Nat<typeof REFERENCES>; // so_count: the descriptor's owner (one, while NOFDREF is clear) and everyone who called soref
  file: Nat<typeof FILE_REFERENCES>; // f_count of the file that refers to this socket: its descriptors, the calls that run on it, its rights in flight, the collector
  pcb: PcbId | null; // so_pcb
  noFdRef: boolean; // SS_NOFDREF
  protoRef: boolean; // SS_PROTOREF
  connected: boolean; // SS_ISCONNECTED
  connecting: boolean; // SS_ISCONNECTING
  disconnecting: boolean; // SS_ISDISCONNECTING
  disconnected: boolean; // SS_ISDISCONNECTED
  nonBlocking: boolean; // SS_NBIO
  acceptConn: boolean; // SO_ACCEPTCONN
  filter: 'no' | 'set' | 'asks'; // so_accf of a listener, and the SO_ACCEPTFILTER that a child has of it; SB_UPCALL of one that is kept back
  everFiltered: boolean; // history only: it has had a filter
  keepAlive: boolean; // SO_KEEPALIVE
  broadcast: boolean; // SO_BROADCAST
  reuseAddress: boolean; // SO_REUSEADDR
  reusePort: boolean; // SO_REUSEPORT
  linger: 'off' | 'reset' | 'wait'; // SO_LINGER: off; on with time 0 (reset); on with time to wait
  queue: 'none' | 'incomplete' | 'complete'; // so_qstate
  head: SocketId | null; // so_head
  limit: Backlog; // so_qlimit
  incomplete: Seq<SocketId, typeof CHILDREN>; // so_incomp, whose length is so_incqlen
  complete: Seq<SocketId, typeof CHILDREN>; // so_comp, whose length is so_qlen
  error: Errno; // so_error
  rcv: SocketBuffer; // so_rcv
  records: Seq<Nat<typeof BUFFER>, typeof BUFFER>; // UNIX datagrams, sequenced packets: the length of each record in so_rcv
  snd: SocketBuffer; // so_snd
  mark: Nat<typeof BUFFER>; // so_oobmark: what is to be read before the urgent byte's place; 0 if none, or
  atMark: boolean; // SBS_RCVATMARK: if it was just reached
  sending: boolean; // the sx lock of so_snd (sblock) is held
  receiving: boolean; // the sx lock of so_rcv is held across a pause, by a reader to whom a right comes
  garbage: 'no' | 'found' | 'swept'; // unp_gcflag: the collector saw that nobody can reach it and holds its file; or has thrown away what it had
  reaped: boolean; // the collector dropped the last reference to its file, and somebody is to close it
  reached: boolean; // set and cleared within a step of the collector,
  grey: boolean; // as this
}

/** t_state; the passive handshake happens in the syncache, before there is a pcb: SYN_RECEIVED is that of a simultaneous open. */
// biome-ignore format: a list of names
export type TcpState =
  | 'CLOSED' | 'LISTEN' | 'SYN_SENT' | 'SYN_RECEIVED' | 'ESTABLISHED' | 'CLOSE_WAIT'
  | 'FIN_WAIT_1' | 'CLOSING' | 'LAST_ACK' | 'FIN_WAIT_2' | 'TIME_WAIT';

/** An event registered in the kqueue, of which there is one, that no descriptor leads to. */
export interface Knote {
  fd: Fd | null; // kn_fd; null is a free one
  write: boolean; // kn_filter: EVFILT_WRITE, else EVFILT_READ
  once: boolean; // EV_ONESHOT
  disabled: boolean; // EV_DISABLE
}

/**
 * inp_vflag, what an Internet pcb takes: INP_IPV4 of a socket of IPv4; and of one of IPv6 (INP_IPV6PROTO) INP_IPV6, both, or INP_IPV4 alone,
 * whose addresses are v4-mapped. Unbound, INP_IPV6 alone is IPV6_V6ONLY.
 */
export type Families = 'v4' | 'v6' | 'both' | 'mapped';

/** What a poll asks for; it is told the end of both directions in any case. */
export type Wanted = 'hangup' | 'in' | 'out' | 'both' | 'urgent';

/** A protocol control block: unpcb, or inpcb with its tcpcb. */
export interface Pcb {
  protocol: Protocol; // whose; 'none' is a free one
  socket: SocketId | null; // unp_socket, inp_socket
  bound: boolean; // has an address:
  name: Name | null; // a name somebody asked for, or (null) a port of the system's choice
  shared: boolean; // history only: somebody had the name when this one got it
  peer: PcbId | null; // UNIX: unp_conn; unp_refs of a datagram socket are those who have it here
  connWait: boolean; // UNP_CONNWAIT
  charged: Nat<typeof BUFFER>; // UNIX, but datagrams: unp_cc, how much of my receive buffer the sender has been charged for
  foreign: boolean; // UDP, TCP, raw IP: has a foreign address
  vflag: Families; // of the same: inp_vflag
  state: TcpState; // TCP, as all that follow: t_state
  dropped: boolean; // INP_DROPPED
  timeWait: boolean; // INP_TIMEWAIT
  sockRef: boolean; // INP_SOCKREF
  needFin: boolean; // TF_NEEDFIN
  noDelay: boolean; // TF_NODELAY
  msl: boolean; // the 2MSL timer runs
  soft: 'none' | 'ECONNREFUSED' | 'EHOSTUNREACH'; // t_softerror: what the net has said since the peer was last heard
  oob: 'none' | 'here' | 'taken'; // t_oobflags: the urgent byte has come, and has been taken
}

/** A file in flight: a descriptor that was sent (SCM_RIGHTS) and is no descriptor yet. */
export interface Right {
  file: SocketId | null; // the socket whose file it refers to; null is a free slot
  place: 'none' | 'hand' | 'buffer' | 'deferred'; // in a thread's hand, in a control mbuf, or on unp_defers: given up
  holder: SocketId | null; // the socket in whose so_rcv it is,
  before: Nat<typeof BUFFER>; // behind so many units; in a buffer of records, behind so many of these
}

export interface Thread {
  file: SocketId | null; // the socket whose file the running call holds (getsock)
  closing: SocketId | null; // the socket that this thread closes: it dropped the last file reference and runs soclose
  after: SocketId | null; // the file given back when that close is done: an accept had its listener still when its child was gone
  reportsClose: boolean; // soclose's result is that of the call (close), not discarded (the last drop at the end of another call)
  child: SocketId | null; // a socket in this thread's hand,
  hand: 'empty' | 'made' | 'published' | 'accepted' | 'unlinked' | 'paired'; // and why
  twin: SocketId | null; // the other socket of a pair in hand
  target: SocketId | null; // the listener for which the child in hand was made
  reserved: Fd | null; // the descriptor that accept, socket or socketpair has reserved
  told: boolean; // soclose has told the protocol (pru_close), and goes on with the queues
  drained: boolean; // and has taken every child off them
  sends: boolean; // the thread holds the sx lock of its socket's send buffer
  passes: boolean; // it sends one unit and a descriptor, on a UNIX socket
  receives: boolean; // it receives a right, and has it in hand; or no more, on all but a datagram socket, where it holds the sx lock of the receive buffer
  right: RightId | null; // a right in this thread's hand: on its way into a buffer, or out of one
  sent: Amount; // a send: what has gone,
  left: Amount; // what has not,
  chunk: Amount; // and how much of that the copyin under way is for
  sleep: 'awake' | 'asleep' | 'signal' | 'timeout'; // sleeps, or how its sleep was cut short
  polled: Fd | null; // sleeps in a poll of this descriptor
  wanted: Wanted; // and asks for this
  awaits: boolean; // sleeps in kevent
  errno: Errno; // the result of its last call: errno;
  value: Result; // number on success;
  answer: Errno; // what SO_ERROR answered
}

export type Panic =
  | 'none'
  | 'null-pcb' // so_pcb, or a pcb that is gone, was dereferenced [G01]
  | 'soclose' // SS_NOFDREF set on entry [E1.09]
  | 'soaccept' // SS_NOFDREF clear [E1.17]
  | 'soabort' // referenced, PROTOREF or NOFDREF clear [E1.13-15]
  | 'sodealloc' // so_count or so_pcb not zero [E1.01-02]
  | 'sofree-listener' // freed with children queued [E1.07-08]
  | 'tcp-detach' // detached in the middle of a connection [D.2 detach, last case]
  | 'sorele'; // so_count is 0 already [E1.22]

export interface State {
  readonly design: DesignName;
  sockets: Table<Socket, typeof SOCKETS>;
  pcbs: Table<Pcb, typeof PCBS>;
  fds: Table<SocketId | null, typeof FDS>; // the descriptor table; it leads straight to the socket, whose `file` counts
  handles: Table<SocketId | null, typeof HANDLES>; // kernel consumers: what fgetsock handed out
  knotes: Table<Knote, typeof KNOTES>; // kq_notes
  threads: Table<Thread, typeof THREADS>;
  rights: Table<Right, typeof RIGHTS>;
  link: boolean; // the UNIX link lock is held across a pause by a connect
  panic: Panic; // the first assertion of the code that failed
}

export const sockets = range<SocketId>(SOCKETS);
export const pcbs = range<PcbId>(PCBS);
export const descriptors = range<Fd>(FDS);
export const threads = range<ThreadId>(THREADS);
export const rights = range<RightId>(RIGHTS);
export const handles = range<Handle>(HANDLES);
export const knotes = range<KnoteId>(KNOTES);

/** A free slot of the socket table. */
export function freeSocket(): Socket {
  // biome-ignore format: the zero of every field
  return {
    protocol: 'none', count: 0, file: 0, pcb: null, noFdRef: false, protoRef: false, connected: false, connecting: false,
    disconnecting: false, disconnected: false, nonBlocking: false, acceptConn: false, filter: 'no', everFiltered: false, keepAlive: false, broadcast: false,
    reuseAddress: false, reusePort: false, linger: 'off', queue: 'none', head: null,
    limit: 0, incomplete: [], complete: [], error: 'none', rcv: { cc: 0, cantMore: false, everCantMore: false }, records: [],
    snd: { cc: 0, cantMore: false, everCantMore: false }, mark: 0, atMark: false, sending: false, receiving: false, garbage: 'no', reaped: false, reached: false, grey: false,
  };
}

/** A free pcb. */
export function freePcb(): Pcb {
  // biome-ignore format: the zero of every field
  return {
    protocol: 'none', socket: null, bound: false, name: null, shared: false, peer: null, connWait: false, charged: 0, foreign: false, vflag: 'v4', state: 'CLOSED',
    dropped: false, timeWait: false, sockRef: false, needFin: false, noDelay: false, msl: false, soft: 'none', oob: 'none',
  };
}

/** A free place for an event. */
export function freeKnote(): Knote {
  return { fd: null, write: false, once: false, disabled: false };
}

/** A free slot for a right. */
export function noRight(): Right {
  return { file: null, place: 'none', holder: null, before: 0 };
}

function idleThread(): Thread {
  // biome-ignore format: the zero of every field
  return {
    file: null, closing: null, after: null, reportsClose: false, child: null, hand: 'empty', twin: null, target: null, reserved: null,
    told: false, drained: false, sends: false, passes: false, receives: false, right: null, sent: 0, left: 0, chunk: 0, sleep: 'awake', polled: null, wanted: 'hangup', awaits: false, errno: 'none', value: 0,
    answer: 'none',
  };
}

/** Nothing is open, nobody runs. */
export function initial({ design }: { readonly design: DesignName }): State {
  // biome-ignore format: a list of tables
  return {
    design, sockets: sockets.map(freeSocket), pcbs: pcbs.map(freePcb), fds: descriptors.map(() => null),
    handles: handles.map(() => null), knotes: knotes.map(freeKnote), threads: threads.map(idleThread), rights: rights.map(noRight), link: false, panic: 'none',
  };
}

/** The pcb of a socket that has one. */
export function sotopcb(s: State, socket: Socket): Pcb {
  return s.pcbs[socket.pcb as PcbId];
}

/** The socket of a pcb that has one. */
export function socketOf(s: State, inp: Pcb): Socket {
  return s.sockets[inp.socket as SocketId];
}

/** The protocol is one of the UNIX domain, whose sockets share their names and the link lock. */
export function isLocal(protocol: Protocol): boolean {
  return protocol === 'unix' || protocol === 'dgram' || protocol === 'seqpacket';
}

/** Of these, the ones whose sockets are connected to each other. */
export function pairs(protocol: Protocol): boolean {
  return protocol === 'unix' || protocol === 'seqpacket';
}

/** The Internet's datagrams: each is sent and received as a whole, with an address, and needs no connection (PR_ATOMIC, PR_ADDR). One is a unit. */
export function isInetDatagram(protocol: Protocol): boolean {
  return protocol === 'udp' || protocol === 'raw';
}

/** These, and those of the UNIX domain. */
export function isDatagram(protocol: Protocol): boolean {
  return isInetDatagram(protocol) || protocol === 'dgram';
}

/** Of the UNIX domain: what is received in one call was sent in one, and what of it is not wanted is lost. */
export function keepsRecords(protocol: Protocol): boolean {
  return protocol === 'dgram' || protocol === 'seqpacket';
}
