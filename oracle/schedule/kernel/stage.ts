/**
 * The *stage*: a tiny kernel in the situation in which a scenario begins, and the specification's state of the same moment. The
 * prologue runs in lockstep on both, so that they agree before anything races; then the segments are put on the wire and the agents
 * attached, each with a thread record of its own.
 */
import type { KernelOptions } from '../../../impl/config.ts';
import { fixed, type Kernel, store } from '../../../impl/memory.ts';
import * as N from '../../../impl/netinet/layout.ts';
import { MESSAGE_BYTES, UNIT } from '../../adapter.ts';
import type { CompiledModel } from '../../compile/model.ts';
import { Cells } from '../../run/cells.ts';
import { Broken, implementationOf } from '../../run/implementation.ts';
import { Lockstep } from '../../run/lockstep.ts';
import { type Configuration, printOperation } from '../../run/operations.ts';
import { compiledSpecification, SPECIFICATION } from '../../specification.ts';
import { collectors, netisrs, type Scenario, TINY } from './scenario.ts';
import { putOnWire, WIRE_SEGMENTS } from './segments.ts';
import type { Subject } from './subject.ts';

export interface Stage {
  readonly sizes: Configuration;
  readonly model: CompiledModel;
  readonly cells: Cells;
  /** The specification's state. */
  readonly start: Int32Array;
  readonly kernel: Kernel;
  /** Thread records: of the threads, then of the actors. */
  readonly records: readonly number[];
}

/** The two sides did not agree before anything raced, or the implementation broke down: there is nothing to explore. */
export class PrologueError extends Error {
  override readonly name = 'PrologueError';
}

/** Models are made for two threads at least, so that fewer of them are. */
const LEAST_THREADS = 2;

/** Throws a PrologueError. */
export async function prepare(subject: Subject, scenario: Scenario, userBytes: number): Promise<Stage> {
  const sizes = { ...TINY, ...scenario.sizes };
  const threads = scenario.threads.length;
  const agents = threads + (scenario.actors?.length ?? 0);
  // A collector closes what it leaves to be closed, which in the specification a thread does.
  const closers = threads + collectors(scenario).length;
  const model = await compiledSpecification(SPECIFICATION, { ...sizes, THREADS: Math.max(LEAST_THREADS, closers) });
  const implementation = implementationOf(subject.modules, subject.meter, {
    ...options(sizes, agents, userBytes),
    netisrThreads: netisrs(scenario).length,
    sleepSpin: scenario.looks ?? 0,
  });
  const lockstep = unbroken(scenario, 'making the kernel', () => new Lockstep(model, implementation, sizes));
  lockstep.reset();
  for (const operation of scenario.prologue) {
    const mismatch = lockstep.perform(operation);
    if (mismatch === null) continue;
    throw new PrologueError(
      `${scenario.id}: ${printOperation(operation)} in the prologue breaks ${mismatch.breaks}: ${mismatch.seen}; allowed: ${mismatch.allowed}`,
    );
  }
  const { kernel, td } = lockstep.machine;
  const { thread } = subject.modules;
  const records = unbroken(scenario, 'what is put on the wire, or a thread that is attached,', () => {
    lockstep.machine.attempt(() => putOnWire(lockstep.machine, scenario.segments ?? [], sizes.BUFFER + 1));
    // What was sent to the remote host is read there.
    lockstep.machine.discard();
    return lockstep.machine.attempt(() => {
      thread.thread_detach(kernel, td);
      return Array.from({ length: agents }, () => thread.thread_attach(kernel, 1));
    });
  });
  // Each netisr thread owns a workstream.
  for (const [stream, actor] of netisrs(scenario).entries())
    store(
      kernel,
      fixed(kernel, N.h_netisr) + stream * N.NWS_WORDS + N.nws_owner,
      records[threads + (scenario.actors ?? []).indexOf(actor)] ?? 0,
    );
  return { sizes, model, cells: new Cells(model), start: lockstep.specification.words.slice(), kernel, records };
}

function unbroken<T>({ id }: Scenario, what: string, part: () => T): T {
  try {
    return part();
  } catch (error) {
    if (error instanceof Broken) throw new PrologueError(`${id}: ${what} breaks ${error.breaks}: ${error.message}`);
    throw error;
  }
}

function options(sizes: Configuration, agents: number, userBytes: number): KernelOptions {
  return {
    threads: agents,
    userBytes: Math.max(userBytes, (sizes.BUFFER + 2) * UNIT + MESSAGE_BYTES),
    mbufs: 16,
    pollDescriptors: 2,
    kqueues: 1,
    knotes: 1,
    wireSegments: WIRE_SEGMENTS,
    tcpReassembly: 4,
    tcpHalfOpen: 2,
    tcpMsl: 1,
    tcpKeepIdle: 1,
    tcpKeepInterval: 1,
    tcpRetransmitFirst: 4,
    tcpRetransmitMost: 8,
    sleepChains: 4,
    hashChains: 2,
    timerSlots: 4,
  };
}
