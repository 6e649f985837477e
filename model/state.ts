/**
 * The state: every field that a rule reads or writes, under the name that BSD has for it in the comment. What a thread holds
 * on to across a sleep is in its record, not hidden in a local variable, so that invariants can count references.
 */
import type { DesignName } from './designs.ts';
import { type Id, type Nat, range, type Seq, type Table } from './lang.ts';
// biome-ignore format: a list of names
import {
  type AMOUNT, type BACKLOG, type BUFFER, type CHILDREN, FDS, type FILE_REFERENCES, HANDLES, type NAMES, PCBS,
  type REFERENCES, type RESULT, SOCKETS, THREADS,
} from './limits.ts';

export type SocketId = Id<'socket', typeof SOCKETS>;
export type PcbId = Id<'pcb', typeof PCBS>;
export type Fd = Id<'fd', typeof FDS>;
export type ThreadId = Id<'thread', typeof THREADS>;
/** The one actor outside: the network and the timers. */
export type Wire = Id<'wire', 1>;
export type Handle = Id<'handle', typeof HANDLES>;
export type Name = Id<'name', typeof NAMES>;
export type Amount = Nat<typeof AMOUNT>;
export type Backlog = Nat<typeof BACKLOG>;

export type Protocol = 'none' | 'unix' | 'udp' | 'tcp';

/** so_error, and what a call returns. */
// biome-ignore format: a list of names
export type Errno =
  | 'none' | 'EADDRINUSE' | 'EALREADY' | 'EBADF' | 'ECONNABORTED' | 'ECONNREFUSED' | 'ECONNRESET'
  | 'EDESTADDRREQ' | 'EFAULT' | 'EINPROGRESS' | 'EINTR' | 'EINVAL' | 'EISCONN' | 'EMFILE'
  | 'EMSGSIZE' | 'ENOBUFS' | 'ENOENT' | 'ENOPROTOOPT' | 'ENOTCONN' | 'EOPNOTSUPP' | 'EPIPE'
  | 'EPROTONOSUPPORT' | 'EPROTOTYPE' | 'ETIMEDOUT' | 'EWOULDBLOCK';

/** One socket buffer, reduced to how much it holds. */
export interface SocketBuffer {
  /** sb_cc, in units; UDP counts datagrams. */
  cc: Nat<typeof BUFFER>;
  /** SBS_CANTRCVMORE or SBS_CANTSENDMORE. */
  cantMore: boolean;
  /** History only: `cantMore` was true once. */
  everCantMore: boolean;
}

export interface Socket {
  /** so_proto; 'none' is a free slot. */
  protocol: Protocol;
  /** so_count: the descriptor's owner (one, while NOFDREF is clear) and everyone who called soref. */
  count: Nat<typeof REFERENCES>;
  /** f_count of the file that refers to this socket: its descriptors, and the calls that run on it. */
  file: Nat<typeof FILE_REFERENCES>;
  /** so_pcb. */
  pcb: PcbId | null;
  /** SS_NOFDREF. */
  noFdRef: boolean;
  /** SS_PROTOREF. */
  protoRef: boolean;
  /** SS_ISCONNECTED, SS_ISCONNECTING, SS_ISDISCONNECTING, SS_ISDISCONNECTED. */
  connected: boolean;
  connecting: boolean;
  disconnecting: boolean;
  disconnected: boolean;
  /** SS_NBIO. */
  nonBlocking: boolean;
  /** SO_ACCEPTCONN. */
  acceptConn: boolean;
  /** SO_LINGER: off; on with time 0 (reset); on with time to wait. */
  linger: 'off' | 'reset' | 'wait';
  /** so_qstate. */
  queue: 'none' | 'incomplete' | 'complete';
  /** so_head. */
  head: SocketId | null;
  /** so_qlimit. */
  limit: Backlog;
  /** so_incomp and so_comp; their lengths are so_incqlen and so_qlen. */
  incomplete: Seq<SocketId, typeof CHILDREN>;
  complete: Seq<SocketId, typeof CHILDREN>;
  /** so_error. */
  error: Errno;
  rcv: SocketBuffer;
  snd: SocketBuffer;
  /** The sx lock of so_snd (sblock) is held. */
  sending: boolean;
}

/** t_state; the passive handshake happens in the syncache, before there is a pcb. */
// biome-ignore format: a list of names
export type TcpState =
  | 'CLOSED' | 'LISTEN' | 'SYN_SENT' | 'ESTABLISHED' | 'CLOSE_WAIT'
  | 'FIN_WAIT_1' | 'CLOSING' | 'LAST_ACK' | 'FIN_WAIT_2' | 'TIME_WAIT';

/** A protocol control block: unpcb, or inpcb with its tcpcb. */
export interface Pcb {
  /** Whose; 'none' is a free one. */
  protocol: Protocol;
  /** unp_socket, inp_socket. */
  socket: SocketId | null;
  /** Has an address: a name somebody asked for, or (null) a port of the system's choice. */
  bound: boolean;
  name: Name | null;
  /** UNIX: unp_conn. */
  peer: PcbId | null;
  /** UNIX: unp_cc, how much of my receive buffer the sender has been charged for. */
  charged: Nat<typeof BUFFER>;
  /** UDP, TCP: has a foreign address. */
  foreign: boolean;
  /** TCP: t_state, INP_DROPPED, INP_TIMEWAIT, INP_SOCKREF, TF_NEEDFIN, TF_NODELAY, and whether the 2MSL timer runs. */
  state: TcpState;
  dropped: boolean;
  timeWait: boolean;
  sockRef: boolean;
  needFin: boolean;
  noDelay: boolean;
  msl: boolean;
}

export interface Thread {
  /** The socket whose file the running call holds (getsock). */
  file: SocketId | null;
  /** The socket that this thread closes: it dropped the last file reference and runs soclose. */
  closing: SocketId | null;
  /** The file that is given back when that close is done: an accept had its listener still when its child was gone. */
  after: SocketId | null;
  /** soclose's result is the result of the call (close), not discarded (the last drop at the end of another call). */
  reportsClose: boolean;
  /** A socket in this thread's hand, and why. */
  child: SocketId | null;
  hand: 'empty' | 'made' | 'published' | 'accepted' | 'unlinked';
  /** The listener for which the child in hand was made. */
  target: SocketId | null;
  /** The descriptor that accept has reserved. */
  reserved: Fd | null;
  /** soclose has told the protocol (pru_close), and goes on with the queues. */
  told: boolean;
  /** The thread holds the sx lock of its socket's send buffer. */
  sends: boolean;
  /** A send: what has gone, what has not, and how much of that the copyin under way is for. */
  sent: Amount;
  left: Amount;
  chunk: Amount;
  /** Sleeps, or how its sleep was cut short. */
  sleep: 'awake' | 'asleep' | 'signal' | 'timeout';
  /** The result of its last call: errno; number on success; what SO_ERROR answered. */
  errno: Errno;
  value: Nat<typeof RESULT>;
  answer: Errno;
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
  /** The descriptor table; it leads straight to the socket, whose `file` counts. */
  fds: Table<SocketId | null, typeof FDS>;
  /** Kernel consumers: what fgetsock handed out. */
  handles: Table<SocketId | null, typeof HANDLES>;
  threads: Table<Thread, typeof THREADS>;
  /** The UNIX link lock is held across a pause by a connect. */
  link: boolean;
  /** The first assertion of the code that failed. */
  panic: Panic;
}

export const sockets = range<SocketId>(SOCKETS);
export const pcbs = range<PcbId>(PCBS);
export const descriptors = range<Fd>(FDS);
export const threads = range<ThreadId>(THREADS);
export const handles = range<Handle>(HANDLES);

/** A free slot of the socket table. */
export function freeSocket(): Socket {
  // biome-ignore format: the zero of every field
  return {
    protocol: 'none', count: 0, file: 0, pcb: null, noFdRef: false, protoRef: false, connected: false, connecting: false,
    disconnecting: false, disconnected: false, nonBlocking: false, acceptConn: false, linger: 'off', queue: 'none', head: null,
    limit: 0, incomplete: [], complete: [], error: 'none', rcv: { cc: 0, cantMore: false, everCantMore: false },
    snd: { cc: 0, cantMore: false, everCantMore: false }, sending: false,
  };
}

/** A free pcb. */
export function freePcb(): Pcb {
  // biome-ignore format: the zero of every field
  return {
    protocol: 'none', socket: null, bound: false, name: null, peer: null, charged: 0, foreign: false, state: 'CLOSED',
    dropped: false, timeWait: false, sockRef: false, needFin: false, noDelay: false, msl: false,
  };
}

function idleThread(): Thread {
  // biome-ignore format: the zero of every field
  return {
    file: null, closing: null, after: null, reportsClose: false, child: null, hand: 'empty', target: null, reserved: null,
    told: false, sends: false, sent: 0, left: 0, chunk: 0, sleep: 'awake', errno: 'none', value: 0, answer: 'none',
  };
}

/** Nothing is open, nobody runs. */
export function initial(configuration: { readonly design: DesignName }): State {
  return {
    design: configuration.design,
    sockets: sockets.map(freeSocket),
    pcbs: pcbs.map(freePcb),
    fds: descriptors.map(() => null),
    handles: handles.map(() => null),
    threads: threads.map(idleThread),
    link: false,
    panic: 'none',
  };
}
