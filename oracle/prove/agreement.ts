/**
 * *Agreement* of the two back ends: what the terms of a proof say of a state that a run has reached, against what the compiled model does
 * there. One assignment of the variables gives every action arguments, so each state is looked at with all actions at once.
 */
import { codeOf } from '../compile/term-number.ts';
import { encodedRange } from '../compile/liveness.ts';
import type { Action, TransitionSystem } from '../compile/smt.ts';
import { assignmentOf, type State, type Value, valueIn } from '../compile/symbolic-state.ts';
import { isTrue, type Lit } from '../compile/term.ts';
import type { Choice } from './choosing.ts';
import { type Concrete, concreteStep, randomFrom } from './concrete.ts';
import { type Beginning, represented } from './exchange.ts';
import type { Asked, Representatives } from './representatives.ts';

/** Tries to find a step that is possible. */
const TRIES = 200;

/** The terms of a step of one member from the unknown state. */
export interface SymbolicStep extends Asked {
  /** The terms are about states and arguments of which this is true, and about no others. */
  readonly represents: Lit;
  /** In the order in which they are made. */
  readonly choices: readonly Choice[];
  readonly enabled: Lit;
  readonly faulty: Lit;
  readonly next: State;
}

/** What an argument is called where it is a variable. */
export function argumentName({ machine, name }: Action, who: number, at: number): string {
  return `${machine.agent}.${name}.${who}.argument.${at}`;
}

export interface Compared {
  readonly reached: readonly (readonly number[])[];
  /** To be true in all of them. */
  readonly claims: readonly { readonly id: string; readonly lit: Lit }[];
  readonly steps: readonly SymbolicStep[];
  /** Those that the steps begin in; null: they may begin anywhere. */
  readonly representatives: Representatives | null;
}

/**
 * Where they say different things of one of these states, by their cells; null: they agree. A state is looked at as it is, for all steps
 * that begin in it, and exchanged into the representative that one of the others begins in. A step by choice has to be one of those the terms
 * allow where whoever the compiled model finds first is chosen.
 */
export function disagreement(
  system: TransitionSystem,
  concrete: Concrete,
  { reached, claims, steps, representatives }: Compared,
): string | null {
  const random = randomFrom(1);
  const argumentsOf = ({ action }: SymbolicStep): readonly number[] =>
    system.params(action).map(({ type }) => {
      const { lo, hi } = encodedRange(type);
      return lo + random(hi - lo + 1);
    });
  const evaluate = (cells: readonly number[], given: readonly Given[]): Uint8Array => {
    const variables = new Map(assignmentOf(system.layout, '', cells));
    const assign = (name: string, above: number): void => {
      for (const [variable, bit] of codeOf(name, above)) variables.set(variable, bit);
    };
    for (const { step, args, chosen } of given) {
      for (const [at, { type }] of system.params(step.action).entries())
        assign(argumentName(step.action, step.who, at), (args[at] as number) - encodedRange(type).lo);
      for (const [at, code] of chosen.entries()) assign((step.choices[at] as Choice).name, code);
    }
    return system.terms.evaluate((name) => variables.get(name) === true);
  };
  const falseClaim = (values: Uint8Array): string | null => {
    const wrong = claims.find(({ lit }) => !isTrue(values, lit));
    return wrong === undefined ? null : `a run reaches a state in which ${wrong.id}, which the proof assumes, is false`;
  };
  /** As it is. */
  const look = (cells: readonly number[], args: readonly (readonly number[])[]): string | null => {
    const values = evaluate(
      cells,
      steps.map((step, at) => ({ step, args: args[at] as readonly number[], chosen: [] })),
    );
    const wrong = falseClaim(values);
    if (wrong !== null) return wrong;
    for (const [at, step] of steps.entries()) {
      if (step.byChoice || !isTrue(values, step.represents)) continue;
      const difference = differs(system, step, values, outcomeOf(concrete, step, { cells, args: args[at] as readonly number[] }));
      if (difference !== null) return difference;
    }
    return null;
  };
  /** Exchanged. */
  const lookAgain = (cells: readonly number[], args: readonly number[], step: SymbolicStep, all: Representatives): string | null => {
    const kinds = step.choices.map(({ kind }) => kind);
    const other = represented(system, all, { cells, args }, step, {
      kinds,
      next: (now, origin) => {
        const { kind, path, fits } = step.choices[now.chosen.length] as Choice;
        const values = evaluate(now.cells, [{ step, args: now.args, chosen: now.chosen }]);
        if (!isTrue(values, path)) return 0;
        const members = fits.flatMap((lit, member) => (isTrue(values, lit) ? [member] : []));
        const [found] = members.toSorted((a, b) => origin(kind, a) - origin(kind, b));
        return found === undefined ? 0 : found + 1;
      },
    });
    if (other === null) return `no representative was found for ${step.action.name}`;
    const values = evaluate(other.cells, [{ step, args: other.args, chosen: other.chosen }]);
    const wrong = falseClaim(values);
    if (wrong !== null) return wrong;
    if (!isTrue(values, step.represents)) return `no representative was found for ${step.action.name}`;
    const outcome = outcomeOf(concrete, step, { cells, args });
    const expected = { ...outcome, after: outcome.after === null ? null : other.exchange(outcome.after) };
    const difference = differs(system, step, values, expected);
    // Whoever the compiled model finds first in the exchanged state may be somebody else.
    return difference ?? (step.byChoice ? null : tellsApart(system, step, expected, outcomeOf(concrete, step, other)));
  };
  for (const cells of reached) {
    // A step by choice and as it is are given the same.
    const given = new Map<string, readonly number[]>();
    const args = steps.map((step) => {
      const name = argumentName(step.action, step.who, 0);
      const known = given.get(name) ?? argumentsOf(step);
      given.set(name, known);
      return known;
    });
    const difference = look(cells, args);
    if (difference !== null) return difference;
    if (representatives === null) continue;
    const words = concrete.cells.write(cells);
    const standing = steps.filter(({ action, who }) => concrete.model.pc(words, action.agent, who) === action.entry.pc);
    const byChoice = standing.filter((step) => step.byChoice);
    for (const some of [standing, byChoice]) {
      const step = some[random(Math.max(1, some.length))];
      if (step === undefined) continue;
      const exchanged = lookAgain(cells, args[steps.indexOf(step)] as readonly number[], step, representatives);
      if (exchanged !== null) return exchanged;
    }
  }
  return null;
}

/** What the variables of one step are to be. */
interface Given {
  readonly step: SymbolicStep;
  readonly args: readonly number[];
  readonly chosen: readonly number[];
}

/** What the compiled model makes of a step. */
interface Outcome {
  readonly possible: boolean;
  readonly fault: boolean;
  /** Null: it isn't possible, or breaks a bound. */
  readonly after: readonly number[] | null;
}

function outcomeOf(concrete: Concrete, { action, who }: SymbolicStep, { cells, args }: Omit<Beginning, 'chosen'>): Outcome {
  const words = concrete.cells.write(cells);
  const stands = concrete.model.pc(words, action.agent, who) === action.entry.pc;
  const possible = stands && concrete.take(words, concreteStep(action, who, args));
  const fault = possible && concrete.model.fault(words) !== null;
  return { possible, fault, after: possible && !fault ? concrete.cells.read(words) : null };
}

/** What exchanging members changes of a step of the compiled model, besides exchanging them; null: nothing. */
function tellsApart({ layout }: TransitionSystem, { action }: SymbolicStep, expected: Outcome, seen: Outcome): string | null {
  const difference = compare(layout.cells, expected, seen, (cell) => seen.after?.[cell] === expected.after?.[cell]);
  return difference === null ? null : `${action.name} tells from each other what the proof exchanges: ${difference}`;
}

function differs(
  { layout }: TransitionSystem,
  { action, enabled, faulty, next }: SymbolicStep,
  values: Uint8Array,
  expected: Outcome,
): string | null {
  const seen = { possible: isTrue(values, enabled), fault: expected.possible && isTrue(values, faulty) };
  const difference = compare(layout.cells, expected, seen, (cell) => valueIn(values, next[cell] as Value) === expected.after?.[cell]);
  return difference === null ? null : `the terms and the compiled model disagree about ${action.name}: ${difference}`;
}

function compare(
  cells: TransitionSystem['layout']['cells'],
  expected: Outcome,
  seen: Omit<Outcome, 'after'>,
  isSame: (cell: number) => boolean,
): string | null {
  if (seen.possible !== expected.possible) return 'whether it is possible';
  if (seen.fault !== expected.fault) return 'whether it breaks a bound';
  const cell = expected.after === null ? -1 : cells.findIndex((_, at) => !isSame(at));
  return cell < 0 ? null : `what it makes of ${cells[cell]?.name}`;
}

/** The terms of one step after another, from a free state of this prefix. */
export interface SymbolicPath {
  readonly prefix: string;
  /** What the choices of each step are called begins with its own prefix. */
  readonly steps: readonly { readonly prefix: string; readonly possible: Lit; readonly faulty: Lit; readonly next: State }[];
}

/**
 * Where terms and model say different things of steps that follow each other, from one of these states on; null: they agree. The choices are
 * those of steps that the model takes, and end where it finds none or a bound is broken.
 */
export function disagreementOnPath(
  system: TransitionSystem,
  concrete: Concrete,
  reached: readonly (readonly number[])[],
  { prefix, steps }: SymbolicPath,
): string | null {
  const random = randomFrom(1);
  for (const cells of reached) {
    const variables = new Map(assignmentOf(system.layout, prefix, cells));
    const words = concrete.cells.write(cells);
    const states: { readonly cells: readonly number[]; readonly fault: boolean }[] = [];
    for (const step of steps) {
      const taken = anyStep(system, concrete, words, random);
      if (taken === null) break;
      for (const [name, above] of codesOf(taken, system)) {
        for (const [variable, bit] of codeOf(`${step.prefix}${name}`, above)) variables.set(variable, bit);
      }
      const fault = concrete.model.fault(words) !== null;
      states.push({ cells: concrete.cells.read(words), fault });
      if (fault) break;
    }
    const values = system.terms.evaluate((name) => variables.get(name) === true);
    for (const [at, state] of states.entries()) {
      const { possible, faulty, next } = steps[at] as (typeof steps)[number];
      const what = `the terms and the compiled model disagree about step ${at + 1} of a path`;
      if (!isTrue(values, possible)) return `${what}: whether it is possible`;
      if (isTrue(values, faulty) !== state.fault) return `${what}: whether it breaks a bound`;
      const cell = state.fault ? -1 : next.findIndex((value, index) => valueIn(values, value) !== state.cells[index]);
      if (cell >= 0) return `${what}: what it makes of ${system.layout.cells[cell]?.name}`;
    }
  }
  return null;
}

interface Taken {
  readonly action: Action;
  readonly who: number;
  readonly args: readonly number[];
}

/** Takes a step that is possible; null: none was found. */
function anyStep(system: TransitionSystem, concrete: Concrete, words: Int32Array, random: (below: number) => number): Taken | null {
  for (let tries = TRIES; tries > 0; tries--) {
    const action = system.actions[random(system.actions.length)] as Action;
    const who = random(action.machine.size);
    if (concrete.model.pc(words, action.agent, who) !== action.entry.pc) continue;
    const args = system.params(action).map(({ type }) => {
      const { lo, hi } = encodedRange(type);
      return lo + random(hi - lo + 1);
    });
    if (concrete.take(words, concreteStep(action, who, args))) return { action, who, args };
  }
  return null;
}

/** Choices that are not of what is taken are the first there are. */
function codesOf({ action, who, args }: Taken, { machines }: TransitionSystem): readonly (readonly [string, number])[] {
  const { agent } = machines[action.agent] as (typeof machines)[number];
  const started = action.entry.pc === 0 ? action.entry.procedure : 0;
  return [
    ['agent', action.agent],
    [`${agent}.who`, who],
    [`${agent}.procedure`, started],
    ...args.map((value, at): readonly [string, number] => [`argument${at}`, value]),
  ];
}
