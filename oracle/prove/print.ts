/** Expressions of the IR as a person would write them: for reports that speak of a part of an invariant. */
import { unreachable } from '../compile/errors.ts';
import type { Expr, Fn, Place, Program } from '../compile/ir.ts';
import { decodeScalar } from '../compile/values.ts';

const OPERATORS = {
  and: '&&',
  or: '||',
  eq: '===',
  ne: '!==',
  lt: '<',
  le: '<=',
  add: '+',
  sub: '-',
  mul: '*',
} as const;

export function printExpression(program: Program, fn: Fn, expr: Expr): string {
  const print = (inner: Expr): string => printExpression(program, fn, inner);
  const operand = (inner: Expr): string => (bindsLess(inner, expr) ? `(${print(inner)})` : print(inner));
  const name = (local: number): string => fn.locals[local]?.name ?? '?';
  switch (expr.op) {
    case 'const':
      return literal(decodeScalar(expr.type, expr.value));
    case 'local':
      return name(expr.local);
    case 'read':
      return printPlace(expr.place, print);
    case 'not':
      return `!${operand(expr.arg)}`;
    case 'and':
    case 'or':
    case 'eq':
    case 'ne':
    case 'lt':
    case 'le':
    case 'add':
    case 'sub':
    case 'mul':
      return `${operand(expr.left)} ${OPERATORS[expr.op]} ${operand(expr.right)}`;
    case 'min':
    case 'max':
      return `${expr.op}(${print(expr.left)}, ${print(expr.right)})`;
    case 'ite':
      return `${operand(expr.cond)} ? ${operand(expr.then)} : ${operand(expr.else)}`;
    case 'unwrap':
    case 'wrap':
      // The difference between an id and one that may be null is not one of the source.
      return print(expr.arg);
    case 'some':
    case 'every':
    case 'count':
    case 'first':
      return `${expr.op}(${name(expr.local)} => ${print(expr.body)})`;
    case 'call':
      return `${program.functions[expr.fn]?.name ?? '?'}(${expr.args.map(print).join(', ')})`;
    default:
      return unreachable(expr);
  }
}

/** Whether an operand needs parentheses: `&&` and `||` want none around comparisons, nor around more of the same. */
function bindsLess(inner: Expr, outer: Expr): boolean {
  if (inner.op === 'ite') return true;
  if (!(inner.op in OPERATORS)) return false;
  const joins = (op: string): boolean => op === 'and' || op === 'or';
  return joins(outer.op) ? joins(inner.op) && inner.op !== outer.op : outer.op in OPERATORS || outer.op === 'not' || outer.op === 'ite';
}

function printPlace(place: Place, print: (expr: Expr) => string): string {
  return place.steps
    .map((step) =>
      'field' in step ? (step.sequence === true && step.field === 'items' ? '' : `.${step.field}`) : `[${print(step.index)}]`,
    )
    .join('')
    .replace(/^\./, '');
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
