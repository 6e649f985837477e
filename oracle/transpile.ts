/**
 * *Transpiling*: TypeScript to the JavaScript that Node runs, file by file and without looking at types. This brings the TypeScript
 * compiler with it: import it only where it is needed.
 */
import { ts } from 'ts-morph';

const OPTIONS: ts.CompilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };

/** By their text: all files but one are the same for every planted fault. */
const made = new Map<string, string>();

/** A CommonJS module. */
export function transpile(path: string, text: string): string {
  const known = made.get(text);
  if (known !== undefined) return known;
  const { outputText } = ts.transpileModule(text, { compilerOptions: OPTIONS, fileName: path });
  made.set(text, outputText);
  return outputText;
}
