/**
 * The *discipline of scalarsets*: members of a kind (threads, sockets) can't be told from each other where their ids are only compared for
 * equality, used as indices, passed on and stored; never a literal, never ordered or counted with, and never run through by a loop whose
 * order could be seen (commute.ts). Then exchanging two members in a whole run gives a run again, and every predicate says the same of both. It is read off the
 * source: what is not seen to follow the discipline counts as not following it.
 */
import { commutes } from './commute.ts';
import type { Expr, Fn, Place, Program, Stmt, Type } from './ir.ts';
import { breaksNoBound } from './safety.ts';
import { expressionsOf, forEachExpr, forEachLocal, forEachStmt } from './walk.ts';

/**
 * Whether no place of this type can hold a member from the beginning: as 0 where null has no code, or as configuration. What lies beyond
 * the end of a sequence is 0 as well: whoever exchanges members must leave it alone, and says so by `sequences`.
 */
export function startsAlike(type: Type, kind: string, fixed: boolean, sequences = false): boolean {
  switch (type.kind) {
    case 'record':
      return type.fields.every((field) => startsAlike(field.type, kind, fixed || field.fixed, sequences));
    case 'seq':
      return (sequences && !fixed) || startsAlike(type.element, kind, fixed);
    case 'table':
      return startsAlike(type.element, kind, fixed, sequences);
    case 'id':
      return type.of !== kind || (type.nullable && !fixed);
    default:
      return true;
  }
}

/**
 * Whether whatever holds ids of this kind can hold all of them, and tables that they index (by their paths) have an element for each and no
 * more: what has room for some tells these from the others.
 */
export function isWhole(program: Program, kind: string, tables: ReadonlySet<string>): boolean {
  const sizes = new Set<number>();
  const look = (type: Type, path = ''): void => {
    if (type.kind === 'record') for (const field of type.fields) look(field.type, `${path}.${field.name}`);
    else if (type.kind === 'table' || type.kind === 'seq') look(type.element, `${path}[]`);
    else if (type.kind === 'id' && type.of === kind) sizes.add(type.size);
    if (type.kind === 'table' && tables.has(path)) sizes.add(type.size);
  };
  look(program.state);
  for (const { locals, returns, body } of program.functions) {
    for (const { type } of [...locals, ...(returns === null ? [] : [{ type: returns }])]) look(type);
    forEachStmt(body, (stmt) => {
      for (const expr of expressionsOf(stmt)) forEachExpr(expr, ({ type }) => look(type));
    });
  }
  return sizes.size <= 1;
}

/** What in a function does not follow the discipline. */
export interface Breach {
  /** The expression in which it is; null: it is no expression. */
  readonly expr: Expr | null;
  readonly why: string;
  /** What to write instead. */
  readonly instead: string;
}

export class Discipline {
  readonly #program: Program;
  readonly #kind: string;
  /** The function that is looked at. */
  #fn: Fn | null = null;
  /** The expression in which the one that is looked at stands. */
  #outer: Expr | null = null;
  #breach: Breach | null = null;
  readonly #choosers = new Map<number, boolean>();
  readonly #readLocals = new Map<number, ReadonlySet<number>>();
  /** By path of a table: the kinds of what it is indexed with. */
  readonly #tables = new Map<string, Set<string>>();
  /** By path of a table, where it is first indexed with something else. */
  readonly #otherwise = new Map<string, { readonly fn: Fn; readonly index: Expr }>();

  /** Whether "the first that …" counts as a choice among all that …: whoever says so must follow each of them. */
  #firstIsChoice: boolean;
  /** In how many loops and quantifiers over ids, of whatever kind, what is looked at stands. */
  #rounds = 0;

  constructor(program: Program, kind: string, firstIsChoice = false) {
    this.#program = program;
    this.#kind = kind;
    this.#firstIsChoice = firstIsChoice;
  }

  /** A table that is indexed by members is indexed by nothing else. */
  tablesAreApart(): boolean {
    return [...this.#tables.values()].every((kinds) => kinds.size === 1 || !kinds.has(this.#kind));
  }

  /** One that is: where by something else, and by what. */
  mixedTable(): { readonly path: string; readonly fn: Fn; readonly index: Expr } | null {
    for (const [path, kinds] of this.#tables) {
      const other = this.#otherwise.get(path);
      if (kinds.has(this.#kind) && other !== undefined) return { path, ...other };
    }
    return null;
  }

  tables(): ReadonlySet<string> {
    return new Set([...this.#tables].filter(([, kinds]) => kinds.has(this.#kind)).map(([path]) => path));
  }

  follows(fn: Fn): boolean {
    this.#fn = fn;
    this.#outer = null;
    this.#breach = null;
    return this.#statements(fn.body, fn);
  }

  /** Of the function looked at last, the first thing that doesn't follow. */
  get breach(): Breach | null {
    return this.#breach;
  }

  #statements(body: readonly Stmt[], fn: Fn): boolean {
    return body.every((stmt) => this.#statement(stmt, fn));
  }

  #statement(stmt: Stmt, fn: Fn): boolean {
    const follows = this.#statementFollows(stmt, fn);
    if (follows) return true;
    if (stmt.op === 'for')
      this.#breach ??= {
        expr: null,
        why: 'a loop runs through them, and their order can be seen',
        instead: 'ask with `some`, `every` or `count`, or do it in a step for each',
      };
    else this.#breach ??= { expr: expressionsOf(stmt)[0] ?? null, ...MIXES };
    return false;
  }

  #statementFollows(stmt: Stmt, fn: Fn): boolean {
    switch (stmt.op) {
      case 'set':
        return this.#expression(stmt.value) && this.#same(stmt.value.type, fn.locals[stmt.local]?.type);
      case 'write':
        if (stmt.padding === true) return this.#place(stmt.place);
        return this.#place(stmt.place) && this.#expression(stmt.value) && this.#same(stmt.value.type, stmt.place.type);
      case 'if':
        return this.#expression(stmt.cond) && this.#statements(stmt.then, fn) && this.#statements(stmt.else, fn);
      case 'for':
        return (
          (!this.#isMember(fn.locals[stmt.local]?.type) || commutes(this.#program, stmt)) &&
          this.#inRounds(fn.locals[stmt.local]?.type, () => this.#statements(stmt.body, fn))
        );
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
        return stmt.until === null || this.#guard(stmt.until);
      case 'when':
        if (!this.#guard(stmt.cond)) return false;
        if (!this.#readsChoice(stmt.cond, fn)) return true;
        this.#breach ??= { expr: stmt.cond, ...CHOSEN };
        return false;
      case 'break':
      case 'continue':
      case 'rule':
        return true;
    }
  }

  /** Whether a guard depends on which member was taken for the first: the step would be possible with one, and not with another. */
  #readsChoice(guard: Expr, fn: Fn): boolean {
    if (!this.#firstIsChoice) return false;
    const chosen = new Set<number>();
    const depends = (expr: Expr): boolean => {
      let found = this.#chooses(expr);
      forEachLocal(expr, (local) => {
        found ||= chosen.has(local);
      });
      return found;
    };
    for (let before = -1; before < chosen.size; ) {
      before = chosen.size;
      forEachStmt(fn.body, (stmt) => {
        if (stmt.op === 'set' && depends(stmt.value)) chosen.add(stmt.local);
        if ((stmt.op === 'call' || stmt.op === 'delegate') && stmt.result >= 0 && (this.#isChooser(stmt.fn) || stmt.args.some(depends)))
          chosen.add(stmt.result);
      });
    }
    return depends(guard);
  }

  /** Somewhere in it, or in what it calls, the first of the members is asked for. */
  #chooses(expr: Expr): boolean {
    let found = false;
    forEachExpr(expr, (each) => {
      if (each.op === 'first' && this.#isMember(each.type)) found = true;
      if (each.op === 'call' && this.#isChooser(each.fn)) found = true;
    });
    return found;
  }

  #isChooser(fn: number): boolean {
    const known = this.#choosers.get(fn);
    if (known !== undefined) return known;
    // Functions do not call themselves.
    let found = false;
    forEachStmt(this.#program.functions[fn]?.body ?? [], (stmt) => {
      found ||=
        expressionsOf(stmt).some((expr) => this.#chooses(expr)) ||
        ((stmt.op === 'call' || stmt.op === 'delegate') && this.#isChooser(stmt.fn));
    });
    this.#choosers.set(fn, found);
    return found;
  }

  /** A guard chooses nothing. */
  #guard(expr: Expr): boolean {
    const before = this.#firstIsChoice;
    this.#firstIsChoice = false;
    const follows = this.#expression(expr);
    this.#firstIsChoice = before;
    return follows;
  }

  #expression(expr: Expr): boolean {
    const outer = this.#outer;
    this.#outer = expr;
    const follows = this.#expressionFollows(expr);
    this.#outer = outer;
    if (!follows) this.#breach ??= breachOf(expr, outer);
    return follows;
  }

  #expressionFollows(expr: Expr): boolean {
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
      case 'wrap':
        // Null would become the first of them.
        if (this.#isMember(expr.type) && expr.arg.type.kind === 'id' && expr.arg.type.nullable) return false;
        return this.#expression(expr.arg) && this.#same(expr.arg.type, expr.type);
      case 'unwrap':
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
        const { type } = this.#fn?.locals[expr.local] ?? {};
        return (
          (!this.#isMember(type) || breaksNoBound(this.#program, expr.body)) && this.#inRounds(type, () => this.#expression(expr.body))
        );
      }
      case 'count':
        // All are looked at, in whatever order.
        return this.#inRounds(this.#fn?.locals[expr.local]?.type, () => this.#expression(expr.body));
      case 'first':
        return (
          (!this.#isMember(expr.type) || this.#mayChoose(expr.body)) &&
          this.#inRounds(this.#fn?.locals[expr.local]?.type, () => this.#expression(expr.body))
        );
      case 'call':
        return this.#arguments(expr.fn, expr.args);
    }
  }

  /**
   * Which of several is the first depends on their order, and so does whether a bound is broken before it is found. As a choice it must be one
   * choice: of those that the rounds of a loop make, each would be made for somebody, and exchanging members would exchange the choices.
   */
  #mayChoose(body: Expr): boolean {
    return this.#firstIsChoice && this.#rounds === 0 && breaksNoBound(this.#program, body);
  }

  #inRounds(type: Type | undefined, look: () => boolean): boolean {
    if (type?.kind !== 'id') return look();
    this.#rounds++;
    const follows = look();
    this.#rounds--;
    return follows;
  }

  #arguments(callee: number, args: readonly Expr[]): boolean {
    if (this.#rounds > 0 && this.#isChooser(callee)) return false;
    const { locals = [] } = this.#program.functions[callee] ?? {};
    // What is passed to a parameter that nobody reads is not seen, unless it breaks a bound on its way, or somebody is chosen for it.
    return args.every(
      (arg, index) =>
        (!this.#isRead(callee, index) && !this.#chooses(arg) && breaksNoBound(this.#program, arg)) ||
        (this.#expression(arg) && this.#same(arg.type, locals[index]?.type)),
    );
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
      if (!this.#isMember(step.index.type) && this.#fn !== null && !this.#otherwise.has(path))
        this.#otherwise.set(path, { fn: this.#fn, index: step.index });
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

  #isRead(fn: number, local: number): boolean {
    const known = this.#readLocals.get(fn) ?? readLocals(this.#program.functions[fn]?.body ?? []);
    this.#readLocals.set(fn, known);
    return known.has(local);
  }
}

const CHOSEN = {
  why: 'asks whether a step is possible after one of them was taken for the first',
  instead: 'ask with `some`, and choose behind it',
};

const MIXES = { why: 'takes a number for one of them, or one of them for a number', instead: 'keep ids and numbers apart' };

/** The first expression that doesn't follow, though its parts do. */
function breachOf(expr: Expr, outer: Expr | null): Breach {
  switch (expr.op) {
    case 'const':
      return { expr: outer ?? expr, why: 'names one of them', instead: 'take it from the state, or as a parameter' };
    case 'lt':
    case 'le':
    case 'add':
    case 'sub':
    case 'mul':
    case 'min':
    case 'max':
      return { expr, why: 'orders them, or counts with them', instead: 'compare ids with `===` and `!==` only' };
    case 'first':
      return { expr, why: 'asks which of them is the first', instead: 'ask with `some`, or choose in a step' };
    case 'some':
    case 'every':
      return { expr, why: 'may break a bound at one of them before it comes to the next', instead: 'test for null before' };
    default:
      return { expr, ...MIXES };
  }
}

function readLocals(body: readonly Stmt[]): ReadonlySet<number> {
  const locals = new Set<number>();
  forEachStmt(body, (stmt) => {
    for (const expr of expressionsOf(stmt)) forEachLocal(expr, (local) => locals.add(local));
  });
  return locals;
}
