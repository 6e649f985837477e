/**
 * The *cells* of a state: its scalars, each with the members of exchangeable kinds that it belongs to, as a cell of an element of a table
 * that has one for each, and the member that it may refer to.
 */
import type { Type } from '../compile/ir.ts';
import type { Artefact } from '../compile/javascript.ts';
import { addOffsets, elementAt, fieldAt, FRAMES, FAULT, frameType, isGiven, type Node, type Offset, PC } from '../compile/layout.ts';

/** A member that a cell belongs to, by way of an element of a table. */
export interface Owner {
  /** Its number among all members, and among those of its kind. */
  readonly member: number;
  readonly index: number;
  /** How many cells lie between those of two neighbours. */
  readonly stride: number;
  /** The element, by number. */
  readonly element: number;
}

/** One scalar of a state. */
export interface Cell {
  readonly word: number;
  readonly bit: number;
  readonly bits: number;
  /** The same for the cells that exchanging members exchanges. */
  readonly path: string;
  readonly owners: readonly Owner[];
  /** The kind whose member it holds, or null. */
  readonly refers: { readonly kind: number; readonly nullable: boolean } | null;
  /** For an item of a sequence: the cell of the length, and its place. */
  readonly item: { readonly length: number; readonly place: number } | null;
  /** For a slot of a frame: the cell of the pc, and by pc what it refers to. */
  readonly slot: { readonly pc: number; readonly refers: readonly Cell['refers'][] } | null;
}

export interface Kind {
  readonly name: string;
  readonly size: number;
  /** Number of its first member among all members. */
  readonly first: number;
}

/** All cells of a state, numbered so that those of an element of a table stand together. */
export class Cells {
  readonly #artefact: Artefact;
  readonly #kinds: readonly Kind[];
  /** By the path of a table, the kind it has an element for each member of. */
  readonly #tables = new Map<string, number>();
  readonly #cells: Cell[] = [];
  #elements = 0;

  constructor(artefact: Artefact, kinds: readonly Kind[], tables: readonly ReadonlySet<string>[]) {
    this.#artefact = artefact;
    this.#kinds = kinds;
    for (const [kind, paths] of tables.entries()) for (const path of paths) this.#tables.set(path, kind);
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
        const owners = kind < 0 ? [] : [this.#owner(kind, who, fields.length)];
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

  #owner(kind: number, index: number, stride: number): Owner {
    return { member: (this.#kinds[kind] as Kind).first + index, index, stride, element: this.#elements++ };
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
          const owner = kind === undefined ? [] : [this.#owner(kind, index, stride)];
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
