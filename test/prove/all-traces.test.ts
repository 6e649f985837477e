/** A proof for all traces: each way closes what it can and nothing else, and nothing that some trace breaks is ever said to hold. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readCounterexample } from '../../oracle/counterexample.ts';
import { WAYS } from '../../oracle/prove/all-traces.ts';
import { CAMPAIGN } from '../campaign.ts';
import { randomModel, randomWorkers } from './random-model.ts';
import { askAll, rowIn, type Small, small } from './small.ts';
import { bruteForce, type Toy, toy } from './toys.ts';

const out = mkdtempSync(join(tmpdir(), 'sockref-all-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

type Ways = NonNullable<Parameters<typeof askAll>[1]['ways']>;

/** Counts 0, 1, 2, 0 in runs; from 3 on, where no run gets to, it goes up to `bad` in so many steps that induction must look back. */
function island(bad: number): Small {
  return {
    state: 'n: Nat<9>',
    work: `s.n = s.n < 2 ? s.n + 1 : s.n === 2 ? 0 : s.n < ${bad} ? s.n + 1 : ${bad};`,
    invariants: `safe: (s: State) => s.n !== ${bad}`,
  };
}

describe('an invariant that needs', () => {
  // From 9-k+… the island has as many states before the bad one as steps have to be looked back on.
  const looking = (k: number): Toy =>
    small({
      state: 'n: Nat<9>',
      work: `s.n = s.n < 2 ? s.n + 1 : s.n === 2 ? 0 : s.n === ${9 - k} ? 0 : s.n < 9 ? s.n + 1 : 9;`,
      invariants: 'safe: (s: State) => s.n !== 9',
    });

  test.each([
    ['one step', 1, 'induction', null],
    ['two', 2, 'k-induction', 2],
    ['three', 3, 'k-induction', 3],
    ['four', 4, 'k-induction', 4],
  ])('%s of induction is closed with as many', async (_what, k, method, figure) => {
    const outcome = await askAll(looking(k), { out, ways: ['induction', 'k-induction'] });
    expect(rowIn(outcome, 'safe')).toMatchObject({ verdict: 'holds', method, bound: 'all traces' });
    expect(rowIn(outcome, 'safe').figures).toEqual(figure === null ? undefined : { k: figure });
    expect(rowIn(outcome, 'no-overflow')).toMatchObject({ verdict: 'holds', method: 'induction' });
    expect(outcome).toMatchObject({ verdict: 'holds', bound: 'all traces; 0 sockets, 2 threads, design toy' });
  });

  test('five is open, and says so', async () => {
    const outcome = await askAll(looking(5), { out, ways: ['induction', 'k-induction'] });
    expect(rowIn(outcome, 'safe')).toMatchObject({
      verdict: 'unknown',
      method: 'none',
      bound: 'not closed; no trace of up to 12 steps breaks it',
    });
    expect(rowIn(outcome, 'safe').detail).toMatch(
      /^induction does not close it\n2-induction does .*\n3-induction does .*\n4-induction does not close it/,
    );
    expect(outcome).toMatchObject({ verdict: 'unknown', bound: '1 of 2 for all traces; 0 sockets, 2 threads, design toy' });
  });

  test.each([
    ['five', looking(5)],
    ['as many steps as one likes', small(island(9))],
    [
      'what no number of steps shows',
      small({ ...island(9), work: 's.n = s.n < 2 ? s.n + 1 : s.n === 2 ? 0 : s.n === 8 ? (who === 0 ? 8 : 9) : 8;' }),
    ],
  ])('%s is closed by Spacer, with a set of states that induction confirms', async (_what, subject) => {
    const outcome = await askAll(subject, { out, ways: ['induction', 'k-induction', 'Spacer'] });
    expect(rowIn(outcome, 'safe')).toMatchObject({ verdict: 'holds', method: 'Spacer', bound: 'all traces' });
  });

  test('anything at all is closed by all states, where they come to an end', async () => {
    const outcome = await askAll(small(island(9)), { out });
    expect(outcome.results.map(({ id, verdict, method }) => [id, verdict, method])).toEqual([
      ['safe', 'holds', 'all states'],
      ['no-overflow', 'holds', 'all states'],
    ]);
    expect(outcome.figures.states).toBe(3);
  });
});

describe('what breaks after 15 steps', () => {
  // Each step must be the other worker's: of as many random runs as there are here none is so long.
  const deep = small({
    state: 'n: Nat<20>; turn: WorkerId | null',
    work: 's.n = s.turn === who ? 0 : s.n < 20 ? s.n + 1 : 0; s.turn = who;',
    invariants: 'safe: (s: State) => s.n !== 15',
  });

  test.each(WAYS.map((way): [string, Ways] => [way, [way]]))('is not closed by %s', async (_way, ways) => {
    const outcome = await askAll(deep, { out, ways, watched: 10 });
    expect(rowIn(outcome, 'safe').verdict).toBe(/all|Spacer/.test(ways.join()) ? 'violated' : 'unknown');
    expect(outcome.verdict).not.toBe('holds');
  });

  test('is violated, in the fewest steps, with a file', async () => {
    const row = rowIn(await askAll(deep, { out }), 'safe');
    expect(row).toMatchObject({ verdict: 'violated', method: 'all states', figures: { depth: 15 } });
    expect(row.bound).toBe('broken after 15 steps, and after no fewer');
    expect((await readCounterexample(row.counterexample ?? '')).steps).toHaveLength(15);
  });

  test('is said to break by Spacer, and does when traces are as long', async () => {
    const row = rowIn(await askAll(deep, { out, ways: ['Spacer'], watched: 10 }), 'safe');
    expect(row).toMatchObject({ verdict: 'violated', method: 'bounded traces', figures: { depth: 15 } });
  });
});

describe('a bound that breaks', () => {
  const subject = small({
    state: 'n: Nat<7>; even: Nat<5>',
    work: 's.n = s.n + 1; s.even = s.even === 4 ? 0 : 4;',
    invariants: 'even: (s: State) => s.even === 0 || s.even === 4',
  });

  test.each(WAYS.map((way): [string, Ways] => [way, [way]]))('leaves nothing closed for all traces by %s', async (_way, ways) => {
    const outcome = await askAll(subject, { out, ways, watched: 10 });
    expect(outcome.results.map(({ verdict }) => verdict)).not.toContain('holds');
  });

  test('is said', async () => {
    const outcome = await askAll(subject, { out });
    expect(rowIn(outcome, 'no-overflow')).toMatchObject({ verdict: 'violated', figures: { depth: 8 } });
    expect(rowIn(outcome, 'even')).toMatchObject({ verdict: 'unknown' });
    expect(rowIn(outcome, 'even').detail).toMatch(/closes it for traces that stay within the bounds of the model; one is broken/);
  });
});

test('of random models nothing is closed by any way that trying everything breaks, and nothing breaks that it keeps', {
  timeout: 280_000,
}, async () => {
  const counted = new Map<string, number>();
  for (let seed = 1; seed <= (CAMPAIGN ? 96 : 6); seed++) {
    const file = 'test/prove/models/random.ts';
    const subject = toy(file, {}, { [file]: seed % 2 === 0 ? randomModel(seed) : randomWorkers(seed) });
    const first = subject.concrete.broken(subject.concrete.model.initial());
    const truth = bruteForce(subject, 5).brokenAt;
    const ways = [['all states'], ['induction', 'k-induction'], ['Spacer']][seed % 3] as Ways;
    const outcome = await askAll(subject, { out, ways, watched: 500, states: { first: 5_000, most: 20_000 } });
    for (const { id, verdict, method = '', figures } of outcome.results) {
      const steps = first.includes(id) ? 0 : truth.get(id);
      const about = `${id} of model ${seed}: ${verdict} by ${method}, breaks after ${steps} steps`;
      if (verdict === 'holds') expect(steps, about).toBeUndefined();
      if (verdict === 'violated' && steps !== undefined) expect(figures?.depth, about).toBeGreaterThanOrEqual(steps);
      if (verdict === 'violated' && method === 'all states') expect(figures?.depth, about).toBe(steps ?? figures?.depth);
      counted.set(`${verdict} ${method}`, (counted.get(`${verdict} ${method}`) ?? 0) + 1);
    }
  }
  for (const what of CAMPAIGN ? ['holds induction', 'holds Spacer', 'violated random runs'] : ['violated first state']) {
    expect(counted.get(what) ?? 0, what).toBeGreaterThan(0);
  }
});
