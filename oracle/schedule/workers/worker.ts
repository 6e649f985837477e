/** A worker: judges the jobs it is given, one after the other, with the same code as a judgement without workers. */
import { parentPort } from 'node:worker_threads';
import { UsageError } from '../../usage.ts';
import type { Target } from '../target.ts';
import type { Answer, FromWorker, Job, ToWorker } from './job.ts';

if (parentPort === null) throw new Error('this file is for worker threads');
const port = parentPort;
let interrupt = new AbortController();

let sampled: { readonly name: string; readonly target: Target } | null = null;

const say = (message: FromWorker): void => port.postMessage(message);

async function answerTo(job: Job): Promise<Answer> {
  const live = {
    signal: interrupt.signal,
    progress: (done: number, total: number | null, text: string) => say({ kind: 'progress', done, total, text }),
  };
  switch (job.kind) {
    case 'task':
      return { kind: 'rows', rows: await (await import('../tasks.ts')).judgeTask(job.task, { ...job.request, ...live }) };
    case 'sample': {
      const [{ taskTarget }, { explore }] = await Promise.all([import('../tasks.ts'), import('../judgement.ts')]);
      // Parts of one sample come one after the other.
      const name = JSON.stringify(job.task);
      if (sampled?.name !== name) sampled = { name, target: await taskTarget(job.task) };
      const { target } = sampled;
      const explored = await explore(target, { ...job.request, ...live }, job.strategy);
      return { kind: 'sampled', explored: { ...explored, doubt: target.doubt() } };
    }
    case 'entries':
      return { kind: 'rows', rows: (await (await import('../museum/engine.ts')).museum({ ...job.options, ...live })).results };
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
  answerTo(message.job).then(say, (error: unknown) => say(told(error)));
});
