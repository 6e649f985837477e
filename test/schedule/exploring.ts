/** Explorations for tests: no limits, no bounds, unless one is given. */
import { type Exploration, NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import type { Program } from '../../oracle/schedule/program.ts';

export function exploring(program: Program, more: Partial<Exploration> = {}, granularity: 'block' | 'access' = 'block'): Exploration {
  return {
    machine: new Machine(program, { granularity, hashed: true }),
    limits: NO_LIMITS,
    seed: 1,
    preemptions: null,
    symmetry: false,
    signal: new AbortController().signal,
    progress: () => {},
    ...more,
  };
}

export const executions = (most: number): { limits: Exploration['limits'] } => ({ limits: { ...NO_LIMITS, executions: most } });
