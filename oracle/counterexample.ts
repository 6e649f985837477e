/**
 * A *counterexample* is a failure on file: everything `sockref replay` needs to make it happen again, and nothing that could
 * run. It is data by construction: names that are looked up in tables, numbers, places in the source that are only printed.
 * A file from a stranger is read up to a size limit, checked field by field, and refused with the field and the reason.
 *
 * Always true:
 *   1. What `readCounterexample` returns satisfies the schema below; everything else is a `UsageError` that names the field.
 *   2. No string of it holds a character that a terminal would obey (line breaks in `seen` and `allowed` excepted).
 *   3. A file is written whole or not at all, and the same failure gets the same file name in every run.
 */
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { z } from 'zod';
import { exploreFields, loopFault } from './counterexample-explore.ts';
import { stressFields } from './counterexample-stress.ts';
import { fingerprint, id, key, line, prose, STEP_LIMIT, step, whole } from './counterexample-fields.ts';
import { quote, UsageError } from './usage.ts';

export const FORMAT = 'sockref-counterexample/1';

/** Far above what an engine writes (a step is some 300 bytes), far below what would hurt to read. */
const SIZE_LIMIT = 8 * 1024 * 1024;

const runStep = step.extend({
  /** At the step that fails: what the implementation did, and what the specification would have allowed. */
  seen: prose.optional(),
  allowed: prose.optional(),
});

const common = {
  format: z.literal(FORMAT),
  scenario: line,
  seed: whole,
  /** The id of the invariant or comparison that the last step breaks. */
  breaks: id,
  /** Sizes: sockets, threads, capacities. */
  configuration: z.record(key, whole),
  /** Hashes of what it was made from and of what was written (origin.ts); a file by hand has none. */
  origin: z.strictObject({ sources: fingerprint, content: fingerprint }).optional(),
};

const runCounterexample = z.strictObject({
  ...common,
  engine: z.literal('run'),
  subject: z.literal('impl'),
  design: z.literal('sockref'),
  /** The planted fault the implementation was run with; null or absent for the implementation as it is. */
  fault: id.nullable().optional(),
  /** Whether the whole stack ran under Giant; absent: it did not. */
  giant: z.boolean().optional(),
  steps: z.array(runStep).min(1).max(STEP_LIMIT),
});

const exploreCounterexample = z.strictObject({ ...common, ...exploreFields });

const stressCounterexample = z.strictObject({ ...common, ...stressFields });

const proveCounterexample = z.strictObject({
  ...common,
  engine: z.literal('prove'),
  subject: z.literal('model'),
  design: id,
  steps: z.array(step).max(STEP_LIMIT),
});

const checkCounterexample = proveCounterexample.extend({
  engine: z.literal('check'),
  /**
   * Of a promise that is not kept: what it is about, by the names of its parameters, and how many steps lead to where the loop begins. The
   * others are the loop, at whose end all is as it was there; without any, the run stops there.
   */
  lasso: z.strictObject({ ids: z.record(key, whole), loop: z.int().min(0).max(STEP_LIMIT) }).optional(),
});

const schema = z.discriminatedUnion('engine', [
  runCounterexample,
  exploreCounterexample,
  stressCounterexample,
  proveCounterexample,
  checkCounterexample,
]);

export type RunCounterexample = z.infer<typeof runCounterexample>;
export type ExploreCounterexample = z.infer<typeof exploreCounterexample>;
export type StressCounterexample = z.infer<typeof stressCounterexample>;
export type ProveCounterexample = z.infer<typeof proveCounterexample>;
export type CheckCounterexample = z.infer<typeof checkCounterexample>;
/** Of the specification. */
export type ModelCounterexample = ProveCounterexample | CheckCounterexample;
export type Counterexample = RunCounterexample | ExploreCounterexample | StressCounterexample | ModelCounterexample;
export type RunStep = RunCounterexample['steps'][number];
export type ExploreStep = ExploreCounterexample['steps'][number];
export type StressStep = StressCounterexample['steps'][number];
export type ProveStep = ProveCounterexample['steps'][number];

/** Reads a file that may come from anywhere. Throws a `UsageError`, and nothing else, when it is not a counterexample. */
export async function readCounterexample(path: string): Promise<Counterexample> {
  return parseCounterexample(await readLimited(path), path);
}

/** The same for the bytes of a file; `name` is what error messages call it. */
export function parseCounterexample(bytes: Uint8Array, name: string): Counterexample {
  if (bytes.length > SIZE_LIMIT) throw tooLarge(name);
  const document = parseJson(bytes, name);
  checkFormat(document, name);
  const parsed = schema.safeParse(document);
  if (!parsed.success) throw schemaRefusal(name, document, parsed.error);
  const wrong = parsed.data.engine === 'explore' ? loopFault(parsed.data) : null;
  if (wrong !== null) throw refusal(name, 'loop', wrong);
  if (parsed.data.engine === 'check' && parsed.data.lasso !== undefined && parsed.data.lasso.loop > parsed.data.steps.length)
    throw refusal(name, 'lasso.loop', `is ${parsed.data.lasso.loop}, and there are ${parsed.data.steps.length} steps`);
  return parsed.data;
}

/** Writes the file and returns its path. The directory is made when it isn't there, and kept out of version control. */
export function writeCounterexample(directory: string, counterexample: Counterexample): string {
  const checked = schema.safeParse(counterexample);
  if (!checked.success) {
    const refused = schemaRefusal('counterexample', counterexample, checked.error);
    throw new Error(`an engine made a counterexample that replay would refuse: ${refused.message}`);
  }
  const path = join(directory, fileName(counterexample));
  const unfinished = `${path}.${process.pid}.${threadId}.tmp`;
  try {
    if (!existsSync(directory)) {
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, '.gitignore'), '*\n');
    }
    writeFileSync(unfinished, `${JSON.stringify(checked.data, null, 2)}\n`);
    renameSync(unfinished, path);
  } catch (error) {
    const reason = `cannot be written to (${errorCode(error)})`;
    throw new UsageError(`the counterexample has no place to go: ${quote(directory, 200)} ${reason}; name another directory with --out`, {
      field: '--out',
      reason,
    });
  }
  return path;
}

/** "prove-p06-pcb-while-valid.json": says what it is, and the next run of the same failure replaces it. */
function fileName(counterexample: Counterexample): string {
  return `${nameParts(counterexample)
    .join('-')
    .replaceAll(/[^A-Za-z0-9_.-]/g, '_')}.json`;
}

function nameParts(counterexample: Counterexample): readonly string[] {
  const { engine, design, breaks, scenario } = counterexample;
  switch (engine) {
    case 'prove':
      return [engine, design, breaks];
    case 'check':
      return [engine, design, scenario.slice(0, 100), breaks];
    case 'run':
      return [
        engine,
        design,
        breaks,
        ...(typeof counterexample.fault === 'string' ? [counterexample.fault] : []),
        ...(counterexample.giant === true ? ['giant'] : []),
      ];
    case 'explore':
    case 'stress':
      return [engine, scenario.slice(0, 100), breaks, ...(counterexample.fault === null ? [] : [counterexample.fault])];
  }
}

async function readLimited(path: string): Promise<Uint8Array> {
  try {
    const { size, isFile } = await stat(path).then((stats) => ({ size: stats.size, isFile: stats.isFile() }));
    // Opening a pipe would wait for its writer, and a device could go on for ever.
    if (!isFile) throw refusal(path, '(file)', 'is not a regular file');
    if (size > SIZE_LIMIT) throw tooLarge(path);
    return await readFile(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = errorCode(error);
    throw refusal(path, '(file)', code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`);
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

function parseJson(bytes: Uint8Array, name: string): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refusal(name, '(file)', 'is not UTF-8 text');
  }
  if (text.trim() === '') throw refusal(name, '(file)', 'is empty');
  try {
    return JSON.parse(text, refusePrototype) as unknown;
  } catch (error) {
    if (error instanceof UsageError) throw refusal(name, error.message, 'is a name that no counterexample has');
    // Very deep nesting overflows the stack of the parser or of the walk: RangeError instead of SyntaxError.
    if (error instanceof RangeError) throw refusal(name, '(file)', 'is nested deeper than any counterexample');
    throw refusal(name, '(file)', `is not JSON${whereItBreaks(error, text)}`);
  }
}

/** `__proto__` as a member is an ordinary property after JSON.parse, but no longer after the first careless copy. */
function refusePrototype(this: unknown, member: string, value: unknown): unknown {
  if (member === '__proto__') throw new UsageError('__proto__');
  return value;
}

/** From the message of the parser, which names the offset, or the character, or (where the text ends too early) neither. */
function whereItBreaks(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : '';
  const token = /^Unexpected token '?(.)/su.exec(message)?.[1];
  const offset = /position (\d+)/.exec(message)?.[1];
  const at = offset === undefined ? text.length : Number(offset);
  if (at >= text.trimEnd().length) {
    return token === undefined ? ': it ends too early, so it was probably cut off while it was copied' : `: unexpected ${quote(token)}`;
  }
  const before = text.slice(0, at).split('\n');
  return `: unexpected ${quote(text.slice(at, at + 1))} at line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}

/** Before the fields are looked at: is it one of ours at all, and of a version we know? */
function checkFormat(document: unknown, name: string): void {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw refusal(
      name,
      '(file)',
      `holds ${quote(document, 30)} where an object with the field "format" was expected; it isn't a sockref counterexample`,
    );
  }
  const format = 'format' in document ? document.format : undefined;
  if (format === FORMAT) return;
  const theirs = typeof format === 'string' && format.startsWith('sockref-counterexample/');
  const cause = theirs ? 'it was written by another version of sockref' : "it isn't a sockref counterexample";
  throw refusal(name, 'format', `expected "${FORMAT}", saw ${quote(format)}; ${cause}`);
}

function schemaRefusal(name: string, document: unknown, error: z.ZodError): UsageError {
  const issue = error.issues[0];
  if (issue === undefined) return refusal(name, '(file)', 'is not a counterexample');
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
  return refusal(name, fieldName(path), reasonOf(issue, valueAt(document, path)));
}

function reasonOf(issue: z.core.$ZodIssue, value: unknown): string {
  const saw = `, saw ${quote(value)}`;
  switch (issue.code) {
    case 'unrecognized_keys':
      return 'is not a field of a counterexample';
    case 'invalid_key':
      return `as a name, expected ${issue.issues[0]?.message ?? 'letters and digits'}`;
    case 'invalid_type':
      return value === undefined ? `is missing; expected ${issue.expected}` : `expected ${issue.expected}${saw}`;
    case 'invalid_value':
      return `expected ${issue.values.map((v) => quote(v)).join(' or ')}${saw}`;
    case 'invalid_union':
      // A union over kinds has no message of its own, a union over types of values has.
      if (issue.discriminator === 'engine') return `expected "run", "explore", "stress" or "prove"${saw}`;
      return issue.discriminator === undefined ? `expected ${issue.message}${saw}` : `is none of the kinds there are${saw}`;
    case 'too_big':
      return `is too large: at most ${String(issue.maximum)}`;
    case 'too_small':
      return `is too small: at least ${String(issue.minimum)}`;
    case 'invalid_format':
    case 'custom':
      return `expected ${issue.message}${saw}`;
    default:
      return `${issue.message}${saw}`;
  }
}

/** `steps[3].arguments.fd`; a member with a stranger's name is quoted: `configuration["a b"]`. */
function fieldName(path: readonly PropertyKey[]): string {
  const parts = path.map((part) => {
    if (typeof part === 'number') return `[${part}]`;
    return /^\w{1,64}$/.test(String(part)) ? `.${String(part)}` : `[${quote(String(part))}]`;
  });
  return parts.length === 0 ? '(file)' : parts.join('').replace(/^\./, '');
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let value = document;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

function tooLarge(name: string): UsageError {
  return refusal(name, '(file)', `is larger than ${SIZE_LIMIT / 1024 / 1024} MiB, which no counterexample is`);
}

function refusal(name: string, field: string, reason: string): UsageError {
  const subject = field === '(file)' ? 'the file' : field;
  return new UsageError(`${quote(name, 200).slice(1, -1)} was refused: ${subject} ${reason}`, { field, reason });
}
