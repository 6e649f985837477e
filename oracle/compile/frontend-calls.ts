/**
 * *Calls*: of the words of the language, of the methods of tables and sequences, and of the model's own functions. A function
 * is compiled when it is first called. Arguments are converted to the parameters' types; one that may leave its bounds is
 * checked before the call.
 */
import { ts } from 'ts-morph';
import { any, arithmetic, compare, local } from './fold.ts';
import { adviceForGlobal, adviceForMethod } from './frontend-advice.ts';
import { constantOf, isList } from './frontend-constants.ts';
import { type Context, describeType, type FunctionNode, quote, type Signature } from './frontend-context.ts';
import { asWhole, convert, fits, unify } from './frontend-convert.ts';
import { type Alias, type Draft, fieldPath, known, scalar, type Value } from './frontend-draft.ts';
import { expression, placeValue, rangeCall } from './frontend-expressions.ts';
import { signatureOf } from './frontend-functions.ts';
import { quantified } from './frontend-predicates.ts';
import { noteReplacements, resetWhole } from './frontend-records.ts';
import { dropFirst, includes, indexOf, push, removeItem, takeFirst } from './frontend-sequences.ts';
import { isState, scalarOf, typeOf } from './frontend-types.ts';
import type { Expr, Place, Scalar } from './ir.ts';

/** A call for its value. */
export function call(draft: Draft, node: ts.CallExpression): Value {
  return callOrVoid(draft, node, false) ?? draft.context.refuse(node, 'a call that has no value', 'call it in a statement of its own');
}

/** A call in a statement of its own, or for its value; null when it has none. */
export function callOrVoid(draft: Draft, node: ts.CallExpression, dropped: boolean): Value | null {
  const { context } = draft;
  if (node.questionDotToken !== undefined) return context.refuse(node, 'a call that may or may not happen', 'write an `if`');
  const callee = skipParentheses(node.expression);
  if (ts.isPropertyAccessExpression(callee)) return methodCall(draft, node, callee, dropped);
  const word = context.word(callee);
  if (word !== null) return wordCall(draft, node, word);
  const target = functionBehind(context, callee);
  if (target !== null) return ownCall(draft, node, target);
  if (ts.isIdentifier(callee)) {
    const global = adviceForGlobal(callee.text);
    if (global !== undefined && context.isGlobal(callee, callee.text)) return context.refuse(node, global.problem, global.advice);
  }
  return context.refuse(node, 'a call through something that is not a function of the model', 'call a top-level function by its name');
}

function skipParentheses(node: ts.Expression): ts.Expression {
  return ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node) || ts.isAsExpression(node)
    ? skipParentheses(node.expression)
    : node;
}

/** The top-level function that a name stands for, or null. */
export function functionBehind(context: Context, node: ts.Expression): FunctionNode | null {
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return node;
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node))
    return functionBehind(context, node.expression);
  if (!ts.isIdentifier(node)) return null;
  const declaration = context.declaration(node);
  if (declaration === undefined) return null;
  if (ts.isFunctionDeclaration(declaration) && ts.isSourceFile(declaration.parent)) {
    const implementation = context
      .symbol(node)
      ?.declarations?.find((d): d is ts.FunctionDeclaration => ts.isFunctionDeclaration(d) && d.body !== undefined);
    return implementation ?? null;
  }
  if (!ts.isVariableDeclaration(declaration) || declaration.initializer === undefined) return null;
  if (!ts.isVariableStatement(declaration.parent.parent) || !ts.isSourceFile(declaration.parent.parent.parent)) return null;
  const initializer = skipParentheses(declaration.initializer);
  return ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer) ? initializer : null;
}

function ownCall(draft: Draft, node: ts.CallExpression, target: FunctionNode): Value | null {
  const { context } = draft;
  if (target.asteriskToken !== undefined) {
    return context.refuse(node, 'a procedure called like a function', 'write `yield* …`, so that its pauses are pauses of the caller');
  }
  const asynchronous = target.modifiers?.some((m) => m.kind === ts.SyntaxKind.AsyncKeyword) ?? false;
  if (!asynchronous && target.type !== undefined && ts.isTypeReferenceNode(target.type) && typeOf(context, target.type).kind === 'record')
    return { kind: 'place', place: recordCall(draft, node, target) };
  const signature = signatureOf(context, target, node);
  const args = callArguments(draft, node, target, signature);
  if (!signature.mutates && signature.returns !== null) {
    return scalar({ op: 'call', type: signature.returns, fn: signature.index, args });
  }
  const into = draft.effects(node);
  const result = signature.returns === null ? -1 : draft.newLocal(signature.name, signature.returns, true);
  into.push({ op: 'call', fn: signature.index, args, result });
  noteReplacements(draft, signature.replaces, node);
  return signature.returns === null ? null : scalar(local(result, signature.returns));
}

/** A call of a function whose body is one `return s.table[…]`: it stands for that record. */
function recordCall(draft: Draft, node: ts.CallExpression, target: FunctionNode): Place {
  const { context } = draft;
  const [only, ...more] = target.body !== undefined && ts.isBlock(target.body) ? target.body.statements : [];
  if (only === undefined || more.length > 0 || !ts.isReturnStatement(only) || only.expression === undefined)
    return context.refuse(node, 'a record from a function that does more than find it', 'let the body be one `return s.table[id];`');
  if (context.signatures.get(target) === 'compiling')
    return context.refuse(node, 'a function that calls itself, directly or through others', 'write a loop with a constant bound');
  const values = target.parameters.map((parameter, index): Value => {
    const argument = node.arguments[index];
    if (argument === undefined || parameter.type === undefined) return context.refuse(node, 'an argument is missing', 'give all arguments');
    const value = expression(draft, argument);
    if (value.kind === 'place') return value;
    return scalar(boundedArgument(draft, value, scalarOf(context, parameter.type), parameter.name.getText(), argument));
  });
  for (const [index, value] of values.entries())
    draft.bind((target.parameters[index] as ts.ParameterDeclaration).name, { kind: 'value', value });
  const { expression: found } = only;
  context.signatures.set(target, 'compiling');
  try {
    return placeValue(draft, found);
  } finally {
    context.signatures.delete(target);
  }
}

/** The arguments of a call, without the state, in the types of the parameters. */
export function callArguments(draft: Draft, node: ts.CallExpression, target: FunctionNode, signature: Signature): readonly Expr[] {
  const { context } = draft;
  const parameters = target.parameters.filter((p) => {
    if (!isState(context, p)) return true;
    const argument = node.arguments[target.parameters.indexOf(p)];
    if (argument !== undefined) stateArgument(draft, argument);
    return false;
  });
  let done: readonly Expr[] = [];
  const records: { readonly argument: ts.Node; readonly alias: Alias }[] = [];
  for (const [index, parameter] of parameters.entries()) {
    const argument = node.arguments[target.parameters.indexOf(parameter)];
    const wanted = signature.params[index];
    if (wanted === undefined) throw new Error(`${signature.name} has no parameter ${index}`);
    if (argument === undefined) {
      const initializer = parameter.initializer;
      if (initializer === undefined) return context.refuse(node, `the argument \`${wanted.name}\` is missing`, 'give all arguments');
      done = [...done, boundedArgument(draft, expression(draft, initializer), wanted.type, wanted.name, initializer)];
      continue;
    }
    if (ts.isSpreadElement(argument)) return context.refuse(argument, 'spread arguments', 'write the arguments one by one');
    const { first, next } = draft.then(done, () => {
      if (wanted.table === undefined) return boundedArgument(draft, argumentValue(draft, argument), wanted.type, wanted.name, argument);
      const place = recordArgument(draft, argument, wanted.table);
      records.push({ argument, alias: draft.newAlias(quote(argument), place) });
      return rowOf(place);
    });
    done = [...first, next];
  }
  for (const { argument, alias } of records) judgeRecordArgument(draft, argument, alias);
  return done;
}

/** The record of the table that a parameter stands for; the function gets its index. */
function recordArgument(draft: Draft, argument: ts.Expression, table: string): Place {
  const place = placeValue(draft, argument);
  if (place.type.kind === 'record' && fieldPath(place) === table) return place;
  return draft.context.refuse(argument, `not a record of \`s.${table}\``, `pass \`s.${table}[…]\`, or a name for it`);
}

function rowOf(place: Place): Expr {
  const last = place.steps.at(-1);
  if (last === undefined || !('index' in last)) throw new Error(`${fieldPath(place)} is not in a table`);
  return last.index;
}

/** A record argument must still be part of the state when the call begins, after the arguments that follow it. */
function judgeRecordArgument(draft: Draft, argument: ts.Node, alias: Alias): void {
  if (alias.stale) draft.context.refuse(argument, 'a record that another argument replaces', 'take that argument first, in a `const`');
  if (draft.pauses > alias.pauses) draft.context.aliasUsesAfterPause.push({ node: argument, path: alias.path });
}

function stateArgument(draft: Draft, argument: ts.Expression): void {
  const value = placeValue(draft, argument);
  if (value.steps.length > 0)
    draft.context.refuse(argument, 'something other than the state as the first argument', 'pass the state itself');
}

function argumentValue(draft: Draft, argument: ts.Expression): Value {
  const value = expression(draft, argument);
  if (value.kind === 'place') {
    return draft.context.refuse(
      argument,
      'a record as an argument',
      'only a record of the one table of its kind can be passed; pass the id, or what is needed of it',
    );
  }
  return value;
}

/** An argument inside the bounds of its parameter: known, or checked before the call. */
function boundedArgument(draft: Draft, value: Value, type: Scalar, name: string, node: ts.Node): Expr {
  const expr = convert(draft, value, type, node);
  if (fits(expr, type)) return expr;
  const into = draft.effects(node);
  const site = draft.context.site(node, 'overflow', `${quote(node)} for \`${name}\`, which is ${describeType(type)}`);
  const index = draft.newLocal(name, type, true);
  into.push({ op: 'set', local: index, value: expr, site });
  return local(index, type);
}

function wordCall(draft: Draft, node: ts.CallExpression, word: string): Value | null {
  const { context } = draft;
  const [first, second] = node.arguments;
  switch (word) {
    case 'range':
      return rangeCall(draft, node);
    case 'first':
    case 'count':
      if (first === undefined) break;
      return scalar(quantified(draft, expression(draft, first), second, word, node));
    case 'rule': {
      rule(draft, node);
      const answer = node.arguments[2];
      return answer === undefined ? known(true) : expression(draft, answer);
    }
    case 'remove': {
      if (first === undefined || second === undefined) break;
      const place = placeValue(draft, first);
      if (place.type.kind !== 'seq')
        return context.refuse(first, '`remove` from something that is not a sequence', 'give a `Seq` of the state');
      const into = draft.effects(node);
      const wanted = expression(draft, second);
      into.push(...removeItem(draft, draft.steady(place, into), wanted, second));
      return null;
    }
    case 'reset': {
      if (first === undefined || second === undefined) break;
      draft.effects(node).push(...resetWhole(draft, placeValue(draft, first), second));
      return null;
    }
    case 'until':
      return context.refuse(node, '`until` without `yield`', 'write `yield until(() => …)`');
    case 'when':
      return context.refuse(node, '`when` inside an expression', 'write it as a statement at the head of the procedure');
    default:
      break;
  }
  return context.refuse(node, `\`${word}\` in this place`, 'see model/lang.ts for what it is for');
}

/** `rule('id', 'what it says [source]')`; a third argument is its value. */
function rule(draft: Draft, node: ts.CallExpression): void {
  const { context } = draft;
  const [id, text] = node.arguments.slice(0, 2).map((argument) => constantOf(context, argument));
  if (typeof id !== 'string' || typeof text !== 'string') {
    context.refuse(node, 'a rule whose id and text are not literals', "write `rule('accept_4', 'what it says [source]')`");
    return;
  }
  const other = context.rules.findIndex((r) => r.id === id);
  if (other >= 0 && context.ruleAt.get(node) !== other) {
    const { file, line } = context.rules[other] ?? context.source(node);
    context.refuse(node, `the rule \`${id}\` stands at ${file}:${line} already`, 'give each place an id of its own');
    return;
  }
  if (other < 0) context.ruleAt.set(node, context.rules.push({ ...context.source(node), id, text }) - 1);
  draft.ruleEffects(node).push({ op: 'rule', rule: other < 0 ? context.rules.length - 1 : other });
}

/** A comment without its marks, on one line. */
export function cleanComment(comment: string): string {
  return comment
    .replace(/^\/\*\*?|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*(\*|\/\/)\s?/, '').trim())
    .join(' ')
    .trim();
}

function methodCall(draft: Draft, node: ts.CallExpression, callee: ts.PropertyAccessExpression, dropped: boolean): Value | null {
  const { context } = draft;
  const name = callee.name.text;
  if (callee.questionDotToken !== undefined) return context.refuse(node, 'optional chaining', 'test for null in an `if`, or with `&&`');
  if (
    ts.isIdentifier(callee.expression) &&
    context.declaration(callee.expression)?.getSourceFile().isDeclarationFile !== false &&
    !isBound(draft, callee.expression)
  ) {
    return globalCall(draft, node, callee.expression, name);
  }
  const object = expression(draft, callee.expression);
  const [argument] = node.arguments;
  if (name === 'some' || name === 'every') return scalar(quantified(draft, object, argument, name, node));
  if (object.kind === 'constants' && name === 'includes' && argument !== undefined && object.choices.length === 1) {
    const list = object.choices[0]?.value;
    if (list !== undefined && isList(list)) {
      const value = expression(draft, argument);
      return scalar(
        any(
          (list as readonly (string | number | boolean | null)[]).map((each) => {
            const [a, b] = unify(draft, value, known(each), argument, node);
            return compare('eq', a, b);
          }),
        ),
      );
    }
  }
  if (object.kind === 'place' && object.place.type.kind === 'seq') {
    const { place } = object;
    if (name === 'push') {
      if (argument === undefined || node.arguments.length !== 1)
        return context.refuse(node, '`push` of not exactly one element', 'push one at a time');
      if (!dropped) return context.refuse(node, 'the result of `push`', 'read `.length` after it');
      const value = expression(draft, argument);
      const into = draft.effects(node);
      into.push(...push(draft, draft.steady(place, into), value, argument, node));
      return null;
    }
    if (name === 'shift') {
      const into = draft.effects(node);
      if (dropped) {
        into.push(...dropFirst(draft.steady(place, into)));
        return null;
      }
      const orNull = ts.isBinaryExpression(node.parent) && node.parent.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken;
      return scalar(takeFirst(draft, draft.steady(place, into), into, node, orNull));
    }
    if (name === 'includes' && argument !== undefined) return scalar(includes(draft, place, expression(draft, argument), argument));
    if (name === 'indexOf' && argument !== undefined) return scalar(indexOf(draft, place, expression(draft, argument), argument));
  }
  return context.refuse(node, `the method \`${name}\``, adviceForMethod(name));
}

function isBound(draft: Draft, node: ts.Identifier): boolean {
  const symbol = draft.context.checker.getSymbolAtLocation(node);
  return symbol !== undefined && draft.bindings.has(symbol);
}

function globalCall(draft: Draft, node: ts.CallExpression, object: ts.Identifier, name: string): Value {
  const { context } = draft;
  if (object.text === 'Math' && (name === 'min' || name === 'max')) {
    let done: readonly Expr[] = [];
    for (const argument of node.arguments) {
      const { first, next } = draft.then(done, () => asWhole(draft, expression(draft, argument), argument));
      done = [...first, next];
    }
    const [head, ...rest] = done;
    if (head === undefined) return context.refuse(node, `\`Math.${name}\` of nothing`, 'give at least one argument');
    return scalar(rest.reduce((a, b) => arithmetic(name, a, b), head));
  }
  if (object.text === 'Math') {
    const advice = name === 'random' ? 'make the choice a parameter of the procedure' : 'of `Math` there are `min` and `max`';
    return context.refuse(node, name === 'random' ? 'a random number' : `\`Math.${name}\``, advice);
  }
  const global = adviceForGlobal(object.text);
  if (global !== undefined) return context.refuse(node, global.problem, global.advice);
  return context.refuse(node, 'a call through something that is not a function of the model', 'call a top-level function by its name');
}
