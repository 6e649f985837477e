/**
 * *Exchanging* two members of a kind in a state, cell by cell: what is kept for each of them changes places, and whoever named one names the
 * other. So a state that a run has reached becomes the representative (representatives.ts) that a proof asks about.
 */
import type { Scalar, Type } from '../compile/ir.ts';
import type { Action, TransitionSystem } from '../compile/smt.ts';
import type { Area } from '../compile/symbolic-state.ts';
import type { Asked, Kind, Pivot, Representatives } from './representatives.ts';

/** A state, and what a step from it is given. */
export interface Beginning {
  readonly cells: readonly number[];
  readonly args: readonly number[];
  /** Who was chosen so far (choosing.ts), coded with 0 for nobody. */
  readonly chosen: readonly number[];
}

/** Says who is chosen next. `origin`: what a member was called before all exchanges. */
export interface Chooses {
  readonly kinds: readonly string[];
  next(now: Beginning, origin: (kind: string, member: number) => number): number;
}

export interface Represented extends Beginning {
  /** Exchanges in another state what was exchanged in this one. */
  exchange(cells: readonly number[]): readonly number[];
}

/** Exchanges members until the step begins in a representative, one exchange for each pivot at most; null: it never does. */
export function represented(
  system: TransitionSystem,
  representatives: Representatives,
  beginning: Omit<Beginning, 'chosen'>,
  asked: Asked,
  { kinds, next }: Chooses = { kinds: [], next: () => 0 },
): Represented | null {
  const pivots = representatives.pivots(asked, kinds);
  const made: Two[] = [];
  const exchange = (two: Two, state: Beginning): Beginning => {
    const kind = representatives.kinds.find(({ name }) => name === two.kind) as Kind;
    return exchanged(system, kind, two, state, asked.action, kinds);
  };
  const origin = (kind: string, member: number): number =>
    made.reduceRight((name, two) => (two.kind === kind ? swapped(two, name) : name), member);
  let now: Beginning = { ...beginning, chosen: [] };
  // As far as the next choice, which is made in a state that is exchanged so far; and after the last to the end.
  const before = representatives.beforeChoices(asked).length;
  for (let at = 0; at <= kinds.length; at++) {
    const these = at === kinds.length ? pivots : pivots.slice(0, before + at);
    for (let wrong = firstWrong(these, now); wrong !== null; wrong = firstWrong(these, now)) {
      if (made.length > pivots.length) return null;
      made.push(wrong);
      now = exchange(wrong, now);
    }
    if (at < kinds.length) now = { ...now, chosen: [...now.chosen, next(now, origin)] };
  }
  return {
    ...now,
    exchange: (cells) => made.reduce((state, two) => exchange(two, state), { cells, args: [], chosen: [] } as Beginning).cells,
  };
}

/** Two members that are to be exchanged. */
interface Two {
  readonly kind: string;
  readonly one: number;
  readonly two: number;
}

function swapped({ one, two }: Two, member: number): number {
  return member === one ? two : member === two ? one : member;
}

/** For the first pivot that names neither one that was met nor the first that was not. */
function firstWrong(pivots: readonly Pivot[], { cells, args, chosen }: Beginning): Two | null {
  const met = new Map<string, Set<number>>();
  for (const { kind, first, from, of } of pivots) {
    if (of !== null && met.get(of.kind)?.has(of.member) !== true) continue;
    const member = (('cell' in from ? cells[from.cell] : 'argument' in from ? args[from.argument] : chosen[from.choice]) as number) - first;
    const known = met.get(kind) ?? new Set();
    met.set(kind, known);
    if (member < 0 || known.has(member)) continue;
    if (member !== known.size) return { kind, one: known.size, two: member };
    known.add(member);
  }
  return null;
}

function exchanged(
  { program, layout, machines }: TransitionSystem,
  { name, tables }: Kind,
  two: Two,
  { cells, args, chosen }: Beginning,
  action: Action,
  chosenKinds: readonly string[],
): Beginning {
  const member = (index: number): number => swapped(two, index);
  const value = (type: Scalar | undefined, number: number): number => {
    if (type?.kind !== 'id' || type.of !== name) return number;
    if (!type.nullable) return member(number);
    return number === 0 ? 0 : member(number - 1) + 1;
  };
  const after = [...cells];
  /** `from` says whose content goes to `to`; what lies beyond the length of a sequence is 0 and names nobody. */
  const move = (type: Type, from: Area, to: Area, path: string): void => {
    if (type.kind === 'record' && from.kind === 'record' && to.kind === 'record') {
      for (const field of type.fields)
        move(field.type, from.fields.get(field.name) as Area, to.fields.get(field.name) as Area, `${path}.${field.name}`);
    } else if (type.kind === 'table' && from.kind === 'table' && to.kind === 'table') {
      const moved = tables.has(path);
      for (const [index, inner] of from.elements.entries())
        move(type.element, inner, to.elements[moved ? member(index) : index] as Area, `${path}[]`);
    } else if (type.kind === 'seq' && from.kind === 'record' && to.kind === 'record') {
      const [length, target] = [from.fields.get('length'), to.fields.get('length')];
      const [items, targets] = [from.fields.get('items'), to.fields.get('items')];
      if (length?.kind !== 'cell' || target?.kind !== 'cell' || items?.kind !== 'table' || targets?.kind !== 'table') return;
      after[target.cell] = cells[length.cell] as number;
      for (const [at, item] of items.elements.entries()) {
        const place = targets.elements[at];
        if (item.kind !== 'cell' || place?.kind !== 'cell') continue;
        const content = cells[item.cell] as number;
        after[place.cell] = at < (cells[length.cell] as number) ? value(type.element, content) : content;
      }
    } else if (from.kind === 'cell' && to.kind === 'cell') {
      after[to.cell] = value(type as Scalar, cells[from.cell] as number);
    }
  };
  move(program.state, layout.root, layout.root, '');
  // What a slot holds depends on where its agent waits.
  machines.forEach((machine, agent) => {
    for (const { pc, slots } of layout.frames[agent] ?? []) {
      const entry = cells[pc] === 0 ? undefined : machine.entries.find((each) => each.pc === cells[pc]);
      for (const { local, slot } of entry?.live ?? []) {
        const cell = slots[slot] as number;
        after[cell] = value(machine.locals[local]?.type, cells[cell] as number);
      }
    }
  });
  const params = action.entry.pc === 0 ? (action.machine.procedures[action.entry.procedure]?.params ?? []) : [];
  return {
    cells: after,
    args: args.map((arg, at) => value(params[at]?.type, arg)),
    chosen: chosen.map((code, at) => (code === 0 || chosenKinds[at] !== name ? code : member(code - 1) + 1)),
  };
}
