/**
 * The benchmark *throughput*: what two workers get through a connection of the implementation. Bytes one way in writes of 64 KiB, summed up
 * by who receives them and takes what has come: of a MessageChannel one chunk, of a `net` socket at most 64 KiB, of ours all there is, once
 * as a copy and once on loan. All senders stamp a number into a chunk that lies ready, and have it copied on its way. And
 * round trips of one small message. The peers do the same errand in the same run, in turns: Node's `net` over a UNIX path and over
 * loopback TCP, and a MessageChannel. Every rate is the median of its rounds.
 */
import { cpus, loadavg } from 'node:os';
import { attach, createKernel, type KernelOptions } from '../../impl/index.ts';
import { Checksum } from './checksum.ts';
import { inTurns, rateOver, together, type Way } from './ends.ts';
import { type Bar, type Figure, printNumber, type Tell } from './figure.ts';

const CHUNK = 65_536;
const MESSAGE = 64;
const ROUNDS = 5;
/** Of each errand, after a warm-up in which the engine compiles what is hot. */
const SECONDS = 0.8;
const MIB = 1024 * 1024;
const FIRST_CHUNKS = 512;
/** More than this is not sent, however fast it goes. */
const MOST_CHUNKS = 65_536;
const WARM_CHUNKS = 512;
const WARM_TRIPS = 15_000;

const STREAM_BAR = 2;
const TRIPS_BAR = 3;

/** About as much as a `net` socket has on its way: what its buffers hold, and eight writes (ends-worker.ts). */
const SPACE = 1024 * 1024;
/** A receiver takes all that has come with one call, up to so much. */
const TAKEN = 256 * 1024;
const UNIX: KernelOptions = {
  sockets: 16,
  threads: 8,
  // More than the caches hold: they go round, and what is written next is in nobody's any more.
  mbufs: 512,
  mbufBytes: 65_536,
  sendSpace: SPACE,
  recvSpace: SPACE,
  userBytes: TAKEN,
};
const TCP: KernelOptions = { ...UNIX, tcpSegmentBytes: 16_384 };

export async function measureThroughput(tell: Tell): Promise<readonly Figure[]> {
  tell(`streams, ${ROUNDS} rounds`);
  const bytes = await inTurns(ROUNDS, {
    unix: () => stream(socket('unix', UNIX)),
    lent: () => stream(lending('unix', UNIX)),
    netPath: () => stream({ way: 'net', over: 'path' }),
    tcp: () => stream(socket('tcp', TCP)),
    netPort: () => stream({ way: 'net', over: 'port' }),
    channel: () => stream({ way: 'channel' }),
  });
  tell(`round trips, ${ROUNDS} rounds`);
  const trips = await inTurns(ROUNDS, {
    asleep: () => roundTrips(socket('unix', { ...UNIX, sleepSpin: 1 })),
    spinning: () => roundTrips(socket('unix', UNIX)),
    channel: () => roundTrips({ way: 'channel' }),
    netPath: () => roundTrips({ way: 'net', over: 'path' }),
  });
  tell('what bounds them');
  const { chunk, summed, trip } = costs();
  const streamWaits = await streamSwitches(socket('unix', UNIX));
  const lentWaits = await streamSwitches(lending('unix', UNIX));
  const tripWaits = await tripSwitches(socket('unix', UNIX));
  const seen = (each: { readonly range: string }): string => `${ROUNDS} rounds, ${each.range}`;
  return [
    {
      benchmark: 'throughput',
      what: `bytes one way between two workers over a UNIX stream socket, writes of ${CHUNK / 1024} KiB, blocking calls, summed up by the receiver`,
      value: bytes.unix.median,
      unit: 'MiB/s',
      peer: { what: "Node's net over a UNIX path, the same errand", value: bytes.netPath.median },
      bars: [
        times(
          bytes.unix.median,
          bytes.netPath.median,
          STREAM_BAR,
          'net over a UNIX path',
          `the receiver copies and sums up, ${printNumber(chunk / 2)} + ${printNumber(summed)} µs of processor time a chunk: at most ${printNumber(CHUNK / MIB / ((chunk / 2 + summed) / 1e6))} MiB/s where both ends run at once, with what is copied in their own caches; ${streamWaits} a chunk`,
        ),
      ],
      detail: `${seen(bytes.unix)}; net ${bytes.netPath.range}; MessageChannel, copied, 16 on their way: ${printNumber(bytes.channel.median)} MiB/s`,
    },
    {
      benchmark: 'throughput',
      what: 'the same with recvLoan: the receiver sums up what it is lent where it lies, and gives it back; the sender copies as before',
      value: bytes.lent.median,
      unit: 'MiB/s',
      peer: { what: "Node's net over a UNIX path, the same errand", value: bytes.netPath.median },
      bars: [
        times(
          bytes.lent.median,
          bytes.netPath.median,
          STREAM_BAR,
          'net over a UNIX path',
          `the receiver sums up, ${printNumber(summed)} µs of processor time a chunk, while the sender copies the next, ${printNumber(chunk / 2)}: at most ${printNumber(CHUNK / MIB / (Math.max(summed, chunk / 2) / 1e6))} MiB/s, with what is read in the reader's own cache; ${lentWaits} a chunk`,
        ),
      ],
      detail: `${seen(bytes.lent)}; net ${bytes.netPath.range}; ${printNumber(bytes.lent.median / bytes.unix.median)} × what copying it out reaches`,
    },
    {
      benchmark: 'throughput',
      what: `the same, copied out, over TCP, with a third worker that carries the wire, segments of ${(TCP.tcpSegmentBytes ?? 0) / 1024} KiB`,
      value: bytes.tcp.median,
      unit: 'MiB/s',
      peer: { what: "Node's net over loopback TCP", value: bytes.netPort.median },
      bars: [],
      detail: `${seen(bytes.tcp)}; net ${bytes.netPort.range}`,
    },
    {
      benchmark: 'throughput',
      what: `round trips of ${MESSAGE} bytes between two workers over a UNIX stream socket; who has to wait looks for a while before it sleeps`,
      value: trips.spinning.median,
      unit: 'round trips/s',
      peer: { what: 'MessageChannel', value: trips.channel.median },
      bars: [
        times(
          trips.spinning.median,
          trips.channel.median,
          TRIPS_BAR,
          'MessageChannel',
          `its four calls take ${printNumber(trip)} µs of processor time: at most ${printNumber(1e6 / trip)} where the other end never has to be waited for; ${tripWaits} a round trip`,
        ),
      ],
      detail: `${seen(trips.spinning)}; MessageChannel ${trips.channel.range}; net over a UNIX path ${printNumber(trips.netPath.median)}/s`,
    },
    {
      benchmark: 'throughput',
      what: 'the same where who has to wait sleeps at once',
      value: trips.asleep.median,
      unit: 'round trips/s',
      peer: { what: 'MessageChannel', value: trips.channel.median },
      bars: [],
      detail: seen(trips.asleep),
    },
  ];
}

function socket(family: 'unix' | 'tcp', options: KernelOptions): Way {
  return { way: 'socket', family, options };
}

function lending(family: 'unix' | 'tcp', options: KernelOptions): Way {
  return { way: 'socket', family, options, lent: true };
}

/** MiB a second. */
async function stream(way: Way): Promise<number> {
  const jobOf = (chunks: number) => ({ job: 'stream', chunks: chunks + WARM_CHUNKS, warm: WARM_CHUNKS, bytes: CHUNK }) as const;
  const chunks = await rateOver(way, jobOf, FIRST_CHUNKS, SECONDS, MOST_CHUNKS);
  return (chunks * CHUNK) / MIB;
}

async function roundTrips(way: Way): Promise<number> {
  return 1 / (await together(way, { job: 'trips', warm: WARM_TRIPS, seconds: SECONDS, bytes: MESSAGE }));
}

const SWITCHED_CHUNKS = 8192;

async function streamSwitches(way: Way): Promise<string> {
  const before = process.resourceUsage();
  await together(way, { job: 'stream', chunks: SWITCHED_CHUNKS, warm: WARM_CHUNKS, bytes: CHUNK });
  return switched(before, SWITCHED_CHUNKS);
}

async function tripSwitches(way: Way): Promise<string> {
  const before = process.resourceUsage();
  const took = await together(way, { job: 'trips', warm: WARM_TRIPS, seconds: SECONDS, bytes: MESSAGE });
  return switched(before, WARM_TRIPS + SECONDS / took);
}

/** How often threads went to sleep since then, and how often the system took the processor from one, for each of so many. */
function switched(before: NodeJS.ResourceUsage, count: number): string {
  const now = process.resourceUsage();
  const sleeps = (now.voluntaryContextSwitches - before.voluntaryContextSwitches) / count;
  const taken = (now.involuntaryContextSwitches - before.involuntaryContextSwitches) / count;
  return `${printNumber(sleeps)} sleeps and ${printNumber(taken)} losses of the processor`;
}

/** What a missed bar is bound by: `costs`, or that the machine had not two processors to spare. */
function times(value: number, peer: number, least: number, whom: string, costs: string): Bar {
  const load = `${cpus().length} processors under a load of ${printNumber(loadavg()[0] ?? 0)}`;
  return {
    text: `≥ ${least} × ${whom}`,
    reached: value >= least * peer,
    bound: `${printNumber(value / peer)} × in this run; ${costs}; ${load}`,
  };
}

const COSTED = 2000;

/** Microseconds of processor time, in one thread: to send and receive a chunk, to sum one up, and the four calls of a round trip. */
function costs(): { readonly chunk: number; readonly summed: number; readonly trip: number } {
  const sockets = attach(createKernel(UNIX), { blocking: false });
  const [here, there] = sockets.socketpair();
  const pass = (bytes: Uint8Array, from: number, to: number): void => {
    sockets.send(from, bytes);
    sockets.recv(to, bytes);
  };
  const chunk = sockets.memory.subarray(0, CHUNK);
  const message = sockets.memory.subarray(0, MESSAGE);
  const sum = new Checksum();
  return {
    chunk: processorMicroseconds(() => pass(chunk, here, there)),
    summed: processorMicroseconds(() => sum.add(chunk)),
    trip: processorMicroseconds(() => {
      pass(message, here, there);
      pass(message, there, here);
    }),
  };
}

function processorMicroseconds(one: () => void): number {
  for (let i = 0; i < COSTED * 2; i++) one();
  const before = process.cpuUsage();
  for (let i = 0; i < COSTED; i++) one();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / COSTED;
}
