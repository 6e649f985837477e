/**
 * One configuration *examined*: all its states, or those that time and memory allow, with every invariant looked at in each. It ends at
 * the end of the level in which something is broken, so that what it reports is broken by no shorter run, and the same in every run.
 */
import type { Program } from '../compile/ir.ts';
import type { Action } from '../compile/js-successors.ts';
import { foldPossible } from '../compile/possible.ts';
import { restrict } from '../compile/restrict.ts';
import { dropUnread } from '../compile/unread.ts';
import { withConditions } from './antecedents.ts';
import type { Configuration } from './configurations.ts';
import { Crew } from './crew.ts';
import { Explorer } from './explorer.ts';
import type { Found, Settings } from './found.ts';

export interface Caps extends Settings {
  /** States at most; null: as many as fit. */
  readonly states: number | null;
  /** Threads that explore together; without it one, this one. */
  readonly workers?: number;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** Why it ended before all states were found. */
export type Cut = 'memory' | 'states' | 'time' | 'interrupt' | 'worker';

export interface Examined {
  readonly explorer: Found;
  /** What is broken, and the shortest run that does; null: the model itself does not go that way. */
  readonly broken: readonly { readonly property: number; readonly path: readonly Action[] | null }[];
  readonly cut: Cut | null;
  readonly seconds: number;
  /** The same states in the order in which one thread finds them; those of a crew are gone then. */
  byOneThread(): Promise<Found>;
  /** Ends the threads of a crew: nobody asks for states any more. */
  end(): Promise<void>;
}

/** States between two looks at the clock. */
const TURN = 4_096;
/** Milliseconds between two turns of others. */
const PATIENCE = 50;

/** What is looked at besides the invariants. */
export interface Besides {
  readonly promises?: boolean;
  /** The antecedents of the invariants, in the place of lemmas. */
  readonly antecedents?: boolean;
}

/**
 * The part of the specification that a configuration speaks of. A promise is none of it where it takes something as given that the
 * configuration leaves out.
 */
export function partOf(program: Program, { calls }: Pick<Configuration, 'calls'>, besides: Besides = {}): Program {
  const promises = besides.promises === true ? program.promises.filter(({ given }) => given.every((name) => name in calls)) : [];
  const whole = besides.antecedents === true ? withConditions(program) : { ...program, lemmas: [] };
  return reduced(restrict({ ...whole, promises }, calls));
}

/** A program without what can't happen in it and what nobody looks at: it has the same runs, and states that behave alike are one. */
export function reduced(program: Program): Program {
  // Each goes on until it finds nothing more: where one did not, the other has left nothing for it.
  for (let folded = foldPossible(program); ; ) {
    const read = dropUnread(folded);
    const again = read === folded ? read : foldPossible(read);
    if (again === read) return again;
    folded = again;
  }
}

/** Ends with the level in which `isDone` becomes true, if states are left then. */
export async function examine(
  program: Program,
  caps: Caps,
  progress: (explorer: Found) => void,
  isDone: (explorer: Found) => boolean = (explorer) => explorer.broken().length > 0,
): Promise<Examined> {
  const began = performance.now();
  const since = (): number => (performance.now() - began) / 1000;
  if (caps.workers === undefined || caps.workers === 1) {
    const explorer = new Explorer(program, caps);
    const cut = await follow(explorer, () => explorer.expand(TURN), caps, progress, isDone);
    const broken = explorer.broken().map((each) => ({ property: each.property, path: explorer.pathOf(each) }));
    return { explorer, broken, cut, seconds: since(), byOneThread: async () => explorer, end: async () => undefined };
  }
  const crew = await Crew.of(program, { ...caps, workers: caps.workers });
  try {
    const cut = await follow(crew, () => crew.expand(caps.states), caps, progress, isDone);
    // A crew comes upon the states of a level in any order. One thread has one order, so that what it finds is the same in every run: it goes
    // through the same levels, whatever time that takes, in the memory that the crew gives back.
    const again = async (): Promise<Examined> => {
      await crew.end();
      const levels = crew.levels.length + (cut === null ? 0 : 1);
      const patient = { ...caps, workers: 1, states: null, deadline: Number.POSITIVE_INFINITY };
      return examine(program, patient, progress, (so) => isDone(so) || so.levels.length >= levels);
    };
    const found = crew.broken().map((each) => ({ property: each.property, path: crew.pathOf(each) }));
    if (found.length === 0) {
      const byOneThread = async (): Promise<Found> => (await again()).explorer;
      return { explorer: crew, broken: found, cut, seconds: since(), byOneThread, end: () => crew.end() };
    }
    const one = await again();
    // Interrupted, or without memory for a whole level, it may not come to what the crew came to, which is no longer and as true.
    return { ...one, broken: one.broken.length > 0 ? one.broken : found, cut, seconds: since() };
  } catch (error) {
    await crew.end();
    throw error;
  }
}

async function follow(
  explorer: Found,
  expand: () => boolean | Promise<boolean>,
  caps: Caps,
  progress: (explorer: Found) => void,
  isDone: (explorer: Found) => boolean,
): Promise<Cut | null> {
  let turned = performance.now();
  let levelEnds = true;
  while (!explorer.complete && !(levelEnds && isDone(explorer))) {
    levelEnds = await expand();
    const cut = cutOf(explorer, caps);
    if (cut !== null) return explorer.complete ? null : cut;
    const now = performance.now();
    if (now - turned < PATIENCE) continue;
    progress(explorer);
    await new Promise((resolve) => setImmediate(resolve));
    turned = now;
  }
  return null;
}

function cutOf(explorer: Found, { states, deadline, signal }: Caps): Cut | null {
  if (signal.aborted) return 'interrupt';
  if (explorer.death !== null) return 'worker';
  if (explorer.outOfMemory) return 'memory';
  if (states !== null && explorer.states >= states) return 'states';
  return Date.now() > deadline ? 'time' : null;
}
