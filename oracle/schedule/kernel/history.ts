/**
 * A *history*: calls and returns of overlapping threads in the order in which they were seen, of the scheduler or of real workers. The
 * monitor says whether the specification admits it; if not, this file says what was seen, what would have been allowed, and by which
 * rules.
 */
import { errnoName, resultOf } from '../../adapter.ts';
import type { CompiledModel } from '../../compile/model.ts';
import { ENDED } from './elements.ts';
import { type KernelMonitor, REFUSED, type Seen, START, UNKNOWN } from './monitor.ts';

/** What became of a history. */
export type Verdict =
  | { readonly kind: 'admitted'; readonly state: number }
  /** The event of this number is not admitted; the state is that before it. */
  | { readonly kind: 'refused'; readonly at: number; readonly state: number }
  | { readonly kind: 'unknown'; readonly at: number; readonly why: string };

/** Holds a history against the specification, from the beginning. */
export function admits(monitor: KernelMonitor, history: readonly Seen[]): Verdict {
  let state = START;
  for (const [at, { kind, agent, index, result }] of history.entries()) {
    const next = kind === 'call' ? monitor.call(state, agent, index) : monitor.return(state, agent, index, result);
    if (next === REFUSED) return { kind: 'refused', at, state };
    if (next === UNKNOWN) return { kind: 'unknown', at, why: monitor.gaveUp ?? 'the monitor gave up' };
    state = next;
  }
  return { kind: 'admitted', state };
}

/** A way in which a call may end here. */
export interface Allowed {
  /** "EINTR", "2". */
  readonly result: string;
  /** The rules that decided it, on one of the ways that lead there. */
  readonly rules: readonly string[];
}

/** How the thread's call, which is under way in this state, may end now. None: it can't yet. */
export function allowed(monitor: KernelMonitor, model: CompiledModel, state: number, agent: number): readonly Allowed[] {
  const { elements } = monitor;
  const found = new Map<string, readonly string[]>();
  for (const [element, rules] of explained(monitor, model, state, agent)) {
    if (elements.phase(element, agent) !== ENDED) continue;
    const result = elements.endOf(element, agent);
    if (!found.has(result)) found.set(result, rules);
  }
  return [...found].map(([result, rules]) => ({ result, rules }));
}

/** "accept, call 1 of T1, returned EINVAL; the specification allows 2 (accept_9), EINTR (accept_4)". */
export function refusal(monitor: KernelMonitor, model: CompiledModel, state: number, seen: Seen): string {
  const { name } = monitor.resolved(state, seen.agent, seen.index);
  const what = `${name}, call ${seen.index + 1} of T${seen.agent + 1}, returned ${print(name, seen.result)}`;
  const ways = allowed(monitor, model, state, seen.agent);
  const list = ways.map(({ result, rules }) => (rules.length === 0 ? result : `${result} (${rules.join(', ')})`)).join(', ');
  return `${what}; the specification ${ways.length === 0 ? 'does not let it return yet' : `allows ${list}`}`;
}

/** The elements of a state, each with the rules by which the thread's present call got there. Goes the whole way to the state again. */
function explained(monitor: KernelMonitor, model: CompiledModel, state: number, agent: number): ReadonlyMap<number, readonly string[]> {
  const { elements } = monitor;
  let reached = closed(monitor, model, new Map([[monitor.first, []]]), agent);
  let at = START;
  for (const { kind, agent: who, index, result } of monitor.path(state)) {
    const { name, args } = monitor.resolved(at, who, index);
    const next = new Map<number, readonly string[]>();
    for (const [element, rules] of reached) {
      // What an earlier call did is of no interest here.
      const kept = who === agent ? [] : rules;
      if (kind === 'call') next.set(elements.called(element, who, elements.instance(name, args)), kept);
      else if (monitor.explains(element, who, name, result)) next.set(elements.returned(element, who), kept);
    }
    reached = closed(monitor, model, next, agent);
    at = kind === 'call' ? monitor.call(at, who, index) : monitor.return(at, who, index, result);
  }
  return reached;
}

/** With what internal steps lead to. Of several ways to an element the first one found, which is a shortest, is told. */
function closed(
  { elements }: KernelMonitor,
  { ruleHits, program }: CompiledModel,
  from: ReadonlyMap<number, readonly string[]>,
  agent: number,
): Map<number, readonly string[]> {
  const reached = new Map(from);
  for (const [element, rules] of reached) {
    let before = ruleHits.slice();
    elements.steps(element, (next, who) => {
      const decided = program.rules.filter((_, rule) => ruleHits[rule] !== before[rule]).map(({ id }) => id);
      before = ruleHits.slice();
      if (!reached.has(next)) reached.set(next, who === agent ? [...rules, ...decided] : rules);
    });
  }
  return reached;
}

function print(name: string, returned: number): string {
  const { errno, value } = resultOf(name, returned);
  if (errno !== 'none') return errno;
  return name === 'geterror' && returned > 0 ? errnoName(returned) : String(value);
}
