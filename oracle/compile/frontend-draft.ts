/**
 * A *draft* is one function while it is being compiled: its locals, what its names are bound to, and where an effect that
 * stands inside an expression is to be put. An *alias* is a `const` that stands for a record of the state
 * (`const sock = s.sockets[so]`): the path with its indices captured.
 */
import { ts } from 'ts-morph';
import { BOOL, local } from './fold.ts';
import type { ConstantValue, Context } from './frontend-context.ts';
import type { Expr, Local, Place, Scalar, Stmt } from './ir.ts';
import { forEachExpr } from './walk.ts';

/** What an expression of the source stands for. */
export type Value =
  | { readonly kind: 'scalar'; readonly expr: Expr }
  /** Known data, one of several: the first choice whose condition holds, the last without regard to it. */
  | { readonly kind: 'constants'; readonly choices: readonly Choice[] }
  /** A record, a table or a sequence of the state. */
  | { readonly kind: 'place'; readonly place: Place }
  /** All ids of a table. */
  | { readonly kind: 'range'; readonly type: Extract<Scalar, { kind: 'id' }> };

export interface Choice {
  readonly when: Expr;
  readonly value: ConstantValue;
}

export interface Alias {
  readonly name: string;
  readonly place: Place;
  readonly path: string;
  /** How many pauses the function had met when the alias was taken, and how many loops were open. */
  readonly pauses: number;
  readonly loops: number;
  readonly uses: ts.Node[];
  /** Where the record was replaced by another one. */
  stale: boolean;
}

export type Binding =
  | { readonly kind: 'local'; readonly local: number; readonly type: Scalar }
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'alias'; readonly alias: Alias };

/** Where effects go: a list, or nowhere. `only` says why nothing but rules (or nothing at all) may go there; null: everything may. */
export interface Hoist {
  readonly list: Stmt[] | null;
  readonly only: string | null;
}

export class Draft {
  readonly context: Context;
  readonly name: string;
  readonly generator: boolean;
  readonly locals: Local[] = [];
  readonly bindings = new Map<ts.Symbol, Binding>();
  /** Locals that are set once, before any use. */
  readonly stable = new Set<number>();
  /** Symbols that are assigned after their declaration. */
  readonly assigned: ReadonlySet<ts.Symbol>;
  /** Variables whose declaration was refused: their uses say nothing new. */
  readonly poisoned = new Set<ts.Symbol>();
  readonly replaces = new Set<string>();
  readonly aliases: Alias[] = [];
  /** Where effects that stand inside an expression go. */
  hoist: Hoist = { list: null, only: 'here' };
  /** undefined: to be inferred from the first `return`. */
  returns: Scalar | null | undefined;
  pauses = 0;
  /** For each loop that is open: how many aliases there were, and how many uses each had, when it began. */
  readonly loops: { readonly uses: readonly number[]; readonly pauses: number }[] = [];

  constructor(context: Context, name: string, generator: boolean, body: ts.Node) {
    this.context = context;
    this.name = name;
    this.generator = generator;
    this.assigned = assignedSymbols(context, body);
  }

  newLocal(name: string, type: Scalar, stable: boolean): number {
    this.locals.push({ name, type });
    const index = this.locals.length - 1;
    if (stable) this.stable.add(index);
    return index;
  }

  /** A name for a record, watched from here on. */
  newAlias(name: string, place: Place): Alias {
    const { length: loops } = this.loops;
    const alias: Alias = { name, place, path: fieldPath(place), pauses: this.pauses, loops, uses: [], stale: false };
    this.aliases.push(alias);
    return alias;
  }

  bind(name: ts.Node, binding: Binding): void {
    const symbol = this.context.checker.getSymbolAtLocation(name);
    if (symbol === undefined) throw new Error(`no symbol for ${name.getText()}`);
    this.bindings.set(symbol, binding);
  }

  /** Compiles something whose effects go to `list`, or (given a reason) that must have none. */
  within<T>(list: Stmt[] | string, work: () => T): T {
    return this.hoisting(typeof list === 'string' ? { list: null, only: list } : { list, only: null }, work);
  }

  /**
   * Compiles something that is evaluated only if `cond` holds. It must have no effects, but rules may decide in it: they are
   * noted before, under the same condition.
   */
  conditionally<T>(cond: Expr, reason: string, work: () => T): T {
    const { list } = this.hoist;
    if (list === null) return this.hoisting({ list: null, only: this.hoist.only ?? reason }, work);
    const rules: Stmt[] = [];
    const result = this.hoisting({ list: rules, only: reason }, work);
    if (rules.length > 0) list.push({ op: 'if', cond, then: rules, else: [] });
    return result;
  }

  private hoisting<T>(hoist: Hoist, work: () => T): T {
    const before = this.hoist;
    this.hoist = hoist;
    try {
      return work();
    } finally {
      this.hoist = before;
    }
  }

  /** The list to which an effect is appended, or a refusal. */
  effects(node: ts.Node): Stmt[] {
    const { list, only } = this.hoist;
    if (list !== null && only === null) return list;
    return this.context.refuse(
      node,
      `an effect where it may or may not happen (${only})`,
      'call it in a statement of its own, inside an `if` if need be, and use its result',
    );
  }

  /** The list to which a rule that decided is appended, or a refusal. */
  ruleEffects(node: ts.Node): Stmt[] {
    const { list, only } = this.hoist;
    if (list !== null) return list;
    return this.context.refuse(
      node,
      `a rule where it may decide many times or never (${only})`,
      'state the rule where its consequence is drawn',
    );
  }

  /** Sets a fresh local; answers the expression that reads it. */
  capture(expr: Expr, name: string, into: Stmt[], at = into.length): Expr {
    const index = this.newLocal(name, expr.type, true);
    into.splice(at, 0, { op: 'set', local: index, value: expr, site: -1 });
    return local(index, expr.type);
  }

  /** The place as it is now, where writing there, or in a part of it, could lead an index elsewhere. */
  steady(place: Place, into: Stmt[]): Place {
    const path = ({ steps }: Place): string => steps.map((step) => ('field' in step ? `.${step.field}` : '')).join('');
    const written = path(place);
    const moves = (index: Expr): boolean => {
      let found = false;
      forEachExpr(index, (each) => {
        if (each.op === 'call') found = true;
        if (each.op === 'read' && `${path(each.place)}.`.startsWith(`${written}.`)) found = true;
      });
      return found;
    };
    const steps = place.steps.map((step) =>
      'index' in step && moves(step.index) ? { index: this.capture(step.index, 'index', into) } : step,
    );
    return { ...place, steps };
  }

  /** Whether an expression has one value for the whole call: neither the state nor a variable that changes is read. */
  isStable(expr: Expr): boolean {
    let stable = true;
    forEachExpr(expr, (e) => {
      if (e.op === 'local' && !this.stable.has(e.local)) stable = false;
      if (e.op === 'read' || e.op === 'call' || e.op === 'some' || e.op === 'every' || e.op === 'count' || e.op === 'first') stable = false;
      if (e.op === 'unwrap' && e.site >= 0) stable = false;
    });
    return stable;
  }

  /**
   * Compiles `next` after `first`; if `next` has effects, the values of `first` are taken before them, as in the source.
   */
  then<T>(first: readonly Expr[], next: () => T): { readonly first: readonly Expr[]; readonly next: T } {
    const { list } = this.hoist;
    const before = list?.length ?? 0;
    const value = next();
    if (list === null || !list.slice(before).some(isEffect)) return { first, next: value };
    let at = before;
    const captured = first.map((expr) => (this.isStable(expr) ? expr : this.capture(expr, 'before', list, at++)));
    return { first: captured, next: value };
  }
}

/** The names of the source's fields along a path: which part of every record of its kind it leads to. */
export function fieldPath(place: Place): string {
  return place.steps.flatMap((step) => ('field' in step && step.sequence !== true ? [step.field] : [])).join('.');
}

export function scalar(expr: Expr): Value {
  return { kind: 'scalar', expr };
}

export function known(value: ConstantValue): Value {
  if (typeof value === 'boolean') return scalar({ op: 'const', type: BOOL, value: value ? 1 : 0 });
  if (typeof value === 'number') return scalar({ op: 'const', type: { kind: 'int', lo: value, hi: value }, value });
  return { kind: 'constants', choices: [{ when: { op: 'const', type: BOOL, value: 1 }, value }] };
}

function isEffect(stmt: Stmt): boolean {
  if (stmt.op === 'if') return [...stmt.then, ...stmt.else].some(isEffect);
  if (stmt.op === 'for') return stmt.body.some(isEffect);
  return stmt.op === 'call' || stmt.op === 'write' || stmt.op === 'delegate' || stmt.op === 'pause';
}

function assignedSymbols(context: Context, body: ts.Node): ReadonlySet<ts.Symbol> {
  const symbols = new Set<ts.Symbol>();
  const target = (node: ts.Node): void => {
    const symbol = ts.isIdentifier(node) ? context.checker.getSymbolAtLocation(node) : undefined;
    if (symbol !== undefined) symbols.add(symbol);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind)) target(node.left);
    if ((ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && isStep(node.operator)) target(node.operand);
    if (ts.isVariableDeclaration(node) && node.initializer === undefined) target(node.name);
    ts.forEachChild(node, visit);
  };
  visit(body);
  return symbols;
}

export function isAssignment(kind: ts.SyntaxKind): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

export function isStep(kind: ts.SyntaxKind): boolean {
  return kind === ts.SyntaxKind.PlusPlusToken || kind === ts.SyntaxKind.MinusMinusToken;
}
