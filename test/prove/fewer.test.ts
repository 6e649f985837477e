/** A run that was made shorter still breaks what it broke, has no fewer steps than any trace that does, and mostly as few. */
import { expect, test } from 'vitest';
import type { Concrete, ConcreteStep } from '../../oracle/prove/concrete.ts';
import { randomFrom } from '../../oracle/prove/concrete.ts';
import { withFewerSteps } from '../../oracle/prove/fewer.ts';
import { randomModel } from './random-model.ts';
import { allSteps, bruteForce, toy } from './toys.ts';

const never = (): boolean => false;

/** A run that breaks the goal with its last step, in vain steps and all. */
function randomRun(
  concrete: Concrete,
  steps: readonly ConcreteStep[],
  id: string,
  random: (below: number) => number,
): readonly ConcreteStep[] | null {
  for (let tries = 0; tries < 300; tries++) {
    const words = concrete.model.initial();
    const run: ConcreteStep[] = [];
    while (run.length < 12 && concrete.model.fault(words) === null) {
      const step = steps[random(steps.length)] as ConcreteStep;
      if (!concrete.take(words, step)) {
        if (random(40) === 0) break;
        continue;
      }
      run.push(step);
      if (concrete.isBroken(words, id)) return run;
    }
  }
  return null;
}

function breaks(concrete: Concrete, run: readonly ConcreteStep[], id: string): boolean {
  const words = concrete.model.initial();
  const before = run.slice(0, -1);
  expect(before.every((step) => concrete.take(words, step) && !concrete.isBroken(words, id))).toBe(true);
  return concrete.take(words, run.at(-1) as ConcreteStep) && concrete.isBroken(words, id);
}

test('in random models: never fewer steps than can be, and often fewer than the run had', () => {
  const counted = { runs: 0, shorter: 0, shortest: 0 };
  for (let seed = 1; seed <= 12; seed++) {
    const file = 'test/prove/models/random.ts';
    const subject = toy(file, {}, { [file]: randomModel(seed) });
    const { concrete } = subject;
    const steps = allSteps(subject);
    const first = concrete.broken(concrete.model.initial());
    for (const [id, least] of bruteForce(subject, 4).brokenAt) {
      if (first.includes(id)) continue;
      for (const turn of [1, 2, 3]) {
        const run = randomRun(concrete, steps, id, randomFrom(10 * seed + turn));
        if (run === null) continue;
        const fewer = withFewerSteps(concrete, run, id, never) ?? run;
        expect(breaks(concrete, fewer, id), `${id} of model ${seed}`).toBe(true);
        expect(fewer.length, `${id} of model ${seed}`).toBeGreaterThanOrEqual(least);
        counted.runs++;
        if (fewer.length < run.length) counted.shorter++;
        if (fewer.length === least) counted.shortest++;
      }
    }
  }
  expect(counted.runs).toBeGreaterThan(15);
  expect(counted.shorter).toBeGreaterThan(counted.runs / 4);
  expect(counted.shortest).toBeGreaterThan(counted.runs / 2);
});

test('nothing is found where there is nothing to find, or no time', () => {
  const { concrete, system } = toy('test/prove/models/counters.ts', { careful: false });
  const start: ConcreteStep = { agent: 0, who: 0, procedure: 0, args: [] };
  expect(system.machines).toHaveLength(1);
  const goOn: ConcreteStep = { agent: 0, who: 0, procedure: 0, args: null };
  const run = [start, ...Array.from({ length: 8 }, () => goOn)];
  expect(withFewerSteps(concrete, run, 'nobody-has-this-id', never)).toBeNull();
});
