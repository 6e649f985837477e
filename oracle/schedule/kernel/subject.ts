/**
 * A *subject* is an implementation that can be explored: its modules as Node runs them, for what happens before the exploration, and
 * the same sources compiled to step machines.
 */
import { type ImplCode, loadImplementation } from '../../compile/impl-machine.ts';
import { implementationArtefact, implementationSources, type Sources } from '../../implementation.ts';
import { ACCESSES, type Meter, type Modules, pristineModules } from '../../run/implementation.ts';

export interface Subject {
  readonly modules: Modules;
  /** Counts what the modules do outside of an exploration, where they could go on for ever. */
  readonly meter: Meter;
  readonly code: ImplCode;
}

/** What scenarios run besides the implementation's own functions: C-like code like it, over the same door. */
const CLIENTS = 'oracle/schedule/kernel/clients.ts';
/** What may stand for its locks. */
const PRIMITIVES = 'oracle/schedule/kernel/primitives.ts';

let pristine: Promise<Subject> | undefined;

/** The implementation as it is. */
export function pristineSubject(): Promise<Subject> {
  pristine ??= compiled(implementationSources()).then((code) => ({ modules: pristineModules, meter: { left: 0 }, code }));
  return pristine;
}

/** The implementation made of these sources. */
export async function subjectOf(sources: Sources): Promise<Subject> {
  // Linking needs the TypeScript compiler.
  const { link } = await import('../../run/faulty.ts');
  const meter: Meter = { left: ACCESSES };
  return { modules: link(new Map(Object.entries(sources)), meter), meter, code: await compiled(sources) };
}

async function compiled(sources: Sources): Promise<ImplCode> {
  return loadImplementation(await implementationArtefact(sources, [CLIENTS, PRIMITIVES]));
}
