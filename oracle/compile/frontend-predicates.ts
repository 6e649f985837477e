/**
 * *Predicates*: `sockets.some((so) => …)`, `every`, `count`, `first` over the ids of a range, the elements of a table, the items of
 * a sequence or a list of constants. What stands inside has no effects.
 */
import { ts } from 'ts-morph';
import { and, any, arithmetic, compare, constant, intType, ite, not, or, quantifier } from './fold.ts';
import { isList } from './frontend-constants.ts';
import { quote } from './frontend-context.ts';
import { convert } from './frontend-convert.ts';
import { type Draft, fieldPath, known, scalar, type Value } from './frontend-draft.ts';
import { condition, expression, fieldOf, valueAt } from './frontend-expressions.ts';
import { itemOf, lengthOf } from './frontend-sequences.ts';
import { scalarOf } from './frontend-types.ts';
import type { Expr, Scalar } from './ir.ts';

/** `x => …` over the elements of a range, a table or a sequence. */
export function quantified(
  draft: Draft,
  receiver: Value,
  callback: ts.Expression | undefined,
  op: 'some' | 'every' | 'count' | 'first',
  node: ts.Node,
): Expr {
  const { context } = draft;
  if (callback === undefined || !ts.isArrowFunction(callback) || callback.parameters.length !== 1) {
    return context.refuse(callback ?? node, 'a predicate that is not written here with one parameter', 'write `id => …` in place');
  }
  const [parameter] = callback.parameters;
  if (parameter === undefined) throw new Error('no parameter');
  const name = ts.isIdentifier(parameter.name) ? parameter.name.text : 'each';
  const body = (value: Value): Expr => {
    bindPart(draft, parameter.name, value);
    return draft.within('inside a predicate', () => predicateBody(draft, callback));
  };
  const resultType = (size: number, idType: Scalar | null): Scalar => {
    if (op === 'count') return intType(0, size);
    if (op === 'first') return idType ?? intType(0, size);
    return { kind: 'bool' };
  };
  if (receiver.kind === 'range') {
    const { type } = receiver;
    const bound = draft.newLocal(name, type, true);
    return quantifier(
      op,
      bound,
      type.size,
      body(scalar({ op: 'local', type, local: bound })),
      resultType(type.size, { ...type, nullable: true }),
    );
  }
  if (op === 'first') return context.refuse(node, '`first` of something that is not a range of ids', 'write `first(sockets, so => …)`');
  if (receiver.kind === 'constants' && receiver.choices.length === 1 && isList(receiver.choices[0]?.value)) {
    const parts = (receiver.choices[0].value as readonly (string | number | boolean)[]).map((value) => body(known(value)));
    if (op === 'some') return any(parts);
    if (op === 'every') return parts.reduce(and, { op: 'const', type: { kind: 'bool' }, value: 1 });
    return parts.reduce((sum: Expr, part) => arithmetic('add', sum, ite(part, constant(1), constant(0))), constant(0));
  }
  if (receiver.kind !== 'place' || (receiver.place.type.kind !== 'table' && receiver.place.type.kind !== 'seq')) {
    return context.refuse(node, `\`${op}\` of something that is not a range, a table or a sequence`, 'write `sockets.some(so => …)`');
  }
  const { place } = receiver;
  if (place.type.kind === 'table') {
    const { size, element: inner } = place.type;
    const type = context.rowType(fieldPath(place), size);
    const bound = draft.newLocal(name, type, true);
    const index: Expr = { op: 'local', type, local: bound };
    return quantifier(op, bound, size, body(valueAt(draft, { steps: [...place.steps, { index }], type: inner })), resultType(size, null));
  }
  if (place.type.kind !== 'seq') throw new Error(`${fieldPath(place)}: not a sequence`);
  const { capacity } = place.type;
  const bound = draft.newLocal(name, intType(0, capacity - 1), true);
  const index: Expr = { op: 'local', type: intType(0, capacity - 1), local: bound };
  const inUse = compare('lt', index, lengthOf(place));
  const holds = body(scalar(itemOf(place, index)));
  return quantifier(op, bound, capacity, op === 'every' ? or(not(inUse), holds) : and(inUse, holds), resultType(capacity, null));
}

/** The body of a predicate: an expression, or `const`s, `if (…) return …;` and a `return` at the end. */
export function predicateBody(draft: Draft, callback: ts.ArrowFunction): Expr {
  const { body } = callback;
  return ts.isBlock(body) ? predicateStatements(draft, callback, body.statements) : condition(draft, body);
}

function predicateStatements(draft: Draft, callback: ts.ArrowFunction, statements: readonly ts.Statement[]): Expr {
  const [statement, ...rest] = statements;
  if (statement === undefined) {
    return draft.context.refuse(
      callback,
      'a predicate without `return` at its end',
      `end with \`return …\`: ${quote(callback.parameters[0] ?? callback)} => condition`,
    );
  }
  if (ts.isReturnStatement(statement) && statement.expression !== undefined) return condition(draft, statement.expression);
  if (ts.isIfStatement(statement) && statement.elseStatement === undefined) {
    const [only, ...more] = ts.isBlock(statement.thenStatement) ? statement.thenStatement.statements : [statement.thenStatement];
    if (only !== undefined && ts.isReturnStatement(only) && only.expression !== undefined && more.length === 0) {
      const decides = condition(draft, statement.expression);
      return ite(decides, condition(draft, only.expression), predicateStatements(draft, callback, rest));
    }
  }
  if (!ts.isVariableStatement(statement) || (statement.declarationList.flags & ts.NodeFlags.Const) === 0) {
    return draft.context.refuse(
      statement,
      'a statement inside a predicate',
      'predicates have `const` declarations, `if (…) return …;` and a `return` at the end; move the rest to a function',
    );
  }
  for (const declaration of statement.declarationList.declarations) {
    if (declaration.initializer === undefined) continue;
    let value = expression(draft, declaration.initializer);
    if (declaration.type !== undefined && value.kind !== 'place')
      value = scalar(convert(draft, value, scalarOf(draft.context, declaration.type), declaration.initializer));
    bindPart(draft, declaration.name, value);
  }
  return predicateStatements(draft, callback, rest);
}

/** Binds a name to a value, or the names of a pattern to fields of it. Nothing changes inside a predicate, so nothing is captured. */
function bindPart(draft: Draft, name: ts.BindingName, value: Value): void {
  const { context } = draft;
  if (ts.isIdentifier(name)) {
    draft.bind(name, { kind: 'value', value });
    return;
  }
  if (ts.isArrayBindingPattern(name)) {
    context.refuse(name, 'an array taken apart', 'write one `const` for each element');
    return;
  }
  for (const element of name.elements) {
    const field = element.propertyName ?? element.name;
    if (
      element.dotDotDotToken !== undefined ||
      element.initializer !== undefined ||
      !ts.isIdentifier(element.name) ||
      !ts.isIdentifier(field)
    ) {
      context.refuse(element, 'a pattern that does more than name fields', 'write one `const` for each field');
      return;
    }
    draft.bind(element.name, { kind: 'value', value: fieldOf(draft, value, field.text, element) });
  }
}
