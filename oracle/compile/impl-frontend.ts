/**
 * The front end for *implementation code*: C-like TypeScript over int32 that reaches shared memory only through the functions of
 * one file, the door. Every function of the given files is compiled; what they call elsewhere must be among them too.
 */
import path from 'node:path';
import { ts } from 'ts-morph';
import { CompileError } from './errors.ts';
import { Context, type FunctionNode } from './frontend-context.ts';
import { lowerFunction } from './impl-lower.ts';
import type { ImplFn, ImplProgram } from './ir-impl.ts';
import { openProgram } from './open.ts';

export interface ImplOptions {
  /** The package root. */
  readonly root: string;
  /** The files below the face, relative to the root. */
  readonly files: readonly string[];
  /** The door, relative to the root. */
  readonly door?: string;
  /** Text in place of files on disk, by path relative to the root. */
  readonly sources?: Readonly<Record<string, string>>;
}

/** What the lowering of one function asks of the whole. */
export interface ImplContext {
  readonly context: Context;
  readonly isDoor: (sourceFile: ts.SourceFile) => boolean;
  /** The number of a function, compiled now if it is not being compiled already. */
  readonly functionOf: (node: FunctionNode) => number;
  /** Whether a function is known to touch no shared memory. */
  readonly isPure: (index: number) => boolean;
}

export function compileImplementation(options: ImplOptions): ImplProgram {
  const { root } = options;
  const files = options.files.map((file) => path.resolve(root, file));
  const door = path.resolve(root, options.door ?? 'impl/memory.ts');
  const program = openProgram({ root, ...(options.sources === undefined ? {} : { sources: options.sources }) }, files);
  const context = new Context(program.getTypeChecker(), { root: path.resolve(root), entry: '' });
  const functions: (ImplFn | null)[] = [];
  const numbers = new Map<FunctionNode, number>();
  const names: Record<string, number> = {};

  const whole: ImplContext = {
    context,
    isDoor: (sourceFile) => path.resolve(sourceFile.fileName) === door,
    isPure: (index) => functions[index]?.pure ?? false,
    functionOf: (node) => {
      const known = numbers.get(node);
      if (known !== undefined) return known;
      if (!files.includes(path.resolve(node.getSourceFile().fileName))) {
        return context.refuse(
          node.name ?? node,
          'a function from a file that is not below the face',
          'move it below the face, or let the face call it',
        );
      }
      const index = functions.length;
      numbers.set(node, index);
      functions.push(null);
      functions[index] = lowerFunction(whole, node);
      return index;
    },
  };
  for (const file of files) {
    const sourceFile = program.getSourceFile(file);
    if (sourceFile === undefined) {
      context.diagnostics.push({
        file: context.options.entry,
        line: 1,
        column: 1,
        construct: file,
        problem: 'there is no such file',
        advice: 'name files relative to the package root',
      });
      continue;
    }
    for (const node of functionsOf(context, sourceFile)) {
      const index = context.attempt(() => whole.functionOf(node), -1);
      const name = node.name?.text;
      if (name === undefined || index < 0) continue;
      if (names[name] === undefined) names[name] = index;
      else if (isExported(node))
        context.report(node.name ?? node, 'two functions of this name', 'give each function a name of its own: reports name places by it');
    }
  }
  if (context.diagnostics.length > 0) throw new CompileError(context.diagnostics);
  return { functions: functions.filter((fn): fn is ImplFn => fn !== null), names };
}

function isExported(node: FunctionNode): boolean {
  return ts.isFunctionDeclaration(node) && (node.modifiers?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword) ?? false);
}

/** The functions of a file; besides them it has imports, types and constants. */
function functionsOf(context: Context, sourceFile: ts.SourceFile): readonly ts.FunctionDeclaration[] {
  return sourceFile.statements.flatMap((statement) => {
    if (ts.isFunctionDeclaration(statement)) return [statement];
    const isConst = ts.isVariableStatement(statement) && (statement.declarationList.flags & ts.NodeFlags.Const) !== 0;
    const isDeclaration =
      ts.isImportDeclaration(statement) ||
      ts.isExportDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement);
    if (!isConst && !isDeclaration)
      context.report(
        statement,
        'something other than functions and constants',
        'below the face there are imports, types, constants of numbers, and functions',
      );
    return [];
  });
}
