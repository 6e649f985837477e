/**
 * The *accounts* of a kernel between two calls: whatever is in use belongs to somebody who can still give it back, and no lock is
 * held. The specification has neither files nor mbufs nor locks, so this is what the comparison with it can't see: a call that
 * fails and keeps what it had reserved.
 */
import * as L from '../../impl/layout.ts';
import { fixed, get, type Kernel, load } from '../../impl/memory.ts';
import * as N from '../../impl/netinet/layout.ts';
import * as U from '../../impl/unix/layout.ts';
import { flights } from './flights.ts';
import { count, walk } from './walk.ts';

/** "the thread holds 1 lock after the call", or null if it holds none. */
export function locksHeld(k: Kernel, td: number): string | null {
  const locks = get(k, td + L.td_nlocks);
  return locks === 0 ? null : `the thread holds ${locks} lock${locks === 1 ? '' : 's'} after the call`;
}

/** What threads have in hand that are asleep inside calls. */
export interface InHand {
  /** Files that no descriptor leads to, those in flight among them. */
  readonly files: number;
  /** Descriptors that lead nowhere yet. */
  readonly descriptors: number;
}

/** "2 mbufs are in use and 1 can be reached", or null if everything is in order. */
export function unaccounted(k: Kernel, hand: InHand = { files: filesInFlight(k), descriptors: 0 }): string | null {
  const files = openFiles(k);
  return (
    differs('files', inUse(k, L.file_zone), files.count + hand.files) ??
    differs('descriptors', reservedDescriptors(k), files.descriptors + hand.descriptors) ??
    differs(
      'segments',
      inUse(k, N.wseg_zone),
      get(k, N.wire_count) + get(k, N.wire_out_count) + workstreams(k).reduce((sum, nws) => sum + get(k, nws + N.nws_count), 0),
    ) ??
    differs('mbufs on loan', mbufsLent(k), mbufsCountedLent(k)) ??
    differs('half-open connections', inUse(k, L.syncache_zone), get(k, N.syncache_count)) ??
    differs('tcpcbs and tcptws', inUse(k, L.tcpcb_zone) + inUse(k, L.tcptw_zone), controlBlocks(k)) ??
    differs(
      'mbufs',
      inUse(k, L.mbuf_zone),
      mbufsOfSockets(k) +
        mbufsOfMessages(k) +
        mbufsLent(k) +
        mbufsOnWire(k, N.wire_first) +
        mbufsOnWire(k, N.wire_out_first) +
        mbufsInWorkstreams(k) +
        mbufsOutOfOrder(k),
    )
  );
}

/** The queues of netisr. */
function workstreams(k: Kernel): readonly number[] {
  return Array.from({ length: get(k, N.h_nnetisr) }, (_, stream) => get(k, N.h_netisr) + stream * N.NWS_WORDS);
}

function mbufsInWorkstreams(k: Kernel): number {
  return workstreams(k).reduce((sum, nws) => sum + mbufsOnWire(k, nws + N.nws_first), 0);
}

function differs(what: string, used: number, reachable: number): string | null {
  return used === reachable ? null : `${used} ${what} are in use and ${reachable} can be reached`;
}

function inUse(k: Kernel, zone: number): number {
  return get(k, zone + L.uz_inuse);
}

/** Descriptors that lead to a file, and how many different files they lead to. */
function openFiles(k: Kernel): { readonly descriptors: number; readonly count: number } {
  const table = fixed(k, L.h_fd_table);
  const size = fixed(k, L.h_nfiles);
  let descriptors = 0;
  let count = 0;
  for (let fd = 0; fd < size; fd++) {
    const fp = load(k, table + fd);
    if (fp === 0) continue;
    descriptors++;
    let seen = false;
    for (let before = 0; before < fd && !seen; before++) seen = load(k, table + before) === fp;
    if (!seen) count++;
  }
  return { descriptors, count };
}

/** Files to which no descriptor leads, but a right in a buffer or on the deferred list. */
function filesInFlight(k: Kernel): number {
  const open = new Set(Array.from({ length: fixed(k, L.h_nfiles) }, (_, fd) => load(k, fixed(k, L.h_fd_table) + fd)));
  return new Set(flights(k).flatMap(({ file }) => (open.has(file) ? [] : [file]))).size;
}

function reservedDescriptors(k: Kernel): number {
  let count = 0;
  for (let fd = 0; fd < fixed(k, L.h_nfiles); fd++) {
    if ((get(k, fixed(k, L.h_fd_map) + (fd >> 5)) & (1 << (fd & 31))) !== 0) count++;
  }
  return count;
}

function controlBlocks(k: Kernel): number {
  let found = 0;
  for (const inp of walk(k, get(k, N.tcbinfo + N.ipi_list), N.inp_list_next)) if (get(k, inp + N.inp_ppcb) !== 0) found++;
  return found;
}

function mbufsOfSockets(k: Kernel): number {
  const size = fixed(k, L.socket_zone + L.uz_size);
  const base = fixed(k, L.socket_zone + L.uz_base);
  let found = 0;
  for (let so = base; so < base + size * fixed(k, L.socket_zone + L.uz_count); so += size) {
    if (get(k, so + L.z_link) !== L.Z_ALLOCATED) continue;
    found += mbufsOfRecords(k, get(k, so + L.so_rcv + L.sb_mb)) + mbufsOfRecords(k, get(k, so + L.so_snd + L.sb_mb));
  }
  return found;
}

/** Of messages that were given up, and of those that threads asleep are about to send. */
function mbufsOfMessages(k: Kernel): number {
  let found = count(k, get(k, U.unp_defers_first), L.m_nextpkt);
  for (const td of threads(k)) if (get(k, td + L.td_control) > 0) found++;
  return found;
}

function threads(k: Kernel): readonly number[] {
  return Array.from({ length: fixed(k, L.h_nthreads) }, (_, thread) => fixed(k, L.h_threads) + thread * L.THREAD_WORDS);
}

/** What threads have on loan, and what those have taken that are asleep in a receive that lends. */
function mbufsLent(k: Kernel): number {
  return threads(k).reduce((sum, td) => sum + mbufsOfRecords(k, get(k, td + L.td_lent)) + count(k, get(k, td + L.td_top), L.m_next), 0);
}

function mbufsCountedLent(k: Kernel): number {
  return threads(k).reduce((sum, td) => sum + get(k, td + L.td_nlent), 0);
}

function mbufsOfRecords(k: Kernel, first: number): number {
  let found = 0;
  for (const record of walk(k, first, L.m_nextpkt)) found += count(k, record, L.m_next);
  return found;
}

function mbufsOnWire(k: Kernel, list: number): number {
  let found = 0;
  for (const th of walk(k, get(k, list), N.ws_next)) found += count(k, get(k, th + N.ws_m), L.m_next);
  return found;
}

/** Of connections that have not reached TIME_WAIT. */
function mbufsOutOfOrder(k: Kernel): number {
  let found = 0;
  for (const inp of walk(k, get(k, N.tcbinfo + N.ipi_list), N.inp_list_next)) {
    const tp = get(k, inp + N.inp_ppcb);
    if (tp === 0 || (get(k, inp + N.inp_flags) & N.INP_TIMEWAIT) !== 0) continue;
    for (const tqe of walk(k, get(k, tp + N.t_segq), N.tqe_next)) found += count(k, get(k, tqe + N.tqe_m), L.m_next);
  }
  return found;
}
