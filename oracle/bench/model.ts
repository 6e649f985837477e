/**
 * The benchmark *model*: random walks of the specification, compiled to JavaScript over packed words. The peer is the same source run
 * as the plain TypeScript that it is. Both take the same walks: the same dice choose an agent, and if it is idle a procedure and its
 * arguments; moves that are not possible are tried and cost time, but are not counted.
 */
import { compiledSpecification, SPECIFICATION } from '../specification.ts';
import { atLeast, type Figure, printNumber, type Tell } from './figure.ts';
import { rateOf } from './rate.ts';
import { compiledWalker, plainWalker } from './walker.ts';
import { walks } from './walks.ts';

const STEPS = 20;
const BAR = 100_000;

export async function measureModel(tell: Tell): Promise<readonly Figure[]> {
  tell('compiled');
  // The limits that stand in model/limits.ts: the plain model knows no others.
  const model = await compiledSpecification(SPECIFICATION, {});
  const fast = walks(model, compiledWalker(model), STEPS);
  const compiled = await rateOf(4, fast.batch);
  tell('plain TypeScript');
  const plain = await rateOf(4, walks(model, plainWalker(model), STEPS).batch);
  const refused = `${printNumber(fast.attempts() / Math.max(1, fast.steps()))} moves are tried for each step that is possible`;
  const traces = compiled.perSecond / STEPS;
  const figure: Figure = {
    benchmark: 'model',
    what: `steps of random walks of ${STEPS} steps of the specification, as JavaScript over packed words`,
    value: compiled.perSecond,
    unit: 'steps/s',
    peer: { what: 'the same walks of the same source, run as plain TypeScript', value: plain.perSecond },
    bars: [
      atLeast(
        traces,
        BAR,
        `walks/s (measured: ${printNumber(traces)})`,
        `${refused}; this process had ${printNumber(compiled.processors)} of a processor`,
      ),
    ],
    detail: `${refused}; a state is ${model.words * 4} bytes`,
  };
  return [figure];
}
