/**
 * *Lockstep*: one program on both sides, an operation at a time. An operation is one step or several: a call, a segment that arrives, a timer
 * that runs out. After each step the results and the whole abstract state must agree, what was put on the wire must be what the
 * specification calls for (duties.ts), the invariants must hold, nothing may be lost, and every unit of data must be intact, in
 * order, and read once.
 */
import * as L from '../../impl/layout.ts';
import { get } from '../../impl/memory.ts';
import * as N from '../../impl/netinet/layout.ts';
import { type Call, carryOut, FIRST_PORT, getWord, RAW_PROTOCOL, UNIT, wireHost } from '../adapter.ts';
import type { Source } from '../compile/ir.ts';
import type { CompiledModel } from '../compile/model.ts';
import { Abstraction } from './abstraction.ts';
import { locksHeld, unaccounted } from './accounts.ts';
import { Cells } from './cells.ts';
import { Data, throwsAway } from './data.ts';
import { difference, equal } from './difference.ts';
import { unfinished } from './drain.ts';
import { Duties } from './duties.ts';
import { leftOf, receiveWindow, writes, writesUrgent } from './end.ts';
import { Ends } from './ends.ts';
import { Identities } from './identities.ts';
import { Broken, type Implementation, type Machine } from './implementation.ts';
import { Loans } from './loans.ts';
import { type Mismatch, printResult, type Wrong } from './mismatch.ts';
import { MOST_UNITS } from './oddities.ts';
import type { Argument, Configuration, Operation } from './operations.ts';
import { Remote } from './remote.ts';
import { type How, Senders } from './senders.ts';
import { isRemote, keyOf, mirrored, readSegment, type Segment } from './segment.ts';
import { type Scene, Specification } from './specification.ts';
import { Tap } from './tap.ts';
import { type Timer, timers, wrongTimers } from './timers.ts';
import { unsaid } from './unsaid.ts';
import { BrokenList } from './walk.ts';
import { Wire } from './wire.ts';

/** More segments than any exchange of so few units takes. */
const SETTLE_LIMIT = 200;
/** More than the retransmissions after which TCP gives up. */
const SILENCE_LIMIT = 20;
/** More timers than run out until every connection has given up. */
const DRAIN_LIMIT = 200;

/** Both sides, made once and used for one program after the other. */
export class Lockstep {
  readonly model: CompiledModel;
  readonly specification: Specification;
  readonly machine: Machine;
  /** Window probes that were lost on the way because half a unit would have arrived. */
  probesLost = 0;
  /** What calls have returned since this was made: "accept EWOULDBLOCK". A pending error that is handed out counts for who asked. */
  readonly answers = new Set<string>();
  private readonly abstraction: Abstraction;
  private readonly ids: Identities;
  /** The implementation's state in the specification's words. */
  private readonly seen: Int32Array;
  /** A state of the specification that keeps every invariant. */
  private readonly sound: Int32Array;
  private readonly ends: Ends;
  private readonly tap: Tap;
  private readonly duties: Duties;
  private readonly wire: Wire;
  private readonly remote: Remote;
  private readonly data: Data;
  private readonly loans: Loans;
  private readonly senders: Senders;

  constructor(model: CompiledModel, implementation: Implementation, sizes: Configuration) {
    const cells = new Cells(model);
    const specification = new Specification(model, cells, sizes);
    const ids = new Identities(cells, sizes);
    const machine = implementation.boot(sizes);
    const ends = new Ends(sizes.PCBS);
    const duties = new Duties(specification, ids, machine, ends);
    this.model = model;
    this.specification = specification;
    this.seen = model.initial();
    this.sound = model.initial().fill(-1);
    this.abstraction = new Abstraction(cells, sizes);
    this.ids = ids;
    this.machine = machine;
    this.ends = ends;
    this.tap = new Tap(machine.kernel);
    this.duties = duties;
    this.data = new Data(machine);
    this.loans = new Loans(machine);
    this.senders = new Senders(machine, specification, ids);
    this.wire = new Wire(specification, ids, machine, ends, duties, this.data);
    this.remote = new Remote(specification, ids, machine, ends);
  }

  /** The beginning of a program: nothing is open on either side. */
  reset(): void {
    this.specification.reset();
    this.machine.reset();
    this.ids.reset();
    this.ends.reset();
    this.tap.reset();
    this.duties.reset();
    this.remote.reset();
    this.data.reset();
    this.loans.reset();
    this.senders.reset();
  }

  scene(): Scene {
    return { ...this.specification.scene(this.machine.waiting()), lent: this.loans.some };
  }

  /** Carries out one operation on both sides. Null: they agree. */
  perform(operation: Operation): Mismatch | null {
    this.specification.place = null;
    try {
      return this.dispatch(operation);
    } catch (error) {
      if (error instanceof BrokenList) return { breaks: 'same-state', seen: error.message, allowed: 'lists of records, each with an end' };
      if (!(error instanceof Broken)) throw error;
      return { breaks: error.breaks, seen: error.message, allowed: 'the specification goes on' };
    }
  }

  /** Where the specification says what the last operation does; null if that was nothing to it. */
  place(): Source | null {
    return this.specification.place;
  }

  private dispatch({ name, args }: Operation): Mismatch | null {
    switch (name) {
      case 'deliver':
        return this.machine.waiting() > 0 ? this.deliver() : this.check();
      case 'settle':
        return this.settle() ?? this.check();
      case 'lose':
        return this.lose();
      case 'defer':
      case 'duplicate':
        return this.disorder(name);
      case 'timer':
        return this.timer();
      case 'silence':
        return this.silence();
      case 'drain':
        return this.drain();
      case 'send-urgent':
        return this.sendUrgent(args);
      case 'collect':
        return this.collect();
      case 'receive-lent':
        return this.loans.giveBack() ?? this.call('receive', args, { lent: this.specification.isStream(args.fd) });
      case 'send-lent': {
        const lent = args.amount !== 0 && this.specification.isStream(args.fd);
        return this.call('send', { ...args, addressed: false }, { lent });
      }
      case 'send-saying':
        return this.call('send', { ...args, addressed: false }, { message: true, says: args.amount !== 0 });
      case 'send-message':
      case 'sendmsg-saying':
      case 'receive-message':
        return this.call(name.slice(0, name.lastIndexOf('-')), args, { message: true, says: name === 'sendmsg-saying' });
      case 'ask-sender':
        return this.senders.ask(args.fd as number, args.on === true) ?? this.check();
      case 'return-lent':
        return this.loans.giveBack() ?? this.check();
      default:
        return name.startsWith('remote-') ? this.fromRemote(name, args) : this.call(name, args);
    }
  }

  // --- calls ---------------------------------------------------------------------------------------------------------------

  private call(name: string, args: Readonly<Record<string, Argument>>, how: How = {}): Mismatch | null {
    const { machine } = this;
    const { fd, amount, remote, addressed } = args;
    const so = typeof fd === 'number' ? this.specification.socketOf(fd) : null;
    const { protocol, pcb, peer } = so === null ? { protocol: 'none', pcb: -1, peer: null } : this.specification.association(so);
    const all = Object.values(args);
    // Where a datagram or a connect goes is no matter of the specification, which has no other end. It is the last argument.
    const list = remote === undefined ? all : all.slice(0, -1);
    if (so === null ? args.mapped === true : unsaid(machine.kernel, this.ids.pcbAt(pcb), protocol, name, args)) return this.check();
    const sends = name === 'send' || name === 'sendmsg' || name === 'broadcast';
    const receives = name === 'receive' || name === 'recvmsg';
    const unread = sends || receives ? this.specification.allUnread() : [];
    const first = sends ? this.data.fill(typeof amount === 'number' ? amount : 1) : 0;
    const host = remote === true ? { host: machine.remoteHost } : {};
    const made: Call = { name, args: list, ...host, ...this.senders.possible(how, so, name) };
    const seen = this.senders.carryOut(made, sends);
    if (made.lent === true && receives) this.loans.take();
    const allowed = this.specification.call(name, list);
    if (seen.errno !== allowed.errno || seen.value !== allowed.value || seen.answer !== allowed.answer) {
      return { breaks: 'same-result', seen: printResult(seen), allowed: printResult(allowed) };
    }
    this.answers.add(`${name} ${seen.errno}`);
    if (so === null) return this.check();
    this.senders.called(made, so, peer, seen);
    if (sends && seen.errno === 'none') {
      const stream = this.senders.sent({ so, peer, unread, first, units: seen.value, says: made.says === true });
      if (stream !== null) this.data.sent(stream, first, seen.value);
      const units = Array.from({ length: seen.value }, (_, index) => first + index);
      // What a send begins is known only when its SYN has been seen.
      const begun = protocol === 'tcp' && addressed === true && this.ends.of(pcb) === null ? this.check() : null;
      if (begun !== null) return begun;
      this.leaves(so, units, name === 'broadcast' ? N.HOST_BROADCAST : addressed === true ? (made.host ?? N.HOST_LOCAL) : null);
    }
    // A record for whose right there is no descriptor is lost with it.
    const failed = receives && seen.errno !== 'none' && (unread[so] ?? 0) > this.specification.unread(so);
    if (failed || throwsAway(name, args, seen.errno)) this.data.thrownAway(this.ids.nameOf(so));
    const strange = receives && (unread[so] ?? 0) > 0 ? this.senders.received(so, seen, made) : null;
    if (name === 'receiveoob' && seen.errno === 'none') return this.wrongUrgent(so) ?? this.check();
    if (receives && seen.errno === 'none') {
      // The rest of a record is lost.
      const lost = (unread[so] ?? 0) - this.specification.unread(so) - seen.value;
      const wrong = protocol === 'tcp' ? this.data.checkBrought(so, seen.value) : this.data.check(this.ids.nameOf(so), seen.value);
      if (wrong !== null) return { breaks: 'data-intact', seen: `socket ${so} ${wrong.seen}`, allowed: wrong.allowed };
      if (lost > 0) this.data.thrownAway(this.ids.nameOf(so));
    }
    return strange ?? this.check();
  }

  /**
   * A unit whose last byte is urgent, to the remote host, where there is room for it. To the specification it is a unit like any other: what is
   * urgent is a matter of numbers. (A peer of this host would be left with a part of a unit.)
   */
  private sendUrgent({ fd }: Readonly<Record<string, Argument>>): Mismatch | null {
    const so = typeof fd === 'number' ? this.specification.socketOf(fd) : null;
    const { protocol, pcb } = so === null ? { protocol: 'none', pcb: -1 } : this.specification.association(so);
    const key = protocol === 'tcp' ? this.ends.keyOfPcb(pcb) : null;
    const ours = key === null ? null : this.specification.connection(pcb);
    if (key === null || ours === null || !isRemote(key % 16) || ours.queued >= ours.buffer) return this.check();
    const end = this.ends.at(key);
    const first = this.data.fill(1);
    const list = [fd as number, 1, false];
    const made = { name: 'send', args: list, urgent: true };
    const seen = this.machine.attempt(() => carryOut(this.machine.sys, this.machine.kernel, this.machine.td, made));
    const allowed = this.specification.call('send', list);
    if (seen.errno !== allowed.errno || seen.value !== allowed.value)
      return { breaks: 'same-result', seen: printResult(seen), allowed: printResult(allowed) };
    if (seen.errno === 'none' && end !== null) {
      writesUrgent(end, first);
      this.duties.owe({ kind: 'urgent', key });
    }
    return this.check();
  }

  /** Whether the urgent byte that was read is the one that came. */
  private wrongUrgent(so: number): Mismatch | null {
    const came = this.ends.of(this.specification.association(so).pcb)?.came ?? null;
    const got = getWord(this.machine.kernel, this.machine.user) & 255;
    return came === got
      ? null
      : { breaks: 'data-intact', seen: `socket ${so} read the urgent byte ${got}`, allowed: `${came}, as it came` };
  }

  /** The collector runs. With no descriptor and no handle left there is nothing that may be in flight after it. */
  private collect(): Mismatch | null {
    const { machine } = this;
    const seen = machine.attempt(() => carryOut(machine.sys, machine.kernel, machine.td, { name: 'collect', args: [] }));
    this.specification.collect();
    if (seen.errno !== 'none') return { breaks: 'same-result', seen: printResult(seen), allowed: '0' };
    const { fds, handles } = this.scene();
    const left = get(machine.kernel, L.unp_rights);
    if (left > 0 && handles.length === 0 && fds.every((socket) => socket === null))
      return { breaks: 'nothing-lost', seen: `${left} rights in flight, and nothing is open`, allowed: 'none: the collector has run' };
    return this.check();
  }

  /** The socket was given these units to send: a datagram leaves at once, of a stream what the peer's window takes. */
  private leaves(so: number, units: readonly number[], host: number | null): void {
    const { protocol, pcb } = this.specification.association(so);
    const end = protocol === 'tcp' ? this.ends.of(pcb) : null;
    if (end !== null) writes(end, units);
    if (protocol !== 'udp' && protocol !== 'raw') return;
    const k = this.machine.kernel;
    const inp = this.ids.pcbAt(pcb);
    const raw = protocol === 'raw';
    const [to, port] =
      host === null ? [get(k, inp + N.inp_faddr), get(k, inp + N.inp_fport)] : [wireHost(k, inp, host), raw ? 0 : FIRST_PORT];
    const proto = raw ? RAW_PROTOCOL : L.IPPROTO_UDP;
    const copies = to === N.HOST_BROADCAST ? 2 : 1;
    this.duties.owe({ kind: 'datagram', proto, key: keyOf(get(k, inp + N.inp_lport), to, port), units, copies });
  }

  // --- the wire and the clock ------------------------------------------------------------------------------------------------

  /** The oldest segment arrives. */
  private deliver(): Mismatch | null {
    const segment = this.oldest();
    // The specification counts datagrams of one unit; others are lost on the way, as datagrams may be.
    if ((segment.proto === L.IPPROTO_UDP || segment.proto === RAW_PROTOCOL) && segment.len !== UNIT) return this.lose();
    const mismatch = this.wire.arrives(segment);
    this.tap.removes();
    this.machine.deliver();
    return mismatch ?? this.check();
  }

  /** The segment that is on the wire to this host the longest. */
  private oldest(): Segment {
    const { kernel } = this.machine;
    return readSegment(kernel, get(kernel, N.wire_first));
  }

  /** All segments arrive, and what is sent in answer to them. */
  private settle(): Mismatch | null {
    for (let i = 0; i < SETTLE_LIMIT && this.machine.waiting() > 0; i++) {
      const mismatch = this.deliver();
      if (mismatch !== null) return mismatch;
    }
    return this.machine.waiting() === 0
      ? null
      : {
          breaks: 'nothing-stuck',
          seen: `after ${SETTLE_LIMIT} segments there are more: one answers the other`,
          allowed: 'an exchange that ends',
        };
  }

  private lose(): Mismatch | null {
    this.tap.removes();
    this.machine.lose();
    return this.check();
  }

  /** Segments of TCP may overtake each other, and come twice. Datagrams may, too, but then nobody could tell that each is read once. */
  private disorder(how: 'defer' | 'duplicate'): Mismatch | null {
    if (this.machine.waiting() > 0 && this.oldest().proto === L.IPPROTO_TCP) {
      this.machine[how]();
      this.tap.skip();
    }
    return this.check();
  }

  /** The clock runs until the next timer has run out, if one is set. */
  private timer(): Mismatch | null {
    let due = this.due();
    if (due.length === 0) return this.check();
    if (!due.some(isProbe)) return this.expire(due);
    // Half a unit can arrive only if nobody sees it: the other half must be able to follow at once.
    const unsettled = this.settle();
    if (unsettled !== null) return unsettled;
    due = this.due();
    const whole = due.every((timer) => !isProbe(timer) || this.takesWhole(timer));
    const mismatch = this.expire(due);
    if (mismatch !== null) return mismatch;
    if (!whole) {
      this.probesLost++;
      return this.loseAll();
    }
    this.abstraction.rounding = true;
    const left = this.settle();
    this.abstraction.rounding = false;
    return left ?? this.check();
  }

  /** The timers that run out next, all at the same tick. */
  private due(): readonly Timer[] {
    const running = timers(this.machine.kernel);
    return running.filter((timer) => timer.due <= (running[0]?.due ?? 0));
  }

  private expire(due: readonly Timer[]): Mismatch | null {
    // Those of one tick come in any order; whoever gives up a silent peer does so last, so that what others may have sent before is known.
    for (const timer of due.toSorted((a, b) => Number(a.kind === 'keep') - Number(b.kind === 'keep'))) {
      const mismatch = this.wire.expires(timer);
      if (mismatch !== null) return mismatch;
    }
    this.machine.tick(Math.max(1, due[0]?.due ?? 1));
    return this.check();
  }

  /** Whether the peer of this connection takes nothing of what is queued, or all of it. */
  private takesWhole({ pcb }: Timer): boolean {
    const own = this.ids.pcbCode(pcb) - 1;
    const end = this.ends.of(own);
    const key = this.ends.keyOfPcb(own);
    const peer = key === null ? null : this.ends.at(mirrored(key));
    const theirs = peer === null ? null : this.specification.connection(peer.pcb);
    if (end === null || peer === null || theirs === null) return true;
    const window = receiveWindow(peer, theirs);
    return window === 0 || window >= leftOf(end);
  }

  private loseAll(): Mismatch | null {
    while (this.machine.waiting() > 0) {
      const mismatch = this.lose();
      if (mismatch !== null) return mismatch;
    }
    return null;
  }

  /** Nothing arrives any more, and the clock runs until a connection has given up. */
  private silence(): Mismatch | null {
    for (let i = 0; i < SILENCE_LIMIT; i++) {
      const due = this.due();
      const mismatch = this.loseAll() ?? (due.length === 0 ? null : this.expire(due));
      if (mismatch !== null) return mismatch;
      if (due.length === 0) break;
    }
    return this.loseAll() ?? this.check();
  }

  /** Everything arrives, the remote host answers, and the clock runs until no connection waits for anything but its user. */
  private drain(): Mismatch | null {
    let rest: string | null = null;
    for (let i = 0; i < DRAIN_LIMIT; i++) {
      const mismatch = this.settle();
      if (mismatch !== null) return mismatch;
      if (this.remote.catchesUp()) {
        this.tap.skip();
        continue;
      }
      rest = unfinished(this.specification, this.ends);
      if (rest === null) return this.check();
      if (this.due().length === 0) break;
      const late = this.timer();
      if (late !== null) return late;
    }
    return { breaks: 'nothing-stuck', seen: `although everything arrives and all timers run out, ${rest}`, allowed: 'an end of that' };
  }

  /** The remote host sends something that makes sense to one of our connections; it arrives at once, behind what is on the wire. */
  private fromRemote(name: string, args: Readonly<Record<string, Argument>>): Mismatch | null {
    const which = typeof args.which === 'number' ? args.which : 0;
    if (name === 'remote-connect') return this.remoteConnect(which) ?? this.check();
    this.data.fill(MOST_UNITS);
    return this.remoteSays(name, which, args) ? this.arriving() : this.check();
  }

  private remoteSays(name: string, which: number, { part, ack, here, units, what, error }: Readonly<Record<string, Argument>>): boolean {
    if (name === 'remote-window') return this.remote.offers(which, typeof units === 'number' ? units : 0);
    if (name === 'remote-odd') return this.remote.odd(which, String(what));
    if (name === 'remote-icmp') return this.remote.icmp(which, String(error));
    return this.remote.send(name, which, part === true || ack === true || here === true);
  }

  /** What was put on the wire from outside, and all before it, arrives. */
  private arriving(): Mismatch | null {
    this.tap.skip();
    return this.settle();
  }

  /** A whole handshake. The SYN must arrive first: its answer says what to acknowledge. */
  private remoteConnect(which: number): Mismatch | null {
    if (this.machine.waiting() > 0) return null;
    const key = this.remote.syn(which);
    if (key === null) return null;
    this.tap.skip();
    const mismatch = this.deliver();
    return mismatch !== null || !this.remote.acknowledge(key) ? mismatch : this.arriving();
  }

  // --- comparison ------------------------------------------------------------------------------------------------------------

  /** The end of a step: everything is compared. */
  private check(): Mismatch | null {
    const { kernel, td } = this.machine;
    const { words } = this.specification;
    const locks = locksHeld(kernel, td);
    if (locks !== null) return { breaks: 'nothing-lost', seen: locks, allowed: 'no lock is held between two calls' };
    const sent = this.tap.take(() => this.machine.discard());
    this.ids.update(kernel, words);
    this.seen.set(words);
    this.abstraction.write(kernel, this.ids, this.seen);
    if (this.abstraction.misfits.length > 0 || !equal(this.seen, words))
      return difference(this.specification, this.abstraction.misfits, this.seen);
    const wrong = this.duties.judge(sent);
    if (wrong !== null) return { breaks: 'same-wire', ...wrong };
    if (!this.abstraction.rounding) this.data.forget(this.specification);
    const lost = unaccounted(kernel);
    if (lost !== null)
      return { breaks: 'nothing-lost', seen: lost, allowed: 'what is in use belongs to a descriptor, a buffer, the wire or a connection' };
    const timer = this.wrongTimers();
    if (timer !== null) return { breaks: 'nothing-stuck', ...timer };
    const broken = this.broken();
    return broken === null ? null : { breaks: broken, seen: 'a state that breaks it, on both sides', allowed: 'no such state' };
  }

  private wrongTimers(): Wrong | null {
    for (const [, end] of this.ends.all()) {
      const ours = this.specification.connection(end.pcb);
      if (ours === null || ours.state === 'TIME_WAIT') continue;
      const wrong = wrongTimers(this.machine.kernel, this.ids.pcbAt(end.pcb), end, ours);
      if (wrong !== null) return wrong;
    }
    return null;
  }

  /** The invariants, unless this very state was found to keep them a moment ago: many a call fails and changes nothing. */
  private broken(): string | null {
    const { words } = this.specification;
    if (equal(words, this.sound)) return null;
    const broken = this.specification.broken();
    if (broken === null) this.sound.set(words);
    return broken;
  }
}

function isProbe({ kind, pcb }: Timer): boolean {
  return kind === 'probe' && pcb !== 0;
}
