/**
 * The *gate* is what a worker thread and the one who schedules it know in common: a few words of shared memory for each thread, in
 * which the thread says what access it rests before, and the scheduler lets it through.
 *
 *   from       to         by
 *   starting   goes       the scheduler, one thread after the other: what comes before the first access may be plain
 *   rests      goes       the scheduler
 *   goes       rests      the thread, before its next access; what the one before answered is in `result`
 *   goes       blocked    the thread: its wait found the value as expected
 *   blocked    goes       the scheduler: notified, or timed out; how is in `given`
 *   goes       done, panicked, crashed    the thread, at its end
 *
 * Only one thread goes at a time, so that plain accesses need no gate of their own: the thread notes them (record.ts). The one thing that is not the engine's own is who
 * waits: a program can't ask whether a thread already stands in a futex's list, so the comparison of a wait is made by the real
 * `Atomics.wait` (with no time to wait), and the list is kept by the scheduler.
 */
import type { Region } from '../../compile/atoms-memory.ts';
import { type Door, DOORS } from '../../compile/ir-impl.ts';
import { Notes, plainRanges } from './record.ts';

/** Words of a thread's part. */
export const GATE = { state: 0, door: 1, args: 2, result: 5, given: 6, call: 7, code: 8, about: 9, bytes: 10 } as const;
/** Results of calls come behind these. */
const RESULTS = 16;
export const MOST_CALLS = 240;
export const GATE_WORDS = RESULTS + MOST_CALLS;
export const resultField = (call: number): number => RESULTS + call;

export const STATES = ['starting', 'rests', 'goes', 'blocked', 'done', 'panicked', 'crashed'] as const;
export type GateState = (typeof STATES)[number];
export const stateNumber = (state: GateState): number => STATES.indexOf(state);

/** In `door`: a place in DOORS plus 1, or a guard, which comes after the doors. */
export const GUARD = DOORS.length + 1;
export const doorNumber = (door: Door): number => DOORS.indexOf(door) + 1;

export const PLAIN: readonly Door[] = ['get', 'put', 'zero', 'getByte', 'putByte', 'copy'];

/** A call for a thread to make, as in a script of the scheduler; text names what the threads share. */
export interface GatedCall {
  readonly fn: string;
  readonly args: readonly (number | boolean | string | { readonly resultOf: number })[];
  readonly guard?: { readonly word: number; readonly test: 'zero' | 'nonzero' };
}

/** How the code of a program comes to its memory, and whose functions its calls are. */
export type Access =
  /** Through the functions of one of its modules, with a kernel as their first argument (door.ts). */
  | { readonly kind: 'door'; readonly door: string }
  /** By `Atomics` and elements of arrays, which are arguments of calls by name (arrays.ts). */
  | { readonly kind: 'arrays'; readonly file: string; readonly regions: readonly Region[] };

/** What a worker is started with. */
export interface GatedTask {
  /** JavaScript by path: CommonJS modules that import each other by path. */
  readonly modules: Readonly<Record<string, string>>;
  readonly access: Access;
  readonly memory: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  /** For the notes of all threads. */
  readonly notes: SharedArrayBuffer;
  readonly agent: number;
  readonly script: readonly GatedCall[];
  /** The doors a thread rests before. */
  readonly gated: readonly Door[];
}

/** The thread's side. */
export class Gate {
  private readonly control: Int32Array;
  private readonly base: number;
  private readonly words: Int32Array;
  private readonly notes: Notes;

  constructor({ control, agent, memory, notes }: GatedTask) {
    this.notes = new Notes(notes, agent);
    this.control = new Int32Array(control);
    this.base = agent * GATE_WORDS;
    this.words = new Int32Array(memory);
  }

  /** Sleeps until it may begin. */
  begin(): void {
    this.sleepWhile(stateNumber('starting'));
  }

  /** Rests before an access, and returns when it may be made. */
  rest(door: number, args: readonly number[], bytes = 4): void {
    this.set(GATE.door, door);
    this.set(GATE.bytes, bytes);
    for (let n = 0; n < 3; n++) this.set(GATE.args + n, args[n] ?? 0);
    this.enter('rests');
  }

  /** Rests, makes the access, and tells what it answered. */
  access(door: Door, args: readonly number[], perform: () => unknown, bytes = 4): number {
    this.rest(doorNumber(door), args, bytes);
    const answer = this.perform(door, args, perform);
    this.set(GATE.result, answer);
    return answer;
  }

  /** Makes a plain access without a rest before it. */
  plain<Value>(door: Door, args: readonly number[], perform: () => Value, bytes = 4): Value {
    for (const range of plainRanges(door, args, bytes)) this.notes.note(range.from, range.bytes, range.write);
    return perform();
  }

  private perform(door: Door, [at = 0, expected = 0]: readonly number[], perform: () => unknown): number {
    if (door === 'wait' || door === 'waitFor') {
      if (Atomics.wait(this.words, at, expected, 0) === 'not-equal') return 1;
      this.enter('blocked');
      return this.get(GATE.given);
    }
    // Stands in the list and does not block; what becomes of it, somebody would have to await.
    if (door === 'waitAsync') return Atomics.wait(this.words, at, expected, 0) === 'not-equal' ? -1 : 0;
    const answer = perform();
    if (door === 'notify') return this.get(GATE.given);
    return typeof answer === 'number' ? answer : 0;
  }

  /** Says so, and sleeps until let through. */
  private enter(state: 'rests' | 'blocked'): void {
    this.say(state);
    this.sleepWhile(stateNumber(state));
  }

  private sleepWhile(number: number): void {
    while (this.get(GATE.state) === number) Atomics.wait(this.control, this.base + GATE.state, number);
  }

  call(index: number): void {
    this.set(GATE.call, index);
  }

  result(call: number, value: number): void {
    this.set(resultField(call), value);
  }

  end(state: 'done' | 'panicked' | 'crashed', code = 0, about = 0): void {
    this.set(GATE.code, code);
    this.set(GATE.about, about);
    this.say(state);
  }

  private say(state: GateState): void {
    this.set(GATE.state, stateNumber(state));
    Atomics.notify(this.control, this.base + GATE.state);
  }

  private get(field: number): number {
    return Atomics.load(this.control, this.base + field);
  }

  private set(field: number, value: number): void {
    Atomics.store(this.control, this.base + field, value);
  }
}
