/**
 * *Sequences*, taken down to the core of the IR: a sequence of capacity C is a length and C items, of which the unused ones
 * are 0. Items move one by one; a step never has a loop over a sequence whose bound is not constant.
 */
import type { ts } from 'ts-morph';
import { and, arithmetic, compare, constant, intType, ite, local, quantifier, read, unwrap, wrap } from './fold.ts';
import { type Context, quote } from './frontend-context.ts';
import { asWhole, convert } from './frontend-convert.ts';
import type { Draft, Value } from './frontend-draft.ts';
import type { Expr, Place, Scalar, Stmt } from './ir.ts';

/** The kind of ids that places in a sequence are here: a name that no source can give to one of its own. */
const ITEM = ' item';

interface Shape {
  readonly element: Scalar;
  readonly capacity: number;
}

function shapeOf(place: Place): Shape {
  if (place.type.kind !== 'seq') throw new Error('not a sequence');
  return place.type;
}

function lengthPlace(place: Place): Place {
  return { steps: [...place.steps, { field: 'length', sequence: true }], type: intType(0, shapeOf(place).capacity) };
}

function itemPlace(place: Place, index: Expr): Place {
  return { steps: [...place.steps, { field: 'items', sequence: true }, { index }], type: shapeOf(place).element };
}

export function itemOf(place: Place, index: Expr): Expr {
  return read(itemPlace(place, index), shapeOf(place).element);
}

export function lengthOf(place: Place): Expr {
  return read(lengthPlace(place), intType(0, shapeOf(place).capacity));
}

/** An item that must be there: beyond the length it is the fault `index`. */
export function itemAt(draft: Draft, place: Place, indexValue: Value, node: ts.ElementAccessExpression): Expr {
  const { element, capacity } = shapeOf(place);
  const index = asWhole(draft, indexValue, node.argumentExpression);
  if (index.op === 'const' && (index.value < 0 || index.value >= capacity)) {
    return draft.context.refuse(
      node.argumentExpression,
      `the item ${index.value} of a sequence of at most ${capacity}`,
      'use an index that can exist',
    );
  }
  return present(draft.context, place, index, node, element, capacity);
}

function present(context: Context, place: Place, index: Expr, node: ts.Node, element: Scalar, capacity: number): Expr {
  const site = context.site(node, 'index', `${quote(node)}: the sequence has no such item`);
  const type: Scalar =
    element.kind === 'id' && !element.nullable
      ? { ...element, nullable: true }
      : { kind: 'id', of: ITEM, size: Math.max(capacity, sizeOf(element)), nullable: true };
  const inside = compare('lt', index, lengthOf(place));
  const both = index.op === 'const' ? inside : and(compare('le', constant(0), index), inside);
  return unwrap(ite(both, wrap(itemOf(place, index), type), constant(0, type), type), element, site);
}

function sizeOf(type: Scalar): number {
  switch (type.kind) {
    case 'bool':
      return 2;
    case 'int':
      return type.hi + 1;
    case 'enum':
      return type.values.length;
    case 'id':
      return type.nullable ? type.size + 1 : type.size;
  }
}

/** `push`: on a full sequence the fault `overflow`. */
export function push(draft: Draft, place: Place, value: Value, valueNode: ts.Node, node: ts.Node): readonly Stmt[] {
  const { element, capacity } = shapeOf(place);
  const converted = convert(draft, value, element, valueNode);
  const length = lengthOf(place);
  const more = arithmetic('add', length, constant(1));
  const overflow = draft.context.site(node, 'overflow', `${quote(node)}: the sequence holds at most ${capacity}`);
  const itemSite = draft.context.site(valueNode, 'overflow', `${quote(valueNode)} leaves the range of the sequence's elements`);
  return [
    {
      op: 'if',
      cond: compare('lt', length, constant(capacity)),
      then: [
        { op: 'write', place: itemPlace(place, length), value: converted, site: itemSite },
        { op: 'write', place: lengthPlace(place), value: more, site: -1 },
      ],
      else: [{ op: 'write', place: lengthPlace(place), value: more, site: overflow }],
    },
  ];
}

function writeItem(place: Place, index: number, value: Expr): Stmt {
  return { op: 'write', place: itemPlace(place, constant(index)), value, site: -1 };
}

/** Beyond the end of a sequence everything is 0. */
function pad(place: Place, index: number, element: Scalar): Stmt {
  return { op: 'write', place: itemPlace(place, constant(index)), value: constant(0, element), site: -1, padding: true };
}

/** Every item from `from` on moves one place to the front. */
function closeGap(place: Place, from: Expr): readonly Stmt[] {
  const { capacity, element } = shapeOf(place);
  const moves: Stmt[] = [];
  for (let k = 0; k < capacity; k++) {
    const move = k + 1 < capacity ? writeItem(place, k, itemOf(place, constant(k + 1))) : pad(place, k, element);
    const cond = compare('le', from, constant(k));
    if (cond.op === 'const') moves.push(...(cond.value !== 0 ? [move] : []));
    else moves.push({ op: 'if', cond, then: [move], else: [] });
  }
  const less = arithmetic('sub', lengthOf(place), constant(1));
  return [...moves, { op: 'write', place: lengthPlace(place), value: less, site: -1 }];
}

/** `shift` as a statement: nothing happens to an empty sequence. */
export function dropFirst(place: Place): readonly Stmt[] {
  return [{ op: 'if', cond: compare('lt', constant(0), lengthOf(place)), then: closeGap(place, constant(0)), else: [] }];
}

/** `shift` for its value: on an empty sequence the fault `index`, or null where the source says `?? null`. */
export function takeFirst(draft: Draft, place: Place, into: Stmt[], node: ts.Node, orNull: boolean): Expr {
  const { element, capacity } = shapeOf(place);
  let value: Expr;
  if (orNull && element.kind === 'id') {
    const type: Scalar = { ...element, nullable: true };
    const head = itemOf(place, constant(0));
    value = ite(compare('lt', constant(0), lengthOf(place)), element.nullable ? head : wrap(head, type), constant(0, type), type);
  } else {
    value = present(draft.context, place, constant(0), node, element, capacity);
  }
  const taken = draft.capture(value, 'first', into);
  into.push(...dropFirst(place));
  return taken;
}

/** `seq.length = 0`. */
export function clear(place: Place): readonly Stmt[] {
  const { capacity, element } = shapeOf(place);
  const zeros = Array.from({ length: capacity }, (_, k) => pad(place, k, element));
  return [...zeros, { op: 'write', place: lengthPlace(place), value: constant(0), site: -1 }];
}

/** Where the first item equal to `value` is, as a nullable index. */
function find(draft: Draft, place: Place, value: Expr): Expr {
  const { capacity } = shapeOf(place);
  const { bound, body } = matches(draft, place, value);
  return quantifier('first', bound, capacity, body, { kind: 'id', of: ITEM, size: capacity, nullable: true });
}

function matches(draft: Draft, place: Place, value: Expr): { bound: number; body: Expr } {
  const { capacity } = shapeOf(place);
  const bound = draft.newLocal('item', intType(0, capacity - 1), true);
  const index = local(bound, intType(0, capacity - 1));
  return { bound, body: and(compare('lt', index, lengthOf(place)), compare('eq', itemOf(place, index), value)) };
}

export function includes(draft: Draft, place: Place, value: Value, node: ts.Node): Expr {
  const { element, capacity } = shapeOf(place);
  const { bound, body } = matches(draft, place, convert(draft, value, element, node));
  return quantifier('some', bound, capacity, body, { kind: 'bool' });
}

export function indexOf(draft: Draft, place: Place, value: Value, node: ts.Node): Expr {
  const { element, capacity } = shapeOf(place);
  const found = find(draft, place, convert(draft, value, element, node));
  return { op: 'sub', type: intType(-1, capacity - 1), left: found, right: constant(1) };
}

/** `remove(seq, x)`: nothing happens when it is not there. */
export function removeItem(draft: Draft, place: Place, value: Value, node: ts.Node): readonly Stmt[] {
  const { element, capacity } = shapeOf(place);
  const before: Stmt[] = [];
  const wanted = convert(draft, value, element, node);
  // The wanted value must not change while items move.
  const fixed = draft.isStable(wanted) ? wanted : draft.capture(wanted, 'wanted', before);
  const found = draft.capture(find(draft, place, fixed), 'found', before);
  const plain: Scalar = intType(0, capacity - 1);
  const cond = compare('ne', found, constant(0, found.type));
  return [...before, { op: 'if', cond, then: closeGap(place, unwrap(found, plain, -1)), else: [] }];
}

/** The items of a sequence written out, assigned to it as a whole. */
export function fill(place: Place, items: readonly Expr[]): readonly Stmt[] {
  const { capacity, element } = shapeOf(place);
  const writes = Array.from({ length: capacity }, (_, k) => {
    const value = items[k];
    return value === undefined ? pad(place, k, element) : writeItem(place, k, value);
  });
  return [...writes, { op: 'write', place: lengthPlace(place), value: constant(items.length), site: -1 }];
}
