/**
 * The *plain executor* runs user code as JavaScript itself: each thread is a generator made from the source, memory is a real
 * SharedArrayBuffer, and an access is done by the real `Atomics` or the real typed array when the scheduler lets the thread go on.
 * Only waiting is imitated. It shares nothing with the step machines but the source, so that the two can be held against each
 * other, step by step.
 */
import path from 'node:path';
import type { Argument } from '../compile/atoms-program.ts';
import type { Region } from '../compile/atoms-memory.ts';
import { helpers, type Helpers, type Request, type Shared } from './plain-helpers.ts';
import { plainSource } from './plain-source.ts';

/** The files of a program, transformed once. */
export class PlainCode {
  /** The file whose functions the threads call. */
  readonly file: string;
  private readonly read: (file: string) => string | undefined;
  private readonly modules = new Map<string, PlainModule>();

  /** `read` gives the text of a file, undefined where there is none. */
  constructor(file: string, read: (file: string) => string | undefined) {
    this.file = file;
    this.read = read;
  }

  has(file: string): boolean {
    return this.read(file) !== undefined;
  }

  /** The function that makes a module; `named` are the names of memory. */
  module(file: string, named: readonly string[]): PlainModule {
    const key = [file, ...named].join(' ');
    const known = this.modules.get(key);
    if (known !== undefined) return known;
    const text = this.read(file);
    if (text === undefined) throw new Error(`there is no file ${file}`);
    const source = plainSource(file, text, file === this.file ? named : []);
    // The inner function may declare again what the outer one is given.
    const body = `return function (exports, require, module, $, console, SharedArrayBuffer) {\n${source}\n};`;
    const made = new Function(...named, body) as PlainModule;
    this.modules.set(key, made);
    return made;
  }
}

type PlainModule = (...memory: readonly unknown[]) => (...module: readonly unknown[]) => void;

export interface PlainOptions {
  readonly code: PlainCode;
  readonly regions: readonly Region[];
  readonly bytes: number;
  /** Values at the start, by byte address of a word. */
  readonly words?: Int32Array;
  /** For each thread its calls. */
  readonly threads: readonly (readonly { readonly call: string; readonly args: readonly Argument[] }[])[];
}

/** What one step did. */
export interface PlainEvent {
  readonly agent: number;
  readonly door: string;
  readonly from: number;
  readonly bytes: number;
  /** The element before and after, as 32 bits; 0 where there is not one element. */
  readonly before: number;
  readonly after: number;
  /** What the access gave, as 32 bits; null when it blocks. */
  readonly result: number | null;
}

export type PlainStatus = 'ready' | 'blocked' | 'done' | 'failed';

interface Waiter {
  readonly agent: number;
  /** -1: the thread itself. */
  readonly ticket: number;
  readonly at: number;
  readonly timed: boolean;
}

interface Thread {
  readonly life: Generator<Request, void, unknown>;
  readonly results: unknown[];
  /** Of each promise of `waitAsync`, what it was settled with. */
  readonly tickets: (string | null)[];
  status: PlainStatus;
  pending: Request | null;
}

export class PlainMachine {
  readonly memory: SharedArrayBuffer;
  /** What the first thread that failed said. */
  failure: { readonly agent: number; readonly id: string; readonly text: string } | null = null;
  private readonly threads: readonly Thread[];
  private waiters: readonly Waiter[] = [];

  constructor(options: PlainOptions) {
    const memory = new SharedArrayBuffer(options.bytes);
    if (options.words !== undefined) new Int32Array(memory).set(options.words);
    this.memory = memory;
    this.threads = options.threads.map((calls): Thread => {
      const $ = helpers(memory, options.regions);
      const load = loader(options, $);
      const results: unknown[] = [];
      return { life: life(() => load(options.code.file), $, calls, results), results, tickets: [], status: 'ready', pending: null };
    });
    for (const agent of this.threads.keys()) this.goOn(agent, undefined);
  }

  status(agent: number): PlainStatus {
    return this.thread(agent).status;
  }

  /** What the ended calls of a thread returned. */
  results(agent: number): readonly unknown[] {
    return this.thread(agent).results;
  }

  /** Transitions as bits: threads that can go on, then the time-outs of their waits. */
  enabled(): number {
    let mask = 0;
    for (const [agent, { status }] of this.threads.entries()) if (status === 'ready') mask |= 1 << agent;
    for (const { agent, timed } of this.waiters) if (timed) mask |= 1 << (this.threads.length + agent);
    return mask;
  }

  step(transition: number): PlainEvent {
    if (((this.enabled() >> transition) & 1) === 0) throw new Error(`transition ${transition} is not enabled`);
    if (transition < this.threads.length) return this.perform(transition);
    const agent = transition - this.threads.length;
    const waiter = this.waiters.find((each) => each.timed && each.agent === agent);
    if (waiter === undefined) throw new Error('nobody waits');
    this.wake(waiter, 'timed-out');
    return { agent, door: 'time-out', from: waiter.at, bytes: 4, before: 0, after: 0, result: 2 };
  }

  private thread(agent: number): Thread {
    const thread = this.threads[agent];
    if (thread === undefined) throw new RangeError(`there is no thread ${agent}`);
    return thread;
  }

  /** Takes a thread on to its next access. */
  private goOn(agent: number, answer: unknown): void {
    const thread = this.thread(agent);
    thread.pending = null;
    try {
      const { done, value } = thread.life.next(answer);
      if (done === true || value === undefined) thread.status = 'done';
      else if (value.door === 'fail') this.fail(agent, value.id, value.text);
      else [thread.status, thread.pending] = ['ready', value];
    } catch (error) {
      this.fail(agent, 'assertion', String(error));
    }
  }

  private fail(agent: number, id: string, text: string): void {
    this.thread(agent).status = 'failed';
    this.failure ??= { agent, id, text };
  }

  private perform(agent: number): PlainEvent {
    const thread = this.thread(agent);
    const { pending: request } = thread;
    if (request === null || request.door === 'fail') throw new Error('nothing to do');
    if (request.door === 'copy') {
      new Uint8Array(this.memory).copyWithin(request.to, request.from, request.from + request.bytes);
      this.goOn(agent, undefined);
      return { agent, door: 'copy', from: request.to, bytes: request.bytes, before: 0, after: 0, result: 0 };
    }
    if (request.door === 'settle') return this.settle(agent, request.ticket);
    const { door, array, index } = request;
    const from = array.byteOffset + index * array.BYTES_PER_ELEMENT;
    const before = Atomics.load(array, index);
    const answer = this.access(agent, request, from);
    const event = { agent, door, from, bytes: array.BYTES_PER_ELEMENT, before: before | 0, after: Atomics.load(array, index) | 0 };
    if (answer === BLOCKS) {
      thread.status = 'blocked';
      return { ...event, result: null };
    }
    this.goOn(agent, answer);
    return { ...event, result: wordOf(answer) };
  }

  private access(agent: number, request: Shared, at: number): unknown {
    const { array, index } = request;
    switch (request.door) {
      case 'get':
        return array[index];
      case 'put':
        array[index] = request.value;
        return undefined;
      case 'load':
        return Atomics.load(array, index);
      case 'store':
        Atomics.store(array, index, request.value);
        return undefined;
      case 'compareExchange':
        return Atomics.compareExchange(array, index, request.expected, request.value);
      case 'add':
      case 'sub':
      case 'and':
      case 'or':
      case 'xor':
      case 'exchange':
        return Atomics[request.door](array, index, request.value);
      case 'notify':
        return this.notify(at, request.count);
      case 'wait':
      case 'waitFor':
        if (Atomics.load(array, index) !== request.expected) return 'not-equal';
        this.waiters = [...this.waiters, { agent, ticket: -1, at, timed: request.door === 'waitFor' }];
        return BLOCKS;
      case 'waitAsync': {
        if (Atomics.load(array, index) !== request.expected) return { async: false, value: 'not-equal' };
        const { tickets } = this.thread(agent);
        const ticket = tickets.push(null) - 1;
        this.waiters = [...this.waiters, { agent, ticket, at, timed: request.timed }];
        return { async: true, value: { ticket } };
      }
    }
  }

  private settle(agent: number, ticket: number): PlainEvent {
    const outcome = this.thread(agent).tickets[ticket] ?? null;
    const event = { agent, door: 'settle', from: 0, bytes: 0, before: 0, after: 0 };
    if (outcome === null) {
      this.thread(agent).status = 'blocked';
      return { ...event, result: null };
    }
    this.goOn(agent, outcome);
    return { ...event, result: wordOf(outcome) };
  }

  private notify(at: number, count: number): number {
    const first = this.waiters.filter((waiter) => waiter.at === at).slice(0, Math.max(0, count));
    for (const waiter of first) this.wake(waiter, 'ok');
    return first.length;
  }

  private wake(waiter: Waiter, outcome: 'ok' | 'timed-out'): void {
    this.waiters = this.waiters.filter((other) => other !== waiter);
    const thread = this.thread(waiter.agent);
    if (waiter.ticket >= 0) {
      thread.tickets[waiter.ticket] = outcome;
      const awaits = thread.status === 'blocked' && thread.pending?.door === 'settle' && thread.pending.ticket === waiter.ticket;
      if (!awaits) return;
    }
    this.goOn(waiter.agent, outcome);
  }
}

const BLOCKS = Symbol('the thread blocks');

/** A result as a word of the step machine. */
function wordOf(result: unknown): number {
  if (typeof result === 'number') return result | 0;
  const text = ['ok', 'not-equal', 'timed-out'].indexOf(String(result));
  if (text >= 0) return text;
  if (typeof result === 'object' && result !== null && 'async' in result && 'value' in result) {
    const { value } = result;
    return typeof value === 'object' && value !== null && 'ticket' in value ? Number(value.ticket) : -1;
  }
  return 0;
}

type Load = (file: string) => Record<string, unknown>;

/** Modules of one thread: each thread has its own. */
function loader({ code, regions }: PlainOptions, $: Helpers): Load {
  const modules = new Map<string, { exports: Record<string, unknown> }>();
  const named = regions.map(({ name }) => name).filter((name) => /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name));
  const memory = named.map((name) => $.memory(name));
  const load = (file: string): Record<string, unknown> => {
    const known = modules.get(file);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    modules.set(file, module);
    const require = (specifier: string): unknown => {
      if (!specifier.startsWith('.')) return $.platform(specifier);
      const target = path.posix.join(path.posix.dirname(file), specifier);
      const places = [target, target.replace(/\.([cm]?)js$/, '.$1ts'), `${target}.ts`, `${target}.js`];
      return load(places.find((place) => code.has(place)) ?? target);
    };
    code.module(file, named)(...memory)(module.exports, require, module, $, $.console, $.SharedArrayBuffer);
    return module.exports;
  };
  return load;
}

function* life(
  load: () => Record<string, unknown>,
  $: Helpers,
  calls: PlainOptions['threads'][number],
  results: unknown[],
): Generator<Request, void, unknown> {
  const exported = load();
  for (const { call, args } of calls) {
    const given = args.map((arg) => {
      if (typeof arg === 'string') return $.memory(arg);
      return typeof arg === 'object' ? results[arg.resultOf] : arg;
    });
    results.push(yield* $.call(exported[call], given));
  }
}
