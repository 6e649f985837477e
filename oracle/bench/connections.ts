/**
 * The benchmark *connections*: what a connection costs, and a socket, and whether that grows with their number. Connections are made between two
 * workers, one after the other, each closed by the server; the peer is Node's `net` over a UNIX path. Sockets are opened and closed
 * in one thread; the peer is the same in a kernel of a hundred.
 */
import { AF_INET, AF_UNIX, rawKernel, SOCK_DGRAM, SOCK_STREAM, sys_bind, sys_close, sys_socket } from '../../impl/raw.ts';
import { inTurns, median, rateOver } from './ends.ts';
import { type Figure, printNumber, type Tell } from './figure.ts';

const ROUNDS = 3;
const SECONDS = 0.8;
const FIRST = 500;
const MOST = 500_000;

const NUMBERS = [100, 1000, 10_000, 100_000] as const;
/** Sockets opened for each number, in kernels one after the other. */
const OPENED = 100_000;

export async function measureConnections(tell: Tell): Promise<readonly Figure[]> {
  tell('connections');
  const jobOf = (count: number) => ({ job: 'connections', connections: count }) as const;
  const rates = await inTurns(ROUNDS, {
    unix: () => rateOver({ way: 'socket', family: 'unix', options: { sockets: 64 } }, jobOf, FIRST, SECONDS, MOST),
    net: () => rateOver({ way: 'net', over: 'path' }, jobOf, FIRST, SECONDS, MOST),
  });
  const costs = KINDS.map((kind) => {
    tell(`cost of a ${kind.name} socket`);
    return costFigure(kind);
  });
  return [
    {
      benchmark: 'connections',
      what: 'connections a second between two workers over UNIX sockets: socket, connect, accept, close, end of file seen, close',
      value: rates.unix.median,
      unit: 'connections/s',
      peer: { what: "Node's net over a UNIX path, the same errand", value: rates.net.median },
      bars: [],
      detail: `${ROUNDS} rounds, ${rates.unix.range}; net ${rates.net.range}`,
    },
    ...costs,
  ];
}

interface Kind {
  readonly name: string;
  readonly domain: number;
  readonly type: number;
  /** Gives each a port of its own. */
  readonly bound: boolean;
}

const KINDS: readonly Kind[] = [
  { name: 'UNIX', domain: AF_UNIX, type: SOCK_STREAM, bound: false },
  { name: 'TCP', domain: AF_INET, type: SOCK_STREAM, bound: false },
  { name: 'bound UDP', domain: AF_INET, type: SOCK_DGRAM, bound: true },
];

function costFigure(kind: Kind): Figure {
  costOf(kind, NUMBERS[1]);
  // Ports end at 65,535.
  const numbers = NUMBERS.filter((number) => !kind.bound || number < PORTS);
  const costs = numbers.map((number) => ({ number, nanoseconds: costOf(kind, number) }));
  const [first, last] = [costs[0], costs.at(-1)] as [(typeof costs)[number], (typeof costs)[number]];
  return {
    benchmark: 'connections',
    what: `cost of one ${kind.name} socket, opened and closed again while ${printNumber(last.number)} are open`,
    value: last.nanoseconds,
    unit: 'ns',
    peer: { what: `while ${printNumber(first.number)} are open`, value: first.nanoseconds },
    bars: [],
    detail: costs.map(({ number, nanoseconds }) => `${printNumber(number)}: ${printNumber(nanoseconds)} ns`).join(', '),
  };
}

const PORTS = 60_000;
const COST_ROUNDS = 3;

/** Nanoseconds for one of so many, all opened and then all closed; the median of some rounds. */
function costOf({ domain, type, bound }: Kind, number: number): number {
  const { k, td } = rawKernel({ sockets: number, threads: 1, mbufs: 64 });
  const fds = new Int32Array(number);
  const times = Math.ceil(OPENED / number);
  const rounds = Array.from({ length: COST_ROUNDS }, () => {
    const began = performance.now();
    for (let time = 0; time < times; time++) {
      for (let i = 0; i < number; i++) {
        const fd = sys_socket(k, td, domain, type, 0);
        if (fd < 0 || (bound && sys_bind(k, td, fd, 0, i + 1) !== 0)) throw new Error(`socket ${i} of ${number} could not be made: ${fd}`);
        fds[i] = fd;
      }
      for (const fd of fds) sys_close(k, td, fd);
    }
    return ((performance.now() - began) * 1e6) / (times * number);
  });
  return median(rounds);
}
