/**
 * The agreement of all engines on some programs, in a process of its own, whose engines may have a planted fault. It reads the programs
 * from a file, and says at which of them the first disagreement is; nothing where there is none.
 */
import { readFileSync } from 'node:fs';
import type { Program } from '../../oracle/compile/ir.ts';
import { agree } from './agree.ts';

export interface Given {
  readonly name: string;
  readonly program: Program;
  readonly usesFirst: boolean;
}

const [file = '', depth = '0'] = process.argv.slice(2);
for (const { name, program, usesFirst } of JSON.parse(readFileSync(file, 'utf8')) as readonly Given[]) {
  try {
    await agree(program, usesFirst, { depth: Number(depth), induction: false, thorough: true });
  } catch (error) {
    process.stdout.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    break;
  }
}
// A solver may be at rest.
process.exit(0);
