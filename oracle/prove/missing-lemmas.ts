/**
 * *Missing lemmas*: candidates that exclude a counterexample to induction, tried by induction together with what they are to carry. What breaks
 * one of them is excluded by others in turn. Those with which a goal carries itself are lemmas like any other, shown with it in one pass.
 */
import type { Candidate } from './candidates.ts';
import { counterexampleOf } from './cti.ts';
import { type Explaining, lemmasAgainst } from './explain.ts';
import type { Goal } from './goals.ts';
import type { CloseOptions, Closed, Induction } from './induction.ts';
import { SolverFailure } from './solver.ts';

/** Rounds of looking for lemmas, states that each round excludes, and lemmas of which it is tried which are needed. */
const ROUNDS = 4;
const EXCLUDED = 8;
const FEWER = 12;

export interface Missing {
  readonly goal: Goal;
  /** Goals that are open too: they may lean on this one, and it on them, since they are shown together. */
  readonly others: readonly Goal[];
  readonly candidates: readonly Candidate[];
}

export interface FoundLemmas {
  readonly needed: readonly Candidate[];
  /** All that was shown in one pass: the goal, these lemmas, some of the others. */
  readonly shown: readonly Goal[];
}

/** Null: it is not closed by any that were found. */
export async function closeWithLemmas(
  induction: Induction,
  explaining: Explaining,
  options: CloseOptions,
  { goal, others, candidates }: Missing,
): Promise<FoundLemmas | null> {
  const close = (some: readonly Candidate[]): Promise<Closed> =>
    induction.close([...new Set([goal, ...others, ...some])], (each) => each === goal, options);
  let tried = candidates;
  for (let round = 1; ; round++) {
    const { proved, failures } = await close(tried);
    if (proved.includes(goal)) {
      const needed = tried.filter((each) => proved.includes(each));
      return withFewer(close, { needed, shown: proved });
    }
    const more = new Map(tried.map((each) => [each.text, each]));
    for (const failure of failures.slice(0, EXCLUDED)) {
      const { before } = counterexampleOf(explaining.system, explaining.concrete, explaining.facts, failure, goal.id);
      const { left } = await lemmasAgainst(before, explaining);
      for (const each of left) more.set(each.text, more.get(each.text) ?? each);
    }
    if (round === ROUNDS || more.size === tried.length) return null;
    tried = [...more.values()];
  }
}

/** It is a proof already: of many lemmas nobody waits to hear which are needed, and where the time ends it stays one. */
async function withFewer(close: (some: readonly Candidate[]) => Promise<Closed>, found: FoundLemmas): Promise<FoundLemmas> {
  let { needed, shown } = found;
  if (needed.length > FEWER) return found;
  try {
    for (const each of found.needed) {
      const fewer = needed.filter((other) => other !== each);
      const { proved } = await close(fewer);
      if (shown.every((one) => one === each || proved.includes(one))) [needed, shown] = [fewer, proved];
    }
  } catch (error) {
    if (!(error instanceof SolverFailure)) throw error;
  }
  return { needed, shown };
}
