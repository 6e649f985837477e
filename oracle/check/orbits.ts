/**
 * *Orbits*: states that differ only in which socket is the first and which the second (and pcb, descriptor, thread) are taken for one, of
 * which the least is kept. What may be exchanged is declared by the model (`symmetric`) and must follow the discipline of scalarsets
 * (`../compile/scalarset.ts`).
 *
 * The members of a kind are put in an order that does not depend on their numbers: by a signature of what they hold, then of what they
 * refer to and of who refers to them. Of those whose signatures are the same all orders are tried, and the least state is taken; a
 * member that holds nothing and that nobody refers to needs no trying. Signatures are hashes; two that are the same by chance cost
 * time and, at worst, an orbit that is counted twice: what is kept is a state of the orbit in any case, so nothing is missed.
 */
import type { Type } from '../compile/ir.ts';
import type { Artefact } from '../compile/javascript.ts';
import { addOffsets, elementAt, fieldAt, FRAMES, FAULT, frameType, isGiven, type Node, type Offset, PC } from '../compile/layout.ts';
import type { Symmetric } from './symmetric.ts';

/** One scalar of a state. */
interface Cell {
  readonly word: number;
  readonly bit: number;
  readonly bits: number;
  /** The same for the cells that exchanging members exchanges. */
  readonly path: string;
  /** Members it belongs to: their number among all members, and how many cells lie between those of two neighbours. */
  readonly owners: readonly { readonly member: number; readonly index: number; readonly stride: number }[];
  /** The kind whose member it holds, or null. */
  readonly refers: { readonly kind: number; readonly nullable: boolean } | null;
  /** For an item of a sequence: the cell of the length, and its place. */
  readonly item: { readonly length: number; readonly place: number } | null;
  /** For a slot of a frame: the cell of the pc, and by pc what it refers to. */
  readonly slot: { readonly pc: number; readonly refers: readonly Cell['refers'][] } | null;
}

interface Kind {
  readonly name: string;
  readonly size: number;
  /** Number of its first member among all members. */
  readonly first: number;
}

export class Orbits {
  readonly #cells: readonly Cell[];
  readonly #kinds: readonly Kind[];
  readonly #words: number;
  /** Values of the cells, before and after an exchange. */
  readonly #before: Int32Array;
  readonly #after: Int32Array;
  readonly #least: Int32Array;
  readonly #tried: Int32Array;
  /** By member: its signature, the next one, and its new number. */
  readonly #signature: Int32Array;
  readonly #next: Int32Array;
  readonly #number: Int32Array;
  readonly #order: Int32Array;
  /** Whether it holds anything, or is referred to. */
  readonly #used: Uint8Array;
  /** By cell: the hash of its path, where it lies, and the member it refers to now, or -1. */
  readonly #paths: Int32Array;
  readonly #at: { readonly word: Int32Array; readonly bit: Int32Array; readonly mask: Int32Array };
  readonly #targets: Int32Array;
  /** By cell, where its owners begin in the list of all; then what is to be known of each. */
  readonly #ownersFrom: Int32Array;
  readonly #owners: { readonly member: Int32Array; readonly index: Int32Array; readonly stride: Int32Array };
  /** By member, the first of its kind. */
  readonly #firsts: Int32Array;
  /** Cells that may refer to a member. */
  readonly #referring: Int32Array;

  constructor(artefact: Artefact, { kinds }: Symmetric) {
    let first = 0;
    this.#kinds = kinds.map(({ name, size }) => {
      first += size;
      return { name, size, first: first - size };
    });
    this.#cells = new Cells(artefact, this.#kinds, kinds).all();
    this.#words = artefact.layout.words;
    this.#before = new Int32Array(this.#cells.length);
    this.#after = new Int32Array(this.#cells.length);
    this.#least = new Int32Array(this.#words);
    this.#tried = new Int32Array(this.#words);
    this.#signature = new Int32Array(first);
    this.#next = new Int32Array(first);
    this.#number = new Int32Array(first);
    this.#order = new Int32Array(first);
    this.#used = new Uint8Array(first);
    const cells = this.#cells;
    this.#at = {
      word: Int32Array.from(cells, ({ word }) => word),
      bit: Int32Array.from(cells, ({ bit }) => bit),
      mask: Int32Array.from(cells, ({ bits }) => (bits === 32 ? -1 : (1 << bits) - 1)),
    };
    this.#targets = new Int32Array(cells.length).fill(-1);
    const owners = cells.flatMap((cell) => cell.owners);
    let from = 0;
    this.#ownersFrom = Int32Array.from([...cells, null], (cell) => {
      from += cell === null ? 0 : cell.owners.length;
      return from - (cell === null ? 0 : cell.owners.length);
    });
    this.#owners = {
      member: Int32Array.from(owners, ({ member }) => member),
      index: Int32Array.from(owners, ({ index }) => index),
      stride: Int32Array.from(owners, ({ stride }) => stride),
    };
    this.#firsts = Int32Array.from(this.#kinds.flatMap(({ first, size }) => Array<number>(size).fill(first)));
    this.#referring = Int32Array.from([...cells.keys()].filter((at) => cells[at]?.refers !== null || cells[at]?.slot !== null));
    this.#paths = Int32Array.from(this.#cells, ({ path, item }) => hashText(item === null ? path : `${path}${item.place}`));
  }

  /** Puts the least state of its orbit in its place. */
  canonise(words: Int32Array): void {
    this.#read(words);
    this.#sign();
    const ties = this.#sort();
    if (ties.length === 0) {
      if (this.#isIdentity()) return;
      this.#exchange(words);
      return;
    }
    this.#least.fill(-1);
    this.#tryAll(ties, 0, true);
    words.set(this.#least);
  }

  #read(words: Int32Array): void {
    const { word, bit, mask } = this.#at;
    const before = this.#before;
    for (let at = 0; at < before.length; at++)
      before[at] = ((words[word[at] as number] as number) >>> (bit[at] as number)) & (mask[at] as number);
    for (let each = 0; each < this.#referring.length; each++) {
      const at = this.#referring[each] as number;
      this.#targets[at] = this.#target(this.#cells[at] as Cell, before[at] as number);
    }
  }

  /** What the cell refers to as the number of a member, or -1. */
  #target(cell: Cell, value: number): number {
    const refers = cell.slot === null ? cell.refers : (cell.slot.refers[this.#before[cell.slot.pc] as number] ?? null);
    if (refers === null || (refers.nullable && value === 0)) return -1;
    if (cell.item !== null && cell.item.place >= (this.#before[cell.item.length] as number)) return -1;
    return (this.#kinds[refers.kind] as Kind).first + value - (refers.nullable ? 1 : 0);
  }

  /** Signatures that say nothing of numbers: of what each member holds, then twice of what stands around it. */
  #sign(): void {
    const signature = this.#signature.fill(0);
    const used = this.#used.fill(0);
    const { member: owner } = this.#owners;
    for (let at = 0; at < this.#before.length; at++) {
      const value = this.#before[at] as number;
      const target = this.#targets[at] as number;
      if (target < 0 && value === 0) continue;
      if (target >= 0) used[target] = 1;
      for (let each = this.#ownersFrom[at] as number; each < (this.#ownersFrom[at + 1] as number); each++) {
        const member = owner[each] as number;
        used[member] = 1;
        const seen = target < 0 ? value : target === member ? -1 : -2;
        signature[member] = ((signature[member] as number) + mix(this.#paths[at] as number, seen)) | 0;
      }
    }
    this.#refine();
    this.#refine();
  }

  #refine(): void {
    const [signature, next] = [this.#signature, this.#next];
    const { member: owner } = this.#owners;
    for (let member = 0; member < signature.length; member++) next[member] = mix(signature[member] as number, 0x51);
    for (let each = 0; each < this.#referring.length; each++) {
      const at = this.#referring[each] as number;
      const target = this.#targets[at] as number;
      if (target < 0) continue;
      const path = this.#paths[at] as number;
      let holders = mix(path, 0x3d);
      for (let by = this.#ownersFrom[at] as number; by < (this.#ownersFrom[at + 1] as number); by++) {
        const member = owner[by] as number;
        next[member] = ((next[member] as number) + mix(path, signature[target] as number)) | 0;
        holders = (holders + mix(path ^ 0x5bd1, signature[member] as number)) | 0;
      }
      next[target] = ((next[target] as number) + mix(holders, path)) | 0;
    }
    signature.set(next);
  }

  /** Puts the members of each kind in order, and answers the groups that are level, as places in the order. */
  #sort(): readonly (readonly [from: number, to: number])[] {
    const ties: [number, number][] = [];
    for (const { first, size } of this.#kinds) {
      for (let at = first; at < first + size; at++) {
        let place = at;
        const mine = this.#signature[at] as number;
        for (; place > first && (this.#signature[this.#order[place - 1] as number] as number) > mine; place--)
          this.#order[place] = this.#order[place - 1] as number;
        this.#order[place] = at;
      }
      for (let from = first; from < first + size; ) {
        let to = from + 1;
        const member = this.#order[from] as number;
        while (to < first + size && this.#signature[this.#order[to] as number] === this.#signature[member]) to++;
        // Which of several that hold nothing is which can't be seen.
        if (to - from > 1 && this.#used[member] !== 0) ties.push([from, to]);
        from = to;
      }
      for (let place = first; place < first + size; place++) this.#number[this.#order[place] as number] = place - first;
    }
    return ties;
  }

  #isIdentity(): boolean {
    return this.#kinds.every(({ first, size }) => {
      for (let index = 0; index < size; index++) if (this.#number[first + index] !== index) return false;
      return true;
    });
  }

  /** Writes the state with its members renumbered. */
  #exchange(words: Int32Array): void {
    const [before, after, number] = [this.#before, this.#after, this.#number];
    const { member, index, stride } = this.#owners;
    for (let at = 0; at < before.length; at++) {
      let place = at;
      for (let each = this.#ownersFrom[at] as number; each < (this.#ownersFrom[at + 1] as number); each++)
        place += ((number[member[each] as number] as number) - (index[each] as number)) * (stride[each] as number);
      const target = this.#targets[at] as number;
      // The code of no member is 0: what the code of a member has above its number stays.
      const shift = target < 0 ? 0 : (number[target] as number) - (target - (this.#firsts[target] as number));
      after[place] = (before[at] as number) + shift;
    }
    const { word, bit } = this.#at;
    words.fill(0);
    for (let at = 0; at < after.length; at++) {
      const into = word[at] as number;
      words[into] = (words[into] as number) | ((after[at] as number) << (bit[at] as number));
    }
  }

  /** Every order of those that are level; the least state is kept. */
  #tryAll(ties: readonly (readonly [number, number])[], group: number, fresh: boolean): boolean {
    const tie = ties[group];
    if (tie === undefined) {
      this.#exchange(this.#tried);
      if (fresh || isLess(this.#tried, this.#least)) this.#least.set(this.#tried);
      return false;
    }
    const [from, to] = tie;
    const { first } = this.#kinds.findLast((kind) => kind.first <= from) as Kind;
    let open = fresh;
    const place = (at: number): void => {
      if (at === to) {
        open = this.#tryAll(ties, group + 1, open);
        return;
      }
      for (let other = at; other < to; other++) {
        this.#swap(at, other, first);
        place(at + 1);
        this.#swap(at, other, first);
      }
    };
    place(from);
    return open;
  }

  #swap(a: number, b: number, first: number): void {
    const [x, y] = [this.#order[a] as number, this.#order[b] as number];
    this.#order[a] = y;
    this.#order[b] = x;
    this.#number[y] = a - first;
    this.#number[x] = b - first;
  }
}

function isLess(a: Int32Array, b: Int32Array): boolean {
  for (let word = 0; word < a.length; word++) if (a[word] !== b[word]) return (a[word] as number) < (b[word] as number);
  return false;
}

function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x2545f491, 0x85ebca6b) ^ b;
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35);
  return h ^ (h >>> 13);
}

function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
  return h;
}

/** All cells of a state, numbered so that those of an element of a table stand together. */
class Cells {
  readonly #artefact: Artefact;
  readonly #kinds: readonly Kind[];
  /** By the path of a table, the kind it has an element for each member of. */
  readonly #tables = new Map<string, number>();
  readonly #cells: Cell[] = [];

  constructor(artefact: Artefact, kinds: readonly Kind[], symmetric: Symmetric['kinds']) {
    this.#artefact = artefact;
    this.#kinds = kinds;
    for (const [kind, { tables }] of symmetric.entries()) for (const table of tables) this.#tables.set(table, kind);
  }

  all(): readonly Cell[] {
    const { program, layout, machines } = this.#artefact;
    for (const field of program.state.fields) {
      if (isGiven(program, field)) continue;
      const { at, node } = fieldAt(layout.root, field.name);
      this.#visit(at, node, field.type, { path: `.${field.name}`, table: `.${field.name}` }, []);
    }
    const frames = fieldAt(layout.root, FRAMES);
    for (const [index, machine] of machines.entries()) {
      const agent = fieldAt(frames.node, machine.agent);
      const kind = this.#kindOfAgent(index);
      for (let who = 0; who < machine.size; who++) {
        const element = elementAt(agent.node, who);
        const at = addOffsets(addOffsets(frames.at, agent.at), element.at);
        const { fields } = frameType(machine);
        const owners = kind < 0 ? [] : [{ member: (this.#kinds[kind] as Kind).first + who, index: who, stride: fields.length }];
        const pc = this.#cells.length;
        for (const { name, type } of fields) {
          const cell = fieldAt(element.node, name);
          const refers = [null, ...Array.from({ length: machine.pcs }, (_, before) => this.#slotAt(index, before + 1, name))];
          const slot = name === PC || refers.every((each) => each === null) ? null : { pc, refers };
          this.#add(addOffsets(at, cell.at), cell.node, type, `#${machine.agent}.${name}`, owners, null, slot);
        }
      }
    }
    const fault = fieldAt(layout.root, FAULT);
    this.#add(fault.at, fault.node, { kind: 'int', lo: 0, hi: program.sites.length }, '#fault', [], null, null);
    return this.#cells;
  }

  /** The kind that all procedures of an agent get as `who`. */
  #kindOfAgent(agent: number): number {
    const { agents, functions } = this.#artefact.program;
    const kinds = (agents[agent]?.procedures ?? []).map(({ fn }) => {
      const type = functions[fn]?.locals[0]?.type;
      return this.#kinds.findIndex(({ name }) => type?.kind === 'id' && type.of === name);
    });
    const [kind = -1] = kinds;
    return kinds.every((each) => each === kind) ? kind : -1;
  }

  /** What a slot refers to at a pc. */
  #slotAt(agent: number, pc: number, slot: string): Cell['refers'] {
    const machine = this.#artefact.machines[agent];
    const entry = machine?.entries.find((each) => each.pc === pc);
    const live = entry?.live.find((each) => String(each.slot) === slot);
    const type = live === undefined ? undefined : machine?.locals[live.local]?.type;
    return type === undefined ? null : this.#refers(type);
  }

  #refers(type: Type): Cell['refers'] {
    if (type.kind !== 'id') return null;
    const kind = this.#kinds.findIndex(({ name }) => name === type.of);
    return kind < 0 ? null : { kind, nullable: type.nullable };
  }

  /** `table`: the path without any number in it, which is how tables are known. */
  #visit(at: Offset, node: Node, type: Type, { path, table }: { path: string; table: string }, owners: Cell['owners']): void {
    switch (type.kind) {
      case 'record':
        for (const field of type.fields) {
          const inner = fieldAt(node, field.name);
          const names = { path: `${path}.${field.name}`, table: `${table}.${field.name}` };
          this.#visit(addOffsets(at, inner.at), inner.node, field.type, names, owners);
        }
        return;
      case 'table': {
        const kind = this.#tables.get(table);
        const stride = countCells(type.element);
        for (let index = 0; index < type.size; index++) {
          const inner = elementAt(node, index);
          const owner = kind === undefined ? [] : [{ member: (this.#kinds[kind] as Kind).first + index, index, stride }];
          // Elements of a table that nothing is exchanged in are told apart.
          const names = { path: kind === undefined ? `${path}[${index}]` : `${path}[]`, table: `${table}[]` };
          this.#visit(addOffsets(at, inner.at), inner.node, type.element, names, [...owners, ...owner]);
        }
        return;
      }
      case 'seq': {
        const length = fieldAt(node, 'length');
        const lengthCell = this.#cells.length;
        this.#add(addOffsets(at, length.at), length.node, { kind: 'int', lo: 0, hi: type.capacity }, `${path}.length`, owners, null, null);
        const items = fieldAt(node, 'items');
        for (let place = 0; place < type.capacity; place++) {
          const inner = elementAt(items.node, place);
          const where = addOffsets(addOffsets(at, items.at), inner.at);
          this.#add(where, inner.node, type.element, `${path}.items`, owners, { length: lengthCell, place }, null);
        }
        return;
      }
      default:
        this.#add(at, node, type, path, owners, null, null);
    }
  }

  #add(at: Offset, node: Node, type: Type, path: string, owners: Cell['owners'], item: Cell['item'], slot: Cell['slot']): void {
    if (node.size.unit !== 'bits') throw new Error('a cell of more than one word');
    const bits = node.size.bits;
    this.#cells.push({ word: at.word, bit: at.bit, bits, path, owners, refers: this.#refers(type), item, slot });
  }
}

function countCells(type: Type): number {
  switch (type.kind) {
    case 'record':
      return type.fields.reduce((sum, field) => sum + countCells(field.type), 0);
    case 'table':
      return type.size * countCells(type.element);
    case 'seq':
      return 1 + type.capacity;
    default:
      return 1;
  }
}
