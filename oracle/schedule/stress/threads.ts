/**
 * *Stress threads*: the agents of a program on worker threads that live from round to round. A round puts the memory back, lets all go at
 * once, and ends when nobody moves any more: each thread has ended, or sleeps where only another could wake it, or waits for a
 * guard. Sleepers are then woken to end the round, and a thread that does not end it is replaced. That time passes proves nothing: a round
 * in which nothing happens any more is a deadlock only if everybody was found asleep.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { packageRoot } from '../../root.ts';
import type { Target } from '../target.ts';
import { Barrier } from './barrier.ts';
import {
  ABOUT,
  CLOCK,
  CODE,
  controlWords,
  ENDED,
  EXPECTED,
  eventBase,
  PANICKED,
  ROUND,
  SEED,
  SLEEPS,
  STATUS,
  STOP,
  type StressTask,
  threadBase,
  WAITS,
  WORD,
} from './control.ts';

/** A call or a return, in the order of the clock. */
export interface Seen {
  readonly kind: 'call' | 'return';
  readonly agent: number;
  readonly index: number;
  readonly result: number;
  readonly stamp: number;
  /** Whether the specification hears of it; what actors do happens unseen. */
  readonly visible: boolean;
}

/**
 * How a round came to its end.
 *   settled   everybody has ended, or sleeps where the kernel knows of it, or waits for a guard that does not hold; or one has panicked
 *   stuck     everybody has ended, or sleeps, or waits for a guard; and some sleep where nobody is left who would wake them
 *   slow      somebody has not come to any of this, and nobody can tell whether it would have
 */
export type Ending =
  | { readonly kind: 'settled' }
  | { readonly kind: 'stuck'; readonly sleeping: readonly { readonly agent: number; readonly word: number }[] }
  | { readonly kind: 'slow'; readonly text: string };

export interface Round {
  /** What the specification hears of. */
  readonly history: readonly Seen[];
  /** That, and what the actors did. */
  readonly happened: readonly Seen[];
  /** By agent: in the middle of a call. */
  readonly asleep: readonly boolean[];
  readonly ending: Ending;
  readonly panic: { readonly agent: number; readonly code: number; readonly about: number } | null;
  /** The memory as it was left; valid until the next round. */
  readonly words: Int32Array;
}

/** How long nothing may happen before a round is given up, and how long a round may take. */
const PATIENCE_MS = 3_000;
const PATIENCES = 10;
/** Between two looks at whether anything happens. */
const LOOK_MS = 50;
/** How long somebody may take to end a round that is over. */
const FAREWELL_MS = 50;

/** Whether an agent that sleeps on this word does so where the kernel will look for it, to wake it. */
export type IsQueued = (words: Int32Array, agent: number, word: number) => boolean;

export class StressThreads {
  readonly words: Int32Array;
  private readonly control: Int32Array;
  private readonly meeting = Barrier.memory();
  private readonly barrier: Barrier;
  private readonly target: Target;
  private readonly modules: StressTask['modules'];
  private readonly isQueued: IsQueued;
  private readonly patience: number;
  private readonly mostCalls: number;
  private readonly workers: Worker[] = [];
  private number = 0;
  private failure: Error | null = null;

  private constructor(target: Target, modules: StressTask['modules'], isQueued: IsQueued, seed: number, patience: number) {
    this.target = target;
    this.modules = modules;
    this.isQueued = isQueued;
    this.patience = patience;
    this.mostCalls = Math.max(...target.program.agents.map(({ script }) => script.length));
    this.words = new Int32Array(new SharedArrayBuffer(target.program.words.byteLength));
    const agents = target.program.agents.length;
    this.barrier = new Barrier(this.meeting, agents);
    this.control = new Int32Array(new SharedArrayBuffer(4 * controlWords(agents, this.mostCalls)));
    this.control[SEED] = seed;
  }

  static async start(target: Target, isQueued: IsQueued, seed: number, patience = PATIENCE_MS): Promise<StressThreads> {
    const { modules } = await target.native();
    const threads = new StressThreads(target, modules, isQueued, seed, patience);
    await Promise.all(target.program.agents.map((_, agent) => threads.spawn(agent)));
    return threads;
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private async spawn(agent: number): Promise<void> {
    const { mostCalls, modules } = this;
    const task: StressTask = {
      modules,
      door: 'impl/memory.ts',
      memory: this.words.buffer as SharedArrayBuffer,
      control: this.control.buffer as SharedArrayBuffer,
      thread: agent,
      barrier: this.meeting,
      threads: this.target.program.agents.length,
      // Who replaces another takes no part in the round that is over: its memory will be that of the next one.
      round: this.number,
      mostCalls,
      script: this.target.program.agents[agent]?.script ?? [],
    };
    const worker = new Worker(workerFile(), { workerData: task });
    worker.on('error', (error) => {
      this.failure ??= error instanceof Error ? error : new Error(String(error));
    });
    this.workers[agent] = worker;
    // It says one thing: that it has loaded its code. Who dies before that ends the next round, with the reason.
    await Promise.race(['message', 'exit'].map((event) => new Promise((resolve) => worker.once(event, resolve))));
  }

  /** Plays one round. */
  async play(): Promise<Round> {
    const { control, target } = this;
    const agents = [...target.program.agents.keys()];
    this.words.set(target.program.words);
    this.barrier.close();
    control[CLOCK] = 0;
    control[STOP] = 0;
    for (const agent of agents) control.fill(0, this.base(agent), this.base(agent + 1));
    Atomics.store(control, ROUND, ++this.number);
    Atomics.notify(control, ROUND);
    const slow = await this.settles(agents);
    const panicked = agents.find((agent) => this.read(agent, STATUS) === PANICKED);
    const happened = this.happened(agents);
    const asleep = agents.map((agent) => !this.hasEnded(agent) && this.read(agent, STATUS) !== WAITS);
    const ending = await this.dismiss(agents, slow);
    return {
      history: happened.filter(({ visible }) => visible),
      happened,
      asleep,
      ending,
      panic: panicked === undefined ? null : { agent: panicked, code: this.read(panicked, CODE), about: this.read(panicked, ABOUT) },
      words: this.words,
    };
  }

  /** Waits until nobody moves any more whom the kernel does not know to sleep; a text: why that was given up. */
  private async settles(agents: readonly number[]): Promise<string | null> {
    const began = performance.now();
    let [since, looked] = [began, began];
    let [words, rest] = [this.words.slice(), ''];
    for (;;) {
      if (this.failure !== null) throw this.failure;
      if (agents.every((agent) => this.hasEnded(agent))) return null;
      if (agents.some((agent) => this.read(agent, STATUS) === PANICKED)) return null;
      if (this.rests(agents, (agent) => this.isDone(agent))) return null;
      const now = performance.now();
      if (now > looked + LOOK_MS) {
        looked = now;
        await new Promise((resolve) => setImmediate(resolve));
        const at = this.stand(agents);
        if (at !== rest || this.words.some((word, index) => word !== words[index])) [since, rest, words] = [now, at, this.words.slice()];
        if (now > since + this.patience) return `nothing has happened for ${this.patience / 1000} s`;
        if (now > began + PATIENCES * this.patience) return `it has not ended after ${(PATIENCES * this.patience) / 1000} s`;
      }
      const waiting = agents.find((agent) => !this.hasEnded(agent));
      if (waiting !== undefined) Atomics.wait(this.control, this.base(waiting) + ENDED, this.number - 1, 1);
    }
  }

  /**
   * Whether nobody moves: each has ended, sleeps, or waits for a guard. They are looked at one after the other, and twice: who has not
   * slept again in between has slept all the time, so that there was a moment in which all did.
   */
  private rests(agents: readonly number[], also: (agent: number) => boolean = () => true): boolean {
    const rests = (): boolean => agents.every((agent) => this.hasEnded(agent) || this.isStranded(agent) || this.read(agent, WORD) !== 0);
    if (!rests()) return false;
    const before = this.stand(agents);
    return agents.every(also) && rests() && this.stand(agents) === before;
  }

  /** Changes with every call, return and sleep. */
  private stand(agents: readonly number[]): string {
    return [Atomics.load(this.control, CLOCK), ...agents.map((agent) => `${this.hasEnded(agent)}${this.read(agent, SLEEPS)}`)].join();
  }

  /** Has nothing to do, or sleeps where the kernel will look for it. */
  private isDone(agent: number): boolean {
    if (this.hasEnded(agent) || this.isStranded(agent)) return true;
    const word = this.read(agent, WORD);
    // Said before it sleeps; it does sleep if the word is as expected.
    return word !== 0 && Atomics.load(this.words, word) === this.read(agent, EXPECTED) && this.isQueued(this.words, agent, word);
  }

  /** Waits for a guard that does not hold. */
  private isStranded(agent: number): boolean {
    if (this.read(agent, STATUS) !== WAITS) return false;
    const { script } = this.target.program.agents[agent] ?? { script: [] };
    const next = script.findIndex((_, call) => this.event(agent, call, 1) === 0);
    const guard = script[next]?.guard;
    return guard !== undefined && (Atomics.load(this.words, guard.word) === 0) !== (guard.test === 'zero');
  }

  /**
   * Everybody ends the round, or is replaced. Of a round that has not settled this tells what it was: those who were notified of its end
   * stood in the list of their word, and go no further; if those are all, then all of them slept, and nobody could have woken one.
   */
  private async dismiss(agents: readonly number[], slow: string | null): Promise<Ending> {
    const all = slow !== null && this.rests(agents);
    const sleeping = agents.flatMap((agent) => {
      const word = this.hasEnded(agent) || this.isStranded(agent) ? 0 : this.read(agent, WORD);
      return word === 0 ? [] : [{ agent, word }];
    });
    Atomics.store(this.control, STOP, 1);
    const woken = this.wake(sleeping);
    const end = performance.now() + FAREWELL_MS;
    while (performance.now() < end && !agents.every((agent) => this.hasEnded(agent))) {
      await new Promise((resolve) => setImmediate(resolve));
      // One that was on its way to sleep may have come to it now.
      this.wake(sleeping);
    }
    for (const agent of agents) {
      if (this.hasEnded(agent)) continue;
      await this.workers[agent]?.terminate();
      this.failure = null;
      await this.spawn(agent);
    }
    if (slow === null) return { kind: 'settled' };
    return all && sleeping.length > 0 && woken === sleeping.length ? { kind: 'stuck', sleeping } : { kind: 'slow', text: slow };
  }

  /** How many slept on these words. */
  private wake(sleeping: readonly { readonly word: number }[]): number {
    return [...new Set(sleeping.map(({ word }) => word))].reduce((sum, word) => sum + Atomics.notify(this.words, word), 0);
  }

  private happened(agents: readonly number[]): readonly Seen[] {
    const seen: Seen[] = [];
    for (const agent of agents) {
      const program = this.target.program.agents[agent];
      for (const [index, call] of (program?.script ?? []).entries()) {
        const visible = call.visible ?? program?.kind === 'thread';
        const [called, returned] = [this.event(agent, index, 0), this.event(agent, index, 1)];
        const result = this.event(agent, index, 2);
        if (called !== 0) seen.push({ kind: 'call', agent, index, result: 0, stamp: called, visible });
        if (returned !== 0) seen.push({ kind: 'return', agent, index, result, stamp: returned, visible });
      }
    }
    return seen.sort((a, b) => a.stamp - b.stamp);
  }

  private hasEnded(agent: number): boolean {
    return this.read(agent, ENDED) === this.number;
  }

  private event(agent: number, call: number, field: number): number {
    return Atomics.load(this.control, eventBase(agent, call, this.mostCalls) + field);
  }

  private read(agent: number, field: number): number {
    return Atomics.load(this.control, this.base(agent) + field);
  }

  private base(agent: number): number {
    return threadBase(agent, this.mostCalls);
  }
}

/** Beside this file where it was built, and in the build where this runs from the sources. */
function workerFile(): string {
  const beside = fileURLToPath(new URL('./worker.js', import.meta.url));
  return existsSync(beside) ? beside : join(packageRoot(), '.build', 'oracle', 'schedule', 'stress', 'worker.js');
}
