/**
 * Processes of the bundled Z3 (z3-worker.ts). To start one takes a second of a processor, so that one which was given back is used again:
 * with a new context, which knows nothing of what was asked before.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../root.ts';

/** As many as there are ever at work at once. */
const MOST_IDLE = 2;

const idle: ChildProcess[] = [];

/** What the process is told: a text to answer, or to begin anew. */
export type Z3Request = { readonly id: number; readonly script: string } | { readonly id: 0; readonly anew: true };

export interface Z3Reply {
  readonly id: number;
  readonly output: string;
}

/** It says 0 when it knows nothing and is ready to be asked. */
export function takeZ3(): ChildProcess {
  for (let child = idle.pop(); child !== undefined; child = idle.pop()) {
    if (!child.connected || child.exitCode !== null) continue;
    hold(child, true);
    child.send({ id: 0, anew: true } satisfies Z3Request);
    return child;
  }
  return fork(workerPath(), [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
}

/** It has answered everything. Whoever had it hears no more of it. */
export function giveBackZ3(child: ChildProcess): void {
  for (const event of ['error', 'exit', 'message']) child.removeAllListeners(event);
  child.stderr?.removeAllListeners('data');
  child.on('error', () => undefined);
  if (idle.length >= MOST_IDLE || !child.connected) {
    child.kill('SIGKILL');
    return;
  }
  // It ends when this process does, which it must not keep from ending.
  hold(child, false);
  idle.push(child);
}

function hold(child: ChildProcess, isHeld: boolean): void {
  const parts = [child, child.channel, child.stderr instanceof Socket ? child.stderr : null];
  for (const part of parts) isHeld ? part?.ref() : part?.unref();
}

/** Node 20 runs no TypeScript: from the sources (tests) the worker is the built one. */
function workerPath(): string {
  const beside = fileURLToPath(new URL('./z3-worker.js', import.meta.url));
  return existsSync(beside) ? beside : join(packageRoot(), '.build', 'oracle', 'prove', 'z3-worker.js');
}
