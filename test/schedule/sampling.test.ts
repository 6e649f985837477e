/** The strategies that sample: they find what is there, say nothing of what is not, never call themselves complete, and repeat. */
import { describe, expect, test } from 'vitest';
import type { Exploration, Strategy } from '../../oracle/schedule/exploration.ts';
import type { Program, Violation } from '../../oracle/schedule/program.ts';
import { pct } from '../../oracle/schedule/strategies/pct.ts';
import { pos } from '../../oracle/schedule/strategies/pos.ts';
import { random } from '../../oracle/schedule/strategies/random.ts';
import { executions as limited, exploring } from './exploring.ts';
import { constant, equals, fetchAdds, futexMutex, type Line, local, makeFunction, makeProgram, plus, threads } from './programs.ts';
import { outcome, type Reference, reference } from './reference.ts';
import { describeProgram, mixture, smallProgram } from './small.ts';

const SAMPLERS: readonly (readonly [string, Strategy])[] = [
  ['random', random],
  ['pct', pct],
  ['pos', pos],
];

/** A lost update of an atomic counter: load, then store. */
const LOST_UPDATE: readonly Line[] = [
  { door: 'load', args: [constant(1)], result: 0 },
  { door: 'store', args: [constant(1), plus(local(0), constant(1))] },
];

const known = new Map<number, Reference>();

/** How a program can end; the same for each strategy. */
function possibilities(seed: number, program: Program): Reference {
  const found = known.get(seed) ?? reference(program, 'block', 300);
  known.set(seed, found);
  return found;
}

function counterIs(expected: number): NonNullable<Exploration['atEnd']> {
  return ({ words }): Violation | null =>
    words[1] === expected ? null : { id: 'final-state', agent: -1, text: `the counter is ${words[1]}` };
}

describe.each(SAMPLERS)('%s', (_, strategy) => {
  test('finds an update that is lost, and its schedule leads there again', async () => {
    const program = makeProgram([makeFunction('work', 0, 1, LOST_UPDATE)], 4, threads(['work'], ['work']));
    const exploration = exploring(program, { atEnd: counterIs(2) });
    const { violation, complete, stopped } = await strategy(exploration);
    expect([complete, stopped]).toEqual([false, null]);
    expect(violation?.violation.id).toBe('final-state');
    for (const transition of violation?.schedule ?? []) exploration.machine.step(transition);
    expect([exploration.machine.enabled(), exploration.machine.words[1]]).toEqual([0, 1]);
  });

  test('finds a race that needs a third agent, and none without it', async () => {
    const functions = [
      makeFunction('write', 0, 0, [
        { door: 'put', args: [constant(2), constant(1)] },
        { door: 'store', args: [constant(1), constant(1)] },
        { door: 'store', args: [constant(1), constant(2)] },
      ]),
      makeFunction('ask', 0, 1, [
        { door: 'load', args: [constant(1)], result: 0 },
        { unless: equals(local(0), constant(2)), goTo: 4 },
        { door: 'load', args: [constant(3)], result: 0 },
        { door: 'get', args: [constant(2)], result: 0 },
        { give: local(0) },
      ]),
      makeFunction('reset', 0, 0, [{ door: 'store', args: [constant(1), constant(2)] }]),
    ];
    const right = await strategy(exploring(makeProgram(functions, 4, threads(['write'], ['ask']))));
    expect([right.violation, right.complete]).toEqual([null, false]);
    const wrong = await strategy(exploring(makeProgram(functions, 4, threads(['write'], ['ask'], ['reset']))));
    expect(wrong.violation?.violation).toMatchObject({ id: 'data-race', race: { from: 8, bytes: 4 } });
  });

  test('is silent about a mutex that is right, however long it looks, and is never complete', async () => {
    const { complete, violation, stopped, figures } = await strategy(
      exploring(futexMutex(3, 2), { ...limited(500), atEnd: ({ words }) => (words[2] === 6 ? null : { id: 'x', agent: 0, text: '' }) }),
    );
    expect([complete, violation, stopped, figures.executions]).toEqual([false, null, '500 schedules sampled', 500]);
  });

  test('goes the same ways with the same seed, other ways with another', async () => {
    const ways = async (seed: number): Promise<string[]> => {
      const seen: string[] = [];
      await strategy(
        exploring(fetchAdds(3, 3), {
          ...limited(20),
          seed,
          atEnd: (machine) => {
            seen.push(outcome(machine));
            return null;
          },
        }),
      );
      return seen;
    };
    expect(await ways(5)).toEqual(await ways(5));
    expect(await ways(5)).not.toEqual(await ways(6));
  });

  test('is the same in parts', async () => {
    const ways = async (from: number, count: number): Promise<string[]> => {
      const seen: string[] = [];
      const atEnd: Exploration['atEnd'] = (machine) => {
        seen.push(`${machine.schedule().join('')} ${outcome(machine)}`);
        return null;
      };
      await strategy(exploring(fetchAdds(3, 3), { ...limited(count), from, atEnd }));
      return seen;
    };
    const all = await ways(0, 120);
    expect([...(await ways(0, 50)), ...(await ways(50, 40)), ...(await ways(90, 30))]).toEqual(all);
    expect(new Set(all).size).toBeGreaterThan(50);
  });

  test('ends in no way that is not possible, and in most that are', async () => {
    let [possible, reached] = [0, 0];
    for (let seed = 1; seed <= 120; seed++) {
      const program = smallProgram(seed, { ...mixture(seed), plain: seed % 2 === 0 ? 'locked' : 'none', widths: false });
      const { complete, outcomes } = possibilities(seed, program);
      if (!complete) continue;
      const seen = new Set<string>();
      await strategy(
        exploring(program, {
          ...limited(150),
          seed,
          atEnd: (machine) => {
            seen.add(outcome(machine));
            return null;
          },
        }),
      );
      for (const one of seen) expect([...outcomes], `seed ${seed}\n${describeProgram(program)}`).toContain(one);
      possible += outcomes.size;
      reached += seen.size;
    }
    expect(possible).toBeGreaterThan(200);
    expect(reached / possible).toBeGreaterThan(0.9);
  });

  test('keeps to a preemption bound', async () => {
    const program = makeProgram([makeFunction('work', 0, 1, LOST_UPDATE)], 4, threads(['work'], ['work']));
    const bounded = await strategy(exploring(program, { ...limited(300), preemptions: 0, atEnd: counterIs(2) }));
    expect(bounded.violation).toBeNull();
    const more = await strategy(exploring(program, { ...limited(300), preemptions: 1, atEnd: counterIs(2) }));
    expect(more.violation?.violation.id).toBe('final-state');
  });

  test('stops when it is told to', async () => {
    const controller = new AbortController();
    const endless = strategy(
      exploring(fetchAdds(3, 20), {
        limits: { executions: 1e9, steps: null, states: null, memory: null, seconds: null },
        signal: controller.signal,
        progress: () => controller.abort(),
      }),
    );
    expect(await endless).toMatchObject({ complete: false, stopped: 'interrupted', violation: null });
    const few = await strategy(
      exploring(fetchAdds(3, 20), { limits: { executions: null, steps: 40_000, states: null, memory: null, seconds: null } }),
    );
    expect(few.stopped).toBe('40000 steps');
  });
});

test('random estimates how many schedules there are', async () => {
  const { figures } = await random(exploring(fetchAdds(3, 2), limited(4000)));
  expect(figures.estimate).toBeGreaterThan(85);
  expect(figures.estimate).toBeLessThan(95);
});

test('pct leaves a spinning agent behind', async () => {
  const spin: readonly Line[] = [
    { door: 'load', args: [constant(1)], result: 0 },
    { unless: equals(local(0), constant(0)), goTo: 3 },
    { goTo: 0 },
    { give: local(0) },
  ];
  const functions = [makeFunction('spin', 0, 1, spin), makeFunction('set', 0, 0, [{ door: 'store', args: [constant(1), constant(1)] }])];
  const { figures, violation } = await pct(exploring(makeProgram(functions, 4, threads(['spin'], ['set'])), limited(20)));
  expect([violation, figures.executions, figures.blocked]).toEqual([null, 20, 0]);
});

test('pct of depth 1 lets agents run one after the other', async () => {
  const program = makeProgram([makeFunction('work', 0, 1, LOST_UPDATE)], 4, threads(['work'], ['work']));
  const shallow = await pct(exploring(program, { ...limited(200), depth: 1, atEnd: counterIs(2) }));
  expect(shallow.violation).toBeNull();
  const deeper = await pct(exploring(program, { ...limited(200), depth: 2, atEnd: counterIs(2) }));
  expect(deeper.violation?.violation.id).toBe('final-state');
});
