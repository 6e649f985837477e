/**
 * *Safety* of an expression: that evaluating it breaks no bound, whatever the state. It is read off the text, so it is a promise where it
 * is given and says nothing where it isn't: an id that may be null is safe behind a test for null of the same expression, as in
 * `so !== null && s.sockets[so].open`.
 */
import type { Expr, Program, Stmt } from './ir.ts';
import { bodiesOf, expressionsOf, mapChildren } from './walk.ts';

/** Texts of the expressions that are known not to be null where one stands. */
type Known = ReadonlySet<string>;

const NOTHING: Known = new Set();

export function breaksNoBound(program: Program, expr: Expr): boolean {
  return new Safety(program).isSafe(expr, NOTHING);
}

class Safety {
  readonly #program: Program;
  /** Functions do not call themselves: each is looked at once. */
  readonly #functions = new Map<number, boolean>();

  constructor(program: Program) {
    this.#program = program;
  }

  isSafe(expr: Expr, known: Known): boolean {
    switch (expr.op) {
      case 'unwrap':
        return (expr.site < 0 || known.has(textOf(expr.arg))) && this.isSafe(expr.arg, known);
      case 'and':
        return this.isSafe(expr.left, known) && this.isSafe(expr.right, withAll(known, present(expr.left, true)));
      case 'or':
        return this.isSafe(expr.left, known) && this.isSafe(expr.right, withAll(known, present(expr.left, false)));
      case 'ite':
        return (
          this.isSafe(expr.cond, known) &&
          this.isSafe(expr.then, withAll(known, present(expr.cond, true))) &&
          this.isSafe(expr.else, withAll(known, present(expr.cond, false)))
        );
      case 'call':
        return expr.args.every((arg) => this.isSafe(arg, known)) && this.#isSafeFunction(expr.fn);
      default: {
        let safe = true;
        mapChildren(expr, (child) => {
          safe &&= this.isSafe(child, known);
          return child;
        });
        return safe;
      }
    }
  }

  /** Parameters may be anything: what is known of arguments is not known of them. */
  #isSafeFunction(index: number): boolean {
    const before = this.#functions.get(index);
    if (before !== undefined) return before;
    const safe = this.#program.functions[index]?.body.every((stmt) => this.#isSafeStatement(stmt)) === true;
    this.#functions.set(index, safe);
    return safe;
  }

  #isSafeStatement(stmt: Stmt): boolean {
    if ((stmt.op === 'set' || stmt.op === 'write') && stmt.site >= 0) return false;
    if (stmt.op === 'call' && !this.#isSafeFunction(stmt.fn)) return false;
    return (
      expressionsOf(stmt).every((expr) => this.isSafe(expr, NOTHING)) &&
      bodiesOf(stmt).every((body) => body.every((inner) => this.#isSafeStatement(inner)))
    );
  }
}

/** Expressions that are not null where the condition has this value. */
function present(cond: Expr, value: boolean): readonly string[] {
  switch (cond.op) {
    case 'not':
      return present(cond.arg, !value);
    case 'and':
      return value ? [...present(cond.left, true), ...present(cond.right, true)] : [];
    case 'or':
      return value ? [] : [...present(cond.left, false), ...present(cond.right, false)];
    case 'eq':
    case 'ne':
      // An id that may be null is 0 where it is.
      if ((cond.op === 'ne') !== value) return [];
      return [...(isNull(cond.right) ? [textOf(cond.left)] : []), ...(isNull(cond.left) ? [textOf(cond.right)] : [])];
    default:
      return [];
  }
}

function isNull({ op, type, ...rest }: Expr): boolean {
  return op === 'const' && type.kind === 'id' && type.nullable && 'value' in rest && rest.value === 0;
}

/** Expressions have no effects: two with one text have one value. */
function textOf(expr: Expr): string {
  return JSON.stringify(expr, (key, value: unknown) => (key === 'site' ? 0 : value));
}

function withAll(known: Known, more: readonly string[]): Known {
  return more.length === 0 ? known : new Set([...known, ...more]);
}
