/**
 * Symbolic evaluation of expressions: an IR expression over a symbolic state becomes a value. Nothing here changes the state;
 * what can happen besides is a *fault*, recorded with the condition under which it occurs.
 *
 * After a fault a path has no meaning any more (the trace ends there), so what is computed on it is left to chance: `unwrap`
 * forgets the null, and a read forgets the index that doesn't exist.
 */
import { unreachable } from './errors.ts';
import { evaluate as evaluateConstants } from './fold.ts';
import type { Expr, Place } from './ir.ts';
import type { Facts } from './symbolic-facts.ts';
import { type Area, asNumber, asTerm, inForm, iteValue, type Layout, literalValue, type Value } from './symbolic-state.ts';
import { FALSE, type Lit, not, type Terms, TRUE } from './term.ts';
import { anyValue, compareNumbers, constant, guardOf, iteNumber, mapNumber, type Num, onlyValues, zipNumbers } from './term-number.ts';

/** Where execution stands. Cells and locals are replaced as statements are executed. */
export interface Scope {
  cells: readonly Value[];
  locals: readonly Value[];
  /** The condition under which execution gets here, from the beginning of the step. */
  path: Lit;
}

export interface Fault {
  /** Index into `Program.sites`; -1 where the front end has seen that it can't be, which is shown once more like any other bound. */
  readonly site: number;
  /** When it occurs. The first in the list whose condition is true is the one that counts. */
  readonly cond: Lit;
}

/** Takes "the first that …" for some other that fits. */
export interface Chooser {
  /** Whether it does so for this kind of ids. The body must break no bound. */
  chooses(kind: string): boolean;
  /** `fits`: by member, where `path` is taken. Coded with 0 for nobody. */
  choose(kind: string, path: Lit, fits: readonly Lit[]): Num;
}

export interface Evaluation {
  readonly terms: Terms;
  readonly layout: Layout;
  readonly facts: Facts;
  readonly chooser: Chooser | null;
  faults: Fault[];
  /** Calls a function, for its value and (statements only) its effect on the cells. */
  call(fn: number, args: readonly Value[], scope: Scope): Value;
}

export function evaluate(run: Evaluation, expr: Expr, scope: Scope): Value {
  const { terms } = run;
  switch (expr.op) {
    case 'const':
      return literalValue(expr.type, expr.value);
    case 'local':
      return refine(run, scope.locals[expr.local] as Value);
    case 'read':
      return refine(run, inForm(terms, expr.type, readPlace(run, expr.place, scope)));
    case 'not':
      return not(condition(run, expr.arg, scope));
    case 'and': {
      const left = condition(run, expr.left, scope);
      return left === FALSE
        ? FALSE
        : terms.and(
            left,
            asTerm(
              terms,
              assuming(run, left, scope, () => evaluate(run, expr.right, scope)),
            ),
          );
    }
    case 'or': {
      const left = condition(run, expr.left, scope);
      return left === TRUE
        ? TRUE
        : terms.or(
            left,
            asTerm(
              terms,
              assuming(run, not(left), scope, () => evaluate(run, expr.right, scope)),
            ),
          );
    }
    case 'eq':
    case 'ne':
    case 'lt':
    case 'le':
      return run.facts.simplify(compare(run, expr.op, evaluate(run, expr.left, scope), evaluate(run, expr.right, scope)));
    case 'add':
    case 'sub':
    case 'mul':
    case 'min':
    case 'max': {
      const left = asNumber(evaluate(run, expr.left, scope));
      const right = asNumber(evaluate(run, expr.right, scope));
      return inForm(
        terms,
        expr.type,
        zipNumbers(terms, left, right, (a, b) => evaluateConstants(expr.op, a, b)),
      );
    }
    case 'ite': {
      const cond = condition(run, expr.cond, scope);
      if (cond === TRUE) return evaluate(run, expr.then, scope);
      if (cond === FALSE) return evaluate(run, expr.else, scope);
      const then = assuming(run, cond, scope, () => evaluate(run, expr.then, scope));
      const otherwise = assuming(run, not(cond), scope, () => evaluate(run, expr.else, scope));
      return inForm(terms, expr.type, iteValue(terms, cond, then, otherwise));
    }
    case 'unwrap': {
      const arg = asNumber(evaluate(run, expr.arg, scope));
      fault(run, expr.site, guardOf(arg, 0), scope);
      const present = onlyValues(arg, (value) => value !== 0);
      return inForm(
        terms,
        expr.type,
        mapNumber(terms, present, (value) => value - 1),
      );
    }
    case 'wrap':
      return mapNumber(terms, asNumber(evaluate(run, expr.arg, scope)), (value) => value + 1);
    case 'some':
      return quantify(run, expr, scope, FALSE);
    case 'every':
      return quantify(run, expr, scope, TRUE);
    case 'count': {
      let total = constant(0);
      for (const holds of bodies(run, expr, scope)) {
        total = iteNumber(
          terms,
          holds,
          mapNumber(terms, total, (n) => n + 1),
          total,
        );
      }
      return total;
    }
    case 'first':
      return firstOf(run, expr, scope);
    case 'call':
      return run.call(
        expr.fn,
        expr.args.map((arg) => evaluate(run, arg, scope)),
        scope,
      );
    default:
      return unreachable(expr);
  }
}

/** A boolean expression, simplified by what is known here. */
export function condition(run: Evaluation, expr: Expr, scope: Scope): Lit {
  return run.facts.simplify(asTerm(run.terms, evaluate(run, expr, scope)));
}

/** Evaluates with one more fact. */
function assuming<T>(run: Evaluation, fact: Lit, scope: Scope, evaluation: () => T): T {
  if (fact === TRUE) return evaluation();
  const { path } = scope;
  const { height } = run.facts;
  scope.path = run.terms.and(path, fact);
  run.facts.push(fact);
  const value = evaluation();
  run.facts.restore(height);
  scope.path = path;
  return value;
}

/** Records that a bound is broken when `cond` holds; from here on it is known not to. */
export function fault(run: Evaluation, site: number, cond: Lit, scope: Scope): void {
  const here = run.facts.simplify(cond);
  if (here === FALSE) return;
  const occurs = run.terms.and(scope.path, here);
  if (occurs === FALSE) return;
  run.faults.push({ site, cond: occurs });
  if (here !== TRUE) run.facts.push(not(here));
}

/** Drops what the facts exclude. */
function refine({ facts }: Evaluation, value: Value): Value {
  if (typeof value === 'number') return facts.simplify(value);
  if (value.values.length === 1) return value;
  const certain = value.guards.findIndex((guard) => facts.simplify(guard, 1) === TRUE);
  if (certain >= 0) return constant(value.values[certain] as number);
  return onlyValues(value, (_, guard) => facts.simplify(guard, 1) !== FALSE);
}

function compare({ terms }: Evaluation, op: 'eq' | 'ne' | 'lt' | 'le', left: Value, right: Value): Lit {
  if (typeof left === 'number' && typeof right === 'number' && (op === 'eq' || op === 'ne')) {
    return op === 'eq' ? terms.iff(left, right) : not(terms.iff(left, right));
  }
  const [a, b] = [asNumber(left), asNumber(right)];
  switch (op) {
    case 'eq':
      return compareNumbers(terms, a, b, (x, y) => x === y);
    case 'ne':
      return not(compareNumbers(terms, a, b, (x, y) => x === y));
    case 'lt':
      return compareNumbers(terms, a, b, (x, y) => x < y);
    case 'le':
      return compareNumbers(terms, a, b, (x, y) => x <= y);
    default:
      return unreachable(op);
  }
}

type Quantifier = Extract<Expr, { op: 'some' | 'every' | 'count' | 'first' }>;

/** The body for each value of the bound local. */
function* bodies(run: Evaluation, expr: Quantifier, scope: Scope): Generator<Lit, void, undefined> {
  const before = scope.locals;
  try {
    for (let value = 0; value < expr.size; value++) {
      scope.locals = before.with(expr.local, constant(value));
      yield condition(run, expr.body, scope);
    }
  } finally {
    scope.locals = before;
  }
}

/** `some`, `every`: evaluation stops at the value that decides, `TRUE` for some and `FALSE` for every. */
function quantify(run: Evaluation, expr: Quantifier, scope: Scope, undecided: Lit): Lit {
  const { height } = run.facts;
  const { path } = scope;
  const { terms } = run;
  const parts: Lit[] = [];
  for (const holds of bodies(run, expr, scope)) {
    parts.push(holds);
    if (holds === (undecided ^ 1)) break;
    goOnUnless(run, scope, undecided === FALSE ? holds : not(holds));
  }
  run.facts.restore(height);
  scope.path = path;
  return undecided === FALSE ? terms.any(parts) : terms.all(parts);
}

function firstOf(run: Evaluation, expr: Quantifier, scope: Scope): Num {
  const { chooser, terms } = run;
  if (chooser !== null && expr.type.kind === 'id' && chooser.chooses(expr.type.of)) {
    // Where a bound was broken before, what is known here is not true, and nobody need fit.
    const broken = terms.any(run.faults.map(({ cond }) => cond));
    return chooser.choose(expr.type.of, terms.and(scope.path, not(broken)), [...bodies(run, expr, scope)]);
  }
  const { height } = run.facts;
  const { path } = scope;
  const found: Lit[] = [];
  for (const holds of bodies(run, expr, scope)) {
    found.push(holds);
    if (holds === TRUE) break;
    goOnUnless(run, scope, holds);
  }
  run.facts.restore(height);
  scope.path = path;
  return found.reduceRight<Num>((rest, holds, index) => iteNumber(terms, holds, constant(index + 1), rest), constant(0));
}

function goOnUnless(run: Evaluation, scope: Scope, decided: Lit): void {
  if (decided === FALSE) return;
  run.facts.push(not(decided));
  scope.path = run.terms.and(scope.path, not(decided));
}

/** A cell that a place may lead to, and when it does. */
interface Target {
  readonly area: Area;
  readonly guard: Lit;
}

/** All areas that a place may lead to. Guards exclude each other; an index that doesn't exist breaks a bound, whoever ruled it out. */
export function targets(run: Evaluation, place: Place, scope: Scope): readonly Target[] {
  let found: Target[] = [{ area: run.layout.root, guard: TRUE }];
  for (const step of place.steps) {
    if ('field' in step) {
      found = found.map(({ area, guard }) => ({ area: fieldOf(area, step.field), guard }));
      continue;
    }
    const index = asNumber(evaluate(run, step.index, scope));
    found = found.flatMap(({ area, guard }) =>
      index.values.flatMap((value, at) => {
        const element = elementOf(area, value);
        const chosen = run.terms.and(guard, index.guards[at] as Lit);
        if (element === undefined) fault(run, -1, chosen, scope);
        return element === undefined || chosen === FALSE ? [] : [{ area: element, guard: chosen }];
      }),
    );
  }
  return found;
}

export function cellOf(area: Area): number {
  if (area.kind !== 'cell') throw new Error('a scalar was expected where the state has a composite');
  return area.cell;
}

function fieldOf(area: Area, field: string): Area {
  const found = area.kind === 'record' ? area.fields.get(field) : undefined;
  if (found === undefined) throw new Error(`the state has no field ${field} here`);
  return found;
}

function elementOf(area: Area, index: number): Area | undefined {
  if (area.kind !== 'table') throw new Error('an index stands where the state has no table');
  return area.elements[index];
}

function readPlace(run: Evaluation, place: Place, scope: Scope): Value {
  const found = targets(run, place, scope);
  const last = found.at(-1);
  // Nothing to read: only on a path that has broken a bound.
  if (last === undefined) return constant(0);
  const at = (target: Target): Value => scope.cells[cellOf(target.area)] as Value;
  return found.slice(0, -1).reduceRight<Value>((rest, target) => iteValue(run.terms, target.guard, at(target), rest), at(last));
}

/** The condition under which a value lies outside a range. */
export function outside(terms: Terms, value: Value, lo: number, hi: number): Lit {
  return anyValue(terms, asNumber(value), (v) => v < lo || v > hi);
}
