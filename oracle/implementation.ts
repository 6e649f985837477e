/**
 * The implementation, compiled: everything of `impl/` below the face as step machines. Compiling takes about a second and the
 * TypeScript compiler, so that the result is cached, and both are loaded only on a miss.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cachedLater } from './cache.ts';
import type { ImplArtefact } from './compile/impl-javascript.ts';
import { packageRoot } from './root.ts';
import { compilerVersion } from './specification.ts';

/** Source text by path, relative to the package root. */
export type Sources = Readonly<Record<string, string>>;

const BELOW_THE_FACE = /^impl\/(kern|net|netinet|sync|unix)\/|^impl\/(panic|layout|errno)\.ts$/;

/** All source text of `impl/`. */
export function implementationSources(): Sources {
  const root = packageRoot();
  const names = readdirSync(join(root, 'impl'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return Object.fromEntries(
    names.sort().map((name) => [`impl/${name.replaceAll('\\', '/')}`, readFileSync(join(root, 'impl', name), 'utf8')]),
  );
}

/** The step machines of these sources and of some more files in the same language. */
export async function implementationArtefact(sources: Sources, more: readonly string[] = []): Promise<ImplArtefact> {
  const root = packageRoot();
  const all = { ...sources, ...Object.fromEntries(more.map((file) => [file, readFileSync(join(root, file), 'utf8')])) };
  const text = await cachedLater({ kind: 'implementation', sources: all, compiler: compilerVersion(), options: {} }, async () => {
    const [{ compileImplementation }, { emitImplementation }] = await Promise.all([
      import('./compile/impl-frontend.ts'),
      import('./compile/impl-javascript.ts'),
    ]);
    const files = Object.keys(all).filter((file) => BELOW_THE_FACE.test(file) || more.includes(file));
    return JSON.stringify(emitImplementation(compileImplementation({ root, files, sources: all })));
  });
  return JSON.parse(text) as ImplArtefact;
}
