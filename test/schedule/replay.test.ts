/** A recorded schedule is followed step by step, or the first step that differs is told. */
import { describe, expect, test } from 'vitest';
import { Machine } from '../../oracle/schedule/machine.ts';
import type { Program } from '../../oracle/schedule/program.ts';
import { random } from '../../oracle/schedule/strategies/random.ts';
import { follow, type RecordedStep, record, replay } from '../../oracle/schedule/strategies/replay.ts';
import { executions, exploring } from './exploring.ts';
import { constant, type Line, local, makeFunction, makeProgram, plus, threads } from './programs.ts';
import { smallProgram } from './small.ts';

const UPDATE: readonly Line[] = [
  { door: 'load', args: [constant(1)], result: 0 },
  { door: 'store', args: [constant(1), plus(local(0), constant(1))] },
];

const program = (lines: readonly Line[] = UPDATE): Program =>
  makeProgram([makeFunction('work', 0, 1, lines)], 4, threads(['work'], ['work']));
const machine = (of: Program): Machine => new Machine(of, { granularity: 'block', hashed: true });
const lost = ({ words }: Machine): { id: string; agent: number; text: string } | null =>
  words[1] === 2 ? null : { id: 'final-state', agent: -1, text: `the counter is ${words[1]}` };

describe('replay', () => {
  const steps = record(machine(program()), [0, 1, 0, 1]);

  test('breaks again what was broken', async () => {
    expect(steps[0]).toMatchObject({ transition: 0, operation: 'load', from: 4, bytes: 4, place: 'work.ts:1' });
    expect(steps[0]?.fingerprint).toMatch(/^[0-9a-f]{32}$/);
    const again = machine(program());
    expect(follow(again, steps, lost)).toMatchObject({ kind: 'violated', violation: { id: 'final-state' }, steps: 4 });
    // It went back to the start.
    expect(follow(again, steps, lost)).toMatchObject({ kind: 'violated' });
    const { violation, complete } = await replay(steps)(exploring(program(), { atEnd: lost }));
    expect([violation?.violation.id, violation?.schedule, complete]).toEqual(['final-state', [0, 1, 0, 1], false]);
  });

  test('runs through where nothing is wrong any more', () => {
    expect(follow(machine(program()), steps, () => null)).toEqual({ kind: 'ran', steps: 4, ended: true });
    expect(follow(machine(program()), steps.slice(0, 3), lost)).toEqual({ kind: 'ran', steps: 3, ended: false });
  });

  test('tells the first step that is another one in edited code', async () => {
    const [first, second] = UPDATE as [Line, Line];
    const edited = program([first, { door: 'load', args: [constant(2)] }, second]);
    const withoutFingerprints = steps.map((step) => ({ ...step, fingerprint: null }));
    const replayed = follow(machine(edited), withoutFingerprints, lost);
    expect(replayed).toMatchObject({ kind: 'diverged', step: 3, recorded: { operation: 'store' } });
    expect((replayed as { why: string }).why).toBe(
      'T1 is about to do load of 4 bytes at 8 at work.ts:2; recorded is store of 4 bytes at 4 at work.ts:2',
    );
    const { stopped, violation, complete } = await replay(withoutFingerprints)(exploring(edited, { atEnd: lost }));
    expect([violation, complete]).toEqual([null, false]);
    expect(stopped).toContain('diverged at step 3');
  });

  test('sees by the fingerprint what no operation shows', () => {
    const [first] = UPDATE as [Line];
    // What an agent is about to store is part of the state after the step before.
    const edited = program([first, { door: 'store', args: [constant(1), plus(local(0), constant(2))] }]);
    const replayed = follow(machine(edited), steps, lost);
    expect(replayed).toMatchObject({ kind: 'diverged', step: 1, why: 'T1 made the recorded step, but the state after it is another one' });
  });

  test('refuses transitions that are not possible', () => {
    const broken = (transition: number): RecordedStep[] => steps.map((step, n) => (n === 3 ? { ...step, transition } : step));
    for (const [transition, why] of [
      [0, 'T1 can’t move here: its script has ended'],
      [2, 'time-out of T1 can’t move here: it is in no wait with a time-out'],
      [7, 'the program has no transition 7'],
      [-1, 'the program has no transition -1'],
      [0.5, 'the program has no transition 0.5'],
    ] as const) {
      const replayed = follow(machine(program()), broken(transition));
      expect(replayed).toMatchObject({ kind: 'diverged', step: 4, why: why.replace('’', "'") });
    }
  });

  test('of what random schedules did, whatever they did', async () => {
    let followed = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const has = {
        agents: 2 + (seed % 2),
        calls: 3,
        plain: 'anyhow',
        widths: true,
        futex: true,
        timed: true,
        promises: true,
        guards: true,
      } as const;
      const small = smallProgram(seed, has);
      const { violation } = await random(
        exploring(small, { ...executions(30), seed, atEnd: () => ({ id: 'end', agent: -1, text: 'the end' }) }),
      );
      if (violation === null) continue;
      const again = machine(small);
      const recorded = record(again, violation.schedule);
      const replayed = follow(again, recorded, () => ({ id: 'end', agent: -1, text: 'the end' }));
      expect(replayed).toMatchObject({ kind: 'violated', violation: { id: violation.violation.id }, steps: violation.schedule.length });
      followed++;
    }
    expect(followed).toBeGreaterThan(140);
  });
});
