/**
 * The implementation *with a bug*: its sources are changed in memory and compiled. Most bugs change a few function bodies; the rest is
 * compiled already then.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Recompiler } from '../../compile/impl-recompile.ts';
import { implementationSources, type Sources } from '../../implementation.ts';
import { packageRoot } from '../../root.ts';
import { ACCESSES, type Meter } from '../../run/implementation.ts';
import { type Subject, subjectOf } from '../kernel/subject.ts';
import { CLIENTS, type Implementation } from '../targets/kernel.ts';
import { pristineImplementation } from '../targets/pristine.ts';
import { changedSources, type Entry } from './entry.ts';

type Changes = Pick<Entry, 'id' | 'changes'>;

export async function faultyImplementation(entry: Changes): Promise<Implementation> {
  const sources = changedSources(entry, implementationSources());
  return { subject: await faultySubject(entry, sources), sources, fault: entry.id };
}

let recompiler: Promise<Recompiler> | undefined;

/** Compiles what all bugs have in common. */
export async function prepare(): Promise<void> {
  recompiler ??= makeRecompiler();
  await recompiler;
}

async function faultySubject({ changes }: Changes, sources: Sources): Promise<Subject> {
  recompiler ??= makeRecompiler();
  const changed = Object.fromEntries(changes.map(({ file }) => [file, sources[file] ?? '']));
  const program = (await recompiler).recompile(changed);
  if (program === null) return subjectOf(sources);
  const [{ emitImplementation }, { loadImplementation }, { link }] = await Promise.all([
    import('../../compile/impl-javascript.ts'),
    import('../../compile/impl-machine.ts'),
    import('../../run/faulty.ts'),
  ]);
  const meter: Meter = { left: ACCESSES };
  return { modules: link(new Map(Object.entries(sources)), meter), meter, code: loadImplementation(emitImplementation(program)) };
}

async function makeRecompiler(): Promise<Recompiler> {
  const { subject } = await pristineImplementation();
  const { Recompiler } = await import('../../compile/impl-recompile.ts');
  const { program } = subject.code.artefact;
  const root = packageRoot();
  const sources = { ...implementationSources(), [CLIENTS]: readFileSync(join(root, CLIENTS), 'utf8') };
  return new Recompiler({ root, files: [...new Set(program.functions.map(({ source }) => source.file))], sources }, program);
}
