/**
 * Expressions and statements as Promela, inside one `d_step`. Promela has no functions, and an expression of it has no effect; so
 *   - a function of the model stands once in the text, between a label and a dispatch to whoever called it; that is enough, since
 *     none calls itself; its parameters, locals and result are `hidden` variables, which are no part of SPIN's state;
 *   - an expression that could break a bound, or calls, is taken apart into steps that leave its value in a temporary, with `&&`,
 *     `||` and `?:` as branches, so that nothing is evaluated that the source would not evaluate;
 *   - quantifiers become loops where writing them out (promela-expressions.ts) would be long.
 */
import { unreachable } from './errors.ts';
import type { Expr, Fn, Place, Program, Scalar, Stmt } from './ir.ts';
import { encodedRange } from './liveness.ts';
import { binary, expressionText, isExpression, type LocalNames, OPERATOR } from './promela-expressions.ts';
import type { Names, PromelaState } from './promela-state.ts';
import { setLocals } from './js-statements.ts';
import { forEachStmt, indicesOf } from './walk.ts';

/** A function or a machine, as the code in one `d_step` sees it. */
export interface Unit {
  readonly name: string;
  readonly types: (local: number) => Scalar | undefined;
  /** The variable of a local, or the number that it is known to be. */
  readonly locals: LocalNames;
  /** Temporaries in use by the statement at hand. */
  used: number;
  /** What `return` does with the value. */
  readonly returns: ((value: string | null) => readonly string[]) | null;
}

interface Called {
  readonly fn: Fn;
  readonly label: string;
  /** The variable that says who called. */
  readonly from: string;
  readonly result: string;
  readonly unit: Unit;
  /** Where to go on after each call. */
  readonly sites: string[];
}

/** The names of a model, and its hidden variables: each is declared once, whatever step uses it. */
export class Variables {
  readonly names: Names;
  readonly #variables = new Map<string, string>();

  constructor(names: Names) {
    this.names = names;
  }

  /** The hidden variable for something. */
  of(wanted: string, key: string): string {
    const known = this.#variables.get(key) ?? this.names.fresh(wanted);
    this.#variables.set(key, known);
    return known;
  }

  get declarations(): readonly string[] {
    return [...this.#variables.values()].map((name) => `hidden int ${name};`);
  }
}

/** The code in one `d_step`. */
export class PromelaCode {
  readonly #program: Program;
  readonly #state: PromelaState;
  readonly #variables: Variables;
  readonly #called = new Map<number, Called>();

  constructor(program: Program, state: PromelaState, variables: Variables) {
    this.#program = program;
    this.#state = state;
    this.#variables = variables;
  }

  /** `known`: locals that nothing sets, and what they are. */
  unit(
    name: string,
    locals: readonly { readonly name: string; readonly type: Scalar }[],
    known: ReadonlyMap<number, string> = new Map(),
    returns: Unit['returns'] = null,
  ): Unit {
    const nameOf = (local: number): string =>
      known.get(local) ?? this.#variables.of(`v_${name}_${locals[local]?.name ?? local}`, `${name} ${local}`);
    return { name, types: (local) => locals[local]?.type, locals: nameOf, used: 0, returns };
  }

  label(wanted: string): string {
    return this.#variables.names.fresh(wanted);
  }

  /** The functions that were called so far, and those that they call: to be put where control never falls into them. */
  functions(): readonly string[] {
    // A body may call what nobody has called before; the map grows while it is walked.
    const bodies = new Map<Called, readonly string[]>();
    for (const called of this.#called.values()) bodies.set(called, this.body(called.unit, called.fn.body));
    return [...bodies].flatMap(([called, body]) => [
      `/* ${called.fn.name} */\n${called.label}: skip`,
      ...[...setLocals(called.fn.body)].filter((local) => local >= called.fn.params).map((local) => `${called.unit.locals(local)} = 0`),
      ...body,
      `${called.label}_return: skip`,
      ...dispatch(called),
    ]);
  }

  // ---- statements ----

  body(unit: Unit, stmts: readonly Stmt[], next?: string): readonly string[] {
    return stmts.flatMap((stmt) => this.statement(unit, stmt, next));
  }

  /** `next`: where `continue` goes. */
  statement(unit: Unit, stmt: Stmt, next?: string): readonly string[] {
    unit.used = 0;
    const out: string[] = [];
    switch (stmt.op) {
      case 'set': {
        const value = this.value(unit, stmt.value, out);
        const type = unit.types(stmt.local);
        const test = stmt.site < 0 || type === undefined ? null : outside(type, stmt.value.type);
        out.push(...this.#assign(unit, test, value, stmt.site, () => [`${unit.locals(stmt.local)} = `]));
        return out;
      }
      case 'write': {
        const value = this.value(unit, stmt.value, out);
        const test = stmt.site < 0 ? null : outside(scalarAt(stmt.place), stmt.value.type);
        out.push(
          ...this.#assign(unit, test, value, stmt.site, () => {
            const before: string[] = [];
            const target = this.#variable(unit, stmt.place, before);
            return [...before, target === null ? '' : `${target} = `];
          }),
        );
        return out;
      }
      case 'if': {
        const cond = this.value(unit, stmt.cond, out);
        out.push(branch(cond, this.body(unit, stmt.then, next), this.body(unit, stmt.else, next)));
        return out;
      }
      case 'for': {
        const local = unit.locals(stmt.local);
        const again = this.label(`L_${unit.name}_next`);
        const goesOn = someContinue(stmt.body);
        const round = [...this.body(unit, stmt.body, again), goesOn ? `${again}: ${local} = ${local} + 1` : `${local} = ${local} + 1`];
        return [`${local} = 0`, loop(`${local} < ${stmt.size}`, round)];
      }
      case 'break':
        return ['break'];
      case 'continue':
        return [`goto ${next ?? ''}`];
      case 'return': {
        const value = stmt.value === null ? null : this.value(unit, stmt.value, out);
        if (unit.returns === null) throw new Error('return outside a function');
        return [...out, ...unit.returns(value)];
      }
      case 'call': {
        const result = this.#call(unit, stmt.fn, stmt.args, out);
        if (stmt.result >= 0) out.push(`${unit.locals(stmt.result)} = ${result}`);
        return out;
      }
      case 'rule':
        return [];
      case 'while':
      case 'pause':
      case 'delegate':
      case 'when':
        throw new Error(`${stmt.op} outside a step machine`);
      default:
        return unreachable(stmt);
    }
  }

  /** The value goes to a place, unless it lies outside: then it is the fault of the site, and nothing is written. */
  #assign(
    unit: Unit,
    test: ((value: string) => string) | null,
    value: string,
    site: number,
    place: () => readonly string[],
  ): readonly string[] {
    const written = (from: string): readonly string[] => {
      const steps = [...place()];
      const target = steps.pop() ?? '';
      return target === '' ? steps : [...steps, `${target}${from}`];
    };
    if (test === null) return written(value);
    const held = this.#temporary(unit);
    return [`${held} = ${value}`, branch(test(held), [this.fault(site)], written(held))];
  }

  /** Records a broken bound if it is the first. */
  fault(site: number): string {
    return branch('fault == 0', [`fault = ${site + 1}`], []);
  }

  // ---- expressions ----

  /** An expression without effect for the value; the steps that must come first are added to `out`. */
  value(unit: Unit, expr: Expr, out: string[]): string {
    if (isExpression(expr)) return this.text(expr, unit.locals);
    switch (expr.op) {
      case 'const':
      case 'local':
        return this.text(expr, unit.locals);
      case 'read':
        return this.#variable(unit, expr.place, out) ?? '0';
      case 'not':
        return `!(${this.value(unit, expr.arg, out)})`;
      case 'wrap':
        return `(${this.value(unit, expr.arg, out)} + 1)`;
      case 'unwrap': {
        const arg = this.value(unit, expr.arg, out);
        if (expr.site < 0) return `(${arg} - 1)`;
        const held = this.#temporary(unit);
        out.push(`${held} = ${arg} - 1`, branch(`${held} < 0`, [`${held} = 0`, this.fault(expr.site)], []));
        return held;
      }
      case 'and':
      case 'or': {
        const left = this.value(unit, expr.left, out);
        const steps: string[] = [];
        const right = this.value(unit, expr.right, steps);
        if (steps.length === 0) return `(${left} ${OPERATOR[expr.op]} ${right})`;
        const held = this.#temporary(unit);
        const onRight = [...steps, `${held} = ${right}`];
        out.push(expr.op === 'and' ? branch(left, onRight, [`${held} = 0`]) : branch(left, [`${held} = 1`], onRight));
        return held;
      }
      case 'ite': {
        const cond = this.value(unit, expr.cond, out);
        const [onThen, onElse]: [string[], string[]] = [[], []];
        const then = this.value(unit, expr.then, onThen);
        const otherwise = this.value(unit, expr.else, onElse);
        if (onThen.length === 0 && onElse.length === 0) return `(${cond} -> ${then} : ${otherwise})`;
        const held = this.#temporary(unit);
        out.push(branch(cond, [...onThen, `${held} = ${then}`], [...onElse, `${held} = ${otherwise}`]));
        return held;
      }
      case 'eq':
      case 'ne':
      case 'lt':
      case 'le':
      case 'add':
      case 'sub':
      case 'mul':
      case 'min':
      case 'max': {
        const left = this.value(unit, expr.left, out);
        return binary(expr.op, left, this.value(unit, expr.right, out));
      }
      case 'some':
      case 'every':
      case 'count':
      case 'first':
        return this.#search(unit, expr, out);
      case 'call': {
        const result = this.#call(unit, expr.fn, expr.args, out);
        const held = this.#temporary(unit);
        out.push(`${held} = ${result}`);
        return held;
      }
      default:
        return unreachable(expr);
    }
  }

  /** A quantifier as a loop. */
  #search(unit: Unit, expr: Extract<Expr, { op: 'some' | 'every' | 'count' | 'first' }>, out: string[]): string {
    const found = this.#temporary(unit);
    const local = unit.locals(expr.local);
    const round: string[] = [];
    const body = this.value(unit, expr.body, round);
    const forward = `${local} = ${local} + 1`;
    const ends = {
      some: branch(body, [`${found} = 1`, 'break'], [forward]),
      every: branch(body, [forward], [`${found} = 0`, 'break']),
      count: branch(body, [`${found} = ${found} + 1`, forward], [forward]),
      first: branch(body, [`${found} = ${local} + 1`, 'break'], [forward]),
    };
    out.push(`${found} = ${expr.op === 'every' ? 1 : 0}`, `${local} = 0`, loop(`${local} < ${expr.size}`, [...round, ends[expr.op]]));
    return found;
  }

  /** An expression that has no effect and calls nothing, as it is. */
  text(expr: Expr, locals: LocalNames): string {
    return expressionText(expr, locals, (place, indices) => this.#cell(place, indices));
  }

  // ---- places, calls, temporaries ----

  #variable(unit: Unit, place: Place, out: string[]): string | null {
    return this.#cell(
      place,
      indicesOf(place).map((index) => this.value(unit, index, out)),
    );
  }

  #cell(place: Place, indices: readonly string[]): string | null {
    return this.cell(place.steps.flatMap((step) => ('field' in step ? [step.field] : [])).join('.'), indices);
  }

  /** The variable for a cell, null if it has only one value. */
  cell(path: string, indices: readonly string[]): string | null {
    const cells = this.#state.cells.get(path);
    if (cells === undefined) throw new Error(`the state has no cell ${path}`);
    const { variable, sizes } = cells;
    const index = indices.reduce((sum, here, level) => {
      const size = sizes[level] ?? 1;
      if (size === 1) return sum;
      return sum === '' ? here : `(${sum}) * ${size} + ${here}`;
    }, '');
    return variable === null || index === '' ? variable : `${variable}[${index}]`;
  }

  #call(unit: Unit, index: number, args: readonly Expr[], out: string[]): string {
    const values = args.map((arg) => this.value(unit, arg, out));
    const called = this.#function(index);
    const back = this.label(`${called.label}_${called.sites.length + 1}`);
    called.sites.push(back);
    out.push(...values.map((value, parameter) => `${called.unit.locals(parameter)} = ${value}`));
    out.push(`${called.from} = ${called.sites.length}`, `goto ${called.label}`, `${back}: skip`);
    return called.result;
  }

  #function(index: number): Called {
    const known = this.#called.get(index);
    if (known !== undefined) return known;
    const fn = this.#program.functions[index];
    if (fn === undefined) throw new Error(`the program has no function ${index}`);
    const label = this.label(`F_${fn.name}`);
    const name = `${fn.name}_${index}`;
    const result = this.#variables.of(`r_${name}`, `${name} result`);
    const returns = (value: string | null): readonly string[] => [
      ...(value === null ? [] : [`${result} = ${value}`]),
      `goto ${label}_return`,
    ];
    const from = this.#variables.of(`from_${name}`, `${name} from`);
    const called: Called = { fn, label, from, result, unit: this.unit(name, fn.locals, new Map(), returns), sites: [] };
    this.#called.set(index, called);
    return called;
  }

  #temporary(unit: Unit): string {
    return this.#variables.of(`t_${unit.name}`, `${unit.name} temporary ${unit.used++}`);
  }
}

/** `if` that always has a way through. */
export function branch(cond: string, then: readonly string[], otherwise: readonly string[]): string {
  return `if\n:: (${cond}) -> ${steps(then)}\n:: else -> ${steps(otherwise)}\nfi`;
}

function loop(cond: string, round: readonly string[]): string {
  return `do\n:: (${cond}) -> ${steps(round)}\n:: else -> break\nod`;
}

export function steps(list: readonly string[]): string {
  return list.length === 0 ? 'skip' : list.join(';\n');
}

function dispatch({ from, sites }: Called): readonly string[] {
  const last = sites.at(-1) ?? '';
  if (sites.length === 1) return [`goto ${last}`];
  const others = sites.slice(0, -1).map((site, index) => `:: (${from} == ${index + 1}) -> goto ${site}\n`);
  return [`if\n${others.join('')}:: else -> goto ${last}\nfi`];
}

/** Whether a `continue` belongs to the loop with this body. */
function someContinue(body: readonly Stmt[]): boolean {
  let found = false;
  forEachStmt(body, (stmt) => {
    if (stmt.op === 'continue') found = true;
  });
  return found;
}

function scalarAt(place: Place): Scalar {
  const { type } = place;
  if (type.kind === 'record' || type.kind === 'table' || type.kind === 'seq') throw new Error('a write of a whole record');
  return type;
}

/** The test that a value lies outside a type, as far as the value's own bounds leave that open. */
function outside(type: Scalar, value: Scalar): ((held: string) => string) | null {
  const [target, source] = [encodedRange(type), encodedRange(value)];
  if (source.lo >= target.lo && source.hi <= target.hi) return null;
  return (held) => `${held} < ${target.lo} || ${held} > ${target.hi}`;
}
