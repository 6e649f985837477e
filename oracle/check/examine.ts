/**
 * One configuration *examined*: all its states, or those that time and memory allow, with every invariant looked at in each. It ends at
 * the end of the level in which something is broken, so that what it reports is broken by no shorter run, and the same in every run.
 */
import type { Program } from '../compile/ir.ts';
import { foldPossible } from '../compile/possible.ts';
import { restrict } from '../compile/restrict.ts';
import { dropUnread } from '../compile/unread.ts';
import type { Configuration } from './configurations.ts';
import { Explorer, type Settings } from './explorer.ts';

export interface Caps extends Settings {
  /** States at most; null: as many as fit. */
  readonly states: number | null;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** Why it ended before all states were found. */
export type Cut = 'memory' | 'states' | 'time' | 'interrupt';

export interface Examined {
  readonly explorer: Explorer;
  readonly cut: Cut | null;
  readonly seconds: number;
}

/** States between two looks at the clock. */
const TURN = 4_096;
/** Milliseconds between two turns of others. */
const PATIENCE = 50;

/**
 * The part of the specification that a configuration speaks of. A promise is none of it where it takes something as given that the
 * configuration leaves out.
 */
export function partOf(program: Program, { calls }: Pick<Configuration, 'calls'>, withPromises = false): Program {
  const promises = withPromises ? program.promises.filter(({ given }) => given.every((name) => name in calls)) : [];
  return reduced(restrict({ ...program, lemmas: [], promises }, calls));
}

/** A program without what can't happen in it and what nobody looks at: it has the same runs, and states that behave alike are one. */
export function reduced(program: Program): Program {
  for (let before = program; ; ) {
    const after = dropUnread(foldPossible(before));
    if (JSON.stringify(after) === JSON.stringify(before)) return after;
    before = after;
  }
}

/** Ends with the level in which `isDone` becomes true, if states are left then. */
export async function examine(
  program: Program,
  caps: Caps,
  progress: (explorer: Explorer) => void,
  isDone: (explorer: Explorer) => boolean = (explorer) => explorer.broken().length > 0,
): Promise<Examined> {
  const began = performance.now();
  const explorer = new Explorer(program, caps);
  let cut: Cut | null = null;
  let turned = began;
  let levelEnds = true;
  while (!explorer.complete && !(levelEnds && isDone(explorer))) {
    levelEnds = explorer.expand(TURN);
    cut = cutOf(explorer, caps);
    if (cut !== null) break;
    const now = performance.now();
    if (now - turned < PATIENCE) continue;
    progress(explorer);
    await new Promise((resolve) => setImmediate(resolve));
    turned = now;
  }
  return { explorer, cut: explorer.complete ? null : cut, seconds: (performance.now() - began) / 1000 };
}

function cutOf(explorer: Explorer, { states, deadline, signal }: Caps): Cut | null {
  if (signal.aborted) return 'interrupt';
  if (explorer.outOfMemory) return 'memory';
  if (states !== null && explorer.states >= states) return 'states';
  return Date.now() > deadline ? 'time' : null;
}
