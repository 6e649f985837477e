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

/** The terms of a step of one member from the unknown state. */
export interface SymbolicStep {
  readonly action: Action;
  readonly who: number;
  readonly enabled: Lit;
  readonly faulty: Lit;
  readonly next: State;
}

/** What an argument is called where it is a variable. */
export function argumentName({ machine, name }: Action, who: number, at: number): string {
  return `${machine.agent}.${name}.${who}.argument.${at}`;
}

/**
 * Where they say different things of one of these states, by their cells; null: they agree. `claims` are to be true in all of them.
 */
export function disagreement(
  system: TransitionSystem,
  concrete: Concrete,
  {
    reached,
    claims,
    steps,
  }: {
    readonly reached: readonly (readonly number[])[];
    readonly claims: readonly { readonly id: string; readonly lit: Lit }[];
    readonly steps: readonly SymbolicStep[];
  },
): string | null {
  const random = randomFrom(1);
  for (const cells of reached) {
    const variables = new Map(assignmentOf(system.layout, '', cells));
    const chosen = steps.map(({ action, who }) =>
      system.params(action).map(({ type }, at) => {
        const { lo, hi } = encodedRange(type);
        const above = random(hi - lo + 1);
        for (const [variable, bit] of codeOf(argumentName(action, who, at), above)) variables.set(variable, bit);
        return lo + above;
      }),
    );
    const values = system.terms.evaluate((name) => variables.get(name) === true);
    const wrong = claims.find(({ lit }) => !isTrue(values, lit));
    if (wrong !== undefined) return `a run reaches a state in which ${wrong.id}, which the proof assumes, is false`;
    for (const [index, step] of steps.entries()) {
      const difference = differs(system, concrete, cells, step, chosen[index] as readonly number[], values);
      if (difference !== null) return `the terms and the compiled model disagree about ${step.action.name}: ${difference}`;
    }
  }
  return null;
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
