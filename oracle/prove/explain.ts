/**
 * An *explanation* of why induction does not close a goal: the step that breaks it, whether a run gets to the state before it, as far as states
 * were looked at, and which lemmas would exclude that state and are true of all of these.
 */
import type { TransitionSystem } from '../compile/smt.ts';
import { type Candidate, candidatesAgainst } from './candidates.ts';
import type { Concrete, ConcreteStep } from './concrete.ts';
import { counterexampleOf } from './cti.ts';
import type { FrameFacts } from './frames.ts';
import type { Failure } from './induction.ts';
import type { States } from './states.ts';

/** Lemmas that are shown; and tried. */
const SHOWN = 5;
const TRIED = 60;
/** States that a candidate must be true of: with more to look at, the time is better spent on the proof of it. */
const LOOKED_AT = 300_000;
const RUNS = 300_000;

export interface Explanation {
  readonly lines: readonly string[];
  /** The state before the step is reached: with the step at the end, these steps break the goal. */
  readonly reached: readonly ConcreteStep[] | null;
  /** The best first. */
  readonly candidates: readonly Candidate[];
}

export interface Explaining {
  readonly system: TransitionSystem;
  readonly concrete: Concrete;
  readonly facts: FrameFacts;
  readonly states: States;
  readonly seed: number;
  /** Steps of random runs, which get deeper than what was explored. */
  readonly watched: number;
  readonly stop: () => boolean;
}

export async function explain(explaining: Explaining, failure: Failure, goal: string): Promise<Explanation> {
  const { system, concrete, facts, states } = explaining;
  const { step, before, words, text } = counterexampleOf(system, concrete, facts, failure, goal);
  const path = states.pathTo(words);
  const reached = path === null ? null : [...path, step];
  const lines = ['a step that breaks it, from a state that satisfies what induction assumes:', text];
  if (reached !== null) return { lines: [...lines, `a run gets there, in ${reached.length - 1} steps`], reached, candidates: [] };
  const number = states.count.toLocaleString('en-US');
  lines.push(
    states.complete
      ? `unreachable: it is none of the ${number} states that there are, and a lemma that says why is missing`
      : `not found in the ${number} states that were looked at, all of those within ${states.depth} steps among them: where no run gets there a lemma is missing`,
  );
  if (explaining.stop()) return { lines: [...lines, 'the time for lemmas that exclude it is over'], reached, candidates: [] };
  const { left, tried, looked } = await lemmasAgainst(before, explaining);
  const among = looked === states.count ? 'all of these' : `${looked.toLocaleString('en-US')} of these, and of what random runs came to`;
  if (left.length === 0) lines.push(`no lemma of ${tried} that were tried is true of all states that were looked at and excludes it`);
  else lines.push(`lemmas that exclude it and are true of ${among}:`, ...left.slice(0, SHOWN).map((each) => `    ${each.text}`));
  return { lines, reached, candidates: left };
}

/** Candidates that are true of the states that were looked at, the best first. */
export async function lemmasAgainst(
  cells: readonly number[],
  { system, concrete, states, seed, watched, stop }: Explaining,
): Promise<{ readonly left: readonly Candidate[]; readonly tried: number; readonly looked: number }> {
  const all = candidatesAgainst(system, cells);
  let seen = all;
  // Most of what is false is so in a state that few steps lead to, and the rest in one that many do.
  if (!states.complete) {
    const visit = (cells: readonly number[]): boolean => {
      if (seen.some((each) => !each.isTrueOf(cells))) seen = seen.filter((each) => each.isTrueOf(cells));
      return false;
    };
    visit(concrete.cells.read(concrete.model.initial()));
    await concrete.watch(seed, Math.min(watched, RUNS), { visit }, stop);
  }
  const { left, looked } = await trueOf(seen, states, (each) => concrete.cells.read(each), stop);
  return { left: left.slice(0, TRIED), tried: all.length, looked };
}

async function trueOf(
  candidates: readonly Candidate[],
  states: States,
  read: (words: Int32Array) => readonly number[],
  stop: () => boolean,
): Promise<{ readonly left: readonly Candidate[]; readonly looked: number }> {
  let left = candidates;
  let looked = 0;
  await states.each((words) => {
    const cells = read(words);
    if (left.some((each) => !each.isTrueOf(cells))) left = left.filter((each) => each.isTrueOf(cells));
    return ++looked < LOOKED_AT && left.length > 0;
  }, stop);
  // What follows from another needn't be said.
  const strongest = left.filter((each) => !left.some((other) => other.parts.length < each.parts.length && follows(each, other)));
  return { left: strongest, looked };
}

/** By its form: `never a and b` follows from `never a`. */
function follows(weak: Candidate, strong: Candidate): boolean {
  return weak.of === strong.of && strong.parts.every((part) => weak.parts.includes(part));
}
