/** DPOR takes exactly one schedule of each class, whatever agents do to each other. */
import { describe, expect, test } from 'vitest';
import { NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { enough, often } from '../campaign.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import { dpor } from '../../oracle/schedule/strategies/dpor.ts';
import { classesOf, exploration, orderMonitor, outcomes, reach } from './outcomes.ts';
import { constant, equals, fetchAdds, futexMutex, local, makeFunction, makeProgram, threads } from './programs.ts';
import { PLAINEST, randomProgram, type Taste } from './random-programs.ts';

test('fetch-adds whose results are used have as many classes as orders', async () => {
  const sizes = [
    [2, 3, 20],
    [3, 2, 90],
    [3, 3, 1680],
    [4, 2, 2520],
    [3, 4, 34_650],
    [4, 3, 369_600],
  ] as const;
  for (const [count, each, classes] of enough(sizes, ([, , number]) => number < 100_000)) {
    const machine = new Machine(fetchAdds(count, each), { granularity: 'block', hashed: false });
    const { complete, figures } = await dpor(exploration(machine));
    expect([complete, figures.executions, figures.blocked]).toEqual([true, classes, 0]);
  }
});

const TASTES: readonly (readonly [string, Taste])[] = [
  ['atomic accesses', { ...PLAINEST, lines: 5 }],
  ['three threads', { ...PLAINEST, lines: 3, threads: 3 }],
  ['waits', { ...PLAINEST, waits: true, lines: 5 }],
  ['waits of three threads', { ...PLAINEST, waits: true, lines: 3, threads: 3 }],
  ['time-outs', { ...PLAINEST, waits: true, timeOuts: true, lines: 4 }],
  ['guards', { ...PLAINEST, guards: true, lines: 4, threads: 3 }],
  ['guards, waits and time-outs', { ...PLAINEST, guards: true, waits: true, timeOuts: true, lines: 4 }],
  ['promises', { ...PLAINEST, waits: true, tickets: true, lines: 4 }],
  ['locks', { ...PLAINEST, locks: true, lines: 2 }],
  ['locks and waits', { ...PLAINEST, locks: true, waits: true, lines: 3 }],
  ['cells of all sizes', { ...PLAINEST, cells: true, lines: 4 }],
];

describe.each(TASTES)('random programs with %s', (_, taste) => {
  test('have as many executions as classes, and every end', async () => {
    let compared = 0;
    let larger = 0;
    for (let seed = 1; seed <= often(40, 120); seed++) {
      const program = randomProgram(seed, taste);
      const monitor = seed % 3 === 0 ? { monitor: orderMonitor() } : {};
      const granularity = seed % 5 === 0 ? 'access' : 'block';
      const all = classesOf(program, { ...monitor, granularity }, 3000);
      if (all === null) continue;
      const found = await outcomes(dpor, program, { ...monitor, granularity, hashed: false });
      if (all.violations.size > 0) {
        expect([...all.violations], `seed ${seed}`).toContain(found.violation?.violation.id);
        continue;
      }
      expect([found.complete, found.violation], `seed ${seed}`).toEqual([true, null]);
      expect([found.figures.executions, [...found.ends].sort()], `seed ${seed}`).toEqual([all.classes, [...all.ends].sort()]);
      compared++;
      if (all.classes > 4) larger++;
    }
    expect(compared).toBeGreaterThan(20);
    expect(larger).toBeGreaterThan(2);
  });
});

test('what the monitor hears in a step may depend on the order', async () => {
  // Found by campaigns: a compareExchange that ends its call only if it succeeds; guards that would hear a call and its return.
  for (const [seed, taste] of [
    [1209, { guards: true, lines: 2, waits: true }],
    [1430, { guards: true, lines: 4 }],
    [2031, { guards: true, lines: 4 }],
  ] as const) {
    const program = randomProgram(seed, { ...PLAINEST, ...taste, threads: 3 });
    const all = classesOf(program, { monitor: orderMonitor() });
    const found = await outcomes(dpor, program, { monitor: orderMonitor(), hashed: false });
    expect([found.complete, found.violation, found.figures.executions], `seed ${seed}`).toEqual([true, null, all?.classes]);
  }
});

test('of hundreds of random programs none ends in fewer ways than it can', async () => {
  let compared = 0;
  for (let seed = 1001; compared < often(400, 1000); seed++) {
    const [, taste] = TASTES[seed % TASTES.length] ?? TASTES[0] ?? ['', PLAINEST];
    const program = randomProgram(seed, { ...taste, lines: taste.lines + 1 });
    // The ends of all interleavings are those of all states.
    const all = reach(program, {}, 400);
    if (all === null || all.violations.size > 0) continue;
    const found = await outcomes(dpor, program, { hashed: false });
    expect([found.complete, [...found.ends].sort()], `seed ${seed}`).toEqual([true, [...all.ends].sort()]);
    compared++;
  }
});

test('a futex mutex has as many executions as classes', async () => {
  for (const [count, each] of [
    [2, 1],
    [2, 2],
  ] as const) {
    const all = classesOf(futexMutex(count, each), {}, 200_000);
    const { complete, violation, figures } = await outcomes(dpor, futexMutex(count, each));
    expect([complete, violation]).toEqual([true, null]);
    if (all !== null) expect(figures.executions).toBe(all.classes);
  }
});

test('a race is found in whichever order the two accesses were made', async () => {
  // The two plain accesses are never beside each other in the schedule that dpor takes.
  const functions = [
    makeFunction('write', 0, 1, [
      { door: 'store', args: [constant(1), constant(1)] },
      { door: 'put', args: [constant(3), constant(1)] },
      { door: 'store', args: [constant(2), constant(1)] },
      { door: 'load', args: [constant(1)], result: 0 },
    ]),
    makeFunction('read', 0, 1, [
      { door: 'load', args: [constant(4)], result: 0 },
      { door: 'get', args: [constant(3)], result: 0 },
      { door: 'load', args: [constant(5)], result: 0 },
    ]),
    makeFunction('ask', 0, 1, [
      { door: 'load', args: [constant(2)], result: 0 },
      { unless: equals(local(0), constant(1)), goTo: 3 },
      { door: 'get', args: [constant(3)], result: 0 },
    ]),
  ];
  const racy = await outcomes(dpor, makeProgram(functions, 8, threads(['write'], ['read'])));
  expect(racy.violation?.violation).toMatchObject({ id: 'data-race', race: { from: 12, bytes: 4 } });
  const right = await outcomes(dpor, makeProgram(functions, 8, threads(['write'], ['ask'])));
  expect([right.complete, right.violation]).toEqual([true, null]);
});

test('a search that is stopped says why, and how many schedules there may be', async () => {
  const machine = new Machine(fetchAdds(4, 3), { granularity: 'block', hashed: false });
  const { complete, stopped, figures } = await dpor(exploration(machine, { limits: { ...NO_LIMITS, executions: 50_000 } }));
  expect([complete, stopped, figures.executions]).toEqual([false, '50000 executions', 50_000]);
  expect(figures.estimate).toBeGreaterThan(100_000);
  expect(figures.estimate).toBeLessThan(1_000_000);
  expect([machine.mark(), [...machine.words]]).toEqual([0, [0, 0, 0, 0]]);
});
