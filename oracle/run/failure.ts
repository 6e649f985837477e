/** A *failure* of a run: its shortest program, told to people and written to a file for replay. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FORMAT, type RunCounterexample, writeCounterexample } from '../counterexample.ts';
import { withOrigin } from '../origin.ts';
import { packageRoot } from '../root.ts';
import { SPECIFICATION } from '../specification.ts';
import type { Mismatch } from './mismatch.ts';
import { printOperation } from './operations.ts';
import { SIZES, type Step } from './program.ts';

export interface Failure {
  readonly mismatch: Mismatch;
  /** The last one fails. */
  readonly steps: readonly Step[];
  readonly shrinks: number;
}

/** The operations, each with its place; at the last one what was seen, what was allowed and which rules say so. */
export function explain(steps: readonly Step[], mismatch: Mismatch | null): string {
  const program = steps.map(({ operation, place }, index) => {
    const failed = mismatch !== null && index === steps.length - 1;
    const where = place === null ? '' : `  ${place.file}:${place.line}`;
    return `${failed ? '✗' : ' '}${String(index + 1).padStart(4)}  ${printOperation(operation)}${where}`;
  });
  if (mismatch === null) return program.join('\n');
  const rules = (steps.at(-1)?.rules ?? []).map(({ id, text, file, line }) => `${id} (${file}:${line}): ${text}`);
  return [
    ...program,
    `breaks           ${mismatch.breaks}`,
    ...told('implementation', mismatch.seen.split('\n')),
    ...told('specification', mismatch.allowed.split('\n')),
    ...told('by the rules', rules),
  ].join('\n');
}

/** A label before the first line, and the others below it. */
function told(label: string, lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => `${(index === 0 ? label : '').padEnd(17)}${line}`);
}

/** What the implementation was, besides itself. */
export interface Planted {
  readonly fault: string | null;
  readonly giant: boolean;
}

/** Writes the counterexample and returns its path. */
export function writeFailure(directory: string, seed: number, { fault, giant }: Planted, { mismatch, steps }: Failure): string {
  const counterexample: RunCounterexample = {
    format: FORMAT,
    engine: 'run',
    subject: 'impl',
    design: SPECIFICATION,
    scenario: 'program',
    seed,
    breaks: mismatch.breaks,
    fault,
    ...(giant ? { giant } : {}),
    configuration: { ...SIZES },
    steps: steps.map(({ operation, place, fingerprint }, index) => ({
      thread: isOfWire(operation.name) ? 'wire' : 'thread 0',
      operation: operation.name,
      arguments: { ...operation.args },
      source: place === null ? declaredAt(operation.name) : `${place.file}:${place.line}`,
      fingerprint,
      ...(index === steps.length - 1 ? { seen: mismatch.seen, allowed: mismatch.allowed } : {}),
    })),
  };
  return writeCounterexample(directory, withOrigin(counterexample));
}

function isOfWire(operation: string): boolean {
  return /^(deliver|settle|lose|defer|duplicate|timer|silence|drain|remote-.*)$/.test(operation);
}

const DECLARATIONS = 'oracle/run/operations.ts';

/** An operation that is nothing to the specification, a segment lost, is at home where operations are declared. */
function declaredAt(operation: string): string {
  const lines = readFileSync(join(packageRoot(), DECLARATIONS), 'utf8').split('\n');
  return `${DECLARATIONS}:${lines.findIndex((line) => line.includes(`name: '${operation}'`)) + 1}`;
}
