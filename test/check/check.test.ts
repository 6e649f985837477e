/** The verb as a whole: configurations of the specification, what is reported of them, and what is not claimed. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CONFIGURATIONS } from '../../oracle/check/configurations.ts';
import { check } from '../../oracle/check/index.ts';
import { readCounterexample } from '../../oracle/counterexample.ts';
import type { CheckOptions } from '../../oracle/engine.ts';
import { replay } from '../../oracle/replay/index.ts';
import { specificationArtefact } from '../../oracle/specification.ts';
import { CAMPAIGN } from '../campaign.ts';

const WORK = { seed: 1, signal: new AbortController().signal, progress: () => undefined };

function options(configurations: readonly string[], more: Partial<CheckOptions> = {}): CheckOptions {
  return {
    configurations,
    design: 'sockref',
    symmetry: false,
    promises: null,
    walks: null,
    sockets: null,
    threads: null,
    states: null,
    memoryMiB: CAMPAIGN ? 512 : 128,
    timeSeconds: 250,
    out: mkdtempSync(path.join(tmpdir(), 'sockref-check-')),
    ...WORK,
    ...more,
  };
}

describe('the specification', () => {
  test('keeps its invariants in every state of some small configurations', async () => {
    // Three sockets take a while; of two, one call more makes up for the third.
    const first = CAMPAIGN ? 'unix' : 'names';
    const ids = [first, 'packet-data', 'unix-data', 'tcp-data'];
    const outcome = await check(options(ids));
    const configurations = outcome.results.filter(({ id }) => ids.includes(id));
    expect(configurations.map(({ id, verdict }) => `${id} ${verdict}`).sort()).toEqual(ids.map((id) => `${id} holds`).sort());
    for (const row of configurations) expect(row.bound).toMatch(/^all [\d,]+ states, the deepest \d+ steps; \d sockets, /);
    if (CAMPAIGN) expect(outcome.results.find(({ id }) => id === 'unix')?.figures?.states).toBe(425_599);
    // A listener whose close is under way, a filter, two sockets under one name, and a poll need what other configurations have.
    expect(outcome.vacuous?.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      ...(CAMPAIGN ? [] : ['invariant no-dangling-reference']),
      'invariant only-listeners-have-children',
      'invariant filter-keeps-unready',
      ...(CAMPAIGN ? ['invariant names-unique'] : []),
      'promise poll-returns',
      'promise kevent-returns',
      'promise deferred-is-dropped',
      'promise garbage-is-dropped',
    ]);
    const promises = outcome.results.filter(({ id }) => id.includes('/'));
    const owed = (id: string): readonly string[] =>
      [
        'closed-is-freed',
        ...(id === 'tcp-data' ? ['protocol-ends'] : []),
        'accept-returns',
        'poll-returns',
        'kevent-returns',
        'deferred-is-dropped',
        'garbage-is-dropped',
      ].map((promise) => `${id}/${promise} holds`);
    expect(promises.map(({ id, verdict }) => `${id} ${verdict}`).sort()).toEqual(ids.flatMap(owed).sort());
    for (const row of promises)
      expect(row.bound).toMatch(/^all [\d,]+ states, (pending [\d,]+ times|in none of which it comes up); \d sockets, /);
  });

  test('has no procedure that no configuration starts', async () => {
    const { program } = await specificationArtefact('sockref', {});
    const all = program.agents.flatMap(({ procedures }) => procedures.map(({ name }) => name));
    expect(all.filter((name) => !CONFIGURATIONS.some(({ calls }) => name in calls))).toEqual([]);
  });
});

describe('promises', () => {
  test('are refused where orbits or walks are asked for, with the reason', async () => {
    await expect(check(options(['unix'], { promises: true, symmetry: true }))).rejects.toThrow(
      '--promises is refused together with --symmetry: where one state stands for all',
    );
    await expect(check(options(['unix'], { promises: true, walks: { number: 1, steps: 1 } }))).rejects.toThrow('together with --walks');
  });

  test('are unknown where the states are not all', async () => {
    const outcome = await check(options(['references'], { promises: true, states: 20_000 }));
    expect(outcome.results.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual([
      'references unknown',
      'references/closed-is-freed unknown',
      'references/accept-returns unknown',
      'references/poll-returns unknown',
      'references/kevent-returns unknown',
      'references/deferred-is-dropped unknown',
      'references/garbage-is-dropped unknown',
    ]);
  });

  test('that never come up hold, and are named as vacuous', async () => {
    const outcome = await check(options(['unix-data'], { threads: 1 }));
    expect(outcome.results.find(({ id }) => id === 'unix-data/accept-returns')?.bound).toContain('in none of which it comes up');
    expect(outcome.vacuous?.filter(({ kind }) => kind === 'promise').map(({ id }) => id)).toEqual([
      'accept-returns',
      'poll-returns',
      'kevent-returns',
      'deferred-is-dropped',
      'garbage-is-dropped',
    ]);
  });

  test('that are not wanted have no rows', async () => {
    const outcome = await check(options(['unix-data'], { threads: 1, promises: false }));
    expect(outcome.results.map(({ id }) => id)).toEqual(['unix-data']);
  });

  test('that nobody asks for are left alone where there are orbits', async () => {
    const outcome = await check(options(['unix-data'], { symmetry: true }));
    expect(outcome.results.map(({ id }) => id)).toEqual(['unix-data']);
  });
});

describe('p06', () => {
  test('breaks pcb-while-valid, and the file that says so replays', async () => {
    const outcome = await check(options(['tcp'], { design: 'p06' }));
    expect(outcome.verdict).toBe('violated');
    const [row] = outcome.results;
    expect(row?.detail).toContain('pcb-while-valid: false after 4 steps, and after no fewer');
    const again = await replay(await readCounterexample(row?.counterexample ?? ''), WORK);
    expect(again.verdict).toBe('violated');
  });

  test('is reported in the same words by every run', async () => {
    const once = async (): Promise<string> => {
      const [row] = (await check(options(['tcp-data'], { design: 'p06' }))).results;
      return `${row?.detail} ${readFileSync(row?.counterexample ?? '', 'utf8')}`;
    };
    expect(await once()).toBe(await once());
  });
});

describe('with symmetry', () => {
  test('UNIX sockets, of hundreds of thousands of states, are seen whole', async () => {
    const outcome = await check(options(['unix'], { symmetry: true }));
    expect(outcome.verdict).toBe('holds');
    expect(outcome.results[0]?.figures?.states).toBe(9_663);
    expect(outcome.results[0]?.bound).toContain('one state for all that differ in numbers only');
  });

  test.runIf(CAMPAIGN)('the TCP configuration, of thirty million states, is seen whole', async () => {
    const outcome = await check(options(['tcp'], { symmetry: true }));
    expect(outcome.verdict).toBe('holds');
    expect(outcome.results[0]?.figures?.states).toBe(115_267);
    expect(outcome.results[0]?.bound).toContain('one state for all that differ in numbers only');
  });

  test('what p06 breaks is broken after as many steps, and the file replays', async () => {
    const outcome = await check(options(['tcp'], { design: 'p06', symmetry: true }));
    expect(outcome.results[0]?.detail).toContain('pcb-while-valid: false after 4 steps, and after no fewer');
    const again = await replay(await readCounterexample(outcome.results[0]?.counterexample ?? ''), WORK);
    expect(again.verdict).toBe('violated');
  });
});

describe('random walks', () => {
  test.each([
    [{ symmetry: true }, '--symmetry is refused together with --walks'],
    [{ states: 5 }, '--states is refused together with --walks'],
  ])('leave nothing aside that was asked for: %j', async (more, says) => {
    await expect(check(options(['unix'], { ...more, walks: { number: 1, steps: 1 } }))).rejects.toThrow(says);
  });

  test('say how many there were, and find what p06 breaks', async () => {
    const sound = await check(options(['unix', 'tcp-data'], { walks: { number: 2_000, steps: 30 } }));
    expect(sound.results.map(({ verdict }) => verdict)).toEqual(['holds', 'holds']);
    expect(sound.results[0]?.bound).toMatch(/^2,000 random walks of up to 30 steps; /);
    const broken = await check(options(['tcp-data'], { design: 'p06', walks: { number: 2_000, steps: 30 } }));
    expect(broken.results[0]?.detail).toMatch(/^pcb-while-valid: false after \d+ steps of a random walk/);
    const again = await replay(await readCounterexample(broken.results[0]?.counterexample ?? ''), WORK);
    expect(again.verdict).toBe('violated');
  });
});

describe('what was not seen is not claimed', () => {
  test('where states are capped', async () => {
    const outcome = await check(options(['unix'], { states: 10_000 }));
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.results[0]?.bound).toMatch(/^[\d,]+ states to depth \d+, [\d,]+ of them not followed; /);
  });

  test('where memory ends', async () => {
    const outcome = await check(options(['unix'], { memoryMiB: 2 }));
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.results[0]?.detail).toContain('--memory');
  });

  test('where time ends', async () => {
    const outcome = await check(options(['tcp'], { timeSeconds: 0.001 }));
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.results[0]?.detail).toContain('--time');
  });

  test('where it is interrupted', async () => {
    const outcome = await check(options(['tcp'], { signal: AbortSignal.abort() }));
    expect(outcome.verdict).toBe('unknown');
  });
});
