/**
 * *Pairings*: all ways in which the objects of a kernel may be those of a state of the specification. Descriptors and handles
 * say of most sockets which is which; the rest, and pcbs that have lost their sockets, are tried in every order. There are never more
 * than a handful.
 */
import * as L from '../../../impl/layout.ts';
import { fixed, get, type Kernel } from '../../../impl/memory.ts';
import { socketOf } from '../../adapter.ts';
import { type Cell, type Cells, read } from '../../run/cells.ts';
import { codeIn, liveSockets, type Pairing } from '../../run/identities.ts';
import type { Configuration } from '../../run/operations.ts';

/** Two lists of partners, by id of the specification. */
class Partners implements Pairing {
  private readonly sockets: readonly number[];
  private readonly pcbs: readonly number[];

  constructor(sockets: readonly number[], pcbs: readonly number[]) {
    this.sockets = sockets;
    this.pcbs = pcbs;
  }

  socketAt(id: number): number {
    return this.sockets[id] ?? 0;
  }

  pcbAt(id: number): number {
    return this.pcbs[id] ?? 0;
  }

  socketCode(at: number): number {
    return codeIn(this.sockets, at);
  }

  pcbCode(at: number): number {
    return codeIn(this.pcbs, at);
  }
}

/** The objects of a kernel. */
export interface Objects {
  readonly sockets: readonly number[];
  /** Control blocks that no socket leads to. */
  readonly orphans: readonly number[];
  readonly pcbs: number;
}

export function objectsOf(k: Kernel): Objects {
  const sockets = liveSockets(k);
  const owned = new Set(sockets.map((so) => get(k, so + L.so_pcb)));
  const pcbs = [...records(k, L.unp_zone), ...records(k, L.inp_zone)];
  return { sockets, orphans: pcbs.filter((pcb) => !owned.has(pcb)), pcbs: pcbs.length };
}

function records(k: Kernel, zone: number): readonly number[] {
  const size = fixed(k, zone + L.uz_size);
  const base = fixed(k, zone + L.uz_base);
  return Array.from({ length: fixed(k, zone + L.uz_count) }, (_, index) => base + index * size).filter(
    (at) => get(k, at + L.z_link) === L.Z_ALLOCATED,
  );
}

/** A pairing of the objects with nothing but themselves, in the order of their addresses: two kernels that differ in nothing else look the same. */
export function inOrder(k: Kernel, { sockets, orphans }: Objects): Pairing {
  return new Partners(sockets, [...sockets.map((so) => get(k, so + L.so_pcb)), ...orphans]);
}

export class Pairings {
  private readonly sockets: readonly Cell[];
  private readonly pcbOf: readonly Cell[];
  private readonly pcbs: readonly { readonly protocol: Cell; readonly socket: Cell }[];
  private readonly fds: readonly Cell[];
  private readonly handles: readonly Cell[];

  constructor(cells: Cells, sizes: Configuration) {
    const each = <T>(count: number, make: (id: number) => T): readonly T[] => Array.from({ length: count }, (_, id) => make(id));
    this.sockets = each(sizes.SOCKETS, (id) => cells.at('sockets', id, 'protocol'));
    this.pcbOf = each(sizes.SOCKETS, (id) => cells.at('sockets', id, 'pcb'));
    this.pcbs = each(sizes.PCBS, (id) => ({ protocol: cells.at('pcbs', id, 'protocol'), socket: cells.at('pcbs', id, 'socket') }));
    this.fds = each(sizes.FDS, (fd) => cells.at('fds', fd));
    this.handles = each(sizes.HANDLES, (handle) => cells.at('handles', handle));
  }

  /** How many sockets a state has. */
  count(words: Int32Array): number {
    return this.sockets.reduce((count, cell) => count + (read(words, cell) === 0 ? 0 : 1), 0);
  }

  /** Every pairing that descriptors and handles allow. None if the two have not the same number of objects. */
  *of(k: Kernel, objects: Objects, words: Int32Array): Generator<Pairing, void> {
    const ids = [...this.sockets.keys()].filter((id) => read(words, this.sockets[id] as Cell) !== 0);
    const pcbs = [...this.pcbs.keys()].filter((id) => read(words, (this.pcbs[id] as { protocol: Cell }).protocol) !== 0);
    if (ids.length !== objects.sockets.length || pcbs.length !== objects.pcbs) return;
    const fixedPartners = this.named(k, words);
    if (fixedPartners === null) return;
    const orphans = pcbs.filter((id) => read(words, (this.pcbs[id] as { socket: Cell }).socket) === 0);
    const free = ids.filter((id) => !fixedPartners.has(id));
    const taken = new Set(fixedPartners.values());
    const rest = objects.sockets.filter((so) => !taken.has(so));
    for (const order of permutations(rest)) {
      const sockets = this.sockets.map((_, id) => fixedPartners.get(id) ?? order[free.indexOf(id)] ?? 0);
      for (const lost of permutations(objects.orphans)) {
        const partners = this.pcbs.map(() => 0);
        for (const id of ids) {
          const pcb = read(words, this.pcbOf[id] as Cell);
          if (pcb !== 0) partners[pcb - 1] = get(k, (sockets[id] as number) + L.so_pcb);
        }
        for (const [index, id] of orphans.entries()) partners[id] = lost[index] ?? 0;
        yield new Partners(sockets, partners);
      }
    }
  }

  /** Partners of the sockets that descriptors and handles lead to; null if these contradict each other. */
  private named(k: Kernel, words: Int32Array): ReadonlyMap<number, number> | null {
    const partners = new Map<number, number>();
    const back = new Map<number, number>();
    const join = (code: number, so: number): boolean => {
      if (code === 0 || so === 0) return code === so;
      const id = code - 1;
      if ((partners.get(id) ?? so) !== so || (back.get(so) ?? id) !== id) return false;
      partners.set(id, so);
      back.set(so, id);
      return true;
    };
    const agree =
      this.fds.every((cell, fd) => join(read(words, cell), socketOf(k, fd))) &&
      this.handles.every((cell, handle) => join(read(words, cell), get(k, fixed(k, L.h_handles) + handle)));
    return agree ? partners : null;
  }
}

function* permutations<T>(items: readonly T[]): Generator<readonly T[], void> {
  if (items.length <= 1) {
    yield items;
    return;
  }
  for (const [index, item] of items.entries()) {
    for (const others of permutations(items.toSpliced(index, 1))) yield [item, ...others];
  }
}
