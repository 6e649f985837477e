/**
 * State that is *unread*: cells that no guard, no branch, no index and no property depends on, directly or through other cells and
 * locals. What a call returned is of that kind: the caller is told, and the specification never looks at it again. Writes to such
 * cells are dropped, and the cells with them, so that states which can't behave differently are one state.
 *
 * Two states of the whole program that agree on the cells that are read allow the same steps, to states that agree again, break the same
 * bounds and satisfy the same properties. (A write that can break a bound is read: by the bound.) So what holds of the program without
 * them holds of the program, and its runs are runs of the program.
 */
import { isDeepStrictEqual } from 'node:util';
import { unreachable } from './errors.ts';
import { mayFault } from './fold.ts';
import type { Expr, Fn, Place, Program, RecordType, Stmt, Type } from './ir.ts';
import { pathOf } from './possible.ts';
import { prune } from './prune.ts';
import { expressionsOf, flatMapped, forEachExpr, forEachStmt, mapped, rebuilt } from './walk.ts';

/** The program without what is unread. */
export function dropUnread(program: Program): Program {
  for (let before = program; ; ) {
    const after = prune(new Reading(before).dropped());
    if (isDeepStrictEqual(after, before)) return before;
    before = after;
  }
}

class Reading {
  readonly #program: Program;
  /** Paths of cells, and locals as `function:local`, that something depends on. */
  readonly #read = new Set<string>();
  /** Functions that only compute: a call for the effect of one has none. */
  readonly #pure: ReadonlySet<number>;
  /** By the path of its length and of its items, the path of a sequence. */
  readonly #sequences: ReadonlyMap<string, string>;
  #changed = false;

  constructor(program: Program) {
    this.#program = program;
    this.#pure = pureFunctions(program);
    this.#sequences = new Map(
      sequencesIn(program.state, '').flatMap((path) => [
        [`${path}.length`, path],
        [`${path}.items[]`, path],
      ]),
    );
    for (const { fn } of [...program.invariants, ...program.lemmas]) this.#need(`${fn}:return`);
    for (const { whenever, eventually } of program.promises) for (const fn of [whenever, eventually]) this.#need(`${fn}:return`);
    do {
      this.#changed = false;
      for (const [index, fn] of program.functions.entries()) forEachStmt(fn.body, (stmt) => this.#statement(index, stmt));
    } while (this.#changed);
  }

  #cell(place: Place): string {
    const path = pathOf(place);
    return this.#sequences.get(path) ?? path;
  }

  #need(what: string): void {
    if (this.#read.has(what)) return;
    this.#read.add(what);
    this.#changed = true;
  }

  #isRead(what: string): boolean {
    return this.#read.has(what);
  }

  /** What the statement depends on, as far as something depends on it. */
  #statement(fn: number, stmt: Stmt): void {
    switch (stmt.op) {
      case 'write': {
        const path = this.#cell(stmt.place);
        if (stmt.site >= 0 || mayFault(stmt.value) || stmt.place.steps.some((step) => !('field' in step) && mayFault(step.index)))
          this.#need(path);
        if (this.#isRead(path)) for (const expr of expressionsOf(stmt)) this.#expression(fn, expr);
        return;
      }
      case 'set': {
        const local = `${fn}:${stmt.local}`;
        if (stmt.site >= 0 || mayFault(stmt.value)) this.#need(local);
        if (this.#isRead(local)) this.#expression(fn, stmt.value);
        return;
      }
      case 'return':
        if (stmt.value === null) return;
        if (mayFault(stmt.value)) this.#need(`${fn}:return`);
        if (this.#isRead(`${fn}:return`)) this.#expression(fn, stmt.value);
        return;
      case 'call':
      case 'delegate':
        if (stmt.result >= 0 && this.#isRead(`${fn}:${stmt.result}`)) this.#need(`${stmt.fn}:return`);
        this.#arguments(fn, stmt.fn, stmt.args);
        return;
      case 'if':
      case 'while':
      case 'when':
      case 'pause':
        for (const expr of expressionsOf(stmt)) this.#expression(fn, expr);
        return;
      case 'for':
      case 'break':
      case 'continue':
      case 'rule':
        return;
      default:
        unreachable(stmt);
    }
  }

  #expression(fn: number, expr: Expr): void {
    forEachExpr(expr, (each) => {
      if (each.op === 'local') this.#need(`${fn}:${each.local}`);
      else if (each.op === 'read') this.#need(this.#cell(each.place));
      else if (each.op === 'call') {
        this.#need(`${each.fn}:return`);
        this.#arguments(fn, each.fn, each.args);
      }
    });
  }

  #arguments(fn: number, callee: number, args: readonly Expr[]): void {
    for (const [index, arg] of args.entries()) {
      if (mayFault(arg)) this.#need(`${callee}:${index}`);
      if (this.#isRead(`${callee}:${index}`)) this.#expression(fn, arg);
    }
  }

  dropped(): Program {
    const { state, functions } = this.#program;
    return {
      ...this.#program,
      state: this.#fields(state, ''),
      functions: functions.map(
        (fn, index): Fn => rebuilt(fn, { returns: this.#isRead(`${index}:return`) ? fn.returns : null, body: this.#body(index, fn.body) }),
      ),
    };
  }

  #body(fn: number, body: readonly Stmt[]): readonly Stmt[] {
    return flatMapped(body, (stmt) => this.#kept(fn, stmt));
  }

  #kept(fn: number, stmt: Stmt): readonly Stmt[] {
    switch (stmt.op) {
      case 'write':
        return this.#isRead(this.#cell(stmt.place)) ? [stmt] : [];
      case 'set':
        return this.#isRead(`${fn}:${stmt.local}`) ? [stmt] : [];
      case 'return':
        return [this.#isRead(`${fn}:return`) ? stmt : rebuilt(stmt, { value: null })];
      case 'call':
      case 'delegate': {
        const result = stmt.result >= 0 && this.#isRead(`${fn}:${stmt.result}`) ? stmt.result : -1;
        if (result < 0 && this.#pure.has(stmt.fn)) return [];
        const args = mapped(stmt.args, (arg, index) => (this.#isRead(`${stmt.fn}:${index}`) ? arg : zero(arg)));
        return [rebuilt(stmt, { result, args })];
      }
      case 'if': {
        const [then, otherwise] = [this.#body(fn, stmt.then), this.#body(fn, stmt.else)];
        return then.length + otherwise.length === 0 && !mayFault(stmt.cond) ? [] : [rebuilt(stmt, { then, else: otherwise })];
      }
      case 'for': {
        const body = this.#body(fn, stmt.body);
        return body.length === 0 ? [] : [rebuilt(stmt, { body })];
      }
      case 'while':
        return [rebuilt(stmt, { body: this.#body(fn, stmt.body) })];
      case 'when':
      case 'pause':
      case 'break':
      case 'continue':
      case 'rule':
        return [stmt];
      default:
        return unreachable(stmt);
    }
  }

  /** The record with the fields of which something is read. */
  #fields(record: RecordType, path: string): RecordType {
    return {
      ...record,
      fields: record.fields.flatMap((field) => {
        const type = this.#type(field.type, `${path}.${field.name}`);
        return type === null ? [] : [{ ...field, type }];
      }),
    };
  }

  #type(type: Type, path: string): Type | null {
    switch (type.kind) {
      case 'record': {
        const record = this.#fields(type, path);
        return record.fields.length === 0 ? null : record;
      }
      case 'table': {
        const element = this.#type(type.element, `${path}[]`);
        return element === null ? null : { ...type, element };
      }
      default:
        return this.#isRead(path) ? type : null;
    }
  }
}

/** The paths of all sequences. A sequence is one cell: its length and its items go together. */
function sequencesIn(type: Type, path: string): readonly string[] {
  switch (type.kind) {
    case 'record':
      return type.fields.flatMap((field) => sequencesIn(field.type, `${path}.${field.name}`));
    case 'table':
      return sequencesIn(type.element, `${path}[]`);
    case 'seq':
      return [path];
    default:
      return [];
  }
}

/** Something in the place of a value that nobody looks at. */
function zero(expr: Expr): Expr {
  const { type } = expr;
  const value = type.kind === 'int' ? Math.min(Math.max(0, type.lo), type.hi) : 0;
  return { op: 'const', type, value };
}

/** Functions that write nothing, apply no rule, break no bound, and do not pause. */
function pureFunctions(program: Program): ReadonlySet<number> {
  const impure = new Set<number>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const [index, fn] of program.functions.entries()) {
      if (impure.has(index)) continue;
      let effect = false;
      forEachStmt(fn.body, (stmt) => {
        if (stmt.op === 'write' || stmt.op === 'rule' || stmt.op === 'pause' || stmt.op === 'when' || stmt.op === 'while') effect = true;
        if (stmt.op === 'set' && stmt.site >= 0) effect = true;
        if ((stmt.op === 'call' || stmt.op === 'delegate') && impure.has(stmt.fn)) effect = true;
        for (const expr of expressionsOf(stmt)) {
          forEachExpr(expr, (each) => {
            if (each.op === 'unwrap' && each.site >= 0) effect = true;
            if (each.op === 'call' && impure.has(each.fn)) effect = true;
          });
        }
      });
      if (effect) {
        impure.add(index);
        changed = true;
      }
    }
  }
  return new Set([...program.functions.keys()].filter((fn) => !impure.has(fn)));
}
