/**
 * An *exploration* takes a machine through schedules and says what it found. A *strategy* is a way to choose them; all have one
 * shape. `complete` is said only of a search that left nothing out: every schedule, every class of schedules that differ in the
 * order of independent accesses only, or every state.
 */
import type { Machine } from './machine.ts';
import type { Violation } from './program.ts';

/** Where a search gives up; null: nowhere. */
export interface Limits {
  readonly executions: number | null;
  readonly steps: number | null;
  readonly states: number | null;
  /** Of the search's own tables, MiB. */
  readonly memory: number | null;
  readonly seconds: number | null;
}

export const NO_LIMITS: Limits = { executions: null, steps: null, states: null, memory: null, seconds: null };

/** Told now and then how far the search is. */
export type Progress = (figures: Figures) => void;

export interface Exploration {
  /** At its first state; it is there again afterwards. */
  readonly machine: Machine;
  readonly limits: Limits;
  readonly seed: number;
  /** At most so many switches away from an agent that could go on; null: any number. `dpor` and `naive` cover more: they count none. */
  readonly preemptions: number | null;
  /** Of a sampling strategy: the number of its first execution; each is made of the seed and its number alone. Default: 0. */
  readonly from?: number;
  /** Of `pct`: the number of ordering constraints a bug needs. */
  readonly depth?: number;
  /** Whether states that differ only in which agent of a class is where count as one. */
  readonly symmetry: boolean;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Judges a state in which no agent can move: leaks, the final state. It may read the machine's memory. */
  readonly atEnd?: (machine: Machine) => Violation | null;
  /** Judges every other state at which the search arrives. It may read the machine's memory. */
  readonly onTheWay?: (machine: Machine) => Violation | null;
}

export interface Figures {
  /** Complete executions: they ended in a state in which nobody can move. */
  readonly executions: number;
  /** Steps the machine made. */
  readonly steps: number;
  readonly states?: number;
  /** Of the longest schedule. */
  readonly depth: number;
  /** Executions given up because all they could still do had been seen. */
  readonly blocked?: number;
  /** Of a search of states that was stopped: the states on the path it stood at, and the transitions from them that it has not tried. */
  readonly path?: number;
  readonly untried?: number;
  /** Of a search of states that goes on or was stopped: how many states there may be in all. */
  readonly estimatedStates?: number;
  /** How many executions there may be in all. */
  readonly estimate?: number;
  /** That two different states had one fingerprint, at most. */
  readonly missedStateChance?: number;
}

export interface Found {
  readonly violation: Violation;
  /** Transitions from the start. */
  readonly schedule: readonly number[];
  /** Of a livelock: how many of them lead to where its loop begins. The others are the loop, after which all is again as it was there. */
  readonly loop?: number;
}

export interface Explored {
  readonly complete: boolean;
  /** Why the search ended before it was done; null: it did all that it was to do, which under a bound is not everything. */
  readonly stopped: string | null;
  /** All schedules with up to so many preemptions were covered, by a search that counts them. */
  readonly preemptions?: number;
  readonly violation: Found | null;
  /** Of a sample that others have taken: why nothing may be concluded from finding nothing. */
  readonly doubt?: string | null;
  readonly figures: Figures;
}

export type Strategy = (exploration: Exploration) => Promise<Explored>;

/** Whether a search that comes to its end knows that no fair schedule goes on for ever: only one of all states does. */
export function looksForLivelocks(strategy: string, preemptions: number | null): boolean {
  return strategy === 'states' && preemptions === null;
}

/**
 * Why finding nothing says nothing, although every schedule was followed: none of them ends. Whoever waits there waits for what nobody does. (`states` finds
 * livelocks there, and shows one.) Null: some do.
 */
export function neverEnds({ complete, figures, violation }: Explored): string | null {
  if (!complete || violation !== null || figures.executions > 0) return null;
  return 'no schedule ends: whatever happens, somebody goes round for ever';
}
