/** Schedules and programs become smaller, and still break the same. */
import { describe, expect, test } from 'vitest';
import { deadlockOf } from '../../oracle/schedule/deadlock.ts';
import type { Exploration, Found } from '../../oracle/schedule/exploration.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import { type Minimised, minimise, minimiseProgram, smallerScripts } from '../../oracle/schedule/minimise.ts';
import type { Program } from '../../oracle/schedule/program.ts';
import { random } from '../../oracle/schedule/strategies/random.ts';
import { traceOf } from '../../oracle/schedule/trace.ts';
import { executions as limited, exploring } from './exploring.ts';
import { constant, type Line, local, makeFunction, makeProgram, plus, threads } from './programs.ts';
import { Watch } from '../../oracle/schedule/watch.ts';
import { executions } from './reference.ts';
import { describeProgram, mixture, smallProgram } from './small.ts';

const machineOf = (program: Program): Machine => new Machine(program, { granularity: 'block', hashed: false });

/** So many updates of a counter that are not atomic, each in a thread that does something else before and after. */
function updates(count: number, noise: number): Program {
  const lines: Line[] = [];
  for (let n = 0; n < noise; n++) lines.push({ door: 'add', args: [constant(2), constant(1)] });
  lines.push({ door: 'load', args: [constant(1)], result: 0 }, { door: 'store', args: [constant(1), plus(local(0), constant(1))] });
  for (let n = 0; n < noise; n++) lines.push({ door: 'add', args: [constant(2), constant(1)] });
  return makeProgram([makeFunction('work', 0, 1, lines)], 4, threads(...Array.from({ length: count }, () => ['work'] as const)));
}

const lost =
  (count: number): NonNullable<Exploration['atEnd']> =>
  ({ words }) =>
    words[1] === count ? null : { id: 'final-state', agent: -1, text: `the counter is ${words[1]}` };

async function find(program: Program, atEnd: NonNullable<Exploration['atEnd']>, seed: number): Promise<Found | null> {
  return (await random(exploring(program, { ...limited(200), seed, atEnd }))).violation;
}

/** The fewest preemptions of any schedule that breaks so; null: there are too many schedules. */
function fewest(program: Program, id: string, atEnd: NonNullable<Exploration['atEnd']>, most: number): number | null {
  const machine = machineOf(program);
  const start = machine.mark();
  const watch = new Watch(machine);
  let [best, count] = [Number.POSITIVE_INFINITY, 0];
  for (const { schedule } of executions(program, 'block')) {
    if (++count > most) return null;
    let [preemptions, last] = [0, -1];
    for (const transition of schedule) {
      if (watch.violation !== null) break;
      const agent = transition % machine.agents;
      if (last >= 0 && agent !== last && ((machine.enabled() >> last) & 1) === 1) preemptions++;
      last = agent;
      watch.step(transition);
    }
    const violation = watch.violation ?? atEnd(machine);
    if (violation?.id === id) best = Math.min(best, preemptions);
    machine.undo(start);
    watch.clear();
  }
  return best;
}

describe('a schedule', () => {
  test('of a lost update among much else keeps one preemption', async () => {
    const program = updates(4, 6);
    for (let seed = 1; seed <= 5; seed++) {
      const found = await find(program, lost(4), seed);
      if (found === null) throw new Error('not found');
      const machine = machineOf(program);
      const small = minimise(machine, found, { atEnd: lost(4) });
      expect(small).toMatchObject({ preemptions: 1, reproduced: true, violation: { id: 'final-state' } });
      // The one in the middle, then the others one after the other.
      expect(small.switches).toBeLessThanOrEqual(5);
      expect(small.schedule.length).toBe(found.schedule.length);
      expect(minimise(machine, found, { atEnd: lost(4) })).toEqual(small);
      for (const transition of small.schedule) machine.step(transition);
      expect([machine.enabled(), machine.words[1] === 4]).toEqual([0, false]);
    }
  });

  test('that does not break anything is left as it is', () => {
    const found: Found = { schedule: [0, 0, 1, 1], violation: { id: 'final-state', agent: -1, text: '' } };
    expect(minimise(machineOf(updates(2, 0)), found, { atEnd: lost(2) })).toMatchObject({ schedule: [0, 0, 1, 1], reproduced: false });
    expect(minimise(machineOf(updates(2, 0)), { ...found, schedule: [0, 7] }, { atEnd: lost(2) })).toMatchObject({ reproduced: false });
  });

  test('keeps the reason of a deadlock', () => {
    const functions = [
      makeFunction('checkThenWait', 0, 1, [
        { door: 'load', args: [constant(1)], result: 0 },
        { unless: local(0), goTo: 3 },
        { give: constant(0) },
        { door: 'wait', args: [constant(2), constant(0)] },
      ]),
      makeFunction('set', 0, 1, [
        { door: 'add', args: [constant(3), constant(1)] },
        { door: 'store', args: [constant(1), constant(1)] },
        { door: 'notify', args: [constant(2), constant(1)] },
        { door: 'add', args: [constant(3), constant(1)] },
      ]),
    ];
    const program = makeProgram(functions, 4, threads(['checkThenWait'], ['set']));
    const isLost = (schedule: readonly number[]): boolean => deadlockOf(traceOf(program, schedule, 'block'))?.id === 'lost-wakeup';
    const atEnd: Exploration['atEnd'] = (machine) => (machine.hasEnded() ? null : { id: 'deadlock', agent: 0, text: '' });
    const found: Found = { schedule: [1, 0, 1, 1, 0, 1], violation: { id: 'deadlock', agent: 0, text: '' } };
    const small = minimise(machineOf(program), found, { atEnd, isSame: (_, schedule) => isLost(schedule) });
    expect(small).toMatchObject({ preemptions: 1, switches: 2, reproduced: true });
    expect(isLost(small.schedule)).toBe(true);
  });

  test('of a random program has nearly always the fewest preemptions that there can be', async () => {
    let [minimised, least, before, after] = [0, 0, 0, 0];
    for (let seed = 1; seed <= 400 && minimised < 90; seed++) {
      const has = seed % 2 === 0 ? mixture(seed) : ({ ...mixture(seed), plain: 'anyhow', agents: 3, calls: 2 } as const);
      const program = smallProgram(seed, has);
      const atEnd: Exploration['atEnd'] = (machine) => (machine.hasEnded() ? null : { id: 'deadlock', agent: 0, text: '' });
      const found = await find(program, atEnd, seed);
      if (found === null) continue;
      const where = `seed ${seed}, schedule ${found.schedule.join(' ')}\n${describeProgram(program)}`;
      const machine = machineOf(program);
      const small: Minimised = minimise(machine, found, { atEnd });
      expect(small, where).toMatchObject({ reproduced: true, violation: { id: found.violation.id } });
      const best = fewest(program, found.violation.id, atEnd, 300);
      if (best === null) continue;
      minimised++;
      expect(small.preemptions, where).toBeGreaterThanOrEqual(best);
      if (small.preemptions === best) least++;
      before += found.schedule.length;
      after += small.schedule.length;
    }
    expect(minimised).toBeGreaterThan(60);
    expect(least / minimised).toBeGreaterThan(0.95);
    expect(after).toBeLessThan(before);
  });
});

describe('a program', () => {
  test('loses the threads and calls that are not needed', async () => {
    const functions = [
      makeFunction('update', 0, 1, [
        { door: 'load', args: [constant(1)], result: 0 },
        { door: 'store', args: [constant(1), plus(local(0), constant(1))] },
        { give: local(0) },
      ]),
      makeFunction('other', 1, 1, [{ door: 'add', args: [constant(2), local(0)] }]),
      makeFunction('panics', 0, 1, [
        { door: 'load', args: [constant(2)], result: 0 },
        { unless: local(0), goTo: 3 },
        { door: 'panic', args: [constant(7), constant(0)] },
        { give: constant(0) },
      ]),
    ];
    const call = (fn: string, ...args: (number | { resultOf: number })[]): { fn: string; args: typeof args; label: string } => ({
      fn,
      args,
      label: fn,
    });
    const large = makeProgram(functions, 4, [
      { name: 'A', kind: 'thread', script: [call('update'), call('other', { resultOf: 0 }), call('update')] },
      { name: 'B', kind: 'thread', script: [call('other', 0), call('update'), call('other', 1)] },
      { name: 'C', kind: 'thread', script: [call('other', 0), call('panics'), call('update')] },
      { name: 'D', kind: 'actor', script: [call('other', 0)] },
    ]);
    const look = (program: Program): Promise<Found | null> => find(program, () => null, 1);
    const found = await look(large);
    if (found === null) throw new Error('not found');
    expect(found.violation.id).toBe('panic-7');
    const candidates = function* (program: Program): Generator<Program> {
      for (const agents of smallerScripts(program.agents)) yield { ...program, agents };
    };
    const small = await minimiseProgram(large, found, candidates, look);
    expect(small.subject.agents.map(({ name, script }) => [name, ...script.map(({ fn }) => fn)])).toEqual([
      ['B', 'other'],
      ['C', 'panics'],
    ]);
    expect(small.found.violation.id).toBe('panic-7');
  });

  test('keeps calls whose results are needed, and counts them anew', () => {
    const script = [
      { fn: 'a', args: [], label: 'a' },
      { fn: 'b', args: [], label: 'b' },
      { fn: 'c', args: [{ resultOf: 1 }], label: 'c' },
    ];
    const smaller = [...smallerScripts([{ name: 'T', kind: 'thread', script }])];
    expect(smaller.map(([agent]) => agent?.script.map(({ fn, args }) => [fn, ...args]))).toEqual([
      [['a'], ['b']],
      [['b'], ['c', { resultOf: 0 }]],
    ]);
  });
});
