/**
 * SPIN falls into no trap either: it finds as many states as a naive search of the compiled model, and breaks the same invariants and
 * bounds. It takes seconds for each, so that all are for the campaign. See `../check/spin.test.ts` for what it is and where it is skipped.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { runSpin, spinIsMissing } from '../../oracle/bench/spin.ts';
import { compileModel } from '../../oracle/compile/frontend.ts';
import { emitPromela } from '../../oracle/compile/promela.ts';
import { enough } from '../campaign.ts';
import { enumerate } from '../check/enumerate.ts';
import { root } from '../prove/toys.ts';
import { TRAPS } from './traps.ts';

const missing = spinIsMissing();
const required = process.env.SOCKREF_REQUIRE_SPIN === '1';
const USUAL = ['below-zero', 'null-in-a-guard', 'first-state'];

describe.skipIf(missing !== null && !required)('SPIN', () => {
  beforeAll(() => {
    if (missing !== null) throw new Error(`SPIN is required here, and is ${missing}`);
  });

  test.each(enough(TRAPS, ({ model }) => USUAL.includes(model)))('on $model $constants', async ({ model, constants = {}, truth }) => {
    const program = { ...compileModel({ root, entry: `test/traps/models/${model}.ts`, constants }), lemmas: [] };
    const properties = program.invariants.map(({ id }) => id);
    const settings = { depth: 100_000, hashBits: 16, optimise: false, allErrors: true, timeoutSeconds: 100 };
    const report = await runSpin(emitPromela(program, { properties, bounds: true }), settings);
    expect(report).toMatchObject({ states: enumerate(program).states, complete: true });
    const name = (id: string): string => (id === 'no-overflow' ? 'fault' : `holds_${id.replaceAll(/[^A-Za-z0-9]+/g, '_')}`);
    const broken = Object.keys(truth).filter((id) => report.broken.some((assertion) => assertion.includes(name(id))));
    expect(broken.sort()).toEqual(
      Object.keys(truth)
        .filter((id) => truth[id] !== null)
        .sort(),
    );
  });
});
