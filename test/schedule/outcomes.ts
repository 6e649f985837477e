/** What searches are compared by: the ends that schedules come to, and the states on the way, found by the simplest search there is. */
import { type Exploration, type Explored, NO_LIMITS, type Strategy } from '../../oracle/schedule/exploration.ts';
import { FRAME } from '../../oracle/compile/impl-steps.ts';
import { RECORD } from '../../oracle/schedule/heap.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import { opOf } from '../../oracle/schedule/operation.ts';
import type { Monitor, Program } from '../../oracle/schedule/program.ts';
import type { MachineOptions } from '../../oracle/schedule/state.ts';

export function exploration(machine: Machine, more: Partial<Exploration> = {}): Exploration {
  return {
    machine,
    limits: NO_LIMITS,
    seed: 1,
    preemptions: null,
    symmetry: false,
    signal: new AbortController().signal,
    progress: () => {},
    ...more,
  };
}

/** How a state in which nobody can move looks to the agents, and to the monitor. */
export function describeEnd(machine: Machine): string {
  const agents = Array.from({ length: machine.agents }, (_, agent) => [machine.status(agent), machine.results(agent)]);
  // Only who waits at one address before whom can be told.
  const waiters = [...machine.waiters()].sort((a, b) => a.at - b.at);
  return JSON.stringify([[...machine.words], agents, waiters, machine.monitorState]);
}

export interface Outcomes extends Explored {
  readonly ends: ReadonlySet<string>;
}

/** All ends that a strategy comes to. */
export async function outcomes(strategy: Strategy, program: Program, options: Partial<MachineOptions> = {}): Promise<Outcomes> {
  const machine = new Machine(program, { granularity: 'block', hashed: true, ...options });
  const ends = new Set<string>();
  const atEnd = (end: Machine): null => {
    ends.add(describeEnd(end));
    return null;
  };
  const explored = await strategy(exploration(machine, { atEnd, symmetry: options.symmetry ?? false }));
  return { ...explored, ends };
}

export interface Reached {
  readonly states: number;
  readonly ends: ReadonlySet<string>;
  /** Ids of violations, each state with one counted as an end. */
  readonly violations: ReadonlySet<string>;
}

/** All words that make the state, so that equal texts are equal states. */
export function describeState(machine: Machine): string {
  const { store, layout } = machine;
  const agents = Array.from({ length: machine.agents }, (_, agent) => {
    const record = machine.record(agent);
    const stack: number[] = [];
    for (let frame = store[record + RECORD.frame]; frame !== 0; frame = store[frame + FRAME.caller])
      stack.push(store[frame], ...store.subarray(frame + FRAME.locals, frame + store[frame + FRAME.size]), -1);
    const ranges = machine.blockRanges(agent).map(({ from, bytes, write }) => [from, bytes, write]);
    return [
      [...store.subarray(record, record + RECORD.hashedEnd)],
      [...store.subarray(record + RECORD.states, Math.max(record + RECORD.states, record + layout.recordWords))],
      stack,
      machine.results(agent),
      ranges,
    ].map(String);
  });
  // Agents of one class are interchangeable where the machine says so.
  const classes = agents.map((state, agent) => `${machine.identity[agent]}:${state.join('/')}`);
  return [[...machine.words].join(), ...classes.sort(), machine.monitorState].join(' ');
}

/** Every state, by a set of their words, and no reduction at all. */
export function reach(program: Program, options: Partial<MachineOptions> = {}, most = 100_000): Reached | null {
  const machine = new Machine(program, { granularity: 'block', hashed: false, ...options });
  const seen = new Set<string>();
  const ends = new Set<string>();
  const violations = new Set<string>();
  const visit = (): void => {
    if (machine.violation !== null) {
      violations.add(machine.violation.id);
      return;
    }
    const state = describeState(machine);
    if (seen.has(state) || seen.size > most) return;
    seen.add(state);
    const enabled = machine.enabled();
    if (enabled === 0) ends.add(describeEnd(machine));
    for (let left = enabled; left !== 0; left &= left - 1) {
      const mark = machine.mark();
      machine.step(31 - Math.clz32(left & -left));
      visit();
      machine.undo(mark);
    }
  };
  visit();
  return seen.size > most ? null : { states: seen.size, ends, violations };
}

/**
 * A monitor that admits everything and remembers which calls had returned when each was made, and what they returned: that much of the
 * order of a history can be seen.
 */
export function orderMonitor(): Monitor {
  const ids = new Map<string, number>([['', 0]]);
  const texts = [''];
  const intern = (text: string): number => {
    const known = ids.get(text);
    if (known !== undefined) return known;
    ids.set(text, texts.length);
    return texts.push(text) - 1;
  };
  const parts = (state: number): string[] => (texts[state] ?? '').split(';').filter((part) => part !== '');
  return {
    call: (state, agent, index) => {
      const before = parts(state);
      const returned = before.filter((part) => part.startsWith('r')).map((part) => part.split('=')[0]);
      return intern([...before, `c${agent}.${index}after${returned.join('')}`].sort().join(';'));
    },
    return: (state, agent, index, result) => intern([...parts(state), `r${agent}.${index}=${result}`].sort().join(';')),
  };
}

/** What a step did, as far as others can tell. */
interface Step {
  readonly agent: number;
  readonly transition: number;
  readonly access: number;
  readonly from: number;
  readonly bytes: number;
  /** Of a copy: where it reads. */
  readonly source: number;
  readonly list: number;
  readonly woken: number;
  readonly heard: number;
}

export interface Classes {
  readonly executions: number;
  /** Schedules that differ in more than the order of independent steps. */
  readonly classes: number;
  readonly ends: ReadonlySet<string>;
  readonly violations: ReadonlySet<string>;
}

/** Every interleaving, and into how many classes they fall; null if there are too many. */
export function classesOf(program: Program, options: Partial<MachineOptions> = {}, most = 20_000): Classes | null {
  const machine = new Machine(program, { granularity: 'block', hashed: false, ...options });
  const trace: Step[] = [];
  const classes = new Set<string>();
  const ends = new Set<string>();
  const violations = new Set<string>();
  let executions = 0;
  const visit = (): void => {
    if (executions > most) return;
    if (machine.violation !== null) {
      executions++;
      violations.add(machine.violation.id);
      return;
    }
    const enabled = machine.enabled();
    if (enabled === 0) {
      executions++;
      classes.add(canonical(trace));
      ends.add(describeEnd(machine));
    }
    for (let left = enabled; left !== 0; left &= left - 1) {
      const transition = 31 - Math.clz32(left & -left);
      const agent = transition % machine.agents;
      const isStep = transition < machine.agents;
      const access = isStep ? machine.opAccess(agent) : 8;
      const waiter = machine.waiters().find((one) => one.timed && one.agent === agent);
      const step = {
        agent,
        transition,
        access,
        from: isStep ? machine.opFrom[agent] : 0,
        bytes: isStep ? machine.opBytes[agent] : 0,
        source: isStep && machine.opKind[agent] === opOf('copy') ? machine.opArg(agent, 1) : -1,
        list: isStep ? machine.opList(agent) : (waiter?.at ?? -1),
      };
      const mark = machine.mark();
      machine.step(transition);
      trace.push({ ...step, woken: machine.woken, heard: machine.heard });
      visit();
      trace.pop();
      machine.undo(mark);
    }
  };
  visit();
  return executions > most ? null : { executions, classes: classes.size, ends, violations };
}

/** The same text for schedules of one class: each step, by agent and number, with the earlier steps that it depends on. */
function canonical(trace: readonly Step[]): string {
  const counts = new Map<number, number>();
  const names: string[] = [];
  const lines: string[] = [];
  trace.forEach((step, at) => {
    const local = (counts.get(step.agent) ?? 0) + 1;
    counts.set(step.agent, local);
    names.push(`${step.agent}.${local}`);
    const after = trace.slice(0, at).flatMap((earlier, n) => (dependent(earlier, step) ? [names[n]] : []));
    lines.push(`${names[at]}:${step.transition}<${after.sort().join(',')}`);
  });
  return lines.sort().join(' ');
}

function dependent(a: Step, b: Step): boolean {
  if (a.agent === b.agent || ((a.woken >> b.agent) & 1) === 1) return true;
  const [reads, writes, changes, looks, passes] = [1, 2, 8, 16, 32];
  const ranges = (step: Step): { from: number; to: number; write: boolean }[] => [
    ...((step.access & (reads | writes)) !== 0
      ? [{ from: step.from, to: step.from + step.bytes, write: (step.access & writes) !== 0 }]
      : []),
    ...(step.source >= 0 ? [{ from: step.source, to: step.source + step.bytes, write: false }] : []),
  ];
  const inMemory = ranges(a).some((x) => ranges(b).some((y) => x.from < y.to && y.from < x.to && (x.write || y.write)));
  const lists = (step: Step): number => step.access & (changes | looks | passes);
  const inLists = lists(a) !== 0 && lists(b) !== 0 && (lists(a) === changes || lists(a) !== lists(b)) && a.list === b.list;
  const inHistory = ((a.heard & 1) !== 0 && (b.heard & 2) !== 0) || ((a.heard & 2) !== 0 && (b.heard & 1) !== 0);
  return inMemory || inLists || inHistory;
}
