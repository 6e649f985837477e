/**
 * Programs: what a run does, one operation after the other. fast-check makes *choices*, small numbers without meaning; an
 * operation is made of a choice and the present state, so that most operations have something to work on, and what a
 * shrunk program does stays readable. Only operations are executed, printed and written to files.
 */
import * as fc from 'fast-check';
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
}

interface Kind {
  readonly name: string;
  /** How often, compared with the others. */
  readonly weight: number;
  readonly make: (choice: Choice, scene: Scene, sizes: Configuration) => Operation['args'];
}

/** A beginning that chance alone would seldom make: some operations in a row on descriptors that are free now. */
interface Opening {
  readonly weight: number;
  /** Sockets it takes; where there are fewer, something is closed instead. */
  readonly sockets: number;
  /** Its descriptors are the lowest free ones: f, g, h. */
  readonly make: (choice: Choice, fds: readonly number[]) => readonly Operation[];
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

/** A handle that is held, or now and then any other. */
function handle(n: number, { handles }: Scene, sizes: Configuration): number {
  return handles.length === 0 || n % 8 === 7 ? n % sizes.HANDLES : pick(handles, n >> 3);
}

const ASKED = ['unix', 'udp', 'tcp', 'tcp', 'unix', 'udp', 'tcp', 'unix', 'unknown protocol', 'wrong type'];

/** Every kind of operation. The names of calls and their arguments are those of the specification. */
export const KINDS: readonly Kind[] = [
  { name: 'socket', weight: 10, make: ({ a }) => ({ asked: pick(ASKED, a) }) },
  { name: 'socketpair', weight: 3, make: ({ a }) => ({ asked: pick(['unix', 'unix', 'unix', 'tcp', 'udp', 'wrong type', 'unknown protocol'], a) }) },
  { name: 'bind', weight: 6, make: ({ a, b }, s, z) => ({ fd: fd(a, s, z), name: b % z.NAMES }) },
  { name: 'listen', weight: 6, make: ({ a, b }, s, z) => ({ fd: fdWhere(a, s, z, (so) => !so.connected), backlog: b % (z.BACKLOG + 1) }) },
  { name: 'accept', weight: 6, make: ({ a }, s, z) => ({ fd: fdWhere(a, s, z, (so) => so.acceptConn) }) },
  { name: 'connect', weight: 10, make: ({ a, b, c }, s, z) => ({ fd: fdWhere(a, s, z, (so) => !so.connected && !so.acceptConn), name: b % z.NAMES, remote: c % 2 === 1 }) },
  { name: 'connect2', weight: 2, make: ({ a, b }, s, z) => ({ fd1: fd(a, s, z), fd2: fd(b, s, z) }) },
  { name: 'disconnect', weight: 2, make: ({ a }, s, z) => ({ fd: fd(a, s, z) }) },
  {
    name: 'send',
    weight: 9,
    make: ({ a, b, c }, s, z) => {
      const at = fdWhere(a, s, z, (so) => so.connected);
      const udp = s.fds[at]?.protocol === 'udp';
      return { fd: at, amount: b % (z.BUFFER + 2), addressed: udp && c % 3 === 0, remote: c % 5 === 4 };
    },
  },
  { name: 'receive', weight: 10, make: ({ a, b }, s, z) => ({ fd: readable(a, s, z), amount: b % (z.BUFFER + 2) }) },
  { name: 'shutdown', weight: 4, make: ({ a, b }, s, z) => ({ fd: fd(a, s, z), how: pick(['read', 'write', 'write', 'both', 'nonsense'], b) }) },
  { name: 'setsockopt', weight: 2, make: ({ a, b, c }, s, z) => ({ fd: fd(a, s, z), on: b % 2 === 0, valid: c % 4 > 0 }) },
  { name: 'getsockopt', weight: 1, make: ({ a }, s, z) => ({ fd: fd(a, s, z) }) },
  { name: 'setlinger', weight: 2, make: ({ a, b }, s, z) => ({ fd: fd(a, s, z), linger: pick(['reset', 'wait', 'wait', 'off'], b) }) },
  { name: 'geterror', weight: 2, make: ({ a }, s, z) => ({ fd: fd(a, s, z) }) },
  { name: 'setnbio', weight: 4, make: ({ a, b }, s, z) => ({ fd: fd(a, s, z), on: b % 3 > 0 }) },
  { name: 'dup', weight: 2, make: ({ a }, s, z) => ({ fd: fd(a, s, z) }) },
  { name: 'close', weight: 7, make: ({ a }, s, z) => ({ fd: fd(a, s, z) }) },
  { name: 'fgetsock', weight: 3, make: ({ a }, s, z) => ({ fd: fd(a, s, z) }) },
  { name: 'fputsock', weight: 2, make: ({ a }, s, z) => ({ handle: handle(a, s, z) }) },
  { name: 'deliver', weight: 14, make: () => ({}) },
  { name: 'settle', weight: 6, make: () => ({}) },
  { name: 'lose', weight: 1, make: () => ({}) },
  { name: 'timer', weight: 3, make: () => ({}) },
  { name: 'silence', weight: 1, make: () => ({}) },
  { name: 'remote-connect', weight: 6, make: ({ a }) => ({ which: a % 8 }) },
  { name: 'remote-synack', weight: 6, make: ({ a }) => ({ which: a % 8 }) },
  { name: 'remote-rst', weight: 2, make: ({ a }) => ({ which: a % 8 }) },
  { name: 'remote-ack', weight: 5, make: ({ a, b }) => ({ which: a % 8, part: b % 3 === 0 }) },
  { name: 'remote-data', weight: 4, make: ({ a }) => ({ which: a % 8 }) },
  { name: 'remote-fin', weight: 4, make: ({ a, b }) => ({ which: a % 8, ack: b % 2 === 0 }) },
  { name: 'remote-datagram', weight: 3, make: ({ a }) => ({ which: a % 8 }) },
  { name: 'remote-unreachable', weight: 2, make: ({ a }) => ({ which: a % 8 }) },
];

const op = (name: string, args: Operation['args'] = {}): Operation => ({ name, args });

const OPENINGS: readonly Opening[] = [
  {
    // A TCP connection to the remote host, with now and then a call that does not wait.
    weight: 10,
    sockets: 1,
    make: ({ a, b }, [f = 0]) => [
      op('socket', { asked: 'tcp' }),
      ...(a % 3 === 0 ? [op('setnbio', { fd: f, on: true })] : []),
      ...(a % 4 === 1 ? [op('setlinger', { fd: f, linger: b % 2 === 0 ? 'wait' : 'reset' })] : []),
      op('connect', { fd: f, name: 0, remote: true }),
      ...(a % 5 === 4 ? [op('shutdown', { fd: f, how: 'write' })] : []),
      op('remote-synack', { which: 0 }),
    ],
  },
  {
    // A listener with a connection from the remote host.
    weight: 6,
    sockets: 2,
    make: ({ a, b, c }, [f = 0]) => [
      op('socket', { asked: 'tcp' }),
      op('bind', { fd: f, name: b % 2 }),
      op('listen', { fd: f, backlog: c % 3 }),
      op('remote-connect', { which: 0 }),
      ...(b % 8 === 7 ? [op('remote-rst', { which: 0 })] : []),
      ...(a % 3 === 0 ? [] : [op('accept', { fd: f })]),
    ],
  },
  {
    // Two TCP sockets of this host.
    weight: 8,
    sockets: 3,
    make: ({ a, b }, [f = 0, g = 1]) => [
      op('socket', { asked: 'tcp' }),
      op('bind', { fd: f, name: b % 2 }),
      op('listen', { fd: f, backlog: 1 }),
      op('socket', { asked: 'tcp' }),
      op('connect', { fd: g, name: b % 2, remote: false }),
      op('settle'),
      ...(a % 3 === 0 ? [] : [op('accept', { fd: f })]),
    ],
  },
  {
    // Two UNIX sockets, one of them perhaps not accepted yet.
    weight: 8,
    sockets: 3,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      op('socket', { asked: 'unix' }),
      op('bind', { fd: f, name: b % 2 }),
      op('listen', { fd: f, backlog: c % 3 }),
      op('socket', { asked: 'unix' }),
      op('connect', { fd: g, name: b % 2, remote: false }),
      ...(c % 5 === 4 ? [op('setnbio', { fd: f, on: true })] : []),
      ...(a % 2 === 0 ? [] : [op('accept', { fd: f })]),
    ],
  },
  {
    // Two UNIX sockets, data from the one to the other, and some of it read.
    weight: 5,
    sockets: 2,
    make: ({ a, b, c }, [f = 0, g = 1]) => [
      op('socketpair', { asked: 'unix' }),
      op('send', { fd: a % 2 === 0 ? f : g, amount: 1 + (b % 3), addressed: false, remote: false }),
      op('receive', { fd: a % 2 === 0 ? g : f, amount: 1 + (c % 2) }),
    ],
  },
  {
    // The same with TCP.
    weight: 5,
    sockets: 3,
    make: ({ a, b, c }, [f = 0, g = 1, h = 2]) => [
      op('socket', { asked: 'tcp' }),
      op('bind', { fd: f, name: b % 2 }),
      op('listen', { fd: f, backlog: 1 }),
      op('socket', { asked: 'tcp' }),
      op('connect', { fd: g, name: b % 2, remote: false }),
      op('settle'),
      op('accept', { fd: f }),
      op('send', { fd: a % 2 === 0 ? g : h, amount: 1 + (b % 3), addressed: false, remote: false }),
      ...(c % 4 === 0 ? [] : [op('settle')]),
      op('receive', { fd: a % 2 === 0 ? h : g, amount: 1 + (c % 2) }),
    ],
  },
  {
    // A connected UDP socket.
    weight: 4,
    sockets: 1,
    make: ({ b, c }, [f = 0]) => [
      op('socket', { asked: 'udp' }),
      op('bind', { fd: f, name: b % 2 }),
      op('connect', { fd: f, name: b % 2, remote: c % 2 === 0 }),
    ],
  },
  {
    // A UDP socket whose buffer is full.
    weight: 1,
    sockets: 1,
    make: ({ b }, [f = 0]) => [
      op('socket', { asked: 'udp' }),
      op('bind', { fd: f, name: b % 2 }),
      op('connect', { fd: f, name: b % 2, remote: true }),
      ...[0, 0, 0, 0].map((which) => op('remote-datagram', { which })),
    ],
  },
  {
    // Both sides have closed, and the user holds on to the socket.
    weight: 3,
    sockets: 1,
    make: ({ a }, [f = 0]) => [
      op('socket', { asked: 'tcp' }),
      op('connect', { fd: f, name: 0, remote: true }),
      op('remote-synack', { which: 0 }),
      op('shutdown', { fd: f, how: a % 2 === 0 ? 'both' : 'write' }),
      op('remote-fin', { which: 0, ack: a % 3 > 0 }),
      ...(a % 3 === 2 ? [op('remote-ack', { which: 0, part: false })] : []),
    ],
  },
  {
    // A UNIX socket whose connection was aborted, and which then listens with the error pending.
    weight: 1,
    sockets: 3,
    make: (_choice, [f = 0, g = 1]) => [
      op('socket', { asked: 'unix' }),
      op('bind', { fd: f, name: 0 }),
      op('listen', { fd: f, backlog: 1 }),
      op('socket', { asked: 'unix' }),
      op('bind', { fd: g, name: 1 }),
      op('connect', { fd: g, name: 0, remote: false }),
      op('close', { fd: f }),
      op('listen', { fd: g, backlog: 1 }),
      op('accept', { fd: g }),
    ],
  },
  {
    // As many descriptors as there are.
    weight: 1,
    sockets: 1,
    make: (_choice, [f = 0]) => [op('socket', { asked: 'unix' }), ...[0, 0, 0, 0, 0].map(() => op('dup', { fd: f })), op('socketpair', { asked: 'unix' })],
  },
  {
    // A close from our side on a connection that has something to say still.
    weight: 5,
    sockets: 1,
    make: ({ a, b }, [f = 0]) => [
      op('socket', { asked: 'tcp' }),
      op('connect', { fd: f, name: 0, remote: true }),
      op('remote-synack', { which: 0 }),
      op('send', { fd: f, amount: a % 3, addressed: false, remote: false }),
      op(b % 2 === 0 ? 'close' : 'shutdown', b % 2 === 0 ? { fd: f } : { fd: f, how: 'both' }),
    ],
  },
];

const CALLS: readonly number[] = KINDS.flatMap((kind, index) => Array.from({ length: kind.weight }, () => index));
const BAG: readonly (number | Opening)[] = [...CALLS, ...OPENINGS.flatMap((opening) => Array.from({ length: opening.weight }, () => opening))];

/** Programs of up to so many choices; fast-check shrinks them by leaving choices out. */
export function programs(maxCalls: number): fc.Arbitrary<readonly Choice[]> {
  const byte = fc.nat(255);
  return fc.array(fc.record({ kind: fc.nat(BAG.length - 1), a: byte, b: byte, c: byte }), { minLength: 1, maxLength: maxCalls, size: 'max' });
}

/** With so many pcbs in TIME_WAIT the clock is the only one to act. */
const WAITING = 3;

/** The operations that a choice stands for in this state. */
export function operations(choice: Choice, scene: Scene, sizes: Configuration): readonly Operation[] {
  // Pcbs in TIME_WAIT outlive their sockets; before they use up what the two sides have, and these do not count alike, some must go.
  if (scene.waiting >= WAITING) return [op('timer')];
  const chosen = BAG[choice.kind % BAG.length] as number | Opening;
  if (typeof chosen !== 'number') {
    const free = freeDescriptors(scene);
    const room = scene.room >= chosen.sockets && free.length >= chosen.sockets;
    return room || choice.c % 16 === 0 ? chosen.make(choice, free) : [op('close', { fd: fd(choice.a, scene, sizes) })];
  }
  const kind = KINDS[chosen] as Kind;
  return [op(kind.name, kind.make(choice, scene, sizes))];
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
