/**
 * The *interpreter* runs the agents of a program as the machine does, step for step, in the plainest way: each agent is a generator that
 * walks the blocks of its functions and yields its accesses. No code is generated, no frame is kept in words, nothing is
 * incremental, nothing can be undone. It is there to be believed: the machine is compared with it, and reports, which need every
 * access with its place, are made by running a schedule again here.
 *
 * What a step is: see the machine. In short, an agent rests before an atomic access (with `access` granularity: before any), and
 * a step makes it and goes on to the next rest. A notify lets those it wakes go on, in their order, before its own agent.
 */
import type { Source } from '../compile/ir.ts';
import { type Cell, CELL_BYTES, type Door, type ImplFn, type ImplProgram } from '../compile/ir-impl.ts';
import { evaluate, type Surroundings } from './evaluate.ts';
import type { Program, ScriptCall, Violation } from './program.ts';

/** Where an access stands: its own place, then the calls that led to it, the innermost first. */
export interface Place extends Source {
  readonly name: string;
}

/** The access that an agent rests before. `guard` is the look at the word that lets a call begin. */
export interface Pending {
  readonly door: Door | 'guard';
  readonly cell: Cell | null;
  readonly args: readonly number[];
  readonly from: number;
  readonly bytes: number;
  readonly stack: readonly Place[];
}

/** One who waits. A ticket of -1 is the agent itself, blocked; others are promises of `waitAsync`. */
export interface Sleeper {
  readonly agent: number;
  readonly ticket: number;
  readonly at: number;
  readonly expected: number;
  readonly timed: boolean;
}

/** An access that was made, or the end of a timed wait by itself. */
export interface AccessEvent extends Omit<Pending, 'door'> {
  readonly door: Door | 'guard' | 'time-out';
  readonly agent: number;
  /** The call of the agent's script that made it. */
  readonly call: number;
  readonly plain: boolean;
  readonly reads: boolean;
  readonly writes: boolean;
  /** The value of the cell before and after; 0 for `zero` and `copy`. */
  readonly before: number;
  readonly after: number;
  /** What it answers; null when it blocks. */
  readonly result: number | null;
  /** Those it took out of a list of waiters, and whether their agents were blocked until then. */
  readonly woken: readonly (Sleeper & { readonly blocks: boolean })[];
}

export type InterpreterStatus = 'ready' | 'blocked' | 'guarded' | 'done' | 'panicked';

interface Request {
  readonly door: Door | 'guard';
  readonly cell: Cell | null;
  readonly args: readonly number[];
}

interface Agent {
  readonly life: Generator<Request, void, number>;
  /** The places of its calls, the outermost first. */
  readonly stack: Place[];
  readonly results: number[];
  readonly tickets: number[];
  status: InterpreterStatus;
  position: number;
  pending: Pending | null;
}

/** Blocks of code that an agent may walk through without resting; one that goes on longer spins for what nobody publishes to it. */
const MOST_BLOCKS = 2_000_000;

const NOBODY: readonly Sleeper[] = [];

export class Interpreter {
  readonly program: Program;
  readonly words: Int32Array;
  violation: Violation | null = null;
  private readonly bytes: Uint8Array;
  private readonly code: ImplProgram;
  private readonly agents: readonly Agent[];
  private readonly eager: boolean;
  private readonly listen: ((event: AccessEvent) => void) | null;
  private list: readonly Sleeper[] = NOBODY;
  /** Blocks walked through since an agent went on. */
  private walked = 0;

  constructor(program: Program, granularity: 'block' | 'access', listen: ((event: AccessEvent) => void) | null = null) {
    this.program = program;
    this.words = program.words.slice();
    this.bytes = new Uint8Array(this.words.buffer);
    this.code = program.code.artefact.program;
    this.eager = granularity === 'block';
    this.listen = listen;
    this.agents = program.agents.map(({ script }): Agent => {
      const mine: { stack: Place[]; results: number[] } = { stack: [], results: [] };
      const position = (index: number): void => {
        agent.position = index;
      };
      const agent: Agent = { ...mine, life: this.life(script, mine, position), tickets: [], status: 'ready', position: 0, pending: null };
      return agent;
    });
    for (const index of this.agents.keys()) this.goOn(index, 0);
  }

  status(agent: number): InterpreterStatus {
    return this.at(agent).status;
  }

  position(agent: number): number {
    return this.at(agent).position;
  }

  results(agent: number): readonly number[] {
    return this.at(agent).results;
  }

  pending(agent: number): Pending | null {
    return this.at(agent).pending;
  }

  /** Everybody who waits, in the order they came. */
  waiters(): readonly Sleeper[] {
    return this.list;
  }

  hasEnded(): boolean {
    return this.program.agents.every(({ kind }, index) => kind === 'actor' || this.status(index) === 'done');
  }

  /** The transitions that are enabled, as bits: agents, then the time-outs of their waits. */
  enabled(): number {
    let mask = 0;
    for (const [index, agent] of this.agents.entries()) {
      if (agent.status === 'ready' || isFree(agent.pending, this.words)) mask |= 1 << index;
      const guard = agent.pending?.door === 'guard' ? this.program.agents[index]?.script[agent.position]?.guard : undefined;
      if (guard !== undefined && (this.words[guard.word] === 0) === (guard.test === 'zero')) mask |= 1 << index;
    }
    for (const { agent, timed } of this.list) if (timed) mask |= 1 << (this.agents.length + agent);
    return mask;
  }

  step(transition: number): void {
    if (this.violation !== null || ((this.enabled() >> transition) & 1) === 0) throw new Error(`transition ${transition} is not enabled`);
    if (transition >= this.agents.length) {
      const agent = transition - this.agents.length;
      const sleeper = this.list.find((waiter) => waiter.timed && waiter.agent === agent);
      if (sleeper !== undefined) this.timeOut(sleeper);
      return;
    }
    this.perform(transition);
  }

  private at(index: number): Agent {
    const agent = this.agents[index];
    if (agent === undefined) throw new RangeError(`there is no agent ${index}; there are ${this.agents.length}`);
    return agent;
  }

  private *life(
    script: readonly ScriptCall[],
    mine: { readonly stack: Place[]; readonly results: number[] },
    position: (index: number) => void,
  ): Generator<Request, void, number> {
    for (const [index, call] of script.entries()) {
      position(index);
      if (call.guard !== undefined) yield { door: 'guard', cell: null, args: [call.guard.word] };
      const fn = this.code.functions[this.code.names[call.fn] ?? -1];
      if (fn === undefined) throw new RangeError(`there is no function ${call.fn}`);
      const args = call.args.map((arg) => (typeof arg === 'number' ? arg : (mine.results[arg.resultOf] ?? 0)));
      mine.results.push(yield* this.invoke(fn, args, mine.stack));
    }
    position(script.length);
  }

  /** What an expression needs besides locals: words that never change, and functions that touch nothing. */
  private readonly pure: Surroundings = {
    fixed: (at) => this.words[at] ?? 0,
    call: (index, args) => {
      const fn = this.code.functions[index];
      const walk = fn === undefined ? undefined : this.invoke(fn, args, []).next();
      if (walk?.done !== true) throw new Error(`${fn?.name} is not pure`);
      return walk.value;
    },
  };

  private *invoke(fn: ImplFn, args: readonly number[], stack: Place[]): Generator<Request, number, number> {
    const locals = fn.locals.map((_, index) => (args[index] ?? 0) | 0);
    const depth = stack.length;
    const { pure } = this;
    for (let index = 0; ; ) {
      // The walk is given up at the next access; a loop without one has none to stop at, and ends here.
      if (++this.walked > MOST_BLOCKS) yield { door: 'pause', cell: null, args: [] };
      const block = fn.blocks[index];
      if (block === undefined) throw new Error(`${fn.name} has no block ${index}`);
      for (const { local, value } of block.body) locals[local] = evaluate(value, locals, pure);
      const { end } = block;
      if (end.op === 'jump') {
        index = end.to;
        continue;
      }
      if (end.op === 'branch') {
        index = evaluate(end.cond, locals, pure) !== 0 ? end.then : end.else;
        continue;
      }
      if (end.op === 'return') return end.value === null ? 0 : evaluate(end.value, locals, pure) | 0;
      const values = end.args.map((arg) => evaluate(arg, locals, pure) | 0);
      // What rests between two accesses rests in 32 bits.
      for (const [n, value] of locals.entries()) locals[n] = value | 0;
      stack[depth] = { ...end.source, name: fn.name };
      let result: number;
      if (end.op === 'door') result = yield { door: end.door, cell: end.cell ?? null, args: values };
      else {
        const callee = this.code.functions[end.fn];
        if (callee === undefined) throw new Error(`no function ${end.fn}`);
        result = yield* this.invoke(callee, values, stack);
      }
      stack.length = depth;
      if (end.result >= 0) locals[end.result] = result;
      index = end.next;
    }
  }

  /** Takes an agent on to its next rest. */
  private goOn(index: number, result: number): void {
    const agent = this.at(index);
    let answer = result;
    this.walked = 0;
    while (this.violation === null) {
      const { done, value: request } = agent.life.next(answer);
      agent.pending = null;
      if (this.walked > MOST_BLOCKS) {
        this.violation = { id: 'unordered-spin', agent: index, text: 'it goes on and on without an access that could end it' };
        return;
      }
      if (done === true || request === undefined) {
        agent.status = 'done';
        return;
      }
      if (request.door === 'pause') {
        answer = 0;
        continue;
      }
      if (request.door === 'panic' || request.door === 'fail') {
        agent.status = 'panicked';
        this.violation = died(index, request);
        return;
      }
      agent.pending = this.rest(request, agent.stack);
      agent.status = request.door === 'guard' || request.door === 'acquire' ? 'guarded' : 'ready';
      this.checkBounds(index, agent.pending);
      if (this.violation !== null || !this.eager || !isPlain(request.door)) return;
      answer = this.access(index, agent.pending) ?? 0;
    }
  }

  private rest({ door, cell, args }: Request, stack: readonly Place[]): Pending {
    const [at = 0, count = 0, length = 0] = args;
    const inBytes = cell !== null || door === 'getByte' || door === 'putByte' || door === 'copy';
    const bytes =
      door === 'getByte' || door === 'putByte'
        ? 1
        : door === 'zero'
          ? Math.max(0, count) * 4
          : door === 'copy'
            ? Math.max(0, length)
            : door === 'settle'
              ? 0
              : CELL_BYTES[cell ?? 'i32'];
    return { door, cell, args, from: door === 'settle' ? 0 : inBytes ? at : at * 4, bytes, stack: [...stack].reverse() };
  }

  private checkBounds(agent: number, { door, cell, from, bytes, args }: Pending): void {
    const isOutside = (first: number): boolean => first < 0 || first + bytes > this.bytes.length;
    const isCell = cell === null || from % bytes === 0;
    if (!isCell || isOutside(from) || (door === 'copy' && isOutside(args[1] ?? 0)))
      this.violation = {
        id: 'wild-access',
        agent,
        text: `${door} at byte ${from} is outside the shared memory, or no place for a cell of this size`,
      };
  }

  private perform(index: number): void {
    const agent = this.at(index);
    const { pending } = agent;
    if (pending === null) throw new Error(`agent ${index} rests before nothing`);
    const result = this.access(index, pending);
    if (result === null) agent.status = 'blocked';
    else this.goOn(index, result);
  }

  /** Makes an access; those it wakes go on. Null: it blocks. */
  private access(index: number, pending: Pending): number | null {
    const { door, cell, args, from, bytes } = pending;
    const [at = 0, b = 0, c = 0] = args;
    const agent = this.at(index);
    const isBulk = door === 'copy' || door === 'zero' || door === 'settle';
    const kind: Cell = door === 'getByte' || door === 'putByte' ? 'u8' : (cell ?? 'i32');
    const before = isBulk ? 0 : this.read(from, kind);
    let after = before;
    let result: number | null = before;
    let woken = NOBODY;
    let writes = true;
    switch (door) {
      case 'guard':
      case 'get':
      case 'getByte':
      case 'load':
        writes = false;
        break;
      case 'put':
      case 'putByte':
      case 'store':
        after = b;
        result = 0;
        break;
      case 'exchange':
        after = b;
        break;
      case 'compareExchange':
        writes = before === narrow(b, kind);
        if (writes) after = c;
        break;
      case 'acquire':
        after = before + c;
        break;
      case 'add':
        after = before + b;
        break;
      case 'sub':
        after = before - b;
        break;
      case 'and':
        after = before & b;
        break;
      case 'or':
        after = before | b;
        break;
      case 'xor':
        after = before ^ b;
        break;
      case 'zero':
        this.words.fill(0, at, at + Math.max(0, b));
        result = 0;
        break;
      case 'copy':
        this.bytes.copyWithin(at, b, b + Math.max(0, c));
        result = 0;
        break;
      case 'wait':
      case 'waitFor':
        writes = false;
        result = before === b ? null : 1;
        if (result === null) this.queue({ agent: index, ticket: -1, at: from, expected: b, timed: door === 'waitFor' });
        break;
      case 'waitAsync':
        writes = false;
        result = -1;
        if (before === b) {
          result = agent.tickets.push(-1) - 1;
          this.queue({ agent: index, ticket: result, at: from, expected: b, timed: c !== 0 });
        }
        break;
      case 'settle': {
        writes = false;
        const state = agent.tickets[at] ?? -1;
        result = state < 0 ? null : state;
        break;
      }
      case 'notify':
        writes = false;
        woken = this.list.filter((sleeper) => sleeper.at === from).slice(0, Math.max(0, b));
        result = woken.length;
        break;
      default:
        throw new Error(`${door} is no access`);
    }
    if (writes && !isBulk) this.write(from, bytes, after);
    this.listen?.({
      door,
      cell,
      args,
      from,
      bytes,
      stack: pending.stack,
      agent: index,
      call: agent.position,
      plain: isPlain(door),
      reads: !isBlind(door),
      writes,
      before,
      after: isBulk ? 0 : this.read(from, kind),
      result,
      woken: woken.map((sleeper) => ({ ...sleeper, blocks: this.isBlockedFor(sleeper) })),
    });
    for (const sleeper of woken) this.wake(sleeper, 0);
    return result;
  }

  private queue(sleeper: Sleeper): void {
    this.list = [...this.list, sleeper];
  }

  private wake(sleeper: Sleeper, result: number): void {
    this.list = this.list.filter((other) => other !== sleeper);
    const blocks = this.isBlockedFor(sleeper);
    if (sleeper.ticket >= 0) this.at(sleeper.agent).tickets[sleeper.ticket] = result;
    if (blocks) this.goOn(sleeper.agent, result);
  }

  /** Whether it is its agent that waits, or the agent awaits the promise. */
  private isBlockedFor({ agent, ticket }: Sleeper): boolean {
    const { status, pending } = this.at(agent);
    return ticket < 0 || (status === 'blocked' && pending?.door === 'settle' && pending.args[0] === ticket);
  }

  private timeOut(sleeper: Sleeper): void {
    const { agent: index, at, ticket } = sleeper;
    const agent = this.at(index);
    this.listen?.({
      door: 'time-out',
      cell: null,
      args: ticket < 0 ? [] : [ticket],
      from: at,
      bytes: 0,
      stack: agent.pending?.stack ?? [],
      agent: index,
      call: agent.position,
      plain: false,
      reads: false,
      writes: false,
      before: 0,
      after: 0,
      result: 2,
      woken: [{ ...sleeper, blocks: this.isBlockedFor(sleeper) }],
    });
    this.wake(sleeper, 2);
  }

  private read(from: number, cell: Cell): number {
    let value = 0;
    for (let n = CELL_BYTES[cell] - 1; n >= 0; n--) value = (value << 8) | (this.bytes[from + n] ?? 0);
    return narrow(value, cell);
  }

  private write(from: number, bytes: number, value: number): void {
    for (let n = 0; n < bytes; n++) this.bytes[from + n] = value >> (8 * n);
  }
}

/** Whether a lock that an agent rests before can be taken. */
function isFree(pending: Pending | null, words: Int32Array): boolean {
  if (pending?.door !== 'acquire') return false;
  const [at = 0, busy = 0] = pending.args;
  return ((words[at] ?? 0) & busy) === 0;
}

/** Whether an access learns nothing from the bytes it touches. */
function isBlind(door: Door | 'guard'): boolean {
  return door === 'put' || door === 'putByte' || door === 'store' || door === 'zero' || door === 'settle' || door === 'notify';
}

function isPlain(door: Door | 'guard'): boolean {
  return door === 'get' || door === 'put' || door === 'zero' || door === 'getByte' || door === 'putByte' || door === 'copy';
}

/** A number as the element type keeps it. */
function narrow(value: number, cell: Cell): number {
  const unused = 32 - 8 * CELL_BYTES[cell];
  return cell === 'u8' || cell === 'u16' ? (value << unused) >>> unused : (value << unused) >> unused;
}

function died(agent: number, { door, args: [code = 0, about = 0] }: Request): Violation {
  return door === 'panic'
    ? { id: `panic-${code}`, agent, text: `panic ${code}, object ${about}`, code, about }
    : { id: 'assertion', agent, text: `assertion ${code} failed`, code, about };
}
