/**
 * A *cell* is the place of one value in the packed words of the specification's state. A run looks at a few values after every
 * operation and writes a few hundred; decoding the whole state for that would take longer than everything else together.
 * Values are numbers as the compiler writes them (compile/ir.ts): false 0, a literal its position, no id 0 and an id one more than itself.
 */
import type { Scalar, Type } from '../compile/ir.ts';
import { addOffsets, elementAt, fieldAt, layoutOf, type Node, type Offset } from '../compile/layout.ts';
import { encodedRange } from '../compile/liveness.ts';
import type { CompiledModel } from '../compile/model.ts';

export interface Cell {
  /** "sockets[0].rcv.cc" */
  readonly path: string;
  readonly type: Scalar;
  /** The largest number it may hold; the smallest is 0. */
  readonly most: number;
  readonly word: number;
  readonly shift: number;
  readonly mask: number;
}

/** The cells of a sequence. Items at and above the length are 0. */
export interface SequenceCells {
  readonly length: Cell;
  readonly items: readonly Cell[];
}

export function read(words: Int32Array, { word, shift, mask }: Cell): number {
  return ((words[word] ?? 0) >>> shift) & mask;
}

/** Writes a number from 0 to `most`. */
export function write(words: Int32Array, { word, shift, mask }: Cell, value: number): void {
  words[word] = ((words[word] ?? 0) & ~(mask << shift)) | (value << shift);
}

/** The number that stands for a literal of a union; -1 if it has none of this name. */
export function codeOf({ type }: Cell, literal: string): number {
  return type.kind === 'enum' ? type.values.indexOf(literal) : -1;
}

/** The literal that a number stands for. */
export function literalOf({ type, path }: Cell, code: number): string {
  const literal = type.kind === 'enum' ? type.values[code] : undefined;
  if (literal === undefined) throw new Error(`${path} holds no literal number ${code}`);
  return literal;
}

interface Place {
  readonly at: Offset;
  readonly node: Node;
  readonly type: Type;
  readonly path: string;
}

/** All cells of the states of one compiled model. */
export class Cells {
  private readonly root: Place;

  constructor({ program, machines }: CompiledModel) {
    this.root = { at: { word: 0, bit: 0 }, node: layoutOf(program, machines).root, type: program.state, path: '' };
  }

  /** The cell at a path such as `sockets`, 0, `count`. */
  at(...path: readonly (string | number)[]): Cell {
    return cellOf(path.reduce(inside, this.root));
  }

  /** The cells of one field in all records of a table. */
  table(name: string, field: string): readonly Cell[] {
    const { type } = inside(this.root, name);
    return Array.from({ length: type.kind === 'table' ? type.size : 0 }, (_, index) => this.at(name, index, field));
  }

  sequence(...path: readonly (string | number)[]): SequenceCells {
    const { at, node, type, path: name } = path.reduce(inside, this.root);
    if (type.kind !== 'seq') throw new RangeError(`${name} is not a sequence`);
    const length = fieldAt(node, 'length');
    const items = fieldAt(node, 'items');
    return {
      length: cellOf({
        at: addOffsets(at, length.at),
        node: length.node,
        type: { kind: 'int', lo: 0, hi: type.capacity },
        path: `${name}.length`,
      }),
      items: Array.from({ length: type.capacity }, (_, index) => {
        const item = elementAt(items.node, index);
        return cellOf({
          at: addOffsets(addOffsets(at, items.at), item.at),
          node: item.node,
          type: type.element,
          path: `${name}[${index}]`,
        });
      }),
    };
  }
}

function inside({ at, node, type, path }: Place, step: string | number): Place {
  if (type.kind === 'record' && typeof step === 'string') {
    const field = type.fields.find((each) => each.name === step);
    if (field !== undefined) {
      const found = fieldAt(node, step);
      return { at: addOffsets(at, found.at), node: found.node, type: field.type, path: path === '' ? step : `${path}.${step}` };
    }
  }
  if (type.kind === 'table' && typeof step === 'number' && step < type.size) {
    const found = elementAt(node, step);
    return { at: addOffsets(at, found.at), node: found.node, type: type.element, path: `${path}[${step}]` };
  }
  throw new RangeError(`the state of the specification has nothing at ${path === '' ? step : `${path}, ${step}`}`);
}

function cellOf({ at, node, type, path }: Place): Cell {
  if (node.kind !== 'scalar' || type.kind === 'record' || type.kind === 'table' || type.kind === 'seq')
    throw new RangeError(`${path} is not one value`);
  const { lo, hi } = encodedRange(type);
  const { bits } = node.size;
  if (lo < 0 || bits > 30) throw new RangeError(`${path} does not fit: a cell of a run holds 0 to 2^30`);
  return { path, type, most: hi, word: at.word, shift: at.bit, mask: (1 << bits) - 1 };
}
