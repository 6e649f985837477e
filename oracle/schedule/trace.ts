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
  return { program, schedule, events, end };
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

/** The first race of a trace with its two accesses. */
export interface TracedRace {
  readonly found: RaceFound;
  readonly earlier: TraceEvent;
  readonly later: TraceEvent;
}

export function raceOf({ program, events, end }: Pick<Trace, 'program' | 'events' | 'end'>): TracedRace | null {
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
    return { found, earlier: touched, later: event };
  }
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
