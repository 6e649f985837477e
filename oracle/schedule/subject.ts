/**
 * A *subject* is a program to be explored with what is known of it besides: what its words are called, what its violations say, how
 * its end is judged.
 */
import type { WordKnowledge } from './deadlock.ts';
import type { Machine } from './machine.ts';
import type { Program, Violation } from './program.ts';

export interface Subject {
  readonly name: string;
  readonly program: Program;
  /** What is at a byte of the shared memory: "cells[1]". */
  readonly nameOf: (at: number) => string;
  readonly knowledge: WordKnowledge;
  /** Judges a state in which nobody can move and every thread has made its calls. */
  readonly judgeEnd: (machine: Machine) => Violation | null;
  /** A violation of the machine in the words of the source. */
  readonly describe: (violation: Violation) => Violation;
}
