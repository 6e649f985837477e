/**
 * Which values are *possible*: an upper bound, for every cell of the state and every local of every function, on the numbers that a run
 * can leave there, found by following all that the procedures can write from the zero state on. All elements of a table count as one
 * cell, and all calls of a function as one call. What comes out as a constant is folded away, and so are the branches that it rules
 * out: a program restricted to TCP (`restrict.ts`) forgets what UNIX sockets need.
 *
 * Sound because the sets only grow and are followed until none does: a branch is passed over only while its condition has no value
 * that leads there.
 */
import { isDeepStrictEqual } from 'node:util';
import { unreachable } from './errors.ts';
import { BOOL, bool, constant, evaluate, foldTop, mayFault } from './fold.ts';
import type { BinaryOp, Expr, Fn, Place, Program, PromiseDef, RecordType, Scalar, Stmt, Type } from './ir.ts';
import { sequenceRecord } from './layout.ts';
import { encodedRange } from './liveness.ts';
import { prune } from './prune.ts';
import { flatMapped, mapChildren, mapPlace, mapped, rebuilt } from './walk.ts';

/** Possible numbers; more than a few are kept as the range of their type. */
type Values = ReadonlySet<number>;

/** Sets larger than this are not told apart from their whole range. */
const MOST = 256;
/** Ranges are enumerated up to this size. */
const WIDEST = 4096;
const NONE: Values = new Set();
const BOTH: Values = new Set([0, 1]);
const FALSE: Values = new Set([0]);
const TRUE: Values = new Set([1]);

/** The path of a cell without its indices: `sockets[].rcv.cc`. */
export function pathOf(place: Place): string {
  return place.steps.map((step) => ('field' in step ? `.${step.field}` : '[]')).join('');
}

/**
 * The program without what the values that are possible rule out. Runs and their states are the same. A program with numbers of a very
 * large range stays as it is.
 */
export function foldPossible(program: Program): Program {
  if (widest(program) > WIDEST) return program;
  for (let before = program; ; ) {
    const after = prune(new Possible(before).fold());
    if (isDeepStrictEqual(after, before)) return before;
    before = after;
  }
}

class Possible {
  readonly #program: Program;
  readonly #cells = new Map<string, Set<number>>();
  readonly #locals: readonly (readonly Set<number>[])[];
  readonly #returns: readonly Set<number>[];
  #changed = false;
  /** Ranges of variables bound by quantifiers, which are locals too. */
  #fn: Fn | null = null;
  #index = 0;

  constructor(program: Program) {
    this.#program = program;
    // A local that was never set reads as 0.
    this.#locals = program.functions.map((fn) => fn.locals.map((_, local) => new Set(local < fn.params ? [] : [0])));
    this.#returns = program.functions.map((fn) => new Set(fn.returns === null ? [] : [0]));
    this.#zero(program.state, '');
    const called = new Set<number>();
    const properties = [...program.invariants, ...program.lemmas, ...program.promises.flatMap(predicatesOf)];
    for (const { fn } of [...program.agents.flatMap(({ procedures }) => procedures), ...properties]) {
      called.add(fn);
      const { params = 0, locals = [] } = program.functions[fn] ?? {};
      for (const local of locals.slice(0, params).keys()) this.#grow(this.#localOf(fn, local), rangeOf(locals[local]?.type ?? BOOL));
    }
    do {
      this.#changed = false;
      // A function that nobody called yet has parameters without values, so that nothing in it is followed.
      for (const [index, fn] of program.functions.entries()) {
        if (fn.params > 0 && !called.has(index) && this.#localOf(index, 0).size === 0) continue;
        this.#fn = fn;
        this.#index = index;
        this.#body(fn.body);
      }
    } while (this.#changed);
  }

  #zero(type: Type, path: string): void {
    switch (type.kind) {
      case 'record':
        for (const field of type.fields) this.#zero(field.type, `${path}.${field.name}`);
        return;
      case 'table':
        this.#zero(type.element, `${path}[]`);
        return;
      case 'seq':
        this.#zero(sequenceRecord(type), path);
        return;
      default: {
        const given = this.#program.configuration[path.slice(1)];
        this.#cells.set(path, new Set([given ?? 0]));
        // Configuration that isn't given may be anything.
        if (given === undefined && isConfiguration(this.#program.state, path)) this.#grow(this.#cell(path), rangeOf(type));
      }
    }
  }

  #cell(path: string): Set<number> {
    const found = this.#cells.get(path);
    if (found === undefined) throw new Error(`there is no cell ${path}`);
    return found;
  }

  #localOf(fn: number, local: number): Set<number> {
    const found = this.#locals[fn]?.[local];
    if (found === undefined) throw new Error(`there is no local ${local}`);
    return found;
  }

  #grow(set: Set<number>, values: Values): void {
    const before = set.size;
    for (const value of values) set.add(value);
    if (set.size !== before) this.#changed = true;
  }

  /** False: what stands behind is never reached. */
  #body(body: readonly Stmt[]): boolean {
    return body.every((stmt) => this.#statement(stmt));
  }

  #statement(stmt: Stmt): boolean {
    switch (stmt.op) {
      case 'set': {
        const type = this.#fn?.locals[stmt.local]?.type ?? BOOL;
        this.#grow(this.#localOf(this.#index, stmt.local), within(this.#values(stmt.value), type));
        return true;
      }
      case 'write':
        for (const step of stmt.place.steps) if (!('field' in step)) this.#values(step.index);
        this.#grow(this.#cell(pathOf(stmt.place)), within(this.#values(stmt.value), stmt.place.type));
        return true;
      case 'if': {
        const cond = this.#values(stmt.cond);
        const [yes, no] = [cond.has(1), cond.has(0)];
        const [then, otherwise] = [yes && this.#body(stmt.then), no && this.#body(stmt.else)];
        return then || otherwise;
      }
      case 'for':
        this.#grow(this.#localOf(this.#index, stmt.local), upTo(stmt.size));
        this.#body(stmt.body);
        return true;
      case 'while':
        if (this.#values(stmt.cond).has(1)) this.#body(stmt.body);
        return true;
      case 'return':
        if (stmt.value !== null) this.#grow(this.#returnsOf(this.#index), this.#values(stmt.value));
        return false;
      case 'break':
      case 'continue':
        return false;
      case 'call':
      case 'delegate': {
        const answer = this.#call(stmt.fn, stmt.args);
        if (stmt.result >= 0) this.#grow(this.#localOf(this.#index, stmt.result), answer);
        return true;
      }
      case 'pause':
        return stmt.until === null || this.#values(stmt.until).has(1) || mayFault(stmt.until);
      case 'when':
        return this.#values(stmt.cond).has(1) || mayFault(stmt.cond);
      case 'rule':
        return true;
      default:
        return unreachable(stmt);
    }
  }

  #returnsOf(fn: number): Set<number> {
    const found = this.#returns[fn];
    if (found === undefined) throw new Error(`there is no function ${fn}`);
    return found;
  }

  #call(fn: number, args: readonly Expr[]): Values {
    const callee = this.#program.functions[fn];
    for (const [index, arg] of args.entries()) {
      const type = callee?.locals[index]?.type ?? BOOL;
      this.#grow(this.#localOf(fn, index), within(this.#values(arg), type));
    }
    return this.#returnsOf(fn);
  }

  #values(expr: Expr): Values {
    switch (expr.op) {
      case 'const':
        return new Set([expr.value]);
      case 'local':
        return this.#localOf(this.#index, expr.local);
      case 'read':
        for (const step of expr.place.steps) if (!('field' in step)) this.#values(step.index);
        return this.#cell(pathOf(expr.place));
      case 'not':
        return imageOf(this.#values(expr.arg), (value) => 1 - value);
      case 'and': {
        const left = this.#values(expr.left);
        if (!left.has(1)) return left;
        const right = this.#values(expr.right);
        return union(left.has(0) ? FALSE : NONE, right);
      }
      case 'or': {
        const left = this.#values(expr.left);
        if (!left.has(0)) return left;
        const right = this.#values(expr.right);
        return union(left.has(1) ? TRUE : NONE, right);
      }
      case 'eq':
      case 'ne':
      case 'lt':
      case 'le':
      case 'add':
      case 'sub':
      case 'mul':
      case 'min':
      case 'max':
        return this.#pairs(expr.op, expr.left, expr.right, expr.type);
      case 'ite': {
        const cond = this.#values(expr.cond);
        return union(cond.has(1) ? this.#values(expr.then) : NONE, cond.has(0) ? this.#values(expr.else) : NONE);
      }
      case 'unwrap':
        // Of null it is 0, and a fault.
        return imageOf(this.#values(expr.arg), (value) => Math.max(0, value - 1));
      case 'wrap':
        return imageOf(this.#values(expr.arg), (value) => value + 1);
      case 'some':
      case 'every':
      case 'count':
      case 'first': {
        this.#grow(this.#localOf(this.#index, expr.local), upTo(expr.size));
        const body = this.#values(expr.body);
        if (expr.op === 'some' || expr.op === 'every') return expr.size === 0 ? new Set([expr.op === 'every' ? 1 : 0]) : body;
        if (!body.has(1)) return FALSE;
        return new Set([...upTo(expr.size), expr.size]);
      }
      case 'call':
        return this.#call(expr.fn, expr.args);
      default:
        return unreachable(expr);
    }
  }

  #pairs(op: BinaryOp, left: Expr, right: Expr, type: Scalar): Values {
    const [a, b] = [this.#values(left), this.#values(right)];
    const result = new Set<number>();
    const logical = op === 'eq' || op === 'ne' || op === 'lt' || op === 'le';
    if (a.size * b.size > MOST * MOST) return logical ? BOTH : rangeOf(type);
    for (const x of a) for (const y of b) result.add(evaluate(op, x, y));
    return result.size > MOST ? rangeOf(type) : result;
  }

  fold(): Program {
    return {
      ...this.#program,
      functions: this.#program.functions.map((fn, index) => {
        this.#fn = fn;
        this.#index = index;
        return rebuilt(fn, { body: this.#foldBody(fn.body) });
      }),
    };
  }

  #foldBody(body: readonly Stmt[]): readonly Stmt[] {
    return flatMapped(body, (stmt) => this.#foldStatement(stmt));
  }

  #foldStatement(stmt: Stmt): readonly Stmt[] {
    const expr = (e: Expr): Expr => this.#foldExpression(e);
    switch (stmt.op) {
      case 'set': {
        const type = this.#fn?.locals[stmt.local]?.type ?? BOOL;
        return [rebuilt(stmt, { value: expr(stmt.value), site: this.#fits(stmt.value, type) ? -1 : stmt.site })];
      }
      case 'write':
        return [
          rebuilt(stmt, {
            place: mapPlace(stmt.place, expr),
            value: expr(stmt.value),
            site: this.#fits(stmt.value, stmt.place.type) ? -1 : stmt.site,
          }),
        ];
      case 'if': {
        const cond = expr(stmt.cond);
        if (cond.op === 'const') return this.#foldBody(cond.value !== 0 ? stmt.then : stmt.else);
        // A condition that may break a bound stays, even where only one branch can follow.
        const values = this.#values(stmt.cond);
        const then = values.has(1) ? this.#foldBody(stmt.then) : [];
        const otherwise = values.has(0) ? this.#foldBody(stmt.else) : [];
        return then.length + otherwise.length === 0 && !mayFault(cond) ? [] : [rebuilt(stmt, { cond, then, else: otherwise })];
      }
      case 'for': {
        const inner = this.#foldBody(stmt.body);
        return inner.length === 0 || stmt.size === 0 ? [] : [rebuilt(stmt, { body: inner })];
      }
      case 'while':
        return [rebuilt(stmt, { cond: expr(stmt.cond), body: this.#foldBody(stmt.body) })];
      case 'return':
        return [rebuilt(stmt, { value: stmt.value === null ? null : expr(stmt.value) })];
      case 'call':
      case 'delegate':
        return [rebuilt(stmt, { args: mapped(stmt.args, expr) })];
      case 'pause':
        return [rebuilt(stmt, { until: stmt.until === null ? null : expr(stmt.until) })];
      case 'when': {
        const cond = expr(stmt.cond);
        return cond.op === 'const' && cond.value !== 0 ? [] : [rebuilt(stmt, { cond })];
      }
      case 'rule':
      case 'break':
      case 'continue':
        return [stmt];
      default:
        return unreachable(stmt);
    }
  }

  #fits(value: Expr, type: Type): boolean {
    if (type.kind === 'record' || type.kind === 'table' || type.kind === 'seq') return false;
    const { lo, hi } = encodedRange(type);
    return [...this.#values(value)].every((each) => each >= lo && each <= hi);
  }

  #foldExpression(expr: Expr): Expr {
    const values = this.#values(expr);
    const [only] = values;
    if (values.size === 1 && only !== undefined && !mayFault(expr) && !isMember(expr.type, only)) {
      return expr.type.kind === 'bool' ? bool(only !== 0) : constant(only, expr.type.kind === 'int' ? undefined : expr.type);
    }
    // The same for operands that are never looked at.
    if (expr.op === 'and' && !this.#values(expr.left).has(1)) return this.#foldExpression(expr.left);
    if (expr.op === 'or' && !this.#values(expr.left).has(0)) return this.#foldExpression(expr.left);
    const folded = foldTop(mapChildren(expr, (child) => this.#foldExpression(child)));
    return folded.op === 'unwrap' && expr.op === 'unwrap' && !this.#values(expr.arg).has(0) ? rebuilt(folded, { site: -1 }) : folded;
  }
}

function widest(program: Program): number {
  const width = (type: Type): number => {
    switch (type.kind) {
      case 'record':
        return Math.max(1, ...type.fields.map((field) => width(field.type)));
      case 'table':
        return Math.max(type.size, width(type.element));
      case 'seq':
        return width(sequenceRecord(type));
      default: {
        const { lo, hi } = encodedRange(type);
        return hi - lo + 1;
      }
    }
  };
  return Math.max(
    width(program.state),
    ...program.functions.flatMap((fn) => [...fn.locals, ...returned(fn)].map(({ type }) => width(type))),
  );
}

function predicatesOf({ whenever, eventually }: PromiseDef): readonly { readonly fn: number }[] {
  return [{ fn: whenever }, { fn: eventually }];
}

function returned({ returns }: Fn): readonly { readonly type: Scalar }[] {
  return returns === null ? [] : [{ type: returns }];
}

/** One of several that nothing else tells apart (scalarset.ts) stays what it is: a literal would single it out. */
function isMember(type: Scalar, value: number): boolean {
  return type.kind === 'id' && type.size > 1 && !(type.nullable && value === 0);
}

function isConfiguration(state: RecordType, path: string): boolean {
  const [, first = ''] = path.split(/[.[]/);
  return state.fields.some(({ name, fixed }) => fixed && name === first);
}

function within(values: Values, type: Type): Values {
  if (type.kind === 'record' || type.kind === 'table' || type.kind === 'seq') throw new Error('a value that is a whole record');
  const { lo, hi } = encodedRange(type);
  return new Set([...values].filter((value) => value >= lo && value <= hi));
}

function rangeOf(type: Scalar): Values {
  const { lo, hi } = encodedRange(type);
  return new Set(Array.from({ length: hi - lo + 1 }, (_, above) => lo + above));
}

function upTo(size: number): Values {
  return new Set(Array.from({ length: size }, (_, index) => index));
}

function imageOf(values: Values, f: (value: number) => number): Values {
  return new Set([...values].map(f));
}

function union(a: Values, b: Values): Values {
  return a.size === 0 ? b : b.size === 0 ? a : new Set([...a, ...b]);
}
