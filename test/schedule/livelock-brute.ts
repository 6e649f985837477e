/**
 * Small looping programs without variables, and every schedule of them without end, by the plainest means there are: their own interpreter, all
 * states in a map, and for each state all that can be come to from it. Nothing is shared with the machine or with how it looks for
 * cycles; only the numbers of transitions are the same.
 */
import type { Program } from '../../oracle/schedule/program.ts';
import { dice } from '../compile/differential.ts';
import { constant, equals, type Line, local, makeFunction, makeProgram, threads } from './programs.ts';

/** `then` and `otherwise` are places in the code, its length is the end. */
export type Access =
  | { readonly op: 'store'; readonly cell: number; readonly value: number; readonly then: number }
  | { readonly op: 'notify'; readonly cell: number; readonly count: number; readonly then: number }
  | { readonly op: 'wait'; readonly cell: number; readonly value: number; readonly timed: boolean; readonly then: number }
  /** Whether the cell has the value. */
  | { readonly op: 'look'; readonly cell: number; readonly value: number; readonly then: number; readonly otherwise: number }
  /** Exchanges it if it has. */
  | {
      readonly op: 'swap';
      readonly cell: number;
      readonly value: number;
      readonly by: number;
      readonly then: number;
      readonly otherwise: number;
    };

export type Code = readonly Access[];

export const CELLS = 3;

/** Each place may lead back to an earlier one. */
export function randomCode(seed: number, agent: number): Code {
  const roll = dice(seed * 16 + agent + 1);
  const length = 2 + roll(4);
  // Early places are most of what is gone back to; the end is come to often enough.
  const place = (at: number): number => (roll(3) === 0 ? roll(length + 1) : at + 1);
  return Array.from({ length }, (_, at): Access => {
    const cell = roll(CELLS);
    const value = roll(2);
    switch (roll(8)) {
      case 0:
      case 1:
      case 2:
        return { op: 'store', cell, value, then: roll(6) === 0 ? roll(length + 1) : at + 1 };
      case 3:
        return { op: 'swap', cell, value, by: 1 - value, then: at + 1, otherwise: place(at) };
      case 4:
        return roll(2) === 0
          ? { op: 'wait', cell, value, timed: roll(2) === 0, then: place(at) }
          : { op: 'notify', cell, count: 1 + roll(2), then: at + 1 };
      default:
        return { op: 'look', cell, value, then: at + 1, otherwise: place(at) };
    }
  });
}

/** The same for the machine. */
export function programOf(codes: readonly Code[]): Program {
  const functions = codes.map((code, agent) => makeFunction(`f${agent}`, 0, 1, linesOf(code)));
  return makeProgram(functions, CELLS + 1, threads(...codes.map((_, agent) => [`f${agent}`] as const)));
}

/** Three lines for each access, so that places are easily found. */
function linesOf(code: Code): readonly Line[] {
  return code.flatMap((access) => linesAt(access));
}

function linesAt(access: Access): Line[] {
  const at = (place: number): number => place * 3;
  const cell = constant(access.cell + 1);
  const jump: Line[] = [{ goTo: at(access.then) }, { goTo: at(access.then) }];
  switch (access.op) {
    case 'store':
      return [{ door: 'store', args: [cell, constant(access.value)] }, ...jump];
    case 'notify':
      return [{ door: 'notify', args: [cell, constant(access.count)] }, ...jump];
    case 'wait':
      return [{ door: access.timed ? 'waitFor' : 'wait', args: [cell, constant(access.value)] }, ...jump];
    case 'look':
      return [
        { door: 'load', args: [cell], result: 0 },
        { unless: equals(local(0), constant(access.value)), goTo: at(access.otherwise) },
        { goTo: at(access.then) },
      ];
    case 'swap':
      return [
        { door: 'compareExchange', args: [cell, constant(access.value), constant(access.by)], result: 0 },
        { unless: equals(local(0), constant(access.value)), goTo: at(access.otherwise) },
        { goTo: at(access.then) },
      ];
  }
}

export interface State {
  readonly cells: readonly number[];
  readonly places: readonly number[];
  /** Who sleeps, in the order they came. */
  readonly asleep: readonly { readonly agent: number; readonly cell: number; readonly timed: boolean }[];
}

export function startOf(codes: readonly Code[]): State {
  return { cells: Array.from({ length: CELLS }, () => 0), places: codes.map(() => 0), asleep: [] };
}

/** The state after a transition, null: it can't be made. */
export function stepped(codes: readonly Code[], state: State, transition: number): State | null {
  const { cells, places, asleep } = state;
  const agent = transition % codes.length;
  const access = codes[agent][places[agent]];
  if (access === undefined) return null;
  const sleeper = asleep.find((each) => each.agent === agent);
  const goes = (to: number): readonly number[] => places.with(agent, to);
  if (transition >= codes.length) {
    if (sleeper?.timed !== true) return null;
    return { cells, places: goes(access.then), asleep: asleep.filter((each) => each !== sleeper) };
  }
  if (sleeper !== undefined) return null;
  const found = cells[access.cell];
  switch (access.op) {
    case 'store':
      return { cells: cells.with(access.cell, access.value), places: goes(access.then), asleep };
    case 'look':
      return { cells, places: goes(found === access.value ? access.then : access.otherwise), asleep };
    case 'swap':
      return found === access.value
        ? { cells: cells.with(access.cell, access.by), places: goes(access.then), asleep }
        : { cells, places: goes(access.otherwise), asleep };
    case 'wait':
      return found === access.value
        ? { cells, places, asleep: [...asleep, { agent, cell: access.cell, timed: access.timed }] }
        : { cells, places: goes(access.then), asleep };
    case 'notify': {
      const woken = asleep.filter(({ cell }) => cell === access.cell).slice(0, access.count);
      const next = woken.reduce((all, { agent: who }) => all.with(who, codes[who][all[who]].then), goes(access.then));
      return { cells, places: next, asleep: asleep.filter((each) => !woken.includes(each)) };
    }
  }
}

/** Only who sleeps at one cell before whom can be told. */
export function keyOf({ cells, places, asleep }: State): string {
  return JSON.stringify([cells, places, [...asleep].sort((a, b) => a.cell - b.cell)]);
}

export interface Known {
  readonly states: number;
  /** A state in which nobody can move and somebody has not come to his end. */
  readonly isStuck: boolean;
  readonly ends: number;
  readonly hasCycle: boolean;
  readonly hasFairCycle: boolean;
}

/** Null: there are too many states. */
export function bruteForce(codes: readonly Code[], most: number): Known | null {
  const states = [startOf(codes)];
  const numbers = new Map([[keyOf(states[0]), 0]]);
  const edges: { readonly to: number; readonly agent: number }[][] = [];
  let [ends, isStuck] = [0, false];
  for (const state of states) {
    if (states.length > most) return null;
    const out: { readonly to: number; readonly agent: number }[] = [];
    for (let transition = 0; transition < 2 * codes.length; transition++) {
      const next = stepped(codes, state, transition);
      if (next === null) continue;
      const key = keyOf(next);
      if (!numbers.has(key)) numbers.set(key, states.push(next) - 1);
      out.push({ to: numbers.get(key) as number, agent: transition % codes.length });
    }
    edges.push(out);
    if (out.length > 0) continue;
    if (state.places.every((place, agent) => place === codes[agent].length)) ends++;
    else isStuck = true;
  }
  const reached = edges.map((out) => {
    const all = new Set(out.map(({ to }) => to));
    for (const state of all) for (const { to } of edges[state]) all.add(to);
    return all;
  });
  // A state that comes to itself is in a cycle with all that it comes to and that come to it.
  const round = reached.map((all, at) => [...all].filter((other) => reached[other].has(at)));
  const isFair = (component: readonly number[]): boolean =>
    component.length > 0 &&
    codes.every((_, agent) =>
      component.some(
        (state) =>
          !edges[state].some((edge) => edge.agent === agent) ||
          edges[state].some((edge) => edge.agent === agent && component.includes(edge.to)),
      ),
    );
  return {
    states: states.length,
    isStuck,
    ends,
    hasCycle: round.some((component) => component.length > 0),
    hasFairCycle: round.some(isFair),
  };
}
