/**
 * The adapter: between the words of the specification and those of the implementation. It carries out a call of the
 * specification on the implementation and names errors; run/abstraction.ts, its other half, reads the state of the
 * specification out of a kernel's memory. Neither room knows the other.
 *
 * Sizes: the specification counts *units*, the implementation bytes; a unit is UNIT bytes.
 */
import * as E from '../impl/errno.ts';
import type * as Syscalls from '../impl/kern/syscalls.ts';
import * as M from '../impl/kern/msghdr.ts';
import * as L from '../impl/layout.ts';
import { and, copyBytesIn, fixed, get, type Kernel, load, or, put } from '../impl/memory.ts';
import * as N from '../impl/netinet/layout.ts';
import type { Result } from './run/specification.ts';
import { walk } from './run/walk.ts';

/** Bytes of a unit. */
export const UNIT = 16;

/** The protocol of raw sockets: one that nobody here speaks. */
export const RAW_PROTOCOL = 89;

/** Ports that names stand for: name n is port n + 1. The ephemeral ones are far above. */
export const FIRST_PORT = 1;
/** The UNIX name that a datagram with an address is for, as model/protocols/unix_dgram.ts has it. */
const DESTINATION = 0;

const ERRNO: ReadonlyMap<number, string> = new Map(Object.entries(E).map(([name, number]) => [number, name]));

/** The name of an error number. */
export function errnoName(number: number): string {
  return number === 0 ? 'none' : (ERRNO.get(number) ?? `errno ${number}`);
}

/** The number of an error. */
export function errnoNumber(name: string): number {
  return (E as Readonly<Record<string, number>>)[name] ?? 0;
}

/** A call as the specification names it; `host` is only for the implementation: whom a connect or a datagram is for. */
export interface Call {
  readonly name: string;
  readonly args: readonly (number | boolean | string)[];
  readonly host?: number;
  /** Of a send: its last byte is urgent. */
  readonly urgent?: boolean;
  /** Of a send or a receive: of mbufs on loan. To the specification it is like any other. */
  readonly lent?: boolean;
  /** The same of one by a message header, with a control buffer; a send may say who sends. */
  readonly message?: boolean;
  readonly says?: boolean;
}

const SOCKET_ARGUMENTS: Readonly<Record<string, readonly [number, number, number]>> = {
  unix: [L.AF_UNIX, L.SOCK_STREAM, 0],
  dgram: [L.AF_UNIX, L.SOCK_DGRAM, 0],
  seqpacket: [L.AF_UNIX, L.SOCK_SEQPACKET, 0],
  udp: [L.AF_INET, L.SOCK_DGRAM, L.IPPROTO_UDP],
  tcp: [L.AF_INET, L.SOCK_STREAM, L.IPPROTO_TCP],
  raw: [L.AF_INET, L.SOCK_RAW, RAW_PROTOCOL],
  udp6: [L.AF_INET6, L.SOCK_DGRAM, L.IPPROTO_UDP],
  tcp6: [L.AF_INET6, L.SOCK_STREAM, L.IPPROTO_TCP],
  raw6: [L.AF_INET6, L.SOCK_RAW, RAW_PROTOCOL],
  'unprivileged raw': [L.AF_INET, L.SOCK_RAW, RAW_PROTOCOL],
  'unknown protocol': [L.AF_INET, L.SOCK_STREAM, 99],
  'wrong type': [L.AF_INET, L.SOCK_DGRAM, L.IPPROTO_TCP],
};

const HOW: Readonly<Record<string, number>> = { read: L.SHUT_RD, write: L.SHUT_WR, both: L.SHUT_RDWR, nonsense: 7 };

const REUSE: Readonly<Record<string, number>> = { broadcast: L.SO_BROADCAST, address: L.SO_REUSEADDR, port: L.SO_REUSEPORT };

/** What a poll asks for. */
const WANTED: Readonly<Record<string, number>> = { hangup: 0, in: L.POLLIN, out: L.POLLOUT, both: L.POLLIN | L.POLLOUT, urgent: L.POLLPRI };

/** What a poll finds, in the order of the specification's bits. */
const FOUND: readonly number[] = [L.POLLIN, L.POLLOUT, L.POLLHUP, L.POLLNVAL, L.POLLPRI];

/** What a change of an event is, as flags. */
const CHANGES: Readonly<Record<string, number>> = {
  add: L.EV_ADD,
  once: L.EV_ADD | L.EV_ONESHOT,
  delete: L.EV_DELETE,
  disable: L.EV_DISABLE,
  enable: L.EV_ENABLE,
};

/** Who sends, and one descriptor. */
const CONTROL_BYTES = M.CMSG_CREDS + M.CMSG_HEADER + 4;

/** User memory for the header of a message, an address and a control buffer. */
export const MESSAGE_BYTES = (M.MSG_HEADER + M.NAME_BYTES + CONTROL_BYTES + 7) & ~7;

/** How long a linger waits, unless somebody says otherwise. */
const LINGER_TICKS = 100;

/** A user address that lies outside the user's memory. */
const BAD_ADDRESS = -4;

/** A number that is not known before the call is made: what call number so and so of the same thread has returned. */
export interface ResultOf {
  readonly resultOf: number;
}

/** Where a call finds its memory, and what no call says. */
export interface Place {
  /** User address of the bytes of a transfer. */
  readonly data: number;
  /** User address of the word of an option. */
  readonly word: number;
  /** User address of MESSAGE_BYTES for the header of a message. */
  readonly message?: number;
  /** Whether a name is a UNIX name, which is the number itself, or an Internet one, a port. */
  readonly unix: boolean;
  /** Of a socket of IPv6: its addresses are v4-mapped (INP_IPV4 alone) or not. */
  readonly six?: 'mapped' | 'own' | undefined;
  /** Of a send: with MSG_OOB. */
  readonly urgent?: boolean;
  /** Of a send or a receive: of mbufs. */
  readonly lent?: boolean;
  /** Of a send or a receive: by a message header. */
  readonly byMessage?: boolean;
  /** Of a send by one: it says who sends. */
  readonly says?: boolean;
  /** Ticks of a linger that waits. */
  readonly linger?: number;
}

/** A call of the implementation: the function, its arguments after the thread, and the word that must lie in user memory before. */
export interface SystemCall<Argument> {
  readonly fn: keyof typeof Syscalls;
  readonly args: readonly (number | Argument)[];
  readonly word?: number;
  /** And the header of a message. */
  readonly message?: readonly number[];
  /** The thread that makes it must have no privilege. */
  readonly unprivileged?: true;
  /** Events asked for: the call is a poll of one descriptor, its first argument, whose pollfd must lie at `data`. */
  readonly events?: number;
  /** The call is a kevent of `kqueue` with one change, of these flags, to its first argument and this filter. */
  readonly change?: { readonly filter: number; readonly flags: number };
}

type Arguments<Argument> = readonly (number | boolean | string | Argument)[];

/** The implementation's call for one of the specification. An argument of another kind than the adapter knows is passed on as it is. */
export function systemCall<Argument = never>(
  name: string,
  args: Arguments<Argument>,
  place: Place,
  host: number = N.HOST_LOCAL,
): SystemCall<Argument> {
  const fd = numberOr(args[0]);
  const named = numberOr(args[1]);
  const address = typeof named === 'number' && !place.unix ? named + FIRST_PORT : named;
  const bytes = typeof args[1] === 'number' ? args[1] * UNIT : 0;
  switch (name) {
    case 'socket':
    case 'socketpair':
      return {
        fn: `sys_${name}`,
        args: SOCKET_ARGUMENTS[String(args[0])] ?? [0, 0, 0],
        ...(args[0] === 'unprivileged raw' ? { unprivileged: true } : {}),
      };
    case 'bind':
      return { fn: 'sys_bind', args: [fd, place.six === undefined ? 0 : args[2] === true ? N.HOST_MAPPED : N.HOST6_ANY, address] };
    case 'connect':
      return { fn: 'sys_connect', args: [fd, hostFor(host, place.six, args[2] === true), address] };
    case 'listen':
    case 'connect2':
      return { fn: `sys_${name}`, args: [fd, named] };
    case 'unlink':
      return { fn: 'sys_unlink', args: [fd] };
    case 'accept':
    case 'disconnect':
    case 'dup':
    case 'getpeername':
    case 'close':
    case 'fgetsock':
    case 'fputsock':
      return { fn: `sys_${name}`, args: [fd] };
    case 'send':
      if (place.lent === true) return { fn: 'sys_sendmbuf', args: [fd, bytes, 0] };
      {
        const to = [
          args[2] === true ? hostFor(host, place.six, place.six === 'mapped') : L.NO_ADDRESS,
          place.unix ? DESTINATION : FIRST_PORT,
        ];
        if (place.byMessage === true)
          return messageCall('sys_sendmsg', fd, bytes, place.says === true ? SAYS : [], place, args[2] === true ? to : []);
        return { fn: 'sys_sendto', args: [fd, place.data, bytes, place.urgent === true ? L.MSG_OOB : 0, ...to] };
      }
    case 'receive':
      if (place.lent === true) return { fn: 'sys_recvmbuf', args: [fd, bytes, 0] };
      if (place.byMessage === true) return messageCall('sys_recvmsg', fd, bytes, NO_CONTROL, place);
      return { fn: 'sys_recvfrom', args: [fd, place.data, bytes, 0] };
    case 'receiveoob':
      return { fn: 'sys_recvfrom', args: [fd, place.data, 1, L.MSG_OOB] };
    case 'sockatmark':
      return { fn: 'sys_sockatmark', args: [fd] };
    case 'sendmsg':
      return messageCall('sys_sendmsg', fd, UNIT, [...(place.says === true ? SAYS : []), ...passes(numberOr(args[1]))], place);
    case 'recvmsg':
      return messageCall('sys_recvmsg', fd, bytes, NO_CONTROL, place);
    case 'collect':
      return { fn: 'sys_unp_gc', args: [] };
    case 'shutdown':
      return { fn: 'sys_shutdown', args: [fd, HOW[String(args[1])] ?? -1] };
    case 'setsockopt':
      return {
        fn: 'sys_setsockopt',
        args: [fd, L.IPPROTO_TCP, L.TCP_NODELAY, args[2] === true ? place.word : BAD_ADDRESS],
        word: args[1] === true ? 1 : 0,
      };
    case 'getsockopt':
      return { fn: 'sys_getsockopt', args: [fd, L.IPPROTO_TCP, L.TCP_NODELAY, place.word] };
    case 'setlinger':
      return {
        fn: 'sys_setsockopt',
        args: [fd, L.SOL_SOCKET, L.SO_OPT_LINGER, place.word],
        word: args[1] === 'wait' ? (place.linger ?? LINGER_TICKS) : args[1] === 'reset' ? 0 : -1,
      };
    case 'setkeepalive':
      return { fn: 'sys_setsockopt', args: [fd, L.SOL_SOCKET, L.SO_KEEPALIVE, place.word], word: args[1] === true ? 1 : 0 };
    case 'setconnwait':
      return { fn: 'sys_setsockopt', args: [fd, L.SOL_LOCAL, L.LOCAL_CONNWAIT, place.word], word: args[1] === true ? 1 : 0 };
    case 'setreuse':
      return { fn: 'sys_setsockopt', args: [fd, L.SOL_SOCKET, REUSE[String(args[1])] ?? 0, place.word], word: args[2] === true ? 1 : 0 };
    case 'setv6only':
      return { fn: 'sys_setsockopt', args: [fd, L.IPPROTO_IPV6, L.IPV6_V6ONLY, place.word], word: args[1] === true ? 1 : 0 };
    case 'broadcast':
      return { fn: 'sys_sendto', args: [fd, place.data, UNIT, 0, N.HOST_BROADCAST, FIRST_PORT] };
    case 'setfilter':
      return {
        fn: 'sys_setsockopt',
        args: [fd, L.SOL_SOCKET, L.SO_OPT_ACCEPTFILTER, place.word],
        word: args[1] === true ? L.ACCF_DATAREADY : 0,
      };
    case 'geterror':
      return { fn: 'sys_getsockopt', args: [fd, L.SOL_SOCKET, L.SO_OPT_ERROR, place.word] };
    case 'poll':
      return { fn: 'sys_poll', args: [fd, place.data, args[2] === true ? L.INFTIM : 0], events: WANTED[String(args[1])] ?? 0 };
    case 'knote':
      return {
        fn: 'sys_kevent',
        args: [fd],
        change: { filter: args[1] === 'write' ? L.EVFILT_WRITE : L.EVFILT_READ, flags: CHANGES[String(args[2])] ?? 0 },
      };
    case 'kevent':
      return { fn: 'sys_kevent', args: [args[0] === true ? L.INFTIM : 0] };
    case 'setnbio':
      return { fn: 'sys_setnbio', args: [fd, args[1] === true ? 1 : 0] };
    default:
      throw new Error(`the adapter does not know the call ${name}`);
  }
}

/** The socket address of a host, which is given as one of IPv4, for a socket of either family. */
function hostFor(host: number, six: Place['six'], mapped: boolean): number {
  if (six === undefined) return host;
  return mapped ? host + N.HOST_MAPPED : overSix(host);
}

/** The same host's address of IPv6. */
export function overSix(host: number): number {
  return host + N.HOST6_LOCAL - N.HOST_LOCAL;
}

/** Of a socket of IPv6: what its addresses are where nobody says more; undefined for any other. */
export function sixOf(k: Kernel, so: number): Place['six'] {
  const proto = so === 0 ? 0 : fixed(k, so + L.so_proto);
  if (proto !== L.PROTO_TCP6 && proto !== L.PROTO_UDP6 && proto !== L.PROTO_RAW6) return undefined;
  const inp = get(k, so + L.so_pcb);
  return inp === 0 || (get(k, inp + N.inp_vflag) & N.INP_IPV6) !== 0 ? 'own' : 'mapped';
}

/** Where this host, or the remote one, is on the wire for a pcb: `mapped` says so of its address, or what the pcb itself takes. */
export function wireHost(k: Kernel, inp: number, host: number, mapped?: boolean): number {
  const vflag = get(k, inp + N.inp_vflag);
  if ((vflag & N.INP_IPV6PROTO) === 0) return host;
  return (mapped ?? (vflag & N.INP_IPV6) === 0) ? host : overSix(host);
}

function numberOr<Argument>(argument: number | boolean | string | Argument | undefined): number | Argument {
  return typeof argument === 'boolean' || typeof argument === 'string' || argument === undefined ? 0 : argument;
}

/** Control data that says who sends. */
const SAYS: readonly number[] = [M.CMSG_CREDS, L.SOL_SOCKET, M.SCM_CREDS, 0];
/** Room for all there can be. */
const NO_CONTROL: readonly number[] = Array.from({ length: CONTROL_BYTES / 4 }, () => 0);

/** Control data with a descriptor. */
function passes<Argument>(fd: number | Argument): readonly number[] {
  if (typeof fd !== 'number') throw new Error('the descriptor that a message passes must be known before the call');
  return [M.CMSG_HEADER + 4, L.SOL_SOCKET, M.SCM_RIGHTS, fd];
}

/** A transfer of so many bytes with these words of control data, or as much room; to an address, or with room for one. */
function messageCall<Argument>(
  fn: keyof typeof Syscalls,
  fd: number | Argument,
  bytes: number,
  control: readonly number[],
  { data, message = 0 }: Place,
  name: readonly number[] = [],
): SystemCall<Argument> {
  const at = message + M.MSG_HEADER;
  const namelen = fn === 'sys_recvmsg' ? M.NAME_BYTES : 4 * name.length;
  const header = [at, namelen, data, bytes, at + M.NAME_BYTES, 4 * control.length, 0, name[0] ?? 0, name[1] ?? 0];
  return { fn, args: [fd, message, 0], message: [...header, ...control] };
}

/** What the message that was received last says. */
export interface Told {
  /** The user who sent it; null if that is not said. */
  readonly sender: number | null;
  /** Where its sender is: host and port; null if it has no address. */
  readonly from: readonly [number, number] | null;
  /** Whether control data was cut off. */
  readonly isCut: boolean;
}

export function toldBy(k: Kernel, td: number): Told {
  const message = messageOf(k, td);
  const name = message + M.MSG_HEADER;
  const control = name + M.NAME_BYTES;
  const says = getWord(k, message + M.msg_controllen) >= M.CMSG_CREDS && getWord(k, control + 8) === M.SCM_CREDS;
  return {
    sender: says ? getWord(k, control + M.CMSG_HEADER) : null,
    from: getWord(k, message + M.msg_namelen) === M.NAME_BYTES ? [getWord(k, name), getWord(k, name + 4)] : null,
    isCut: (getWord(k, message + M.msg_flags) & L.MSG_CTRUNC) !== 0,
  };
}

/** Where the header of a message lies: at the end of the thread's slice. */
function messageOf(k: Kernel, td: number): number {
  return get(k, td + L.td_user) + fixed(k, L.h_user_slice) - MESSAGE_BYTES;
}

const MOVES: readonly string[] = ['send', 'broadcast', 'receive', 'sendmsg', 'recvmsg'];

/** What a call has returned, in the words of the specification. What an option is lies in user memory, and is 0 here. */
export function resultOf(name: string, returned: number): Result {
  if (returned < 0) return { errno: errnoName(-returned), value: 0, answer: 'none' };
  if (name === 'poll') return { errno: 'none', value: foundBy(returned), answer: 'none' };
  if (name === 'kevent') return keventBy(returned);
  // A fraction of a unit shows as one and so is never equal to what the specification says.
  return { errno: 'none', value: MOVES.includes(name) ? returned / UNIT : returned, answer: 'none' };
}

/** The specification's number for what a poll has found; one that it does not have if that is something else. */
function foundBy(revents: number): number {
  const known = FOUND.reduce((bits, bit) => bits | bit, 0);
  if ((revents & ~known) !== 0) return -revents;
  return FOUND.reduce((value, bit, at) => ((revents & bit) !== 0 ? value | (1 << at) : value), 0);
}

/** A kevent's answer as one number: nothing, or the descriptor, whether that is the end, and the error that ended it. */
function keventBy(returned: number): Result {
  return { errno: 'none', value: returned & (KEVENT_ERROR - 1), answer: errnoName(Math.floor(returned / KEVENT_ERROR)) };
}

/** Below it is what the specification's kevent returns: 1 for an event, 2 for its end, then the descriptor. */
const KEVENT_ERROR = 1 << 16;

/** The one number for the event whose six words are these. */
export function keventNumber(fd: number, flags: number, fflags: number): number {
  return 1 + ((flags & L.EV_EOF) !== 0 ? 2 : 0) + 4 * fd + KEVENT_ERROR * fflags;
}

/** The descriptor of the kqueue in kernels that stand beside the specification: the last one, which that does not have. */
export function kqueueOf(k: Kernel): number {
  return fixed(k, L.h_nfiles) - 1;
}

/** Carries out a change or a kevent. */
function kevent(sys: typeof Syscalls, k: Kernel, td: number, first: number, change: SystemCall<never>['change']): number {
  const user = get(k, td + L.td_user);
  if (change === undefined) {
    const count = sys.sys_kevent(k, td, kqueueOf(k), 0, 0, user, 1, first);
    return count <= 0 ? count : keventNumber(getWord(k, user), getWord(k, user + 8), getWord(k, user + 12));
  }
  for (const [at, word] of [first, change.filter, change.flags, 0, 0, 0].entries()) putWord(k, user + 4 * at, word);
  return sys.sys_kevent(k, td, kqueueOf(k), user, 1, 0, 0, 0);
}

/** Carries out a poll of one descriptor, with its pollfd in the thread's slice: what it found, or an errno negated. */
function poll(sys: typeof Syscalls, k: Kernel, td: number, fd: number, events: number, timo: number): number {
  const user = get(k, td + L.td_user);
  putWord(k, user, fd);
  putWord(k, user + 4, events);
  putWord(k, user + 8, 0);
  const result = sys.sys_poll(k, td, user, 1, timo);
  return result < 0 ? result : getWord(k, user + 8);
}

type Native = Readonly<Record<string, (k: Kernel, td: number, ...args: readonly number[]) => number>>;

/**
 * Carries out one call on one thread. The bytes of a transfer are at the start of the thread's slice of user memory; what is lent is on loan from
 * then on, and is copied there, too.
 */
export function carryOut(sys: typeof Syscalls, k: Kernel, td: number, call: Call): Result {
  const user = get(k, td + L.td_user);
  const place = {
    urgent: call.urgent === true,
    lent: call.lent === true,
    data: user,
    word: user,
    byMessage: call.message === true,
    says: call.says === true,
    message: messageOf(k, td),
    unix: typeof call.args[1] === 'number' && isUnix(k, call.args[0]),
    six: typeof call.args[0] === 'number' ? sixOf(k, socketOf(k, call.args[0])) : undefined,
  };
  const { fn, args, word, message, events, change, unprivileged } = systemCall<never>(call.name, call.args, place, call.host);
  if (fn === 'sys_kevent') return resultOf(call.name, kevent(sys, k, td, args[0] ?? 0, change));
  if (events !== undefined) return resultOf(call.name, poll(sys, k, td, args[0] ?? 0, events, args[2] ?? 0));
  if (word !== undefined) putWord(k, user, word);
  putMessage(k, place.message, message);
  if (unprivileged) or(k, td + L.td_flags, L.TDF_UNPRIV);
  const [fd = 0, bytes = 0] = args;
  const returned = fn === 'sys_sendmbuf' ? sendLent(sys, k, td, fd, bytes) : (sys as unknown as Native)[fn]?.(k, td, ...args);
  const result = resultOf(call.name, returned ?? 0);
  if (unprivileged) and(k, td + L.td_flags, ~L.TDF_UNPRIV);
  if (result.errno !== 'none') return result;
  if (fn === 'sys_recvmbuf') copyBytesIn(k, fixed(k, L.h_user) + user, lentBytes(k, get(k, td + L.td_retval1)), 0, result.value * UNIT);
  if (call.name === 'getsockopt') return { ...result, value: getWord(k, user) };
  return call.name === 'geterror' ? { ...result, answer: errnoName(getWord(k, user)) } : result;
}

/** A copy of what is in a chain of mbufs. */
export function lentBytes(k: Kernel, chain: number): Uint8Array {
  return Uint8Array.from(walk(k, chain, L.m_next).flatMap((m) => [...dataOf(k, m)]));
}

/** What an mbuf holds, where it lies. */
function dataOf(k: Kernel, m: number): Uint8Array {
  const from = (m + L.MBUF_HEADER) * 4 + get(k, m + L.m_off);
  return k.bytes.subarray(from, from + get(k, m + L.m_len));
}

/** Sends what lies at the start of the thread's slice, in mbufs that it is lent for that; what is not taken of them goes back. */
function sendLent(sys: typeof Syscalls, k: Kernel, td: number, fd: number, bytes: number): number {
  const lent = sys.sys_mgetm(k, td, bytes);
  if (lent < 0) return lent;
  const chain = get(k, td + L.td_retval1);
  let from = fixed(k, L.h_user) + get(k, td + L.td_user);
  for (const m of walk(k, chain, L.m_next)) {
    const data = dataOf(k, m);
    data.set(k.bytes.subarray(from, from + data.length));
    from += data.length;
  }
  const sent = sys.sys_sendmbuf(k, td, fd, chain, bytes, 0);
  const rest = get(k, td + L.td_retval1);
  if (rest !== 0) sys.sys_mfreem(k, td, rest);
  return sent;
}

function isUnix(k: Kernel, fd: number | boolean | string | undefined): boolean {
  const so = typeof fd === 'number' ? socketOf(k, fd) : 0;
  return so !== 0 && isUnixProtocol(fixed(k, so + L.so_proto));
}

/** Whether sockets of this protocol have UNIX names. */
export function isUnixProtocol(proto: number): boolean {
  return proto === L.PROTO_UNIX || proto === L.PROTO_UNIX_DGRAM || proto === L.PROTO_UNIX_SEQPACKET;
}

/** The socket behind a descriptor, 0 if there is none. */
export function socketOf(k: Kernel, fd: number): number {
  if (fd < 0 || fd >= fixed(k, L.h_nfiles)) return 0;
  const fp = load(k, fixed(k, L.h_fd_table) + fd);
  return fp === 0 ? 0 : get(k, fp + L.f_data);
}

/** A word of user memory. */
export function getWord(k: Kernel, user: number): number {
  return get(k, (fixed(k, L.h_user) + user) >> 2);
}

/** Writes the header of a message, if the call has one. */
export function putMessage(k: Kernel, user: number, message: readonly number[] = []): void {
  for (const [index, word] of message.entries()) putWord(k, user + 4 * index, word);
}

export function putWord(k: Kernel, user: number, value: number): void {
  put(k, (fixed(k, L.h_user) + user) >> 2, value);
}
