/** The search under a bound on preemptions comes to every end that so few preemptions lead to, and to no other. */
import { describe, expect, test } from 'vitest';
import { NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import type { Program } from '../../oracle/schedule/program.ts';
import type { MachineOptions } from '../../oracle/schedule/state.ts';
import { states } from '../../oracle/schedule/strategies/states.ts';
import { describeEnd, exploration, orderMonitor, reach } from './outcomes.ts';
import { constant, fetchAdds, futexMutex, local, makeFunction, makeProgram, plus, threads } from './programs.ts';
import { PLAINEST, randomProgram, type Taste } from './random-programs.ts';

type Options = Partial<MachineOptions>;

/** Every interleaving: each end with the fewest preemptions that lead to it, violations among them; null if there are too many. */
function everyEnd(program: Program, options: Options, most = 3000): ReadonlyMap<string, number> | null {
  const machine = new Machine(program, { granularity: 'block', hashed: false, ...options });
  const ends = new Map<string, number>();
  let executions = 0;
  const visit = (last: number, preemptions: number): void => {
    const enabled = machine.violation === null ? machine.enabled() : 0;
    if (enabled === 0) {
      executions++;
      const end = machine.violation?.id ?? describeEnd(machine);
      ends.set(end, Math.min(preemptions, ends.get(end) ?? preemptions));
    }
    if (executions > most) return;
    for (let left = enabled; left !== 0; left &= left - 1) {
      const transition = 31 - Math.clz32(left & -left);
      const agent = transition % machine.agents;
      const isPreemption = last >= 0 && agent !== last && ((enabled >> last) & 1) === 1;
      const mark = machine.mark();
      machine.step(transition);
      visit(agent, preemptions + (isPreemption ? 1 : 0));
      machine.undo(mark);
    }
  };
  visit(-1, 0);
  return executions > most ? null : ends;
}

async function boundedEnds(program: Program, options: Options, preemptions: number) {
  const machine = new Machine(program, { granularity: 'block', hashed: true, ...options });
  const ends = new Set<string>();
  const atEnd = (end: Machine): null => {
    ends.add(describeEnd(end));
    return null;
  };
  return { ...(await states(exploration(machine, { preemptions, atEnd }))), ends };
}

const TASTES: readonly Taste[] = [
  { ...PLAINEST, lines: 5 },
  { ...PLAINEST, lines: 3, threads: 3 },
  { ...PLAINEST, waits: true, timeOuts: true, lines: 4 },
  { ...PLAINEST, guards: true, waits: true, lines: 3, threads: 3 },
  { ...PLAINEST, waits: true, tickets: true, lines: 4 },
  { ...PLAINEST, locks: true, waits: true, lines: 3 },
];

describe.each(TASTES.map((taste, n) => [n, taste] as const))('random programs of taste %i', (_, taste) => {
  test('end in the ways that so many preemptions lead to', async () => {
    let [compared, fewer, complete] = [0, 0, 0];
    for (let seed = 1; seed <= 100; seed++) {
      const program = randomProgram(seed, taste);
      const options = seed % 3 === 0 ? { monitor: orderMonitor() } : {};
      const all = everyEnd(program, options);
      if (all === null || [...all.keys()].some((end) => !end.startsWith('['))) continue;
      for (const bound of [0, 1, 2, 3]) {
        const expected = [...all].filter(([, least]) => least <= bound).map(([end]) => end);
        const found = await boundedEnds(program, options, bound);
        expect([found.violation, found.stopped], `seed ${seed}`).toEqual([null, null]);
        expect([...found.ends].sort(), `seed ${seed}, bound ${bound}`).toEqual(expected.sort());
        if (found.complete) {
          expect([found.ends.size, found.figures.states], `seed ${seed}`).toEqual([all.size, reach(program, options)?.states]);
          complete++;
        } else expect(found.preemptions).toBe(bound);
        if (expected.length < all.size) fewer++;
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(100);
    expect(complete).toBeGreaterThan(10);
    expect(fewer).toBeGreaterThan(5);
  });
});

/** Each thread adds one to a word, with two accesses. */
function lostUpdate(): Program {
  const add = makeFunction('add', 0, 1, [
    { door: 'load', args: [constant(1)], result: 0 },
    { door: 'store', args: [constant(1), plus(local(0), constant(1))] },
  ]);
  return makeProgram([add], 4, threads(['add'], ['add']));
}

const isTwo = (machine: Machine): { id: string; agent: number; text: string } | null =>
  machine.words[1] === 2 ? null : { id: 'final-state', agent: -1, text: 'an increment is lost' };

describe('an update that is lost', () => {
  const machine = (): Machine => new Machine(lostUpdate(), { granularity: 'block', hashed: true });

  test('is not lost without a preemption, and that is said to be no proof', async () => {
    const found = await states(exploration(machine(), { preemptions: 0, atEnd: isTwo }));
    expect(found).toMatchObject({ complete: false, stopped: null, violation: null, preemptions: 0 });
  });

  test('is found with one, though more are allowed', async () => {
    const found = await states(exploration(machine(), { preemptions: 5, atEnd: isTwo }));
    expect(found).toMatchObject({
      complete: false,
      violation: { violation: { id: 'final-state' }, schedule: [0, 1, 1, 0] },
      preemptions: 0,
    });
  });
});

describe('a futex mutex', () => {
  test('needs only so many preemptions: then the search is complete, and has every state', async () => {
    const found = await boundedEnds(futexMutex(2, 2), {}, 50);
    expect([found.complete, found.stopped, found.violation]).toEqual([true, null, null]);
    expect(found.figures.states).toBe(reach(futexMutex(2, 2))?.states);
  });

  test('that takes too long says how many preemptions are done', async () => {
    const machine = new Machine(futexMutex(4, 2), { granularity: 'block', hashed: true });
    const found = await states(exploration(machine, { preemptions: 50, limits: { ...NO_LIMITS, states: 5000 } }));
    expect(found).toMatchObject({ complete: false, stopped: '5000 states', violation: null });
    expect(found.preemptions).toBeGreaterThanOrEqual(0);
    expect(found.preemptions).toBeLessThan(10);
    expect(machine.mark()).toBe(0);
  });

  test('is not searched with interchangeable threads: who moved last is one of them', async () => {
    const machine = new Machine(futexMutex(2, 1), { granularity: 'block', hashed: true });
    await expect(states(exploration(machine, { preemptions: 1, symmetry: true }))).rejects.toThrow(/interchangeable/);
  });
});

test('stopped, it counts what is left of its path under its bound', async () => {
  const machine = new Machine(fetchAdds(2, 10), { granularity: 'block', hashed: true });
  const { stopped, figures } = await states(exploration(machine, { preemptions: 1, limits: { ...NO_LIMITS, states: 5 } }));
  // Without a preemption there is a choice in the first state only; the last one has the step that goes on.
  expect([stopped, figures.states, figures.path, figures.untried]).toEqual(['5 states', 5, 5, 2]);
});
