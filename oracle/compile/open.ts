/**
 * *Opening* source files: a TypeScript program of some files and all that they import, as the front ends read it.
 *
 * One process compiles the same files again and again: for other constants, with a fault, with one more model beside them. What it has
 * parsed is taken again as long as the text is the same, as editors do, and where all texts are the same the whole program is, with
 * what its type checker knows already.
 */
import path from 'node:path';
import { Project, ts } from 'ts-morph';

/** What of the options of a front end says which text is read. */
export interface OpenOptions {
  /** The package root; files are named relative to it. */
  readonly root: string;
  /** Text in place of (or beside) the files on disk, by path relative to the root. */
  readonly sources?: Readonly<Record<string, string>>;
}

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  noEmit: true,
  strict: true,
  skipLibCheck: true,
  lib: ['lib.es2022.d.ts'],
  types: [],
};

/** Trees that are kept: those of both rooms and some more. */
const KEPT = 300;
const trees = new Map<string, ts.SourceFile>();

let libraryFiles: ReadonlyMap<string, ts.SourceFile> | undefined;

/** What was opened last, and from which texts alone. */
let last: { readonly key: string; readonly program: ts.Program } | undefined;

/** The TypeScript program of some files and all that they import. A file that is not there is left out. */
export function openProgram(options: OpenOptions, files: readonly string[]): ts.Program {
  const sources = new Map(Object.entries(options.sources ?? {}).map(([file, text]) => [path.resolve(options.root, file), text]));
  const key = JSON.stringify([files, ...sources]);
  if (last?.key === key) return last.program;
  const read = (file: string): string | undefined => sources.get(path.resolve(file)) ?? ts.sys.readFile(file);
  const exists = (file: string): boolean => sources.has(path.resolve(file)) || ts.sys.fileExists(file);
  libraryFiles ??= parsedLibrary();
  const library = libraryFiles;
  const [first = ''] = library.keys();
  const folder = path.posix.dirname(first);
  const host: ts.CompilerHost = {
    getSourceFile: (file) => library.get(file) ?? (exists(file) ? treeOf(file, read(file) ?? '') : undefined),
    fileExists: (file) => library.has(file) || exists(file),
    readFile: (file) => library.get(file)?.text ?? read(file),
    getDefaultLibFileName: (given) => path.posix.join(folder, ts.getDefaultLibFileName(given)),
    getDefaultLibLocation: () => folder,
    getCurrentDirectory: () => process.cwd(),
    getCanonicalFileName: (file) => file,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    writeFile: () => undefined,
  };
  const rootNames = [...new Set([...sources.keys(), ...files.filter(exists)])];
  const program = ts.createProgram({ rootNames, options: OPTIONS, host });
  // What stands on disk may change.
  const isFromSources = program.getSourceFiles().every((file) => library.has(file.fileName) || sources.has(path.resolve(file.fileName)));
  last = isFromSources ? { key, program } : undefined;
  return program;
}

/** A tree is bound to its symbols when it is first checked, which is the same for all programs that it is in. */
function treeOf(file: string, text: string): ts.SourceFile {
  const known = trees.get(file);
  const tree = known?.text === text ? known : ts.createSourceFile(file, text, OPTIONS.target ?? ts.ScriptTarget.ES2022, true);
  // Last in order is what was used last.
  trees.delete(file);
  trees.set(file, tree);
  const [oldest = ''] = trees.keys();
  if (trees.size > KEPT) trees.delete(oldest);
  return tree;
}

/** The declarations of the language itself, which ts-morph brings along. */
function parsedLibrary(): ReadonlyMap<string, ts.SourceFile> {
  const project = new Project({ useInMemoryFileSystem: true, compilerOptions: OPTIONS });
  project.createSourceFile('empty.ts', 'export {};');
  const program = project.getProgram().compilerObject;
  const files = program.getSourceFiles().filter((file) => program.isSourceFileDefaultLibrary(file));
  return new Map(files.map((file) => [file.fileName, file]));
}
