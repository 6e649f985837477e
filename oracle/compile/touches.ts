/**
 * What a piece of a program *touches*: the cells of the state that it may read and those that it may write, by path (all elements of a
 * table are one cell). What a step does not write, whoever looks at nothing else sees unchanged.
 */
import type { Expr, Program, Stmt } from './ir.ts';
import { pathOf } from './possible.ts';
import { expressionsOf, forEachExpr, forEachStmt } from './walk.ts';

export interface Touched {
  readonly reads: ReadonlySet<string>;
  readonly writes: ReadonlySet<string>;
}

export class Touches {
  readonly #program: Program;
  readonly #functions = new Map<number, Touched>();

  constructor(program: Program) {
    this.#program = program;
  }

  /** By a call of the function. */
  ofFunction(fn: number): Touched {
    const known = this.#functions.get(fn);
    if (known !== undefined) return known;
    const touched = this.ofBody(this.#program.functions[fn]?.body ?? []);
    this.#functions.set(fn, touched);
    return touched;
  }

  ofBody(body: readonly Stmt[]): Touched {
    const reads = new Set<string>();
    const writes = new Set<string>();
    const add = (touched: Touched): void => {
      for (const path of touched.reads) reads.add(path);
      for (const path of touched.writes) writes.add(path);
    };
    forEachStmt(body, (stmt) => {
      if (stmt.op === 'write') writes.add(pathOf(stmt.place));
      if (stmt.op === 'call' || stmt.op === 'delegate') add(this.ofFunction(stmt.fn));
      for (const expr of expressionsOf(stmt)) add(this.ofExpression(expr));
    });
    return { reads, writes };
  }

  ofExpression(expr: Expr): Touched {
    const reads = new Set<string>();
    forEachExpr(expr, (each) => {
      if (each.op === 'read') reads.add(pathOf(each.place));
      // A call in an expression only reads.
      if (each.op === 'call') for (const path of this.ofFunction(each.fn).reads) reads.add(path);
    });
    return { reads, writes: new Set() };
  }
}
