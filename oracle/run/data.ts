/**
 * *Data*: every unit that is sent carries a number of its own, so that whoever reads one can tell which it is. A reader must get
 * whole units, each once, in the order in which they were sent, and of a stream none may be missing. The specification only counts.
 *
 * What the remote host sends and what datagrams carry may be lost on the way, so there a gap is no fault.
 */
import { getWord, putWord, UNIT } from '../adapter.ts';
import type { Machine } from './implementation.ts';

const WORDS = UNIT / 4;
/** The predecessor of the first unit of a stream. */
const NONE = 0;

/** Whether these bytes have this unit at this place, whole. */
export function holdsUnit(bytes: Uint8Array, index: number, unit: number): boolean {
  for (let at = 0; at < UNIT; at++) if (bytes[index * UNIT + at] !== ((unit >>> (8 * (at % 4))) & 255)) return false;
  return true;
}

export class Data {
  private readonly machine: Machine;
  /** The number that the next unit sent will carry; they are numbered over the whole program. */
  private next = 1;
  /** By unit: the one that was sent before it on the same stream. */
  private readonly before = new Map<number, number>();
  /** By stream: the last unit sent. */
  private readonly lastSent = new Map<string, number>();
  /** By reader: the last unit it has read; absent too if what followed that was thrown away. */
  private readonly lastRead = new Map<string, number>();
  private readonly torn = new Set<string>();

  constructor(machine: Machine) {
    this.machine = machine;
  }

  reset(): void {
    this.next = 1;
    this.before.clear();
    this.lastSent.clear();
    this.lastRead.clear();
    this.torn.clear();
  }

  /** Fills the user's memory with the next units. Returns the number of the first. */
  fill(amount: number): number {
    const first = this.next;
    for (let unit = 0; unit < amount; unit++) this.write(unit, this.next++);
    return first;
  }

  private write(index: number, value: number): void {
    for (let word = 0; word < WORDS; word++) putWord(this.machine.kernel, this.machine.user + index * UNIT + word * 4, value);
  }

  /** So many units from this one on were taken for the stream. */
  sent(stream: string, first: number, amount: number): void {
    for (let unit = first; unit < first + amount; unit++) {
      this.before.set(unit, this.lastSent.get(stream) ?? NONE);
      this.lastSent.set(stream, unit);
    }
  }

  /** What the reader had not read was thrown away: the next unit it reads may be any later one. */
  thrownAway(reader: string): void {
    this.torn.add(reader);
  }

  /** Looks at so many units that the reader has got in user memory. What is wrong with them and what would be right, or null. */
  check(reader: string, amount: number): { readonly seen: string; readonly allowed: string } | null {
    for (let unit = 0; unit < amount; unit++) {
      const words = Array.from({ length: WORDS }, (_, word) => getWord(this.machine.kernel, this.machine.user + unit * UNIT + word * 4));
      const last = this.lastRead.get(reader) ?? NONE;
      const value = words[0] ?? 0;
      const seen = `read a unit with the words ${words.join(' ')}`;
      if (value <= last || value >= this.next || words.some((word) => word !== value)) {
        return {
          seen,
          allowed: `one number over ${last} (what it read last) and below ${this.next} (what will be sent next), ${WORDS} times`,
        };
      }
      const before = this.before.get(value) ?? NONE;
      if (before !== NONE && before !== last && !this.torn.has(reader))
        return { seen, allowed: `unit ${before} before it, which was sent before it and never read` };
      this.torn.delete(reader);
      this.lastRead.set(reader, value);
    }
    return null;
  }
}
