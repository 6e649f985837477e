/**
 * *Orbits*: states that differ only in which socket is the first and which the second (and pcb, descriptor, thread) are taken for one, of
 * which the least is kept. What may be exchanged is declared by the model (`symmetric`) and must follow the discipline of scalarsets
 * (`../compile/scalarset.ts`).
 *
 * The members of a kind are put in an order that does not depend on their numbers: by a signature of what they hold, then of what they
 * refer to and of who refers to them. Of those whose signatures are the same all orders are tried, and the least state is taken.
 * *Twins*, which hold the same and which nobody refers to, need no trying: exchanging them changes nothing. Signatures are hashes; two
 * that are the same by chance cost time, no more: all orders of those that are level are tried.
 */
import type { Artefact } from '../compile/javascript.ts';
import { Cells, type Kind } from './cells.ts';
import { type Board, type OrbitCode, OrbitEmitter } from './orbit-code.ts';
import type { Symmetric } from './symmetric.ts';

/** Rounds in which what stands around the members tells them apart. */
const ROUNDS = 2;

export class Orbits {
  readonly #kinds: readonly Kind[];
  readonly #board: Board;
  readonly #code: OrbitCode;
  /** By member its parts; null: it may have no twin. */
  readonly #parts: readonly (readonly number[] | null)[];
  /** By place, the member; a kind's places follow each other as its members do. */
  readonly #order: Int32Array;
  /** By place, the first one of its kind. */
  readonly #firsts: Int32Array;
  /** Where groups of members that are level begin and end. */
  readonly #from: Int32Array;
  readonly #to: Int32Array;
  #ties = 0;
  readonly #least: Int32Array;
  readonly #tried: Int32Array;
  #fresh = true;

  constructor(artefact: Artefact, { kinds }: Symmetric, plant = (source: string) => source) {
    let first = 0;
    this.#kinds = kinds.map(({ name, size }) => {
      first += size;
      return { name, size, first: first - size };
    });
    const tables = kinds.map((kind) => kind.tables);
    const emitter = new OrbitEmitter(new Cells(artefact, this.#kinds, tables).all(), this.#kinds);
    this.#board = emitter.board;
    this.#code = emitter.code(this.#board, plant);
    const members = this.#kinds.flatMap((kind) =>
      Array.from({ length: kind.size }, (_, index) => ({ kind, member: kind.first + index + 1 })),
    );
    this.#parts = [null, ...members.map(({ kind, member }) => emitter.partsOf(member, kind))];
    this.#order = new Int32Array(first + 1);
    this.#firsts = Int32Array.from([0, ...members.map(({ kind }) => kind.first + 1)]);
    this.#from = new Int32Array(first);
    this.#to = new Int32Array(first);
    this.#least = new Int32Array(artefact.layout.words);
    this.#tried = new Int32Array(artefact.layout.words);
  }

  /** Puts the least state of its orbit in its place. */
  canonise(words: Int32Array): void {
    this.#code.read(words);
    for (let round = 0; round < ROUNDS; round++) this.#code.refine();
    this.#sort();
    if (this.#ties === 0) {
      if (!this.#isIdentity()) this.#code.exchange(words);
      return;
    }
    this.#fresh = true;
    this.#tryAll(0);
    words.set(this.#least);
  }

  /** Puts the members of each kind in order, and finds the groups that are level. */
  #sort(): void {
    const { signature } = this.#board;
    const order = this.#order;
    this.#ties = 0;
    for (const { first, size } of this.#kinds) {
      const [begin, end] = [first + 1, first + size + 1];
      for (let member = begin; member < end; member++) {
        const mine = signature[member] as number;
        let place = member;
        for (; place > begin && (signature[order[place - 1] as number] as number) > mine; place--)
          order[place] = order[place - 1] as number;
        order[place] = member;
      }
      for (let from = begin; from < end; ) {
        let to = from + 1;
        while (to < end && signature[order[to] as number] === signature[order[from] as number]) to++;
        if (to - from > 1 && !this.#areTwins(from, to)) {
          this.#from[this.#ties] = from;
          this.#to[this.#ties++] = to;
        }
        from = to;
      }
      for (let place = begin; place < end; place++) this.#put(order[place] as number, place);
    }
  }

  #areTwins(from: number, to: number): boolean {
    for (let at = from + 1; at < to; at++) if (!this.#isTwin(this.#order[from] as number, this.#order[at] as number)) return false;
    return true;
  }

  /** Whether exchanging the two changes nothing: they hold the same, and nobody refers to either. */
  #isTwin(a: number, b: number): boolean {
    const { known, parts } = this.#board;
    if (known[a] !== 0 || known[b] !== 0) return false;
    const [mine, others] = [this.#parts[a] ?? null, this.#parts[b] ?? null];
    if (mine === null || others === null) return false;
    for (let at = 0; at < mine.length; at++) if (parts[mine[at] as number] !== parts[others[at] as number]) return false;
    return true;
  }

  /** Gives a member a place of its kind. */
  #put(member: number, place: number): void {
    this.#order[place] = member;
    this.#board.number[member] = place - (this.#firsts[place] as number);
    this.#board.shift[member] = place - member;
  }

  #isIdentity(): boolean {
    for (let place = 1; place < this.#order.length; place++) if (this.#order[place] !== place) return false;
    return true;
  }

  /** Every order of those that are level; the least state is kept. */
  #tryAll(group: number): void {
    if (group < this.#ties) {
      this.#place(group, this.#from[group] as number);
      return;
    }
    this.#code.exchange(this.#tried);
    if (this.#fresh || isLess(this.#tried, this.#least)) this.#least.set(this.#tried);
    this.#fresh = false;
  }

  /** One after the other of those that have no place yet comes to this one; of twins one is enough. */
  #place(group: number, at: number): void {
    const to = this.#to[group] as number;
    if (at === to) {
      this.#tryAll(group + 1);
      return;
    }
    for (let other = at; other < to; other++) {
      if (this.#hasTwin(at, other)) continue;
      this.#swap(at, other);
      this.#place(group, at + 1);
      this.#swap(at, other);
    }
  }

  /** Whether one of the places before has a twin of the member of this one. */
  #hasTwin(from: number, place: number): boolean {
    for (let at = from; at < place; at++) if (this.#isTwin(this.#order[at] as number, this.#order[place] as number)) return true;
    return false;
  }

  #swap(a: number, b: number): void {
    const [x, y] = [this.#order[a] as number, this.#order[b] as number];
    this.#put(y, a);
    this.#put(x, b);
  }
}

function isLess(a: Int32Array, b: Int32Array): boolean {
  for (let word = 0; word < a.length; word++) if (a[word] !== b[word]) return (a[word] as number) < (b[word] as number);
  return false;
}
