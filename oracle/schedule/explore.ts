/**
 * `explore` for anybody's code: functions over shared typed arrays and `Atomics`, the memory they share, the threads and what they call; the
 * answer is whether anything can go wrong in any order of their steps, and if so, in which.
 *
 *     const result = await explore({
 *       file: 'src/mutex.ts',
 *       memory: { cells: { type: 'Int32Array', length: 2 } },
 *       threads: [{ call: 'worker', args: ['cells', 2] }, { call: 'worker', args: ['cells', 2] }],
 *       check: ({ cells }) => cells?.[1] === 4 || 'an increment is lost',
 *     });
 */
import path from 'node:path';
import { z } from 'zod';
import type { MemoryDeclaration } from '../compile/atoms-memory.ts';
import type { Argument } from '../compile/atoms-program.ts';
import { ELEMENTS, type ElementType } from '../compile/atoms-values.ts';
import { quote, UsageError } from '../usage.ts';
import type { Verdict } from '../verdict.ts';
import { type Figures, type Limits, NO_LIMITS } from './exploration.ts';
import { judge, type Judgement, type Search, type SearchName, SEARCHES } from './judge.ts';
import { MOST_AGENTS, type Violation } from './program.ts';
import { type ScheduleStep, scheduleSteps, scheduleText } from './schedule-text.ts';
import type { Subject } from './subject.ts';
import { compileUser } from './user-compile.ts';
import { type FinalCheck, InitFailed, type UserProgram, userSubject } from './user-program.ts';

/** Shared memory: `length` elements of a type, or bytes of a SharedArrayBuffer. */
export interface SharedMemory extends MemoryDeclaration {
  /** What it holds at the start; zeros without. */
  readonly values?: readonly number[];
}

/** A call of a function of the source. Strings are names of shared memory. */
export interface ThreadCall {
  readonly call: string;
  readonly args?: readonly Argument[];
}

/** A thread makes one call, or several one after the other. */
export type Thread = (ThreadCall | { readonly calls: readonly ThreadCall[] }) & { readonly name?: string };

export interface ExploreRequest {
  /** The file whose functions the threads call; of TypeScript or JavaScript. Relative to the working directory. */
  readonly file?: string;
  /** Its text, instead of a file. */
  readonly source?: string;
  /** What the threads share. A constant of the source's top level that has such a name stands for it. */
  readonly memory?: Readonly<Record<string, SharedMemory>>;
  /** At most 15. */
  readonly threads: readonly Thread[];
  /** A call before the threads begin. */
  readonly init?: ThreadCall;
  /** A call when all threads have ended, in which assertions must hold; or a function of the memory and of what each call returned. */
  readonly check?: ThreadCall | FinalCheck;
  /** `states` (the default) goes on from each state once; `dpor` takes one schedule of each class; the others take samples. */
  readonly strategy?: SearchName;
  /** What one step is: an atomic access with the plain ones behind it (the default), or every access by itself. */
  readonly granularity?: 'block' | 'access';
  readonly limits?: Partial<Limits>;
  /** No schedule with more preemptions. */
  readonly preemptions?: number;
  /** Of `pct`: the depth of the bugs looked for. Default 3. */
  readonly depth?: number;
  readonly seed?: number;
  /** Whether threads that make the same calls count as interchangeable in `states`. Default: unless `check` looks at their results. */
  readonly symmetry?: boolean;
  readonly signal?: AbortSignal;
  readonly progress?: (figures: Figures) => void;
}

/** A schedule that breaks something, as simple as could be had. */
export interface ScheduleCounterexample {
  readonly schedule: readonly number[];
  /** Of a livelock: how many transitions of the schedule lead to where its loop begins; the rest is the loop, which may go on for ever. */
  readonly loop: number | null;
  readonly steps: readonly ScheduleStep[];
  readonly preemptions: number;
  readonly switches: number;
  /** For people: threads as columns, steps as rows. */
  toString(): string;
}

export interface ExploreResult {
  readonly verdict: Verdict;
  /** What was covered, in words. */
  readonly bound: string;
  readonly figures: Figures;
  /** Why it is unknown. */
  readonly reason: string | null;
  readonly violation: Pick<Violation, 'id' | 'text'> | null;
  readonly counterexample: ScheduleCounterexample | null;
}

/** Memory of the tables of `states`, unless a limit says otherwise: MiB. */
const MEMORY = 2048;

/** Throws a `UsageError` for a request that can't be, and a `CompileError` for source that can't be taken. */
export async function explore(request: ExploreRequest): Promise<ExploreResult> {
  checkRequest(request);
  const { looked, watched } = watchResults(request.check);
  const subject = subjectOf(watched === undefined ? request : { ...request, check: watched });
  const search: Search = {
    strategy: request.strategy ?? 'states',
    granularity: request.granularity ?? 'block',
    limits: { ...NO_LIMITS, memory: MEMORY, ...request.limits },
    seed: request.seed ?? 1,
    preemptions: request.preemptions ?? null,
    depth: request.depth ?? 3,
    symmetry: request.symmetry ?? !takesResults(request.check),
    signal: request.signal ?? new AbortController().signal,
    progress: request.progress ?? (() => {}),
  };
  const judgement = await judge(subject, search);
  // A parameter with a default is not counted in the length of its function: that there is one shows when it is looked at.
  const again = request.symmetry === undefined && search.symmetry && looked();
  return resultOf(subject, again ? await judge(subject, { ...search, symmetry: false }) : judgement, request.granularity ?? 'block');
}

/** Of threads that are interchangeable it is not said which of them returned what. */
function takesResults(check: ExploreRequest['check']): boolean {
  return typeof check === 'function' && check.length !== 1;
}

/** The same check, and whether it has looked at the results. */
function watchResults(check: ExploreRequest['check']): { readonly looked: () => boolean; readonly watched: FinalCheck | undefined } {
  let looked = false;
  const see: ProxyHandler<Parameters<FinalCheck>[1]> = {
    get: (results, key) => {
      looked = true;
      return Reflect.get(results, key);
    },
  };
  const watched =
    typeof check === 'function' ? (...[memory, results]: Parameters<FinalCheck>) => check(memory, new Proxy(results, see)) : undefined;
  return { looked: () => looked, watched };
}

function resultOf(subject: Subject, judgement: Judgement, granularity: 'block' | 'access'): ExploreResult {
  const { verdict, bound, figures, reason, violation, schedule, loop, preemptions, switches } = judgement;
  if (violation === null) return { verdict, bound, figures, reason, violation: null, counterexample: null };
  const text = (): string => scheduleText(subject, schedule, granularity, violation, loop);
  return {
    verdict,
    bound,
    figures,
    reason,
    violation: { id: violation.id, text: violation.text },
    counterexample: { schedule, loop, steps: scheduleSteps(subject, schedule, granularity), preemptions, switches, toString: text },
  };
}

function subjectOf({ file, source, memory = {}, threads, init, check }: ExploreRequest): Subject {
  const name = file ?? 'source.ts';
  const values = Object.fromEntries(
    Object.entries(memory).flatMap(([each, { values: list }]) => (list === undefined ? [] : [[each, list]])),
  );
  const full = ({ call, args = [] }: ThreadCall): { call: string; args: readonly Argument[] } => ({ call, args });
  try {
    const user: UserProgram = {
      name: path.basename(name),
      root: process.cwd(),
      file: name,
      ...(source === undefined ? {} : { sources: { [name]: source } }),
      memory,
      values,
      threads: threads.map((thread) => ({
        ...(thread.name === undefined ? {} : { name: thread.name }),
        calls: ('calls' in thread ? thread.calls : [thread]).map(full),
      })),
      ...(init === undefined ? {} : { init: full(init) }),
      ...(check === undefined ? {} : { check: typeof check === 'function' ? check : full(check) }),
    };
    return userSubject(user, compileUser(user));
  } catch (error) {
    if (error instanceof InitFailed || error instanceof RangeError)
      throw new UsageError(error.message, { field: error instanceof InitFailed ? 'init' : 'memory' });
    throw error;
  }
}

// What may be asked

const whole = z.int().min(0).max(1e15);
const argument = z.union(
  [z.number(), z.boolean(), z.string(), z.strictObject({ resultOf: whole })],
  'a number, a boolean, the name of shared memory, or { resultOf }',
);
const call = { call: z.string(), args: z.array(argument).optional() };
const name = z.string().min(1).max(60).optional();
const threadCall = z.strictObject(call);
const limit = z.number().min(0).nullable().optional();

const LIMITS = { executions: limit, steps: limit, states: limit, memory: limit, seconds: limit };

const types = [...(Object.keys(ELEMENTS) as ElementType[]), 'SharedArrayBuffer'] as const;

const schema = z.strictObject({
  file: z.string().optional(),
  source: z.string().optional(),
  memory: z
    .record(
      z.string(),
      z.strictObject({ type: z.enum(types), length: whole, offset: whole.optional(), values: z.array(z.number()).optional() }),
    )
    .optional(),
  threads: z
    .array(
      z.union(
        [z.strictObject({ ...call, name }), z.strictObject({ calls: z.array(threadCall).min(1), name })],
        '{ call, args } or { calls }',
      ),
    )
    .min(1)
    .max(MOST_AGENTS),
  init: threadCall.optional(),
  check: z.union([threadCall, z.custom<FinalCheck>((value) => typeof value === 'function')], 'a call, or a function').optional(),
  strategy: z.enum(Object.keys(SEARCHES) as [SearchName, ...SearchName[]]).optional(),
  granularity: z.enum(['block', 'access']).optional(),
  limits: z
    .strictObject(LIMITS, {
      error: ({ code }) => (code === 'unrecognized_keys' ? `there are ${Object.keys(LIMITS).join(', ')}` : undefined),
    })
    .optional(),
  preemptions: whole.optional(),
  depth: z.int().min(1).max(100).optional(),
  seed: z.int().optional(),
  symmetry: z.boolean().optional(),
  signal: z.instanceof(AbortSignal).optional(),
  progress: z.custom<(figures: Figures) => void>((value) => typeof value === 'function').optional(),
});

function checkRequest(request: unknown): void {
  const checked = schema.safeParse(request);
  const [issue] = checked.error?.issues ?? [];
  if (issue !== undefined) {
    const field = issue.path.join('.');
    throw new UsageError(`explore: ${field === '' ? '' : `${field}: `}${issue.message}`, { field, reason: issue.message });
  }
  const { file, source } = checked.data ?? {};
  if (file === undefined && source === undefined)
    throw new UsageError('explore: give a file, or the source itself', { field: 'file', reason: `is missing; saw ${quote(file)}` });
}
