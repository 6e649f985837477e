/**
 * One thread of a gated run (gate.ts): links the modules it was given, with a gate before their accesses, and makes the calls of its
 * script. The code is the source itself, transpiled; nothing of the step machine is in here.
 */
import { workerData } from 'node:worker_threads';
import { arraysCaller, NotFollowed } from './arrays.ts';
import { type Caller, kernelCaller, Panic } from './door.ts';
import { GUARD, Gate, type GatedTask } from './gate.ts';

const task = workerData as GatedTask;
const gate = new Gate(task);

function callerOf({ access }: GatedTask): Caller {
  return access.kind === 'door' ? kernelCaller(task, access.door, gate) : arraysCaller(task, access.file, access.regions, gate);
}

function run(call: Caller): void {
  const results: number[] = [];
  for (const [index, { fn, args, guard }] of task.script.entries()) {
    gate.call(index);
    if (guard !== undefined) gate.rest(GUARD, [guard.word]);
    const answer = call(
      fn,
      args.map((arg) => (typeof arg === 'object' ? (results[arg.resultOf] ?? 0) : arg)),
    );
    results.push(typeof answer === 'number' ? answer : Number(answer ?? 0));
    gate.result(index, results[index] ?? 0);
  }
  gate.end('done');
}

/** Whatever the user's own code throws, an assertion or the engine's refusal, ends its thread as the machine ends it. */
function isItsOwn(error: unknown): boolean {
  return task.access.kind === 'arrays' && !(error instanceof NotFollowed);
}

const caller = callerOf(task);
gate.begin();
try {
  run(caller);
} catch (error) {
  if (error instanceof Panic) {
    gate.end('panicked', error.code, error.about);
  } else if (isItsOwn(error)) {
    gate.end('panicked');
  } else {
    gate.end('crashed');
    throw error;
  }
}
