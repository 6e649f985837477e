/**
 * *Gated threads*: a program on real worker threads and a real SharedArrayBuffer, one access after the other in the order that the
 * caller says. It offers what a replay asks of the scheduler's machine (what an agent rests before, a step, how calls ended), so that
 * the two can be compared step by step.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Door, DOORS } from '../../compile/ir-impl.ts';
import { packageRoot } from '../../root.ts';
import { AccessRecord, Lost, notesMemory } from './record.ts';
import {
  type Access,
  GATE,
  GATE_WORDS,
  type GatedCall,
  type GatedTask,
  type GateState,
  GUARD,
  MOST_CALLS,
  PLAIN,
  resultField,
  STATES,
  stateNumber,
} from './gate.ts';

export interface GatedProgram {
  readonly modules: Readonly<Record<string, string>>;
  readonly access: Access;
  /** The memory at the start; it is copied. */
  readonly words: Int32Array;
  readonly scripts: readonly (readonly GatedCall[])[];
  readonly granularity: 'block' | 'access';
}

/** What a thread rests before. */
export interface Resting {
  /** Of the element. */
  readonly bytes: number;
  readonly door: Door | 'guard';
  readonly args: readonly number[];
}

interface Waiting {
  readonly agent: number;
  readonly at: number;
  /** Whether the agent sleeps; otherwise it stands in the list and goes on. */
  readonly sleeps: boolean;
}

const UPDATES: readonly Door[] = ['add', 'sub', 'or', 'and', 'xor', 'exchange'];
const ATOMIC: readonly Door[] = ['load', 'store', 'compareExchange', ...UPDATES, 'wait', 'waitFor', 'waitAsync', 'notify'];

/** How long a thread may take from one access to the next before it counts as lost, and between two looks at how far it is. */
export const PATIENCE_MS = 20_000;
const LOOK_MS = 50;
/** Plain accesses on the way after which it is lost too: ten times the turns that the machine takes for a loop without an end. */
const MOST_PLAIN = 1_000_000;

export class GatedThreads {
  /** The shared memory; nobody writes it between two steps. */
  readonly words: Int32Array;
  readonly agents: number;
  /** What the last access answered. */
  lastResult = 0;
  /** What the threads have done, and whether it is a race. */
  readonly record: AccessRecord;
  private readonly control: Int32Array;
  private readonly workers: readonly Worker[];
  private readonly scripts: GatedProgram['scripts'];
  private waiting: readonly Waiting[] = [];
  private failure: Error | null = null;

  private constructor(program: GatedProgram) {
    const memory = new SharedArrayBuffer(program.words.byteLength);
    this.words = new Int32Array(memory);
    this.words.set(program.words);
    this.agents = program.scripts.length;
    this.scripts = program.scripts;
    const control = new SharedArrayBuffer(4 * GATE_WORDS * this.agents);
    this.control = new Int32Array(control);
    const notes = notesMemory(this.agents);
    this.record = new AccessRecord(notes, this.agents, program.words.byteLength);
    const gated = program.granularity === 'block' ? ATOMIC : [...ATOMIC, ...PLAIN];
    this.workers = program.scripts.map((script, agent) => {
      if (script.length > MOST_CALLS) throw new RangeError(`a gated thread makes at most ${MOST_CALLS} calls`);
      const { modules, access } = program;
      const task: GatedTask = { modules, access, memory, control, notes, agent, script, gated };
      const worker = new Worker(workerFile(), { workerData: task });
      worker.on('error', (error) => {
        this.failure ??= error instanceof Error ? error : new Error(String(error));
      });
      return worker;
    });
  }

  /** Starts the threads; each rests before its first access then. */
  static async start(program: GatedProgram): Promise<GatedThreads> {
    const threads = new GatedThreads(program);
    try {
      // Starting a worker takes an event loop that turns, so nothing may block here.
      await Promise.all(threads.workers.map((worker) => new Promise((resolve) => worker.once('online', resolve))));
      for (let agent = 0; agent < threads.agents; agent++) await threads.begin(agent);
      return threads;
    } catch (error) {
      await threads.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  state(agent: number): GateState {
    return STATES[this.read(agent, GATE.state)] ?? 'crashed';
  }

  resting(agent: number): Resting | null {
    if (this.state(agent) !== 'rests') return null;
    const number = this.read(agent, GATE.door);
    const args = [0, 1, 2].map((n) => this.read(agent, GATE.args + n));
    return { bytes: this.read(agent, GATE.bytes), door: number === GUARD ? 'guard' : (DOORS[number - 1] ?? 'load'), args };
  }

  /** The call of its script that the thread is in. */
  position(agent: number): number {
    return this.state(agent) === 'done' ? (this.scripts[agent]?.length ?? 0) : this.read(agent, GATE.call);
  }

  result(agent: number, call: number): number {
    return this.read(agent, resultField(call));
  }

  /** The code and the object of a panic. */
  panic(agent: number): { readonly code: number; readonly about: number } {
    return { code: this.read(agent, GATE.code), about: this.read(agent, GATE.about) };
  }

  /** Lets the access be made that the thread rests before; it rests before its next one afterwards, or waits, or has ended. */
  step(agent: number): void {
    const resting = this.resting(agent);
    if (resting === null) throw new Error(`thread ${agent} is ${this.state(agent)} and can't step`);
    const [at = 0, count = 0] = resting.args;
    if (resting.door === 'notify') {
      const woken = this.waiting.filter((waiter) => waiter.at === at).slice(0, Math.max(0, count));
      this.record.notified(agent, at, woken);
      for (const waiter of woken) this.wake(waiter, 0);
      this.write(agent, GATE.given, woken.length);
    }
    this.go(agent);
    this.lastResult = this.read(agent, GATE.result);
    const sleeps = this.state(agent) === 'blocked';
    const queued = sleeps || (resting.door === 'waitAsync' && this.lastResult >= 0);
    if (resting.door !== 'notify') this.record.made({ agent, ...resting, result: this.lastResult, queued });
    this.record.take(agent);
    if (sleeps) this.waiting = [...this.waiting, { agent, at, sleeps: true }];
    if (resting.door === 'waitAsync' && this.lastResult >= 0) this.waiting = [...this.waiting, { agent, at, sleeps: false }];
  }

  /** Lets the time run out for which the thread waits. */
  timeOut(agent: number): void {
    const waiter = this.waiting.find((each) => each.agent === agent && each.sleeps);
    if (waiter === undefined) throw new Error(`thread ${agent} does not wait`);
    this.record.timedOut(agent, waiter.at);
    this.wake(waiter, 2);
  }

  private wake(waiter: Waiting, given: number): void {
    this.waiting = this.waiting.filter((other) => other !== waiter);
    if (!waiter.sleeps) return;
    this.write(waiter.agent, GATE.given, given);
    this.go(waiter.agent);
    this.record.take(waiter.agent);
  }

  private go(agent: number): void {
    const place = agent * GATE_WORDS + GATE.state;
    const goes = stateNumber('goes');
    Atomics.store(this.control, place, goes);
    Atomics.notify(this.control, place);
    const end = Date.now() + PATIENCE_MS;
    while (Atomics.wait(this.control, place, goes, LOOK_MS) === 'timed-out' && this.state(agent) === 'goes') this.lookFor(agent, end);
    if (this.state(agent) === 'crashed') throw this.failure ?? new Error(`thread ${agent} has crashed`);
  }

  private async begin(agent: number): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    const place = agent * GATE_WORDS + GATE.state;
    Atomics.store(this.control, place, stateNumber('goes'));
    Atomics.notify(this.control, place);
    while (this.state(agent) === 'goes') {
      if (this.failure !== null) throw this.failure;
      this.lookFor(agent, end);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (this.state(agent) === 'crashed') throw this.failure ?? new Error(`thread ${agent} has crashed`);
    this.record.take(agent);
  }

  /** Of a thread that goes: throws `Lost` if it has gone for too long. */
  private lookFor(agent: number, end: number): void {
    const accesses = this.record.noted(agent);
    if (accesses > MOST_PLAIN || Date.now() > end) throw new Lost(agent, accesses, true);
  }

  private read(agent: number, field: number): number {
    return Atomics.load(this.control, agent * GATE_WORDS + field);
  }

  private write(agent: number, field: number, value: number): void {
    Atomics.store(this.control, agent * GATE_WORDS + field, value);
  }
}

/** Beside this file where it was built, and in the build where this runs from the sources. */
function workerFile(): string {
  const beside = fileURLToPath(new URL('./worker.js', import.meta.url));
  return existsSync(beside) ? beside : join(packageRoot(), '.build', 'oracle', 'replay', 'gated', 'worker.js');
}
