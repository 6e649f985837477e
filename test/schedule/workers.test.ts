/** Judged side by side: the same document as one after the other, and nothing that a worker did not live to judge ever passes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ALL_SCHEDULES, type ExploreOptions, type ExploreTargets } from '../../oracle/engine.ts';
import { NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { explore, listScenarios, museum } from '../../oracle/schedule/index.ts';
import { call, type Scenario } from '../../oracle/schedule/kernel/scenario.ts';
import { SCENARIOS } from '../../oracle/schedule/kernel/scenarios.ts';
import type { Job } from '../../oracle/schedule/workers/job.ts';
import type { Request } from '../../oracle/schedule/judgement.ts';
import { judgeTask, type Task } from '../../oracle/schedule/tasks.ts';
import { sampleInParts } from '../../oracle/schedule/workers/sample.ts';
import { Death, Lane } from '../../oracle/schedule/workers/lane.ts';
import { sideBySide } from '../../oracle/schedule/workers/side-by-side.ts';
import { UsageError } from '../../oracle/usage.ts';
import type { Outcome } from '../../oracle/verdict.ts';
import { scenarioNamed } from './every-state.ts';
import { optionsTo } from './exploring.ts';
import { enough } from '../campaign.ts';

const scratch = mkdtempSync(join(tmpdir(), 'sockref-workers-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const litmus = (id: string): ExploreTargets => ({ kind: 'litmus', id, threads: null, ops: null });

/** What a worker is asked. */
const WORKLESS = {
  ...ALL_SCHEDULES,
  limits: NO_LIMITS,
  seed: 1,
  out: join(scratch, 'out'),
  display: undefined,
} as const;

const asking = (targets: readonly ExploreTargets[], changes: Partial<ExploreOptions> = {}): ExploreOptions =>
  optionsTo(join(scratch, 'out'), targets, changes);

/** All but the times, and the directory that the files are in. */
function timeless(outcome: Outcome, out: string): unknown {
  const times = new Set([
    'seconds',
    'stepsPerSecond',
    'eventsPerSecond',
    'findSeconds',
    'searchSeconds',
    'medianFindSeconds',
    'prepareSeconds',
  ]);
  const text = JSON.stringify(outcome, (key, value: unknown) => (times.has(key) ? undefined : value));
  return JSON.parse(text.replaceAll(out, 'OUT'));
}

function filesIn(directory: string): Readonly<Record<string, string>> {
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

/** How they end with so many workers, and the files that are written. */
async function ending(workers: number, targets: readonly ExploreTargets[], changes: Partial<ExploreOptions> = {}) {
  const out = mkdtempSync(join(scratch, 'ending-'));
  const outcome = await explore(asking(targets, { ...changes, workers, out }));
  return { outcome, document: timeless(outcome, out), files: filesIn(out) };
}

describe('two workers say what one says, in the same order, and write the same files', () => {
  const all = listScenarios().flatMap(({ id, quick: is }) => (is === true ? [id] : []));
  const quick = enough(all, (id) => all.indexOf(id) % 4 === 0);
  const [own] = SCENARIOS.filter(({ id }) => id === quick[0]);

  test('of scenarios, litmus programs, right and wrong, and a scenario from a file', async () => {
    if (own === undefined) throw new Error('there is no quick scenario');
    const targets: readonly ExploreTargets[] = [
      { kind: 'scenarios', ids: quick },
      { kind: 'scenario', scenario: { ...own, id: 'own' } },
      ...['stale-waiter', 'fetch-add', 'peterson', 'spinlock', 'early-notify', 'refcount'].map(litmus),
    ];
    const [one, two] = [await ending(1, targets), await ending(2, targets)];
    expect(two.document).toEqual(one.document);
    expect(two.files).toEqual(one.files);
    expect(Object.keys(one.files).length).toBeGreaterThan(1);
    expect(one.outcome.results.length).toBe(quick.length + 7);
    expect(one.outcome.verdict).toBe('violated');
    expect(one.outcome.results.filter(({ verdict }) => verdict === 'holds').length).toBeGreaterThan(quick.length);
  });

  test('of samples and of generated programs', async () => {
    const sampled = ['fetch-add', 'futex-mutex', 'stale-waiter'].map(litmus);
    const changes = { strategy: 'pct', executions: 300 } as const;
    const [one, two] = [await ending(1, sampled, changes), await ending(2, sampled, changes)];
    expect([two.document, two.files]).toEqual([one.document, one.files]);
    const made: readonly ExploreTargets[] = [{ kind: 'generated', situations: ['udp-new', 'tcp-new'], threads: 2, calls: 1, sample: 3 }];
    // One first: what has to be compiled is there for the others.
    const [single, both] = [await ending(1, made), await ending(2, made)];
    expect(both.document).toEqual(single.document);
  });

  test('of the museum', async () => {
    const ending = async (workers: number) => {
      const out = mkdtempSync(join(scratch, 'museum-'));
      const entries = enough(['stale-waiter', 'G101', 'single-wait'], (id) => id !== 'G101');
      const options = { out, entries, timeSeconds: 60, seed: 1, signal: new AbortController().signal, progress: () => undefined };
      return [timeless(await museum({ ...options, workers }), out), filesIn(out)];
    };
    expect(await ending(2)).toEqual(await ending(1));
  });
});

describe('a worker that dies', () => {
  const died = (item: string, why: string) => [
    { id: item, verdict: 'unknown', bound: 'nothing', seconds: 0, counterexample: null, detail: why } as const,
  ];
  const request = WORKLESS;
  const job = (id: string): Job => ({ kind: 'task', task: { id, what: litmus(id), locks: null }, request });
  const signal = new AbortController().signal;

  test('killed while it judges leaves its job unjudged, and the lane goes on with another', async () => {
    const lane = new Lane();
    const endless: Job = {
      kind: 'task',
      task: { id: 'futex-mutex', what: { ...litmus('futex-mutex'), threads: 8, ops: 100 } as ExploreTargets, locks: null },
      request,
    };
    const judged = lane.judge(endless, signal, () => void lane.end());
    await expect(judged).rejects.toThrow(Death);
    const after = await lane.judge(job('fetch-add'), signal, () => undefined);
    expect(after).toMatchObject({ kind: 'rows', rows: [{ id: 'fetch-add', verdict: 'holds' }] });
    await lane.end();
  });

  test.each([
    ['ends', 'process.exit(7);', 'its thread ended with 7'],
    [
      'throws what nobody catches',
      "require('node:worker_threads').parentPort.on('message', () => { throw new Error('broken'); });",
      'broken',
    ],
    [
      'has no memory left',
      "require('node:worker_threads').parentPort.on('message', () => { for (const all = []; ; ) all.push(new Array(1000).fill({})); });",
      'memory',
    ],
  ])('because it %s is `unknown`, with the reason', async (name, text, why) => {
    const file = join(scratch, `${name.replaceAll(' ', '-')}.cjs`);
    writeFileSync(file, text);
    const rows = await sideBySide({
      items: ['a', 'b', 'c'],
      workers: 2,
      signal,
      progress: () => undefined,
      jobOf: job,
      died,
      file,
      resourceLimits: { maxOldGenerationSizeMb: 24 },
    });
    expect(rows.map((each) => each?.map(({ id, verdict }) => [id, verdict]))).toEqual([
      [['a', 'unknown']],
      [['b', 'unknown']],
      [['c', 'unknown']],
    ]);
    for (const each of rows) expect(each?.[0]?.detail).toContain(why);
  });
});

describe('the sample of one program, taken in parts', () => {
  test.each(enough(['random', 'pct', 'pos'] as const, (strategy) => strategy === 'pct'))('is the same, by %s', async (strategy) => {
    const right = [{ ...litmus('futex-mutex'), threads: 3, ops: 2 } as ExploreTargets];
    const [one, two] = [await ending(1, right, { strategy, executions: 3500 }), await ending(2, right, { strategy, executions: 3500 })];
    expect(two.document).toEqual(one.document);
    expect(one.outcome.results[0]).toMatchObject({ verdict: 'holds', figures: { executions: 3500 } });
  });

  test('covers of the specification what one thread covers', async () => {
    const sample = { strategy: 'random', executions: 40, coverage: true } as const;
    const targets: readonly ExploreTargets[] = [{ kind: 'scenarios', ids: ['accept-close'] }];
    const [one, two] = [await ending(1, targets, sample), await ending(2, targets, sample)];
    expect(one.outcome.figures.metStates).toBeGreaterThan(0);
    expect(two.document).toEqual(one.document);
  });

  test('comes to the same violation as its first, and counts no more', async () => {
    // By dice alone it takes long: these threads must come in each other's way at three places.
    const wrong = [{ ...litmus('stale-waiter') }];
    for (const strategy of ['random', 'pos'] as const) {
      const [one, two] = [await ending(1, wrong, { strategy }), await ending(2, wrong, { strategy })];
      expect([two.document, two.files]).toEqual([one.document, one.files]);
      expect(one.outcome.verdict).toBe('violated');
    }
  });

  test('is unknown if a part has died', async () => {
    const file = join(scratch, 'dead.cjs');
    writeFileSync(file, 'process.exit(3);');
    const task: Task = { id: 'fetch-add', what: litmus('fetch-add'), locks: null };
    const { signal, progress } = asking([]);
    const request: Request = { ...WORKLESS, signal, progress };
    const explored = await sampleInParts({ task, request, strategy: 'pct', executions: 5000, workers: 2, file });
    expect(explored).toMatchObject({
      complete: false,
      violation: null,
      stopped: expect.stringMatching(/from number 0 on died: its thread ended with 3/),
    });
    const sampled = { ...request, strategy: 'pct', sampleInParts: async () => explored } as const;
    expect((await judgeTask(task, sampled))[0]).toMatchObject({ verdict: 'unknown', detail: expect.stringContaining('died') });
  });

  test('ends when it is interrupted', async () => {
    const interrupt = new AbortController();
    const asked = asking([litmus('futex-mutex')], {
      workers: 2,
      strategy: 'pct',
      executions: 1e9,
      signal: interrupt.signal,
      progress: () => interrupt.abort(),
    });
    expect((await explore(asked)).results[0]).toMatchObject({ verdict: 'unknown', detail: 'stopped: interrupted' });
  });
});

test('what a judgement throws is thrown, as what it is', async () => {
  const wrong: ExploreTargets = { kind: 'litmus', id: 'ring', threads: 7, ops: null };
  const refused = explore(asking([litmus('fetch-add'), wrong, litmus('peterson')], { workers: 2 }));
  await expect(refused).rejects.toMatchObject({ message: 'ring has 2 threads, not 7', details: { field: '--threads' } });
  await expect(refused).rejects.toBeInstanceOf(UsageError);
});

test.each([1, 2])('what breaks before anything is explored is unknown, and the others are judged, by %s', async (workers) => {
  // The specification has a buffer of fourteen units in each direction; the kernel of a scenario has not so many mbufs.
  const scenario: Scenario = {
    ...scenarioNamed('send-close'),
    id: 'too-much',
    sizes: { BUFFER: 14 },
    prologue: [call('socketpair', { asked: 'unix' }), call('send', { fd: 0, amount: 14 }), call('send', { fd: 1, amount: 14 })],
  };
  const { verdict, results } = await explore(asking([{ kind: 'scenario', scenario }, litmus('fetch-add')], { workers }));
  expect(results.map(({ id, verdict: each, counterexample }) => ({ id, each, counterexample }))).toEqual([
    { id: 'too-much', each: 'unknown', counterexample: null },
    { id: 'fetch-add', each: 'holds', counterexample: null },
  ]);
  expect(results[0]?.detail).toMatch(/^too-much: send\(fd 1, .*\) in the prologue breaks same-result: /);
  expect(verdict).toBe('unknown');
});

test('an interrupt ends all of them, and what was not finished is unknown', async () => {
  const interrupt = new AbortController();
  const large = { ...litmus('futex-mutex'), threads: 8, ops: 100 } as ExploreTargets;
  const asked = asking([large, large, large], { workers: 2, signal: interrupt.signal, progress: () => interrupt.abort() });
  const { verdict, bound, results } = await explore(asked);
  expect([verdict, results.map((row) => row.verdict)]).toEqual(['unknown', ['unknown', 'unknown']]);
  expect(bound).toMatch(/^2 of 3 programs/);
  for (const { detail } of results) expect(detail).toBe('stopped: interrupted');
});

test('what finds no time in the budget is unknown', async () => {
  const large = { ...litmus('futex-mutex'), threads: 8, ops: 100 } as ExploreTargets;
  const { verdict, results } = await explore(asking([large, large, litmus('fetch-add')], { workers: 2, budgetSeconds: 0.3 }));
  expect(verdict).toBe('unknown');
  expect(results).toHaveLength(3);
  expect(results[2]).toMatchObject({ id: 'fetch-add', verdict: 'unknown', detail: 'no time was left of the 0.3 s for all' });
});
