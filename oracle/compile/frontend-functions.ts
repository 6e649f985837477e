/**
 * *Functions* of the source: each is compiled once, when it is first called or named in the model's declaration. The state is
 * not among the parameters of the result.
 */
import { ts } from 'ts-morph';
import { type Context, type FunctionNode, type Param, Refusal, type Signature } from './frontend-context.ts';
import { Draft } from './frontend-draft.ts';
import { expression } from './frontend-expressions.ts';
import { writtenPaths } from './frontend-loops.ts';
import { statements } from './frontend-statements.ts';
import { convert, fits } from './frontend-convert.ts';
import { isState, scalarOf, typeOf } from './frontend-types.ts';
import type { Expr, Place, Scalar, Stmt, Type } from './ir.ts';
import { forEachExpr, forEachStmt, expressionsOf } from './walk.ts';

/** What is known of a function; compiles it if need be. `caller` is blamed for recursion. */
export function signatureOf(context: Context, node: FunctionNode, caller: ts.Node): Signature {
  const known = context.signatures.get(node);
  if (known === 'compiling')
    return context.refuse(caller, 'a function that calls itself, directly or through others', 'write a loop with a constant bound');
  if (known === 'broken') throw new Refusal('the function it calls is broken');
  if (known !== undefined) return known;
  context.signatures.set(node, 'compiling');
  const signature = context.attempt<Signature | 'broken'>(() => compileFunction(context, node), 'broken');
  context.signatures.set(node, signature);
  if (signature === 'broken') throw new Refusal('the function is broken');
  return signature;
}

function compileFunction(context: Context, node: FunctionNode): Signature {
  const generator = node.asteriskToken !== undefined;
  const name = nameOf(node);
  const { body } = node;
  if (body === undefined) return context.refuse(node, 'a function without a body', 'write the body');
  if (node.modifiers?.some((m) => m.kind === ts.SyntaxKind.AsyncKeyword)) {
    return context.refuse(node, 'an asynchronous function', 'make it a procedure (`function*`) and sleep with `yield until(() => …)`');
  }
  if (node.typeParameters !== undefined) return context.refuse(node, 'a generic function', 'write one function for each type');
  const before = context.diagnostics.length;
  const draft = new Draft(context, name, generator, body);
  const params = bindParameters(draft, node);
  draft.returns = returnType(context, node, generator);
  const out: Stmt[] = [];
  if (ts.isBlock(body)) statements(draft, body.statements, out);
  else arrowBody(draft, body, out);
  const returns = draft.returns ?? null;
  const index = context.functions.length;
  const writes = writtenPaths(draft, out);
  context.functions.push({
    name,
    source: context.source(node),
    params: params.length,
    locals: draft.locals,
    returns: returns === null ? null : widened(returns, out),
    generator,
    mutates: generator || mutates(context, out),
    body: out,
  });
  const fn = context.functions[index];
  return {
    index,
    name,
    params,
    returns: fn?.returns ?? null,
    generator,
    mutates: fn?.mutates ?? true,
    writes,
    replaces: draft.replaces,
    flawed: context.diagnostics.length > before,
  };
}

export function nameOf(node: FunctionNode): string {
  if (node.name !== undefined) return node.name.text;
  const { parent } = node;
  if (
    (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) &&
    (ts.isIdentifier(parent.name) || ts.isStringLiteral(parent.name))
  )
    return parent.name.text;
  return 'anonymous';
}

function bindParameters(draft: Draft, node: FunctionNode): readonly Param[] {
  const { context } = draft;
  const params: Param[] = [];
  for (const parameter of node.parameters) {
    if (!ts.isIdentifier(parameter.name) || parameter.dotDotDotToken !== undefined) {
      return context.refuse(parameter, 'a parameter that is not one name', 'write one name and type for each parameter');
    }
    if (isState(context, parameter)) {
      if (context.stateType === null) throw new Error('the type of the state is not known yet');
      draft.bind(parameter.name, { kind: 'value', value: { kind: 'place', place: { steps: [], type: context.stateType } } });
      continue;
    }
    if (parameter.type === undefined) return context.refuse(parameter, 'a parameter without a type', 'write its type');
    const table = tableOf(context, parameter.type);
    if (table !== null) {
      if (draft.generator) return context.refuse(parameter, 'a record as a parameter of a procedure', 'pass the id');
      const type = context.rowType(table.name, table.size);
      const index: Expr = { op: 'local', type, local: draft.newLocal(parameter.name.text, type, true) };
      params.push({ name: parameter.name.text, type, table: table.name });
      const place: Place = { steps: [{ field: table.name }, { index }], type: table.element };
      draft.bind(parameter.name, { kind: 'alias', alias: draft.newAlias(parameter.name.text, place) });
      continue;
    }
    const type = scalarOf(context, parameter.type);
    const symbol = context.checker.getSymbolAtLocation(parameter.name);
    const changes = symbol !== undefined && draft.assigned.has(symbol);
    const local = draft.newLocal(parameter.name.text, type, !changes);
    params.push({ name: parameter.name.text, type });
    draft.bind(parameter.name, { kind: 'local', local, type });
  }
  return params;
}

/** The one table of the state whose elements are of a type, or null. */
function tableOf(context: Context, node: ts.TypeNode): { name: string; size: number; element: Type } | null {
  if (!ts.isTypeReferenceNode(node)) return null;
  const element = typeOf(context, node);
  if (element.kind !== 'record') return null;
  const tables = (context.stateType?.fields ?? []).flatMap(({ name, type }) =>
    type.kind === 'table' && type.element === element ? [{ name, size: type.size, element }] : [],
  );
  return tables.length === 1 ? (tables[0] ?? null) : null;
}

/** The declared type of the result; undefined: to be inferred. Of a procedure it is the argument of `Procedure<…>`. */
function returnType(context: Context, node: FunctionNode, generator: boolean): Scalar | null | undefined {
  const { type } = node;
  if (type === undefined) return generator || !hasResult(node) ? null : undefined;
  if (type.kind === ts.SyntaxKind.VoidKeyword || type.kind === ts.SyntaxKind.NeverKeyword) return null;
  if (ts.isTypePredicateNode(type)) return { kind: 'bool' };
  if (!generator) return scalarOf(context, type);
  if (!ts.isTypeReferenceNode(type)) return context.refuse(type, 'the type of a procedure', 'write `Procedure` or `Procedure<Result>`');
  const [first, second] = type.typeArguments ?? [];
  const result = context.word(type.typeName) === 'Procedure' ? first : second;
  return result === undefined || result.kind === ts.SyntaxKind.VoidKeyword ? null : scalarOf(context, result);
}

function hasResult(node: FunctionNode): boolean {
  if (node.body !== undefined && !ts.isBlock(node.body)) return true;
  let found = false;
  const visit = (inner: ts.Node): void => {
    if (ts.isReturnStatement(inner) && inner.expression !== undefined) found = true;
    if (!ts.isFunctionLike(inner)) ts.forEachChild(inner, visit);
  };
  if (node.body !== undefined) ts.forEachChild(node.body, visit);
  return found;
}

function arrowBody(draft: Draft, body: ts.Expression, out: Stmt[]): void {
  const { context } = draft;
  context.attempt(
    () =>
      draft.within(out, () => {
        const value = expression(draft, body);
        if (draft.returns === undefined) {
          if (value.kind !== 'scalar') return context.refuse(body, 'a result whose type is not known', 'write the type of the result');
          draft.returns = value.expr.type;
        }
        if (draft.returns === null) return context.refuse(body, 'a value from a function that has none', 'write braces around the body');
        const expr = convert(draft, value, draft.returns, body);
        if (!fits(expr, draft.returns))
          context.refuse(body, 'a result that may leave the bounds of its type', 'widen the type of the result');
        out.push({ op: 'return', value: expr });
      }),
    undefined,
  );
}

/** An inferred whole number takes the bounds of all the results. */
function widened(type: Scalar, body: readonly Stmt[]): Scalar {
  if (type.kind !== 'int') return type;
  let { lo, hi } = type;
  forEachStmt(body, (stmt) => {
    if (stmt.op !== 'return' || stmt.value?.type.kind !== 'int') return;
    lo = Math.min(lo, stmt.value.type.lo);
    hi = Math.max(hi, stmt.value.type.hi);
  });
  return { kind: 'int', lo, hi };
}

function mutates(context: Context, body: readonly Stmt[]): boolean {
  let found = false;
  const changes = (fn: number): boolean => context.functions[fn]?.mutates ?? true;
  forEachStmt(body, (stmt) => {
    if (stmt.op === 'write' || (stmt.op === 'call' && changes(stmt.fn))) found = true;
    for (const expr of expressionsOf(stmt)) {
      forEachExpr(expr, (e) => {
        if (e.op === 'call' && changes(e.fn)) found = true;
      });
    }
  });
  return found;
}
