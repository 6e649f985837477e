/**
 * The ground under the lowering of user code: one function of the program that comes out, its graph, its variables, where its
 * `return` leads, and what it must fail for. Code is lowered again and again until what its variables hold is known: a variable
 * that turns out to hold more than was thought asks for another round.
 */
import type { ts } from 'ts-morph';
import type { AtomsWhole } from './atoms-program.ts';
import { holdsOf, leavesOf, mapLeaves, mergeValues, tagOf } from './atoms-shapes.ts';
import { binary, both, choose, constant, joinHolds, type Kind, kept, localsOf, not, unkept } from './atoms-types.ts';
import {
  booleanValue,
  describe,
  type ListValue,
  type PlatformValue,
  type Scalar,
  type Scope,
  scalar,
  UNDEFINED,
  type Value,
  type Variable,
} from './atoms-values.ts';
import { type Context, Refusal } from './frontend-context.ts';
import { Graph, type Mark } from './impl-graph.ts';
import { Statements } from './impl-statements.ts';
import type { ImplEnd, Int } from './ir-impl.ts';

/** Rounds of a loop that touches no memory, after which it is taken to have no end. */
const MOST_ROUNDS = 50_000;

/** Thrown where control can't come: nothing is said of what stands there. */
export class Unreachable extends Refusal {}

/** A value and the place in the graph where it is one. */
export interface End {
  readonly value: Value;
  readonly mark: Mark;
}

export abstract class AtomsBase extends Statements {
  protected readonly whole: AtomsWhole;
  protected readonly graph = new Graph();
  /** No access so far, no call, nothing that can fail. */
  protected pure = true;
  /** Tells this piece of code from all others, through functions put in place of their calls. */
  protected path: string;
  protected scope: Scope | null = null;
  protected self: Value | null = null;
  /** Locals whose numbers may not fit in 32 bits, and what they are called. */
  protected readonly wide = new Map<number, string>();
  /** Lists that were made just now: nobody else knows them before they get a name. */
  private readonly fresh = new WeakSet<Value>();
  /** Locals that are set once. */
  private readonly settled = new Set<number>();
  /** How often a function was left on the way in a branch: what follows there is not sure to happen. */
  protected exits = 0;
  /** The local that counts rounds without an access, -1 before the first loop. */
  private fuel = -1;

  constructor(whole: AtomsWhole, path: string) {
    super();
    this.whole = whole;
    this.path = path;
  }

  protected context(): Context {
    return this.whole.context;
  }

  /** What can't be reached need not be understood. */
  protected refuse(node: ts.Node, problem: string, advice: string): never {
    if (!this.graph.isOpen()) throw new Unreachable(problem);
    return this.whole.context.refuse(node, problem, advice);
  }

  /** Lowers a part of a statement: where it turns out on the way that control can't come there, the rest of the statement goes on. */
  protected sheltered(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
    }
  }

  // Locals and variables

  /** A local that is set once, here. */
  protected settle(expr: Int, name: string, kind: Kind = 'int32'): Int {
    if (expr.op === 'const' || (expr.op === 'local' && this.settled.has(expr.local))) return expr;
    const local = this.newSettled(name, kind);
    this.graph.set(local, expr);
    return { op: 'local', local };
  }

  protected newSettled(name: string, kind: Kind = 'int32'): number {
    const local = this.newLocal(name, kind);
    this.settled.add(local);
    return local;
  }

  private newLocal(name: string, kind: Kind): number {
    const local = this.graph.newLocal(name);
    if (kind === 'integer' || kind === 'number') this.wide.set(local, name);
    return local;
  }

  /** The value, with everything that exists at run time in locals that nothing changes. */
  protected settleValue<V extends Value>(value: V, name: string): V {
    return mapLeaves(value, (expr, kind) => {
      const isSettled = [...localsOf(expr)].every((local) => this.settled.has(local));
      if (isSettled && (expr.op === 'const' || expr.op === 'local' || (kind === 'uint32' && expr.op === 'binary'))) return expr;
      return unkept(kind, this.settle(kept(kind, expr), name, kind));
    }) as V;
  }

  protected newVariable(name: string, key: string): Variable {
    const holds = this.whole.holds(key);
    const local = this.newLocal(name, holds.kind ?? 'nonneg');
    const tag = holds.undefined || holds.null ? this.graph.newLocal(`${name}?`) : -1;
    return { name, key, local, tag };
  }

  protected read({ key, local, tag }: Variable): Value {
    const holds = this.whole.holds(key);
    if (holds.kind === null && !(holds.undefined && holds.null)) return holds.null ? { is: 'none', which: 'null' } : UNDEFINED;
    const kind = holds.kind ?? 'nonneg';
    const value = scalar(kind, unkept(kind, { op: 'local', local }));
    return tag < 0 ? value : { is: 'maybe', tag: { op: 'local', local: tag }, value, undefined: holds.undefined, null: holds.null };
  }

  protected write(variable: Variable, value: Value, node: ts.Node): void {
    const more = holdsOf(value);
    const all = more === null ? undefined : joinHolds(this.whole.holds(variable.key), more);
    if (more === null) {
      this.refuse(node, `${describe(value)} in a variable that changes`, 'give each array, object and function a `const` of its own');
    } else if (all === undefined) {
      this.refuse(node, `\`${variable.name}\` holds values of different types`, 'keep a variable to numbers, booleans or strings');
    } else {
      if (this.graph.isOpen()) this.whole.widen(variable.key, all);
      this.setVariable(variable, value, all.kind ?? 'nonneg');
    }
  }

  private setVariable({ local, tag }: Variable, value: Value, kind: Kind): void {
    if (value.is === 'scalar') this.graph.set(local, kept(kind, value.expr));
    if (value.is === 'maybe') this.graph.set(local, kept(kind, value.value.expr));
    if (value.is === 'none' && tag >= 0) this.graph.set(local, constant(0));
    if (tag >= 0) this.graph.set(tag, value.is === 'maybe' ? value.tag : constant(tagOf(value)));
  }

  /** The value in 32 bits: it fails at run time if it does not fit. */
  protected narrowed(value: Scalar, what: string, node: ts.Node): Scalar {
    if (value.kind !== 'integer' && value.kind !== 'number') return value;
    const expr = this.settle(value.expr, 'narrowed', value.kind);
    const text = `${what} is a number that does not fit in 32 bits`;
    this.require(this.fits(expr), 'wide', text, node);
    return scalar('int32', expr);
  }

  protected fits(expr: Int): Int {
    return this.compare('===', this.word(expr), expr);
  }

  // The graph

  /** Ends the block at an access or a call. */
  protected cut(end: (next: number) => ImplEnd): void {
    if (!this.graph.isOpen()) return;
    this.pure = false;
    this.graph.cut(end);
    if (this.fuel >= 0) this.graph.set(this.fuel, constant(0));
  }

  /** A loop without an access and without an end would never come back to the scheduler. */
  protected round(node: ts.Node): void {
    if (this.fuel < 0) this.fuel = this.graph.newLocal('rounds');
    const fuel: Int = { op: 'local', local: this.fuel };
    this.graph.set(this.fuel, binary('+', fuel, constant(1)));
    const text = `a loop made ${MOST_ROUNDS.toLocaleString('en')} rounds without touching shared memory`;
    this.require(binary('<=', fuel, constant(MOST_ROUNDS)), 'endless-loop', text, node);
  }

  /** The agent fails here. */
  protected fail(id: string, text: string, node: ts.Node, about: Int = constant(0)): void {
    if (!this.graph.isOpen()) return;
    this.pure = false;
    const args = [constant(this.whole.message({ id, text })), about];
    this.graph.finish({ op: 'door', door: 'fail', args, result: -1, next: -1, source: this.whole.context.source(node) });
  }

  /** The agent fails unless something holds. */
  protected require(cond: Int, id: string, text: string, node: ts.Node, about?: Int): void {
    if (cond.op === 'const' && cond.value !== 0) return;
    const [fine, wrong] = [this.graph.reserve(), this.graph.reserve()];
    if (cond.op === 'const') this.graph.jump(wrong);
    else this.graph.finish({ op: 'branch', cond, then: fine, else: wrong });
    this.graph.goTo(wrong);
    this.fail(id, text, node, about);
    this.graph.goTo(fine);
  }

  // Values

  /** Values in the order of the source: what a later one changes is kept before. */
  protected inOrder(parts: readonly (() => Value)[]): readonly Value[] {
    return this.allInOrder(parts.map((part) => () => [part()]));
  }

  /** The same where a part may be several values: a list taken apart. */
  protected allInOrder(parts: readonly (() => readonly Value[])[]): readonly Value[] {
    const ends = parts.flatMap((part): readonly End[] => {
      const values = part();
      const mark = this.graph.mark();
      return values.map((value) => ({ value, mark }));
    });
    // From the last to the first: what is inserted moves only what comes after it.
    return ends
      .reverse()
      .map(({ value, mark }) => {
        const changed = this.graph.changedSince(mark);
        if (changed.size === 0) return value;
        return mapLeaves(value, (expr, kind) => {
          if (![...localsOf(expr)].some((local) => changed.has(local))) return expr;
          const local = this.newSettled('before', kind);
          this.graph.insert(mark, local, kept(kind, expr));
          return unkept(kind, { op: 'local', local });
        });
      })
      .reverse();
  }

  /** What comes of several ways that meet here. */
  protected meet(ends: readonly End[], node: ts.Node): Value {
    const open = ends.filter(({ mark }) => mark.block !== null);
    const [only] = open;
    if (only === undefined) return UNDEFINED;
    this.graph.goBack(only.mark);
    if (open.length === 1) return only.value;
    const sets: { readonly local: number; readonly exprs: readonly Int[] }[] = [];
    const merged = mergeValues(
      open.map(({ value }) => value),
      {
        word: (exprs, kind) => {
          const local = this.newSettled('either', kind);
          sets.push({ local, exprs: exprs.map((expr) => kept(kind, expr)) });
          return unkept(kind, { op: 'local', local });
        },
      },
    );
    const after = this.graph.reserve();
    for (const [index, { mark }] of open.entries()) {
      this.graph.goBack(mark);
      for (const { local, exprs } of sets) this.graph.set(local, exprs[index] ?? constant(0));
      this.graph.jump(after);
    }
    this.graph.goTo(after);
    if (merged !== null) return merged;
    const [a, b] = open.map(({ value }) => describe(value));
    return this.refuse(node, `${a} or ${b}, which only a run can tell`, 'write the code for each in a branch of its own');
  }

  /** A value; none where it turns out on the way that it can't be reached. */
  private reachable(work: () => Value): Value {
    let value: Value = UNDEFINED;
    this.sheltered(() => {
      value = work();
    });
    return value;
  }

  /** One of two values. Where neither does anything, that is an expression. */
  protected either(cond: Int, then: () => Value, otherwise: () => Value, node: ts.Node): Value {
    if (cond.op === 'const') return cond.value !== 0 ? then() : otherwise();
    const before = this.graph.mark();
    if (before.block === null) return then();
    const way = (work: () => Value): { readonly block: number; readonly clean: boolean; readonly end: End } => {
      const block = this.graph.reserve();
      this.graph.begin(block);
      const start = this.graph.mark();
      const value = this.uncertainly(() => this.reachable(work));
      return { block, clean: this.graph.isUnchanged(start), end: { value, mark: this.graph.mark() } };
    };
    const [yes, no] = [way(then), way(otherwise)];
    this.graph.goBack(before);
    if (yes.clean && no.clean) {
      const merged = mergeValues([yes.end.value, no.end.value], { word: ([a, b]) => choose(cond, a ?? constant(0), b ?? constant(0)) });
      if (merged !== null) return merged;
    }
    this.graph.finish({ op: 'branch', cond, then: yes.block, else: no.block });
    return this.meet([yes.end, no.end], node);
  }

  /** Whether a value counts as true. */
  protected truth(value: Value, node: ts.Node): Int {
    switch (value.is) {
      case 'text':
      case 'error':
        return this.refuse(node, `${describe(value)} as a condition`, 'compare numbers');
      case 'scalar':
        return this.scalarTruth(value);
      case 'none':
        return constant(0);
      case 'maybe':
        return both(binary('===', value.tag, constant(0)), this.scalarTruth(value.value));
      case 'platform':
        return constant(this.ofPlatform(value, node) ? 1 : 0);
      default:
        return constant(1);
    }
  }

  /** What there is of a name of the platform, here in Node. */
  protected ofPlatform({ path, imported }: PlatformValue, node: ts.Node): unknown {
    if (imported) return this.refuse(node, `whether there is \`${path}\``, 'give the thread what it needs as an argument');
    const member = (home: unknown, name: string): unknown =>
      home === undefined || home === null ? undefined : Reflect.get(Object(home), name);
    return path.split('.').reduce(member, globalThis);
  }

  private scalarTruth({ kind, expr }: Scalar): Int {
    if (kind === 'boolean') return expr;
    if (kind === 'string') return this.compare('!==', expr, constant(this.whole.text('')));
    if (expr.op === 'const') return constant(expr.value !== 0 && !Number.isNaN(expr.value) ? 1 : 0);
    const isZero = binary('!==', expr, constant(0));
    return kind === 'number' || kind === 'integer' ? both(isZero, binary('===', expr, expr)) : isZero;
  }

  /** A comparison, done now where both sides are known. */
  protected compare(operator: '===' | '!==' | '<' | '<=' | '>' | '>=', left: Int, right: Int): Int {
    if (left.op !== 'const' || right.op !== 'const') return binary(operator, left, right);
    const [a, b] = [left.value, right.value];
    switch (operator) {
      case '===':
        return constant(a === b ? 1 : 0);
      case '!==':
        return constant(a !== b ? 1 : 0);
      case '<':
        return constant(a < b ? 1 : 0);
      case '<=':
        return constant(a <= b ? 1 : 0);
      case '>':
        return constant(a > b ? 1 : 0);
      case '>=':
        return constant(a >= b ? 1 : 0);
    }
  }

  /** The value as a number. One that is missing at run time fails: arithmetic with it gives NaN, and nobody means that. */
  protected number(value: Value, node: ts.Node): Scalar {
    const present = this.present(value, node);
    if (present.kind === 'string') return this.refuse(node, 'a string where a number is needed', 'keep numbers and strings apart');
    return present.kind === 'boolean' ? scalar('nonneg', present.expr) : present;
  }

  /** A scalar that is there. */
  protected present(value: Value, node: ts.Node): Scalar {
    if (value.is === 'scalar') return value;
    if (value.is !== 'maybe') return this.refuse(node, `${describe(value)} where a number is needed`, 'use a number here');
    const settled = this.settleValue(value, 'maybe');
    this.require(
      this.compare('===', settled.tag, constant(0)),
      'undefined-value',
      'a value that is not there (`undefined` or `null`) is used',
      node,
    );
    return settled.value;
  }

  /** Whether a value is `undefined` or `null`, or one of the two. */
  protected isNone(value: Value, which: 'undefined' | 'null' | 'either'): Int {
    if (value.is === 'none') return constant(which === 'either' || value.which === which ? 1 : 0);
    if (value.is !== 'maybe') return constant(0);
    if (which === 'either') return this.compare('!==', value.tag, constant(0));
    return this.compare('===', value.tag, constant(which === 'undefined' ? 1 : 2));
  }

  protected newListOf(elements: readonly Value[]): ListValue {
    const list: ListValue = { is: 'list', elements };
    this.fresh.add(list);
    return list;
  }

  protected isFresh(value: Value | null): value is ListValue {
    return value?.is === 'list' && this.fresh.has(value);
  }

  protected boolean(expr: Int): Scalar {
    return expr.op === 'const' ? booleanValue(expr.value !== 0) : scalar('boolean', expr);
  }

  protected negated(expr: Int): Scalar {
    return this.boolean(not(expr));
  }

  protected isConstant(value: Value): boolean {
    return leavesOf(value).every(({ expr }) => expr.op === 'const');
  }

  protected constantNumber(value: Value): number | undefined {
    return value.is === 'scalar' && value.expr.op === 'const' && value.kind !== 'string' ? value.expr.value : undefined;
  }

  protected word(value: Int): Int {
    return value.op === 'const' ? constant(value.value | 0) : binary('|', value, constant(0));
  }

  protected resultOf(kind: Kind, name: string): { readonly local: number; readonly value: Scalar } {
    const local = this.newSettled(name, kind);
    return { local, value: scalar(kind, unkept(kind, { op: 'local', local })) };
  }
}
