/**
 * A *task* of `explore` is one program to be judged, or all generated programs of one situation: plain data, so that a worker can be given
 * it. What it takes to make the program is loaded, and compiled, where it is judged.
 */
import type { ExploreTargets } from '../engine.ts';
import type { Row } from '../verdict.ts';
import { judge, type Request } from './judgement.ts';
import { SCENARIOS } from './kernel/scenarios.ts';
import { SITUATIONS } from './kernel/situations.ts';
import type { Target } from './target.ts';

export interface Task {
  /** Of its row; of the last one, where there are several. */
  readonly id: string;
  /** That which is judged, and nothing else. */
  readonly what: ExploreTargets;
}

export function tasksOf(targets: ExploreTargets): readonly Task[] {
  switch (targets.kind) {
    case 'scenarios':
      return targets.ids.map((id) => ({ id, what: { ...targets, ids: [id] } }));
    case 'scenario':
      return [{ id: targets.scenario.id, what: targets }];
    case 'litmus':
      return [{ id: targets.id, what: targets }];
    case 'generated':
      return targets.situations.map((id) => ({ id, what: { ...targets, situations: [id] } }));
  }
}

export async function judgeTask({ id, what }: Task, request: Request): Promise<readonly Row[]> {
  if (what.kind === 'generated') {
    const { judgeGenerated } = await import('./generated.ts');
    return judgeGenerated(named('situation', SITUATIONS, id), { ...what, seed: request.seed }, request);
  }
  return [(await judge(await targetOf(id, what), request)).row];
}

/** All that is not generated is one target. */
export async function taskTarget({ id, what }: Task): Promise<Target> {
  if (what.kind === 'generated') throw new Error('generated programs are many');
  return targetOf(id, what);
}

async function targetOf(id: string, what: Exclude<ExploreTargets, { readonly kind: 'generated' }>): Promise<Target> {
  if (what.kind === 'litmus') return (await import('./targets/litmus.ts')).litmusTarget(id, what);
  const { pristineTarget } = await import('./targets/pristine.ts');
  return pristineTarget(what.kind === 'scenario' ? what.scenario : named('scenario', SCENARIOS, id));
}

function named<Known extends { readonly id: string }>(kind: string, known: readonly Known[], id: string): Known {
  const found = known.find((each) => each.id === id);
  if (found === undefined) throw new RangeError(`there is no ${kind} ${id}`);
  return found;
}
