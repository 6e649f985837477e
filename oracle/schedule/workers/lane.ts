/**
 * A *lane* is one worker thread after the other: it is started for the first job, and again after it has died. A job whose worker dies, out
 * of memory or killed, has not been judged: whoever gave it is told of what it died, and makes that an `unknown`.
 *
 *   from    to      by
 *   none    idle    the first job, or the first after a death: a thread is started
 *   idle    busy    judge
 *   busy    idle    the worker: rows, or what was thrown
 *   busy    none    the worker's death
 *   any     none    end
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ResourceLimits, Worker } from 'node:worker_threads';
import type { Progress } from '../../engine.ts';
import { packageRoot } from '../../root.ts';
import { UsageError } from '../../usage.ts';
import type { Answer, FromWorker, Job, ToWorker } from './job.ts';

/** Of what the worker died, in words. */
export class Death extends Error {}

interface Waiting {
  readonly progress: Progress;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class Lane {
  private worker: Worker | null = null;
  private waiting: Waiting | null = null;
  private readonly file: string;
  private readonly resourceLimits: ResourceLimits;

  /** The file is what each thread runs; tests have others, and less memory. */
  constructor(file: string = workerFile(), resourceLimits: ResourceLimits = {}) {
    this.file = file;
    this.resourceLimits = resourceLimits;
  }

  /** Throws what the judgement throws, or a Death. One job at a time. */
  async judge(job: Job, signal: AbortSignal, progress: Progress): Promise<Answer> {
    if (this.waiting !== null) throw new Error('a lane has one job at a time');
    const worker = this.worker ?? this.start();
    const say = (message: ToWorker): void => worker.postMessage(message);
    const stop = (): void => say({ kind: 'stop' });
    try {
      return await new Promise<Answer>((resolve, reject) => {
        this.waiting = { progress, resolve, reject };
        say({ kind: 'job', job });
        if (signal.aborted) stop();
        signal.addEventListener('abort', stop);
      });
    } finally {
      signal.removeEventListener('abort', stop);
      this.waiting = null;
    }
  }

  /** Ends the thread, whatever it does. A job under way ends with a Death. */
  async end(): Promise<void> {
    await this.worker?.terminate();
  }

  private start(): Worker {
    const worker = new Worker(this.file, { resourceLimits: this.resourceLimits });
    this.worker = worker;
    let cause: string | null = null;
    worker.on('message', (message: FromWorker) => this.hear(message));
    worker.on('messageerror', (error) => this.waiting?.reject(error));
    worker.on('error', (error) => {
      cause = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', (code) => {
      this.worker = null;
      this.waiting?.reject(new Death(cause ?? `its thread ended with ${code}`));
    });
    return worker;
  }

  private hear(message: FromWorker): void {
    switch (message.kind) {
      case 'progress':
        this.waiting?.progress(message.done, message.total, message.text);
        return;
      case 'rows':
      case 'sampled':
        this.waiting?.resolve(message);
        return;
      case 'thrown':
        this.waiting?.reject(errorOf(message));
    }
  }
}

function errorOf({ message, stack, details }: Extract<FromWorker, { readonly kind: 'thrown' }>): Error {
  const error = details === null ? new Error(message) : new UsageError(message, details);
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** Beside this file where it was built, and in the build where this runs from the sources. */
function workerFile(): string {
  const beside = fileURLToPath(new URL('./worker.js', import.meta.url));
  return existsSync(beside) ? beside : join(packageRoot(), '.build', 'oracle', 'schedule', 'workers', 'worker.js');
}
