/**
 * The *cache* keeps what takes long to make and follows from its inputs alone: compiled models and implementations, as text. An
 * artefact is found by the hash of everything it was made from, so a stale one is never found, only no longer looked for.
 *
 * Always true:
 *   1. What `cached` returns is what `make` would return: an artefact that was cut off or altered is made again.
 *   2. A cache that can't be read or written costs time and nothing else.
 *   3. Readers never see half a file: artefacts appear by rename.
 *
 * The directory is `$SOCKREF_CACHE`, or `.cache/sockref` in the node_modules that sockref uses.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { packageRoot, packageVersion } from './root.ts';

/** Everything an artefact is made from. */
export interface Ingredients {
  /** What it is, for people who look into the directory: "model-javascript". */
  readonly kind: string;
  /** File name → text of all sources that are read. */
  readonly sources: Readonly<Record<string, string>>;
  /** Changes whenever the compiler would make something else of the same sources. */
  readonly compiler: string;
  readonly options: Readonly<Record<string, string | number | boolean | null>>;
}

/**
 * Of one kind. A model takes up to 2 MiB, and a working day makes many; of fewer litmus programs each would be gone before it is asked for
 * again.
 */
const KEPT_OF_A_KIND = 64;

/** The artefact made of these ingredients: from the cache, or made now and kept. */
export function cached(ingredients: Ingredients, make: () => string): string {
  const path = join(cacheDirectory(), `${ingredients.kind}-${keyOf(ingredients)}`);
  const found = load(path);
  if (found !== undefined) return found;
  const made = make();
  store(path, made, ingredients.kind);
  return made;
}

/** The same where making it must wait, for a compiler to be loaded, say. */
export async function cachedLater(ingredients: Ingredients, make: () => Promise<string>): Promise<string> {
  const path = join(cacheDirectory(), `${ingredients.kind}-${keyOf(ingredients)}`);
  const found = load(path);
  if (found !== undefined) return found;
  const made = await make();
  store(path, made, ingredients.kind);
  return made;
}

/** The hash of all program text in a directory: as `compiler`, it makes every change of the compiler a new compiler. */
export function hashOfPrograms(directory: string): string {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /\.(ts|js)$/.test(name) && !name.endsWith('.d.ts'),
  );
  return sha256(JSON.stringify(names.sort().map((name) => [name, readFileSync(join(directory, name), 'utf8')])));
}

export function cacheDirectory(): string {
  const named = process.env.SOCKREF_CACHE;
  if (named !== undefined && named !== '') return named;
  // Installed as a dependency, the package root is itself inside of a node_modules.
  const above = dirname(packageRoot());
  const modules = basename(above) === 'node_modules' ? above : join(packageRoot(), 'node_modules');
  return join(modules, '.cache', 'sockref');
}

function keyOf({ kind, sources, compiler, options }: Ingredients): string {
  const sorted = (record: Readonly<Record<string, unknown>>): unknown => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(JSON.stringify([packageVersion(), kind, compiler, sorted(sources), sorted(options)]));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The first line of a file is the hash of the rest. */
function load(path: string): string | undefined {
  try {
    const file = readFileSync(path, 'utf8');
    const end = file.indexOf('\n');
    const text = file.slice(end + 1);
    if (file.slice(0, end) !== sha256(text)) return undefined;
    quietly(() => {
      // Used just now: the oldest are removed first.
      const now = new Date();
      utimesSync(path, now, now);
    });
    return text;
  } catch {
    return undefined;
  }
}

function store(path: string, text: string, kind: string): void {
  const unfinished = `${path}.${process.pid}.${threadId}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(unfinished, `${sha256(text)}\n${text}`);
    renameSync(unfinished, path);
    removeOldest(dirname(path), kind);
  } catch {
    // Not kept, then; it will be made again. What there is of it must not stay behind.
    quietly(() => rmSync(unfinished, { force: true }));
  }
}

/** For what is good to have done and harmless to have missed. */
function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // See above.
  }
}

function removeOldest(directory: string, kind: string): void {
  const ofKind = readdirSync(directory).filter((name) => name.startsWith(`${kind}-`) && name.length === kind.length + 65);
  const byAge = ofKind.map((name) => ({ name, used: statSync(join(directory, name)).mtimeMs })).sort((a, b) => b.used - a.used);
  for (const { name } of byAge.slice(KEPT_OF_A_KIND)) rmSync(join(directory, name), { force: true });
}
