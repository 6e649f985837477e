/** A cache that returns something old or broken makes every verdict worthless; one that can't be written must not stop anybody. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cached, cacheDirectory, hashOfPrograms, type Ingredients } from '../../oracle/cache.ts';
import { packageRoot } from '../../oracle/root.ts';

let directory = '';
let before: string | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sockref-cache-'));
  before = process.env.SOCKREF_CACHE;
  process.env.SOCKREF_CACHE = directory;
});

afterEach(() => {
  if (before === undefined) delete process.env.SOCKREF_CACHE;
  else process.env.SOCKREF_CACHE = before;
  rmSync(directory, { recursive: true, force: true });
});

const INGREDIENTS: Ingredients = {
  kind: 'model-javascript',
  sources: { 'model/state.ts': 'export {};' },
  compiler: '1',
  options: { sockets: 3 },
};

/** What comes back, and whether it had to be made. */
function get(ingredients: Ingredients, text = 'made\nof two lines'): { readonly text: string; readonly made: boolean } {
  let made = false;
  const result = cached(ingredients, () => {
    made = true;
    return text;
  });
  return { text: result, made };
}

describe('an artefact', () => {
  it('is made once and then found', () => {
    expect(get(INGREDIENTS)).toEqual({ text: 'made\nof two lines', made: true });
    expect(get(INGREDIENTS, 'made otherwise')).toEqual({ text: 'made\nof two lines', made: false });
  });

  it.each<[string, Partial<Ingredients>]>([
    ['a source', { sources: { 'model/state.ts': 'export { };' } }],
    ['the name of a source', { sources: { 'model/other.ts': 'export {};' } }],
    ['the number of sources', { sources: { ...INGREDIENTS.sources, 'model/new.ts': '' } }],
    ['the compiler', { compiler: '2' }],
    ['an option', { options: { sockets: 4 } }],
    ['the kind', { kind: 'model-smt' }],
  ])('is made anew when %s changes', (_what, change) => {
    get(INGREDIENTS);
    expect(get({ ...INGREDIENTS, ...change }).made).toBe(true);
  });

  it('does not depend on the order in which sources and options are named', () => {
    get({ ...INGREDIENTS, sources: { a: '1', b: '2' }, options: { x: 1, y: 2 } });
    expect(get({ ...INGREDIENTS, sources: { b: '2', a: '1' }, options: { y: 2, x: 1 } }).made).toBe(false);
  });

  it.each<[string, (text: string) => string]>([
    ['cut off', (text) => text.slice(0, -1)],
    ['emptied', () => ''],
    ['altered', (text) => text.replace('two', 'ten')],
    ['lengthened', (text) => `${text}x`],
    ['given another hash', (text) => `0${text.slice(1)}`.replace(/^00/, '10')],
  ])('is made again after its file was %s, and then found', (_how, spoil) => {
    get(INGREDIENTS);
    const [name] = readdirSync(directory);
    const path = join(directory, name ?? '');
    writeFileSync(path, spoil(readFileSync(path, 'utf8')));
    expect(get(INGREDIENTS)).toEqual({ text: 'made\nof two lines', made: true });
    expect(get(INGREDIENTS).made).toBe(false);
  });
});

describe('the cache', () => {
  it('keeps the sixty-four artefacts of a kind that were used last, and others untouched', () => {
    get({ ...INGREDIENTS, kind: 'other' });
    for (let sockets = 0; sockets < 70; sockets++) get({ ...INGREDIENTS, options: { sockets } });
    expect(readdirSync(directory).filter((name) => name.startsWith('model-javascript-'))).toHaveLength(64);
    expect(get({ ...INGREDIENTS, kind: 'other' }).made).toBe(false);
  });

  it('that has no place only costs time', () => {
    writeFileSync(join(directory, 'file'), '');
    process.env.SOCKREF_CACHE = join(directory, 'file', 'below');
    expect(get(INGREDIENTS)).toEqual({ text: 'made\nof two lines', made: true });
    expect(get(INGREDIENTS).made).toBe(true);
  });

  it('lies in node_modules unless it is told where', () => {
    process.env.SOCKREF_CACHE = '';
    expect(cacheDirectory()).toBe(join(packageRoot(), 'node_modules', '.cache', 'sockref'));
  });

  it('takes every change of a program for a new compiler, and no other change', () => {
    writeFileSync(join(directory, 'a.ts'), '1');
    const first = hashOfPrograms(directory);
    writeFileSync(join(directory, 'notes.md'), 'x');
    expect(hashOfPrograms(directory)).toBe(first);
    writeFileSync(join(directory, 'a.ts'), '2');
    expect(hashOfPrograms(directory)).not.toBe(first);
  });
});
