/**
 * A history on file is worth what the specification says of it now, and what can be found among the schedules: what was wrong stays wrong
 * as long as nothing changes, and never becomes right because nobody can make it happen again.
 */
import { describe, expect, it } from 'vitest';
import { parseCounterexample, type StressCounterexample } from '../../oracle/counterexample.ts';
import { withOrigin } from '../../oracle/origin.ts';
import { replayHistoryOn } from '../../oracle/replay/history.ts';
import { replay } from '../../oracle/replay/index.ts';
import { SCENARIOS } from '../../oracle/schedule/kernel/scenarios.ts';
import { collection } from '../../oracle/schedule/museum/collection.ts';
import { type Happened, stepsOf } from '../../oracle/schedule/stress/history-file.ts';
import { pristineTarget } from '../../oracle/schedule/targets/pristine.ts';

const work = { seed: 1, signal: new AbortController().signal, progress: () => undefined };
const scenario = SCENARIOS.find(({ id }) => id === 'receive-send');
if (scenario === undefined) throw new Error('there is no receive-send');
const target = await pristineTarget(scenario);

const call = (agent: number, index = 0): Happened => ({ kind: 'call', agent, index, result: 0 });
const back = (agent: number, result: number, index = 0): Happened => ({ kind: 'return', agent, index, result });
const ADMITTED = [call(0), call(1), back(1, 16), back(0, 16)];
/** More is received than was sent. */
const NOT_ADMITTED = [call(0), call(1), back(1, 16), back(0, 32)];

function fileOf(history: readonly Happened[], changes: Partial<StressCounterexample> = {}): StressCounterexample {
  return withOrigin({
    format: 'sockref-counterexample/1',
    engine: 'stress',
    subject: 'impl',
    design: 'sockref',
    scenario: target.id,
    seed: 1,
    breaks: 'history',
    fault: null,
    configuration: { ...target.configuration },
    program: target.scenario as StressCounterexample['program'],
    steps: [...stepsOf(target.program, history)],
    ...changes,
  });
}

/** As if it had been written by other sources. */
function elsewhere(file: StressCounterexample): StressCounterexample {
  return { ...file, origin: { content: file.origin?.content ?? '', sources: 'abc' } };
}

const detailOf = async (file: StressCounterexample): Promise<readonly [string, string]> => {
  const { verdict, results } = await replay(file, work);
  return [verdict, results[0]?.detail ?? ''];
};

describe('a history of real threads', () => {
  it('comes back from its file as it was', () => {
    const file = fileOf(NOT_ADMITTED);
    expect(parseCounterexample(new TextEncoder().encode(JSON.stringify(file)), 'file')).toEqual(file);
  });

  it('that is not admitted is so again, and the step is named', async () => {
    const [verdict, detail] = await detailOf(fileOf(NOT_ADMITTED));
    expect(verdict).toBe('violated');
    expect(detail).toMatch(/✗ {3}4 {2}T1 returns 32 from receive.*\n.*does not admit step 4/);
  });

  it('that is admitted was never one that breaks anything, unless the specification has changed', async () => {
    expect(await detailOf(fileOf(ADMITTED))).toEqual([
      'unknown',
      expect.stringContaining('nothing has changed since the file was written'),
    ]);
    expect(await detailOf(elsewhere(fileOf(ADMITTED)))).toEqual(['holds', expect.stringContaining('admits this history now')]);
  });

  it('of other sources is looked for among all schedules of those that there are', async () => {
    expect(await detailOf(elsewhere(fileOf(NOT_ADMITTED)))).toEqual([
      'holds',
      expect.stringContaining('no schedule of it breaks history any more'),
    ]);
    const entry = (await collection()).find(({ id }) => id === 'G06');
    const named = SCENARIOS.find(({ id }) => id === entry?.scenario);
    if (named === undefined) throw new Error('G06 is for a scenario by name');
    const program = named as StressCounterexample['program'];
    const leak = { program, scenario: named.id, fault: 'G06', breaks: 'leak', steps: [] };
    expect(await detailOf(fileOf([], leak))).toEqual(['violated', expect.stringContaining('a schedule of it breaks leak:')]);
    expect(await detailOf(elsewhere(fileOf([], { ...leak, fault: null })))).toEqual(['holds', expect.stringContaining('any more')]);
  });

  it('that ended otherwise, after nothing that is not admitted, is found on a schedule or by nobody', async () => {
    expect(await detailOf(fileOf(ADMITTED, { breaks: 'leak' }))).toEqual(['unknown', expect.stringContaining('and real threads did')]);
    expect(await detailOf(fileOf(NOT_ADMITTED, { breaks: 'leak' }))).toEqual(['unknown', expect.stringContaining('diverged at step 4')]);
  });

  it('that can not be is refused with its field', async () => {
    const file = fileOf(ADMITTED);
    const at = (index: number, changes: object): StressCounterexample =>
      ({ ...file, steps: file.steps.map((step, n) => (n === index ? { ...step, ...changes } : step)) }) as StressCounterexample;
    const refused = async (changed: StressCounterexample): Promise<unknown> =>
      replayHistoryOn(target, changed, work).then(
        () => 'accepted',
        (error: Error & { details?: { field?: string } }) => error.details?.field,
      );
    expect(await refused(at(0, { thread: 'T7' }))).toBe('steps[0].thread');
    expect(await refused(at(0, { operation: 'accept' }))).toBe('steps[0].operation');
    expect(await refused(at(0, { arguments: { call: 1 } }))).toBe('steps[0].arguments.call');
    expect(await refused(at(1, { arguments: { call: 0, result: 1 } }))).toBe('steps[1].arguments.call');
    expect(await refused(at(3, { arguments: { call: 0, result: 17 } }))).toBe('steps[3].fingerprint');
    expect(await refused({ ...file, steps: [...file.steps, ...file.steps.slice(3)] })).toBe('steps[4].arguments.call');
    await expect(replay(fileOf(ADMITTED, { breaks: 'nonsense' }), work)).rejects.toThrow(/breaks is nothing that a schedule/);
    await expect(replay(file, { ...work, workers: true })).rejects.toThrow(/--workers is for schedules of explore/);
  });
});
