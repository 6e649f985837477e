/**
 * A *trace* is one schedule told step by step, with names instead of numbers: what a report is made from. Whoever ran the
 * schedule fills it in; nothing in here knows a scheduler.
 */

/** What a report is drawn for. */
export interface Display {
  /** Characters in a line. */
  readonly width: number;
  readonly colours: boolean;
}

/** A place in the source, and the function it is in. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly fn: string;
}

/** One access to shared memory, or one end of a timed wait. */
export interface AccessEvent {
  readonly kind: 'access';
  readonly agent: number;
  /** From 1, the number of the step in the counterexample file; 0 before the first. Plain accesses belong to the step before them. */
  readonly step: number;
  /** The operation of the door, or `timeout`. */
  readonly operation: string;
  /** What was accessed: "accept_mtx", "so_state of socket 1". */
  readonly what: string;
  /** Whether another agent of this trace accesses it too, and one of the two writes. */
  readonly shared: boolean;
  /** What was there, null where that is nobody's business; for a notify, whom it woke. */
  readonly read: string | null;
  /** What is there afterwards, null where nothing was written. */
  readonly written: string | null;
  /** A lock was asked for, got or given back: "lock", "contend", "unlock". */
  readonly lock: 'lock' | 'contend' | 'unlock' | null;
  /** Why the agent does not go on: "sleeps until so_timeo of socket 1 is notified". */
  readonly waits: string | null;
  /** Not atomic. */
  readonly plain: boolean;
  readonly place: Place;
}

/** The begin or end of a call that a user of the program would see. */
export interface CallEvent {
  readonly kind: 'call' | 'return';
  readonly agent: number;
  /** "accept(fd 3)"; "-1 ECONNABORTED". */
  readonly text: string;
  /** What the specification makes of it, null where nobody asked. */
  readonly model: string | null;
}

export type TraceEvent = AccessEvent | CallEvent;

export interface Trace {
  /** Names of the agents, in the order of their columns. */
  readonly agents: readonly string[];
  readonly events: readonly TraceEvent[];
  /** What broke: the id, who broke it (-1: nobody in particular), and in words what was seen and what is allowed. */
  readonly violation: { readonly id: string; readonly agent: number; readonly text: string } | null;
  /** Of a schedule that goes on for ever: the number of the first step of its loop, which is told once. */
  readonly loop?: number;
}

/** Steps, and how often another agent took over; a preemption is a switch away from an agent that could have gone on. */
export function switchesOf(trace: Trace): { readonly steps: number; readonly switches: number } {
  let steps = 0;
  let switches = 0;
  let last = -1;
  for (const event of trace.events) {
    if (event.kind !== 'access' || event.step <= steps) continue;
    steps = event.step;
    if (last >= 0 && event.agent !== last) switches++;
    last = event.agent;
  }
  return { steps, switches };
}
