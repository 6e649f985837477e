/** Making the run that broke a goal *shorter*: what it did in vain is left out. It ends with a short run, mostly with a shortest (fewer.ts). */
import type { Chosen, TransitionSystem } from '../compile/smt.ts';
import type { Concrete, ConcreteStep } from './concrete.ts';
import { withFewerSteps } from './fewer.ts';

export interface Run {
  readonly path: readonly ConcreteStep[];
  /** The goal. */
  readonly id: string;
  /** When this says so, it is short enough. */
  readonly stop: () => boolean;
}

/** Null: the run does not break it. */
export function shortened(system: TransitionSystem, concrete: Concrete, { path, id, stop }: Run): readonly Chosen[] | null {
  let shortest = follow(system, concrete, path, id);
  if (shortest === null) return null;
  for (let size = Math.ceil(shortest.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = shortest.length - size; at >= 0 && !stop(); at--) {
      const shorter = follow(system, concrete, shortest.map(stepOf).toSpliced(at, size), id);
      if (shorter !== null && shorter.length < shortest.length) {
        shortest = shorter;
        at = Math.min(at, shortest.length - size + 1);
      }
    }
  }
  const fewer = withFewerSteps(concrete, shortest.map(stepOf), id, stop);
  return fewer === null ? shortest : follow(system, concrete, fewer, id);
}

/** The steps that are possible, up to the one that breaks it. What is not possible without what is gone is left out as well. */
export function follow(system: TransitionSystem, concrete: Concrete, run: readonly ConcreteStep[], id: string): readonly Chosen[] | null {
  const words = concrete.model.initial();
  const taken: Chosen[] = [];
  if (concrete.isBroken(words, id)) return taken;
  for (const step of run) {
    const pc = concrete.model.pc(words, step.agent, step.who);
    if (!concrete.take(words, step)) continue;
    const action = system.actions.find(
      ({ agent, entry }) => agent === step.agent && entry.pc === pc && (pc !== 0 || entry.procedure === step.procedure),
    );
    if (action === undefined) throw new Error('the compiled model took a step that the transition system does not have');
    taken.push({ action, who: step.who, args: step.args });
    if (concrete.isBroken(words, id)) return taken;
    if (concrete.model.fault(words) !== null) return null;
  }
  return null;
}

function stepOf({ action, who, args }: Chosen): ConcreteStep {
  return { agent: action.agent, who, procedure: action.entry.procedure, args };
}
