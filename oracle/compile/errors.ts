/**
 * A *diagnostic* says which piece of source the compiler can't take, why, and what to write instead. A `CompileError` carries
 * all the diagnostics of one run, so that an author sees every mistake at once.
 */
import { type UsageDetails, UsageError } from '../usage.ts';

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

/** Its author can mend it: the details are those of the first place. */
export class CompileError extends UsageError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join('\n'), detailsOf(diagnostics[0]));
    this.name = 'CompileError';
    this.diagnostics = diagnostics;
  }
}

function detailsOf(first: Diagnostic | undefined): UsageDetails {
  return first === undefined
    ? {}
    : { field: `${first.file}:${first.line}:${first.column}`, reason: first.problem, suggestion: first.advice };
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
