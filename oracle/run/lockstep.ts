/**
 * *Lockstep*: one program on both sides, an operation at a time; after each the results and the whole abstract state must agree, the
 * specification's invariants must hold, and every unit of data must be intact, in order, and read once.
 */
import { abstractPcb, abstractSocket, abstractTables, carryOut, getWord, Identities, livePcbs, liveSockets, putWord, UNIT } from '../adapter.ts';
import type { CompiledModel } from '../compile/model.ts';
import type { Argument, Configuration, Operation } from './operations.ts';
import type { Implementation, Machine } from './implementation.ts';
import { Remote } from './remote.ts';
import { type ModelPcb, type ModelState, type Result, Specification } from './specification.ts';
import { classifySegment, timers, type WireEvent } from './wire.ts';

/** What broke, and how: the last step of a counterexample. */
export interface Mismatch {
  /** 'same-result', 'same-state', 'data-intact', 'no-panic', or an invariant of the specification. */
  readonly breaks: string;
  readonly seen: string;
  readonly allowed: string;
}

/** More segments than any exchange of so few units takes. */
const SETTLE_LIMIT = 64;
/** More than the retransmissions after which TCP gives up. */
const SILENCE_LIMIT = 20;

export class Lockstep {
  readonly specification: Specification;
  private readonly machine: Machine;
  private readonly ids: Identities;
  private readonly remote: Remote;
  /** The number that the next unit sent will carry; units are numbered over the whole program. */
  private nextUnit = 1;
  /** By socket of the implementation and its generation: the last unit it has read. */
  private readonly lastRead = new Map<string, number>();

  constructor(model: CompiledModel, implementation: Implementation, sizes: Configuration) {
    this.specification = new Specification(model);
    this.machine = implementation.boot(sizes);
    this.ids = new Identities(sizes.SOCKETS, sizes.PCBS);
    this.remote = new Remote(this.machine);
  }

  state(): ModelState {
    return this.specification.state();
  }

  /** Carries out one operation on both sides. Null: they agree. */
  perform(operation: Operation): Mismatch | null {
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

  private dispatch({ name, args }: Operation): Mismatch | null {
    switch (name) {
      case 'deliver':
        return this.deliver();
      case 'settle':
        for (let i = 0; i < SETTLE_LIMIT && this.machine.waiting() > 0; i++) {
          const mismatch = this.deliver() ?? this.compare();
          if (mismatch !== null) return mismatch;
        }
        return null;
      case 'lose':
        this.machine.lose();
        return null;
      case 'timer':
        return this.timer() ?? null;
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
    const before = this.state();
    // Where a datagram or a connect goes is no matter of the specification, which has no other end.
    const host = remote === true ? this.machine.remoteHost : undefined;
    if (name === 'send') this.fill(typeof own.amount === 'number' ? own.amount : 0);
    const seen = carryOut(this.machine.sys, this.machine.kernel, this.machine.td, { name, args: list, ...(host === undefined ? {} : { host }) });
    const allowed = this.specification.call(name, list);
    if (seen.errno !== allowed.errno || seen.value !== allowed.value || seen.answer !== allowed.answer) {
      return { breaks: 'same-result', seen: printResult(seen), allowed: printResult(allowed) };
    }
    if (name === 'receive' && seen.errno === 'none') return this.checkRead(before, own.fd, seen.value);
    return null;
  }

  /** Every unit is filled with its number. */
  private fill(amount: number): void {
    for (let unit = 0; unit < amount; unit++) this.writeUnit(unit, this.nextUnit++);
  }

  private writeUnit(index: number, value: number): void {
    for (let at = 0; at < UNIT; at += 4) putWord(this.machine.kernel, this.machine.user + index * UNIT + at, value);
  }

  private checkRead(before: ModelState, fd: Argument | undefined, amount: number): Mismatch | null {
    const so = typeof fd === 'number' ? before.fds[fd] : null;
    if (so === null || so === undefined || amount === 0) return null;
    const key = this.ids.nameOf(so);
    for (let unit = 0; unit < amount; unit++) {
      const words = Array.from({ length: UNIT / 4 }, (_, word) => getWord(this.machine.kernel, this.machine.user + unit * UNIT + word * 4));
      const last = this.lastRead.get(key) ?? 0;
      const value = words[0] ?? 0;
      if (value <= last || value >= this.nextUnit || words.some((word) => word !== value)) {
        return {
          breaks: 'data-intact',
          seen: `socket ${so} read a unit with the words ${words.join(' ')}`,
          allowed: `one number over ${last} (what it read last) and below ${this.nextUnit} (what will be sent next), ${words.length} times`,
        };
      }
      this.lastRead.set(key, value);
    }
    return null;
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

  private happens(events: readonly WireEvent[], what: string): Mismatch | null {
    // The pcbs are named by where they were before: each event is for a pcb that the specification knows.
    for (const event of events) {
      const pcb = this.ids.pcbId(event.pcb);
      if (pcb === null || pcb < 0) return { breaks: 'same-state', seen: `${what} is for a pcb that the specification does not have`, allowed: event.event };
      const args: Argument[] = [pcb];
      if (event.event === 'ack') args.push(event.bytes / UNIT, event.fin);
      if (event.event === 'data') args.push(event.bytes / UNIT);
      if (!this.specification.event(event.event, args)) {
        return { breaks: 'same-state', seen: `${what} means ${event.event}(${args.join(', ')})`, allowed: 'the specification knows no such event in this state' };
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
    if (name === 'remote-data' || name === 'remote-datagram') this.writeUnit(0, this.nextUnit++);
    const sent = this.remote.send(name, which, args.part === true || args.ack === true);
    if (!sent) return null;
    for (let i = 0; i < SETTLE_LIMIT && this.machine.waiting() > 0; i++) {
      const mismatch = this.deliver() ?? this.compare();
      if (mismatch !== null) return mismatch;
    }
    return null;
  }

  // --- comparison ------------------------------------------------------------------------------------------------------------

  private compare(): Mismatch | null {
    const model = this.state();
    const kernel = this.machine.kernel;
    this.ids.update(kernel, model);
    const differences: Difference[] = [];
    const sockets = liveSockets(kernel).length;
    const expected = model.sockets.filter((socket) => socket.protocol !== 'none').length;
    if (sockets !== expected) differences.push({ path: 'number of sockets', seen: sockets, allowed: expected });
    const pcbs = livePcbs(kernel).length;
    const expectedPcbs = model.pcbs.filter((pcb) => pcb.protocol !== 'none').length;
    if (pcbs !== expectedPcbs) differences.push({ path: 'number of pcbs', seen: pcbs, allowed: expectedPcbs });
    for (const [id, socket] of model.sockets.entries()) {
      const at = this.ids.socketAt(id);
      if (socket.protocol !== 'none' && at !== 0) differ(`sockets[${id}]`, abstractSocket(kernel, at, this.ids), socket, differences);
    }
    for (const [id, pcb] of model.pcbs.entries()) {
      const at = this.ids.pcbAt(id);
      if (pcb.protocol !== 'none' && at !== 0) differ(`pcbs[${id}]`, abstractPcb(kernel, this.machine.td, at, this.ids, pcb as ModelPcb), pcb, differences);
    }
    differ('', abstractTables(kernel, this.ids), model, differences);
    if (differences.length > 0) return mismatchOf(differences);
    const broken = this.specification.broken();
    if (broken !== null) return { breaks: broken, seen: 'a state that breaks it, on both sides', allowed: 'no such state' };
    return null;
  }
}

interface Difference {
  readonly path: string;
  readonly seen: unknown;
  readonly allowed: unknown;
}

function mismatchOf(differences: readonly Difference[]): Mismatch {
  const side = (key: 'seen' | 'allowed'): string => differences.map((d) => `${d.path} = ${JSON.stringify(d[key])}`).join('\n');
  return { breaks: 'same-state', seen: side('seen'), allowed: side('allowed') };
}

/** Every part of `seen` against the same part of `allowed`, which may have more. */
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
