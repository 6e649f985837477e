/**
 * What only *procedures* have: pauses (`yield`), calls of other procedures (`yield*`), and the guard at their head (`when`).
 */
import { ts } from 'ts-morph';
import { local } from './fold.ts';
import { callArguments, functionBehind } from './frontend-calls.ts';
import { type Draft, known, scalar, type Value } from './frontend-draft.ts';
import { condition } from './frontend-expressions.ts';
import { signatureOf } from './frontend-functions.ts';
import { noteReplacements } from './frontend-records.ts';
import type { Stmt } from './ir.ts';

/** `when(condition);` */
export function guard(draft: Draft, node: ts.CallExpression, out: Stmt[]): void {
  const [argument] = node.arguments;
  if (argument === undefined || !draft.generator) {
    draft.context.refuse(node, '`when` outside a procedure', 'guards stand at the head of procedures');
    return;
  }
  const cond = draft.within('inside a guard', () => condition(draft, argument));
  out.push({ op: 'when', cond, source: draft.context.source(node) });
}

/** `yield;` and `yield until(() => …);` */
export function pause(draft: Draft, node: ts.YieldExpression, out: Stmt[]): void {
  const { context } = draft;
  if (node.asteriskToken !== undefined) {
    delegate(draft, node, true);
    return;
  }
  draft.pauses++;
  const source = context.source(node);
  if (node.expression === undefined) {
    out.push({ op: 'pause', until: null, source });
    return;
  }
  const callee = node.expression;
  const [argument] = ts.isCallExpression(callee) && context.word(callee.expression) === 'until' ? callee.arguments : [];
  if (argument === undefined || !ts.isArrowFunction(argument) || argument.parameters.length > 0) {
    context.refuse(node, 'a `yield` of something else than a condition', 'write `yield;` or `yield until(() => condition);`');
    return;
  }
  const body = argument.body;
  const until = draft.within('inside the condition of until', () => {
    if (!ts.isBlock(body)) return condition(draft, body);
    const [only] = body.statements;
    if (only === undefined || !ts.isReturnStatement(only) || only.expression === undefined)
      return context.refuse(body, 'statements inside a condition', 'write an expression, or call a function');
    return condition(draft, only.expression);
  });
  out.push({ op: 'pause', until, source });
}

/** `yield* procedure(…)`: its pauses are pauses of the caller, its value is the value of the expression. */
export function delegate(draft: Draft, node: ts.YieldExpression, dropped = false): Value {
  const { context } = draft;
  const callee = node.expression;
  if (node.asteriskToken === undefined)
    return context.refuse(node, 'the value of a `yield`', 'a pause has no value; write it as a statement of its own');
  if (callee === undefined || !ts.isCallExpression(callee))
    return context.refuse(node, 'a `yield*` of something else than a call', 'write `yield* procedure(s, …)`');
  const target = functionBehind(context, callee.expression);
  if (target?.asteriskToken === undefined)
    return context.refuse(
      node,
      'a `yield*` of something that is not a procedure',
      'write `yield* procedure(s, …)`, with a `function*` of the model',
    );
  const signature = signatureOf(context, target, callee);
  const into = draft.effects(node);
  const args = callArguments(draft, callee, target, signature);
  if (signature.returns === null && !dropped)
    return context.refuse(node, 'the value of a procedure that has none', 'write it as a statement of its own');
  const result = signature.returns === null || dropped ? -1 : draft.newLocal(signature.name, signature.returns, true);
  into.push({ op: 'delegate', fn: signature.index, args, result });
  draft.pauses++;
  noteReplacements(draft, signature.replaces, node);
  return signature.returns === null || dropped ? known(false) : scalar(local(result, signature.returns));
}
