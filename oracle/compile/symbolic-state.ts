/**
 * A *symbolic state* is a table of cells, one for every scalar of the model's state and one for every program counter and slot
 * of the agents' frames. A cell holds a term (booleans) or a number (everything else). The *layout* says which cell is where;
 * it comes from the types alone, and names each cell the way a person would write it: `sockets[1].so_count`, `thread[0].pc`.
 */
import type { Entry, Machine, Program, Scalar, Type } from './ir.ts';
import { encodedRange } from './liveness.ts';
import { FALSE, isTrue, type Lit, not, type Terms, TRUE } from './term.ts';
import { anyValue, codeOf, constant, freeNumber, guardOf, iteNumber, type Num, sameNumber } from './term-number.ts';

export type Value = Lit | Num;

/** A table of cells, indexed as `Layout.cells`. */
export type State = readonly Value[];

export interface Cell {
  readonly name: string;
  readonly type: Scalar;
  /** Value of a configuration field, the same in every state; null for all others. */
  readonly fixed: number | null;
}

/** Where the parts of a composite are; of a sequence the fields are `length` and `items`. */
export type Area =
  | { readonly kind: 'cell'; readonly cell: number }
  | { readonly kind: 'record'; readonly fields: ReadonlyMap<string, Area> }
  | { readonly kind: 'table'; readonly elements: readonly Area[] };

export interface FrameArea {
  readonly pc: number;
  readonly slots: readonly number[];
}

export interface Layout {
  readonly cells: readonly Cell[];
  readonly root: Area;
  /** Per machine, per member of the agent. */
  readonly frames: readonly (readonly FrameArea[])[];
  /** All sequences: what lies beyond the length is 0. */
  readonly sequences: readonly { readonly length: number; readonly items: readonly number[] }[];
}

export function layOut(program: Program, machines: readonly Machine[]): Layout {
  const cells: Cell[] = [];
  const sequences: { length: number; items: readonly number[] }[] = [];
  const cell = (name: string, type: Scalar, fixed: number | null): number => cells.push({ name, type, fixed }) - 1;
  const area = (name: string, type: Type, fixed: number | null): Area => {
    switch (type.kind) {
      case 'record':
        return {
          kind: 'record',
          fields: new Map(type.fields.map((field) => [field.name, area(dotted(name, field.name), field.type, fixed)])),
        };
      case 'table':
        return { kind: 'table', elements: Array.from({ length: type.size }, (_, index) => area(`${name}[${index}]`, type.element, fixed)) };
      case 'seq': {
        const length = cell(`${name}.length`, { kind: 'int', lo: 0, hi: type.capacity }, fixed);
        const items = Array.from({ length: type.capacity }, (_, index) => cell(`${name}[${index}]`, type.element, fixed));
        sequences.push({ length, items });
        const elements = items.map((item): Area => ({ kind: 'cell', cell: item }));
        const fields: [string, Area][] = [
          ['length', { kind: 'cell', cell: length }],
          ['items', { kind: 'table', elements }],
        ];
        return { kind: 'record', fields: new Map(fields) };
      }
      default:
        return { kind: 'cell', cell: cell(name, type, fixed) };
    }
  };
  const fields = program.state.fields.map((field): [string, Area] => {
    const fixed = field.fixed ? (program.configuration[field.name] ?? 0) : null;
    return [field.name, area(field.name, field.type, fixed)];
  });
  const frames = machines.map((machine) =>
    Array.from({ length: machine.size }, (_, who) => ({
      pc: cell(`${machine.agent}[${who}].pc`, { kind: 'int', lo: 0, hi: machine.pcs }, null),
      slots: machine.slots.map((type, slot) => cell(`${machine.agent}[${who}].slot${slot}`, type, null)),
    })),
  );
  return { cells, root: { kind: 'record', fields: new Map(fields) }, frames, sequences };
}

function dotted(name: string, field: string): string {
  return name === '' ? field : `${name}.${field}`;
}

/** The state every run begins in: configuration as given, everything else 0. */
export function initialState(layout: Layout): State {
  return layout.cells.map(({ type, fixed }) => literalValue(type, fixed ?? 0));
}

/** A state of which only the ranges are known. `valid`: every code is a value, what is not alive in a frame is 0. */
export function freeState(
  terms: Terms,
  layout: Layout,
  machines: readonly Machine[],
  prefix: string,
): { readonly state: State; readonly valid: Lit[] } {
  const valid: Lit[] = [];
  const state = layout.cells.map(({ name, type, fixed }): Value => {
    if (fixed !== null) return literalValue(type, fixed);
    if (type.kind === 'bool') return terms.variable(`${prefix}${name}`);
    const { lo, hi } = encodedRange(type);
    const free = freeNumber(terms, `${prefix}${name}`, lo, hi);
    valid.push(free.valid);
    return free.num;
  });
  machines.forEach((machine, agent) => {
    for (const frame of layout.frames[agent] ?? []) valid.push(...frameValid(terms, machine, frame, state));
  });
  return { state, valid: valid.filter((lit) => lit !== TRUE) };
}

/** The variables of a free state, by name, where its cells have these numbers. */
export function assignmentOf(layout: Layout, prefix: string, cells: readonly number[]): ReadonlyMap<string, boolean> {
  const values = new Map<string, boolean>();
  layout.cells.forEach(({ name, type, fixed }, cell) => {
    if (fixed !== null) return;
    const number = cells[cell] ?? 0;
    if (type.kind === 'bool') values.set(`${prefix}${name}`, number !== 0);
    else codeOf(`${prefix}${name}`, number - encodedRange(type).lo).forEach(([variable, bit]) => void values.set(variable, bit));
  });
  return values;
}

/**
 * What a step leaves in a frame: a slot that is not alive at the frame's pc is 0, one that is holds a value of the type of the
 * local that is kept there (slots are shared by locals of different types).
 */
function frameValid(terms: Terms, machine: Machine, frame: FrameArea, state: State): Lit[] {
  const pc = state[frame.pc] as Num;
  return frame.slots.flatMap((cell, slot) => {
    const content = asNumber(state[cell] as Value);
    return content.values.flatMap((value, at) => {
      if (value === 0) return [];
      const allowed = anyValue(terms, pc, (k) => machine.entries.some((entry) => entry.pc === k && holds(machine, entry, slot, value)));
      return [terms.or(not(content.guards[at] as Lit), allowed)];
    });
  });
}

function holds(machine: Machine, entry: Entry, slot: number, value: number): boolean {
  const kept = entry.live.find((live) => live.slot === slot);
  const type = kept === undefined ? undefined : machine.locals[kept.local]?.type;
  if (type === undefined) return false;
  const { lo, hi } = encodedRange(type);
  return value >= lo && value <= hi;
}

/** Of every sequence: the items beyond the length are 0. Follows from how sequences are written; proved like a lemma. */
export function paddedSequences(terms: Terms, layout: Layout, state: State): Lit {
  return terms.all(
    layout.sequences.flatMap(({ length, items }) =>
      items.map((item, at) => {
        const inside = anyValue(terms, state[length] as Num, (value) => value > at);
        return terms.or(inside, isZero(state[item] as Value));
      }),
    ),
  );
}

export function literalValue(type: Scalar, value: number): Value {
  return type.kind === 'bool' ? (value === 0 ? FALSE : TRUE) : constant(value);
}

export function isZero(value: Value): Lit {
  return typeof value === 'number' ? not(value) : guardOf(value, 0);
}

/** A boolean as the number 0 or 1. */
export function asNumber(value: Value): Num {
  if (typeof value !== 'number') return value;
  if (value === TRUE) return constant(1);
  if (value === FALSE) return constant(0);
  return { values: [0, 1], guards: [not(value), value] };
}

export function asTerm(terms: Terms, value: Value): Lit {
  return typeof value === 'number' ? value : anyValue(terms, value, (v) => v !== 0);
}

/** A value in the form that its type has in a cell. */
export function inForm(terms: Terms, type: Scalar, value: Value): Value {
  return type.kind === 'bool' ? asTerm(terms, value) : asNumber(value);
}

export function iteValue(terms: Terms, cond: Lit, then: Value, otherwise: Value): Value {
  if (then === otherwise || cond === TRUE) return then;
  if (typeof then === 'number' && typeof otherwise === 'number') return terms.ite(cond, then, otherwise);
  return iteNumber(terms, cond, asNumber(then), asNumber(otherwise));
}

/** The same value by construction (not: equal in all circumstances). */
export function sameValue(a: Value, b: Value): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return sameNumber(a, b);
}

/** What a value is, where the terms have these values (`Terms.evaluate`). */
export function valueIn(values: Uint8Array, value: Value): number {
  if (typeof value === 'number') return isTrue(values, value) ? 1 : 0;
  const at = value.guards.findIndex((guard) => isTrue(values, guard));
  return at < 0 ? 0 : (value.values[at] as number);
}
