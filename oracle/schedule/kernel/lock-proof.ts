/**
 * The *proof of the locks* that `--atomic-locks` takes as primitives: the real code of mutexes and reader-writer locks, explored by itself, every
 * schedule of a few threads that take them. Nobody is inside with a writer (a data race, a sum that is short), nobody sleeps for ever,
 * in the end the word is free. It is made with the same sources that are then explored.
 */
import * as L from '../../../impl/layout.ts';
import { fixed, get } from '../../../impl/memory.ts';
import { UNIT } from '../../adapter.ts';
import { pristineModules } from '../../run/implementation.ts';
import { NO_LIMITS } from '../exploration.ts';
import { type Judgement, judge } from '../judge.ts';
import { Machine } from '../machine.ts';
import { named } from '../panics.ts';
import type { Program, ScriptCall, Violation } from '../program.ts';
import { record } from '../recording.ts';
import { prepare, PrologueError, type Stage } from './stage.ts';
import type { Subject as Searched } from '../subject.ts';
import type { Subject } from './subject.ts';

/** One of the programs, and what came of it. */
export interface Proved {
  /** Its place in EXERCISES. */
  readonly exercise: number;
  readonly lock: string;
  /** Its class. */
  readonly rank: number;
  readonly threads: number;
  readonly judgement: Judgement;
  /** Of a violation: the steps that lead there, in words. */
  readonly schedule: readonly string[];
}

/** A program that takes one kind of lock. */
export interface Exercise {
  readonly lock: string;
  /** Classes of locks. */
  readonly ranks: readonly number[];
  /** By thread: functions of clients.ts, each of which takes the lock, looks at a word, and gives it back. */
  readonly scripts: readonly (readonly string[])[];
}

/** The classes that mutexes have. */
export const MUTEX_CLASSES: readonly number[] = [
  L.LC_GIANT,
  L.LC_UNP_RIGHTS,
  L.LC_UNP_LIST,
  L.LC_UNP,
  L.LC_SYNCACHE,
  L.LC_ACCEPT,
  L.LC_SND,
  L.LC_RCV,
  L.LC_KQ,
  L.LC_SELECT,
  L.LC_SELTD,
  L.LC_CALLOUT,
  L.LC_WIRE,
  L.LC_NETISR,
  L.LC_FILEDESC,
  L.LC_HANDLE,
  L.LC_GLOBAL,
  L.LC_ZONE,
  L.LC_SLEEPQ,
];
/** Reader-writer locks that their writer may take again, and the one that nobody may. */
const RECURSIVE: readonly number[] = [L.LC_PCBINFO, L.LC_UNP_LINK, L.LC_INP];
const NOT_RECURSIVE: readonly number[] = [L.LC_INP_HASH];
export const RW_CLASSES: readonly number[] = [...RECURSIVE, ...NOT_RECURSIVE];

const TWICE = ['client_mutex', 'client_mutex'];
const readersAndWriters = (write: string): Exercise['scripts'] => [[write, 'client_read'], ['client_read', write], ['client_read']];

/** The code could do something of its own for the locks of one class, so that each has its turn. */
export const EXERCISES: readonly Exercise[] = [
  { lock: 'mutex', ranks: [L.LC_SLEEPQ], scripts: [TWICE, TWICE, TWICE] },
  { lock: 'mutex', ranks: MUTEX_CLASSES, scripts: [['client_mutex'], ['client_mutex'], ['client_mutex']] },
  { lock: 'reader-writer lock', ranks: RECURSIVE, scripts: readersAndWriters('client_write') },
  { lock: 'reader-writer lock', ranks: NOT_RECURSIVE, scripts: readersAndWriters('client_write_once') },
];

/** User memory: the lock, then the word and one that is read in between. */
const WORD = 4;
const MEMORY = 6 * UNIT;
const MEMORY_MIB = 1024;

export interface ProofOptions {
  /** Directory for the counterexample of what is broken. */
  readonly out: string;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

export async function proveLocks(subject: Subject, options: ProofOptions): Promise<readonly Proved[]> {
  const proved: Proved[] = [];
  for (const [index, exercise] of EXERCISES.entries()) {
    const stage = await stageOf(exercise, subject);
    for (const rank of exercise.ranks) {
      options.progress(`proving the ${exercise.lock}, class ${rank}`);
      proved.push({ exercise: index, ...(await prove(exercise, rank, stage, subject, options)) });
    }
  }
  return proved;
}

/** Where the locks are so wrong that no kernel can be made with them, one is made with those that are right: what is explored are the others. */
async function stageOf({ lock, scripts }: Exercise, subject: Subject): Promise<Stage> {
  const scenario = { id: lock, about: lock, citation: '', prologue: [], threads: scripts.map(() => []) };
  try {
    return await prepare(subject, scenario, MEMORY);
  } catch (error) {
    if (!(error instanceof PrologueError)) throw error;
    return prepare({ ...subject, modules: pristineModules }, scenario, MEMORY);
  }
}

/** One of the programs by itself, for a lock of this class. */
export async function lockSubject(exercise: Exercise, rank: number, subject: Subject): Promise<Searched> {
  return searched(exercise, rank, await stageOf(exercise, subject), subject);
}

function searched(exercise: Exercise, rank: number, stage: Stage, { code }: Subject): Searched {
  const { lock, scripts } = exercise;
  const { kernel, records } = stage;
  const words = Int32Array.from(kernel.words);
  const at = (fixed(kernel, L.h_user) + get(kernel, (records[0] as number) + L.td_user)) >> 2;
  words[at + L.lk_class] = rank;
  const agents = scripts.map((script, thread) => ({
    name: `T${thread + 1}`,
    kind: 'thread' as const,
    script: script.map((fn): ScriptCall => ({ fn, args: [records[thread] as number, at, at + WORD], label: `${fn}()` })),
  }));
  return {
    name: lock,
    program: { code, words, agents },
    nameOf: (byte) => (byte >> 2 === at ? "the lock's word" : byte >> 2 === at + WORD ? 'what the lock is for' : `word ${byte >> 2}`),
    knowledge: {},
    judgeEnd: (machine) => endOf(machine, exercise, at),
    describe: named,
  };
}

async function prove(
  exercise: Exercise,
  rank: number,
  stage: Stage,
  subject: Subject,
  { signal }: ProofOptions,
): Promise<Omit<Proved, 'exercise'>> {
  const { lock, scripts } = exercise;
  const taken = searched(exercise, rank, stage, subject);
  const judgement = await judge(taken, {
    strategy: 'states',
    granularity: 'block',
    limits: { ...NO_LIMITS, memory: MEMORY_MIB },
    seed: 1,
    preemptions: null,
    depth: 3,
    symmetry: false,
    signal,
    progress: () => undefined,
  });
  return { lock, rank, threads: scripts.length, judgement, schedule: told(taken.program, judgement) };
}

/** A line for each step of what was found. */
function told(program: Program, { schedule, violation }: Judgement): readonly string[] {
  if (violation === null) return [];
  return record(new Machine(program, { granularity: 'block', hashed: false }), schedule).map(
    ({ thread, operation, source }, index) => `${index + 1}. ${thread} ${operation} at ${source}`,
  );
}

/** Everybody has been inside, one after the other. */
function endOf(machine: Machine, { scripts }: Exercise, at: number): Violation | null {
  const wrong = (text: string): Violation => ({ id: 'final-state', agent: -1, text });
  const writes = scripts.flat().filter((fn) => fn !== 'client_read').length;
  const { words } = machine;
  if (words[at + WORD] !== writes) return wrong(`${writes} threads have added one, and the word is ${words[at + WORD]}`);
  if (words[at + L.lk_word] !== 0) return wrong(`nobody is inside, and the lock's word is ${words[at + L.lk_word]}`);
  const saw = scripts.flatMap((script, agent) => machine.results(agent).filter((_, index) => script[index] !== 'client_read'));
  if (new Set(saw).size !== writes) return wrong(`of those who added one, two found the same before: ${saw.join(', ')}`);
  const torn = scripts.flatMap((script, agent) => machine.results(agent).filter((result, n) => script[n] === 'client_read' && result < 0));
  return torn.length === 0 ? null : wrong('a reader saw the word change');
}
