/**
 * Counterexamples of *explore*: a schedule. The program that is scheduled is in the file, as data: a litmus program by its name and
 * sizes, a scenario of the kernel with the calls of its threads. Each step is one access to shared memory (and the plain ones behind
 * it): who makes it, what it is, what it found, where it stands.
 */
import { z } from 'zod';
import { argument, id, key, line, prose, STEP_LIMIT, step, whole } from './counterexample-fields.ts';

const LIVELOCK = 'livelock';

const MOST_AGENTS = 15;
const MOST_CALLS = 100;

const count = z.int().min(0).max(1_000_000);
const fd = z.int().min(0).max(1_000);

const call = z.strictObject({ name: id, args: z.record(key, argument) });

const scriptedCall = z.strictObject({
  name: id,
  args: z.record(key, z.union([argument, z.strictObject({ resultOf: count })], 'a value, or the call whose result it is')),
  unix: z.boolean().optional(),
  urgent: z.boolean().optional(),
  lent: z.boolean().optional(),
  besides: z.strictObject({ fd, first: z.boolean() }).optional(),
});

const segment = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('handshake'), fd, six: z.boolean().optional() }),
  z.strictObject({ what: z.literal('syn'), fd }),
  z.strictObject({ what: z.literal('synack'), fd }),
  z.strictObject({ what: z.literal('rst'), fd }),
  z.strictObject({ what: z.enum(['queued rst', 'queued fin', 'queued data']), fd }),
  z.strictObject({ what: z.literal('fin'), fd }),
  z.strictObject({ what: z.literal('data'), fd, units: count }),
  z.strictObject({ what: z.literal('urgent'), fd, here: z.boolean() }),
  z.strictObject({ what: z.literal('ack'), fd, units: count, fin: z.boolean() }),
  z.strictObject({ what: z.literal('datagram'), fd, six: z.boolean().optional() }),
  z.strictObject({ what: z.literal('broadcast'), fd }),
  z.strictObject({ what: z.literal('unreachable'), fd }),
  z.strictObject({ what: z.literal('icmp'), fd, error: z.enum(['ECONNREFUSED', 'EHOSTUNREACH']) }),
]);

const actor = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('wire'), deliveries: z.int().min(0).max(MOST_CALLS) }),
  z.strictObject({ kind: z.literal('netisr'), rounds: z.int().min(0).max(MOST_CALLS) }),
  z.strictObject({ kind: z.literal('collector') }),
  z.strictObject({ kind: z.literal('clock'), ticks: z.int().min(0).max(MOST_CALLS) }),
  z.strictObject({
    kind: z.literal('signal'),
    thread: z
      .int()
      .min(0)
      .max(MOST_AGENTS - 1),
  }),
]);

/** A scenario of the kernel (schedule/kernel/scenario.ts). */
export const scenarioSchema = z.strictObject({
  id,
  about: line,
  citation: line,
  sizes: z.record(key, whole).optional(),
  prologue: z.array(call).max(MOST_CALLS),
  segments: z.array(segment).max(MOST_CALLS).optional(),
  threads: z.array(z.array(scriptedCall).min(1).max(MOST_CALLS)).max(MOST_AGENTS),
  actors: z.array(actor).max(MOST_AGENTS).optional(),
  events: z
    .array(z.strictObject({ event: id, times: count, most: count.optional() }))
    .max(MOST_CALLS)
    .optional(),
  linger: count.optional(),
  looks: count.optional(),
  preemptions: count.optional(),
});

const exploreStep = step.extend({
  /** At the step that breaks it: what was seen, and what would have been allowed. */
  seen: prose.optional(),
  allowed: prose.optional(),
});

/** What all files have goes in; what a schedule has comes out. */
export const exploreFields = {
  engine: z.literal('explore'),
  /** `locks`: the code of a lock by itself, with its class and the program that takes it in the configuration. */
  subject: z.enum(['impl', 'litmus', 'locks']),
  /** What calls were compared with; null for a litmus program and for locks. */
  design: id.nullable(),
  /** The entry of the museum the implementation was run with; null for the implementation as it is. */
  fault: id.nullable(),
  granularity: z.enum(['block', 'access']),
  atomicLocks: z.boolean(),
  /** Of a kernel: what the threads do. Null: the litmus program of this name. */
  program: scenarioSchema.nullable(),
  /** Of a livelock: how many steps lead to where its loop begins; the others are the loop, at whose end all is as it was there. */
  loop: z.int().min(0).max(STEP_LIMIT).optional(),
  steps: z.array(exploreStep).max(STEP_LIMIT),
};

/** Of a whole file: what is wrong with its loop, null: nothing. */
export function loopFault({
  breaks,
  loop,
  steps,
}: {
  readonly breaks: string;
  readonly loop?: number | undefined;
  readonly steps: readonly unknown[];
}): string | null {
  if (loop === undefined) return breaks === LIVELOCK ? 'is missing: a livelock is a schedule with a loop' : null;
  if (breaks !== LIVELOCK) return `is for a livelock, and this file is about ${breaks}`;
  return loop < steps.length ? null : `is ${loop}, and there are ${steps.length} steps: it must be less`;
}
