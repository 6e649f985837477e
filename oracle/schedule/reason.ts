/**
 * The *reason* of a violation: what a search found is an id and a schedule; here it gets its words, from the trace. A race is told by its
 * two accesses, a deadlock by who waits for what, a history by what the specification would have allowed.
 */
import type { Granularity } from '../engine.ts';
import { tell } from '../report/telling.ts';
import type { Trace as Report } from '../report/trace.ts';
import { deadlockOf } from './deadlock.ts';
import type { Found } from './exploration.ts';
import type { Violation } from './program.ts';
import { describeRace } from './race-report.ts';
import type { Target } from './target.ts';
import { type Trace, traceOf } from './trace.ts';

export interface Reasoned {
  /** With the id that reports have. */
  readonly violation: Violation;
  /** What was seen. */
  readonly seen: string;
  /** What would have been allowed, null where that says nothing. */
  readonly allowed: string | null;
  /** The schedule again; of a race, with both accesses made. */
  readonly trace: Trace;
  /** Of a livelock: how many steps of the schedule lead to where its loop begins. */
  readonly loop?: number;
}

/** Ids that say that somebody sleeps and will not be woken; the trace may know why. */
const ASLEEP = ['deadlock', 'lost-wakeup'];

/** What a deadlock may turn out to be. */
const STUCK = ['lock-cycle', 'swallowed-notify', 'lost-wakeup', 'missing-notify'];

/** Whether what is found under this id may be reported under one of those. */
export function mayBe(id: string, wanted: readonly string[]): boolean {
  return wanted.includes(id) || (id === 'deadlock' && STUCK.some((reason) => wanted.includes(reason)));
}

export function reasoned(target: Target, { violation: found, schedule, loop }: Found, granularity: Granularity): Reasoned {
  const { program, words } = target;
  const violation = target.named(found);
  if (found.race !== undefined) {
    const race = describeRace(program, schedule, granularity, found, words.nameOf);
    if (race !== null) return { violation, seen: race.text, allowed: 'one of the two after the other', trace: race.trace };
  }
  const trace = traceOf(program, schedule, granularity);
  if (ASLEEP.includes(violation.id)) {
    const why = deadlockOf(trace, words);
    if (why !== null) {
      // A judge that knows the specification knows better whether somebody ought to go on; the trace knows why nobody does.
      const isKnown = violation.id !== 'deadlock';
      const [headline = '', ...lines] = why.text.split('\n');
      const told = isKnown || why.id === 'deadlock' ? [violation.text] : [violation.text, headline];
      const seen = [...told, ...lines, ...queues(target, trace)].join('\n');
      return { violation: { ...violation, id: isKnown ? violation.id : why.id }, seen, allowed: null, trace };
    }
  }
  const { seen, allowed } = target.explain(violation, trace);
  return { violation, seen, allowed, trace, ...(loop === undefined ? {} : { loop }) };
}

/** Where those who sleep in the end will be looked for. */
function queues({ program, queueOf }: Target, { end }: Trace): readonly string[] {
  return program.agents.flatMap(({ name }, agent) => {
    const queue = end.status(agent) === 'blocked' ? (queueOf?.(agent, end.words) ?? null) : null;
    return queue === null ? [] : [`${name} is in the sleep queue of ${queue}`];
  });
}

/** The schedule as a report shows it. */
export function told(target: Target, { violation, seen, allowed, trace, loop }: Reasoned): Report {
  const { names, result } = target;
  const text = allowed === null ? seen : `${seen}\nallowed: ${allowed}`;
  const report = tell(trace, { ...violation, text }, { names, result, ...modelOf(target) });
  return loop === undefined ? report : { ...report, loop: loop + 1 };
}

/** What the specification makes of each call and return, one after the other. */
function modelOf(target: Target): { readonly model?: (agent: number, call: number, result: number | null) => string | null } {
  const { monitor, view, program } = target;
  if (monitor === null || view === null) return {};
  let state = 0;
  return {
    model: (agent, call, result) => {
      const script = program.agents[agent];
      if (!(script?.script[call]?.visible ?? script?.kind === 'thread') || state < 0) return null;
      state = result === null ? monitor.call(state, agent, call) : monitor.return(state, agent, call, result);
      return state < 0 ? 'does not admit this' : view(state);
    },
  };
}
