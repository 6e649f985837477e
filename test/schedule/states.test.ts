/** The search of states comes to every state and every end that there is, and says so when it could not. */
import { describe, expect, test } from 'vitest';
import { NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import { naive } from '../../oracle/schedule/strategies/naive.ts';
import { states } from '../../oracle/schedule/strategies/states.ts';
import { exploration, orderMonitor, outcomes, reach } from './outcomes.ts';
import { constant, equals, fetchAdds, futexMutex, local, makeFunction, makeProgram, threads } from './programs.ts';
import { PLAINEST, randomProgram, type Taste } from './random-programs.ts';

const TASTES: readonly Taste[] = [
  { ...PLAINEST, lines: 6 },
  { ...PLAINEST, waits: true, lines: 5 },
  { ...PLAINEST, waits: true, timeOuts: true, guards: true, lines: 4, threads: 3 },
  { ...PLAINEST, waits: true, tickets: true, cells: true, lines: 5 },
  { ...PLAINEST, locks: true, waits: true, lines: 3, threads: 3 },
];

describe.each(TASTES.map((taste, n) => [n, taste] as const))('random programs of taste %i', (_, taste) => {
  for (const granularity of ['block', 'access'] as const) {
    test(`every state and every end is come to, with sleep sets and a monitor (${granularity})`, async () => {
      let compared = 0;
      for (let seed = 1; seed <= 80; seed++) {
        const program = randomProgram(seed, taste);
        const monitor = seed % 2 === 0 ? { monitor: orderMonitor() } : {};
        const all = reach(program, { granularity, ...monitor }, 4000);
        if (all === null) continue;
        const found = await outcomes(states, program, { granularity, ...monitor });
        if (all.violations.size > 0) {
          expect([...all.violations], `seed ${seed}`).toContain(found.violation?.violation.id);
          continue;
        }
        expect([found.complete, found.violation], `seed ${seed}`).toEqual([true, null]);
        expect([found.figures.states, [...found.ends].sort()], `seed ${seed}`).toEqual([all.states, [...all.ends].sort()]);
        compared++;
      }
      expect(compared).toBeGreaterThan(25);
    });
  }
});

test('the ends are those of every interleaving', async () => {
  let compared = 0;
  for (let seed = 1; seed <= 120; seed++) {
    const program = randomProgram(seed, { ...PLAINEST, waits: true, timeOuts: seed % 2 === 0, guards: seed % 3 === 0 });
    const machine = new Machine(program, { granularity: 'block', hashed: false });
    const { complete } = await naive(exploration(machine, { limits: { ...NO_LIMITS, executions: 20_000 } }));
    if (!complete) continue;
    const [every, some] = [await outcomes(naive, program), await outcomes(states, program)];
    expect([...some.ends].sort(), `seed ${seed}`).toEqual([...every.ends].sort());
    expect(some.figures.steps).toBeLessThanOrEqual(every.figures.steps);
    compared++;
  }
  expect(compared).toBeGreaterThan(50);
});

test('that somebody has touched a part of a word before does not tell states apart', async () => {
  // One writes a word and reads it again, the other one of its bytes, in turn.
  const whole = makeFunction('whole', 0, 1, [
    { door: 'exchange', args: [constant(2), constant(1)] },
    { door: 'put', args: [constant(4), constant(0)] },
    { door: 'get', args: [constant(4)] },
    { door: 'store', args: [constant(1), constant(1)] },
    { door: 'load', args: [constant(1)], result: 0 },
    { unless: equals(local(0), constant(0)), goTo: 4 },
    { goTo: 0 },
  ]);
  const part = makeFunction('part', 0, 1, [
    { door: 'load', args: [constant(1)], result: 0 },
    { unless: equals(local(0), constant(1)), goTo: 0 },
    { set: 0, value: constant(0) },
    { door: 'putByte', args: [constant(16), constant(0)] },
    { door: 'store', args: [constant(1), constant(0)] },
    { goTo: 0 },
  ]);
  for (const granularity of ['block', 'access'] as const) {
    const programs = (['whole', 'part'] as const).map((first) =>
      makeProgram([whole, part], 8, threads([first], [first === 'whole' ? 'part' : 'whole'])),
    );
    const counts = await Promise.all(programs.map(async (program) => (await outcomes(states, program, { granularity })).figures.states));
    const all = programs.map((program) => reach(program, { granularity })?.states);
    expect([...counts, ...all], granularity).toEqual(Array(4).fill(granularity === 'block' ? 9 : 14));
  }
});

describe('a futex mutex', () => {
  for (const [count, each] of [
    [2, 2],
    [3, 2],
    [3, 3],
  ] as const) {
    test(`of ${count} threads × ${each} loses nothing, and all its states are counted`, async () => {
      const program = futexMutex(count, each);
      const { complete, violation, figures, ends } = await outcomes(states, program);
      expect([complete, violation, ends.size]).toEqual([true, null, 1]);
      expect(figures.states).toBe(reach(program)?.states);
    });
  }

  test('has fewer states when its threads count as one', async () => {
    const program = futexMutex(3, 2);
    const alike = { ...program, agents: program.agents.map((agent) => ({ ...agent, symmetry: 1 })) };
    const [one, all] = [await outcomes(states, alike, { symmetry: true }), await outcomes(states, program)];
    expect([one.complete, one.violation, one.ends.size]).toEqual([true, null, all.ends.size]);
    expect(one.figures.states).toBe(reach(alike, { symmetry: true })?.states);
    expect(one.figures.states).toBeLessThan((all.figures.states ?? 0) / 4);
  });
});

test('a deadlock is an end, in which not all has ended', async () => {
  const first = makeFunction('first', 0, 0, [
    { door: 'wait', args: [constant(1), constant(0)] },
    { door: 'store', args: [constant(2), constant(1)] },
  ]);
  const second = makeFunction('second', 0, 0, [{ door: 'notify', args: [constant(1), constant(1)] }]);
  const program = makeProgram([first, second], 4, threads(['first'], ['second']));
  const found = await states(
    exploration(new Machine(program, { granularity: 'block', hashed: true }), {
      atEnd: (machine) => (machine.hasEnded() ? null : { id: 'deadlock', agent: 0, text: 'nobody can move' }),
    }),
  );
  expect(found.violation).toMatchObject({ violation: { id: 'deadlock' }, schedule: [1, 0] });
});

describe('a search that is stopped', () => {
  const program = futexMutex(4, 2);
  const search = (limits: object): ReturnType<typeof states> =>
    states(exploration(new Machine(program, { granularity: 'block', hashed: true }), { limits: { ...NO_LIMITS, ...limits } }));

  test('says why, and is not complete', async () => {
    expect(await search({ states: 1000 })).toMatchObject({ complete: false, stopped: '1000 states', violation: null });
    expect(await search({ memory: 0.5 })).toMatchObject({ complete: false, stopped: expect.stringMatching(/MiB of states/) });
    expect(await search({ steps: 20_000 })).toMatchObject({ complete: false, stopped: expect.stringMatching(/steps/) });
    expect(await search({ executions: 1 })).toMatchObject({ complete: false, stopped: '1 executions' });
  });

  test('counts what is left of its path: one agent has one transition in each state, two have one more', async () => {
    const stopped = async (agents: number, most: number) => {
      const machine = new Machine(fetchAdds(agents, 10), { granularity: 'block', hashed: true });
      const { figures } = await states(exploration(machine, { limits: { ...NO_LIMITS, states: most } }));
      return [figures.states, figures.path, figures.untried];
    };
    // Straight ahead: each state has another agent's transitions left, the last one all.
    expect(await stopped(1, 5)).toEqual([5, 5, 1]);
    expect(await stopped(2, 5)).toEqual([5, 5, 4 + 2]);
    expect(await stopped(3, 8)).toEqual([8, 8, 2 * 7 + 3]);
    // The first agent has ended after ten steps, and the second has gone one: from there it has only its own.
    expect(await stopped(2, 12)).toEqual([12, 12, 10 + 1]);
  });

  test('says nothing of the kind when it has come to its end', async () => {
    const { complete, figures } = await search({});
    expect([complete, figures.path, figures.untried]).toEqual([true, undefined, undefined]);
  });

  test('leaves the machine at its first state', async () => {
    const machine = new Machine(program, { granularity: 'block', hashed: true });
    const before = machine.hash.join();
    await states(exploration(machine, { limits: { ...NO_LIMITS, states: 500 } }));
    expect([machine.hash.join(), machine.mark(), machine.fingerprint().join()]).toEqual([before, 0, before]);
  });
});
