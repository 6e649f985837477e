/**
 * *Stress threads*: the agents of a program on worker threads that live from round to round. A round puts the memory back, lets all go at
 * once, and ends when nobody moves any more: each thread has ended, or sleeps where only another could wake it, or waits for a
 * guard. Sleepers are then let go, and a thread that can't be is replaced.
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
  eventBase,
  PANICKED,
  ROUND,
  SEED,
  STATUS,
  STOP,
  type StressTask,
  threadBase,
  WAITS,
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

/** How a round ended. */
export interface Round {
  /** What the specification hears of. */
  readonly history: readonly Seen[];
  /** That, and what the actors did. */
  readonly happened: readonly Seen[];
  /** By agent: in the middle of a call. */
  readonly asleep: readonly boolean[];
  /** Somebody neither ended nor slept in a sleep queue within the patience. */
  readonly stuck: boolean;
  readonly panic: { readonly agent: number; readonly code: number; readonly about: number } | null;
  /** The memory as it was left; valid until the next round. */
  readonly words: Int32Array;
}

const PATIENCE_MS = 3_000;
/** Between two looks at an end that seems wrong. */
const SECOND_LOOK_MS = 10;
/** How long a sleeper that was let go may take to end its round. */
const FAREWELL_MS = 50;

/** Whether an agent of a target sleeps where only another can wake it, and how it is woken for good. */
export interface Sleepers {
  readonly sleeps: (words: Int32Array, agent: number) => boolean;
  readonly letGo: (words: Int32Array, agent: number) => void;
}

export class StressThreads {
  readonly words: Int32Array;
  private readonly control: Int32Array;
  private readonly meeting = Barrier.memory();
  private readonly barrier: Barrier;
  private readonly target: Target;
  private readonly modules: StressTask['modules'];
  private readonly sleepers: Sleepers;
  private readonly mostCalls: number;
  private readonly workers: Worker[] = [];
  private number = 0;
  private failure: Error | null = null;

  private constructor(target: Target, modules: StressTask['modules'], sleepers: Sleepers, seed: number) {
    this.target = target;
    this.modules = modules;
    this.sleepers = sleepers;
    this.mostCalls = Math.max(...target.program.agents.map(({ script }) => script.length));
    this.words = new Int32Array(new SharedArrayBuffer(target.program.words.byteLength));
    const agents = target.program.agents.length;
    this.barrier = new Barrier(this.meeting, agents);
    this.control = new Int32Array(new SharedArrayBuffer(4 * controlWords(agents, this.mostCalls)));
    this.control[SEED] = seed;
  }

  static async start(target: Target, sleepers: Sleepers, seed: number): Promise<StressThreads> {
    const { modules } = await target.native();
    const threads = new StressThreads(target, modules, sleepers, seed);
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
    await new Promise((resolve) => worker.once('online', resolve));
  }

  /**
   * Plays one round. A sleeper enters its queue before it gives back its locks, and the system may take the processor from it in between:
   * an end with sleepers that is `odd` counts only if it stays so.
   */
  async play(odd: (round: Round) => boolean = () => false): Promise<Round> {
    const { control, target } = this;
    const agents = [...target.program.agents.keys()];
    this.words.set(target.program.words);
    this.barrier.close();
    control[CLOCK] = 0;
    control[STOP] = 0;
    for (const agent of agents) control.fill(0, this.base(agent), this.base(agent + 1));
    Atomics.store(control, ROUND, ++this.number);
    Atomics.notify(control, ROUND);
    let round = await this.end(agents);
    const patience = performance.now() + PATIENCE_MS;
    while (round.asleep.includes(true) && round.panic === null && !round.stuck && odd(round) && performance.now() < patience) {
      await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS));
      round = await this.end(agents);
    }
    await this.dismiss(agents);
    return round;
  }

  /** How the round stands when nobody moves any more. */
  private async end(agents: readonly number[]): Promise<Round> {
    const stuck = !(await this.settles(agents));
    const panicked = agents.find((agent) => this.read(agent, STATUS) === PANICKED);
    const happened = this.happened(agents);
    return {
      history: happened.filter(({ visible }) => visible),
      happened,
      asleep: agents.map((agent) => !this.hasEnded(agent) && this.read(agent, STATUS) !== WAITS),
      stuck,
      panic: panicked === undefined ? null : { agent: panicked, code: this.read(panicked, CODE), about: this.read(panicked, ABOUT) },
      // Sleepers that are let go write on.
      words: agents.every((agent) => this.hasEnded(agent)) ? this.words : this.words.slice(),
    };
  }

  /** Waits until nobody moves any more; false: the patience is at its end. */
  private async settles(agents: readonly number[]): Promise<boolean> {
    const end = performance.now() + PATIENCE_MS;
    for (let turn = 0; ; turn++) {
      if (this.failure !== null) throw this.failure;
      if (agents.every((agent) => this.hasEnded(agent))) return true;
      if (agents.some((agent) => this.read(agent, STATUS) === PANICKED)) return true;
      // Looked at one after the other: if nothing has happened until all were seen again, they stood still together.
      if (this.rests(agents)) {
        const before = Atomics.load(this.control, CLOCK);
        const words = this.words.slice();
        if (this.rests(agents) && Atomics.load(this.control, CLOCK) === before && words.every((word, at) => word === this.words[at]))
          return true;
      }
      if (performance.now() > end) return false;
      const waiting = agents.find((agent) => !this.hasEnded(agent));
      if (waiting !== undefined) Atomics.wait(this.control, this.base(waiting) + ENDED, this.number - 1, 1);
      if (turn % 20 === 19) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private rests(agents: readonly number[]): boolean {
    return agents.every((agent) => this.hasEnded(agent) || this.isStranded(agent) || this.sleepers.sleeps(this.words, agent));
  }

  /** Waits for a guard that does not hold. */
  private isStranded(agent: number): boolean {
    if (this.read(agent, STATUS) !== WAITS) return false;
    const { script } = this.target.program.agents[agent] ?? { script: [] };
    const next = script.findIndex((_, call) => this.event(agent, call, 1) === 0);
    const guard = script[next]?.guard;
    return guard !== undefined && (Atomics.load(this.words, guard.word) === 0) !== (guard.test === 'zero');
  }

  /** Everybody ends the round, or is replaced. */
  private async dismiss(agents: readonly number[]): Promise<void> {
    Atomics.store(this.control, STOP, 1);
    const end = performance.now() + FAREWELL_MS;
    for (const agent of agents) if (!this.hasEnded(agent)) this.sleepers.letGo(this.words, agent);
    while (performance.now() < end && !agents.every((agent) => this.hasEnded(agent))) await new Promise((resolve) => setImmediate(resolve));
    for (const agent of agents) {
      if (this.hasEnded(agent)) continue;
      await this.workers[agent]?.terminate();
      this.failure = null;
      await this.spawn(agent);
    }
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
