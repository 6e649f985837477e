/** A report that names the wrong word leads its reader astray; one that names none is useless. */
import { describe, expect, it } from 'vitest';
import * as L from '../../impl/layout.ts';
import * as N from '../../impl/netinet/layout.ts';
import * as raw from '../../impl/raw.ts';
import { kernelNames } from '../../oracle/report/words.ts';

const { k, td } = raw.rawKernel({ sockets: 4, descriptors: 4, threads: 3, mbufs: 8, mbufBytes: 16, sleepChains: 2, hashChains: 2 });
const names = kernelNames(k.words, ['client', 'server']);

const socket = (number: number): number => (k.words[L.socket_zone + L.uz_base] ?? 0) + number * (k.words[L.socket_zone + L.uz_size] ?? 0);

describe('a word', () => {
  it.each([
    [L.accept_mtx, 'accept_mtx'],
    [L.h_panic, 'h_panic'],
    [L.socket_zone + L.uz_free, 'socket_zone.uz_free'],
    [L.mbuf_zone + L.uz_mtx, 'mbuf_zone.uz_mtx'],
    [L.unp_link_rwlock, 'unp_link_rwlock'],
    [L.unp_link_rwlock + L.rw_recurse, 'unp_link_rwlock.rw_recurse'],
    [N.tcbinfo + N.ipi_lock, 'tcbinfo.ipi_lock'],
    [N.tcbinfo + N.ipi_count, 'tcbinfo.ipi_count'],
    [N.wire_count, 'wire_count'],
    [socket(0) + L.so_state, 'so_state of socket 0'],
    [socket(2) + L.so_rcv + L.sb_mtx, 'so_rcv.sb_mtx of socket 2'],
    [socket(2) + L.so_rcv + L.sb_mtx + L.lk_class, 'so_rcv.sb_mtx.lk_class of socket 2'],
    [socket(1) + L.so_snd + L.sb_cc, 'so_snd.sb_cc of socket 1'],
    [socket(3), 'z_link of socket 3'],
    [(k.words[L.h_threads] ?? 0) + L.td_wait, 'td_wait of client'],
    [(k.words[L.h_threads] ?? 0) + 2 * L.THREAD_WORDS + L.td_locks + 3, 'td_locks + 3 of thread 2'],
    [(k.words[L.h_fd_table] ?? 0) + 3, 'descriptor 3'],
    [(k.words[L.h_sleepq] ?? 0) + L.SLEEPQ_WORDS, 'slpq_mtx of sleep chain 1'],
    [(k.words[L.tcpcb_zone + L.uz_base] ?? 0) + N.t_2msl + N.c_flags, 't_2msl.c_flags of tcpcb 0'],
    [(k.words[L.mbuf_zone + L.uz_base] ?? 0) + L.MBUF_HEADER + 1, 'data + 1 of mbuf 0'],
    [(k.words[N.tcbinfo + N.ipi_porthash] ?? 0) + 1, 'TCP port chain 1'],
  ])('%i is called by its name: %s', (index, name) => {
    expect(names.word(index)).toBe(name);
  });

  it('has a name of its own, up to the user memory', () => {
    const user = (k.words[L.h_user] ?? 0) >> 2;
    const all = Array.from({ length: user }, (_, index) => names.word(index));
    expect(new Set(all).size).toBe(user);
    // Behind the header everything belongs to a record.
    expect(all.slice(L.HEADER_WORDS).filter((name) => name.startsWith('word'))).toEqual([]);
  });
});

describe('a value', () => {
  const state = socket(0) + L.so_state;
  const mutex = L.accept_mtx;
  const client = k.words[L.h_threads] ?? 0;
  it.each([
    [state, 0, '0'],
    [state, L.SS_NOFDREF | L.SS_PROTOREF, 'NOFDREF|PROTOREF'],
    [state, L.SS_ISCONNECTED | 0x10000, 'ISCONNECTED|0x10000'],
    [mutex, 0, 'free'],
    [mutex, client, 'held by client'],
    [mutex, client | L.LK_CONTESTED, 'held by client, and waited for'],
    [L.unp_link_rwlock, client | L.RW_WRITER, 'written by client'],
    [L.unp_link_rwlock, 2, 'held by 2 readers'],
    [socket(1) + L.so_head, socket(2), 'socket 2'],
    [socket(1) + L.so_count, 2, '2'],
    [client + L.td_wchan, socket(1) + L.so_timeo, 'so_timeo of socket 1'],
    [client + L.td_wait, L.WOKEN, 'WOKEN'],
    [(k.words[L.tcpcb_zone + L.uz_base] ?? 0) + N.t_state, 9, 'FIN_WAIT_2'],
    [(k.words[L.h_fd_table] ?? 0) + 1, k.words[L.file_zone + L.uz_base] ?? 0, 'file 0'],
  ])('in word %i, %i reads %s', (index, value, text) => {
    expect(names.value(index, value)).toBe(text);
  });
});

it('bytes are user memory, or part of a record', () => {
  expect(names.bytes(k.words[L.h_user] ?? 0, 16)).toBe('user memory 0 to 15');
  expect(names.bytes(((k.words[L.mbuf_zone + L.uz_base] ?? 0) + L.MBUF_HEADER) * 4, 1)).toBe('1 byte of mbuf 0');
  expect(td).toBeGreaterThan(0);
});
