/**
 * The *scope* of a scenario: everything the specification can come to when its threads make their calls in order, at any moments, and what
 * may happen outside happens. No implementation takes part in it: calls return what the specification says.
 */
import type { KernelMonitor, ModelCall } from './monitor.ts';
import { ENDED, IDLE } from './elements.ts';

export interface Scope {
  readonly elements: ReadonlySet<number>;
  /** Numbers of the rules that decide somewhere in it. */
  readonly rules: ReadonlySet<number>;
}

/** How far a thread is, and what the calls returned that others refer to. */
interface Moment {
  readonly element: number;
  readonly made: readonly number[];
  readonly results: readonly number[];
}

/** What a descriptor is that a failed call was to have made. */
const FAILED = -1;

/** Null: it has more than `most` moments. */
export function scopeOf(monitor: KernelMonitor, ruleHits: Uint32Array, most: number): Scope | null {
  const { elements, threads, first } = monitor;
  const places = placesOf(threads);
  const rules = new Set<number>();
  const found = new Map<string, Moment>();
  const add = (moment: Moment): void => {
    const key = `${moment.element};${moment.made.join()};${moment.results.join()}`;
    if (!found.has(key)) found.set(key, moment);
  };
  add({ element: first, made: threads.map(() => 0), results: places.map(() => 0) });
  // A map goes on to what is added while one walks it.
  for (const { element, made, results } of found.values()) {
    if (found.size > most) return null;
    for (const [agent, calls] of threads.entries()) {
      const phase = elements.phase(element, agent);
      const call = calls[made[agent] as number];
      if (phase === IDLE && call !== undefined) {
        const instance = elements.instance(call.name, argumentsOf(call, agent, places, results));
        add({ element: elements.called(element, agent, instance), made, results });
      }
      if (phase === ENDED) {
        const place = places.findIndex((each) => each.agent === agent && each.index === made[agent]);
        const failed = elements.errnoOf(element, agent) !== elements.errnoCode('none');
        const result = failed ? FAILED : elements.valueOf(element, agent);
        add({
          element: elements.returned(element, agent),
          made: made.with(agent, (made[agent] as number) + 1),
          results: place < 0 ? results : results.with(place, result),
        });
      }
    }
    decided(ruleHits);
    elements.steps(element, (next) => {
      for (const rule of decided(ruleHits)) rules.add(rule);
      add({ element: next, made, results });
    });
    if (elements.overflow !== null) return null;
  }
  return { elements: new Set([...found.values()].map(({ element }) => element)), rules };
}

/** The rules that have decided since this was asked last. */
export function decided(ruleHits: Uint32Array): readonly number[] {
  const rules: number[] = [];
  for (let rule = 0; rule < ruleHits.length; rule++) if (ruleHits[rule] !== 0) rules.push(rule);
  ruleHits.fill(0);
  return rules;
}

/** The calls whose results others refer to. */
function placesOf(threads: readonly (readonly ModelCall[])[]): readonly { readonly agent: number; readonly index: number }[] {
  return threads.flatMap((calls, agent) => {
    const used = new Set(calls.flatMap(({ args }) => args.flatMap((arg) => (typeof arg === 'object' ? [arg.resultOf] : []))));
    return [...used].map((index) => ({ agent, index }));
  });
}

function argumentsOf(
  { args }: ModelCall,
  agent: number,
  places: ReturnType<typeof placesOf>,
  results: readonly number[],
): readonly (number | boolean | string)[] {
  return args.map((arg) => {
    if (typeof arg !== 'object') return arg;
    return results[places.findIndex((each) => each.agent === agent && each.index === arg.resultOf)] ?? FAILED;
  });
}
