/**
 * The *coverage* of a scenario: how much of what the specification can come to (scope.ts) an exploration of the implementation has been to.
 *
 *   met         elements that the kernel was equal to at some moment at which nobody held a lock
 *   explained   elements on a way of the specification to one that was met, by steps that agree with the calls and returns in between: the
 *               implementation may have come that way, or by another that looks the same
 *
 * Nobody is in the middle of what a lock protects then, but may be in the middle of a call: that the kernel is equal to no element at such
 * a moment is no fault. (At rest it would be: see ending.ts.) Of a call that ends in one step of the specification, and keeps a lock for
 * all of it, nothing in between is ever met.
 */
import type { Kernel } from '../../../impl/memory.ts';
import { Likeness } from './likeness.ts';
import { type KernelMonitor, type MonitorEdge, UNKNOWN } from './monitor.ts';
import { objectsOf } from './pairings.ts';
import { decided, type Scope, scopeOf } from './scope.ts';
import type { Stage } from './stage.ts';

export interface Covered {
  /** Elements in the scope of the scenario. */
  readonly states: number;
  readonly met: number;
  readonly explained: number;
  /** Ids of the rules that decide somewhere in the scope, and of those that decide in a step between two explained elements. */
  readonly scopeRules: readonly string[];
  readonly rules: readonly string[];
  /** Elements that were met and are out of scope: then one of the two is wrong. */
  readonly strangers: number;
}

/** Moments of a scope at most. */
const MOST = 500_000;

export class Coverage {
  private readonly stage: Stage;
  private readonly monitor: KernelMonitor;
  private readonly likeness: Likeness;
  /** What was met, by state of the monitor. */
  private readonly met = new Map<number, Set<number>>();
  private readonly seen = new Set<string>();

  constructor(stage: Stage, monitor: KernelMonitor) {
    this.stage = stage;
    this.monitor = monitor;
    this.likeness = new Likeness(stage);
  }

  /** Nobody holds a lock. */
  see(kernel: Kernel, state: number): void {
    if (state === UNKNOWN) return;
    const objects = objectsOf(kernel);
    const key = `${state};${this.likeness.keyOf(kernel, objects)}`;
    if (this.seen.has(key)) return;
    this.seen.add(key);
    const met = this.met.get(state) ?? new Set();
    this.met.set(state, met);
    for (const element of this.monitor.set(state)) {
      if (this.likeness.differences(kernel, objects, this.monitor.elements.words(element)) === null) met.add(element);
    }
  }

  /** Null: the scope is too large to be counted. */
  covered(): Covered | null {
    const { ruleHits, program } = this.stage.model;
    const scope: Scope | null = scopeOf(this.monitor, ruleHits, MOST);
    if (scope === null) return null;
    const explained = new Set<number>();
    const rules = new Set<number>();
    for (const live of this.live().values()) {
      for (const element of live) {
        explained.add(element);
        decided(ruleHits);
        this.monitor.elements.steps(element, (next) => {
          const those = decided(ruleHits);
          if (live.has(next)) for (const rule of those) rules.add(rule);
        });
      }
    }
    const met = new Set([...this.met.values()].flatMap((each) => [...each]));
    const idOf = (rule: number): string => program.rules[rule]?.id ?? '';
    return {
      states: scope.elements.size,
      met: met.size,
      explained: explained.size,
      scopeRules: [...scope.rules].map(idOf),
      rules: [...rules].map(idOf),
      strangers: [...explained].filter((element) => !scope.elements.has(element)).length,
    };
  }

  /** By state of the monitor, the elements from which something that was met later can be explained. */
  private live(): ReadonlyMap<number, ReadonlySet<number>> {
    const before = new Map<number, MonitorEdge[]>();
    for (const edge of this.monitor.edges) before.set(edge.to, [...(before.get(edge.to) ?? []), edge]);
    const live = new Map([...this.met].map(([state, met]) => [state, new Set(met)]));
    const changed = new Set(live.keys());
    // A call can lead back to where another began, so that there are circles: until nothing is new.
    for (const state of changed) {
      changed.delete(state);
      const these = live.get(state) as Set<number>;
      this.goBack(state, these);
      for (const edge of before.get(state) ?? []) {
        const those = live.get(edge.from) ?? new Set();
        live.set(edge.from, those);
        const { size } = those;
        for (const { from, to } of edge.passing()) if (these.has(to)) those.add(from);
        if (those.size > size) changed.add(edge.from);
      }
    }
    return live;
  }

  /** Adds the elements of the set from which internal steps lead to one of these. */
  private goBack(state: number, live: Set<number>): void {
    const before = new Map<number, number[]>();
    for (const element of this.monitor.set(state)) {
      for (const next of this.monitor.elements.successors(element)) before.set(next, [...(before.get(next) ?? []), element]);
    }
    for (const element of live) for (const earlier of before.get(element) ?? []) live.add(earlier);
  }
}
