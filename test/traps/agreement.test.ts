/**
 * On random systems no engine contradicts another: all states (as compiled, reduced, one of each orbit), bounded traces depth by depth,
 * random walks and induction, against an interpretation. What was looked at is counted: agreement about nothing would say nothing.
 */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { compileModel } from '../../oracle/compile/frontend.ts';
import { openProgram } from '../../oracle/compile/open.ts';
import { CAMPAIGN } from '../campaign.ts';
import { root } from '../prove/toys.ts';
import { type Agreed, agree, type Asked } from './agree.ts';
import { randomSystem } from './random-system.ts';

/** Seeds of one test: what is opened together is quicker. */
const TOGETHER = 140;
const SEEDS = Number(process.env.SOCKREF_SEEDS ?? (CAMPAIGN ? 2_800 : 220));
const FROM = Number(process.env.SOCKREF_FROM ?? 0);
/** Solvers take half of the time: of every third bounded traces are asked. Induction is judged in closed.test.ts and by the traps as well. */
function asked(seed: number): Asked {
  if (CAMPAIGN) return { depth: 5, induction: true, thorough: true };
  return { depth: seed % 3 === 0 ? 3 : 0, induction: false, thorough: seed % 8 === 0 };
}

const agreed: Agreed[] = [];

describe('no engine contradicts another', () => {
  const starts = Array.from({ length: Math.ceil(SEEDS / TOGETHER) }, (_, at) => FROM + at * TOGETHER);
  test.each(starts)('on random systems from %i on', async (from) => {
    const systems = Array.from({ length: TOGETHER }, (_, at) => ({
      seed: from + at,
      entry: `test/traps/models/random-${from + at}.ts`,
      ...randomSystem(from + at),
    }));
    const sources = Object.fromEntries(systems.map(({ entry, source }) => [entry, source]));
    const opened = openProgram(
      { root, sources },
      systems.map(({ entry }) => path.join(root, entry)),
    );
    for (const { seed, entry, usesFirst } of systems) {
      const program = compileModel({ root, entry, sources }, opened);
      try {
        const outcome = await agree(program, usesFirst, asked(seed));
        if (outcome !== null) agreed.push(outcome);
      } catch (error) {
        throw new Error(`random system ${seed}`, { cause: error });
      }
    }
  });
});

test('of these there are enough, of every sort', () => {
  const share = (of: (each: Agreed) => boolean): number => agreed.filter(of).length / agreed.length;
  const depths = agreed.flatMap(({ broken }) => Object.values(broken));
  expect(agreed.length).toBeGreaterThanOrEqual((SEEDS * 2) / 3);
  expect(share(({ broken }) => Object.keys(broken).length > 0)).toBeGreaterThan(0.3);
  expect(share(({ broken }) => Object.keys(broken).length === 0)).toBeGreaterThan(0.3);
  expect(share(({ broken }) => 'no-overflow' in broken)).toBeGreaterThan(0.1);
  // Soon, later, and beyond what bounded traces are asked about.
  for (const at of [0, 1, 2, 3, 4, 5]) expect(depths).toContain(at);
  expect(depths.filter((at) => at >= 3).length).toBeGreaterThan(agreed.length / 10);
  expect(share(({ truth }) => truth.depth >= 6)).toBeGreaterThan(0.2);
  expect(share(({ states }) => states > 50)).toBeGreaterThan(0.2);
  expect(share(({ symmetry }) => symmetry === 'kept')).toBeGreaterThan(0.4);
  expect(share(({ symmetry }) => symmetry === 'refused')).toBeGreaterThan(0.1);
  expect(share(({ orbits, reduced }) => orbits !== null && orbits < reduced)).toBeGreaterThan(0.3);
  expect(share(({ states, reduced }) => reduced < states)).toBeGreaterThan(0.05);
});
