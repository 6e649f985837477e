/** Explorations for tests, and what asks for one: no limits, no bounds, unless one is given. */
import { ALL_SCHEDULES, EXPLORATION, type ExploreOptions, type ExploreTargets } from '../../oracle/engine.ts';
import { type Exploration, NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import type { Request } from '../../oracle/schedule/judgement.ts';
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

/** For the judgement of one target; files go to `out`. */
export function requestTo(out: string, changes: Partial<Request> = {}): Request {
  return {
    ...ALL_SCHEDULES,
    limits: NO_LIMITS,
    seed: 1,
    out,
    signal: new AbortController().signal,
    progress: () => undefined,
    display: undefined,
    ...changes,
  };
}

/** For the engine. */
export function optionsTo(out: string, targets: readonly ExploreTargets[], changes: Partial<ExploreOptions> = {}): ExploreOptions {
  return { ...EXPLORATION, out, targets, seed: 1, signal: new AbortController().signal, progress: () => undefined, ...changes };
}
