/**
 * *User code as a program*: functions of anybody's TypeScript or JavaScript, the memory they share, and which threads call what. A function of
 * the source may prepare the memory before, and one may judge it afterwards; both run by themselves.
 */
import type { Argument, AtomsOptions, AtomsProgram, EntryCall, Message } from '../compile/atoms-program.ts';
import type { Region } from '../compile/atoms-memory.ts';
import { ELEMENTS, type ElementType } from '../compile/atoms-values.ts';
import type { ImplArtefact } from '../compile/impl-javascript.ts';
import { loadImplementation } from '../compile/impl-machine.ts';
import { Interpreter } from './interpreter.ts';
import type { Machine } from './machine.ts';
import type { AgentProgram, Program, ScriptCall, Violation } from './program.ts';
import { UsageError } from '../usage.ts';
import type { Subject } from './subject.ts';

export interface ThreadCalls {
  readonly name?: string;
  readonly calls: readonly EntryCall[];
}

/** The shared memory as a caller sees it when all threads have ended. */
export type MemoryView = Readonly<Record<string, Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array>>;

/** Judges the memory, and what the calls of each thread returned; false or a text: it is wrong. */
export type FinalCheck = (memory: MemoryView, results: readonly (readonly (number | undefined)[])[]) => boolean | string | undefined;

export interface UserProgram extends Omit<AtomsOptions, 'entries'> {
  readonly name: string;
  readonly threads: readonly ThreadCalls[];
  /** Values that memory has at the start, by name. */
  readonly values?: Readonly<Record<string, readonly number[]>>;
  /** Called by itself before any thread. */
  readonly init?: EntryCall;
  /** Called by itself when all threads have ended; or a function of the caller. */
  readonly check?: EntryCall | FinalCheck;
}

/** Steps that `init` and `check` may take. */
const MOST_STEPS = 1_000_000;

/** What the compiler makes of it (user-compile.ts). */
export interface CompiledUser extends Omit<AtomsProgram, 'program'> {
  readonly artefact: ImplArtefact;
}

export class InitFailed extends Error {}

/** The calls of the threads, in their order, then those of `init` and `check`. */
export function entriesOf({ threads, check, init }: UserProgram): readonly EntryCall[] {
  const around = [...(init === undefined ? [] : [init]), ...(check === undefined || typeof check === 'function' ? [] : [check])];
  return [...threads.flatMap(({ calls }) => calls), ...around];
}

export function userSubject(user: UserProgram, atoms: CompiledUser): Subject & { readonly atoms: CompiledUser } {
  const { threads, check, init } = user;
  const code = loadImplementation(atoms.artefact);
  const entries = [...atoms.entries];
  const scripts = threads.map(({ calls }) => calls.map((call) => scriptCall(call, entries.shift())));
  const classes = new Map<string, number>();
  const agents = threads.map(({ name }, index): AgentProgram => {
    const script = scripts[index] ?? [];
    const key = JSON.stringify(script);
    const symmetry = classes.get(key) ?? classes.size;
    classes.set(key, symmetry);
    return { name: name ?? `T${index + 1}`, kind: 'thread', script, symmetry };
  });
  const program: Program = { code, words: wordsOf(user, atoms), agents };
  const alone = (call: EntryCall): Alone => ({
    program,
    agent: { name: call.call, kind: 'thread', script: [scriptCall(call, entries.shift())] },
  });
  const before = init === undefined ? null : alone(init);
  const after = check === undefined || typeof check === 'function' ? null : alone(check);
  const words = before === null ? program.words : prepared(before, atoms.messages);
  const results = atoms.entries.map(({ result }) => result !== null);
  const judge =
    typeof check === 'function'
      ? judgeBy(check, atoms.regions, returns(threads, results))
      : after === null
        ? () => null
        : judgeByCall(after, atoms.messages);
  return {
    name: user.name,
    program: { ...program, words },
    nameOf: (at) => nameOf(atoms.regions, at),
    knowledge: { nameOf: (at) => nameOf(atoms.regions, at) },
    judgeEnd: judge,
    describe: (violation) => describe(violation, atoms),
    atoms,
  };
}

function scriptCall({ call, args }: EntryCall, entry: AtomsProgram['entries'][number] | undefined): ScriptCall {
  if (entry === undefined) throw new Error(`${call} was not compiled`);
  return { fn: entry.fn, args: entry.args, label: `${call}(${args.map(argumentText).join(', ')})` };
}

function argumentText(arg: Argument): string {
  return typeof arg === 'object' ? `result of call ${arg.resultOf + 1}` : String(arg);
}

/** Of each call of each thread, whether its result is a word. */
function returns(threads: readonly ThreadCalls[], results: readonly boolean[]): readonly (readonly boolean[])[] {
  const rest = [...results];
  return threads.map(({ calls }) => calls.map(() => rest.shift() ?? false));
}

function wordsOf({ values }: UserProgram, { regions, bytes }: CompiledUser): Int32Array {
  const words = new Int32Array(bytes / 4);
  for (const [name, list] of Object.entries(values ?? {})) {
    const view = viewsOf(words.buffer, regions)[name];
    if (view === undefined) throw new RangeError(`values for ${name}: there is no such memory`);
    if (list.length > view.length) throw new RangeError(`values for ${name}: ${list.length} of them, and ${view.length} elements`);
    view.set(list);
  }
  return words;
}

type ViewOf = new (buffer: ArrayBufferLike, start?: number, length?: number) => MemoryView[string];
const VIEWS: Readonly<Record<ElementType, ViewOf>> = { Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array };

function viewsOf(buffer: ArrayBufferLike, regions: readonly Region[]): MemoryView {
  return Object.fromEntries(
    regions.map(({ name, type, start, length }) => [
      name,
      new VIEWS[type === 'SharedArrayBuffer' ? 'Uint8Array' : type](buffer, start, length),
    ]),
  );
}

// What runs by itself

interface Alone {
  readonly program: Program;
  readonly agent: AgentProgram;
}

/** Runs one call to its end; what went wrong, and the memory it leaves. */
function runAlone(
  { program, agent }: Alone,
  words: Int32Array,
  messages: readonly Message[],
): { readonly wrong: string | null; readonly words: Int32Array; readonly result: number } {
  const interpreter = new Interpreter({ ...program, words, agents: [agent] }, 'access');
  for (let steps = 0; interpreter.violation === null && (interpreter.enabled() & 1) !== 0; steps++) {
    if (steps > MOST_STEPS) return { wrong: `${agent.name} does not come to an end`, words, result: 0 };
    interpreter.step(0);
  }
  const { violation } = interpreter;
  const wrong =
    violation !== null
      ? (messages[violation.code ?? -1]?.text ?? violation.text)
      : interpreter.hasEnded()
        ? null
        : `${agent.name} sleeps, and nobody is there to wake it`;
  return { wrong, words: interpreter.words, result: interpreter.results(0)[0] ?? 0 };
}

function prepared(before: Alone, messages: readonly Message[]): Int32Array {
  const { wrong, words } = runAlone(before, before.program.words, messages);
  if (wrong !== null) throw new InitFailed(`${before.agent.name}: ${wrong}`);
  return words;
}

function judgeByCall(after: Alone, messages: readonly Message[]): (machine: Machine) => Violation | null {
  // Many schedules end in the same memory.
  const known = new Map<string, string | null>();
  return ({ words }) => {
    const key = words.join();
    let wrong = known.get(key);
    if (wrong === undefined) {
      wrong = runAlone(after, words.slice(), messages).wrong;
      known.set(key, wrong);
    }
    return wrong === null ? null : { id: 'final-state', agent: -1, text: wrong };
  };
}

function judgeBy(
  check: FinalCheck,
  regions: readonly Region[],
  isWord: readonly (readonly boolean[])[],
): (machine: Machine) => Violation | null {
  return (machine) => {
    const views = viewsOf(machine.words.slice().buffer, regions);
    const results = isWord.map((calls, agent) => calls.map((is, n) => (is ? machine.results(agent)[n] : undefined)));
    let said: boolean | string | undefined;
    try {
      said = check(views, results);
    } catch (error) {
      // A mistake in the check itself says nothing of the threads.
      if (error instanceof TypeError || error instanceof ReferenceError)
        throw new UsageError(
          `check: ${error.message}. It is given ${Object.keys(views).join(', ') || 'no memory: name some in `memory`'}.`,
        );
      said = error instanceof Error ? error.message : String(error);
    }
    if (said === undefined || said === true) return null;
    if (said !== false && typeof said !== 'string')
      throw new UsageError(`check: it gives true, false, a text that says what is wrong, or nothing; not ${typeOf(said)}.`);
    return { id: 'final-state', agent: -1, text: said === false ? 'the check says no' : said };
  };
}

function typeOf(said: unknown): string {
  return said instanceof Promise ? "a promise: it can't be asynchronous" : String(said);
}

// Names

function nameOf(regions: readonly Region[], at: number): string {
  const found = regions.find(({ type, start, length }) => at >= start && at < start + length * sizeOf(type));
  if (found === undefined) return `byte ${at}`;
  const { name, type, start } = found;
  return type === 'SharedArrayBuffer' ? `${name} byte ${at - start}` : `${name}[${(at - start) / ELEMENTS[type].bytes}]`;
}

function sizeOf(type: ElementType | 'SharedArrayBuffer'): number {
  return type === 'SharedArrayBuffer' ? 1 : ELEMENTS[type].bytes;
}

function describe(violation: Violation, { messages }: CompiledUser): Violation {
  const message = violation.id === 'assertion' ? messages[violation.code ?? -1] : undefined;
  if (message === undefined) return violation;
  const index = message.id === 'out-of-bounds' ? `${message.text}: ${violation.about ?? 0}` : message.text;
  return { ...violation, id: message.id, text: index };
}
