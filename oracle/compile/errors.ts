/**
 * A *diagnostic* says which piece of source the compiler can't take, why, and what to write instead. A `CompileError` carries
 * all the diagnostics of one run, so that an author sees every mistake at once.
 */
export interface Diagnostic {
  /** Relative to the package root. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The source text in question, on one line, shortened. */
  readonly construct: string;
  /** What is wrong with it. */
  readonly problem: string;
  /** What to write instead. */
  readonly advice: string;
}

export class CompileError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join('\n'));
    this.name = 'CompileError';
    this.diagnostics = diagnostics;
  }
}

/** `model/state.ts:12:3: "let x = 0": problem. Advice.` */
export function formatDiagnostic({ file, line, column, construct, problem, advice }: Diagnostic): string {
  const quoted = construct === '' ? '' : ` \`${construct}\`:`;
  return `${file}:${line}:${column}:${quoted} ${problem}. ${advice.charAt(0).toUpperCase()}${advice.slice(1)}.`;
}

/** Closes a `switch`: the compiler proves that no case is left. */
export function unreachable(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}: a case is missing in the compiler`);
}
