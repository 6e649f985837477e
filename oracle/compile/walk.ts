/**
 * Walks over the IR: the children of an expression, the expressions of a statement, substitution. Everything that looks at
 * all expressions goes through here, so that a new operator is added in one place. What is rebuilt is the same object where nothing in it
 * changed, so that a pass that finds nothing to do makes nothing, and can be told by that.
 */
import { unreachable } from './errors.ts';
import type { Expr, Place, Stmt } from './ir.ts';

/** The node with some of its parts exchanged; itself if they are what it has. */
export function rebuilt<Node extends object>(node: Node, parts: Partial<Node>): Node {
  for (const name in parts) if (parts[name] !== node[name]) return { ...node, ...parts };
  return node;
}

/** The list with what `f` makes of each; itself if that is what it has. */
export function mapped<Item>(list: readonly Item[], f: (item: Item, index: number) => Item): readonly Item[] {
  const made = list.map(f);
  return made.every((item, index) => item === list[index]) ? list : made;
}

/** The list with all that `f` makes of each; itself if that is what it has. */
export function flatMapped<Item>(list: readonly Item[], f: (item: Item) => readonly Item[]): readonly Item[] {
  const made = list.flatMap(f);
  return made.length === list.length && made.every((item, index) => item === list[index]) ? list : made;
}

/** Calls `visit` with each direct child of an expression. */
export function forEachChild(expr: Expr, visit: (child: Expr) => void): void {
  switch (expr.op) {
    case 'const':
    case 'local':
      return;
    case 'read':
      for (const step of expr.place.steps) if (!('field' in step)) visit(step.index);
      return;
    case 'not':
    case 'unwrap':
    case 'wrap':
      visit(expr.arg);
      return;
    case 'and':
    case 'or':
    case 'eq':
    case 'ne':
    case 'lt':
    case 'le':
    case 'add':
    case 'sub':
    case 'mul':
    case 'min':
    case 'max':
      visit(expr.left);
      visit(expr.right);
      return;
    case 'ite':
      visit(expr.cond);
      visit(expr.then);
      visit(expr.else);
      return;
    case 'some':
    case 'every':
    case 'count':
    case 'first':
      visit(expr.body);
      return;
    case 'call':
      for (const arg of expr.args) visit(arg);
      return;
    default:
      unreachable(expr);
  }
}

/** Rebuilds an expression with each direct child replaced by `f(child)`. */
export function mapChildren(expr: Expr, f: (child: Expr) => Expr): Expr {
  switch (expr.op) {
    case 'const':
    case 'local':
      return expr;
    case 'read':
      return rebuilt(expr, { place: mapPlace(expr.place, f) });
    case 'not':
    case 'unwrap':
    case 'wrap':
      return rebuilt(expr, { arg: f(expr.arg) });
    case 'and':
    case 'or':
    case 'eq':
    case 'ne':
    case 'lt':
    case 'le':
    case 'add':
    case 'sub':
    case 'mul':
    case 'min':
    case 'max':
      return rebuilt(expr, { left: f(expr.left), right: f(expr.right) });
    case 'ite':
      return rebuilt(expr, { cond: f(expr.cond), then: f(expr.then), else: f(expr.else) });
    case 'some':
    case 'every':
    case 'count':
    case 'first':
      return rebuilt(expr, { body: f(expr.body) });
    case 'call':
      return rebuilt(expr, { args: mapped(expr.args, f) });
    default:
      return unreachable(expr);
  }
}

/** Rebuilds a place with each index replaced by `f(index)`. */
export function mapPlace(place: Place, f: (index: Expr) => Expr): Place {
  if (place.steps.every((step) => 'field' in step)) return place;
  return rebuilt(place, { steps: mapped(place.steps, (step) => ('field' in step ? step : rebuilt(step, { index: f(step.index) }))) });
}

/** Replaces the locals for which `f` has an answer; the bound variables of quantifiers are renamed by `bound`. */
export function substitute(expr: Expr, f: (local: number) => Expr | undefined, bound: (local: number) => number = (l) => l): Expr {
  if (expr.op === 'local') return f(expr.local) ?? expr;
  const whole = mapChildren(expr, (child) => substitute(child, f, bound));
  switch (whole.op) {
    case 'some':
    case 'every':
    case 'count':
    case 'first':
      return rebuilt(whole, { local: bound(whole.local) });
    default:
      return whole;
  }
}

/** Calls `visit` with every local an expression reads; the bound variables of its quantifiers are not among them. */
export function forEachLocal(expr: Expr, visit: (local: number) => void): void {
  switch (expr.op) {
    case 'local':
      visit(expr.local);
      return;
    case 'some':
    case 'every':
    case 'count':
    case 'first':
      forEachLocal(expr.body, (local) => {
        if (local !== expr.local) visit(local);
      });
      return;
    default:
      forEachChild(expr, (child) => forEachLocal(child, visit));
  }
}

/** Calls `visit` with an expression and all expressions below it, the outermost first. */
export function forEachExpr(expr: Expr, visit: (expr: Expr) => void): void {
  visit(expr);
  forEachChild(expr, (child) => forEachExpr(child, visit));
}

/** The expressions that stand directly in a statement (not those of statements inside it). */
export function expressionsOf(stmt: Stmt): readonly Expr[] {
  switch (stmt.op) {
    case 'set':
      return [stmt.value];
    case 'write':
      return [...indicesOf(stmt.place), stmt.value];
    case 'if':
    case 'while':
    case 'when':
      return [stmt.cond];
    case 'return':
      return stmt.value === null ? [] : [stmt.value];
    case 'call':
    case 'delegate':
      return stmt.args;
    case 'pause':
      return stmt.until === null ? [] : [stmt.until];
    case 'for':
    case 'break':
    case 'continue':
    case 'rule':
      return [];
    default:
      return unreachable(stmt);
  }
}

/** The index expressions of a place. */
export function indicesOf(place: Place): readonly Expr[] {
  return place.steps.flatMap((step) => ('field' in step ? [] : [step.index]));
}

/** The statement lists nested in a statement. */
export function bodiesOf(stmt: Stmt): readonly (readonly Stmt[])[] {
  switch (stmt.op) {
    case 'if':
      return [stmt.then, stmt.else];
    case 'for':
    case 'while':
      return [stmt.body];
    default:
      return [];
  }
}

/** Rebuilds a body with each expression of its statements, nested ones included, replaced by `f(expression)`. */
export function mapStmts(body: readonly Stmt[], f: (expr: Expr) => Expr): readonly Stmt[] {
  return mapped(body, (stmt): Stmt => {
    switch (stmt.op) {
      case 'set':
        return rebuilt(stmt, { value: f(stmt.value) });
      case 'write':
        return rebuilt(stmt, { place: mapPlace(stmt.place, f), value: f(stmt.value) });
      case 'if':
        return rebuilt(stmt, { cond: f(stmt.cond), then: mapStmts(stmt.then, f), else: mapStmts(stmt.else, f) });
      case 'for':
        return rebuilt(stmt, { body: mapStmts(stmt.body, f) });
      case 'while':
        return rebuilt(stmt, { cond: f(stmt.cond), body: mapStmts(stmt.body, f) });
      case 'return':
        return rebuilt(stmt, { value: stmt.value === null ? null : f(stmt.value) });
      case 'call':
      case 'delegate':
        return rebuilt(stmt, { args: mapped(stmt.args, f) });
      case 'pause':
        return rebuilt(stmt, { until: stmt.until === null ? null : f(stmt.until) });
      case 'when':
        return rebuilt(stmt, { cond: f(stmt.cond) });
      case 'rule':
      case 'break':
      case 'continue':
        return stmt;
      default:
        return unreachable(stmt);
    }
  });
}

/** Calls `visit` with every statement of a body, nested ones included. */
export function forEachStmt(body: readonly Stmt[], visit: (stmt: Stmt) => void): void {
  for (const stmt of body) {
    visit(stmt);
    for (const inner of bodiesOf(stmt)) forEachStmt(inner, visit);
  }
}
