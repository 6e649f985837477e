/**
 * The *store* and going back. A step begins with an entry, which keeps the globals as they were and where the log and the trace ended; an
 * agent that it moves gets a new record, which knows the one before. Going back takes the old records and globals again, undoes the
 * log of memory (word, old value, new value) from its end, and cuts the store.
 */
import { CELL_SHIFT } from '../compile/impl-javascript.ts';
import { MEMORY, REGISTER } from '../compile/impl-steps.ts';
import { clearShadow, setShadow } from './footprint.ts';
import { ENTRY, GLOBAL, RECORD, RECORDS, STEP, WAITER_WORDS } from './heap.ts';
import type { MachineState } from './state.ts';

/** Room for frames that there is at least when a step begins. */
const FRAMES = 1 << 12;
const OP_MASK = (1 << CELL_SHIFT) - 1;

export function openStep(machine: MachineState, transition: number): void {
  const { heap } = machine;
  const at = heap[REGISTER.store]!;
  if (at + machine.layout.stepWords + FRAMES > machine.store.length) growStore(machine);
  const { store } = machine;
  store[at + ENTRY.previous] = heap[STEP]!;
  store[at + ENTRY.moved] = 0;
  store[at + ENTRY.log] = heap[REGISTER.log]!;
  store[at + ENTRY.trace] = heap[REGISTER.trace]!;
  store[at + ENTRY.ready] = heap[GLOBAL.ready]!;
  store[at + ENTRY.guarded] = heap[GLOBAL.guarded]!;
  store[at + ENTRY.timed] = heap[GLOBAL.timed]!;
  store[at + ENTRY.monitor] = heap[GLOBAL.monitor]!;
  store[at + ENTRY.waiters] = heap[GLOBAL.waiters]!;
  store[at + ENTRY.transition] = transition;
  if (machine.hashed) {
    store[at + ENTRY.hash] = heap[GLOBAL.hash]!;
    store[at + ENTRY.hash + 1] = heap[GLOBAL.hash + 1]!;
    store[at + ENTRY.hash + 2] = heap[GLOBAL.hash + 2]!;
    store[at + ENTRY.hash + 3] = heap[GLOBAL.hash + 3]!;
  }
  heap[STEP] = at;
  heap[REGISTER.store] = at + ENTRY.size;
  machine.steps++;
}

/** The record of an agent that the present step may write. */
export function renew(machine: MachineState, agent: number): number {
  const { heap, store } = machine;
  const moved = heap[STEP]! + ENTRY.moved;
  const from = heap[RECORDS + agent]!;
  if ((store[moved]! & (1 << agent)) !== 0) return from;
  store[moved] = store[moved]! | (1 << agent);
  const to = heap[REGISTER.store]!;
  const words = machine.layout.recordWords;
  for (let n = 0; n < words; n++) store[to + n] = store[from + n]!;
  store[to + RECORD.previous] = from;
  heap[RECORDS + agent] = to;
  heap[REGISTER.store] = to + words;
  return to;
}

/** The agents with new records. */
export function movedAgents({ heap, store }: MachineState): number {
  return store[heap[STEP]! + ENTRY.moved]!;
}

/** A copy of the list of waiters, with one more place than it needs, that the present step may write. Its length is that of the old one. */
export function renewWaiters(machine: MachineState): number {
  const { heap, store } = machine;
  const from = heap[GLOBAL.waiters]!;
  const to = heap[REGISTER.store]!;
  const words = from === 0 ? 1 : 1 + store[from]! * WAITER_WORDS;
  if (from === 0) store[to] = 0;
  else for (let n = 0; n < words; n++) store[to + n] = store[from + n]!;
  heap[GLOBAL.waiters] = to;
  heap[REGISTER.store] = to + words + WAITER_WORDS;
  return to;
}

/** Back to before the last step. */
export function goBack(machine: MachineState): void {
  const { heap, store, log, opKind, opFrom, opBytes } = machine;
  const at = heap[STEP]!;
  for (let moved = store[at + ENTRY.moved]!; moved !== 0; moved &= moved - 1) {
    const agent = 31 - Math.clz32(moved & -moved);
    const late = heap[RECORDS + agent]!;
    const early = store[late + RECORD.previous]!;
    const [from, end] = [store[late + RECORD.blockFrom]!, store[late + RECORD.blockEnd]!];
    const [oldFrom, oldEnd] = [store[early + RECORD.blockFrom]!, store[early + RECORD.blockEnd]!];
    if (from < end) clearShadow(machine, agent, from, end);
    if (oldFrom < oldEnd) setShadow(machine, agent, oldFrom, oldEnd);
    heap[RECORDS + agent] = early;
    opKind[agent] = store[early + RECORD.op]! & OP_MASK;
    opFrom[agent] = store[early + RECORD.opFrom]!;
    opBytes[agent] = store[early + RECORD.opBytes]!;
  }
  const begin = store[at + ENTRY.log]!;
  for (let n = heap[REGISTER.log]! - 3; n >= begin; n -= 3) heap[log[n]! + MEMORY] = log[n + 1]!;
  heap[REGISTER.log] = begin;
  heap[REGISTER.trace] = store[at + ENTRY.trace]!;
  heap[GLOBAL.ready] = store[at + ENTRY.ready]!;
  heap[GLOBAL.guarded] = store[at + ENTRY.guarded]!;
  heap[GLOBAL.timed] = store[at + ENTRY.timed]!;
  heap[GLOBAL.monitor] = store[at + ENTRY.monitor]!;
  heap[GLOBAL.waiters] = store[at + ENTRY.waiters]!;
  if (machine.hashed) {
    heap[GLOBAL.hash] = store[at + ENTRY.hash]!;
    heap[GLOBAL.hash + 1] = store[at + ENTRY.hash + 1]!;
    heap[GLOBAL.hash + 2] = store[at + ENTRY.hash + 2]!;
    heap[GLOBAL.hash + 3] = store[at + ENTRY.hash + 3]!;
  }
  heap[REGISTER.store] = at;
  heap[STEP] = store[at + ENTRY.previous]!;
  machine.steps--;
}

export function growStore(machine: MachineState): void {
  machine.store = grown(machine.store, machine.layout.stepWords + FRAMES);
  // Behind the frames of a step there is always room for what the machine itself makes.
  machine.heap[REGISTER.storeEnd] = machine.store.length - machine.layout.stepWords;
}

export function grown(array: Int32Array, atLeast: number): Int32Array {
  const larger = new Int32Array(array.length * 2 + atLeast);
  larger.set(array);
  return larger;
}
