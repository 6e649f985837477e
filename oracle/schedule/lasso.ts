/**
 * A *lasso* is a schedule that never ends, written down: a stem, and a loop after which all is again as it was where the loop began. It
 * is *fair* if everybody who could go on all the while does: each agent makes a step of the loop, or can't move in one of its states (it
 * sleeps, its guard does not hold, it has ended). A loop that is not fair says nothing: somebody waits in it for one who was not let.
 *
 * Everyone is owed his turn, threads and actors alike, and a wait that may time out is one who can go on: time passes, the wire delivers. It is
 * the measure that ends are judged by too, where nobody is left who could do anything.
 *
 * Loops are looked for in a *component*: states each of which can be come to from each other. The shortest fair loop through a state is that
 * from it to itself with everybody satisfied on the way, by breadth; in large components it is a round trip from one who is not satisfied
 * yet to the next.
 */
import type { Machine } from './machine.ts';
import { countBits } from './sampling.ts';
import { agentName } from './trace.ts';

/** The states of a component are numbers; of its steps, which stay inside, those from one state stand together. */
export interface Component {
  readonly states: number;
  /** By state, the agents that can move there, as bits. */
  readonly able: Int32Array;
  /** By state, where its steps begin; one more at the end. */
  readonly first: Int32Array;
  readonly transitions: Int32Array;
  readonly to: Int32Array;
}

/** Pairs of a state and of who is satisfied that an exact search looks at. */
const MOST_PAIRS = 1 << 19;
/** For all beginnings together. */
const ALL_PAIRS = 1 << 22;

/** Agents that can step, or whose wait can time out, as bits. */
export function ableAgents(machine: Machine): number {
  const enabled = machine.enabled();
  return (enabled | (enabled >>> machine.agents)) & ((1 << machine.agents) - 1);
}

/** A step of a search by breadth: where it came from, and by which transition. */
interface Reached {
  readonly at: number;
  readonly by: number;
}

export class Loops {
  private readonly component: Component;
  private readonly agents: number;
  private readonly everyone: number;

  /** The component has a fair loop. */
  constructor(component: Component, agents: number) {
    this.component = component;
    this.agents = agents;
    this.everyone = (1 << agents) - 1;
  }

  /** From a state: the way to where a loop begins, and the loop; together as short as can be had. */
  shortest(entry: number): { readonly way: readonly number[]; readonly loop: readonly number[] } {
    const { states, able } = this.component;
    // Who can't move anywhere in it is satisfied all along.
    const pairs = states * 2 ** countBits(able.reduce((any, here) => any | here, 0));
    if (pairs > MOST_PAIRS) return { way: [], loop: this.roundTrip(entry) };
    let best: { way: readonly number[]; loop: readonly number[] } | null = null;
    let left = ALL_PAIRS;
    for (const begin of this.byDistance(entry)) {
      if (best !== null && left < pairs) break;
      left -= pairs;
      const way = this.path(entry, (state) => state === begin);
      if (best !== null && way.length >= best.way.length + best.loop.length) break;
      const loop = this.fairLoop(begin);
      if (best === null || way.length + loop.length < best.way.length + best.loop.length) best = { way, loop };
    }
    return best ?? { way: [], loop: this.roundTrip(entry) };
  }

  /** All states, the nearest first. */
  private byDistance(from: number): readonly number[] {
    const seen = new Uint8Array(this.component.states);
    seen[from] = 1;
    const order = [from];
    for (const state of order)
      this.steps(state, (to) => {
        if (seen[to] === 1) return;
        seen[to] = 1;
        order.push(to);
      });
    return order;
  }

  private steps(state: number, visit: (to: number, transition: number) => void): void {
    const { first, to, transitions } = this.component;
    // Indices are inside by construction, here and below.
    for (let at = first[state]!; at < first[state + 1]!; at++) visit(to[at]!, transitions[at]!);
  }

  private agentOf(transition: number): number {
    return transition < this.agents ? transition : transition - this.agents;
  }

  /** Who can't move in a state is satisfied by it. */
  private satisfied(state: number): number {
    return this.everyone & ~this.component.able[state]!;
  }

  /** By breadth over states with who is satisfied so far. */
  private fairLoop(begin: number): readonly number[] {
    const { agents, everyone } = this;
    const pair = (state: number, satisfied: number): number => state * 2 ** agents + satisfied;
    const reached = new Map<number, Reached>();
    const queue = [pair(begin, this.satisfied(begin))];
    for (const at of queue) {
      const [state, before] = [Math.floor(at / 2 ** agents), at % 2 ** agents];
      let end = -1;
      this.steps(state, (to, transition) => {
        const after = before | (1 << this.agentOf(transition)) | this.satisfied(to);
        const next = pair(to, after);
        // The first pair is come to again only by a loop in which everybody was satisfied from the start.
        if (end >= 0 || (reached.has(next) && next !== queue[0])) return;
        if (!reached.has(next)) reached.set(next, { at, by: transition });
        if (to === begin && after === everyone) end = next;
        else if (next !== queue[0]) queue.push(next);
      });
      if (end >= 0) return backFrom(reached, end, queue[0]!);
    }
    throw new Error('a component without a fair loop');
  }

  /** The shortest way from a state to one of those wanted. */
  private path(from: number, isWanted: (state: number) => boolean): readonly number[] {
    if (isWanted(from)) return [];
    return this.pathBy(from, (to) => isWanted(to));
  }

  /** The same, of at least one step, to a step that is wanted. */
  private pathBy(from: number, isWanted: (to: number, transition: number) => boolean): readonly number[] {
    const reached = new Map<number, Reached>();
    const queue = [from];
    for (const at of queue) {
      let last: Reached | null = null;
      this.steps(at, (to, transition) => {
        if (last !== null) return;
        if (isWanted(to, transition)) last = { at, by: transition };
        else if (to !== from && !reached.has(to)) {
          reached.set(to, { at, by: transition });
          queue.push(to);
        }
      });
      if (last !== null) return [...backFrom(reached, at, from), (last as Reached).by];
    }
    throw new Error('a component that is not connected');
  }

  /** To the nearest step that satisfies somebody, and on from there, until everybody is; then back. */
  private roundTrip(begin: number): readonly number[] {
    const loop: number[] = [];
    let [state, satisfied] = [begin, this.satisfied(begin)];
    const go = (transitions: readonly number[]): void => {
      for (const transition of transitions) {
        loop.push(transition);
        this.steps(state, (to, by) => {
          if (by === transition) state = to;
        });
        satisfied |= (1 << this.agentOf(transition)) | this.satisfied(state);
      }
    };
    while (satisfied !== this.everyone)
      go(this.pathBy(state, (to, transition) => ((this.satisfied(to) | (1 << this.agentOf(transition))) & ~satisfied) !== 0));
    if (state !== begin || loop.length === 0) go(this.pathBy(state, (to) => to === begin));
    return loop;
  }
}

function backFrom(reached: ReadonlyMap<number, Reached>, end: number, begin: number): readonly number[] {
  const path: number[] = [];
  let at = end;
  do {
    const step = reached.get(at);
    if (step === undefined) break;
    path.push(step.by);
    at = step.at;
  } while (at !== begin);
  return path.reverse();
}

/** What a schedule shows that is said to be a lasso: the loop is run once. */
export interface LassoSeen {
  /** All is as it was where the loop began. */
  readonly closes: boolean;
  /** Agents that could go on all the while and made no step. */
  readonly left: readonly number[];
  readonly moved: readonly number[];
  /** Agents that could not go on in any state of the loop. */
  readonly still: readonly number[];
}

/** Runs a lasso on a machine that keeps its fingerprint, of each agent by itself; it is at its start before and afterwards. */
export function lassoOf(machine: Machine, schedule: readonly number[], loop: number): LassoSeen {
  const mark = machine.mark();
  for (const transition of schedule.slice(0, loop)) machine.step(transition);
  const before = machine.hash.slice();
  let [moved, able, ever] = [0, -1, 0];
  for (const transition of schedule.slice(loop)) {
    const here = ableAgents(machine);
    able &= here;
    ever |= here;
    moved |= 1 << (transition % machine.agents);
    machine.step(transition);
  }
  const closes = loop < schedule.length && machine.hash.every((lane, n) => lane === before[n]);
  machine.undo(mark);
  const agents = (bits: number): readonly number[] =>
    Array.from({ length: machine.agents }, (_, agent) => agent).filter((agent) => ((bits >>> agent) & 1) === 1);
  return { closes, left: agents(able & ~moved), moved: agents(moved), still: agents(~ever & ~moved) };
}

/** In words, for a violation. */
export function lassoText(machine: Machine, schedule: readonly number[], loop: number): string {
  const { moved, still } = lassoOf(machine, schedule, loop);
  const mark = machine.mark();
  for (const transition of schedule) machine.step(transition);
  const ended = still.filter((agent) => machine.status(agent) === 'done');
  const asleep = still.filter((agent) => machine.status(agent) !== 'done');
  machine.undo(mark);
  const names = (agents: readonly number[]): string => agents.map((agent) => agentName(machine.program, agent)).join(', ');
  const verb = (agents: readonly number[], one: string, many: string): string =>
    agents.length === 0 ? '' : `; ${names(agents)} ${agents.length === 1 ? one : many}`;
  const steps = schedule.length - loop;
  const last = steps === 1 ? 'the last step leads back to where it began' : `the last ${steps} steps lead back to where they began`;
  return (
    `${names(moved)} ${moved.length === 1 ? 'goes' : 'go'} round for ever: ${last}\n` +
    `the loop may go on for ever; every thread in it moves or waits${verb(asleep, 'waits', 'wait')}${verb(ended, 'has ended', 'have ended')}`
  );
}
