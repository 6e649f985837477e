/**
 * The door: the only file of the implementation that touches `Atomics` and the typed arrays. A *kernel* is one
 * SharedArrayBuffer seen twice, as 32-bit words and as bytes; everything below the face names memory by *word index* (the
 * pointer of this system, 0 is NULL) or, for data, by *byte index*, and reads and writes it only through these functions.
 * They are short so that a JIT inlines them; an engine that compiles the implementation replaces each by one step.
 *
 * Which one to use:
 *   fixed            a word that is written before the kernel is shared and never again (capacities, table bases): no ordering.
 *   get, put, zero   plain access. The caller holds the lock that guards the word, or the record is not published yet.
 *   load, store, …   sequentially consistent. For every word that anybody reads or writes without a lock. A word is either
 *                    always plain or always atomic (layout.ts says which): mixing the two is a data race.
 *   copy, …          bytes: the caller owns both ranges.
 */

/** One kernel, as a thread sees it. The record holds nothing but the two views; it is made anew in every thread. */
export interface Kernel {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

/** Word of the header that holds the code of the first panic, 0 as long as the kernel is well; the next one holds the object. */
export const PANIC_WORD = 2;

/** How long a futex wait may go without looking whether the kernel has panicked, in milliseconds. */
const WAIT_SLICE = 5000;

/** Thrown by `panic`: an invariant of the implementation is broken. Nobody below the face catches it. */
export class KernelPanic extends Error {
  readonly panicCode: number;
  readonly about: number;
  constructor(code: number, about: number) {
    super(
      `kernel panic ${code}, object at word ${about}: an invariant of the socket layer is broken and this kernel is unusable; impl/panic.ts explains the code`,
    );
    this.name = 'KernelPanic';
    this.panicCode = code;
    this.about = about;
  }
}

/** A zeroed kernel of so many words: the one place where shared memory is made. */
export function makeKernel(words: number): Kernel {
  return viewKernel(new SharedArrayBuffer(words * 4));
}

/** This thread's view of a buffer that some thread made. */
export function viewKernel(buffer: SharedArrayBuffer): Kernel {
  return { words: new Int32Array(buffer), bytes: new Uint8Array(buffer) };
}

/** What other threads are to be given. */
export function bufferOf(k: Kernel): SharedArrayBuffer {
  return k.words.buffer as SharedArrayBuffer;
}

/** Words in the buffer. */
export function sizeOf(k: Kernel): number {
  return k.words.length;
}

/** Reads a word that never changes once the kernel is shared. */
export function fixed(k: Kernel, at: number): number {
  return k.words[at];
}

/** Plain read of a word whose lock the caller holds. */
export function get(k: Kernel, at: number): number {
  return k.words[at];
}

/** Plain write of a word whose lock the caller holds. */
export function put(k: Kernel, at: number, value: number): void {
  k.words[at] = value;
}

/** Up to so many words a loop is faster than the engine's own function, which is called and looks at its arguments. */
const FEW = 48;

/** Zeroes `count` words of a record that nobody else can reach. */
export function zero(k: Kernel, at: number, count: number): void {
  if (count <= FEW) for (let i = at; i < at + count; i++) k.words[i] = 0;
  else k.words.fill(0, at, at + count);
}

export function load(k: Kernel, at: number): number {
  return Atomics.load(k.words, at);
}

export function store(k: Kernel, at: number, value: number): void {
  Atomics.store(k.words, at, value);
}

/** Returns what was there; the replacement happened if and only if that equals `expected`. */
export function compareExchange(k: Kernel, at: number, expected: number, replacement: number): number {
  return Atomics.compareExchange(k.words, at, expected, replacement);
}

/** Adds and returns what was there before. */
export function add(k: Kernel, at: number, amount: number): number {
  return Atomics.add(k.words, at, amount);
}

/** Sets the bits and returns what was there before. */
export function or(k: Kernel, at: number, bits: number): number {
  return Atomics.or(k.words, at, bits);
}

/** Keeps only the bits of `mask` and returns what was there before. */
export function and(k: Kernel, at: number, mask: number): number {
  return Atomics.and(k.words, at, mask);
}

export function exchange(k: Kernel, at: number, value: number): number {
  return Atomics.exchange(k.words, at, value);
}

/**
 * Sleeps as long as the word holds `expected`, until notified; callers test their condition again in any case. The sleep is
 * made of slices so that a thread does not wait for ever for one that has panicked with the lock in hand: a slice that
 * ends by itself looks at the panic word and then waits again, and waiting again compares the word again.
 */
export function wait(k: Kernel, at: number, expected: number): void {
  while (Atomics.wait(k.words, at, expected, WAIT_SLICE) === 'timed-out') {
    if (Atomics.load(k.words, PANIC_WORD) !== 0)
      throw new KernelPanic(Atomics.load(k.words, PANIC_WORD), Atomics.load(k.words, PANIC_WORD + 1));
  }
}

/** Sleeps as `wait` does, at most `milliseconds`. Only the loops that drive the clock and the wire use real time. */
export function waitFor(k: Kernel, at: number, expected: number, milliseconds: number): void {
  Atomics.wait(k.words, at, expected, milliseconds);
}

/** Wakes up to `count` threads that sleep on the word and returns how many it woke. */
export function notify(k: Kernel, at: number, count: number): number {
  return Atomics.notify(k.words, at, count);
}

/** A hint that the caller spins for a word that another thread is about to change. Means nothing to memory. */
export function pause(k: Kernel): void {
  // A real read between two looks at the lock word keeps the spinning core from hammering it.
  Atomics.load(k.words, PANIC_WORD);
}

export function getByte(k: Kernel, at: number): number {
  return k.bytes[at];
}

export function putByte(k: Kernel, at: number, value: number): void {
  k.bytes[at] = value;
}

/** Copies bytes inside the kernel's memory, as memmove does: user area to mbuf, mbuf to mbuf, mbuf to user area. */
export function copy(k: Kernel, to: number, from: number, length: number): void {
  // Eight times as fast where both places are the same modulo 8: the engine copies shared memory by words or by bytes.
  k.bytes.copyWithin(to, from, from + length);
}

/** From an array of the caller's into the kernel's bytes. For the face only. */
export function copyBytesIn(k: Kernel, to: number, source: Uint8Array, offset: number, length: number): void {
  // A view of its own costs more than a small copy.
  if (length <= FEW) for (let i = 0; i < length; i++) k.bytes[to + i] = source[offset + i];
  else k.bytes.set(source.subarray(offset, offset + length), to);
}

/** From the kernel's bytes into an array of the caller's. For the face only. */
export function copyBytesOut(k: Kernel, from: number, target: Uint8Array, offset: number, length: number): void {
  if (length <= FEW) for (let i = 0; i < length; i++) target[offset + i] = k.bytes[from + i];
  else target.set(k.bytes.subarray(from, from + length), offset);
}

/** Numbers into the kernel's bytes, and out of them. For the face only. */
export function copyWordsIn(k: Kernel, to: number, words: readonly number[]): void {
  const view = new DataView(k.bytes.buffer, to);
  for (const [at, word] of words.entries()) view.setInt32(at * 4, word, true);
}

export function copyWordsOut(k: Kernel, from: number, count: number): readonly number[] {
  const view = new DataView(k.bytes.buffer, from);
  return Array.from({ length: count }, (_, at) => view.getInt32(at * 4, true));
}

/** So many of the kernel's bytes as an array: no copy, whoever writes them shows in it. For the face only. */
export function viewBytes(k: Kernel, from: number, length: number): Kernel['bytes'] {
  return k.bytes.subarray(from, from + length);
}

/** The one way to die: the first panic is recorded, with the object it is about, and every later call of any thread fails. */
export function panic(k: Kernel, code: number, about: number): never {
  if (Atomics.compareExchange(k.words, PANIC_WORD, 0, code) === 0) Atomics.store(k.words, PANIC_WORD + 1, about);
  throw new KernelPanic(code, about);
}
