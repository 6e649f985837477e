/**
 * The *package root* is the directory of sockref's own package.json. The sources of `model/` and `impl/` (which the compiler
 * reads at run time), the version and the cache are found from there, the same way from the sources and from `.build`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let root: string | undefined;

/** Absolute path of the package root. `.build` has no package.json of its own, so the first one above this file is it. */
export function packageRoot(): string {
  if (root !== undefined) return root;
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) {
    const above = dirname(directory);
    if (above === directory) {
      throw new Error('sockref cannot find its package.json above its own files; the installation is incomplete, run npm install again');
    }
    directory = above;
  }
  root = directory;
  return root;
}

let version: string | undefined;

export function packageVersion(): string {
  if (version === undefined) {
    const parsed: unknown = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
    version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown';
  }
  return version;
}
