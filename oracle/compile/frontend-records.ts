/**
 * *Whole records*: `s.sockets[so] = freeSocket()`, an object literal, or a call of a function whose body is one
 * `return { … }`. All values are taken before the first field is written, as in the source. Since JavaScript puts a new
 * object in the place of the old one, an alias taken before stands for an object that is no longer part of the state:
 * its use is refused.
 */
import { ts } from 'ts-morph';
import { functionBehind } from './frontend-calls.ts';
import { describeType } from './frontend-context.ts';
import { convert, fits } from './frontend-convert.ts';
import { type Draft, fieldPath, type Value } from './frontend-draft.ts';
import { constant } from './fold.ts';
import { expression, withIndices } from './frontend-expressions.ts';
import { fill } from './frontend-sequences.ts';
import { isState } from './frontend-types.ts';
import type { Expr, Place, Stmt, Type } from './ir.ts';
import { indicesOf } from './walk.ts';

/** A whole value, prepared: what each part will be. */
type Whole =
  | { readonly kind: 'scalar'; readonly expr: Expr; readonly node: ts.Node }
  | { readonly kind: 'record'; readonly parts: ReadonlyMap<string, Whole> }
  | { readonly kind: 'items'; readonly items: readonly Whole[] };

/** The statements that assign a whole record, table or sequence. */
export function assignWhole(draft: Draft, place: Place, node: ts.Expression): readonly Stmt[] {
  const writes = resetWhole(draft, place, node);
  const path = fieldPath(place);
  draft.replaces.add(path);
  draft.context.replaced.add(path);
  noteReplacements(draft, new Set([path]), node);
  return writes;
}

/** `reset(place, values)`: the same in place, so that aliases stay good. */
export function resetWhole(draft: Draft, place: Place, node: ts.Expression): readonly Stmt[] {
  const before: Stmt[] = [];
  const whole = draft.within(before, () => prepare(draft, place.type, node));
  const fixed = fix(draft, whole, before);
  const steady = draft.steady(place, before);
  return [...before, ...write(draft, steady, fixed)];
}

/** Binds a name to a record, table or sequence of the state: the path, with its indices as they are now. */
export function takeAlias(draft: Draft, nameNode: ts.Node, place: Place, out: Stmt[]): void {
  if (place.steps.length === 0) {
    draft.bind(nameNode, { kind: 'value', value: { kind: 'place', place } });
    return;
  }
  const indices = indicesOf(place).map((index) => (draft.isStable(index) ? index : draft.capture(index, 'index', out)));
  const taken = withIndices(place, indices);
  draft.bind(nameNode, { kind: 'alias', alias: draft.newAlias(nameNode.getText(), taken) });
}

/** Aliases of records that have been replaced must not be used any more. */
export function noteReplacements(draft: Draft, paths: ReadonlySet<string>, node: ts.Node): void {
  for (const path of paths) {
    draft.replaces.add(path);
    for (const alias of draft.aliases) {
      if (alias.path !== path && !alias.path.startsWith(`${path}.`)) continue;
      alias.stale = true;
      // Inside a loop the uses before the replacement come after it, in the next round.
      const outer = draft.loops[alias.loops];
      const since = outer?.uses[draft.aliases.indexOf(alias)] ?? alias.uses.length;
      const [again] = outer === undefined ? [] : alias.uses.slice(since);
      if (again !== undefined) {
        draft.context.report(
          node,
          `this replaces the record that \`${alias.name}\` stands for, which the next round of the loop uses`,
          `take \`${alias.name}\` again inside the loop`,
        );
      }
    }
  }
}

function prepare(draft: Draft, type: Type, node: ts.Expression): Whole {
  const { context } = draft;
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node))
    return prepare(draft, type, node.expression);
  switch (type.kind) {
    case 'record': {
      if (ts.isCallExpression(node)) return prepareCall(draft, type, node);
      if (!ts.isObjectLiteralExpression(node)) {
        return context.refuse(
          node,
          'a record assigned from something that is not written out',
          'write `{ … }` with all fields, or call a function that returns one',
        );
      }
      return prepareLiteral(draft, type, node);
    }
    case 'table':
    case 'seq': {
      if (!ts.isArrayLiteralExpression(node)) {
        return context.refuse(
          node,
          `${describeType(type)} assigned from something that is not written out`,
          'write `[…]` with its elements',
        );
      }
      const element = type.kind === 'table' ? type.element : type.element;
      const most = type.kind === 'table' ? type.size : type.capacity;
      if (node.elements.length > most || (type.kind === 'table' && node.elements.length < most)) {
        return context.refuse(node, `${node.elements.length} elements for a ${describeType(type)}`, 'give as many as it has');
      }
      return { kind: 'items', items: node.elements.map((e) => prepare(draft, element, e)) };
    }
    default:
      return { kind: 'scalar', expr: convert(draft, expression(draft, node), type, node), node };
  }
}

function prepareLiteral(draft: Draft, type: Extract<Type, { kind: 'record' }>, node: ts.ObjectLiteralExpression): Whole {
  const { context } = draft;
  const parts = new Map<string, Whole>();
  for (const property of node.properties) {
    if (ts.isSpreadAssignment(property)) {
      const spread = prepare(draft, type, property.expression);
      if (spread.kind === 'record') for (const [name, part] of spread.parts) parts.set(name, part);
      continue;
    }
    if (property.name === undefined || ts.isComputedPropertyName(property.name))
      return context.refuse(property, 'a computed field name', 'write a plain name');
    const name = property.name.text;
    const field = type.fields.find((f) => f.name === name);
    const value = ts.isPropertyAssignment(property)
      ? property.initializer
      : ts.isShorthandPropertyAssignment(property)
        ? property.name
        : null;
    if (field === undefined || value === null)
      return context.refuse(property, `not a field of ${describeType(type)}`, 'write `field: value`');
    parts.set(name, prepare(draft, field.type, value));
  }
  const missing = type.fields.filter((f) => !parts.has(f.name)).map((f) => f.name);
  if (missing.length > 0)
    return context.refuse(node, `no value for ${missing.map((m) => `\`${m}\``).join(', ')}`, 'give every field a value');
  return { kind: 'record', parts };
}

/** A function whose body is one `return { … }` is put in place, its parameters bound to the arguments. */
function prepareCall(draft: Draft, type: Type, node: ts.CallExpression): Whole {
  const { context } = draft;
  const target = functionBehind(context, node.expression);
  const literal = target === null ? null : returnedLiteral(target);
  if (target === null || literal === null) {
    return context.refuse(node, 'a record from a function that does more than return it', 'let the body be one `return { … };`');
  }
  for (const [index, parameter] of target.parameters.entries()) {
    const argument = node.arguments[index] ?? parameter.initializer;
    if (argument === undefined) return context.refuse(node, 'an argument is missing', 'give all arguments');
    const value: Value = isState(context, parameter)
      ? { kind: 'place', place: { steps: [], type: stateType(draft) } }
      : expression(draft, argument);
    draft.bind(parameter.name, { kind: 'value', value });
  }
  return prepare(draft, type, literal);
}

function stateType(draft: Draft): Type {
  if (draft.context.stateType === null) throw new Error('the type of the state is not known yet');
  return draft.context.stateType;
}

function returnedLiteral(target: ts.FunctionLikeDeclaration): ts.ObjectLiteralExpression | null {
  const { body } = target;
  if (body === undefined) return null;
  let result: ts.Expression | undefined;
  if (ts.isBlock(body)) {
    const [only, ...more] = body.statements;
    if (only === undefined || more.length > 0 || !ts.isReturnStatement(only)) return null;
    result = only.expression;
  } else {
    result = body;
  }
  while (result !== undefined && (ts.isParenthesizedExpression(result) || ts.isAsExpression(result) || ts.isSatisfiesExpression(result)))
    result = result.expression;
  return result !== undefined && ts.isObjectLiteralExpression(result) ? result : null;
}

/** Captures every part that reads the state. */
function fix(draft: Draft, whole: Whole, into: Stmt[]): Whole {
  switch (whole.kind) {
    case 'scalar':
      return draft.isStable(whole.expr) ? whole : { ...whole, expr: draft.capture(whole.expr, 'value', into) };
    case 'record':
      return { kind: 'record', parts: new Map([...whole.parts].map(([name, part]) => [name, fix(draft, part, into)])) };
    case 'items':
      return { kind: 'items', items: whole.items.map((part) => fix(draft, part, into)) };
  }
}

function write(draft: Draft, place: Place, whole: Whole): readonly Stmt[] {
  const { type } = place;
  if (whole.kind === 'scalar') {
    const { expr, node } = whole;
    if (type.kind === 'record' || type.kind === 'table' || type.kind === 'seq') throw new Error('one value for a whole record');
    const site = fits(expr, type)
      ? -1
      : draft.context.site(node, 'overflow', `${node.getText()} for \`${fieldPath(place)}\`, which is ${describeType(type)}`);
    return [{ op: 'write', place, value: expr, site }];
  }
  if (whole.kind === 'record' && type.kind === 'record') {
    return type.fields.flatMap((field) => {
      const part = whole.parts.get(field.name);
      return part === undefined ? [] : write(draft, { steps: [...place.steps, { field: field.name }], type: field.type }, part);
    });
  }
  if (whole.kind === 'items' && type.kind === 'table') {
    return whole.items.flatMap((part, k) => write(draft, { steps: [...place.steps, { index: constant(k) }], type: type.element }, part));
  }
  if (whole.kind === 'items' && type.kind === 'seq') {
    return fill(
      place,
      whole.items.map((part) => (part.kind === 'scalar' ? part.expr : constant(0))),
    );
  }
  throw new Error('the shape of the value is not the shape of the place');
}
