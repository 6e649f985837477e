/** Every interleaving, counted. */
import { expect, test } from 'vitest';
import { type Exploration, NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import type { Program } from '../../oracle/schedule/program.ts';
import { naive } from '../../oracle/schedule/strategies/naive.ts';
import { constant, equals, fetchAdds, futexMutex, local, makeFunction, makeProgram, threads } from './programs.ts';

function exploration(program: Program, more: Partial<Exploration> = {}, granularity: 'block' | 'access' = 'block'): Exploration {
  return {
    machine: new Machine(program, { granularity, hashed: false }),
    limits: NO_LIMITS,
    seed: 1,
    preemptions: null,
    symmetry: false,
    signal: new AbortController().signal,
    progress: () => {},
    ...more,
  };
}

test('fetch-adds interleave in every order', async () => {
  for (const [threads, each, count] of [
    [2, 3, 20],
    [3, 2, 90],
    [3, 3, 1680],
    [4, 2, 2520],
  ] as const) {
    const { complete, figures } = await naive(exploration(fetchAdds(threads, each)));
    expect([complete, figures.executions]).toEqual([true, count]);
  }
});

test('a futex mutex keeps increments apart and loses no wakeup', async () => {
  const ends = new Set<string>();
  const { complete, violation, figures } = await naive(
    exploration(futexMutex(2, 1), {
      atEnd: (machine) => {
        ends.add(`${machine.words[2]} ${machine.hasEnded()}`);
        return null;
      },
    }),
  );
  expect([complete, violation]).toEqual([true, null]);
  expect([...ends]).toEqual(['2 true']);
  // By hand: 1 without contention, and after a failed first try 1, 1 and 5, each with either thread first.
  expect(figures.executions).toBe(16);
});

test('a plain read beside the mutex is a data race', async () => {
  const functions = [
    makeFunction('write', 0, 1, [
      { door: 'put', args: [constant(2), constant(1)] },
      { door: 'store', args: [constant(1), constant(1)] },
    ]),
    makeFunction('look', 0, 1, [
      { door: 'load', args: [constant(1)], result: 0 },
      { door: 'get', args: [constant(2)], result: 0 },
    ]),
    makeFunction('ask', 0, 1, [
      { door: 'load', args: [constant(1)], result: 0 },
      { unless: equals(local(0), constant(1)), goTo: 3 },
      { door: 'get', args: [constant(2)], result: 0 },
    ]),
  ];
  for (const granularity of ['block', 'access'] as const) {
    const wrong = await naive(exploration(makeProgram(functions, 4, threads(['write'], ['look'])), {}, granularity));
    expect(wrong.violation?.violation).toMatchObject({ id: 'data-race', race: { from: 8, bytes: 4 } });
    const right = await naive(exploration(makeProgram(functions, 4, threads(['write'], ['ask'])), {}, granularity));
    expect([right.complete, right.violation]).toEqual([true, null]);
  }
});
