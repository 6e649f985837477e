/** A program compiled the short way that is not the one compiled from the start would make every verdict on it worthless. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CompileError } from '../../oracle/compile/errors.ts';
import { compileImplementation } from '../../oracle/compile/impl-frontend.ts';
import { Recompiler } from '../../oracle/compile/impl-recompile.ts';
import type { ImplProgram } from '../../oracle/compile/ir-impl.ts';
import { packageRoot } from '../../oracle/root.ts';
import { FAULTS, changed } from '../../oracle/run/faulty.ts';
import { often } from '../campaign.ts';

const root = packageRoot();
const files = [
  ...['kern', 'net', 'netinet', 'sync', 'unix'].flatMap((folder) =>
    readdirSync(join(root, 'impl', folder)).map((file) => `impl/${folder}/${file}`),
  ),
  ...['panic', 'layout', 'errno'].map((name) => `impl/${name}.ts`),
];
const texts = Object.fromEntries([...files, 'impl/memory.ts'].map((file) => [file, readFileSync(join(root, file), 'utf8')]));
const base = compileImplementation({ root, files, sources: texts });
const recompiler = new Recompiler({ root, files, sources: texts }, base);

const text = (file: string): string => texts[file] ?? '';

/** Functions by name, with the numbers of those they call replaced by names: numbers follow the order of compilation. */
function byName({ functions }: ImplProgram): Readonly<Record<string, unknown>> {
  const keyOf = (index: number): string => `${functions[index]?.source.file} ${functions[index]?.name}`;
  const renamed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(renamed);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([key, inner]) => [
      key,
      key === 'fn' && typeof inner === 'number' ? keyOf(inner) : renamed(inner),
    ]);
    return Object.fromEntries(entries) as unknown;
  };
  return Object.fromEntries(functions.map((fn, index) => [keyOf(index), renamed(fn)]));
}

function both(changes: Readonly<Record<string, string>>): { readonly short: ImplProgram | null; readonly long: ImplProgram } {
  return { short: recompiler.recompile(changes), long: compileImplementation({ root, files, sources: { ...texts, ...changes } }) };
}

/** Null where it can't be compiled: some faults are for Node only. */
function fromTheStart(changes: Readonly<Record<string, string>>): ImplProgram | null {
  try {
    return compileImplementation({ root, files, sources: { ...texts, ...changes } });
  } catch (error) {
    if (error instanceof CompileError) return null;
    throw error;
  }
}

describe('compiled the short way', () => {
  it.each(FAULTS.filter((_, index) => index % often(30, 6) === 0).map((fault) => [fault.id, fault] as const))(
    'the implementation with the fault %s is the same as from the start',
    (_, fault) => {
      const changes = { [fault.file]: changed(fault) };
      const long = fromTheStart(changes);
      if (long === null) {
        expect(() => recompiler.recompile(changes)).toThrow(CompileError);
        return;
      }
      const short = recompiler.recompile(changes);
      expect(short).not.toBeNull();
      expect(byName(short ?? long)).toEqual(byName(long));
    },
  );

  it('new functions, and calls of functions that were not called before, are compiled too', () => {
    const file = 'impl/kern/shutdown.ts';
    const more = text(file)
      .replace("import { wakeup } from '../sync/sleepqueue.ts';", "import { wakeup, wakeup_one } from '../sync/sleepqueue.ts';")
      .replace('wakeup(k, td, so + so_timeo);', 'added(k, td, so);');
    const { short, long } = both({
      [file]: `${more}\nfunction added(k: Kernel, td: number, so: number): void { wakeup_one(k, td, so + so_timeo); }\n`,
    });
    expect(byName(short ?? base)).toEqual(byName(long));
    expect(short?.names).toHaveProperty('added');
  });

  it('what can not be compiled is refused as from the start', () => {
    const file = 'impl/kern/shutdown.ts';
    const wrong = { [file]: text(file).replace('wakeup(k, td, so + so_timeo);', 'wakeup(k, td, Math.random());') };
    expect(() => recompiler.recompile(wrong)).toThrow(CompileError);
    expect(() => recompiler.recompile(wrong)).toThrow(/impl\/kern\/shutdown\.ts:\d+/);
  });
});

describe('there is no short way', () => {
  it.each([
    ['a constant has changed', 'impl/layout.ts', 'export const SS_NOFDREF = 0x0001;', 'export const SS_NOFDREF = 0x0002;'],
    [
      'a signature has changed',
      'impl/kern/shutdown.ts',
      'so: number, how: number): number {',
      'so: number, how: number, more = 0): number {',
    ],
    ['a function has gone', 'impl/kern/handle.ts', 'function handle_set(', 'function handle_put('],
    [
      'a function touches shared memory no more',
      'impl/kern/queue.ts',
      'const first = get(k, head);',
      'const first = 0; if (head >= 0) return;',
    ],
  ])('if %s', (_what, file, from, to) => {
    expect(text(file)).toContain(from);
    const after = text(file).replace(from, to);
    if (file === 'impl/kern/queue.ts') {
      // A body without any access at all.
      const pure = after.replace(
        /(export function LIST_INSERT_HEAD\([^)]*\): void \{)[\s\S]*?\n\}/,
        '$1\n  if (head + element + field < 0) return;\n}',
      );
      expect(recompiler.recompile({ [file]: pure })).toBeNull();
      return;
    }
    expect(recompiler.recompile({ [file]: after })).toBeNull();
  });

  it('if a file is new', () => {
    expect(recompiler.recompile({ 'impl/kern/new.ts': 'export const x = 1;' })).toBeNull();
  });
});
