/**
 * The benchmark *locks*: what fine-grained locks are worth. Two workers, each with a connection of its own in one kernel, against the same under
 * Giant, in turns; and what the profile of the locks says of a send and a receive on an open TCP connection.
 */
import { Worker } from 'node:worker_threads';
import { attach, createKernel, type LockProfile } from '../../impl/index.ts';
import { inTurns } from './ends.ts';
import type { Errand, Said } from './ends-worker.ts';
import { type Figure, printNumber, type Tell } from './figure.ts';

const ROUNDS = 5;
const WORKERS = 2;
const BYTES = 64;
const MESSAGES = 200_000;
const TRANSFERS = 1000;
const WORKER = new URL('./ends-worker.js', import.meta.url);

export async function measureLocks(tell: Tell): Promise<readonly Figure[]> {
  tell(`two workers on connections of their own, with and without Giant, ${ROUNDS} rounds`);
  const rates = await inTurns(ROUNDS, { fine: () => sideBySide(false), giant: () => sideBySide(true) });
  tell('profile of the locks');
  const [fine, old] = [profileOfTransfers(false), profileOfTransfers(true)];
  return [
    {
      benchmark: 'locks',
      what: `messages of ${BYTES} bytes sent and received by ${WORKERS} workers, each on a UNIX connection of its own, with fine-grained locks`,
      value: rates.fine.median,
      unit: 'messages/s',
      peer: { what: 'the same under Giant', value: rates.giant.median },
      bars: [
        {
          text: 'more than under Giant',
          reached: rates.fine.median > rates.giant.median,
          bound: 'the two workers did not run at the same time: this machine had other things to do',
        },
      ],
      detail: `${ROUNDS} rounds, ${rates.fine.range}; under Giant ${rates.giant.range}`,
    },
    {
      benchmark: 'locks',
      what: `times that the lock of all connections (tcbinfo) is taken while an open TCP connection carries ${printNumber(TRANSFERS)} messages`,
      value: takenOf(fine, 'tcbinfo'),
      unit: 'acquisitions',
      peer: { what: 'as in March 2006, when every send took it', value: takenOf(old, 'tcbinfo') },
      bars: [{ text: '0', reached: takenOf(fine, 'tcbinfo') === 0, bound: 'a segment or a call takes it' }],
      detail: `for each message, sent, carried, acknowledged and received: ${fine.map(({ lock, acquisitions }) => `${lock} ${printNumber(acquisitions / TRANSFERS)}`).join(', ')}`,
    },
  ];
}

function takenOf(profile: readonly LockProfile[], lock: string): number {
  return profile.find((row) => row.lock === lock)?.acquisitions ?? 0;
}

/** Messages a second of all workers. */
async function sideBySide(giant: boolean): Promise<number> {
  const kernel = createKernel({ sockets: 16, mbufs: 64, giant });
  const workers: Worker[] = [];
  try {
    const seconds = await Promise.all(
      Array.from({ length: WORKERS }, () => {
        const errand: Errand = { way: 'own', kernel, messages: MESSAGES, bytes: BYTES };
        const worker = new Worker(WORKER, { workerData: errand });
        workers.push(worker);
        return new Promise<number>((resolve, reject) => {
          worker.on('error', reject);
          worker.on('message', (said: Said) => {
            if (said.what === 'done') resolve(said.seconds);
          });
        });
      }),
    );
    return (WORKERS * MESSAGES) / Math.max(...seconds);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** What an open connection takes of each lock, besides what it took to open it. */
function profileOfTransfers(lockedSend: boolean): readonly LockProfile[] {
  const sockets = attach(createKernel({ sockets: 8, threads: 2, mbufs: 64, profile: true, lockedSend }), { blocking: false });
  const address = { family: 'inet', host: 1, port: 7 } as const;
  const listener = sockets.socket('inet', 'stream');
  sockets.bind(listener, address);
  sockets.listen(listener);
  const client = sockets.socket('inet', 'stream');
  sockets.setNonBlocking(client, true);
  try {
    sockets.connect(client, address);
  } catch {
    // EINPROGRESS: it is connected when the wire has been drained.
  }
  sockets.drainWire();
  const { fd } = sockets.accept(listener);
  const message = new Uint8Array(BYTES);
  const before = new Map(sockets.lockProfile().map(({ lock, acquisitions }) => [lock, acquisitions]));
  for (let i = 0; i < TRANSFERS; i++) {
    sockets.send(client, message);
    sockets.drainWire();
    if (sockets.recv(fd, message) !== BYTES) throw new Error('a message did not arrive; the implementation is broken');
    sockets.drainWire();
  }
  return sockets
    .lockProfile()
    .map((row) => ({ ...row, acquisitions: row.acquisitions - (before.get(row.lock) ?? 0) }))
    .filter(({ acquisitions }) => acquisitions > 0)
    .sort((a, b) => b.acquisitions - a.acquisitions);
}
