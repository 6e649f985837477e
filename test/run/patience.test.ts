/** An implementation that never comes back does not keep the run: it is found, with or without a clock, and so is the replay of it. */
import { describe, expect, it } from 'vitest';
import { readCounterexample, type RunCounterexample } from '../../oracle/counterexample.ts';
import { replay } from '../../oracle/replay/index.ts';
import { type Implementation, type Machine, pristine } from '../../oracle/run/implementation.ts';
import { runPrograms } from '../../oracle/run/index.ts';
import { STOPPED, stopAfter, watchingOnce } from '../../oracle/run/patience.ts';
import type { Outcome } from '../../oracle/verdict.ts';
import { quiet, runOptions, withDirectory } from './rig.ts';

/** Long enough for any program, short enough for a test. */
const SECONDS = 2;

function forEver(): never {
  for (;;);
}

/** The implementation as it is, but for its clock. */
function withTick(tick: Machine['tick']): Implementation {
  return { boot: (sizes) => ({ ...pristine.boot(sizes), tick }) };
}

async function fileOf({ results }: Outcome): Promise<RunCounterexample> {
  const file = await readCounterexample(results[0]?.counterexample ?? '');
  if (file.engine !== 'run') throw new Error('a run has written the counterexample of another engine');
  return file;
}

describe('code that may run for so long', () => {
  it('gives its value, or its error', () => {
    expect(stopAfter(SECONDS, () => 7)).toBe(7);
    expect(() =>
      stopAfter(SECONDS, () => {
        throw new Error('its own');
      }),
    ).toThrow('its own');
  });

  it('is stopped if it does not come back, in whatever it is', () => {
    expect(stopAfter(0.05, forEver)).toBe(STOPPED);
    const nobody = new Int32Array(new SharedArrayBuffer(4));
    expect(stopAfter(0.05, () => Atomics.wait(nobody, 0, 0))).toBe(STOPPED);
    expect(
      stopAfter(0.05, () => {
        try {
          return forEver();
        } catch {
          return 'caught';
        }
      }),
    ).toBe(STOPPED);
  });

  it('is watched together with others, and alone where one of them does not come back', () => {
    const runs = (...some: readonly (() => number)[]): { readonly found: unknown; readonly times: number } => {
      let times = 0;
      const found = watchingOnce(0.2, (watch) => {
        times++;
        return some.map((run) => watch(0.05, run));
      });
      return { found, times };
    };
    const one = (): number => 1;
    expect(runs(one, one)).toEqual({ found: [1, 1], times: 1 });
    expect(runs(one, forEver, one)).toEqual({ found: [1, STOPPED, 1], times: 2 });
  });
});

describe('an implementation that goes round for ever', () => {
  it('without looking at its memory is stopped, and the program is told as it was', async () => {
    await withDirectory(async (out) => {
      const outcome = await runPrograms(runOptions({ out }), { implementation: withTick(forEver), seconds: SECONDS });
      expect(outcome).toMatchObject({ verdict: 'violated', results: [{ id: 'calls-return' }] });
      expect(outcome.results[0]?.detail).toMatch(/✗ .*(timer|silence|drain)\(\).*\n(.*\n)*implementation +has not come back after 2 s/);
      const file = await fileOf(outcome);
      expect(file.breaks).toBe('calls-return');
      // The implementation as it is does come back.
      expect((await replay(file, quiet)).results[0]?.detail).toMatch(/calls-return is not broken/);
    });
  });

  it('is run again where accesses are counted, which makes the program short', async () => {
    await withDirectory(async (out) => {
      const fault = 'clock-stands-still';
      const outcome = await runPrograms(runOptions({ out, fault, seed: 5 }), { implementation: withTick(forEver), seconds: SECONDS });
      expect(outcome.results[0]?.detail).toMatch(/implementation +has not come back after \d+ accesses/);
      expect(outcome.figures.steps).toBeLessThanOrEqual(6);
      expect(await replay(await fileOf(outcome), quiet)).toMatchObject({ verdict: 'violated', results: [{ id: 'calls-return' }] });
    });
  });

  it('once, and never again, was only slow: the batch is run again', async () => {
    const outcome = await runPrograms(runOptions({ runs: 60 }), {
      implementation: hanging((_boot, ticked) => ticked === 0),
      seconds: SECONDS,
    });
    expect(outcome).toMatchObject({ verdict: 'holds', figures: { runs: 60 } });
  });

  it('in every batch, and never alone: unknown', async () => {
    const outcome = await runPrograms(runOptions({}), { implementation: hanging((boot) => boot === 0), seconds: 0.5 });
    expect(outcome).toMatchObject({ verdict: 'unknown', results: [{ id: 'lockstep', counterexample: null }], figures: { runs: 0 } });
    expect(outcome.results[0]?.detail).toMatch(/stopped 3 times/);
  });
});

/** The implementation as it is, whose clock stops for ever where `when` says so: by the number of the kernel, and how often it was asked before. */
function hanging(when: (boot: number, ticked: number) => boolean): Implementation {
  let booted = 0;
  let ticked = 0;
  return {
    boot: (sizes) => {
      const boot = booted++;
      const machine = pristine.boot(sizes);
      const tick = (ticks: number): void => {
        if (when(boot, ticked++)) forEver();
        machine.tick(ticks);
      };
      return { ...machine, tick };
    },
  };
}
