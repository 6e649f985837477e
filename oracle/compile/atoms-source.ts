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
  private readonly checker: ts.TypeChecker;

  constructor(program: ts.Program) {
    this.checker = program.getTypeChecker();
    for (const file of program.getSourceFiles())
      if (!file.isDeclarationFile && !program.isSourceFileFromExternalLibrary(file)) this.visit(file, new Map());
  }

  hasVariable(symbol: ts.Symbol): boolean {
    return this.symbols.has(symbol);
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
