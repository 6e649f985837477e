/**
 * The *source* of user code as the compiler sees it: the files, which of its names are assigned again, and what its imports
 * bring from outside.
 */
import path from 'node:path';
import { ts } from 'ts-morph';
import type { Context } from './frontend-context.ts';
import { isAssignment, isStep } from './frontend-draft.ts';

export interface SourceOptions {
  /** The folder that file names are relative to. */
  readonly root: string;
  /** The file whose functions are called. */
  readonly file: string;
  /** Text in place of (or beside) the files on disk, by path relative to the root. */
  readonly sources?: Readonly<Record<string, string>>;
}

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  allowJs: true,
  noEmit: true,
  strict: true,
  skipLibCheck: true,
  // What the platform offers is known by name: its declarations are not needed, and most of the time would go into reading them.
  noLib: true,
  types: [],
};

/** The program of a file and all that it imports; JavaScript as well as TypeScript. */
export function openSource({ root, file, sources }: SourceOptions): ts.Program {
  const given = new Map(Object.entries(sources ?? {}).map(([name, text]) => [path.resolve(root, name), text]));
  const read = (name: string): string | undefined => given.get(name) ?? ts.sys.readFile(name);
  const host: ts.CompilerHost = {
    getSourceFile: (name, version) => {
      const text = read(name);
      return text === undefined ? undefined : ts.createSourceFile(name, text, version, true);
    },
    getDefaultLibFileName: () => 'lib.d.ts',
    getCurrentDirectory: () => path.resolve(root),
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    fileExists: (name) => given.has(name) || ts.sys.fileExists(name),
    readFile: read,
    writeFile: () => {},
  };
  const entry = path.resolve(root, file);
  return ts.createProgram({ rootNames: host.fileExists(entry) ? [entry] : [], options: OPTIONS, host });
}

/** Which variables and fields of some files are given another value than their first. */
export class Assigned {
  private readonly symbols = new Set<ts.Symbol>();
  private readonly fields = new Set<string>();
  private readonly lists = new Set<ts.Symbol>();
  private readonly checker: ts.TypeChecker;

  constructor(program: ts.Program) {
    this.checker = program.getTypeChecker();
    for (const file of program.getSourceFiles())
      if (!file.isDeclarationFile && !program.isSourceFileFromExternalLibrary(file)) this.visit(file, new Map());
  }

  hasVariable(symbol: ts.Symbol): boolean {
    return this.symbols.has(symbol);
  }

  hasElements(symbol: ts.Symbol): boolean {
    return this.lists.has(symbol);
  }

  /** By name only: objects that are written out have no type that would tell more. */
  hasField(name: string): boolean {
    return this.fields.has(name);
  }

  /** `first`: of a class, how often its constructor sets each field. */
  private visit(node: ts.Node, first: Map<string, number>): void {
    if (ts.isClassLike(node)) {
      const mine = new Map<string, number>();
      for (const member of node.members)
        if (ts.isPropertyDeclaration(member) && member.initializer !== undefined) mine.set(member.name.getText(), 1);
      ts.forEachChild(node, (child) => this.visit(child, mine));
      for (const [name, times] of mine) if (times > 1) this.fields.add(name);
      return;
    }
    if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind)) this.target(node.left, node, first);
    if ((ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && isStep(node.operator))
      this.target(node.operand, node, first);
    if ((ts.isForOfStatement(node) || ts.isForInStatement(node)) && ts.isExpression(node.initializer))
      this.target(node.initializer, node, first);
    ts.forEachChild(node, (child) => this.visit(child, first));
  }

  private target(target: ts.Node, assignment: ts.Node, first: Map<string, number>): void {
    if (ts.isIdentifier(target)) {
      const symbol = this.checker.getSymbolAtLocation(target);
      if (symbol !== undefined) this.symbols.add(symbol);
    } else if (ts.isPropertyAccessExpression(target)) {
      const name = target.name.text;
      if (target.expression.kind === ts.SyntaxKind.ThisKeyword && isFirst(assignment)) first.set(name, (first.get(name) ?? 0) + 1);
      else this.fields.add(name);
    } else if (ts.isElementAccessExpression(target)) {
      const list = ts.isIdentifier(target.expression) ? this.checker.getSymbolAtLocation(target.expression) : undefined;
      if (list !== undefined) this.lists.add(list);
      if (ts.isStringLiteralLike(target.argumentExpression)) this.fields.add(target.argumentExpression.text);
    } else if (ts.isParenthesizedExpression(target) || ts.isNonNullExpression(target) || ts.isAsExpression(target)) {
      this.target(target.expression, assignment, first);
    } else if (ts.isArrayLiteralExpression(target) || ts.isObjectLiteralExpression(target)) {
      ts.forEachChild(target, (child) => this.target(ts.isPropertyAssignment(child) ? child.initializer : child, assignment, first));
    }
  }
}

/** An assignment in a statement of a constructor itself. */
function isFirst(assignment: ts.Node): boolean {
  if (!ts.isBinaryExpression(assignment) || assignment.operatorToken.kind !== ts.SyntaxKind.EqualsToken) return false;
  const statement = assignment.parent;
  return ts.isExpressionStatement(statement) && ts.isBlock(statement.parent) && ts.isConstructorDeclaration(statement.parent.parent);
}

/**
 * Names of `var` that are seen in other places of a function than `let` would be: outside of the block of their declaration, or before
 * it, or in a function inside; and those that are declared more than once.
 */
export function hoistedNames(body: ts.Block, symbolOf: (name: ts.Identifier) => ts.Symbol | undefined): readonly ts.Identifier[] {
  const declared = new Map<ts.Symbol, { readonly name: ts.Identifier; readonly block: ts.Node; isFree: boolean }>();
  const uses: { readonly name: ts.Identifier; readonly isInner: boolean }[] = [];
  const visit = (node: ts.Node, isInner: boolean): void => {
    if (ts.isIdentifier(node)) uses.push({ name: node, isInner });
    ts.forEachChild(node, (child) => visit(child, isInner || ts.isFunctionLike(node)));
    if (!ts.isVariableDeclaration(node) || isInner || !ts.isVariableDeclarationList(node.parent)) return;
    if ((node.parent.flags & ts.NodeFlags.BlockScoped) !== 0) return;
    const statement = ts.isVariableStatement(node.parent.parent) ? node.parent.parent.parent : node.parent.parent;
    const isPlain = ts.isBlock(statement) || ts.isIterationStatement(statement, false);
    const hasValue = node.initializer !== undefined || ts.isForOfStatement(node.parent.parent);
    for (const name of namesOf(node.name)) {
      const symbol = symbolOf(name);
      if (symbol === undefined) continue;
      const known = declared.get(symbol);
      if (known !== undefined) known.isFree = true;
      else declared.set(symbol, { name, block: statement, isFree: !isPlain || !hasValue || (symbol.declarations?.length ?? 0) > 1 });
    }
  };
  for (const statement of body.statements) visit(statement, false);
  for (const { name, isInner } of uses) {
    const symbol = symbolOf(name);
    const known = symbol === undefined ? undefined : declared.get(symbol);
    if (known === undefined) continue;
    const isInside = ts.findAncestor(name, (each) => each === known.block) !== undefined && name.pos >= known.name.pos;
    if (!isInside || (isInner && known.block !== body)) known.isFree = true;
  }
  return [...declared.values()].filter(({ isFree }) => isFree).map(({ name }) => name);
}

function namesOf(name: ts.BindingName): readonly ts.Identifier[] {
  if (ts.isIdentifier(name)) return [name];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : namesOf(element.name)));
}

/** What an imported name stands for that comes from a package or from Node, by its path: `assert.equal`; null of any other name. */
export function foreignImport(context: Context, node: ts.Identifier): string | null {
  const symbol = context.checker.getSymbolAtLocation(node);
  const declaration = symbol?.declarations?.[0];
  if (declaration === undefined) return null;
  const from = ts.findAncestor(declaration, ts.isImportDeclaration);
  if (from === undefined || !ts.isStringLiteral(from.moduleSpecifier)) return null;
  const specifier = from.moduleSpecifier.text;
  if (specifier.startsWith('.') || specifier.startsWith('/')) {
    if ((context.symbol(node)?.declarations ?? []).length > 0) return null;
    return context.refuse(
      node,
      `an import from \`${specifier}\`, where there is no such thing`,
      'name a file that is there, and something it exports',
    );
  }
  const module = specifier.replace(/^node:/, '').replace(/^assert\/strict$/, 'assert');
  if (!ts.isImportSpecifier(declaration)) return module;
  const name = (declaration.propertyName ?? declaration.name).text;
  return name === 'default' || (module === 'assert' && name === 'strict') ? module : `${module}.${name}`;
}

/** Whether several declarations give a value to one variable: `var` again, or `var` of a parameter. */
export function isDeclaredAgain({ declarations = [] }: ts.Symbol): boolean {
  return declarations.filter((each) => ts.isVariableDeclaration(each) || ts.isBindingElement(each) || ts.isParameter(each)).length > 1;
}

/** Statements that do something when a module is loaded. */
const RUNS: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.IfStatement,
  ts.SyntaxKind.ForStatement,
  ts.SyntaxKind.ForOfStatement,
  ts.SyntaxKind.ForInStatement,
  ts.SyntaxKind.WhileStatement,
  ts.SyntaxKind.DoStatement,
  ts.SyntaxKind.SwitchStatement,
  ts.SyntaxKind.TryStatement,
  ts.SyntaxKind.ThrowStatement,
  ts.SyntaxKind.Block,
  ts.SyntaxKind.LabeledStatement,
]);

/** `'use strict'`, and what CommonJS exports. */
function isHarmless(node: ts.Expression): boolean {
  if (ts.isStringLiteral(node)) return true;
  return ts.isBinaryExpression(node) && /^(module\.)?exports\b/.test(node.left.getText());
}

/** Whether a statement of the top level does something when the module is loaded. */
export function runsByItself(statement: ts.Statement): boolean {
  return ts.isExpressionStatement(statement) ? !isHarmless(statement.expression) : RUNS.has(statement.kind);
}
