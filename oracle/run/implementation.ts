/**
 * The implementation's side of a lockstep run: a small kernel with one thread that cannot sleep, and by hand the wire and the
 * clock. An *implementation* is the set of modules that make it up, so that one with a planted fault can stand in for the real one.
 */
import * as boot from '../../impl/boot.ts';
import type { KernelOptions } from '../../impl/config.ts';
import * as syscalls from '../../impl/kern/syscalls.ts';
import * as thread from '../../impl/kern/thread.ts';
import * as L from '../../impl/layout.ts';
import { get, type Kernel, KernelPanic, store } from '../../impl/memory.ts';
import * as wire from '../../impl/net/wire.ts';
import * as N from '../../impl/netinet/layout.ts';
import { MESSAGE_BYTES, UNIT } from '../adapter.ts';
import type { Configuration } from './operations.ts';

/** More than a program ever leaves on the wire: operations.ts sees to it that what is there arrives before. */
const WIRE_SEGMENTS = 256;

/** As many rights as the specification has by default (model/limits.ts). */
const RIGHTS = 2;

/** The first sequence number, so that numbers wrap around in the first unit of the first connection. */
const FIRST_ISS = 0x7ffffff8;

/** The modules of an implementation that a run uses; the rest of it lies behind them. */
export interface Modules {
  readonly boot: typeof boot;
  readonly syscalls: typeof syscalls;
  readonly thread: typeof thread;
  readonly wire: typeof wire;
}

/** A kernel that runs, and what can be done to it from outside. */
export interface Machine {
  readonly kernel: Kernel;
  readonly td: number;
  /** User address of the thread's memory. */
  readonly user: number;
  readonly sys: typeof syscalls;
  readonly remoteHost: number;
  /** As it was when it had just been booted. */
  reset(): void;
  /** Segments on the wire to this host. */
  waiting(): number;
  deliver(): void;
  lose(): void;
  /** The oldest segment comes last, or once more. */
  defer(): void;
  duplicate(): void;
  /** Takes off what was sent to other hosts. */
  discard(): void;
  tick(ticks: number): void;
  inject(...segment: InjectArguments): void;
  /** Runs code of the implementation. Throws a `Broken` if it panics or does not come back. */
  attempt<T>(run: () => T): T;
}

/** The implementation has broken down in the middle of a call. */
export class Broken extends Error {
  readonly breaks: 'no-panic' | 'calls-return';
  constructor(breaks: Broken['breaks'], what: string) {
    super(what);
    this.name = 'Broken';
    this.breaks = breaks;
  }
}

/** How often a call may still go through the door to the memory; it is counted by whoever gave it (faulty.ts). */
export interface Meter {
  left: number;
}

/** Thrown at the door when nothing is left. */
export class Endless extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'Endless';
  }
}

/** A hundred times what any call of a run needs. */
export const ACCESSES = 300_000;

/** proto, src, sport, dst, dport, seq, ack, flags, window, user address and length of the data. */
type InjectArguments = [number, number, number, number, number, number, number, number, number, number, number];

export interface Implementation {
  boot(sizes: Configuration): Machine;
}

/**
 * The implementation made of these modules, in kernels with these options besides the sizes that both sides have. Its kernels are made by
 * `makers`. To boot one throws a `Broken` if that breaks down.
 */
export function implementationOf(
  modules: Modules,
  meter: Meter = { left: 0 },
  options: KernelOptions = {},
  makers: Modules = modules,
): Implementation {
  return { boot: (sizes) => machine(modules, meter, sizes, options, makers) };
}

/** The modules of the implementation as it is. */
export const pristineModules: Modules = { boot, syscalls, thread, wire };

/** The implementation as it is. */
export const pristine: Implementation = implementationOf(pristineModules);

/** Runs code of the implementation with a full meter. */
function attempts(meter: Meter): Machine['attempt'] {
  return (run) => {
    meter.left = ACCESSES;
    try {
      return run();
    } catch (error) {
      throw brokenBy(error) ?? error;
    }
  };
}

function machine(modules: Modules, meter: Meter, sizes: Configuration, options: KernelOptions, makers: Modules): Machine {
  const attempt = attempts(meter);
  const { kernel, td } = attempt(() => make(makers, sizes, options));
  // Everything that a kernel remembers is in its words, so that putting them back costs less than booting another one.
  const booted = kernel.words.slice();
  const { wire: w } = modules;
  // A module looks each name up anew, an object does not.
  const sys = { ...modules.syscalls };
  return {
    kernel,
    td,
    user: get(kernel, td + L.td_user),
    sys,
    remoteHost: N.HOST_REMOTE,
    reset: () => kernel.words.set(booted),
    // Looked at without its lock: between two calls nobody holds one.
    waiting: () => get(kernel, N.wire_count),
    deliver: () => void attempt(() => w.wire_deliver(kernel, td)),
    lose: () => void attempt(() => w.wire_drop(kernel, td, 0)),
    defer: () => void attempt(() => w.wire_defer(kernel, td, 0)),
    duplicate: () => void attempt(() => w.wire_duplicate(kernel, td)),
    discard: () => {
      // No more than the list can hold, whatever it says.
      for (let left = WIRE_SEGMENTS; left > 0 && attempt(() => w.wire_drop(kernel, td, 1)) !== 0; left--);
    },
    tick: (ticks) =>
      attempt(() => {
        for (let i = 0; i < ticks; i++) {
          meter.left = ACCESSES;
          sys.sys_tick(kernel, td);
        }
      }),
    inject: (...segment) => void attempt(() => w.wire_inject(kernel, td, ...segment)),
    attempt,
  };
}

/** A kernel in which nothing is open but a kqueue, and its one thread. */
function make(modules: Modules, sizes: Configuration, options: KernelOptions): Pick<Machine, 'kernel' | 'td'> {
  const kernel = modules.boot.boot({
    sockets: sizes.SOCKETS,
    // One more than the specification has, for the kqueue.
    descriptors: sizes.FDS + 1,
    handles: sizes.HANDLES,
    names: sizes.NAMES,
    maxBacklog: sizes.BACKLOG,
    threads: 1,
    mbufs: 512,
    pollDescriptors: 1,
    kqueues: 1,
    knotes: 1,
    // Not a whole number of units, so that a unit may begin in one mbuf and end in the next.
    mbufBytes: UNIT + UNIT / 2,
    sendSpace: sizes.BUFFER * UNIT,
    recvSpace: sizes.BUFFER * UNIT,
    sendLowWater: UNIT,
    addressBytes: 0,
    storageFactor: 64,
    userBytes: (sizes.BUFFER + 2) * UNIT + MESSAGE_BYTES,
    rights: sizes.RIGHTS ?? RIGHTS,
    wireSegments: WIRE_SEGMENTS,
    tcpSegmentBytes: UNIT,
    tcpReassembly: 64,
    tcpHalfOpen: 64,
    tcpMsl: 40,
    tcpKeepIdle: 100,
    tcpKeepInterval: 10,
    witness: true,
    spin: 0,
    statistics: false,
    sleepChains: 4,
    hashChains: 4,
    timerSlots: 8,
    ...options,
  });
  const td = modules.thread.thread_attach(kernel, 0);
  store(kernel, N.tcp_iss, FIRST_ISS);
  makeKqueue(modules.syscalls, kernel, td, sizes.FDS);
  return { kernel, td };
}

/** Makes a kqueue whose descriptor is this one, the last. */
function makeKqueue(sys: typeof syscalls, kernel: Kernel, td: number, last: number): void {
  const first = sys.sys_kqueue(kernel, td);
  let made = first;
  while (made >= 0 && made < last) made = sys.sys_dup(kernel, td, first);
  for (let fd = 0; fd < last; fd++) sys.sys_close(kernel, td, fd);
  if (made !== last) throw new Error(`a kernel that has just been made gives descriptor ${made}, not ${last}`);
}

/** What an error that the implementation threw says of it; null if it is no error of the implementation's. */
function brokenBy(error: unknown): Broken | null {
  if (isPanic(error)) return new Broken('no-panic', error.message);
  if (error instanceof Endless) return new Broken('calls-return', error.message);
  // A function that calls itself for ever, or an access outside the memory. Whatever else is thrown is a mistake in writing the
  // code, or a planted fault, down, and not to be hidden.
  if (!(error instanceof RangeError)) return null;
  return new Broken(error.message.includes('call stack') ? 'calls-return' : 'no-panic', error.message);
}

/** A faulty implementation brings its own class of the same name. */
function isPanic(error: unknown): error is KernelPanic {
  return error instanceof KernelPanic || (error instanceof Error && error.name === 'KernelPanic');
}
