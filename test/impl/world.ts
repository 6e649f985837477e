/**
 * A *world* for tests of the calls: a kernel with WITNESS and all assertions on, one thread that can't sleep, and short names for calls
 * and for what there is to see. Calls return what the kernel returns: a result, or an errno negated.
 */
import type { KernelOptions } from '../../impl/config.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  bufferOf,
  copyBytesIn,
  copyBytesOut,
  descriptor,
  F_REFERENCES,
  f_count,
  f_data,
  file_zone,
  fixed,
  h_fail,
  h_user,
  inp_zone,
  inUse,
  type Kernel,
  mbuf_zone,
  NO_ADDRESS,
  numopensockets,
  queue,
  rawKernel,
  records,
  SBS_CANTRCVMORE,
  SBS_CANTSENDMORE,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_OPT_ERROR,
  SS_ISCONNECTED,
  SS_ISCONNECTING,
  SS_ISDISCONNECTED,
  SS_ISDISCONNECTING,
  SS_NOFDREF,
  sb_cc,
  sb_state,
  so_comp_first,
  so_count,
  so_error,
  so_incomp_first,
  so_incqlen,
  so_qlen,
  so_rcv,
  so_snd,
  so_state,
  socket_zone,
  store,
  sys_accept,
  sys_bind,
  sys_close,
  sys_connect,
  sys_connect2,
  sys_disconnect,
  sys_dup,
  sys_fgetsock,
  sys_fputsock,
  sys_getsockopt,
  sys_listen,
  sys_recvfrom,
  sys_sendto,
  sys_setnbio,
  sys_setsockopt,
  sys_shutdown,
  sys_socket,
  sys_socketpair,
  sys_tick,
  sys_unlink,
  td_retval1,
  unp_zone,
  wire_deliver,
  word,
  wseg_zone,
} from '../../impl/raw.ts';

export type Protocol = 'unix' | 'dgram' | 'seqpacket' | 'udp' | 'tcp' | 'raw' | 'udp6' | 'tcp6' | 'raw6';

/** Domain and type of each. */
const KINDS: Readonly<Record<Protocol, readonly [number, number]>> = {
  unix: [AF_UNIX, SOCK_STREAM],
  dgram: [AF_UNIX, SOCK_DGRAM],
  seqpacket: [AF_UNIX, SOCK_SEQPACKET],
  udp: [AF_INET, SOCK_DGRAM],
  tcp: [AF_INET, SOCK_STREAM],
  raw: [AF_INET, SOCK_RAW],
  udp6: [AF_INET6, SOCK_DGRAM],
  tcp6: [AF_INET6, SOCK_STREAM],
  raw6: [AF_INET6, SOCK_RAW],
};

/** The five states of a socket, as BSD's protocols drive them. */
export type Phase = 'none' | 'connecting' | 'connected' | 'disconnecting' | 'disconnected';

export class World {
  readonly k: Kernel;
  readonly td: number;

  constructor(options: KernelOptions = {}) {
    const { k, td } = rawKernel({
      sockets: 16,
      mbufs: 64,
      mbufBytes: 64,
      witness: true,
      spin: 0,
      names: 8,
      handles: 2,
      sleepChains: 4,
      ...options,
    });
    this.k = k;
    this.td = td;
  }

  /** Byte of the kernel at which user address 0 is. */
  get userByte(): number {
    return fixed(this.k, h_user);
  }

  get buffer(): SharedArrayBuffer {
    return bufferOf(this.k);
  }

  /** `number` is the protocol of a raw socket. */
  socket(protocol: Protocol, number = 0): number {
    const [domain, type] = KINDS[protocol];
    return sys_socket(this.k, this.td, domain, type, number);
  }

  /** Two connected descriptors; throws if there are none to be had. */
  pair(protocol: 'unix' | 'dgram' | 'seqpacket' = 'unix'): readonly [number, number] {
    const first = sys_socketpair(this.k, this.td, ...KINDS[protocol], 0);
    if (first < 0) throw new Error(`socketpair ${first}`);
    return [first, word(this.k, this.td + td_retval1)];
  }

  /** A UNIX socket that listens on the name. */
  listener(name: number, backlog: number): number {
    const fd = this.socket('unix');
    this.bind(fd, name);
    this.listen(fd, backlog);
    return fd;
  }

  /** A UNIX socket connected to the name. */
  client(name: number): number {
    const fd = this.socket('unix');
    const result = this.connect(fd, name);
    if (result < 0) throw new Error(`connect ${result}`);
    return fd;
  }

  bind = (fd: number, port: number, host = 0): number => sys_bind(this.k, this.td, fd, host, port);
  unlink = (name: number): number => sys_unlink(this.k, this.td, name);
  listen = (fd: number, backlog: number): number => sys_listen(this.k, this.td, fd, backlog);
  accept = (fd: number): number => sys_accept(this.k, this.td, fd);
  connect = (fd: number, port: number, host = 1): number => sys_connect(this.k, this.td, fd, host, port);
  connect2 = (fd: number, other: number): number => sys_connect2(this.k, this.td, fd, other);
  disconnect = (fd: number): number => sys_disconnect(this.k, this.td, fd);
  shutdown = (fd: number, how: number): number => sys_shutdown(this.k, this.td, fd, how);
  close = (fd: number): number => sys_close(this.k, this.td, fd);
  dup = (fd: number): number => sys_dup(this.k, this.td, fd);
  nonblocking = (fd: number, on = 1): number => sys_setnbio(this.k, this.td, fd, on);
  fgetsock = (fd: number): number => sys_fgetsock(this.k, this.td, fd);
  fputsock = (handle: number): number => sys_fputsock(this.k, this.td, handle);
  tick = (): number => sys_tick(this.k, this.td);
  deliver = (): number => wire_deliver(this.k, this.td);

  /** Sends the text, to a port, and a host, if given. */
  send(fd: number, text: string, port?: number, flags = 0, host = 1): number {
    const bytes = new TextEncoder().encode(text);
    copyBytesIn(this.k, fixed(this.k, h_user), bytes, 0, bytes.length);
    return sys_sendto(this.k, this.td, fd, 0, bytes.length, flags, port === undefined ? NO_ADDRESS : host, port ?? 0);
  }

  /** Receives to a user address. What the kernel returns. */
  recvAt = (fd: number, uaddr: number, size: number): number => sys_recvfrom(this.k, this.td, fd, uaddr, size, 0);

  /** What was received, as text; or the error. */
  recv(fd: number, size = 1000, flags = 0): string | number {
    const result = sys_recvfrom(this.k, this.td, fd, 0, size, flags);
    if (result < 0) return result;
    const bytes = new Uint8Array(result);
    copyBytesOut(this.k, fixed(this.k, h_user), bytes, 0, result);
    return new TextDecoder().decode(bytes);
  }

  setsockopt(fd: number, level: number, name: number, value: number, uaddr = 0): number {
    copyBytesIn(this.k, fixed(this.k, h_user), new Uint8Array(new Int32Array([value]).buffer), 0, 4);
    return sys_setsockopt(this.k, this.td, fd, level, name, uaddr);
  }

  /** The option's value, or -1000 + the (negative) error, so that the two can't be confused. */
  getsockopt(fd: number, level: number, name: number, uaddr = 0): number {
    const result = sys_getsockopt(this.k, this.td, fd, level, name, uaddr);
    if (result < 0) return result - 1000;
    const bytes = new Uint8Array(4);
    copyBytesOut(this.k, fixed(this.k, h_user) + uaddr, bytes, 0, 4);
    return new DataView(bytes.buffer).getInt32(0, true);
  }

  takeError = (fd: number): number => this.getsockopt(fd, SOL_SOCKET, SO_OPT_ERROR);

  /** The allocation after n - 1 more fails. */
  failAllocation(n: number): void {
    store(this.k, h_fail, n);
  }

  // ---- what there is to see --------------------------------------------------------------------------------------------------

  so(fd: number): number {
    return word(this.k, descriptor(this.k, fd) + f_data);
  }

  fileCount(fd: number): number {
    return word(this.k, descriptor(this.k, fd) + f_count) & F_REFERENCES;
  }

  phase(so: number): Phase {
    const state = word(this.k, so + so_state);
    if ((state & SS_ISDISCONNECTING) !== 0) return 'disconnecting';
    if ((state & SS_ISCONNECTED) !== 0) return 'connected';
    if ((state & SS_ISCONNECTING) !== 0) return 'connecting';
    return (state & SS_ISDISCONNECTED) !== 0 ? 'disconnected' : 'none';
  }

  count = (so: number): number => word(this.k, so + so_count);
  nofdref = (so: number): boolean => (word(this.k, so + so_state) & SS_NOFDREF) !== 0;
  cantSend = (so: number): boolean => (word(this.k, so + so_snd + sb_state) & SBS_CANTSENDMORE) !== 0;
  cantReceive = (so: number): boolean => (word(this.k, so + so_rcv + sb_state) & SBS_CANTRCVMORE) !== 0;
  error = (so: number): number => word(this.k, so + so_error);
  buffered = (so: number): number => word(this.k, so + so_rcv + sb_cc);
  completed = (head: number): number[] => queue(this.k, head + so_comp_first);
  incomplete = (head: number): number[] => queue(this.k, head + so_incomp_first);
  lengths = (head: number): readonly [number, number] => [word(this.k, head + so_qlen), word(this.k, head + so_incqlen)];
  sockets = (): number[] => records(this.k, socket_zone);

  /** Everything that is not given back: all zeros in a kernel at rest. */
  leftOver(): Readonly<Record<'sockets' | 'counted' | 'files' | 'mbufs' | 'unix' | 'inet' | 'segments', number>> {
    return {
      sockets: inUse(this.k, socket_zone),
      counted: word(this.k, numopensockets),
      files: inUse(this.k, file_zone),
      mbufs: inUse(this.k, mbuf_zone),
      unix: inUse(this.k, unp_zone),
      inet: inUse(this.k, inp_zone),
      segments: inUse(this.k, wseg_zone),
    };
  }
}

export const NOTHING_LEFT = { sockets: 0, counted: 0, files: 0, mbufs: 0, unix: 0, inet: 0, segments: 0 } as const;
