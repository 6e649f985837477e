/**
 * The *layout* says where each cell of a state lies in packed 32-bit words. A value takes as many bits as its range needs and
 * never crosses a word. A record of at most 32 bits is packed like a value; an element of a table takes a power of two of
 * bits, or whole words, so that an index becomes a shift and an addition. The frames of the agents and the fault cell are
 * fields of the same tree, under names that no TypeScript field can have.
 */
import { unreachable } from './errors.ts';
import type { Field, Machine, Program, RecordType, Scalar, Type } from './ir.ts';
import { encodedRange } from './liveness.ts';

export type Size = { readonly unit: 'bits'; readonly bits: number } | { readonly unit: 'words'; readonly words: number };

/** An offset inside the enclosing node. */
export interface Offset {
  readonly word: number;
  readonly bit: number;
}

export type Node =
  | {
      readonly kind: 'scalar';
      readonly type: Scalar;
      readonly size: { readonly unit: 'bits'; readonly bits: number };
      readonly signed: boolean;
    }
  | {
      readonly kind: 'record';
      readonly size: Size;
      readonly fields: Readonly<Record<string, { readonly at: Offset; readonly node: Node }>>;
    }
  /** `stride` is in the unit of the elements; `perWord` elements lie in one word where the table takes whole words of bits. */
  | {
      readonly kind: 'table';
      readonly size: Size;
      readonly count: number;
      readonly element: Node;
      readonly stride: number;
      readonly unit: 'bits' | 'words';
    };

export type RecordNode = Extract<Node, { kind: 'record' }>;

export interface Layout {
  readonly words: number;
  readonly root: RecordNode;
}

/** Names of what is part of a state but not of the model's own record. */
export const FRAMES = '#frames';
export const FAULT = '#fault';
export const PC = '#pc';

export function layoutOf(program: Program, machines: readonly Machine[]): Layout {
  const frames: Field[] = machines.map((machine) => ({
    name: machine.agent,
    fixed: false,
    type: { kind: 'table', size: machine.size, element: frameType(machine) },
  }));
  const root = recordNode([
    ...program.state.fields.filter((field) => !isGiven(program, field)),
    { name: FRAMES, fixed: false, type: record(frames) },
    { name: FAULT, fixed: false, type: { kind: 'int', lo: 0, hi: program.sites.length } },
  ]);
  return { words: root.size.unit === 'words' ? root.size.words : 1, root };
}

/** Configuration given at compile time takes no room. */
export function isGiven(program: Program, field: Field): boolean {
  return field.fixed && program.configuration[field.name] !== undefined;
}

/** The record of one agent's frame: the program counter and the slots, by number. */
export function frameType(machine: Machine): RecordType {
  return record([
    { name: PC, fixed: false, type: { kind: 'int', lo: 0, hi: machine.pcs } },
    ...machine.slots.map((type, slot) => ({ name: String(slot), fixed: false, type })),
  ]);
}

function record(fields: readonly Field[]): RecordType {
  return { kind: 'record', name: '', fields };
}

/** A sequence as the record that it is. */
export function sequenceRecord(type: Extract<Type, { kind: 'seq' }>): RecordType {
  return record([
    { name: 'length', fixed: false, type: { kind: 'int', lo: 0, hi: type.capacity } },
    { name: 'items', fixed: false, type: { kind: 'table', element: type.element, size: type.capacity } },
  ]);
}

export function nodeOf(type: Type): Node {
  switch (type.kind) {
    case 'bool':
    case 'int':
    case 'enum':
    case 'id': {
      const { lo, hi } = encodedRange(type);
      return { kind: 'scalar', type, size: { unit: 'bits', bits: bitsFor(lo, hi) }, signed: lo < 0 };
    }
    case 'record':
      return recordNode(type.fields);
    case 'seq':
      return recordNode(sequenceRecord(type).fields);
    case 'table':
      return tableNode(nodeOf(type.element), type.size);
    default:
      return unreachable(type);
  }
}

function bitsFor(lo: number, hi: number): number {
  if (lo < 0) return 1 + Math.max(bitsFor(0, hi), bitsFor(0, -lo - 1));
  return hi === 0 ? 0 : 32 - Math.clz32(hi);
}

function tableNode(element: Node, count: number): Node {
  if (element.size.unit === 'words') {
    const stride = element.size.words;
    return { kind: 'table', size: { unit: 'words', words: stride * count }, count, element, stride, unit: 'words' };
  }
  const { bits } = element.size;
  const stride = bits === 0 ? 0 : 2 ** Math.ceil(Math.log2(bits));
  const size: Size =
    stride * count <= 32 ? { unit: 'bits', bits: stride * count } : { unit: 'words', words: Math.ceil(count / (32 / stride)) };
  return { kind: 'table', size, count, element, stride, unit: 'bits' };
}

/** Packs fields: all in at most 32 bits if they fit, otherwise the widest first, each into the first word with room. */
function recordNode(fields: readonly Field[]): RecordNode {
  const nodes = fields.map((field) => ({ name: field.name, node: nodeOf(field.type) }));
  const bitsOf = (node: Node): number => (node.size.unit === 'bits' ? node.size.bits : 0);
  const total = nodes.reduce((sum, { node }) => sum + bitsOf(node), 0);
  const places = new Map<string, Offset>();
  if (total <= 32 && nodes.every(({ node }) => node.size.unit === 'bits')) {
    let bit = 0;
    for (const { name, node } of nodes) {
      places.set(name, { word: 0, bit });
      bit += bitsOf(node);
    }
    return { kind: 'record', size: { unit: 'bits', bits: total }, fields: placed(nodes, places) };
  }
  const used: number[] = [];
  const small = nodes.filter(({ node }) => node.size.unit === 'bits').sort((a, b) => bitsOf(b.node) - bitsOf(a.node));
  for (const { name, node } of small) {
    const bits = bitsOf(node);
    const free = used.findIndex((taken) => taken + bits <= 32);
    const word = free >= 0 ? free : used.length;
    places.set(name, { word, bit: used[word] ?? 0 });
    used[word] = (used[word] ?? 0) + bits;
  }
  let words = used.length;
  for (const { name, node } of nodes) {
    if (node.size.unit !== 'words') continue;
    places.set(name, { word: words, bit: 0 });
    words += node.size.words;
  }
  return { kind: 'record', size: { unit: 'words', words }, fields: placed(nodes, places) };
}

function placed(nodes: readonly { name: string; node: Node }[], places: ReadonlyMap<string, Offset>): RecordNode['fields'] {
  return Object.fromEntries(nodes.map(({ name, node }) => [name, { at: places.get(name) ?? { word: 0, bit: 0 }, node }]));
}

/** Follows one step of a path to a field. */
export function fieldAt(node: Node, name: string): { readonly at: Offset; readonly node: Node } {
  const field = node.kind === 'record' ? node.fields[name] : undefined;
  if (field === undefined) throw new Error(`the layout has no field ${name} here`);
  return field;
}

/** The offset of an element of a table. */
export function elementAt(node: Node, index: number): { readonly at: Offset; readonly node: Node } {
  if (node.kind !== 'table') throw new Error('the layout has no table here');
  const { stride, unit, element, size } = node;
  if (unit === 'words') return { at: { word: index * stride, bit: 0 }, node: element };
  if (size.unit === 'bits' || stride === 0) return { at: { word: 0, bit: index * stride }, node: element };
  const perWord = 32 / stride;
  return { at: { word: Math.floor(index / perWord), bit: (index % perWord) * stride }, node: element };
}

export function addOffsets(a: Offset, b: Offset): Offset {
  return { word: a.word + b.word, bit: a.bit + b.bit };
}

/** The number at an offset, of so many bits. */
export function readBits(w: Int32Array, at: Offset, bits: number, signed: boolean): number {
  if (bits === 0) return 0;
  const word = w[at.word] ?? 0;
  if (bits === 32) return word;
  if (signed) return (word << (32 - bits - at.bit)) >> (32 - bits);
  return (word >>> at.bit) & ((1 << bits) - 1);
}

export function writeBits(w: Int32Array, at: Offset, bits: number, value: number): void {
  if (bits === 0) return;
  const mask = bits === 32 ? -1 : ((1 << bits) - 1) << at.bit;
  w[at.word] = ((w[at.word] ?? 0) & ~mask) | ((value << at.bit) & mask);
}
