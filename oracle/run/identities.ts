/**
 * *Identities*: which of the specification's sockets and pcbs is which of the implementation's. The two sides number
 * theirs independently; after every operation what is new on one side is paired with what is new on the other.
 */
import { so_gencnt, so_pcb, socket_zone, uz_base, uz_count, uz_size, Z_ALLOCATED, z_link, unp_zone } from '../../impl/layout.ts';
import { fixed, get, type Kernel } from '../../impl/memory.ts';
import { type Cell, type Cells, read } from './cells.ts';
import type { Configuration } from './operations.ts';

/** What a pointer of the implementation is to the specification: 0 for NULL, an id plus 1, or this for something it does not have. */
export const STRANGER = -1;

/** Which is which. */
export interface Pairing {
  /** The implementation's socket, 0 if it has none for this id. */
  socketAt(id: number): number;
  pcbAt(id: number): number;
  /** The specification's id plus 1 of a socket of the implementation; 0 for NULL. */
  socketCode(at: number): number;
  pcbCode(at: number): number;
}

export class Identities implements Pairing {
  /** By id of the specification: word index of the implementation's socket and its generation; 0 without a partner. */
  private readonly sockets: number[];
  private readonly generations: number[];
  private readonly pcbs: number[];
  private readonly socketProtocols: readonly Cell[];
  private readonly pcbProtocols: readonly Cell[];
  private readonly pcbSockets: readonly Cell[];

  constructor(cells: Cells, sizes: Configuration) {
    const sockets = Array.from({ length: sizes.SOCKETS }, (_, id) => id);
    const pcbs = Array.from({ length: sizes.PCBS }, (_, id) => id);
    this.sockets = sockets.map(() => 0);
    this.generations = sockets.map(() => 0);
    this.pcbs = pcbs.map(() => 0);
    this.socketProtocols = sockets.map((id) => cells.at('sockets', id, 'protocol'));
    this.pcbProtocols = pcbs.map((id) => cells.at('pcbs', id, 'protocol'));
    this.pcbSockets = pcbs.map((id) => cells.at('pcbs', id, 'socket'));
  }

  /** Nothing exists. */
  reset(): void {
    this.sockets.fill(0);
    this.generations.fill(0);
    this.pcbs.fill(0);
  }

  /**
   * Pairs what is new. Both sides allocate in the same order within a call, so new sockets are paired in that order: the
   * specification's by id, the implementation's by generation. A wrong pairing can only show up as a difference.
   */
  update(k: Kernel, words: Int32Array): void {
    let alone = 0;
    for (let id = 0; id < this.sockets.length; id++) {
      const at = this.socketAt(id);
      const exists = read(words, this.socketProtocols[id] as Cell) !== 0;
      if (at !== 0 && !(exists && get(k, at + z_link) === Z_ALLOCATED && get(k, at + so_gencnt) === this.generations[id]))
        this.sockets[id] = 0;
      if (exists && this.sockets[id] === 0) alone++;
    }
    if (alone > 0) this.pair(k, words);
    for (let id = 0; id < this.pcbs.length; id++) this.updatePcb(k, words, id);
  }

  private pair(k: Kernel, words: Int32Array): void {
    const fresh = liveSockets(k)
      .filter((so) => !this.sockets.includes(so))
      .sort((a, b) => get(k, a + so_gencnt) - get(k, b + so_gencnt));
    for (const [id, protocol] of this.socketProtocols.entries()) {
      if (read(words, protocol) === 0 || this.socketAt(id) !== 0) continue;
      const at = fresh.shift() ?? 0;
      this.sockets[id] = at;
      this.generations[id] = at === 0 ? 0 : get(k, at + so_gencnt);
    }
  }

  /** A pcb is found through its socket; one without a socket (TIME_WAIT) keeps the partner it had. */
  private updatePcb(k: Kernel, words: Int32Array, id: number): void {
    if (read(words, this.pcbProtocols[id] as Cell) === 0) {
      this.pcbs[id] = 0;
      return;
    }
    const socket = read(words, this.pcbSockets[id] as Cell);
    if (socket === 0) return;
    const at = this.socketAt(socket - 1);
    this.pcbs[id] = at === 0 ? 0 : get(k, at + so_pcb);
  }

  socketAt(id: number): number {
    return this.sockets[id] ?? 0;
  }

  pcbAt(id: number): number {
    return this.pcbs[id] ?? 0;
  }

  /** A name for the partner of a socket that no other socket ever has. */
  nameOf(id: number): string {
    return `${this.socketAt(id)}.${this.generations[id] ?? 0}`;
  }

  socketCode(at: number): number {
    return codeIn(this.sockets, at);
  }

  pcbCode(at: number): number {
    return codeIn(this.pcbs, at);
  }
}

/** The place of an object among the known ones plus 1; 0 for NULL. */
export function codeIn(known: readonly number[], at: number): number {
  if (at === 0) return 0;
  const id = known.indexOf(at);
  return id < 0 ? STRANGER : id + 1;
}

/** Whether the control block is a UNIX one. */
export function isUnpcb(k: Kernel, pcb: number): boolean {
  const base = fixed(k, unp_zone + uz_base);
  return pcb >= base && pcb < base + fixed(k, unp_zone + uz_size) * fixed(k, unp_zone + uz_count);
}

/** All sockets of the implementation that are not freed. */
export function liveSockets(k: Kernel): number[] {
  const found: number[] = [];
  const size = fixed(k, socket_zone + uz_size);
  for (let index = 0; index < fixed(k, socket_zone + uz_count); index++) {
    const at = fixed(k, socket_zone + uz_base) + index * size;
    if (get(k, at + z_link) === Z_ALLOCATED) found.push(at);
  }
  return found;
}
