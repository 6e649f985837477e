/**
 * *Bounded traces*: the states after 1, 2, 3, … steps from the initial state, as terms over the choices made on the way. At each
 * depth one question: can any goal be broken here? What can't is asserted before the next depth is asked, so no work is
 * done twice; what can is a violation, and because all smaller depths were answered, the trace is a shortest one. Where a trace that
 * breaks a goal is known already, only those that are shorter are asked about.
 */
import type { Choice, Chosen, TransitionSystem } from '../compile/smt.ts';
import type { State } from '../compile/symbolic-state.ts';
import { FALSE, isTrue, type Lit, not, TRUE } from '../compile/term.ts';
import { guardOf, type Num } from '../compile/term-number.ts';
import { brokenAfter, type Goal } from './goals.ts';
import { Lane, type Limits, mustBeNarrow } from './lane.ts';
import { interchangeable } from './symmetry.ts';

export interface Violation {
  readonly goal: Goal;
  readonly depth: number;
  readonly steps: readonly Chosen[];
}

export interface DepthReport {
  readonly depth: number;
  readonly violations: readonly Violation[];
  /** Goals that hold at this depth and all before it. */
  readonly holding: readonly Goal[];
  /** False: no trace is this long, and so nothing further can be found. Null: nobody asked. */
  readonly reachable: boolean | null;
}

/** Up to this depth it is asked whether traces are so long at all: a model that can't go on shows it early, or at the end. */
const EARLY = 2;

interface Level {
  readonly choice: Choice;
  readonly taken: readonly Lit[];
}

export interface BoundedOptions {
  readonly depth: number;
  /** Goals known to hold at every depth; asserted everywhere, never asked. */
  readonly proved: readonly Goal[];
  /** Steps of a trace that is known to break it. */
  readonly broken?: (goal: Goal) => number | undefined;
  readonly progress: (depth: number, text: string) => void;
}

/** Reports depth by depth, until the bound is reached or no goal is left. */
export async function* boundedTraces(
  system: TransitionSystem,
  goals: readonly Goal[],
  limits: Limits,
  options: BoundedOptions,
): AsyncGenerator<DepthReport, void, undefined> {
  const { terms } = system;
  mustBeNarrow(system, 'choices');
  const lane = new Lane(terms, limits);
  const levels: Level[] = [];
  const symmetric = system.machines.map(({ size }, agent) => size > 1 && interchangeable(system.program, agent));
  let state: State = system.initial;
  let open = goals;
  try {
    for (let depth = 1; depth <= options.depth; depth++) {
      open = open.filter((goal) => depth < (options.broken?.(goal) ?? Number.POSITIVE_INFINITY));
      if (open.length === 0) return;
      options.progress(depth, `bounded traces: depth ${depth}`);
      const choice = system.choice(`step${depth}.`);
      const { possible, faults, next, taken } = system.step(state, choice);
      levels.push({ choice, taken });
      await lane.assert(inOrder(system, symmetric, levels).filter((lit) => lit !== TRUE));
      const faulty = terms.any(faults.map(({ cond }) => cond));
      await lane.assert(
        [possible, ...options.proved.map((goal) => not(brokenAfter(system, goal, next, faulty)))].filter((lit) => lit !== TRUE),
      );
      const violations: Violation[] = [];
      for (;;) {
        const broken = open.map((goal) => ({ goal, lit: brokenAfter(system, goal, next, faulty) }));
        const values = await askAny(
          lane,
          system,
          broken.map(({ lit }) => lit),
        );
        if (values === null) break;
        const steps = levels.map((level) => system.chosen(values, level.choice, level.taken));
        const found = broken.filter(({ lit }) => isTrue(values, lit));
        violations.push(...found.map(({ goal }) => ({ goal, depth, steps })));
        open = open.filter((goal) => !found.some((f) => f.goal === goal));
      }
      // After a broken bound no step follows.
      await lane.assert([not(faulty), ...open.map((goal) => goal.holds(next))].filter((lit) => lit !== TRUE));
      // Where no trace is this long, none is longer: to ask at the ends is enough, and in between it costs as much as a goal.
      const ends = depth <= EARLY || depth === options.depth;
      const reachable = violations.length > 0 || (ends ? (await lane.satisfy([])) !== null : null);
      yield { depth, violations, holding: open, reachable };
      if (reachable === false) return;
      state = next;
    }
  } finally {
    lane.stop();
  }
}

/**
 * Of members that can change places the first to act may be taken to be the first, and so on: every trace is one of these with the
 * members renamed, and as long, because it begins where nothing tells them apart yet. It halves the work for two threads.
 */
function inOrder({ terms, machines }: TransitionSystem, symmetric: readonly boolean[], levels: readonly Level[]): readonly Lit[] {
  const acts = ({ choice }: Level, agent: number, member: number): Lit =>
    terms.and(guardOf(choice.agent, agent), guardOf(choice.who[agent] as Num, member));
  const last = levels.at(-1) as Level;
  return machines.flatMap(({ size }, agent) => {
    if (symmetric[agent] !== true) return [];
    return Array.from({ length: size - 1 }, (_, member) => {
      const before = terms.any(levels.slice(0, -1).map((level) => acts(level, agent, member)));
      return terms.or(not(acts(last, agent, member + 1)), before);
    });
  });
}

async function askAny(lane: Lane, { terms }: TransitionSystem, lits: readonly Lit[]): Promise<Uint8Array | null> {
  const any = terms.any(lits);
  return any === FALSE ? null : lane.satisfy([any]);
}
