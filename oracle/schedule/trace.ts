/**
 * A *trace* is a schedule run again with everything that happens in it: each access with its place, its values, and whom it woke.
 * Searches keep schedules only; reports, the reasons of a race and of a deadlock are made from traces.
 */
import { HappensBefore, type RaceFound } from './happens-before.ts';
import { type AccessEvent, Interpreter } from './interpreter.ts';
import type { Program } from './program.ts';

export interface TraceEvent extends AccessEvent {
  /** Place in the trace. */
  readonly index: number;
  /** The step of the schedule that made it; -1 for what agents do before the first one. */
  readonly step: number;
}

export interface Trace {
  readonly program: Program;
  readonly schedule: readonly number[];
  readonly events: readonly TraceEvent[];
  /** As the last step left it. */
  readonly end: Interpreter;
}

const SPINS = 'unordered-spin';
/** Accesses that are kept of one who spins. */
const MOST_SPUN = 1_000;

export type Granularity = 'block' | 'access';

/** Runs a schedule again. A step that is not enabled is an error: the schedule is of another program. */
export function traceOf(program: Program, schedule: readonly number[], granularity: Granularity): Trace {
  const events: TraceEvent[] = [];
  let step = -1;
  const end = new Interpreter(program, granularity, (event) => events.push({ ...event, index: events.length, step }));
  for (const transition of schedule) {
    step++;
    if (end.violation !== null || ((end.enabled() >> transition) & 1) === 0)
      throw new RangeError(
        `step ${step + 1} of the schedule (${transitionName(program, transition)}) is not possible: it is of another program`,
      );
    end.step(transition);
  }
  if (end.violation?.id === SPINS) cut(events, end.violation.agent);
  return { program, schedule, events, end };
}

/** One who goes round for ever has made hundreds of thousands of accesses when that is clear; the first tell all there is to tell. */
function cut(events: TraceEvent[], agent: number): void {
  const before = events.findLastIndex((event) => event.agent !== agent || event.step !== events.at(-1)?.step);
  events.length = Math.min(events.length, before + 1 + MOST_SPUN);
}

export function agentName(program: Program, agent: number): string {
  return program.agents[agent]?.name ?? `agent ${agent}`;
}

export function transitionName(program: Program, transition: number): string {
  const agents = program.agents.length;
  return transition < agents ? agentName(program, transition) : `time-out of ${agentName(program, transition - agents)}`;
}

/** "impl/sync/mutex.ts:80 (mtx_lock_hard)" */
export function placeName({ stack }: Pick<AccessEvent, 'stack'>): string {
  const [place] = stack;
  return place === undefined ? 'the start of a call' : `${place.file}:${place.line} (${place.name})`;
}

/** Two accesses that are a data race. */
export interface TracedRace {
  readonly earlier: TraceEvent;
  readonly later: TraceEvent;
}

/** A race that somebody has found: between these agents, on these bytes. */
export interface Wanted {
  readonly agents: readonly [number, number];
  readonly from: number;
  readonly bytes: number;
}

type Events = Pick<Trace, 'program' | 'events' | 'end'>;

/** The first race of a trace. */
export function raceOf({ program, events, end }: Events): TracedRace | null {
  const relation = new HappensBefore(program.agents.length, end.words.byteLength);
  const epochs: number[] = [];
  for (const event of events) {
    epochs.push(relation.epoch(event.agent));
    follow(relation, event);
    const { race: found } = relation;
    if (found === null) continue;
    // The stretch of accesses in which the earlier one was made is known; it is the last one there that touches the bytes so.
    const { earlier } = found;
    const touched = events.findLast(
      (other) =>
        other.index < event.index && other.agent === earlier.agent && epochs[other.index] === earlier.epoch && touches(other, found),
    );
    if (touched === undefined) throw new Error('a race without its earlier access');
    return { earlier: touched, later: event };
  }
  return null;
}

/** The first race of a trace between these agents on these bytes. */
export function wantedRaceOf({ program, events, end }: Events, { agents, from, bytes }: Wanted): TracedRace | null {
  const relation = new HappensBefore(program.agents.length, end.words.byteLength);
  const [low, high] = [from, from + bytes];
  const met: { readonly event: TraceEvent; readonly epoch: number }[] = [];
  for (const event of events) {
    const epoch = relation.epoch(event.agent);
    follow(relation, event);
    if (!agents.includes(event.agent) || !rangesOf(event).some((range) => range.from < high && low < range.from + range.bytes)) continue;
    const other = met.findLast((one) => conflict(one.event, event) && !relation.isOrdered(one.event.agent, one.epoch, event.agent));
    if (other !== undefined) return { earlier: other.event, later: event };
    met.push({ event, epoch });
  }
  return null;
}

function conflict(a: TraceEvent, b: TraceEvent): boolean {
  if (a.agent === b.agent || (!a.plain && !b.plain && a.from === b.from && a.bytes === b.bytes)) return false;
  return meeting(a, b) !== null;
}

/** The ranges in which two accesses meet and one writes. */
export function meeting(a: TraceEvent, b: TraceEvent): readonly [EventRange, EventRange] | null {
  for (const mine of rangesOf(a))
    for (const theirs of rangesOf(b))
      if ((mine.write || theirs.write) && mine.from < theirs.from + theirs.bytes && theirs.from < mine.from + mine.bytes)
        return [mine, theirs];
  return null;
}

/** Whether an event is the earlier access of a race. */
function touches(event: TraceEvent, { earlier, from, bytes }: RaceFound): boolean {
  if (event.plain !== (earlier.width === 0)) return false;
  return rangesOf(event).some((range) => range.write === earlier.write && range.from < from + bytes && from < range.from + range.bytes);
}

export interface EventRange {
  readonly from: number;
  readonly bytes: number;
  readonly write: boolean;
}

/** The bytes that an event touches. A read-modify-write writes; a copy reads one range and writes another. */
export function rangesOf({ door, from, bytes, args, reads, writes }: AccessEvent): readonly EventRange[] {
  if (bytes === 0 || (!reads && !writes)) return [];
  if (door === 'copy')
    return [
      { from: args[1] ?? 0, bytes, write: false },
      { from, bytes, write: true },
    ];
  return [{ from, bytes, write: writes }];
}

/** Promises of one agent at most. */
const PROMISES = 64;

function follow(relation: HappensBefore, event: AccessEvent): void {
  const { agent, door, from, bytes, args, result, woken, plain, reads, writes } = event;
  switch (door) {
    case 'wait':
    case 'waitFor':
      relation.wait(agent, from, result === null);
      return;
    case 'waitAsync':
      relation.wait(agent, from, result !== -1);
      return;
    case 'settle':
      // Blocked, it goes on when a notify wakes it, and is told then.
      if (result !== null) relation.settle(agent, agent * PROMISES + (args[0] ?? 0));
      return;
    case 'notify':
      relation.notify(agent, from, woken.length > 0);
      for (const { agent: sleeper, ticket, blocks } of woken) {
        if (ticket >= 0) relation.resolve(sleeper * PROMISES + ticket, from);
        if (blocks) relation.wake(sleeper, from);
      }
      return;
    case 'time-out':
      if (args.length === 0) relation.timeOut(agent, from);
      return;
    default:
      if (!plain) relation.atomic(agent, from, bytes, reads, writes);
      else for (const range of rangesOf(event)) relation.plain(agent, range.from, range.bytes, range.write);
  }
}
