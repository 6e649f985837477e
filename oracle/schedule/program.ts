/**
 * A *program* to be scheduled: code, the memory it starts from, and *agents* that each make the calls of a script. A thread is a
 * consumer; an actor is what a consumer meets (the wire, the clock, protocol input, a signal). What an agent does between two
 * accesses to shared memory nobody can see, so that a schedule is no more than the order of the accesses.
 */
import type { ImplCode } from '../compile/impl-machine.ts';

/** A call of a script. */
export interface ScriptCall {
  /** A function of the program; its parameters do not count the kernel. */
  readonly fn: string;
  /** Numbers, or what an earlier call of this agent returned. */
  readonly args: readonly (number | { readonly resultOf: number })[];
  /** For reports: "accept(fd 3)". */
  readonly label: string;
  /** The call begins only while the word is so; looking is an atomic read of that word, and a step of its own. */
  readonly guard?: Guard;
  /** Whether the monitor hears of its call and return. Default: true for threads, false for actors. */
  readonly visible?: boolean;
}

export interface Guard {
  /** Index of a word that is never accessed plainly. */
  readonly word: number;
  readonly test: 'zero' | 'nonzero';
}

export interface AgentProgram {
  readonly name: string;
  readonly kind: 'thread' | 'actor';
  readonly script: readonly ScriptCall[];
  /** Agents of one class are interchangeable: equal scripts, and no memory that tells one from the other. */
  readonly symmetry?: number;
}

export interface Program {
  readonly code: ImplCode;
  /** The memory at the start; it is copied. */
  readonly words: Int32Array;
  readonly agents: readonly AgentProgram[];
}

/** Agents and their transitions are bits of one word, two for each agent. */
export const MOST_AGENTS = 15;

/** Hears of visible calls and returns and says whether the specification admits them. Its states are small integers, 0 is the first. */
export interface Monitor {
  /** The state after the call, -1: not admitted. `index` is the call's place in the script. */
  call(state: number, agent: number, index: number): number;
  return(state: number, agent: number, index: number, result: number): number;
}

/** What is wrong. The ids are those of rows of a report; what else is known depends on the id. */
export interface Violation {
  readonly id: string;
  readonly agent: number;
  readonly text: string;
  /** Of a panic, or the number of the message of an assertion. */
  readonly code?: number;
  /** The object of a panic or assertion. */
  readonly about?: number;
  /** Of a data race: the other agent, and the bytes both touch. */
  readonly race?: { readonly other: number; readonly from: number; readonly bytes: number };
}

/** Bytes that an agent touched plainly. */
export interface Range {
  readonly from: number;
  readonly bytes: number;
  readonly write: boolean;
}
