/** The forecast of a search of states is what its definition says, ends at what there is, and is told where a search is stopped. */
import { describe, expect, test } from 'vitest';
import { NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { Forecast, forecastText } from '../../oracle/schedule/forecast.ts';
import { judge } from '../../oracle/schedule/judgement.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import type { Program } from '../../oracle/schedule/program.ts';
import { states } from '../../oracle/schedule/strategies/states.ts';
import { litmusTarget } from '../../oracle/schedule/targets/litmus.ts';
import { exploring } from './exploring.ts';
import { constant, futexMutex, type Line, makeFunction, makeProgram, threads } from './programs.ts';
import { PLAINEST, randomProgram } from './random-programs.ts';

/** A state as the search came to it, with all that it did from there. */
interface Node {
  readonly mover: number;
  readonly isNew: boolean;
  /** Whether the search goes on from it, and over more than one transition. */
  readonly pushed: boolean;
  readonly forks: boolean;
  readonly children: Node[];
  open: boolean;
}

const sum = (nodes: readonly Node[], value: (node: Node) => number): number => nodes.reduce((total, node) => total + value(node), 0);
const below = (node: Node): number => sum(node.children, (child) => (child.isNew ? 1 : 0) + below(child));
const gained = (node: Node): number => sum(node.children.slice(1), (child) => (child.isNew ? 1 : 0) + below(child));
/** States found below in which an agent has not moved. */
const stood = (node: Node, agent: number): number =>
  sum(node.children, (child) => (child.mover === agent ? 0 : (child.isNew ? 1 : 0) + stood(child, agent)));
const agentOf = (node: Node): number => node.children[0]?.mover ?? -1;

/** What the later states of the run of a state gained, all together, and how many they are: its first transition is done with. */
function run(node: Node): readonly [number, number] {
  const first = node.children[0];
  if (first === undefined || !first.pushed) return [0, 1];
  if (agentOf(first) !== agentOf(node)) return [stood(first, first.mover), 1];
  const [gains, count] = run(first);
  return first.forks ? [gains + gained(first), count + 1] : [gains, count];
}

interface Outlook {
  readonly rest: number;
  readonly gains: number;
  readonly count: number;
}

/** Of a state of the path: what is to come from it, and what its run gains, itself included. */
function outlook(node: Node): Outlook {
  const [first] = node.children;
  const next = node.children.find(({ open }) => open);
  const after = next === undefined ? { rest: 0, gains: 0, count: 0 } : outlook(next);
  if (first === undefined) return after;
  const whole = (own: number, [gains, count]: readonly [number, number], rest: number): Outlook =>
    node.forks ? { rest, gains: gains + own, count: count + 1 } : { rest, gains, count };
  if (!first.open) {
    const [gains, count] = run(node);
    const rest = node.forks ? Math.max(after.rest, gains / count - gained(node)) : after.rest;
    return whole(gained(node) + rest, [gains, count], rest);
  }
  const found = below(first) + 1;
  const isSame = agentOf(first) === agentOf(node) && after.count > 0;
  const known = isSame
    ? ([after.gains, after.count] as const)
    : ([((stood(first, first.mover) + 1) * (found + after.rest)) / found - 1, 1] as const);
  const gain = node.forks ? known[0] / known[1] : 0;
  return whole(gain, known, after.rest + gain);
}

/** A search of states without sleep sets, that keeps its whole tree. After each step it says what it foresees, in both ways. */
function search(program: Program, tell: (forecast: number, naive: number, found: number) => void): number {
  const machine = new Machine(program, { granularity: 'block', hashed: true });
  const forecast = new Forecast(machine.agents);
  const seen = new Set([machine.hash.join()]);
  const visit = (node: Node, root: Node): void => {
    forecast.enter(seen.size, node.forks);
    for (let left = machine.enabled(); left !== 0; left &= left - 1) {
      const transition = 31 - Math.clz32(left & -left);
      const agent = transition % machine.agents;
      forecast.goOn(agent);
      const before = seen.size;
      machine.step(transition);
      if (machine.violation === null) seen.add(machine.hash.join());
      const isNew = seen.size > before;
      if (isNew) forecast.find();
      const enabled = machine.violation === null ? machine.enabled() : 0;
      const pushed = isNew && enabled !== 0;
      const child: Node = { mover: agent, isNew, pushed, forks: (enabled & (enabled - 1)) !== 0, children: [], open: pushed };
      node.children.push(child);
      if (pushed) visit(child, root);
      else forecast.turnBack(seen.size);
      machine.back();
      tell(forecast.estimate(seen.size), seen.size + outlook(root).rest, seen.size);
    }
    node.open = false;
    forecast.leave(seen.size);
  };
  const enabled = machine.enabled();
  const root: Node = { mover: -1, isNew: true, pushed: true, forks: (enabled & (enabled - 1)) !== 0, children: [], open: true };
  visit(root, root);
  expect(forecast.estimate(seen.size)).toBe(seen.size);
  return seen.size;
}

test('it is what the whole tree says, at every moment; never less than what was found; at the end exactly that', () => {
  let moments = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const taste = { ...PLAINEST, waits: seed % 2 === 0, locks: seed % 3 === 0, threads: 2 + (seed % 2), lines: 3 };
    const program = randomProgram(seed, taste);
    const size = search(program, () => undefined);
    if (size > 250) continue;
    search(program, (forecast, naive, found) => {
      expect(forecast / naive, `seed ${seed}, ${found} states`).toBeCloseTo(1, 9);
      expect(forecast).toBeGreaterThanOrEqual(found);
      expect(Number.isFinite(forecast)).toBe(true);
      moments++;
    });
  }
  expect(moments).toBeGreaterThan(1000);
});

/** Agents that have nothing to do with each other: so many accesses by each. */
function strangers(...counts: readonly number[]): Program {
  const functions = counts.map((count, n) =>
    makeFunction(
      `f${n}`,
      0,
      0,
      Array.from({ length: count }, (): Line => ({ door: 'add', args: [constant(n + 1), constant(1)] })),
    ),
  );
  return makeProgram(functions, 8, threads(...functions.map(({ name }) => [name] as const)));
}

describe('of agents that have nothing to do with each other', () => {
  for (const counts of [
    [10, 10],
    [3, 20],
    [4, 5, 6],
    [2, 3, 2, 4],
  ]) {
    test(`the product is foreseen as soon as each has run once: ${counts.join(' × ')}`, async () => {
      const all = counts.reduce((product, count) => product * (count + 1), 1);
      const once = counts.reduce((total, count) => total + count, 1);
      for (const most of [once, once + 1, Math.floor(all / 3), Math.floor(all / 2), all - 1]) {
        const { figures } = await states(exploring(strangers(...counts), { limits: { ...NO_LIMITS, states: most } }));
        expect(figures.estimatedStates, `${most} states`).toBeCloseTo(all, 6);
      }
    });
  }
});

describe('a search that is stopped', () => {
  test('says about how many states there are, and how far it has come', async () => {
    const program = futexMutex(3, 3);
    const whole = await states(exploring(program));
    const all = whole.figures.states ?? 0;
    const { figures } = await states(exploring(program, { limits: { ...NO_LIMITS, states: Math.floor(all / 2) } }));
    expect(figures.estimatedStates).toBeGreaterThan(all / 3);
    expect(figures.estimatedStates).toBeLessThan(all * 3);
    expect(forecastText(figures)).toMatch(/^about [\d,]+ states in all \(estimate\), \d\d % done$/);
  });

  test('says nothing of the kind when it has come to its end', async () => {
    const { complete, figures } = await states(exploring(futexMutex(2, 2)));
    expect([complete, figures.estimatedStates, forecastText(figures)]).toEqual([true, undefined, null]);
  });

  test('tells it on the way', async () => {
    const seen: (string | null)[] = [];
    const program = futexMutex(4, 2);
    await states(exploring(program, { progress: (figures) => seen.push(forecastText(figures)) }));
    expect(seen.length).toBeGreaterThan(1);
    for (const text of seen) expect(text).toMatch(/^about [\d,]+ states in all \(estimate\), \d+ % done$/);
  });

  test('has it in its row, in words and as a figure', async () => {
    const said: string[] = [];
    const { row } = await judge(await litmusTarget('futex-mutex', { threads: 3, ops: 3 }), {
      strategy: 'states',
      granularity: 'block',
      preemptions: null,
      depth: 3,
      limits: { ...NO_LIMITS, states: 500 },
      seed: 1,
      out: 'nowhere',
      signal: new AbortController().signal,
      progress: (_, __, text) => said.push(text),
      display: undefined,
    });
    expect(row.verdict).toBe('unknown');
    expect(row.bound).toMatch(
      / stopped: 500 states, with \d+ transitions .* untried; about [\d,]+ states in all \(estimate\), \d+ % done;/,
    );
    expect(row.figures?.estimatedStates).toBeGreaterThanOrEqual(500);
    for (const text of said) expect(text).toMatch(/ states, [\d,]+ steps; about [\d,]+ states in all \(estimate\), \d+ % done$/);
  });
});
