/**
 * The *record* of a gated run: what the threads themselves say of their accesses, put into the relation of happens-before. A thread notes its
 * plain accesses in shared memory as it makes them; whoever schedules it takes them from there when it rests, and adds the atomic
 * ones and the waits, which the threads rest before. So a race is told by what real threads did, and not by the machine.
 *
 *   from     to       by
 *   empty    noted    the thread, by each plain access that it does not rest before [note]
 *   noted    empty    the scheduler, when the thread rests, waits or has ended [take]
 */
import type { Door } from '../../compile/ir-impl.ts';
import { HappensBefore, type RaceFound } from '../../schedule/happens-before.ts';

/** Plain accesses from one rest to the next that are written down; the others are counted. */
const MOST_NOTES = 16_384;
/** Where it begins, how many bytes, whether it writes. */
const NOTE_WORDS = 3;
const THREAD_WORDS = 1 + NOTE_WORDS * MOST_NOTES;

export function notesMemory(agents: number): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * THREAD_WORDS * agents);
}

/** The thread's side. */
export class Notes {
  private readonly words: Int32Array;

  constructor(memory: SharedArrayBuffer, agent: number) {
    this.words = new Int32Array(memory, 4 * THREAD_WORDS * agent, THREAD_WORDS);
  }

  /** Nobody reads it before the thread has said, by an atomic store, that it rests. */
  note(from: number, bytes: number, write: boolean): void {
    const { words } = this;
    const count = words[0] ?? 0;
    words[0] = count + 1;
    if (count < MOST_NOTES) words.set([from, bytes, write ? 1 : 0], 1 + NOTE_WORDS * count);
  }
}

/** The plain ranges of a door, with its arguments. */
export function plainRanges(door: Door, [at = 0, other = 0, length = 0]: readonly number[], bytes: number): readonly Plain[] {
  const from = bytes === 4 ? 4 * at : at;
  switch (door) {
    case 'get':
      return [{ from, bytes, write: false }];
    case 'put':
      return [{ from, bytes, write: true }];
    case 'zero':
      return [{ from: 4 * at, bytes: 4 * other, write: true }];
    case 'getByte':
      return [{ from: at, bytes: 1, write: false }];
    case 'putByte':
      return [{ from: at, bytes: 1, write: true }];
    case 'copy':
      return [
        { from: other, bytes: length, write: false },
        { from: at, bytes: length, write: true },
      ];
    default:
      return [];
  }
}

export interface Plain {
  readonly from: number;
  readonly bytes: number;
  readonly write: boolean;
}

/** An access that a thread rested before, and what it answered. */
export interface Made {
  readonly agent: number;
  readonly door: Door | 'guard';
  readonly args: readonly number[];
  readonly bytes: number;
  readonly result: number;
  /** Of a wait: whether the thread is in the list now. */
  readonly queued: boolean;
}

/** A thread that can't be followed: it has not come to its next access, or has made too many plain ones on the way. */
export class Lost extends Error {
  readonly agent: number;
  /** Plain accesses that it made since it was let through. */
  readonly accesses: number;
  /** Where it was given up: it went on. */
  readonly goesOn: boolean;

  constructor(agent: number, accesses: number, goesOn: boolean) {
    super(
      `thread ${agent} has made ${accesses} plain accesses and ${goesOn ? 'not come to its next atomic one' : 'too many for the record'}`,
    );
    this.agent = agent;
    this.accesses = accesses;
    this.goesOn = goesOn;
  }
}

/** The scheduler's side. */
export class AccessRecord {
  private readonly relation: HappensBefore;
  private readonly memory: SharedArrayBuffer;

  constructor(memory: SharedArrayBuffer, agents: number, bytes: number) {
    this.memory = memory;
    this.relation = new HappensBefore(agents, bytes);
  }

  /** The first race of the run. */
  get race(): RaceFound | null {
    return this.relation.race;
  }

  /** What the thread has noted since it was last asked. */
  take(agent: number): void {
    const words = new Int32Array(this.memory, 4 * THREAD_WORDS * agent, THREAD_WORDS);
    const count = words[0] ?? 0;
    if (count > MOST_NOTES) throw new Lost(agent, count, false);
    for (let at = 1; at < 1 + NOTE_WORDS * count; at += NOTE_WORDS)
      this.relation.plain(agent, words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] === 1);
    words[0] = 0;
  }

  /** How many it has noted by now, while it goes on: it is the only one that writes the number, and any earlier one would do as well. */
  noted(agent: number): number {
    return Atomics.load(new Int32Array(this.memory), THREAD_WORDS * agent);
  }

  made({ agent, door, args, bytes, result, queued }: Made): void {
    const { relation } = this;
    const from = bytes === 4 ? 4 * (args[0] ?? 0) : (args[0] ?? 0);
    switch (door) {
      case 'wait':
      case 'waitFor':
      case 'waitAsync':
        relation.wait(agent, from, queued);
        return;
      case 'load':
      case 'guard':
        relation.atomic(agent, from, bytes, true, false);
        return;
      case 'store':
        relation.atomic(agent, from, bytes, false, true);
        return;
      case 'compareExchange':
        relation.atomic(agent, from, bytes, true, result === args[1]);
        return;
      case 'add':
      case 'sub':
      case 'or':
      case 'and':
      case 'xor':
      case 'exchange':
        relation.atomic(agent, from, bytes, true, true);
        return;
      default:
        for (const range of plainRanges(door, args, bytes)) relation.plain(agent, range.from, range.bytes, range.write);
    }
  }

  /** Before anybody whom it wakes goes on. */
  notified(agent: number, at: number, woken: readonly { readonly agent: number; readonly sleeps: boolean }[]): void {
    this.relation.notify(agent, 4 * at, woken.length > 0);
    for (const waiter of woken) if (waiter.sleeps) this.relation.wake(waiter.agent, 4 * at);
  }

  timedOut(agent: number, at: number): void {
    this.relation.timeOut(agent, 4 * at);
  }
}
