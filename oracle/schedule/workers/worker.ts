/** A worker: judges the jobs it is given, one after the other, with the same code as a judgement without workers. */
import { parentPort } from 'node:worker_threads';
import { UsageError } from '../../usage.ts';
import type { Row } from '../../verdict.ts';
import type { FromWorker, Job, ToWorker } from './job.ts';

if (parentPort === null) throw new Error('this file is for worker threads');
const port = parentPort;
let interrupt = new AbortController();

const say = (message: FromWorker): void => port.postMessage(message);

async function rowsOf(job: Job): Promise<readonly Row[]> {
  const live = {
    signal: interrupt.signal,
    progress: (done: number, total: number | null, text: string) => say({ kind: 'progress', done, total, text }),
  };
  switch (job.kind) {
    case 'task':
      return (await import('../tasks.ts')).judgeTask(job.task, { ...job.request, ...live });
    case 'entries':
      return (await (await import('../museum/engine.ts')).museum({ ...job.options, ...live })).results;
  }
}

function told(error: unknown): FromWorker {
  const details = error instanceof UsageError ? error.details : null;
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { kind: 'thrown', message, stack, details };
}

port.on('message', (message: ToWorker) => {
  if (message.kind === 'stop') {
    interrupt.abort();
    return;
  }
  interrupt = new AbortController();
  rowsOf(message.job).then(
    (rows) => say({ kind: 'rows', rows }),
    (error: unknown) => say(told(error)),
  );
});
