/**
 * The *abstraction*: what the memory of a kernel says, in the words of the specification. It is written over a copy of the
 * specification's own state, field by field; what it does not write has no counterpart in the implementation and stays as it was:
 *
 *   threads, link, panic      what a running call remembers; between calls the implementation remembers nothing
 *   sockets[].sending, .receiving   the sx locks of the buffers, which nobody holds between calls
 *   a right in a hand         is in a running call
 *   ….everCantMore, .everFiltered, pcbs[].shared   history
 *   unp_refs                  the list of those who have a datagram socket for their peer must be these, and is nothing else
 *   a dropped pcb             BSD leaves its address and state as they were, and nobody looks at them
 *
 * So the two sides agree exactly if the words are equal afterwards. A value that the specification has no number for is a *misfit*.
 */
import * as E from '../../impl/errno.ts';
import * as K from '../../impl/kern/kqueue_layout.ts';
import * as L from '../../impl/layout.ts';
import { fixed, get, type Kernel, load } from '../../impl/memory.ts';
import * as U from '../../impl/unix/layout.ts';
import * as N from '../../impl/netinet/layout.ts';
import { TF_NEEDFIN, TF_NODELAY } from '../../impl/netinet/tcp_fsm.ts';
import { errnoName, FIRST_PORT, isUnixProtocol, kqueueOf, socketOf, UNIT } from '../adapter.ts';
import { type Cell, type Cells, codeOf, read, type SequenceCells, write } from './cells.ts';
import { isUnpcb, type Pairing, STRANGER } from './identities.ts';
import type { Configuration } from './operations.ts';
import { flights } from './flights.ts';
import { count, walk } from './walk.ts';

/** Ports from here on were chosen by the system; the specification gives them no name. */
const FIRST_EPHEMERAL = 1024;

const TCP_STATES = [
  'CLOSED',
  'LISTEN',
  'SYN_SENT',
  'SYN_RECEIVED',
  'ESTABLISHED',
  'CLOSE_WAIT',
  'FIN_WAIT_1',
  'CLOSING',
  'LAST_ACK',
  'FIN_WAIT_2',
  'TIME_WAIT',
];

/** A value of the implementation that the specification has no number for. */
export interface Misfit {
  readonly path: string;
  readonly seen: string | number;
}

const SOCKET_FIELDS = [
  'protocol',
  'count',
  'file',
  'pcb',
  'noFdRef',
  'protoRef',
  'connected',
  'connecting',
  'disconnecting',
  'disconnected',
  'nonBlocking',
  'acceptConn',
  'filter',
  'keepAlive',
  'broadcast',
  'reuseAddress',
  'reusePort',
  'linger',
  'queue',
  'head',
  'limit',
  'error',
  'mark',
  'atMark',
  'garbage',
  'reaped',
] as const;
// biome-ignore format: a list of names
const PCB_FIELDS = [
  'protocol', 'socket', 'bound', 'name', 'peer', 'connWait', 'charged', 'foreign', 'vflag', 'state',
  'dropped', 'timeWait', 'sockRef', 'needFin', 'noDelay', 'msl', 'soft', 'oob',
] as const;
const KNOTE_FIELDS = ['fd', 'write', 'once', 'disabled'] as const;
/** Fields that a UNIX pcb does not have; and those that an Internet one does not have, or has only in some states. */
const INTERNET_ONLY = ['foreign', 'vflag', 'state', 'dropped', 'timeWait', 'sockRef', 'needFin', 'noDelay', 'msl', 'soft', 'oob'] as const;
const NOT_INTERNET = ['peer', 'connWait', 'charged', 'needFin', 'msl', 'soft', 'oob'] as const;

type SocketCells = Readonly<Record<(typeof SOCKET_FIELDS)[number] | 'rcvCc' | 'rcvCantMore' | 'sndCc' | 'sndCantMore', Cell>> & {
  readonly incomplete: SequenceCells;
  readonly complete: SequenceCells;
  readonly records: SequenceCells;
};
type RightCells = Readonly<Record<'file' | 'place' | 'holder' | 'before', Cell>>;
type PcbCells = Readonly<Record<(typeof PCB_FIELDS)[number], Cell>>;

/** Numbers of the specification's literals. They are the same at every socket and every pcb. */
interface Codes {
  readonly protocol: ReadonlyMap<number, number>;
  /** Of the protocols of the UNIX domain. */
  readonly local: readonly number[];
  readonly errno: ReadonlyMap<number, number>;
  readonly queue: ReadonlyMap<number, number>;
  readonly state: readonly number[];
  /** By INP_IPV4, INP_IPV6 and INP_IPV6PROTO. */
  readonly vflag: readonly (number | undefined)[];
  /** By TCPOOB_*. */
  readonly oob: readonly number[];
  /** By errno: t_softerror. */
  readonly soft: ReadonlyMap<number, number>;
  readonly linger: Readonly<Record<'off' | 'reset' | 'wait', number>>;
  readonly place: Readonly<Record<'hand' | 'buffer' | 'deferred', number>>;
  readonly garbage: Readonly<Record<'no' | 'found' | 'swept', number>>;
  readonly filter: Readonly<Record<'no' | 'set' | 'asks', number>>;
}

export class Abstraction {
  /** Of the last `write`. */
  readonly misfits: Misfit[] = [];
  /** A part of a unit counts where it arrives once it is whole, and where it comes from as long as anything is left of it. */
  rounding = false;
  private readonly sockets: readonly SocketCells[];
  private readonly pcbs: readonly PcbCells[];
  private readonly fds: readonly Cell[];
  private readonly handles: readonly Cell[];
  private readonly knote: Readonly<Record<(typeof KNOTE_FIELDS)[number], Cell>>;
  private readonly rights: readonly RightCells[];
  private readonly codes: Codes;

  constructor(cells: Cells, sizes: Configuration) {
    this.sockets = Array.from({ length: sizes.SOCKETS }, (_, id) => ({
      ...(Object.fromEntries(SOCKET_FIELDS.map((field) => [field, cells.at('sockets', id, field)])) as Record<
        (typeof SOCKET_FIELDS)[number],
        Cell
      >),
      rcvCc: cells.at('sockets', id, 'rcv', 'cc'),
      rcvCantMore: cells.at('sockets', id, 'rcv', 'cantMore'),
      sndCc: cells.at('sockets', id, 'snd', 'cc'),
      sndCantMore: cells.at('sockets', id, 'snd', 'cantMore'),
      incomplete: cells.sequence('sockets', id, 'incomplete'),
      complete: cells.sequence('sockets', id, 'complete'),
      records: cells.sequence('sockets', id, 'records'),
    }));
    this.pcbs = Array.from(
      { length: sizes.PCBS },
      (_, id) =>
        Object.fromEntries(PCB_FIELDS.map((field) => [field, cells.at('pcbs', id, field)])) as Record<(typeof PCB_FIELDS)[number], Cell>,
    );
    this.fds = Array.from({ length: sizes.FDS }, (_, fd) => cells.at('fds', fd));
    this.handles = Array.from({ length: sizes.HANDLES }, (_, handle) => cells.at('handles', handle));
    this.knote = Object.fromEntries(KNOTE_FIELDS.map((field) => [field, cells.at('knotes', 0, field)])) as Record<
      (typeof KNOTE_FIELDS)[number],
      Cell
    >;
    this.rights = cells.table('rights', 'file').map((file, right) => ({
      file,
      place: cells.at('rights', right, 'place'),
      holder: cells.at('rights', right, 'holder'),
      before: cells.at('rights', right, 'before'),
    }));
    this.codes = codesOf(cells);
  }

  /** Writes what the kernel's memory says over `words`, a copy of the specification's state, with whose objects `ids` has paired its own. */
  write(k: Kernel, ids: Pairing, words: Int32Array): void {
    this.misfits.length = 0;
    let sockets = 0;
    for (let id = 0; id < this.sockets.length; id++) {
      const cells = this.sockets[id] as SocketCells;
      if (read(words, cells.protocol) === 0) continue;
      sockets++;
      const so = ids.socketAt(id);
      if (so === 0) this.misfits.push({ path: `sockets[${id}]`, seen: 'no such socket' });
      else this.socket(k, so, ids, cells, words);
    }
    let pcbs = 0;
    for (let id = 0; id < this.pcbs.length; id++) {
      const cells = this.pcbs[id] as PcbCells;
      if (read(words, cells.protocol) === 0) continue;
      pcbs++;
      const pcb = ids.pcbAt(id);
      const local = this.codes.local.includes(read(words, cells.protocol));
      if (pcb === 0 || get(k, pcb + L.z_link) !== L.Z_ALLOCATED || local !== isUnpcb(k, pcb))
        this.misfits.push({ path: `pcbs[${id}]`, seen: 'no such pcb' });
      else if (local) this.unixPcb(k, pcb, ids, cells, words);
      else this.internetPcb(k, pcb, ids, cells, words);
    }
    this.event(k, words);
    this.counted('sockets', get(k, L.socket_zone + L.uz_inuse), sockets);
    this.counted('pcbs', get(k, L.unp_zone + L.uz_inuse) + get(k, L.inp_zone + L.uz_inuse), pcbs);
    this.inFlight(k, ids, words);
    for (let fd = 0; fd < this.fds.length; fd++) this.set(words, this.fds[fd] as Cell, ids.socketCode(socketOf(k, fd)));
    for (let handle = 0; handle < this.handles.length; handle++) {
      this.set(words, this.handles[handle] as Cell, ids.socketCode(get(k, fixed(k, L.h_handles) + handle)));
    }
  }

  /** The kqueue has room for one event, as the specification's. */
  private event(k: Kernel, words: Int32Array): void {
    const kq = get(k, load(k, fixed(k, L.h_fd_table) + kqueueOf(k)) + L.f_data);
    const kn = get(k, kq + K.kq_notes);
    const has = (flag: number): number => (flag === 0 ? 0 : 1);
    this.set(words, this.knote.fd, kn === 0 ? 0 : fixed(k, kn + K.kn_fd) + 1);
    this.set(words, this.knote.write, has(kn !== 0 && fixed(k, kn + K.kn_filter) === L.EVFILT_WRITE ? 1 : 0));
    this.set(words, this.knote.once, kn === 0 ? 0 : has(fixed(k, kn + K.kn_flags) & L.EV_ONESHOT));
    this.set(words, this.knote.disabled, kn === 0 ? 0 : has(get(k, kn + K.kn_status) & K.KN_DISABLED));
    this.counted('events', get(k, L.knote_zone + L.uz_inuse), kn === 0 ? 0 : 1);
  }

  /** Rights have no names: each is written where the state has one like it, if it has, and else where one is free. One in a hand is nobody's to see. */
  private inFlight(k: Kernel, ids: Pairing, words: Int32Array): void {
    const { hand, buffer, deferred } = this.codes.place;
    const left = flights(k).map(({ file, holder, before, inRecord }): readonly number[] => [
      ids.socketCode(get(k, file + L.f_data)),
      holder === 0 ? deferred : buffer,
      ids.socketCode(holder),
      inRecord ? before : this.units(before, Math.floor),
    ]);
    const others: (readonly Cell[])[] = [];
    for (const { file, place, holder, before } of this.rights) {
      const cells = [file, place, holder, before];
      if (read(words, place) === hand && read(words, file) !== 0) continue;
      const like = left.findIndex((right) => right.every((value, index) => read(words, cells[index] as Cell) === value));
      if (like >= 0) left.splice(like, 1);
      else others.push(cells);
    }
    for (const cells of others) {
      const right = left.shift() ?? [0, 0, 0, 0];
      for (const [index, cell] of cells.entries()) this.set(words, cell, right[index] ?? 0);
    }
    if (left.length > 0) this.misfits.push({ path: 'rights', seen: `${left.length} more than the specification has` });
  }

  private counted(what: string, seen: number, allowed: number): void {
    if (seen !== allowed) this.misfits.push({ path: `number of ${what}`, seen: `${seen} where the specification has ${allowed}` });
  }

  private socket(k: Kernel, so: number, ids: Pairing, cells: SocketCells, words: Int32Array): void {
    const state = load(k, so + L.so_state);
    const options = load(k, so + L.so_options);
    const { codes } = this;
    this.flag(words, cells.noFdRef, state & L.SS_NOFDREF);
    this.flag(words, cells.protoRef, state & L.SS_PROTOREF);
    this.flag(words, cells.connected, state & L.SS_ISCONNECTED);
    this.flag(words, cells.connecting, state & L.SS_ISCONNECTING);
    this.flag(words, cells.disconnecting, state & L.SS_ISDISCONNECTING);
    this.flag(words, cells.disconnected, state & L.SS_ISDISCONNECTED);
    this.flag(words, cells.nonBlocking, state & L.SS_NBIO);
    this.flag(words, cells.acceptConn, options & L.SO_ACCEPTCONN);
    this.set(words, cells.filter, this.filter(k, so, options));
    this.flag(words, cells.keepAlive, options & L.SO_KEEPALIVE);
    this.flag(words, cells.broadcast, options & L.SO_BROADCAST);
    this.flag(words, cells.reuseAddress, options & L.SO_REUSEADDR);
    this.flag(words, cells.reusePort, options & L.SO_REUSEPORT);
    this.set(
      words,
      cells.linger,
      (options & L.SO_LINGER) === 0 ? codes.linger.off : load(k, so + L.so_linger) === 0 ? codes.linger.reset : codes.linger.wait,
    );
    this.code(words, cells.protocol, codes.protocol, fixed(k, so + L.so_proto));
    this.code(words, cells.queue, codes.queue, get(k, so + L.so_qstate));
    this.code(words, cells.error, codes.errno, load(k, so + L.so_error));
    this.set(words, cells.count, get(k, so + L.so_count));
    this.set(words, cells.file, fileCount(k, so));
    this.set(words, cells.pcb, ids.pcbCode(get(k, so + L.so_pcb)));
    this.set(words, cells.garbage, this.garbage(k, so));
    this.set(words, cells.reaped, 0); // at rest nobody has left a close to others
    this.set(words, cells.head, ids.socketCode(get(k, so + L.so_head)));
    this.set(words, cells.limit, load(k, so + L.so_qlimit));
    this.queue(k, words, cells.incomplete, so, L.so_incomp_first, L.so_incqlen, ids);
    this.queue(k, words, cells.complete, so, L.so_comp_first, L.so_qlen, ids);
    const proto = fixed(k, so + L.so_proto);
    const code = codes.protocol.get(proto);
    const datagrams = code === codes.protocol.get(L.PROTO_UDP) || code === codes.protocol.get(L.PROTO_RAW);
    this.set(
      words,
      cells.rcvCc,
      datagrams ? count(k, get(k, so + L.so_rcv + L.sb_mb), L.m_nextpkt) : this.units(get(k, so + L.so_rcv + L.sb_cc), Math.floor),
    );
    this.records(k, words, cells.records, so);
    this.set(words, cells.sndCc, this.units(get(k, so + L.so_snd + L.sb_cc), Math.ceil));
    this.set(words, cells.mark, this.units(get(k, so + L.so_oobmark), Math.floor));
    this.flag(words, cells.atMark, load(k, so + L.so_rcv + L.sb_state) & L.SBS_RCVATMARK);
    this.flag(words, cells.rcvCantMore, load(k, so + L.so_rcv + L.sb_state) & L.SBS_CANTRCVMORE);
    this.flag(words, cells.sndCantMore, load(k, so + L.so_snd + L.sb_state) & L.SBS_CANTSENDMORE);
  }

  /** The lengths of the records in a receive buffer, in units; of a stream, and of UDP, which counts them, none. */
  private records(k: Kernel, words: Int32Array, cells: SequenceCells, so: number): void {
    const proto = fixed(k, so + L.so_proto);
    const kept = proto === L.PROTO_UNIX_DGRAM || proto === L.PROTO_UNIX_SEQPACKET;
    if (!kept && read(words, cells.length) === 0) return;
    const lengths = kept ? walk(k, get(k, so + L.so_rcv + L.sb_mb), L.m_nextpkt).map((record) => dataOf(k, record) / UNIT) : [];
    if (lengths.length > cells.items.length) {
      this.misfits.push({ path: cells.length.path, seen: lengths.length });
      return;
    }
    for (const [index, item] of cells.items.entries()) this.set(words, item, lengths[index] ?? 0);
    this.set(words, cells.length, lengths.length);
  }

  /** A listener has a filter exactly if it has the bit that its children take from it. */
  private filter(k: Kernel, so: number, options: number): number {
    const { no, set, asks } = this.codes.filter;
    if ((get(k, so + L.so_rcv + L.sb_flags) & L.SB_UPCALL) !== 0) return asks;
    const listens = (options & L.SO_ACCEPTCONN) !== 0;
    if (listens && (get(k, so + L.so_accf) !== 0) !== ((options & L.SO_ACCEPTFILTER) !== 0))
      this.misfits.push({ path: 'filter', seen: 'a filter without SO_ACCEPTFILTER, or this without a filter' });
    return (options & L.SO_ACCEPTFILTER) !== 0 ? set : no;
  }

  private garbage(k: Kernel, so: number): number {
    const unp = isUnixProtocol(fixed(k, so + L.so_proto)) ? get(k, so + L.so_pcb) : 0;
    const flags = unp === 0 ? 0 : get(k, unp + L.unp_gcflag);
    const { no, found, swept } = this.codes.garbage;
    return (flags & U.UNPGC_FOUND) !== 0 ? found : (flags & U.UNPGC_SWEPT) !== 0 ? swept : no;
  }

  private unixPcb(k: Kernel, unp: number, ids: Pairing, cells: PcbCells, words: Int32Array): void {
    this.referrers(k, unp, cells);
    const peer = get(k, unp + L.unp_conn);
    const vnode = get(k, unp + L.unp_vnode);
    this.set(words, cells.socket, ids.socketCode(get(k, unp + L.unp_socket)));
    this.flag(words, cells.bound, vnode);
    // A vnode word is the name plus 1, and so is the number of a name; one that was unlinked is below 0.
    this.set(words, cells.name, Math.max(0, vnode));
    this.set(words, cells.peer, ids.pcbCode(peer));
    this.flag(words, cells.connWait, get(k, unp + L.unp_flags) & U.UNP_CONNWAIT);
    this.set(words, cells.charged, peer === 0 ? 0 : get(k, unp + L.unp_cc) / UNIT);
    for (const field of INTERNET_ONLY) this.set(words, cells[field], 0);
  }

  /** The reverse list: exactly the datagram pcbs that have this one for their peer, each once. */
  private referrers(k: Kernel, unp: number, cells: PcbCells): void {
    const listed = walk(k, get(k, unp + L.unp_refs), L.unp_reflink_next);
    const size = fixed(k, L.unp_zone + L.uz_size);
    const base = fixed(k, L.unp_zone + L.uz_base);
    let found = 0;
    for (let at = base; at < base + size * fixed(k, L.unp_zone + L.uz_count); at += size) {
      if (get(k, at + L.z_link) !== L.Z_ALLOCATED || get(k, at + L.unp_conn) !== unp) continue;
      const so = get(k, at + L.unp_socket);
      if (so === 0 || fixed(k, so + L.so_proto) !== L.PROTO_UNIX_DGRAM) continue;
      found++;
      if (!listed.includes(at)) this.misfits.push({ path: cells.peer.path, seen: 'the peer of one that is not on its list unp_refs' });
    }
    if (listed.length !== found)
      this.misfits.push({ path: cells.peer.path, seen: `${listed.length} on unp_refs, of whom ${found} have it for a peer` });
  }

  private internetPcb(k: Kernel, inp: number, ids: Pairing, cells: PcbCells, words: Int32Array): void {
    const { codes } = this;
    const flags = get(k, inp + N.inp_flags);
    const dropped = (flags & N.INP_DROPPED) !== 0;
    const timeWait = (flags & N.INP_TIMEWAIT) !== 0;
    const pcbinfo = fixed(k, inp + N.inp_pcbinfo);
    const datagrams = pcbinfo !== N.tcbinfo;
    const port = get(k, inp + N.inp_lport);
    this.code(words, cells.protocol, codes.protocol, fixed(k, pcbinfo + N.ipi_proto));
    this.set(words, cells.socket, ids.socketCode(get(k, inp + N.inp_socket)));
    this.set(words, cells.vflag, codes.vflag[get(k, inp + N.inp_vflag)] ?? STRANGER);
    this.flag(words, cells.dropped, flags & N.INP_DROPPED);
    this.flag(words, cells.timeWait, flags & N.INP_TIMEWAIT);
    this.flag(words, cells.sockRef, flags & N.INP_SOCKREF);
    this.set(words, cells.name, dropped || port === 0 || port >= FIRST_EPHEMERAL ? 0 : port - FIRST_PORT + 1);
    if (!dropped) {
      this.flag(words, cells.bound, port);
      this.flag(words, cells.foreign, get(k, inp + N.inp_faddr));
    }
    for (const field of NOT_INTERNET) this.set(words, cells[field], 0);
    const over = timeWait ? 'TIME_WAIT' : 'CLOSED';
    if (datagrams || dropped || timeWait) {
      this.set(words, cells.state, codes.state[TCP_STATES.indexOf(over)] ?? STRANGER);
      if (datagrams) this.set(words, cells.noDelay, 0);
      const tw = get(k, inp + N.inp_ppcb);
      if (timeWait && !dropped) this.flag(words, cells.msl, tw === 0 ? 0 : pending(k, tw + N.tw_2msl));
      return;
    }
    const tp = get(k, inp + N.inp_ppcb);
    this.set(words, cells.state, codes.state[get(k, tp + N.t_state)] ?? STRANGER);
    this.flag(words, cells.needFin, get(k, tp + N.t_flags) & TF_NEEDFIN);
    this.flag(words, cells.noDelay, get(k, tp + N.t_flags) & TF_NODELAY);
    this.flag(words, cells.msl, pending(k, tp + N.t_2msl));
    this.code(words, cells.soft, codes.soft, get(k, tp + N.t_softerror));
    this.set(words, cells.oob, codes.oob[get(k, tp + N.t_oobflags)] ?? STRANGER);
  }

  /** A queue is its members in order, and says itself how many they are. */
  private queue(k: Kernel, words: Int32Array, cells: SequenceCells, so: number, first: number, length: number, ids: Pairing): void {
    if (get(k, so + first) === 0 && get(k, so + length) === 0 && read(words, cells.length) === 0) return;
    let members = 0;
    for (let child = get(k, so + first); child !== 0 && members < cells.items.length; child = get(k, child + L.so_list_next)) {
      const item = cells.items[members++] as Cell;
      // The items of a sequence are ids that can't be null.
      this.set(words, item, ids.socketCode(child) - 1);
    }
    for (let rest = members; rest < cells.items.length; rest++) this.set(words, cells.items[rest] as Cell, 0);
    this.set(words, cells.length, members);
    const stated = get(k, so + length);
    if (stated !== members) this.misfits.push({ path: cells.length.path, seen: `${stated} stated, ${members} there` });
  }

  private units(bytes: number, round: (units: number) => number): number {
    return this.rounding ? round(bytes / UNIT) : bytes / UNIT;
  }

  private flag(words: Int32Array, cell: Cell, bits: number): void {
    const value = bits === 0 ? 0 : 1;
    if (read(words, cell) !== value) write(words, cell, value);
  }

  private code(words: Int32Array, cell: Cell, codes: ReadonlyMap<number, number>, seen: number): void {
    const code = codes.get(seen);
    if (code !== undefined) this.set(words, cell, code);
    else this.misfits.push({ path: cell.path, seen: cell.path.endsWith('error') ? errnoName(seen) : seen });
  }

  /** Nearly always the two sides agree, and then there is nothing to write. */
  private set(words: Int32Array, cell: Cell, value: number): void {
    if (read(words, cell) === value) return;
    if (value >= 0 && value <= cell.most && Number.isInteger(value)) write(words, cell, value);
    else this.misfits.push({ path: cell.path, seen: cell.type.kind === 'id' ? 'one that the specification does not have' : value });
  }
}

function codesOf(cells: Cells): Codes {
  const [protocol, error, queue, linger] = ['protocol', 'error', 'queue', 'linger'].map((field) => cells.at('sockets', 0, field)) as [
    Cell,
    Cell,
    Cell,
    Cell,
  ];
  const state = cells.at('pcbs', 0, 'state');
  const vflag = cells.at('pcbs', 0, 'vflag');
  const place = cells.at('rights', 0, 'place');
  const garbage = cells.at('sockets', 0, 'garbage');
  const filter = cells.at('sockets', 0, 'filter');
  const known = (entries: readonly (readonly [number, number])[]): ReadonlyMap<number, number> =>
    new Map(entries.filter(([, code]) => code >= 0));
  return {
    protocol: known([
      [L.PROTO_UNIX, codeOf(protocol, 'unix')],
      [L.PROTO_UDP, codeOf(protocol, 'udp')],
      [L.PROTO_TCP, codeOf(protocol, 'tcp')],
      [L.PROTO_RAW, codeOf(protocol, 'raw')],
      [L.PROTO_UDP6, codeOf(protocol, 'udp')],
      [L.PROTO_TCP6, codeOf(protocol, 'tcp')],
      [L.PROTO_RAW6, codeOf(protocol, 'raw')],
      [L.PROTO_UNIX_DGRAM, codeOf(protocol, 'dgram')],
      [L.PROTO_UNIX_SEQPACKET, codeOf(protocol, 'seqpacket')],
    ]),
    local: ['unix', 'dgram', 'seqpacket'].map((name) => codeOf(protocol, name)),
    errno: known([0, ...Object.values(E)].map((errno) => [errno, codeOf(error, errnoName(errno))])),
    queue: known([
      [0, codeOf(queue, 'none')],
      [L.SQ_INCOMP, codeOf(queue, 'incomplete')],
      [L.SQ_COMP, codeOf(queue, 'complete')],
    ]),
    state: TCP_STATES.map((name) => codeOf(state, name)),
    vflag: [
      undefined,
      codeOf(vflag, 'v4'),
      undefined,
      undefined,
      undefined,
      ...['mapped', 'v6', 'both'].map((name) => codeOf(vflag, name)),
    ],
    oob: ['none', 'here', 'taken'].map((name) => codeOf(cells.at('pcbs', 0, 'oob'), name)),
    soft: known([0, ...Object.values(E)].map((errno) => [errno, codeOf(cells.at('pcbs', 0, 'soft'), errnoName(errno))])),
    place: { hand: codeOf(place, 'hand'), buffer: codeOf(place, 'buffer'), deferred: codeOf(place, 'deferred') },
    garbage: { no: codeOf(garbage, 'no'), found: codeOf(garbage, 'found'), swept: codeOf(garbage, 'swept') },
    filter: { no: codeOf(filter, 'no'), set: codeOf(filter, 'set'), asks: codeOf(filter, 'asks') },
    linger: { off: codeOf(linger, 'off'), reset: codeOf(linger, 'reset'), wait: codeOf(linger, 'wait') },
  };
}

/** The count of the file that has this socket; 0 if none has. */
function fileCount(k: Kernel, so: number): number {
  const size = fixed(k, L.file_zone + L.uz_size);
  const base = fixed(k, L.file_zone + L.uz_base);
  for (let fp = base; fp < base + size * fixed(k, L.file_zone + L.uz_count); fp += size) {
    if (get(k, fp + L.z_link) === L.Z_ALLOCATED && get(k, fp + L.f_data) === so) return load(k, fp + L.f_count) & L.F_REFERENCES;
  }
  return 0;
}

/** Bytes of a record without its address. */
function dataOf(k: Kernel, record: number): number {
  return walk(k, get(k, record + L.m_next), L.m_next).reduce((bytes, m) => bytes + get(k, m + L.m_len), 0);
}

/** Is the callout set? Looked at without its lock, like everything here: between two calls nobody holds one. */
function pending(k: Kernel, callout: number): number {
  return get(k, callout + N.c_flags) & N.CALLOUT_PENDING;
}
