/**
 * *Antecedents*: an invariant that says "if A then B" says nothing where A is never true. For each implication in the invariants of a
 * program this makes the same invariant with "false" in the place of B; where that holds as well, in every state, B was never asked for.
 *
 *   ¬A ∨ B, ¬(A ∧ ¬B), A ? B : C, `if (A) return B;`       also below `every`, beside other conjuncts, and inside of called functions
 *
 * "Or" has no direction: which side is the condition is taken from the order in which it is written, and the last part is what follows.
 */
import { and, bool, ite, not, or } from '../compile/fold.ts';
import type { Expr, Fn, Program, Stmt } from '../compile/ir.ts';
import { printExpression } from './print.ts';

/** One implication of an invariant. */
export interface Antecedent {
  /** The invariant. */
  readonly id: string;
  /** The condition, for people. */
  readonly text: string;
  /** The invariant with nothing left to follow from the condition: true in every state in which the condition isn't met. */
  readonly fn: number;
}

/** The program with more functions, and the implications that they are for. */
export function withAntecedents(program: Program, ids: readonly string[]): { program: Program; antecedents: readonly Antecedent[] } {
  const functions = [...program.functions];
  const maker = new Maker(program, functions);
  const antecedents = program.invariants
    .filter(({ id }) => ids.includes(id))
    .flatMap(({ id, fn }) => maker.ofFunction(fn).map(({ text, fn: weaker }): Antecedent => ({ id, text, fn: weaker })));
  return { program: { ...program, functions }, antecedents };
}

/** What is left of an expression when one consequent is false. */
interface Left<Part> {
  readonly text: string;
  readonly left: Part;
}

class Maker {
  readonly #program: Program;
  readonly #functions: Fn[];

  constructor(program: Program, functions: Fn[]) {
    this.#program = program;
    this.#functions = functions;
  }

  ofFunction(index: number): readonly { readonly text: string; readonly fn: number }[] {
    const fn = this.#program.functions[index];
    if (fn === undefined || fn.mutates || fn.returns?.kind !== 'bool') return [];
    return this.#ofBody(fn.body, fn).map(({ text, left }) => ({ text, fn: this.#functions.push({ ...fn, body: left }) - 1 }));
  }

  #ofBody(body: readonly Stmt[], fn: Fn): readonly Left<readonly Stmt[]>[] {
    return body.flatMap((stmt, at) => this.#ofStatement(stmt, fn).map(({ text, left }) => ({ text, left: body.with(at, left) })));
  }

  #ofStatement(stmt: Stmt, fn: Fn): readonly Left<Stmt>[] {
    switch (stmt.op) {
      case 'return':
        return stmt.value === null ? [] : this.#of(stmt.value, fn).map(({ text, left }) => ({ text, left: { ...stmt, value: left } }));
      case 'if': {
        const branch = (cond: Expr, body: readonly Stmt[], put: (body: readonly Stmt[]) => Stmt): readonly Left<Stmt>[] => [
          ...(returnsTrueAtTimes(body) ? [{ text: this.#print(cond, fn), left: put([{ op: 'return', value: bool(false) }]) }] : []),
          ...this.#ofBody(body, fn).map(({ text, left }) => ({ text, left: put(left) })),
        ];
        return [
          ...branch(stmt.cond, stmt.then, (then) => ({ ...stmt, then })),
          ...branch(not(stmt.cond), stmt.else, (otherwise) => ({ ...stmt, else: otherwise })),
        ];
      }
      default:
        return [];
    }
  }

  #of(expr: Expr, fn: Fn): readonly Left<Expr>[] {
    if (expr.type.kind !== 'bool') return [];
    switch (expr.op) {
      case 'and':
        return [
          ...this.#of(expr.left, fn).map(({ text, left }) => ({ text, left: and(left, expr.right) })),
          ...this.#of(expr.right, fn).map(({ text, left }) => ({ text, left: and(expr.left, left) })),
        ];
      case 'or':
        if (isMembership(expr)) return [];
        return [
          { text: this.#print(not(expr.left), fn), left: expr.left },
          ...this.#of(expr.right, fn).map(({ text, left }) => ({ text, left: or(expr.left, left) })),
        ];
      case 'ite':
        return [
          { text: this.#print(expr.cond, fn), left: ite(expr.cond, bool(false), expr.else, expr.type) },
          { text: this.#print(not(expr.cond), fn), left: ite(expr.cond, expr.then, bool(false), expr.type) },
        ];
      case 'every':
        return this.#of(expr.body, fn).map(({ text, left }) => ({ text, left: { ...expr, body: left } }));
      case 'not':
        return this.#ofNot(expr.arg, fn);
      case 'call':
        return this.ofFunction(expr.fn).map(({ text, fn: called }) => ({ text, left: { ...expr, fn: called } }));
      default:
        return [];
    }
  }

  /** By De Morgan: ¬(a ∧ b) is "if a then not b". */
  #ofNot(arg: Expr, fn: Fn): readonly Left<Expr>[] {
    switch (arg.op) {
      case 'and':
        return [{ text: this.#print(arg.left, fn), left: not(arg.left) }];
      case 'or':
        return this.#of(and(not(arg.left), not(arg.right)), fn);
      case 'some':
        return this.#of({ ...arg, op: 'every', body: not(arg.body) }, fn);
      default:
        return [];
    }
  }

  #print(expr: Expr, fn: Fn): string {
    return printExpression(this.#program, fn, expr);
  }
}

/** `x === 'a' || x === 'b'` says of one thing what it may be; there is no condition in it. */
function isMembership(expr: Expr): boolean {
  const parts = (e: Expr): readonly Expr[] => (e.op === 'or' ? [...parts(e.left), ...parts(e.right)] : [e]);
  const subjects = new Set(parts(expr).map((e) => (e.op === 'eq' && e.right.op === 'const' ? JSON.stringify(e.left) : '')));
  return subjects.size === 1 && !subjects.has('');
}

/** Whether the branch ends with a result that could be true. */
function returnsTrueAtTimes(body: readonly Stmt[]): boolean {
  const last = body.at(-1);
  return last?.op === 'return' && last.value !== null && !(last.value.op === 'const' && last.value.value === 0);
}
