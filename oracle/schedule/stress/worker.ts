/**
 * One thread of a stress run: round after round it makes the calls of its script on the real implementation, each after a random while
 * and many with a halt in the middle, and writes down when each began, when it returned and with what.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type Exports, linker } from '../../link.ts';
import type { ScriptCall } from '../program.ts';
import { Barrier } from './barrier.ts';
import {
  ABOUT,
  CLOCK,
  CODE,
  ENDED,
  HALT,
  EXPECTED,
  eventBase,
  IDLE,
  PANICKED,
  ROUND,
  RUNS,
  SEED,
  SLEEPS,
  STATUS,
  STOP,
  type StressTask,
  threadBase,
  WAITS,
  WORD,
} from './control.ts';

type Callable = (k: object, ...args: readonly number[]) => unknown;

const task = workerData as StressTask;
const control = new Int32Array(task.control);
const words = new Int32Array(task.memory);
const kernel = { words, bytes: new Uint8Array(task.memory) };
const base = threadBase(task.thread, task.mostCalls);
/** Powers of two that the turns of a delay are below. */
const MAGNITUDES = 14;
/** The same of the accesses of a call. */
const CALL_MAGNITUDES = 9;
const HALT_MS = 0.05;
/** Looks at a guard between two halts. */
const GUARD_TURNS = 5_000;
const ACCESSES = ['load', 'store', 'compareExchange', 'add', 'or', 'and', 'exchange', 'notify'] as const;
const barrier = new Barrier(task.barrier, task.threads);
const load = linker((path) => task.modules[path], 'stress');
const modules = Object.keys(task.modules).map(load);
interrupt(load(task.door));
const calls = task.script.map((call) => ({ call, make: find(modules, call.fn) }));

function find(from: readonly Exports[], name: string): Callable {
  const found = from.find((module) => typeof module[name] === 'function')?.[name];
  if (found === undefined) throw new Error(`no module exports ${name}`);
  return found as Callable;
}

/** False: the guard will not hold any more. */
function awaitGuard({ guard }: ScriptCall): boolean {
  if (guard === undefined) return true;
  const holds = (): boolean => (Atomics.load(words, guard.word) === 0) === (guard.test === 'zero');
  if (holds()) return true;
  Atomics.store(control, base + STATUS, WAITS);
  for (let turn = 0; !holds(); turn++) {
    if (Atomics.load(control, STOP) !== 0) return false;
    // Others may need the processor.
    if (turn % GUARD_TURNS === GUARD_TURNS - 1) Atomics.wait(control, HALT, 0, HALT_MS);
  }
  Atomics.store(control, base + STATUS, RUNS);
  return true;
}

interface Dice {
  state: number;
}

function roll(dice: Dice, below: number): number {
  dice.state = (Math.imul(dice.state, 1664525) + 1013904223) | 0;
  return ((dice.state >>> 16) * below) >>> 16;
}

/** What the empty loop counts to, or an engine might leave it out. */
let idle = 0;

/**
 * A while of random length before a call, so that rounds differ in who is how far when another begins: nothing, or any order of
 * magnitude up to that of a long call, all as likely. Nothing shared is touched, which would be a pace that all have in common.
 */
function dawdle(dice: Dice): void {
  const turns = roll(dice, 1 << roll(dice, MAGNITUDES));
  for (let turn = 0; turn < turns; turn++) idle = Math.imul(idle, 31) + turn;
}

/** Atomic accesses until the thread halts; below 0: it does not. */
let untilHalt = -1;

/**
 * Most calls take less time than the system lets a thread run, so that on few processors one often ends before another gets its turn.
 * Thus a thread halts in the middle of some of its calls, before an access that others may see.
 */
function interrupt(door: Exports): void {
  for (const name of ACCESSES) {
    const access = door[name] as Callable;
    door[name] = (k: object, ...args: readonly number[]): unknown => {
      if (untilHalt >= 0 && untilHalt-- === 0) Atomics.wait(control, HALT, 0, HALT_MS);
      return access(k, ...args);
    };
  }
  const wait = door.wait as Callable;
  door.wait = (k: object, at: number, expected: number): void => {
    Atomics.store(control, base + EXPECTED, expected);
    Atomics.add(control, base + SLEEPS, 1);
    Atomics.store(control, base + WORD, at);
    // The word is told before this look, and looked for after the round is over: of the two at least one sees the other.
    if (Atomics.load(control, STOP) === 0) wait(k, at, expected);
    if (Atomics.load(control, STOP) !== 0) throw new Over();
    Atomics.store(control, base + WORD, 0);
  };
}

/** The round is over, and the thread in the middle of a call. */
class Over extends Error {}

function round(number: number): void {
  const dice = { state: (Atomics.load(control, SEED) ^ Math.imul(number, 0x9e3779b1) ^ Math.imul(task.thread + 1, 0x85ebca6b)) | 0 };
  const results: number[] = [];
  barrier.pass(number);
  for (const [index, { call, make }] of calls.entries()) {
    dawdle(dice);
    untilHalt = roll(dice, 2) === 0 ? -1 : roll(dice, 1 << roll(dice, CALL_MAGNITUDES));
    if (!awaitGuard(call)) return;
    const at = eventBase(task.thread, index, task.mostCalls);
    const args = call.args.map((arg) => (typeof arg === 'number' ? arg : (results[arg.resultOf] ?? 0)));
    Atomics.store(control, at, Atomics.add(control, CLOCK, 1) + 1);
    const answer = make(kernel, ...args);
    const result = typeof answer === 'number' ? answer : Number(answer ?? 0);
    Atomics.store(control, at + 2, result);
    Atomics.store(control, at + 1, Atomics.add(control, CLOCK, 1) + 1);
    results.push(result);
  }
}

/** Sleeps until a round is announced. The notify of one that this thread has seen without it, and has even ended, may come late. */
function nextAfter(last: number): number {
  let next = Atomics.load(control, ROUND);
  for (; next === last; next = Atomics.load(control, ROUND)) Atomics.wait(control, ROUND, last);
  return next;
}

function isPanic(error: unknown): error is Error & { readonly panicCode: number; readonly about: number } {
  return error instanceof Error && error.name === 'KernelPanic';
}

parentPort?.postMessage('ready');
for (let last = task.round; ; ) {
  last = nextAfter(last);
  Atomics.store(control, base + STATUS, RUNS);
  let status: number = IDLE;
  try {
    round(last);
  } catch (error) {
    if (isPanic(error)) {
      Atomics.store(control, base + CODE, error.panicCode);
      Atomics.store(control, base + ABOUT, error.about);
      status = PANICKED;
    } else if (!(error instanceof Over)) throw error;
  }
  Atomics.store(control, base + STATUS, status);
  Atomics.store(control, base + ENDED, last);
  Atomics.notify(control, base + ENDED);
}
