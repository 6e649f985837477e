/** *stress* on real threads: what is right holds, however the system shares out its processors; what is wrong is found. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readCounterexample } from '../../oracle/counterexample.ts';
import type { StressOptions } from '../../oracle/engine.ts';
import { implementationSources } from '../../oracle/implementation.ts';
import { replay } from '../../oracle/replay/index.ts';
import { SCENARIOS } from '../../oracle/schedule/kernel/scenarios.ts';
import type { Scenario } from '../../oracle/schedule/kernel/scenario.ts';
import { collection } from '../../oracle/schedule/museum/collection.ts';
import { faultyImplementation } from '../../oracle/schedule/museum/faulty.ts';
import { stressTarget } from '../../oracle/schedule/stress/engine.ts';
import { type KernelTarget, kernelTarget } from '../../oracle/schedule/targets/kernel.ts';
import { pristineTarget } from '../../oracle/schedule/targets/pristine.ts';
import { transpile } from '../../oracle/transpile.ts';

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

const quiet = { signal: new AbortController().signal, progress: () => undefined };

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

/** A scenario whose real threads run the implementation with another text in one place. */
async function edited(id: string, file: string, before: string, after: string): Promise<KernelTarget> {
  const text = implementationSources()[file] ?? '';
  if (!text.includes(before)) throw new Error(`${file} has no ${before}`);
  const target = await pristineTarget(scenario(id));
  const native = await target.native();
  return {
    ...target,
    native: async () => ({ ...native, modules: { ...native.modules, [file]: transpile(file, text.replace(before, after)) } }),
  };
}

const SLEEPQ = 'impl/sync/sleepqueue.ts';
const MUTEX = 'impl/sync/mutex.ts';
const GIVES_BACK = 'mtx_unlock(k, td, chain + slpq_mtx);\n  if (interlock !== 0) mtx_unlock(k, td, interlock);';

function slow(turns: number): string {
  return `for (let n = 0; n < ${turns}; n++) if (fixed(k, td + td_wchan) === -1) return EINTR;`;
}

test('a sleeper that is slow to give back its locks is no error', async () => {
  const target = await edited('receive-receive-datagram', SLEEPQ, GIVES_BACK, `${slow(5_000_000)}\n  ${GIVES_BACK}`);
  const row = await stressTarget(target, options(3), () => undefined);
  expect(row.detail).toBeUndefined();
  expect(row).toMatchObject({ verdict: 'holds', figures: { histories: 3 } });
});

describe('nothing happens any more', () => {
  const PATIENCE = 500;

  test.each([
    ['with two locks in hand', GIVES_BACK, `${slow(2_000_000_000)}\n  ${GIVES_BACK}`],
    ['before it sleeps', 'const error = sleepq_block(k, td);', `${slow(2_000_000_000)}\n  const error = sleepq_block(k, td);`],
  ])('because of a thread that is slow %s: unknown, and what to do', async (_, before, after) => {
    const target = await edited('receive-receive-datagram', SLEEPQ, before, after);
    const row = await stressTarget(target, options(2), () => undefined, PATIENCE);
    expect(row).toMatchObject({ verdict: 'unknown', counterexample: null });
    expect(row.detail).toMatch(
      /^nothing has happened for 0\.5 s: .*is in receive.*; .*sockref explore receive-receive-datagram finds out which$/,
    );
  });

  test.each([
    ['a lock that is given back wakes nobody', MUTEX, 'if ((word & LK_CONTESTED) !== 0) notify(k, m + lk_word, 1);', ''],
    [
      'a wakeup wakes nobody',
      SLEEPQ,
      'if (exchange(k, thread + td_wait, how) === SLEEPING) notify_thread(k, td, thread);',
      'store(k, thread + td_wait, how);',
    ],
    ['a lock is given to nobody', MUTEX, 'const word = exchange(k, m + lk_word, 0);', 'const word = exchange(k, m + lk_word, 1 << 20);'],
  ])('because %s: a deadlock, once all are found asleep', async (_, file, before, after) => {
    const row = await stressTarget(await edited('receive-send', file, before, after), options(2000), () => undefined, PATIENCE);
    expect(row).toMatchObject({ verdict: 'violated' });
    expect(row.detail).toMatch(/^deadlock: T\d sleeps on .*; nobody is left to wake one of them\n/);
    // The step machines are of the code as it is, and do not deadlock.
    const recorded = await readCounterexample(row.counterexample ?? '');
    expect(recorded).toMatchObject({ engine: 'stress', breaks: 'deadlock' });
    const again = await replay(recorded, { seed: 1, ...quiet });
    expect(again).toMatchObject({
      verdict: 'unknown',
      results: [{ detail: expect.stringMatching(/no schedule of it breaks deadlock, and real threads did: /) }],
    });
  });
});

test('a bug is found, with the history and the schedule that shows it', async () => {
  const entry = (await collection()).find(({ id }) => id === 'G06');
  if (entry === undefined || typeof entry.scenario !== 'string') throw new Error('G06 is for a scenario by name');
  const target = await kernelTarget(scenario(entry.scenario), await faultyImplementation(entry));
  const row = await stressTarget(target, options(1000), () => undefined);
  expect(row).toMatchObject({ verdict: 'violated', counterexample: expect.stringContaining('G06') });
  expect(row.detail).toMatch(/^leak: .*\nwhat the threads saw:\n/);
});
