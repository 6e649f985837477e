/**
 * The *machine* runs the agents of a program one step at a time, in any order, and can go back. An agent rests before an access to
 * shared memory; a step makes that access and goes on to the next place where the agent rests.
 *
 *   block     an agent rests before atomic accesses only, and a step makes the plain ones that follow at once. A program without data
 *             races can't tell; races themselves are found, because two agents' *current blocks* (the plain accesses since the last
 *             atomic one, and the atomic one they rest before) are never ordered.
 *   access    an agent rests before every access.
 *
 *   guarded → ready     [another agent's step: the guard's word]        ready → blocked    [step: wait, settle]
 *   ready → guarded     [step: it rests before an acquire]
 *   ready → ready       [step]                                          blocked → ready    [notify of another; time-out of its own]
 *   ready → guarded     [step: the call returned, the next has a guard] ready → done       [step: the last call returned]
 *   ready → panicked    [step: panic, fail]
 *
 * Futexes are those of ECMA-262: one list for each address, first come first served, nobody wakes by himself, an asynchronous
 * waiter stands in the same list. A wait with a time-out may time out at any moment: that is a transition of its own.
 *
 * A call event is made just before the first access of the call, its return event in the step of its last one: of the histories that
 * look the same to the agents this is the one that orders most. The next call begins in that step too; nobody can see it.
 */
import { CELL_SHIFT } from '../compile/impl-javascript.ts';
import { MEMORY, REGISTER, THROWN } from '../compile/impl-steps.ts';
import { conflictingAgent, entryOf, mayConflict, WRITERS } from './footprint.ts';
import { GLOBAL, MOST_TICKETS, NO_RANK, RECORD, RECORDS, TICKET_QUEUED, TICKET_RANK_BITS, WAITER_WORDS } from './heap.ts';
import { BLOCKED, OP_ACQUIRE, OP_GUARD, OP_NONE, opOf, PLAIN, READ, READY, WRITE } from './operation.ts';
import { Memo } from './memo.ts';
import type { Program } from './program.ts';
import { Runner } from './runner.ts';
import { hashState, startHash, updateHash } from './share.ts';
import { type MachineOptions, narrow } from './state.ts';
import { growStore, openStep, renew, renewWaiters } from './store.ts';

const OP_MASK = (1 << CELL_SHIFT) - 1;

const [LOAD, STORE, COMPARE, ADD, SUB] = [opOf('load'), opOf('store'), opOf('compareExchange'), opOf('add'), opOf('sub')];
const [OR, AND, XOR, EXCHANGE] = [opOf('or'), opOf('and'), opOf('xor'), opOf('exchange')];
const [WAIT, WAIT_FOR, WAIT_ASYNC, SETTLE, NOTIFY] = [opOf('wait'), opOf('waitFor'), opOf('waitAsync'), opOf('settle'), opOf('notify')];
const [GET, PUT, ZERO, GET_BYTE, PUT_BYTE, COPY] = [opOf('get'), opOf('put'), opOf('zero'), opOf('getByte'), opOf('putByte'), opOf('copy')];

export class Machine extends Runner {
  constructor(program: Program, options: MachineOptions) {
    super(program, options);
    // Local states are told apart by their shares of the fingerprint; and a block that goes on over several steps is not one step's.
    if (options.hashed && options.granularity === 'block' && options.memo !== false) this.memo = new Memo(this.agents);
    this.begin();
  }

  private begin(): void {
    const { heap } = this;
    growStore(this);
    for (let agent = 0; agent < this.agents; agent++) {
      heap[RECORDS + agent] = heap[REGISTER.store]!;
      heap[REGISTER.store] = heap[REGISTER.store]! + this.layout.recordWords;
    }
    heap[REGISTER.logEnd] = this.log.length - 3;
    for (;;) {
      openStep(this, -1);
      try {
        for (let agent = 0; agent < this.agents && this.violation === null; agent++) {
          const record = renew(this, agent);
          this.moving = agent;
          this.newBlock(agent, record);
          this.nextCall(agent, record);
        }
        this.checkBlocks();
      } catch (thrown) {
        if (this.caught(thrown, 0)) continue;
      }
      if (this.retries(0)) continue;
      break;
    }
    // It can't be gone back from.
    this.steps = 0;
    heap[REGISTER.log] = 0;
    this.initialViolation = this.violation;
    if (this.hashed) startHash(this);
    if (this.memo !== null) this.memo.begin(this);
  }

  /** The fingerprint of the state as it is, reckoned from nothing. */
  fingerprint(): Int32Array {
    return hashState(this);
  }

  /** Makes a transition that is enabled: the step of an agent, or (agents + agent) the time-out of its wait. */
  step(transition: number): void {
    if (this.violation !== null) throw new Error('the machine has found a violation; undo first');
    if ((this.enabled() & (1 << transition)) === 0) throw new RangeError(`transition ${transition} is not enabled`);
    if (this.memo !== null && transition < this.agents && this.memo.recall(this, transition)) {
      if (this.hasBlocks) this.checkMoved(transition);
      return;
    }
    const { heap } = this;
    const mark = this.steps;
    for (;;) {
      openStep(this, transition);
      const logFrom = heap[REGISTER.log]!;
      this.woken = 0;
      this.heard = 0;
      try {
        if (transition < this.agents) this.move(transition);
        else this.timeOut(transition - this.agents);
      } catch (thrown) {
        if (this.caught(thrown, mark)) continue;
      }
      if (this.retries(mark)) continue;
      if (this.hashed) updateHash(this, logFrom);
      if (this.memo !== null) this.memo.remember(this, transition);
      return;
    }
  }

  private move(agent: number): void {
    this.moving = agent;
    const record = renew(this, agent);
    const { heap, store } = this;
    if (store[record + RECORD.op] === OP_GUARD) {
      this.lastRead = heap[store[record + RECORD.args]! + MEMORY]!;
      this.newBlock(agent, record);
      this.setStatus(agent, READY);
      this.enter(agent, record);
    } else {
      if (store[record + RECORD.announced] === 0) {
        this.announce(agent, record);
        if (this.violation !== null) return;
      }
      this.access(agent, record);
    }
    if (this.hasBlocks) this.checkBlocks();
  }

  /** Makes the access that the agent rests before, and goes on. */
  private access(agent: number, record: number): void {
    const { heap, store } = this;
    const op = store[record + RECORD.op]!;
    const a = store[record + RECORD.args]!;
    const b = store[record + RECORD.args + 1]!;
    const cell = op >> CELL_SHIFT;
    const kind = op & OP_MASK;
    if (this.restsPlainly && (this.opAccess(agent) & PLAIN) !== 0) {
      this.resume(agent, record, this.plain(agent, record, kind, cell));
      return;
    }
    if (this.hasBlocks) this.newBlock(agent, record);
    if (cell > 1) {
      this.resume(agent, record, this.narrowAccess(agent, record, kind, cell));
      return;
    }
    const word = cell === 0 ? a : a >> 2;
    const old = heap[word + MEMORY]!;
    this.lastRead = old;
    let result = old;
    switch (kind) {
      case LOAD:
        break;
      case STORE:
        this.write(word, b);
        result = 0;
        break;
      case COMPARE:
        if (old === b) this.write(word, store[record + RECORD.args + 2]!);
        break;
      case EXCHANGE:
        this.write(word, b);
        break;
      case OP_ACQUIRE:
        this.write(word, (old + store[record + RECORD.args + 2]!) | 0);
        this.setStatus(agent, READY);
        break;
      case ADD:
        this.write(word, (old + b) | 0);
        break;
      case SUB:
        this.write(word, (old - b) | 0);
        break;
      case OR:
        this.write(word, old | b);
        break;
      case AND:
        this.write(word, old & b);
        break;
      case XOR:
        this.write(word, old ^ b);
        break;
      case NOTIFY:
        this.notify(agent, record, word * 4, b);
        return;
      case WAIT:
      case WAIT_FOR:
        if (old === b) {
          this.queue(agent, record, -1, word * 4, kind === WAIT_FOR);
          return;
        }
        result = 1;
        break;
      case WAIT_ASYNC:
        result = old === b ? this.waitAsync(agent, record, word * 4) : -1;
        break;
      default: {
        if (kind !== SETTLE) throw new Error(`operation ${kind} is no access`);
        const state = a < 0 || a >= store[record + RECORD.tickets]! ? 0 : store[record + RECORD.states + a]!;
        if (state < TICKET_QUEUED) throw new RangeError(`agent ${agent} has no ticket ${a}`);
        if (state === TICKET_QUEUED) {
          this.setStatus(agent, BLOCKED);
          return;
        }
        result = state - 2;
      }
    }
    this.resume(agent, record, result);
  }

  /** Writes a word as an atomic access does. */
  private write(word: number, value: number): void {
    const { heap, log } = this;
    const old = heap[word + MEMORY]!;
    if (old === value) return;
    const end = heap[REGISTER.log]!;
    if (end >= heap[REGISTER.logEnd]!) throw THROWN.full;
    log[end] = word;
    log[end + 1] = old;
    log[end + 2] = value;
    heap[REGISTER.log] = end + 3;
    heap[word + MEMORY] = value;
  }

  private writeCell(from: number, bytes: number, value: number): void {
    const mask = (bytes === 4 ? -1 : (1 << (bytes * 8)) - 1) << ((from & 3) << 3);
    const old = this.heap[(from >> 2) + MEMORY]!;
    this.write(from >> 2, (old & ~mask) | ((value << ((from & 3) << 3)) & mask));
  }

  /** An atomic access of a cell smaller than a word. */
  private narrowAccess(agent: number, record: number, kind: number, cell: number): number {
    const { store } = this;
    const old = this.cellValue(agent);
    const b = store[record + RECORD.args + 1]!;
    const from = this.opFrom[agent]!;
    const bytes = this.opBytes[agent]!;
    this.lastRead = old;
    if (kind === LOAD) return old;
    if (kind === COMPARE) {
      if (old === narrow(cell, b)) this.writeCell(from, bytes, store[record + RECORD.args + 2]!);
      return old;
    }
    let value = b;
    if (kind === ADD) value = old + b;
    else if (kind === SUB) value = old - b;
    else if (kind === OR) value = old | b;
    else if (kind === AND) value = old & b;
    else if (kind === XOR) value = old ^ b;
    else if (kind !== STORE && kind !== EXCHANGE) throw new RangeError('futexes are cells of 32 bits');
    this.writeCell(from, bytes, value);
    return kind === STORE ? 0 : old;
  }

  /** A plain access that is a step of its own. It joins the block. */
  private plain(agent: number, record: number, kind: number, cell: number): number {
    const { heap, trace, store } = this;
    const args = record + RECORD.args;
    const from = this.opFrom[agent]!;
    const bytes = this.opBytes[agent]!;
    let end = heap[REGISTER.trace]!;
    const blockFrom = end;
    for (let n = store[record + RECORD.blockFrom]!; n < store[record + RECORD.blockEnd]!; n++) trace[end++] = trace[n]!;
    store[record + RECORD.blockFrom] = blockFrom;
    store[record + RECORD.blockEnd] = end;
    heap[REGISTER.trace] = end;
    this.lastRead = kind === GET || kind === PUT || kind === GET_BYTE || kind === PUT_BYTE ? this.cellValue(agent) : 0;
    const leave = (first: number, length: number, isWrite: boolean): void => {
      for (let byte = first; byte < first + length; byte = (byte | 3) + 1)
        trace[heap[REGISTER.trace]!++] = entryOf(byte, Math.min(4 - (byte & 3), first + length - byte), !isWrite, isWrite);
    };
    switch (kind) {
      case GET:
      case GET_BYTE:
        leave(from, bytes, false);
        return this.lastRead;
      case PUT:
      case PUT_BYTE:
        leave(from, bytes, true);
        this.writeCell(from, bytes, narrow(kind === PUT_BYTE ? 3 : cell, store[args + 1]!));
        return 0;
      case ZERO:
        leave(from, bytes, true);
        for (let word = from >> 2; word < (from + bytes) >> 2; word++) this.write(word, 0);
        return 0;
      default: {
        const source = store[args + 1]!;
        leave(source, bytes, false);
        leave(from, bytes, true);
        const copied = Array.from({ length: bytes }, (_, n) => heap[((source + n) >> 2) + MEMORY]! >> (((source + n) & 3) << 3));
        for (const [n, byte] of copied.entries()) this.writeCell(from + n, 1, byte & 255);
        return 0;
      }
    }
  }

  private notify(agent: number, record: number, at: number, count: number): void {
    const { heap, store } = this;
    let total = 0;
    // What each of those woken goes on with is 0, and he goes on after the one who woke him.
    for (let n = 0; heap[GLOBAL.waiters] !== 0 && n < store[heap[GLOBAL.waiters]!]! && total < count; ) {
      if (store[heap[GLOBAL.waiters]! + 1 + n * WAITER_WORDS + 2] !== at) n++;
      else {
        this.wake(n, 0);
        total++;
      }
    }
    if (total > 0) this.rank(at);
    this.resume(agent, record, total);
    if (this.woken !== 0) this.goOn(0);
  }

  private timeOut(agent: number): void {
    const { heap, store } = this;
    for (let n = 0, waiter = heap[GLOBAL.waiters]! + 1; ; n++, waiter += WAITER_WORDS) {
      if (store[waiter] !== agent || store[waiter + 3] === 0) continue;
      const at = store[waiter + 2]!;
      this.wake(n, 2);
      this.rank(at);
      break;
    }
    this.goOn(2);
    this.checkBlocks();
  }

  /** Those who were woken in this step go on with what their wait gives. */
  private goOn(result: number): void {
    for (let woken = this.woken; woken !== 0 && this.violation === null; woken &= woken - 1) {
      const agent = 31 - Math.clz32(woken & -woken);
      const record = this.heap[RECORDS + agent]!;
      this.moving = agent;
      this.newBlock(agent, record);
      this.resume(agent, record, result);
    }
  }

  /** The agent, or one of its tickets, goes to the end of the list. */
  private queue(agent: number, record: number, ticket: number, at: number, timed: boolean): void {
    const { heap, store } = this;
    if (timed && (heap[GLOBAL.timed]! & (1 << agent)) !== 0)
      throw new RangeError('an agent has at most one wait with a time-out at a time');
    const rank = this.waitersAt(at);
    const list = renewWaiters(this);
    const waiter = list + 1 + store[list]! * WAITER_WORDS;
    store[waiter] = agent;
    store[waiter + 1] = ticket;
    store[waiter + 2] = at;
    store[waiter + 3] = timed ? 1 : 0;
    store[list] = store[list]! + 1;
    if (timed) heap[GLOBAL.timed] = heap[GLOBAL.timed]! | (1 << agent);
    this.setRank(record, ticket, at, rank);
    if (ticket >= 0) return;
    this.setStatus(agent, BLOCKED);
    for (let n = 0; n < 4; n++) store[record + RECORD.op + n] = 0;
    this.point(agent, record, OP_NONE, 0, 0);
  }

  private waitAsync(agent: number, record: number, at: number): number {
    const { store } = this;
    const ticket = store[record + RECORD.tickets]!;
    if (ticket >= MOST_TICKETS) throw new RangeError(`an agent makes at most ${MOST_TICKETS} asynchronous waits`);
    store[record + RECORD.tickets] = ticket + 1;
    store[record + RECORD.states + ticket] = TICKET_QUEUED;
    this.queue(agent, record, ticket, at, store[record + RECORD.args + 2] !== 0);
    return ticket;
  }

  private setRank(record: number, ticket: number, at: number, rank: number): void {
    const { store } = this;
    if (ticket < 0) {
      store[record + RECORD.waits] = at + 1;
      store[record + RECORD.rank] = rank;
    } else store[record + RECORD.states + MOST_TICKETS + ticket] = (((at >> 2) << TICKET_RANK_BITS) | rank) + 1;
  }

  /** Somebody has left the list: the others at his address move up. */
  private rank(at: number): void {
    const { heap, store } = this;
    const list = heap[GLOBAL.waiters]!;
    let rank = 0;
    for (let n = 0, waiter = list + 1; n < store[list]!; n++, waiter += WAITER_WORDS)
      if (store[waiter + 2] === at) this.setRank(renew(this, store[waiter]!), store[waiter + 1]!, at, rank++);
  }

  /** Takes a waiter out of the list. His agent is ready to go on, if it was blocked for that. */
  private wake(index: number, result: number): void {
    const { heap, store } = this;
    const list = renewWaiters(this);
    const waiter = list + 1 + index * WAITER_WORDS;
    const agent = store[waiter]!;
    const ticket = store[waiter + 1]!;
    const at = store[waiter + 2]!;
    if (store[waiter + 3] !== 0) heap[GLOBAL.timed] = heap[GLOBAL.timed]! & ~(1 << agent);
    store.copyWithin(waiter, waiter + WAITER_WORDS, list + 1 + store[list]! * WAITER_WORDS);
    store[list] = store[list]! - 1;
    const record = renew(this, agent);
    if (ticket < 0) {
      store[record + RECORD.waits] = 0;
      store[record + RECORD.rank] = 0;
    } else {
      store[record + RECORD.states + ticket] = 2 + result;
      // Where it was is still known: settling it comes after the end of the wait.
      this.setRank(record, ticket, at, NO_RANK);
      if (store[record + RECORD.status] !== BLOCKED || this.opKind[agent] !== SETTLE || store[record + RECORD.args] !== ticket) return;
    }
    this.woken |= 1 << agent;
    this.setStatus(agent, READY);
  }

  /**
   * What agents rest before against what others have done since their last atomic access, and against what others rest before:
   * neither comes before the other. (A copy, which rests only where every access does, is found when it has been made.)
   */
  private checkBlocks(): void {
    if (this.violation !== null || !this.hasBlocks) return;
    const isMixed = this.code.hasNarrowAtomics || this.restsPlainly;
    for (let agent = 0; agent < this.agents; agent++) {
      if (this.opBytes[agent] === 0 || this.opKind[agent] === COPY) continue;
      const [from, bytes] = [this.opFrom[agent]!, this.opBytes[agent]!];
      if (bytes > 4 || mayConflict(this, agent, from >> 2, true)) {
        const access = this.opAccess(agent);
        this.checkBytes(agent, from, bytes, (access & READ) !== 0, (access & WRITE) !== 0);
      }
      if (isMixed) this.checkNext(agent);
    }
  }

  /** As `checkBlocks` does, where only one agent has moved and the others have been held against each other before. */
  private checkMoved(agent: number): void {
    const { heap, store } = this;
    const { shadow } = this.layout;
    const record = heap[RECORDS + agent]!;
    let isClear = !this.code.hasNarrowAtomics && (this.opBytes[agent] === 0 || !mayConflict(this, agent, this.opFrom[agent]! >> 2, true));
    if (store[record + RECORD.blockFrom] !== store[record + RECORD.blockEnd]) {
      const mine = (1 << agent) | (1 << (agent + WRITERS));
      for (let other = 0; other < this.agents; other++)
        if (other !== agent && this.opBytes[other] !== 0 && (heap[shadow + (this.opFrom[other]! >> 2)]! & mine) !== 0) isClear = false;
    }
    if (!isClear) this.checkBlocks();
  }

  private checkBytes(agent: number, from: number, bytes: number, isRead: boolean, isWrite: boolean): void {
    for (let byte = from; byte < from + bytes; byte = (byte | 3) + 1) {
      if (!mayConflict(this, agent, byte >> 2, isWrite)) continue;
      const entry = entryOf(byte, Math.min(4 - (byte & 3), from + bytes - byte), isRead, isWrite);
      const other = conflictingAgent(this, agent, entry);
      if (other >= 0) this.race(agent, entry, 1 << other);
    }
  }

  /** Against what others rest before: one access of two is plain, or both are atomic and of different sizes. */
  private checkNext(agent: number): void {
    const mine = this.opAccess(agent);
    const [from, bytes] = [this.opFrom[agent]!, this.opBytes[agent]!];
    for (let other = agent + 1; other < this.agents; other++) {
      if (this.opKind[other] === COPY) continue;
      const [otherFrom, otherBytes] = [this.opFrom[other]!, this.opBytes[other]!];
      const theirs = this.opAccess(other);
      const first = Math.max(from, otherFrom);
      const last = Math.min(from + bytes, otherFrom + otherBytes);
      if (first >= last || (((mine | theirs) & PLAIN) === 0 && from === otherFrom && bytes === otherBytes)) continue;
      if ((mine & (READ | WRITE)) !== 0 && (theirs & (READ | WRITE)) !== 0 && ((mine | theirs) & WRITE) !== 0)
        this.race(agent, entryOf(first, Math.min(4 - (first & 3), last - first), true, true), 1 << other);
    }
  }
}
