/**
 * An agent's *share* of the fingerprint: its frames, its record, the plain accesses of its block, who it is, and the results of its
 * calls. All but the results are one sequence of words, the lowest frame first; a frame keeps the lanes of the sequence up to itself, so that
 * each frame is hashed once.
 */
import { FRAME, MEMORY, REGISTER } from '../compile/impl-steps.ts';
import { addCell, appendWords, emptyLanes, mix } from './fingerprint.ts';
import { GLOBAL, RECORD, RECORDS, SCRATCH } from './heap.ts';
import type { MachineState } from './state.ts';
import { movedAgents } from './store.ts';

/** The address of the monitor's state among those of words. */
const MONITOR = -1;
/** Added to the place of a result in the script, to make an address. */
const RESULTS = 1 << 24;

/** The frames from the top down to the last new one, above `below`, get their lanes. */
export function hashFrames(store: Int32Array, top: number, below: number): void {
  const caller = store[top + FRAME.caller]!;
  if (caller !== below) hashFrames(store, caller, below);
  const lanes = top + FRAME.lanes;
  if (caller === 0) emptyLanes(store, lanes);
  else copyLanes(store, caller + FRAME.lanes, store, lanes);
  // The place says how many locals come.
  appendWords(store[top]!, store, top + FRAME.locals, top + store[top + FRAME.size]!, store, lanes);
}

function copyLanes(from: Int32Array, at: number, to: Int32Array, lanes: number): void {
  to[lanes] = from[at]!;
  to[lanes + 1] = from[at + 1]!;
  to[lanes + 2] = from[at + 2]!;
  to[lanes + 3] = from[at + 3]!;
}

export function addResult(store: Int32Array, record: number, position: number, value: number): void {
  addCell(store, record + RECORD.results, RESULTS + position, value, 1);
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
  const frame = store[record + RECORD.frame]!;
  if (frame === 0) emptyLanes(heap, SCRATCH);
  else copyLanes(store, frame + FRAME.lanes, heap, SCRATCH);
  shareOf(machine, agent, store, record + RECORD.results);
  const share = record + RECORD.share;
  heap[GLOBAL.hash] = heap[GLOBAL.hash]! + heap[SCRATCH]! - store[share]!;
  heap[GLOBAL.hash + 1] = heap[GLOBAL.hash + 1]! + heap[SCRATCH + 1]! - store[share + 1]!;
  heap[GLOBAL.hash + 2] = heap[GLOBAL.hash + 2]! + heap[SCRATCH + 2]! - store[share + 2]!;
  heap[GLOBAL.hash + 3] = heap[GLOBAL.hash + 3]! + heap[SCRATCH + 3]! - store[share + 3]!;
  copyLanes(heap, SCRATCH, store, share);
}

/** Where the lanes of an agent's frames are, in SCRATCH, it leaves its share; the lanes of its results are at `results` of an array. */
function shareOf(machine: MachineState, agent: number, from: Int32Array, results: number): void {
  const { heap, store, layout, trace } = machine;
  const record = heap[RECORDS + agent]!;
  // No frame begins with a negative word: places are not. So the frames end here.
  appendWords(~machine.identity[agent]!, store, record, record + RECORD.hashedEnd, heap, SCRATCH);
  const [begin, end] = [store[record + RECORD.blockFrom]!, store[record + RECORD.blockEnd]!];
  appendWords(end - begin, trace, begin, end, heap, SCRATCH);
  if (machine.code.hasTickets) appendWords(0, store, record + RECORD.states, record + layout.recordWords, heap, SCRATCH);
  const a = heap[SCRATCH]! + from[results]!;
  const b = heap[SCRATCH + 1]! + from[results + 1]! + a;
  const c = heap[SCRATCH + 2]! + from[results + 2]! + b;
  const d = heap[SCRATCH + 3]! + from[results + 3]! + c;
  // Shares are added up, so each must look like chance by itself.
  heap[SCRATCH] = mix(a + d);
  heap[SCRATCH + 1] = mix(b ^ 0x2545f491);
  heap[SCRATCH + 2] = mix(c ^ 0x5bd1e995);
  heap[SCRATCH + 3] = mix(d ^ 0x3504f333);
}

/** The fingerprint of the state as it is, reckoned from nothing. */
export function hashState(machine: MachineState): Int32Array {
  const { heap, store, layout, words } = machine;
  const sum = new Int32Array(4);
  for (let word = 0; word < words.length; word++) addCell(sum, 0, word, words[word]!, 1);
  addCell(sum, 0, MONITOR, heap[GLOBAL.monitor]!, 1);
  for (let agent = 0; agent < machine.agents; agent++) {
    const record = heap[RECORDS + agent]!;
    const chain: number[] = [];
    for (let frame = store[record + RECORD.frame]!; frame !== 0; frame = store[frame + FRAME.caller]!) chain.unshift(frame);
    emptyLanes(heap, SCRATCH);
    for (const frame of chain) appendWords(store[frame]!, store, frame + FRAME.locals, frame + store[frame + FRAME.size]!, heap, SCRATCH);
    const results = new Int32Array(4);
    const first = layout.results + agent * layout.resultWords;
    for (let n = 0; n < store[record + RECORD.position]!; n++) addCell(results, 0, RESULTS + n, heap[first + n]!, 1);
    shareOf(machine, agent, results, 0);
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
