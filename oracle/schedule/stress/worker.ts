/**
 * One thread of a stress run: round after round it makes the calls of its script on the real implementation, each after a random while,
 * and writes down when each began, when it returned and with what.
 */
import { workerData } from 'node:worker_threads';
import { type Exports, linker } from '../../link.ts';
import type { ScriptCall } from '../program.ts';
import {
  ABOUT,
  CLOCK,
  CODE,
  ENDED,
  eventBase,
  IDLE,
  PANICKED,
  ROUND,
  RUNS,
  SEED,
  STATUS,
  STOP,
  type StressTask,
  threadBase,
  WAITS,
} from './control.ts';

type Callable = (k: object, ...args: readonly number[]) => unknown;

const task = workerData as StressTask;
const control = new Int32Array(task.control);
const words = new Int32Array(task.memory);
const kernel = { words, bytes: new Uint8Array(task.memory) };
const base = threadBase(task.thread, task.mostCalls);
const load = linker((path) => task.modules[path], 'stress');
const modules = Object.keys(task.modules).map(load);
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
  while (!holds()) if (Atomics.load(control, STOP) !== 0) return false;
  Atomics.store(control, base + STATUS, RUNS);
  return true;
}

/** A while of random length, so that rounds differ in who comes first. */
function dawdle(dice: { state: number }): void {
  dice.state = (Math.imul(dice.state, 1664525) + 1013904223) | 0;
  // Most are short: calls that begin together are the ones to see.
  const turns = (dice.state >>> 8) % (((dice.state >>> 4) & 3) === 0 ? task.spin : 64);
  for (let turn = 0; turn < turns; turn++) Atomics.load(control, CLOCK);
}

function round(number: number): void {
  const dice = { state: (Atomics.load(control, SEED) ^ Math.imul(number, 0x9e3779b1) ^ Math.imul(task.thread + 1, 0x85ebca6b)) | 0 };
  const results: number[] = [];
  for (const [index, { call, make }] of calls.entries()) {
    dawdle(dice);
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

function isPanic(error: unknown): error is Error & { readonly panicCode: number; readonly about: number } {
  return error instanceof Error && error.name === 'KernelPanic';
}

for (let last = task.round; ; ) {
  Atomics.wait(control, ROUND, last);
  last = Atomics.load(control, ROUND);
  if (last < 0) break;
  Atomics.store(control, base + STATUS, RUNS);
  let status: number = IDLE;
  try {
    round(last);
  } catch (error) {
    if (!isPanic(error)) throw error;
    Atomics.store(control, base + CODE, error.panicCode);
    Atomics.store(control, base + ABOUT, error.about);
    status = PANICKED;
  }
  Atomics.store(control, base + STATUS, status);
  Atomics.store(control, base + ENDED, last);
  Atomics.notify(control, base + ENDED);
}
