/**
 * The *step machine* of implementation code: shared memory and the frames of some threads, all of it plain words. A thread rests
 * before an access to shared memory; a step makes that access and runs to the next one. What a thread does between two accesses
 * nobody can see. Copying two arrays copies the whole machine; equal words are equal states.
 *
 * Futexes: `wait` compares and goes on, or blocks; blocked threads stand in one list, first come first; `notify` lets the first
 * ones that wait for its word go on. Nobody wakes by himself.
 *
 *   idle → ready      [call]            ready → blocked   [step: wait, the word is as expected]
 *   ready → ready     [step]            blocked → ready   [step of another: notify]
 *   ready → idle      [step: the call returned]           ready → panicked  [step: panic]
 */
import type { Source } from './ir.ts';
import { type ImplArtefact, STATUS, THREAD } from './impl-javascript.ts';
import { type Door, DOORS, type ImplProgram } from './ir-impl.ts';

type Go = (frames: Int32Array, words: Int32Array, thread: number, result: number) => void;

export interface ImplCode {
  readonly artefact: ImplArtefact;
  readonly go: Go;
}

export type Status = keyof typeof STATUS;

/** The access a thread rests before. */
export interface Access {
  readonly door: Door;
  readonly args: readonly number[];
  readonly source: Source;
}

const STATUSES = Object.keys(STATUS) as readonly Status[];

/** Where the panicking thread leaves the code and the object, as the door does. */
const PANIC_WORD = 2;

export function loadImplementation(artefact: ImplArtefact): ImplCode {
  let go: Go | undefined;
  return {
    artefact,
    get go() {
      go ??= new Function(artefact.source)() as Go;
      return go;
    },
  };
}

export class StepMachine {
  readonly code: ImplCode;
  /** The kernel's memory. */
  readonly words: Int32Array;
  /** First the list of blocked threads (its length, then their numbers), then the words of each thread. */
  readonly frames: Int32Array;
  readonly threads: number;
  private readonly bytes: Uint8Array;

  /** `words` is taken over, not copied. */
  constructor(
    code: ImplCode,
    words: Int32Array,
    threads: number,
    frames = new Int32Array(1 + threads + threads * code.artefact.threadWords),
  ) {
    this.code = code;
    this.words = words;
    this.bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    this.threads = threads;
    this.frames = frames;
  }

  clone(): StepMachine {
    return new StepMachine(this.code, this.words.slice(), this.threads, this.frames.slice());
  }

  /** Becomes a copy of another machine of the same size. */
  copyFrom(other: StepMachine): void {
    this.words.set(other.words);
    this.frames.set(other.frames);
  }

  private base(thread: number): number {
    if (thread < 0 || thread >= this.threads) throw new RangeError(`there is no thread ${thread}; there are ${this.threads}`);
    return 1 + this.threads + thread * this.code.artefact.threadWords;
  }

  private cell(index: number): number {
    return this.frames[index] ?? 0;
  }

  private get program(): ImplProgram {
    return this.code.artefact.program;
  }

  status(thread: number): Status {
    return STATUSES[this.cell(this.base(thread) + THREAD.status)] ?? 'idle';
  }

  /** What the last call of an idle thread returned. */
  result(thread: number): number {
    return this.cell(this.base(thread) + THREAD.result);
  }

  /** Begins a call of a function by an idle thread, and runs to its first access. */
  call(thread: number, name: string, args: readonly number[]): void {
    const index = this.program.names[name];
    const fn = index === undefined ? undefined : this.program.functions[index];
    if (index === undefined || fn === undefined || fn.pure) throw new RangeError(`there is no function ${name} that touches memory`);
    if (args.length !== fn.params) throw new RangeError(`${name} has ${fn.params} parameters, not ${args.length}`);
    const t = this.base(thread);
    if (this.status(thread) !== 'idle') throw new Error(`thread ${thread} is ${this.status(thread)}, not idle`);
    const fp = t + THREAD.stack;
    this.frames[t + THREAD.status] = STATUS.ready;
    this.frames[t + THREAD.frame] = THREAD.stack;
    this.frames[t + THREAD.result] = 0;
    this.frames[fp] = index;
    for (const { local, slot } of this.code.artefact.frames[index]?.places[0]?.live ?? []) this.frames[fp + 3 + slot] = args[local] ?? 0;
    this.code.go(this.frames, this.words, t, 0);
  }

  /** The access that the next step of a thread makes, or null when it is in no call. */
  pending(thread: number): Access | null {
    const t = this.base(thread);
    const door = DOORS[this.cell(t + THREAD.door) - 1];
    const [source] = this.stack(thread);
    if (door === undefined || source === undefined) return null;
    return { door, args: [0, 1, 2].map((n) => this.cell(t + THREAD.args + n)), source };
  }

  /** Where a thread is, the innermost function first. */
  stack(thread: number): readonly (Source & { readonly name: string })[] {
    const t = this.base(thread);
    const sources: (Source & { name: string })[] = [];
    for (let frame = this.cell(t + THREAD.frame); frame !== 0; frame = this.cell(t + frame + 2)) {
      const fn = this.cell(t + frame);
      const place = this.code.artefact.frames[fn]?.places[this.cell(t + frame + 1)];
      if (place !== undefined) sources.push({ ...place.source, name: this.program.functions[fn]?.name ?? '' });
    }
    return sources;
  }

  /** Makes the access that a ready thread rests before, and runs to its next one. */
  step(thread: number): void {
    const t = this.base(thread);
    if (this.cell(t + THREAD.status) !== STATUS.ready) throw new Error(`thread ${thread} is ${this.status(thread)}, not ready`);
    const [a, b, c] = [this.cell(t + THREAD.args), this.cell(t + THREAD.args + 1), this.cell(t + THREAD.args + 2)];
    const door = DOORS[this.cell(t + THREAD.door) - 1];
    if (door === 'wait') {
      if (this.words[a] !== b) this.goOn(t, 0);
      else this.block(thread, t);
    } else if (door === 'notify') {
      this.goOn(t, this.notify(a, b));
    } else if (door === 'panic') {
      if (this.words[PANIC_WORD] === 0) {
        this.words[PANIC_WORD] = a;
        this.words[PANIC_WORD + 1] = b;
      }
      this.frames[t + THREAD.status] = STATUS.panicked;
    } else if (door !== undefined) {
      this.goOn(t, this.access(door, a, b, c));
    } else {
      throw new Error('this machine knows 32-bit words only');
    }
  }

  /** Steps a thread until it is idle, blocked or has panicked; answers how many steps it took. */
  run(thread: number, most = 10_000_000): number {
    for (let steps = 0; steps < most; steps++) {
      if (this.status(thread) !== 'ready') return steps;
      this.step(thread);
    }
    throw new Error(`thread ${thread} took ${most} steps and its call did not end`);
  }

  private goOn(t: number, result: number): void {
    const { frames } = this;
    frames[t + THREAD.door] = 0;
    frames[t + THREAD.args] = 0;
    frames[t + THREAD.args + 1] = 0;
    frames[t + THREAD.args + 2] = 0;
    this.code.go(frames, this.words, t, result);
  }

  private block(thread: number, t: number): void {
    const blocked = this.cell(0);
    this.frames[1 + blocked] = thread;
    this.frames[0] = blocked + 1;
    this.frames[t + THREAD.status] = STATUS.blocked;
  }

  private notify(at: number, count: number): number {
    let woken = 0;
    let kept = 0;
    const blocked = this.cell(0);
    const list = this.frames.slice(1, 1 + blocked);
    for (const thread of list) {
      const t = this.base(thread);
      if (woken < count && this.cell(t + THREAD.args) === at) {
        woken++;
        this.frames[t + THREAD.status] = STATUS.ready;
        this.goOn(t, 0);
      } else {
        this.frames[1 + kept++] = thread;
      }
    }
    this.frames[0] = kept;
    this.frames.fill(0, 1 + kept, 1 + blocked);
    return woken;
  }

  private access(door: Door, a: number, b: number, c: number): number {
    const { words } = this;
    const old = words[a] ?? 0;
    switch (door) {
      case 'get':
      case 'load':
        return old;
      case 'put':
      case 'store':
        words[a] = b;
        return 0;
      case 'zero':
        words.fill(0, a, a + b);
        return 0;
      case 'compareExchange':
        if (old === b) words[a] = c;
        return old;
      case 'add':
        words[a] = old + b;
        return old;
      case 'or':
        words[a] = old | b;
        return old;
      case 'and':
        words[a] = old & b;
        return old;
      case 'exchange':
        words[a] = b;
        return old;
      case 'pause':
        return 0;
      case 'getByte':
        return this.bytes[a] ?? 0;
      case 'putByte':
        this.bytes[a] = b;
        return 0;
      case 'copy':
        this.bytes.copyWithin(a, b, b + c);
        return 0;
      default:
        throw new Error(`this machine has no ${door}: it runs the kernel`);
    }
  }
}
