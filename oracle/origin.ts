/**
 * The *origin* of a counterexample: hashes of the sources that decided what its steps did, and of the steps and what they break as they
 * were written. Without it a file whose steps lead to no failure could be three things: a failure that is fixed, a file that was cut
 * off, or one that never showed what it claims. Only the first may read as `holds`.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Counterexample } from './counterexample.ts';
import { packageRoot, packageVersion } from './root.ts';
import { UsageError } from './usage.ts';

/** The directories whose sources decide what the steps of an engine's files do and what is compared after them. */
const DECISIVE: Readonly<Record<Counterexample['engine'], readonly string[]>> = {
  prove: ['model', 'oracle/compile'],
  check: ['model', 'oracle/compile', 'oracle/check'],
  run: ['model', 'impl', 'oracle/compile', 'oracle/run'],
  explore: ['model', 'impl', 'oracle/compile', 'oracle/run', 'oracle/schedule'],
  stress: ['model', 'impl', 'oracle/compile', 'oracle/run', 'oracle/schedule'],
};

/** The file with its origin, as an engine writes it. */
export function withOrigin<C extends Counterexample>(file: C): C {
  return { ...file, origin: { sources: sourcesOf(file), content: contentOf(file) } };
}

/**
 * What it means that all steps went through and did not break what they are said to break: true if that is fixed, a reason if nobody can
 * tell. Throws a `UsageError` where the file isn't what was written.
 */
export function isFixed(file: Counterexample): true | string {
  const { origin, breaks, steps } = file;
  const after = steps.length === 0 ? 'the first state' : `step ${steps.length}, the last`;
  if (origin === undefined) {
    return `${breaks} is not broken after ${after}; the file has no origin, so that it may be fixed, cut off, or never have been so`;
  }
  if (origin.content !== contentOf(file)) {
    const reason = `do not break ${breaks} after ${after}, and are not the steps that were written: the file was cut off or altered`;
    throw new UsageError(`the counterexample was refused: steps ${reason}`, { field: 'steps', reason });
  }
  if (origin.sources === sourcesOf(file)) {
    return `${breaks} is not broken after ${after}, and nothing has changed since the file was written: one of the two runs was wrong`;
  }
  return true;
}

/** Whether the steps are those that were written, and what they do is decided by the same sources now. */
export function isFromHere(file: Counterexample): boolean {
  return file.origin !== undefined && file.origin.content === contentOf(file) && file.origin.sources === sourcesOf(file);
}

function contentOf(file: Counterexample): string {
  const { breaks, steps } = file;
  return sha256([
    breaks,
    steps.map(({ thread, operation, arguments: args, fingerprint }) => [thread, operation, sorted(args), fingerprint]),
    ...(file.engine === 'check' && file.lasso !== undefined ? [sorted(file.lasso.ids), file.lasso.loop] : []),
    ...(file.engine === 'stress' ? [file.scenario, file.program] : []),
    ...(file.engine === 'explore' ? [file.scenario, file.granularity, file.atomicLocks, file.program] : []),
  ]);
}

/** Also of what was made of the sources: the design, the sizes, the planted fault. */
function sourcesOf(file: Counterexample): string {
  const fault = file.subject === 'model' ? null : (file.fault ?? null);
  return sha256([packageVersion(), file.design, sorted(file.configuration), fault, textsOf(file.engine)]);
}

/** What was read, by engine: a process has loaded its sources once, and many files may be made of them. */
const hashes = new Map<Counterexample['engine'], string>();

function textsOf(engine: Counterexample['engine']): string {
  const hash = hashes.get(engine) ?? sha256(DECISIVE[engine].flatMap((directory) => textsIn(directory)));
  hashes.set(engine, hash);
  return hash;
}

function textsIn(directory: string): readonly (readonly [name: string, text: string])[] {
  const root = join(packageRoot(), directory);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return names.sort().map((name) => [`${directory}/${name.replaceAll('\\', '/')}`, readFileSync(join(root, name), 'utf8')]);
}

function sorted(record: Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function sha256(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
