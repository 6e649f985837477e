/**
 * The benchmark *model*: random walks of the specification, compiled to JavaScript over packed words. The peer is the same source run
 * as the plain TypeScript that it is. Both take the same walks: the same dice choose an agent, and if it is idle a procedure and its
 * arguments; moves that are not possible are tried and cost time, but are not counted.
 */
import { encodedRange } from '../compile/liveness.ts';
import type { CompiledModel } from '../compile/model.ts';
import { compiledSpecification, SPECIFICATION } from '../specification.ts';
import { atLeast, type Figure, printNumber, type Tell } from './figure.ts';
import { rateOf } from './rate.ts';
import { compiledWalker, plainWalker, type Walker } from './walker.ts';

const STEPS = 20;
const BAR = 100_000;

export async function measureModel(tell: Tell): Promise<readonly Figure[]> {
  tell('compiled');
  // The limits that stand in model/limits.ts: the plain model knows no others.
  const model = await compiledSpecification(SPECIFICATION, {});
  const fast = walks(model, compiledWalker(model));
  const compiled = await rateOf(4, fast.batch);
  tell('plain TypeScript');
  const plain = await rateOf(4, walks(model, plainWalker(model)).batch);
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

/** Walks from the initial state, the same ones whoever walks. */
function walks(model: CompiledModel, walker: Walker): { batch(): number; attempts(): number; steps(): number } {
  const ranges = model.agents.map((agent) =>
    agent.procedures.map(({ params }) => params.map((p) => encodedRange(p.type)).map(({ lo, hi }) => ({ lo, size: hi - lo + 1 }))),
  );
  const choices = new Int32Array(16);
  let [walk, attempts, total] = [0, 0, 0];
  const one = (): number => {
    const roll = dice(walk++);
    walker.reset();
    let steps = 0;
    while (steps < STEPS && !walker.ended()) {
      attempts++;
      const agent = roll(ranges.length);
      const who = roll(model.agents[agent]?.size ?? 0);
      if (!walker.isIdle(agent, who)) {
        if (walker.resume(agent, who)) steps++;
        continue;
      }
      const procedure = roll(ranges[agent]?.length ?? 0);
      (ranges[agent]?.[procedure] ?? []).forEach(({ lo, size }, index) => {
        choices[index] = lo + roll(size);
      });
      if (walker.start(agent, who, procedure, choices)) steps++;
    }
    total += steps;
    return steps;
  };
  return { batch: () => one() + one() + one() + one(), attempts: () => attempts, steps: () => total };
}

/** Numbers below a bound, always the same after the same seed. */
function dice(seed: number): (below: number) => number {
  let a = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return (below) => {
    a ^= a << 13;
    a ^= a >>> 17;
    a ^= a << 5;
    return (a >>> 0) % below;
  };
}
