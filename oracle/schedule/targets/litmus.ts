/** A litmus program as a *target*: compiled in the sizes asked for, judged by its own assertions, told in the names of its arrays. */
import type { Names } from '../../report/words.ts';
import { LITMUS, type Litmus } from '../litmus.ts';
import { litmusSubject } from '../litmus-subject.ts';
import type { Program, ScriptCall } from '../program.ts';
import type { Target } from '../target.ts';
import { nativeProgram } from './native.ts';

/** Null: as the program has it by itself. */
export interface LitmusSizes {
  readonly threads: number | null;
  readonly ops: number | null;
}

/** Throws a UsageError for a name or a size that the program does not have. */
export async function litmusTarget(id: string, sizes: LitmusSizes): Promise<Target> {
  const subject = await litmusSubject(id, sizes.threads, sizes.ops);
  const { program, nameOf, knowledge, atoms } = subject;
  const known = litmusOf(id);
  const threads = sizes.threads ?? known.threads.usual;
  const ops = sizes.ops ?? known.ops.usual;
  const returns = new Map(atoms.entries.map(({ fn, result }) => [fn, result]));
  return {
    id,
    subject: 'litmus',
    design: null,
    fault: null,
    configuration: { threads, ops },
    scenario: null,
    setting: settingOf(program, ops),
    program,
    monitor: null,
    atEnd: (machine) =>
      machine.hasEnded() ? subject.judgeEnd(machine) : { id: 'deadlock', agent: -1, text: 'a call has begun, and nobody can go on' },
    doubt: () => null,
    names: namesOf(nameOf),
    words: knowledge,
    result: ({ fn }: ScriptCall, result) => ((returns.get(fn) ?? null) === null ? 'done' : String(result)),
    view: null,
    named: subject.describe,
    explain: ({ text }) => ({ seen: text, allowed: null }),
    suggested: { strategy: 'states', preemptions: null, executions: null },
    smaller: () => smaller(known, threads, ops).map((less) => () => litmusTarget(id, less)),
    native: async () => nativeProgram(subject.user, atoms.regions),
  };
}

function litmusOf(id: string): Litmus {
  const found = LITMUS.find((each) => each.id === id);
  if (found === undefined) throw new RangeError(`there is no litmus program ${id}`);
  return found;
}

function settingOf({ agents }: Program, ops: number): string {
  const count = agents.length;
  return `${count} thread${count === 1 ? '' : 's'}${ops === 1 ? '' : ` × ${ops}`}`;
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

function smaller({ threads, ops }: Litmus, t: number, o: number): readonly LitmusSizes[] {
  const fewerThreads = t > threads.least ? [{ threads: t - 1, ops: o }] : [];
  const fewerOps = o > ops.least ? [{ threads: t, ops: o - 1 }] : [];
  return [...fewerThreads, ...fewerOps];
}
