/**
 * *Statements* of the source. Each appends to a list of statements of the IR; effects inside its expressions come first, in
 * the order of the source. A branch that a constant rules out is compiled for its mistakes and left out.
 */
import { ts } from 'ts-morph';
import { arithmetic, bool, constant, local, not } from './fold.ts';
import { adviceFor, UNKNOWN } from './frontend-advice.ts';
import { callOrVoid } from './frontend-calls.ts';
import { type Context, describeType, quote, Refusal } from './frontend-context.ts';
import { asWhole, convert, fits } from './frontend-convert.ts';
import { type Draft, fieldPath, isAssignment, isStep, scalar, type Value } from './frontend-draft.ts';
import { condition, expression, fieldOf, scalarValue, withIndices } from './frontend-expressions.ts';
import { forOf, forRange, whileLoop } from './frontend-loops.ts';
import { guard, pause } from './frontend-procedures.ts';
import { assignWhole, takeAlias } from './frontend-records.ts';
import { clear } from './frontend-sequences.ts';
import { switchStatement } from './frontend-switch.ts';
import { scalarOf } from './frontend-types.ts';
import type { Expr, Place, Scalar, Stmt } from './ir.ts';
import { indicesOf } from './walk.ts';

const K = ts.SyntaxKind;

/** A list of statements; what stands after a jump out is compiled for its mistakes only. */
export function statements(draft: Draft, nodes: readonly ts.Statement[], out: Stmt[]): void {
  let target = out;
  for (const node of nodes) {
    const done = draft.context.attempt(() => draft.within(target, () => isDone(draft, node, target)), false);
    if (!done && ts.isVariableStatement(node)) poison(draft, node);
    const last = target.at(-1)?.op;
    if (last === 'return' || last === 'break' || last === 'continue') target = [];
  }
}

function isDone(draft: Draft, node: ts.Statement, out: Stmt[]): true {
  statement(draft, node, out);
  return true;
}

/** The names of a declaration that was refused. */
function poison(draft: Draft, node: ts.VariableStatement): void {
  const names = (name: ts.BindingName): readonly ts.Identifier[] => {
    if (ts.isIdentifier(name)) return [name];
    return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : names(element.name)));
  };
  for (const name of node.declarationList.declarations.flatMap((d) => names(d.name))) {
    const symbol = draft.context.checker.getSymbolAtLocation(name);
    if (symbol !== undefined && !draft.bindings.has(symbol)) draft.poisoned.add(symbol);
  }
}

export function statement(draft: Draft, node: ts.Statement, out: Stmt[]): void {
  const { context } = draft;
  if (ts.isBlock(node)) {
    statements(draft, node.statements, out);
    return;
  }
  if (ts.isVariableStatement(node)) {
    for (const declaration of node.declarationList.declarations) declare(draft, declaration, node.declarationList, out);
    return;
  }
  if (ts.isExpressionStatement(node)) {
    effect(draft, node.expression, out);
    return;
  }
  if (ts.isIfStatement(node)) {
    const { test, rules } = trailingRules(draft, node.expression);
    const cond = test === null ? bool(true) : condition(draft, test);
    const then: Stmt[] = [];
    const otherwise: Stmt[] = [];
    for (const rule of rules) draft.within(then, () => callOrVoid(draft, rule, true));
    statements(draft, [node.thenStatement], then);
    if (node.elseStatement !== undefined) statements(draft, [node.elseStatement], otherwise);
    if (cond.op === 'const') out.push(...(cond.value !== 0 ? then : otherwise));
    else if (then.length === 0 && otherwise.length > 0) out.push({ op: 'if', cond: not(cond), then: otherwise, else: [] });
    else if (then.length > 0) out.push({ op: 'if', cond, then, else: otherwise });
    return;
  }
  if (ts.isSwitchStatement(node)) {
    switchStatement(draft, node, out);
    return;
  }
  if (ts.isForOfStatement(node)) {
    forOf(draft, node, out);
    return;
  }
  if (ts.isForStatement(node)) {
    forRange(draft, node, out);
    return;
  }
  if (ts.isWhileStatement(node)) {
    whileLoop(draft, node, out);
    return;
  }
  if (ts.isReturnStatement(node)) {
    returns(draft, node, out);
    return;
  }
  if (ts.isBreakStatement(node) || ts.isContinueStatement(node)) {
    if (node.label !== undefined) {
      context.refuse(node, 'a jump to a label', 'move the inner loop to a function of its own and return from it');
      return;
    }
    out.push({ op: ts.isBreakStatement(node) ? 'break' : 'continue' });
    return;
  }
  if (node.kind === K.EmptyStatement || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
  const { problem, advice } = adviceFor(node.kind) ?? UNKNOWN;
  context.refuse(node, problem, advice);
}

/** `a && b && rule(…)` as the condition `a && b` and the rules that decide where it holds. */
function trailingRules(
  draft: Draft,
  node: ts.Expression,
): { readonly test: ts.Expression | null; readonly rules: readonly ts.CallExpression[] } {
  const isRule = (e: ts.Expression): e is ts.CallExpression =>
    ts.isCallExpression(e) && e.arguments.length === 2 && draft.context.word(e.expression) === 'rule';
  if (isRule(node)) return { test: null, rules: [node] };
  if (ts.isParenthesizedExpression(node)) return trailingRules(draft, node.expression);
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === K.AmpersandAmpersandToken && isRule(node.right)) {
    const { test, rules } = trailingRules(draft, node.left);
    return { test, rules: [...rules, node.right] };
  }
  return { test: node, rules: [] };
}

/** An expression written as a statement. */
function effect(draft: Draft, node: ts.Expression, out: Stmt[]): void {
  const { context } = draft;
  if (ts.isParenthesizedExpression(node)) {
    effect(draft, node.expression, out);
    return;
  }
  if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind)) {
    assign(draft, node, out);
    return;
  }
  if ((ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && isStep(node.operator)) {
    const op = node.operator === K.PlusPlusToken ? 'add' : 'sub';
    store(draft, node.operand, (old) => arithmetic(op, old(), constant(1)), node, out);
    return;
  }
  if (ts.isYieldExpression(node)) {
    pause(draft, node, out);
    return;
  }
  if (ts.isCallExpression(node)) {
    if (context.word(node.expression) === 'when') {
      guard(draft, node, out);
      return;
    }
    if (isUnreachable(context, node)) return;
    const value = callOrVoid(draft, node, true);
    if (value?.kind === 'scalar' && value.expr.op === 'call' && !isFlawed(context, value.expr.fn)) {
      context.refuse(node, 'a call whose value is not used and which has no effect', 'use the value, or take the call out');
      return;
    }
    return;
  }
  if (ts.isVoidExpression(node) && ts.isIdentifier(node.expression)) return;
  const known = adviceFor(ts.isBinaryExpression(node) ? node.operatorToken.kind : node.kind);
  const { problem, advice } = known ?? { problem: 'an expression without effect', advice: 'take it out' };
  context.refuse(node, problem, advice);
}

function isFlawed(context: Context, fn: number): boolean {
  return [...context.signatures.values()].some((signature) => typeof signature !== 'string' && signature.index === fn && signature.flawed);
}

/** `unreachable(x)` closes a switch; nothing is left of it. */
export function isUnreachable(context: Context, node: ts.Expression): boolean {
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return false;
  const declaration = context.declaration(node.expression);
  if (declaration === undefined || !ts.isFunctionDeclaration(declaration)) return false;
  return declaration.parameters.length > 0 && declaration.parameters.every((p) => p.type?.kind === K.NeverKeyword);
}

// --- declarations -----------------------------------------------------------------------------------------------------

function declare(draft: Draft, node: ts.VariableDeclaration, list: ts.VariableDeclarationList, out: Stmt[]): void {
  const { context } = draft;
  if ((list.flags & (ts.NodeFlags.Const | ts.NodeFlags.Let)) === 0) {
    context.refuse(list, '`var`', 'write `const` or `let`');
    return;
  }
  const { initializer } = node;
  if (ts.isObjectBindingPattern(node.name)) {
    destructure(draft, node.name, initializer, out);
    return;
  }
  if (!ts.isIdentifier(node.name)) {
    context.refuse(node.name, 'an array taken apart', 'write one `const` for each element');
    return;
  }
  const name = node.name.text;
  if (initializer === undefined) {
    if (node.type === undefined) {
      context.refuse(node, 'a variable without a type', 'write its type: `let x: SocketId | null = null`');
      return;
    }
    const type = scalarOf(context, node.type);
    // Whoever reads it before it is set would read the zero of its type, which is no value of JavaScript.
    if (node.exclamationToken !== undefined)
      context.refuse(node, `\`${name}!\`, which is said to be set`, 'give it a value where it is declared');
    else if (type.kind === 'id' && !type.nullable)
      context.refuse(node, `the id \`${name}\` without a value`, 'give it one where it is declared, or let it be null');
    else draft.bind(node.name, { kind: 'local', local: draft.newLocal(name, type, false), type });
    return;
  }
  if (context.checker.getTypeAtLocation(node.name).flags & ts.TypeFlags.Never) return; // const left: never = x
  const value = expression(draft, initializer);
  if (value.kind === 'place') {
    alias(draft, node, value.place, out);
    return;
  }
  if (value.kind === 'range') {
    draft.bind(node.name, { kind: 'value', value });
    return;
  }
  const changes = draft.assigned.has(context.checker.getSymbolAtLocation(node.name) as ts.Symbol);
  const type = node.type === undefined ? inferred(draft, node, value, changes) : scalarOf(context, node.type);
  if (type === null) {
    draft.bind(node.name, { kind: 'value', value });
    return;
  }
  const expr = convert(draft, value, type, initializer);
  if (!changes && draft.isStable(expr) && fits(expr, type)) {
    draft.bind(node.name, { kind: 'value', value: scalar(expr) });
    return;
  }
  const index = draft.newLocal(name, type, !changes);
  out.push({ op: 'set', local: index, value: expr, site: boundSite(draft, expr, type, name, node) });
  draft.bind(node.name, { kind: 'local', local: index, type });
}

/** The type of a variable without annotation: that of its initialiser, where that says all the variable will hold. */
function inferred(draft: Draft, node: ts.VariableDeclaration, value: Value, changes: boolean): Scalar | null {
  const { context } = draft;
  if (value.kind !== 'scalar') {
    if (!changes) return null;
    return context.refuse(node, 'a variable whose type is not known', 'write its type: `let x: SocketId | null = null`');
  }
  if (changes && value.expr.type.kind === 'int')
    return context.refuse(node, 'a number without bounds that changes', 'write its bound: `let n: Nat<MAX> = 0`');
  return value.expr.type;
}

function boundSite(draft: Draft, expr: Expr, type: Scalar, name: string, node: ts.Node): number {
  return fits(expr, type) ? -1 : draft.context.site(node, 'overflow', `${quote(node)}: \`${name}\` is ${describeType(type)}`);
}

/** `const sock = s.sockets[so]`: the path, with its indices as they are now. */
function alias(draft: Draft, node: ts.VariableDeclaration, place: Place, out: Stmt[]): void {
  if ((node.parent.flags & ts.NodeFlags.Const) === 0) {
    draft.context.refuse(
      node,
      'a variable that stands for different records',
      'keep the id in the variable, and look the record up where it is used',
    );
    return;
  }
  takeAlias(draft, node.name, place, out);
}

function destructure(draft: Draft, pattern: ts.ObjectBindingPattern, initializer: ts.Expression | undefined, out: Stmt[]): void {
  const { context } = draft;
  if (initializer === undefined) {
    context.refuse(pattern, 'names without a value', 'write `= …`');
    return;
  }
  const object = expression(draft, initializer);
  for (const element of pattern.elements) {
    if (element.dotDotDotToken !== undefined || element.initializer !== undefined || !ts.isIdentifier(element.name)) {
      context.refuse(element, 'a pattern that does more than name fields', 'write one `const` for each field');
      return;
    }
    const field = element.propertyName ?? element.name;
    if (ts.isComputedPropertyName(field)) {
      context.refuse(element, 'a computed field name', 'write a plain name');
      return;
    }
    const value = fieldOf(draft, object, field.getText(), element);
    if (value.kind === 'scalar' && !draft.isStable(value.expr)) {
      const copy = draft.capture(value.expr, element.name.text, out);
      draft.bind(element.name, { kind: 'value', value: scalar(copy) });
    } else if (value.kind === 'place') {
      takeAlias(draft, element.name, value.place, out);
    } else {
      draft.bind(element.name, { kind: 'value', value });
    }
  }
}

// --- assignments ------------------------------------------------------------------------------------------------------

const COMPOUND: Partial<Record<ts.SyntaxKind, 'add' | 'sub' | 'mul'>> = {
  [K.PlusEqualsToken]: 'add',
  [K.MinusEqualsToken]: 'sub',
  [K.AsteriskEqualsToken]: 'mul',
};

function assign(draft: Draft, node: ts.BinaryExpression, out: Stmt[]): void {
  const { context } = draft;
  const operator = node.operatorToken.kind;
  if (operator === K.EqualsToken) {
    store(draft, node.left, null, node, out, node.right);
    return;
  }
  const op = COMPOUND[operator];
  if (op === undefined) {
    const known = adviceFor(operator);
    const { problem, advice } = known?.problem.startsWith('an assignment')
      ? known
      : { problem: 'this kind of assignment', advice: 'of the compound ones there are `+=`, `-=` and `*=`' };
    context.refuse(node, problem, advice);
    return;
  }
  store(
    draft,
    node.left,
    (old) => {
      const { first, next } = draft.then([old()], () => asWhole(draft, expression(draft, node.right), node.right));
      return arithmetic(op, first[0] ?? old(), next);
    },
    node,
    out,
  );
}

/** Writes to a variable or to a place of the state: `change` of the old value, or `valueNode`. */
function store(
  draft: Draft,
  target: ts.Expression,
  change: ((old: () => Expr) => Expr) | null,
  node: ts.Node,
  out: Stmt[],
  valueNode?: ts.Expression,
): void {
  const { context } = draft;
  const newValue = (type: Scalar, old: () => Expr): Expr => {
    if (change !== null) return change(old);
    if (valueNode === undefined) throw new Error('nothing to store');
    return convert(draft, expression(draft, valueNode), type, valueNode);
  };
  if (ts.isIdentifier(target)) {
    const symbol = context.checker.getSymbolAtLocation(target);
    const binding = symbol === undefined ? undefined : draft.bindings.get(symbol);
    if (symbol !== undefined && draft.poisoned.has(symbol)) throw new Refusal('its declaration was refused');
    if (binding?.kind !== 'local') {
      context.refuse(
        node,
        'an assignment to something that is not a variable of this function',
        'make it a field of the state, or a `let` in the function',
      );
      return;
    }
    const { type } = binding;
    const value = newValue(type, () => local(binding.local, type));
    out.push({ op: 'set', local: binding.local, value, site: boundSite(draft, value, type, target.text, node) });
    return;
  }
  if (ts.isPropertyAccessExpression(target) && target.name.text === 'length' && change === null && valueNode !== undefined) {
    const sequence = expression(draft, target.expression);
    if (sequence.kind === 'place' && sequence.place.type.kind === 'seq') {
      const value = expression(draft, valueNode);
      if (value.kind !== 'scalar' || value.expr.op !== 'const' || value.expr.value !== 0) {
        context.refuse(node, 'a sequence cut to something other than nothing', 'write `.length = 0`, or `shift` and `remove`');
        return;
      }
      out.push(...clear(draft.steady(sequence.place, out)));
      return;
    }
  }
  const place = targetPlace(draft, target);
  if (place.type.kind === 'record' || place.type.kind === 'table' || place.type.kind === 'seq') {
    if (valueNode === undefined) {
      context.refuse(node, 'arithmetic on a whole record', 'name the field');
      return;
    }
    out.push(...assignWhole(draft, place, valueNode));
    return;
  }
  const { type } = place;
  const { first, next: value } = draft.then(indicesOf(place), () => newValue(type, () => ({ op: 'read', type, place })));
  const site = fits(value, type) ? -1 : context.site(node, 'overflow', `${quote(node)}: \`${fieldPath(place)}\` is ${describeType(type)}`);
  out.push({ op: 'write', place: withIndices(place, first), value, site });
}

/** The place of the state that the target of an assignment names. */
function targetPlace(draft: Draft, target: ts.Expression): Place {
  const { context } = draft;
  if (ts.isParenthesizedExpression(target) || ts.isNonNullExpression(target)) return targetPlace(draft, target.expression);
  const value = expression(draft, target);
  if (value.kind === 'place' && value.place.steps.length > 0) return value.place;
  if (value.kind === 'scalar' && value.expr.op === 'read') {
    const { place } = value.expr;
    const [head, ...rest] = place.steps;
    const fixed =
      head !== undefined && 'field' in head && rest.length === 0 && context.stateType?.fields.some((f) => f.fixed && f.name === head.field);
    if (fixed) return context.refuse(target, 'a write to the configuration', 'take `readonly` off the field, or do not write it');
    return place;
  }
  if (value.kind === 'scalar' && value.expr.op === 'const') {
    return context.refuse(target, 'a write to a constant or to the configuration', 'make it a field of the state, without `readonly`');
  }
  return context.refuse(
    target,
    'an assignment to something that is not a field of the state or a variable',
    'assign to `s.table[id].field` or to a `let`; of a sequence use `push`, `shift`, `remove`',
  );
}

// --- return ----------------------------------------------------------------------------------------------------------

function returns(draft: Draft, node: ts.ReturnStatement, out: Stmt[]): void {
  const { expression: result } = node;
  if (result === undefined) {
    out.push({ op: 'return', value: null });
    return;
  }
  if (isUnreachable(draft.context, result)) return;
  if (draft.returns === null) {
    // A procedure or function without a value may end with the call of another one.
    if (!ts.isCallExpression(result) && !ts.isYieldExpression(result)) {
      draft.context.refuse(result, 'a value from a function that has none', 'write `return;`, or give the function a type of result');
      return;
    }
    effect(draft, result, out);
    out.push({ op: 'return', value: null });
    return;
  }
  if (draft.returns === undefined) {
    const value = scalarValue(draft, result);
    draft.returns = value.type;
    out.push({ op: 'return', value });
    return;
  }
  const type = draft.returns;
  const value = convert(draft, expression(draft, result), type, result);
  if (fits(value, type)) {
    out.push({ op: 'return', value });
    return;
  }
  const index = draft.newLocal('result', type, true);
  out.push({ op: 'set', local: index, value, site: boundSite(draft, value, type, 'the result', node) });
  out.push({ op: 'return', value: local(index, type) });
}
