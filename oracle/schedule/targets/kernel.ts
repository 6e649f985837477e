/** A scenario of the kernel as a *target*: built for a subject, followed by the monitor, judged at its ends, told in the kernel's words. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as L from '../../../impl/layout.ts';
import { errnoName } from '../../adapter.ts';
import type { Sources } from '../../implementation.ts';
import { kernelNames, type Names } from '../../report/words.ts';
import { packageRoot } from '../../root.ts';
import { SPECIFICATION } from '../../specification.ts';
import type { WordKnowledge } from '../deadlock.ts';
import { type Built, build } from '../kernel/build.ts';
import { ENDED, IDLE } from '../kernel/elements.ts';
import { Coverage } from '../kernel/coverage.ts';
import { type End, Judge, kernelOf } from '../kernel/ending.ts';
import type { KernelMonitor } from '../kernel/monitor.ts';
import { type Actor, type Scenario, type Scripted, TINY } from '../kernel/scenario.ts';
import type { Subject } from '../kernel/subject.ts';
import { Machine } from '../machine.ts';
import { named, panicName } from '../panics.ts';
import type { Program, Violation } from '../program.ts';
import type { Target } from '../target.ts';
import type { Trace } from '../trace.ts';
import type { NativeProgram } from './native.ts';

/** Code of the scenarios' own, compiled with the implementation (schedule/kernel/subject.ts). */
export const CLIENTS = 'oracle/schedule/kernel/clients.ts';

/** An implementation to run scenarios on: compiled, and as source text for real threads. */
export interface Implementation {
  readonly subject: Subject;
  readonly sources: Sources;
  /** The entry of the museum it was made with. */
  readonly fault: string | null;
  /** Its locks are primitives: what was proved of them. */
  readonly primitives?: string;
}

/** What is known of a scenario besides. */
export interface KernelTarget extends Target {
  readonly monitor: KernelMonitor;
  /** Thread records of the agents. */
  readonly records: readonly number[];
  /** What is wrong with a kernel in which nobody moves. */
  readonly judgeEnd: (words: Int32Array, state: number, asleep: readonly boolean[]) => Violation | null;
}

/** Throws a UsageError where the scenario names a call, an argument or a thread that does not exist. */
export async function kernelTarget(scenario: Scenario, implementation: Implementation): Promise<KernelTarget> {
  const built = await build(scenario, implementation.subject);
  const { program, monitor, stage } = built;
  const judge = new Judge(stage, monitor);
  const coverage = new Coverage(stage, monitor);
  const names = kernelNames(program.words, threadNames(built));
  const sizes = { ...TINY, ...scenario.sizes };
  return {
    id: scenario.id,
    subject: 'impl',
    design: SPECIFICATION,
    fault: implementation.fault,
    ...(implementation.primitives === undefined ? {} : { primitives: implementation.primitives }),
    configuration: { ...sizes, THREADS: scenario.threads.length },
    scenario,
    setting: settingOf(scenario),
    program,
    monitor,
    records: stage.records,
    judgeEnd: (words, state, sleeping) => judge.judge({ words, state, asleep: sleeping }),
    atEnd: (machine) => judge.judge(endOf(machine)),
    onTheWay: (machine) => (isAtRest(machine, stage.records) ? judge.judgeRest(endOf(machine)) : null),
    coverage: {
      see: (machine) => {
        if (judge.holdsNothing(endOf(machine))) coverage.see(kernelOf(machine.words), machine.monitorState);
      },
      covered: () => coverage.covered(),
    },
    doubt: () => monitor.gaveUp,
    names,
    words: knowledge(names, stage.records),
    queueOf: (agent, words) => {
      const channel = words[(stage.records[agent] ?? 0) + L.td_wchan] ?? 0;
      return channel === 0 ? null : names.word(channel);
    },
    result: ({ label }, result) =>
      result < 0 ? errnoName(-result) : result > 0 && label.startsWith('geterror') ? errnoName(result) : String(result),
    view: (state) => viewOf(monitor, state),
    named,
    explain: (violation, trace) => explain(violation, names, monitor, violation.id === 'history' ? lastStateOf(built, trace) : null),
    suggested: { strategy: 'states', preemptions: scenario.preemptions ?? null, executions: null },
    smaller: () => smaller(scenario).map((less) => () => kernelTarget(less, implementation)),
    native: () => nativeKernel(implementation, program),
  };
}

/** The implementation for real threads, and what they call. */
export async function nativeKernel({ sources }: Implementation, { agents }: Program): Promise<NativeProgram> {
  const { transpile } = await import('../../transpile.ts');
  const text = { ...sources, [CLIENTS]: readFileSync(join(packageRoot(), CLIENTS), 'utf8') };
  const modules = Object.entries(text).map(([path, source]) => [path, transpile(path, source)]);
  return {
    modules: Object.fromEntries(modules),
    access: { kind: 'door', door: 'impl/memory.ts' },
    scripts: agents.map(({ script }) => script),
  };
}

function endOf(machine: Machine): End {
  return { words: machine.words, state: machine.monitorState, asleep: asleep(machine) };
}

function asleep(machine: Machine): readonly boolean[] {
  return Array.from({ length: machine.agents }, (_, agent) => machine.status(agent) === 'blocked' || machine.status(agent) === 'guarded');
}

/** Whether nobody is in the middle of anything: all are between two calls, or asleep. */
function isAtRest(machine: Machine, records: readonly number[]): boolean {
  for (let agent = 0; agent < machine.agents; agent++) {
    if (!machine.hasBegun(agent)) continue;
    if (machine.status(agent) !== 'blocked' || machine.words[(records[agent] as number) + L.td_wchan] === 0) return false;
  }
  return true;
}

/** "2 threads, wire, clock". */
function settingOf({ threads, actors }: Scenario): string {
  const count = threads.length;
  return [`${count} thread${count === 1 ? '' : 's'}`, ...(actors ?? []).map(({ kind }) => kind)].join(', ');
}

/** Names of the agents by their thread records. */
function threadNames({ program, stage }: Built): readonly string[] {
  const names: string[] = [];
  for (const [agent, td] of stage.records.entries())
    names[(td - (program.words[L.h_threads] ?? 0)) / L.THREAD_WORDS] = program.agents[agent]?.name ?? `agent ${agent}`;
  return names;
}

function knowledge(names: Names, records: readonly number[]): WordKnowledge {
  return {
    nameOf: (at) => names.word(at >> 2),
    ownerOf: ({ at }, words) => {
      if (!names.isLock(at >> 2)) return null;
      const word = (words[at >> 2] ?? 0) & ~L.LK_CONTESTED;
      const owner = records.indexOf(word & ~L.RW_WRITER);
      // Readers are counted, not named.
      return owner < 0 && word !== 0 ? null : owner;
    },
  };
}

/** What may become of the calls under way: "T1 may return 0 or goes on". */
function viewOf(monitor: KernelMonitor, state: number): string {
  const set = monitor.set(state);
  if (set.length === 0) return 'gives no answer any more';
  const lines = monitor.threads.flatMap((_, who) => {
    const ends = endsOf(monitor, set, who);
    return ends.length === 0 ? [] : [`T${who + 1} ${ends.join(' or ')}`];
  });
  return lines.length === 0 ? 'nobody is in a call' : lines.join('; ');
}

/** What may become of the call of a thread, each once; nothing if it is in none. */
function endsOf(monitor: KernelMonitor, set: Int32Array, who: number): readonly string[] {
  const { elements } = monitor;
  const ends = new Set<string>();
  for (const element of set) {
    const phase = elements.phase(element, who);
    if (phase === IDLE) continue;
    if (phase !== ENDED) {
      ends.add('goes on');
      continue;
    }
    ends.add(`may return ${elements.endOf(element, who)}`);
  }
  return [...ends].sort();
}

/** The monitor's state before the last thing that was seen. */
function lastStateOf({ program, monitor }: Built, { schedule }: Trace): number {
  // The machine follows the monitor as it goes, and stops where the monitor refuses.
  const machine = new Machine(program, { granularity: 'block', hashed: false, monitor });
  for (const transition of schedule) {
    if (machine.violation !== null) break;
    machine.step(transition);
  }
  return machine.monitorState;
}

function explain(
  violation: Violation,
  names: Names,
  monitor: KernelMonitor,
  state: number | null,
): { readonly seen: string; readonly allowed: string | null } {
  const { code, about, text } = violation;
  if (code !== undefined) return { seen: `${panicName(code)} (impl/panic.ts) about ${names.object(about ?? 0)}`, allowed: null };
  if (state === null) return { seen: text, allowed: null };
  const ends = endsOf(monitor, monitor.set(state), violation.agent);
  return { seen: text, allowed: ends.length === 0 ? null : `T${violation.agent + 1} ${ends.join(' or ')}` };
}

/** Scenarios with an actor, a thread or a call less. A call whose result a later one needs stays. */
function smaller(scenario: Scenario): readonly Scenario[] {
  const { threads, actors = [] } = scenario;
  const fewerActors = actors.map((_, gone) => ({ ...scenario, actors: actors.filter((__, index) => index !== gone) }));
  const fewerThreads = threads.length === 1 ? [] : threads.map((_, gone) => withoutThread(scenario, gone));
  const fewerCalls = threads.flatMap((script, thread) =>
    [...script.keys()].reverse().flatMap((gone) => {
      const less = withoutCall(script, gone);
      return less === null ? [] : [{ ...scenario, threads: threads.with(thread, less) }];
    }),
  );
  return [...fewerThreads, ...fewerActors, ...fewerCalls];
}

function withoutThread(scenario: Scenario, gone: number): Scenario {
  const actors = (scenario.actors ?? []).flatMap((actor): readonly Actor[] => {
    if (actor.kind !== 'signal' || actor.thread < gone) return [actor];
    return actor.thread === gone ? [] : [{ ...actor, thread: actor.thread - 1 }];
  });
  return { ...scenario, threads: scenario.threads.filter((_, index) => index !== gone), actors };
}

function withoutCall(script: readonly Scripted[], gone: number): readonly Scripted[] | null {
  if (script.length === 1) return null;
  const needed = script.some(({ args }) => Object.values(args).some((arg) => typeof arg === 'object' && arg.resultOf === gone));
  if (needed) return null;
  return script
    .filter((_, index) => index !== gone)
    .map((scripted) => {
      const args = Object.entries(scripted.args).map(([name, arg]) => [
        name,
        typeof arg === 'object' && arg.resultOf > gone ? { resultOf: arg.resultOf - 1 } : arg,
      ]);
      return { ...scripted, args: Object.fromEntries(args) as Scripted['args'] };
    });
}
