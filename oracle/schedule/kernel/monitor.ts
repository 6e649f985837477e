/**
 * The *monitor* holds a history of calls and returns against the specification: trace inclusion. Its state is the set of all elements
 * (elements.ts) that explain what was seen so far, closed under the model's internal steps; a call marks the thread's call as
 * pending in each, a return keeps those in which the call has ended in just this way. A set without elements: the history is not
 * admitted. Sets are made as they are needed and remembered by number, so that what was seen once costs a look into a table.
 *
 * Always true:
 *   1. State 0 is the start, 1 is UNKNOWN: a set became larger than the cap, or the model left its bounds. From there nothing is refused,
 *      and `gaveUp` says why: who asks for a verdict must look at it and may not call that a pass.
 *   2. Every other state is a closed set that is not empty.
 */
import { errnoName, type ResultOf, resultOf } from '../../adapter.ts';
import type { CompiledModel } from '../../compile/model.ts';
import type { Cells } from '../../run/cells.ts';
import type { Monitor } from '../program.ts';
import { Elements, ENDED, type Happening } from './elements.ts';

/** A call in the words of the specification. */
export interface ModelCall {
  readonly name: string;
  readonly args: readonly (number | boolean | string | ResultOf)[];
}

export interface Watched {
  readonly model: CompiledModel;
  readonly cells: Cells;
  /** The model's state in which nobody has called anything yet. */
  readonly start: Int32Array;
  /** The calls of each thread, in order; a thread's place is its number as an agent and in the model. */
  readonly threads: readonly (readonly ModelCall[])[];
  readonly events: readonly Happening[];
  /** The threads that the signals among the events are for. */
  readonly signals?: readonly number[];
  /** The agents that are collectors. */
  readonly collectors?: readonly number[];
  /** Most elements of one set. */
  readonly cap?: number;
}

export const START = 0;
export const UNKNOWN = 1;
export const REFUSED = -1;

const CAP = 50_000;

/** Something that was seen. */
export interface Seen {
  readonly kind: 'call' | 'return';
  readonly agent: number;
  readonly index: number;
  /** Of a return. */
  readonly result: number;
}

interface Node {
  /** Elements of the closed set, in ascending order. */
  readonly set: Int32Array;
  /** What calls have returned that later ones refer to: by slot. */
  readonly registers: readonly number[];
  /** How it was reached first. */
  readonly from: number;
  readonly by: Seen | null;
}

/** From one state to another by something that was seen. */
export interface MonitorEdge {
  readonly from: number;
  readonly to: number;
  /** The elements that explain it, and what becomes of each; what internal steps lead to from there is not said. */
  passing(): readonly { readonly from: number; readonly to: number }[];
}

export class KernelMonitor implements Monitor {
  readonly elements: Elements;
  readonly threads: Watched['threads'];
  readonly signals: readonly number[];
  readonly collectors: readonly number[];
  /** The element in which nothing has happened. */
  readonly first: number;
  /** Why there is no verdict, if there is none. */
  gaveUp: string | null = null;
  /** All that was seen, each once; nothing that is UNKNOWN or refused. */
  readonly edges: MonitorEdge[] = [];
  private readonly cap: number;
  private readonly nodes: Node[] = [];
  private readonly numbers = new Map<string, number>();
  /** By event and state before it: the state after. */
  private readonly calls = new Map<number, number>();
  private readonly returns = new Map<number, Map<number, number>>();
  /** Slot of the register for a call of an agent, where a later call refers to it. */
  private readonly slots = new Map<number, number>();

  constructor(watched: Watched) {
    this.collectors = watched.collectors ?? [];
    this.elements = new Elements(watched.model, watched.cells, watched.threads.length, watched.events, this.collectors.length);
    this.threads = watched.threads;
    this.signals = watched.signals ?? [];
    this.cap = watched.cap ?? CAP;
    for (const [agent, calls] of watched.threads.entries()) {
      for (const { args } of calls) {
        for (const arg of args) if (typeof arg === 'object') this.slotOf(agent, arg.resultOf, true);
      }
    }
    this.first = this.elements.first(
      watched.start,
      watched.events.map(({ times }) => times),
    );
    const registers = Array.from(this.slots, () => 0);
    this.nodes.push({ set: Int32Array.of(this.first), registers, from: -1, by: null });
    this.nodes.push({ set: new Int32Array(0), registers, from: -1, by: null });
    const set = this.closure([this.first]);
    if (set === null) throw new RangeError(`what may happen before any call is too much to follow: ${this.gaveUp}`);
    this.nodes[START] = { set, registers, from: -1, by: null };
    this.numbers.set(nameOf(set, registers), START);
  }

  /** How many states there are. */
  get size(): number {
    return this.nodes.length;
  }

  call(state: number, agent: number, index: number): number {
    const key = keyOf(state, agent, index);
    const known = this.calls.get(key);
    if (known !== undefined) return known;
    const next = this.called(state, agent, index);
    this.calls.set(key, next);
    return next;
  }

  return(state: number, agent: number, index: number, result: number): number {
    const key = keyOf(state, agent, index);
    let byResult = this.returns.get(key);
    if (byResult === undefined) {
      byResult = new Map();
      this.returns.set(key, byResult);
    }
    const known = byResult.get(result);
    if (known !== undefined) return known;
    const next = this.returned(state, agent, index, result);
    byResult.set(result, next);
    return next;
  }

  /** The elements that explain what was seen, in ascending order; none for UNKNOWN. */
  set(state: number): Int32Array {
    return this.node(state).set;
  }

  /** What was seen on the first way to this state. */
  path(state: number): readonly Seen[] {
    const seen: Seen[] = [];
    for (let at = this.node(state); at.by !== null; at = this.node(at.from)) seen.push(at.by);
    return seen.reverse();
  }

  /** The call with the numbers that were in its registers then. */
  resolved(state: number, agent: number, index: number): { readonly name: string; readonly args: readonly (number | boolean | string)[] } {
    const call = this.callAt(agent, index);
    const { registers } = this.node(state);
    return {
      name: call.name,
      args: call.args.map((arg) => (typeof arg === 'object' ? (registers[this.slotOf(agent, arg.resultOf, false)] ?? 0) : arg)),
    };
  }

  /** The set with everything that internal steps lead to; null if that is more than the cap. */
  closure(from: Iterable<number>): Int32Array | null {
    const reached = new Set(from);
    for (const element of reached) {
      if (reached.size > this.cap) return this.giveUp(`more than ${this.cap} states of the model explain what was seen`);
      for (const next of this.elements.successors(element)) reached.add(next);
      if (this.elements.overflow !== null) return this.giveUp(`the model leaves its bounds: ${this.elements.overflow}`);
    }
    return Int32Array.from(reached).sort();
  }

  /** Whether this element explains that the thread's call returned so. */
  explains(element: number, agent: number, name: string, returned: number): boolean {
    const { elements } = this;
    if (elements.phase(element, agent) !== ENDED) return false;
    const { errno, value, answer } = resultOf(name, returned);
    if (elements.errnoOf(element, agent) !== elements.errnoCode(errno)) return false;
    if (errno !== 'none') return true;
    // A geterror that succeeds returns an errno: what the error was.
    if (name === 'geterror') return elements.answerOf(element, agent) === elements.errnoCode(errnoName(returned));
    if (name === 'kevent' && elements.answerOf(element, agent) !== elements.errnoCode(answer)) return false;
    return elements.valueOf(element, agent) === value;
  }

  private called(state: number, agent: number, index: number): number {
    if (state === UNKNOWN) return UNKNOWN;
    const { set, registers } = this.node(state);
    const { name, args } = this.resolved(state, agent, index);
    const instance = this.elements.instance(name, args);
    const become = (element: number): number => this.elements.called(element, agent, instance);
    const closed = this.closure(set.map(become));
    if (closed === null) return UNKNOWN;
    return this.join(state, set, become, this.intern(closed, registers, state, { kind: 'call', agent, index, result: 0 }));
  }

  private returned(state: number, agent: number, index: number, result: number): number {
    if (state === UNKNOWN) return UNKNOWN;
    const { set, registers } = this.node(state);
    const { name } = this.callAt(agent, index);
    const kept = set.filter((element) => this.explains(element, agent, name, result));
    if (kept.length === 0) return REFUSED;
    const become = (element: number): number => this.elements.returned(element, agent);
    const closed = this.closure(kept.map(become));
    if (closed === null) return UNKNOWN;
    const slot = this.slotOf(agent, index, false);
    const after = slot < 0 ? registers : registers.with(slot, result);
    return this.join(state, kept, become, this.intern(closed, after, state, { kind: 'return', agent, index, result }));
  }

  private join(from: number, elements: Int32Array, become: (element: number) => number, to: number): number {
    this.edges.push({ from, to, passing: () => [...elements].map((element) => ({ from: element, to: become(element) })) });
    return to;
  }

  private callAt(agent: number, index: number): ModelCall {
    const call = this.threads[agent]?.[index];
    if (call === undefined) throw new RangeError(`thread ${agent} has no call number ${index}`);
    return call;
  }

  private slotOf(agent: number, index: number, make: boolean): number {
    const key = keyOf(0, agent, index);
    const known = this.slots.get(key);
    if (known !== undefined || !make) return known ?? -1;
    this.slots.set(key, this.slots.size);
    return this.slots.size - 1;
  }

  private node(state: number): Node {
    const node = this.nodes[state];
    if (node === undefined) throw new RangeError(`the monitor has no state ${state}`);
    return node;
  }

  private intern(set: Int32Array, registers: readonly number[], from: number, by: Seen): number {
    const key = nameOf(set, registers);
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    this.nodes.push({ set, registers, from, by });
    this.numbers.set(key, this.nodes.length - 1);
    return this.nodes.length - 1;
  }

  private giveUp(why: string): null {
    this.gaveUp ??= why;
    return null;
  }
}

function nameOf(set: Int32Array, registers: readonly number[]): string {
  return `${set.join()};${registers.join()}`;
}

/** Agents are fewer than 16, calls of one fewer than 4096. */
function keyOf(state: number, agent: number, index: number): number {
  return (state * 16 + agent) * 4096 + index;
}
