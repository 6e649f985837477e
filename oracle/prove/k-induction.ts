/**
 * *k-induction*: assume that a goal holds in k states that follow each other, and show it after one more step. Induction is the case k = 1;
 * with a larger k the goal remembers more of how its state was come to, and some goals need that and no lemma.
 *
 *   base   no trace of fewer than k steps breaks it           bounded traces, from the first state
 *   step   s₀ → s₁ → … → sₖ, the goal holds up to sₖ₋₁        one question, from any state s₀ at all; a goal that fails is dropped
 *
 * What is known to hold in every reachable state is assumed of all of them. Always true: what is returned was shown in a pass in which
 * nothing that was assumed was dropped, of traces that end with the step that breaks a bound, unless that no step does was shown as well.
 */
import type { TransitionSystem } from '../compile/smt.ts';
import { isTrue, type Lit, not, TRUE } from '../compile/term.ts';
import { disagreementOnPath, type SymbolicPath } from './agreement.ts';
import { boundedTraces } from './bounded.ts';
import type { Concrete } from './concrete.ts';
import { brokenAfter, type Goal } from './goals.ts';
import { Contradiction } from './induction.ts';
import { Lane, type Limits, mustBeNarrow } from './lane.ts';

export interface KInduction {
  readonly k: number;
  /** Goals that hold in the first state and that nobody knows to break. */
  readonly open: readonly Goal[];
  /** Goals that hold in every state that can be reached. */
  readonly known: readonly Goal[];
  /** The compiled model takes so many steps. */
  readonly canTake: (steps: number) => boolean;
  /** The compiled model, and states that its runs have reached: paths from there must be the same. */
  readonly seen?: { readonly concrete: Concrete; readonly reached: readonly (readonly number[])[] };
}

export interface KClosed {
  readonly proved: readonly Goal[];
  readonly questions: number;
}

export async function closeByK(system: TransitionSystem, limits: Limits, { k, open, known, canTake, seen }: KInduction): Promise<KClosed> {
  let questions = 0;
  mustBeNarrow(system, 'states');
  const kept = await keptFor(system, limits, { depth: k - 1, open, known, canTake });
  if (kept.length === 0) return { proved: [], questions };
  const { valid, before, path, faulty, after, symbolic } = unfold(system, k, `${k}-induction.`);
  const difference = seen === undefined ? null : disagreementOnPath(system, seen.concrete, seen.reached, symbolic);
  if (difference !== null) throw new Contradiction(difference);
  const lane = new Lane(system.terms, limits);
  try {
    // A step that breaks a bound leads to a state without a meaning: nothing is known of that one.
    const atEnd = known.map((goal) => system.terms.or(faulty, goal.holds(after)));
    await lane.assert([...valid, ...path, ...known.flatMap((goal) => before.map((state) => goal.holds(state))), ...atEnd].filter(isSaid));
    // From a path that can't be, anything follows.
    questions++;
    if ((await lane.satisfy(before.flatMap((state) => kept.map((goal) => goal.holds(state))))) === null) {
      if (canTake(k)) throw new Contradiction(`the solver knows no path of ${k} steps, and the compiled model takes one`);
      return { proved: [], questions };
    }
    let assumed = kept;
    for (;;) {
      const held = before.flatMap((state) => assumed.map((goal) => goal.holds(state)));
      // Whoever keeps the bounds keeps them on the way; the others are about traces that do.
      const bounds = known.some(({ kind }) => kind === 'bounds') ? [not(faulty)] : [];
      const broken = assumed.map((goal) => ({ goal, lit: brokenAfter(system, goal, after, faulty) }));
      questions++;
      const values = await lane.satisfy([...held, ...bounds, system.terms.any(broken.map(({ lit }) => lit))].filter(isSaid));
      if (values === null) return { proved: assumed, questions };
      const fails = new Set(broken.filter(({ lit }) => isTrue(values, lit)).map(({ goal }) => goal));
      assumed = assumed.filter((goal) => !fails.has(goal));
      if (assumed.length === 0) return { proved: [], questions };
    }
  } finally {
    lane.stop();
  }
}

function isSaid(lit: Lit): boolean {
  return lit !== TRUE;
}

/** Those that no trace of so many steps breaks. */
async function keptFor(
  system: TransitionSystem,
  limits: Limits,
  { depth, open, known, canTake }: Omit<KInduction, 'k'> & { readonly depth: number },
): Promise<readonly Goal[]> {
  let [kept, reached] = [open, 0];
  for await (const report of boundedTraces(system, open, limits, { depth, proved: known, progress: () => undefined })) {
    if (report.reachable === false && canTake(report.depth))
      throw new Contradiction(`the solver knows no trace of ${report.depth} steps, and the compiled model takes one`);
    kept = report.holding;
    reached = report.reachable === false ? depth : report.depth;
  }
  // Without a report of every depth nothing is left that was shown for all.
  return reached === depth ? kept : [];
}

/** A path of k steps from any state. */
function unfold(system: TransitionSystem, k: number, prefix: string) {
  const { terms } = system;
  const { state, valid } = system.free(prefix);
  const before = [state];
  const path: Lit[] = [];
  let after = state;
  let faulty: Lit = TRUE;
  const steps: SymbolicPath['steps'][number][] = [];
  for (let step = 1; step <= k; step++) {
    const ofStep = `${prefix}step${step}.`;
    const { possible, faults, next } = system.step(after, system.choice(ofStep));
    faulty = terms.any(faults.map(({ cond }) => cond));
    steps.push({ prefix: ofStep, possible, faulty, next });
    path.push(possible);
    // After a broken bound no step follows.
    if (step < k) {
      path.push(not(faulty));
      before.push(next);
    }
    after = next;
  }
  return { valid, before, path, faulty, after, symbolic: { prefix, steps } };
}
