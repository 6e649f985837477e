/**
 * *Interchangeable* members of an agent: if nothing in a model tells one thread from another, what is shown of the steps of one is
 * shown of all. The source decides, by the discipline of scalarsets: an id of the agent may be compared for equality with another,
 * index a table, be passed on and be stored; it may not be a literal, be ordered, counted with, be the first of those that …, or
 * be run through by a loop that writes. Then exchanging two members in a whole run gives a run again, and every predicate says
 * the same of both. What is not seen to follow the discipline counts as not interchangeable, which costs time and nothing else.
 *
 * Three more things could tell members apart without any of these, and are looked for:
 *   - the initial state. It is 0 everywhere, and 0 is "no member" only where that is a value (`WorkerId | null`); a field that
 *     always holds a member begins with the first of them.
 *   - the order in which `some` and `every` look at members, if one they look at early keeps them from one that breaks a bound.
 *   - another agent whose members have the same ids: to exchange two of one is to exchange two of the other.
 */
import type { Expr, Fn, Place, Program, Stmt, Type } from '../compile/ir.ts';
import { breaksNoBound } from '../compile/safety.ts';

/** What exchanging two members of an agent exchanges besides their frames. */
export interface Symmetry {
  /** The kind of their ids. */
  readonly kind: string;
  /** Paths of the tables that have an element for each member: `.threads`, `.sockets[].waiting`. */
  readonly tables: ReadonlySet<string>;
}

/** Whether the members of the agent can't be told from each other, and how they are exchanged; null: they may be told apart. */
export function symmetryOf(program: Program, agent: number): Symmetry | null {
  const kind = kindOf(program, agent);
  if (kind === null || program.agents.some((_, other) => other !== agent && kindsOf(program, other).has(kind))) return null;
  if (!startsAlike(program.state, kind, false)) return null;
  const discipline = new Discipline(program, kind);
  if (!program.functions.every((fn) => discipline.follows(fn)) || !discipline.tablesAreApart()) return null;
  return { kind, tables: discipline.tables() };
}

export function interchangeable(program: Program, agent: number): boolean {
  return symmetryOf(program, agent) !== null;
}

/** Whether no place of this type can hold a member from the beginning: as 0 where null has no code, or as configuration. */
function startsAlike(type: Type, kind: string, fixed: boolean): boolean {
  switch (type.kind) {
    case 'record':
      return type.fields.every((field) => startsAlike(field.type, kind, fixed || field.fixed));
    case 'table':
    case 'seq':
      return startsAlike(type.element, kind, fixed);
    case 'id':
      return type.of !== kind || (type.nullable && !fixed);
    default:
      return true;
  }
}

/** The kind of id that all procedures of the agent get as `who`, or null. */
function kindOf(program: Program, agent: number): string | null {
  const kinds = kindsOf(program, agent);
  const [kind] = kinds;
  return kinds.size === 1 && kind !== undefined && kind !== '' ? kind : null;
}

function kindsOf(program: Program, agent: number): ReadonlySet<string> {
  return new Set(
    (program.agents[agent]?.procedures ?? []).map(({ fn }) => {
      const type = program.functions[fn]?.locals[0]?.type;
      return type?.kind === 'id' ? type.of : '';
    }),
  );
}

class Discipline {
  readonly #program: Program;
  readonly #kind: string;
  /** The function that is looked at. */
  #fn: Fn | null = null;
  /** By path of a table: the kinds of what it is indexed with. */
  readonly #tables = new Map<string, Set<string>>();

  constructor(program: Program, kind: string) {
    this.#program = program;
    this.#kind = kind;
  }

  /** A table that is indexed by members is indexed by nothing else. */
  tablesAreApart(): boolean {
    return [...this.#tables.values()].every((kinds) => kinds.size === 1 || !kinds.has(this.#kind));
  }

  tables(): ReadonlySet<string> {
    return new Set([...this.#tables].filter(([, kinds]) => kinds.has(this.#kind)).map(([path]) => path));
  }

  follows(fn: Fn): boolean {
    this.#fn = fn;
    return this.#statements(fn.body, fn);
  }

  #statements(body: readonly Stmt[], fn: Fn): boolean {
    return body.every((stmt) => this.#statement(stmt, fn));
  }

  #statement(stmt: Stmt, fn: Fn): boolean {
    switch (stmt.op) {
      case 'set':
        return this.#expression(stmt.value) && this.#same(stmt.value.type, fn.locals[stmt.local]?.type);
      case 'write':
        return this.#place(stmt.place) && this.#expression(stmt.value) && this.#same(stmt.value.type, stmt.place.type);
      case 'if':
        return this.#expression(stmt.cond) && this.#statements(stmt.then, fn) && this.#statements(stmt.else, fn);
      case 'for':
        // In which order the members come could be seen from what the loop writes.
        return !this.#isMember(fn.locals[stmt.local]?.type) && this.#statements(stmt.body, fn);
      case 'while':
        return this.#expression(stmt.cond) && this.#statements(stmt.body, fn);
      case 'return':
        return stmt.value === null || (this.#expression(stmt.value) && this.#same(stmt.value.type, fn.returns ?? undefined));
      case 'call':
      case 'delegate':
        return (
          this.#arguments(stmt.fn, stmt.args) &&
          (stmt.result < 0 || this.#same(this.#program.functions[stmt.fn]?.returns ?? undefined, fn.locals[stmt.result]?.type))
        );
      case 'pause':
        return stmt.until === null || this.#expression(stmt.until);
      case 'when':
        return this.#expression(stmt.cond);
      case 'break':
      case 'continue':
      case 'rule':
        return true;
    }
  }

  #expression(expr: Expr): boolean {
    switch (expr.op) {
      case 'const':
        // "No member" is the same for all of them; any other literal is one of them.
        return !this.#isMember(expr.type) || (expr.type.kind === 'id' && expr.type.nullable && expr.value === 0);
      case 'local':
        return true;
      case 'read':
        return this.#place(expr.place);
      case 'not':
        return this.#expression(expr.arg);
      case 'unwrap':
      case 'wrap':
        return this.#expression(expr.arg) && this.#same(expr.arg.type, expr.type);
      case 'eq':
      case 'ne':
        return this.#expression(expr.left) && this.#expression(expr.right) && this.#same(expr.left.type, expr.right.type);
      case 'and':
      case 'or':
      case 'lt':
      case 'le':
      case 'add':
      case 'sub':
      case 'mul':
      case 'min':
      case 'max':
        // The sum of a number and 0 is how a number becomes an id.
        return !this.#isMember(expr.type) && [expr.left, expr.right].every((side) => !this.#isMember(side.type) && this.#expression(side));
      case 'ite':
        return (
          this.#expression(expr.cond) && [expr.then, expr.else].every((side) => this.#expression(side) && this.#same(side.type, expr.type))
        );
      case 'some':
      case 'every': {
        const overMembers = this.#isMember(this.#fn?.locals[expr.local]?.type);
        return (!overMembers || breaksNoBound(this.#program, expr.body)) && this.#expression(expr.body);
      }
      case 'count':
        // All are looked at, in whatever order.
        return this.#expression(expr.body);
      case 'first':
        // Which of several is the first depends on their order.
        return !this.#isMember(expr.type) && this.#expression(expr.body);
      case 'call':
        return this.#arguments(expr.fn, expr.args);
    }
  }

  #arguments(callee: number, args: readonly Expr[]): boolean {
    const { locals = [] } = this.#program.functions[callee] ?? {};
    return args.every((arg, index) => this.#expression(arg) && this.#same(arg.type, locals[index]?.type));
  }

  #place(place: Place): boolean {
    let path = '';
    return place.steps.every((step) => {
      if ('field' in step) {
        path += `.${step.field}`;
        return true;
      }
      const kinds = this.#tables.get(path) ?? new Set();
      kinds.add(step.index.type.kind === 'id' ? step.index.type.of : 'number');
      this.#tables.set(path, kinds);
      path += '[]';
      return this.#expression(step.index);
    });
  }

  /** A member stays one, and nothing else becomes one. */
  #same(a: Type | undefined, b: Type | undefined): boolean {
    return this.#isMember(a) === this.#isMember(b);
  }

  #isMember(type: Type | undefined): boolean {
    return type?.kind === 'id' && type.of === this.#kind;
  }
}
