/**
 * Making a kernel: one SharedArrayBuffer, a header that says where everything is, tables behind it, in this order:
 *
 *   header | sleep-queue chains | threads | statistics | workstreams | profile of the locks | selfds and their locks | descriptors and their bitmap | names | handles | hashes | timer wheel | zones | mbufs | user memory
 *
 * Nobody else can see the buffer yet, so nothing here needs a lock or an order. This belongs to the face: it runs once, and no
 * engine steps it.
 */

import { configure, type KernelConfig, type KernelOptions } from './config.ts';
import { callwheel_init } from './kern/callout.ts';
import {
  accept_mtx,
  FILE_WORDS,
  file_zone,
  filedesc_mtx,
  giant_mtx,
  h_align,
  h_fd_map,
  h_fd_table,
  h_flags,
  h_handles,
  h_ipport_first,
  h_ipport_last,
  h_magic,
  h_maxlent,
  h_maxsockets,
  h_mlen,
  h_nfiles,
  h_nhandles,
  h_npoll,
  h_nthreads,
  h_pad,
  h_recvspace,
  h_salen,
  h_sb_efficiency,
  h_sb_max,
  h_sb_unit,
  h_sendspace,
  h_selfds,
  h_selpool,
  h_sleep_spin,
  h_sleepq,
  h_sleepq_mask,
  h_somaxconn,
  h_spin,
  h_threads,
  h_unp_names,
  h_unp_nnames,
  h_user,
  h_user_size,
  h_user_slice,
  h_version,
  h_words,
  HEADER_WORDS,
  handle_mtx,
  KERNEL_MAGIC,
  KERNEL_VERSION,
  KF_GIANT,
  KF_ICMP,
  KF_INVARIANTS,
  KF_PROFILE,
  KF_SEND_INFO,
  KF_STATISTICS,
  KF_V6ONLY,
  KF_WITNESS,
  LC_GIANT,
  LP_ROWS,
  LP_WORDS,
  STAT_WORDS,
  h_profile,
  h_stats,
  knote_zone,
  kqueue_zone,
  LC_ACCEPT,
  LC_FILEDESC,
  LC_GLOBAL,
  LC_HANDLE,
  LC_INP_HASH,
  LC_PCBINFO,
  LC_SELECT,
  LC_SELTD,
  LC_SLEEPQ,
  LC_UNP_LINK,
  LC_UNP_LIST,
  LC_ZONE,
  inp_zone,
  MBUF_HEADER,
  MTX_WORDS,
  mbuf_last,
  mbuf_zone,
  PROTO_RAW,
  PROTO_TCP,
  PROTO_UDP,
  SELFD_WORDS,
  SLEEPQ_WORDS,
  SOCKET_WORDS,
  sf_td,
  slpq_mtx,
  so_global_mtx,
  socket_zone,
  syncache_zone,
  THREAD_WORDS,
  tcpcb_zone,
  tcptw_zone,
  td_selfds,
  td_selmtx,
  tseg_zone,
  UNPCB_WORDS,
  unp_link_rwlock,
  unp_list_lock,
  unp_rights_mtx,
  h_unp_maxrights,
  LC_UNP_RIGHTS,
  unp_zone,
  uz_base,
  uz_count,
  uz_free,
  uz_mtx,
  uz_size,
  z_link,
} from './layout.ts';
import { KNOTE_WORDS, KQUEUE_WORDS } from './kern/kqueue_layout.ts';
import { fixed, type Kernel, load, makeKernel, PANIC_WORD, put, sizeOf, store } from './memory.ts';
import { netisr_init } from './net/netisr.ts';
import { wire_init } from './net/wire.ts';
import {
  CALLWHEEL_WORDS,
  h_callwheel,
  h_callwheel_mask,
  h_hash_mask,
  h_netisr,
  h_nnetisr,
  NWS_WORDS,
  h_tcp_keepidle,
  h_tcp_keepintvl,
  h_tcp_msl,
  h_tcp_mss,
  h_tcp_rtomax,
  h_tcp_rtomin,
  h_wire_size,
  INPCB_WORDS,
  ipi_hash,
  ipi_hash_lock,
  ipi_lastport,
  ipi_lock,
  ipi_porthash,
  ipi_proto,
  ripcbinfo,
  SEGMENT_WORDS,
  SYNCACHE_WORDS,
  TCPCB_WORDS,
  TCPTW_WORDS,
  TSEG_WORDS,
  tcbinfo,
  tcp_iss,
  udbinfo,
  wseg_zone,
} from './netinet/layout.ts';
import { tcp_init } from './netinet/tcp_subr.ts';
import { mtx_init } from './sync/mutex.ts';
import { rw_init } from './sync/rwlock.ts';

/** Makes a kernel. Throws a RangeError or TypeError for a bad option, a RangeError if the machine has not that much memory. */
export function boot(options?: KernelOptions): Kernel {
  const config = configure(options);
  const words = kernelWords(config);
  if (words > 0x1fffffff) {
    throw new RangeError(
      `createKernel: these capacities need ${words * 4} bytes, more than the 2 GiB that word indices reach; ask for fewer sockets or mbufs`,
    );
  }
  const k = makeKernel(words);
  lay(k, config, words);
  return k;
}

/** Is this the memory of a kernel that `boot` of the same version made? */
export function isKernel(k: Kernel): boolean {
  return (
    sizeOf(k) >= HEADER_WORDS &&
    load(k, h_magic) === KERNEL_MAGIC &&
    load(k, h_version) === KERNEL_VERSION &&
    fixed(k, h_words) === sizeOf(k)
  );
}

/** The tables, in order of address: how many words each needs. `lay` carves exactly these. */
function tables(
  c: KernelConfig,
): Readonly<
  Record<
    | 'sleepq'
    | 'threads'
    | 'netisr'
    | 'stats'
    | 'profile'
    | 'selfds'
    | 'selpool'
    | 'slots'
    | 'map'
    | 'names'
    | 'handles'
    | 'hashes'
    | 'wheel'
    | 'zones'
    | 'user',
    number
  >
> {
  return {
    sleepq: c.sleepChains * SLEEPQ_WORDS,
    threads: c.threads * THREAD_WORDS,
    stats: c.threads * STAT_WORDS,
    netisr: c.netisrThreads * NWS_WORDS,
    profile: c.profile ? c.threads * LP_ROWS * LP_WORDS : 0,
    selfds: c.threads * 2 * c.pollDescriptors * SELFD_WORDS,
    selpool: c.sleepChains * MTX_WORDS,
    slots: c.descriptors,
    map: (c.descriptors + 31) >> 5,
    names: c.names,
    handles: c.handles,
    hashes: c.hashChains * 6,
    wheel: c.timerSlots * CALLWHEEL_WORDS,
    zones: zones(c).reduce((sum, zone) => sum + zone.size * zone.count, 0),
    user: (c.threads * userSlice(c)) >> 2,
  };
}

/** Words of a cache line. The mbufs begin at one: bytes are copied much faster between places that are the same modulo 8. */
const LINE = 16;

/** Words from here to the next line. */
function padding(at: number): number {
  return -at & (LINE - 1);
}

/**
 * The words that a record has in its table: whole lines where threads run side by side, so that no two write to one line because of the place
 * of what they write to. A kernel that is to be searched has no use for that.
 */
function recordWords(c: KernelConfig, words: number): number {
  return c.spin === 0 ? words : words + padding(words);
}

/** Bytes of user memory a thread gets: a multiple of 8. */
function userSlice(c: KernelConfig): number {
  return (c.userBytes + 7) & ~7;
}

/** Words of an mbuf: an even number, so that the data of each begins at a multiple of 8. */
function mbufWords(c: KernelConfig): number {
  return MBUF_HEADER + (((c.mbufBytes >> 2) + 1) & ~1);
}

/** The mbufs come last. */
function zones(c: KernelConfig): readonly { readonly at: number; readonly size: number; readonly count: number }[] {
  return [
    { at: socket_zone, size: recordWords(c, SOCKET_WORDS), count: c.sockets },
    // A call in progress may keep a file whose descriptor is closed: two for each thread, so that descriptors run out first.
    { at: file_zone, size: recordWords(c, FILE_WORDS), count: c.descriptors + 2 * c.threads + c.rights },
    { at: kqueue_zone, size: recordWords(c, KQUEUE_WORDS), count: c.kqueues },
    { at: knote_zone, size: recordWords(c, KNOTE_WORDS), count: c.knotes },
    { at: unp_zone, size: recordWords(c, UNPCB_WORDS), count: c.sockets },
    // An inpcb may outlive its socket by TIME_WAIT.
    { at: inp_zone, size: recordWords(c, INPCB_WORDS), count: 2 * c.sockets },
    { at: tcpcb_zone, size: recordWords(c, TCPCB_WORDS), count: c.sockets },
    { at: tcptw_zone, size: recordWords(c, TCPTW_WORDS), count: 2 * c.sockets },
    { at: tseg_zone, size: recordWords(c, TSEG_WORDS), count: c.tcpReassembly },
    { at: syncache_zone, size: recordWords(c, SYNCACHE_WORDS), count: c.tcpHalfOpen },
    { at: wseg_zone, size: recordWords(c, SEGMENT_WORDS), count: 2 * c.wireSegments + c.threads },
    { at: mbuf_zone, size: mbufWords(c), count: c.mbufs },
  ];
}

function kernelWords(c: KernelConfig): number {
  const { zones, user, ...others } = tables(c);
  const before = Object.values(others).reduce((sum, count) => sum + count, HEADER_WORDS);
  const records = before + padding(before) + zones - mbufWords(c) * c.mbufs;
  return records + padding(records) + mbufWords(c) * c.mbufs + user;
}

function lay(k: Kernel, c: KernelConfig, words: number): void {
  const size = tables(c);
  let next = HEADER_WORDS;
  const carve = (count: number): number => {
    next += count;
    return next - count;
  };
  put(k, h_words, words);
  put(k, h_flags, flags(c));
  put(k, h_spin, c.spin);
  put(k, h_sleep_spin, c.sleepSpin);
  put(k, h_mlen, c.mbufBytes);
  put(k, h_maxlent, c.lentMbufs);
  put(k, h_sendspace, c.sendSpace);
  put(k, h_recvspace, c.recvSpace);
  put(k, h_sb_unit, Math.min(c.sendLowWater, c.sendSpace));
  put(k, h_salen, c.addressBytes);
  put(k, h_sb_efficiency, c.storageFactor);
  put(k, h_sb_max, Math.max(c.sendSpace, c.recvSpace));
  put(k, h_somaxconn, c.maxBacklog);
  put(k, h_maxsockets, c.sockets);
  put(k, h_ipport_first, c.portFirst);
  put(k, h_ipport_last, c.portLast);
  put(k, h_sleepq_mask, c.sleepChains - 1);
  put(k, h_nthreads, c.threads);
  put(k, h_nfiles, c.descriptors);
  put(k, h_unp_nnames, c.names);
  put(k, h_nhandles, c.handles);
  put(k, h_user_slice, userSlice(c));
  put(k, h_user_size, c.threads * userSlice(c));

  put(k, h_sleepq, carve(size.sleepq));
  put(k, h_threads, carve(size.threads));
  put(k, h_stats, carve(size.stats));
  put(k, h_netisr, carve(size.netisr));
  put(k, h_nnetisr, c.netisrThreads);
  put(k, h_profile, carve(size.profile));
  put(k, h_selfds, carve(size.selfds));
  put(k, h_selpool, carve(size.selpool));
  put(k, h_npoll, c.pollDescriptors);
  put(k, h_fd_table, carve(size.slots));
  put(k, h_fd_map, carve(size.map));
  put(k, h_unp_names, carve(size.names));
  put(k, h_handles, carve(size.handles));
  for (const [pcbinfo, proto] of [
    [udbinfo, PROTO_UDP],
    [tcbinfo, PROTO_TCP],
    [ripcbinfo, PROTO_RAW],
  ] as const) {
    rw_init(k, pcbinfo + ipi_lock, LC_PCBINFO);
    rw_init(k, pcbinfo + ipi_hash_lock, LC_INP_HASH);
    put(k, pcbinfo + ipi_hash, carve(c.hashChains));
    put(k, pcbinfo + ipi_porthash, carve(c.hashChains));
    put(k, pcbinfo + ipi_lastport, c.portLast);
    put(k, pcbinfo + ipi_proto, proto);
  }
  put(k, h_hash_mask, c.hashChains - 1);
  put(k, h_callwheel, carve(size.wheel));
  put(k, h_callwheel_mask, c.timerSlots - 1);
  for (const zone of zones(c)) {
    if (zone.at === socket_zone) put(k, h_align, carve(padding(next)));
    if (zone.at === mbuf_zone) put(k, h_pad, carve(padding(next)));
    layZone(k, zone.at, zone.size, zone.count, carve(zone.size * zone.count));
  }
  put(k, mbuf_last, fixed(k, mbuf_zone + uz_base) + (c.mbufs - 1) * mbufWords(c));
  put(k, h_user, carve(size.user) * 4);

  for (let chain = 0; chain < c.sleepChains; chain++) mtx_init(k, fixed(k, h_sleepq) + chain * SLEEPQ_WORDS + slpq_mtx, LC_SLEEPQ);
  for (let chain = 0; chain < c.sleepChains; chain++) mtx_init(k, fixed(k, h_selpool) + chain * MTX_WORDS, LC_SELECT);
  for (let thread = 0; thread < c.threads; thread++) laySelfds(k, thread, 2 * c.pollDescriptors);
  mtx_init(k, filedesc_mtx, LC_FILEDESC);
  mtx_init(k, accept_mtx, LC_ACCEPT);
  mtx_init(k, giant_mtx, LC_GIANT);
  mtx_init(k, so_global_mtx, LC_GLOBAL);
  mtx_init(k, handle_mtx, LC_HANDLE);
  rw_init(k, unp_link_rwlock, LC_UNP_LINK);
  mtx_init(k, unp_list_lock, LC_UNP_LIST);
  mtx_init(k, unp_rights_mtx, LC_UNP_RIGHTS);
  put(k, h_unp_maxrights, c.rights);
  put(k, h_wire_size, c.wireSegments);
  put(k, h_tcp_mss, c.tcpSegmentBytes);
  put(k, h_tcp_msl, c.tcpMsl);
  put(k, h_tcp_keepidle, c.tcpKeepIdle);
  put(k, h_tcp_keepintvl, c.tcpKeepInterval);
  put(k, h_tcp_rtomin, c.tcpRetransmitFirst);
  put(k, h_tcp_rtomax, Math.max(c.tcpRetransmitFirst, c.tcpRetransmitMost));
  store(k, tcp_iss, 1);
  callwheel_init(k);
  wire_init(k);
  netisr_init(k);
  tcp_init(k);
  store(k, PANIC_WORD, 0);
  store(k, h_version, KERNEL_VERSION);
  store(k, h_magic, KERNEL_MAGIC);
}

/** What a thread needs to poll. */
function laySelfds(k: Kernel, thread: number, count: number): void {
  const td = fixed(k, h_threads) + thread * THREAD_WORDS;
  const first = fixed(k, h_selfds) + thread * count * SELFD_WORDS;
  mtx_init(k, td + td_selmtx, LC_SELTD);
  put(k, td + td_selfds, first);
  for (let i = 0; i < count; i++) put(k, first + i * SELFD_WORDS + sf_td, td);
}

/** KF_*: what this kernel does besides. */
function flags(c: KernelConfig): number {
  return (
    (c.invariants ? KF_INVARIANTS : 0) |
    (c.witness ? KF_WITNESS : 0) |
    (c.icmp ? KF_ICMP : 0) |
    (c.v6Only ? KF_V6ONLY : 0) |
    (c.profile ? KF_PROFILE : 0) |
    (c.giant ? KF_GIANT : 0) |
    (c.lockedSend ? KF_SEND_INFO : 0) |
    (c.statistics ? KF_STATISTICS : 0)
  );
}

/** Strings the records together, lowest address first. */
function layZone(k: Kernel, at: number, size: number, count: number, base: number): void {
  mtx_init(k, at + uz_mtx, LC_ZONE);
  put(k, at + uz_base, base);
  put(k, at + uz_size, size);
  put(k, at + uz_count, count);
  put(k, at + uz_free, base);
  for (let i = 0; i < count; i++) put(k, base + i * size + z_link, i + 1 < count ? base + (i + 1) * size : 0);
}
