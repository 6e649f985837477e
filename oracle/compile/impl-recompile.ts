/**
 * Compiling *again*: a program of implementation code of which a few function bodies have changed. Only the functions of the files that
 * changed are lowered anew; all others keep their number and their code, and the type checker looks at nothing else. Where more
 * than bodies have changed (a constant, a signature, whether a function touches shared memory) there is no short way.
 */
import path from 'node:path';
import { ts } from 'ts-morph';
import { CompileError } from './errors.ts';
import { Context, type FunctionNode } from './frontend-context.ts';
import type { ImplContext, ImplOptions } from './impl-frontend.ts';
import { lowerFunction } from './impl-lower.ts';
import type { ImplFn, ImplProgram } from './ir-impl.ts';
import { openProgram } from './open.ts';

export class Recompiler {
  private readonly root: string;
  private readonly door: string;
  private readonly files: readonly string[];
  private readonly base: ImplProgram;
  private readonly program: ts.Program;
  /** By file and name: the number of a function. */
  private readonly numbers = new Map<string, number>();

  /** `base` is what these options were compiled to. */
  constructor(options: ImplOptions, base: ImplProgram) {
    this.root = path.resolve(options.root);
    this.door = path.resolve(this.root, options.door ?? 'impl/memory.ts');
    this.files = options.files.map((file) => path.resolve(this.root, file));
    this.base = base;
    const sources = options.sources === undefined ? {} : { sources: options.sources };
    this.program = openProgram({ root: this.root, ...sources }, this.files);
    for (const [index, { name, source }] of base.functions.entries()) this.numbers.set(`${source.file} ${name}`, index);
  }

  /** The program with these texts in place of their files; null: it must be compiled from the start. Throws a CompileError as that would. */
  recompile(changed: Readonly<Record<string, string>>): ImplProgram | null {
    const names = new Map(Object.keys(changed).map((file) => [path.resolve(this.root, file), file]));
    const fresh = new Map([...names].map(([file, name]) => [file, this.parse(file, changed[name] ?? '')]));
    for (const [file, tree] of fresh) {
      const before = this.program.getSourceFile(file);
      if (before === undefined || !this.files.includes(file) || !differsInBodiesOnly(before, tree)) return null;
    }
    return this.lower(this.programWith(fresh), fresh);
  }

  private parse(file: string, text: string): ts.SourceFile {
    return ts.createSourceFile(file, text, this.program.getCompilerOptions().target ?? ts.ScriptTarget.ES2022, true);
  }

  /** All other files are those of the program there is, syntax trees and all. */
  private programWith(fresh: ReadonlyMap<string, ts.SourceFile>): ts.Program {
    const { program } = this;
    const options = program.getCompilerOptions();
    const library = program.getSourceFiles().find((file) => program.isSourceFileDefaultLibrary(file))?.fileName ?? '';
    const find = (name: string): ts.SourceFile | undefined => fresh.get(path.resolve(name)) ?? program.getSourceFile(name);
    const host: ts.CompilerHost = {
      getSourceFile: find,
      fileExists: (name) => find(name) !== undefined,
      readFile: (name) => find(name)?.text,
      getDefaultLibFileName: (given) => path.posix.join(path.posix.dirname(library), ts.getDefaultLibFileName(given)),
      getDefaultLibLocation: () => path.posix.dirname(library),
      getCurrentDirectory: () => program.getCurrentDirectory(),
      getCanonicalFileName: (name) => name,
      useCaseSensitiveFileNames: () => true,
      getNewLine: () => '\n',
      writeFile: () => undefined,
    };
    return ts.createProgram({ rootNames: program.getRootFileNames(), options, host, oldProgram: program });
  }

  private lower(program: ts.Program, fresh: ReadonlyMap<string, ts.SourceFile>): ImplProgram | null {
    const context = new Context(program.getTypeChecker(), { root: this.root, entry: '' });
    const functions: ImplFn[] = [...this.base.functions];
    const names: Record<string, number> = { ...this.base.names };
    const done = new Map<FunctionNode, number>();
    const numberOf = (node: FunctionNode): number | undefined => {
      const { fileName } = node.getSourceFile();
      return this.numbers.get(`${path.relative(this.root, fileName).replaceAll('\\', '/')} ${node.name?.text ?? ''}`);
    };
    let purity = true;
    const whole: ImplContext = {
      context,
      isDoor: (file) => path.resolve(file.fileName) === this.door,
      isPure: (index) => functions[index]?.pure ?? false,
      functionOf: (node) => {
        const known = done.get(node);
        if (known !== undefined) return known;
        const before = numberOf(node);
        if (!fresh.has(path.resolve(node.getSourceFile().fileName))) {
          if (before !== undefined) return before;
          return context.refuse(
            node.name ?? node,
            'a function from a file that is not below the face',
            'move it below the face, or let the face call it',
          );
        }
        const index = before ?? functions.length;
        done.set(node, index);
        const pure = functions[index]?.pure;
        functions[index] = lowerFunction(whole, node);
        if (pure !== undefined && functions[index]?.pure !== pure) purity = false;
        return index;
      },
    };
    for (const tree of fresh.values()) {
      for (const node of functionsIn(tree)) {
        const index = context.attempt(() => whole.functionOf(node), -1);
        const name = node.name?.text;
        if (name !== undefined && index >= 0) names[name] ??= index;
      }
    }
    if (context.diagnostics.length > 0) throw new CompileError(context.diagnostics);
    // Others have compiled their calls of it in another way.
    return purity ? { functions, names } : null;
  }
}

function functionsIn(tree: ts.SourceFile): readonly ts.FunctionDeclaration[] {
  return tree.statements.filter(ts.isFunctionDeclaration);
}

/** The same constants, types and signatures; functions may have come. */
function differsInBodiesOnly(before: ts.SourceFile, after: ts.SourceFile): boolean {
  const others = (tree: ts.SourceFile): string =>
    tree.statements
      .filter((statement) => !ts.isFunctionDeclaration(statement) && !ts.isImportDeclaration(statement))
      .map((statement) => statement.getText(tree))
      .join('\n');
  const headers = new Map(functionsIn(after).map((node) => [node.name?.text, headerOf(node, after)]));
  return others(before) === others(after) && functionsIn(before).every((node) => headers.get(node.name?.text) === headerOf(node, before));
}

function headerOf(node: ts.FunctionDeclaration, tree: ts.SourceFile): string {
  return tree.text.slice(node.getStart(tree), node.body?.getStart(tree) ?? node.end).replaceAll(/\s+/g, ' ');
}
