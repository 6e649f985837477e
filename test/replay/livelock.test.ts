/** The file of a livelock: what replay makes of it, and of one that somebody has edited. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseCounterexample } from '../../oracle/counterexample.ts';
import { replay } from '../../oracle/replay/index.ts';
import { NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { judge as judgeTarget, type Request } from '../../oracle/schedule/judgement.ts';
import { litmusTarget } from '../../oracle/schedule/targets/litmus.ts';

const out = mkdtempSync(join(tmpdir(), 'livelock-'));
afterAll(() => rmSync(out, { recursive: true }));

const request = (): Request => ({
  strategy: 'states',
  granularity: 'block',
  preemptions: null,
  depth: 3,
  limits: NO_LIMITS,
  seed: 1,
  out,
  signal: new AbortController().signal,
  progress: () => undefined,
  display: undefined,
});

describe('the file of a livelock', () => {
  const judged = async (id: string): Promise<{ readonly path: string; readonly text: string; readonly detail: string }> => {
    const { row } = await judgeTarget(await litmusTarget(id, { threads: null, ops: null }), request());
    const path = row.counterexample ?? '';
    return { path, text: readFileSync(path, 'utf8'), detail: row.detail ?? '' };
  };
  const again = (text: string, workers = false): ReturnType<typeof replay> =>
    replay(parseCounterexample(new TextEncoder().encode(text), 'file'), {
      seed: 1,
      signal: new AbortController().signal,
      progress: () => undefined,
      workers,
    });
  /** As somebody might edit it: whoever writes a file by hand leaves out where it is from. */
  const edited = (text: string, change: (file: { loop?: number; breaks: string; steps: unknown[]; origin?: unknown }) => void): string => {
    const file = JSON.parse(text) as { loop?: number; breaks: string; steps: unknown[]; origin?: unknown };
    delete file.origin;
    change(file);
    return JSON.stringify(file);
  };

  test.each(['polite-livelock', 'trylock-back-off'])('of %s replays, on the scheduler and on real threads', async (id) => {
    const { text, detail } = await judged(id);
    expect(detail).toContain('the loop begins: from step 3 on');
    expect(detail).toContain('the loop may go on for ever; every thread in it moves or waits');
    expect((JSON.parse(text) as { loop: number }).loop).toBe(2);
    const replayed = await again(text);
    expect([replayed.verdict, replayed.results[0]?.detail]).toEqual([
      'violated',
      expect.stringContaining('step 8 leads back to the state before step 3'),
    ]);
    const real = await again(text, true);
    expect([real.verdict, real.results[0]?.detail]).toEqual(['violated', expect.stringContaining('and so it does on real threads')]);
  });

  test('whose loop does not close diverges', async () => {
    const { text } = await judged('polite-livelock');
    for (const change of [
      (file: { loop?: number }) => {
        file.loop = 1;
      },
      (file: { steps: unknown[] }) => {
        file.steps.pop();
      },
    ]) {
      const { verdict, results } = await again(edited(text, change));
      expect([verdict, results[0]?.detail]).toEqual(['unknown', expect.stringContaining('the loop does not close')]);
    }
  });

  test('whose loop keeps somebody from going on is no livelock', async () => {
    const { text } = await judged('polite-livelock');
    // The first of them goes round alone: 3 to 5 are its steps.
    const { verdict, results } = await again(
      edited(text, (file) => {
        file.steps = file.steps.slice(0, 5);
      }),
    );
    expect([verdict, results[0]?.detail]).toEqual(['unknown', expect.stringContaining('T2 could go on all the while')]);
  });

  test('without a loop, with one too long, or about something else is refused', async () => {
    const { text } = await judged('polite-livelock');
    const refusal = (change: Parameters<typeof edited>[1]) => (): unknown =>
      parseCounterexample(new TextEncoder().encode(edited(text, change)), 'file');
    expect(
      refusal((file) => {
        delete file.loop;
      }),
    ).toThrow('loop is missing');
    expect(
      refusal((file) => {
        file.loop = 8;
      }),
    ).toThrow('it must be less');
    expect(
      refusal((file) => {
        file.breaks = 'deadlock';
      }),
    ).toThrow('is for a livelock');
    expect(
      refusal((file) => {
        file.loop = -1;
      }),
    ).toThrow('loop');
  });

  test('is of the smallest program that has one', async () => {
    const { row } = await judgeTarget(await litmusTarget('polite-livelock', { threads: null, ops: 3 }), request());
    const file = JSON.parse(readFileSync(row.counterexample ?? '', 'utf8')) as { configuration: { ops: number } };
    expect([row.verdict, file.configuration.ops]).toEqual(['violated', 1]);
  });
});
