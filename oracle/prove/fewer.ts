/**
 * A run with *fewer* steps than one that is known to break a goal: everything that the procedures of the known run can do, started no more
 * often than there, is looked at, breadth first, on the compiled model. What it finds is mostly a shortest run; that no other is shorter
 * is for bounded traces to show, which have less to ask about, the shorter the run is.
 */
import { encodedRange } from '../compile/liveness.ts';
import { type Concrete, type ConcreteStep, hashOf } from './concrete.ts';

/** States that are looked at: about a second. */
const MOST_STATES = 200_000;
/** States between two looks at the clock. */
const TURN = 1_024;
/** Where a procedure has more ways to start than this, those of the run are enough. */
const MOST_STARTS = 32;

interface Way extends ConcreteStep {
  /** Which of the procedures it starts; -1: it goes on. */
  readonly starts: number;
}

interface Reached {
  readonly words: Int32Array;
  /** How often each procedure may still be started. */
  readonly left: Int32Array;
  /** The state it was reached from, and by which step; the first has neither. */
  readonly from: Reached | null;
  readonly step: ConcreteStep | null;
}

/** Null: none was found. */
export function withFewerSteps(
  concrete: Concrete,
  run: readonly ConcreteStep[],
  id: string,
  stop: () => boolean,
): readonly ConcreteStep[] | null {
  const { model } = concrete;
  const { ways, often } = waysLike(concrete, run);
  const seen = new Set<string>();
  let turns = 0;
  let level: readonly Reached[] = [{ words: model.initial(), left: Int32Array.from(often), from: null, step: null }];
  for (let depth = 1; depth < run.length; depth++) {
    const next: Reached[] = [];
    for (const from of level) {
      for (const step of ways) {
        if (step.starts >= 0 && from.left[step.starts] === 0) continue;
        const words = from.words.slice();
        if (!concrete.take(words, step)) continue;
        const left = from.left.map((times, at) => (at === step.starts ? times - 1 : times));
        const reached = { words, left, from, step };
        if (concrete.isBroken(words, id)) return pathTo(reached);
        const key = `${hashOf(words)} ${left.join()}`;
        if (seen.has(key) || model.fault(words) !== null) continue;
        seen.add(key);
        next.push(reached);
      }
      if (seen.size > MOST_STATES || (++turns % TURN === 0 && stop())) return null;
    }
    level = next;
  }
  return null;
}

/** What the procedures of the run can begin with, started by whom ever, every way to go on, and how often the run starts each procedure. */
function waysLike({ model }: Concrete, run: readonly ConcreteStep[]): { readonly ways: readonly Way[]; readonly often: readonly number[] } {
  const often: number[] = [];
  const ways = model.agents.flatMap(({ size, procedures }, agent) => {
    const starts = procedures.flatMap(({ params }, procedure) => {
      const given = run.flatMap((step) => (step.agent === agent && step.procedure === procedure && step.args !== null ? [step.args] : []));
      if (given.length === 0) return [];
      const at = often.push(given.length) - 1;
      const ranges = params.map(({ type }) => encodedRange(type));
      const count = ranges.reduce((product, { lo, hi }) => product * (hi - lo + 1), 1);
      return (count > MOST_STARTS ? given : argumentsIn(ranges)).map((args) => ({ procedure, args, starts: at }));
    });
    const goOn = { procedure: 0, args: null, starts: -1 };
    return Array.from({ length: size }, (_, who) => [...starts, goOn].map((way): Way => ({ agent, who, ...way }))).flat();
  });
  return { ways, often };
}

function argumentsIn(ranges: readonly { readonly lo: number; readonly hi: number }[]): readonly (readonly number[])[] {
  return ranges.reduce<readonly (readonly number[])[]>(
    (made, { lo, hi }) => made.flatMap((args) => Array.from({ length: hi - lo + 1 }, (_, above) => [...args, lo + above])),
    [[]],
  );
}

function pathTo({ from, step }: Reached): readonly ConcreteStep[] {
  return from === null || step === null ? [] : [...pathTo(from), step];
}
