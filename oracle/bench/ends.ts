/**
 * Two *ends* of a connection, each in a worker of its own, that do an errand together: a stream one way, round trips, connections. Over
 * sockets of the implementation, Node's `net`, or a MessageChannel; the figures are those that the ends measured.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { attach, createKernel, type KernelOptions } from '../../impl/index.ts';
import type { Errand, Job, Said } from './ends-worker.ts';

/** How two ends are joined. */
export type Way =
  /**
   * Sockets of a new kernel with these options; 'tcp' wants somebody who carries the wire, a third worker. `lent`: who receives a stream reads
   * it where the kernel has it, rather than a copy.
   */
  | { readonly way: 'socket'; readonly family: 'unix' | 'tcp'; readonly options: KernelOptions; readonly lent?: boolean }
  | { readonly way: 'net'; readonly over: 'path' | 'port' }
  | { readonly way: 'channel' };

const WORKER = new URL('./ends-worker.js', import.meta.url);
/** What a tick of the kernel's clock is here, in milliseconds. */
const TICK = 10;

/** Runs the errand and returns the seconds it took, as the end that knows the whole saw it. */
export async function together(way: Way, job: Job): Promise<number> {
  switch (way.way) {
    case 'socket': {
      const kernel = createKernel(way.options);
      const end = { way: 'socket', family: way.family, lent: way.lent ?? false, kernel } as const;
      const carriers: Errand[] = way.family === 'tcp' ? [{ way: 'wire', kernel }] : [];
      const clock = attach(kernel, { blocking: false });
      const timer = setInterval(() => clock.announceTick(), TICK);
      try {
        return await run([...carriers, { ...end, role: 'server', ...job }], () => ({ ...end, role: 'client', ...job }));
      } finally {
        clearInterval(timer);
      }
    }
    case 'net': {
      const directory = mkdtempSync(join(tmpdir(), 'sockref-bench-'));
      const where = way.over === 'port' ? 0 : process.platform === 'win32' ? `\\\\.\\pipe\\${directory}` : join(directory, 's');
      try {
        return await run([{ way: 'net', role: 'server', where, ...job }], (port) => ({
          way: 'net',
          role: 'client',
          where: typeof where === 'number' ? port : where,
          ...job,
        }));
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    }
    case 'channel': {
      const { port1, port2 } = new MessageChannel();
      return run([{ way: 'channel', role: 'server', port: port1, ...job }], () => ({
        way: 'channel',
        role: 'client',
        port: port2,
        ...job,
      }));
    }
    default:
      throw new Error(`no way like ${String(way satisfies never)}`);
  }
}

/** Starts the errands, then, when the server listens, the client's; the first who says how long it took has said it for all. */
async function run(errands: readonly Errand[], client: (port: number) => Errand): Promise<number> {
  const workers: Worker[] = [];
  try {
    return await new Promise<number>((resolve, reject) => {
      const start = (errand: Errand): void => {
        const worker = new Worker(WORKER, { workerData: errand, transferList: errand.way === 'channel' ? [errand.port] : [] });
        workers.push(worker);
        worker.on('error', reject);
        worker.on('message', (said: Said) => {
          if (said.what === 'listening') start(client(said.port));
          else resolve(said.seconds);
        });
      };
      for (const errand of errands) start(errand);
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/**
 * A first errand says how much can be done in `seconds`; the second, which does that much, counts. `done` of the job is what is counted. */
export async function rateOver(way: Way, jobOf: (count: number) => Job, first: number, seconds: number, most: number): Promise<number> {
  const tried = first / (await together(way, jobOf(first)));
  const count = Math.ceil(Math.min(most, Math.max(first, tried * seconds)));
  return count / (await together(way, jobOf(count)));
}

/** The middle one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/**
 * The rates of several ways, measured in turns so that what else the machine does falls on all of them: for each way the median of its
 * rounds, and its least and most.
 */
export async function inTurns<Name extends string>(
  rounds: number,
  ways: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Readonly<Record<Name, { readonly median: number; readonly range: string }>>> {
  const names = Object.keys(ways) as Name[];
  const seen = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) for (const name of names) seen.get(name)?.push(await ways[name]());
  const result = names.map((name) => {
    const rates = seen.get(name) ?? [];
    return [name, { median: median(rates), range: `${round3(Math.min(...rates))} to ${round3(Math.max(...rates))}` }] as const;
  });
  return Object.fromEntries(result) as Record<Name, { median: number; range: string }>;
}

function round3(value: number): string {
  return new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 }).format(value);
}
