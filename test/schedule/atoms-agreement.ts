/**
 * User code run three times at once on one schedule: by the machine, by the interpreter of the step machines, and by the plain
 * executor, which is JavaScript itself. They must agree on every step.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type AtomsProgram, compileAtoms, type EntryCall } from '../../oracle/compile/atoms-program.ts';
import type { MemoryDeclaration } from '../../oracle/compile/atoms-memory.ts';
import { emitImplementation } from '../../oracle/compile/impl-javascript.ts';
import { loadImplementation } from '../../oracle/compile/impl-machine.ts';
import { type AccessEvent, Interpreter } from '../../oracle/schedule/interpreter.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import { PlainCode, PlainMachine } from '../../oracle/schedule/plain.ts';
import type { AgentProgram, Program } from '../../oracle/schedule/program.ts';
import { packageRoot } from '../../oracle/root.ts';
import { dice } from '../compile/differential.ts';

export interface Case {
  /** The text of the one file there is, or a file on disk by its path in the package. */
  readonly source?: string;
  readonly file?: string;
  readonly memory: Readonly<Record<string, MemoryDeclaration>>;
  /** For each thread its calls. */
  readonly threads: readonly (readonly EntryCall[])[];
}

export interface Compiled {
  readonly atoms: AtomsProgram;
  readonly program: Program;
  readonly plain: PlainCode;
}

export function compileCase({ source, memory, threads, file = 'user.ts' }: Case): Compiled {
  const root = packageRoot();
  const sources = source === undefined ? {} : { sources: { [file]: source } };
  const atoms = compileAtoms({ root, file, ...sources, memory, entries: threads.flat() });
  const code = loadImplementation(emitImplementation(atoms.program));
  let at = 0;
  const agents = threads.map((calls, n): AgentProgram => {
    const script = calls.map(() => {
      const { fn, args } = atoms.entries[at++];
      return { fn, args, label: fn };
    });
    return { name: `T${n + 1}`, kind: 'thread', script };
  });
  const onDisk = (name: string): string | undefined =>
    existsSync(path.join(root, name)) ? readFileSync(path.join(root, name), 'utf8') : undefined;
  const plain = new PlainCode(file, (name) => (source === undefined ? onDisk(name) : name === file ? source : undefined));
  return { atoms, program: { code, words: new Int32Array(atoms.bytes / 4), agents }, plain };
}

export interface Agreement {
  readonly steps: number;
  /** How the run ended: the id of a failure, `blocked`, or `done`. */
  readonly end: string;
}

/** Runs a random schedule, of so many steps at most; throws where they differ. */
export function agree(given: Case, { atoms, program, plain: code }: Compiled, seed: number, words?: Int32Array, most = 100_000): Agreement {
  const roll = dice(seed);
  const start = words === undefined ? program : { ...program, words };
  const events: AccessEvent[] = [];
  const interpreter = new Interpreter(start, 'access', (event) => events.push(event));
  const machine = new Machine(start, { granularity: 'access', hashed: false });
  const plain = new PlainMachine({
    code,
    regions: atoms.regions,
    bytes: atoms.bytes,
    threads: given.threads,
    ...(words === undefined ? {} : { words }),
  });
  const differ = (what: string, ...sides: readonly unknown[]): never => {
    throw new Error(`step ${events.length}: ${what}: ${sides.map((side) => JSON.stringify(side)).join(' | ')}`);
  };
  const idOf = (code: number | undefined): string => atoms.messages[code ?? -1]?.id ?? 'none';
  for (let steps = 0; ; steps++) {
    const failed = interpreter.violation;
    // Where a number does not fit in its words, the step machine says so; JavaScript goes on.
    if (idOf(failed?.code) === 'wide') return { steps, end: 'wide' };
    if ((failed === null) !== (plain.failure === null)) differ('failure', failed, plain.failure);
    if (failed !== null) {
      if (idOf(failed.code) !== plain.failure?.id) differ('failure', idOf(failed.code), plain.failure);
      return { steps, end: idOf(failed.code) };
    }
    if (steps >= most) return { steps, end: 'cut' };
    const enabled = interpreter.enabled();
    if (enabled !== plain.enabled()) differ('enabled', enabled, plain.enabled());
    if (machine.violation === null && machine.enabled() !== enabled) differ('enabled on the machine', machine.enabled(), enabled);
    if (enabled === 0) {
      for (const [agent, calls] of program.agents.entries()) {
        if (interpreter.status(agent) !== plain.status(agent)) differ('status', interpreter.status(agent), plain.status(agent));
        const entries = given.threads.slice(0, agent).flat().length;
        for (const n of calls.script.keys()) {
          if (plain.results(agent).length <= n || atoms.entries[entries + n].result === null) continue;
          const [mine, theirs] = [interpreter.results(agent)[n], plain.results(agent)[n]];
          if (mine !== Number(theirs) >> 0) differ('result', mine, theirs);
        }
      }
      return { steps, end: program.agents.every((_, agent) => interpreter.status(agent) === 'done') ? 'done' : 'blocked' };
    }
    let pick = roll(64) % 30;
    while (((enabled >> pick) & 1) === 0) pick = (pick + 1) % 30;
    interpreter.step(pick);
    const theirs = plain.step(pick);
    const mine = events[events.length - 1];
    const seen = { agent: mine.agent, door: mine.door, from: mine.from, before: mine.before, after: mine.after, result: mine.result };
    for (const key of ['agent', 'door', 'from', 'before', 'after', 'result'] as const)
      if (seen[key] !== theirs[key] && !(key === 'result' && givesNothing(mine.door))) differ(key, seen, theirs);
    if (mine.door !== 'time-out' && mine.bytes !== theirs.bytes) differ('bytes', mine.bytes, theirs.bytes);
    const memory = new Int32Array(plain.memory);
    for (const [word, value] of interpreter.words.entries()) if (memory[word] !== value) differ(`word ${word}`, value, memory[word]);
    if (machine.violation !== null) continue;
    machine.step(pick);
    for (const [word, value] of interpreter.words.entries())
      if (machine.words[word] !== value) differ(`word ${word} of the machine`, machine.words[word], value);
  }
}

/** Accesses whose answer nobody can see. */
function givesNothing(door: string): boolean {
  return door === 'put' || door === 'store' || door === 'copy';
}
