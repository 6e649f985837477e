/**
 * *Values* in source terms (strings for unions, null for no id, arrays for tables and sequences) and the packed words that hold
 * them. `encode` refuses what lies outside its type and says where.
 */
import { unreachable } from './errors.ts';
import type { Machine, Program, Scalar, Type } from './ir.ts';
import {
  addOffsets,
  elementAt,
  FAULT,
  fieldAt,
  FRAMES,
  isGiven,
  type Layout,
  type Node,
  type Offset,
  PC,
  readBits,
  writeBits,
} from './layout.ts';

/** A value of the source. */
export type Plain = number | boolean | string | null | readonly Plain[] | { readonly [field: string]: Plain };

/** What an agent is doing, in source terms. */
export interface PlainFrame {
  readonly pc: number;
  /** The procedure it runs, or null when it is idle. */
  readonly procedure: string | null;
  readonly locals: Readonly<Record<string, Plain>>;
}

/** Thrown when a value lies outside its type. */
export class OutOfBounds extends Error {
  readonly path: string;

  constructor(path: string, value: unknown, expected: string) {
    super(`${path} is ${JSON.stringify(value)}, expected ${expected}`);
    this.name = 'OutOfBounds';
    this.path = path;
  }
}

export function decodeScalar(type: Scalar, value: number): Plain {
  switch (type.kind) {
    case 'bool':
      return value !== 0;
    case 'int':
      return value;
    case 'enum':
      return type.values[value] ?? null;
    case 'id':
      if (!type.nullable) return value;
      return value === 0 ? null : value - 1;
    default:
      return unreachable(type);
  }
}

export function encodeScalar(type: Scalar, value: unknown, path: string): number {
  switch (type.kind) {
    case 'bool':
      if (typeof value !== 'boolean') throw new OutOfBounds(path, value, 'true or false');
      return value ? 1 : 0;
    case 'int':
      if (typeof value !== 'number' || !Number.isInteger(value) || value < type.lo || value > type.hi) {
        throw new OutOfBounds(path, value, `a whole number from ${type.lo} to ${type.hi}`);
      }
      return value;
    case 'enum': {
      const place = typeof value === 'string' ? type.values.indexOf(value) : -1;
      if (place < 0) throw new OutOfBounds(path, value, `one of ${type.values.join(', ')}`);
      return place;
    }
    case 'id':
      if (value === null && type.nullable) return 0;
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= type.size) {
        throw new OutOfBounds(path, value, `the id of a ${type.of}, below ${type.size}${type.nullable ? ', or null' : ''}`);
      }
      return type.nullable ? value + 1 : value;
    default:
      return unreachable(type);
  }
}

function scalarBits(node: Node): { bits: number; signed: boolean } {
  if (node.kind !== 'scalar') throw new Error('not a cell');
  return { bits: node.size.bits, signed: node.signed };
}

/** The number in a cell. */
export function readNumber(w: Int32Array, at: Offset, node: Node): number {
  const { bits, signed } = scalarBits(node);
  return readBits(w, at, bits, signed);
}

export function decodeAt(w: Int32Array, at: Offset, node: Node, type: Type): Plain {
  const inside = (step: { at: Offset; node: Node }, inner: Type): Plain => decodeAt(w, addOffsets(at, step.at), step.node, inner);
  switch (type.kind) {
    case 'record':
      return Object.fromEntries(type.fields.map((f) => [f.name, inside(fieldAt(node, f.name), f.type)]));
    case 'table':
      return Array.from({ length: type.size }, (_, index) => inside(elementAt(node, index), type.element));
    case 'seq': {
      const length = inside(fieldAt(node, 'length'), { kind: 'int', lo: 0, hi: type.capacity });
      const items = inside(fieldAt(node, 'items'), { kind: 'table', element: type.element, size: type.capacity });
      return Array.isArray(items) && typeof length === 'number' ? items.slice(0, length) : [];
    }
    default:
      return decodeScalar(type, readNumber(w, at, node));
  }
}

export function encodeAt(w: Int32Array, at: Offset, node: Node, type: Type, value: unknown, path: string): void {
  const inside = (step: { at: Offset; node: Node }, inner: Type, part: unknown, name: string): void =>
    encodeAt(w, addOffsets(at, step.at), step.node, inner, part, name);
  switch (type.kind) {
    case 'record': {
      if (typeof value !== 'object' || value === null) throw new OutOfBounds(path, value, 'a record');
      const parts = value as Readonly<Record<string, unknown>>;
      for (const f of type.fields) inside(fieldAt(node, f.name), f.type, parts[f.name], path === '' ? f.name : `${path}.${f.name}`);
      return;
    }
    case 'table':
      if (!Array.isArray(value) || value.length !== type.size) throw new OutOfBounds(path, value, `${type.size} elements`);
      for (const [index, part] of value.entries()) inside(elementAt(node, index), type.element, part, `${path}[${index}]`);
      return;
    case 'seq': {
      if (!Array.isArray(value) || value.length > type.capacity) throw new OutOfBounds(path, value, `at most ${type.capacity} elements`);
      const items = fieldAt(node, 'items');
      inside(fieldAt(node, 'length'), { kind: 'int', lo: 0, hi: type.capacity }, value.length, `${path}.length`);
      for (let index = 0; index < type.capacity; index++) {
        const item = elementAt(items.node, index);
        const place = { at: addOffsets(items.at, item.at), node: item.node };
        if (index < value.length) inside(place, type.element, value[index], `${path}[${index}]`);
        else writeBits(w, addOffsets(at, place.at), scalarBits(item.node).bits, 0);
      }
      return;
    }
    default:
      writeBits(w, at, scalarBits(node).bits, encodeScalar(type, value, path));
  }
}

/** The model's own record, configuration included. */
export function decodeState(program: Program, layout: Layout, w: Int32Array): Readonly<Record<string, Plain>> {
  return Object.fromEntries(
    program.state.fields.map((field): [string, Plain] => {
      const { type } = field;
      if (isGiven(program, field) && type.kind !== 'record' && type.kind !== 'table' && type.kind !== 'seq') {
        return [field.name, decodeScalar(type, program.configuration[field.name] ?? 0)];
      }
      const { at, node } = fieldAt(layout.root, field.name);
      return [field.name, decodeAt(w, at, node, type)];
    }),
  );
}

export function encodeState(program: Program, layout: Layout, value: Readonly<Record<string, unknown>>): Int32Array {
  const w = new Int32Array(layout.words);
  for (const field of program.state.fields) {
    if (isGiven(program, field)) continue;
    const { at, node } = fieldAt(layout.root, field.name);
    encodeAt(w, at, node, field.type, value[field.name], field.name);
  }
  return w;
}

function frameAt(layout: Layout, machine: Machine, who: number): { at: Offset; node: Node } {
  const frames = fieldAt(layout.root, FRAMES);
  const agent = fieldAt(frames.node, machine.agent);
  const element = elementAt(agent.node, who);
  return { at: addOffsets(addOffsets(frames.at, agent.at), element.at), node: element.node };
}

export function decodeFrame(layout: Layout, machine: Machine, w: Int32Array, who: number): PlainFrame {
  const frame = frameAt(layout, machine, who);
  const cell = (name: string): number => {
    const { at, node } = fieldAt(frame.node, name);
    return readNumber(w, addOffsets(frame.at, at), node);
  };
  const pc = cell(PC);
  const entry = pc === 0 ? undefined : machine.entries.find((e) => e.pc === pc);
  if (entry === undefined) return { pc, procedure: null, locals: {} };
  const locals = entry.live.map(({ local, slot }): [string, Plain] => {
    const declared = machine.locals[local];
    return [
      declared === undefined ? String(local) : declared.name,
      declared === undefined ? 0 : decodeScalar(declared.type, cell(String(slot))),
    ];
  });
  return { pc, procedure: machine.procedures[entry.procedure]?.name ?? null, locals: Object.fromEntries(locals) };
}

/** Writes a frame: the program counter and the encoded numbers of the slots. */
export function writeFrame(layout: Layout, machine: Machine, w: Int32Array, who: number, pc: number, slots: readonly number[]): void {
  const frame = frameAt(layout, machine, who);
  const cell = (name: string, value: number): void => {
    const { at, node } = fieldAt(frame.node, name);
    writeBits(w, addOffsets(frame.at, at), scalarBits(node).bits, value);
  };
  cell(PC, pc);
  for (const slot of machine.slots.keys()) cell(String(slot), slots[slot] ?? 0);
}

/** The numbers of the slots of a frame. */
export function readSlots(layout: Layout, machine: Machine, w: Int32Array, who: number): readonly number[] {
  const frame = frameAt(layout, machine, who);
  return machine.slots.map((_, slot) => {
    const { at, node } = fieldAt(frame.node, String(slot));
    return readNumber(w, addOffsets(frame.at, at), node);
  });
}

/** 0, or the number of the site at which a bound was broken, plus 1. */
export function writeFault(layout: Layout, w: Int32Array, value: number): void {
  const { at, node } = fieldAt(layout.root, FAULT);
  writeBits(w, at, scalarBits(node).bits, value);
}
