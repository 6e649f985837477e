/**
 * The adapter: between the words of the specification and those of the implementation. It carries out a call of the
 * specification on the implementation, names errors, and reads the state of the specification out of a kernel's memory.
 * The only engine file that knows both rooms; neither of them knows the other.
 *
 * Sizes: the specification counts *units*, the implementation bytes; a unit is UNIT bytes.
 */
import * as E from '../impl/errno.ts';
import * as L from '../impl/layout.ts';
import { fixed, get, type Kernel, load, put } from '../impl/memory.ts';
import { callout_pending } from '../impl/kern/callout.ts';
import * as N from '../impl/netinet/layout.ts';
import { TF_NEEDFIN, TF_NODELAY } from '../impl/netinet/tcp_fsm.ts';
import type * as Syscalls from '../impl/kern/syscalls.ts';
import type { ModelPcb, ModelSocket, ModelState, Result } from './run/specification.ts';

/** Bytes of a unit. */
export const UNIT = 16;

/** Ports that names stand for: name n is port n + 1. The ephemeral ones are far above. */
const FIRST_PORT = 1;
const FIRST_EPHEMERAL = 1024;

const ERRNO: ReadonlyMap<number, string> = new Map(
  Object.entries(E).map(([name, number]) => [number, name]),
);

/** The name of an error number. */
export function errnoName(number: number): string {
  return number === 0 ? 'none' : (ERRNO.get(number) ?? `errno ${number}`);
}

// --- calls -----------------------------------------------------------------------------------------------------------------

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

// --- identities ------------------------------------------------------------------------------------------------------------

/** Which of the specification's sockets and pcbs is which of the implementation's. Free ones have no partner. */
export class Identities {
  /** By id of the specification: word index of the socket, and its generation. */
  private readonly sockets: { at: number; generation: number }[];
  private readonly pcbs: number[];

  constructor(sockets: number, pcbs: number) {
    this.sockets = Array.from({ length: sockets }, () => ({ at: 0, generation: 0 }));
    this.pcbs = Array.from({ length: pcbs }, () => 0);
  }

  /**
   * Pairs what is new. Both sides allocate in the same order within a call, so new sockets are paired in that order: the
   * specification's by id, the implementation's by generation. A wrong pairing can only show up as a difference.
   */
  update(k: Kernel, model: ModelState): void {
    const alive = liveSockets(k);
    for (const [id, pair] of this.sockets.entries()) {
      const still = pair.at !== 0 && alive.some((so) => so === pair.at && get(k, so + L.so_gencnt) === pair.generation);
      if (!still || model.sockets[id]?.protocol === 'none') this.sockets[id] = { at: 0, generation: 0 };
    }
    const known = new Set(this.sockets.map((pair) => pair.at));
    const fresh = alive.filter((so) => !known.has(so)).sort((a, b) => get(k, a + L.so_gencnt) - get(k, b + L.so_gencnt));
    for (const [id, socket] of model.sockets.entries()) {
      if (socket.protocol === 'none' || this.socketAt(id) !== 0) continue;
      const at = fresh.shift() ?? 0;
      this.sockets[id] = { at, generation: at === 0 ? 0 : get(k, at + L.so_gencnt) };
    }
    this.updatePcbs(k, model);
  }

  /** A pcb is found through its socket; one without a socket (TIME_WAIT) keeps the partner it had. */
  private updatePcbs(k: Kernel, model: ModelState): void {
    for (const [id, pcb] of model.pcbs.entries()) {
      if (pcb.protocol === 'none') this.pcbs[id] = 0;
      else if (pcb.socket !== null) {
        const at = this.socketAt(pcb.socket);
        this.pcbs[id] = at === 0 ? 0 : get(k, at + L.so_pcb);
      }
    }
  }

  socketAt(id: number): number {
    return this.sockets[id]?.at ?? 0;
  }

  /** A name for the partner of a socket that no other socket ever has. */
  nameOf(id: number): string {
    const pair = this.sockets[id];
    return pair === undefined ? 'none' : `${pair.at}.${pair.generation}`;
  }

  pcbAt(id: number): number {
    return this.pcbs[id] ?? 0;
  }

  socketId(at: number): number | null {
    return idOf(at, this.sockets.map((pair) => pair.at));
  }

  pcbId(at: number): number | null {
    return idOf(at, this.pcbs);
  }
}

/** An object the specification has no partner for gets the id -1, which equals none. */
function idOf(at: number, known: readonly number[]): number | null {
  return at === 0 ? null : known.indexOf(at);
}

/** All records of a zone that are in use. */
function records(k: Kernel, zone: number): readonly number[] {
  const found: number[] = [];
  const size = fixed(k, zone + L.uz_size);
  for (let index = 0; index < fixed(k, zone + L.uz_count); index++) {
    const at = fixed(k, zone + L.uz_base) + index * size;
    if (get(k, at + L.z_link) === L.Z_ALLOCATED) found.push(at);
  }
  return found;
}

export function liveSockets(k: Kernel): readonly number[] {
  return records(k, L.socket_zone);
}

/** How many pcbs the implementation has, of all protocols. */
export function livePcbs(k: Kernel): readonly number[] {
  return [...records(k, L.unp_zone), ...records(k, L.inp_zone)];
}

// --- state -----------------------------------------------------------------------------------------------------------------

const PROTOCOL: ReadonlyMap<number, string> = new Map([
  [L.PROTO_UNIX, 'unix'],
  [L.PROTO_UDP, 'udp'],
  [L.PROTO_TCP, 'tcp'],
]);

const TCP_STATE = ['CLOSED', 'LISTEN', 'SYN_SENT', 'SYN_RECEIVED', 'ESTABLISHED', 'CLOSE_WAIT', 'FIN_WAIT_1', 'CLOSING', 'LAST_ACK', 'FIN_WAIT_2', 'TIME_WAIT'];

/** One socket of the implementation in the words of the specification. */
export function abstractSocket(k: Kernel, so: number, ids: Identities): Omit<ModelSocket, 'sending'> {
  const state = load(k, so + L.so_state);
  const options = load(k, so + L.so_options);
  const qstate = get(k, so + L.so_qstate);
  const is = (flag: number): boolean => (state & flag) !== 0;
  const udp = fixed(k, so + L.so_proto) === L.PROTO_UDP;
  return {
    protocol: PROTOCOL.get(fixed(k, so + L.so_proto)) ?? 'unknown',
    count: get(k, so + L.so_count),
    file: fileCount(k, so),
    pcb: ids.pcbId(get(k, so + L.so_pcb)),
    noFdRef: is(L.SS_NOFDREF),
    protoRef: is(L.SS_PROTOREF),
    connected: is(L.SS_ISCONNECTED),
    connecting: is(L.SS_ISCONNECTING),
    disconnecting: is(L.SS_ISDISCONNECTING),
    disconnected: is(L.SS_ISDISCONNECTED),
    nonBlocking: is(L.SS_NBIO),
    acceptConn: (options & L.SO_ACCEPTCONN) !== 0,
    linger: (options & L.SO_LINGER) === 0 ? 'off' : load(k, so + L.so_linger) === 0 ? 'reset' : 'wait',
    queue: qstate === L.SQ_INCOMP ? 'incomplete' : qstate === L.SQ_COMP ? 'complete' : qstate === 0 ? 'none' : 'both',
    head: ids.socketId(get(k, so + L.so_head)),
    limit: load(k, so + L.so_qlimit),
    incomplete: queue(k, so, L.so_incomp_first, L.so_incqlen, ids),
    complete: queue(k, so, L.so_comp_first, L.so_qlen, ids),
    error: errnoName(load(k, so + L.so_error)),
    rcv: {
      cc: udp ? datagrams(k, so + L.so_rcv) : units(get(k, so + L.so_rcv + L.sb_cc)),
      cantMore: (load(k, so + L.so_rcv + L.sb_state) & L.SBS_CANTRCVMORE) !== 0,
    },
    snd: { cc: units(get(k, so + L.so_snd + L.sb_cc)), cantMore: (load(k, so + L.so_snd + L.sb_state) & L.SBS_CANTSENDMORE) !== 0 },
  };
}

function fileCount(k: Kernel, so: number): number {
  const file = records(k, L.file_zone).find((fp) => get(k, fp + L.f_data) === so);
  return file === undefined ? 0 : load(k, file + L.f_count);
}

/** The members of a queue in order; a length that does not agree shows as a member -2. */
function queue(k: Kernel, so: number, first: number, length: number, ids: Identities): readonly number[] {
  const members: number[] = [];
  for (let child = get(k, so + first); child !== 0 && members.length < 1000; child = get(k, child + L.so_list_next)) members.push(ids.socketId(child) ?? -1);
  return members.length === get(k, so + length) ? members : [...members, -2];
}

function datagrams(k: Kernel, sb: number): number {
  let count = 0;
  for (let m = get(k, sb + L.sb_mb); m !== 0; m = get(k, m + L.m_nextpkt)) count++;
  return count;
}

const NO_PCB: ModelPcb = {
  protocol: 'none',
  socket: null,
  bound: false,
  name: null,
  peer: null,
  charged: 0,
  foreign: false,
  state: 'CLOSED',
  dropped: false,
  timeWait: false,
  sockRef: false,
  needFin: false,
  noDelay: false,
  msl: false,
};

/**
 * One pcb of the implementation in the words of the specification. What BSD leaves undefined once a connection is over (the
 * state, the options and the address of a dropped or waiting pcb) is taken from `expected`.
 */
export function abstractPcb(k: Kernel, td: number, pcb: number, ids: Identities, expected: ModelPcb): ModelPcb {
  return expected.protocol === 'unix' ? abstractUnp(k, pcb, ids) : abstractInp(k, td, pcb, ids, expected);
}

function abstractUnp(k: Kernel, unp: number, ids: Identities): ModelPcb {
  const peer = get(k, unp + L.unp_conn);
  const vnode = get(k, unp + L.unp_vnode);
  return {
    ...NO_PCB,
    protocol: 'unix',
    socket: ids.socketId(get(k, unp + L.unp_socket)),
    bound: vnode !== 0,
    name: vnode === 0 ? null : vnode - 1,
    peer: ids.pcbId(peer),
    charged: peer === 0 ? 0 : units(get(k, unp + L.unp_cc)),
  };
}

function abstractInp(k: Kernel, td: number, inp: number, ids: Identities, expected: ModelPcb): ModelPcb {
  const port = get(k, inp + N.inp_lport);
  const flags = get(k, inp + N.inp_flags);
  const dropped = (flags & N.INP_DROPPED) !== 0;
  const timeWait = (flags & N.INP_TIMEWAIT) !== 0;
  const common = {
    ...NO_PCB,
    socket: ids.socketId(get(k, inp + N.inp_socket)),
    bound: dropped ? expected.bound : port !== 0,
    name: dropped || port === 0 || port >= FIRST_EPHEMERAL ? null : port - FIRST_PORT,
    foreign: dropped ? expected.foreign : get(k, inp + N.inp_faddr) !== 0,
    dropped,
    timeWait,
    sockRef: (flags & N.INP_SOCKREF) !== 0,
  };
  if (get(k, inp + N.inp_pcbinfo) === N.udbinfo) return { ...common, protocol: 'udp' };
  const tp = get(k, inp + N.inp_ppcb);
  if (dropped) return { ...common, protocol: 'tcp', state: timeWait ? 'TIME_WAIT' : 'CLOSED', noDelay: expected.noDelay };
  if (timeWait) return { ...common, protocol: 'tcp', state: 'TIME_WAIT', noDelay: expected.noDelay, msl: tp !== 0 && callout_pending(k, td, tp + N.tw_2msl) };
  return {
    ...common,
    protocol: 'tcp',
    state: TCP_STATE[get(k, tp + N.t_state)] ?? 'unknown',
    needFin: (get(k, tp + N.t_flags) & TF_NEEDFIN) !== 0,
    noDelay: (get(k, tp + N.t_flags) & TF_NODELAY) !== 0,
    msl: callout_pending(k, td, tp + N.t_2msl),
  };
}

/** The descriptor table and the handles, as sockets of the specification. */
export function abstractTables(k: Kernel, ids: Identities): { readonly fds: readonly (number | null)[]; readonly handles: readonly (number | null)[] } {
  return {
    fds: Array.from({ length: fixed(k, L.h_nfiles) }, (_, fd) => ids.socketId(socketOf(k, fd))),
    handles: Array.from({ length: fixed(k, L.h_nhandles) }, (_, handle) => ids.socketId(get(k, fixed(k, L.h_handles) + handle))),
  };
}
