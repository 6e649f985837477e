/**
 * A *deadlock* is a state in which no agent can move although a thread has calls left. Here it gets its reason, from the trace that led
 * there. The reason is that of the agents at the root: those that do not just wait for a lock that another sleeper holds.
 *
 *   lock-cycle         each of some agents waits for a lock that the next one holds
 *   swallowed-notify   a notify that an agent still waits for was used up by a promise that nobody awaits, or by a waiter that looked
 *                      and went back to sleep
 *   lost-wakeup        the word has changed and the notifies of it did not reach the waiter; or a notify came before the waiter was in the
 *                      list, of something that the waiter had not seen when it went to sleep
 *   missing-notify     the word is no longer what the waiter takes it to be, and nobody has notified since it changed
 *   deadlock           none of these: what it waits for has not happened
 */
import type { Pending } from './interpreter.ts';
import type { Violation } from './program.ts';
import { agentName, placeName, rangesOf, type Trace, type TraceEvent } from './trace.ts';

/** Who waits for what. */
export interface Waiting {
  readonly agent: number;
  /** The byte address of the word. */
  readonly at: number;
  readonly expected: number;
  /** The word as it is now. */
  readonly value: number;
  /** When it joined the list. */
  readonly since: TraceEvent;
}

/** What is known of the words of a program besides their values. */
export interface WordKnowledge {
  /** The agent that holds the lock that is waited for: -1 nobody, null if the word is no lock. */
  readonly ownerOf?: (waiting: Waiting, words: Int32Array) => number | null;
  /** "so_rcv.mtx of socket 2". */
  readonly nameOf?: (at: number) => string;
}

export type DeadlockId = 'lock-cycle' | 'swallowed-notify' | 'lost-wakeup' | 'missing-notify' | 'deadlock';

/** Where several agents wait for several reasons, the first of these is that of the whole. */
const ORDER: readonly DeadlockId[] = ['lock-cycle', 'swallowed-notify', 'lost-wakeup', 'missing-notify', 'deadlock'];

const HEADLINES: Readonly<Record<DeadlockId, string>> = {
  'lock-cycle': 'each waits for a lock that the next one holds',
  'swallowed-notify': 'a notify was used up by one that had no use for it',
  'lost-wakeup': 'a wakeup was lost',
  'missing-notify': 'a word was changed and nobody notified',
  deadlock: 'nobody can move',
};

interface Reason {
  readonly waiting: Waiting;
  readonly id: DeadlockId;
  readonly text: string;
}

/** The reason why the end of a trace is a deadlock; null if it is none: somebody can move, or all threads have ended. */
export function deadlockOf(trace: Trace, knowledge: WordKnowledge = {}): Violation | null {
  const { end, program } = trace;
  if (end.violation !== null || end.enabled() !== 0 || end.hasEnded()) return null;
  const waiting = waitingAt(trace);
  const owners = new Map(waiting.map((one) => [one.agent, knowledge.ownerOf?.(one, end.words) ?? null]));
  const cycle = cycleOf(owners);
  const reasons = waiting.map((one) => reasonOf(trace, one, owners.get(one.agent) ?? null, knowledge));
  // Who waits for the lock of a sleeper will go on when that one does.
  const roots = reasons.filter(({ waiting: { agent } }) => !owners.has(owners.get(agent) ?? -1));
  const id = cycle !== null ? 'lock-cycle' : (ORDER.find((one) => roots.some((root) => root.id === one)) ?? 'deadlock');
  const blamed = cycle?.[0] ?? roots.find((root) => root.id === id)?.waiting.agent ?? -1;
  const lines = reasons.map(({ text }) => text);
  for (const [agent, { kind, script }] of program.agents.entries())
    if (kind === 'thread' && end.pending(agent)?.door === 'guard')
      lines.push(
        `${agentName(program, agent)} may not begin ${script[end.position(agent)]?.label ?? 'its call'} yet: its guard does not hold`,
      );
  return { id, agent: blamed, text: [HEADLINES[id], ...lines].join('\n') };
}

/** Those who wait at the end of a trace, an agent that awaits a promise among them. */
export function waitingAt(trace: Trace): readonly Waiting[] {
  const { end, events, program } = trace;
  return program.agents.flatMap((_, agent): Waiting[] => {
    const pending = end.pending(agent);
    if (pending?.door === 'acquire') return [lockWaiter(agent, pending, trace)];
    if (end.status(agent) !== 'blocked') return [];
    const ticket = pending?.door === 'settle' ? (pending.args[0] ?? 0) : -1;
    const sleeper = end.waiters().find((one) => one.agent === agent && one.ticket === ticket);
    const since = events.findLast(
      (event) => event.agent === agent && (ticket < 0 ? isQueued(event) : event.door === 'waitAsync' && event.result === ticket),
    );
    if (sleeper === undefined || since === undefined) return [];
    return [{ agent, at: sleeper.at, expected: sleeper.expected, value: end.words[sleeper.at >> 2] ?? 0, since }];
  });
}

/** A lock taken in one step has no list: who rests before it waits for its word to be 0, since its own last access. */
function lockWaiter(agent: number, pending: Pending, { end, events }: Trace): Waiting {
  const last = events.findLast((event) => event.agent === agent);
  const since: TraceEvent = {
    ...pending,
    agent,
    call: end.position(agent),
    index: last?.index ?? -1,
    step: last?.step ?? -1,
    plain: false,
    reads: true,
    writes: false,
    before: 0,
    after: 0,
    result: null,
    woken: [],
  };
  return { agent, at: pending.from, expected: 0, value: end.words[pending.from >> 2] ?? 0, since };
}

function isQueued({ door, result }: TraceEvent): boolean {
  return (door === 'wait' || door === 'waitFor') && result === null;
}

/** The agents of a cycle, or null. */
function cycleOf(owners: ReadonlyMap<number, number | null>): readonly number[] | null {
  for (const start of owners.keys()) {
    const path = [start];
    for (let next = owners.get(start) ?? -1; owners.has(next); next = owners.get(next) ?? -1) {
      const seen = path.indexOf(next);
      if (seen >= 0) return path.slice(seen);
      path.push(next);
    }
  }
  return null;
}

function reasonOf(trace: Trace, waiting: Waiting, owner: number | null, knowledge: WordKnowledge): Reason {
  const { program, events, end } = trace;
  const { agent, at, expected, value, since } = waiting;
  const name = (who: number): string => agentName(program, who);
  const word = knowledge.nameOf?.(at) ?? `word ${at >> 2}`;
  const sleeps = `${name(agent)} sleeps at ${placeName(since)} on ${word} since step ${since.step + 1}`;
  const reason = (id: DeadlockId, more: string): Reason => ({ waiting, id, text: `${sleeps}${more}` });
  const told = ({ agent: who, step, stack }: TraceEvent): string => `${name(who)} at step ${step + 1}, ${placeName({ stack })}`;

  if (owner !== null && owner >= 0) {
    const fate = end.status(owner) === 'done' ? ', who has ended with it in hand' : owner === agent ? ', who is itself' : '';
    return reason('deadlock', `: it is held by ${name(owner)}${fate}`);
  }
  const notifies = events.filter((event) => event.door === 'notify' && event.from === at);
  const change = value === expected ? undefined : lastChange(events, waiting);
  const changed = change === undefined ? '' : `; it expects ${expected}, and the word is ${value} since ${told(change)}`;
  for (const notify of notifies.filter(({ index }) => index > since.index)) {
    const swallower = swallowerOf(trace, notify, at);
    if (swallower === null) continue;
    return reason('swallowed-notify', `${changed}; the notify of ${told(notify)} went to ${swallower}`);
  }
  if (change !== undefined) {
    const after = notifies.filter(({ index }) => index > change.index);
    const last = after.at(-1);
    if (last !== undefined)
      return reason(
        'lost-wakeup',
        `${changed}; the notify of ${told(last)} woke ${last.woken.length === 0 ? 'nobody' : last.woken.map((one) => name(one.agent)).join(', ')}`,
      );
    const early = notifies.findLast(({ index, agent: who }) => index < change.index && who === change.agent);
    return reason(
      'missing-notify',
      `${changed}; nobody has notified it since${early === undefined ? '' : ` (the notify of ${told(early)} came before the change)`}`,
    );
  }
  const missed = missedNotify(trace, waiting, notifies);
  if (missed !== null)
    return reason('lost-wakeup', `; the notify of ${told(missed)} came before, and ${name(agent)} had not seen what it was for`);
  const state = `; it expects ${expected}, and that is what the word is`;
  return reason('deadlock', notifies.length === 0 ? `${state}; nobody has ever notified it` : state);
}

/** The write since which the word is not what the waiter expects. */
function lastChange(events: readonly TraceEvent[], { at, expected, since }: Waiting): TraceEvent | undefined {
  let change: TraceEvent | undefined;
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setInt32(0, expected, true);
  for (const event of events.slice(since.index + 1)) {
    const touches = rangesOf(event).some((range) => range.write && range.from < at + 4 && at < range.from + range.bytes);
    if (!touches) continue;
    // What zero and copy write is not in the event: such a change is taken to be one.
    const known = event.door !== 'zero' && event.door !== 'copy';
    if (known)
      for (let n = 0; n < event.bytes; n++)
        if (event.from + n >= at && event.from + n < at + 4) bytes.setUint8(event.from + n - at, (event.after >> (8 * n)) & 0xff);
    const isExpected = known && bytes.getInt32(0, true) === expected;
    if (isExpected) change = undefined;
    else change ??= event;
  }
  return change;
}

/** Whom a notify woke that had no use for it, in words; null if all had. */
function swallowerOf({ events, program }: Trace, notify: TraceEvent, at: number): string | null {
  for (const { agent, ticket } of notify.woken) {
    const later = events.filter((event) => event.index > notify.index && event.agent === agent);
    if (ticket >= 0) {
      const isAwaited = events.some((event) => event.agent === agent && event.door === 'settle' && event.args[0] === ticket);
      if (!isAwaited) return `a promise of ${agentName(program, agent)} that nobody awaits`;
      continue;
    }
    // Its own call: one that has returned since has had what it came for.
    const sleptIn = events.findLast((event) => event.index < notify.index && event.agent === agent && isQueued(event));
    const again = later.find((event) => isQueued(event) && event.from === at);
    const passedOn = later.some((event) => event.door === 'notify' && event.from === at && event.index < (again?.index ?? 0));
    if (again !== undefined && again.call === sleptIn?.call && !passedOn)
      return `${agentName(program, agent)}, who went back to sleep at step ${again.step + 1}, ${placeName(again)}`;
  }
  return null;
}

/**
 * A notify that came before the waiter was in the list, of something it did not know when it went to sleep. It did not know if it has
 * not read, not even through others, what the notifier wrote last before; or if a value it has read in this call was already
 * another one then.
 */
function missedNotify({ events }: Trace, { agent, since }: Waiting, notifies: readonly TraceEvent[]): TraceEvent | null {
  const earlier = notifies.filter(
    ({ index, agent: who, woken }) => index < since.index && who !== agent && !woken.some((one) => one.agent === agent),
  );
  const notify = earlier.at(-1);
  if (notify === undefined) return null;
  const written = events.findLast((event) => event.index < notify.index && event.agent === notify.agent && event.writes);
  if (!knows(events, agent, since, written)) return notify;
  return earlier.findLast((one) => isStale(events, agent, since, one)) ?? null;
}

/** Whether the agent has read, itself or through what others had read when they wrote, a write of another, before it went to sleep. */
function knows(events: readonly TraceEvent[], agent: number, since: TraceEvent, written: TraceEvent | undefined): boolean {
  if (written === undefined) return false;
  const knowing = new Set([written.agent]);
  const carriers = new Set<number>();
  for (const event of events.slice(written.index, since.index + 1)) {
    const ranges = rangesOf(event);
    const bytesOf = (range: { readonly from: number; readonly bytes: number }): number[] =>
      Array.from({ length: range.bytes }, (_, n) => range.from + n);
    if (event.reads && ranges.some((range) => bytesOf(range).some((byte) => carriers.has(byte)))) knowing.add(event.agent);
    for (const range of ranges)
      if (range.write)
        for (const byte of bytesOf(range)) {
          if (knowing.has(event.agent)) carriers.add(byte);
          else carriers.delete(byte);
        }
  }
  return knowing.has(agent);
}

/** Whether something that the agent read in this call was changed by another between its last look and the notify. */
function isStale(events: readonly TraceEvent[], agent: number, since: TraceEvent, notify: TraceEvent): boolean {
  const looks = events.filter((event) => event.index < since.index && event.agent === agent && event.call === since.call && event.reads);
  return looks.some((look) => {
    const isOver = (event: TraceEvent): boolean => event.from < look.from + look.bytes && look.from < event.from + event.bytes;
    const again = events.some(
      (event) =>
        event.index > look.index && event.index < since.index && event.agent === agent && (event.reads || event.writes) && isOver(event),
    );
    if (again || look.index > notify.index) return false;
    return events.some(
      (event) =>
        event.index > look.index &&
        event.index < notify.index &&
        event.agent !== agent &&
        event.writes &&
        isOver(event) &&
        event.before !== event.after,
    );
  });
}
