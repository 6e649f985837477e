/**
 * The strategies that are complete, against every interleaving of random programs: they end in every way that is possible and in no
 * other, and find a race if and only if there is one.
 */
import { describe, expect, test } from 'vitest';
import type { Strategy } from '../../oracle/schedule/exploration.ts';
import { dpor } from '../../oracle/schedule/strategies/dpor.ts';
import { naive } from '../../oracle/schedule/strategies/naive.ts';
import { states } from '../../oracle/schedule/strategies/states.ts';
import type { Program } from '../../oracle/schedule/program.ts';
import { often } from '../campaign.ts';
import { exploring } from './exploring.ts';
import { outcome, reference } from './reference.ts';
import { describeProgram, type Ingredients, mixture, smallProgram, writtenProgram } from './small.ts';

const STRATEGIES: readonly (readonly [string, Strategy])[] = [
  ['states', states],
  ['dpor', dpor],
];

/** Programs without plain accesses outside of locks; some have mixed widths, and so races. */
function quiet(seed: number): Ingredients {
  return { ...mixture(seed), plain: seed % 2 === 0 ? 'locked' : 'none', widths: false };
}

interface Ends {
  readonly outcomes: ReadonlySet<string>;
  readonly raced: boolean;
  readonly complete: boolean;
  readonly executions: number;
}

async function ends(strategy: Strategy, program: Program): Promise<Ends> {
  const outcomes = new Set<string>();
  const { complete, violation, figures } = await strategy(
    exploring(program, {
      atEnd: (machine) => {
        outcomes.add(outcome(machine));
        return null;
      },
    }),
  );
  return { outcomes, raced: violation?.violation.id === 'data-race', complete, executions: figures.executions };
}

describe('complete strategies', () => {
  test('end in all the ways that programs without races can end in, and in no other', async () => {
    let [programs, interleavings, outcomes] = [0, 0, 0];
    for (let seed = 1; programs < 1000; seed++) {
      const program = smallProgram(seed, quiet(seed));
      const expected = reference(program, 'block', 250);
      if (!expected.complete) continue;
      for (const [name, strategy] of STRATEGIES) {
        const got = await ends(strategy, program);
        const where = `${name}, seed ${seed}\n${describeProgram(program)}`;
        expect([got.raced, got.complete], where).toEqual([false, true]);
        expect([...got.outcomes].sort(), where).toEqual([...expected.outcomes].sort());
      }
      programs++;
      interleavings += expected.interleavings;
      outcomes += expected.outcomes.size;
    }
    expect(interleavings).toBeGreaterThan(20_000);
    expect(outcomes).toBeGreaterThan(2_500);
  });

  test('dpor takes exactly one schedule of each class', async () => {
    let [programs, classes, interleavings, several] = [0, 0, 0, 0];
    for (let seed = 2000; programs < 150; seed++) {
      const program = smallProgram(seed, quiet(seed));
      const expected = reference(program, 'block', 600, 'classes');
      if (!expected.complete) continue;
      const got = await ends(dpor, program);
      expect([got.complete, got.executions], `seed ${seed}\n${describeProgram(program)}`).toEqual([true, expected.classes.size]);
      programs++;
      if (expected.classes.size > 1) several++;
      classes += expected.classes.size;
      interleavings += expected.interleavings;
    }
    expect(several).toBeGreaterThan(75);
    expect(interleavings).toBeGreaterThan(5 * classes);
  });

  // Whether a wait queues, or a guard holds, is decided by writes that commute with what the wait and the guard then do not commute with.
  const CONDITIONAL: readonly (readonly [string, readonly (readonly string[])[]])[] = [
    [
      'a notify before a wait that a write makes pass',
      [
        ['setAndNotify(2, 1, 2)', 'exchange(3, 1)'],
        ['add(2, 1)', 'notify(3, 2)'],
        ['load(2)', 'forget(12, 0)'],
      ],
    ],
    ['a time-out before a wait that a write makes pass', [['waitFor(3, 0)'], ['wait(3, 0)'], ['[2 zero] exchange(3, 2)']]],
    [
      'a guard before a write of one byte',
      [
        ['load(3)', 'add_u8(13, -209)'],
        ['exchange(2, 1)', '[3 zero] add(2, 1)'],
      ],
    ],
  ];
  test.each(CONDITIONAL)('dpor tries %s', async (_, scripts) => {
    const program = writtenProgram(...scripts);
    const expected = reference(program, 'block', 100_000, 'classes', 'races');
    const got = await ends(dpor, program);
    expect([expected.complete, got.raced]).toEqual([true, expected.races.size > 0]);
    if (got.raced) return;
    expect([got.complete, got.executions]).toEqual([true, expected.classes.size]);
    expect([...got.outcomes].sort()).toEqual([...expected.outcomes].sort());
  });

  test('naive goes through every interleaving', async () => {
    for (let seed = 3000; seed < 3060; seed++) {
      const program = smallProgram(seed, quiet(seed));
      const expected = reference(program, 'block', 250);
      if (expected.complete) expect((await ends(naive, program)).executions, `seed ${seed}`).toBe(expected.interleavings);
    }
  });

  test('find a race if and only if there is one', async () => {
    let [racy, free] = [0, 0];
    for (let seed = 1; racy + free < often(100, 250); seed++) {
      const program = smallProgram(seed, { ...mixture(seed), plain: 'anyhow', widths: seed % 3 === 0, calls: 2, guards: false });
      const expected = reference(program, 'block', 150, 'races');
      if (!expected.complete) continue;
      for (const [name, strategy] of STRATEGIES) {
        const got = await ends(strategy, program);
        expect(got.raced, `${name}, seed ${seed}\n${describeProgram(program)}`).toBe(expected.races.size > 0);
      }
      if (expected.races.size > 0) racy++;
      else free++;
    }
    expect(racy).toBeGreaterThan(28);
    expect(free).toBeGreaterThan(28);
  });
});
