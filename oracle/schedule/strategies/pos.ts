/**
 * `pos` is partial order sampling (Yuan, Yang, Gu, 2018). Each operation that an agent rests before has a random priority; the highest is
 * made. Those that depend on it then get new ones, so that of two operations that could come in either order, either is as likely to
 * come first whatever stands before them. Orders of independent operations, which make no difference, draw no dice.
 */
import type { Dice } from '../dice.ts';
import type { Exploration, Explored } from '../exploration.ts';
import type { Machine } from '../machine.ts';
import { LOOKS, PASSES, READ, WAITS, WRITE } from '../operation.ts';

const LISTS = WAITS | LOOKS | PASSES;
import { type Chooser, sample } from '../sampling.ts';

class Pos implements Chooser {
  /** 0: the operation has none yet. */
  private readonly priorities: number[];
  private readonly agents: number;

  constructor(agents: number) {
    this.agents = agents;
    this.priorities = Array.from({ length: 2 * agents }, () => 0);
  }

  begin(): void {
    this.priorities.fill(0);
  }

  choose(_: Machine, enabled: number, dice: Dice): number {
    let best = -1;
    for (let bits = enabled; bits !== 0; bits &= bits - 1) {
      const one = 31 - Math.clz32(bits & -bits);
      if (this.priorities[one] === 0) this.priorities[one] = 1 + dice.bits();
      if (best < 0 || (this.priorities[one] ?? 0) > (this.priorities[best] ?? 0)) best = one;
    }
    return best;
  }

  before(machine: Machine, transition: number): void {
    const { agents, priorities } = this;
    priorities[transition] = 0;
    if (transition >= agents) {
      const agent = transition - agents;
      this.renew(machine, agent, 0, 0, machine.timedList(agent));
      return;
    }
    const access = machine.opAccess(transition);
    const from = machine.opFrom[transition] ?? 0;
    this.renew(machine, transition, from, access & WRITE ? 2 : access & READ ? 1 : 0, access & LISTS ? machine.opList(transition) : -1);
  }

  /** New priorities for what depends on an operation: of the bytes it touches (1: reads, 2: writes), or of the list it enters. */
  private renew(machine: Machine, agent: number, from: number, touch: number, list: number): void {
    const bytes = touch === 0 ? 0 : (machine.opBytes[agent] ?? 0);
    for (let other = 0; other < this.agents; other++) {
      if (other === agent) continue;
      const access = machine.opAccess(other);
      const first = machine.opFrom[other] ?? 0;
      const meets = from < first + (machine.opBytes[other] ?? 0) && first < from + bytes;
      const conflicts = meets && (touch === 2 ? (access & (READ | WRITE)) !== 0 : (access & WRITE) !== 0);
      if (conflicts || (list >= 0 && (access & LISTS) !== 0 && machine.opList(other) === list)) this.priorities[other] = 0;
    }
    if (list < 0 || machine.enabled() >> this.agents === 0) return;
    for (const waiter of machine.waiters()) if (waiter.at === list) this.priorities[this.agents + waiter.agent] = 0;
  }
}

export function pos(exploration: Exploration): Promise<Explored> {
  return sample(exploration, new Pos(exploration.machine.agents));
}
