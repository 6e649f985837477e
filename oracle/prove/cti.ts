/**
 * A *counterexample to induction*: a step that breaks a goal, from a state that satisfies all that was assumed, as small as it can be made.
 * Either a run can get to that state, and the goal is wrong, or none can, and a lemma that excludes it is missing.
 */
import type { TransitionSystem } from '../compile/smt.ts';
import { decodeScalar } from '../compile/values.ts';
import { type Concrete, type ConcreteStep, concreteStep } from './concrete.ts';
import type { FrameFacts } from './frames.ts';
import type { Failure } from './induction.ts';
import { makeSmall } from './minimise.ts';

export interface Counterexample {
  readonly step: ConcreteStep;
  /** The cells of the state before the step, and its words. */
  readonly before: readonly number[];
  readonly words: Int32Array;
  /** For people: the step, and each field that isn't 0, with what becomes of it. */
  readonly text: string;
}

export function counterexampleOf(
  system: TransitionSystem,
  concrete: Concrete,
  facts: FrameFacts,
  { action, who, args, before: found }: Failure,
  goal: string,
): Counterexample {
  const step = concreteStep(action, who, args);
  // Goals that were given up before this one may be false there already.
  const given = new Set(concrete.broken(concrete.cells.write(found)));
  const allowed = (cells: readonly number[]): boolean =>
    facts.hold(cells) && concrete.broken(concrete.cells.write(cells)).every((id) => given.has(id));
  const before = makeSmall({ step, before: found, broken: [goal] }, concrete, allowed, (words) => concrete.broken(words));
  const words = concrete.cells.write(before);
  const next = words.slice();
  concrete.take(next, step);
  const after = concrete.cells.read(next);
  const values = system.params(action).map(({ name, type }, at) => `${name} ${String(decodeScalar(type, args[at] ?? 0))}`);
  const { file, line } = action.entry.source;
  const fields = system.layout.cells.flatMap(({ name, type, fixed }, cell) => {
    const [from, to] = [before[cell] ?? 0, after[cell] ?? 0];
    if (fixed !== null || (from === 0 && to === 0)) return [];
    const told = (value: number): string => (name.endsWith('.pc') ? pauseName(system, name, value) : String(decodeScalar(type, value)));
    return [`    ${name.padEnd(28)} ${told(from)}${from === to ? '' : `  →  ${told(to)}`}`];
  });
  const head = `  ${action.machine.agent} ${who}: ${action.name}(${values.join(', ')})   [${file}:${line}]`;
  return { step, before, words, text: [head, ...(fields.length === 0 ? ['    everything as at first'] : fields)].join('\n') };
}

function pauseName(system: TransitionSystem, cell: string, pc: number): string {
  const action = system.actions.find(({ machine, entry }) => cell.startsWith(`${machine.agent}[`) && entry.pc === pc && pc !== 0);
  return action === undefined ? 'idle' : action.name;
}
