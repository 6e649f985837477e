/**
 * The *front end*: TypeScript in, `Program` out. It reads the model's declaration (`defineModel` in the entry file), compiles
 * the procedures and predicates named there, and throws a `CompileError` with everything it could not take.
 */
import path from 'node:path';
import { ts } from 'ts-morph';
import { CompileError, type Diagnostic } from './errors.ts';
import { cleanComment, functionBehind } from './frontend-calls.ts';
import { constantOf, isTopLevelConst } from './frontend-constants.ts';
import { type CompileOptions, Context, type Signature } from './frontend-context.ts';
import { constantAs } from './frontend-convert.ts';
import { nameOf, signatureOf } from './frontend-functions.ts';
import { declaredType } from './frontend-types.ts';
import type { AgentDef, Fn, Local, Place, ProcedureDef, Program, PromiseDef, Property, Scalar } from './ir.ts';
import { lowerAgent } from './lower.ts';
import { openProgram } from './open.ts';
import { prune } from './prune.ts';
import { expressionsOf, forEachExpr, forEachStmt } from './walk.ts';

export type { CompileOptions } from './frontend-context.ts';

/** `program`: where the entry is one of several files that were opened together, which saves half of the time. */
export function compileModel(options: CompileOptions, program?: ts.Program): Program {
  const entry = path.resolve(options.root, options.entry);
  return compileEntry(options, entry, program ?? openProgram(options, [entry]));
}

function compileEntry(options: CompileOptions, entry: string, program: ts.Program): Program {
  const context = new Context(program.getTypeChecker(), { ...options, root: path.resolve(options.root) });
  const sourceFile = program.getSourceFile(entry);
  if (sourceFile === undefined) {
    throw new CompileError([
      {
        file: options.entry,
        line: 1,
        column: 1,
        construct: '',
        problem: 'there is no such file',
        advice: 'name the file that calls `defineModel`',
      },
    ]);
  }
  for (const each of program.getSourceFiles()) checkSyntax(context, program, each);
  if (context.diagnostics.length > 0) throw new CompileError(inOrder(context.diagnostics));
  const result = context.attempt(() => readModel(context, sourceFile), null);
  judgeAliases(context);
  nameRows(context);
  checkConstantNames(context, program);
  if (context.diagnostics.length > 0 || result === null) throw new CompileError(inOrder(context.diagnostics));
  const pruned = prune(result);
  for (const agent of pruned.agents) lowerAgent(pruned, agent); // refuses loops without a pause, and guards that come too late
  return pruned;
}

/** The parser goes on behind a mistake, and what it made of it may be less than was written. */
function checkSyntax(context: Context, program: ts.Program, sourceFile: ts.SourceFile): void {
  if (sourceFile.isDeclarationFile) return;
  for (const { start, messageText } of program.getSyntacticDiagnostics(sourceFile)) {
    const { line, character } = sourceFile.getLineAndCharacterOfPosition(start);
    const problem = `this is not TypeScript: ${ts.flattenDiagnosticMessageText(messageText, ' ').replace(/\.$/, '')}`;
    const file = context.fileName(sourceFile);
    context.diagnostics.push({
      file,
      line: line + 1,
      column: character + 1,
      construct: '',
      problem,
      advice: 'mend it there, or just before',
    });
  }
}

function readModel(context: Context, sourceFile: ts.SourceFile): Program {
  const declaration = findDeclaration(context, sourceFile);
  if (declaration === null) {
    return context.refuse(
      sourceFile,
      'no call of `defineModel`',
      'declare the model here: `export const model = defineModel({ initial, agents, invariants, lemmas });`',
    );
  }
  const { call, name } = declaration;
  const [argument] = call.arguments;
  if (argument === undefined)
    return context.refuse(call, '`defineModel` without its parts', 'write `defineModel({ initial, agents, invariants, lemmas })`');
  const parts = membersOf(context, argument);
  readState(context, call);
  if (context.stateType === null)
    return context.refuse(call, 'the type of the state is not an interface', 'write `(s: State, …)` with an interface `State`');
  readConfiguration(context, call);
  const agents = [...membersOf(context, required(context, parts, 'agents', call))].map(([agent, node]) => readAgent(context, agent, node));
  const invariants = readProperties(context, parts.get('invariants'));
  const lemmas = readProperties(context, parts.get('lemmas'));
  const promises = readPromises(context, parts.get('promises'));
  const owed = readNames(context, parts.get('owed'));
  const symmetric = readNames(context, parts.get('symmetric'));
  const program: Program = {
    name,
    state: context.stateType,
    configuration: Object.fromEntries(context.configuration),
    constants: Object.fromEntries([...context.namedConstants].sort(([a], [b]) => (a < b ? -1 : 1))),
    functions: context.functions.filter((f): f is Fn => f !== null),
    agents,
    invariants,
    lemmas,
    promises,
    owed,
    symmetric,
    rules: context.rules,
    sites: context.sites,
  };
  checkProcedures(context, parts, program, call);
  return program;
}

function findDeclaration(context: Context, sourceFile: ts.SourceFile): { call: ts.CallExpression; name: string } | null {
  for (const statement of sourceFile.statements) {
    const candidates = ts.isVariableStatement(statement)
      ? statement.declarationList.declarations.map((d) => ({ node: d.initializer, name: d.name.getText() }))
      : ts.isExportAssignment(statement)
        ? [{ node: statement.expression, name: 'model' }]
        : [];
    for (const { node, name } of candidates) {
      if (node !== undefined && ts.isCallExpression(node) && context.word(node.expression) === 'defineModel') return { call: node, name };
    }
  }
  return null;
}

/** The members of an object literal, also behind a name; spreads are taken in. */
function membersOf(context: Context, node: ts.Expression): ReadonlyMap<string, ts.Expression> {
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node))
    return membersOf(context, node.expression);
  if (ts.isIdentifier(node)) {
    const declaration = context.declaration(node);
    if (declaration !== undefined && isTopLevelConst(declaration) && declaration.initializer !== undefined)
      return membersOf(context, declaration.initializer);
  }
  if (!ts.isObjectLiteralExpression(node))
    return context.refuse(node, 'something other than an object written out', 'write `{ name: value, … }`, here or as a top-level `const`');
  const members = new Map<string, ts.Expression>();
  for (const property of node.properties) {
    if (ts.isSpreadAssignment(property)) {
      for (const [name, value] of membersOf(context, property.expression)) members.set(name, value);
      continue;
    }
    if (ts.isShorthandPropertyAssignment(property)) members.set(property.name.text, property.name);
    else if (ts.isPropertyAssignment(property) && (ts.isIdentifier(property.name) || ts.isStringLiteral(property.name)))
      members.set(property.name.text, property.initializer);
    else context.report(property, 'this kind of member', 'write `name: value` or the name alone');
  }
  return members;
}

/** `['socket', 'thread']` */
function readNames(context: Context, node: ts.Expression | undefined): readonly string[] {
  if (node === undefined) return [];
  if (!ts.isArrayLiteralExpression(node)) return context.refuse(node, 'something other than a list of names', "write `['kind', …]`");
  return node.elements.map((element) =>
    ts.isStringLiteral(element) ? element.text : context.refuse(element, 'something other than the name of a kind', "write `'kind'`"),
  );
}

function required(context: Context, parts: ReadonlyMap<string, ts.Expression>, name: string, call: ts.Node): ts.Expression {
  return parts.get(name) ?? context.refuse(call, `\`${name}\` is missing`, 'write `defineModel({ initial, agents, invariants, lemmas })`');
}

/** The type of the state: the type argument of `defineModel`, written or inferred. */
function readState(context: Context, call: ts.CallExpression): void {
  const { checker } = context;
  const type = checker.getTypeAtLocation(call);
  const argument = (type.aliasTypeArguments ?? checker.getTypeArguments(type as ts.TypeReference))[0];
  const declaration = (argument?.aliasSymbol ?? argument?.getSymbol())?.declarations?.[0];
  if (declaration === undefined || (!ts.isInterfaceDeclaration(declaration) && !ts.isTypeAliasDeclaration(declaration))) return;
  context.stateDeclaration = declaration;
  const state = declaredType(context, declaration);
  if (state.kind === 'record') context.stateType = state;
}

function readConfiguration(context: Context, call: ts.Node): void {
  const fields = context.stateType?.fields.filter((f) => f.fixed) ?? [];
  for (const [name, value] of Object.entries(context.options.configuration ?? {})) {
    const field = fields.find((f) => f.name === name);
    const names = fields.map((f) => `\`${f.name}\``).join(', ');
    if (field === undefined) {
      context.report(call, `the model has no configuration \`${name}\``, names === '' ? 'it has none' : `it has ${names}`);
      continue;
    }
    const { type } = field;
    if (type.kind === 'record' || type.kind === 'table' || type.kind === 'seq') {
      context.report(call, `the configuration \`${name}\` is not a single value`, 'let `readonly` fields be booleans, unions or numbers');
      continue;
    }
    context.attempt(() => {
      const encoded = constantAs(context, value, type, call);
      if (encoded.op === 'const') context.configuration.set(name, encoded.value);
    }, undefined);
  }
}

function readAgent(context: Context, name: string, node: ts.Expression): AgentDef {
  const parts = membersOf(context, node);
  const sizeNode = required(context, parts, 'size', node);
  const size = constantOf(context, sizeNode);
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0)
    return context.refuse(sizeNode, 'the number of agents is not a constant', 'write a number or the name of a constant');
  const procedures = [...membersOf(context, required(context, parts, 'procedures', node))];
  return {
    name,
    size,
    procedures: procedures.flatMap(([procedure, value]) => {
      const read = context.attempt(() => readProcedure(context, procedure, value, size), null);
      return read === null ? [] : [read];
    }),
  };
}

function readProcedure(context: Context, name: string, node: ts.Expression, size: number): ProcedureDef {
  const target = functionBehind(context, node);
  if (target === null) return context.refuse(node, 'a procedure that is not a function of the model', 'name a top-level `function*`');
  if (target.asteriskToken === undefined)
    return context.refuse(node, 'a procedure that is not a generator', 'write `function*`, even if it never yields');
  const signature = signatureOf(context, target, node);
  const [who, ...params] = signature.params;
  if (who === undefined) return { name, fn: withoutWho(context, signature, size), params: [] };
  if (who.type.kind !== 'id' || who.type.nullable || who.type.size !== size) {
    return context.refuse(
      target.parameters[1] ?? target,
      `the second parameter of a procedure is the agent's own id, of ${size}`,
      "write `who: Id<'thread', typeof THREADS>` with the size of the agent",
    );
  }
  return { name, fn: signature.index, params: params.map((p): Local => ({ name: p.name, type: p.type })) };
}

/** A procedure that does not ask who runs it is called by one that has the parameter. */
function withoutWho(context: Context, signature: Signature, size: number): number {
  const type: Scalar = { kind: 'id', of: 'agent', size, nullable: false };
  const inner = context.functions[signature.index];
  if (inner === undefined || inner === null) throw new Error(`${signature.name} is not compiled`);
  context.functions.push({
    ...inner,
    params: 1,
    locals: [{ name: 'who', type }],
    returns: null,
    body: [{ op: 'delegate', fn: signature.index, args: [], result: -1 }],
  });
  return context.functions.length - 1;
}

function readProperties(context: Context, node: ts.Expression | undefined): readonly Property[] {
  if (node === undefined) return [];
  return [...membersOf(context, node)].flatMap(([id, value]) => {
    const property = context.attempt(() => readProperty(context, id, value), null);
    return property === null ? [] : [property];
  });
}

function readProperty(context: Context, id: string, node: ts.Expression): Property {
  const target = functionBehind(context, node);
  if (target === null)
    return context.refuse(node, 'a predicate that is not a function of the model', 'name a top-level function, or write `(s) => …`');
  const signature = signatureOf(context, target, node);
  if (signature.returns?.kind !== 'bool' || signature.params.length > 0)
    return context.refuse(node, `\`${nameOf(target)}\` is not a predicate of the state`, 'write `(s: State) => boolean`');
  if (signature.mutates) return context.refuse(node, `\`${nameOf(target)}\` changes the state`, 'a predicate only reads');
  return { ...context.source(target), id, fn: signature.index, text: documentation(target) || documentation(node) };
}

function readPromises(context: Context, node: ts.Expression | undefined): readonly PromiseDef[] {
  if (node === undefined) return [];
  return [...membersOf(context, node)].flatMap(([id, value]) => {
    const promise = context.attempt(() => readPromise(context, id, value), null);
    return promise === null ? [] : [promise];
  });
}

function readPromise(context: Context, id: string, node: ts.Expression): PromiseDef {
  const parts = membersOf(context, node);
  const [whenever, eventually] = ['whenever', 'eventually'].map((name) => {
    const value = parts.get(name) ?? context.refuse(node, `\`${name}\` is missing`, 'write `{ whenever: (s) => …, eventually: (s) => … }`');
    return readPredicate(context, value);
  });
  if (whenever === undefined || eventually === undefined) throw new Error('a promise has two predicates');
  const kinds = ({ params }: Signature): string => JSON.stringify(params.map(({ type }) => type));
  if (kinds(whenever) !== kinds(eventually))
    return context.refuse(node, 'the two predicates are not about the same ids', 'give both the same parameters, with the same types');
  const { params, index } = whenever;
  const known = params.map(({ name, type }): Local => ({ name, type }));
  return {
    ...context.source(node),
    id,
    params: known,
    whenever: index,
    eventually: eventually.index,
    given: readNames(context, parts.get('given')),
    text: documentation(node),
  };
}

/** A predicate of the state and of ids. */
function readPredicate(context: Context, node: ts.Expression): Signature {
  const target = functionBehind(context, node);
  if (target === null)
    return context.refuse(
      node,
      'a predicate that is not a function of the model',
      'name a top-level function, or write `(s, so: Id) => …`',
    );
  const signature = signatureOf(context, target, node);
  const isOfIds = signature.params.every(({ type }) => type.kind === 'id' && !type.nullable);
  if (signature.returns?.kind !== 'bool' || !isOfIds)
    return context.refuse(
      node,
      `\`${nameOf(target)}\` is not a predicate of the state and of ids`,
      'write `(s: State, so: SocketId) => boolean`',
    );
  if (signature.mutates) return context.refuse(node, `\`${nameOf(target)}\` changes the state`, 'a predicate only reads');
  return signature;
}

/** What a list of procedures names is there. */
function checkProcedures(context: Context, parts: ReadonlyMap<string, ts.Expression>, program: Program, call: ts.Node): void {
  const known = program.agents.flatMap(({ procedures }) => procedures.map(({ name }) => name));
  const check = (names: readonly string[], node: ts.Node): void => {
    for (const name of names)
      if (!known.includes(name))
        context.report(node, `there is no procedure \`${name}\``, `the procedures are ${known.map((each) => `\`${each}\``).join(', ')}`);
  };
  check(program.owed, parts.get('owed') ?? call);
  for (const { given } of program.promises) check(given, parts.get('promises') ?? call);
}

/** The comment above the statement or the member in which a node stands. */
function documentation(node: ts.Node): string {
  let holder = node;
  while (
    !ts.isStatement(holder) &&
    !ts.isPropertyAssignment(holder) &&
    !ts.isShorthandPropertyAssignment(holder) &&
    holder.parent !== undefined
  )
    holder = holder.parent;
  const { text } = holder.getSourceFile();
  const last = ts.getLeadingCommentRanges(text, holder.getFullStart())?.at(-1);
  return last === undefined ? '' : cleanComment(text.slice(last.pos, last.end));
}

/** An alias used after a pause is refused if anybody may have replaced its record meanwhile. */
function judgeAliases(context: Context): void {
  for (const { node, path: used } of context.aliasUsesAfterPause) {
    if ([...context.replaced].some((replaced) => used === replaced || used.startsWith(`${replaced}.`))) {
      context.report(
        node,
        'others may have replaced the record this name stands for, during the pause',
        `take it again after the \`yield\``,
      );
    }
  }
}

/** An index that the source does not name is of the kind with which the source indexes that table, if that is one kind. */
function nameRows(context: Context): void {
  const kinds = new Map<string, Set<string>>();
  const note = ({ steps }: Place): void => {
    let table = '';
    for (const step of steps) {
      if ('field' in step) table = table === '' ? step.field : `${table}.${step.field}`;
      else if (step.index.type.kind === 'id') kinds.set(table, (kinds.get(table) ?? new Set()).add(step.index.type.of));
    }
  };
  for (const fn of context.functions) {
    forEachStmt(fn?.body ?? [], (stmt) => {
      if (stmt.op === 'write') note(stmt.place);
      for (const expr of expressionsOf(stmt)) forEachExpr(expr, (e) => (e.op === 'read' ? note(e.place) : undefined));
    });
  }
  for (const [table, type] of context.rowTypes) {
    const [kind, ...others] = [...(kinds.get(table) ?? [])].filter((each) => each !== type.of);
    if (kind !== undefined && others.length === 0) type.of = kind;
  }
}

function checkConstantNames(context: Context, program: ts.Program): void {
  const names = Object.keys(context.options.constants ?? {});
  if (names.length === 0) return;
  const declared = new Set<string>();
  for (const sourceFile of program.getSourceFiles()) {
    if (sourceFile.isDeclarationFile) continue;
    for (const statement of sourceFile.statements) {
      if (!ts.isVariableStatement(statement)) continue;
      for (const d of statement.declarationList.declarations) if (ts.isIdentifier(d.name)) declared.add(d.name.text);
    }
  }
  for (const name of names) {
    if (declared.has(name)) continue;
    context.diagnostics.push({
      file: context.options.entry,
      line: 1,
      column: 1,
      construct: name,
      problem: 'the model has no such constant',
      advice: 'constants are top-level `export const NAME = …`',
    });
  }
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column));
}
