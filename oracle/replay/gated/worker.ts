/**
 * One thread of a gated run (gate.ts): links the modules it was given, puts a gate before the doors, and makes the calls of its
 * script. The code is the source itself, transpiled; nothing of the step machine is in here.
 */
import { workerData } from 'node:worker_threads';
import type { Door } from '../../compile/ir-impl.ts';
import { type Exports, linker } from '../../link.ts';
import { GUARD, Gate, type GatedCall, type GatedTask } from './gate.ts';

type Callable = (k: object, ...args: readonly number[]) => unknown;

const task = workerData as GatedTask;
const gate = new Gate(task);
const kernel = { words: new Int32Array(task.memory), bytes: new Uint8Array(task.memory) };

/** Thrown through the code of the kernel, which catches nothing. */
class Panic extends Error {
  readonly code: number;
  readonly about: number;
  constructor(code: number, about: number) {
    super(`panic ${code}`);
    this.code = code;
    this.about = about;
  }
}

/** Those who import the door look its functions up at each call, so that replacing them here replaces them everywhere. */
function close(door: Exports): void {
  for (const name of task.gated) {
    const perform = door[name] as Callable | undefined;
    if (perform === undefined) continue;
    door[name] = (k: object, ...args: readonly number[]): number => gate.access(name, args, () => perform(k, ...args));
  }
  door['panic' satisfies Door] = (_k: object, code: number, about: number): never => {
    throw new Panic(code, about);
  };
  door['pause' satisfies Door] = (): void => undefined;
}

function find(modules: readonly Exports[], name: string): Callable {
  const found = modules.find((module) => typeof module[name] === 'function')?.[name];
  if (found === undefined) throw new Error(`no module exports ${name}`);
  return found as Callable;
}

function run(): void {
  const load = linker((path) => task.modules[path], 'gated');
  close(load(task.door));
  const modules = Object.keys(task.modules).map(load);
  const results: number[] = [];
  const make = ({ fn, args }: GatedCall): number => {
    const values = args.map((arg) => (typeof arg === 'number' ? arg : (results[arg.resultOf] ?? 0)));
    const answer = find(modules, fn)(kernel, ...values);
    return typeof answer === 'number' ? answer : Number(answer ?? 0);
  };
  for (const [index, call] of task.script.entries()) {
    gate.call(index);
    if (call.guard !== undefined) gate.rest(GUARD, [call.guard.word]);
    results.push(make(call));
    gate.result(index, results[index] ?? 0);
  }
  gate.end('done');
}

try {
  run();
} catch (error) {
  if (error instanceof Panic) {
    gate.end('panicked', error.code, error.about);
  } else {
    gate.end('crashed');
    throw error;
  }
}
