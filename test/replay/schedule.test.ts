/**
 * A schedule on file is worth something only if it is followed exactly: the same steps with the same numbers, or the step at which the
 * two part. A replay that goes on with other steps and ends somewhere would be believed.
 */
import { describe, expect, it } from 'vitest';
import { type ExploreCounterexample, parseCounterexample } from '../../oracle/counterexample.ts';
import { withOrigin } from '../../oracle/origin.ts';
import { replayOn } from '../../oracle/replay/schedule.ts';
import { type Exploration, NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import { reasoned } from '../../oracle/schedule/reason.ts';
import { record } from '../../oracle/schedule/recording.ts';
import { random } from '../../oracle/schedule/strategies/random.ts';
import type { Target } from '../../oracle/schedule/target.ts';
import { litmusTarget } from '../../oracle/schedule/targets/litmus.ts';
import { constant, makeFunction, makeProgram, threads } from '../schedule/programs.ts';
import { lossy, racy, sound, toyTarget } from '../schedule/toys.ts';
import { often } from '../campaign.ts';

const quiet = { seed: 1, signal: new AbortController().signal, progress: () => undefined };
const asIs = { threads: null, ops: null };
const TARGETS: readonly Target[] = [
  toyTarget('lossy', lossy()),
  toyTarget('racy', racy()),
  ...(await Promise.all(
    ['refcount-two-steps', 'bounded-queue-wrong', 'condvar-late', 'single-wait', 'futex-mutex-forgetful', 'ring-hasty'].map((id) =>
      litmusTarget(id, asIs),
    ),
  )),
];

const machineOf = ({ program }: Target): Machine => new Machine(program, { granularity: 'block', hashed: false });

/** What random schedules with this seed come upon. */
async function counterexample(target: Target, seed: number): Promise<ExploreCounterexample> {
  const exploration: Exploration = {
    machine: machineOf(target),
    limits: { ...NO_LIMITS, executions: 5_000 },
    seed,
    preemptions: null,
    symmetry: false,
    signal: quiet.signal,
    progress: () => undefined,
    atEnd: target.atEnd,
  };
  const { violation: found } = await random(exploration);
  if (found === null) throw new Error(`nothing was found in ${target.id}`);
  return withOrigin({
    format: 'sockref-counterexample/1',
    engine: 'explore',
    subject: 'litmus',
    design: null,
    scenario: target.id,
    seed,
    breaks: reasoned(target, found, 'block').violation.id,
    fault: null,
    granularity: 'block',
    atomicLocks: false,
    configuration: { ...target.configuration },
    program: null,
    steps: [...record(machineOf(target), found.schedule)],
  });
}

const throughFile = (file: ExploreCounterexample): ExploreCounterexample =>
  parseCounterexample(new TextEncoder().encode(JSON.stringify(file)), 'file') as ExploreCounterexample;

describe('hundreds of counterexamples, 1000 in a campaign', () => {
  it.each(TARGETS)('of $id, an eighth each, replay identically', async (target) => {
    const different = new Set<string>();
    for (let seed = 1; seed <= often(40, 125); seed++) {
      const file = throughFile(await counterexample(target, seed));
      different.add(JSON.stringify(file.steps));
      const outcome = await replayOn(target, file, quiet);
      expect(outcome.verdict, outcome.results[0]?.detail).toBe('violated');
      expect(outcome.figures).toEqual({ steps: file.steps.length, stepsRecorded: file.steps.length });
    }
    expect(different.size).toBeGreaterThan(1);
  });
});

describe('a schedule that can not be followed', () => {
  const [target] = TARGETS as readonly [Target];

  it('is reported at the first step that differs, wherever that is', async () => {
    const file = await counterexample(target, 1);
    for (const [index, step] of file.steps.entries()) {
      const changes: readonly Partial<typeof step>[] = [
        { operation: 'exchange' },
        { source: 'test/toys/lossy.ts:99' },
        { arguments: { ...step.arguments, byte: 12 } },
        { arguments: {} },
        ...(index === file.steps.length - 1 ? [] : [{ fingerprint: 'abc' }]),
      ];
      for (const change of changes) {
        const steps = file.steps.with(index, { ...step, ...change });
        const outcome = await replayOn(target, { ...file, steps }, quiet);
        expect(outcome.verdict).toBe('unknown');
        expect(outcome.results[0]?.detail).toContain(`diverged at step ${index + 1}: `);
      }
    }
  });

  it('is reported at the step where edited code does something else', async () => {
    const functions = (value: number) => [
      makeFunction('first', 0, 0, [
        { door: 'store', args: [constant(1), constant(1)] },
        { door: 'store', args: [constant(1), constant(value)] },
        { door: 'fail', args: [constant(1), constant(1)] },
      ]),
      makeFunction('second', 0, 0, [{ door: 'load', args: [constant(1)] }]),
    ];
    const program = (value: number) => toyTarget('edited', makeProgram(functions(value), 4, threads(['first'], ['second'])));
    const file = await counterexample(program(2), 1);
    const at = file.steps.findIndex(({ arguments: { value } }) => value === 2) + 1;
    expect(at).toBeGreaterThan(1);
    const outcome = await replayOn(program(3), file, quiet);
    expect(outcome).toMatchObject({ verdict: 'unknown', figures: { steps: at } });
    expect(outcome.results[0]?.detail).toContain(`diverged at step ${at}: expected store (byte 4, value 2) at test/toys/first.ts:2`);
  });

  it('is refused when it names an agent that there is not', async () => {
    const file = await counterexample(target, 1);
    const steps = file.steps.map((step) => ({ ...step, thread: 'T9' }));
    await expect(replayOn(target, { ...file, steps }, quiet)).rejects.toThrow(/steps\[0\]\.thread is nobody who acts.*T9/);
  });

  it('ends where an agent can not move', async () => {
    const file = await counterexample(target, 1);
    const [first] = file.steps;
    if (first === undefined) throw new Error('no steps');
    const steps = Array.from({ length: 40 }, () => first);
    const outcome = await replayOn(target, { ...file, steps }, quiet);
    expect(outcome.verdict).toBe('unknown');
  });
});

describe('steps that all go through', () => {
  it('and break nothing are no pass while nothing has changed', async () => {
    const target = toyTarget('sound', sound());
    const steps = [...record(machineOf(target), [0, 1])];
    const file = { ...(await counterexample(TARGETS[0] as Target, 1)), scenario: 'sound', configuration: { threads: 2 }, steps };
    const outcome = await replayOn(target, withOrigin(file), quiet);
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.results[0]?.detail).toContain('nothing has changed since the file was written');
  });

  it('and break something else say so', async () => {
    const file = await counterexample(TARGETS[0] as Target, 1);
    const outcome = await replayOn(TARGETS[0] as Target, { ...file, breaks: 'data-race' }, quiet);
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.results[0]?.detail).toContain('breaks something else: assertion, where data-race was recorded');
  });
});
