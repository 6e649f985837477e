/** What was parsed before is taken again only where it is the same text: a program that is opened is the program of these texts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { compileModel } from '../../oracle/compile/frontend.ts';
import { openProgram } from '../../oracle/compile/open.ts';

const root = mkdtempSync(path.join(tmpdir(), 'sockref-open-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const files = ['a.ts', 'b.ts'].map((file) => path.join(root, file));
const A = "import { b } from './b.ts';\nexport const a = b;";

/** The type of `a`, which is what `b` is. */
function typeOfA(sources?: Readonly<Record<string, string>>): string {
  const program = openProgram({ root, ...(sources === undefined ? {} : { sources }) }, files);
  const [statement] = program.getSourceFile(path.join(root, 'a.ts'))?.statements.slice(1) ?? [];
  if (statement === undefined) throw new Error('there is no a');
  const checker = program.getTypeChecker();
  const [symbol] = checker.getExportsOfModule(checker.getSymbolAtLocation(statement.getSourceFile()) as never);
  return symbol === undefined ? '' : checker.typeToString(checker.getTypeOfSymbolAtLocation(symbol, statement));
}

describe('a program that is opened again', () => {
  test('is the one there is where all texts are the same, and another where one is not', () => {
    const sources = { 'a.ts': A, 'b.ts': 'export const b = 1;' };
    const first = openProgram({ root, sources }, files);
    expect(openProgram({ root, sources: { ...sources } }, files)).toBe(first);
    expect(typeOfA(sources)).toBe('1');
    expect(typeOfA({ ...sources, 'b.ts': "export const b = 'x';" })).toBe('"x"');
    expect(typeOfA(sources)).toBe('1');
  });

  test('has what stands on disk now', () => {
    for (const [file, text] of [
      ['a.ts', A],
      ['b.ts', 'export const b = 2;'],
    ] as const)
      writeFileSync(path.join(root, file), text);
    expect(typeOfA()).toBe('2');
    writeFileSync(path.join(root, 'b.ts'), 'export const b = 3;');
    expect(typeOfA()).toBe('3');
    // What is given goes before what stands there.
    expect(typeOfA({ 'b.ts': 'export const b = 4;' })).toBe('4');
    writeFileSync(path.join(root, 'b.ts'), 'export const b = 5;');
    expect(typeOfA({ 'a.ts': A })).toBe('5');
  });

  test('compiles to what it compiled to at first, whatever was compiled in between', () => {
    const at = path.resolve(import.meta.dirname, '../..');
    const compiled = (entry: string, configuration: Readonly<Record<string, string>>, constants = {}): string =>
      JSON.stringify(compileModel({ root: at, entry, configuration, constants }));
    const LOCK = 'test/compile/models/lock.ts';
    const QUEUE = 'test/compile/models/queue.ts';
    const lock = compiled(LOCK, { locking: 'always' });
    const small = compiled(QUEUE, { policy: 'hasty' }, { CAPACITY: 2 });
    expect(compiled(LOCK, { locking: 'never' })).not.toBe(lock);
    expect(compiled(QUEUE, { policy: 'hasty' }, { CAPACITY: 3 })).not.toBe(small);
    expect(compiled(QUEUE, { policy: 'hasty' }, { CAPACITY: 2 })).toBe(small);
    expect(compiled(LOCK, { locking: 'always' })).toBe(lock);
  });
});
