/** What the explorer can't take of user code it refuses by name, place and advice. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { compileAtoms } from '../../oracle/compile/atoms-program.ts';
import { CompileError, type Diagnostic } from '../../oracle/compile/errors.ts';

const [, TABLE = ''] = readFileSync(path.join(import.meta.dirname, 'atoms-refusals.txt'), 'utf8').split('\n----\n');

interface Refused {
  readonly source: string;
  readonly name: string;
  readonly says: readonly string[];
}

const REFUSED: readonly Refused[] = TABLE.trim()
  .split(/\n\n+/)
  .map((paragraph) => {
    const lines = paragraph.split('\n').map((line) => ({ key: line.slice(0, 4).trim(), value: line.slice(6) }));
    const of = (key: string): string => lines.find((line) => line.key === key)?.value ?? '';
    const source = of('top') || `export function w(c: Int32Array, n: number) { ${of('body')} }`;
    return { source, name: of('top') || of('body'), says: lines.filter(({ key }) => key === 'says').map(({ value }) => value) };
  });

function diagnosticsOf(source: string): readonly Diagnostic[] {
  const type = source.includes('c: Uint8Array') ? 'Uint8Array' : 'Int32Array';
  try {
    compileAtoms({
      root: '/',
      file: 'u.ts',
      sources: { 'u.ts': source },
      memory: { c: { type, length: 4 } },
      entries: [{ call: 'w', args: ['c', { resultOf: 0 }] }],
    });
  } catch (error) {
    if (error instanceof CompileError) return error.diagnostics;
    throw error;
  }
  return [];
}

describe('everything outside the language is refused', () => {
  test('and there is a table of it', () => {
    expect(REFUSED.length).toBeGreaterThan(50);
  });
  test.each(REFUSED)('$name', ({ source, says }) => {
    const found = diagnosticsOf(source);
    expect(found.map((d) => `${d.column}: \`${d.construct}\`: ${d.problem}. ${d.advice}.`)).toEqual(says);
    expect(found.map(({ file, line }) => `${file}:${line}`)).toEqual(found.map(() => 'u.ts:1'));
  });
});

describe('what is given with the source is checked', () => {
  const compile = (memory: object, args: readonly (string | number)[]): (() => unknown) => {
    const source = 'export function w(c: Int32Array) { return c[0]; }';
    return () =>
      compileAtoms({ root: '/', file: 'u.ts', sources: { 'u.ts': source }, memory: memory as never, entries: [{ call: 'w', args }] });
  };

  test('a file that is not there', () => {
    const missing = (): unknown => compileAtoms({ root: '/', file: 'nowhere.ts', memory: {}, entries: [] });
    expect(missing).toThrow('nowhere.ts:1:1: there is no such file');
  });
  test('memory that nobody named', () => {
    expect(compile({ d: { type: 'Int32Array', length: 1 } }, ['c'])).toThrow(
      'no shared memory is called `c`. Name it in `memory`; there is d.',
    );
  });
  test('an offset that does not fit its elements', () => {
    expect(compile({ c: { type: 'Int32Array', length: 1, offset: 2 } }, ['c'])).toThrow('the offset 2 is not a multiple of 4');
  });
  test('a length that is none', () => {
    expect(compile({ c: { type: 'Int32Array', length: -1 } }, ['c'])).toThrow('the length -1 is not a whole number');
  });
  test('a number where an array is needed', () => {
    expect(compile({}, [3])).toThrow('`c[0]`: an element of a number');
  });
});
