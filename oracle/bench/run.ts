/**
 * The benchmark *run*: calls a second of random programs in lockstep, the state compared after each. The peer is fast-check alone,
 * with arrays of the same size on a counter: what model-based testing costs when there is next to nothing to test.
 */
import * as fc from 'fast-check';
import { runPrograms } from '../run/index.ts';
import { programs } from '../run/operations.ts';
import { atLeast, type Figure, printNumber, type Tell } from './figure.ts';
import { processorsFromNow, rateOf } from './rate.ts';

const MAX_CALLS = 40;
const SEED = 1;
const BATCH = 50;
const BAR = 20_000;

export async function measureRun(tell: Tell): Promise<readonly Figure[]> {
  tell('lockstep');
  const work = { seed: SEED, signal: new AbortController().signal, progress: () => undefined };
  // A fault in the product would end the run early; where its file goes then is for `sockref run` to say, not for a benchmark.
  const options = { ...work, maxCalls: MAX_CALLS, out: '.sockref' };
  await runPrograms({ ...options, runs: 500 });
  const had = processorsFromNow();
  const outcome = await runPrograms({ ...options, runs: 1_000_000, budgetSeconds: 5 });
  const processors = had();
  const { runs = 0, calls = 0, callsPerSecond = 0 } = outcome.figures;
  tell('fast-check alone');
  const counted = await rateOf(2, counter());
  const generated = await rateOf(2, generation());
  const share = callsPerSecond / generated.perSecond;
  const bound =
    outcome.verdict === 'violated'
      ? 'the run ended early with a violation, see npx sockref run'
      : `this process had ${printNumber(processors)} of a processor; ${printNumber(share * 100)} % of the time went into generating`;
  const seen = [
    outcome.verdict,
    `${printNumber(runs)} programs, ${printNumber(calls)} calls`,
    `${printNumber(callsPerSecond / processors)} calls a second of processor time`,
    `the same programs only generated: ${printNumber(generated.perSecond)} choices/s`,
  ];
  const figure: Figure = {
    benchmark: 'run',
    what: 'calls and events of random programs on specification and implementation in lockstep, whole state compared after each',
    value: callsPerSecond,
    unit: 'calls/s',
    peer: { what: `fast-check alone: arrays of up to ${MAX_CALLS} numbers added to a counter and compared`, value: counted.perSecond },
    bars: [atLeast(callsPerSecond, BAR, 'calls/s', bound)],
    detail: seen.join('; '),
  };
  return [figure];
}

/** Elements of arrays of the size of a program, each a call of "add" on a number and on a model of it. */
function counter(): () => number {
  const arrays = fc.array(fc.nat(255), { minLength: 1, maxLength: MAX_CALLS, size: 'max' });
  return batches(arrays, (array) => {
    let [count, model] = [0, 0];
    for (const each of array) {
      count += each;
      model += each;
      if (count !== model) return false;
    }
    return true;
  });
}

function generation(): () => number {
  return batches(programs(MAX_CALLS), () => true);
}

/** Checks some arrays, and returns how many elements they had together. */
function batches<T>(arbitrary: fc.Arbitrary<readonly T[]>, holds: (array: readonly T[]) => boolean): () => number {
  let seed = SEED;
  return () => {
    let elements = 0;
    const property = fc.property(arbitrary, (array) => {
      elements += array.length;
      return holds(array);
    });
    fc.assert(property, { numRuns: BATCH, seed: seed++ });
    return elements;
  };
}
