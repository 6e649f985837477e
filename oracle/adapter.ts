/**
 * The adapter: between the words of the specification and those of the implementation. It carries out a call of the
 * specification on the implementation and names errors; run/abstraction.ts, its other half, reads the state of the
 * specification out of a kernel's memory. Neither room knows the other.
 *
 * Sizes: the specification counts *units*, the implementation bytes; a unit is UNIT bytes.
 */
import * as E from '../impl/errno.ts';
import type * as Syscalls from '../impl/kern/syscalls.ts';
import * as L from '../impl/layout.ts';
import { fixed, get, type Kernel, load, put } from '../impl/memory.ts';
import * as N from '../impl/netinet/layout.ts';
import type { Result } from './run/specification.ts';

/** Bytes of a unit. */
export const UNIT = 16;

/** Ports that names stand for: name n is port n + 1. The ephemeral ones are far above. */
export const FIRST_PORT = 1;

const ERRNO: ReadonlyMap<number, string> = new Map(Object.entries(E).map(([name, number]) => [number, name]));

/** The name of an error number. */
export function errnoName(number: number): string {
  return number === 0 ? 'none' : (ERRNO.get(number) ?? `errno ${number}`);
}

/** A call as the specification names it; `host` is only for the implementation: whom a connect or a datagram is for. */
export interface Call {
  readonly name: string;
  readonly args: readonly (number | boolean | string)[];
  readonly host?: number;
}

const SOCKET_ARGUMENTS: Readonly<Record<string, readonly [number, number, number]>> = {
  unix: [L.AF_UNIX, L.SOCK_STREAM, 0],
  udp: [L.AF_INET, L.SOCK_DGRAM, L.IPPROTO_UDP],
  tcp: [L.AF_INET, L.SOCK_STREAM, L.IPPROTO_TCP],
  'unknown protocol': [L.AF_INET, L.SOCK_STREAM, 99],
  'wrong type': [L.AF_INET, L.SOCK_DGRAM, L.IPPROTO_TCP],
};

const HOW: Readonly<Record<string, number>> = { read: L.SHUT_RD, write: L.SHUT_WR, both: L.SHUT_RDWR, nonsense: 7 };
const LINGER: Readonly<Record<string, number>> = { off: -1, reset: 0, wait: 100 };

/** A user address that lies outside the user's memory. */
const BAD_ADDRESS = -4;

/** Carries out one call on one thread. The bytes of a transfer are at the start of the thread's slice of user memory. */
export function carryOut(sys: typeof Syscalls, k: Kernel, td: number, call: Call): Result {
  const user = get(k, td + L.td_user);
  const fd = number(call, 0);
  switch (call.name) {
    case 'socket':
    case 'socketpair': {
      const [domain, type, protocol] = SOCKET_ARGUMENTS[String(call.args[0])] ?? [0, 0, 0];
      return result((call.name === 'socket' ? sys.sys_socket : sys.sys_socketpair)(k, td, domain, type, protocol));
    }
    case 'bind':
      return result(sys.sys_bind(k, td, fd, 0, address(k, fd, number(call, 1))));
    case 'listen':
      return result(sys.sys_listen(k, td, fd, number(call, 1)));
    case 'accept':
      return result(sys.sys_accept(k, td, fd));
    case 'connect':
      return result(sys.sys_connect(k, td, fd, call.host ?? N.HOST_LOCAL, address(k, fd, number(call, 1))));
    case 'connect2':
      return result(sys.sys_connect2(k, td, fd, number(call, 1)));
    case 'disconnect':
      return result(sys.sys_disconnect(k, td, fd));
    case 'send': {
      const host = call.args[2] === true ? (call.host ?? N.HOST_LOCAL) : L.NO_ADDRESS;
      return transfer(sys.sys_sendto(k, td, fd, user, number(call, 1) * UNIT, 0, host, FIRST_PORT));
    }
    case 'receive':
      return transfer(sys.sys_recvfrom(k, td, fd, user, number(call, 1) * UNIT, 0));
    case 'shutdown':
      return result(sys.sys_shutdown(k, td, fd, HOW[String(call.args[1])] ?? -1));
    case 'setsockopt':
      putWord(k, user, call.args[1] === true ? 1 : 0);
      return result(sys.sys_setsockopt(k, td, fd, L.IPPROTO_TCP, L.TCP_NODELAY, call.args[2] === true ? user : BAD_ADDRESS));
    case 'getsockopt':
      return option(k, user, sys.sys_getsockopt(k, td, fd, L.IPPROTO_TCP, L.TCP_NODELAY, user));
    case 'setlinger':
      putWord(k, user, LINGER[String(call.args[1])] ?? -1);
      return result(sys.sys_setsockopt(k, td, fd, L.SOL_SOCKET, L.SO_OPT_LINGER, user));
    case 'geterror': {
      const answer = option(k, user, sys.sys_getsockopt(k, td, fd, L.SOL_SOCKET, L.SO_OPT_ERROR, user));
      return answer.errno === 'none' ? { errno: 'none', value: 0, answer: errnoName(answer.value) } : answer;
    }
    case 'setnbio':
      return result(sys.sys_setnbio(k, td, fd, call.args[1] === true ? 1 : 0));
    case 'dup':
      return result(sys.sys_dup(k, td, fd));
    case 'close':
      return result(sys.sys_close(k, td, fd));
    case 'fgetsock':
      return result(sys.sys_fgetsock(k, td, fd));
    case 'fputsock':
      return result(sys.sys_fputsock(k, td, fd));
    default:
      throw new Error(`the adapter does not know the call ${call.name}`);
  }
}

function number(call: Call, index: number): number {
  const argument = call.args[index];
  return typeof argument === 'number' ? argument : 0;
}

/** What the implementation calls a name: a UNIX name is the number itself, an Internet one a port. */
function address(k: Kernel, fd: number, name: number): number {
  const so = socketOf(k, fd);
  return so !== 0 && fixed(k, so + L.so_proto) === L.PROTO_UNIX ? name : name + FIRST_PORT;
}

/** The socket behind a descriptor, 0 if there is none. */
export function socketOf(k: Kernel, fd: number): number {
  if (fd < 0 || fd >= fixed(k, L.h_nfiles)) return 0;
  const fp = load(k, fixed(k, L.h_fd_table) + fd);
  return fp === 0 ? 0 : get(k, fp + L.f_data);
}

function result(returned: number): Result {
  return returned < 0 ? failure(returned) : { errno: 'none', value: returned, answer: 'none' };
}

function transfer(returned: number): Result {
  return returned < 0 ? failure(returned) : { errno: 'none', value: units(returned), answer: 'none' };
}

function option(k: Kernel, user: number, returned: number): Result {
  return returned < 0 ? failure(returned) : { errno: 'none', value: getWord(k, user), answer: 'none' };
}

function failure(returned: number): Result {
  return { errno: errnoName(-returned), value: 0, answer: 'none' };
}

/** Bytes as units; a fraction shows as one and so is never equal to what the specification says. */
function units(bytes: number): number {
  return bytes / UNIT;
}

/** A word of user memory. */
export function getWord(k: Kernel, user: number): number {
  return get(k, (fixed(k, L.h_user) + user) >> 2);
}

export function putWord(k: Kernel, user: number, value: number): void {
  put(k, (fixed(k, L.h_user) + user) >> 2, value);
}
