/** Lockstep sees everything: a difference in any field that the specification has, anything left behind, any byte that is not the one that was sent. */
import { describe, expect, it } from 'vitest';
import * as E from '../../impl/errno.ts';
import * as L from '../../impl/layout.ts';
import { get, put } from '../../impl/memory.ts';
import { MESSAGE_BYTES, UNIT } from '../../oracle/adapter.ts';
import type { Type } from '../../oracle/compile/ir.ts';
import { type Cell, Cells, read, write } from '../../oracle/run/cells.ts';
import type { Lockstep } from '../../oracle/run/lockstep.ts';
import type { Operation } from '../../oracle/run/operations.ts';
import { SIZES } from '../../oracle/run/program.ts';
import { agree, lockstep, op } from './rig.ts';

/** Nothing to either side as long as nobody is connecting, but both are compared after it. */
const LOOK = op('remote-synack', { which: 0 });

/** Every kind of socket there is, in the middle of something. */
const LIVE: readonly Operation[] = [
  op('socket', { asked: 'unix' }),
  op('bind', { fd: 0, name: 1 }),
  op('listen', { fd: 0, backlog: 2 }),
  op('socket', { asked: 'unix' }),
  op('connect', { fd: 1, name: 1, remote: false }),
  op('send', { fd: 1, amount: 2, addressed: false, remote: false }),
  op('socket', { asked: 'udp' }),
  op('bind', { fd: 2, name: 0 }),
  op('connect', { fd: 2, name: 1, remote: true }),
  op('remote-datagram', { which: 0 }),
  op('socket', { asked: 'tcp' }),
  op('setsockopt', { fd: 3, on: true, valid: true }),
  op('connect', { fd: 3, name: 0, remote: true }),
  op('remote-synack', { which: 0 }),
  op('send', { fd: 3, amount: 1, addressed: false, remote: false }),
  op('dup', { fd: 3 }),
  op('fgetsock', { fd: 3 }),
];

/** A connection that is over, one that waits for 2MSL, and one that TCP alone still has. */
const OVER: readonly Operation[] = [
  op('socket', { asked: 'tcp' }),
  op('connect', { fd: 0, name: 0, remote: true }),
  op('remote-synack', { which: 0 }),
  op('remote-rst', { which: 0 }),
  op('socket', { asked: 'tcp' }),
  op('connect', { fd: 1, name: 0, remote: true }),
  op('remote-synack', { which: 0 }),
  op('shutdown', { fd: 1, how: 'write' }),
  op('remote-fin', { which: 0, ack: true }),
  op('socket', { asked: 'tcp' }),
  op('connect', { fd: 2, name: 0, remote: true }),
  op('remote-synack', { which: 0 }),
  op('close', { fd: 2 }),
];

/** What no implementation has, or what means nothing there; the file abstraction.ts says why. */
const NO_COUNTERPART =
  /^(threads|link$|panic$|design$|sockets\[\]\.(sending|receiving|reached|grey|everFiltered)|sockets\[\]\.(rcv|snd)\.everCantMore|pcbs\[\]\.shared)/;

/** All cells of the records that are in use, by path. */
function cellsInUse(both: Lockstep): readonly Cell[] {
  const cells = new Cells(both.model);
  const found: Cell[] = [];
  const visit = (type: Type, path: readonly (string | number)[]): void => {
    switch (type.kind) {
      case 'record':
        if (type.fields.some(({ name }) => name === 'protocol') && read(both.specification.words, cells.at(...path, 'protocol')) === 0)
          return;
        for (const field of type.fields) visit(field.type, [...path, field.name]);
        return;
      case 'table':
        for (let index = 0; index < type.size; index++) visit(type.element, [...path, index]);
        return;
      case 'seq': {
        const { length, items } = cells.sequence(...path);
        found.push(length, ...items.slice(0, read(both.specification.words, length)));
        return;
      }
      default:
        found.push(cells.at(...path));
    }
  };
  for (const field of both.model.program.state.fields) if (!field.fixed) visit(field.type, [field.name]);
  return found.filter((cell) => cell.mask !== 0);
}

/** The cells in which a difference goes unnoticed after this program. */
function unnoticed(both: Lockstep, program: readonly Operation[]): readonly string[] {
  agree(both, [...program, LOOK]);
  const missed: string[] = [];
  for (const cell of cellsInUse(both)) {
    agree(both, program);
    const { words } = both.specification;
    const before = read(words, cell);
    write(words, cell, before === cell.most ? before - 1 : before + 1);
    if (both.perform(LOOK)?.breaks !== 'same-state') missed.push(cell.path);
  }
  return missed;
}

describe('a difference between the two sides', () => {
  it('is seen in every field of every socket, pcb, descriptor and handle', async () => {
    const missed = unnoticed(await lockstep(), LIVE);
    expect(missed.filter((path) => !NO_COUNTERPART.test(path.replaceAll(/\[\d+\]/g, '[]')))).toEqual([]);
  });

  it('is seen when a connection is over, but for what nobody looks at any more', async () => {
    const missed = unnoticed(await lockstep(), OVER).filter((path) => !NO_COUNTERPART.test(path.replaceAll(/\[\d+\]/g, '[]')));
    // pcb 0 is dropped, pcb 1 in TIME_WAIT: neither has a tcpcb with options.
    expect(missed).toEqual(['pcbs[0].bound', 'pcbs[0].foreign', 'pcbs[0].noDelay', 'pcbs[1].noDelay']);
  });

  it('in the result of a call is reported with both results', async () => {
    const both = await lockstep();
    agree(both, LIVE);
    // The descriptor is taken away behind the implementation's back.
    const { kernel } = both.machine;
    put(kernel, get(kernel, L.h_fd_table) + 1, 0);
    expect(both.perform(op('geterror', { fd: 1 }))).toEqual({ breaks: 'same-result', seen: 'EBADF', allowed: '0' });
  });

  it('in the number of sockets or pcbs is seen even if none of the known ones differs', async () => {
    const both = await lockstep();
    agree(both, LIVE);
    const { kernel, td, sys } = both.machine;
    sys.sys_socket(kernel, td, L.AF_UNIX, L.SOCK_STREAM, 0);
    expect(both.perform(LOOK)?.seen).toMatch(/number of sockets: 6 where the specification has 5\nnumber of pcbs: 6 where/);
  });
});

describe('what a call leaves behind', () => {
  const lost: readonly (readonly [what: string, lose: (both: Lockstep) => void, seen: RegExp])[] = [
    [
      'an mbuf',
      (both) => put(both.machine.kernel, L.mbuf_zone + L.uz_inuse, get(both.machine.kernel, L.mbuf_zone + L.uz_inuse) + 1),
      /mbufs are in use/,
    ],
    ['a file', (both) => put(both.machine.kernel, L.file_zone + L.uz_inuse, 9), /files are in use/],
    ['a descriptor', (both) => put(both.machine.kernel, get(both.machine.kernel, L.h_fd_map), 255), /descriptors are in use/],
    ['a lock', (both) => put(both.machine.kernel, both.machine.td + L.td_nlocks, 1), /holds 1 lock after/],
  ];
  it.each(lost)('%s, is seen', async (_what, lose, seen) => {
    const both = await lockstep();
    agree(both, LIVE);
    lose(both);
    const mismatch = both.perform(LOOK);
    expect(mismatch?.breaks).toBe('nothing-lost');
    expect(mismatch?.seen).toMatch(seen);
  });
});

describe('data', () => {
  it('that was altered on the way is seen when it is read', async () => {
    const both = await lockstep();
    agree(both, [op('socketpair', { asked: 'unix' }), op('send', { fd: 0, amount: 1, addressed: false, remote: false })]);
    const { kernel, td, sys, user } = both.machine;
    // The receiver's only unit is swapped for another of the same size.
    sys.sys_recvfrom(kernel, td, 1, user, UNIT, 0);
    sys.sys_sendto(kernel, td, 0, user + 4, UNIT, 0, L.NO_ADDRESS, 0);
    const mismatch = both.perform(op('receive', { fd: 1, amount: 1 }));
    expect(mismatch).toMatchObject({ breaks: 'data-intact', seen: 'socket 1 read a unit with the words 1 1 1 0' });
  });
});

describe('a call that fails', () => {
  // The one behind those of the specification is the kqueue's.
  const NO_FD = [-1, SIZES.FDS + 1, SIZES.FDS + 2, 0x7fffffff, -0x80000000, 6];
  const END = (SIZES.BUFFER + 2) * UNIT + MESSAGE_BYTES;
  const NO_ADDRESS = [-1, -UNIT, END - 1, END, 0x7fffffff, -0x80000000];

  it('for want of a descriptor is EBADF, and changes nothing', async () => {
    const both = await lockstep();
    agree(both, LIVE);
    const { kernel: k, td, sys, user } = both.machine;
    for (const fd of NO_FD) {
      const returned = [
        sys.sys_bind(k, td, fd, 0, 1),
        sys.sys_listen(k, td, fd, 1),
        sys.sys_accept(k, td, fd),
        sys.sys_connect(k, td, fd, 1, 1),
        sys.sys_connect2(k, td, fd, 1),
        sys.sys_connect2(k, td, 1, fd),
        sys.sys_disconnect(k, td, fd),
        sys.sys_sendto(k, td, fd, user, UNIT, 0, L.NO_ADDRESS, 0),
        sys.sys_recvfrom(k, td, fd, user, UNIT, 0),
        sys.sys_shutdown(k, td, fd, L.SHUT_WR),
        sys.sys_setsockopt(k, td, fd, L.SOL_SOCKET, L.SO_OPT_LINGER, user),
        sys.sys_getsockopt(k, td, fd, L.SOL_SOCKET, L.SO_OPT_ERROR, user),
        sys.sys_setnbio(k, td, fd, 1),
        sys.sys_dup(k, td, fd),
        sys.sys_close(k, td, fd),
        sys.sys_fgetsock(k, td, fd),
        sys.sys_fputsock(k, td, fd === 6 ? 1 : fd),
      ];
      expect(returned).toEqual(returned.map(() => -E.EBADF));
      expect(both.perform(LOOK)).toBeNull();
    }
  });

  it('for a pointer outside user memory is EFAULT, and changes nothing', async () => {
    const both = await lockstep();
    agree(both, LIVE);
    const { kernel: k, td, sys } = both.machine;
    for (const address of NO_ADDRESS) {
      expect(sys.sys_sendto(k, td, 1, address, UNIT, 0, L.NO_ADDRESS, 0)).toBe(-E.EFAULT);
      expect(sys.sys_sendto(k, td, 3, address, UNIT, 0, L.NO_ADDRESS, 0)).toBe(-E.EFAULT);
      expect(sys.sys_sendto(k, td, 2, address, UNIT, 0, L.NO_ADDRESS, 0)).toBe(-E.EFAULT);
      expect(sys.sys_setsockopt(k, td, 3, L.IPPROTO_TCP, L.TCP_NODELAY, address)).toBe(-E.EFAULT);
      expect(sys.sys_setsockopt(k, td, 3, L.SOL_SOCKET, L.SO_OPT_LINGER, address)).toBe(-E.EFAULT);
      expect(sys.sys_getsockopt(k, td, 3, L.IPPROTO_TCP, L.TCP_NODELAY, address)).toBe(-E.EFAULT);
      expect(both.perform(LOOK)).toBeNull();
    }
  });

  it('for a size that is none is EINVAL, and changes nothing', async () => {
    const both = await lockstep();
    agree(both, LIVE);
    const { kernel: k, td, sys, user } = both.machine;
    for (const size of [-1, -UNIT, -0x80000000]) {
      for (const fd of [1, 2, 3]) {
        expect(sys.sys_sendto(k, td, fd, user, size, 0, L.NO_ADDRESS, 0)).toBe(-E.EINVAL);
        expect(sys.sys_recvfrom(k, td, fd, user, size, 0)).toBe(-E.EINVAL);
      }
    }
    for (const how of [-1, 3, 0x7fffffff]) expect(sys.sys_shutdown(k, td, 3, how)).toBe(-E.EINVAL);
    expect(both.perform(LOOK)).toBeNull();
  });

  it('because memory has run out is ENOBUFS, whichever allocation it was, and changes nothing', async () => {
    const both = await lockstep();
    agree(both, LIVE);
    const { kernel: k, td, sys, user } = both.machine;
    // The second number is the allocation that fails. A socket takes a file, itself and its pcbs, what is sent an mbuf and one more.
    const calls: readonly (readonly [errno: number, which: number, call: () => number])[] = [
      [E.ENFILE, 1, () => sys.sys_socket(k, td, L.AF_UNIX, L.SOCK_STREAM, 0)],
      ...[2, 3].map((which) => [E.ENOBUFS, which, () => sys.sys_socket(k, td, L.AF_UNIX, L.SOCK_STREAM, 0)] as const),
      ...[2, 3, 4].map((which) => [E.ENOBUFS, which, () => sys.sys_socket(k, td, L.AF_INET, L.SOCK_STREAM, L.IPPROTO_TCP)] as const),
      [E.ENOBUFS, 1, () => sys.sys_sendto(k, td, 1, user, UNIT, 0, L.NO_ADDRESS, 0)],
      ...[1, 2].map((which) => [E.ENOBUFS, which, () => sys.sys_sendto(k, td, 3, user, 2 * UNIT, 0, L.NO_ADDRESS, 0)] as const),
    ];
    for (const [errno, which, call] of calls) {
      put(k, L.h_fail, which);
      expect(call()).toBe(-errno);
      expect(get(k, L.h_fail)).toBe(0);
      expect(both.perform(LOOK)).toBeNull();
    }
  });

  it('because sockets, descriptors or handles have run out says so, and changes nothing', async () => {
    const both = await lockstep();
    const errno = (): unknown => (both.specification.decode(both.specification.words).threads as unknown as { errno: string }[])[0]?.errno;
    const socket = op('socket', { asked: 'unix' });
    agree(both, [...Array.from({ length: SIZES.SOCKETS }, () => socket), socket]);
    expect(errno()).toBe('ENOBUFS');
    agree(both, [socket, ...Array.from({ length: SIZES.FDS - 1 }, () => op('dup', { fd: 0 })), op('dup', { fd: 0 })]);
    expect(errno()).toBe('EMFILE');
    expect(both.perform(socket)).toBeNull();
    expect(errno()).toBe('EMFILE');
    agree(both, [socket, ...Array.from({ length: SIZES.HANDLES + 1 }, () => op('fgetsock', { fd: 0 }))]);
    expect(errno()).toBe('EMFILE');
  });
});
