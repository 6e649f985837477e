/** Bounded traces say, depth by depth, exactly what trying everything says. */
import { describe, expect, test } from 'vitest';
import { boundedTraces } from '../../oracle/prove/bounded.ts';
import { concreteStep } from '../../oracle/prove/concrete.ts';
import { type Goal, goalsOf } from '../../oracle/prove/goals.ts';
import { often } from '../campaign.ts';
import { randomModel } from './random-model.ts';
import { bruteForce, limits, type Toy, toy } from './toys.ts';

interface Found {
  readonly brokenAt: ReadonlyMap<string, number>;
  /** Depth of the last report. */
  readonly reached: number;
}

/** Every violation that is found is run on the compiled model. */
async function ask(subject: Toy, goals: readonly Goal[], depth: number): Promise<Found> {
  const { system, concrete } = subject;
  const brokenAt = new Map<string, number>();
  let reached = 0;
  for await (const report of boundedTraces(system, goals, limits(), { depth, proved: [], progress: () => undefined })) {
    reached = report.depth;
    for (const { goal, depth: at, steps } of report.violations) {
      brokenAt.set(goal.id, at);
      const words = concrete.model.initial();
      for (const { action, who, args } of steps) {
        expect(concrete.broken(words)).not.toContain(goal.id);
        expect(concrete.take(words, concreteStep(action, who, args ?? []))).toBe(true);
      }
      expect(concrete.broken(words)).toContain(goal.id);
    }
  }
  return { brokenAt, reached };
}

const TOYS = [
  ['test/compile/models/lock.ts', { locking: 'always' }, 5],
  ['test/compile/models/lock.ts', { locking: 'never' }, 5],
  ['test/compile/models/refcount.ts', { leaky: true }, 5],
  ['test/compile/models/queue.ts', { policy: 'hasty', eager: false }, 4],
  ['test/prove/models/benchmark.ts', {}, 4],
  ['test/prove/models/counters.ts', { careful: true }, 8],
  ['test/prove/models/counters.ts', { careful: false }, 9],
] as const;

describe('the shortest violation', () => {
  for (const [entry, configuration, depth] of TOYS) {
    test(`of each goal of ${entry} ${JSON.stringify(configuration)} is as long as the shortest there is`, async () => {
      const subject = toy(entry, configuration);
      const truth = bruteForce(subject, depth);
      const goals = goalsOf(subject.system).filter(({ kind }) => kind !== 'padding');
      const holding = goals.filter(({ id }) => !truth.brokenAt.has(id));
      expect((await ask(subject, holding, depth)).brokenAt).toEqual(new Map());
      // One at a time: what breaks first ends the traces through it, so that goals asked together hide each other.
      for (const goal of goals.filter(({ id }) => truth.brokenAt.has(id))) {
        const { brokenAt } = await ask(subject, [goal], depth);
        expect([goal.id, brokenAt.get(goal.id)]).toEqual([goal.id, truth.brokenAt.get(goal.id)]);
      }
    });
  }

  test('of the counters is where the source says', async () => {
    const subject = toy('test/prove/models/counters.ts', { careful: false });
    const { brokenAt } = await ask(subject, goalsOf(subject.system), 9);
    expect(Object.fromEntries(brokenAt)).toEqual({ 'stays-below': 5, 'no-overflow': 8 });
  });
});

test('of random models, each is judged as by trying everything', { timeout: 240_000 }, async () => {
  let violated = 0;
  let held = 0;
  for (let seed = 1; seed <= often(26, 104); seed++) {
    const source = randomModel(seed);
    const subject = toy('test/prove/models/random.ts', {}, { 'test/prove/models/random.ts': source });
    const depth = 4;
    const truth = bruteForce(subject, depth);
    // The first state is judged without traces.
    const broken = subject.concrete.broken(subject.concrete.model.initial());
    const goals = goalsOf(subject.system).filter(({ kind, id }) => kind !== 'padding' && !broken.includes(id));
    const goal = goals.find(({ id }) => truth.brokenAt.has(id) === (seed % 3 !== 0)) ?? (goals[0] as Goal);
    const { brokenAt } = await ask(subject, [goal], depth);
    expect([seed, goal.id, brokenAt.get(goal.id)]).toEqual([seed, goal.id, truth.brokenAt.get(goal.id)]);
    if (brokenAt.size > 0) violated++;
    else held++;
  }
  // A generator whose models all hold, or all break, would test nothing.
  expect(violated).toBeGreaterThan(5);
  expect(held).toBeGreaterThan(5);
});

test('a model that comes to a stop is seen to', async () => {
  const subject = toy('test/prove/models/counters.ts', { careful: true });
  const goals = goalsOf(subject.system).filter(({ id }) => id === 'never-five');
  const reports = [];
  // Seven steps count, and each of the two workers can finish in two more for ever: this one never stops.
  for await (const report of boundedTraces(subject.system, goals, limits(), { depth: 3, proved: [], progress: () => undefined }))
    reports.push(report);
  expect(reports.map(({ reachable }) => reachable)).toEqual([true, true, true]);
  const lock = toy('test/compile/models/lock.ts', { locking: 'never' });
  const last = [];
  const some = goalsOf(lock.system).filter(({ kind }) => kind === 'lemma');
  // Three workers with two rounds of two steps each: no trace has a thirteenth step.
  for await (const report of boundedTraces(lock.system, some, limits(), { depth: 13, proved: [], progress: () => undefined }))
    last.push(report);
  expect(last.at(-1)).toMatchObject({ depth: 13, reachable: false });
});
