/** A recording that leaves something out, or says the same of two different runs, would let a replay drift. */
import { describe, expect, it } from 'vitest';
import { Machine } from '../../oracle/schedule/machine.ts';
import type { Program } from '../../oracle/schedule/program.ts';
import { fingerprintOf, record } from '../../oracle/schedule/recording.ts';
import { constant, fetchAdds, futexMutex, makeFunction, makeProgram, threads } from './programs.ts';

const machineOf = (program: Program): Machine => new Machine(program, { granularity: 'block', hashed: false });

/** Always the first agent that can move. */
function eager(program: Program): readonly number[] {
  const machine = machineOf(program);
  const schedule: number[] = [];
  while (machine.enabled() !== 0) {
    schedule.push(31 - Math.clz32(machine.enabled() & -machine.enabled()));
    machine.step(schedule.at(-1) ?? 0);
  }
  return schedule;
}

describe('a recording', () => {
  it('has for each step who, what, with which numbers, what was found, and where', () => {
    expect(record(machineOf(fetchAdds(2, 1)), [1, 0])).toMatchObject([
      { thread: 'T2', operation: 'add', arguments: { byte: 4, value: 1, found: 0 }, source: 'adds.ts:1' },
      { thread: 'T1', operation: 'add', arguments: { byte: 4, value: 1, found: 1 }, source: 'adds.ts:1' },
    ]);
  });

  it('is the same for the same schedule, and another for another', () => {
    const program = futexMutex(2, 2);
    const schedule = eager(program);
    const first = record(machineOf(program), schedule);
    expect(record(machineOf(program), schedule)).toEqual(first);
    const other = record(
      machineOf(program),
      schedule.map((agent) => 1 - agent),
    );
    for (const [index, step] of other.entries()) expect(step).not.toEqual(first[index]);
  });

  it('tells notifies from what they wake, and time-outs from steps', () => {
    const functions = [
      makeFunction('sleep', 0, 1, [{ door: 'waitFor', args: [constant(1), constant(0)], result: 0 }]),
      makeFunction('wake', 0, 0, [{ door: 'notify', args: [constant(1), constant(9)] }]),
    ];
    const program = makeProgram(functions, 4, threads(['sleep'], ['sleep'], ['wake']));
    expect(record(machineOf(program), [0, 1, 3, 2])).toMatchObject([
      { operation: 'waitFor', arguments: { byte: 4, expected: 0, found: 0 } },
      { operation: 'waitFor' },
      { thread: 'T1', operation: 'time-out', arguments: {} },
      { thread: 'T3', operation: 'notify', arguments: { byte: 4, count: 9, woken: 1 } },
    ]);
  });
});

describe('a fingerprint', () => {
  const base = (): Machine => machineOf(futexMutex(2, 1));

  it('changes with the memory, with who waits, and with how far the agents are', () => {
    const seen = new Set<string>();
    const machine = base();
    seen.add(fingerprintOf(machine));
    let steps = 0;
    // T1 takes the lock; T2 fails, marks it, and sleeps.
    for (const agent of [0, 1, 1, 1]) {
      machine.step(agent);
      steps++;
      seen.add(fingerprintOf(machine));
    }
    // A compare-and-exchange that fails changes nothing that can be seen from outside.
    expect(seen.size).toBe(steps);
  });

  it('is that of the state, whichever way led there', () => {
    const [a, b] = [machineOf(fetchAdds(2, 1)), machineOf(fetchAdds(2, 1))];
    a.step(0);
    const mark = a.mark();
    a.step(1);
    a.undo(mark);
    b.step(0);
    expect(fingerprintOf(a)).toBe(fingerprintOf(b));
  });
});
