/** The museum's verdict: found as what it is, replayed, and held without the bug; anything less is said. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { MuseumOptions } from '../../oracle/engine.ts';
import { faultOf } from '../../oracle/run/faulty.ts';
import { exhibition, museum } from '../../oracle/schedule/museum/engine.ts';
import { type Exhibit, exhibits } from '../../oracle/schedule/museum/exhibit.ts';
import { faultyImplementation } from '../../oracle/schedule/museum/faulty.ts';
import { kernelTarget } from '../../oracle/schedule/targets/kernel.ts';
import { scenarioNamed } from '../schedule/every-state.ts';

const out = mkdtempSync(join(tmpdir(), 'museum-'));
afterAll(() => rmSync(out, { recursive: true }));

const options = (...entries: readonly string[]): MuseumOptions => ({
  out,
  entries,
  timeSeconds: 60,
  seed: 1,
  signal: new AbortController().signal,
  progress: () => undefined,
});

async function exhibit(id: string): Promise<Exhibit> {
  const found = (await exhibits()).find((each) => each.id === id);
  if (found === undefined) throw new Error(`there is no ${id}`);
  return found;
}

test('what is found replays, and the code without the bug holds', async () => {
  // A bug of the field whose reason only the schedule tells, and an entry whose race the search comes to after its consequences.
  const { verdict, results, figures } = await museum(options('stale-waiter', 'G101'));
  expect(results.map(({ id, verdict: each, found }) => ({ id, each, found }))).toEqual([
    { id: 'stale-waiter', each: 'holds', found: true },
    { id: 'G101', each: 'holds', found: true },
  ]);
  expect(results[0]?.bound).toMatch(
    /^swallowed-notify in \d+ steps, .*; replayed; without the bug: holds, all schedules: \d+ states, complete/,
  );
  expect(results[1]?.bound).toMatch(/^data-race in \d+ steps, .*; replayed; /);
  expect(verdict).toBe('holds');
  expect(figures).toMatchObject({ entries: 2, found: 2 });
});

describe('it does not pass', () => {
  test('what breaks before anything is explored, and the rest is judged all the same', async () => {
    const [wrong, sound] = [await exhibit('G101'), await exhibit('stale-waiter')];
    const planted = async (id: string, scenario = 'accept-shutdown'): Promise<Exhibit> => ({
      ...wrong,
      id,
      broken: async () => kernelTarget(scenarioNamed(scenario), await faultyImplementation({ id, changes: [faultOf(id)] })),
    });
    // The kernel can't be made, and a call of the prologue does something else.
    const exhibited = [await planted('dup-not-counted'), await planted('fgetsock-without-soref', 'fputsock-close'), sound];
    const { verdict, bound, results } = await exhibition(exhibited, options());
    expect(results.map(({ id, verdict: each, found }) => ({ id, each, found }))).toEqual([
      { id: 'dup-not-counted', each: 'unknown', found: false },
      { id: 'fgetsock-without-soref', each: 'unknown', found: false },
      { id: 'stale-waiter', each: 'holds', found: true },
    ]);
    expect(results[0]?.detail).toContain('accept-shutdown: making the kernel breaks no-panic: kernel panic');
    expect(results[1]?.detail).toMatch(/fputsock-close: .* in the prologue breaks same-state: /);
    expect(verdict).toBe('unknown');
    expect(bound).toBe('1 of 3 bugs found, each within its bound');
  });

  test('what is not found', async () => {
    const wrong = await exhibit('early-notify');
    const { verdict, results } = await exhibition([{ ...wrong, broken: wrong.sound }], options());
    expect(verdict).toBe('violated');
    expect(results[0]).toMatchObject({ verdict: 'violated', found: false });
    expect(results[0]?.detail).toContain('nothing was found where assertion was expected');
  });

  test('what is found as something else', async () => {
    const wrong = await exhibit('stale-waiter');
    const { verdict, results } = await exhibition([{ ...wrong, breaks: ['missing-notify'] }], options());
    expect(verdict).toBe('violated');
    expect(results[0]).toMatchObject({ verdict: 'violated', found: false });
    expect(results[0]?.detail).toContain('swallowed-notify was found where missing-notify was expected');
  });

  test('what is found without the bug as well', async () => {
    const wrong = await exhibit('single-wait');
    const { verdict, results } = await exhibition([{ ...wrong, sound: wrong.broken }], options());
    expect(verdict).toBe('violated');
    expect(results[0]).toMatchObject({ verdict: 'violated', found: true });
    expect(results[0]?.bound).toContain('without the bug: violated');
  });
});
