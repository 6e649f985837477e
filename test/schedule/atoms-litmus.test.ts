/** Every litmus program is what it says: right, or wrong in the way that is written beside it; and it runs as JavaScript runs it. */
import { describe, expect, test } from 'vitest';
import { NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { judge, type SearchName } from '../../oracle/schedule/judge.ts';
import { LITMUS, type Litmus, litmusProgram } from '../../oracle/schedule/litmus.ts';
import { litmusSubject } from '../../oracle/schedule/litmus-subject.ts';
import { compileUser } from '../../oracle/schedule/user-compile.ts';
import { userSubject } from '../../oracle/schedule/user-program.ts';
import { agree, compileCase } from './atoms-agreement.ts';

const WRONG = LITMUS.filter(({ violations }) => violations.length > 0);
/** Schedules that never end are looked for by the search of states only: the others would follow them. */
const ENDING = WRONG.filter(({ violations }) => !violations.includes('livelock'));
/** Without loops that spin: those have no end when every schedule is taken by itself. */
const SPINNING = /^(spinlock|peterson|seqlock|ring|unordered-spin)/;

function search(strategy: SearchName, limits: Partial<typeof NO_LIMITS> = {}) {
  return {
    strategy,
    granularity: 'block' as const,
    limits: { ...NO_LIMITS, memory: 256, ...limits },
    seed: 1,
    preemptions: null,
    depth: 3,
    symmetry: true,
    signal: new AbortController().signal,
    progress: () => {},
  };
}

describe('the search of states', () => {
  test.each(LITMUS)('$id: $text', async ({ id, violations }: Litmus) => {
    const judgement = await judge(await litmusSubject(id), search('states'));
    expect(judgement.violation?.id, judgement.violation?.text).toBe(violations[0]);
    expect(judgement.verdict).toBe(violations.length === 0 ? 'holds' : 'violated');
    if (violations.length === 0) expect(judgement.bound).toMatch(/^complete: all [\d,]+ states/);
  });

  test('finds the same in every access by itself', async () => {
    for (const { id, violations } of LITMUS.filter((each) => each.id !== 'unordered-spin')) {
      const judgement = await judge(await litmusSubject(id), { ...search('states'), granularity: 'access', symmetry: false });
      if (violations.length === 0) expect([id, judgement.violation]).toEqual([id, null]);
      else expect(violations, id).toContain(judgement.violation?.id);
    }
  });
});

describe('the other strategies', () => {
  test.each(ENDING.filter(({ id }) => !SPINNING.test(id) && id !== 'bounded-queue-wrong'))(
    'classes of schedules find $id',
    async ({ id, violations }) => {
      const judgement = await judge(await litmusSubject(id), search('dpor'));
      expect(violations, judgement.violation?.text).toContain(judgement.violation?.id);
    },
  );

  test.each(ENDING.filter(({ id }) => id !== 'unordered-spin'))('samples find $id', async ({ id, violations }) => {
    const found = await judge(await litmusSubject(id), search('random', { executions: 20_000 }));
    expect(violations, found.violation?.text).toContain(found.violation?.id);
  });

  test('fetch-adds have as many classes as orders', async () => {
    for (const [threads, ops, count] of [
      [2, 3, 20],
      [3, 2, 90],
      [3, 3, 1680],
      [4, 2, 2520],
      [3, 4, 34_650],
    ]) {
      const { figures, verdict } = await judge(await litmusSubject('fetch-add', threads, ops), search('dpor'));
      expect([verdict, figures.executions]).toEqual(['holds', count]);
    }
  });
});

describe('the plain executor', () => {
  test.each(LITMUS)('agrees on random schedules of $id', ({ id }) => {
    const user = litmusProgram(id);
    const { words } = userSubject(user, compileUser(user)).program;
    const given = { file: user.file, memory: user.memory, threads: user.threads.map(({ calls }) => calls) };
    const compiled = compileCase(given);
    const ends = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) ends.add(agree(given, compiled, seed, words, 2000).end);
    expect(ends.size).toBeGreaterThan(0);
  });
});

test.each(LITMUS)('$id, from the cache, is what the compiler makes of it', async ({ id }) => {
  const made = compileUser(litmusProgram(id));
  // Twice: the second time it certainly was there.
  await litmusSubject(id);
  expect((await litmusSubject(id)).atoms).toEqual(made);
});

describe('sizes', () => {
  test('that a program has not are refused', async () => {
    await expect(litmusSubject('peterson', 3)).rejects.toThrow('peterson has 2 threads, not 3');
    await expect(litmusSubject('futex-mutex', 2, 0)).rejects.toThrow('futex-mutex has 1 to 100 ops, not 0');
    await expect(litmusSubject('no-such')).rejects.toThrow('there is no litmus program "no-such"');
  });

  test('that it has are taken', async () => {
    for (const [id, threads, ops] of [
      ['futex-mutex', 3, 3],
      ['futex-mutex', 4, 2],
      ['bounded-queue', 3, 1],
      ['condvar', 3, 1],
      ['refcount', 4, 1],
      ['ring', 2, 6],
    ] as const) {
      const { verdict, bound } = await judge(await litmusSubject(id, threads, ops), search('states'));
      expect([verdict, bound.startsWith('complete')], id).toEqual(['holds', true]);
    }
  });
});
