/**
 * The *runner* takes agents from one access to the next: through their frames, through the calls of their scripts, past what is no access.
 * What the code leaves behind on the way (frames, plain accesses, visible calls and returns) is put where the state has it.
 */
import { CELL_SHIFT } from '../compile/impl-javascript.ts';
import { PLACE_BITS, REGISTER, THROWN } from '../compile/impl-steps.ts';
import { CELL_BYTES, CELLS } from '../compile/ir-impl.ts';
import { clearShadow, conflictingBytes, takeTrace, WRITERS } from './footprint.ts';
import { GLOBAL, RECORD } from './heap.ts';
import { goBack, grown, saveFrame } from './journal.ts';
import { DONE, GUARDED, HEARD_CALL, HEARD_RETURN, OP_GUARD, OP_NONE, opOf, PANICKED, READY } from './operation.ts';
import { addFrames, addResult, changeMonitor, dropFrame } from './share.ts';
import { MachineState } from './state.ts';

/** Turns of loops that a block may make without an atomic access. */
const MOST_TURNS = 100_000;
const OP_MASK = (1 << CELL_SHIFT) - 1;
const [ZERO, GET_BYTE, PUT_BYTE, COPY] = [opOf('zero'), opOf('getByte'), opOf('putByte'), opOf('copy')];
const [PANIC, FAIL, SETTLE] = [opOf('panic'), opOf('fail'), opOf('settle')];

export class Runner extends MachineState {
  /** The agent whose code runs. */
  protected moving = 0;

  /** A mark to go back to. */
  mark(): number {
    return this.journalEnd;
  }

  undo(mark: number): void {
    goBack(this, mark);
    this.violation = this.journalEnd === 0 ? this.initialViolation : null;
    this.thrownAt = null;
  }

  /** Code threw: true if the step is to be tried again, with more room. */
  protected caught(thrown: unknown, mark: number): boolean {
    const { heap, moving } = this;
    const [code, about] = [heap[REGISTER.code]!, heap[REGISTER.about]!];
    switch (thrown) {
      case THROWN.full:
        this.undo(mark);
        this.log = grown(this.log, 3);
        heap[REGISTER.logEnd] = this.log.length - 3;
        return true;
      case THROWN.spin:
        this.break(
          moving,
          'unordered-spin',
          `more than ${MOST_TURNS} turns without an atomic access: nothing it waits for is published to it`,
        );
        return false;
      case THROWN.wild:
        this.break(moving, 'wild-access', `word ${code} is outside the shared memory, or no place for a cell of this size`);
        return false;
      case THROWN.panic:
      case THROWN.fail: {
        const fn = this.code.program.functions[heap[REGISTER.fn]!];
        const end = fn?.blocks[heap[REGISTER.block]!]?.end;
        this.die(moving, thrown === THROWN.panic, code, about);
        if (fn !== undefined && end?.op === 'door') this.thrownAt = { ...end.source, name: fn.name };
        return false;
      }
      case THROWN.stack:
        this.undo(mark);
        throw new RangeError('the stack of an agent is full: give threads more words');
      default:
        this.undo(mark);
        throw thrown;
    }
  }

  protected break(agent: number, id: string, text: string): void {
    this.violation ??= { id, agent, text };
  }

  protected die(agent: number, isPanic: boolean, code: number, about: number): void {
    this.setStatus(agent, PANICKED);
    if (isPanic) this.violation ??= { id: `panic-${code}`, agent, text: `panic ${code}, object ${about}`, code, about };
    else this.violation ??= { id: 'assertion', agent, text: `assertion ${code} failed`, code, about };
  }

  /** Current blocks conflict in bytes of this entry; `others` are bits of a shadow, or of agents. */
  race(agent: number, entry: number, others: number): void {
    if (this.violation !== null) return;
    const other = (31 - Math.clz32(others & -others)) % WRITERS;
    // What the other one rests before may be what conflicts, then there is no entry for it, and this one has those bytes only.
    const bits = conflictingBytes(this, other, entry) || (entry | (entry >>> 4)) & 15;
    const first = 31 - Math.clz32(bits & -bits);
    const from = (entry >>> 8) * 4 + first;
    const bytes = 31 - Math.clz32(~(bits >>> first) & -~(bits >>> first));
    const [a, b] = [this.program.agents[agent]?.name, this.program.agents[other]?.name];
    const text = `${a} and ${b} touch byte ${from}, and neither comes before the other`;
    this.violation = { id: 'data-race', agent, text, race: { other, from, bytes } };
  }

  protected setStatus(agent: number, status: number): void {
    const { heap } = this;
    heap[this.layout.records + agent * this.layout.recordWords + RECORD.status] = status;
    const bit = 1 << agent;
    heap[GLOBAL.ready] = status === READY ? heap[GLOBAL.ready]! | bit : heap[GLOBAL.ready]! & ~bit;
    heap[GLOBAL.guarded] = status === GUARDED ? heap[GLOBAL.guarded]! | bit : heap[GLOBAL.guarded]! & ~bit;
  }

  /** The trace was too small for what the step left in it. */
  protected retries(mark: number): boolean {
    const needed = this.heap[REGISTER.trace]! - this.trace.length;
    if (needed < 0) return false;
    this.undo(mark);
    this.trace = grown(this.trace, needed);
    return true;
  }

  protected newBlock(agent: number): void {
    const { heap } = this;
    const record = this.layout.records + agent * this.layout.recordWords;
    const [from, end] = [heap[record + RECORD.blockFrom]!, heap[record + RECORD.blockEnd]!];
    if (from < end) clearShadow(this, agent, from, end);
    heap[record + RECORD.blockFrom] = heap[REGISTER.trace]!;
    heap[record + RECORD.blockEnd] = heap[REGISTER.trace]!;
  }

  /** Goes on from the top frame with the result of the access. */
  protected resume(agent: number, record: number, result: number): void {
    const { heap, bytes, log, trace } = this;
    const { functions } = this.code;
    heap[REGISTER.rested] = 0;
    heap[REGISTER.fuel] = MOST_TURNS;
    heap[REGISTER.stackEnd] = this.layout.stacks + (agent + 1) * this.layout.stackWords;
    let frame = heap[record + RECORD.frame]!;
    let end = heap[record + RECORD.end]!;
    let value = result;
    for (;;) {
      saveFrame(this, frame, end);
      const at = heap[frame]!;
      const caller = heap[frame + 1]!;
      if (this.hashed) dropFrame(heap, record, frame);
      value = functions[at >>> PLACE_BITS]!(heap, bytes, log, trace, frame, at & ((1 << PLACE_BITS) - 1), value);
      if (heap[REGISTER.rested] !== 0) {
        this.rest(agent, record, frame);
        return;
      }
      if (caller === 0) break;
      end = frame;
      frame = caller;
    }
    this.takeBlock(agent, record);
    this.returned(agent, record, value);
    if (this.violation === null) this.nextCall(agent);
  }

  /** Calls of the script from here on, up to a guard or an access. */
  protected nextCall(agent: number): void {
    const { heap } = this;
    const record = this.layout.records + agent * this.layout.recordWords;
    const call = this.calls[agent]?.[heap[record + RECORD.position]!];
    heap[record + RECORD.op] = OP_NONE;
    heap[record + RECORD.args] = 0;
    heap[record + RECORD.args + 1] = 0;
    heap[record + RECORD.args + 2] = 0;
    heap[record + RECORD.announced] = 0;
    heap[record + RECORD.frame] = 0;
    if (call === undefined) {
      this.setStatus(agent, DONE);
      this.point(agent, record, 0, 0);
    } else if (call.guard >= 0) {
      this.setStatus(agent, GUARDED);
      heap[record + RECORD.op] = OP_GUARD;
      heap[record + RECORD.args] = call.guard;
      heap[record + RECORD.args + 1] = call.guardIsZero ? 1 : 0;
      this.point(agent, record, call.guard * 4, 4);
    } else {
      this.setStatus(agent, READY);
      this.enter(agent);
    }
  }

  /** The bytes of the access that the agent now rests before. */
  protected point(agent: number, record: number, from: number, bytes: number): void {
    const { heap } = this;
    this.opKind[agent] = heap[record + RECORD.op]! & OP_MASK;
    this.opFrom[agent] = from;
    this.opBytes[agent] = bytes;
    heap[record + RECORD.opFrom] = from;
    heap[record + RECORD.opBytes] = bytes;
  }

  protected enter(agent: number): void {
    const { heap, bytes, log, trace } = this;
    const record = this.layout.records + agent * this.layout.recordWords;
    const call = this.calls[agent]![heap[record + RECORD.position]!]!;
    const results = this.layout.results + agent * this.layout.resultWords;
    for (const [arg, result] of call.from) call.args[arg] = heap[results + result]!;
    const base = this.layout.stacks + agent * this.layout.stackWords;
    heap[REGISTER.rested] = 0;
    heap[REGISTER.fuel] = MOST_TURNS;
    heap[REGISTER.stackEnd] = base + this.layout.stackWords;
    const value = call.rests
      ? call.body(heap, bytes, log, trace, base, 0, 0, ...call.args)
      : this.code.program.functions[call.fn]!.pure
        ? (call.body as unknown as (heap: Int32Array, ...args: number[]) => number)(heap, ...call.args)
        : call.body(heap, bytes, log, trace, ...call.args);
    if (heap[REGISTER.rested] !== 0) {
      this.rest(agent, record, base);
      return;
    }
    this.takeBlock(agent, record);
    this.returned(agent, record, value);
    if (this.violation === null) this.nextCall(agent);
  }

  /** The code has come to an access; frames from `low` on are new. */
  protected rest(agent: number, record: number, low: number): void {
    const { heap } = this;
    const op = heap[REGISTER.door]!;
    const kind = op & OP_MASK;
    const cell = op >> CELL_SHIFT;
    const [a, b] = [heap[REGISTER.args]!, heap[REGISTER.args + 1]!];
    heap[record + RECORD.op] = op;
    heap[record + RECORD.args] = a;
    heap[record + RECORD.args + 1] = b;
    heap[record + RECORD.args + 2] = heap[REGISTER.args + 2]!;
    heap[record + RECORD.frame] = heap[REGISTER.top]!;
    heap[record + RECORD.end] = heap[REGISTER.end]!;
    if (this.hashed) addFrames(heap, record, this.layout.stacks + agent * this.layout.stackWords, low);
    this.takeBlock(agent, record);
    if (kind === PANIC || kind === FAIL) {
      this.die(agent, kind === PANIC, a, b);
      return;
    }
    let from = cell === 0 ? a * 4 : a;
    let bytes = cell === 0 ? 4 : CELL_BYTES[CELLS[cell - 1]!];
    if (kind === GET_BYTE || kind === PUT_BYTE) [from, bytes] = [a, 1];
    else if (kind === ZERO) bytes = b > 0 ? b * 4 : 0;
    else if (kind === COPY) [from, bytes] = [a, Math.max(0, heap[REGISTER.args + 2]!)];
    else if (kind === SETTLE) [from, bytes] = [0, 0];
    this.point(agent, record, from, bytes);
    const end = this.layout.words * 4;
    const isAligned = cell === 0 || (from & (bytes - 1)) === 0;
    if (from < 0 || from + bytes > end || !isAligned || (kind === COPY && bytes > 0 && (b < 0 || b + bytes > end)))
      this.break(agent, 'wild-access', `byte ${from} is outside the shared memory, or no place for a cell of this size`);
  }

  /** What the code left in the trace since it went on. */
  protected takeBlock(agent: number, record: number): void {
    const { heap } = this;
    const end = heap[REGISTER.trace]!;
    const begin = heap[record + RECORD.blockEnd]!;
    if (end === begin || end > this.trace.length) return;
    const taken = takeTrace(this, agent, heap[record + RECORD.blockFrom]!, begin, end);
    heap[record + RECORD.blockEnd] = taken;
    heap[REGISTER.trace] = taken;
  }

  /** Call events are made with the first access. */
  protected announce(agent: number): void {
    const { heap, monitor } = this;
    const record = this.layout.records + agent * this.layout.recordWords;
    heap[record + RECORD.announced] = 1;
    const position = heap[record + RECORD.position]!;
    const call = this.calls[agent]![position]!;
    if (monitor === null || !call.visible) return;
    this.heard |= HEARD_CALL;
    const state = monitor.call(heap[GLOBAL.monitor]!, agent, position);
    if (state < 0) this.break(agent, 'history', `the call ${call.label} is not admitted here`);
    else this.observe(state);
  }

  protected returned(agent: number, record: number, value: number): void {
    const { heap, monitor } = this;
    if (heap[record + RECORD.announced] === 0) this.announce(agent);
    const position = heap[record + RECORD.position]!;
    heap[this.layout.results + agent * this.layout.resultWords + position] = value;
    if (this.hashed) addResult(heap, record, position, value | 0);
    heap[record + RECORD.position] = position + 1;
    heap[record + RECORD.frame] = 0;
    const call = this.calls[agent]![position]!;
    if (monitor === null || !call.visible || this.violation !== null) return;
    this.heard |= HEARD_RETURN;
    const state = monitor.return(heap[GLOBAL.monitor]!, agent, position, value);
    if (state < 0) this.break(agent, 'history', `${call.label} = ${value} is not admitted here`);
    else this.observe(state);
  }

  protected observe(state: number): void {
    const { heap } = this;
    if (this.hashed) changeMonitor(heap, heap[GLOBAL.monitor]!, state);
    heap[GLOBAL.monitor] = state;
  }
}
