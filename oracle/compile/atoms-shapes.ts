/**
 * The *shape* of a value is what of it is known when compiled; its *leaves* are what exists only at run time. Values of one
 * shape can be joined leaf by leaf, kept in locals, and handed to a function as parameters.
 */
import { type Holds, isWord, joinHolds, type Kind, kindOfNumber, NOTHING } from './atoms-types.ts';
import { type ObjectValue, type Scalar, type Slot, UNDEFINED, type Value } from './atoms-values.ts';
import type { Int } from './ir-impl.ts';

/** A value with other leaves. */
export function mapLeaves(value: Value, change: (expr: Int, kind: Kind) => Int): Value {
  switch (value.is) {
    case 'scalar':
      return { ...value, expr: change(value.expr, value.kind) };
    case 'maybe':
      return { ...value, tag: change(value.tag, 'nonneg'), value: { ...value.value, expr: change(value.value.expr, value.value.kind) } };
    case 'array':
      return { ...value, start: change(value.start, 'nonneg'), length: change(value.length, 'nonneg') };
    case 'choice':
      return { ...value, index: change(value.index, 'nonneg'), options: value.options.map((option) => mapLeaves(option, change)) };
    case 'list':
      return { ...value, elements: value.elements.map((element) => mapLeaves(element, change)) };
    case 'promise':
      return { ...value, of: mapLeaves(value.of, change), ticket: value.ticket === null ? null : change(value.ticket, 'int32') };
    case 'object':
      return mapFields(value, change);
    case 'method':
      return { ...value, of: mapLeaves(value.of, change) as typeof value.of };
    case 'function':
      return value.self === null ? value : { ...value, self: mapLeaves(value.self, change) };
    default:
      return value;
  }
}

/** An object whose fields are all values keeps its identity unless a leaf really changes. */
function mapFields(value: ObjectValue, change: (expr: Int, kind: Kind) => Int): ObjectValue {
  let changed = false;
  const fields = new Map<string, Slot>();
  for (const [name, slot] of value.fields) {
    const inside = slot.is === 'value' ? mapLeaves(slot.value, change) : null;
    if (slot.is === 'value' && inside !== null && !sameLeaves(slot.value, inside)) changed = true;
    fields.set(name, inside === null ? slot : { is: 'value', value: inside });
  }
  return changed ? { ...value, fields } : value;
}

export function leavesOf(value: Value): readonly { readonly expr: Int; readonly kind: Kind }[] {
  const leaves: { expr: Int; kind: Kind }[] = [];
  mapLeaves(value, (expr, kind) => {
    leaves.push({ expr, kind });
    return expr;
  });
  return leaves;
}

function sameLeaves(a: Value, b: Value): boolean {
  const [left, right] = [leavesOf(a), leavesOf(b)];
  return left.every(({ expr }, index) => expr === right[index]?.expr);
}

export interface Shape {
  readonly key: string;
  /** What becomes a parameter. */
  readonly leaves: readonly { readonly expr: Int; readonly kind: Kind }[];
  readonly rebuild: (leaves: readonly Int[]) => Value;
}

/** Numbers for things that have no text of their own. */
export class Numbers {
  private readonly known = new Map<object, number>();

  of(thing: object): number {
    const number = this.known.get(thing) ?? this.known.size;
    this.known.set(thing, number);
    return number;
  }
}

/**
 * The shape of an argument, or null for one that can't be handed over: it has variables of the caller inside. Constants inside an
 * array or object belong to the shape; a number given directly is a leaf, so that a function is not compiled anew for each.
 */
export function shapeOf(numbers: Numbers, value: Value): Shape | null {
  const key = keyOf(numbers, value, false, 0);
  if (key === null || leavesOf(value).some(({ expr, kind }) => expr.op !== 'const' && (kind === 'number' || kind === 'integer')))
    return null;
  const isParameter = (expr: Int): boolean => expr.op !== 'const' || (value.is === 'scalar' && isWordConstant(expr.value));
  const leaves = leavesOf(value).filter(({ expr }) => isParameter(expr));
  return {
    key,
    leaves,
    rebuild: (params) => {
      const rest = [...params];
      const rebuilt = mapLeaves(value, (expr) => (isParameter(expr) ? (rest.shift() ?? expr) : expr));
      return rebuilt.is === 'scalar' && leaves.length > 0 ? { ...rebuilt, kind: handed(rebuilt.kind) } : rebuilt;
    },
  };
}

function isWordConstant(value: number): boolean {
  return isWord(kindOfNumber(value));
}

/** The kind of a parameter: telling 0 and up from the rest there would compile functions twice. */
function handed(kind: Kind): Kind {
  return kind === 'nonneg' ? 'int32' : kind;
}

function keyOf(numbers: Numbers, value: Value, inside: boolean, depth: number): string | null {
  const leaf = (expr: Int, kind: Kind, isDirect = false): string =>
    expr.op === 'const' && !(isDirect && isWordConstant(expr.value)) ? `=${expr.value}` : handed(kind);
  const all = (values: readonly Value[]): string | null => {
    const keys = values.map((each) => keyOf(numbers, each, true, depth + 1));
    return keys.includes(null) ? null : keys.join(',');
  };
  if (depth > 12) return null;
  switch (value.is) {
    case 'scalar':
      return `${value.kind === 'boolean' || value.kind === 'string' ? value.kind : 'n'}${leaf(value.expr, value.kind, !inside)}`;
    case 'none':
      return value.which;
    case 'maybe':
      return `?${value.undefined}${value.null}${leaf(value.tag, 'nonneg')}${value.value.kind}${leaf(value.value.expr, value.value.kind)}`;
    case 'buffer':
      return `b${value.start}:${value.bytes}`;
    case 'array':
      return `a${value.element}${value.name}@${leaf(value.start, 'nonneg')}:${leaf(value.length, 'nonneg')}`;
    case 'list': {
      const keys = all(value.elements);
      return keys === null ? null : `[${keys}]`;
    }
    case 'choice': {
      const keys = all(value.options);
      return keys === null ? null : `{${leaf(value.index, 'nonneg')}?${keys}}`;
    }
    case 'object': {
      const slots = [...value.fields];
      if (slots.some(([, slot]) => slot.is === 'variable')) return null;
      const keys = all(slots.flatMap(([, slot]) => (slot.is === 'value' ? [slot.value] : [])));
      const names = slots.map(([name]) => name).join();
      return keys === null ? null : `{${value.members === null ? '' : numbers.of(value.members.node)}${names}|${keys}}`;
    }
    case 'function': {
      if (value.scope !== null) return null;
      const self = value.self === null ? '' : keyOf(numbers, value.self, true, depth + 1);
      return self === null ? null : `f${numbers.of(value.node)}(${self})`;
    }
    case 'class':
      return value.scope === null ? `c${numbers.of(value.node)}` : null;
    case 'platform':
      return `p${value.path}`;
    case 'method': {
      const of = keyOf(numbers, value.of, true, depth + 1);
      return of === null ? null : `m${value.name}${of}`;
    }
    case 'module':
      return `s${numbers.of(value.symbol)}`;
    case 'error':
      return 'e';
    case 'cells':
    case 'promise':
    case 'text':
      return null;
  }
}

/** How to take several values of one shape together: what to do with the words that differ. */
export interface Merging {
  /** Words of one kind, one for each value, as one. */
  readonly word: (exprs: readonly Int[], kind: Kind) => Int;
}

/** One value for several, or null where they have nothing in common. */
export function mergeValues(values: readonly Value[], merging: Merging): Value | null {
  const [first] = values;
  if (first === undefined) return null;
  if (values.every((value) => value === first)) return first;
  if (values.every((value) => value.is === 'scalar' || value.is === 'none' || value.is === 'maybe')) return mergeScalars(values, merging);
  const words = (of: (value: Value) => Int, kind: Kind): Int => oneWord(values.map(of), kind, merging);
  switch (first.is) {
    case 'array': {
      const same = values.every((v) => v.is === 'array' && v.element === first.element);
      if (!same) return null;
      const start = words((v) => (v.is === 'array' ? v.start : first.start), 'nonneg');
      const length = words((v) => (v.is === 'array' ? v.length : first.length), 'nonneg');
      return { ...first, start, length };
    }
    case 'list': {
      const lists = values.flatMap((v) => (v.is === 'list' && v.elements.length === first.elements.length ? [v.elements] : []));
      if (lists.length < values.length) return null;
      const elements = first.elements.map((_, index) =>
        mergeValues(
          lists.flatMap((list) => list[index] ?? []),
          merging,
        ),
      );
      return elements.includes(null) ? null : { is: 'list', elements: elements.filter((element): element is Value => element !== null) };
    }
    case 'object':
      return mergeObjects(
        first,
        values.filter((v): v is ObjectValue => v.is === 'object'),
        values.length,
        merging,
      );
    case 'function':
      return values.every((v) => v.is === 'function' && v.node === first.node && v.scope === first.scope && v.self === first.self)
        ? first
        : null;
    case 'text':
    case 'error':
      return values.every((v) => v.is === first.is) ? first : null;
    case 'platform':
      return values.every((v) => v.is === 'platform' && v.path === first.path) ? first : null;
    case 'buffer':
      return values.every((v) => v.is === 'buffer' && v.start === first.start && v.bytes === first.bytes) ? first : null;
    case 'promise': {
      const promises = values.flatMap((v) => (v.is === 'promise' && (v.ticket === null) === (first.ticket === null) ? [v] : []));
      if (promises.length < values.length) return null;
      const of = mergeValues(
        promises.map((p) => p.of),
        merging,
      );
      const tickets = promises.flatMap((p) => (p.ticket === null ? [] : [p.ticket]));
      return of === null ? null : { is: 'promise', of, ticket: first.ticket === null ? null : oneWord(tickets, 'int32', merging) };
    }
    default:
      return null;
  }
}

function mergeObjects(first: ObjectValue, objects: readonly ObjectValue[], wanted: number, merging: Merging): Value | null {
  const fits = (object: ObjectValue): boolean =>
    object.members?.node === first.members?.node &&
    (object.accessors?.size ?? 0) === 0 &&
    [...object.fields.values()].every(({ is }) => is === 'value');
  if (objects.length < wanted || !objects.every(fits)) return null;
  const fields = new Map<string, Slot>();
  for (const name of new Set(objects.flatMap((object) => [...object.fields.keys()]))) {
    const values = objects.map((object): Value => {
      const slot = object.fields.get(name);
      return slot?.is === 'value' ? slot.value : UNDEFINED;
    });
    const value = mergeValues(values, merging);
    if (value === null) return null;
    fields.set(name, { is: 'value', value });
  }
  return { ...first, fields };
}

function mergeScalars(values: readonly Value[], merging: Merging): Value | null {
  const holds = holdsOfAll(values);
  if (holds === null) return null;
  const { kind } = holds;
  const tags = values.map((value): Int => (value.is === 'maybe' ? value.tag : { op: 'const', value: tagOf(value) }));
  if (kind === null) {
    const [first] = values;
    return first !== undefined && holds.undefined !== holds.null ? first : null;
  }
  const words = values.map((value): Int => {
    const inside = value.is === 'maybe' ? value.value : value;
    return inside.is === 'scalar' ? inside.expr : { op: 'const', value: 0 };
  });
  const value: Scalar = { is: 'scalar', kind, expr: oneWord(words, kind, merging) };
  if (!holds.undefined && !holds.null) return value;
  return { is: 'maybe', tag: oneWord(tags, 'nonneg', merging), value, undefined: holds.undefined, null: holds.null };
}

function oneWord(exprs: readonly Int[], kind: Kind, merging: Merging): Int {
  const [first] = exprs;
  const same =
    first !== undefined && exprs.every((e) => e === first || (e.op === 'const' && first.op === 'const' && e.value === first.value));
  return same ? first : merging.word(exprs, kind);
}

export function tagOf(value: Value): number {
  if (value.is !== 'none') return 0;
  return value.which === 'undefined' ? 1 : 2;
}

/** What a variable holds once it was given each of these; null where no variable can. */
function holdsOfAll(values: readonly Value[]): Holds | null {
  let all: Holds = NOTHING;
  for (const value of values) {
    const mine = holdsOf(value);
    const joined = mine === null ? undefined : joinHolds(all, mine);
    if (joined === undefined) return null;
    all = joined;
  }
  return all;
}

/** What a variable holds that was given a value; null of a value that no variable can hold. */
export function holdsOf(value: Value): Holds | null {
  if (value.is === 'scalar') return { ...NOTHING, kind: value.kind };
  if (value.is === 'none') return { ...NOTHING, [value.which]: true };
  if (value.is === 'maybe') return { kind: value.value.kind, undefined: value.undefined, null: value.null };
  return null;
}
