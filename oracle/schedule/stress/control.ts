/**
 * The *control* words that the threads of a stress run share with whoever drives it: a round to begin, a clock that every call and return
 * takes a number from, and for each thread how far it is and what it saw. Numbers of the clock are the order in which things were
 * seen: a call has its number before it begins and a return after it has ended, so that what they say came first did come first.
 *
 *   from     to         by
 *   idle     runs       the thread, when a new round is announced
 *   runs     waits      an actor, as long as the guard of its next call does not hold
 *   runs     idle       the thread, when its script has ended, or the round is to end
 *   runs     panicked   the thread
 *
 * Before a thread sleeps on a word of the kernel it says so here, and takes it back when it has come out: between the two it touches
 * nothing that others see.
 */
import type { ScriptCall } from '../program.ts';

export const ROUND = 0;
export const CLOCK = 1;
/** 1: the round is over. Actors give up what they wait for, and whoever comes out of a sleep goes no further. */
export const STOP = 2;
export const SEED = 3;
/** Always 0: who halts for a while waits here, and nobody wakes it. */
export const HALT = 4;
const HEADER = 8;

export const STATUS = 0;
export const CODE = 1;
export const ABOUT = 2;
/** The last round that the thread has ended. */
export const ENDED = 3;
/** The word that the thread sleeps on, or is about to; 0: none. What it is to hold as long as it sleeps. How often it has slept. */
export const WORD = 4;
export const EXPECTED = 5;
export const SLEEPS = 6;
const EVENTS = 7;
/** Of a call: its number, that of its return (0: not yet), and what it returned. */
const EVENT_WORDS = 3;

export const [IDLE, RUNS, WAITS, PANICKED] = [0, 1, 2, 3] as const;

export function threadBase(thread: number, mostCalls: number): number {
  return HEADER + thread * (EVENTS + mostCalls * EVENT_WORDS);
}

export function eventBase(thread: number, call: number, mostCalls: number): number {
  return threadBase(thread, mostCalls) + EVENTS + call * EVENT_WORDS;
}

export function controlWords(threads: number, mostCalls: number): number {
  return threadBase(threads, mostCalls);
}

/** What a worker is started with. */
export interface StressTask {
  readonly modules: Readonly<Record<string, string>>;
  /** Which of the modules is the door to the memory. */
  readonly door: string;
  readonly memory: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  /** What all threads meet at before a round. */
  readonly barrier: SharedArrayBuffer;
  readonly threads: number;
  readonly thread: number;
  /** The last round that began without it. */
  readonly round: number;
  readonly mostCalls: number;
  readonly script: readonly ScriptCall[];
}
