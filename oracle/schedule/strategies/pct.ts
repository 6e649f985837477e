/**
 * `pct` is probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, 2010). Agents have random priorities, and the
 * highest that can move does; at d − 1 random steps whoever was to move falls below all others. A bug that needs d orderings is
 * found by one schedule in n · k^(d−1) at least, with n agents and k steps.
 *
 * The time-out of a wait has a priority of its own: it is as if somebody else ended the wait. An agent that has moved very often
 * without a change spins for something that others are to do, and falls below them too.
 */
import type { Dice } from '../dice.ts';
import type { Exploration, Explored } from '../exploration.ts';
import type { Machine } from '../machine.ts';
import { type Chooser, sample } from '../sampling.ts';

/** Orderings that most bugs need at most. */
const DEPTH = 3;

/** Steps in a row after which an agent is taken to spin. */
const PATIENCE = 1000;

/** How long schedules are taken to be before one was seen. */
const FIRST_LENGTH = 50;

class Pct implements Chooser {
  private readonly depth: number;
  readonly measures = true;
  private readonly priorities: number[];
  private changes: number[] = [];
  private lowest = 0;
  private last = -1;
  private row = 0;

  constructor(transitions: number, depth: number) {
    this.depth = depth;
    this.priorities = Array.from({ length: transitions }, () => 0);
  }

  begin(dice: Dice, measured: number): void {
    for (const transition of this.priorities.keys()) this.priorities[transition] = 1 + dice.bits();
    const length = measured === 0 ? FIRST_LENGTH : measured;
    this.changes = Array.from({ length: this.depth - 1 }, () => dice.below(length)).sort((a, b) => b - a);
    [this.lowest, this.last, this.row] = [0, -1, 0];
  }

  choose(_: Machine, enabled: number, __: Dice, step: number): number {
    let next = this.highest(enabled);
    while ((this.changes.at(-1) ?? step + 1) <= step) {
      this.changes.pop();
      this.fall(next);
      next = this.highest(enabled);
    }
    this.row = next === this.last ? this.row + 1 : 0;
    if (this.row >= PATIENCE) {
      this.fall(next);
      next = this.highest(enabled);
    }
    this.last = next;
    return next;
  }

  private highest(enabled: number): number {
    let best = -1;
    for (let bits = enabled; bits !== 0; bits &= bits - 1) {
      const one = 31 - Math.clz32(bits & -bits);
      if (best < 0 || (this.priorities[one] ?? 0) > (this.priorities[best] ?? 0)) best = one;
    }
    return best;
  }

  private fall(transition: number): void {
    this.priorities[transition] = --this.lowest;
    this.row = 0;
  }
}

export function pct(exploration: Exploration): Promise<Explored> {
  return sample(exploration, new Pct(2 * exploration.machine.agents, Math.max(1, exploration.depth ?? DEPTH)));
}
