/**
 * A *target* is a program to be explored, with everything that judges it and tells of it: a scenario of the kernel, or a litmus program.
 * The engines (index.ts) know nothing else of either.
 */
import type { StrategyName } from '../engine.ts';
import type { Names } from '../report/words.ts';
import type { WordKnowledge } from './deadlock.ts';
import type { Covered } from './kernel/coverage.ts';
import type { Scenario } from './kernel/scenario.ts';
import type { Machine } from './machine.ts';
import type { Monitor, Program, ScriptCall, Violation } from './program.ts';
import type { NativeProgram } from './targets/native.ts';
import type { Trace } from './trace.ts';

export interface Target {
  readonly id: string;
  readonly subject: 'impl' | 'litmus' | 'locks';
  /** What calls are compared with; null where there is nothing to compare with. */
  readonly design: string | null;
  /** The entry of the museum that the implementation was made with. */
  readonly fault: string | null;
  /** The kernel's locks are taken as primitives: what was proved of them. Not there: they are explored from their atomics. */
  readonly primitives?: string;
  /** Sizes by name, for the counterexample. */
  readonly configuration: Readonly<Record<string, number>>;
  /** Of a kernel: the scenario as data. */
  readonly scenario: Scenario | null;
  /** Who acts: "2 threads, wire". */
  readonly setting: string;
  readonly program: Program;
  readonly monitor: Monitor | null;
  /** Judges a state in which nobody can move. */
  readonly atEnd: (machine: Machine) => Violation | null;
  /** Judges a state in which somebody can. Without it there is nothing to say of one. */
  readonly onTheWay?: (machine: Machine) => Violation | null;
  /** What an exploration covers of the specification, where there is one. */
  readonly coverage?: {
    see(machine: Machine): void;
    /** Null: there is too much of it to be counted. */
    covered(): Covered | null;
  };
  /** Why nothing may be concluded from finding nothing; null where something may. */
  readonly doubt: () => string | null;
  readonly names: Names;
  readonly words: WordKnowledge;
  /** Where a kernel looks for an agent that sleeps, to wake it: "so_timeo of socket 0"; null: nowhere. */
  readonly queueOf?: (agent: number, words: Int32Array) => string | null;
  /** What a call returned, in words. */
  readonly result: (call: ScriptCall, result: number) => string;
  /** What the specification makes of the monitor's state. */
  readonly view: ((state: number) => string) | null;
  /** The violation under the id that reports have. */
  readonly named: (violation: Violation) => Violation;
  /** What was seen, and what would have been allowed, in words. */
  readonly explain: (violation: Violation, trace: Trace) => { readonly seen: string; readonly allowed: string | null };
  readonly suggested: Suggested;
  /** Smaller targets, the most wanted first; each is made when it is asked for. */
  readonly smaller: () => Iterable<() => Promise<Target>>;
  /** The same program for real threads. */
  readonly native: () => Promise<NativeProgram>;
}

/** How a target is explored if nobody says otherwise. */
export interface Suggested {
  readonly strategy: StrategyName;
  readonly preemptions: number | null;
  /** Of a sampling strategy. */
  readonly executions: number | null;
}
