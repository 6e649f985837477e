/**
 * *Lockstep*: one program on both sides, an operation at a time; after each the results and the whole abstract state must agree, the
 * specification's invariants must hold, nothing may be lost, and every unit of data must be intact, in order, and read once.
 */
import { carryOut, UNIT } from '../adapter.ts';
import type { Source } from '../compile/ir.ts';
import type { CompiledModel } from '../compile/model.ts';
import { Abstraction } from './abstraction.ts';
import { locksHeld, unaccounted } from './accounts.ts';
import { Cells } from './cells.ts';
import { Data } from './data.ts';
import { Identities } from './identities.ts';
import type { Implementation, Machine } from './implementation.ts';
import type { Argument, Configuration, Operation } from './operations.ts';
import { Remote } from './remote.ts';
import { type Result, type Scene, Specification } from './specification.ts';
import { CHILD, classifySegment, stuckConnection, timers, type WireEvent } from './wire.ts';

/** What broke, and how: the last step of a counterexample. */
export interface Mismatch {
  /** One of `COMPARISONS`, or an invariant of the specification. */
  readonly breaks: string;
  readonly seen: string;
  readonly allowed: string;
}

/** What a run compares, besides the invariants of the specification. */
export const COMPARISONS: readonly string[] = [
  'same-result',
  'same-state',
  'data-intact',
  'nothing-lost',
  'nothing-stuck',
  'no-panic',
  'no-overflow',
];

/** More segments than any exchange of so few units takes. */
const SETTLE_LIMIT = 64;
/** More than the retransmissions after which TCP gives up. */
const SILENCE_LIMIT = 20;

/** Whether a call may have emptied the receive buffer of its socket. */
function throwsAway(name: string, { how }: Readonly<Record<string, Argument>>, errno: string): boolean {
  // A shutdown that the protocol refuses has flushed the buffer before it asked.
  if (name === 'shutdown') return (how === 'read' || how === 'both') && errno !== 'EINVAL';
  return name === 'close' || (name === 'disconnect' && errno === 'none');
}

/** Both sides, made once and used for one program after the other. */
export class Lockstep {
  readonly model: CompiledModel;
  readonly specification: Specification;
  readonly machine: Machine;
  private readonly abstraction: Abstraction;
  private readonly ids: Identities;
  /** The implementation's state in the specification's words. */
  private readonly seen: Int32Array;
  /** A state of the specification that keeps every invariant. */
  private readonly sound: Int32Array;
  private remote: Remote;
  private readonly data: Data;

  constructor(model: CompiledModel, implementation: Implementation, sizes: Configuration) {
    const cells = new Cells(model);
    this.model = model;
    this.specification = new Specification(model, cells, sizes);
    this.seen = model.initial();
    this.sound = model.initial().fill(-1);
    this.abstraction = new Abstraction(cells, sizes);
    this.ids = new Identities(cells, sizes);
    this.machine = implementation.boot(sizes);
    this.remote = new Remote(this.machine);
    this.data = new Data(this.machine);
  }

  /** The beginning of a program: nothing is open on either side. */
  reset(): void {
    this.specification.reset();
    this.machine.reset();
    this.ids.reset();
    this.remote = new Remote(this.machine);
    this.data.reset();
  }

  scene(): Scene {
    return this.specification.scene();
  }

  /** Carries out one operation on both sides. Null: they agree. */
  perform(operation: Operation): Mismatch | null {
    this.specification.place = null;
    try {
      const mismatch = this.dispatch(operation);
      if (mismatch !== null) return mismatch;
    } catch (error) {
      const panic = this.machine.panicOf(error);
      if (panic === null) throw error;
      return { breaks: 'no-panic', seen: panic, allowed: 'the specification goes on' };
    }
    return this.compare();
  }

  /** Where the specification says what the last operation does; null if that was nothing to it. */
  place(): Source | null {
    return this.specification.place;
  }

  private dispatch({ name, args }: Operation): Mismatch | null {
    switch (name) {
      case 'deliver':
        return this.deliver();
      case 'settle':
        return this.settle();
      case 'lose':
        this.machine.lose();
        return null;
      case 'timer':
        return this.timer();
      case 'silence':
        return this.silence();
      default:
        return name.startsWith('remote-') ? this.fromRemote(name, args) : this.call(name, args);
    }
  }

  // --- calls ---------------------------------------------------------------------------------------------------------------

  private call(name: string, args: Readonly<Record<string, Argument>>): Mismatch | null {
    const { remote, ...own } = args;
    const list = Object.values(own);
    const so = typeof own.fd === 'number' ? this.specification.socketOf(own.fd) : null;
    // Where a datagram or a connect goes is no matter of the specification, which has no other end.
    const host = remote === true ? this.machine.remoteHost : undefined;
    const stream = name === 'send' && so !== null ? this.streamFrom(so) : null;
    const first = name === 'send' ? this.data.fill(typeof own.amount === 'number' ? own.amount : 0) : 0;
    const seen = carryOut(this.machine.sys, this.machine.kernel, this.machine.td, {
      name,
      args: list,
      ...(host === undefined ? {} : { host }),
    });
    const allowed = this.specification.call(name, list);
    if (seen.errno !== allowed.errno || seen.value !== allowed.value || seen.answer !== allowed.answer) {
      return { breaks: 'same-result', seen: printResult(seen), allowed: printResult(allowed) };
    }
    if (so === null) return null;
    const reader = this.ids.nameOf(so);
    if (stream !== null) this.data.sent(stream, first, seen.errno === 'none' ? seen.value : 0);
    if (throwsAway(name, own, seen.errno)) this.data.thrownAway(reader);
    if (name !== 'receive' || seen.errno !== 'none') return null;
    const wrong = this.data.check(reader, seen.value);
    return wrong === null ? null : { breaks: 'data-intact', seen: `socket ${so} ${wrong.seen}`, allowed: wrong.allowed };
  }

  /** Data that goes from one socket of this host to another, by who sends to whom; null for datagrams. */
  private streamFrom(so: number): string | null {
    const { protocol, peer } = this.specification.association(so);
    if (protocol === 'udp') return null;
    return protocol === 'tcp' ? this.ids.nameOf(so) : `${this.ids.nameOf(so)} to ${peer === null ? 'nobody' : this.ids.nameOf(peer)}`;
  }

  // --- the wire and the clock ------------------------------------------------------------------------------------------------

  /** The oldest segment arrives. */
  private deliver(): Mismatch | null {
    if (this.machine.waiting() === 0) return null;
    if (this.machine.isOddDatagram(UNIT)) {
      // The specification counts datagrams of one unit; others are lost on the way, as datagrams may be.
      this.machine.lose();
      return null;
    }
    const events = classifySegment(this.machine.kernel);
    this.machine.deliver();
    return this.happens(events, 'the segment');
  }

  /** All segments arrive, and what is sent in answer to them. */
  private settle(): Mismatch | null {
    for (let i = 0; i < SETTLE_LIMIT && this.machine.waiting() > 0; i++) {
      const mismatch = this.deliver() ?? this.compare();
      if (mismatch !== null) return mismatch;
    }
    return null;
  }

  private happens(events: readonly WireEvent[], what: string): Mismatch | null {
    // The pcbs are named by where they were before: each event is for a pcb that the specification knows.
    let born: number | null = null;
    for (const event of events) {
      const child = event.pcb === CHILD;
      // The handshake has just made it; what follows in the same segment is for it as well.
      if (child) born ??= this.specification.newestPcb();
      const pcb = child ? (born ?? -1) : this.ids.pcbCode(event.pcb) - 1;
      // The connection was refused.
      if (child && pcb < 0) return null;
      if (pcb < 0) return { breaks: 'same-state', seen: `${what} is for a pcb that the specification does not have`, allowed: event.event };
      const args: Argument[] = [pcb];
      if (event.event === 'ack') args.push(event.bytes / UNIT, event.fin);
      if (event.event === 'data') args.push(event.bytes / UNIT);
      if (!this.specification.event(event.event, args)) {
        return {
          breaks: 'same-state',
          seen: `${what} means ${event.event}(${args.join(', ')})`,
          allowed: 'the specification knows no such event in this state',
        };
      }
    }
    return null;
  }

  /** The clock runs until the next timer has run out. Null: it ran, or there is none that a run can use. */
  private timer(): Mismatch | null {
    const running = timers(this.machine.kernel);
    const [next] = running;
    if (next === undefined || running.some((timer) => timer.probe)) return null;
    const due = running.filter((timer) => timer.due <= next.due);
    this.machine.tick(Math.max(1, next.due));
    return this.happens(
      due.flatMap((timer) => (timer.event === null ? [] : [timer.event])),
      'the timer',
    );
  }

  /** Nothing arrives any more, and the clock runs until a connection has given up. */
  private silence(): Mismatch | null {
    for (let i = 0; i < SILENCE_LIMIT; i++) {
      while (this.machine.waiting() > 0) this.machine.lose();
      const running = timers(this.machine.kernel);
      if (running.length === 0 || running.some((timer) => timer.probe)) return null;
      const mismatch = this.timer() ?? this.compare();
      if (mismatch !== null) return mismatch;
    }
    return null;
  }

  /** The remote host sends something that makes sense to one of our connections; it arrives at once, behind what is on the wire. */
  private fromRemote(name: string, args: Readonly<Record<string, Argument>>): Mismatch | null {
    const which = typeof args.which === 'number' ? args.which : 0;
    if (name === 'remote-data' || name === 'remote-datagram') this.data.fill(1);
    return this.remote.send(name, which, args.part === true || args.ack === true) ? this.settle() : null;
  }

  // --- comparison ------------------------------------------------------------------------------------------------------------

  private compare(): Mismatch | null {
    const { kernel, td } = this.machine;
    const { words } = this.specification;
    const locks = locksHeld(kernel, td);
    if (locks !== null) return { breaks: 'nothing-lost', seen: locks, allowed: 'no lock is held between two calls' };
    this.ids.update(kernel, words);
    this.seen.set(words);
    this.abstraction.write(kernel, this.ids, this.seen);
    if (this.abstraction.misfits.length > 0 || !equal(this.seen, words)) return this.difference();
    const lost = unaccounted(kernel);
    if (lost !== null)
      return { breaks: 'nothing-lost', seen: lost, allowed: 'what is in use belongs to a descriptor, a buffer, the wire or a connection' };
    const stuck = stuckConnection(kernel);
    if (stuck !== null) return { breaks: 'nothing-stuck', seen: stuck, allowed: 'a timer that will send it, or send it again' };
    const broken = this.broken();
    return broken === null ? null : { breaks: broken, seen: 'a state that breaks it, on both sides', allowed: 'no such state' };
  }

  /** The invariants, unless this very state was found to keep them a moment ago: many a call fails and changes nothing. */
  private broken(): string | null {
    const { words } = this.specification;
    if (equal(words, this.sound)) return null;
    const broken = this.specification.broken();
    if (broken === null) this.sound.set(words);
    return broken;
  }

  private difference(): Mismatch {
    const { specification, abstraction } = this;
    const differences: Difference[] = [];
    differ('', specification.decode(this.seen), specification.decode(specification.words), differences);
    return {
      breaks: 'same-state',
      seen: [
        ...abstraction.misfits.map((misfit) => `${misfit.path}: ${misfit.seen}`),
        ...differences.map((d) => `${d.path} = ${JSON.stringify(d.seen)}`),
      ].join('\n'),
      allowed:
        differences.length === 0
          ? 'a value that the specification has'
          : differences.map((d) => `${d.path} = ${JSON.stringify(d.allowed)}`).join('\n'),
    };
  }
}

function equal(a: Int32Array, b: Int32Array): boolean {
  for (let word = 0; word < a.length; word++) if (a[word] !== b[word]) return false;
  return true;
}

interface Difference {
  readonly path: string;
  readonly seen: unknown;
  readonly allowed: unknown;
}

/** Every part of `seen` against the same part of `allowed`. */
function differ(path: string, seen: unknown, allowed: unknown, found: Difference[]): void {
  if (Object.is(seen, allowed)) return;
  if (Array.isArray(seen) && Array.isArray(allowed) && seen.length === allowed.length) {
    for (const [index, value] of seen.entries()) differ(`${path}[${index}]`, value, allowed[index], found);
    return;
  }
  if (isRecord(seen) && isRecord(allowed)) {
    for (const key in seen) differ(path === '' ? key : `${path}.${key}`, seen[key], allowed[key], found);
    return;
  }
  found.push({ path, seen, allowed });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function printResult({ errno, value, answer }: Result): string {
  if (errno !== 'none') return errno;
  return answer === 'none' ? String(value) : `${value}, SO_ERROR is ${answer}`;
}
