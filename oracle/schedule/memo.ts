/**
 * The *memo* of a machine: what steps came to, so that one that was made before is not worked out again. What an agent does in a step
 * depends on its *local state* (its record, with frames, block and results) and on the words it looks at, on nothing else. States are
 * combinations of local states and memory, and of those there are few: some hundreds where there are a million states.
 *
 *   local states   A new record is held against those its agent has had, by 128 bits: its share of the fingerprint. If it had the same
 *                  one, that one takes its place; else it is *kept*: the store and the trace are not cut below what is kept.
 *   steps          From a kept record hangs a tree: a *look* at a word, a *branch* for each value it had, with the next look, and so on to a
 *                  *leaf*: the record that follows, the words that are written, what is added to the fingerprint. The looks are the word of
 *                  the access, then the words of the block, each as it was before the step.
 *
 * Always true:
 *   1. Only steps that move their own agent, write words and end calls are in a tree; not one in which somebody is queued or woken, the monitor
 *      hears something, or something is violated.
 *   2. Whether a step races depends on what others do: its block is held against the shadow, and what agents rest before against blocks,
 *      each time. A step that might race is worked out.
 */
import { CELL_SHIFT } from '../compile/impl-javascript.ts';
import { MEMORY, REGISTER } from '../compile/impl-steps.ts';
import { clearShadow, mayConflictWith, setShadow } from './footprint.ts';
import { ENTRY, GLOBAL, RECORD, RECORDS } from './heap.ts';
import { GUARDED, opOf, READY } from './operation.ts';
import type { MachineState } from './state.ts';
import { grown, lastEntry, pushEntry } from './store.ts';
import { StateTable } from './table.ts';

const LOOK = { at: 0, branches: 1, size: 2 } as const;
/** `to` is a look; a leaf, negated; 0: nothing is known yet. */
const BRANCH = { value: 0, next: 1, to: 2, size: 3 } as const;
/** Then follow the results of calls that ended, and of each word written: which, the value before and after. */
const LEAF = { record: 0, lastRead: 1, lanes: 2, results: 6, writes: 7, size: 8 } as const;

/** Values of one word that are told apart; one that has more is a counter, and looking for them would take longer than the step. */
const MOST_BRANCHES = 24;
/** Words of the store, the trace, and the trees: if there are more, nothing is kept any more. */
const MOST_WORDS = 1 << 24;

const OP_MASK = (1 << CELL_SHIFT) - 1;
const NOTIFY = opOf('notify');

export class Memo {
  /** Steps that were not worked out. */
  recalled = 0;
  /** Below these, the store and the trace are not cut. */
  keptStore = 0;
  keptTrace = 0;
  private isFull = false;
  private nodes: Int32Array = new Int32Array(1 << 10);
  private used = 1;
  /** Of each agent, where its local states are. */
  private readonly known: readonly StateTable[];
  private readonly key = new Int32Array(4);

  constructor(agents: number) {
    this.known = Array.from({ length: agents }, () => new StateTable(null));
  }

  /** Makes a step that is known. False: it is not known, or others have to be asked; nothing has been done. */
  recall(machine: MachineState, agent: number): boolean {
    const { heap, store, trace, opKind, opFrom, opBytes } = machine;
    const { nodes } = this;
    const early = heap[RECORDS + agent]!;
    let node = store[early + RECORD.memo]!;
    while (node > 0) {
      // The machine's arrays, and these of the memo, are indexed by what they hold themselves, here and below.
      const value = heap[nodes[node + LOOK.at]!]!;
      let branch = nodes[node + LOOK.branches]!;
      while (nodes[branch + BRANCH.value] !== value) {
        branch = nodes[branch + BRANCH.next]!;
        if (branch === 0) return false;
      }
      node = nodes[branch + BRANCH.to]!;
    }
    if (node === 0) return false;
    const leaf = -node;
    if (opKind[agent] === NOTIFY && heap[GLOBAL.waiters] !== 0 && machine.waitersAt(opFrom[agent]!) > 0) return false;
    const late = nodes[leaf + LEAF.record]!;
    const [from, end] = [store[late + RECORD.blockFrom]!, store[late + RECORD.blockEnd]!];
    for (let n = from; n < end; n++) if (mayConflictWith(machine, agent, trace[n]!)) return false;
    const results = nodes[leaf + LEAF.results]!;
    let write = leaf + LEAF.size + results;
    const lastWrite = write + nodes[leaf + LEAF.writes]! * 3;
    let logged = heap[REGISTER.log]!;
    if (logged + lastWrite - write > heap[REGISTER.logEnd]!) return false;

    const { log } = machine;
    const entry = pushEntry(machine, agent);
    machine.entries[entry + ENTRY.moved] = 1 << agent;
    machine.entries[entry + ENTRY.records + agent] = early;
    const [oldFrom, oldEnd] = [store[early + RECORD.blockFrom]!, store[early + RECORD.blockEnd]!];
    if (oldFrom < oldEnd) clearShadow(machine, agent, oldFrom, oldEnd);
    if (from < end) setShadow(machine, agent, from, end);
    heap[RECORDS + agent] = late;
    opKind[agent] = store[late + RECORD.op]! & OP_MASK;
    opFrom[agent] = store[late + RECORD.opFrom]!;
    opBytes[agent] = store[late + RECORD.opBytes]!;
    const status = store[late + RECORD.status]!;
    if (status !== store[early + RECORD.status]) {
      const bit = 1 << agent;
      heap[GLOBAL.ready] = status === READY ? heap[GLOBAL.ready]! | bit : heap[GLOBAL.ready]! & ~bit;
      heap[GLOBAL.guarded] = status === GUARDED ? heap[GLOBAL.guarded]! | bit : heap[GLOBAL.guarded]! & ~bit;
    }
    for (; write < lastWrite; write += 3, logged += 3) {
      const word = nodes[write]!;
      log[logged] = word;
      log[logged + 1] = nodes[write + 1]!;
      log[logged + 2] = nodes[write + 2]!;
      heap[word + MEMORY] = nodes[write + 2]!;
    }
    heap[REGISTER.log] = logged;
    if (results > 0) {
      const first = resultsOf(machine, agent) + store[early + RECORD.position]!;
      for (let n = 0; n < results; n++) heap[first + n] = nodes[leaf + LEAF.size + n]!;
    }
    heap[GLOBAL.hash] = heap[GLOBAL.hash]! + nodes[leaf + LEAF.lanes]!;
    heap[GLOBAL.hash + 1] = heap[GLOBAL.hash + 1]! + nodes[leaf + LEAF.lanes + 1]!;
    heap[GLOBAL.hash + 2] = heap[GLOBAL.hash + 2]! + nodes[leaf + LEAF.lanes + 2]!;
    heap[GLOBAL.hash + 3] = heap[GLOBAL.hash + 3]! + nodes[leaf + LEAF.lanes + 3]!;
    machine.lastRead = nodes[leaf + LEAF.lastRead]!;
    machine.woken = 0;
    machine.heard = 0;
    this.recalled++;
    return true;
  }

  /** After a step that was worked out: the new records are kept, and what it came to. */
  remember(machine: MachineState, transition: number): void {
    if (this.isFull || machine.violation !== null) return;
    const { heap, entries } = machine;
    const entry = lastEntry(machine);
    const moved = entries[entry + ENTRY.moved]!;
    for (let left = moved; left !== 0; left &= left - 1) this.keep(machine, 31 - Math.clz32(left & -left));
    if (moved !== 1 << transition || machine.heard !== 0 || transition >= machine.agents) return;
    if (entries[entry + ENTRY.waiters] !== heap[GLOBAL.waiters] || entries[entry + ENTRY.timed] !== heap[GLOBAL.timed]) return;
    this.learn(machine, transition, entry);
  }

  /** The first states of all agents. */
  begin(machine: MachineState): void {
    for (let agent = 0; agent < machine.agents; agent++) this.keep(machine, agent);
  }

  private keep({ heap, store }: MachineState, agent: number): void {
    const { key } = this;
    const table = this.known[agent]!;
    const record = heap[RECORDS + agent]!;
    for (let lane = 0; lane < 4; lane++) key[lane] = store[record + RECORD.share + lane]!;
    const place = table.find(key);
    if (place >= 0) {
      heap[RECORDS + agent] = table.value(place);
      return;
    }
    table.insert(place, key, record);
    this.keptStore = heap[REGISTER.store]!;
    this.keptTrace = heap[REGISTER.trace]!;
    this.isFull = Math.max(this.keptStore, this.keptTrace, this.used) > MOST_WORDS;
  }

  /** What the last step came to, as a leaf. */
  private learn(machine: MachineState, agent: number, entry: number): void {
    const { heap, store, entries } = machine;
    const early = entries[entry + ENTRY.records + agent]!;
    const late = heap[RECORDS + agent]!;
    const looks = this.looksOf(machine, early, late);
    const writes = this.writesOf(machine, entry, looks);
    if (writes === null) return;
    // The way to the leaf: what is not there is made.
    let branch = 0;
    let node = store[early + RECORD.memo]!;
    for (const word of looks) {
      if (node === 0) {
        node = this.allocate(LOOK.size);
        this.nodes[node + LOOK.at] = word + MEMORY;
        this.lead(machine, early, branch, node);
      } else if (node < 0 || this.nodes[node + LOOK.at] !== word + MEMORY)
        throw new Error(`agent ${agent} looks at word ${word}, where it has looked at another one before`);
      const value = before(machine, entry, word);
      branch = this.nodes[node + LOOK.branches]!;
      let count = 0;
      for (; branch !== 0 && this.nodes[branch + BRANCH.value] !== value; count++) branch = this.nodes[branch + BRANCH.next]!;
      if (branch === 0) {
        if (count === MOST_BRANCHES) return;
        branch = this.allocate(BRANCH.size);
        this.nodes[branch + BRANCH.value] = value;
        this.nodes[branch + BRANCH.next] = this.nodes[node + LOOK.branches]!;
        this.nodes[node + LOOK.branches] = branch;
      }
      node = this.nodes[branch + BRANCH.to]!;
    }
    // It is known, and was worked out since it might have raced.
    if (node !== 0) return;
    const ended = store[late + RECORD.position]! - store[early + RECORD.position]!;
    const leaf = this.allocate(LEAF.size + ended + writes.length);
    const { nodes } = this;
    nodes[leaf + LEAF.record] = late;
    nodes[leaf + LEAF.lastRead] = machine.lastRead;
    for (let lane = 0; lane < 4; lane++) nodes[leaf + LEAF.lanes + lane] = heap[GLOBAL.hash + lane]! - entries[entry + ENTRY.hash + lane]!;
    nodes[leaf + LEAF.results] = ended;
    nodes[leaf + LEAF.writes] = writes.length / 3;
    const first = resultsOf(machine, agent) + store[early + RECORD.position]!;
    for (let n = 0; n < ended; n++) nodes[leaf + LEAF.size + n] = heap[first + n]!;
    nodes.set(writes, leaf + LEAF.size + ended);
    this.lead(machine, early, branch, -leaf);
  }

  /** The word of the access that was made, then those of the block that it began. */
  private looksOf({ store, trace }: MachineState, early: number, late: number): readonly number[] {
    const looks: number[] = [];
    if (store[early + RECORD.opBytes]! > 0 && (store[early + RECORD.op]! & OP_MASK) !== NOTIFY)
      looks.push(store[early + RECORD.opFrom]! >> 2);
    for (let n = store[late + RECORD.blockFrom]!; n < store[late + RECORD.blockEnd]!; n++) {
      const word = trace[n]! >>> 8;
      if (!looks.includes(word)) looks.push(word);
    }
    return looks;
  }

  /** Each word that the step changed, with its value before and after; null: one that it did not look at. */
  private writesOf(machine: MachineState, entry: number, looks: readonly number[]): readonly number[] | null {
    const { heap, log, entries } = machine;
    for (let n = entries[entry + ENTRY.log]!; n < heap[REGISTER.log]!; n += 3) if (!looks.includes(log[n]!)) return null;
    return looks.flatMap((word) => {
      const [old, value] = [before(machine, entry, word), heap[word + MEMORY]!];
      return old === value ? [] : [word, old, value];
    });
  }

  /** A branch, or where there is none the record, leads to a node. */
  private lead({ store }: MachineState, record: number, branch: number, node: number): void {
    if (branch === 0) store[record + RECORD.memo] = node;
    else this.nodes[branch + BRANCH.to] = node;
  }

  private allocate(words: number): number {
    if (this.used + words > this.nodes.length) this.nodes = grown(this.nodes, words);
    const at = this.used;
    this.used += words;
    return at;
  }
}

/** The value of a word before the last step. */
function before({ heap, log, entries }: MachineState, entry: number, word: number): number {
  for (let n = entries[entry + ENTRY.log]!; n < heap[REGISTER.log]!; n += 3) if (log[n] === word) return log[n + 1]!;
  return heap[word + MEMORY]!;
}

function resultsOf({ layout }: MachineState, agent: number): number {
  return layout.results + agent * layout.resultWords;
}
