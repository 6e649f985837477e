/**
 * The *store* and going back. Before a step an entry is made, which keeps the globals as they were, and where the log, the trace and the store
 * ended; an agent that the step moves gets a new record, and the entry knows the one before. Going back takes the old records and globals
 * again, undoes the log of memory (word, old value, new value) from its end, and cuts the store.
 */
import { CELL_SHIFT } from '../compile/impl-javascript.ts';
import { MEMORY, REGISTER } from '../compile/impl-steps.ts';
import { clearShadow, setShadow } from './footprint.ts';
import { ENTRY, GLOBAL, RECORD, RECORDS, WAITER_WORDS } from './heap.ts';
import type { MachineState } from './state.ts';

/** Room for frames that there is at least when a step begins. */
const FRAMES = 1 << 12;
const OP_MASK = (1 << CELL_SHIFT) - 1;

export function openStep(machine: MachineState, transition: number): void {
  if (machine.heap[REGISTER.store]! + machine.layout.stepWords + FRAMES > machine.store.length) growStore(machine);
  pushEntry(machine, transition);
}

/** Makes the entry of a step; where it is. */
export function pushEntry(machine: MachineState, transition: number): number {
  const { heap } = machine;
  const words = machine.layout.entryWords;
  const at = machine.steps * words;
  if (at + words > machine.entries.length) machine.entries = grown(machine.entries, words);
  const { entries } = machine;
  entries[at + ENTRY.moved] = 0;
  entries[at + ENTRY.log] = heap[REGISTER.log]!;
  entries[at + ENTRY.trace] = heap[REGISTER.trace]!;
  entries[at + ENTRY.store] = heap[REGISTER.store]!;
  entries[at + ENTRY.ready] = heap[GLOBAL.ready]!;
  entries[at + ENTRY.guarded] = heap[GLOBAL.guarded]!;
  entries[at + ENTRY.timed] = heap[GLOBAL.timed]!;
  entries[at + ENTRY.monitor] = heap[GLOBAL.monitor]!;
  entries[at + ENTRY.waiters] = heap[GLOBAL.waiters]!;
  entries[at + ENTRY.transition] = transition;
  if (machine.hashed) {
    entries[at + ENTRY.hash] = heap[GLOBAL.hash]!;
    entries[at + ENTRY.hash + 1] = heap[GLOBAL.hash + 1]!;
    entries[at + ENTRY.hash + 2] = heap[GLOBAL.hash + 2]!;
    entries[at + ENTRY.hash + 3] = heap[GLOBAL.hash + 3]!;
  }
  machine.steps++;
  return at;
}

/** The entry of the last step. */
export function lastEntry({ steps, layout }: MachineState): number {
  return (steps - 1) * layout.entryWords;
}

/** The record of an agent that the present step may write. */
export function renew(machine: MachineState, agent: number): number {
  const { heap, store, entries } = machine;
  const entry = lastEntry(machine);
  const from = heap[RECORDS + agent]!;
  const moved = entries[entry + ENTRY.moved]!;
  if ((moved & (1 << agent)) !== 0) return from;
  entries[entry + ENTRY.moved] = moved | (1 << agent);
  entries[entry + ENTRY.records + agent] = from;
  const to = heap[REGISTER.store]!;
  const words = machine.layout.recordWords;
  for (let n = 0; n < words; n++) store[to + n] = store[from + n]!;
  store[to + RECORD.memo] = 0;
  heap[RECORDS + agent] = to;
  heap[REGISTER.store] = to + words;
  return to;
}

/** The agents with new records. */
export function movedAgents(machine: MachineState): number {
  return machine.entries[lastEntry(machine) + ENTRY.moved]!;
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
  const { heap, store, entries, log, memo, opKind, opFrom, opBytes } = machine;
  const at = lastEntry(machine);
  for (let moved = entries[at + ENTRY.moved]!; moved !== 0; moved &= moved - 1) {
    const agent = 31 - Math.clz32(moved & -moved);
    const late = heap[RECORDS + agent]!;
    const early = entries[at + ENTRY.records + agent]!;
    const [from, end] = [store[late + RECORD.blockFrom]!, store[late + RECORD.blockEnd]!];
    const [oldFrom, oldEnd] = [store[early + RECORD.blockFrom]!, store[early + RECORD.blockEnd]!];
    if (from < end) clearShadow(machine, agent, from, end);
    if (oldFrom < oldEnd) setShadow(machine, agent, oldFrom, oldEnd);
    heap[RECORDS + agent] = early;
    opKind[agent] = store[early + RECORD.op]! & OP_MASK;
    opFrom[agent] = store[early + RECORD.opFrom]!;
    opBytes[agent] = store[early + RECORD.opBytes]!;
  }
  const begin = entries[at + ENTRY.log]!;
  for (let n = heap[REGISTER.log]! - 3; n >= begin; n -= 3) heap[log[n]! + MEMORY] = log[n + 1]!;
  heap[REGISTER.log] = begin;
  // What the memo keeps is not cut.
  heap[REGISTER.trace] = memo === null ? entries[at + ENTRY.trace]! : Math.max(entries[at + ENTRY.trace]!, memo.keptTrace);
  heap[REGISTER.store] = memo === null ? entries[at + ENTRY.store]! : Math.max(entries[at + ENTRY.store]!, memo.keptStore);
  heap[GLOBAL.ready] = entries[at + ENTRY.ready]!;
  heap[GLOBAL.guarded] = entries[at + ENTRY.guarded]!;
  heap[GLOBAL.timed] = entries[at + ENTRY.timed]!;
  heap[GLOBAL.monitor] = entries[at + ENTRY.monitor]!;
  heap[GLOBAL.waiters] = entries[at + ENTRY.waiters]!;
  if (machine.hashed) {
    heap[GLOBAL.hash] = entries[at + ENTRY.hash]!;
    heap[GLOBAL.hash + 1] = entries[at + ENTRY.hash + 1]!;
    heap[GLOBAL.hash + 2] = entries[at + ENTRY.hash + 2]!;
    heap[GLOBAL.hash + 3] = entries[at + ENTRY.hash + 3]!;
  }
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
