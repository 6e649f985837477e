/**
 * The *types* of values of user code that exist when it runs. JavaScript has one kind of number; which numbers a variable holds
 * decides how it is kept in 32 bits, so the front end tells some kinds apart:
 *
 *   nonneg    0 … 2³¹−1                         kept as it is
 *   int32     −2³¹ … 2³¹−1                      kept as it is
 *   uint32    0 … 2³²−1                         kept as its 32 bits, read with `>>> 0`
 *   integer   whole, or what `%` makes of zero   kept as it is, which fails at run time if it does not fit
 *   number    anything                          likewise
 *
 * Booleans are 0 and 1. A string is its number in a table of the program. A variable that may also be `undefined` or `null`
 * has a second word that says so.
 */
import type { Int } from './ir-impl.ts';

export type NumberKind = 'nonneg' | 'int32' | 'uint32' | 'integer' | 'number';
export type Kind = NumberKind | 'boolean' | 'string';

/** What a variable has been seen to hold. */
export interface Holds {
  readonly kind: Kind | null;
  readonly undefined: boolean;
  readonly null: boolean;
}

export const NOTHING: Holds = { kind: null, undefined: false, null: false };

export function isNumber(kind: Kind): kind is NumberKind {
  return kind !== 'boolean' && kind !== 'string';
}

/** Whole for certain, and so small that 32 bits hold it. */
export function isWord(kind: Kind): boolean {
  return kind === 'nonneg' || kind === 'int32' || kind === 'uint32';
}

/** The kind of values that are of one kind or the other; undefined where nothing holds both. */
export function joinKinds(a: Kind, b: Kind): Kind | undefined {
  if (a === b) return a;
  if (!isNumber(a) || !isNumber(b)) return undefined;
  if (a === 'nonneg') return b;
  if (b === 'nonneg') return a;
  return a === 'number' || b === 'number' ? 'number' : 'integer';
}

export function joinHolds(a: Holds, b: Holds): Holds | undefined {
  const kind = a.kind === null ? b.kind : b.kind === null ? a.kind : joinKinds(a.kind, b.kind);
  return kind === undefined ? undefined : { kind, undefined: a.undefined || b.undefined, null: a.null || b.null };
}

export function sameHolds(a: Holds, b: Holds): boolean {
  return a.kind === b.kind && a.undefined === b.undefined && a.null === b.null;
}

export function kindOfNumber(value: number): NumberKind {
  if (!Number.isInteger(value)) return 'number';
  if (value >= 0 && value <= 0x7fffffff) return 'nonneg';
  if (value === (value | 0)) return 'int32';
  return value >= 0 && value <= 0xffffffff ? 'uint32' : 'integer';
}

/** A value as the words of a frame keep it, and back. */
export function kept(kind: Kind, expr: Int): Int {
  if (kind !== 'uint32') return expr;
  return expr.op === 'const' ? constant(expr.value | 0) : binary('|', expr, constant(0));
}

export function unkept(kind: Kind, expr: Int): Int {
  return kind === 'uint32' ? binary('>>>', expr, constant(0)) : expr;
}

export function constant(value: number): Int {
  return { op: 'const', value };
}

export function binary(operator: Extract<Int, { op: 'binary' }>['operator'], left: Int, right: Int): Int {
  return { op: 'binary', operator, left, right };
}

/** `cond && also`, where one of them may be known. */
export function both(cond: Int, also: Int): Int {
  if (cond.op === 'const') return cond.value !== 0 ? also : constant(0);
  if (also.op === 'const' && also.value !== 0) return cond;
  return { op: 'and', left: cond, right: also };
}

export function choose(cond: Int, then: Int, otherwise: Int): Int {
  if (cond.op === 'const') return cond.value !== 0 ? then : otherwise;
  return { op: 'choose', cond, then, else: otherwise };
}

export function not(cond: Int): Int {
  return cond.op === 'const' ? constant(cond.value !== 0 ? 0 : 1) : { op: 'unary', operator: '!', arg: cond };
}

/** The locals that an expression reads. */
export function localsOf(expr: Int, into = new Set<number>()): ReadonlySet<number> {
  switch (expr.op) {
    case 'const':
      break;
    case 'local':
      into.add(expr.local);
      break;
    case 'unary':
      localsOf(expr.arg, into);
      break;
    case 'binary':
    case 'and':
    case 'or':
      localsOf(expr.left, into);
      localsOf(expr.right, into);
      break;
    case 'choose':
      for (const part of [expr.cond, expr.then, expr.else]) localsOf(part, into);
      break;
    case 'math':
    case 'call':
      for (const arg of expr.args) localsOf(arg, into);
      break;
    case 'fixed':
      localsOf(expr.at, into);
      break;
  }
  return into;
}
