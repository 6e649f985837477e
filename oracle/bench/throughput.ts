/**
 * The benchmark *throughput*: bytes a second one way between two real workers over a UNIX stream socket of the implementation, with
 * calls that block. The peer is a MessageChannel between two workers with chunks of the same size, copied as the socket copies them.
 */
import { MessageChannel, Worker } from 'node:worker_threads';
import { createKernel } from '../../impl/index.ts';
import type { Figure, Tell } from './figure.ts';
import type { Errand } from './throughput-worker.ts';

const CHUNK = 65_536;
const WARM_UP_MIB = 32;
const SECONDS = 2;
/** More than this is not sent, however fast it goes. */
const MOST_MIB = 4096;
const WORKER = new URL('./throughput-worker.js', import.meta.url);

type Way = (chunks: number) => readonly [Errand, Errand];

export async function measureThroughput(tell: Tell): Promise<readonly Figure[]> {
  tell('UNIX socket between two workers');
  const ours = await throughput(overSocket);
  tell('MessageChannel between two workers');
  const theirs = await throughput(overChannel);
  return [
    {
      benchmark: 'throughput',
      what: `bytes one way between two workers over a UNIX stream socket, chunks of ${CHUNK / 1024} KiB, blocking calls`,
      value: ours,
      unit: 'MiB/s',
      peer: { what: 'MessageChannel between two workers, chunks of the same size, copied, at most 16 on their way', value: theirs },
      bars: [],
    },
  ];
}

/** A first transfer says how much to send in the second, which counts. */
async function throughput(way: Way): Promise<number> {
  const chunks = (mib: number): number => Math.ceil((mib * 1024 * 1024) / CHUNK);
  const first = WARM_UP_MIB / (await transfer(way(chunks(WARM_UP_MIB))));
  const mib = Math.min(MOST_MIB, Math.max(WARM_UP_MIB, first * SECONDS));
  return mib / (await transfer(way(chunks(mib))));
}

function overSocket(chunks: number): readonly [Errand, Errand] {
  const kernel = createKernel({ sockets: 16, mbufs: 1024 });
  return [
    { way: 'socket', role: 'receive', kernel, chunks, bytes: CHUNK },
    { way: 'socket', role: 'send', kernel, chunks, bytes: CHUNK },
  ];
}

function overChannel(chunks: number): readonly [Errand, Errand] {
  const { port1, port2 } = new MessageChannel();
  return [
    { way: 'channel', role: 'receive', port: port1, chunks, bytes: CHUNK },
    { way: 'channel', role: 'send', port: port2, chunks, bytes: CHUNK },
  ];
}

/** Seconds from the first chunk to the end of the last, as the receiver saw it. */
async function transfer(errands: readonly [Errand, Errand]): Promise<number> {
  const workers = errands.map(
    (errand) => new Worker(WORKER, { workerData: errand, transferList: errand.way === 'channel' ? [errand.port] : [] }),
  );
  try {
    return await new Promise<number>((resolve, reject) => {
      for (const worker of workers) {
        worker.on('message', resolve);
        worker.on('error', reject);
      }
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
