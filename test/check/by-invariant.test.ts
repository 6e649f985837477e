/** Each invariant by itself: the search goes on where others are broken, and nothing is said that was not seen. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { decide } from '../../oracle/check/index.ts';
import { readCounterexample } from '../../oracle/counterexample.ts';
import type { DecideOptions } from '../../oracle/engine.ts';
import { replay } from '../../oracle/replay/index.ts';

const out = mkdtempSync(join(tmpdir(), 'sockref-by-invariant-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

const work = { seed: 1, signal: new AbortController().signal, progress: () => undefined };

function options(more: Partial<DecideOptions>): DecideOptions {
  const invariants = ['pcb-while-valid', 'pcb-while-used', 'no-panic', 'queue-membership', 'file-count', 'no-overflow'];
  return { ...work, out, design: 'p06', invariants, configurations: ['tcp-data'], memoryMiB: 128, timeSeconds: 200, ...more };
}

test('of a design that breaks some, all that is broken is found with a shortest run, and the others hold in every state', async () => {
  const rows = await decide(options({}));
  expect(rows.map(({ id, verdict, figures }) => [id, verdict, figures?.depth])).toEqual([
    ['pcb-while-valid', 'violated', 3],
    ['pcb-while-used', 'holds', undefined],
    ['no-panic', 'violated', 8],
    ['queue-membership', 'violated', 9],
    ['file-count', 'holds', undefined],
    ['no-overflow', 'holds', undefined],
  ]);
  expect(rows[1]?.bound).toBe('all 485,956 states of configuration tcp-data, design p06');
  for (const { counterexample } of rows.filter(({ verdict }) => verdict === 'violated'))
    expect(await replay(await readCounterexample(counterexample as string), work)).toMatchObject({ verdict: 'violated' });
  expect(new Set(rows.map(({ counterexample }) => counterexample)).size).toBe(4);
});

test('what was not seen to the end is unknown', async () => {
  const [valid, used] = await decide(options({ memoryMiB: 4, invariants: ['pcb-while-valid', 'pcb-while-used'] }));
  expect(valid?.verdict).toBe('violated');
  expect(used).toMatchObject({ verdict: 'unknown', detail: expect.stringMatching(/^tcp-data: ended by memory after [\d,]+ states$/) });
  const stopped = await decide(options({ signal: AbortSignal.abort(), invariants: ['file-count'] }));
  expect(stopped).toMatchObject([{ verdict: 'unknown', detail: expect.stringContaining('interrupt') }]);
});

test('nothing is broken by the specification, and of several configurations the states are summed up', async () => {
  const rows = await decide(options({ design: 'sockref', configurations: ['unix-data', 'tcp-data'] }));
  expect(rows.map(({ verdict }) => verdict)).toEqual(rows.map(() => 'holds'));
  expect(rows[0]?.bound).toMatch(/^all [\d,]+ states of 2 configurations: tcp-data, unix-data, design sockref$/);
});
