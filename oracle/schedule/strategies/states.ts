/**
 * `states` searches depth first and goes on from each state once: a state is known by its fingerprint, and the machine goes back instead
 * of starting again. *Sleep sets* (Godefroid) keep it from making a transition whose result it has seen in another order: after
 * a transition of a state has been explored, it sleeps in what follows as long as only transitions independent of it are made. The set
 * with which a state was explored stands in the table; who comes to the state with a smaller one makes what that one left out.
 * Every state is still reached, so that every deadlock, panic, race and final state is found. That some go round for ever shows in no state:
 * unless the steps that were made go in no circle, livelocks are looked for afterwards.
 *
 * States that differ only in which agent of a class is where have one fingerprint if the machine was made so; transitions of one are then
 * not those of the other, and nothing sleeps.
 */
import { StepLog } from '../acyclic.ts';
import type { Exploration, Explored } from '../exploration.ts';
import { Forecast } from '../forecast.ts';
import { missedStateChance } from '../fingerprint.ts';
import { areDependent, areHeardDependent } from '../independence.ts';
import { findLivelock } from '../livelock.ts';
import type { Machine } from '../machine.ts';
import { HEARD_CALL, HEARD_RETURN } from '../operation.ts';
import { countBits } from '../sampling.ts';
import { Search } from '../search.ts';
import { StateTable } from '../table.ts';
import { bounded } from './bounded.ts';

export async function states(exploration: Exploration): Promise<Explored> {
  const { machine, limits } = exploration;
  if (!machine.hashed) throw new Error('this strategy needs a machine that keeps its fingerprint');
  if (exploration.preemptions !== null) return bounded(exploration);
  const search = new Search(exploration);
  const table = new StateTable(limits.memory, true);
  const walk = new Walk(machine, table, !exploration.symmetry);
  const forecast = new Forecast(machine.agents);
  const push = (): void => {
    walk.push();
    forecast.enter(table.size, walk.forks());
  };
  walk.arrive();
  if (search.arrive()) push();
  while (walk.depth > 0 && !search.isOver()) {
    const transition = walk.next();
    if (transition < 0) {
      walk.pop();
      forecast.leave(table.size);
      if (walk.depth > 0) search.back();
      continue;
    }
    walk.fallAsleep(transition);
    forecast.goOn(transition < machine.agents ? transition : transition - machine.agents);
    const before = table.size;
    search.step(transition);
    const isNew = walk.arrive();
    if (table.size > before) forecast.find();
    if (walk.depth > 0 && (table.isFull || (limits.states !== null && table.size >= limits.states)))
      search.stop(table.isFull ? `${Math.round(table.bytes / 2 ** 20)} MiB of states` : `${table.size} states`);
    if ((isNew || machine.violation !== null) && search.arrive()) push();
    else {
      search.back();
      forecast.turnBack(table.size);
    }
    if (search.pauses()) await search.breathe({ states: table.size, estimatedStates: forecast.estimate(table.size) });
  }
  const left = search.stopped === null ? {} : { path: walk.depth, untried: walk.untried(), estimatedStates: forecast.estimate(table.size) };
  const count = table.size;
  if (!search.isOver() && !walk.log.isAcyclic()) await findLivelock(exploration, search, table);
  return search.finish({ states: count, missedStateChance: missedStateChance(count), ...left });
}

/** The path from the first state to the present one; at each state, what is still to be made there and what sleeps. */
class Walk {
  depth = 0;
  private todo = new Int32Array(256);
  private sleep = new Int32Array(256);
  /** Of the transitions that sleep, those in which the monitor heard a call, or a return. */
  private calls = new Int32Array(256);
  private returns = new Int32Array(256);
  private last = new Int32Array(256);
  private number = new Int32Array(256);
  readonly log: StepLog;
  /** Of the state that has just been come to. */
  private arrivedTodo = 0;
  private arrivedSleep = 0;
  private arrivedCalls = 0;
  private arrivedReturns = 0;
  private arrivedNumber = 0;
  private readonly machine: Machine;
  private readonly table: StateTable;
  private readonly sleeps: boolean;

  constructor(machine: Machine, table: StateTable, sleeps: boolean) {
    this.machine = machine;
    this.table = table;
    this.log = new StepLog(table);
    this.sleeps = sleeps;
  }

  /** A transition to make, that of the agent that moved last if it can be; -1: none is left. */
  next(): number {
    const top = this.depth - 1;
    // All these arrays are as long as the path, here and below.
    const todo = this.todo[top]!;
    if (todo === 0) return -1;
    const last = top > 0 ? this.last[top - 1]! : 0;
    return ((todo >>> last) & 1) === 1 ? last : 31 - Math.clz32(todo & -todo);
  }

  /** What will sleep after a transition, as far as the state before it tells. */
  fallAsleep(transition: number): void {
    const { machine } = this;
    const top = this.depth - 1;
    this.todo[top] = this.todo[top]! & ~(1 << transition);
    this.last[top] = transition;
    let asleep = this.sleep[top]!;
    for (let left = asleep; left !== 0; left &= left - 1) {
      const other = 31 - Math.clz32(left & -left);
      if (areDependent(machine, transition, other)) asleep &= ~(1 << other);
    }
    this.arrivedSleep = asleep;
  }

  /** After a step, or at the start. False: all that can be made from here has been. */
  arrive(): boolean {
    const { machine, table } = this;
    const top = this.depth - 1;
    if (top >= 0) this.remember(top);
    if (machine.violation !== null) return false;
    const enabled = machine.enabled();
    const place = table.find(machine.hash);
    this.arrivedNumber = place < 0 ? table.size : table.number(place);
    if (top >= 0) this.log.add(this.number[top]!, this.arrivedNumber);
    if (place < 0) {
      table.insert(place, machine.hash, this.arrivedSleep);
      this.arrivedTodo = enabled & ~this.arrivedSleep;
      return true;
    }
    const before = table.value(place);
    this.arrivedTodo = before & ~this.arrivedSleep;
    if (this.arrivedTodo === 0) return false;
    this.arrivedSleep &= before;
    table.setValue(place, this.arrivedSleep);
    return true;
  }

  /** The transition just made sleeps from now on, with what was heard in it; what that wakes is awake. */
  private remember(top: number): void {
    const { heard } = this.machine;
    const bit = 1 << this.last[top]!;
    const [calls, returns] = [this.calls[top]!, this.returns[top]!];
    this.arrivedCalls = calls;
    this.arrivedReturns = returns;
    for (let left = heard === 0 ? 0 : this.arrivedSleep; left !== 0; left &= left - 1) {
      const other = left & -left;
      const theirs = ((calls & other) !== 0 ? HEARD_CALL : 0) | ((returns & other) !== 0 ? HEARD_RETURN : 0);
      if (areHeardDependent(heard, theirs)) this.arrivedSleep &= ~other;
    }
    if (!this.sleeps) return;
    this.sleep[top] = this.sleep[top]! | bit;
    this.calls[top] = (heard & HEARD_CALL) !== 0 ? calls | bit : calls & ~bit;
    this.returns[top] = (heard & HEARD_RETURN) !== 0 ? returns | bit : returns & ~bit;
  }

  push(): void {
    if (this.depth === this.todo.length) this.grow();
    this.todo[this.depth] = this.arrivedTodo;
    this.sleep[this.depth] = this.arrivedSleep;
    this.calls[this.depth] = this.arrivedCalls;
    this.returns[this.depth] = this.arrivedReturns;
    this.number[this.depth] = this.arrivedNumber;
    this.depth++;
  }

  /** Whether there is more than one transition to be made from the last state. */
  forks(): boolean {
    return (this.arrivedTodo & (this.arrivedTodo - 1)) !== 0;
  }

  pop(): void {
    this.depth--;
  }

  /** Transitions still to be made from the states of the path. Some of them sleep, or lead to what has been seen: nobody knows how many. */
  untried(): number {
    let count = 0;
    for (let at = 0; at < this.depth; at++) count += countBits(this.todo[at]!);
    return count;
  }

  private grow(): void {
    const longer = (array: Int32Array): Int32Array<ArrayBuffer> => {
      const copy = new Int32Array(array.length * 2);
      copy.set(array);
      return copy;
    };
    this.todo = longer(this.todo);
    this.sleep = longer(this.sleep);
    this.calls = longer(this.calls);
    this.returns = longer(this.returns);
    this.last = longer(this.last);
    this.number = longer(this.number);
  }
}
