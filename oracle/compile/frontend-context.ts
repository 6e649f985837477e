/**
 * The *context* of one run of the front end: the type checker, what has been compiled so far, and the diagnostics. A piece of
 * source that can't be taken is *refused*: the refusal is recorded and thrown, and caught at the nearest statement or
 * declaration, so that one run reports as many as possible.
 */
import path from 'node:path';
import { ts } from 'ts-morph';
import { type Diagnostic, unreachable } from './errors.ts';
import type { Fn, RecordType, Rule, Scalar, Site, Source, Type } from './ir.ts';

/** A parameter. One that is a record of a table is given as its index, and `table` names the table. */
export interface Param {
  readonly name: string;
  readonly type: Scalar;
  readonly table?: string;
}

/** What is known of a function once it is compiled. */
export interface Signature {
  readonly index: number;
  readonly name: string;
  readonly params: readonly Param[];
  readonly returns: Scalar | null;
  readonly generator: boolean;
  readonly mutates: boolean;
  /** Field paths (`sockets.complete`) that it may write, and those of records that it may replace as a whole. */
  readonly writes: ReadonlySet<string>;
  readonly replaces: ReadonlySet<string>;
  /** Something in it was refused; what follows from that needs no further word. */
  readonly flawed: boolean;
}

/** A value known when the model is compiled. */
export type ConstantValue = number | boolean | string | null | ReadonlyMap<string, unknown> | readonly unknown[];

export type FunctionNode = ts.FunctionDeclaration | ts.ArrowFunction | ts.FunctionExpression;

/** Thrown after a diagnostic was recorded. */
export class Refusal extends Error {}

export interface CompileOptions {
  /** The package root; files are named relative to it. */
  readonly root: string;
  /** The file that calls `defineModel`, relative to the root. */
  readonly entry: string;
  /** Values for top-level numeric constants, by name. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Values for `readonly` fields of the state, in source terms: they become constants of the program. */
  readonly configuration?: Readonly<Record<string, string | number | boolean>>;
  /** Text in place of (or beside) the files on disk, by path relative to the root: what a test or a mutation would write there. */
  readonly sources?: Readonly<Record<string, string>>;
}

export class Context {
  readonly checker: ts.TypeChecker;
  readonly options: CompileOptions;
  readonly diagnostics: Diagnostic[] = [];
  readonly functions: (Fn | null)[] = [];
  readonly signatures = new Map<ts.Node, Signature | 'compiling' | 'broken'>();
  readonly sites: Site[] = [];
  readonly rules: Rule[] = [];
  /** Which rule each call of `rule` states. */
  readonly ruleAt = new Map<ts.Node, number>();
  readonly types = new Map<ts.Node, Type>();
  readonly constants = new Map<ts.Node, ConstantValue | undefined>();
  /** Numeric constants met so far, by name: what `Program.constants` reports. */
  readonly namedConstants = new Map<string, number>();
  /** Record paths that some function replaces, and uses of an alias after a pause: judged when all is compiled. */
  readonly replaced = new Set<string>();
  readonly aliasUsesAfterPause: { readonly node: ts.Node; readonly path: string }[] = [];
  /** The declaration of the state's type, and the type; set before functions are compiled. */
  stateDeclaration: ts.Node | null = null;
  stateType: RecordType | null = null;
  /** By path of a table: the type of indices that the source does not name (`s.things.every((thing) => …)`, a record as a parameter). */
  readonly rowTypes = new Map<string, { kind: 'id'; of: string; size: number; nullable: false }>();
  /** Encoded values of the configuration given in the options. */
  readonly configuration = new Map<string, number>();

  constructor(checker: ts.TypeChecker, options: CompileOptions) {
    this.checker = checker;
    this.options = options;
  }

  /** Records that a piece of source can't be taken, and gives up the statement it stands in. */
  refuse(node: ts.Node, problem: string, advice: string): never {
    this.report(node, problem, advice);
    throw new Refusal(problem);
  }

  report(node: ts.Node, problem: string, advice: string): void {
    const { file, line, column } = this.position(node);
    const construct = quote(node);
    const known = this.diagnostics.some((d) => d.file === file && d.line === line && d.column === column && d.problem === problem);
    if (!known) this.diagnostics.push({ file, line, column, construct, problem, advice });
  }

  /** Runs a piece of work; after a refusal the answer is `otherwise`. */
  attempt<T>(work: () => T, otherwise: T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof Refusal) return otherwise;
      throw error;
    }
  }

  position(node: ts.Node): { file: string; line: number; column: number } {
    const sourceFile = node.getSourceFile();
    const { line, character } = sourceFile.getLineAndCharacterOfPosition(node.getStart());
    return { file: this.fileName(sourceFile), line: line + 1, column: character + 1 };
  }

  source(node: ts.Node): Source {
    const { file, line } = this.position(node);
    return { file, line };
  }

  fileName(sourceFile: ts.SourceFile): string {
    return path.relative(this.options.root, sourceFile.fileName).split(path.sep).join('/');
  }

  rowType(table: string, size: number): Scalar {
    const type = this.rowTypes.get(table) ?? { kind: 'id', of: `row of ${table}`, size, nullable: false };
    this.rowTypes.set(table, type);
    return type;
  }

  /** A place in the source where a bound can be broken; one that is compiled into several functions is one place. */
  site(node: ts.Node, fault: Site['fault'], text: string): number {
    const { file, line } = this.source(node);
    const known = this.sites.findIndex((s) => s.file === file && s.line === line && s.fault === fault && s.text === text);
    return known >= 0 ? known : this.sites.push({ file, line, fault, text }) - 1;
  }

  /** The symbol a name stands for, through imports. */
  symbol(node: ts.Node): ts.Symbol | undefined {
    const shorthand = node.parent !== undefined && ts.isShorthandPropertyAssignment(node.parent) && node.parent.name === node;
    const symbol = shorthand ? this.checker.getShorthandAssignmentValueSymbol(node.parent) : this.checker.getSymbolAtLocation(node);
    return symbol === undefined ? undefined : this.throughImports(symbol);
  }

  private throughImports(symbol: ts.Symbol): ts.Symbol {
    return (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? this.checker.getAliasedSymbol(symbol) : symbol;
  }

  /** The value declaration behind a name in an expression, or undefined. */
  declaration(node: ts.Node): ts.Declaration | undefined {
    const symbol = this.symbol(node);
    return symbol?.valueDeclaration ?? symbol?.declarations?.[0];
  }

  /** The word of the language (`until`, `Nat`, …) that a name stands for, or null. */
  word(node: ts.Node): string | null {
    const symbol = this.symbol(node);
    const declaration = symbol?.declarations?.[0];
    if (symbol === undefined || declaration === undefined) return null;
    return /(^|\/)lang(\.d)?\.ts$/.test(declaration.getSourceFile().fileName) ? symbol.name : null;
  }

  /** Whether a name is one of the global objects (`Math`, `Object`, `Date`, …) and not a declaration of the model. */
  isGlobal(node: ts.Node, name: string): boolean {
    if (!ts.isIdentifier(node) || node.text !== name) return false;
    const declarations = this.symbol(node)?.declarations ?? [];
    return declarations.every((declaration) => declaration.getSourceFile().isDeclarationFile);
  }
}

/** The text of a node on one line, shortened. */
export function quote(node: ts.Node): string {
  const text = node.getText().replace(/\s+/g, ' ');
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** A type in words, for messages. */
export function describeType(type: Type): string {
  switch (type.kind) {
    case 'bool':
      return 'boolean';
    case 'int':
      return `a number from ${type.lo} to ${type.hi}`;
    case 'enum':
      return type.name;
    case 'id':
      return `id of a ${type.of}${type.nullable ? ' or null' : ''}`;
    case 'record':
      return `record ${type.name}`;
    case 'table':
      return `table of ${type.size}`;
    case 'seq':
      return `sequence of at most ${type.capacity}`;
    default:
      return unreachable(type);
  }
}
