/** The report of a race names both places, the order that is missing, and whether values can be torn. */
import { describe, expect, test } from 'vitest';
import { describeRace, type RaceReport } from '../../oracle/schedule/race-report.ts';
import { random } from '../../oracle/schedule/strategies/random.ts';
import { executions, exploring } from './exploring.ts';
import { constant, type Line, makeFunction, makeProgram, threads } from './programs.ts';
import { describeProgram, smallProgram } from './small.ts';

function raceOf(first: readonly Line[], second: readonly Line[], schedule: readonly number[]): RaceReport | null {
  const program = makeProgram([makeFunction('one', 0, 1, first), makeFunction('two', 0, 1, second)], 4, threads(['one'], ['two']));
  return describeRace(program, schedule, 'access', { agent: 0, race: { other: 1, from: 0, bytes: 0 } });
}

const put: Line = { door: 'put', args: [constant(2), constant(1)] };
const get: Line = { door: 'get', args: [constant(2)], result: 0 };
const publish: Line = { door: 'store', args: [constant(1), constant(1)] };

describe('the report of a race', () => {
  test('names both accesses and what is missing between them', () => {
    expect(raceOf([put], [get], [0, 1])?.text).toBe(
      [
        'a data race on word 2',
        'T1 writes plainly (put, 4 bytes at 8) at one.ts:1 (one), step 1',
        'T2 reads plainly (get, 4 bytes at 8) at two.ts:1 (two), step 2',
        'nothing orders them: T1 has published nothing between the two',
        'a reader sees all of a write or nothing of it',
      ].join('\n'),
    );
    expect(raceOf([put, publish], [get], [0, 0, 1])?.text).toContain(
      'T1 next publishes by the store of word 1 at one.ts:2 (one), step 2, and T2 has not read from it, nor from anything after it, before its access',
    );
    expect(raceOf([put, publish], [{ door: 'load', args: [constant(1)] }, get], [0, 0, 1, 1])).toBeNull();
  });

  test('says that both write the same', () => {
    expect(raceOf([put], [put], [0, 1])?.text).toContain('both leave the same value, 1');
  });

  test('makes the accesses that a search found to be the next ones', () => {
    expect(raceOf([put], [get], [])).toMatchObject({ earlier: { agent: 0 }, later: { agent: 1 }, from: 8, bytes: 4 });
  });

  test.each<readonly [string, Line, Line, boolean, number, number]>([
    ['one plain word against the same atomic word', put, { door: 'add', args: [constant(2), constant(1)] }, false, 8, 4],
    [
      'a word against half of it',
      { door: 'store', args: [constant(2), constant(1)] },
      { door: 'load', args: [constant(10)], cell: 'u16' },
      true,
      10,
      2,
    ],
    ['a word against one byte of it', put, { door: 'getByte', args: [constant(9)] }, false, 9, 1],
    [
      'the same byte',
      { door: 'putByte', args: [constant(9), constant(1)] },
      { door: 'load', args: [constant(9)], cell: 'i8' },
      false,
      9,
      1,
    ],
    ['a fill against a word', { door: 'zero', args: [constant(2), constant(1)] }, get, true, 8, 4],
    ['a copy from a word', put, { door: 'copy', args: [constant(12), constant(8), constant(4)] }, true, 8, 4],
    ['a copy of one byte', put, { door: 'copy', args: [constant(12), constant(11), constant(1)] }, false, 11, 1],
  ])('%s', (_, first, second, tearing, from, bytes) => {
    expect(raceOf([first], [second], [0, 1])).toMatchObject({ tearing, from, bytes });
    expect(raceOf([first], [second], [1, 0])).toMatchObject({ tearing, from, bytes });
  });

  test('is there for every race that a search finds', async () => {
    let races = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const has = {
        agents: 2 + (seed % 2),
        calls: 3,
        plain: 'anyhow',
        widths: true,
        futex: true,
        timed: true,
        promises: true,
        guards: false,
      } as const;
      const program = smallProgram(seed, has);
      const { violation } = await random(exploring(program, { ...executions(40), seed }));
      if (violation?.violation.id !== 'data-race') continue;
      const told = describeRace(program, violation.schedule, 'block', violation.violation);
      const { agent, race } = violation.violation;
      expect([told?.earlier.agent, told?.later.agent].sort(), `seed ${seed}\n${describeProgram(program)}`).toEqual(
        [agent, race?.other].sort(),
      );
      races++;
    }
    expect(races).toBeGreaterThan(60);
  });
});
