/**
 * *Data*: every unit that is sent carries a number of its own, so that whoever reads one can tell which it is. The specification only counts.
 *
 *   TCP    a reader gets, byte for byte, what the segments brought that reached it (end.ts), until it is thrown away
 *   UNIX   whole units, each once, in the order in which they were sent, and none is missing
 *   UDP    the same, but a datagram may be lost on the way
 */
import { getWord, putWord, UNIT } from '../adapter.ts';
import type { Machine } from './implementation.ts';
import type { Wrong } from './mismatch.ts';
import type { Argument } from './operations.ts';

const WORDS = UNIT / 4;
/** The predecessor of the first unit of a stream. */
const NONE = 0;

/** Whether these bytes have this unit at this place, whole. */
export function holdsUnit(bytes: Uint8Array, index: number, unit: number): boolean {
  for (let at = 0; at < UNIT; at++) if (bytes[index * UNIT + at] !== ((unit >>> (8 * (at % 4))) & 255)) return false;
  return true;
}

/** Whether a call may have emptied the receive buffer of its socket. */
export function throwsAway(name: string, { how }: Readonly<Record<string, Argument>>, errno: string): boolean {
  // A shutdown that the protocol refuses has flushed the buffer before it asked.
  if (name === 'shutdown') return (how === 'read' || how === 'both') && errno !== 'EINVAL';
  return name === 'close' || (name === 'disconnect' && errno === 'none');
}

export interface Sockets {
  /** Units that the socket has to read; 0 for one that is gone. */
  unread(so: number): number;
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
  /** By socket of the specification: what TCP has brought and nobody has read. */
  private readonly brought = new Map<number, number[]>();

  constructor(machine: Machine) {
    this.machine = machine;
  }

  reset(): void {
    this.next = 1;
    this.before.clear();
    this.lastSent.clear();
    this.lastRead.clear();
    this.torn.clear();
    this.brought.clear();
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

  /** TCP has brought these bytes to the socket. */
  arrived(so: number, bytes: readonly Uint8Array[]): void {
    const all = this.brought.get(so) ?? [];
    for (const some of bytes) all.push(...some);
    this.brought.set(so, all);
  }

  /** What was brought to a socket that has nothing more to read has been read or thrown away. */
  forget(sockets: Sockets): void {
    if (this.brought.size === 0) return;
    for (const so of this.brought.keys()) if (sockets.unread(so) === 0) this.brought.delete(so);
  }

  /** Looks at so many units that TCP's reader has got in user memory. What is wrong with them and what would be right, or null. */
  checkBrought(so: number, amount: number): Wrong | null {
    const all = this.brought.get(so) ?? [];
    const due = all.splice(0, amount * UNIT);
    const got = due.map((_, at) => (getWord(this.machine.kernel, this.machine.user + (at & ~3)) >>> (8 * (at & 3))) & 255);
    const at = due.findIndex((byte, index) => byte !== got[index]);
    if (at < 0 && due.length === amount * UNIT) return null;
    if (at < 0) return { seen: `read ${amount * UNIT} bytes`, allowed: `the ${due.length} bytes that have come` };
    return { seen: `read ${got[at]} as byte ${at}`, allowed: `${due[at]}, as it came` };
  }

  /** What the reader had not read was thrown away: the next unit it reads may be any later one. */
  thrownAway(reader: string): void {
    this.torn.add(reader);
  }

  /** Looks at so many units that the reader has got in user memory. What is wrong with them and what would be right, or null. */
  check(reader: string, amount: number): Wrong | null {
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
