/**
 * Expressions that Promela can say as they are: without an effect and without calls. Quantifiers are written out, as long as that is
 * not long; everything else is taken apart in promela-code.ts.
 */
import { unreachable } from './errors.ts';
import { withConstant } from './fold.ts';
import type { Expr, Place } from './ir.ts';
import { indicesOf } from './walk.ts';

/** Nodes that an expression may have when its quantifiers are written out. */
const WRITTEN_OUT = 400;

/** What a local is called here. */
export type LocalNames = (local: number) => string;

/** The variable for a place. */
export type CellNames = (place: Place, indices: readonly string[]) => string | null;

/** An expression that has no effect and calls nothing, as it is. `cell` is the variable for a place; null: it has only one value. */
export function expressionText(expr: Expr, locals: LocalNames, cell: CellNames): string {
  const text = (e: Expr): string => expressionText(e, locals, cell);
  switch (expr.op) {
    case 'const':
      return expr.value < 0 ? `(${expr.value})` : String(expr.value);
    case 'local':
      return locals(expr.local);
    case 'read':
      return cell(expr.place, indicesOf(expr.place).map(text)) ?? '0';
    case 'not':
      return `!(${text(expr.arg)})`;
    case 'wrap':
      return `(${text(expr.arg)} + 1)`;
    case 'unwrap':
      return `(${text(expr.arg)} - 1)`;
    case 'and':
    case 'or':
      return `(${text(expr.left)} ${OPERATOR[expr.op]} ${text(expr.right)})`;
    case 'ite':
      return `(${text(expr.cond)} -> ${text(expr.then)} : ${text(expr.else)})`;
    case 'eq':
    case 'ne':
    case 'lt':
    case 'le':
    case 'add':
    case 'sub':
    case 'mul':
    case 'min':
    case 'max':
      return binary(expr.op, text(expr.left), text(expr.right));
    case 'some':
    case 'every':
    case 'count':
    case 'first': {
      const parts = Array.from({ length: expr.size }, (_, value) => text(withConstant(expr.body, expr.local, value)));
      if (expr.op === 'first') return parts.reduceRight((rest, part, value) => `(${part} -> ${value + 1} : ${rest})`, '0');
      if (parts.length === 0) return expr.op === 'every' ? '1' : '0';
      return `(${parts.join({ some: ' || ', every: ' && ', count: ' + ' }[expr.op])})`;
    }
    case 'call':
      throw new Error('a call is not an expression in Promela');
    default:
      return unreachable(expr);
  }
}

export const OPERATOR = { and: '&&', or: '||', eq: '==', ne: '!=', lt: '<', le: '<=', add: '+', sub: '-', mul: '*' } as const;

export function binary(op: Exclude<keyof typeof OPERATOR, 'and' | 'or'> | 'min' | 'max', left: string, right: string): string {
  if (op === 'min') return `(${left} < ${right} -> ${left} : ${right})`;
  if (op === 'max') return `(${left} < ${right} -> ${right} : ${left})`;
  return `(${left} ${OPERATOR[op]} ${right})`;
}

/** Nodes of an expression with its quantifiers written out; infinite where it can't be one expression of Promela. */
function weight(expr: Expr): number {
  switch (expr.op) {
    case 'const':
    case 'local':
      return 1;
    case 'read':
      return indicesOf(expr.place).reduce((sum, index) => sum + weight(index), 1);
    case 'not':
    case 'wrap':
      return 1 + weight(expr.arg);
    case 'unwrap':
      return expr.site >= 0 ? Number.POSITIVE_INFINITY : 1 + weight(expr.arg);
    case 'ite':
      return 1 + weight(expr.cond) + weight(expr.then) + weight(expr.else);
    case 'min':
    case 'max':
      return 1 + 2 * (weight(expr.left) + weight(expr.right));
    case 'some':
    case 'every':
    case 'count':
    case 'first':
      return 1 + expr.size * weight(expr.body);
    case 'call':
      return Number.POSITIVE_INFINITY;
    default:
      return 1 + weight(expr.left) + weight(expr.right);
  }
}

/** Whether an expression can stand as it is, in a guard for instance. */
export function isExpression(expr: Expr): boolean {
  return weight(expr) <= WRITTEN_OUT;
}
