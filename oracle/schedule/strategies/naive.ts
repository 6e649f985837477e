/**
 * `naive` takes every interleaving there is, one by one. It is what the others are compared with, on programs that are small.
 */
import type { Explored, Exploration } from '../exploration.ts';
import { Search } from '../search.ts';

export async function naive(exploration: Exploration): Promise<Explored> {
  const { machine } = exploration;
  const search = new Search(exploration);
  const transitions = machine.agents * 2;
  // For each step of the schedule, the transitions that are still to be made instead of it.
  const left: number[] = [];
  const enter = (): void => {
    left.push(search.arrive() ? machine.enabled() : 0);
  };
  enter();
  while (left.length > 0 && !search.isOver()) {
    const top = left.length - 1;
    const open = left[top] ?? 0;
    if (open === 0) {
      left.pop();
      if (left.length > 0) search.back();
      continue;
    }
    const next = 31 - Math.clz32(open & -open);
    if (next >= transitions) throw new Error(`no transition ${next}`);
    left[top] = open & (open - 1);
    search.step(next);
    if (search.pauses()) await search.breathe();
    enter();
  }
  return search.finish();
}
