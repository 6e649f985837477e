/**
 * `random` takes any enabled transition, each as likely as the others. What it sees of the branching on its way estimates how many
 * schedules there are in all (Knuth, 1975): the product of the choices along a random way is right on the average.
 */
import type { Dice } from '../dice.ts';
import type { Exploration, Explored, Figures } from '../exploration.ts';
import type { Machine } from '../machine.ts';
import { type Chooser, countBits, nthBit, sample } from '../sampling.ts';

class Random implements Chooser {
  private product = 1;
  private sum = 0;

  begin(): void {
    this.product = 1;
  }

  ended(): void {
    this.sum += this.product;
  }

  choose(_: Machine, enabled: number, dice: Dice): number {
    const choices = countBits(enabled);
    this.product *= choices;
    return nthBit(enabled, dice.below(choices));
  }

  figures(executions: number): Partial<Figures> {
    return executions === 0 || !Number.isFinite(this.sum) ? {} : { estimate: this.sum / executions };
  }
}

export function random(exploration: Exploration): Promise<Explored> {
  return sample(exploration, new Random());
}
