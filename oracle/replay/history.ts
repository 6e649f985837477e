/**
 * Replay of a *history* of real threads. It can't be made to happen again: nobody knows the schedule. What can be done is to ask the
 * specification once more whether it admits the history, and to look among all schedules for one that breaks the same.
 *
 *   violated   the specification does not admit it, and the implementation is the one that did it; or a schedule breaks the same
 *   holds      the specification admits it, or no schedule at all breaks the same; and that is since something has changed
 *   unknown    nothing of this
 */
import type { StressCounterexample } from '../counterexample.ts';
import { ALL_SCHEDULES, type ReplayOptions } from '../engine.ts';
import { isFixed, isFromHere } from '../origin.ts';
import { PLAIN, renderLanes } from '../report/lanes.ts';
import { NO_LIMITS } from '../schedule/exploration.ts';
import { explore, machineOf, type Request } from '../schedule/judgement.ts';
import { mayBe, reasoned, told } from '../schedule/reason.ts';
import { fingerprintAfter, type Happened, nameOf } from '../schedule/stress/history-file.ts';
import type { KernelTarget } from '../schedule/targets/kernel.ts';
import { firstIn } from '../schedule/watch.ts';
import type { Outcome, Verdict } from '../verdict.ts';
import { diverged, endingOf, refusedFile } from './ending.ts';
import { historyTargetOf } from './schedule-target.ts';

/** For looking among the schedules. */
const SEARCH_SECONDS = 30;
const SEARCH_MIB = 1024;

/** Throws a UsageError where the file names a thread, a call or an id that does not exist, or calls in an order that can't be. */
export async function replayHistory(file: StressCounterexample, work: ReplayOptions): Promise<Outcome> {
  return replayHistoryOn(await historyTargetOf(file), file, work);
}

interface End {
  readonly verdict: Verdict;
  readonly why: string;
}

/** The same for a program that is already there. */
export async function replayHistoryOn(target: KernelTarget, file: StressCounterexample, work: ReplayOptions): Promise<Outcome> {
  const began = performance.now();
  const history = historyOf(target, file);
  const refused = refusedAt(target, history);
  const { verdict, why } = judged(target, file, refused) ?? (await searched(target, file, refused, work));
  return endingOf({
    verdict,
    taken: refused ?? history.length,
    total: history.length,
    breaks: file.breaks,
    setting: `${target.setting}${file.fault === null ? '' : `, with the bug ${file.fault}`}, a history of real threads`,
    seconds: (performance.now() - began) / 1000,
    detail: [...history.map((seen, index) => tell(target, seen, index, refused)), why].join('\n'),
  });
}

/** The number of the first step that the specification does not admit; null: it admits all, as far as it was followed. */
function refusedAt({ monitor }: KernelTarget, history: readonly Happened[]): number | null {
  let state = 0;
  for (const [step, { kind, agent, index, result }] of history.entries()) {
    state = kind === 'call' ? monitor.call(state, agent, index) : monitor.return(state, agent, index, result);
    if (state < 0) return step + 1;
  }
  return null;
}

/** What the specification alone can say; null: it is a matter of the implementation. */
function judged(target: KernelTarget, file: StressCounterexample, refused: number | null): End | null {
  if (file.breaks !== 'history') return null;
  if (refused !== null)
    return isFromHere(file)
      ? { verdict: 'violated', why: `it is so again: the specification does not admit step ${refused}, and the implementation has done it` }
      : null;
  const doubt = target.doubt();
  if (doubt !== null) return { verdict: 'unknown', why: `the specification was not followed to the end: ${doubt}` };
  const fixed = isFixed(file);
  return fixed === true ? { verdict: 'holds', why: 'the specification admits this history now' } : { verdict: 'unknown', why: fixed };
}

/** What all schedules of the implementation say. */
async function searched(target: KernelTarget, file: StressCounterexample, refused: number | null, work: ReplayOptions): Promise<End> {
  const { breaks } = file;
  // What ended otherwise than by a call is not to be looked for behind a call that is not admitted.
  if (refused !== null && breaks !== 'history')
    return { verdict: 'unknown', why: diverged(refused, 'the specification does not admit it') };
  const request: Request = {
    ...ALL_SCHEDULES,
    strategy: 'states',
    limits: { ...NO_LIMITS, seconds: SEARCH_SECONDS, memory: SEARCH_MIB },
    seed: work.seed,
    out: '',
    signal: work.signal,
    progress: work.progress,
    display: work.display,
    wanted: [breaks],
  };
  const { violation: found, complete, stopped } = await explore(target, request, 'states');
  if (found !== null) {
    const reason = reasoned(target, firstIn(machineOf(target, 'block', 'random'), found), 'block');
    const lanes = renderLanes(told(target, reason), work.display ?? PLAIN);
    const { id } = reason.violation;
    return mayBe(breaks, [id])
      ? { verdict: 'violated', why: `a schedule of it breaks ${id}:\n${lanes}` }
      : { verdict: 'unknown', why: `a schedule of it breaks something else, ${id}, where ${breaks} was seen:\n${lanes}` };
  }
  const doubt = target.doubt();
  if (doubt !== null) return { verdict: 'unknown', why: `the specification was not followed to the end: ${doubt}` };
  if (!complete) return { verdict: 'unknown', why: `of its schedules none was found that breaks ${breaks}; stopped: ${stopped}` };
  const fixed = isFixed(file);
  return fixed === true
    ? { verdict: 'holds', why: `no schedule of it breaks ${breaks} any more` }
    : { verdict: 'unknown', why: `no schedule of it breaks ${breaks}, and real threads did: ${fixed}` };
}

/** What the steps say, checked: each thread makes its calls in their order, and a call returns after it began. */
function historyOf({ program }: KernelTarget, { steps }: StressCounterexample): readonly Happened[] {
  const threads = program.agents.filter(({ kind }) => kind === 'thread');
  const names = threads.map(({ name }) => name);
  /** By thread: calls begun and calls returned. */
  const begun = threads.map(() => 0);
  const returned = threads.map(() => 0);
  let before = '';
  return steps.map((step, at) => {
    const agent = names.indexOf(step.thread);
    if (agent < 0) throw refusedFile(`steps[${at}].thread`, `is nobody who calls in this program: ${JSON.stringify(step.thread)}`, names);
    const { call: index, result } = step.arguments;
    const kind = result === undefined ? 'call' : 'return';
    const place = kind === 'call' ? begun : returned;
    const isNext = index === place[agent] && (kind === 'return' ? index < (begun[agent] ?? 0) : returned[agent] === begun[agent]);
    const script = threads[agent]?.script ?? [];
    if (!isNext || index >= script.length) throw refusedFile(`steps[${at}].arguments.call`, `is not what ${step.thread} can come to here`);
    const expected = nameOf(script[index]?.label ?? '');
    if (step.operation !== expected) throw refusedFile(`steps[${at}].operation`, `is not call ${index} of ${step.thread}`, [expected]);
    before = fingerprintAfter(before, step);
    if (step.fingerprint !== before)
      throw refusedFile(`steps[${at}].fingerprint`, 'is not that of the steps until there: they were altered');
    place[agent] = index + 1;
    return { kind, agent, index, result: result ?? 0 };
  });
}

function tell(
  { program, result: said }: KernelTarget,
  { kind, agent, index, result }: Happened,
  at: number,
  refused: number | null,
): string {
  const { name = '', script = [] } = program.agents[agent] ?? {};
  const call = script[index];
  const what = call === undefined ? '' : kind === 'call' ? `calls ${call.label}` : `returns ${said(call, result)} from ${call.label}`;
  return `${at + 1 === refused ? '✗' : ' '}${String(at + 1).padStart(4)}  ${name} ${what}`;
}
