/** The memory map: no two fields share a word, none lies outside its record, and what the header says is what is there. */
import { describe, expect, it } from 'vitest';
import { boot } from '../../impl/boot.ts';
import * as errno from '../../impl/errno.ts';
import * as kqueue from '../../impl/kern/kqueue_layout.ts';
import * as map from '../../impl/layout.ts';
import { fixed, sizeOf } from '../../impl/memory.ts';
import * as inet from '../../impl/netinet/layout.ts';
import * as panics from '../../impl/panic.ts';
import * as unix from '../../impl/unix/layout.ts';

/** Fields of more than one word. */
const WIDE: Readonly<Record<string, number>> = {
  so_rcv: map.SOCKBUF_WORDS,
  so_snd: map.SOCKBUF_WORDS,
  sb_mtx: map.MTX_WORDS,
  sb_sx: map.MTX_WORDS,
  uz_mtx: map.MTX_WORDS,
  slpq_mtx: map.MTX_WORDS,
  unp_mtx: map.MTX_WORDS,
  inp_lock: map.RW_WORDS,
  ipi_lock: map.RW_WORDS,
  ipi_hash_lock: map.RW_WORDS,
  td_locks: map.TD_MAXLOCKS,
  td_selmtx: map.MTX_WORDS,
  kq_mtx: map.MTX_WORDS,
  t_rexmt: inet.CALLOUT_WORDS,
  t_persist: inet.CALLOUT_WORDS,
  t_2msl: inet.CALLOUT_WORDS,
  tw_timer: inet.CALLOUT_WORDS,
  tw_callout: inet.CALLOUT_WORDS,
  sc_timer: inet.CALLOUT_WORDS,
  sc_callout: inet.CALLOUT_WORDS,
};

/** Globals in the header are told by their place; these are not h_* and wide. */
const WIDE_GLOBALS: Readonly<Record<string, number>> = {
  filedesc_mtx: map.MTX_WORDS,
  accept_mtx: map.MTX_WORDS,
  so_global_mtx: map.MTX_WORDS,
  handle_mtx: map.MTX_WORDS,
  giant_mtx: map.MTX_WORDS,
  unp_list_lock: map.MTX_WORDS,
  unp_link_rwlock: map.RW_WORDS,
};

/** Every two fields of a record whose words overlap, and every field beyond its end. */
function faults(fields: readonly (readonly [string, number, number])[], size: number): readonly string[] {
  const owner = new Map<number, string>();
  return fields.flatMap(([name, at, words]) => {
    const found: string[] = [];
    for (let word = at; word < at + words; word++) {
      const other = owner.get(word);
      if (other !== undefined) found.push(`${name} and ${other} share word ${word}`);
      if (word >= size) found.push(`${name} ends beyond word ${size - 1}`);
      owner.set(word, name);
    }
    return found;
  });
}

function fieldsOf(module: Readonly<Record<string, unknown>>, prefix: string): readonly (readonly [string, number, number])[] {
  return Object.entries(module)
    .filter(([name, value]) => name.startsWith(prefix) && typeof value === 'number')
    .map(([name, value]) => [name, Number(value), WIDE[name] ?? 1] as const);
}

describe('the fields of', () => {
  it.each([
    ['td_', map, map.THREAD_WORDS],
    ['slpq_', map, map.SLEEPQ_WORDS],
    ['f_', map, map.FILE_WORDS],
    ['sf_', map, map.SELFD_WORDS],
    ['kq_', kqueue, kqueue.KQUEUE_WORDS],
    ['kn_', kqueue, kqueue.KNOTE_WORDS],
    ['sb_', map, map.SOCKBUF_WORDS],
    ['m_', map, map.MBUF_HEADER],
    ['uz_', map, map.ZONE_WORDS],
    ['ipi_', inet, inet.PCBINFO_WORDS],
    ['inp_', inet, inet.INPCB_WORDS],
    ['tqe_', inet, inet.TSEG_WORDS],
    ['ws_', inet, inet.SEGMENT_WORDS],
  ] as const)('%s* do not overlap', (prefix, module, size) => {
    const fields = fieldsOf(module, prefix).filter(([name]) => !name.endsWith('_zone'));
    expect(fields.length).toBeGreaterThan(1);
    expect(faults(fields, size)).toEqual([]);
  });

  it('a socket and a unpcb do not overlap, nor reach into the zone link', () => {
    const socket = fieldsOf(map, 'so_').filter(([name]) => name !== 'so_global_mtx' && name !== 'so_gencnt_global');
    expect(faults([['link', map.z_link, 1], ...socket], map.SOCKET_WORDS)).toEqual([]);
    const globals = ['unp_link_rwlock', 'unp_list_lock', 'unp_head', 'unp_count', 'unp_gencnt_global', 'unp_zone'];
    globals.push('unp_rights_mtx', 'unp_rights');
    const unpcb = fieldsOf(map, 'unp_').filter(([name]) => !globals.includes(name));
    expect(faults([['link', map.z_link, 1], ...unpcb], map.UNPCB_WORDS)).toEqual([]);
  });

  it('the header do not overlap', () => {
    const plain = fieldsOf(map, 'h_');
    const counters = ['numopensockets', 'so_gencnt_global', 'ticks', 'unp_head', 'unp_count', 'unp_gencnt_global'];
    const globals = new Map(Object.entries(map));
    const locks = Object.entries(WIDE_GLOBALS).map(([name, words]) => [name, Number(globals.get(name)), words] as const);
    const zones = [...Object.entries(map), ...Object.entries(inet)].filter(([name]) => name.endsWith('_zone'));
    const all = [
      ...plain,
      ...locks,
      ...counters.map((name) => [name, Number(globals.get(name)), 1] as const),
      ...zones.map(([name, at]) => [name, Number(at), map.ZONE_WORDS] as const),
      ['udbinfo', inet.udbinfo, inet.PCBINFO_WORDS] as const,
      ['tcbinfo', inet.tcbinfo, inet.PCBINFO_WORDS] as const,
      ...fieldsOf(inet, 'h_'),
      ...fieldsOf(unix, 'unp_'),
      ['unp_rights', map.unp_rights, 1] as const,
      ['unp_rights_mtx', map.unp_rights_mtx, map.MTX_WORDS] as const,
      ['netisr_carrier', inet.netisr_carrier, 1] as const,
    ];
    expect(faults(all, map.HEADER_WORDS)).toEqual([]);
  });
});

describe('numbers that must be told apart', () => {
  it('are: errnos, panic codes, lock ranks', () => {
    const clashes = (module: Readonly<Record<string, unknown>>, prefix: string) => {
      const values = Object.entries(module).filter(([name, value]) => name.startsWith(prefix) && typeof value === 'number');
      return values.length - new Set(values.map(([, value]) => value)).size;
    };
    expect([clashes(errno, 'E'), clashes(panics, 'PANIC_'), clashes(map, 'LC_')]).toEqual([0, 0, 0]);
  });
});

describe('a booted kernel', () => {
  it.each([
    { sockets: 1, mbufs: 1, mbufBytes: 4, threads: 1, descriptors: 1, names: 1, handles: 0, sleepChains: 1, hashChains: 1, timerSlots: 1 },
    {},
  ])('has its tables side by side up to its end (%o)', (options) => {
    const k = boot(options);
    expect(fixed(k, map.h_words)).toBe(sizeOf(k));
    const userEnd = fixed(k, map.h_user) + fixed(k, map.h_user_size);
    expect(userEnd).toBe(sizeOf(k) * 4);
    const mbufs = fixed(k, map.mbuf_zone + map.uz_base) + fixed(k, map.mbuf_zone + map.uz_count) * fixed(k, map.mbuf_zone + map.uz_size);
    expect(mbufs * 4).toBe(fixed(k, map.h_user));
    expect(fixed(k, map.h_sleepq)).toBe(map.HEADER_WORDS);
    // Copies between places that differ modulo 8 take ten times as long.
    expect((fixed(k, map.mbuf_zone + map.uz_base) + map.MBUF_HEADER) % 2, 'data of the first mbuf').toBe(0);
    expect(fixed(k, map.mbuf_zone + map.uz_size) % 2, 'words of an mbuf').toBe(0);
    expect(fixed(k, map.h_user) % 8, 'user memory').toBe(0);
    for (const table of [map.h_sleepq, map.h_threads, map.h_stats, map.socket_zone + map.uz_base])
      expect(fixed(k, table) % 16, 'whole cache lines').toBe(0);
  });
});
