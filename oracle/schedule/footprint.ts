/**
 * The *footprint* of a block: the bytes it touches plainly. While code runs it leaves every plain access in the trace; afterwards each is
 * held against the *shadow* of its word, which has a bit for every agent whose current block read it and one for every agent whose current
 * block wrote it. Two blocks that are current at one time are never ordered, so that a conflict between them is a data race.
 *
 *   an entry      word << 8 | bytes written << 4 | bytes read
 *   a shadow      bits 0..14 readers (who wrote it is among them), 15..29 writers, 30: somebody touched only some of its bytes
 *
 * Where bit 30 is set, agents' entries are compared byte by byte; it is never taken back, since it only costs time.
 */
import { RECORD, RECORDS } from './heap.ts';
import type { Runner } from './runner.ts';
import type { MachineState } from './state.ts';

/** The place of the first writer's bit. */
export const WRITERS = 15;
const PARTIAL = 1 << 30;
const WHOLE_READ = 15;
const WHOLE_WRITE = 240;

/** Takes what an agent added to the trace from `begin` on into its block: repetitions go. Returns the new end; a race is left in `machine`. */
export function takeTrace(machine: Runner, agent: number, blockFrom: number, begin: number, end: number): number {
  const { heap, trace } = machine;
  const { shadow } = machine.layout;
  const [reads, writes] = [1 << agent, 1 << (agent + WRITERS)];
  let to = begin;
  for (let n = begin; n < end; n++) {
    // Both arrays are the machine's own and these indices inside them, here and below.
    const entry = trace[n]!;
    const at = shadow + (entry >>> 8);
    const bytes = entry & 255;
    const before = heap[at]!;
    const isWrite = bytes > WHOLE_READ;
    const mine = isWrite ? reads | writes : reads;
    if ((before & PARTIAL) === 0 && (bytes === WHOLE_READ || bytes === WHOLE_WRITE)) {
      if ((before & mine) === mine) continue;
      const others = before & ~(reads | writes);
      const against = isWrite ? others : (others >>> WRITERS) << WRITERS;
      if (against !== 0) machine.race(agent, entry, against);
      heap[at] = before | mine;
    } else {
      if ((before & mine) === mine && covers(trace, blockFrom, to, entry)) continue;
      heap[at] = before | mine | PARTIAL;
      const other = conflictingAgent(machine, agent, entry);
      if (other >= 0) machine.race(agent, entry, 1 << other);
    }
    trace[to++] = entry;
  }
  return to;
}

/** Whether an entry adds nothing to another: who wrote bytes races with all that who read them does. So it is too where whole words are held against the shadow. */
function covers(trace: Int32Array, from: number, end: number, entry: number): boolean {
  for (let n = from; n < end; n++) {
    const other = trace[n]!;
    if (other >>> 8 === entry >>> 8 && (entry & 255 & ~(other | ((other >>> 4) & 15))) === 0) return true;
  }
  return false;
}

/** Another agent in whose block there is an access that conflicts with the entry, or -1. */
export function conflictingAgent(machine: MachineState, agent: number, entry: number): number {
  for (let other = 0; other < machine.agents; other++) if (other !== agent && conflictingBytes(machine, other, entry) !== 0) return other;
  return -1;
}

/** The bytes of the word of an entry in which an access of an agent's block conflicts with it, the first such access. */
export function conflictingBytes({ heap, store, trace }: MachineState, agent: number, entry: number): number {
  const record = heap[RECORDS + agent]!;
  for (let n = store[record + RECORD.blockFrom]!; n < store[record + RECORD.blockEnd]!; n++) {
    const other = trace[n]!;
    if (other >>> 8 !== entry >>> 8) continue;
    const bytes = ((entry >>> 4) & (other | (other >>> 4))) | (entry & (other >>> 4));
    if ((bytes & 15) !== 0) return bytes & 15;
  }
  return 0;
}

/** Whether an entry of an agent can be in conflict with the shadow of its word: no race is overlooked, but not all of these are. */
export function mayConflictWith({ heap, layout }: MachineState, agent: number, entry: number): boolean {
  const others = heap[layout.shadow + (entry >>> 8)]! & ~((1 << agent) | (1 << (agent + WRITERS))) & ~PARTIAL;
  return ((entry & 255) > WHOLE_READ ? others : others >>> WRITERS) !== 0;
}

/** The block of an agent is over, or gone back from. */
export function clearShadow(machine: MachineState, agent: number, from: number, end: number): void {
  const { heap, trace } = machine;
  const { shadow } = machine.layout;
  const keep = ~((1 << agent) | (1 << (agent + WRITERS)));
  for (let n = from; n < end; n++) {
    const at = shadow + (trace[n]! >>> 8);
    heap[at] = heap[at]! & keep;
  }
}

/** The block of an agent is current again. */
export function setShadow(machine: MachineState, agent: number, from: number, end: number): void {
  const { heap, trace } = machine;
  const { shadow } = machine.layout;
  const [reads, both] = [1 << agent, (1 << agent) | (1 << (agent + WRITERS))];
  for (let n = from; n < end; n++) {
    const entry = trace[n]!;
    const at = shadow + (entry >>> 8);
    heap[at] = heap[at]! | ((entry & 240) !== 0 ? both : reads);
  }
}

/** The entry of an access to some bytes of one word. */
export function entryOf(from: number, bytes: number, isRead: boolean, isWrite: boolean): number {
  const some = (bytes >= 4 ? 15 : (1 << bytes) - 1) << (from & 3);
  return ((from >> 2) << 8) | (isWrite ? some << 4 : 0) | (isRead ? some : 0);
}

/** Whether the shadow of a word can be in conflict with an atomic access of an agent. */
export function mayConflict(machine: MachineState, agent: number, word: number, isWrite: boolean): boolean {
  const others = machine.heap[machine.layout.shadow + word]! & ~((1 << agent) | (1 << (agent + WRITERS))) & ~PARTIAL;
  return (isWrite ? others : others >>> WRITERS) !== 0;
}
