/** A step that is remembered does what it did; one that depends on more than was remembered is worked out. */
import { describe, expect, test } from 'vitest';
import { Machine } from '../../oracle/schedule/machine.ts';
import { READ } from '../../oracle/schedule/operation.ts';
import type { Program } from '../../oracle/schedule/program.ts';
import { states } from '../../oracle/schedule/strategies/states.ts';
import { describeState, orderMonitor, outcomes } from './outcomes.ts';
import { constant, equals, fetchAdds, futexMutex, type Line, local, makeFunction, makeProgram, plus, threads } from './programs.ts';
import { dice, PLAINEST, randomProgram, type Taste } from './random-programs.ts';

const EVERYTHING: Taste = {
  ...PLAINEST,
  racy: true,
  waits: true,
  timeOuts: true,
  cells: true,
  ends: true,
  locks: true,
  guards: true,
  lines: 6,
};
const TASTES: readonly Taste[] = [
  { ...PLAINEST, lines: 8, threads: 3 },
  { ...PLAINEST, waits: true, locks: true, lines: 6, threads: 3 },
  { ...PLAINEST, waits: true, tickets: true, cells: true, lines: 6 },
  { ...EVERYTHING, racy: false, threads: 3 },
  EVERYTHING,
];

const machineOf = (program: Program, memo: boolean, monitored = false): Machine =>
  new Machine(program, { granularity: 'block', hashed: true, memo, ...(monitored ? { monitor: orderMonitor() } : {}) });

/** What is the same in two machines that do the same. Why a state is violated is told with a copy of the violation. */
function look(machine: Machine): unknown {
  const { hash, woken, heard, violation } = machine;
  const what = violation === null ? describeState(machine) : [violation.id, violation.agent, violation.race];
  return [machine.enabled(), hash.join(), machine.opKind.join(), machine.opFrom.join(), woken, heard, what];
}

describe.each(TASTES.map((taste, n) => [n, taste] as const))('random programs of taste %i', (_, taste) => {
  test('random walks, back and forth, are those of a machine without a memo', () => {
    let [steps, recalled, violated] = [0, 0, 0];
    for (let seed = 1; seed <= 60; seed++) {
      const program = randomProgram(seed, taste);
      const [with_, without] = [machineOf(program, true, seed % 3 === 0), machineOf(program, false, seed % 3 === 0)];
      const roll = dice(seed * 77);
      for (let n = 0; n < 300; n++) {
        const open = without.violation === null ? without.enabled() : 0;
        if (open === 0 || roll(4) === 0) {
          const mark = roll(without.mark() + 1);
          with_.undo(mark);
          without.undo(mark);
          expect([with_.hash.join(), describeState(with_)], `seed ${seed}, step ${n}`).toEqual([
            without.hash.join(),
            describeState(without),
          ]);
          continue;
        }
        const choices = Array.from({ length: 30 }, (__, bit) => bit).filter((bit) => ((open >>> bit) & 1) === 1);
        const transition = choices[roll(choices.length)] ?? 0;
        const reads = transition < without.agents && (without.opAccess(transition) & READ) !== 0;
        with_.step(transition);
        without.step(transition);
        expect(look(with_), `seed ${seed}, step ${n}`).toEqual(look(without));
        if (reads) expect(with_.lastRead, `seed ${seed}, step ${n}`).toBe(without.lastRead);
        if (with_.violation !== null) violated++;
        steps++;
      }
      expect(with_.schedule()).toEqual(without.schedule());
      recalled += with_.memo?.recalled ?? 0;
    }
    expect(recalled).toBeGreaterThan(steps / 4);
    expect(violated > 0).toBe(taste.racy || taste.ends);
  });
});

test('all states of a mutex are those without a memo, and nearly every step was known', async () => {
  const program = futexMutex(3, 2);
  const [known, anew] = [await outcomes(states, program), await outcomes(states, program, { memo: false })];
  expect([known.figures, known.ends]).toEqual([anew.figures, anew.ends]);
  const machine = machineOf(program, true);
  await states({
    machine,
    limits: { executions: null, steps: null, states: null, memory: null, seconds: null },
    seed: 1,
    preemptions: null,
    symmetry: false,
    signal: new AbortController().signal,
    progress: () => undefined,
  });
  expect(machine.memo?.recalled).toBeGreaterThan(known.figures.steps * 0.8);
});

/** Steps of the first two threads, then back to the start. */
function afterwards<T>(machine: Machine, schedule: readonly number[], ask: () => T): T {
  for (const transition of schedule) machine.step(transition);
  const answer = ask();
  machine.undo(0);
  return answer;
}

describe('what a step depends on', () => {
  test('is every word that it looks at, not the first alone', () => {
    // The reader takes a lock that nobody holds and looks at a plain word behind it; the writer changes that word under the lock.
    const lock: Line = { door: 'exchange', args: [constant(1), constant(1)], result: 0 };
    const unlock: Line = { door: 'store', args: [constant(1), constant(0)] };
    const reader = makeFunction('reader', 0, 2, [lock, { door: 'get', args: [constant(4)], result: 1 }, unlock, { give: local(1) }]);
    const writer = makeFunction('writer', 0, 1, [lock, { door: 'put', args: [constant(4), constant(7)] }, unlock]);
    const machine = machineOf(makeProgram([reader, writer], 8, threads(['reader'], ['writer'])), true);
    const read = (schedule: readonly number[]) => afterwards(machine, schedule, () => machine.results(0));
    expect(read([0, 0])).toEqual([0]);
    expect(read([0, 0])).toEqual([0]);
    expect(machine.memo?.recalled).toBe(2);
    expect(read([1, 1, 0, 0])).toEqual([7]);
    expect(read([0, 0])).toEqual([0]);
    expect(read([1, 1, 0, 0])).toEqual([7]);
  });

  test('is who waits, of a notify', () => {
    const sleeper = makeFunction('sleeper', 0, 0, [{ door: 'wait', args: [constant(1), constant(0)] }]);
    const waker = makeFunction('waker', 0, 1, [{ door: 'notify', args: [constant(1), constant(1)], result: 0 }, { give: local(0) }]);
    const machine = machineOf(makeProgram([sleeper, waker], 4, threads(['sleeper'], ['waker'])), true);
    const woken = (schedule: readonly number[]) => afterwards(machine, schedule, () => [machine.results(1), machine.status(0)]);
    for (let round = 0; round < 3; round++) {
      expect(woken([1])).toEqual([[0], 'ready']);
      expect(woken([0, 1])).toEqual([[1], 'done']);
    }
  });

  test('is what others touch: a step that is known races where it did not before', () => {
    // Both read the plain word and write it, after an access of their own word.
    const lines = (own: number): Line[] => [
      { door: 'add', args: [constant(own), constant(1)] },
      { door: 'get', args: [constant(4)], result: 0 },
      { door: 'put', args: [constant(4), plus(local(0), constant(1))] },
      { door: 'add', args: [constant(own), constant(1)] },
    ];
    const program = makeProgram([makeFunction('a', 0, 1, lines(1)), makeFunction('b', 0, 1, lines(2))], 8, threads(['a'], ['b']));
    const machine = machineOf(program, true);
    const broken = (schedule: readonly number[]) => afterwards(machine, schedule, () => machine.violation?.id ?? null);
    for (let round = 0; round < 3; round++) {
      expect(broken([0])).toBe(null);
      expect(broken([1])).toBe(null);
      expect(broken([0, 1])).toBe('data-race');
      expect(broken([1, 0])).toBe('data-race');
    }
    expect(machine.memo?.recalled).toBeGreaterThan(0);
  });

  test('is what others rest before: an atomic access of a word that a known step touches plainly', () => {
    const plain = makeFunction('plain', 0, 1, [
      { door: 'load', args: [constant(1)], result: 0 },
      { door: 'put', args: [constant(4), constant(1)] },
      { door: 'load', args: [constant(1)], result: 0 },
    ]);
    const atomic = makeFunction('atomic', 0, 1, [
      { door: 'load', args: [constant(2)], result: 0 },
      { door: 'load', args: [constant(4)], result: 0 },
    ]);
    const machine = machineOf(makeProgram([plain, atomic], 8, threads(['plain'], ['atomic'])), true);
    const broken = (schedule: readonly number[]) => afterwards(machine, schedule, () => machine.violation?.id ?? null);
    for (let round = 0; round < 3; round++) {
      expect(broken([0])).toBe(null);
      expect(broken([1])).toBe(null);
      expect(broken([1, 0])).toBe('data-race');
      expect(broken([0, 1])).toBe('data-race');
    }
  });

  test('may have more values than are told apart: a step of a counter is worked out, and right', () => {
    const program = fetchAdds(2, 40);
    const machine = machineOf(program, true);
    const schedule = Array.from({ length: 80 }, (_, n) => n % 2);
    for (let round = 0; round < 3; round++) {
      const sums = afterwards(machine, schedule, () => [machine.results(0), machine.results(1), machine.words[1]]);
      expect(sums).toEqual([[1560], [1600], 80]);
    }
  });
});

test('what is kept is not cut: frames and blocks of a known step stand after going back and forth', () => {
  const inner = makeFunction('inner', 1, 2, [
    { door: 'add', args: [constant(1), local(0)], result: 1 },
    { door: 'add', args: [constant(2), constant(1)] },
    { give: plus(local(1), local(0)) },
  ]);
  const outer = makeFunction('outer', 1, 3, [
    { unless: equals(local(1), local(0)), goTo: 2 },
    { give: local(2) },
    { call: 0, args: [local(1)], result: 2 },
    { set: 1, value: plus(local(1), constant(1)) },
    { goTo: 0 },
  ]);
  const machine = machineOf(makeProgram([inner, outer], 4, threads(['outer', 3], ['outer', 4])), true);
  const roll = dice(5);
  for (let n = 0; n < 4000; n++) {
    const open = machine.enabled();
    if (open === 0 || roll(5) === 0) machine.undo(roll(machine.mark() + 1));
    else machine.step(open === 3 ? roll(2) : open - 1);
    expect(machine.hash.join()).toBe(machine.fingerprint().join());
  }
  expect(machine.memo?.recalled).toBeGreaterThan(1000);
});
