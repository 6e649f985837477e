/** Every planted fault is found by a run of a few hundred programs, with a short program that replays; the implementation as it is passes the same. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readCounterexample } from '../../oracle/counterexample.ts';
import { replay } from '../../oracle/replay/index.ts';
import { changed, FAULTS, faultOf } from '../../oracle/run/faulty.ts';
import { runPrograms } from '../../oracle/run/index.ts';
import { UsageError } from '../../oracle/usage.ts';
import { enough } from '../campaign.ts';
import { quiet, runOptions } from './rig.ts';

/** Each was found within 200 programs when this was written; another generator may take longer for some. */
const RUNS = 600;
/** The longest shrunk program had 14 steps. */
const STEPS = 16;

const out = mkdtempSync(join(tmpdir(), 'sockref-faults-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

it('there are enough of them, each with a name of its own', () => {
  expect(FAULTS.length).toBeGreaterThanOrEqual(55);
  expect(new Set(FAULTS.map(({ id }) => id)).size).toBe(FAULTS.length);
});

// Only some of them are run every time: one whose place is gone is seen all the same.
it('each finds its place', () => {
  for (const fault of FAULTS) expect(() => changed(fault), fault.id).not.toThrow();
});

// Each takes a run of hundreds of programs: every fifteenth of them, and all in a campaign.
describe.each(enough(FAULTS, ({ id, giant }) => giant === true || FAULTS.findIndex((fault) => fault.id === id) % 15 === 0))(
  '$id: $text',
  ({ id, giant }) => {
    it('is found, and happens again on replay, and not without the fault', async () => {
      const outcome = await runPrograms(runOptions({ runs: RUNS, fault: id, giant: giant === true, out }));
      const [row] = outcome.results;
      expect(outcome.verdict).toBe('violated');
      expect(outcome.figures.steps).toBeLessThanOrEqual(STEPS);
      expect(row?.detail).toMatch(/✗ .*\nbreaks .*\nimplementation .+\n(.*\n)*specification .+/);

      const counterexample = await readCounterexample(row?.counterexample ?? '');
      if (counterexample.engine !== 'run') throw new Error('a run has written the counterexample of another engine');
      expect(counterexample).toMatchObject({ fault: id, breaks: row?.id });
      expect(counterexample.steps.at(-1)).toMatchObject({ seen: expect.any(String), allowed: expect.any(String) });
      expect(counterexample.steps.every((step) => /^(model|oracle)\/.*\.ts:[1-9]\d*$/.test(step.source))).toBe(true);

      const again = await replay(counterexample, quiet);
      expect(again).toMatchObject({ verdict: 'violated', results: [{ id: row?.id }] });
      const without = await replay({ ...counterexample, fault: null }, quiet);
      expect(without.results[0]?.detail).toMatch(new RegExp(`all steps went through and ${row?.id} is not broken any more$`));
      expect(without.verdict).toBe('holds');
    });
  },
);

it('without a fault, the very same programs pass', async () => {
  const outcome = await runPrograms(runOptions({ runs: RUNS }));
  expect(outcome.results[0]?.detail).toBeUndefined();
  expect(outcome.verdict).toBe('holds');
});

describe('a fault that no longer fits', () => {
  const fault = faultOf('accept-without-soref');
  it.each([
    ['its function is gone', 'export function other(): void {}', 'a function soaccept_dequeue'],
    ['its place in the function is gone', 'function soaccept_dequeue(): void {}', 'a call soref(…) in soaccept_dequeue, found none'],
    [
      'there are two such places',
      'function soaccept_dequeue(): void { soref(1); soref(2); }',
      'a call soref(…) in soaccept_dequeue, found 2',
    ],
  ])('says so when %s', (_what, text, lookedFor) => {
    expect(() => changed(fault, new Map([[fault.file, text]]))).toThrow(
      `the fault accept-without-soref no longer fits impl/kern/accept.ts: looked for ${lookedFor}`,
    );
  });

  it('and one that nobody has heard of is refused with the nearest name', () => {
    expect(() => faultOf('accept-without-sorele')).toThrow(UsageError);
    expect(() => faultOf('accept-without-sorele')).toThrow('Did you mean accept-without-soref?');
  });
});
