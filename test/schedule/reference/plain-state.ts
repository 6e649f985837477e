/**
 * The state of the plain machine, and what can be asked of it.
 */
import type { Source } from '../../../oracle/compile/ir.ts';
import { CELL_SHIFT, THREAD } from '../../../oracle/compile/impl-javascript.ts';
import { CELLS, DOORS, type ImplProgram } from '../../../oracle/compile/ir-impl.ts';
import {
  type AgentStatus,
  DONE,
  GUARDED,
  LOOKS,
  PASSES,
  OP_GUARD,
  OP_NONE,
  PLAIN,
  READ,
  READY,
  STATUSES,
  type Waiter,
  WAITS,
  WRITE,
} from '../../../oracle/schedule/operation.ts';
import {
  type AgentProgram,
  MOST_AGENTS,
  type Monitor,
  type Program,
  type Range,
  type ScriptCall,
  type Violation,
} from '../../../oracle/schedule/program.ts';

export interface MachineOptions {
  readonly granularity: 'block' | 'access';
  readonly monitor?: Monitor;
  readonly hashed: boolean;
}

interface Saved {
  readonly frames: Int32Array;
  readonly kinds: Int32Array;
  readonly from: Int32Array;
  readonly bytes: Int32Array;
  readonly status: Int32Array;
  readonly position: Int32Array;
  readonly announced: number;
  readonly results: readonly (readonly number[])[];
  readonly tickets: readonly (readonly number[])[];
  readonly ranges: readonly (readonly Range[])[];
  readonly waiters: readonly Waiter[];
  readonly monitorState: number;
  readonly hash: Int32Array;
  readonly memory: number;
}

export class PlainState {
  readonly program: Program;
  readonly agents: number;
  readonly granularity: 'block' | 'access';
  /** The shared memory as it is now; only the machine writes it. */
  readonly words: Int32Array;
  readonly hash = new Int32Array(4);
  readonly opKind: Int32Array;
  /** The first byte that the next access of an agent touches. */
  readonly opFrom: Int32Array;
  readonly opBytes: Int32Array;
  violation: Violation | null = null;
  /** What the last step read and wrote. */
  lastRead = 0;
  lastWritten = 0;
  /** The agents that the last step woke, as bits. */
  woken = 0;
  monitorState = 0;

  protected readonly bytes: Uint8Array;
  protected readonly view: DataView;
  protected readonly frames: Int32Array;
  protected readonly agentStatus: Int32Array;
  protected readonly scriptPosition: Int32Array;
  protected announced = 0;
  protected ended: (readonly number[])[];
  protected tickets: (readonly number[])[];
  protected ranges: (readonly Range[])[];
  protected list: readonly Waiter[] = [];
  protected readonly monitor: Monitor | null;
  protected readonly log: Saved[] = [];
  protected readonly memoryLog: number[] = [];
  protected readonly hashed: boolean;

  constructor(program: Program, options: MachineOptions) {
    const { agents } = program;
    if (agents.length > MOST_AGENTS) throw new RangeError(`${agents.length} agents; a program has at most ${MOST_AGENTS}`);
    this.program = program;
    this.agents = agents.length;
    this.granularity = options.granularity;
    this.monitor = options.monitor ?? null;
    this.hashed = options.hashed;
    this.words = program.words.slice();
    this.bytes = new Uint8Array(this.words.buffer);
    this.view = new DataView(this.words.buffer);
    this.frames = new Int32Array(this.agents * program.code.artefact.threadWords);
    [this.opKind, this.opFrom, this.opBytes] = [new Int32Array(this.agents), new Int32Array(this.agents), new Int32Array(this.agents)];
    [this.agentStatus, this.scriptPosition] = [new Int32Array(this.agents), new Int32Array(this.agents)];
    this.ended = agents.map(() => []);
    this.tickets = agents.map(() => []);
    this.ranges = agents.map(() => []);
  }

  protected get code(): ImplProgram {
    return this.program.code.artefact.program;
  }

  protected base(agent: number): number {
    return agent * this.program.code.artefact.threadWords;
  }

  protected arg(agent: number, n: number): number {
    return this.frames[this.base(agent) + THREAD.args + n] ?? 0;
  }

  /** An argument of the access that an agent rests before. */
  opArg(agent: number, n: number): number {
    return this.arg(agent, n);
  }

  status(agent: number): AgentStatus {
    return STATUSES[this.agentStatus[agent] ?? DONE] ?? 'done';
  }

  /** The call of its script that an agent is in, or is to begin. */
  position(agent: number): number {
    return this.scriptPosition[agent] ?? 0;
  }

  /** What the ended calls of an agent returned. */
  results(agent: number): readonly number[] {
    return this.ended[agent] ?? [];
  }

  /** Plain accesses of the agent's current block. */
  blockRanges(agent: number): readonly Range[] {
    return this.ranges[agent] ?? [];
  }

  /** Everybody who waits, in the order they came. */
  waiters(): readonly Waiter[] {
    return this.list;
  }

  /** Where the agent is, the innermost function first. */
  stack(agent: number): readonly (Source & { readonly name: string })[] {
    const t = this.base(agent);
    const { frames } = this.program.code.artefact;
    const sources: (Source & { name: string })[] = [];
    for (let frame = this.frames[t + THREAD.frame] ?? 0; frame !== 0; frame = this.frames[t + frame + 2] ?? 0) {
      const fn = this.frames[t + frame] ?? 0;
      const place = frames[fn]?.places[this.frames[t + frame + 1] ?? 0];
      if (place !== undefined) sources.push({ ...place.source, name: this.code.functions[fn]?.name ?? '' });
    }
    return sources;
  }

  /** The place of the access that the agent rests before. */
  source(agent: number): (Source & { readonly name: string }) | null {
    return this.stack(agent)[0] ?? null;
  }

  enabled(): number {
    let mask = 0;
    for (let agent = 0; agent < this.agents; agent++) {
      const status = this.agentStatus[agent];
      if (status === READY) mask |= 1 << agent;
      else if (status === GUARDED && this.guardHolds(agent)) mask |= 1 << agent;
    }
    for (const { agent, timed } of this.list) if (timed) mask |= 1 << (this.agents + agent);
    return mask;
  }

  protected guardHolds(agent: number): boolean {
    const guard = this.call(agent)?.guard;
    return guard !== undefined && (this.words[guard.word] === 0) === (guard.test === 'zero');
  }

  protected call(agent: number): ScriptCall | undefined {
    return this.agent(agent).script[this.position(agent)];
  }

  protected agent(agent: number): AgentProgram {
    const found = this.program.agents[agent];
    if (found === undefined) throw new RangeError(`there is no agent ${agent}; there are ${this.agents}`);
    return found;
  }

  /** Whether every thread has made all its calls. */
  hasEnded(): boolean {
    return this.program.agents.every(({ kind }, agent) => kind === 'actor' || this.agentStatus[agent] === DONE);
  }

  /** READ, WRITE, PLAIN, WAITS, LOOKS, PASSES: what the next access of the agent would do if it were made now. */
  opAccess(agent: number): number {
    const kind = this.opKind[agent] ?? 0;
    if (kind === OP_NONE) return 0;
    if (kind === OP_GUARD) return READ;
    switch (DOORS[kind - 1]) {
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
      case 'compareExchange':
        return this.readCell(agent) === this.narrow(agent, this.arg(agent, 1)) ? READ | WRITE : READ;
      case 'wait':
      case 'waitFor':
      case 'waitAsync':
        return this.readCell(agent) === this.arg(agent, 1) ? READ | WAITS : READ | PASSES;
      case 'notify':
        return this.arg(agent, 1) > 0 && this.list.some(({ at }) => at === this.opFrom[agent]) ? WAITS : LOOKS;
      case 'settle':
        return LOOKS;
      case 'add':
      case 'sub':
      case 'and':
      case 'or':
      case 'xor':
      case 'exchange':
        return READ | WRITE;
      default:
        return 0;
    }
  }

  /** A mark to go back to. */
  mark(): number {
    return this.log.length;
  }

  undo(mark: number): void {
    while (this.log.length > mark) {
      const saved = this.log.pop();
      if (saved === undefined) return;
      this.frames.set(saved.frames);
      this.opKind.set(saved.kinds);
      this.opFrom.set(saved.from);
      this.opBytes.set(saved.bytes);
      this.agentStatus.set(saved.status);
      this.scriptPosition.set(saved.position);
      this.announced = saved.announced;
      this.ended = [...saved.results];
      this.tickets = [...saved.tickets];
      this.ranges = [...saved.ranges];
      this.list = saved.waiters;
      this.monitorState = saved.monitorState;
      this.hash.set(saved.hash);
      this.violation = null;
      while (this.memoryLog.length > saved.memory) {
        const old = this.memoryLog.pop() ?? 0;
        this.words[this.memoryLog.pop() ?? 0] = old;
      }
    }
  }

  protected cell(agent: number): number {
    return (this.frames[this.base(agent) + THREAD.door] ?? 0) >> CELL_SHIFT;
  }

  protected narrow(agent: number, value: number): number {
    switch (CELLS[this.cell(agent) - 1]) {
      case 'i8':
        return (value << 24) >> 24;
      case 'u8':
        return value & 0xff;
      case 'i16':
        return (value << 16) >> 16;
      case 'u16':
        return value & 0xffff;
      default:
        return value | 0;
    }
  }

  protected readCell(agent: number): number {
    const from = this.opFrom[agent] ?? 0;
    switch (CELLS[this.cell(agent) - 1]) {
      case 'i8':
        return this.view.getInt8(from);
      case 'u8':
        return this.view.getUint8(from);
      case 'i16':
        return this.view.getInt16(from, true);
      case 'u16':
        return this.view.getUint16(from, true);
      default:
        return this.words[from >> 2] ?? 0;
    }
  }

  /** The fingerprint of the state as it is, reckoned from nothing. */
  fingerprint(): Int32Array {
    const hash = new Int32Array(4);
    const absorb = (value: number): void => {
      for (let lane = 0; lane < 4; lane++) {
        const mixed = Math.imul((hash[lane] ?? 0) ^ value ^ (lane * 0x9e3779b9), 0x85ebca6b + lane * 0x1234567);
        hash[lane] = Math.imul(mixed ^ (mixed >>> (13 + lane)), 0xc2b2ae35);
      }
    };
    for (const word of this.words) absorb(word);
    for (const word of this.frames) absorb(word);
    for (let agent = 0; agent < this.agents; agent++) {
      absorb(this.agentStatus[agent] ?? 0);
      absorb(this.position(agent));
      absorb((this.announced >> agent) & 1);
      for (const result of this.results(agent)) absorb(result);
      for (const ticket of this.tickets[agent] ?? []) absorb(ticket + 1000);
      for (const range of this.blockRanges(agent)) {
        absorb(range.from);
        absorb(range.bytes * 2 + (range.write ? 1 : 0));
      }
    }
    for (const { agent, ticket, at } of [...this.list].sort((x, y) => x.at - y.at)) {
      absorb(agent * 64 + ticket);
      absorb(at);
    }
    absorb(this.monitorState);
    return hash;
  }

  protected rehash(): void {
    if (this.hashed) this.hash.set(this.fingerprint());
  }
}
