/** The threads of a stress run by themselves: a round begins when all are there, and each makes it once. */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { packageRoot } from '../../oracle/root.ts';
import { Barrier } from '../../oracle/schedule/stress/barrier.ts';
import { controlWords, ENDED, ROUND, type StressTask, threadBase } from '../../oracle/schedule/stress/control.ts';

const MODULES = {
  'door.ts': ['load', 'store', 'compareExchange', 'add', 'or', 'and', 'exchange', 'notify']
    .map((name) => `exports.${name} = (k, ...rest) => Atomics.${name}(k.words, ...rest);`)
    .join('\n'),
  'code.ts': 'const door = require("./door.ts"); exports.count = (k) => door.add(k, 0, 1);',
};

const started: Worker[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((worker) => worker.terminate()));
});

/** So many threads to come, each of which counts once a round. */
function rig(threads: number) {
  const words = new Int32Array(new SharedArrayBuffer(64));
  const control = new Int32Array(new SharedArrayBuffer(4 * controlWords(threads, 1)));
  const meeting = Barrier.memory();
  const barrier = new Barrier(meeting, threads);
  const start = (thread: number, modules: Readonly<Record<string, string>> = MODULES): void => {
    const task: StressTask = {
      modules,
      door: 'door.ts',
      memory: words.buffer as SharedArrayBuffer,
      control: control.buffer as SharedArrayBuffer,
      barrier: meeting,
      threads,
      thread,
      round: 0,
      mostCalls: 1,
      script: [{ fn: 'count', args: [], label: 'count' }],
    };
    started.push(new Worker(join(packageRoot(), '.build/oracle/schedule/stress/worker.js'), { workerData: task }));
  };
  const ended = (round: number): boolean =>
    Array.from({ length: threads }, (_, thread) => Atomics.load(control, threadBase(thread, 1) + ENDED)).every((last) => last === round);
  return {
    start,
    count: () => Atomics.load(words, 0),
    arrived: () => Atomics.load(new Int32Array(meeting), 0),
    wake: () => Atomics.notify(control, ROUND),
    announce: (round: number) => {
      barrier.close();
      Atomics.store(control, ROUND, round);
      Atomics.notify(control, ROUND);
    },
    end: (round: number) => until(() => ended(round)),
  };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}

test('nobody begins before the last one is there', async () => {
  const { start, announce, arrived, count, end } = rig(2);
  start(0);
  announce(1);
  await until(() => arrived() === 1);
  expect(count()).toBe(0);
  start(1);
  await end(1);
  expect(count()).toBe(2);
});

test('more threads than processors come to an end as well', async () => {
  const threads = 6;
  const { start, announce, count, end } = rig(threads);
  for (let thread = 0; thread < threads; thread++) start(thread);
  for (let round = 1; round <= 20; round++) {
    announce(round);
    await end(round);
    expect(count()).toBe(threads * round);
  }
});

test('a notify that comes late, after the round has been ended, begins no other', async () => {
  const { start, announce, wake, count, end } = rig(1);
  start(0);
  announce(1);
  await end(1);
  await until(() => wake() === 1);
  announce(2);
  await end(2);
  expect(count()).toBe(2);
});

test('one says that it is there when it has loaded its code, and not before', async () => {
  const { start } = rig(1);
  start(0);
  const [whole] = started;
  await once(whole, 'message');
  start(0, { ...MODULES, 'code.ts': 'throw new Error("half loaded");' });
  const [, half] = started;
  const heard: unknown[] = [];
  half.on('message', (message) => heard.push(message));
  const [error] = await once(half, 'error').catch((reason: unknown) => [reason]);
  expect([String(error), heard]).toEqual(['Error: half loaded', []]);
});
