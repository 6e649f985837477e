/**
 * The benchmark *throughput*: what two workers get through a connection of the implementation. Bytes one way in writes of 64 KiB, summed up
 * by who receives them, and round trips of one small message. The peers do the same errand in the same run, in turns: Node's `net` over a
 * UNIX path and over loopback TCP, and a MessageChannel. Every rate is the median of its rounds.
 */
import type { KernelOptions } from '../../impl/index.ts';
import { inTurns, rateOver, type Way } from './ends.ts';
import { type Bar, type Figure, printNumber, type Tell } from './figure.ts';

const CHUNK = 65_536;
const MESSAGE = 64;
const ROUNDS = 5;
const SECONDS = 0.8;
const MIB = 1024 * 1024;
const FIRST_CHUNKS = 512;
/** More than this is not sent, however fast it goes. */
const MOST_CHUNKS = 65_536;
const FIRST_TRIPS = 4000;
const MOST_TRIPS = 4_000_000;

const STREAM_BAR = 2;
const TRIPS_BAR = 3;

const SPACE = 256 * 1024;
const UNIX: KernelOptions = { sockets: 16, mbufs: 64, mbufBytes: 65_536, sendSpace: SPACE, recvSpace: SPACE };
const TCP: KernelOptions = { sockets: 16, mbufs: 256, mbufBytes: 65_536, sendSpace: SPACE, recvSpace: SPACE, tcpSegmentBytes: 16_384 };

export async function measureThroughput(tell: Tell): Promise<readonly Figure[]> {
  tell(`streams, ${ROUNDS} rounds`);
  const bytes = await inTurns(ROUNDS, {
    unix: () => stream(socket('unix', UNIX)),
    netPath: () => stream({ way: 'net', over: 'path' }),
    tcp: () => stream(socket('tcp', TCP)),
    netPort: () => stream({ way: 'net', over: 'port' }),
    channel: () => stream({ way: 'channel' }),
  });
  tell(`round trips, ${ROUNDS} rounds`);
  const trips = await inTurns(ROUNDS, {
    asleep: () => roundTrips(socket('unix', { ...UNIX, sleepSpin: 0 })),
    spinning: () => roundTrips(socket('unix', UNIX)),
    channel: () => roundTrips({ way: 'channel' }),
    netPath: () => roundTrips({ way: 'net', over: 'path' }),
  });
  const seen = (each: { readonly range: string }): string => `${ROUNDS} rounds, ${each.range}`;
  return [
    {
      benchmark: 'throughput',
      what: `bytes one way between two workers over a UNIX stream socket, writes of ${CHUNK / 1024} KiB, blocking calls, summed up by the receiver`,
      value: bytes.unix.median,
      unit: 'MiB/s',
      peer: { what: "Node's net over a UNIX path, the same errand", value: bytes.netPath.median },
      bars: [times(bytes.unix.median, bytes.netPath.median, STREAM_BAR, 'net over a UNIX path')],
      detail: `${seen(bytes.unix)}; net ${bytes.netPath.range}; MessageChannel, copied, 16 on their way: ${printNumber(bytes.channel.median)} MiB/s`,
    },
    {
      benchmark: 'throughput',
      what: `the same over TCP, with a third worker that carries the wire, segments of ${(TCP.tcpSegmentBytes ?? 0) / 1024} KiB`,
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
      bars: [times(trips.spinning.median, trips.channel.median, TRIPS_BAR, 'MessageChannel')],
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

/** MiB a second. */
async function stream(way: Way): Promise<number> {
  const chunks = await rateOver(way, (count) => ({ job: 'stream', chunks: count, bytes: CHUNK }), FIRST_CHUNKS, SECONDS, MOST_CHUNKS);
  return (chunks * CHUNK) / MIB;
}

function roundTrips(way: Way): Promise<number> {
  return rateOver(way, (count) => ({ job: 'trips', trips: count, bytes: MESSAGE }), FIRST_TRIPS, SECONDS, MOST_TRIPS);
}

function times(value: number, peer: number, least: number, whom: string): Bar {
  return { text: `≥ ${least} × ${whom}`, reached: value >= least * peer, bound: `${printNumber(value / peer)} × in this run` };
}
