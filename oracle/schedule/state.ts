/**
 * The *state* of a machine: its heap, what the code leaves behind while it runs, and what can be asked of it. Nothing here moves an
 * agent. Indices into the machine's own arrays are within them by construction, which is what `!` says of each.
 */
import type { Source } from '../compile/ir.ts';
import { CELL_SHIFT } from '../compile/impl-javascript.ts';
import { FRAME, isPlain, MEMORY, PLACE_BITS, type StepCode, type StepFunction, stepCode } from '../compile/impl-steps.ts';
import { CELLS, DOORS, type ImplProgram } from '../compile/ir-impl.ts';
import { ENTRY, GLOBAL, type Layout, layOut, makeHeap, MOST_TICKETS, RECORD, RECORDS, TICKET_RANK_BITS, WAITER_WORDS } from './heap.ts';
import {
  type AgentStatus,
  DONE,
  LOOKS,
  OP_ACQUIRE,
  OP_NONE,
  opOf,
  PASSES,
  PLAIN,
  READ,
  STATUSES,
  type Waiter,
  WAITS,
  WRITE,
} from './operation.ts';
import type { Memo } from './memo.ts';
import { type AgentProgram, MOST_AGENTS, type Monitor, type Program, type Range, type ScriptCall, type Violation } from './program.ts';

export interface MachineOptions {
  /** Where an agent rests: before atomic accesses, or before every one. */
  readonly granularity: 'block' | 'access';
  readonly monitor?: Monitor;
  /** Whether `hash` is kept up to date. */
  readonly hashed: boolean;
  /** Whether agents of one symmetry class count as one in the fingerprint. */
  readonly symmetry?: boolean;
  /** Whether what steps do is remembered; default: as far as that can be done. */
  readonly memo?: boolean;
}

/** A call of a script, made ready. */
export interface PreparedCall {
  readonly label: string;
  readonly fn: number;
  readonly body: StepFunction;
  readonly rests: boolean;
  readonly isPure: boolean;
  /** Arguments; those that are results are filled in when the call begins. */
  readonly args: number[];
  readonly from: readonly { readonly arg: number; readonly result: number }[];
  /** -1: none. */
  readonly guard: number;
  readonly guardIsZero: boolean;
  readonly visible: boolean;
}

/** What an access does as far as that does not depend on memory, by the number of its operation. */
const STATIC_ACCESS = DOORS.map((door) => {
  switch (door) {
    case 'get':
    case 'getByte':
      return READ | PLAIN;
    case 'put':
    case 'zero':
    case 'putByte':
      return WRITE | PLAIN;
    case 'copy':
      return READ | WRITE | PLAIN;
    case 'load':
      return READ;
    case 'store':
      return WRITE;
    case 'add':
    case 'sub':
    case 'and':
    case 'or':
    case 'xor':
    case 'exchange':
    case 'acquire':
      return READ | WRITE;
    default:
      return 0;
  }
});
const ACCESS_OF_OP = Int32Array.from([0, ...STATIC_ACCESS, READ]);
const [COMPARE, WAIT, WAIT_FOR, WAIT_ASYNC] = [opOf('compareExchange'), opOf('wait'), opOf('waitFor'), opOf('waitAsync')];
const [NOTIFY, SETTLE, GET_BYTE, PUT_BYTE] = [opOf('notify'), opOf('settle'), opOf('getByte'), opOf('putByte')];
const DOOR_MASK = (1 << CELL_SHIFT) - 1;

export class MachineState {
  readonly program: Program;
  readonly code: StepCode;
  readonly granularity: 'block' | 'access';
  readonly agents: number;
  readonly layout: Layout;
  readonly heap: Int32Array;
  /** The shared memory as it is now; only the machine writes it. */
  readonly words: Int32Array;
  /** The fingerprint, four words. */
  readonly hash: Int32Array;
  readonly opKind: Int32Array;
  /** The first byte that the next access of an agent touches. */
  readonly opFrom: Int32Array;
  readonly opBytes: Int32Array;
  /** What the last step read, if it read something. */
  lastRead = 0;
  /** The agents that the last step woke, as bits. */
  woken = 0;
  /** Whether the monitor heard calls (1) or returns (2) in the last step. */
  heard = 0;
  violation: Violation | null = null;
  /** How things stood before the first step. */
  protected initialViolation: Violation | null = null;
  readonly monitor: Monitor | null;
  readonly hashed: boolean;
  /** Whether plain accesses are steps. */
  protected readonly restsPlainly: boolean;
  /** Whether agents may make accesses that race: plain ones, or of several widths. What nobody calls does not count. */
  readonly hasBlocks: boolean;
  /** Who counts as whom in the fingerprint. */
  readonly identity: Int32Array;
  readonly calls: readonly (readonly PreparedCall[])[];

  log: Int32Array = new Int32Array(3 << 12);
  trace: Int32Array = new Int32Array(1 << 14);
  store: Int32Array = new Int32Array(1 << 14);
  /** Of the steps that have been made, one after the other. */
  entries: Int32Array = new Int32Array(1 << 12);
  /** Null: every step is worked out anew. */
  memo: Memo | null = null;
  /** Steps since the start that have not been gone back from. */
  steps = 0;
  /** Where a function that needs no frames ended everything. */
  protected thrownAt: (Source & { readonly name: string }) | null = null;

  constructor(program: Program, options: MachineOptions) {
    const { agents } = program;
    if (agents.length > MOST_AGENTS) throw new RangeError(`${agents.length} agents; a program has at most ${MOST_AGENTS}`);
    const { artefact } = program.code;
    this.program = program;
    this.granularity = options.granularity;
    this.code = stepCode(artefact.program, options.granularity);
    this.agents = agents.length;
    const longest = Math.max(1, ...agents.map(({ script }) => script.length));
    this.layout = layOut(program.words.length, agents.length, longest, options.hashed, this.code.hasTickets);
    this.heap = makeHeap(this.layout, program.words);
    this.words = this.heap.subarray(MEMORY, MEMORY + program.words.length);
    this.hash = this.heap.subarray(GLOBAL.hash, GLOBAL.hash + 4);
    [this.opKind, this.opFrom, this.opBytes] = [new Int32Array(this.agents), new Int32Array(this.agents), new Int32Array(this.agents)];
    this.monitor = options.monitor ?? null;
    this.hashed = options.hashed;
    this.restsPlainly = options.granularity === 'access';
    this.identity = Int32Array.from(agents, ({ symmetry }, agent) =>
      options.symmetry && symmetry !== undefined ? agents.findIndex((other) => other.symmetry === symmetry) : agent,
    );
    this.calls = agents.map((agent) => agent.script.map((call) => this.prepare(agent, call)));
    this.hasBlocks = mayRace(
      this.code.program,
      this.calls.flatMap((calls) => calls.map(({ fn }) => fn)),
    );
  }

  private prepare({ kind }: AgentProgram, call: ScriptCall): PreparedCall {
    const index = this.code.program.names[call.fn];
    const fn = index === undefined ? undefined : this.code.program.functions[index];
    const body = index === undefined ? undefined : this.code.functions[index];
    if (index === undefined || fn === undefined || body === undefined) throw new RangeError(`there is no function ${call.fn}`);
    if (call.args.length !== fn.params) throw new RangeError(`${call.fn} has ${fn.params} parameters, not ${call.args.length}`);
    const word = call.guard?.word ?? -1;
    if (call.guard !== undefined && (word < 0 || word >= this.words.length)) throw new RangeError(`there is no word ${word} to guard by`);
    return {
      label: call.label,
      fn: index,
      body,
      rests: this.code.rests[index] ?? false,
      isPure: fn.pure,
      args: call.args.map((arg) => (typeof arg === 'number' ? arg : 0)),
      from: call.args.flatMap((arg, n) => (typeof arg === 'number' ? [] : [{ arg: n, result: arg.resultOf }])),
      guard: word,
      guardIsZero: call.guard?.test === 'zero',
      visible: call.visible ?? kind === 'thread',
    };
  }

  /** Where the record of an agent is in the store. */
  record(agent: number): number {
    if (agent < 0 || agent >= this.agents) throw new RangeError(`there is no agent ${agent}; there are ${this.agents}`);
    return this.heap[RECORDS + agent]!;
  }

  /** The state of the monitor. */
  get monitorState(): number {
    return this.heap[GLOBAL.monitor]!;
  }

  status(agent: number): AgentStatus {
    return STATUSES[this.store[this.record(agent) + RECORD.status]!] ?? 'done';
  }

  /** Whether the agent has made the first access of its present call. */
  hasBegun(agent: number): boolean {
    return this.store[this.record(agent) + RECORD.announced] !== 0;
  }

  /** The call of its script that an agent is in, or is to begin. */
  position(agent: number): number {
    return this.store[this.record(agent) + RECORD.position]!;
  }

  /** What the ended calls of an agent returned. */
  results(agent: number): readonly number[] {
    const from = this.layout.results + agent * this.layout.resultWords;
    return [...this.heap.subarray(from, from + this.position(agent))];
  }

  /** An argument of the access that an agent rests before. */
  opArg(agent: number, n: number): number {
    return this.store[this.record(agent) + RECORD.args + n]!;
  }

  /** Where the plain accesses of the agent's current block begin in the trace, and end. */
  blockFrom(agent: number): number {
    return this.store[this.heap[RECORDS + agent]! + RECORD.blockFrom]!;
  }

  blockEnd(agent: number): number {
    return this.store[this.heap[RECORDS + agent]! + RECORD.blockEnd]!;
  }

  /** Plain accesses of the agent's current block. */
  blockRanges(agent: number): readonly Range[] {
    const ranges: Range[] = [];
    for (let n = this.blockFrom(agent); n < this.blockEnd(agent); n++) {
      const entry = this.trace[n]!;
      for (const [bits, write] of [
        [(entry >>> 4) & 15, true],
        [entry & 15, false],
      ] as const) {
        if (bits === 0) continue;
        const first = 31 - Math.clz32(bits & -bits);
        ranges.push({ from: (entry >>> 8) * 4 + first, bytes: 32 - Math.clz32(bits) - first, write });
      }
    }
    return ranges;
  }

  /** Everybody who waits, in the order they came. */
  waiters(): readonly Waiter[] {
    const { store } = this;
    const list = this.heap[GLOBAL.waiters]!;
    return Array.from({ length: list === 0 ? 0 : store[list]! }, (_, n) => {
      const at = list + 1 + n * WAITER_WORDS;
      return { agent: store[at]!, ticket: store[at + 1]!, at: store[at + 2]!, timed: store[at + 3] !== 0 };
    });
  }

  /** Where the agent is, the innermost function first. */
  stack(agent: number): readonly (Source & { readonly name: string })[] {
    const sources: (Source & { name: string })[] = [];
    if (this.thrownAt !== null && this.violation?.agent === agent) sources.push(this.thrownAt);
    const { store } = this;
    for (let frame = store[this.record(agent) + RECORD.frame]!; frame !== 0; frame = store[frame + FRAME.caller]!) {
      const fn = store[frame]! >>> PLACE_BITS;
      const place = this.code.frames[fn]?.places[store[frame]! & ((1 << PLACE_BITS) - 1)];
      if (place !== undefined) sources.push({ ...place.source, name: this.code.program.functions[fn]?.name ?? '' });
    }
    return sources;
  }

  /** The place of the access that the agent rests before. */
  source(agent: number): (Source & { readonly name: string }) | null {
    return this.stack(agent)[0] ?? null;
  }

  /** The transitions made since the start. */
  schedule(): readonly number[] {
    return Array.from({ length: this.steps }, (_, step) => this.entries[step * this.layout.entryWords + ENTRY.transition]!);
  }

  /** The transitions that can be made: bit a, a step of agent a; bit agents + a, the time-out of its wait. */
  enabled(): number {
    const { heap } = this;
    let mask = heap[GLOBAL.ready]! | (heap[GLOBAL.timed]! << this.agents);
    for (let guarded = heap[GLOBAL.guarded]!; guarded !== 0; guarded &= guarded - 1) {
      const agent = 31 - Math.clz32(guarded & -guarded);
      if (this.guardHolds(agent)) mask |= 1 << agent;
    }
    return mask;
  }

  private guardHolds(agent: number): boolean {
    const args = this.heap[RECORDS + agent]! + RECORD.args;
    const word = this.heap[this.store[args]! + MEMORY]!;
    if (this.opKind[agent] === OP_ACQUIRE) return (word & this.store[args + 1]!) === 0;
    return (word === 0) === (this.store[args + 1] === 1);
  }

  /** Whether every thread has made all its calls. */
  hasEnded(): boolean {
    return this.program.agents.every(({ kind }, agent) => kind === 'actor' || this.store[this.record(agent) + RECORD.status] === DONE);
  }

  /** READ, WRITE, PLAIN, WAITS, LOOKS, PASSES: what the next access of the agent would do if it were made now. */
  opAccess(agent: number): number {
    const kind = this.opKind[agent]!;
    const access = ACCESS_OF_OP[kind]!;
    if (access !== 0 || kind === OP_NONE) return access;
    const { heap, store } = this;
    const record = heap[RECORDS + agent]!;
    switch (kind) {
      case COMPARE: {
        const expected = store[record + RECORD.args + 1]!;
        return this.cellValue(agent) === narrow(store[record + RECORD.op]! >> CELL_SHIFT, expected) ? READ | WRITE : READ;
      }
      case WAIT:
      case WAIT_FOR:
      case WAIT_ASYNC:
        return heap[(this.opFrom[agent]! >> 2) + MEMORY] === store[record + RECORD.args + 1] ? READ | WAITS : READ | PASSES;
      case NOTIFY:
        return store[record + RECORD.args + 1]! > 0 && this.waitersAt(this.opFrom[agent]!) > 0 ? WAITS : LOOKS;
      default:
        return kind === SETTLE ? LOOKS : 0;
    }
  }

  /** The address whose list of waiters the next access of the agent touches, if WAITS, LOOKS or PASSES is among what it does. */
  opList(agent: number): number {
    if (this.opKind[agent] !== SETTLE) return this.opFrom[agent]!;
    const record = this.heap[RECORDS + agent]!;
    return ((this.store[record + RECORD.states + MOST_TICKETS + this.store[record + RECORD.args]!]! - 1) >> (TICKET_RANK_BITS - 2)) & ~3;
  }

  /** The address at which the wait of an agent that can time out stands. */
  timedList(agent: number): number {
    const { store } = this;
    let waiter = this.heap[GLOBAL.waiters]! + 1;
    while (store[waiter] !== agent || store[waiter + 3] === 0) waiter += WAITER_WORDS;
    return store[waiter + 2]!;
  }

  waitersAt(at: number): number {
    const { store } = this;
    const list = this.heap[GLOBAL.waiters]!;
    if (list === 0) return 0;
    let count = 0;
    for (let n = store[list]!, w = list + 1; n > 0; n--, w += WAITER_WORDS) if (store[w + 2] === at) count++;
    return count;
  }

  /** The value of the cell before which an agent rests. */
  cellValue(agent: number): number {
    const from = this.opFrom[agent]!;
    const op = this.store[this.record(agent) + RECORD.op]!;
    const cell = (op & DOOR_MASK) === GET_BYTE || (op & DOOR_MASK) === PUT_BYTE ? CELLS.indexOf('u8') + 1 : op >> CELL_SHIFT;
    return narrow(cell, this.heap[(from >> 2) + MEMORY]! >> ((from & 3) << 3));
  }

  /** States of an agent's tickets: -1 waiting, else the result. */
  tickets(agent: number): readonly number[] {
    const record = this.record(agent);
    const count = Math.min(MOST_TICKETS, this.store[record + RECORD.tickets]!);
    return Array.from({ length: count }, (_, n) => this.store[record + RECORD.states + n]! - 2);
  }
}

/** Whether one of these functions, or one that they call, makes plain accesses, or atomic ones of cells smaller than a word. */
function mayRace({ functions }: ImplProgram, called: readonly number[]): boolean {
  const reached = new Set(called);
  // A set hands out what is added to it on the way.
  for (const fn of reached)
    for (const { end } of functions[fn]?.blocks ?? []) {
      if (end.op === 'call') reached.add(end.fn);
      if (end.op === 'door' && (isPlain(end.door) || (end.cell !== undefined && end.cell !== 'i32'))) return true;
    }
  return false;
}

/** The low bits of a value as a cell has them; `cell` is its place in CELLS plus 1, 0 is a word. */
export function narrow(cell: number, value: number): number {
  switch (cell) {
    case 2:
      return (value << 24) >> 24;
    case 3:
      return value & 0xff;
    case 4:
      return (value << 16) >> 16;
    case 5:
      return value & 0xffff;
    default:
      return value;
  }
}
