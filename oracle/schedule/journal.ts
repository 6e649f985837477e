/**
 * The *journal* of a machine: what steps have changed, as it was before, so that going back restores every word. Entries are written
 * before the change and read from the end; the last word of an entry is its kind.
 *
 *   step      globals, ends of the log and the trace                     when a step begins
 *   record    the record of an agent, its number                         once a step, before it first changes
 *   frame     the words of a frame, where it was, how many               before a function goes on from it
 *   waiters   the list, its length                                       once a step, before it first changes
 *
 * Memory has a log of its own, written by the code: word, old value, new value.
 */
import { MEMORY, REGISTER } from '../compile/impl-steps.ts';
import { clearShadow, setShadow } from './footprint.ts';
import { GLOBAL, GLOBALS_END, GLOBALS_FROM, RECORD, WAITER_WORDS } from './heap.ts';
import type { MachineState } from './state.ts';
import { CELL_SHIFT } from '../compile/impl-javascript.ts';

const [STEP, AGENT, FRAME, WAITERS] = [0, 1, 2, 3];
const OP_MASK = (1 << CELL_SHIFT) - 1;

export function openStep(machine: MachineState): void {
  const { heap } = machine;
  const most = machine.layout.size - machine.layout.records + 64;
  if (machine.journalEnd + most > machine.journal.length) machine.journal = grown(machine.journal, most);
  const { journal } = machine;
  let end = machine.journalEnd;
  for (let n = GLOBALS_FROM; n < GLOBALS_END; n++) journal[end++] = heap[n]!;
  journal[end++] = heap[REGISTER.log]!;
  journal[end++] = heap[REGISTER.trace]!;
  journal[end++] = STEP;
  machine.journalEnd = end;
  machine.saved = 0;
  machine.hasSavedWaiters = false;
}

export function saveAgent(machine: MachineState, agent: number): void {
  if ((machine.saved & (1 << agent)) !== 0) return;
  machine.saved |= 1 << agent;
  const { heap, journal, layout } = machine;
  const record = layout.records + agent * layout.recordWords;
  let end = machine.journalEnd;
  for (let n = record; n < record + layout.recordWords; n++) journal[end++] = heap[n]!;
  journal[end++] = agent;
  journal[end++] = AGENT;
  machine.journalEnd = end;
}

export function saveFrame(machine: MachineState, from: number, to: number): void {
  const { heap, journal } = machine;
  let end = machine.journalEnd;
  for (let n = from; n < to; n++) journal[end++] = heap[n]!;
  journal[end++] = from;
  journal[end++] = to - from;
  journal[end++] = FRAME;
  machine.journalEnd = end;
}

export function saveWaiters(machine: MachineState): void {
  if (machine.hasSavedWaiters) return;
  machine.hasSavedWaiters = true;
  const { heap, journal, layout } = machine;
  const length = heap[GLOBAL.waiters]! * WAITER_WORDS;
  let end = machine.journalEnd;
  for (let n = 0; n < length; n++) journal[end++] = heap[layout.waiters + n]!;
  journal[end++] = length;
  journal[end++] = WAITERS;
  machine.journalEnd = end;
}

export function goBack(machine: MachineState, mark: number): void {
  const { heap, journal, log, layout } = machine;
  let end = machine.journalEnd;
  while (end > mark) {
    const kind = journal[--end]!;
    if (kind === FRAME) {
      const length = journal[--end]!;
      const from = journal[--end]!;
      end -= length;
      for (let n = 0; n < length; n++) heap[from + n] = journal[end + n]!;
    } else if (kind === AGENT) {
      const agent = journal[--end]!;
      end -= layout.recordWords;
      restoreAgent(machine, agent, end);
    } else if (kind === STEP) {
      heap[REGISTER.trace] = journal[--end]!;
      const begin = journal[--end]!;
      for (let n = heap[REGISTER.log]! - 3; n >= begin; n -= 3) heap[log[n]! + MEMORY] = log[n + 1]!;
      heap[REGISTER.log] = begin;
      end -= GLOBALS_END - GLOBALS_FROM;
      for (let n = GLOBALS_FROM; n < GLOBALS_END; n++) heap[n] = journal[end + n - GLOBALS_FROM]!;
    } else {
      const length = journal[--end]!;
      end -= length;
      for (let n = 0; n < length; n++) heap[layout.waiters + n] = journal[end + n]!;
    }
  }
  machine.journalEnd = end;
}

function restoreAgent(machine: MachineState, agent: number, from: number): void {
  const { heap, journal, layout } = machine;
  const record = layout.records + agent * layout.recordWords;
  const [newFrom, newEnd] = [heap[record + RECORD.blockFrom]!, heap[record + RECORD.blockEnd]!];
  for (let n = 0; n < layout.recordWords; n++) heap[record + n] = journal[from + n]!;
  const [oldFrom, oldEnd] = [heap[record + RECORD.blockFrom]!, heap[record + RECORD.blockEnd]!];
  if (newFrom !== oldFrom || newEnd !== oldEnd) {
    clearShadow(machine, agent, newFrom, newEnd);
    setShadow(machine, agent, oldFrom, oldEnd);
  }
  machine.opKind[agent] = heap[record + RECORD.op]! & OP_MASK;
  machine.opFrom[agent] = heap[record + RECORD.opFrom]!;
  machine.opBytes[agent] = heap[record + RECORD.opBytes]!;
}

export function grown(array: Int32Array, atLeast: number): Int32Array {
  const larger = new Int32Array(array.length * 2 + atLeast);
  larger.set(array);
  return larger;
}
