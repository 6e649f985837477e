/** *Walks* by dice: a move is chosen blindly, and where it isn't possible another is tried. Whoever takes the steps is given. */
import { encodedRange } from '../compile/liveness.ts';
import type { CompiledModel } from '../compile/model.ts';
import type { Walker } from './walker.ts';

/** Walks from the initial state, the same ones whoever walks. */
export function walks(model: CompiledModel, walker: Walker, length: number): { batch(): number; attempts(): number; steps(): number } {
  const ranges = model.agents.map((agent) =>
    agent.procedures.map(({ params }) => params.map((p) => encodedRange(p.type)).map(({ lo, hi }) => ({ lo, size: hi - lo + 1 }))),
  );
  const choices = new Int32Array(16);
  let [walk, attempts, total] = [0, 0, 0];
  const one = (): number => {
    const roll = dice(walk++);
    walker.reset();
    let steps = 0;
    while (steps < length && !walker.ended()) {
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
