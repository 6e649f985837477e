/** The verb *export*: what may be typed, what reaches the engine, and that a text can be piped. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Exported, ExportOptions } from '../../oracle/engine.ts';
import { EXIT } from '../../oracle/verdict.ts';
import { proveExample } from './examples.ts';
import { fakeEngines, sockref } from './fakes.ts';

const scratch = mkdtempSync(join(tmpdir(), 'sockref-cli-export-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const exported: Exported = { format: 'promela', what: 'a fake', files: [], text: 'active proctype model()\n', figures: { lines: 1 } };

describe('export', () => {
  it.each([
    ['no format', ['export'], '--format', 'is missing'],
    ['an unknown format', ['export', '--format', 'prolog'], 'format', 'unknown format'],
    ['smtlib without a directory', ['export', '--format', 'smtlib'], '--out', 'is missing'],
    ['a file for another format', ['export', '--format', 'promela', 'a.json'], 'FILE', 'itf'],
    ['two files', ['export', '--format', 'itf', 'a.json', 'b.json'], 'FILE', 'one file'],
    ['a configuration of a trace', ['export', '--format', 'itf', '--configuration', 'tcp'], '--configuration', 'promela'],
    ['an unknown configuration', ['export', '--format', 'promela', '--configuration', 'tpc'], 'configuration', 'unknown configuration'],
    ['an unknown invariant', ['export', '--format', 'promela', '--invariant', 'x'], 'invariant', 'unknown invariant'],
    ['an unknown design', ['export', '--format', 'itf', '--design', 'p6'], 'design', 'unknown design'],
    [
      'one invariant and none',
      ['export', '--format', 'promela', '--states-only', '--invariant', 'protoref-keeps'],
      '--invariant',
      'asserts nothing',
    ],
    ['sizes of a file', ['export', '--format', 'itf', 'a.json', '--sockets', '4'], '--sockets', 'is in the FILE'],
    ['no steps', ['export', '--format', 'itf', '--steps', '0'], '--steps', 'expected a whole number'],
  ])('refuses with field and reason: %s', async (_, words, field, reason) => {
    const people = await sockref(words, fakeEngines({}));
    expect(people).toMatchObject({ status: EXIT.usage, stdout: '' });
    const script = await sockref([...words, '--json'], fakeEngines({}));
    expect(JSON.parse(script.stdout)).toMatchObject({ verb: 'export', field, reason: expect.stringContaining(reason) });
  });

  it('lists the formats it knows', async () => {
    const ended = await sockref(['export', '--format', 'promella', '--json'], fakeEngines({}));
    expect(JSON.parse(ended.stdout)).toMatchObject({ suggestion: 'promela', known: ['promela', 'smtlib', 'itf'] });
  });

  it('reaches the engine checked and typed', async () => {
    const seen: ExportOptions[] = [];
    const engines = fakeEngines({
      exportModel: async (options) => {
        seen.push(options);
        return exported;
      },
    });
    await sockref(['export', '--format', 'promela', '--configuration', 'tcp', '--threads', '1', '--states-only'], engines);
    await sockref(['export', '--format', 'promela', '--invariant', 'protoref-keeps', '--out', 'x.pml'], engines);
    const file = join(scratch, 'file.json');
    writeFileSync(file, JSON.stringify(proveExample));
    await sockref(['export', '--format', 'itf', file], engines);
    expect(seen).toMatchObject([
      { format: 'promela', configuration: 'tcp', sockets: null, threads: 1, invariants: [], out: null },
      { configuration: null, invariants: ['protoref-keeps'], out: 'x.pml' },
      { format: 'itf', invariants: null, steps: 20, counterexample: { engine: 'prove', breaks: proveExample.breaks } },
    ]);
  });

  it('prints the text and nothing else, or where it went', async () => {
    const piped = await sockref(['export', '--format', 'promela'], fakeEngines({ exportModel: async () => exported }));
    expect(piped).toMatchObject({ status: EXIT.holds, stdout: exported.text });
    const written = { ...exported, text: null, files: ['a/b.smt2', 'a/c.smt2'] };
    const told = await sockref(['export', '--format', 'promela'], fakeEngines({ exportModel: async () => written }));
    expect(told.stdout).toBe('sockref export: promela of a fake: 2 files beside a/b.smt2 (lines 1)\n');
  });

  it('is one document with --json', async () => {
    const ended = await sockref(['export', '--format', 'promela', '--json'], fakeEngines({ exportModel: async () => exported }));
    expect(JSON.parse(ended.stdout)).toMatchObject({ tool: 'sockref', verb: 'export', format: 'promela', text: exported.text, files: [] });
  });
});
