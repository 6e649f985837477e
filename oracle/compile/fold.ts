/**
 * *Folding* constructors of expressions: each computes the exact type of its result (the bounds of whole numbers) and
 * simplifies what is constant, so that configuration given at compile time leaves no trace. An operand that could fault is
 * never dropped, except on the side of `&&`, `||` or `?:` that is not evaluated.
 */
import { isDeepStrictEqual } from 'node:util';
import { unreachable } from './errors.ts';
import type { BinaryOp, Expr, Place, Scalar } from './ir.ts';
import { encodedRange } from './liveness.ts';
import { forEachExpr, mapChildren, substitute } from './walk.ts';

export const BOOL: Scalar = { kind: 'bool' };

export function constant(value: number, type: Scalar = { kind: 'int', lo: value, hi: value }): Expr {
  return { op: 'const', type, value };
}

export function bool(value: boolean): Expr {
  return { op: 'const', type: BOOL, value: value ? 1 : 0 };
}

export function intType(lo: number, hi: number): Scalar {
  return { kind: 'int', lo, hi };
}

export function local(index: number, type: Scalar): Expr {
  return { op: 'local', type, local: index };
}

export function isConst(expr: Expr, value: number): boolean {
  return expr.op === 'const' && expr.value === value;
}

/** Whether evaluating an expression may fault; calls are taken to. */
export function mayFault(expr: Expr): boolean {
  let found = false;
  forEachExpr(expr, (e) => {
    if ((e.op === 'unwrap' && e.site >= 0) || e.op === 'call') found = true;
  });
  return found;
}

/** Whether the value of an expression depends on the state. */
export function readsState(expr: Expr): boolean {
  let found = false;
  forEachExpr(expr, (e) => {
    if (e.op === 'read' || e.op === 'call') found = true;
  });
  return found;
}

export function not(arg: Expr): Expr {
  if (arg.op === 'const') return bool(arg.value === 0);
  if (arg.op === 'not') return arg.arg;
  if (arg.op === 'eq') return { ...arg, op: 'ne' };
  if (arg.op === 'ne') return { ...arg, op: 'eq' };
  return { op: 'not', type: BOOL, arg };
}

export function and(left: Expr, right: Expr): Expr {
  if (left.op === 'const') return left.value === 0 ? left : right;
  if (isConst(right, 1)) return left;
  if (isConst(right, 0) && !mayFault(left)) return right;
  return { op: 'and', type: BOOL, left, right };
}

export function or(left: Expr, right: Expr): Expr {
  if (left.op === 'const') return left.value !== 0 ? left : right;
  if (isConst(right, 0)) return left;
  if (isConst(right, 1) && !mayFault(left)) return right;
  return { op: 'or', type: BOOL, left, right };
}

export function all(parts: readonly Expr[]): Expr {
  return parts.reduce(and, bool(true));
}

export function any(parts: readonly Expr[]): Expr {
  return parts.reduce(or, bool(false));
}

export function ite(cond: Expr, then: Expr, otherwise: Expr, type: Scalar = joinTypes(then.type, otherwise.type)): Expr {
  if (cond.op === 'const') return cond.value !== 0 ? then : otherwise;
  if (then.op === 'const' && otherwise.op === 'const' && then.value === otherwise.value && !mayFault(cond)) return { ...then, type };
  if (type.kind === 'bool') {
    if (isConst(then, 1)) return or(cond, otherwise);
    if (isConst(otherwise, 0)) return and(cond, then);
    if (isConst(then, 0)) return and(not(cond), otherwise);
    if (isConst(otherwise, 1)) return or(not(cond), then);
  }
  return { op: 'ite', type, cond, then, else: otherwise };
}

/** The type of a value that is one or the other; whole numbers widen. */
export function joinTypes(a: Scalar, b: Scalar): Scalar {
  if (a.kind === 'int' && b.kind === 'int') return { kind: 'int', lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) };
  return a;
}

export function sameType(a: Scalar, b: Scalar): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export function compare(op: 'eq' | 'ne' | 'lt' | 'le', left: Expr, right: Expr): Expr {
  if (left.op === 'const' && right.op === 'const') return bool(evaluate(op, left.value, right.value) !== 0);
  if (!mayFault(left) && !mayFault(right)) {
    const [a, b] = [encodedRange(left.type), encodedRange(right.type)];
    if (a.hi < b.lo || b.hi < a.lo) {
      if (op === 'eq') return bool(false);
      if (op === 'ne') return bool(true);
    }
    if (op === 'lt' && a.hi < b.lo) return bool(true);
    if (op === 'lt' && a.lo >= b.hi) return bool(false);
    if (op === 'le' && a.hi <= b.lo) return bool(true);
    if (op === 'le' && a.lo > b.hi) return bool(false);
  }
  if ((op === 'eq' || op === 'ne') && left.type.kind === 'bool' && right.op === 'const') {
    return (right.value !== 0) === (op === 'eq') ? left : not(left);
  }
  return { op, type: BOOL, left, right };
}

export function arithmetic(op: 'add' | 'sub' | 'mul' | 'min' | 'max', left: Expr, right: Expr): Expr {
  if (left.op === 'const' && right.op === 'const') return constant(evaluate(op, left.value, right.value));
  const [a, b] = [encodedRange(left.type), encodedRange(right.type)];
  if (op === 'add' && isConst(right, 0)) return left;
  if (op === 'add' && isConst(left, 0)) return right;
  if (op === 'sub' && isConst(right, 0)) return left;
  if (op === 'mul' && isConst(right, 1)) return left;
  if (op === 'min' && a.hi <= b.lo && !mayFault(right)) return left;
  if (op === 'min' && b.hi <= a.lo && !mayFault(left)) return right;
  if (op === 'max' && a.lo >= b.hi && !mayFault(right)) return left;
  if (op === 'max' && b.lo >= a.hi && !mayFault(left)) return right;
  const corners = [evaluate(op, a.lo, b.lo), evaluate(op, a.lo, b.hi), evaluate(op, a.hi, b.lo), evaluate(op, a.hi, b.hi)];
  return { op, type: { kind: 'int', lo: Math.min(...corners), hi: Math.max(...corners) }, left, right };
}

export function evaluate(op: BinaryOp, a: number, b: number): number {
  switch (op) {
    case 'and':
      return a !== 0 && b !== 0 ? 1 : 0;
    case 'or':
      return a !== 0 || b !== 0 ? 1 : 0;
    case 'eq':
      return a === b ? 1 : 0;
    case 'ne':
      return a !== b ? 1 : 0;
    case 'lt':
      return a < b ? 1 : 0;
    case 'le':
      return a <= b ? 1 : 0;
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return a * b;
    case 'min':
      return Math.min(a, b);
    case 'max':
      return Math.max(a, b);
    default:
      return unreachable(op);
  }
}

/** Id to nullable id. */
export function wrap(arg: Expr, type: Scalar): Expr {
  if (arg.op === 'const') return constant(arg.value + 1, type);
  return { op: 'wrap', type, arg };
}

/** Nullable id to id; `site` -1 where it can't be null. */
export function unwrap(arg: Expr, type: Scalar, site: number): Expr {
  if (arg.op === 'const' && arg.value !== 0) return constant(arg.value - 1, type);
  if (arg.op === 'wrap') return arg.arg;
  return { op: 'unwrap', type, arg, site };
}

export function read(place: Place, type: Scalar): Expr {
  return { op: 'read', type, place };
}

/** `some`, `every`, `count`, `first` over `bound` = 0 … size-1. */
export function quantifier(op: 'some' | 'every' | 'count' | 'first', bound: number, size: number, body: Expr, type: Scalar): Expr {
  if (op === 'some' && (size === 0 || isConst(body, 0))) return bool(false);
  if (op === 'every' && (size === 0 || isConst(body, 1))) return bool(true);
  if (op === 'some' && isConst(body, 1)) return bool(true);
  if (op === 'every' && isConst(body, 0)) return bool(false);
  if (op === 'count' && (size === 0 || isConst(body, 0))) return constant(0, type);
  if (op === 'first' && (size === 0 || isConst(body, 0))) return constant(0, type);
  return { op, type, local: bound, size, body };
}

/** Puts the whole expression through the folding constructors again, after constants took the place of some locals. */
export function refold(expr: Expr): Expr {
  return foldTop(mapChildren(expr, refold));
}

/** Folds an expression whose operands are folded. */
export function foldTop(expr: Expr): Expr {
  const folded = foldedTop(expr);
  return isDeepStrictEqual(folded, expr) ? expr : folded;
}

function foldedTop(expr: Expr): Expr {
  switch (expr.op) {
    case 'const':
    case 'local':
    case 'read':
    case 'call':
      return expr;
    case 'not':
      return not(expr.arg);
    case 'and':
      return and(expr.left, expr.right);
    case 'or':
      return or(expr.left, expr.right);
    case 'eq':
    case 'ne':
    case 'lt':
    case 'le':
      return compare(expr.op, expr.left, expr.right);
    case 'add':
    case 'sub':
    case 'mul':
    case 'min':
    case 'max': {
      const result = arithmetic(expr.op, expr.left, expr.right);
      if (expr.type.kind === 'int') return result;
      // Arithmetic that makes an id of a number keeps that type.
      return result.op === 'const' ? { ...result, type: expr.type } : expr;
    }
    case 'ite':
      return ite(expr.cond, expr.then, expr.else, expr.type);
    case 'unwrap':
      return unwrap(expr.arg, expr.type, expr.site);
    case 'wrap':
      return wrap(expr.arg, expr.type);
    case 'some':
    case 'every':
    case 'count':
    case 'first':
      return quantifier(expr.op, expr.local, expr.size, expr.body, expr.type);
    default:
      return unreachable(expr);
  }
}

/** An expression with a constant in place of one local. */
export function withConstant(expr: Expr, index: number, value: number): Expr {
  return refold(substitute(expr, (l) => (l === index ? constant(value) : undefined)));
}
