/**
 * A *watch* steps a machine and keeps the happens-before relation of the schedule so far, so that a data race is found in every
 * schedule that contains one, and not only where the two accesses meet. It goes back as the machine does.
 */
import { DOORS } from '../compile/ir-impl.ts';
import type { Found } from './exploration.ts';
import { HappensBefore, type RaceFound } from './happens-before.ts';
import type { Machine } from './machine.ts';
import { opOf, PLAIN, READ, WAITS, WRITE } from './operation.ts';
import type { Violation } from './program.ts';

const COPY = opOf('copy');
const NOTIFY = opOf('notify');
const SETTLE = opOf('settle');
const WAIT = opOf('wait');
const WAIT_FOR = opOf('waitFor');
const WAIT_ASYNC = opOf('waitAsync');

/** Promises of one agent at most. */
const PROMISES = 64;

/** Whether a program can have a race that its states do not show; without plain accesses and with one width it has none at all. */
export function needsWatch({ hasBlocks }: Machine): boolean {
  return hasBlocks;
}

export class Watch {
  readonly machine: Machine;
  readonly relation: HappensBefore;

  /** The machine is at its first state. */
  constructor(machine: Machine) {
    this.machine = machine;
    this.relation = new HappensBefore(machine.agents, machine.words.byteLength);
    for (let agent = 0; agent < machine.agents; agent++) this.block(agent);
    this.start = this.relation.mark();
  }

  private readonly start: number;

  mark(): number {
    return this.relation.mark();
  }

  /** Forgets what came since; the machine is taken back by its own mark. */
  undo(mark: number): void {
    this.relation.undo(mark);
  }

  /** As when it was made. */
  clear(): void {
    this.relation.undo(this.start);
  }

  /** What is wrong in the state the machine is in, or a race on the way there. */
  get violation(): Violation | null {
    const { race } = this.relation;
    return this.machine.violation ?? (race === null ? null : raceViolation(this.machine, race));
  }

  /** Makes a transition of the machine. */
  step(transition: number): void {
    const { machine, relation } = this;
    if (transition >= machine.agents) {
      this.timeOut(transition - machine.agents, transition);
      return;
    }
    const agent = transition;
    const kind = machine.opKind[agent] as number;
    const from = machine.opFrom[agent] as number;
    const bytes = machine.opBytes[agent] as number;
    const access = machine.opAccess(agent);
    if ((access & PLAIN) !== 0) {
      const source = kind === COPY ? machine.opArg(agent, 1) : -1;
      machine.step(transition);
      if (source >= 0) relation.plain(agent, source, bytes, false);
      relation.plain(agent, from, bytes, (access & WRITE) !== 0);
      return;
    }
    switch (kind) {
      case WAIT:
      case WAIT_FOR:
      case WAIT_ASYNC:
        machine.step(transition);
        relation.wait(agent, from, (access & WAITS) !== 0);
        break;
      case SETTLE: {
        const promise = agent * PROMISES + machine.opArg(agent, 0);
        machine.step(transition);
        if (machine.status(agent) !== 'blocked') relation.settle(agent, promise);
        break;
      }
      case NOTIFY:
        this.notify(agent, from, (access & WAITS) !== 0);
        break;
      default:
        machine.step(transition);
        if ((access & (READ | WRITE)) === 0) throw new Error(`${DOORS[kind - 1] ?? kind} is no access`);
        relation.atomic(agent, from, bytes, (access & READ) !== 0, (access & WRITE) !== 0);
    }
    this.block(agent);
  }

  private notify(agent: number, from: number, finds: boolean): void {
    const { machine, relation } = this;
    // Only promises do not show in who is woken.
    const isPlain = !finds || !machine.code.hasTickets;
    const count = isPlain ? 0 : Math.max(0, machine.opArg(agent, 1));
    const resolved = isPlain
      ? []
      : machine
          .waiters()
          .filter(({ at }) => at === from)
          .slice(0, count);
    machine.step(agent);
    relation.notify(agent, from, machine.woken !== 0 || resolved.length > 0);
    for (const { agent: sleeper, ticket } of resolved) if (ticket >= 0) relation.resolve(sleeper * PROMISES + ticket, from);
    for (let bits = machine.woken; bits !== 0; bits &= bits - 1) {
      const sleeper = 31 - Math.clz32(bits & -bits);
      relation.wake(sleeper, from);
      this.block(sleeper);
    }
  }

  private timeOut(agent: number, transition: number): void {
    const { machine, relation } = this;
    const at = machine.timedList(agent);
    // The time-out of a promise is the host's: its agent enters no critical section.
    const isPromise = machine.code.hasTickets && machine.waiters().some((one) => one.timed && one.agent === agent && one.ticket >= 0);
    machine.step(transition);
    if (!isPromise) relation.timeOut(agent, at);
    if ((machine.woken & (1 << agent)) !== 0) this.block(agent);
  }

  /** The plain accesses that an agent has just made. */
  private block(agent: number): void {
    const { machine } = this;
    const { trace } = machine;
    const end = machine.blockEnd(agent);
    for (let n = machine.blockFrom(agent); n < end; n++) {
      const entry = trace[n] as number;
      this.relation.entry(agent, entry >>> 8, entry & 15, (entry >>> 4) & 15);
    }
  }
}

/**
 * The first thing that is wrong in the schedule of what was found. A search that only looks at states may come to a failure before it has
 * come to the state that shows the race behind it; then the race is what was found, since what follows a race need not happen as it
 * did here. The machine is at its start, before and afterwards.
 */
export function firstIn(machine: Machine, found: Found): Found {
  if (!needsWatch(machine)) return found;
  const start = machine.mark();
  const watch = new Watch(machine);
  let taken = 0;
  for (; taken < found.schedule.length && watch.violation === null; taken++) watch.step(found.schedule[taken] as number);
  const { violation } = watch;
  machine.undo(start);
  return violation?.race === undefined ? found : { violation, schedule: found.schedule.slice(0, taken) };
}

function raceViolation(machine: Machine, { earlier, later, from, bytes }: RaceFound): Violation {
  const name = (agent: number): string => machine.program.agents[agent]?.name ?? `agent ${agent}`;
  return {
    id: 'data-race',
    agent: later.agent,
    text: `${name(earlier.agent)} and ${name(later.agent)} touch byte ${from} unordered`,
    race: { other: earlier.agent, from, bytes },
  };
}
