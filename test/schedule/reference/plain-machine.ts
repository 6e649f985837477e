/**
 * The machine again, as plainly as can be: it copies everything before a step, reckons the fingerprint from nothing, keeps waiters and
 * ranges in lists of objects, and rests before every access even where it goes on at once. What the machine of the scheduler
 * does is held against this one.
 */
import { CELL_SHIFT, STATUS, THREAD } from '../../../oracle/compile/impl-javascript.ts';
import { CELL_BYTES, CELLS, type Door, DOORS } from '../../../oracle/compile/ir-impl.ts';
import {
  BLOCKED,
  DONE,
  GUARDED,
  OP_GUARD,
  OP_NONE,
  opOf,
  PANICKED,
  PLAIN,
  READ,
  READY,
  type Waiter,
  WRITE,
} from '../../../oracle/schedule/operation.ts';
import type { Program, Range, Violation } from '../../../oracle/schedule/program.ts';
import { type MachineOptions, PlainState } from './plain-state.ts';

/** A block that makes more plain accesses than this spins for something that nobody publishes. */
const MOST_PLAIN = 100_000;
const MOST_TICKETS = 16;

export class PlainMachine extends PlainState {
  constructor(program: Program, options: MachineOptions) {
    super(program, options);
    for (let agent = 0; agent < this.agents; agent++) this.begin(agent);
    for (let agent = 0; agent < this.agents; agent++) this.settle(agent);
    this.races();
    this.rehash();
  }

  /** Makes a transition that is enabled: the step of an agent, or (agents + agent) the time-out of its wait. */
  step(transition: number): void {
    if (this.violation !== null) throw new Error('the machine has found a violation; undo first');
    if ((this.enabled() & (1 << transition)) === 0) throw new Error(`transition ${transition} is not enabled`);
    this.log.push({
      frames: this.frames.slice(),
      kinds: this.opKind.slice(),
      from: this.opFrom.slice(),
      bytes: this.opBytes.slice(),
      status: this.agentStatus.slice(),
      position: this.scriptPosition.slice(),
      announced: this.announced,
      results: this.ended.slice(),
      tickets: this.tickets.slice(),
      ranges: this.ranges.slice(),
      waiters: this.list,
      monitorState: this.monitorState,
      hash: this.hash.slice(),
      memory: this.memoryLog.length,
    });
    this.woken = 0;
    if (transition >= this.agents) this.timeOut(transition - this.agents);
    else this.move(transition);
    this.rehash();
  }

  private fail(agent: number, id: string, text: string, more: Partial<Violation> = {}): void {
    this.violation ??= { id, agent, text, ...more };
  }

  private move(agent: number): void {
    if (this.agentStatus[agent] === GUARDED) {
      this.lastRead = this.words[this.call(agent)?.guard?.word ?? 0] ?? 0;
      this.ranges[agent] = [];
      this.enter(agent);
      this.settle(agent);
      this.races();
      return;
    }
    this.announce(agent);
    if (this.violation !== null) return;
    const isPlain = (this.opAccess(agent) & PLAIN) !== 0;
    if (!isPlain) this.ranges[agent] = [];
    const before = this.access(agent);
    if (before !== null) {
      this.goOn(agent, before);
      this.settle(agent);
    }
    this.races();
  }

  /** Call events are made with the first access. */
  private announce(agent: number): void {
    if ((this.announced & (1 << agent)) !== 0) return;
    this.announced |= 1 << agent;
    if (!this.isVisible(agent) || this.monitor === null) return;
    const state = this.monitor.call(this.monitorState, agent, this.position(agent));
    if (state < 0) this.fail(agent, 'history', `${this.call(agent)?.label} is not admitted here`);
    else this.monitorState = state;
  }

  private isVisible(agent: number): boolean {
    return this.call(agent)?.visible ?? this.agent(agent).kind === 'thread';
  }

  /** The next call of the script, up to its guard or first access. */
  private begin(agent: number): void {
    const call = this.call(agent);
    this.opKind[agent] = OP_NONE;
    [this.opFrom[agent], this.opBytes[agent]] = [0, 0];
    this.announced &= ~(1 << agent);
    if (call === undefined) {
      this.agentStatus[agent] = DONE;
      return;
    }
    if (call.guard !== undefined) {
      this.agentStatus[agent] = GUARDED;
      this.opKind[agent] = OP_GUARD;
      this.opFrom[agent] = call.guard.word * 4;
      this.opBytes[agent] = 4;
      return;
    }
    this.enter(agent);
  }

  private enter(agent: number): void {
    const call = this.call(agent);
    if (call === undefined) return;
    const index = this.code.names[call.fn];
    const fn = index === undefined ? undefined : this.code.functions[index];
    if (index === undefined || fn === undefined) throw new RangeError(`there is no function ${call.fn}`);
    if (call.args.length !== fn.params) throw new RangeError(`${call.fn} has ${fn.params} parameters, not ${call.args.length}`);
    if (fn.pure) throw new RangeError(`${call.fn} touches no shared memory`);
    const args = call.args.map((arg) => (typeof arg === 'number' ? arg : (this.ended[agent]?.[arg.resultOf] ?? 0)));
    const t = this.base(agent);
    const fp = t + THREAD.stack;
    this.agentStatus[agent] = READY;
    this.frames[t + THREAD.status] = STATUS.ready;
    this.frames[t + THREAD.frame] = THREAD.stack;
    this.frames[t + THREAD.result] = 0;
    this.frames[fp] = index;
    for (const { local, slot } of this.program.code.artefact.frames[index]?.places[0]?.live ?? [])
      this.frames[fp + 3 + slot] = args[local] ?? 0;
    this.program.code.go(this.frames, this.words, t, 0);
  }

  private goOn(agent: number, result: number): void {
    const t = this.base(agent);
    for (let n = 0; n < 4; n++) this.frames[t + THREAD.door + n] = 0;
    this.program.code.go(this.frames, this.words, t, result);
  }

  /** Runs an agent from where it stands to where it rests: past what is no access, and past plain accesses if it is to be. */
  private settle(agent: number): void {
    for (let plain = 0; this.agentStatus[agent] === READY && this.violation === null; ) {
      const t = this.base(agent);
      if (this.frames[t + THREAD.status] !== STATUS.ready) {
        this.returned(agent, this.frames[t + THREAD.result] ?? 0);
        continue;
      }
      const word = this.frames[t + THREAD.door] ?? 0;
      const door = DOORS[(word & ((1 << CELL_SHIFT) - 1)) - 1];
      if (door === 'panic' || door === 'fail') {
        const [code, about] = [this.arg(agent, 0), this.arg(agent, 1)];
        this.agentStatus[agent] = PANICKED;
        if (door === 'panic') this.fail(agent, `panic-${code}`, `panic ${code}, object ${about}`, { code, about });
        else this.fail(agent, 'assertion', `assertion ${code} failed`, { code, about });
        return;
      }
      if (door === 'pause') {
        this.goOn(agent, 0);
        continue;
      }
      this.rest(agent, door ?? 'load');
      if (this.granularity === 'access' || (this.opAccess(agent) & PLAIN) === 0) return;
      if (++plain > MOST_PLAIN) {
        this.fail(agent, 'unordered-spin', `more than ${MOST_PLAIN} plain accesses and no atomic one`);
        return;
      }
      this.goOn(agent, this.access(agent) ?? 0);
    }
  }

  private returned(agent: number, result: number): void {
    this.announce(agent);
    this.ended[agent] = [...(this.ended[agent] ?? []), result];
    if (this.violation === null && this.isVisible(agent) && this.monitor !== null) {
      const state = this.monitor.return(this.monitorState, agent, this.position(agent), result);
      if (state < 0) this.fail(agent, 'history', `${this.call(agent)?.label} = ${result} is not admitted here`);
      else this.monitorState = state;
    }
    this.scriptPosition[agent] = this.position(agent) + 1;
    this.begin(agent);
  }

  /** Which bytes the access touches that an agent now rests before. */
  private rest(agent: number, door: Door): void {
    this.opKind[agent] = opOf(door);
    const at = this.arg(agent, 0);
    const isByte = door === 'getByte' || door === 'putByte';
    const cell = this.cell(agent);
    const from = isByte || door === 'copy' || cell !== 0 ? at : door === 'settle' ? 0 : at * 4;
    let bytes = isByte ? 1 : cell === 0 ? 4 : CELL_BYTES[CELLS[cell - 1] ?? 'i32'];
    if (door === 'zero') bytes = this.arg(agent, 1) * 4;
    if (door === 'copy') bytes = this.arg(agent, 2);
    if (door === 'settle') bytes = 0;
    this.opFrom[agent] = from;
    this.opBytes[agent] = bytes;
    const wild = (first: number): boolean => first < 0 || first + bytes > this.bytes.length;
    if (wild(from) || (door === 'copy' && wild(this.arg(agent, 1))))
      this.fail(agent, 'wild-access', `${door} at byte ${from} is outside the shared memory`);
  }

  private touch(word: number): void {
    this.memoryLog.push(word, this.words[word] ?? 0);
  }

  private writeCell(agent: number, value: number): void {
    const from = this.opFrom[agent] ?? 0;
    this.touch(from >> 2);
    const bytes = this.opBytes[agent];
    if (bytes === 1) this.view.setInt8(from, value);
    else if (bytes === 2) this.view.setInt16(from, value, true);
    else this.words[from >> 2] = value;
    this.lastWritten = value;
  }

  private plain(agent: number, from: number, bytes: number, write: boolean): void {
    const mine = this.ranges[agent] ?? [];
    if (!mine.some((r) => r.from === from && r.bytes === bytes && r.write === write))
      this.ranges[agent] = [...mine, { from, bytes, write }];
  }

  /** Makes the access that the agent rests before. Null: it blocks. */
  private access(agent: number): number | null {
    const [a, b, c] = [this.arg(agent, 0), this.arg(agent, 1), this.arg(agent, 2)];
    const [from, bytes] = [this.opFrom[agent] ?? 0, this.opBytes[agent] ?? 0];
    const door = DOORS[(this.opKind[agent] ?? 0) - 1];
    const old = bytes <= 4 && bytes > 0 && door !== 'copy' && door !== 'zero' ? this.readCell(agent) : 0;
    this.lastRead = old;
    const update = (value: number): number => {
      this.writeCell(agent, value);
      return old;
    };
    switch (door) {
      case 'get':
        this.plain(agent, from, bytes, false);
        return old;
      case 'put':
        this.plain(agent, from, bytes, true);
        update(b);
        return 0;
      case 'getByte':
        this.plain(agent, from, 1, false);
        this.lastRead = this.bytes[a] ?? 0;
        return this.lastRead;
      case 'putByte':
        this.plain(agent, from, 1, true);
        update(b);
        return 0;
      case 'zero':
        if (b > 0) this.plain(agent, from, bytes, true);
        for (let word = a; word < a + b; word++) {
          this.touch(word);
          this.words[word] = 0;
        }
        return 0;
      case 'copy':
        if (c > 0) {
          this.plain(agent, b, c, false);
          this.plain(agent, a, c, true);
          for (let word = a >> 2; word <= (a + c - 1) >> 2; word++) this.touch(word);
          this.bytes.copyWithin(a, b, b + c);
        }
        return 0;
      case 'load':
        return old;
      case 'store':
        update(b);
        return 0;
      case 'compareExchange':
        return old === this.narrow(agent, b) ? update(c) : old;
      case 'add':
        return update(old + b);
      case 'sub':
        return update(old - b);
      case 'and':
        return update(old & b);
      case 'or':
        return update(old | b);
      case 'xor':
        return update(old ^ b);
      case 'exchange':
        return update(b);
      case 'wait':
      case 'waitFor':
        if (old !== b) return 1;
        this.queue({ agent, ticket: -1, at: from, timed: door === 'waitFor' });
        this.agentStatus[agent] = BLOCKED;
        this.opKind[agent] = OP_NONE;
        [this.opFrom[agent], this.opBytes[agent]] = [0, 0];
        return null;
      case 'waitAsync': {
        if (old !== b) return -1;
        const mine = this.tickets[agent] ?? [];
        if (mine.length >= MOST_TICKETS) throw new RangeError(`an agent makes at most ${MOST_TICKETS} asynchronous waits`);
        this.queue({ agent, ticket: mine.length, at: from, timed: c !== 0 });
        this.tickets[agent] = [...mine, -1];
        return mine.length;
      }
      case 'settle': {
        const state = this.tickets[agent]?.[a] ?? -1;
        if (state >= 0) return state;
        this.agentStatus[agent] = BLOCKED;
        return null;
      }
      case 'notify':
        return this.notify(from, b);
      default:
        throw new Error(`${door} is no access`);
    }
  }

  private queue(waiter: Waiter): void {
    if (waiter.timed && this.list.some(({ agent, timed }) => timed && agent === waiter.agent))
      throw new RangeError('an agent has at most one wait with a time-out at a time');
    this.list = [...this.list, waiter];
  }

  private notify(at: number, count: number): number {
    const here = this.list.filter((waiter) => waiter.at === at).slice(0, Math.max(0, count));
    for (const waiter of here) this.wake(waiter, 0);
    return here.length;
  }

  private timeOut(agent: number): void {
    const waiter = this.list.find((w) => w.timed && w.agent === agent);
    if (waiter !== undefined) this.wake(waiter, 2);
    this.races();
  }

  /** Takes a waiter out of the list; its agent goes on if it was blocked for that. */
  private wake(waiter: Waiter, result: number): void {
    const { agent, ticket } = waiter;
    this.list = this.list.filter((other) => other !== waiter);
    if (ticket >= 0) {
      this.tickets[agent] = (this.tickets[agent] ?? []).map((state, index) => (index === ticket ? result : state));
      if (this.opKind[agent] !== opOf('settle') || this.agentStatus[agent] !== BLOCKED || this.arg(agent, 0) !== ticket) return;
    }
    this.woken |= 1 << agent;
    this.agentStatus[agent] = READY;
    this.ranges[agent] = [];
    this.goOn(agent, result);
    this.settle(agent);
  }

  /** Two agents whose current blocks conflict: neither happens before the other. */
  private races(): void {
    if (this.violation !== null) return;
    const touched = this.program.agents.map((_, agent) => {
      const access = this.opAccess(agent);
      const [from, bytes] = [this.opFrom[agent] ?? 0, this.opBytes[agent] ?? 0];
      const next: readonly (Range & { readonly atomic: boolean })[] =
        (access & (READ | WRITE)) === 0 || this.opKind[agent] === opOf('copy')
          ? []
          : [{ from, bytes, write: (access & WRITE) !== 0, atomic: (access & PLAIN) === 0 }];
      return [...this.blockRanges(agent).map((range) => ({ ...range, atomic: false })), ...next];
    });
    touched.forEach((mine, agent) => {
      touched.slice(agent + 1).forEach((theirs, index) => {
        for (const a of mine)
          for (const b of theirs) {
            const from = Math.max(a.from, b.from);
            const to = Math.min(a.from + a.bytes, b.from + b.bytes);
            if (from >= to || !(a.write || b.write) || (a.atomic && b.atomic && a.from === b.from && a.bytes === b.bytes)) continue;
            const other = agent + 1 + index;
            this.fail(agent, 'data-race', `${this.agent(agent).name} and ${this.agent(other).name} touch byte ${from} unordered`, {
              race: { other, from, bytes: to - from },
            });
          }
      });
    });
  }
}
