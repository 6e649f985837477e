/**
 * *Vacuity*: what took no part in a proof. What runs did not exercise may be impossible by what was proved, or only rare; an invariant that
 * is true by its form alone says nothing.
 */
import type { Action, TransitionSystem } from '../compile/smt.ts';
import { Interpreter } from '../compile/symbolic.ts';
import { not } from '../compile/term.ts';
import type { Vacuous } from '../verdict.ts';
import type { Antecedent } from './antecedents.ts';
import type { Exercise } from './exercise.ts';
import type { Goal } from './goals.ts';
import type { Allowed } from './induction.ts';
import { SolverFailure } from './solver.ts';

/** What can't happen, by what was proved. */
export interface Impossible {
  readonly idle: ReadonlySet<Action>;
  readonly unmet: ReadonlySet<Antecedent>;
}

export const NOTHING: Impossible = { idle: new Set(), unmet: new Set() };

/** What runs did not exercise: is it impossible by what was proved? Where the time ends first, nobody knows. */
export async function lookForVacuous(
  system: TransitionSystem,
  exercise: Exercise,
  asked: readonly Goal[],
  allowed: Allowed,
): Promise<readonly Vacuous[]> {
  const interpreter = new Interpreter(system.terms, exercise.program, system.layout);
  const [idle, unmet] = [new Set<Action>(), new Set<Antecedent>()];
  const trivial = asked
    .filter((goal) => goal.kind === 'invariant' && allowed.isTrivial(goal))
    .map(({ id }): Vacuous => ({ kind: 'invariant', id, reason: 'it is true of every state, whether a run can get there or not' }));
  try {
    for (const action of system.actions) if (!exercise.hasTaken(action) && !(await allowed.action(action))) idle.add(action);
    for (const antecedent of exercise.dormant) {
      if (!(await allowed.state((state) => not(interpreter.predicate(antecedent.fn, state))))) unmet.add(antecedent);
    }
  } catch (error) {
    if (!(error instanceof SolverFailure)) throw error;
  }
  return [...unexercised(system, exercise, { idle, unmet }), ...trivial];
}

/** Actions that no run took, and antecedents that no state met. */
export function unexercised(system: TransitionSystem, exercise: Exercise, { idle, unmet }: Impossible): readonly Vacuous[] {
  const { steps, states, dormant } = exercise;
  const seen = (impossible: boolean): string =>
    impossible ? '; what was proved excludes it' : `; it may be in others (${steps} steps, ${states} states were looked at)`;
  return [
    ...system.actions
      .filter((action) => !exercise.hasTaken(action))
      .map(
        (action): Vacuous => ({
          kind: 'action',
          id: `${action.machine.agent}.${action.name}`,
          reason: `no random run took it${seen(idle.has(action))}`,
        }),
      ),
    ...dormant.map(
      (antecedent): Vacuous => ({
        kind: 'invariant',
        id: antecedent.id,
        reason: `"${antecedent.text}" was true in no state of a random run${seen(unmet.has(antecedent))}`,
      }),
    ),
  ];
}
