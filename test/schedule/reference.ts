/**
 * The *reference explorer*: every interleaving of a small program, each run from the start by the interpreter, and for each what the
 * definitions say, reckoned without any cleverness: how it ended, which data races are in it, and to which class of
 * interleavings it belongs that differ only in the order of independent steps. It shares nothing with the strategies.
 */
import { type AccessEvent, Interpreter } from '../../oracle/schedule/interpreter.ts';
import type { Program } from '../../oracle/schedule/program.ts';

export interface Reference {
  /** False: there are more interleavings than asked for, and the sets are not whole. */
  readonly complete: boolean;
  readonly interleavings: number;
  readonly outcomes: ReadonlySet<string>;
  readonly classes: ReadonlySet<string>;
  /** "agent-agent@byte", each in some interleaving. */
  readonly races: ReadonlySet<string>;
}

/** An access, in the step that made it. Accesses before the first step are in step -1. */
export interface Made extends AccessEvent {
  readonly step: number;
}

export interface Execution {
  readonly schedule: readonly number[];
  readonly events: readonly Made[];
  readonly interpreter: Interpreter;
}

export function bits(mask: number): number[] {
  const found: number[] = [];
  for (let bit = 0; mask >> bit !== 0; bit++) if (((mask >> bit) & 1) === 1) found.push(bit);
  return found;
}

/** Each execution in turn; whoever asks can stop. */
export function* executions(program: Program, granularity: 'block' | 'access', listens = true): Generator<Execution> {
  // The transitions that were open at each step, the first of them taken.
  let open: number[][] = [];
  for (;;) {
    const events: Made[] = [];
    let step = -1;
    const interpreter = new Interpreter(program, granularity, listens ? (event) => events.push({ ...event, step }) : null);
    const schedule: number[] = [];
    for (step = 0; ; step++) {
      const known = open[step] ?? (interpreter.violation === null ? bits(interpreter.enabled()) : []);
      if (open[step] === undefined) open.push(known);
      const next = known[0];
      if (next === undefined) break;
      schedule.push(next);
      interpreter.step(next);
    }
    yield { schedule, events, interpreter };
    open = open.slice(0, schedule.length);
    while (open.length > 0 && open[open.length - 1]?.length === 1) open.pop();
    if (open.length === 0) return;
    open[open.length - 1]?.shift();
  }
}

/** How an interpreter or a machine stands. */
export function outcome(of: {
  readonly words: Int32Array;
  readonly program: Program;
  readonly violation: { readonly id: string } | null;
  status(agent: number): string;
  results(agent: number): readonly number[];
}): string {
  const agents = of.program.agents.map((_, agent) => `${of.status(agent)}(${of.results(agent).join(',')})`);
  return `[${of.words.join(' ')}] ${agents.join(' ')}${of.violation === null ? '' : ` ${of.violation.id}`}`;
}

/** What is to be reckoned besides the outcomes. */
export type Asked = 'classes' | 'races';

export function reference(program: Program, granularity: 'block' | 'access', most: number, ...asked: readonly Asked[]): Reference {
  const [outcomes, classes, races] = [new Set<string>(), new Set<string>(), new Set<string>()];
  let interleavings = 0;
  for (const execution of executions(program, granularity, asked.length > 0)) {
    if (++interleavings > most) return { complete: false, interleavings: most, outcomes, classes, races };
    outcomes.add(outcome(execution.interpreter));
    if (asked.includes('classes')) classes.add(classOf(execution));
    if (asked.includes('races')) for (const race of racesOf(execution.events, 'standard')) races.add(race);
  }
  return { complete: true, interleavings, outcomes, classes, races };
}

const QUEUES: readonly AccessEvent['door'][] = ['wait', 'waitFor', 'waitAsync'];

/** Whether it enters the critical section of the list of waiters of its address. The time-out of a promise is the host's. */
function isSection({ door, args }: AccessEvent): boolean {
  return QUEUES.includes(door) || door === 'notify' || (door === 'time-out' && args.length === 0);
}

/** Whether it puts somebody into that list or takes somebody out. */
function changesList({ door, result, woken }: AccessEvent): boolean {
  if (door === 'waitAsync') return result !== -1;
  return QUEUES.includes(door) ? result === null : woken.length > 0;
}

interface Footprint {
  readonly from: number;
  readonly to: number;
  readonly write: boolean;
}

function footprints({ door, from, bytes, reads, writes, args }: AccessEvent): readonly Footprint[] {
  if (bytes === 0 || (!reads && !writes)) return [];
  if (door === 'copy') {
    const [to = 0, source = 0] = args;
    return [
      { from: source, to: source + bytes, write: false },
      { from: to, to: to + bytes, write: true },
    ];
  }
  return [{ from, to: from + bytes, write: writes }];
}

/** The bytes in which two accesses meet and one of them writes. */
function conflicts(a: AccessEvent, b: AccessEvent): readonly number[] {
  const met: number[] = [];
  for (const x of footprints(a))
    for (const y of footprints(b))
      if (x.write || y.write) for (let byte = Math.max(x.from, y.from); byte < Math.min(x.to, y.to); byte++) met.push(byte);
  return met;
}

/**
 * The pairs of accesses that are data races in this execution, by the definitions: happens-before is the closure of agent order and
 * synchronizes-with. `standard` orders all critical sections of a list; `relaxed` leaves out those that only look at it.
 */
export function racesOf(events: readonly Made[], sections: 'standard' | 'relaxed'): ReadonlySet<string> {
  const before: bigint[] = [];
  const edges: number[][] = events.map(() => []);
  const nextOf = (agent: number, after: number): number => events.findIndex((event, index) => index > after && event.agent === agent);
  const edge = (from: number, to: number): void => {
    if (to > from) edges[to]?.push(from);
  };
  const lastWrite = new Map<number, number>();
  for (const [index, event] of events.entries()) {
    const previous = events.findLastIndex((other, at) => at < index && other.agent === event.agent);
    if (previous >= 0) edge(previous, index);
    if (!event.plain && event.reads && event.bytes > 0) {
      const writers = new Set(Array.from({ length: event.bytes }, (_, n) => lastWrite.get(event.from + n)));
      const [writer] = writers;
      const source = writer === undefined ? undefined : events[writer];
      if (writer !== undefined && writers.size === 1 && source?.plain === false)
        if (source.from === event.from && source.bytes === event.bytes) edge(writer, index);
    }
    for (const { write, from, to } of footprints(event)) if (write) for (let byte = from; byte < to; byte++) lastWrite.set(byte, index);
    if (isSection(event))
      for (let other = 0; other < index; other++) {
        const earlier = events[other];
        if (earlier === undefined || !isSection(earlier) || earlier.from !== event.from) continue;
        if (sections === 'standard' || ((changesList(earlier) || changesList(event)) && inList(earlier) && inList(event)))
          edge(other, index);
      }
    if (event.door === 'notify')
      for (const { agent, ticket } of event.woken) {
        const isSettle = (other: Made): boolean => other.agent === agent && other.door === 'settle' && other.args[0] === ticket;
        const settled = ticket < 0 ? -1 : events.findIndex((other, at) => at > index && isSettle(other));
        const blocked = ticket < 0 || events.some((other, at) => at < index && isSettle(other));
        if (settled >= 0) edge(index, settled);
        else if (blocked) edge(index, nextOf(agent, index));
      }
  }
  const races = new Set<string>();
  for (const [index, event] of events.entries()) {
    before.push((edges[index] ?? []).reduce((known, other) => known | (before[other] ?? 0n) | (1n << BigInt(other)), 0n));
    for (let other = 0; other < index; other++) {
      const earlier = events[other];
      if (earlier === undefined || earlier.agent === event.agent || (((before[index] ?? 0n) >> BigInt(other)) & 1n) === 1n) continue;
      if (!earlier.plain && !event.plain && earlier.from === event.from && earlier.bytes === event.bytes) continue;
      for (const byte of conflicts(earlier, event))
        races.add(`${Math.min(earlier.agent, event.agent)}-${Math.max(earlier.agent, event.agent)}@${byte}`);
    }
  }
  return races;
}

/** A wait that finds another value looks at its word only. */
function inList(event: AccessEvent): boolean {
  return !QUEUES.includes(event.door) || changesList(event);
}

/** The list of waiters that a step has to do with, or -1. Awaiting a promise is a look at the list in which its waiter stood. */
function listOf(event: AccessEvent, events: readonly AccessEvent[]): number {
  if (isSection(event) || event.door === 'time-out') return event.from;
  if (event.door !== 'settle') return -1;
  return events.find(({ agent, door, result }) => agent === event.agent && door === 'waitAsync' && result === event.args[0])?.from ?? -1;
}

/** Two that look at a list commute, and so do two waits that find another value in their word. */
function inListAs(event: AccessEvent): 'changes' | 'passes' | 'looks' {
  if (changesList(event)) return 'changes';
  return QUEUES.includes(event.door) ? 'passes' : 'looks';
}

/**
 * Whether two steps of different agents count as dependent: by the bytes they touch atomically, or by a list of waiters. A wait that
 * finds another value commutes with a notify, but would not have had a write come later that does not touch the list.
 */
function areDependent(a: AccessEvent, b: AccessEvent, events: readonly AccessEvent[]): boolean {
  if (conflicts(a, b).length > 0) return true;
  const list = listOf(a, events);
  const [mine, theirs] = [inListAs(a), inListAs(b)];
  return list >= 0 && list === listOf(b, events) && (mine === 'changes' || mine !== theirs);
}

/** A name for the class: the steps that were made, and for each two that depend on each other which came first. */
export function classOf({ events, schedule }: Execution): string {
  const counts = new Map<number, number>();
  const steps = schedule.map((transition, step) => {
    const nth = counts.get(transition) ?? 0;
    counts.set(transition, nth + 1);
    const made = events.find((event) => event.step === step);
    return { name: `${transition}.${nth}`, made };
  });
  const pairs: string[] = [];
  for (const [index, later] of steps.entries())
    for (const earlier of steps.slice(0, index))
      if (earlier.made !== undefined && later.made !== undefined && earlier.made.agent !== later.made.agent)
        if (areDependent(earlier.made, later.made, events)) pairs.push(`${earlier.name}<${later.name}`);
  return [...steps.map(({ name }) => name).sort(), ...pairs.sort()].join(' ');
}
