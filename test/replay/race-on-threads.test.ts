/**
 * That two accesses are a race is a matter of what orders them, which nobody sees in a run that has one order. On real threads it is worked
 * out from the accesses that they note themselves; a race that only the machine has would be told from one that there is.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type ExploreCounterexample, readCounterexample } from '../../oracle/counterexample.ts';
import { replayOn } from '../../oracle/replay/schedule.ts';
import { NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { judge } from '../../oracle/schedule/judgement.ts';
import type { Target } from '../../oracle/schedule/target.ts';
import { litmusTarget } from '../../oracle/schedule/targets/litmus.ts';
import { CAMPAIGN } from '../campaign.ts';
import { requestTo } from '../schedule/exploring.ts';

const out = mkdtempSync(join(tmpdir(), 'race-'));
afterAll(() => rmSync(out, { recursive: true }));

const work = { seed: 1, signal: new AbortController().signal, progress: () => undefined };

async function found(id: string, granularity: 'block' | 'access'): Promise<readonly [Target, ExploreCounterexample]> {
  const target = await litmusTarget(id, { threads: null, ops: null });
  const { row } = await judge(target, requestTo(out, { granularity, limits: { ...NO_LIMITS, memory: 256 } }));
  const file = await readCounterexample(row.counterexample ?? '');
  if (file.engine !== 'explore') throw new Error('of another engine');
  const { threads = null, ops = null } = file.configuration as { readonly threads?: number; readonly ops?: number };
  return [await litmusTarget(id, { threads, ops }), file];
}

const RACE =
  /and so it does on real threads, access by access: T\d (reads|writes) plainly and T\d (reads|writes) (plainly|atomically) \w+\[\d\], and happens-before orders neither/;

describe.each(['block', 'access'] as const)('on real threads, a step being one %s', (granularity) => {
  it.each(['dekker-plain', 'double-checked', 'ring-hasty', 'spinlock-careless'])('%s is a race by their own accesses', async (id) => {
    const [target, file] = await found(id, granularity);
    const { verdict, results } = await replayOn(target, file, { ...work, workers: true });
    expect([verdict, results[0]?.detail]).toEqual(['violated', expect.stringMatching(RACE)]);
  });

  it.each(['condvar-late', 'refcount-two-steps'])('%s is none', async (id) => {
    const [target, file] = await found(id, granularity);
    const { verdict, results } = await replayOn(target, file, { ...work, workers: true });
    expect(verdict).toBe('violated');
    expect(results[0]?.detail).toMatch(/and so it does on real threads, access by access$/);
  });
});

/** The same program, but what runs on real threads is another text. */
async function edited(target: Target, before: string, after: string): Promise<Target> {
  const native = await target.native();
  const texts = Object.entries(native.modules).map(([name, text]) => [name, text.replaceAll(before, after)] as const);
  if (texts.every(([name, text]) => native.modules[name] === text)) throw new Error(`there is no ${before}`);
  return { ...target, native: async () => ({ ...native, modules: Object.fromEntries(texts) }) };
}

it('a race that only the machine has is no race', async () => {
  const [target, file] = await found('seqlock-plain', 'block');
  const without = await edited(target, '[cells[1], cells[2]]', '[0, 0]');
  const { verdict, results } = await replayOn(without, file, { ...work, workers: true });
  expect([verdict, results[0]?.detail]).toEqual([
    'unknown',
    expect.stringContaining('goes another way: happens-before orders what touches cells[1]'),
  ]);
});

it('a race that the machine has not is found', async () => {
  const [target, file] = await found('condvar-late', 'block');
  const racy = await edited(target, 'Atomics.wait(', 'cells[2] = cells[2], Atomics.wait(');
  const { verdict, results } = await replayOn(racy, file, { ...work, workers: true });
  expect([verdict, results[0]?.detail]).toEqual(['unknown', expect.stringMatching(/goes another way: .*happens-before orders neither/)]);
});

describe('a loop that waits for a plain word', () => {
  const SPINS = 'T1 has made [\\d,]+ plain accesses, has come to no atomic one, and goes on';

  it.runIf(CAMPAIGN)('goes on and on on real threads too', async () => {
    const [target, file] = await found('unordered-spin', 'block');
    const { verdict, results } = await replayOn(target, file, { ...work, workers: true });
    expect([file.breaks, verdict]).toEqual(['unordered-spin', 'violated']);
    expect(results[0]?.detail).toMatch(new RegExp(`and so it does on real threads, access by access: ${SPINS}$`));
    const ending = await edited(target, 'cells[0] === 0', 'false');
    const other = await replayOn(ending, file, { ...work, workers: true });
    expect([other.verdict, other.results[0]?.detail]).toEqual(['unknown', expect.stringContaining('on real threads it goes another way')]);
  });

  it('that only the threads have is no violation', async () => {
    const [target, file] = await found('condvar-late', 'block');
    const spinning = await edited(target, 'Atomics.wait(', 'spin(cells), Atomics.wait(');
    const { modules, ...native } = await spinning.native();
    const spin = 'function spin(cells) { while (cells[2] === cells[2]); }';
    const texts = Object.entries(modules).map(([name, text]) => [name, `${text}\n${spin}`] as const);
    const both = { ...spinning, native: async () => ({ ...native, modules: Object.fromEntries(texts) }) };
    const { verdict, results } = await replayOn(both, file, { ...work, workers: true });
    expect([verdict, results[0]?.detail]).toEqual([
      'unknown',
      expect.stringMatching(new RegExp(`goes another way: ${SPINS.replace('T1', 'T\\d')}$`)),
    ]);
  });

  it('that reads more than can be written down, and ends, is not followed', async () => {
    const [target, file] = await found('condvar-late', 'block');
    const reading = await edited(target, 'Atomics.wait(', 'read(cells), Atomics.wait(');
    const { modules, ...native } = await reading.native();
    const read = 'function read(cells) { for (let n = 0; n < 20000; n++) if (cells[2] === -1) return; }';
    const texts = Object.entries(modules).map(([name, text]) => [name, `${text}\n${read}`] as const);
    const both = { ...reading, native: async () => ({ ...native, modules: Object.fromEntries(texts) }) };
    const { verdict, results } = await replayOn(both, file, { ...work, workers: true });
    expect([verdict, results[0]?.detail]).toEqual([
      'unknown',
      expect.stringMatching(/T\d makes 20,000 plain accesses in one step, more than can be held against those of others$/),
    ]);
  });
});
