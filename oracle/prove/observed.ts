/**
 * *Observed facts* are what random runs never contradict, in the form "these two are never seen together": of one record (a
 * socket, a thread with its program counter), or of a record and another that it refers to. Authors of a model write down what
 * matters; what a proof needs besides is mostly of this kind: while `accept` is at its second pause, the thread's hand holds
 * an accepted child; a listener has no peer. Runs suggest them, the solver proves them or they are dropped.
 */
import type { Scalar } from '../compile/ir.ts';
import { encodedRange } from '../compile/liveness.ts';
import type { TransitionSystem } from '../compile/smt.ts';
import { type Area, asNumber, type State, type Value } from '../compile/symbolic-state.ts';
import { type Lit, not, type Terms, TRUE } from '../compile/term.ts';
import { anyValue, compareNumbers, guardOf, mapNumber } from '../compile/term-number.ts';
import type { Concrete } from './concrete.ts';

/** A record kind: a table of the state (with the frames of the agents it is about), or what stands alone in the state. */
interface Kind {
  readonly name: string;
  readonly elements: readonly ReadonlyMap<string, number>[];
  readonly fields: readonly Field[];
}

interface Field {
  readonly name: string;
  readonly type: Scalar;
  /** Names of values, for people and for files: the pauses of a program counter have no other stable name. */
  readonly valueNames: readonly string[] | null;
  /** An item of a sequence is there only while the sequence is longer than this. */
  readonly within: { readonly length: string; readonly index: number } | null;
}

/** Something that is true or false of element `at` of a kind, seen from element `from` of another. */
export interface Atom {
  readonly text: string;
  concrete(cells: readonly number[], at: number, from: number): boolean;
  symbolic(state: State, at: number, from: number): Lit;
}

/** Records that are looked at together: one, or one and the one that a field of it refers to. */
interface View {
  readonly name: string;
  readonly left: Kind;
  readonly right: Kind;
  /** Field of the left that names the right; null: the same record, or every combination. */
  readonly reference: Field | null;
  readonly leftAtoms: readonly Atom[];
  readonly rightAtoms: readonly Atom[];
}

export interface Fact {
  /** Stable as long as names in the model are. */
  readonly id: string;
  /** The smaller, the more it says. */
  readonly rank: number;
  concrete(cells: readonly number[]): boolean;
  symbolic(state: State): Lit;
}

export class Observations {
  readonly #system: TransitionSystem;
  readonly #views: readonly View[];
  /** Per view: pair of atoms → seen together. */
  readonly #together: Uint8Array[];
  readonly #seen: Set<string>[];

  constructor(system: TransitionSystem) {
    this.#system = system;
    this.#views = viewsOf(system);
    this.#together = this.#views.map((view) => new Uint8Array(view.leftAtoms.length * view.rightAtoms.length));
    this.#seen = this.#views.map(() => new Set());
  }

  watch(concrete: Concrete, seed: number, steps: number): void {
    concrete.watch(seed, steps, (cells) => this.note(cells));
  }

  /** Takes a reachable state into account; answers whether it showed two things together for the first time. */
  note(cells: readonly number[]): boolean {
    let news = false;
    this.#views.forEach((view, index) => {
      const together = this.#together[index] as Uint8Array;
      for (const [at, to] of instances(view, cells)) {
        const key = contents(view, cells, at, to);
        if (this.#seen[index]?.has(key)) continue;
        this.#seen[index]?.add(key);
        const right = view.rightAtoms.map((atom) => atom.concrete(cells, to, at));
        view.leftAtoms.forEach((atom, l) => {
          if (!atom.concrete(cells, at, at)) return;
          right.forEach((holds, r) => {
            const pair = l * right.length + r;
            if (!holds || together[pair] === 1) return;
            together[pair] = 1;
            news = true;
          });
        });
      }
    });
    return news;
  }

  /** Everything that was never seen, except what follows from something shorter that wasn't. */
  facts(): readonly Fact[] {
    return this.#views.flatMap((view, index) => {
      const together = this.#together[index] as Uint8Array;
      const width = view.rightAtoms.length;
      const never = (l: number, r: number): boolean => together[l * width + r] === 0;
      const facts: Fact[] = [];
      view.leftAtoms.forEach((left, l) => {
        view.rightAtoms.forEach((right, r) => {
          if (!never(l, r)) return;
          // Atom 0 is "true": alone against it, an atom never holds at all.
          if ((l !== 0 && never(0, r)) || (r !== 0 && never(l, 0))) return;
          if (view.left === view.right && view.reference === null && l > r) return;
          facts.push(factOf(this.#system, view, left, right, (l === 0 || r === 0 ? 0 : 1) + (view.reference === null ? 0 : 0.5)));
        });
      });
      return facts;
    });
  }
}

function factOf(system: TransitionSystem, view: View, left: Atom, right: Atom, rank: number): Fact {
  const { terms } = system;
  return {
    id: `${view.name}: never ${left.text} & ${right.text}`,
    rank,
    concrete: (cells) => {
      for (const [at, to] of instances(view, cells)) {
        if (left.concrete(cells, at, at) && right.concrete(cells, to, at)) return false;
      }
      return true;
    },
    symbolic: (state) => {
      const parts: Lit[] = [];
      for (let at = 0; at < view.left.elements.length; at++) {
        for (let to = 0; to < view.right.elements.length; to++) {
          const refers = connection(terms, view, state, at, to);
          parts.push(not(terms.all([refers, left.symbolic(state, at, at), right.symbolic(state, to, at)])));
        }
      }
      return terms.all(parts);
    },
  };
}

/** The condition under which a view is about these two. */
function connection(terms: Terms, view: View, state: State, at: number, to: number): Lit {
  if (view.reference === null) return view.left === view.right ? (at === to ? TRUE : 0) : TRUE;
  const { name, type, within } = view.reference;
  const element = view.left.elements[at];
  const names = guardOf(asNumber(state[element?.get(name) ?? -1] as Value), to + offset(type));
  if (within === null) return names;
  return terms.and(names, anyValue(terms, asNumber(state[element?.get(within.length) ?? -1] as Value), (length) => length > within.index));
}

function* instances(view: View, cells: readonly number[]): Generator<readonly [number, number], void, undefined> {
  for (let at = 0; at < view.left.elements.length; at++) {
    if (view.reference === null) {
      if (view.left === view.right) yield [at, at];
      else for (let to = 0; to < view.right.elements.length; to++) yield [at, to];
      continue;
    }
    const { within, name } = view.reference;
    const element = view.left.elements[at];
    if (within !== null && (cells[element?.get(within.length) ?? -1] ?? 0) <= within.index) continue;
    const to = (cells[element?.get(name) ?? -1] ?? 0) - offset(view.reference.type);
    if (to >= 0 && to < view.right.elements.length) yield [at, to];
  }
}

function contents(view: View, cells: readonly number[], at: number, to: number): string {
  const of = (kind: Kind, index: number): string => [...(kind.elements[index] ?? new Map<string, number>()).values()].map((cell) => cells[cell]).join();
  return view.left === view.right && at === to ? `${at};${of(view.left, at)}` : `${at}>${to};${of(view.left, at)};${of(view.right, to)}`;
}

/** What a null id is counted from. */
function offset(type: Scalar): number {
  return type.kind === 'id' && type.nullable ? 1 : 0;
}

// --- which records there are --------------------------------------------------------------------------------------------------

function viewsOf(system: TransitionSystem): readonly View[] {
  const kinds = kindsOf(system);
  const globals = kinds.find(({ name }) => name === 'state');
  const views: View[] = [];
  for (const left of kinds) {
    const leftAtoms = atomsOf(system, left, null);
    views.push({ name: left.name, left, right: left, reference: null, leftAtoms, rightAtoms: leftAtoms });
    for (const reference of left.fields) {
      const right = referred(kinds, reference.type);
      if (right === undefined) continue;
      views.push({ name: `${left.name}.${reference.name}`, left, right, reference, leftAtoms, rightAtoms: atomsOf(system, right, left) });
    }
    if (globals !== undefined && left !== globals) {
      views.push({ name: `state, ${left.name}`, left: globals, right: left, reference: null, leftAtoms: atomsOf(system, globals, null), rightAtoms: leftAtoms });
    }
  }
  return views;
}

/** An id of a `socket` refers to the table whose name begins so and that has as many elements. */
function referred(kinds: readonly Kind[], type: Scalar): Kind | undefined {
  if (type.kind !== 'id') return undefined;
  return kinds.find((kind) => kind.elements.length === type.size && kind.name.toLowerCase().startsWith(type.of.toLowerCase()));
}

function kindsOf(system: TransitionSystem): readonly Kind[] {
  const { layout, machines } = system;
  if (layout.root.kind !== 'record') return [];
  const kinds: Kind[] = [];
  const alone = new Map<string, number>();
  for (const [name, area] of layout.root.fields) {
    if (area.kind === 'table') kinds.push(kindOf(system, name, area.elements.map((element) => flatten('', element))));
    else for (const [field, cell] of flatten(name, area)) if (layout.cells[cell]?.fixed === null) alone.set(field, cell);
  }
  if (alone.size > 0) kinds.push(kindOf(system, 'state', [alone]));
  machines.forEach((machine, agent) => {
    const frames = (layout.frames[agent] ?? []).map(({ pc, slots }) => new Map([['pc', pc], ...slots.map((cell, slot) => [`slot${slot}`, cell] as const)]));
    const table = kinds.findIndex((kind) => kind.elements.length === machine.size && kind.name.toLowerCase().startsWith(machine.agent.toLowerCase()));
    const own = kinds[table];
    const elements = frames.map((frame, who) => new Map([...frame, ...(own?.elements[who] ?? new Map<string, number>())]));
    const kind = kindOf(system, own?.name ?? machine.agent, elements, pauseNames(system, agent));
    if (own === undefined) kinds.push(kind);
    else kinds[table] = kind;
  });
  return kinds;
}

function kindOf(system: TransitionSystem, name: string, elements: readonly ReadonlyMap<string, number>[], pauses: readonly string[] | null = null): Kind {
  const fields = [...(elements[0] ?? new Map<string, number>())].map(([field, cell]): Field => {
    const type = system.layout.cells[cell]?.type ?? { kind: 'bool' };
    const item = /^(.*)\.items\[(\d+)\]$/.exec(field);
    return {
      name: field,
      type,
      valueNames: field === 'pc' ? pauses : type.kind === 'enum' ? type.values : null,
      within: item === null ? null : { length: `${item[1]}.length`, index: Number(item[2]) },
    };
  });
  return { name, elements, fields };
}

/** Pauses by procedure and order: lines move more often than that. */
function pauseNames(system: TransitionSystem, agent: number): readonly string[] {
  const machine = system.machines[agent];
  if (machine === undefined) return [];
  const names = ['idle'];
  const counts = new Map<number, number>();
  for (const { pc, procedure } of [...machine.entries].sort((a, b) => a.pc - b.pc)) {
    if (pc === 0) continue;
    const order = (counts.get(procedure) ?? 0) + 1;
    counts.set(procedure, order);
    names[pc] = `${machine.procedures[procedure]?.name}#${order}`;
  }
  return names;
}

function flatten(name: string, area: Area): Map<string, number> {
  switch (area.kind) {
    case 'cell':
      return new Map([[name === '' ? 'value' : name, area.cell]]);
    case 'record':
      return new Map([...area.fields].flatMap(([field, inner]) => [...flatten(name === '' ? field : `${name}.${field}`, inner)]));
    case 'table':
      return new Map(area.elements.flatMap((inner, index) => [...flatten(`${name}[${index}]`, inner)]));
  }
}

// --- what can be said of a record ---------------------------------------------------------------------------------------------

/** Of larger domains only "zero or not" is said. */
const VALUES_LIMIT = 17;

function atomsOf(system: TransitionSystem, kind: Kind, seenFrom: Kind | null): readonly Atom[] {
  const atoms: Atom[] = [{ text: 'true', concrete: () => true, symbolic: () => TRUE }];
  const { terms } = system;
  const cellOf = (field: Field, at: number): number => kind.elements[at]?.get(field.name) ?? -1;
  for (const field of kind.fields) {
    const { lo, hi } = encodedRange(field.type);
    if (hi === lo) continue;
    const add = (text: string, test: (value: number) => boolean): void => {
      atoms.push({
        text,
        concrete: (cells, at) => test(cells[cellOf(field, at)] ?? 0),
        symbolic: (state, at) => anyValue(terms, asNumber(state[cellOf(field, at)] as Value), test),
      });
    };
    const isId = field.type.kind === 'id';
    if (hi - lo < VALUES_LIMIT && !isId) {
      for (let value = lo; value <= hi; value++) add(`${field.name}=${field.valueNames?.[value] ?? value}`, (v) => v === value);
      if (hi - lo > 1) add(`${field.name}!=${field.valueNames?.[0] ?? 0}`, (v) => v !== 0);
    } else if (!isId || offset(field.type) === 1) {
      const zero = isId ? 'null' : (field.valueNames?.[0] ?? '0');
      add(`${field.name}=${zero}`, (v) => v === 0);
      add(`${field.name}!=${zero}`, (v) => v !== 0);
    }
    if (isId) atoms.push(...comparisons(system, kind, field, seenFrom));
  }
  return atoms;
}

/** Whether an id is that of the record itself, of the one that is looked from, or the same as another id of the record. */
function comparisons(system: TransitionSystem, kind: Kind, field: Field, seenFrom: Kind | null): readonly Atom[] {
  const { terms } = system;
  const atoms: Atom[] = [];
  const from = offset(field.type);
  const cell = (f: Field, at: number): number => kind.elements[at]?.get(f.name) ?? -1;
  const against = (text: string, index: (at: number, from: number) => number): void => {
    for (const equal of [true, false]) {
      atoms.push({
        text: `${field.name}${equal ? '=' : '!='}${text}`,
        concrete: (cells, at, seen) => (cells[cell(field, at)] === index(at, seen) + from) === equal,
        symbolic: (state, at, seen) => {
          const same = guardOf(asNumber(state[cell(field, at)] as Value), index(at, seen) + from);
          return equal ? same : not(same);
        },
      });
    }
  };
  const target = referred(kindsWith(seenFrom, kind), field.type);
  if (seenFrom !== null && target === seenFrom) against('back', (_, seen) => seen);
  else if (target === kind) against('self', (at) => at);
  for (const other of kind.fields) {
    if (other.name <= field.name || other.type.kind !== 'id' || field.type.kind !== 'id' || other.type.of !== field.type.of) continue;
    const shift = from - offset(other.type);
    for (const equal of [true, false]) {
      atoms.push({
        text: `${field.name}${equal ? '=' : '!='}${other.name}`,
        concrete: (cells, at) => (cells[cell(field, at)] === (cells[cell(other, at)] ?? 0) + shift) === equal,
        symbolic: (state, at) => {
          const moved = mapNumber(terms, asNumber(state[cell(other, at)] as Value), (v) => v + shift);
          const same = compareNumbers(terms, asNumber(state[cell(field, at)] as Value), moved, (a, b) => a === b);
          return equal ? same : not(same);
        },
      });
    }
  }
  return atoms;
}

function kindsWith(first: Kind | null, second: Kind): readonly Kind[] {
  return first === null ? [second] : [first, second];
}
