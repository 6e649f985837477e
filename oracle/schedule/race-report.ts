/**
 * The *report* of a data race: both accesses with their places, what would have had to order them, and whether a reader may see a value
 * that nobody wrote.
 */
import type { Violation } from './program.ts';
import {
  agentName,
  type Granularity,
  meeting,
  placeName,
  raceOf,
  type Trace,
  type TracedRace,
  type TraceEvent,
  traceOf,
  wantedRaceOf,
} from './trace.ts';

export interface RaceReport {
  readonly earlier: TraceEvent;
  readonly later: TraceEvent;
  /** The bytes that both touch. */
  readonly from: number;
  readonly bytes: number;
  /** Whether one may see a part of what the other writes. */
  readonly tearing: boolean;
  /** The trace in which both accesses were made. */
  readonly trace: Trace;
  readonly text: string;
}

/**
 * The race to which a schedule leads. A search may stop where two accesses could be the next ones; then they are made, the one and
 * the other way round. Null: the schedule has no race.
 */
export function describeRace(
  program: Trace['program'],
  schedule: readonly number[],
  granularity: Granularity,
  violation: Pick<Violation, 'agent' | 'race'>,
  nameOf: (at: number) => string = (at) => `word ${at >> 2}`,
): RaceReport | null {
  const { agent, race } = violation;
  const other = race?.other ?? agent;
  const ways = [[], [agent], [other], [agent, other], [other, agent]];
  const traces = ways.map((more) => tryTrace(program, [...schedule, ...more], granularity)).filter((trace) => trace !== null);
  if (race !== undefined)
    for (const trace of traces) {
      const found = wantedRaceOf(trace, { agents: [agent, other], from: race.from, bytes: race.bytes });
      if (found !== null) return report(trace, found, nameOf);
    }
  for (const trace of traces) {
    const found = raceOf(trace);
    if (found !== null) return report(trace, found, nameOf);
  }
  return null;
}

/** Null: the program does not go that way. */
function tryTrace(program: Trace['program'], schedule: readonly number[], granularity: Granularity): Trace | null {
  try {
    return traceOf(program, schedule, granularity);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function report(trace: Trace, { earlier, later }: TracedRace, nameOf: (at: number) => string): RaceReport {
  const { program } = trace;
  const met = meeting(earlier, later);
  if (met === null) throw new Error('a race of accesses that do not meet');
  const [mine, theirs] = met;
  const from = Math.max(mine.from, theirs.from);
  const bytes = Math.min(mine.from + mine.bytes, theirs.from + theirs.bytes) - from;
  // A value can be torn only if it is seen in parts: accesses of one range in one piece are seen whole, and so is a single byte.
  const isSameRange = mine.from === theirs.from && mine.bytes === theirs.bytes;
  const tearing = bytes > 1 && !(isSameRange && isInOnePiece(earlier) && isInOnePiece(later));
  const where = bytes === 4 && from % 4 === 0 ? nameOf(from) : `${bytes === 1 ? 'byte' : `${bytes} bytes`} at ${from}, in ${nameOf(from)}`;
  const told = (event: TraceEvent): string => {
    const how = `${event.writes ? (event.reads ? 'reads and writes' : 'writes') : 'reads'} ${event.plain ? 'plainly' : 'atomically'}`;
    return `${agentName(program, event.agent)} ${how} (${event.door}, ${event.bytes} bytes at ${event.from}) at ${placeName(event)}, step ${event.step + 1}`;
  };
  const lines = [
    `a data race on ${where}`,
    told(earlier),
    told(later),
    missingEdge(trace, earlier, later, nameOf),
    tearing
      ? 'a reader may see a part of a write: the accesses are not both in one piece'
      : 'a reader sees all of a write or nothing of it',
  ];
  if (earlier.writes && later.writes && isSameRange && earlier.after === later.after)
    lines.push(`both leave the same value, ${later.after}`);
  return { earlier, later, from, bytes, tearing, trace, text: lines.join('\n') };
}

/** Copies and fills go byte by byte. */
function isInOnePiece({ door }: TraceEvent): boolean {
  return door !== 'copy' && door !== 'zero';
}

/** What would have had to come between the two. */
function missingEdge({ program, events }: Trace, earlier: TraceEvent, later: TraceEvent, nameOf: (at: number) => string): string {
  const [first, second] = [agentName(program, earlier.agent), agentName(program, later.agent)];
  if (!earlier.plain && !later.plain) return 'seq-cst accesses are ordered only among those of one range';
  const between = events.filter(({ index }) => index > earlier.index && index < later.index);
  const publishes = ({ agent, plain, writes, door, woken }: TraceEvent): boolean =>
    agent === earlier.agent && ((!plain && writes) || (door === 'notify' && woken.length > 0));
  const published = between.find(publishes);
  const own = !earlier.plain && earlier.writes ? earlier : undefined;
  const edge = published ?? own;
  if (edge === undefined) return `nothing orders them: ${first} has published nothing between the two`;
  const what = `${edge.door} of ${nameOf(edge.from)} at ${placeName(edge)}, step ${edge.step + 1}`;
  return `nothing orders them: ${first} next publishes by the ${what}, and ${second} has not read from it, nor from anything after it, before its access`;
}
