/**
 * An implementation that never comes back does not keep the run: it is found, with or without a clock, and so is the replay of it. Here
 * it says itself when time is up, by the signal for which Node stops a script as it does after a time: what ends in time would do so on
 * a machine that is as slow as one likes. Only what never ends at all is given a time.
 */
import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { readCounterexample, type RunCounterexample } from '../../oracle/counterexample.ts';
import { replay } from '../../oracle/replay/index.ts';
import { type Implementation, type Machine, pristine } from '../../oracle/run/implementation.ts';
import { runPrograms } from '../../oracle/run/index.ts';
import { STOPPED, stopAfter, type Watch, watchingOnce } from '../../oracle/run/patience.ts';
import type { Outcome } from '../../oracle/verdict.ts';
import { quiet, runOptions, withDirectory } from './rig.ts';

/** What the messages speak of; nobody waits for so long. */
const SECONDS = 2;
const LONG = 600;
const SOON = 0.05;

function forEver(): never {
  for (;;);
}

const NAME = Symbol.for('sockref.test.patience');
const script = new Script(`globalThis[Symbol.for('sockref.test.patience')]()`);
let watching = false;

/** Stops code where it says that its time is up, and whatever it says then it is not heard again. */
const byItsWord: Watch = (_, run) => {
  Object.assign(globalThis, { [NAME]: run });
  watching = true;
  try {
    return script.runInThisContext({ breakOnSigint: true });
  } catch (error) {
    if ((error as { readonly code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') return STOPPED;
    throw error;
  } finally {
    watching = false;
  }
};

function timeIsUp(): never {
  if (!watching) throw new Error('nobody watches, and the signal would end the process');
  process.kill(process.pid, 'SIGINT');
  return forEver();
}

const patience = { seconds: SECONDS, watch: byItsWord };

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
    expect(stopAfter(LONG, () => 7)).toBe(7);
    expect(() =>
      stopAfter(LONG, () => {
        throw new Error('its own');
      }),
    ).toThrow('its own');
  });

  it('is stopped if it does not come back, in whatever it is', () => {
    expect(stopAfter(SOON, forEver)).toBe(STOPPED);
    const nobody = new Int32Array(new SharedArrayBuffer(4));
    expect(stopAfter(SOON, () => Atomics.wait(nobody, 0, 0))).toBe(STOPPED);
    expect(
      stopAfter(SOON, () => {
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
      const found = watchingOnce(some.includes(forEver) ? SOON : LONG, (watch) => {
        times++;
        return some.map((run) => watch(run === forEver ? SOON : LONG, run));
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
      const outcome = await runPrograms(runOptions({ out }), { implementation: withTick(timeIsUp), ...patience });
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
      const outcome = await runPrograms(runOptions({ out, fault, seed: 5 }), { implementation: withTick(timeIsUp), ...patience });
      expect(outcome.results[0]?.detail).toMatch(/implementation +has not come back after \d+ accesses/);
      expect(outcome.figures.steps).toBeLessThanOrEqual(6);
      expect(await replay(await fileOf(outcome), quiet)).toMatchObject({ verdict: 'violated', results: [{ id: 'calls-return' }] });
    });
  });

  it('once, and never again, was only slow: the batch is run again', async () => {
    const outcome = await runPrograms(runOptions({ runs: 60 }), {
      implementation: hanging((_boot, ticked) => ticked === 0),
      ...patience,
    });
    expect(outcome).toMatchObject({ verdict: 'holds', figures: { runs: 60 } });
  });

  it('in every batch, and never alone: unknown', async () => {
    const outcome = await runPrograms(runOptions({}), { implementation: hanging((boot) => boot === 0), ...patience });
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
        if (when(boot, ticked++)) timeIsUp();
        machine.tick(ticks);
      };
      return { ...machine, tick };
    },
  };
}
