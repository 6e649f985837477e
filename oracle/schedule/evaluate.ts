/**
 * *Evaluation* of the expressions of implementation code, one node at a time, for the interpreter.
 */
import type { Int } from '../compile/ir-impl.ts';

/** What an expression needs besides locals. */
export interface Surroundings {
  /** A word that never changes once memory is shared. */
  readonly fixed: (at: number) => number;
  /** A function that touches no shared memory, by its number. */
  readonly call: (fn: number, args: readonly number[]) => number;
}

export function evaluate(expr: Int, locals: readonly number[], around: Surroundings): number {
  const of = (inner: Int): number => evaluate(inner, locals, around);
  switch (expr.op) {
    case 'const':
      return expr.value;
    case 'local':
      return locals[expr.local] ?? 0;
    case 'unary':
      return expr.operator === '-' ? -of(expr.arg) : expr.operator === '~' ? ~of(expr.arg) : Number(of(expr.arg) === 0);
    case 'binary':
      return binary(expr.operator, of(expr.left), of(expr.right));
    case 'and':
      return Number(of(expr.left) !== 0 && of(expr.right) !== 0);
    case 'or':
      return Number(of(expr.left) !== 0 || of(expr.right) !== 0);
    case 'choose':
      return of(expr.cond) !== 0 ? of(expr.then) : of(expr.else);
    case 'math':
      return Math[expr.name](...(expr.args.map(of) as [number, number]));
    case 'fixed':
      return around.fixed(of(expr.at));
    case 'call':
      return around.call(expr.fn, expr.args.map(of));
  }
}

function binary(operator: Extract<Int, { op: 'binary' }>['operator'], left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    case '&':
      return left & right;
    case '|':
      return left | right;
    case '^':
      return left ^ right;
    case '<<':
      return left << right;
    case '>>':
      return left >> right;
    case '>>>':
      return left >>> right;
    case '===':
      return Number(left === right);
    case '!==':
      return Number(left !== right);
    case '<':
      return Number(left < right);
    case '<=':
      return Number(left <= right);
    case '>':
      return Number(left > right);
    case '>=':
      return Number(left >= right);
  }
}
