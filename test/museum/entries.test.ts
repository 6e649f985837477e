/** Every entry of the museum still fits the code: each change finds its place, and the README accounts for the whole of reference G. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collection } from '../../oracle/schedule/museum/collection.ts';
import { changedSources, type Sources } from '../../oracle/schedule/museum/entry.ts';
import { packageRoot } from '../../oracle/root.ts';

const entries = await collection();
const sources = implementationSources();

function implementationSources(): Sources {
  const names = readdirSync(join(packageRoot(), 'impl'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return Object.fromEntries(names.map((name) => [`impl/${name}`, readFileSync(join(packageRoot(), 'impl', name), 'utf8')]));
}

/** The table of the README: what became of each number of the reference. */
function accounts(): ReadonlyMap<string, string> {
  const rows = readFileSync(join(packageRoot(), 'test/museum/README.md'), 'utf8').matchAll(/^\| (G\d+[a-z]?) \| (.+) \|$/gm);
  return new Map(Array.from(rows, ([, id, text]) => [id as string, text as string]));
}

it('each has a number of its own, which is the name of its file', () => {
  const files = readdirSync(join(packageRoot(), 'test/museum/entries')).map((name) => name.replace('.ts', ''));
  expect(entries.map(({ id }) => id).toSorted()).toEqual(files.toSorted());
});

it('the README accounts for every entry, and gives a reason for every number that has none', () => {
  const here = [...accounts()].filter(([, text]) => text.startsWith('**entry**')).map(([id]) => id);
  expect(here).toEqual(entries.map(({ id }) => id));
});

describe.each(entries)('$id: $title', (entry) => {
  it('finds its places in the code', () => {
    const changed = changedSources(entry, sources);
    const files = Object.keys(changed).filter((file) => changed[file] !== sources[file]);
    expect(files.toSorted()).toEqual([...new Set(entry.changes.map(({ file }) => file))].toSorted());
  });
});
