/**
 * An implementation with a *planted fault*, for those who want to see that the oracle sees. The source of `impl/` is read, one file
 * of it changed, all of it transpiled and linked, and nothing of that leaves memory. The specification and the comparison are the
 * same as ever; a fault that a run does not find is a gap in the run. What is linked here counts its accesses to the memory, so that a
 * call that never returns is found, made short and replayed without a clock.
 *
 * This brings the TypeScript compiler with it: import it only where a fault was asked for.
 */
import { Project } from 'ts-morph';
import type * as Door from '../../impl/memory.ts';
import { unknownName } from '../cli/suggest.ts';
import { implementationSources } from '../implementation.ts';
import { type Exports, linker } from '../link.ts';
import { transpile } from '../transpile.ts';
import type { UsageError } from '../usage.ts';
import { type Fault, Source } from './faults/edit.ts';
import { ENDLESS_FAULTS } from './faults/endless.ts';
import { INET6_FAULTS } from './faults/inet6.ts';
import { INTERNET_FAULTS } from './faults/internet.ts';
import { LOAN_FAULTS } from './faults/loans.ts';
import { NAME_FAULTS } from './faults/names.ts';
import { PACKET_FAULTS } from './faults/packets.ts';
import { PROTOCOL_FAULTS } from './faults/protocols.ts';
import { SENDER_FAULTS } from './faults/senders.ts';
import { SOCKET_FAULTS } from './faults/socket.ts';
import { WIRE_FAULTS } from './faults/wire.ts';
import { ACCESSES, Endless, type Implementation, implementationOf, type Meter, type Modules } from './implementation.ts';

/** Every planted fault there is. */
export const FAULTS: readonly Fault[] = [
  ...SOCKET_FAULTS,
  ...PROTOCOL_FAULTS,
  ...INTERNET_FAULTS,
  ...PACKET_FAULTS,
  ...WIRE_FAULTS,
  ...NAME_FAULTS,
  ...ENDLESS_FAULTS,
  ...LOAN_FAULTS,
  ...INET6_FAULTS,
  ...SENDER_FAULTS,
];

/** The one file of the implementation that touches its memory. */
const DOOR = 'impl/memory.ts';

/** The files of the implementation by path, relative to the package root. */
type Sources = ReadonlyMap<string, string>;

/** The fault of this id. Throws a UsageError that names the nearest and lists them all. */
export function faultOf(id: string): Fault {
  const known = FAULTS.map((fault) => fault.id);
  return FAULTS.find((fault) => fault.id === id) ?? refuse(unknownName('fault', id, known));
}

function refuse(error: UsageError): never {
  throw error;
}

/** The last that was made: a run that finds a fault is often followed by its replay. */
let last: { readonly fault: Fault | null; readonly giant: boolean; readonly implementation: Implementation } | null = null;

/** The implementation with this fault in it; null: with none, but as one that can't go on for ever. */
export function faulty(fault: Fault | null, giant = false): Implementation {
  if (last === null || last.fault !== fault || last.giant !== giant) last = { fault, giant, implementation: made(fault, giant) };
  return last.implementation;
}

function made(fault: Fault | null, giant: boolean): Implementation {
  const sources = allSources();
  const meter: Meter = { left: 0 };
  const sound = link(sources, meter);
  if (fault === null) return implementationOf(sound, meter, { giant });
  // A kernel is made without the fault: it is for a program to find, and what makes a kernel calls some of what programs call.
  const broken = link(new Map(sources).set(fault.file, changed(fault, sources)), meter);
  return implementationOf(broken, meter, { giant }, sound);
}

/** The text of the file that the fault changes, with the fault in it. */
export function changed(fault: Fault, sources: Sources = allSources()): string {
  const text = sources.get(fault.file);
  if (text === undefined) throw new Error(`the fault ${fault.id} is for ${fault.file}, which does not exist`);
  const project = new Project({ useInMemoryFileSystem: true });
  const file = project.createSourceFile(fault.file, text);
  fault.change(new Source(file, fault));
  const result = file.getFullText();
  if (result === text) throw new Error(`the fault ${fault.id} changes nothing in ${fault.file}`);
  return result;
}

function allSources(): Sources {
  return new Map(Object.entries(implementationSources()));
}

/** Runs the files as CommonJS modules of their own, apart from the implementation that Node has loaded. */
export function link(sources: Sources, meter: Meter): Modules {
  const load = linker((path) => {
    const text = sources.get(path);
    return text === undefined ? undefined : transpile(path, text);
  }, 'faulty');
  watch(load(DOOR), meter);
  return {
    boot: load('impl/boot.ts') as Modules['boot'],
    syscalls: load('impl/kern/syscalls.ts') as Modules['syscalls'],
    thread: load('impl/kern/thread.ts') as Modules['thread'],
    wire: load('impl/net/wire.ts') as Modules['wire'],
  };
}

/**
 * Counts at the door to the memory: code that goes round for ever goes through it for ever. Those who import the door look its
 * functions up at each call, so that replacing them here replaces them everywhere. Each is replaced by a function of its own, which costs
 * little where the code is compiled.
 */
function watch(door: Exports, meter: Meter): void {
  const { fixed, get, put, load, store, compareExchange, add, or, and, exchange, pause } = door as unknown as typeof Door;
  const spend = (k: Door.Kernel): Door.Kernel => {
    if (--meter.left < 0) throw new Endless(`has not come back after ${ACCESSES} accesses to the memory`);
    return k;
  };
  const counting: Partial<typeof Door> = {
    fixed: (k, at) => fixed(spend(k), at),
    get: (k, at) => get(spend(k), at),
    put: (k, at, value) => put(spend(k), at, value),
    load: (k, at) => load(spend(k), at),
    store: (k, at, value) => store(spend(k), at, value),
    compareExchange: (k, at, expected, replacement) => compareExchange(spend(k), at, expected, replacement),
    add: (k, at, amount) => add(spend(k), at, amount),
    or: (k, at, bits) => or(spend(k), at, bits),
    and: (k, at, mask) => and(spend(k), at, mask),
    exchange: (k, at, value) => exchange(spend(k), at, value),
    pause: (k) => pause(spend(k)),
    wait: () => {
      throw new Endless('waits for a word of the memory, and there is nobody who could change it');
    },
  };
  Object.assign(door, counting);
}
