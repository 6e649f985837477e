/**
 * The *runner* takes agents from one access to the next: through their frames, through the calls of their scripts, past what is no access.
 * What the code leaves behind on the way (frames, plain accesses, visible calls and returns) is put where the state has it.
 */
import { CELL_SHIFT } from '../compile/impl-javascript.ts';
import { FRAME, PLACE_BITS, REGISTER, THROWN } from '../compile/impl-steps.ts';
import { CELL_BYTES, CELLS } from '../compile/ir-impl.ts';
import { clearShadow, conflictingBytes, takeTrace, WRITERS } from './footprint.ts';
import { GLOBAL, RECORD, RECORDS } from './heap.ts';
import { DONE, GUARDED, HEARD_CALL, HEARD_RETURN, OP_ACQUIRE, OP_GUARD, OP_NONE, opOf, PANICKED, READY } from './operation.ts';
import { addResult, changeMonitor, hashFrames } from './share.ts';
import { MachineState } from './state.ts';
import { goBack, grown, growStore } from './store.ts';

/** Turns of loops that a block may make without an atomic access. */
export const MOST_TURNS = 100_000;
const OP_MASK = (1 << CELL_SHIFT) - 1;
const [ZERO, GET_BYTE, PUT_BYTE, COPY] = [opOf('zero'), opOf('getByte'), opOf('putByte'), opOf('copy')];
const [PANIC, FAIL, SETTLE] = [opOf('panic'), opOf('fail'), opOf('settle')];
/** Doors whose arguments are not simply a word: bytes, copies, tickets are among these, and zero. */
const SPECIAL = GET_BYTE;
const LAST_SPECIAL = opOf('fail');

export class Runner extends MachineState {
  /** The agent whose code runs. */
  protected moving = 0;

  /** A mark to go back to: how many steps have been made. */
  mark(): number {
    return this.steps;
  }

  undo(mark: number): void {
    while (this.steps > mark) this.back();
  }

  /** Back to before the last step. */
  back(): void {
    goBack(this);
    this.violation = this.steps === 0 ? this.initialViolation : null;
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
        growStore(this);
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

  /** The agent's record is a new one. */
  protected setStatus(agent: number, status: number): void {
    const { heap } = this;
    this.store[heap[RECORDS + agent]! + RECORD.status] = status;
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

  protected newBlock(agent: number, record: number): void {
    const { heap, store } = this;
    const from = store[record + RECORD.blockFrom]!;
    const end = store[record + RECORD.blockEnd]!;
    if (from < end) clearShadow(this, agent, from, end);
    store[record + RECORD.blockFrom] = heap[REGISTER.trace]!;
    store[record + RECORD.blockEnd] = heap[REGISTER.trace]!;
  }

  /** Goes on from the top frame with the result of the access. */
  protected resume(agent: number, record: number, result: number): void {
    const { heap, log, trace, store } = this;
    const { functions } = this.code;
    heap[REGISTER.rested] = 0;
    heap[REGISTER.fuel] = MOST_TURNS;
    let value = result;
    for (let frame = store[record + RECORD.frame]!; frame !== 0; ) {
      const caller = store[frame + FRAME.caller]!;
      value = functions[store[frame]! >>> PLACE_BITS]!(heap, log, trace, store, frame, value);
      if (heap[REGISTER.rested] !== 0) {
        this.rest(agent, record, caller);
        return;
      }
      frame = caller;
    }
    this.takeBlock(agent, record);
    this.returned(agent, record, value);
    if (this.violation === null) this.nextCall(agent, record);
  }

  /** Calls of the script from here on, up to a guard or an access. */
  protected nextCall(agent: number, record: number): void {
    const { store } = this;
    const call = this.calls[agent]![store[record + RECORD.position]!];
    store[record + RECORD.op] = OP_NONE;
    store[record + RECORD.args] = 0;
    store[record + RECORD.args + 1] = 0;
    store[record + RECORD.args + 2] = 0;
    store[record + RECORD.announced] = 0;
    store[record + RECORD.frame] = 0;
    if (call === undefined) {
      this.setStatus(agent, DONE);
      this.point(agent, record, OP_NONE, 0, 0);
    } else if (call.guard >= 0) {
      this.setStatus(agent, GUARDED);
      store[record + RECORD.op] = OP_GUARD;
      store[record + RECORD.args] = call.guard;
      store[record + RECORD.args + 1] = call.guardIsZero ? 1 : 0;
      this.point(agent, record, OP_GUARD, call.guard * 4, 4);
    } else {
      this.setStatus(agent, READY);
      this.enter(agent, record);
    }
  }

  /** The access that the agent now rests before, and its bytes. */
  protected point(agent: number, record: number, kind: number, from: number, bytes: number): void {
    const { store } = this;
    this.opKind[agent] = kind;
    this.opFrom[agent] = from;
    this.opBytes[agent] = bytes;
    store[record + RECORD.opFrom] = from;
    store[record + RECORD.opBytes] = bytes;
  }

  protected enter(agent: number, record: number): void {
    const { heap, log, trace, store } = this;
    const call = this.calls[agent]![store[record + RECORD.position]!]!;
    const results = this.layout.results + agent * this.layout.resultWords;
    for (const { arg, result } of call.from) call.args[arg] = heap[results + result]!;
    heap[REGISTER.rested] = 0;
    heap[REGISTER.fuel] = MOST_TURNS;
    const value = call.rests
      ? call.body(heap, log, trace, store, 0, 0, ...call.args)
      : call.isPure
        ? (call.body as unknown as (heap: Int32Array, ...args: number[]) => number)(heap, ...call.args)
        : call.body(heap, log, trace, ...call.args);
    if (heap[REGISTER.rested] !== 0) {
      this.rest(agent, record, 0);
      return;
    }
    this.takeBlock(agent, record);
    this.returned(agent, record, value);
    if (this.violation === null) this.nextCall(agent, record);
  }

  /** The code has come to an access; the frames above `below` are new. */
  protected rest(agent: number, record: number, below: number): void {
    const { heap, store } = this;
    const op = heap[REGISTER.door]!;
    const kind = op & OP_MASK;
    const cell = op >> CELL_SHIFT;
    const a = heap[REGISTER.args]!;
    const b = heap[REGISTER.args + 1]!;
    store[heap[REGISTER.link]!] = below;
    store[record + RECORD.op] = op;
    store[record + RECORD.args] = a;
    store[record + RECORD.args + 1] = b;
    store[record + RECORD.args + 2] = heap[REGISTER.args + 2]!;
    store[record + RECORD.frame] = heap[REGISTER.top]!;
    if (this.hashed) hashFrames(store, heap[REGISTER.top]!, below);
    this.takeBlock(agent, record);
    if (kind === PANIC || kind === FAIL) {
      this.die(agent, kind === PANIC, a, b);
      return;
    }
    if (cell === 0 && (kind < SPECIAL || kind > LAST_SPECIAL) && kind !== ZERO) {
      this.point(agent, record, kind, a * 4, 4);
      if (a >>> 0 >= this.layout.words) this.wild(agent, a * 4);
      else if (kind === OP_ACQUIRE) this.setStatus(agent, GUARDED);
    } else this.restSpecially(agent, record, kind, cell, a, b);
  }

  private restSpecially(agent: number, record: number, kind: number, cell: number, a: number, b: number): void {
    let from = cell === 0 ? a * 4 : a;
    let bytes = cell === 0 ? 4 : CELL_BYTES[CELLS[cell - 1]!];
    if (kind === GET_BYTE || kind === PUT_BYTE) {
      from = a;
      bytes = 1;
    } else if (kind === ZERO) bytes = Math.max(0, b * 4);
    else if (kind === COPY) {
      from = a;
      bytes = Math.max(0, this.heap[REGISTER.args + 2]!);
    } else if (kind === SETTLE) {
      from = 0;
      bytes = 0;
    }
    this.point(agent, record, kind, from, bytes);
    const end = this.layout.words * 4;
    const isAligned = cell === 0 || (from & (bytes - 1)) === 0;
    if (from < 0 || from + bytes > end || !isAligned || (kind === COPY && bytes > 0 && (b < 0 || b + bytes > end))) this.wild(agent, from);
  }

  private wild(agent: number, byte: number): void {
    this.break(agent, 'wild-access', `byte ${byte} is outside the shared memory, or no place for a cell of this size`);
  }

  /** What the code left in the trace since it went on. */
  protected takeBlock(agent: number, record: number): void {
    const { heap, store } = this;
    const end = heap[REGISTER.trace]!;
    const begin = store[record + RECORD.blockEnd]!;
    if (end === begin || end > this.trace.length) return;
    const taken = takeTrace(this, agent, store[record + RECORD.blockFrom]!, begin, end);
    store[record + RECORD.blockEnd] = taken;
    heap[REGISTER.trace] = taken;
  }

  /** Call events are made with the first access. */
  protected announce(agent: number, record: number): void {
    const { heap, store, monitor } = this;
    store[record + RECORD.announced] = 1;
    if (monitor === null) return;
    const position = store[record + RECORD.position]!;
    const call = this.calls[agent]![position]!;
    if (!call.visible) return;
    this.heard |= HEARD_CALL;
    const state = monitor.call(heap[GLOBAL.monitor]!, agent, position);
    if (state < 0) this.break(agent, 'history', `the call ${call.label} is not admitted here`);
    else this.observe(state);
  }

  protected returned(agent: number, record: number, value: number): void {
    const { heap, store, monitor } = this;
    if (store[record + RECORD.announced] === 0) this.announce(agent, record);
    const position = store[record + RECORD.position]!;
    heap[this.layout.results + agent * this.layout.resultWords + position] = value;
    if (this.hashed) addResult(store, record, position, value | 0);
    store[record + RECORD.position] = position + 1;
    store[record + RECORD.frame] = 0;
    if (monitor === null || this.violation !== null) return;
    const call = this.calls[agent]![position]!;
    if (!call.visible) return;
    this.heard |= HEARD_RETURN;
    const state = monitor.return(heap[GLOBAL.monitor]!, agent, position, value | 0);
    if (state < 0) this.break(agent, 'history', `${call.label} = ${value} is not admitted here`);
    else this.observe(state);
  }

  private observe(state: number): void {
    const { heap } = this;
    if (this.hashed) changeMonitor(heap, heap[GLOBAL.monitor]!, state);
    heap[GLOBAL.monitor] = state;
  }
}
