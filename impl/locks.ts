/** The profile of the locks at the face: names for the rows of sync/profile.ts, and the sums of what all threads have counted. */
import * as L from './layout.ts';
import type { Kernel } from './memory.ts';
import * as N from './netinet/layout.ts';
import { profile_sum } from './sync/profile.ts';

/** What is known of a lock, or of all locks of a class. */
export interface LockProfile {
  readonly lock: string;
  readonly acquisitions: number;
  /** Acquisitions that found it taken. */
  readonly contentions: number;
  /** Ticks of the kernel's clock that passed while it was held, in all. */
  readonly held: number;
}

/** Locks of the header, each by itself. */
const OF_HEADER: readonly (readonly [name: string, at: number])[] = [
  ['Giant', L.giant_mtx],
  ['filedesc', L.filedesc_mtx],
  ['accept', L.accept_mtx],
  ['so_global', L.so_global_mtx],
  ['handles', L.handle_mtx],
  ['unp_link', L.unp_link_rwlock],
  ['unp_list', L.unp_list_lock],
  ['unp_rights', L.unp_rights_mtx],
  ['tcbinfo', N.tcbinfo + N.ipi_lock],
  ['tcbinfo hash', N.tcbinfo + N.ipi_hash_lock],
  ['udbinfo', N.udbinfo + N.ipi_lock],
  ['udbinfo hash', N.udbinfo + N.ipi_hash_lock],
  ['callout', N.callout_mtx],
  ['wire', N.wire_mtx],
  ['syncache', N.syncache_mtx],
  ...(
    [
      ['socket', L.socket_zone],
      ['file', L.file_zone],
      ['mbuf', L.mbuf_zone],
      ['unpcb', L.unp_zone],
      ['inpcb', L.inp_zone],
      ['tcpcb', L.tcpcb_zone],
      ['tcptw', L.tcptw_zone],
      ['reassembly', L.tseg_zone],
      ['syncache', L.syncache_zone],
      ['segment', N.wseg_zone],
    ] as const
  ).map(([name, zone]) => [`${name} zone`, zone + L.uz_mtx] as const),
];

/** Locks of records, by class. */
const OF_CLASS: readonly (readonly [name: string, rank: number])[] = [
  ['sblock', L.LC_SX],
  ['unpcb', L.LC_UNP],
  ['inpcb', L.LC_INP],
  ['so_snd', L.LC_SND],
  ['so_rcv', L.LC_RCV],
  ['sleep queue', L.LC_SLEEPQ],
  ['workstream', L.LC_NETISR],
];

/** Every row that has counted anything, those taken most often first. */
export function lockProfile(k: Kernel): readonly LockProfile[] {
  const names = new Map<number, string>([
    ...OF_HEADER.map(([name, at]) => [at, name] as const),
    ...OF_CLASS.map(([name, rank]) => [L.HEADER_WORDS + rank, name] as const),
  ]);
  const rows = Array.from({ length: L.LP_ROWS }, (_, row): LockProfile => {
    const unnamed = row < L.HEADER_WORDS ? `word ${row}` : `class ${row - L.HEADER_WORDS}`;
    return {
      lock: names.get(row) ?? unnamed,
      acquisitions: profile_sum(k, row, L.lp_acquired),
      contentions: profile_sum(k, row, L.lp_contended),
      held: profile_sum(k, row, L.lp_held),
    };
  });
  return rows.filter(({ acquisitions }) => acquisitions > 0).sort((a, b) => b.acquisitions - a.acquisitions);
}
