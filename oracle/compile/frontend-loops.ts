/**
 * *Loops*: `for (const so of sockets)` over ranges, tables, sequences and constant lists; `for (let i = 0; i < N; i++)`; and, in
 * procedures, `while`, each round of which must pass a `yield` (`lower.ts` checks that).
 */
import { ts } from 'ts-morph';
import { arithmetic, compare, constant, intType, ite, local, not } from './fold.ts';
import { constantOf, isList } from './frontend-constants.ts';
import type { ConstantValue } from './frontend-context.ts';
import { constantAs } from './frontend-convert.ts';
import { type Draft, fieldPath, known, scalar, type Value } from './frontend-draft.ts';
import { condition, expression, valueAt } from './frontend-expressions.ts';
import { statements } from './frontend-statements.ts';
import { takeAlias } from './frontend-records.ts';
import { itemOf, lengthOf } from './frontend-sequences.ts';
import type { Expr, Place, Scalar, Stmt } from './ir.ts';
import { forEachStmt } from './walk.ts';

/** The body of a loop. `begin` is what happens at the head of each round. */
function bodyOf(draft: Draft, node: ts.Statement, begin?: () => void): Stmt[] {
  const body: Stmt[] = [];
  draft.loops.push({ uses: draft.aliases.map((a) => a.uses.length), pauses: draft.pauses });
  begin?.();
  statements(draft, [node], body);
  const loop = draft.loops.pop();
  if (loop !== undefined && draft.pauses > loop.pauses) {
    // What is used before the pause of this round comes after the pause of the round before.
    for (const [index, since] of loop.uses.entries()) {
      const alias = draft.aliases[index];
      for (const node of alias?.uses.slice(since) ?? []) draft.context.aliasUsesAfterPause.push({ node, path: alias?.path ?? '' });
    }
  }
  return body;
}

export function forOf(draft: Draft, node: ts.ForOfStatement, out: Stmt[]): void {
  const { context } = draft;
  if (node.awaitModifier !== undefined) {
    context.refuse(node, '`for await`', 'make it a procedure and sleep with `yield until(() => …)`');
    return;
  }
  const { initializer } = node;
  const [declaration] = ts.isVariableDeclarationList(initializer) ? initializer.declarations : [];
  if (declaration === undefined || !ts.isIdentifier(declaration.name) || (initializer.flags & ts.NodeFlags.Const) === 0) {
    context.refuse(initializer, 'a loop whose variable is not a `const` name', 'write `for (const so of sockets)`');
    return;
  }
  const name = declaration.name;
  const object = expression(draft, node.expression);
  if (object.kind === 'range') {
    const { type } = object;
    const index = draft.newLocal(name.text, type, true);
    draft.bind(name, { kind: 'local', local: index, type });
    out.push({ op: 'for', local: index, size: type.size, body: bodyOf(draft, node.statement) });
    return;
  }
  if (object.kind === 'constants' && object.choices.length === 1 && isList(object.choices[0]?.value)) {
    overConstants(draft, name, object.choices[0].value as readonly ConstantValue[], node, out);
    return;
  }
  if (object.kind === 'place' && object.place.type.kind === 'table') {
    overTable(draft, name, object.place, object.place.type, node, out);
    return;
  }
  if (object.kind === 'place' && object.place.type.kind === 'seq') {
    overSequence(draft, name, object.place, object.place.type, node, out);
    return;
  }
  context.refuse(
    node.expression,
    'a loop over something that is not a range, a table or a sequence',
    'write `for (const so of sockets)` with `const sockets = range<SocketId>(SOCKETS)`',
  );
}

function overTable(
  draft: Draft,
  name: ts.Identifier,
  place: Place,
  type: Extract<Place['type'], { kind: 'table' }>,
  node: ts.ForOfStatement,
  out: Stmt[],
): void {
  const index = draft.newLocal(name.text, intType(0, type.size - 1), true);
  const path: Place = { steps: [...place.steps, { index: local(index, intType(0, type.size - 1)) }], type: type.element };
  const first: Stmt[] = [];
  const body = bodyOf(draft, node.statement, () => bindElement(draft, name, valueAt(draft, path), first));
  out.push({ op: 'for', local: index, size: type.size, body: [...first, ...body] });
}

/** Binds the loop's variable to an element; one value is copied when the round begins, as in the source. */
function bindElement(draft: Draft, name: ts.Identifier, value: Value, first: Stmt[]): void {
  if (value.kind === 'place') takeAlias(draft, name, value.place, first);
  else if (value.kind === 'scalar') draft.bind(name, { kind: 'value', value: scalar(draft.capture(value.expr, name.text, first)) });
}

function overSequence(
  draft: Draft,
  name: ts.Identifier,
  place: Place,
  type: Extract<Place['type'], { kind: 'seq' }>,
  node: ts.ForOfStatement,
  out: Stmt[],
): void {
  const { context } = draft;
  const index = draft.newLocal(name.text, intType(0, type.capacity - 1), true);
  const at = local(index, intType(0, type.capacity - 1));
  const item = itemOf(place, at);
  const end: Stmt = { op: 'if', cond: not(compare('lt', at, lengthOf(place))), then: [{ op: 'break' }], else: [] };
  const first: Stmt[] = [];
  bindElement(draft, name, scalar(item), first);
  const body = bodyOf(draft, node.statement);
  const path = fieldPath(place);
  if (writtenPaths(draft, body).has(path)) {
    context.refuse(
      node,
      `the loop changes the sequence \`${path}\` it goes over`,
      'write `while (seq.length > 0) { … yield; }` in a procedure, or loop over a range of ids and test `includes`',
    );
    return;
  }
  out.push({ op: 'for', local: index, size: type.capacity, body: [end, ...first, ...body] });
}

/** The field paths that a body may write, itself or through calls. */
export function writtenPaths(draft: Draft, body: readonly Stmt[]): ReadonlySet<string> {
  const paths = new Set<string>();
  forEachStmt(body, (stmt) => {
    if (stmt.op === 'write') paths.add(fieldPath(stmt.place));
    if (stmt.op === 'call' || stmt.op === 'delegate') {
      for (const signature of draft.context.signatures.values()) {
        if (typeof signature !== 'string' && signature.index === stmt.fn) for (const path of signature.writes) paths.add(path);
      }
    }
  });
  return paths;
}

function overConstants(draft: Draft, name: ts.Identifier, list: readonly ConstantValue[], node: ts.ForOfStatement, out: Stmt[]): void {
  const { context } = draft;
  const type = elementType(list);
  if (type === null) {
    context.refuse(node.expression, 'a list of constants of different kinds', 'let all be strings, all numbers or all booleans');
    return;
  }
  const round = draft.newLocal('round', intType(0, list.length - 1), true);
  const index = local(round, intType(0, list.length - 1));
  const values = list.map((value) => constantAs(context, value, type, node.expression));
  const last = values.at(-1);
  if (last === undefined) return;
  const chosen = values
    .slice(0, -1)
    .reduceRight((rest: Expr, value, place) => ite(compare('eq', index, constant(place)), value, rest, type), last);
  const element = draft.newLocal(name.text, type, true);
  draft.bind(name, { kind: 'local', local: element, type });
  const body: Stmt[] = [{ op: 'set', local: element, value: chosen, site: -1 }, ...bodyOf(draft, node.statement)];
  out.push({ op: 'for', local: round, size: list.length, body });
}

function elementType(list: readonly ConstantValue[]): Scalar | null {
  if (list.every((v) => typeof v === 'string')) return { kind: 'enum', name: list.join(' | '), values: [...new Set(list)] };
  if (list.every((v) => typeof v === 'number')) return intType(Math.min(...list), Math.max(...list));
  if (list.every((v) => typeof v === 'boolean')) return { kind: 'bool' };
  return null;
}

/** `for (let i = FIRST; i < END; i++)` with constant ends. */
export function forRange(draft: Draft, node: ts.ForStatement, out: Stmt[]): void {
  const { context } = draft;
  const advice = 'write `for (let i = 0; i < N; i++)` with constant ends, or a `while` with a `yield` in a procedure';
  const { initializer, condition: test, incrementor } = node;
  const [declaration] = initializer !== undefined && ts.isVariableDeclarationList(initializer) ? initializer.declarations : [];
  if (
    declaration === undefined ||
    !ts.isIdentifier(declaration.name) ||
    declaration.initializer === undefined ||
    test === undefined ||
    incrementor === undefined
  ) {
    context.refuse(node, 'a loop that does not count', advice);
    return;
  }
  const name = declaration.name;
  const isCounter = (expr: ts.Expression): boolean => ts.isIdentifier(expr) && expr.text === name.text;
  const from = constantOf(context, declaration.initializer);
  const compares = ts.isBinaryExpression(test) && isCounter(test.left) ? test : null;
  const limit = compares === null ? undefined : limitOf(draft, compares.right);
  const steps =
    (ts.isPostfixUnaryExpression(incrementor) || ts.isPrefixUnaryExpression(incrementor)) &&
    incrementor.operator === ts.SyntaxKind.PlusPlusToken &&
    isCounter(incrementor.operand);
  const operator = compares?.operatorToken.kind;
  const inclusive = operator === ts.SyntaxKind.LessThanEqualsToken;
  if (typeof from !== 'number' || limit === undefined || !steps || (!inclusive && operator !== ts.SyntaxKind.LessThanToken)) {
    context.refuse(node, 'a loop whose number of rounds is not constant', advice);
    return;
  }
  const size = Math.max(0, limit - from + (inclusive ? 1 : 0));
  if (assigns(node.statement, name.text)) {
    context.refuse(node, 'a loop that changes its counter', advice);
    return;
  }
  if (size === 0) return;
  const type = intType(0, size - 1);
  const index = draft.newLocal(name.text, type, true);
  const value = arithmetic('add', local(index, type), constant(from));
  draft.bind(name, { kind: 'value', value: scalar(value) });
  out.push({ op: 'for', local: index, size, body: bodyOf(draft, node.statement) });
}

function limitOf(draft: Draft, node: ts.Expression): number | undefined {
  const value = constantOf(draft.context, node);
  if (typeof value === 'number') return value;
  const length = draft.within('in the head of a loop', () => draft.context.attempt(() => expression(draft, node), known(null)));
  return length.kind === 'scalar' && length.expr.op === 'const' ? length.expr.value : undefined;
}

function assigns(body: ts.Node, name: string): boolean {
  let found = false;
  const visit = (node: ts.Node): void => {
    const target =
      ts.isBinaryExpression(node) &&
      node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
      node.operatorToken.kind <= ts.SyntaxKind.LastAssignment
        ? node.left
        : null;
    const stepped = ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node) ? node.operand : null;
    for (const each of [target, stepped]) if (each !== null && ts.isIdentifier(each) && each.text === name) found = true;
    ts.forEachChild(node, visit);
  };
  visit(body);
  return found;
}

export function whileLoop(draft: Draft, node: ts.WhileStatement, out: Stmt[]): void {
  const { context } = draft;
  if (!draft.generator) {
    context.refuse(
      node.expression,
      'a `while` outside a procedure, whose end nobody can promise',
      'write a bounded `for` with a `break`, or make it a procedure that yields each round',
    );
    return;
  }
  const cond = draft.within('in the condition of a loop', () => condition(draft, node.expression));
  const body = bodyOf(draft, node.statement);
  if (cond.op === 'const' && cond.value === 0) return;
  out.push({ op: 'while', cond, body, source: context.source(node) });
}
