/**
 * Programs: what a run does, one operation after the other. fast-check makes *choices*, small numbers without meaning; an
 * operation is made of a choice and the present state, so that most operations have something to work on, and what a
 * shrunk program does stays readable. Only operations are executed, printed and written to files.
 */
import * as fc from 'fast-check';
import { OPENINGS, type Opening } from './openings.ts';
import { ODDITIES } from './oddities.ts';
import { ICMP_ERRORS } from './segment.ts';
import { canAsk } from './senders.ts';
import type { Scene, SceneSocket } from './specification.ts';

export type Argument = number | boolean | string;

/** A call, or something that happens on the wire or to the clock. Arguments by name, in the order of the call. */
export interface Operation {
  readonly name: string;
  readonly args: Readonly<Record<string, Argument>>;
}

/** What fast-check chooses: which operation, and three numbers for its arguments. */
export interface Choice {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** Sizes that both sides are set up with. */
export interface Configuration {
  readonly SOCKETS: number;
  readonly PCBS: number;
  readonly FDS: number;
  readonly HANDLES: number;
  readonly NAMES: number;
  readonly BACKLOG: number;
  readonly BUFFER: number;
  /** Descriptors in flight; the specification's own limit where nothing is said. */
  readonly RIGHTS?: number;
}

interface Kind {
  readonly name: string;
  /** How often, compared with the others. */
  readonly weight: number;
  readonly make: (choice: Choice, scene: Scene, sizes: Configuration) => Operation['args'];
}

const pick = <T>(from: readonly T[], n: number): T => from[n % from.length] as T;

/** An open descriptor, or now and then any other, good or bad. */
function fd(n: number, { fds }: Scene, sizes: Configuration): number {
  const open = fds.flatMap((socket, each) => (socket === null ? [] : [each]));
  if (open.length === 0 || n % 16 === 15) return n % sizes.FDS;
  return pick(open, n >> 4);
}

/** An open descriptor whose socket is of this kind, if there is one. */
function fdWhere(n: number, scene: Scene, sizes: Configuration, fits: (socket: SceneSocket) => boolean): number {
  const some = scene.fds.flatMap((socket, each) => (socket !== null && fits(socket) ? [each] : []));
  return some.length === 0 || n % 8 === 7 ? fd(n, scene, sizes) : pick(some, n >> 3);
}

/** A descriptor with something to read, or else one where something may come. */
function readable(n: number, scene: Scene, sizes: Configuration): number {
  const some = scene.fds.flatMap((socket, each) => (socket !== null && socket.readable > 0 ? [each] : []));
  return some.length === 0 || n % 4 === 3 ? fdWhere(n >> 2, scene, sizes, (socket) => socket.connected) : pick(some, n >> 2);
}

function isSix({ fds }: Scene, fd: number): boolean {
  return fds[fd]?.six === true;
}

/** A handle that is held, or now and then any other. */
function handle(n: number, { handles }: Scene, sizes: Configuration): number {
  return handles.length === 0 || n % 8 === 7 ? n % sizes.HANDLES : pick(handles, n >> 3);
}

// biome-ignore format: a list of words
const ASKED = [
  'unix', 'udp', 'tcp', 'tcp', 'unix', 'udp', 'tcp', 'unix', 'raw', 'dgram', 'seqpacket', 'dgram', 'unknown protocol', 'wrong type',
  'unprivileged raw', 'tcp6', 'udp6', 'tcp6', 'raw6',
];

/** Every kind of operation. The names of calls and their arguments are those of the specification. */
export const KINDS: readonly Kind[] = [
  { name: 'socket', weight: 10, make: ({ a }) => ({ asked: pick(ASKED, a) }) },
  {
    name: 'socketpair',
    weight: 3,
    make: ({ a }) => ({
      asked: pick(
        ['unix', 'unix', 'dgram', 'seqpacket', 'tcp', 'udp', 'raw', 'wrong type', 'unknown protocol', 'unprivileged raw', 'udp6'],
        a,
      ),
    }),
  },
  {
    name: 'bind',
    weight: 6,
    make: ({ a, b, c }, s, z) => {
      const at = fd(a, s, z);
      return { fd: at, name: b % z.NAMES, mapped: isSix(s, at) && c % 4 === 0 };
    },
  },
  { name: 'unlink', weight: 2, make: ({ a }, _scene, z) => ({ name: a % z.NAMES }) },
  { name: 'listen', weight: 6, make: ({ a, b }, s, z) => ({ fd: fdWhere(a, s, z, (so) => !so.connected), backlog: b % (z.BACKLOG + 1) }) },
  { name: 'accept', weight: 6, make: ({ a }, s, z) => ({ fd: fdWhere(a, s, z, (so) => so.acceptConn) }) },
  {
    name: 'connect',
    weight: 10,
    make: ({ a, b, c }, s, z) => {
      const at = fdWhere(a, s, z, (so) => !so.connected && !so.acceptConn);
      return { fd: at, name: b % z.NAMES, mapped: isSix(s, at) && c % 4 < 2, remote: c % 2 === 1 };
    },
  },
  { name: 'connect2', weight: 2, make: ({ a, b }, s, z) => ({ fd1: fd(a, s, z), fd2: fd(b, s, z) }) },
  { name: 'disconnect', weight: 3, make: ({ a }, s, z) => ({ fd: fdWhere(a, s, z, (so) => so.connected) }) },
  {
    name: 'send',
    weight: 9,
    make: ({ a, b, c }, s, z) => {
      const at = fdWhere(a, s, z, (so) => so.connected);
      const protocol = s.fds[at]?.protocol;
      const addressed = (isDatagram(protocol) && c % 3 === 0) || ((protocol === 'dgram' || protocol === 'tcp') && c % 2 === 0);
      return { fd: at, amount: b % (z.BUFFER + 2), addressed, remote: c % 5 === 4 };
    },
  },
  { name: 'receive', weight: 10, make: ({ a, b }, s, z) => ({ fd: readable(a, s, z), amount: b % (z.BUFFER + 2) }) },
  { name: 'send-urgent', weight: 2, make: ({ a }, s, z) => ({ fd: fdWhere(a, s, z, (so) => so.connected) }) },
  { name: 'receiveoob', weight: 3, make: ({ a }, s, z) => ({ fd: fdWhere(a, s, z, (so) => so.connected) }) },
  { name: 'sockatmark', weight: 1, make: ({ a }, s, z) => ({ fd: fdWhere(a, s, z, (so) => so.connected) }) },
  { name: 'sendmsg', weight: 4, make: ({ a, b }, s, z) => ({ fd: fdWhere(a, s, z, (so) => so.connected), passed: fd(b, s, z) }) },
  { name: 'recvmsg', weight: 4, make: ({ a, b }, s, z) => ({ fd: readable(a, s, z), amount: b % (z.BUFFER + 2) }) },
  { name: 'collect', weight: 3, make: () => ({}) },
  {
    name: 'shutdown',
    weight: 4,
    make: ({ a, b }, s, z) => ({ fd: fd(a, s, z), how: pick(['read', 'write', 'write', 'both', 'nonsense'], b) }),
  },
  { name: 'setsockopt', weight: 2, make: ({ a, b, c }, s, z) => ({ fd: fd(a, s, z), on: b % 2 === 0, valid: c % 4 > 0 }) },
  { name: 'getsockopt', weight: 1, make: ({ a }, s, z) => ({ fd: fd(a, s, z) }) },
  { name: 'setlinger', weight: 2, make: ({ a, b }, s, z) => ({ fd: fd(a, s, z), linger: pick(['reset', 'wait', 'wait', 'off'], b) }) },
  { name: 'setconnwait', weight: 3, make: ({ a, b }, s, z) => ({ fd: fd(a, s, z), on: b % 3 > 0 }) },
  { name: 'setkeepalive', weight: 2, make: ({ a, b }, s, z) => ({ fd: fd(a, s, z), on: b % 3 > 0 }) },
  {
    name: 'setreuse',
    weight: 4,
    make: ({ a, b, c }, s, z) => ({
      fd: fd(a, s, z),
      option: pick(['port', 'address', 'broadcast', 'port', 'broadcast'], b),
      on: c % 4 > 0,
    }),
  },
  { name: 'setv6only', weight: 3, make: ({ a, b }, s, z) => ({ fd: fdWhere(a, s, z, (so) => so.six), on: b % 4 === 0 }) },
  { name: 'broadcast', weight: 3, make: ({ a }, s, z) => ({ fd: fdWhere(a, s, z, (so) => isDatagram(so.protocol)) }) },
  { name: 'setfilter', weight: 3, make: ({ a, b }, s, z) => ({ fd: fdWhere(a, s, z, (so) => so.acceptConn), on: b % 3 > 0 }) },
  { name: 'geterror', weight: 2, make: ({ a }, s, z) => ({ fd: fd(a, s, z) }) },
  { name: 'getpeername', weight: 1, make: ({ a }, s, z) => ({ fd: fd(a, s, z) }) },
  { name: 'setnbio', weight: 4, make: ({ a, b }, s, z) => ({ fd: fd(a, s, z), on: b % 3 > 0 }) },
  {
    name: 'poll',
    weight: 6,
    make: ({ a, b, c }, s, z) => ({
      fd: fd(a, s, z),
      wanted: pick(['both', 'in', 'out', 'urgent', 'both', 'hangup'], b),
      wait: c % 4 === 3,
    }),
  },
  {
    name: 'knote',
    weight: 5,
    make: ({ a, b, c }, s, z) => ({
      fd: fd(a, s, z),
      filter: b % 3 === 0 ? 'write' : 'read',
      change: pick(['add', 'add', 'once', 'delete', 'disable', 'enable', 'add', 'delete'], c),
    }),
  },
  { name: 'kevent', weight: 5, make: ({ a }) => ({ wait: a % 4 === 3 }) },
  { name: 'dup', weight: 2, make: ({ a }, s, z) => ({ fd: fd(a, s, z) }) },
  { name: 'close', weight: 7, make: ({ a }, s, z) => ({ fd: fd(a, s, z) }) },
  { name: 'fgetsock', weight: 3, make: ({ a }, s, z) => ({ fd: fd(a, s, z) }) },
  { name: 'fputsock', weight: 2, make: ({ a }, s, z) => ({ handle: handle(a, s, z) }) },
  { name: 'deliver', weight: 14, make: () => ({}) },
  { name: 'settle', weight: 6, make: () => ({}) },
  { name: 'lose', weight: 2, make: () => ({}) },
  { name: 'defer', weight: 2, make: () => ({}) },
  { name: 'duplicate', weight: 2, make: () => ({}) },
  { name: 'timer', weight: 3, make: () => ({}) },
  { name: 'silence', weight: 1, make: () => ({}) },
  { name: 'drain', weight: 1, make: () => ({}) },
  { name: 'remote-connect', weight: 6, make: ({ a }) => ({ which: a % 8 }) },
  { name: 'remote-syn', weight: 2, make: ({ a }) => ({ which: a % 8 }) },
  { name: 'remote-synack', weight: 6, make: ({ a }) => ({ which: a % 8 }) },
  { name: 'remote-rst', weight: 2, make: ({ a }) => ({ which: a % 8 }) },
  { name: 'remote-ack', weight: 5, make: ({ a, b }) => ({ which: a % 8, part: b % 3 === 0 }) },
  { name: 'remote-data', weight: 4, make: ({ a }) => ({ which: a % 8 }) },
  { name: 'remote-urgent', weight: 3, make: ({ a, b }) => ({ which: a % 8, here: b % 3 > 0 }) },
  { name: 'remote-fin', weight: 4, make: ({ a, b }) => ({ which: a % 8, ack: b % 2 === 0 }) },
  { name: 'remote-window', weight: 2, make: ({ a, b }) => ({ which: a % 8, units: b % 4 }) },
  { name: 'remote-odd', weight: 5, make: ({ a, b }) => ({ which: a % 8, what: pick(ODDITIES, b) }) },
  { name: 'remote-datagram', weight: 3, make: ({ a }) => ({ which: a % 8 }) },
  { name: 'remote-broadcast', weight: 2, make: ({ a }) => ({ which: a % 8 }) },
  { name: 'remote-unreachable', weight: 2, make: ({ a }) => ({ which: a % 8 }) },
  { name: 'remote-icmp', weight: 3, make: ({ a, b }) => ({ which: a % 8, error: pick(ICMP_ERRORS, b) }) },
];

const CALLS: readonly number[] = KINDS.flatMap((kind, index) => Array.from({ length: kind.weight }, () => index));
const BAG: readonly (number | Opening)[] = [
  ...CALLS,
  ...OPENINGS.flatMap((opening) => Array.from({ length: opening.weight }, () => opening)),
];

/** Programs of up to so many choices. They shrink by leaving choices out and by simpler operations; other arguments are no simpler. */
export function programs(maxCalls: number): fc.Arbitrary<readonly Choice[]> {
  const byte = fc.noShrink(fc.nat(255));
  const choice = fc.record({ kind: fc.nat(BAG.length - 1), a: byte, b: byte, c: byte });
  return fc.array(choice, { minLength: 1, maxLength: maxCalls, size: 'max' });
}

/** With so many pcbs in TIME_WAIT the clock is the only one to act. */
const WAITING = 3;

/** With so many segments on the wire they must arrive before more are sent: the wire is long, but not endless. */
const CROWDED = 64;

/** The operations that a choice stands for in this state. */
export function operations(choice: Choice, scene: Scene, sizes: Configuration): readonly Operation[] {
  // Pcbs in TIME_WAIT outlive their sockets; before they use up what the two sides have, and these do not count alike, some must go.
  if (scene.waiting >= WAITING) return [{ name: 'timer', args: {} }];
  if (scene.onWire >= CROWDED) return [{ name: 'settle', args: {} }];
  const chosen = BAG[choice.kind % BAG.length] as number | Opening;
  if (typeof chosen !== 'number') {
    const free = freeDescriptors(scene);
    const room = scene.room >= chosen.sockets && free.length >= chosen.sockets;
    return room || choice.c % 16 === 0
      ? askingEarly(chosen.make(choice, free), choice, free)
      : [{ name: 'close', args: { fd: fd(choice.a, scene, sizes) } }];
  }
  const { name, make } = KINDS[chosen] as Kind;
  const operation = { name, args: make(choice, scene, sizes) };
  return [...asking(operation, choice, scene), told(byMessage(lent(operation, choice, scene), choice), choice, scene)];
}

/** One of four sends or receives over a stream is of mbufs on loan. */
function lent(operation: Operation, { c }: Choice, { fds }: Scene): Operation {
  const { name, args } = operation;
  const { fd, amount = 0, addressed } = args;
  const protocol = typeof fd === 'number' ? fds[fd]?.protocol : undefined;
  if (amount === 0 || (protocol !== 'unix' && protocol !== 'tcp')) return operation;
  if (name === 'receive' && c % 4 === 3) return { name: 'receive-lent', args };
  return name === 'send' && addressed === false && c % 4 === 1 ? { name: 'send-lent', args: { fd: fd as number, amount } } : operation;
}

/** One of two sends with an address has that in a message header. */
function byMessage({ name, args }: Operation, { a }: Choice): Operation {
  return name === 'send' && args.addressed === true && a % 2 === 0 ? { name: 'send-message', args } : { name, args };
}

/** Of UNIX sockets one of four sends says who sends, and one of four receives wants to hear it; half of those with a right say it. */
function told(operation: Operation, { c }: Choice, { fds }: Scene): Operation {
  const { name, args } = operation;
  const { fd, amount = 0, addressed } = args;
  if (typeof fd !== 'number' || !canAsk(fds[fd]?.protocol)) return operation;
  if (name === 'sendmsg' && c % 2 === 0) return { name: 'sendmsg-saying', args };
  if (name === 'receive' && c % 4 === 2) return { name: 'receive-message', args };
  return name === 'send' && amount !== 0 && addressed === false && c % 4 === 3 ? { name: 'send-saying', args: { fd, amount } } : operation;
}

/** Before one of two of these calls a UNIX socket asks who sends. */
function asking({ name }: Operation, { a, b, c }: Choice, { fds }: Scene): readonly Operation[] {
  if ((b + c) % 2 !== 0 || !['send', 'sendmsg', 'listen', 'connect', 'receive', 'recvmsg'].includes(name)) return [];
  const some = fds.flatMap((socket, each) => (canAsk(socket?.protocol) ? [each] : []));
  return some.length === 0 ? [] : [{ name: 'ask-sender', args: { fd: pick(some, a + c), on: a % 8 > 0 } }];
}

/** In one of two openings a listener asks, and one of a pair. What is no UNIX socket asks nothing. */
function askingEarly(opening: readonly Operation[], { c }: Choice, free: readonly number[]): readonly Operation[] {
  if (c % 2 !== 0) return opening;
  return opening.flatMap((operation) => {
    const fd = operation.name === 'listen' ? operation.args.fd : operation.name === 'socketpair' ? free[c % 4 === 0 ? 1 : 0] : undefined;
    return fd === undefined ? [operation] : [operation, { name: 'ask-sender', args: { fd, on: true } }];
  });
}

/**
 * How every program ends: everything arrives, all that arrived is read, all is closed, and everything arrives again. What is open then, or
 * in use, will never be given back.
 */
export const ENDING: readonly ((scene: Scene) => readonly Operation[])[] = [
  () => [{ name: 'drain', args: {} }],
  ({ fds }) => fds.flatMap((socket, fd) => (socket === null ? [] : readAll(fd, socket))),
  ({ fds, handles, lent }) => [
    ...(lent === true ? [{ name: 'return-lent', args: {} }] : []),
    ...fds.flatMap((socket, fd) => (socket === null ? [] : [{ name: 'close', args: { fd } }])),
    ...handles.map((handle) => ({ name: 'fputsock', args: { handle } })),
    { name: 'collect', args: {} },
  ],
  () => [{ name: 'drain', args: {} }],
];

/** Of whose sends and receives each is one datagram of one unit. */
function isDatagram(protocol: string | undefined): boolean {
  return protocol === 'udp' || protocol === 'raw';
}

/** A record at a time, a stream at once. */
function readAll(fd: number, { protocol, readable, records }: SceneSocket): readonly Operation[] {
  if (readable === 0) return [];
  const [times, amount] = isDatagram(protocol) ? [readable, 1] : [Math.max(1, records), readable];
  return Array.from({ length: times }, () => ({ name: canAsk(protocol) ? 'receive-message' : 'receive', args: { fd, amount } }));
}

function freeDescriptors({ fds }: Scene): readonly number[] {
  return fds.flatMap((socket, each) => (socket === null ? [each] : []));
}

/** "connect(fd 1, name 0, remote)". */
export function printOperation({ name, args }: Operation): string {
  const parts = Object.entries(args).flatMap(([key, value]) => {
    if (value === false) return [];
    if (value === true) return [key];
    return [typeof value === 'string' ? value : `${key} ${value}`];
  });
  return `${name}(${parts.join(', ')})`;
}
