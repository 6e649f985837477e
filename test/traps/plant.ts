/** The built rooms once more, in a folder of their own, in which one file after the other can have a fault. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { ts } from 'ts-morph';
import { root } from '../prove/toys.ts';
import type { Planted } from './planted.ts';

const run = promisify(execFile);

const OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2022,
  rewriteRelativeImportExtensions: true,
};

export class Plantation {
  readonly #folder: string;

  constructor(name: string) {
    // Inside of the project, so that its packages are found.
    this.#folder = path.join(root, '.build', name);
    rmSync(this.#folder, { recursive: true, force: true });
    mkdirSync(this.#folder, { recursive: true });
    for (const room of ['oracle', 'model', 'impl'])
      cpSync(path.join(root, '.build', room), path.join(this.#folder, room), { recursive: true });
    for (const part of ['traps', 'prove'])
      cpSync(path.join(root, '.build/test', part), path.join(this.#folder, 'test', part), { recursive: true });
  }

  /** The first disagreement about the programs in a file, with this fault; empty: there is none. */
  async disagreement(planted: Planted | null, programs: string, depth: number): Promise<string> {
    const source = planted === null ? '' : readFileSync(path.join(root, 'oracle', planted.file), 'utf8');
    if (planted !== null && source.split(planted.good).length !== 2) throw new Error(`${planted.file} does not have once: ${planted.good}`);
    const file = planted === null ? '' : path.join(this.#folder, 'oracle', planted.file.replace(/\.ts$/, '.js'));
    const before = planted === null ? '' : readFileSync(file, 'utf8');
    if (planted !== null) {
      const text = source.replace(planted.good, () => planted.bad);
      writeFileSync(file, ts.transpileModule(text, { compilerOptions: OPTIONS, fileName: planted.file }).outputText);
    }
    try {
      const script = path.join(this.#folder, 'test/traps/planted-run.js');
      const { stdout } = await run(process.execPath, [script, programs, String(depth)], { timeout: 200_000, killSignal: 'SIGKILL' });
      return stdout.trim();
    } finally {
      if (planted !== null) writeFileSync(file, before);
    }
  }

  clear(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
