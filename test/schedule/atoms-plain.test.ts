/** The step machines made of user code do, step for step, what JavaScript itself does. */
import { describe, expect, test } from 'vitest';
import { often } from '../campaign.ts';
import { dice } from '../compile/differential.ts';
import { agree, type Case, compileCase } from './atoms-agreement.ts';
import { PIECES } from './atoms-language.ts';
import { randomCase } from './atoms-random.ts';

describe('random programs on random schedules', () => {
  const PROGRAMS = often(70, 200);
  const SCHEDULES = 10;

  test('agree on every access, its address, values and result', () => {
    const ends = new Map<string, number>();
    let steps = 0;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const given = randomCase(dice(seed));
      try {
        const compiled = compileCase(given);
        for (let schedule = 1; schedule <= SCHEDULES; schedule++) {
          const agreement = agree(given, compiled, seed * 1000 + schedule);
          steps += agreement.steps;
          ends.set(agreement.end, (ends.get(agreement.end) ?? 0) + 1);
        }
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}\n${given.source}`, { cause: error });
      }
    }
    expect(steps).toBeGreaterThan(10_000);
    for (const end of ['done', 'blocked', 'assertion', 'out-of-bounds']) expect(ends.get(end) ?? 0, end).toBeGreaterThan(5);
  });
});

describe('what the language has it does as JavaScript does', () => {
  test.each(PIECES)('$name', ({ top, body, end }) => {
    const source = `import assert from 'node:assert';\n${top ?? ''}\nexport async function w(c: Int32Array, n: number) { ${body} }`;
    const given: Case = { source, memory: { c: { type: 'Int32Array', length: 8 } }, threads: [[{ call: 'w', args: ['c', 2] }]] };
    expect(agree(given, compileCase(given), 1).end).toBe(end ?? 'done');
    // The same with nothing known when it is compiled: the number is what an earlier call returned.
    const later: Case = {
      ...given,
      source: `${source}\nexport function two(c: Int32Array): number { return Atomics.load(c, 0) + 2; }`,
      threads: [
        [
          { call: 'two', args: ['c'] },
          { call: 'w', args: ['c', { resultOf: 0 }] },
        ],
      ],
    };
    expect(agree(later, compileCase(later), 1).end).toBe(end ?? 'done');
  });
});
