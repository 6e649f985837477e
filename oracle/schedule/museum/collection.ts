/**
 * The *collection*: all entries of the museum, loaded by path. They are tests of the engines and belong to the room of the tests, which
 * this room may not import; so they are looked for where the tests are, or where they were built to.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { packageRoot } from '../../root.ts';
import type { Entry } from './entry.ts';

const ROOM = 'test/museum/entries';

/** All entries, in the order of their numbers. */
export async function collection(): Promise<readonly Entry[]> {
  // Run from the sources, as a test does, this file finds sources; built, it finds what was built.
  const extension = fileURLToPath(import.meta.url).endsWith('.ts') ? '.ts' : '.js';
  const directory = extension === '.ts' ? join(packageRoot(), ROOM) : join(packageRoot(), '.build', ROOM);
  const files = readdirSync(directory).filter((name) => name.endsWith(extension) && !name.endsWith('.d.ts'));
  const entries = await Promise.all(files.map((name) => load(join(directory, name))));
  return entries.sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
}

async function load(path: string): Promise<Entry> {
  const module = (await import(pathToFileURL(path).href)) as { readonly entry?: Entry };
  if (module.entry === undefined) throw new Error(`${path} exports no entry`);
  return module.entry;
}
