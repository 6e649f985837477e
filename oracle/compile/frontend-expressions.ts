/**
 * *Expressions* of the source, turned into values. An expression of the IR has no effects; an effect inside one of the source
 * (`if (sofree(s, so)) …`) becomes a statement before it, where it is sure to happen, and is refused elsewhere.
 */
import { ts } from 'ts-morph';
import { and, arithmetic, compare, constant, intType, isConst, ite, not, or, read, readsState, unwrap, wrap } from './fold.ts';
import { adviceFor, adviceForGlobal, UNKNOWN } from './frontend-advice.ts';
import { call } from './frontend-calls.ts';
import { constantOf, isList, isTable, isTopLevelConst, member, namedConstant } from './frontend-constants.ts';
import { describeType, Refusal } from './frontend-context.ts';
import { asId, asWhole, checkedIndex, convert, notNull, unify } from './frontend-convert.ts';
import { type Choice, type Draft, isAssignment, known, scalar, type Value } from './frontend-draft.ts';
import { itemAt, itemOf, lengthOf } from './frontend-sequences.ts';
import { delegate } from './frontend-procedures.ts';
import { scalarOf } from './frontend-types.ts';
import type { Expr, Place, Scalar } from './ir.ts';

const K = ts.SyntaxKind;

/** The value of an expression. */
export function expression(draft: Draft, node: ts.Expression): Value {
  const { context } = draft;
  if (ts.isParenthesizedExpression(node) || ts.isSatisfiesExpression(node)) return expression(draft, node.expression);
  if (ts.isNonNullExpression(node)) return nonNull(draft, node);
  if (ts.isAsExpression(node)) return assertion(draft, node);
  if (ts.isNumericLiteral(node)) {
    const value = Number(node.text.replaceAll('_', ''));
    return Number.isSafeInteger(value)
      ? known(value)
      : context.refuse(node, 'a number that is not whole', 'use whole numbers; scale the unit if need be');
  }
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return known(node.text);
  if (node.kind === K.TrueKeyword) return known(true);
  if (node.kind === K.FalseKeyword) return known(false);
  if (node.kind === K.NullKeyword) return known(null);
  if (ts.isIdentifier(node)) return identifier(draft, node);
  if (ts.isPropertyAccessExpression(node)) return property(draft, node);
  if (ts.isElementAccessExpression(node)) return element(draft, node);
  if (ts.isPrefixUnaryExpression(node)) return prefix(draft, node);
  if (ts.isBinaryExpression(node)) return binary(draft, node);
  if (ts.isConditionalExpression(node)) return conditional(draft, node);
  if (ts.isCallExpression(node)) return call(draft, node);
  if (ts.isYieldExpression(node)) return delegate(draft, node);
  if (ts.isPostfixUnaryExpression(node))
    return context.refuse(node, 'an assignment inside an expression', 'write it as a statement of its own');
  const constants = ts.isArrayLiteralExpression(node) || ts.isObjectLiteralExpression(node) ? constantOf(context, node) : undefined;
  if (constants !== undefined) return known(constants);
  const { problem, advice } = adviceFor(node.kind) ?? UNKNOWN;
  return context.refuse(node, problem, advice);
}

/** An expression of this type. */
export function expressionAs(draft: Draft, node: ts.Expression, type: Scalar): Expr {
  return convert(draft, expression(draft, node), type, node);
}

/** A condition. */
export function condition(draft: Draft, node: ts.Expression): Expr {
  const value = expression(draft, node);
  if (value.kind === 'scalar' && value.expr.type.kind === 'bool') return value.expr;
  return draft.context.refuse(node, 'a condition that is not a boolean', 'compare: `x !== null`, `n > 0`, `state !== …`');
}

/** A condition that is to be asked twice because a rule hangs on it: what it calls is called once. */
function onceOnly(draft: Draft, cond: Expr, then: ts.Node): Expr {
  const { list } = draft.hoist;
  if (list === null || !mentionsRule(draft, then) || !readsState(cond)) return cond;
  return draft.capture(cond, 'decides', list);
}

function mentionsRule(draft: Draft, node: ts.Node): boolean {
  if (ts.isCallExpression(node) && draft.context.word(node.expression) === 'rule') return true;
  return ts.forEachChild(node, (child) => mentionsRule(draft, child) || undefined) ?? false;
}

/** Takes a value that stands for an expression of the IR, or refuses. */
export function scalarValue(draft: Draft, node: ts.Expression): Expr {
  const value = expression(draft, node);
  if (value.kind === 'scalar') return value.expr;
  return draft.context.refuse(node, 'a value whose type is not known here', 'give it a variable with a type: `const x: T = …`');
}

/** A record, table or sequence of the state. */
export function placeValue(draft: Draft, node: ts.Expression): Place {
  const value = expression(draft, node);
  if (value.kind === 'place') return value.place;
  return draft.context.refuse(node, 'this is not a record, table or sequence of the state', 'start from the state: `s.sockets[so]`');
}

/** The value of a place: read, if it fits one number. Configuration that is given is constant. */
export function valueAt(draft: Draft, place: Place): Value {
  const { type } = place;
  if (type.kind === 'record' || type.kind === 'table' || type.kind === 'seq') return { kind: 'place', place };
  const [first, ...rest] = place.steps;
  if (first !== undefined && 'field' in first && rest.length === 0) {
    const fixed = draft.context.stateType?.fields.some((f) => f.fixed && f.name === first.field) ?? false;
    const given = draft.context.configuration.get(first.field);
    if (fixed && given !== undefined) return scalar(constant(given, type));
  }
  return scalar(read(place, type));
}

function identifier(draft: Draft, node: ts.Identifier): Value {
  const { context } = draft;
  const symbol =
    ts.isShorthandPropertyAssignment(node.parent) && node.parent.name === node
      ? context.checker.getShorthandAssignmentValueSymbol(node.parent)
      : context.checker.getSymbolAtLocation(node);
  const binding = symbol === undefined ? undefined : draft.bindings.get(symbol);
  if (symbol !== undefined && draft.poisoned.has(symbol)) throw new Refusal('its declaration was refused');
  if (binding !== undefined) {
    if (binding.kind === 'local') return scalar({ op: 'local', type: binding.type, local: binding.local });
    if (binding.kind === 'value') return binding.value;
    const { alias } = binding;
    alias.uses.push(node);
    if (alias.stale) {
      context.refuse(
        node,
        'the record this name stood for has been replaced by another',
        `take it again: \`const ${alias.name} = …\` after the replacement`,
      );
    }
    if (draft.pauses > alias.pauses) context.aliasUsesAfterPause.push({ node, path: alias.path });
    return { kind: 'place', place: alias.place };
  }
  if (node.text === 'undefined')
    return context.refuse(node, '`undefined`', 'use null for an id that is not there; ask a sequence for its length');
  if (node.text === 'NaN' || node.text === 'Infinity') return context.refuse(node, 'a number that is not whole', 'use whole numbers');
  const declaration = context.declaration(node);
  const value = namedConstant(context, declaration);
  if (value !== undefined) return known(value);
  if (declaration !== undefined && isTopLevelConst(declaration) && declaration.initializer !== undefined) {
    const ids = rangeOf(draft, declaration.initializer);
    if (ids !== null) return ids;
    return context.refuse(
      node,
      'a top-level value that is not a constant',
      'make it a constant of numbers, strings and booleans, `range<Id>(N)`, or a field of the state',
    );
  }
  const global = declaration === undefined || declaration.getSourceFile().isDeclarationFile ? adviceForGlobal(node.text) : undefined;
  if (global !== undefined) return context.refuse(node, global.problem, global.advice);
  if (declaration !== undefined && ts.isFunctionDeclaration(declaration)) {
    return context.refuse(
      node,
      declaration.asteriskToken === undefined ? 'a function as a value' : 'a procedure as a value',
      'call it where it is needed',
    );
  }
  if (declaration !== undefined && ts.isVariableDeclaration(declaration)) {
    return context.refuse(node, 'a variable from outside the function', 'make it a field of the state, or a top-level `const`');
  }
  return context.refuse(
    node,
    `the name \`${node.text}\` is not known in the model`,
    'declare it in the model; nothing from outside is at hand',
  );
}

/** `range<SocketId>(SOCKETS)`. */
function rangeOf(draft: Draft, node: ts.Expression): Value | null {
  const { context } = draft;
  if (ts.isAsExpression(node) || ts.isParenthesizedExpression(node) || ts.isSatisfiesExpression(node))
    return rangeOf(draft, node.expression);
  if (!ts.isCallExpression(node) || context.word(node.expression) !== 'range') return null;
  const [typeNode] = node.typeArguments ?? [];
  const [sizeNode] = node.arguments;
  const size = sizeNode === undefined ? undefined : constantOf(context, sizeNode);
  if (typeNode === undefined || typeof size !== 'number') {
    return context.refuse(node, '`range` without its type or with a size that is not constant', 'write `range<SocketId>(SOCKETS)`');
  }
  const type = scalarOf(context, typeNode);
  if (type.kind !== 'id' || type.nullable || type.size < size)
    return context.refuse(typeNode, 'the elements of a range are not ids of that many', 'write `range<SocketId>(SOCKETS)`');
  return { kind: 'range', type: { ...type, size } };
}

/** The value of a call of the word `range` inside an expression. */
export function rangeCall(draft: Draft, node: ts.CallExpression): Value {
  return rangeOf(draft, node) ?? draft.context.refuse(node, 'not a range', 'write `range<SocketId>(SOCKETS)`');
}

function property(draft: Draft, node: ts.PropertyAccessExpression): Value {
  const { context } = draft;
  if (node.questionDotToken !== undefined) return context.refuse(node, 'optional chaining', 'test for null in an `if`, or with `&&`');
  if (context.isGlobal(node.expression, 'Math'))
    return context.refuse(node, `\`Math.${node.name.text}\``, 'of `Math` there are `min` and `max`');
  return fieldOf(draft, expression(draft, node.expression), node.name.text, node);
}

export function fieldOf(draft: Draft, object: Value, name: string, node: ts.Node): Value {
  const { context } = draft;
  if (object.kind === 'constants') {
    const choices = object.choices.flatMap((choice): Choice[] => {
      const value = name === 'length' && isList(choice.value) ? choice.value.length : member(choice.value, name);
      return value === undefined ? [] : [{ when: choice.when, value }];
    });
    if (choices.length === 0) return context.refuse(node, `the constant has no member \`${name}\``, 'add it to the table of constants');
    return fromChoices(choices);
  }
  if (object.kind === 'range' && name === 'length') return known(object.type.size);
  if (object.kind === 'place') {
    const { place } = object;
    if (place.type.kind === 'record') {
      const field = place.type.fields.find((f) => f.name === name);
      if (field === undefined)
        return context.refuse(node, `${describeType(place.type)} has no field \`${name}\``, 'declare the field in its interface');
      return valueAt(draft, { steps: [...place.steps, { field: name }], type: field.type });
    }
    if (place.type.kind === 'table' && name === 'length') return known(place.type.size);
    if (place.type.kind === 'seq' && name === 'length') return scalar(lengthOf(place));
  }
  return context.refuse(
    node,
    `\`${name}\` of something that has no fields`,
    'fields belong to records of the state and to tables of constants',
  );
}

function element(draft: Draft, node: ts.ElementAccessExpression): Value {
  const { context } = draft;
  if (node.questionDotToken !== undefined) return context.refuse(node, 'optional chaining', 'test for null in an `if`, or with `&&`');
  const object = expression(draft, node.expression);
  if (object.kind === 'constants') return constantElement(draft, object.choices, node);
  if (object.kind === 'place' && object.place.type.kind === 'table') {
    const { place } = object;
    const { size, element: inner } = object.place.type;
    const indices = place.steps.flatMap((step) => ('field' in step ? [] : [step.index]));
    const { first, next } = draft.then(indices, () => expression(draft, node.argumentExpression));
    const index = checkedIndex(draft, asWhole(draft, next, node.argumentExpression), intType(0, size - 1), size, node.argumentExpression);
    return valueAt(draft, { steps: [...withIndices(place, first).steps, { index }], type: inner });
  }
  if (object.kind === 'place' && object.place.type.kind === 'seq') {
    return scalar(itemAt(draft, object.place, expression(draft, node.argumentExpression), node));
  }
  if (object.kind === 'range') {
    const { type } = object;
    return scalar(
      asId(draft, asWhole(draft, expression(draft, node.argumentExpression), node.argumentExpression), type, node.argumentExpression),
    );
  }
  return context.refuse(node, 'an index into something that is not a table', 'tables, sequences and tables of constants have elements');
}

/** The same place with other index expressions. */
export function withIndices(place: Place, indices: readonly Expr[]): Place {
  const rest = [...indices];
  return { ...place, steps: place.steps.map((step) => ('field' in step ? step : { index: rest.shift() ?? step.index })) };
}

function constantElement(draft: Draft, objects: readonly Choice[], node: ts.ElementAccessExpression): Value {
  const { context } = draft;
  const key = expression(draft, node.argumentExpression);
  const choices: Choice[] = [];
  const keys = (object: Choice): readonly { when: Expr; key: string | number }[] => {
    if (key.kind === 'constants') {
      return key.choices.flatMap((c) => (typeof c.value === 'string' ? [{ when: c.when, key: c.value }] : []));
    }
    if (key.kind !== 'scalar') return [];
    const { expr } = key;
    const { type } = expr;
    if (type.kind === 'enum') return type.values.map((value, place) => ({ when: compare('eq', expr, constant(place, type)), key: value }));
    if (expr.op === 'const') return [{ when: { op: 'const', type: { kind: 'bool' }, value: 1 }, key: expr.value }];
    if (!isList(object.value)) return [];
    const whole = notNull(draft, expr, node.argumentExpression);
    return object.value.map((_, place) => ({ when: compare('eq', whole, constant(place)), key: place }));
  };
  for (const object of objects) {
    for (const { when, key: name } of keys(object)) {
      const value = isTable(object.value) || isList(object.value) ? member(object.value, name) : undefined;
      const both = and(object.when, when);
      if (value !== undefined && !isConst(both, 0)) choices.push({ when: both, value });
    }
  }
  if (choices.length === 0)
    return context.refuse(node, 'an index that the table of constants does not have', 'index it with a literal union or a whole number');
  return fromChoices(choices);
}

/** Choices as a value; numbers and booleans become expressions at once. */
function fromChoices(choices: readonly Choice[]): Value {
  const sure = choices.findIndex((choice) => isConst(choice.when, 1));
  const kept = sure >= 0 ? choices.slice(0, sure + 1) : choices;
  const [only] = kept;
  if (kept.length === 1 && only !== undefined) return known(only.value);
  if (kept.every((choice) => typeof choice.value === 'boolean') || kept.every((choice) => typeof choice.value === 'number')) {
    const exprs = kept.map((choice): Expr => {
      const value = known(choice.value);
      return value.kind === 'scalar' ? value.expr : constant(0);
    });
    const last = exprs.at(-1) ?? constant(0);
    return scalar(kept.slice(0, -1).reduceRight((rest, choice, index) => ite(choice.when, exprs[index] ?? rest, rest), last));
  }
  return { kind: 'constants', choices: kept };
}

function nonNull(draft: Draft, node: ts.NonNullExpression): Value {
  const value = expression(draft, node.expression);
  return value.kind === 'scalar' ? scalar(notNull(draft, value.expr, node.expression)) : value;
}

function assertion(draft: Draft, node: ts.AsExpression): Value {
  const value = expression(draft, node.expression);
  const isConstAssertion = ts.isTypeReferenceNode(node.type) && node.type.typeName.getText() === 'const';
  if (isConstAssertion || value.kind === 'place' || value.kind === 'range') return value;
  const type = scalarOf(draft.context, node.type);
  if (value.kind === 'scalar' && type.kind === 'id') return scalar(asId(draft, value.expr, type, node.expression));
  return scalar(convert(draft, value, type, node.expression));
}

function prefix(draft: Draft, node: ts.PrefixUnaryExpression): Value {
  const { context } = draft;
  if (node.operator === K.ExclamationToken) return scalar(not(condition(draft, node.operand)));
  if (node.operator === K.MinusToken)
    return scalar(arithmetic('sub', constant(0), asWhole(draft, expression(draft, node.operand), node.operand)));
  if (node.operator === K.PlusToken) return scalar(asWhole(draft, expression(draft, node.operand), node.operand));
  if (node.operator === K.TildeToken) {
    const { problem, advice } = adviceFor(K.TildeToken) ?? UNKNOWN;
    return context.refuse(node, problem, advice);
  }
  return context.refuse(node, 'an assignment inside an expression', 'write it as a statement of its own');
}

function binary(draft: Draft, node: ts.BinaryExpression): Value {
  const { context } = draft;
  const operator = node.operatorToken.kind;
  if (isAssignment(operator)) return context.refuse(node, 'an assignment inside an expression', 'write it as a statement of its own');
  if (operator === K.AmpersandAmpersandToken || operator === K.BarBarToken) {
    const isAnd = operator === K.AmpersandAmpersandToken;
    const left = onceOnly(draft, condition(draft, node.left), node.right);
    const right = draft.conditionally(isAnd ? left : not(left), isAnd ? 'on the right of &&' : 'on the right of ||', () =>
      condition(draft, node.right),
    );
    return scalar(isAnd ? and(left, right) : or(left, right));
  }
  if (operator === K.QuestionQuestionToken) return nullish(draft, node);
  const compares: Partial<Record<ts.SyntaxKind, 'eq' | 'ne'>> = {
    [K.EqualsEqualsEqualsToken]: 'eq',
    [K.ExclamationEqualsEqualsToken]: 'ne',
  };
  const equality = compares[operator];
  if (equality !== undefined) {
    const [left, right] = operands(draft, node);
    if (left.kind === 'place' || right.kind === 'place') {
      return context.refuse(node, 'a comparison of records, which would compare objects', 'compare ids, or fields');
    }
    const [a, b] = unify(draft, left, right, node.left, node.right);
    return scalar(compare(equality, a, b));
  }
  const [a, b] = wholeOperands(draft, node);
  switch (operator) {
    case K.LessThanToken:
      return scalar(compare('lt', a, b));
    case K.LessThanEqualsToken:
      return scalar(compare('le', a, b));
    case K.GreaterThanToken:
      return scalar(compare('lt', b, a));
    case K.GreaterThanEqualsToken:
      return scalar(compare('le', b, a));
    case K.PlusToken:
      return scalar(arithmetic('add', a, b));
    case K.MinusToken:
      return scalar(arithmetic('sub', a, b));
    case K.AsteriskToken:
      return scalar(arithmetic('mul', a, b));
    default:
      throw new Error(`operator ${K[operator]} passed the table`);
  }
}

const WHOLE: readonly ts.SyntaxKind[] = [
  K.LessThanToken,
  K.LessThanEqualsToken,
  K.GreaterThanToken,
  K.GreaterThanEqualsToken,
  K.PlusToken,
  K.MinusToken,
  K.AsteriskToken,
];

function wholeOperands(draft: Draft, node: ts.BinaryExpression): readonly [Expr, Expr] {
  const operator = node.operatorToken.kind;
  if (!WHOLE.includes(operator)) {
    const { problem, advice } = adviceFor(operator) ?? UNKNOWN;
    return draft.context.refuse(node, problem, advice);
  }
  const [left, right] = operands(draft, node);
  return [asWhole(draft, left, node.left), asWhole(draft, right, node.right)];
}

/** Both sides in the order of the source. */
function operands(draft: Draft, node: ts.BinaryExpression): readonly [Value, Value] {
  const left = expression(draft, node.left);
  const { first, next } = draft.then(left.kind === 'scalar' ? [left.expr] : [], () => expression(draft, node.right));
  const [expr] = first;
  return [expr === undefined ? left : scalar(expr), next];
}

/** `seq[0] ?? null`, `seq.shift() ?? null`, `id ?? other`. */
function nullish(draft: Draft, node: ts.BinaryExpression): Value {
  const { context } = draft;
  const { left } = node;
  if (ts.isElementAccessExpression(left) && node.right.kind === K.NullKeyword) {
    const object = expression(draft, left.expression);
    if (object.kind === 'place' && object.place.type.kind === 'seq' && object.place.type.element.kind === 'id') {
      const { place } = object;
      const { element: inner, capacity } = object.place.type;
      const index = asWhole(draft, expression(draft, left.argumentExpression), left.argumentExpression);
      if (index.op !== 'const' || index.value < 0 || index.value >= capacity)
        return context.refuse(left, 'a place in a sequence that is not constant', 'write `[0]`, or loop over the sequence');
      const type: Scalar = { ...inner, nullable: true };
      const item = itemOf(place, index);
      return scalar(ite(compare('lt', index, lengthOf(place)), wrap(item, type), constant(0, type), type));
    }
  }
  const value = scalarValue(draft, left);
  const { type } = value;
  if (type.kind !== 'id' || !type.nullable) return context.refuse(node, '`??` after something that is never null', 'take it out');
  const right = draft.conditionally(compare('eq', value, constant(0, type)), 'on the right of ??', () => expression(draft, node.right));
  const [, other] = unify(draft, scalar(value), right, left, node.right);
  const plain: Scalar = { ...type, nullable: false };
  const absent = compare('eq', value, constant(0, type));
  if (right.kind === 'scalar' && right.expr.type.kind === 'id' && !right.expr.type.nullable) {
    return scalar(ite(absent, right.expr, unwrap(value, plain, -1), plain));
  }
  return scalar(ite(absent, other, value, type));
}

function conditional(draft: Draft, node: ts.ConditionalExpression): Value {
  const cond = onceOnly(draft, onceOnly(draft, condition(draft, node.condition), node.whenTrue), node.whenFalse);
  const arm = (test: Expr, side: ts.Expression): Value => draft.conditionally(test, 'in one arm of ?:', () => expression(draft, side));
  const then = arm(cond, node.whenTrue);
  const otherwise = arm(not(cond), node.whenFalse);
  if (cond.op === 'const') return cond.value !== 0 ? then : otherwise;
  if (then.kind === 'constants' && otherwise.kind === 'constants') {
    return {
      kind: 'constants',
      choices: [
        ...then.choices.map((choice, index) => ({ ...choice, when: index === then.choices.length - 1 ? cond : and(cond, choice.when) })),
        ...otherwise.choices,
      ],
    };
  }
  const [a, b] = unify(draft, then, otherwise, node.whenTrue, node.whenFalse);
  return scalar(ite(cond, a, b));
}
