/**
 * What is done to every state whose orbit is sought, as straight-line JavaScript: *read* takes its parts out of the words and gives each
 * member a signature, *refine* adds to the signatures what stands around, and *exchange* writes the state with its members renumbered.
 *
 * A *part* is what one element of a table, or all that is in no such element, has in one word. It moves as a whole; what it refers to is
 * renumbered in it.
 */
import type { Cell, Kind } from './cells.ts';

/** What the code works on. Members count from 1, so that 0 is nobody. */
export interface Board {
  /** By part, as it is. */
  readonly parts: Int32Array;
  /** By reference, the member. */
  readonly targets: Int32Array;
  /** By member: its signature, and the next one. */
  readonly signature: Int32Array;
  readonly next: Int32Array;
  /** By member: whether anything refers to it; its new number among those of its kind, and by how much that is more than the old one. */
  readonly known: Uint8Array;
  readonly number: Int32Array;
  readonly shift: Int32Array;
}

export interface OrbitCode {
  read(words: Int32Array): void;
  refine(): void;
  exchange(into: Int32Array): void;
}

interface Reference {
  /** Its number among all. */
  readonly at: number;
  readonly cell: Cell;
  /** Bits above the lowest of its part. */
  readonly bit: number;
}

interface Part {
  readonly at: number;
  /** The cell with the lowest bits. */
  readonly base: Cell;
  /** Its number among all cells. */
  readonly cell: number;
  readonly mask: number;
  /** Of that, what refers to nobody. */
  readonly plain: number;
  readonly references: readonly Reference[];
}

const WORD = 32;

export class OrbitEmitter {
  readonly #cells: readonly Cell[];
  readonly #kinds: readonly Kind[];
  readonly #parts: readonly Part[];

  constructor(cells: readonly Cell[], kinds: readonly Kind[]) {
    this.#cells = cells;
    this.#kinds = kinds;
    this.#parts = this.#cut();
  }

  get board(): Board {
    const members = this.#kinds.reduce((sum, { size }) => sum + size, 1);
    const references = this.#parts.reduce((sum, part) => sum + part.references.length, 0);
    return {
      parts: new Int32Array(this.#parts.length),
      targets: new Int32Array(references),
      signature: new Int32Array(members),
      next: new Int32Array(members),
      known: new Uint8Array(members),
      number: new Int32Array(members),
      shift: new Int32Array(members),
    };
  }

  /** The parts of a member, in the same order for all of its kind. Null: members of the kind have something in common, as each two in a matrix. */
  partsOf(member: number, { first, size }: Kind): readonly number[] | null {
    const isIn = (each: number): boolean => each > first && each <= first + size;
    if (this.#parts.some(({ base }) => base.owners.filter((owner) => isIn(owner.member + 1)).length > 1)) return null;
    return this.#parts.flatMap(({ at, base }) => (base.owners.some((owner) => owner.member + 1 === member) ? [at] : []));
  }

  /** `plant` changes the code: tests plant faults in it. */
  code(board: Board, plant: (source: string) => string): OrbitCode {
    const source = `'use strict';
const { parts: G, targets: T, signature: S, next: X, known: K, number: N, shift: D } = board;
function mix(a, b) {
  let h = Math.imul(a ^ 0x2545f491, 0x85ebca6b) ^ b;
  h = Math.imul(h ^ h >>> 15, 0xc2b2ae35);
  return h ^ h >>> 13;
}
return {
read(w) {
  let g = 0, p = 0, t = 0;
  ${this.#members((m) => `let s${m} = 0;`)}
  K.fill(0);
  ${this.#parts.map((part) => this.#readCode(part)).join('\n  ')}
  ${this.#members((m) => `S[${m}] = s${m};`)}
},
refine() {
  let t = 0;
  ${this.#members((m) => `const s${m} = S[${m}]; X[${m}] = mix(s${m}, 0x51);`)}
  ${this.#parts.flatMap(({ references }) => references.map((reference) => refineCode(reference))).join('\n  ')}
  S.set(X);
},
exchange(o) {
  let g = 0, d = 0;
  ${this.#members((m) => `const n${m} = N[${m}];`)}
  o.fill(0);
  ${this.#parts.map((part) => this.#exchangeCode(part)).join('\n  ')}
},
};`;
    return new Function('board', plant(source))(board) as OrbitCode;
  }

  #members(code: (member: number) => string): string {
    return this.#kinds.flatMap(({ first, size }) => Array.from({ length: size }, (_, index) => code(first + index + 1))).join(' ');
  }

  /** Cells that move together and lie in one word. */
  #cut(): readonly Part[] {
    const groups = new Map<string, number[]>();
    for (const [at, { word, bits, owners }] of this.#cells.entries()) {
      if (bits === 0 && !this.#refers(at)) continue;
      const key = `${owners.map(({ element }) => element).join()}:${word}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [at]);
      else group.push(at);
    }
    let references = 0;
    return [...groups.values()].map((group, at) => {
      const cell = group.reduce((lowest, each) => (this.#cell(each).bit < this.#cell(lowest).bit ? each : lowest));
      const base = this.#cell(cell);
      const maskOf = (cells: readonly number[]): number =>
        cells.reduce((mask, each) => mask | (onesOf(this.#cell(each).bits) << (this.#cell(each).bit - base.bit)), 0);
      const referring = group.filter((each) => this.#refers(each));
      return {
        at,
        base,
        cell,
        mask: maskOf(group),
        plain: maskOf(group.filter((each) => !referring.includes(each))),
        references: referring.map((each) => ({ at: references++, cell: this.#cell(each), bit: this.#cell(each).bit - base.bit })),
      };
    });
  }

  #cell(at: number): Cell {
    const cell = this.#cells[at];
    if (cell === undefined) throw new Error(`there is no cell ${at}`);
    return cell;
  }

  #refers(at: number): boolean {
    const { refers, slot } = this.#cell(at);
    return slot === null ? refers !== null : slot.refers.some((each) => each !== null);
  }

  #readCode({ at, base, mask, plain, references }: Part): string {
    const lines = [`g = w[${base.word}] >>> ${base.bit} & ${mask}; G[${at}] = g;`];
    const add = (value: string): string => ownersOf(base, (m) => `s${m} = s${m} + ${value} | 0;`);
    if (plain !== 0 && base.owners.length > 0)
      lines.push(`p = g & ${plain}; if (p !== 0) { p = mix(${hashText(base.path)}, p); ${add('p')} }`);
    for (const reference of references) {
      const path = pathOf(reference.cell);
      const itself = base.owners.map(({ member }) => `t === ${member + 1}`).join(' || ');
      lines.push(`t = ${this.#targetCode(reference)}; T[${reference.at}] = t; K[t] = 1;`);
      if (itself === '') continue;
      lines.push(`if (t !== 0) { p = ${itself} ? ${mix(path, -1)} : ${mix(path, -2)}; ${add('p')} }`);
      // A slot may hold something else at another pc.
      const value = `g >>> ${reference.bit} & ${onesOf(reference.cell.bits)}`;
      lines.push(`else { p = ${value}; if (p !== 0) { p = mix(${path}, p); ${add('p')} } }`);
    }
    return lines.join(' ');
  }

  /** The member that a cell refers to, or 0. */
  #targetCode({ cell, bit }: Reference): string {
    const value = `(g >>> ${bit} & ${onesOf(cell.bits)})`;
    const target = (refers: NonNullable<Cell['refers']>): string => {
      const { first } = this.#kinds[refers.kind] as Kind;
      return refers.nullable ? `(${value} === 0 ? 0 : ${value} + ${first})` : `(${value} + ${first + 1})`;
    };
    if (cell.slot !== null) {
      const { pc, refers } = cell.slot;
      const cases = refers.flatMap((each, at) => (each === null ? [] : [{ at, code: target(each) }]));
      const ways = [...new Set(cases.map(({ code }) => code))];
      return ways.reduceRight((otherwise, way) => {
        const pcs = cases.filter(({ code }) => code === way).map(({ at }) => `${this.#valueCode(pc)} === ${at}`);
        return `(${pcs.join(' || ')} ? ${way} : ${otherwise})`;
      }, '0');
    }
    if (cell.refers === null) return '0';
    return cell.item === null
      ? target(cell.refers)
      : `(${cell.item.place} < ${this.#valueCode(cell.item.length)} ? ${target(cell.refers)} : 0)`;
  }

  #valueCode(at: number): string {
    const { word, bit, bits } = this.#cell(at);
    return `(w[${word}] >>> ${bit} & ${onesOf(bits)})`;
  }

  #exchangeCode(part: Part): string {
    const { at, base, references } = part;
    const shifts = references.map((reference) => ` + (D[T[${reference.at}]] << ${reference.bit})`).join('');
    const taken = `g = G[${at}]${shifts} | 0;`;
    const place = (numbers: ReadonlyMap<number, number>): number => {
      const moved = base.owners.reduce(
        (cell, { member, index, stride }) => cell + ((numbers.get(member) ?? index) - index) * stride,
        part.cell,
      );
      const { word, bit } = this.#cell(moved);
      return word * WORD + bit;
    };
    const zero = place(new Map(base.owners.map(({ member }) => [member, 0])));
    const steps = base.owners.map(({ member }) => {
      const numbers = new Map(base.owners.map((owner) => [owner.member, owner.member === member ? 1 : 0]));
      return { member: member + 1, by: place(numbers) - zero };
    });
    if (steps.every(({ by }) => by % WORD === 0)) {
      const words = steps.map(({ member, by }) => ` + n${member} * ${by / WORD}`).join('');
      return `${taken} o[${zero >>> 5}${words}] |= g << ${zero & 31};`;
    }
    const bits = steps.map(({ member, by }) => ` + n${member} * ${by}`).join('');
    return `${taken} d = ${zero}${bits}; o[d >> 5] |= g << (d & 31);`;
  }
}

function refineCode({ at, cell }: Reference): string {
  const path = pathOf(cell);
  const owners = ownersOf(cell, (m) => `X[${m}] = X[${m}] + mix(${path}, S[t]) | 0;`);
  const holders = cell.owners.map(({ member }) => ` + mix(${path ^ 0x5bd1}, s${member + 1})`).join('');
  return `t = T[${at}]; if (t !== 0) { ${owners} X[t] = X[t] + mix(${mix(path, 0x3d)}${holders} | 0, ${path}) | 0; }`;
}

function ownersOf({ owners }: Cell, code: (member: number) => string): string {
  return owners.map(({ member }) => code(member + 1)).join(' ');
}

function pathOf({ path, item }: Cell): number {
  return hashText(item === null ? path : `${path}${item.place}`);
}

function onesOf(bits: number): number {
  return bits === 32 ? -1 : (1 << bits) - 1;
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
