/**
 * An agent's *share* of the fingerprint: its record, its frames, the results of its calls, the plain accesses of its block, and who it is.
 * A frame keeps its lanes in its head and the record their sum, so that only frames that have changed are hashed again.
 */
import { FRAME_WORDS, MEMORY, REGISTER } from '../compile/impl-steps.ts';
import { addCell, hashWords, mix } from './fingerprint.ts';
import { GLOBAL, RECORD, SCRATCH } from './heap.ts';
import type { MachineState } from './state.ts';

/** The address of the monitor's state among those of words. */
const MONITOR = -1;
/** Added to the place of a result in the script, to make an address. */
const RESULTS = 1 << 24;
const RECORD_SEED = 0x51;
const BLOCK_SEED = 0x52;
const TICKET_SEED = 0x53;

/** The frame is about to change. */
export function dropFrame(heap: Int32Array, record: number, frame: number): void {
  const sum = record + RECORD.frames;
  for (let lane = 0; lane < 4; lane++) heap[sum + lane] = heap[sum + lane]! - heap[frame + 2 + lane]!;
}

/** Frames from `low` to the top are new. */
export function addFrames(heap: Int32Array, record: number, base: number, low: number): void {
  const sum = record + RECORD.frames;
  let end = heap[record + RECORD.end]!;
  for (let frame = heap[record + RECORD.frame]!; frame >= low && frame !== 0; frame = heap[frame + 1]!) {
    hashWords(heap, frame + FRAME_WORDS, end, frameSeed(heap, frame, base), heap, frame + 2);
    heap[sum] = heap[sum]! + heap[frame + 2]!;
    heap[sum + 1] = heap[sum + 1]! + heap[frame + 3]!;
    heap[sum + 2] = heap[sum + 2]! + heap[frame + 4]!;
    heap[sum + 3] = heap[sum + 3]! + heap[frame + 5]!;
    end = frame;
  }
}

/** Which function stands where, and how deep in the stack. */
function frameSeed(heap: Int32Array, frame: number, base: number): number {
  return heap[frame]! ^ Math.imul(frame - base + 1, 0x9e3779b1);
}

export function addResult(heap: Int32Array, record: number, position: number, value: number): void {
  addCell(heap, record + RECORD.frames, RESULTS + position, value, 1);
}

export function changeMonitor(heap: Int32Array, before: number, after: number): void {
  if (before === after) return;
  addCell(heap, GLOBAL.hash, MONITOR, before, -1);
  addCell(heap, GLOBAL.hash, MONITOR, after, 1);
}

/** Brings the fingerprint up to date with a step: the words it wrote from `logFrom` on, and the agents it changed. */
export function updateHash(machine: MachineState, logFrom: number): void {
  const { heap, log } = machine;
  const logEnd = heap[REGISTER.log]!;
  for (let n = logFrom; n < logEnd; n += 3) {
    addCell(heap, GLOBAL.hash, log[n]!, log[n + 1]!, -1);
    addCell(heap, GLOBAL.hash, log[n]!, log[n + 2]!, 1);
  }
  for (let saved = machine.saved; saved !== 0; saved &= saved - 1) updateShare(machine, 31 - Math.clz32(saved & -saved));
}

function updateShare(machine: MachineState, agent: number): void {
  const { heap, layout } = machine;
  const record = layout.records + agent * layout.recordWords;
  shareOf(machine, agent, heap, record + RECORD.frames);
  for (let lane = 0; lane < 4; lane++) {
    const share = heap[SCRATCH + lane]!;
    heap[GLOBAL.hash + lane] = heap[GLOBAL.hash + lane]! + share - heap[record + RECORD.share + lane]!;
    heap[record + RECORD.share + lane] = share;
  }
}

/** Leaves an agent's share in SCRATCH; its frames' lanes are summed up at `frames` of an array. */
function shareOf(machine: MachineState, agent: number, from: Int32Array, frames: number): void {
  const { heap, layout, trace } = machine;
  const record = layout.records + agent * layout.recordWords;
  let a = from[frames]!;
  let b = from[frames + 1]!;
  let c = from[frames + 2]!;
  let d = from[frames + 3]!;
  const add = (): void => {
    a += heap[SCRATCH]!;
    b += heap[SCRATCH + 1]!;
    c += heap[SCRATCH + 2]!;
    d += heap[SCRATCH + 3]!;
  };
  hashWords(heap, record, record + RECORD.hashedEnd, RECORD_SEED, heap, SCRATCH);
  add();
  const [begin, end] = [heap[record + RECORD.blockFrom]!, heap[record + RECORD.blockEnd]!];
  if (begin < end) {
    hashWords(trace, begin, end, BLOCK_SEED, heap, SCRATCH);
    add();
  }
  if (machine.code.hasTickets) {
    hashWords(heap, record + RECORD.size, record + layout.recordWords, TICKET_SEED, heap, SCRATCH);
    add();
  }
  // Shares are added up, so each must look like chance by itself, and say whose it is.
  const identity = machine.identity[agent]! + 1;
  heap[SCRATCH] = mix(a + Math.imul(identity, 0x9e3779b1));
  heap[SCRATCH + 1] = mix(b + Math.imul(identity, 0x7f4a7c15));
  heap[SCRATCH + 2] = mix(c + Math.imul(identity, 0x3c6ef372));
  heap[SCRATCH + 3] = mix(d + Math.imul(identity, 0x5bd1e995));
}

/** The fingerprint of the state as it is, reckoned from nothing. */
export function hashState(machine: MachineState): Int32Array {
  const { heap, layout, words } = machine;
  const sum = new Int32Array(4);
  for (let word = 0; word < words.length; word++) addCell(sum, 0, word, words[word]!, 1);
  addCell(sum, 0, MONITOR, heap[GLOBAL.monitor]!, 1);
  for (let agent = 0; agent < machine.agents; agent++) {
    const record = layout.records + agent * layout.recordWords;
    const frames = new Int32Array(4);
    const lanes = new Int32Array(4);
    let end = heap[record + RECORD.end]!;
    for (let frame = heap[record + RECORD.frame]!; frame !== 0; frame = heap[frame + 1]!) {
      hashWords(heap, frame + FRAME_WORDS, end, frameSeed(heap, frame, layout.stacks + agent * layout.stackWords), lanes, 0);
      for (let lane = 0; lane < 4; lane++) frames[lane] = frames[lane]! + lanes[lane]!;
      end = frame;
    }
    const results = layout.results + agent * layout.resultWords;
    for (let n = 0; n < heap[record + RECORD.position]!; n++) addCell(frames, 0, RESULTS + n, heap[results + n]!, 1);
    shareOf(machine, agent, frames, 0);
    for (let lane = 0; lane < 4; lane++) sum[lane] = sum[lane]! + heap[SCRATCH + lane]!;
  }
  return sum;
}

/** Adds what does not change with steps: the memory and the monitor as they are at the start. */
export function startHash(machine: MachineState): void {
  const { heap, words } = machine;
  heap.fill(0, GLOBAL.hash, GLOBAL.hash + 4);
  for (let word = 0; word < words.length; word++) addCell(heap, GLOBAL.hash, word, heap[word + MEMORY]!, 1);
  addCell(heap, GLOBAL.hash, MONITOR, heap[GLOBAL.monitor]!, 1);
  for (let agent = 0; agent < machine.agents; agent++) {
    const share = layoutShare(machine, agent);
    heap.fill(0, share, share + 4);
    updateShare(machine, agent);
  }
}

function layoutShare({ layout }: MachineState, agent: number): number {
  return layout.records + agent * layout.recordWords + RECORD.share;
}
