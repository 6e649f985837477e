/** *stress* on real threads: what is right holds, however the system shares out its processors; what is wrong is found. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { StressOptions } from '../../oracle/engine.ts';
import { follow } from '../../oracle/run/faults/edit.ts';
import { SCENARIOS } from '../../oracle/schedule/kernel/scenarios.ts';
import type { Scenario } from '../../oracle/schedule/kernel/scenario.ts';
import { collection } from '../../oracle/schedule/museum/collection.ts';
import type { Change } from '../../oracle/schedule/museum/entry.ts';
import { faultyImplementation } from '../../oracle/schedule/museum/faulty.ts';
import { stressTarget } from '../../oracle/schedule/stress/engine.ts';
import { kernelTarget } from '../../oracle/schedule/targets/kernel.ts';
import { pristineTarget } from '../../oracle/schedule/targets/pristine.ts';

const out = mkdtempSync(join(tmpdir(), 'stress-'));
afterAll(() => rmSync(out, { recursive: true }));

const options = (runs: number): StressOptions => ({
  scenarios: [],
  runs,
  timeSeconds: 60,
  out,
  seed: 1,
  signal: new AbortController().signal,
  progress: () => undefined,
});

function scenario(id: string): Scenario {
  const found = SCENARIOS.find((each) => each.id === id);
  if (found === undefined) throw new Error(`there is no scenario ${id}`);
  return found;
}

test('the implementation as it is holds, and what was seen is counted', async () => {
  const row = await stressTarget(await pristineTarget(scenario('accept-shutdown')), options(40), () => undefined);
  expect(row).toMatchObject({ verdict: 'holds', counterexample: null, figures: { histories: 40 } });
});

test.each(['accept-geterror', 'close-rst', 'linger-timeout'])('calls overlap, with those of actors as well: %s', async (id) => {
  const row = await stressTarget(await pristineTarget(scenario(id)), options(200), () => undefined);
  expect(row.verdict).toBe('holds');
  expect(row.figures?.overlapped).toBeGreaterThan(0);
  expect(row.figures?.different).toBeGreaterThan(1);
});

test('a sleeper that is slow to give back its locks is no error', async () => {
  const dawdle: Change = {
    file: 'impl/sync/sleepqueue.ts',
    change: (source) =>
      follow(
        source.in('msleep').call('sleepq_add'),
        'for (let n = 0; n < 5_000_000; n++) if (load(k, td + td_wchan) === -1) return EINTR;',
      ),
  };
  const implementation = await faultyImplementation({ id: 'slow', changes: [dawdle] });
  const target = await kernelTarget(scenario('receive-receive-datagram'), implementation);
  const row = await stressTarget(target, options(3), () => undefined);
  expect(row.detail).toBeUndefined();
  expect(row).toMatchObject({ verdict: 'holds', figures: { histories: 3 } });
});

test('a bug is found, with the history and the schedule that shows it', async () => {
  const entry = (await collection()).find(({ id }) => id === 'G06');
  if (entry === undefined || typeof entry.scenario !== 'string') throw new Error('G06 is for a scenario by name');
  const target = await kernelTarget(scenario(entry.scenario), await faultyImplementation(entry));
  const row = await stressTarget(target, options(1000), () => undefined);
  expect(row).toMatchObject({ verdict: 'violated', counterexample: expect.stringContaining('G06') });
  expect(row.detail).toMatch(/^leak: .*\nwhat the threads saw:\n/);
});
