/**
 * *stress*: scenarios on real worker threads, many times. What the threads saw, calls and returns with the numbers of one clock, must be
 * a history that the specification admits, and the kernel that is left must be one of the states it allows. A pass says so of
 * these histories only; how many of them had calls that overlapped says what it is worth.
 */
import * as L from '../../../impl/layout.ts';
import { errnoName } from '../../adapter.ts';
import { FORMAT, type StressCounterexample, writeCounterexample } from '../../counterexample.ts';
import { ALL_SCHEDULES, type StressOptions } from '../../engine.ts';
import { withOrigin } from '../../origin.ts';
import { SPECIFICATION } from '../../specification.ts';
import { type Outcome, replayCommand, type Row, worst } from '../../verdict.ts';
import { NO_LIMITS } from '../exploration.ts';
import { judge, proseOf, type Request } from '../judgement.ts';
import type { Scenario } from '../kernel/scenario.ts';
import { SCENARIOS } from '../kernel/scenarios.ts';
import { PrologueError } from '../kernel/stage.ts';
import type { Violation } from '../program.ts';
import { mayBe } from '../reason.ts';
import type { KernelTarget } from '../targets/kernel.ts';
import { pristineTarget } from '../targets/pristine.ts';
import { stepsOf } from './history-file.ts';
import { type IsQueued, type Round, type Seen, StressThreads } from './threads.ts';

/** To find the schedule of a history that should not have been. */
const SEARCH_SECONDS = 30;
/** Rounds without an end after which no more are tried. */
const MOST_SLOW = 3;

export async function stress(options: StressOptions): Promise<Outcome> {
  const rows: Row[] = [];
  for (const [index, id] of options.scenarios.entries()) {
    if (options.signal.aborted) break;
    const scenario = SCENARIOS.find((each) => each.id === id);
    if (scenario === undefined) throw new RangeError(`there is no scenario ${id}`);
    const progress = (text: string): void => options.progress(index, options.scenarios.length, `${id}: ${text}`);
    rows.push(await stressScenario(scenario, options, progress));
    options.progress(index + 1, options.scenarios.length, id);
  }
  const sum = (name: string): number => rows.reduce((total, { figures }) => total + (figures?.[name] ?? 0), 0);
  const [histories, overlapped] = [sum('histories'), sum('overlapped')];
  const verdicts = rows.map(({ verdict }) => verdict);
  return {
    verdict: worst(rows.length < options.scenarios.length ? [...verdicts, 'unknown'] : verdicts),
    bound: `${rows.length} scenario${rows.length === 1 ? '' : 's'}, ${boundOf(histories, overlapped)}, seed ${options.seed}`,
    results: rows,
    figures: {
      histories,
      overlapped,
      different: sum('different'),
      historiesPerSecond: Math.round(histories / Math.max(1e-6, seconds(rows))),
    },
  };
}

function seconds(rows: readonly Row[]): number {
  return rows.reduce((total, row) => total + row.seconds, 0);
}

function boundOf(histories: number, overlapped: number): string {
  const share = histories === 0 ? 0 : Math.round((100 * overlapped) / histories);
  return `${histories} histories on real threads, ${share} % of them with calls that overlapped`;
}

/** Without a prologue there are no rounds, and the others have theirs. */
async function stressScenario(scenario: Scenario, options: StressOptions, progress: (text: string) => void): Promise<Row> {
  try {
    return await stressTarget(await pristineTarget(scenario), options, progress);
  } catch (error) {
    if (!(error instanceof PrologueError)) throw error;
    return { id: scenario.id, verdict: 'unknown', bound: 'nothing', seconds: 0, counterexample: null, detail: error.message };
  }
}

/** One scenario: rounds until the number, the time, or a violation. */
export async function stressTarget(
  target: KernelTarget,
  options: StressOptions,
  progress: (text: string) => void,
  patience?: number,
): Promise<Row> {
  const began = performance.now();
  const threads = await StressThreads.start(target, queueOf(target), options.seed, patience);
  // Starting them may take longer than the time there is for histories.
  const end = performance.now() + options.timeSeconds * 1000;
  const different = new Set<string>();
  const slow: string[] = [];
  let [histories, overlapped] = [0, 0];
  let wrong: { readonly violation: Violation; readonly round: Round } | null = null;
  try {
    while (histories < options.runs && wrong === null && slow.length < MOST_SLOW && performance.now() < end && !options.signal.aborted) {
      const round = await threads.play();
      histories++;
      if (overlaps(round.happened)) overlapped++;
      different.add(
        round.happened
          .map(({ kind, agent, index, result }) => `${kind[0]}${agent}.${index}${kind === 'return' ? `=${result}` : ''}`)
          .join(' '),
      );
      const violation = judgeRound(target, round);
      if (violation !== null) wrong = { violation, round };
      if (round.ending.kind === 'slow') slow.push(`${round.ending.text}: ${underWay(target, round)}`);
      if (histories % 50 !== 0) continue;
      progress(`${histories} histories`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    await threads.stop();
  }
  const figures = { histories, overlapped, different: different.size };
  const bound = `${boundOf(histories, overlapped)}; ${target.setting}`;
  const row = { id: target.id, bound, method: 'real threads', figures };
  const took = (): number => (performance.now() - began) / 1000;
  if (wrong !== null) return { ...row, verdict: 'violated', seconds: took(), ...(await explained(target, options, wrong)) };
  const doubt = target.doubt() ?? doubtOf(target, slow);
  const unknown =
    doubt ?? (histories < options.runs && options.signal.aborted ? 'interrupted' : histories === 0 ? 'no time for a single history' : null);
  return {
    ...row,
    verdict: unknown === null ? 'holds' : 'unknown',
    seconds: took(),
    counterexample: null,
    ...(unknown === null ? {} : { detail: unknown }),
  };
}

/** Why nothing may be concluded although nothing was found: there were rounds that did not come to an end. */
function doubtOf({ id }: KernelTarget, [first, ...more]: readonly string[]): string | null {
  if (first === undefined) return null;
  const times = more.length === 0 ? '' : `, and so ${more.length + 1} times`;
  return `${first}${times}; that may be a deadlock or a slow machine: sockref explore ${id} finds out which`;
}

/** "T1 is in accept(fd 0)". */
function underWay(target: KernelTarget, { happened }: Round): string {
  const open = happened.filter(
    ({ kind, agent, index }) =>
      kind === 'call' && !happened.some((other) => other.kind === 'return' && other.agent === agent && other.index === index),
  );
  const told = open.map(({ agent, index }) => `${target.program.agents[agent]?.name ?? ''} is in ${labelOf(target, agent, index)}`);
  return told.length === 0 ? 'nobody is in a call' : told.join(', ');
}

/** Whether a call began before one of another agent had returned, and the other way round. */
function overlaps(happened: readonly Seen[]): boolean {
  let open = 0;
  for (const { kind } of happened) {
    open += kind === 'call' ? 1 : -1;
    if (open > 1) return true;
  }
  return false;
}

function judgeRound(target: KernelTarget, { history, panic, ending, asleep, words }: Round): Violation | null {
  if (panic !== null)
    return target.named({ id: 'panic', agent: panic.agent, text: `panic ${panic.code}`, code: panic.code, about: panic.about });
  let state = 0;
  for (const { kind, agent, index, result } of history) {
    const next = kind === 'call' ? target.monitor.call(state, agent, index) : target.monitor.return(state, agent, index, result);
    if (next < 0)
      return {
        id: 'history',
        agent,
        text: `${labelOf(target, agent, index)} = ${said(result)} is not admitted here; ${target.view?.(state) ?? ''}`,
      };
    state = next;
  }
  if (ending.kind === 'slow') return null;
  if (ending.kind === 'stuck') {
    const sleeps = ending.sleeping.map(
      ({ agent, word }) => `${target.program.agents[agent]?.name ?? ''} sleeps on ${target.names.word(word)}`,
    );
    return { id: 'deadlock', agent: ending.sleeping[0]?.agent ?? -1, text: `${sleeps.join(', ')}; nobody is left to wake one of them` };
  }
  return target.judgeEnd(words, state, asleep);
}

/** The history, and the same found on the scheduler, where it can be replayed. */
async function explained(
  target: KernelTarget,
  options: StressOptions,
  { violation, round }: { readonly violation: Violation; readonly round: Round },
): Promise<Pick<Row, 'counterexample' | 'detail'>> {
  const request: Request = {
    ...ALL_SCHEDULES,
    strategy: 'states',
    limits: { ...NO_LIMITS, seconds: SEARCH_SECONDS },
    seed: options.seed,
    out: options.out,
    signal: options.signal,
    progress: () => undefined,
    display: options.display,
    wanted: [violation.id],
  };
  const { row, found } = await judge(target, request);
  const isSame = found !== null && mayBe(violation.id, [found.id]);
  const history = round.history.map((seen) => `  ${String(seen.stamp).padStart(4)}  ${toldOf(target, seen)}`);
  const seen = [`${violation.id}: ${violation.text}`, 'what the threads saw:', ...history];
  if (isSame && row.counterexample !== null)
    return { counterexample: row.counterexample, detail: [...seen, 'the same on the scheduler:', row.detail ?? ''].join('\n') };
  const file = write(target, options, violation, round);
  const other =
    found === null ? `the scheduler has not found the same: ${row.bound}` : `the scheduler has found something else: ${found.id}`;
  return { counterexample: file, detail: [...seen, other, replayCommand(file)].join('\n') };
}

/** The history, for want of a schedule. */
function write(target: KernelTarget, { seed, out }: StressOptions, { id, text }: Violation, { history }: Round): string {
  const steps = stepsOf(target.program, history);
  return writeCounterexample(
    out,
    withOrigin({
      format: FORMAT,
      engine: 'stress',
      subject: 'impl',
      design: target.design ?? SPECIFICATION,
      scenario: target.id,
      seed,
      breaks: id,
      fault: target.fault,
      configuration: { ...target.configuration },
      // What comes out of the schema has no readonly.
      program: target.scenario as StressCounterexample['program'],
      steps: steps.map((step, index) => ({ ...step, ...(index === steps.length - 1 ? { seen: proseOf(text) } : {}) })),
    }),
  );
}

function toldOf(target: KernelTarget, { kind, agent, index, result }: Seen): string {
  const name = target.program.agents[agent]?.name ?? '';
  return kind === 'call'
    ? `${name} calls ${labelOf(target, agent, index)}`
    : `${name} returns ${said(result)} from ${labelOf(target, agent, index)}`;
}

function labelOf(target: KernelTarget, agent: number, index: number): string {
  return target.program.agents[agent]?.script[index]?.label ?? '';
}

function said(result: number): string {
  return result < 0 ? errnoName(-result) : String(result);
}

/** A thread of the kernel sleeps in a sleep queue if it is on a channel, on the word that says how the sleep ended. */
function queueOf({ records }: KernelTarget): IsQueued {
  return (words, agent, word) => {
    const td = records[agent] ?? 0;
    return word === td + L.td_wait && Atomics.load(words, td + L.td_wchan) !== 0 && Atomics.load(words, word) === L.SLEEPING;
  };
}
