/**
 * *Conversions* between the types of the language: what TypeScript does silently (an id where an id or null is expected, a
 * literal where a union is expected) and what it proved by narrowing (an id where it might be null).
 */
import { ts } from 'ts-morph';
import { and, BOOL, bool, compare, constant, ite, sameType, unwrap, wrap } from './fold.ts';
import { type ConstantValue, type Context, describeType, quote } from './frontend-context.ts';
import { isList, isTable } from './frontend-constants.ts';
import type { Draft, Value } from './frontend-draft.ts';
import type { Expr, Scalar } from './ir.ts';
import { encodedRange } from './liveness.ts';

export type IdType = Extract<Scalar, { kind: 'id' }>;

/** The value as an expression of this type. Whole numbers may still lie outside its bounds: see `fits`. */
export function convert(draft: Draft, value: Value, type: Scalar, node: ts.Node): Expr {
  const { context } = draft;
  switch (value.kind) {
    case 'scalar':
      return convertExpr(draft, value.expr, type, node);
    case 'constants': {
      const parts = value.choices.map((choice) => ({ when: choice.when, expr: constantAs(context, choice.value, type, node) }));
      const last = parts.at(-1);
      if (last === undefined) throw new Error('a constant without a choice');
      return parts.slice(0, -1).reduceRight((rest, part) => ite(part.when, part.expr, rest, type), last.expr);
    }
    case 'place':
    case 'range':
      return context.refuse(
        node,
        'a whole record, table or sequence where one value is needed',
        'use one of its fields, or compare and pass ids',
      );
  }
}

/** A constant of the source as a constant of this type. */
export function constantAs(context: Context, value: ConstantValue, type: Scalar, node: ts.Node): Expr {
  const mismatch = (): never => context.refuse(node, `this value is not ${describeType(type)}`, 'use a value of that type');
  if (isTable(value) || isList(value))
    return context.refuse(node, 'a whole table of constants where one value is needed', 'index it down to one value');
  switch (type.kind) {
    case 'bool':
      return typeof value === 'boolean' ? bool(value) : mismatch();
    case 'enum': {
      const place = typeof value === 'string' ? type.values.indexOf(value) : -1;
      return place >= 0 ? constant(place, type) : mismatch();
    }
    case 'id':
      if (value === null) return type.nullable ? constant(0, type) : mismatch();
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= type.size) return mismatch();
      return constant(type.nullable ? value + 1 : value, type);
    case 'int':
      if (typeof value !== 'number') return mismatch();
      if (!Number.isInteger(value)) return context.refuse(node, 'a number that is not whole', 'use whole numbers');
      return constant(value);
  }
}

function convertExpr(draft: Draft, expr: Expr, type: Scalar, node: ts.Node): Expr {
  const { context } = draft;
  const from = expr.type;
  const mismatch = (): never =>
    context.refuse(node, `${describeType(from)} where ${describeType(type)} is needed`, 'use a value of that type');
  switch (type.kind) {
    case 'bool':
      return from.kind === 'bool' ? expr : mismatch();
    case 'int':
      if (from.kind === 'int') return expr;
      if (from.kind === 'id') return notNull(draft, expr, node);
      return mismatch();
    case 'enum':
      return from.kind === 'enum' ? remap(expr, from, type) : mismatch();
    case 'id': {
      if (from.kind === 'int' && expr.op === 'const') return constantAs(context, expr.value, type, node);
      if (from.kind !== 'id' || from.of !== type.of || from.size !== type.size) return mismatch();
      if (from.nullable === type.nullable) return expr;
      return type.nullable ? wrap(expr, type) : notNull(draft, expr, node);
    }
  }
}

/** An id that is not null here: by its type, by the checker's narrowing of a local, or checked when it runs. */
export function notNull(draft: Draft, expr: Expr, node: ts.Node): Expr {
  const { type } = expr;
  if (type.kind !== 'id' || !type.nullable) return expr;
  const proven = expr.op === 'local' && excludesNull(draft.context, node);
  const site = proven ? -1 : draft.context.site(node, 'null', `${quote(node)} is null`);
  return unwrap(expr, { ...type, nullable: false }, site);
}

function excludesNull(context: Context, node: ts.Node): boolean {
  const type = context.checker.getTypeAtLocation(node);
  const parts = type.isUnion() ? type.types : [type];
  return parts.every((part) => (part.flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined | ts.TypeFlags.Any)) === 0);
}

/** A whole number or an id as an id of this type: in range by its bounds, or checked when it runs. */
export function asId(draft: Draft, expr: Expr, type: IdType, node: ts.Node): Expr {
  if (expr.type.kind === 'id') return convertExpr(draft, expr, type, node);
  if (expr.type.kind !== 'int') return draft.context.refuse(node, `${describeType(expr.type)} where an index is needed`, 'use an id');
  const plain: IdType = { ...type, nullable: false };
  const index = checkedIndex(draft, expr, plain, type.size, node);
  // Adding 0 gives a whole number the type of the id.
  const id: Expr = index.type.kind === 'id' ? index : { op: 'add', type: plain, left: index, right: constant(0) };
  return convertExpr(draft, id, type, node);
}

/** An expression as an index below `size`, with the fault `index` where its bounds don't say so. */
export function checkedIndex(draft: Draft, expr: Expr, type: Scalar, size: number, node: ts.Node): Expr {
  const { lo, hi } = encodedRange(expr.type);
  if (lo >= 0 && hi < size) return expr.op === 'const' ? constant(expr.value, type) : expr;
  if (expr.op === 'const')
    return draft.context.refuse(node, `the index ${expr.value} of a table with ${size} elements`, 'use an index that exists');
  const site = draft.context.site(node, 'index', `${quote(node)} is not an index below ${size}`);
  const nullable: Scalar = { kind: 'id', of: 'index', size, nullable: true };
  const inside = and(compare('le', constant(0), expr), compare('lt', expr, constant(size)));
  return unwrap(ite(inside, wrap(expr, nullable), constant(0, nullable), nullable), type, site);
}

/** A value of one union as the value of another: by the literal. What the other does not have becomes a number beyond it. */
function remap(expr: Expr, from: Extract<Scalar, { kind: 'enum' }>, to: Extract<Scalar, { kind: 'enum' }>): Expr {
  if (sameType({ ...from, name: '' }, { ...to, name: '' })) return expr;
  const place = (value: string): number => {
    const at = to.values.indexOf(value);
    return at >= 0 ? at : to.values.length;
  };
  if (expr.op === 'const') return constant(place(from.values[expr.value] ?? ''), to);
  if (from.values.every((value, index) => place(value) === index)) return { ...expr, type: from };
  const missing = from.values.some((value) => !to.values.includes(value));
  const type: Scalar = missing ? { kind: 'int', lo: 0, hi: to.values.length } : to;
  const pairs = from.values.map((value, index) => ({ index, to: place(value) }));
  const last = pairs.at(-1)?.to ?? 0;
  return pairs
    .slice(0, -1)
    .reduceRight(
      (rest, pair) => ite(compare('eq', expr, constant(pair.index, from)), constant(pair.to, type), rest, type),
      constant(last, type),
    );
}

/** Whether the bounds of an expression lie inside a type. */
export function fits(expr: Expr, type: Scalar): boolean {
  const [a, b] = [encodedRange(expr.type), encodedRange(type)];
  return a.lo >= b.lo && a.hi <= b.hi;
}

/** Two values brought to one type, for `===` or for the arms of `?:`. */
export function unify(draft: Draft, left: Value, right: Value, leftNode: ts.Node, rightNode: ts.Node): readonly [Expr, Expr] {
  const { context } = draft;
  const typeOfValue = (value: Value): Scalar | null => (value.kind === 'scalar' ? value.expr.type : null);
  const [a, b] = [typeOfValue(left), typeOfValue(right)];
  const nullable = (type: Scalar): Scalar => (type.kind === 'id' ? { ...type, nullable: true } : type);
  if (a !== null && b !== null) {
    if (a.kind === 'id' && b.kind === 'id') {
      const type = a.nullable || b.nullable ? nullable(a) : a;
      return [convert(draft, left, type, leftNode), convert(draft, right, type, rightNode)];
    }
    if (a.kind === 'id' && b.kind === 'int' && a.nullable) return [convert(draft, left, a, leftNode), convert(draft, right, a, rightNode)];
    if (b.kind === 'id' && a.kind === 'int' && b.nullable) return [convert(draft, left, b, leftNode), convert(draft, right, b, rightNode)];
    if (a.kind === 'enum' && b.kind === 'enum') {
      const type: Scalar = { ...a, values: [...new Set([...a.values, ...b.values])] };
      return [convert(draft, left, type, leftNode), convert(draft, right, type, rightNode)];
    }
    if (isWhole(a) && isWhole(b)) return [asWhole(draft, left, leftNode), asWhole(draft, right, rightNode)];
    if (a.kind === 'bool' && b.kind === 'bool') return [convert(draft, left, BOOL, leftNode), convert(draft, right, BOOL, rightNode)];
    return context.refuse(rightNode, `${describeType(b)} beside ${describeType(a)}`, 'use two values of one type');
  }
  if (a !== null) {
    const type = isNullConstant(right) ? nullable(a) : a;
    return [convert(draft, left, type, leftNode), convert(draft, right, type, rightNode)];
  }
  if (b !== null) {
    const type = isNullConstant(left) ? nullable(b) : b;
    return [convert(draft, left, type, leftNode), convert(draft, right, type, rightNode)];
  }
  return context.refuse(leftNode, 'values whose type is not known here', 'annotate one of them, or compare ids rather than records');
}

function isNullConstant(value: Value): boolean {
  return value.kind === 'constants' && value.choices.some((choice) => choice.value === null);
}

function isWhole(type: Scalar): boolean {
  return type.kind === 'int' || (type.kind === 'id' && !type.nullable);
}

/** A value as a whole number: ids are their index. */
export function asWhole(draft: Draft, value: Value, node: ts.Node): Expr {
  return convert(draft, value, { kind: 'int', lo: 0, hi: 0 }, node);
}
