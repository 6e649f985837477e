/** The code of a lock by itself as a *target*: one of the programs of the proof of the locks (kernel/lock-proof.ts), for one class of them. */
import type { Names } from '../../report/words.ts';
import { EXERCISES, lockSubject } from '../kernel/lock-proof.ts';
import { named } from '../panics.ts';
import type { Target } from '../target.ts';
import { type Implementation, nativeKernel } from './kernel.ts';

/** Throws a RangeError for a number or a class that there is not. */
export async function lockTarget(exercise: number, rank: number, implementation: Implementation): Promise<Target> {
  const known = EXERCISES[exercise];
  if (known === undefined || !known.ranks.includes(rank)) throw new RangeError(`no program ${exercise} takes a lock of class ${rank}`);
  const { program, nameOf, knowledge, judgeEnd } = await lockSubject(known, rank, implementation.subject);
  const threads = program.agents.length;
  return {
    id: 'locks',
    subject: 'locks',
    design: null,
    fault: implementation.fault,
    configuration: { exercise, class: rank, threads },
    scenario: null,
    setting: `${known.lock}, class ${rank}, ${threads} threads`,
    program,
    monitor: null,
    atEnd: (machine) =>
      machine.hasEnded() ? judgeEnd(machine) : { id: 'deadlock', agent: -1, text: 'a call has begun, and nobody can go on' },
    doubt: () => null,
    names: namesOf(nameOf),
    words: { ...knowledge, nameOf },
    result: (_call, result) => String(result),
    view: null,
    named,
    explain: ({ text }) => ({ seen: text, allowed: null }),
    suggested: { strategy: 'states', preemptions: null, executions: null },
    smaller: () => [],
    native: () => nativeKernel(implementation, program),
  };
}

function namesOf(nameOf: (at: number) => string): Names {
  const word = (index: number): string => nameOf(4 * index);
  return {
    word,
    bytes: (index, count) => (count === 1 ? nameOf(index) : `${nameOf(index)} and ${count - 1} bytes behind it`),
    value: (_index, value) => String(value),
    object: word,
    isLock: () => false,
    isNoise: () => false,
  };
}
