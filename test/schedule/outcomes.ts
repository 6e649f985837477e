/** What searches are compared by: the ends that schedules come to, and the states on the way, found by the simplest search there is. */
import { type Exploration, type Explored, NO_LIMITS, type Strategy } from '../../oracle/schedule/exploration.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
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

/** Every state, by a set of fingerprints and no reduction at all. */
export function reach(program: Program, options: Partial<MachineOptions> = {}, most = 100_000): Reached | null {
  const machine = new Machine(program, { granularity: 'block', hashed: true, ...options });
  const seen = new Set<string>();
  const ends = new Set<string>();
  const violations = new Set<string>();
  const visit = (): void => {
    if (machine.violation !== null) {
      violations.add(machine.violation.id);
      return;
    }
    const hash = machine.hash.join();
    if (seen.has(hash) || seen.size > most) return;
    seen.add(hash);
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
