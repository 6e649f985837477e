/**
 * *Words* of a kernel by name: from "word 1203" to "so_state of socket 1", and from 8194 to "ISCONNECTED|ISDISCONNECTED". The names
 * are the exports of the two layout files of the implementation; where tables begin and how large their records are is read from the
 * header of the kernel at hand.
 */
import * as K from '../../impl/kern/kqueue_layout.ts';
import * as L from '../../impl/layout.ts';
import * as N from '../../impl/netinet/layout.ts';
import * as FSM from '../../impl/netinet/tcp_fsm.ts';
import * as U from '../../impl/unix/layout.ts';

/** What a report calls places in shared memory, and what is there. */
export interface Names {
  /** The word with this index. */
  word(index: number): string;
  /** The byte with this index, and `count - 1` behind it. */
  bytes(index: number, count: number): string;
  /** What a value means in the word with this index. */
  value(index: number, value: number): string;
  /** The record that begins at this word, or the word. */
  object(index: number): string;
  /** Whether the word says who holds a lock. */
  isLock(index: number): boolean;
  /** Whether a word of this name is housekeeping: shared by everybody, and never what a schedule is about. */
  isNoise(name: string): boolean;
}

/** Names for a memory of which nothing is known. */
export const NO_NAMES: Names = {
  word: (index) => `word ${index}`,
  bytes: (index, count) => `byte ${index}${count === 1 ? '' : ` to ${index + count - 1}`}`,
  value: (_index, value) => String(value),
  object: (index) => `word ${index}`,
  isLock: () => false,
  isNoise: () => false,
};

const HOUSEKEEPING = /_zone\.|^z_link |gencnt|^numopensockets|slpq_|^td_(nlocks|locks|user|uio)|\.lk_class|^h_(fail|panic|flags|spin)/;

/** The fields of a record, in the order of their offsets; a field may be a record itself. */
interface Field {
  readonly name: string;
  readonly at: number;
  readonly shape: Shape | null;
}
type Shape = readonly Field[];

/** A table of equal records. */
interface Table {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  readonly count: number;
  readonly shape: Shape;
}

type Numbers = Readonly<Record<string, number>>;

function shapeOf(numbers: Numbers, nested: Readonly<Record<string, Shape>> = {}): Shape {
  return Object.entries(numbers)
    .map(([name, at]): Field => ({ name, at, shape: nested[name] ?? null }))
    .sort((a, b) => a.at - b.at);
}

/** Those exports of a layout that are offsets in one record: in lower case, with one of these beginnings, below its size. */
function offsets(layout: object, size: number, begin: RegExp): Numbers {
  return Object.fromEntries(
    Object.entries(layout as Numbers).filter(([name, at]) => begin.test(name) && !/[A-Z]/.test(name) && at < size && !GLOBALS.has(name)),
  );
}

/** Names that begin like fields and are words of the header. */
const GLOBALS: ReadonlySet<string> = new Set([
  'so_global_mtx',
  'so_gencnt_global',
  'unp_link_rwlock',
  'unp_list_lock',
  'unp_head',
  'unp_count',
  'unp_gencnt_global',
  'unp_rights_mtx',
  'unp_rights',
]);

const LOCK: Shape = [
  { name: '', at: L.lk_word, shape: null },
  { name: 'lk_class', at: L.lk_class, shape: null },
];
const RWLOCK: Shape = [...LOCK, { name: 'rw_recurse', at: L.rw_recurse, shape: null }];
const ZONE: Shape = shapeOf(offsets(L, L.ZONE_WORDS, /^uz_/), { uz_mtx: LOCK });
const PCBINFO: Shape = shapeOf(offsets(N, N.PCBINFO_WORDS, /^ipi_/), { ipi_lock: RWLOCK, ipi_hash_lock: RWLOCK });
const CALLOUT: Shape = shapeOf(offsets(N, N.CALLOUT_WORDS, /^c_/));
const SOCKBUF: Shape = shapeOf(offsets(L, L.SOCKBUF_WORDS, /^sb_/), { sb_mtx: LOCK, sb_sx: LOCK });
const SOCKET: Shape = shapeOf(offsets(L, L.SOCKET_WORDS, /^so_/), { so_rcv: SOCKBUF, so_snd: SOCKBUF });
const THREAD = 'thread';
const THREAD_RECORD: Shape = shapeOf(offsets(L, L.THREAD_WORDS, /^td_/));
const SELFD: Shape = shapeOf(offsets(L, L.SELFD_WORDS, /^sf_/));
const SLEEP_CHAIN: Shape = shapeOf(offsets(L, L.SLEEPQ_WORDS, /^slpq_/), { slpq_mtx: LOCK });
const TIMER_SLOT: Shape = shapeOf(offsets(N, N.CALLWHEEL_WORDS, /^cw_/));
const LINK: Shape = [{ name: 'z_link', at: L.z_link, shape: null }];

const TCPCB_FIELDS = /^(t|snd|rcv|max)_|^i[rs]s$/;

/** Tables whose records come from a zone: the zone's word of the header, and the fields behind the link. */
const ZONES: readonly (readonly [zone: number, name: string, shape: Shape])[] = [
  [L.socket_zone, 'socket', SOCKET],
  [L.file_zone, 'file', shapeOf(offsets(L, L.FILE_WORDS, /^f_/))],
  [L.mbuf_zone, 'mbuf', shapeOf({ ...offsets(L, L.MBUF_HEADER, /^m_/), data: L.MBUF_HEADER })],
  [L.unp_zone, 'unpcb', shapeOf(offsets(L, L.UNPCB_WORDS, /^unp_/), { unp_mtx: LOCK })],
  [L.inp_zone, 'inpcb', shapeOf(offsets(N, N.INPCB_WORDS, /^inp_/), { inp_lock: RWLOCK })],
  [L.tcpcb_zone, 'tcpcb', shapeOf(offsets(N, N.TCPCB_WORDS, TCPCB_FIELDS), { t_rexmt: CALLOUT, t_persist: CALLOUT, t_2msl: CALLOUT })],
  [L.tcptw_zone, 'tcptw', shapeOf(offsets(N, N.TCPTW_WORDS, /^tw_/), { tw_2msl: CALLOUT })],
  [L.tseg_zone, 'reassembly entry', shapeOf(offsets(N, N.TSEG_WORDS, /^tqe_/))],
  [L.syncache_zone, 'syncache entry', shapeOf(offsets(N, N.SYNCACHE_WORDS, /^sc_/), { sc_timer: CALLOUT })],
  [L.kqueue_zone, 'kqueue', shapeOf(offsets(K, K.KQUEUE_WORDS, /^kq_/), { kq_mtx: LOCK })],
  [L.knote_zone, 'knote', shapeOf(offsets(K, K.KNOTE_WORDS, /^kn_/))],
  [N.wseg_zone, 'segment', shapeOf(offsets(N, N.SEGMENT_WORDS, /^ws_/))],
];

const HEADER_LOCKS = /_(mtx|list_lock)$/;
const HEADER: Shape = shapeOf(
  {
    ...offsets(L, L.HEADER_WORDS, /^h_|_zone$|^ticks$|^numopensockets$|^(filedesc|accept|handle|giant)_mtx$/),
    ...Object.fromEntries([...GLOBALS].map((name) => [name, (L as unknown as Numbers)[name] ?? 0])),
    ...offsets(U, L.HEADER_WORDS, /^unp_/),
    ...offsets(
      N,
      L.HEADER_WORDS,
      /^h_|_zone$|^(wire|syncache)_(?!max)|^callout_(mtx|tick|busy)$|^tcp_iss$|^netisr_carrier$|^(ud|tc|ripc)binfo$/,
    ),
  },
  Object.fromEntries([
    ...[...Object.keys(L), ...Object.keys(N)].filter((name) => HEADER_LOCKS.test(name)).map((name) => [name, LOCK]),
    ...[...Object.keys(L), ...Object.keys(N)].filter((name) => name.endsWith('_zone')).map((name) => [name, ZONE]),
    ['unp_link_rwlock', RWLOCK],
    ['udbinfo', PCBINFO],
    ['tcbinfo', PCBINFO],
    ['ripcbinfo', PCBINFO],
  ]),
);

/** "so_rcv.sb_mtx": the path of fields that leads to an offset. */
function path(shape: Shape, offset: number): string {
  const field = shape.findLast(({ at }) => at <= offset);
  if (field === undefined) return `word ${offset}`;
  const rest = offset - field.at;
  if (field.shape !== null) {
    const inner = path(field.shape, rest);
    return inner === '' ? field.name : `${field.name}${field.name === '' ? '' : '.'}${inner}`;
  }
  return rest === 0 ? field.name : `${field.name}${field.name === '' ? 'word ' : ' + '}${rest}`;
}

const bitsOf = (layout: object, begin: string): Numbers =>
  Object.fromEntries(
    Object.entries(layout as Numbers)
      .filter(([name]) => name.startsWith(begin))
      .map(([name, bit]) => [name.slice(begin.length), bit]),
  );

const SO_BITS: Numbers = { ACCEPTCONN: L.SO_ACCEPTCONN, LINGER: L.SO_LINGER };
/** Fields that are sets of bits. */
const FLAGS: Readonly<Record<string, Numbers>> = {
  so_state: bitsOf(L, 'SS_'),
  so_qstate: bitsOf(L, 'SQ_'),
  so_options: SO_BITS,
  sb_state: bitsOf(L, 'SBS_'),
  td_flags: bitsOf(L, 'TDF_'),
  inp_flags: { INHASHLIST: N.INP_INHASHLIST, TIMEWAIT: N.INP_TIMEWAIT, DROPPED: N.INP_DROPPED, SOCKREF: N.INP_SOCKREF },
  inp_flags2: { FREED: N.INP_FREED },
  c_flags: { PENDING: N.CALLOUT_PENDING, ACTIVE: N.CALLOUT_ACTIVE },
};

/** Fields that are one of several numbers. */
const ENUMS: Readonly<Record<string, Numbers>> = {
  t_state: Object.fromEntries(
    Object.entries(FSM as unknown as Numbers)
      .filter(([name, value]) => /^TCPS_/.test(name) && typeof value === 'number')
      .map(([name, value]) => [name.slice('TCPS_'.length), value]),
  ),
  td_wait: { SLEEPING: L.SLEEPING, SPINNING: L.SPINNING, WOKEN: L.WOKEN, INTERRUPTED: L.INTERRUPTED, TIMED_OUT: L.TIMED_OUT },
};

const POINTER =
  /(^|\.)(f_data|z_link|so_pcb|so_head|uz_free|unp_conn|unp_socket|unp_head|inp_ppcb|inp_socket|ipi_list|t_inpcb|t_segq|tw_inpcb|tqe_m|ws_m|td_wchan|sb_mb|sb_mbtail|sb_lastrecord|sb_sndptr|c_arg|\w+_(first|last|next|prev))$/;

/** A table of single words, each of which stands for a thing of this name. */
function slots(name: string, base: number, count: number): Table {
  return { name, base, size: 1, count, shape: [{ name: '', at: 0, shape: null }] };
}

function tablesOf(at: (index: number) => number): readonly Table[] {
  return [
    ...ZONES.map(([zone, name, shape]): Table => {
      const [base, size, count] = [at(zone + L.uz_base), at(zone + L.uz_size), at(zone + L.uz_count)];
      return { name, base, size, count, shape: [...LINK, ...shape] };
    }),
    { name: THREAD, base: at(L.h_threads), size: L.THREAD_WORDS, count: at(L.h_nthreads), shape: THREAD_RECORD },
    { name: 'sleep chain', base: at(L.h_sleepq), size: L.SLEEPQ_WORDS, count: at(L.h_sleepq_mask) + 1, shape: SLEEP_CHAIN },
    {
      name: 'workstream',
      base: at(N.h_netisr),
      size: N.NWS_WORDS,
      count: at(N.h_nnetisr),
      shape: shapeOf(offsets(N, N.NWS_WORDS, /^nws_/), { nws_mtx: LOCK }),
    },
    slots('statistics', at(L.h_stats), at(L.h_nthreads) * L.STAT_WORDS),
    {
      name: 'lock profile',
      base: at(L.h_profile),
      size: L.LP_WORDS,
      count: (at(L.h_flags) & L.KF_PROFILE) === 0 ? 0 : at(L.h_nthreads) * L.LP_ROWS,
      shape: shapeOf(offsets(L, L.LP_WORDS, /^lp_/)),
    },
    { name: 'selfd', base: at(L.h_selfds), size: L.SELFD_WORDS, count: at(L.h_nthreads) * 2 * at(L.h_npoll), shape: SELFD },
    { name: 'select lock', base: at(L.h_selpool), size: L.MTX_WORDS, count: at(L.h_sleepq_mask) + 1, shape: LOCK },
    { name: 'timer slot', base: at(N.h_callwheel), size: N.CALLWHEEL_WORDS, count: at(N.h_callwheel_mask) + 1, shape: TIMER_SLOT },
    slots('descriptor', at(L.h_fd_table), at(L.h_nfiles)),
    slots('descriptor map', at(L.h_fd_map), (at(L.h_nfiles) + 31) >> 5),
    slots('name', at(L.h_unp_names), at(L.h_unp_nnames)),
    slots('handle', at(L.h_handles), at(L.h_nhandles)),
    slots('padding', at(L.h_align), at(L.socket_zone + L.uz_base) - at(L.h_align)),
    slots('padding', at(L.h_pad), at(L.mbuf_zone + L.uz_base) - at(L.h_pad)),
    slots('UDP address chain', at(N.udbinfo + N.ipi_hash), at(N.h_hash_mask) + 1),
    slots('UDP port chain', at(N.udbinfo + N.ipi_porthash), at(N.h_hash_mask) + 1),
    slots('TCP address chain', at(N.tcbinfo + N.ipi_hash), at(N.h_hash_mask) + 1),
    slots('TCP port chain', at(N.tcbinfo + N.ipi_porthash), at(N.h_hash_mask) + 1),
    slots('raw address chain', at(N.ripcbinfo + N.ipi_hash), at(N.h_hash_mask) + 1),
    slots('raw port chain', at(N.ripcbinfo + N.ipi_porthash), at(N.h_hash_mask) + 1),
  ];
}

/** Names for the words of a kernel. Only the header is read, which never changes: a copy of the memory will do. */
export function kernelNames(words: Int32Array, threads: readonly string[] = []): Names {
  const at = (index: number): number => words[index] ?? 0;
  const tables = tablesOf(at);
  const tableOf = (index: number): Table | undefined =>
    tables.find(({ base, size, count }) => index >= base && index < base + size * count);
  const recordName = (table: Table, number: number): string =>
    (table.name === THREAD ? threads[number] : undefined) ?? `${table.name} ${number}`;
  /** The record that begins here, null where none does. */
  const record = (index: number): string | null => {
    const table = tableOf(index);
    if (table === undefined || (index - table.base) % table.size !== 0) return null;
    return recordName(table, (index - table.base) / table.size);
  };
  const find = (index: number): { readonly owner: string; readonly field: string } => {
    if (index < L.HEADER_WORDS) return { owner: '', field: path(HEADER, index) };
    const table = tableOf(index);
    if (table === undefined) return { owner: '', field: `word ${index}` };
    const number = Math.floor((index - table.base) / table.size);
    return { owner: recordName(table, number), field: path(table.shape, (index - table.base) % table.size) };
  };
  const word = (index: number): string => {
    const { owner, field } = find(index);
    return owner === '' || field === '' ? `${owner}${field}` : `${field} of ${owner}`;
  };
  return {
    word,
    bytes: (index, count) => {
      const user = index - at(L.h_user);
      if (user >= 0 && user < at(L.h_user_size)) return `user memory ${user}${count > 1 ? ` to ${user + count - 1}` : ''}`;
      const { owner } = find(index >> 2);
      return `${count} byte${count === 1 ? '' : 's'} of ${owner === '' ? word(index >> 2) : owner}`;
    },
    value: (index, value) => {
      const { owner, field } = find(index);
      const name = field.split('.').at(-1) ?? '';
      if (LOCK_NAME.test(name)) return holder(value, record);
      const bits = FLAGS[name];
      if (bits !== undefined) return flags(bits, value);
      const named = Object.entries(ENUMS[name] ?? {}).find(([, number]) => number === value)?.[0];
      if (named !== undefined) return named;
      // Most lead to records; a channel, and the way back in a list, to any word.
      const leads = POINTER.test(field) || (field === '' && !owner.startsWith('descriptor map'));
      if (!leads || value <= 0) return String(value);
      return record(value) ?? word(value);
    },
    object: (index) => record(index) ?? word(index),
    isLock: (index) => LOCK_NAME.test(find(index).field),
    isNoise: (name) => HOUSEKEEPING.test(name),
  };
}

const LOCK_NAME = /_(mtx|sx|lock|rwlock)$/;

/** A lock word: who holds it, and whether somebody waits. */
function holder(value: number, record: (index: number) => string | null): string {
  const waited = (value & L.LK_CONTESTED) !== 0 ? ', and waited for' : '';
  const low = value & ~L.LK_CONTESTED;
  if (low === 0) return `free${waited}`;
  const writer = (low & L.RW_WRITER) !== 0;
  const owner = record(low & ~L.RW_WRITER);
  if (owner === null) return `held by ${low} reader${low === 1 ? '' : 's'}${waited}`;
  return `${writer ? 'written' : 'held'} by ${owner}${waited}`;
}

function flags(bits: Numbers, value: number): string {
  const set = Object.entries(bits).filter(([, bit]) => (value & bit) !== 0);
  const rest = set.reduce((left, [, bit]) => left & ~bit, value);
  const names = [...set.map(([name]) => name), ...(rest === 0 ? [] : [`0x${(rest >>> 0).toString(16)}`])];
  return names.length === 0 ? '0' : names.join('|');
}
