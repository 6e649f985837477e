/**
 * *Judging* a subject: a strategy takes its machine through schedules, and what it finds gets its reason and becomes as simple a schedule as
 * can be had. What a search left out is part of what it says.
 */
import { deadlockOf } from './deadlock.ts';
import { type Exploration, type Explored, type Figures, type Limits, looksForLivelocks, neverEnds, type Strategy } from './exploration.ts';
import { forecastText } from './forecast.ts';
import { Machine } from './machine.ts';
import { minimise } from './minimise.ts';
import type { Violation } from './program.ts';
import { describeRace } from './race-report.ts';
import { dpor } from './strategies/dpor.ts';
import { naive } from './strategies/naive.ts';
import { pct } from './strategies/pct.ts';
import { pos } from './strategies/pos.ts';
import { random } from './strategies/random.ts';
import { states } from './strategies/states.ts';
import type { Subject } from './subject.ts';
import { type Granularity, traceOf } from './trace.ts';
import { firstIn } from './watch.ts';

export const SEARCHES = { states, dpor, naive, pct, pos, random } as const satisfies Readonly<Record<string, Strategy>>;
export type SearchName = keyof typeof SEARCHES;

export interface Search {
  readonly strategy: SearchName;
  readonly granularity: Granularity;
  readonly limits: Limits;
  readonly seed: number;
  readonly preemptions: number | null;
  readonly depth: number;
  /** Whether threads that make the same calls count as interchangeable. */
  readonly symmetry: boolean;
  readonly signal: AbortSignal;
  readonly progress: Exploration['progress'];
}

export interface Judgement {
  readonly verdict: 'holds' | 'violated' | 'unknown';
  /** What was covered, in words. */
  readonly bound: string;
  readonly figures: Figures;
  /** Why it is unknown. */
  readonly reason: string | null;
  readonly violation: Violation | null;
  /** Transitions from the start; empty without a violation. */
  readonly schedule: readonly number[];
  /** Of a livelock: how many of them lead to where its loop begins. */
  readonly loop: number | null;
  readonly preemptions: number;
  readonly switches: number;
}

const NOTHING: Figures = { executions: 0, steps: 0, depth: 0 };

/** The id of a state in which somebody has calls left and nobody can move, until its reason is known. */
const STUCK = 'deadlock';

/** What an agent says when the tool, not the code, has come to its limits. */
const LIMITS: readonly string[] = ['wide'];

export async function judge(subject: Subject, search: Search): Promise<Judgement> {
  const { program } = subject;
  // Under a bound on preemptions it matters who moved last.
  const symmetry = search.symmetry && search.strategy === 'states' && search.preemptions === null && hasTwins(subject);
  const atEnd = (machine: Machine): Violation | null =>
    machine.hasEnded() ? subject.judgeEnd(machine) : { id: STUCK, agent: -1, text: 'nobody can move' };
  try {
    const machine = new Machine(program, { granularity: search.granularity, hashed: search.strategy === 'states', symmetry });
    const explored = await SEARCHES[search.strategy]({ ...search, machine, symmetry, atEnd });
    const bound = boundOf(subject, search, explored, symmetry);
    const none = { violation: null, schedule: [], loop: null, preemptions: 0, switches: 0 };
    if (explored.violation === null) {
      const { figures } = explored;
      const endless = neverEnds(explored);
      if (endless !== null) return { ...none, verdict: 'unknown', bound, figures, reason: endless };
      const [verdict, reason] = holds(search, explored) ? (['holds', null] as const) : (['unknown', explored.stopped] as const);
      return { ...none, verdict, bound, figures, reason };
    }
    const first = firstIn(new Machine(program, { granularity: search.granularity, hashed: false }), explored.violation);
    const { violation: found } = first;
    const isSame = (other: Violation, schedule: readonly number[]): boolean =>
      explain(subject, search, other, schedule).id === explained.id && other.code === found.code;
    const explained = explain(subject, search, found, first.schedule);
    const limit = LIMITS.includes(explained.id);
    const least = minimise(new Machine(program, { granularity: search.granularity, hashed: false }), first, { atEnd, isSame });
    const violation = explain(subject, search, least.violation, least.schedule);
    return {
      verdict: limit ? 'unknown' : 'violated',
      bound,
      figures: explored.figures,
      reason: limit ? violation.text : null,
      violation: limit ? null : violation,
      schedule: least.schedule,
      loop: least.loop ?? null,
      preemptions: least.preemptions,
      switches: least.switches,
    };
  } catch (error) {
    // The machine says so where a program is more than it can hold: it has not been judged.
    if (!(error instanceof RangeError)) throw error;
    return {
      verdict: 'unknown',
      bound: 'nothing',
      figures: NOTHING,
      reason: error.message,
      violation: null,
      schedule: [],
      loop: null,
      preemptions: 0,
      switches: 0,
    };
  }
}

function hasTwins({ program }: Subject): boolean {
  const classes = program.agents.flatMap(({ symmetry }) => (symmetry === undefined ? [] : [symmetry]));
  return new Set(classes).size < classes.length;
}

/** The violation with its reason, as far as the schedule tells it. */
function explain(subject: Subject, { granularity }: Search, violation: Violation, schedule: readonly number[]): Violation {
  const { program, nameOf, knowledge } = subject;
  if (violation.id === STUCK) return deadlockOf(traceOf(program, schedule, granularity), knowledge) ?? violation;
  if (violation.id === 'data-race') {
    const report = describeRace(program, schedule, granularity, violation, nameOf);
    return report === null ? violation : { ...violation, text: report.text };
  }
  return subject.describe(violation);
}

/** Of samples, that so many were taken is all there is to say; under a bound on preemptions, that the search came to its end. */
function holds({ strategy }: Search, { complete, stopped, figures }: Explored): boolean {
  return complete || stopped === null || (isSample(strategy) && figures.executions > 0 && stopped !== 'interrupted');
}

function isSample(strategy: SearchName): boolean {
  return strategy === 'pct' || strategy === 'pos' || strategy === 'random';
}

function boundOf({ program }: Subject, search: Search, explored: Explored, symmetry: boolean): string {
  const { complete, stopped, figures, violation } = explored;
  const threads = `${program.agents.length} ${program.agents.length === 1 ? 'thread' : 'threads'}`;
  const covered = coveredText(search, complete, figures);
  const preemptions = boundedBy(search, explored);
  const loops = violation === null && !looksForLivelocks(search.strategy, search.preemptions) ? ', no livelock looked for' : '';
  const twins = symmetry ? ', equal threads interchangeable' : '';
  const chance = figures.missedStateChance === undefined ? '' : `, chance of a missed state ${figures.missedStateChance.toExponential(0)}`;
  const forecast = forecastText(figures);
  const stop = `; stopped at ${stopped}${forecast === null ? '' : `, ${forecast}`}`;
  const until = violation !== null || holds(search, explored) ? '' : stop;
  return `${covered}${preemptions}${loops}${twins}${chance}; ${threads}${until}`;
}

/** With how many preemptions; nothing where it does not matter. */
function boundedBy({ strategy, preemptions: asked }: Search, { complete, preemptions }: Explored): string {
  const most = isSample(strategy) ? asked : (preemptions ?? null);
  return complete || most === null ? '' : `, ${isSample(strategy) ? '' : 'all '}with at most ${most} preemption${most === 1 ? '' : 's'}`;
}

function coveredText({ strategy }: Search, complete: boolean, { executions, states: count }: Figures): string {
  const all = complete ? 'complete: all ' : '';
  if (count !== undefined) return `${all}${number(count)} states`;
  if (strategy === 'dpor') return `${all}${number(executions)} classes of schedules`;
  if (isSample(strategy)) return `${number(executions)} sampled schedules (${strategy})`;
  return `${all}${number(executions)} schedules`;
}

function number(value: number): string {
  return value.toLocaleString('en');
}
