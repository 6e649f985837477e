/** Starting real worker threads on the built files: vitest runs the tests from the sources, which a Worker can't load. */
import { Worker } from 'node:worker_threads';
import { packageRoot } from '../../../oracle/root.ts';

export interface Running {
  /** The thread record of the worker, once it has attached. */
  readonly thread: Promise<number>;
  /** What the worker answered; rejects if it died. */
  readonly answer: Promise<number>;
  readonly terminate: () => Promise<number>;
}

/** Starts `test/impl/workers/<name>.ts`, which posts `{ thread }` when it has attached and `{ answer }` at its end. */
export function spawn(name: string, data: unknown): Running {
  const worker = new Worker(`${packageRoot()}/.build/test/impl/workers/${name}.js`, { workerData: data });
  let attached: (thread: number) => void = () => {};
  const thread = new Promise<number>((resolve) => {
    attached = resolve;
  });
  const answer = new Promise<number>((resolve, reject) => {
    worker.on('message', (message: { readonly thread?: number; readonly answer?: number }) => {
      if (message.thread !== undefined) attached(message.thread);
      if (message.answer !== undefined) resolve(message.answer);
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`the worker ended with ${code} and no answer`)));
  });
  // Who only wants the thread must not be killed by the rejection that nobody asked for.
  answer.catch(() => {});
  return { thread, answer, terminate: () => worker.terminate() };
}
