/**
 * The face of the implementation: BSD sockets between the threads of one program.
 *
 *   const kernel = createKernel();                       // a SharedArrayBuffer: post it to as many workers as you like
 *   const sockets = attach(kernel);                      // in each thread, once
 *   const fd = sockets.socket('unix', 'stream');
 *
 * Calls block, unless the socket is non-blocking or the thread attached with `blocking: false`. A call that fails throws a
 * SocketError with the `code` of the errno, as Node's do. TCP and UDP need a thread that carries the wire: `runWire()` in a
 * worker, or `drainWire()` by hand; their timers need `announceTick()` or `tick()`.
 *
 * Numbers become errors and objects here, and bytes are copied between the caller's arrays and the slice of user memory that each
 * thread has; everything else happens below.
 */

import { boot, isKernel } from './boot.ts';
import type { KernelOptions } from './config.ts';
import { type Counters, countersOf, statisticsOf } from './counters.ts';
import { EBADF, EINTR, EINVAL, EMSGSIZE, ENOBUFS, EWOULDBLOCK } from './errno.ts';
import {
  type EventChange,
  type KernelEvent,
  keventResults,
  keventTable,
  type PollRequest,
  type PollResult,
  pollResults,
  pollTable,
  type Selected,
  selected,
  selectRequests,
} from './events.ts';
import type { Address, AttachOptions, Message, MessageOptions, ReceiveOptions, Received, SendOptions, Statistics } from './face.ts';
import { SocketError } from './failure.ts';
import { hostNumber, inetAddress } from './hosts.ts';
import { messageFlags, receiveFlags, receiveMessage, sendMessage } from './message.ts';
// biome-ignore format: a list of names
import {
  sys_accept, sys_bind, sys_close, sys_connect, sys_connect2, sys_disconnect, sys_dup, sys_fgetsock, sys_fputsock, sys_getpeername,
  sys_getsockname, sys_getsockopt, sys_interrupt, sys_kevent, sys_kqueue, sys_listen, sys_mfreem, sys_mgetm, sys_poll, sys_recvfrom, sys_recvmbuf, sys_sendmbuf, sys_sendto, sys_setasync,
  sys_setnbio, sys_setown, sys_setsockopt, sys_shutdown, sys_sigwait, sys_socket, sys_sockatmark, sys_socketpair, sys_tick, sys_unlink, sys_unp_gc,
} from './kern/syscalls.ts';
import { thread_attach, thread_detach } from './kern/thread.ts';
import { Loan } from './loan.ts';
import { type LockProfile, lockProfile } from './locks.ts';
// biome-ignore format: a list of names
import {
  AF_UNIX, h_flags, h_nthreads, h_user, h_user_slice, KEVENT_BYTES, KF_PROFILE, MSG_DONTWAIT, MSG_EOF, MSG_EOR, MSG_OOB,
  MSG_TRUNC, NO_ADDRESS, SOCK_STREAM, TDF_UNPRIV, td_flags, td_uid, td_from_host, td_from_port, td_msg_flags, td_retval1, td_user, UNIX_HOST,
} from './layout.ts';
import { bufferOf, copyBytesIn, copyBytesOut, copyWordsIn, copyWordsOut, fixed, get, type Kernel, or, put, viewKernel } from './memory.ts';
import { DIRECTIONS, DOMAINS, named, OPTIONS, type OptionName, TYPES, userOf, whole } from './words.ts';
import { netisr_run } from './net/netisr.ts';
import { unp_gc_run, unp_gc_stop } from './unix/unp_gc.ts';
import { wire_deliver, wire_run, wire_stop, wire_tick } from './net/wire.ts';

export type { KernelOptions } from './config.ts';
export type { EventChange, KernelEvent, PollRequest, PollResult, Selected } from './events.ts';
export type { Counters } from './counters.ts';
export type * from './face.ts';
export { SocketError } from './failure.ts';
export { Loan } from './loan.ts';
export type { LockProfile } from './locks.ts';
export { KernelPanic } from './memory.ts';
export type { OptionName } from './words.ts';

/** Makes a kernel; its capacities are fixed. Throws a RangeError or TypeError for a bad option. */
export function createKernel(options?: KernelOptions): SharedArrayBuffer {
  return bufferOf(boot(options));
}

/**
 * Joins this thread to a kernel. With `blocking: false` no call ever sleeps: what would have to fails with EINTR, or EAGAIN on a
 * non-blocking socket. Throws a TypeError if the buffer is no kernel, a RangeError if all its thread records are in use, or the user is none.
 */
export function attach(kernel: SharedArrayBuffer, options: AttachOptions = {}): Sockets {
  if (!(kernel instanceof SharedArrayBuffer) || kernel.byteLength % 4 !== 0 || !isKernel(viewKernel(kernel))) {
    throw new TypeError(
      'attach: this is no kernel; it must be the SharedArrayBuffer that createKernel, of the same version of this package, returned',
    );
  }
  const user = userOf(options.user ?? 0);
  const k = viewKernel(kernel);
  const td = thread_attach(k, options.blocking === false ? 0 : 1);
  if (td === 0)
    throw new RangeError(
      `attach: all ${fixed(k, h_nthreads)} thread records are in use; detach some, or make the kernel with more threads`,
    );
  if (options.privileged === false) or(k, td + td_flags, TDF_UNPRIV);
  put(k, td + td_uid, user);
  return new Sockets(k, td);
}

/** The calls of one thread. No other thread may use them, and nobody after `detach`. Failures throw a SocketError. */
export class Sockets {
  /** What `interrupt` in another thread takes. */
  readonly thread: number;
  readonly #k: Kernel;
  readonly #buffer: ArrayBufferLike;
  /** Bytes of the slice, its user address, and the kernel's byte index of its first byte. */
  readonly #slice: number;
  readonly #uaddr: number;
  readonly #at: number;
  #attached = true;

  constructor(k: Kernel, td: number) {
    this.#k = k;
    this.#buffer = bufferOf(k);
    this.thread = td;
    this.#slice = fixed(k, h_user_slice);
    this.#uaddr = get(k, td + td_user);
    this.#at = fixed(k, h_user) + this.#uaddr;
  }

  /**
   * This thread's part of the kernel's memory, `userBytes` long. What is sent from here, or received to here, is copied once less: `send` and
   * `recv` take views of it as they are. Every call that has a value to pass on uses its first bytes for that.
   */
  get memory(): Uint8Array {
    return new Uint8Array(this.#buffer, this.#at, this.#slice);
  }

  /** Leaves the kernel. Descriptors stay open: they belong to all threads; what is on loan is given back. */
  detach(): void {
    thread_detach(this.#k, this.#td());
    this.#attached = false;
  }

  /**
   * A new socket: ('unix', 'stream' or 'dgram' or 'seqpacket'), ('inet', 'stream') for TCP, ('inet', 'dgram') for UDP; ('inet', 'raw', 89)
   * for raw IP, which hears and sends datagrams of that protocol, or hears those of all with 0. All of these also over IPv6: 'inet6'.
   */
  socket(domain: keyof typeof DOMAINS, type: keyof typeof TYPES, protocol = 0): number {
    const [family, kind] = [named(DOMAINS, domain, 'domain'), named(TYPES, type, 'type')];
    return this.#done('socket', sys_socket(this.#k, this.#td(), family, kind, whole(protocol)));
  }

  /** Two UNIX sockets connected to each other. */
  socketpair(type: keyof typeof TYPES = 'stream'): readonly [number, number] {
    const first = this.#done('socketpair', sys_socketpair(this.#k, this.#td(), AF_UNIX, named(TYPES, type, 'type'), 0));
    return [first, get(this.#k, this.#td() + td_retval1)];
  }

  bind(fd: number, address: Address): void {
    this.#done('bind', sys_bind(this.#k, this.#td(), whole(fd), hostOf(address), portOf(address)));
  }

  /** Takes a UNIX name away. Its socket stays as it is, but can't be found any more; the name may be bound again. */
  unlink(name: number): void {
    this.#done('unlink', sys_unlink(this.#k, this.#td(), whole(name)));
  }

  listen(fd: number, backlog = -1): void {
    this.#done('listen', sys_listen(this.#k, this.#td(), whole(fd), whole(backlog)));
  }

  /** Waits for a connection; `peer` is null if the other end has no name. */
  accept(fd: number): { readonly fd: number; readonly peer: Address | null } {
    const accepted = this.#done('accept', sys_accept(this.#k, this.#td(), whole(fd)));
    return { fd: accepted, peer: this.#address() };
  }

  connect(fd: number, address: Address): void {
    this.#done('connect', sys_connect(this.#k, this.#td(), whole(fd), hostOf(address), portOf(address)));
  }

  /** Connects two UNIX sockets to each other without a name. */
  connect2(fd: number, other: number): void {
    this.#done('connect2', sys_connect2(this.#k, this.#td(), whole(fd), whole(other)));
  }

  /** Ends the association: a stream is closed in both directions, a datagram socket loses its peer. */
  disconnect(fd: number): void {
    this.#done('disconnect', sys_disconnect(this.#k, this.#td(), whole(fd)));
  }

  /**
   * Sends bytes and returns how many were taken: all of them, unless the socket is non-blocking or the call was interrupted. A failure
   * after the first slice of a long send throws with `sent` saying how many bytes had been taken.
   */
  send(fd: number, bytes: Uint8Array, options: SendOptions = {}): number {
    const host = options.to === undefined ? NO_ADDRESS : hostOf(options.to);
    const port = options.to === undefined ? 0 : portOf(options.to);
    // A record must go in one piece; only a long send needs to ask what the socket is.
    const own = this.#isOwn(bytes);
    if (!own && bytes.length > this.#slice && this.getOption(fd, 'type') !== SOCK_STREAM) throw new SocketError('send', EMSGSIZE);
    let sent = 0;
    for (;;) {
      const length = own ? bytes.length : Math.min(bytes.length - sent, this.#slice);
      const last = sent + length === bytes.length;
      if (!own) copyBytesIn(this.#k, this.#at, bytes, sent, length);
      const flags =
        (options.dontWait === true ? MSG_DONTWAIT : 0) |
        (options.end === true && last ? MSG_EOF : 0) |
        (options.endOfRecord === true ? MSG_EOR : 0) |
        (options.urgent === true && last ? MSG_OOB : 0);
      const result = sys_sendto(this.#k, this.#td(), whole(fd), own ? this.#ownAddress(bytes) : this.#uaddr, length, flags, host, port);
      if (result < 0) {
        const partial = result === -EWOULDBLOCK || result === -EINTR || result === -ENOBUFS;
        if (sent > 0 && partial) return sent;
        throw new SocketError('send', -result, sent);
      }
      sent += result;
      if (last || result < length) return sent;
    }
  }

  /**
   * Receives into `target` and returns how many bytes; 0 at the end of a stream. At most a slice (the kernel's `userBytes`) at a time, which
   * is all of `memory`.
   */
  recv(fd: number, target: Uint8Array, options: ReceiveOptions = {}): number {
    const flags = receiveFlags(options);
    const own = this.#isOwn(target);
    const length = own ? target.length : Math.min(target.length, this.#slice);
    const uaddr = own ? this.#ownAddress(target) : this.#uaddr;
    const received = this.#done('recv', sys_recvfrom(this.#k, this.#td(), whole(fd), uaddr, length, flags));
    if (!own) copyBytesOut(this.#k, this.#at, target, 0, received);
    return received;
  }

  /**
   * As `recv`, from a stream without copying: what has come stays where it is, and is this thread's until it calls `returnLoan`. Only where `most`
   * ends within an mbuf that part is copied. ENOBUFS: too much on loan (`lentMbufs`), or out of mbufs; EOPNOTSUPP: no stream.
   */
  recvLoan(fd: number, most = 0x7fffffff, options: Pick<ReceiveOptions, 'waitAll' | 'dontWait'> = {}): Loan {
    this.#done('recv', sys_recvmbuf(this.#k, this.#td(), whole(fd), whole(most), receiveFlags(options)));
    return new Loan(this.#k, this.thread);
  }

  /** Lends memory for so many bytes, more than 0, to fill and to send, as whoever had it before left it. ENOBUFS as in `recvLoan`. */
  newLoan(length: number): Loan {
    this.#done('newLoan', sys_mgetm(this.#k, this.#td(), whole(length)));
    return new Loan(this.#k, this.thread);
  }

  /**
   * As `send`, over a stream without copying: what a loan holds, or its first `length` bytes. What was taken is no loan any more, `parts` are the
   * rest; only where that begins within an mbuf it is copied. A piece that the protocol refuses (EPIPE, ECONNRESET, …) is lost.
   */
  sendLoan(fd: number, loan: Loan, length = loan.length, options: Pick<SendOptions, 'dontWait' | 'end'> = {}): number {
    const flags = (options.dontWait === true ? MSG_DONTWAIT : 0) | (options.end === true ? MSG_EOF : 0);
    const sent = sys_sendmbuf(this.#k, this.#td(), whole(fd), loan.chain, whole(length), flags);
    loan.left(this.#k, this.thread);
    return this.#done('send', sent);
  }

  /** Gives back what `recvLoan` or `newLoan` lent to this thread; EINVAL if that was another. */
  returnLoan(loan: Loan): void {
    if (loan.chain !== 0) this.#done('returnLoan', sys_mfreem(this.#k, this.#td(), loan.chain));
    loan.end();
  }

  /** As `recv`, with the sender of the record and what is to be said of it. */
  recvFrom(fd: number, target: Uint8Array, options: ReceiveOptions = {}): Received {
    const length = this.recv(fd, target, options);
    const flags = get(this.#k, this.thread + td_msg_flags);
    return { length, from: this.#address(), truncated: (flags & MSG_TRUNC) !== 0, endOfRecord: (flags & MSG_EOR) !== 0 };
  }

  /**
   * Sends bytes with descriptors: whoever receives them has the same open sockets (UNIX, SCM_RIGHTS). They may be closed here as soon as
   * this returns. With `credentials` any UNIX socket says whose thread this is (SCM_CREDS), and `to` is as in `send`, of any socket. One slice at
   * most, and beside descriptors one byte at least, but of a datagram. EMSGSIZE: too many descriptors; ENOBUFS: too many in flight.
   */
  sendMessage(fd: number, bytes: Uint8Array, descriptors: readonly number[], options: MessageOptions = {}): number {
    copyBytesIn(this.#k, this.#at, bytes, 0, Math.min(bytes.length, this.#slice));
    const { to, credentials = false } = options;
    const control = { to: to === undefined ? [] : [hostOf(to), portOf(to)], descriptors: descriptors.map(whole), credentials };
    return this.#done('sendmsg', sendMessage(this.#k, this.#td(), this.#slice, whole(fd), bytes.length, control, messageFlags(options)));
  }

  /** As `recv`, with up to so many descriptors, and who sent it. Those of a message are received with its first byte. */
  recvMessage(fd: number, target: Uint8Array, descriptors: number, options: ReceiveOptions = {}): Message {
    const message = receiveMessage(this.#k, this.#td(), this.#slice, whole(fd), target.length, descriptors, receiveFlags(options));
    copyBytesOut(this.#k, this.#at, target, 0, this.#done('recvmsg', message.length));
    return { ...message, from: this.#address() };
  }

  /** Closes descriptors that were sent and will never be received, without a `linger`. Call it now and then where no thread is in `runCollector`. */
  collect(): void {
    this.#done('collect', sys_unp_gc(this.#k, this.#td()));
  }

  /** Makes this thread one that does what `collect` does as soon as there is something to do; returns after `stopCollector`. One is enough. */
  runCollector(): void {
    const error = unp_gc_run(this.#k, this.#td());
    if (error !== 0) throw new SocketError('runCollector', error);
  }

  /** Ends `runCollector`, in whichever thread it runs, for good. What is left to do is for `collect`. */
  stopCollector(): void {
    unp_gc_stop(this.#k, this.#td());
  }

  /** Whether what is read next lies behind the place of the urgent byte; reads stop there. */
  atMark(fd: number): boolean {
    return this.#done('sockatmark', sys_sockatmark(this.#k, this.#td(), whole(fd))) === 1;
  }

  shutdown(fd: number, direction: keyof typeof DIRECTIONS): void {
    this.#done('shutdown', sys_shutdown(this.#k, this.#td(), whole(fd), named(DIRECTIONS, direction, 'direction')));
  }

  /** The descriptor is closed even if this throws, unless the code is EBADF. */
  close(fd: number): void {
    this.#done('close', sys_close(this.#k, this.#td(), whole(fd)));
  }

  /** A second descriptor for the same open socket. */
  dup(fd: number): number {
    return this.#done('dup', sys_dup(this.#k, this.#td(), whole(fd)));
  }

  setNonBlocking(fd: number, on: boolean): void {
    this.#done('setNonBlocking', sys_setnbio(this.#k, this.#td(), whole(fd), on ? 1 : 0));
  }

  /** Whether the thread that `setOwner` names (its `thread`) is told when something comes, or there is room again. */
  setAsync(fd: number, on: boolean): void {
    this.#done('setAsync', sys_setasync(this.#k, this.#td(), whole(fd), on ? 1 : 0));
  }

  setOwner(fd: number, thread: number): void {
    this.#done('setOwner', sys_setown(this.#k, this.#td(), whole(fd), whole(thread)));
  }

  /** How often this thread was told of something since it asked last; waits for it, `timeout` ticks at most, and then is 0. */
  waitAsync(timeout = -1): number {
    return this.#done('waitAsync', sys_sigwait(this.#k, this.#td(), whole(timeout)));
  }

  getOption(fd: number, name: OptionName): number {
    const [level, option] = named(OPTIONS, name, 'option');
    this.#done('getsockopt', sys_getsockopt(this.#k, this.#td(), whole(fd), level, option, this.#uaddr));
    return copyWordsOut(this.#k, this.#at, 1)[0] ?? 0;
  }

  setOption(fd: number, name: OptionName, value: number): void {
    const [level, option] = named(OPTIONS, name, 'option');
    copyWordsIn(this.#k, this.#at, [value]);
    this.#done('setsockopt', sys_setsockopt(this.#k, this.#td(), whole(fd), level, option, this.#uaddr));
  }

  /** The socket's own address, null if it has none. */
  getsockname(fd: number): Address | null {
    this.#done('getsockname', sys_getsockname(this.#k, this.#td(), whole(fd)));
    return this.#address();
  }

  /** The peer's address, null if the peer has none. */
  getpeername(fd: number): Address | null {
    this.#done('getpeername', sys_getpeername(this.#k, this.#td(), whole(fd)));
    return this.#address();
  }

  /**
   * Waits until one of the descriptors has something to say, and returns those that have; after `timeout` ticks, none. A timeout of 0 only
   * looks, one below 0 is for ever. At most `pollDescriptors` of the kernel, each of which takes 12 of the kernel's `userBytes`.
   */
  poll(requests: readonly PollRequest[], timeout = -1): readonly PollResult[] {
    const table = pollTable(requests);
    if (table.length * 4 > this.#slice) throw new SocketError('poll', EINVAL);
    copyWordsIn(this.#k, this.#at, table);
    this.#done('poll', sys_poll(this.#k, this.#td(), this.#uaddr, requests.length, whole(timeout)));
    return pollResults(requests, copyWordsOut(this.#k, this.#at, table.length));
  }

  /**
   * Waits until one of the descriptors can be read or written without waiting, and returns those that can; after `timeout` ticks, none.
   * A hangup counts as both. EBADF if one of them is no descriptor, or is closed meanwhile.
   */
  select(read: readonly number[], write: readonly number[], timeout = -1): Selected {
    const found = this.poll(selectRequests(read, write), timeout);
    if (found.some(({ closed }) => closed)) throw new SocketError('select', EBADF);
    return selected(read, write, found);
  }

  /** A descriptor of a new kqueue: a set of events that is asked for again and again. Close it like any other. */
  kqueue(): number {
    return this.#done('kqueue', sys_kqueue(this.#k, this.#td()));
  }

  /**
   * Makes the changes, then waits until one of the events registered in the kqueue holds, and returns those that do, `max` at most; after
   * `timeout` ticks, none. With `max` 0 nothing is waited for, and a change that fails throws; otherwise it is among the results. Each
   * change and each result takes 24 of the kernel's `userBytes`.
   */
  kevent(kq: number, changes: readonly EventChange[], max = 0, timeout = -1): readonly KernelEvent[] {
    const table = keventTable(changes);
    const results = this.#uaddr + table.length * 4;
    if (table.length * 4 + max * KEVENT_BYTES > this.#slice) throw new SocketError('kevent', EINVAL);
    copyWordsIn(this.#k, this.#at, table);
    const td = this.#td();
    const ready = sys_kevent(this.#k, td, whole(kq), this.#uaddr, changes.length, results, whole(max), whole(timeout));
    const words = copyWordsOut(this.#k, this.#at, table.length + this.#done('kevent', ready) * (KEVENT_BYTES / 4));
    return keventResults(words.slice(table.length));
  }

  /** Takes a reference to the socket that outlives the descriptor; give it back with `release`. */
  hold(fd: number): number {
    return this.#done('hold', sys_fgetsock(this.#k, this.#td(), whole(fd)));
  }

  release(handle: number): void {
    this.#done('release', sys_fputsock(this.#k, this.#td(), whole(handle)));
  }

  /** Ends the blocking call in which another thread (its `thread`) is, or the next one it makes, with EINTR. */
  interrupt(thread: number): void {
    this.#done('interrupt', sys_interrupt(this.#k, this.#td(), whole(thread)));
  }

  /** Carries and processes what is on the wire, and what that sends, until nothing is left; at most `limit` segments. Returns how many. */
  drainWire(limit = Number.MAX_SAFE_INTEGER): number {
    let count = 0;
    while (count < limit && wire_deliver(this.#k, this.#td()) !== 0) count++;
    return count;
  }

  /** Makes this thread the one that carries the wire and runs announced ticks; returns after `stopWire`. */
  runWire(): void {
    const error = wire_run(this.#k, this.#td());
    if (error !== 0) throw new SocketError('runWire', error);
  }

  /**
   * Makes this thread one of those that carry the wire and process what is on it, each its share of the connections, in their order; and run
   * announced ticks. As many threads as the kernel was made for (`netisrThreads`); returns after `stopWire`.
   */
  runNetisr(): void {
    const error = netisr_run(this.#k, this.#td());
    if (error !== 0) throw new SocketError('runNetisr', error);
  }

  /** Ends `runWire` and `runNetisr`, in whichever thread they run, for good. */
  stopWire(): void {
    wire_stop(this.#k, this.#td());
  }

  /** A tick of the clock has passed: whoever is in `runWire` does what is due. Call it from a timer. */
  announceTick(): void {
    wire_tick(this.#k, this.#td());
  }

  /** One tick of the clock, here and now, for whoever drives the kernel by hand. */
  tick(): void {
    this.#done('tick', sys_tick(this.#k, this.#td()));
  }

  statistics(): Statistics {
    return statisticsOf(this.#k, this.#td());
  }

  /** What has happened since the kernel was made. Exact when no thread is in a call; all 0 in a kernel without `statistics`. */
  counters(): Counters {
    return countersOf(this.#k);
  }

  /** How often each lock was taken since the kernel was made, in a kernel with `profile`; nothing in any other. */
  lockProfile(): readonly LockProfile[] {
    return (fixed(this.#k, h_flags) & KF_PROFILE) === 0 ? [] : lockProfile(this.#k);
  }

  /** The thread record, which after `detach` is somebody else's. */
  #td(): number {
    if (!this.#attached) throw new Error('these sockets were detached from their kernel; attach again to go on');
    return this.thread;
  }

  /** Is it a view of the kernel's memory? Below, whatever is not the user's part of it is EFAULT. */
  #isOwn(bytes: Uint8Array): boolean {
    return bytes.buffer === this.#buffer;
  }

  #ownAddress(bytes: Uint8Array): number {
    return bytes.byteOffset - fixed(this.#k, h_user);
  }

  #done(syscall: string, result: number): number {
    if (result < 0) throw new SocketError(syscall, -result);
    return result;
  }

  /** The address that the last call left behind. */
  #address(): Address | null {
    const host = get(this.#k, this.thread + td_from_host);
    const port = get(this.#k, this.thread + td_from_port);
    if (host === UNIX_HOST) return { family: 'unix', name: port };
    return inetAddress(host, port);
  }
}

function hostOf(address: Address): number {
  return address.family === 'unix' ? 0 : hostNumber(address);
}

function portOf(address: Address): number {
  return whole(address.family === 'unix' ? address.name : address.port);
}
