/**
 * An agent's *share* of the fingerprint: its record, its frames, the results of its calls, the plain accesses of its block, and who it is.
 * A frame keeps its lanes in its head and the record their sum, so that each frame is hashed once.
 */
import { FRAME, MEMORY, REGISTER } from '../compile/impl-steps.ts';
import { addCell, hashWords, mix } from './fingerprint.ts';
import { GLOBAL, RECORD, RECORDS, SCRATCH } from './heap.ts';
import type { MachineState } from './state.ts';
import { movedAgents } from './store.ts';

/** The address of the monitor's state among those of words. */
const MONITOR = -1;
/** Added to the place of a result in the script, to make an address. */
const RESULTS = 1 << 24;
const RECORD_SEED = 0x51;
const BLOCK_SEED = 0x52;
const TICKET_SEED = 0x53;

/** Frames that are gone on from do not count any longer. */
export function dropFrame(store: Int32Array, record: number, frame: number): void {
  const sum = record + RECORD.frames;
  for (let lane = 0; lane < 4; lane++) store[sum + lane] = store[sum + lane]! - store[frame + FRAME.lanes + lane]!;
}

/** The frames from the top to the last new one, above `below`, count from now on. */
export function addFrames(store: Int32Array, record: number, below: number): void {
  const sum = record + RECORD.frames;
  const top = store[record + RECORD.frame]!;
  let depth = below === 0 ? -1 : store[below + FRAME.depth]!;
  for (let frame = top; frame !== below; frame = store[frame + FRAME.caller]!) depth++;
  for (let frame = top; frame !== below; frame = store[frame + FRAME.caller]!) {
    store[frame + FRAME.depth] = depth;
    const lanes = frame + FRAME.lanes;
    hashWords(store, frame + FRAME.locals, frame + store[frame + FRAME.size]!, frameSeed(store[frame]!, depth), store, lanes);
    store[sum] = store[sum]! + store[lanes]!;
    store[sum + 1] = store[sum + 1]! + store[lanes + 1]!;
    store[sum + 2] = store[sum + 2]! + store[lanes + 2]!;
    store[sum + 3] = store[sum + 3]! + store[lanes + 3]!;
    depth--;
  }
}

/** Which function stands where, and how deep in the chain. */
function frameSeed(place: number, depth: number): number {
  return place ^ Math.imul(depth + 1, 0x9e3779b1);
}

export function addResult(store: Int32Array, record: number, position: number, value: number): void {
  addCell(store, record + RECORD.frames, RESULTS + position, value, 1);
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
  for (let moved = movedAgents(machine); moved !== 0; moved &= moved - 1) updateShare(machine, 31 - Math.clz32(moved & -moved));
}

function updateShare(machine: MachineState, agent: number): void {
  const { heap, store } = machine;
  const record = heap[RECORDS + agent]!;
  shareOf(machine, agent, store, record + RECORD.frames);
  for (let lane = 0; lane < 4; lane++) {
    const share = heap[SCRATCH + lane]!;
    heap[GLOBAL.hash + lane] = heap[GLOBAL.hash + lane]! + share - store[record + RECORD.share + lane]!;
    store[record + RECORD.share + lane] = share;
  }
}

/** Leaves an agent's share in SCRATCH; its frames' lanes are summed up at `frames` of an array. */
function shareOf(machine: MachineState, agent: number, from: Int32Array, frames: number): void {
  const { heap, store, layout, trace } = machine;
  const record = heap[RECORDS + agent]!;
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
  hashWords(store, record, record + RECORD.hashedEnd, RECORD_SEED, heap, SCRATCH);
  add();
  const [begin, end] = [store[record + RECORD.blockFrom]!, store[record + RECORD.blockEnd]!];
  if (begin < end) {
    hashWords(trace, begin, end, BLOCK_SEED, heap, SCRATCH);
    add();
  }
  if (machine.code.hasTickets) {
    hashWords(store, record + RECORD.states, record + layout.recordWords, TICKET_SEED, heap, SCRATCH);
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
  const { heap, store, layout, words } = machine;
  const sum = new Int32Array(4);
  for (let word = 0; word < words.length; word++) addCell(sum, 0, word, words[word]!, 1);
  addCell(sum, 0, MONITOR, heap[GLOBAL.monitor]!, 1);
  for (let agent = 0; agent < machine.agents; agent++) {
    const record = heap[RECORDS + agent]!;
    const frames = new Int32Array(4);
    const lanes = new Int32Array(4);
    const chain: number[] = [];
    for (let frame = store[record + RECORD.frame]!; frame !== 0; frame = store[frame + FRAME.caller]!) chain.unshift(frame);
    for (const [depth, frame] of chain.entries()) {
      hashWords(store, frame + FRAME.locals, frame + store[frame + FRAME.size]!, frameSeed(store[frame]!, depth), lanes, 0);
      for (let lane = 0; lane < 4; lane++) frames[lane] = frames[lane]! + lanes[lane]!;
    }
    const results = layout.results + agent * layout.resultWords;
    for (let n = 0; n < store[record + RECORD.position]!; n++) addCell(frames, 0, RESULTS + n, heap[results + n]!, 1);
    shareOf(machine, agent, frames, 0);
    for (let lane = 0; lane < 4; lane++) sum[lane] = sum[lane]! + heap[SCRATCH + lane]!;
  }
  return sum;
}

/** Of the first state: the agents' shares are reckoned for the first time. */
export function startHash(machine: MachineState): void {
  const { heap, store, words } = machine;
  heap.fill(0, GLOBAL.hash, GLOBAL.hash + 4);
  for (let word = 0; word < words.length; word++) addCell(heap, GLOBAL.hash, word, heap[word + MEMORY]!, 1);
  addCell(heap, GLOBAL.hash, MONITOR, heap[GLOBAL.monitor]!, 1);
  for (let agent = 0; agent < machine.agents; agent++) {
    const share = heap[RECORDS + agent]! + RECORD.share;
    store.fill(0, share, share + 4);
    updateShare(machine, agent);
  }
}
