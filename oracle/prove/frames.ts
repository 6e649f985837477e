/**
 * *Frame facts*: what the record of an agent may hold while the agent waits at a given pause, such as "at the second pause of
 * `accept` the hand holds an accepted child". No author writes these down, and no proof goes without them. They are read off random
 * runs, proved like every other goal, and where a counterexample to induction shows one to say too much, widened by what it
 * shows: so they end up true, or saying nothing.
 */
import type { Scalar } from '../compile/ir.ts';
import type { TransitionSystem } from '../compile/smt.ts';
import { type Area, asNumber, type State, type Value } from '../compile/symbolic-state.ts';
import { FALSE, type Lit, not } from '../compile/term.ts';
import { anyValue, guardOf } from '../compile/term-number.ts';
import { recordGroups } from './cells.ts';
import type { Concrete } from './concrete.ts';
import type { Goal } from './goals.ts';
import { symmetryOf } from './symmetry.ts';

/** Larger unions and numbers are results, not phases. */
const LARGEST_UNION = 12;
const LARGEST_NUMBER = 4;

/** One field of the records of an agent, with what it may be at each pause. */
interface Field {
  readonly name: string;
  readonly type: Scalar;
  /** By member of the agent: the cell of its program counter, and of this field. */
  readonly pcs: readonly number[];
  readonly cells: readonly number[];
  /** By program counter. */
  readonly allowed: readonly Set<number>[];
  /** What it says now; null when it has been widened since. */
  goal: Goal | null;
}

export class FrameFacts {
  readonly #system: TransitionSystem;
  readonly #fields: readonly Field[];
  #version = 0;
  /** The records of the state and the frames, cell by cell; a cell that is only zero or not is the complement of its number. */
  readonly #records: readonly Int32Array[];
  /** What they have looked like, as hashes: that two look alike by accident costs a state to go on from, and nothing else. */
  readonly #shapes = new Set<number>();

  constructor(system: TransitionSystem) {
    const { cells: types } = system.layout;
    this.#system = system;
    this.#records = recordGroups(system.layout).map((group) =>
      Int32Array.from(group, (cell) => (isWhole(types[cell]?.type as Scalar) ? cell : ~cell)),
    );
    this.#fields = system.machines.flatMap((machine, agent) => {
      const frames = system.layout.frames[agent] ?? [];
      return recordsOf(system, agent).map(({ name, cells }) => ({
        name,
        type: system.layout.cells[cells[0] as number]?.type as Scalar,
        pcs: frames.map(({ pc }) => pc),
        cells,
        allowed: Array.from({ length: machine.pcs + 1 }, () => new Set<number>()),
        goal: null,
      }));
    });
    // The base of the induction: whatever else runs show, the facts hold where every trace begins.
    this.#note(system.layout.cells.map(({ fixed }) => fixed ?? 0));
  }

  /** Takes note of what random runs show; the same for the same seed. */
  async watch(concrete: Concrete, seed: number, steps: number, stop?: () => boolean): Promise<void> {
    await concrete.watch(seed, steps, { visit: (cells) => this.visit(cells) }, stop);
  }

  /**
   * Takes note of a state; true: it shows something new. What is rare is found by going on from states in which some record looks as none
   * did before, not only from those that show a new fact: a step towards the rare is seldom one itself.
   */
  visit(cells: readonly number[]): boolean {
    let news = this.#note(cells);
    for (const record of this.#records) {
      let shape = record.length;
      for (const cell of record) {
        const looks = cell >= 0 ? (cells[cell] as number) : Math.min(cells[~cell] as number, 1);
        shape = Math.imul(shape ^ looks, 0x5bd1e995);
        shape ^= shape >>> 15;
      }
      if (this.#shapes.has(shape)) continue;
      this.#shapes.add(shape);
      news = true;
    }
    return news;
  }

  #note(cells: readonly number[]): boolean {
    let news = false;
    for (const { pcs, cells: places, type, allowed } of this.#fields) {
      pcs.forEach((pc, who) => {
        const seen = allowed[cells[pc] as number] as Set<number>;
        const value = classOf(type, cells[places[who] as number] as number);
        if (seen.has(value)) return;
        seen.add(value);
        news = true;
      });
    }
    return news;
  }

  /** One goal a field. It stays the same object until the fact is widened. */
  goals(): readonly Goal[] {
    return this.#fields.map((field) => {
      field.goal ??= { id: `frame:${field.name}`, kind: 'observed', holds: (state) => this.#holds(field, state) };
      return field.goal;
    });
  }

  /** Counts the widenings of all facts together. */
  get version(): number {
    return this.#version;
  }

  /** Whether all facts hold of these cells. */
  hold(cells: readonly number[]): boolean {
    return this.#fields.every(({ pcs, cells: places, type, allowed }) =>
      pcs.every((pc, who) => allowed[cells[pc] as number]?.has(classOf(type, cells[places[who] as number] as number)) === true),
    );
  }

  /** Lets the facts that do not hold of these cells say less. False: all of them hold. */
  widen(cells: readonly number[]): boolean {
    let widened = false;
    for (const field of this.#fields) {
      field.pcs.forEach((pc, who) => {
        const classes = field.allowed[cells[pc] as number] as Set<number>;
        const value = classOf(field.type, cells[field.cells[who] as number] as number);
        if (classes.has(value)) return;
        classes.add(value);
        field.goal = null;
        widened = true;
      });
    }
    if (widened) this.#version++;
    return widened;
  }

  #holds({ type, pcs, cells, allowed }: Field, state: State): Lit {
    const { terms } = this.#system;
    const parts: Lit[] = [];
    pcs.forEach((pc, who) => {
      const value = asNumber(state[cells[who] as number] as Value);
      allowed.forEach((classes, at) => {
        if (classes.size === classesOf(type)) return;
        const here = guardOf(asNumber(state[pc] as Value), at);
        if (here === FALSE) return;
        parts.push(not(terms.and(here, not(anyValue(terms, value, (v) => classes.has(classOf(type, v)))))));
      });
    });
    return terms.all(parts);
  }
}

/**
 * The fields of the table that belongs to an agent: it has its name, in the plural, and as many elements. Where members can change places
 * a fact must say the same of each after they did: it may speak of what moves with its member, so of a table that members index, and
 * not of the elements of another such table inside of it, which are one for each member themselves.
 */
function recordsOf(system: TransitionSystem, agent: number): readonly { readonly name: string; readonly cells: readonly number[] }[] {
  const { program, machines } = system;
  const { root, cells } = system.layout;
  const { agent: name, size } = machines[agent] as (typeof machines)[number];
  if (root.kind !== 'record') return [];
  const path = `.${name}s`;
  const table = root.fields.get(`${name}s`);
  if (table?.kind !== 'table' || table.elements.length !== size) return [];
  const symmetry = symmetryOf(program, agent);
  if (symmetry !== null && !symmetry.tables.has(path)) return [];
  const ownTables = symmetry?.tables ?? new Set();
  const elements = table.elements.map((element) => flatten('', `${path}[]`, element, ownTables));
  return [...(elements[0] ?? new Map<string, number>())].flatMap(([field, cell]) => {
    const type = cells[cell]?.type;
    if (
      type === undefined ||
      // "Zero or not" would be "the first of them or not", and say something of one of many.
      (type.kind === 'id' && !type.nullable) ||
      (type.kind === 'enum' && type.values.length > LARGEST_UNION) ||
      (type.kind === 'int' && type.hi > LARGEST_NUMBER)
    )
      return [];
    return [{ name: field, cells: elements.map((fields) => fields.get(field) ?? -1) }];
  });
}

/** The cells of an area by name; tables with a path in `without` are left out. Paths are those of `Symmetry`. */
function flatten(name: string, path: string, area: Area, without: ReadonlySet<string>): Map<string, number> {
  switch (area.kind) {
    case 'cell':
      return new Map([[name, area.cell]]);
    case 'record':
      return new Map(
        [...area.fields].flatMap(([field, inner]) => [
          ...flatten(name === '' ? field : `${name}.${field}`, `${path}.${field}`, inner, without),
        ]),
      );
    case 'table':
      if (without.has(path)) return new Map();
      return new Map(area.elements.flatMap((inner, index) => [...flatten(`${name}[${index}]`, `${path}[]`, inner, without)]));
  }
}

/** Of numbers and ids only "zero or not", "null or not" is said. */
function classOf(type: Scalar, value: number): number {
  return isWhole(type) ? value : Math.min(value, 1);
}

function isWhole({ kind }: Scalar): boolean {
  return kind === 'bool' || kind === 'enum';
}

function classesOf(type: Scalar): number {
  return type.kind === 'enum' ? type.values.length : 2;
}
