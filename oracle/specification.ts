/**
 * The specification, compiled: `model/` for one design and one set of limits, as JavaScript over packed words. Compiling takes
 * a second or two and the TypeScript compiler, so that the result is cached, and both are loaded only on a miss.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedLater, hashOfPrograms } from './cache.ts';
import type { Artefact } from './compile/javascript.ts';
import { type CompiledModel, loadModel } from './compile/model.ts';
import { designs } from '../model/designs.ts';
import { packageRoot } from './root.ts';
import { UsageError } from './usage.ts';

/** The designs of model/designs.ts. */
export const DESIGNS: readonly string[] = Object.keys(designs);

/** The design that is the product's specification. */
export const SPECIFICATION = 'sockref';

/** Limits by the names of model/limits.ts; the others keep the values that stand there. */
export type Limits = Readonly<Record<string, number>>;

const ENTRY = 'model/index.ts';

/** What is said about the specification and is no part of it. */
const CLAIMS = /^claims(\.ts$|\/|\\)/;

/** All source text of the specification, by path relative to the package root. */
export function specificationSources(): Readonly<Record<string, string>> {
  return sourcesOf((name) => !CLAIMS.test(name));
}

/** The same with what is claimed about it (model/claims). */
export function claimSources(): Readonly<Record<string, string>> {
  return sourcesOf(() => true);
}

function sourcesOf(isWanted: (name: string) => boolean): Readonly<Record<string, string>> {
  const root = packageRoot();
  const all = readdirSync(join(root, 'model'), { recursive: true, encoding: 'utf8' });
  const names = all.filter((name) => name.endsWith('.ts') && isWanted(name));
  return Object.fromEntries(
    names.sort().map((name) => [`model/${name.replaceAll('\\', '/')}`, readFileSync(join(root, 'model', name), 'utf8')]),
  );
}

let version: string | undefined;

/** Changes with every change of the compiler; a process has loaded one. */
export function compilerVersion(): string {
  version ??= hashOfPrograms(join(dirname(fileURLToPath(import.meta.url)), 'compile'));
  return version;
}

/** The compiled specification of a design. Throws a UsageError for an unknown one. */
export async function compiledSpecification(design: string, limits: Limits): Promise<CompiledModel> {
  return loadModel(await specificationArtefact(design, limits));
}

/** The design, or a UsageError. */
export function knownDesign(design: string): string {
  if (DESIGNS.includes(design)) return design;
  throw new UsageError(`there is no design "${design}"`, { field: 'design', reason: 'is not a design', known: DESIGNS });
}

/** What this process has asked for before: the sources are read and hashed once for each. */
const asked = new Map<string, Promise<Artefact>>();

/** The artefact that `loadModel` takes, and the prover its program from. */
export function specificationArtefact(design: string, limits: Limits): Promise<Artefact> {
  const key = JSON.stringify([design, Object.entries(limits).sort(([a], [b]) => (a < b ? -1 : 1))]);
  const known = asked.get(key) ?? makeArtefact(design, limits);
  asked.set(key, known);
  return known;
}

async function makeArtefact(design: string, limits: Limits): Promise<Artefact> {
  knownDesign(design);
  // What is compiled is the text that was hashed, whatever happens to the files meanwhile.
  const sources = specificationSources();
  const text = await cachedLater({ kind: 'model', sources, compiler: compilerVersion(), options: { design, ...limits } }, async () => {
    const [{ compileModel }, { emitJavaScript }] = await Promise.all([import('./compile/frontend.ts'), import('./compile/javascript.ts')]);
    const program = compileModel({ root: packageRoot(), entry: ENTRY, constants: limits, configuration: { design }, sources });
    return JSON.stringify(emitJavaScript(program));
  });
  return JSON.parse(text) as Artefact;
}
