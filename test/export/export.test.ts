/** What the verb writes: traces that the model itself takes, a model for SPIN, and refusals for who can mend them. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { check } from '../../oracle/check/index.ts';
import { readCounterexample } from '../../oracle/counterexample.ts';
import type { ExportOptions } from '../../oracle/engine.ts';
import { exportModel } from '../../oracle/export/index.ts';
import { runExample } from '../oracle/examples.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'sockref-export-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const work = { seed: 1, signal: new AbortController().signal, progress: () => undefined };

function options(more: Partial<ExportOptions>): ExportOptions {
  const usual = { design: 'sockref', configuration: null, sockets: null, threads: null, invariants: null, counterexample: null };
  return { ...work, ...usual, format: 'itf', steps: 20, timeoutSeconds: 100, out: null, ...more };
}

interface Trace {
  readonly vars: readonly string[];
  readonly states: readonly Readonly<Record<string, unknown>>[];
}

/** Every value of a variable or a field has one shape: what type checkers of such traces ask for. */
function shape(value: unknown): string {
  if (Array.isArray(value)) return `[${[...new Set(value.map(shape))].join('|')}]`;
  if (typeof value !== 'object' || value === null) return typeof value;
  return `{${Object.entries(value)
    .map(([name, inside]) => `${name}: ${shape(inside)}`)
    .join(', ')}}`;
}

describe('itf', () => {
  test('of a random walk: the same for the same seed, and every state has every variable in one shape', async () => {
    const { text } = await exportModel(options({}));
    expect((await exportModel(options({}))).text).toBe(text);
    expect((await exportModel(options({ seed: 2 }))).text).not.toBe(text);
    const trace = JSON.parse(text ?? '') as Trace;
    expect(trace.states).toHaveLength(21);
    for (const [index, state] of trace.states.entries()) {
      expect(state['#meta']).toEqual({ index });
      expect(Object.keys(state).sort()).toEqual(['#meta', ...trace.vars].sort());
      expect(shape(state.pcbs)).toBe(shape(trace.states[0]?.pcbs));
      expect(shape(state.threads)).toBe(shape(trace.states[0]?.threads));
    }
    expect(text).not.toContain('null,');
    expect(trace.states.at(0)).toMatchObject({ step: 'the first state', fault: 'none', thread_at: ['idle', 'idle'] });
    expect(trace.states.at(1)?.step).toMatch(/^(thread \d|wire): \w+\(/);
  });

  test('of a counterexample: the states that its steps go through', async () => {
    const judged = await check({
      ...work,
      configurations: ['tcp'],
      design: 'p06',
      symmetry: false,
      promises: null,
      walks: null,
      sockets: 2,
      threads: null,
      states: null,
      memoryMiB: 256,
      timeSeconds: 100,
      out: scratch,
    });
    const file = await readCounterexample(judged.results[0]?.counterexample ?? '');
    const out = path.join(scratch, 'deep', 'trace.itf.json');
    const told = await exportModel(options({ counterexample: file, out }));
    expect(told).toMatchObject({ files: [out], text: null, figures: { states: file.steps.length + 1 } });
    const { states } = JSON.parse(readFileSync(out, 'utf8')) as Trace;
    expect(states.map(({ step }) => String(step).split(/[ :]+/)[0])).toEqual([
      'the',
      ...file.steps.map(({ thread }) => thread.split(' ')[0]),
    ]);
    // What pcb-while-valid says of a state: so_pcb was lost.
    expect(judged.results[0]?.detail).toContain('pcb-while-valid');
    expect(JSON.stringify(states.at(-1))).not.toBe(JSON.stringify(states.at(-2)));
  });

  test('of a trace of the implementation is refused', async () => {
    await expect(exportModel(options({ counterexample: runExample }))).rejects.toThrow(/engine run.*specification/);
  });
});

describe('promela', () => {
  test('of a configuration asserts what is asked for', async () => {
    const some = await exportModel(options({ format: 'promela', configuration: 'udp', invariants: ['no-overflow'] }));
    expect(some.text?.match(/assert\(/g)).toHaveLength(1);
    const none = await exportModel(options({ format: 'promela', configuration: 'udp', invariants: [] }));
    expect(none.text).not.toContain('assert(');
    expect(none.text).not.toMatch(/c_code|c_expr|c_decl/);
    const all = await exportModel(options({ format: 'promela', configuration: 'udp' }));
    expect(all.text?.match(/assert\(/g)).toHaveLength(all.figures.assertions ?? 0);
  });
});

describe('smtlib', () => {
  test('goes to a directory of its own', async () => {
    const occupied = path.join(scratch, 'occupied');
    await exportModel(options({ out: path.join(occupied, 'trace.itf.json'), steps: 1 }));
    await expect(exportModel(options({ format: 'smtlib', out: occupied }))).rejects.toThrow(/is not empty/);
  });

  test('writes nothing where the proof does not end', async () => {
    const out = path.join(scratch, 'late');
    await expect(exportModel(options({ format: 'smtlib', out, timeoutSeconds: 0.01 }))).rejects.toThrow(/--timeout/);
    expect(existsSync(out)).toBe(false);
  });

  test('says where it can not be written', async () => {
    const file = path.join(scratch, 'file');
    writeFileSync(file, '');
    await expect(exportModel(options({ out: path.join(file, 'x.json'), steps: 1 }))).rejects.toThrow(/--out: .*cannot be written/);
  });
});
