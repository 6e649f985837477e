/** Programs that are generated: each is there once, each runs, a fault is found by them, and the code as it is holds. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Request } from '../../oracle/schedule/judgement.ts';
import { judgeGenerated } from '../../oracle/schedule/generated.ts';
import { countOf, generated, type Plan } from '../../oracle/schedule/kernel/generated.ts';
import type { Scenario } from '../../oracle/schedule/kernel/scenario.ts';
import { SITUATIONS, type Situation } from '../../oracle/schedule/kernel/situations.ts';
import { NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { kernelTarget } from '../../oracle/schedule/targets/kernel.ts';
import { implementationSources } from '../../oracle/implementation.ts';
import { subjectOf } from '../../oracle/schedule/kernel/subject.ts';
import { readCounterexample } from '../../oracle/counterexample.ts';
import { replay } from '../../oracle/replay/index.ts';
import { enough } from '../campaign.ts';
import { requestTo } from './exploring.ts';

const out = mkdtempSync(join(tmpdir(), 'sockref-generated-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

const plan = (threads: number, calls: number, sample: number | null = null): Plan => ({ threads, calls, sample, seed: 1 });

function situation(id: string): Situation {
  const found = SITUATIONS.find((each) => each.id === id);
  if (found === undefined) throw new Error(`there is no situation ${id}`);
  return found;
}

const textOf = ({ threads }: Scenario): string =>
  threads
    .map((script) => JSON.stringify(script))
    .toSorted()
    .join(' | ');

test.each(SITUATIONS.map(({ id }) => id))('%s: as many programs as are counted, no two of them the same', (id) => {
  for (const [threads, calls] of [
    [1, 1],
    [2, 1],
    [1, 2],
  ] as const) {
    const programs = [...generated(situation(id), plan(threads, calls))];
    expect(programs).toHaveLength(countOf(situation(id), plan(threads, calls)));
    expect(new Set(programs.map(textOf)).size).toBe(programs.length);
    expect(new Set(programs.map((program) => program.id)).size).toBe(programs.length);
    expect(
      programs.every((program) => program.threads.length === threads && program.threads.every((script) => script.length === calls)),
    ).toBe(true);
  }
});

const request = (changes: Partial<Request> = {}): Request => requestTo(out, changes);

test.each(enough(['udp-new', 'tcp-new'], (id) => id === 'udp-new'))('%s: all pairs of calls hold, every schedule of each', async (id) => {
  const rows = await judgeGenerated(situation(id), plan(2, 1), request());
  expect(rows.map(({ verdict }) => verdict)).toEqual(['holds']);
  expect(rows[0]?.bound).toMatch(/^231 of 231 programs of 2 threads × 1 call: [\d,]+ states, each complete; /);
});

test.each([
  ['tcp-new', 2, 1, 209],
  ['unix-pair', 2, 1, 300],
])('of %s, %d threads with %d calls, so many are drawn, each once', (id, threads, calls, sample) => {
  const programs = [...generated(situation(id), { ...plan(threads, calls, sample), seed: 1 })];
  const keys = programs.map((each) =>
    each.threads
      .map((script) => JSON.stringify(script))
      .sort()
      .join(),
  );
  expect(new Set(keys).size).toBe(sample);
  expect(new Set(programs.map((each) => each.id)).size).toBe(sample);
});

test('too many to be looked at are refused, and what looks behind a close in the middle of a call is left out', async () => {
  await expect(judgeGenerated(situation('unix-pair'), plan(4, 4), request())).rejects.toThrow(/draw some of them with --sample/i);
  const closes = ({ threads }: Scenario): boolean =>
    threads.some((script, thread) =>
      script.some(
        ({ name, args }, at) =>
          name === 'close' &&
          at < script.length - 1 &&
          threads.some((other, number) => number !== thread && other.some((each) => Object.values(each.args).includes(args.fd as number))),
      ),
    );
  const drawn = [...generated(situation('unix-pair'), plan(2, 2, 2_000))];
  expect(drawn.filter(closes)).toEqual([]);
  expect(drawn.some(({ threads }) => threads.some((script) => script[0]?.name === 'close'))).toBe(true);
});

test('a sample is the same for the same seed, and another for another', () => {
  const drawn = (seed: number): string => [...generated(situation('unix-queued'), { ...plan(2, 2, 20), seed })].map(textOf).join('\n');
  expect(drawn(1)).toBe(drawn(1));
  expect(drawn(2)).not.toBe(drawn(1));
});

test.each(SITUATIONS.map(({ id }) => id))('%s: of longer programs a few hold', async (id) => {
  const rows = await judgeGenerated(situation(id), plan(2, 2, 3), request({ limits: { ...NO_LIMITS, states: 40_000 } }));
  expect(rows.filter(({ verdict }) => verdict === 'violated')).toEqual([]);
  expect(rows.at(-1)?.bound).toMatch(/without those that look behind a close/);
});

test('a test without its lock is found, told, and happens again; the rest goes on', async () => {
  const [file, place] = ['impl/unix/uipc_usrreq.ts', 'const error = sodisconnect_check(k, so);'];
  const sources = implementationSources();
  const before = sources[file] ?? '';
  const after = before.replace(place, 'const error = 0;');
  expect(after).not.toBe(before);
  const faulty = { ...sources, [file]: after };
  const implementation = { subject: await subjectOf(faulty), sources: faulty, fault: null };
  const rows = await judgeGenerated(situation('unix-queued'), plan(2, 1), request(), (scenario) => kernelTarget(scenario, implementation));
  expect(rows.at(-1)).toMatchObject({ id: 'unix-queued', verdict: 'violated' });
  expect(rows.length).toBeGreaterThan(1);
  for (const { verdict, detail, counterexample } of rows.slice(0, -1)) {
    expect([verdict, detail]).toEqual(['violated', expect.stringContaining('disconnect')]);
    const file = await readCounterexample(counterexample ?? '');
    const again = await replay(file, { seed: 1, signal: new AbortController().signal, progress: () => undefined });
    // The code as it is does not do that: the schedule can't be followed there, or breaks nothing.
    expect(again.verdict).not.toBe('violated');
  }
});

test('what the time does not reach is unknown, and says how much that is', async () => {
  const [row] = await judgeGenerated(situation('tcp-new'), plan(2, 1), request({ limits: { ...NO_LIMITS, seconds: 0.05 } }));
  expect(row?.verdict).toBe('unknown');
  expect(row?.detail).toMatch(/programs were not looked at|undecided/);
});
