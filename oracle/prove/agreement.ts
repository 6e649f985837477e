/**
 * *Agreement* of the two back ends: what the terms of a proof say of a state that a run has reached, against what the compiled model does
 * there. One assignment of the variables gives every action arguments, so each state is looked at with all actions at once.
 */
import { codeOf } from '../compile/term-number.ts';
import { encodedRange } from '../compile/liveness.ts';
import type { Action, TransitionSystem } from '../compile/smt.ts';
import { assignmentOf, type State, valueIn } from '../compile/symbolic-state.ts';
import { isTrue, type Lit } from '../compile/term.ts';
import { type Concrete, concreteStep, randomFrom } from './concrete.ts';
import { type Beginning, type Represented, represented } from './exchange.ts';
import type { Representatives } from './representatives.ts';

/** Tries to find a step that is possible. */
const TRIES = 200;

/** The terms of a step of one member from the unknown state. */
export interface SymbolicStep {
  readonly action: Action;
  readonly who: number;
  /** The terms are about states and arguments of which this is true, and about no others. */
  readonly represents: Lit;
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
 * that begin in it, and exchanged into the representative that one of the others begins in.
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
  /** The step: of the one that is to begin in a representative, and all. */
  const look = (cells: readonly number[], chosen: readonly (readonly number[])[], only: SymbolicStep | null): string | null => {
    const variables = new Map(assignmentOf(system.layout, '', cells));
    for (const [index, { action, who }] of steps.entries()) {
      for (const [at, { type }] of system.params(action).entries()) {
        const above = (chosen[index]?.[at] as number) - encodedRange(type).lo;
        for (const [variable, bit] of codeOf(argumentName(action, who, at), above)) variables.set(variable, bit);
      }
    }
    const values = system.terms.evaluate((name) => variables.get(name) === true);
    const wrong = claims.find(({ lit }) => !isTrue(values, lit));
    if (wrong !== undefined) return `a run reaches a state in which ${wrong.id}, which the proof assumes, is false`;
    if (only !== null && !isTrue(values, only.represents)) return `no representative was found for ${only.action.name}`;
    for (const [index, step] of steps.entries()) {
      if (!isTrue(values, step.represents)) continue;
      const difference = differs(system, concrete, cells, step, chosen[index] as readonly number[], values);
      if (difference !== null) return `the terms and the compiled model disagree about ${step.action.name}: ${difference}`;
    }
    return null;
  };
  for (const cells of reached) {
    const chosen = steps.map(argumentsOf);
    const difference = look(cells, chosen, null);
    if (difference !== null) return difference;
    if (representatives === null) continue;
    const words = concrete.cells.write(cells);
    const standing = steps.filter(({ action, who }) => concrete.model.pc(words, action.agent, who) === action.entry.pc);
    const step = standing[random(Math.max(1, standing.length))];
    if (step === undefined) continue;
    const index = steps.indexOf(step);
    const beginning = { cells, args: chosen[index] as readonly number[] };
    const other = represented(system, representatives, beginning, step);
    if (other === null) return `no representative was found for ${step.action.name}`;
    const exchanged =
      tellsApart(system, concrete, step, beginning, other) ??
      look(
        other.cells,
        chosen.map((args, at) => (at === index ? other.args : args)),
        step,
      );
    if (exchanged !== null) return exchanged;
  }
  return null;
}

/** What exchanging members changes of a step of the compiled model, besides exchanging them; null: nothing. */
function tellsApart(
  system: TransitionSystem,
  concrete: Concrete,
  { action, who }: SymbolicStep,
  beginning: Beginning,
  other: Represented,
): string | null {
  const [words, otherWords] = [concrete.cells.write(beginning.cells), concrete.cells.write(other.cells)];
  const possible = concrete.take(words, concreteStep(action, who, beginning.args));
  const what = `${action.name} tells from each other what the proof exchanges`;
  if (concrete.take(otherWords, concreteStep(action, who, other.args)) !== possible) return `${what}: whether it is possible`;
  if (!possible) return null;
  const fault = concrete.model.fault(words) !== null;
  if ((concrete.model.fault(otherWords) !== null) !== fault) return `${what}: whether it breaks a bound`;
  if (fault) return null;
  const [after, otherAfter] = [other.exchange(concrete.cells.read(words)), concrete.cells.read(otherWords)];
  const cell = otherAfter.findIndex((content, at) => content !== after[at]);
  return cell < 0 ? null : `${what}: what it makes of ${system.layout.cells[cell]?.name}`;
}

function differs(
  system: TransitionSystem,
  concrete: Concrete,
  cells: readonly number[],
  { action, who, enabled, faulty, next }: SymbolicStep,
  args: readonly number[],
  values: Uint8Array,
): string | null {
  const words = concrete.cells.write(cells);
  const stands = concrete.model.pc(words, action.agent, who) === action.entry.pc;
  const possible = stands && concrete.take(words, concreteStep(action, who, args));
  if (possible !== isTrue(values, enabled)) return 'whether it is possible';
  if (!possible) return null;
  const fault = concrete.model.fault(words) !== null;
  if (fault !== isTrue(values, faulty)) return 'whether it breaks a bound';
  if (fault) return null;
  const after = concrete.cells.read(words);
  const cell = next.findIndex((value, at) => valueIn(values, value) !== after[at]);
  return cell < 0 ? null : `what it makes of ${system.layout.cells[cell]?.name}`;
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
