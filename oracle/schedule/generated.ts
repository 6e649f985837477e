/**
 * *Generated programs*, judged: all small programs of a situation, one after the other. They have a row together, and before it one for each
 * that is violated; after a few of these the rest is left for when their causes are mended.
 */
import { UsageError } from '../usage.ts';
import type { Row } from '../verdict.ts';
import { judge, type Request } from './judgement.ts';
import { generated, numberOf, type Plan, sizeOf } from './kernel/generated.ts';
import type { Scenario } from './kernel/scenario.ts';
import type { Situation } from './kernel/situations.ts';
import type { Target } from './target.ts';
import { pristineTarget } from './targets/pristine.ts';

const MOST_VIOLATED = 5;
/** Of more programs nobody sees the end. */
const MOST_PROGRAMS = 5_000_000;

export async function judgeGenerated(
  situation: Situation,
  plan: Plan,
  request: Request,
  targetOf: (scenario: Scenario) => Promise<Target> = pristineTarget,
): Promise<readonly Row[]> {
  const began = performance.now();
  const all = sizeOf(situation, plan);
  if (plan.sample === null && all > MOST_PROGRAMS) {
    const reason = `there are ${count(all)} such programs in ${situation.id}`;
    throw new UsageError(`--generate: ${reason}. Draw some of them with --sample, or make them smaller.`, { field: '--generate', reason });
  }
  const wanted = numberOf(situation, plan);
  const end = request.limits.seconds === null ? Number.POSITIVE_INFINITY : began + request.limits.seconds * 1000;
  const figures = { programs: 0, states: 0, steps: 0, executions: 0 };
  let undecided = 0;
  let doubt: string | null = null;
  let bounded = 0;
  const violated: Row[] = [];
  const size = `${plan.threads} thread${plan.threads === 1 ? '' : 's'} × ${plan.calls} call${plan.calls === 1 ? '' : 's'}`;
  const rows = (verdict: Row['verdict'], detail?: string): readonly Row[] => {
    const programs = `${count(figures.programs)} of ${count(wanted)} programs of ${size}`;
    const drawn = plan.sample === null ? '' : ` drawn with seed ${plan.seed}`;
    const leftOut = plan.threads > 2 || plan.calls > 1 ? '; without those that look behind a close that another call outlasts' : '';
    const covered = bounded > 0 ? `${count(bounded)} of them not completely` : 'each complete';
    const broken = violated.length > 0 ? `${violated.length} of them violated` : covered;
    const seconds = (performance.now() - began) / 1000;
    const together: Row = {
      id: situation.id,
      verdict: violated.length > 0 ? 'violated' : verdict,
      bound: `${programs}${drawn}: ${count(figures.states)} states, ${broken}; ${situation.about}${leftOut}`,
      method: 'generated',
      seconds,
      counterexample: violated[0]?.counterexample ?? null,
      figures: { ...figures, stepsPerSecond: Math.round(figures.steps / Math.max(seconds, 1e-6)) },
    };
    return [...violated, detail === undefined ? together : { ...together, detail }];
  };
  for (const scenario of generated(situation, plan)) {
    if (request.signal.aborted || performance.now() > end) {
      const why = request.signal.aborted ? 'it was interrupted' : 'its time is up';
      return rows('unknown', `stopped: ${why}; ${count(wanted - figures.programs)} programs were not looked at`);
    }
    const seconds = Number.isFinite(end) ? (end - performance.now()) / 1000 : null;
    const progress = (): void =>
      request.progress(figures.programs, wanted, `${situation.id}: ${count(figures.programs)} of ${count(wanted)}`);
    const { row: one } = await judge(await targetOf(scenario), {
      ...request,
      limits: { ...request.limits, seconds },
      progress,
    });
    figures.programs++;
    figures.states += one.figures?.states ?? 0;
    figures.steps += one.figures?.steps ?? 0;
    figures.executions += one.figures?.executions ?? 0;
    if (one.verdict === 'violated') {
      // What it took is in the row of all.
      const { findSeconds = 0, counterexampleSteps = 0, contextSwitches = 0 } = one.figures ?? {};
      if (violated.push({ ...one, figures: { programs: 0, findSeconds, counterexampleSteps, contextSwitches } }) === MOST_VIOLATED)
        return rows('violated', `${count(wanted - figures.programs)} programs were not looked at`);
    } else if (one.verdict === 'unknown') {
      undecided++;
      doubt ??= `${told(scenario.threads)}: ${one.detail ?? one.bound}`;
    } else if (!/ complete/.test(one.bound)) bounded++;
    progress();
  }
  if (figures.programs === 0) return rows('unknown', 'there is no such program');
  return undecided > 0 ? rows('unknown', `${count(undecided)} programs are undecided; the first of them is ${doubt}`) : rows('holds');
}

/** "T1 accept | T2 dup, close". */
function told(threads: readonly (readonly { readonly name: string }[])[]): string {
  return threads.map((script, thread) => `T${thread + 1} ${script.map(({ name }) => name).join(', ')}`).join(' | ');
}

function count(value: number): string {
  return new Intl.NumberFormat('en-US').format(value);
}
