/**
 * A *task* of `explore` is one program to be judged, or all generated programs of one situation: plain data, so that a worker can be given
 * it. What it takes to make the program is loaded, and compiled, where it is judged.
 */
import type { ExploreTargets } from '../engine.ts';
import type { Row } from '../verdict.ts';
import { judge, type Request } from './judgement.ts';
import type { Scenario } from './kernel/scenario.ts';
import { SCENARIOS } from './kernel/scenarios.ts';
import { SITUATIONS } from './kernel/situations.ts';
import type { Target } from './target.ts';
import type { Proof } from './targets/primitive.ts';

export interface Task {
  /** Of its row; of the last one, where there are several. */
  readonly id: string;
  /** That which is judged, and nothing else. */
  readonly what: ExploreTargets;
  /** Of the kernel's locks as primitives; null: they are taken from their atomics, or there is no kernel. */
  readonly locks: Proof | null;
}

export function tasksOf(targets: ExploreTargets, locks: Proof | null = null): readonly Task[] {
  switch (targets.kind) {
    case 'scenarios':
      return targets.ids.map((id) => ({ id, what: { ...targets, ids: [id] }, locks }));
    case 'scenario':
      return [{ id: targets.scenario.id, what: targets, locks }];
    case 'litmus':
      return [{ id: targets.id, what: targets, locks: null }];
    case 'generated':
      return targets.situations.map((id) => ({ id, what: { ...targets, situations: [id] }, locks }));
  }
}

/** One that the implementation does not get through the prologue of is a row like any other: the rest can be judged. */
export async function judgeTask(task: Task, request: Request): Promise<readonly Row[]> {
  const began = performance.now();
  try {
    return await judged(task, request);
  } catch (error) {
    const { PrologueError } = await import('./kernel/stage.ts');
    if (!(error instanceof PrologueError)) throw error;
    const seconds = (performance.now() - began) / 1000;
    return [{ id: task.id, verdict: 'unknown', bound: 'nothing', seconds, counterexample: null, detail: error.message }];
  }
}

async function judged({ id, what, locks }: Task, request: Request): Promise<readonly Row[]> {
  if (locks !== null && locks.verdict !== 'holds') return [(await import('./targets/primitive.ts')).unproved(id, locks.verdict)];
  if (what.kind === 'generated') {
    const { judgeGenerated } = await import('./generated.ts');
    return judgeGenerated(named('situation', SITUATIONS, id), { ...what, seed: request.seed }, request, (scenario) =>
      scenarioTarget(scenario, locks),
    );
  }
  return [(await judge(await targetOf(id, what, locks), request)).row];
}

/** All that is not generated is one target. */
export async function taskTarget({ id, what, locks }: Task): Promise<Target> {
  if (what.kind === 'generated') throw new Error('generated programs are many');
  return targetOf(id, what, locks);
}

async function targetOf(id: string, what: Exclude<ExploreTargets, { readonly kind: 'generated' }>, locks: Proof | null): Promise<Target> {
  if (what.kind === 'litmus') return (await import('./targets/litmus.ts')).litmusTarget(id, what);
  return scenarioTarget(what.kind === 'scenario' ? what.scenario : named('scenario', SCENARIOS, id), locks);
}

async function scenarioTarget(scenario: Scenario, locks: Proof | null): Promise<Target> {
  if (locks === null) return (await import('./targets/pristine.ts')).pristineTarget(scenario);
  return (await import('./targets/primitive.ts')).primitiveTarget(scenario, locks);
}

function named<Known extends { readonly id: string }>(kind: string, known: readonly Known[], id: string): Known {
  const found = known.find((each) => each.id === id);
  if (found === undefined) throw new RangeError(`there is no ${kind} ${id}`);
  return found;
}
