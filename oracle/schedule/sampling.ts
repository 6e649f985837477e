/**
 * *Sampling*: one schedule after the other from the start, each chosen by dice, with the happens-before relation kept. It proves
 * nothing, and says so: it is never complete.
 *
 * An execution is made of the seed and its number, so that a part of the sample is the same whoever takes it, and with which other parts.
 *
 * What chooses is a *chooser*. It is asked before each step which of the enabled transitions is to be made, and hears what was
 * made. One that is given no choice is not asked.
 */
import { setImmediate } from 'node:timers/promises';
import { Dice } from './dice.ts';
import type { Exploration, Explored, Figures, Found } from './exploration.ts';
import type { Machine } from './machine.ts';
import { needsWatch, Watch } from './watch.ts';

export interface Chooser {
  /** Whether it asks for the length of executions. */
  readonly measures?: boolean;
  /** A new execution begins; `length` is the number of steps of the longest of the first few, as far as they have been made. */
  begin(dice: Dice, length: number): void;
  /** One of the enabled transitions. */
  choose(machine: Machine, enabled: number, dice: Dice, step: number): number;
  /** Before a transition is made, chosen or not. */
  before?(machine: Machine, transition: number, dice: Dice): void;
  /** The execution went on until nobody could move. */
  ended?(): void;
  /** What is reported besides, when all is over. */
  figures?(executions: number): Partial<Figures>;
}

/** Executions of a sampling that was given no other limit. */
export const SAMPLES = 10_000;

/** An execution that is longer goes round in circles, or is of no use for a report. */
const LONGEST = 50_000;

/** The first executions, whose length stands for that of all. */
export const MEASURED = 16;

const BREATH = 1 << 14;

/** The n-th bit that is set, from 0. */
export function nthBit(mask: number, n: number): number {
  let rest = mask;
  for (let left = n; left > 0; left--) rest &= rest - 1;
  return 31 - Math.clz32(rest & -rest);
}

export function countBits(mask: number): number {
  let rest = mask - ((mask >>> 1) & 0x55555555);
  rest = (rest & 0x33333333) + ((rest >>> 2) & 0x33333333);
  return Math.imul((rest + (rest >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export async function sample(exploration: Exploration, chooser: Chooser): Promise<Explored> {
  const { machine, limits, signal, progress, preemptions, seed, from = 0 } = exploration;
  if (from > 0 && from < MEASURED) throw new RangeError(`a part of a sample begins at 0, or not before ${MEASURED}`);
  const isUnlimited = limits.executions === null && limits.steps === null && limits.seconds === null;
  const executionsLimit = isUnlimited ? SAMPLES : limits.executions;
  const began = performance.now();
  const dice = new Dice(seed);
  const start = machine.mark();
  const watch = needsWatch(machine) ? new Watch(machine) : null;
  const [agents, schedule] = [machine.agents, [] as number[]];
  let [executions, steps, longest, cut, length] = [0, 0, 0, 0, 0];
  let found: Found | null = null;
  let stopped: string | null = null;
  let breath = BREATH;
  const figures = (): Figures => ({ executions, steps, depth: longest, blocked: cut, ...chooser.figures?.(executions) });
  const breathe = async (): Promise<void> => {
    breath = steps + BREATH;
    const seconds = (performance.now() - began) / 1000;
    if (limits.steps !== null && steps >= limits.steps) stopped = `${limits.steps} steps`;
    if (limits.seconds !== null && seconds >= limits.seconds) stopped = `${limits.seconds} seconds`;
    progress(figures());
    await setImmediate();
    if (signal.aborted) stopped = 'interrupted';
  };

  // A part that begins later makes the first ones as well, if it needs their length; they belong to the first part.
  let number = chooser.measures === true ? 0 : from;
  while (found === null && stopped === null) {
    const isOwn = number >= from;
    dice.restart(seed, number);
    chooser.begin(dice, length);
    schedule.length = 0;
    let [last, switched] = [-1, 0];
    for (;;) {
      const violation = watch === null ? machine.violation : watch.violation;
      if (violation !== null) {
        if (isOwn) found = { violation, schedule: schedule.slice() };
        break;
      }
      const enabled = machine.enabled();
      const wrongHere = enabled === 0 ? null : (exploration.onTheWay?.(machine) ?? null);
      if (wrongHere !== null) {
        if (isOwn) found = { violation: wrongHere, schedule: schedule.slice() };
        break;
      }
      if (enabled === 0) {
        if (!isOwn) break;
        executions++;
        chooser.ended?.();
        const wrong = exploration.atEnd?.(machine) ?? null;
        if (wrong !== null) found = { violation: wrong, schedule: schedule.slice() };
        break;
      }
      if (schedule.length >= LONGEST) {
        if (isOwn) cut++;
        break;
      }
      const goesOn = last >= 0 && ((enabled >> last) & 1) === 1;
      const open = goesOn && preemptions !== null && switched >= preemptions ? 1 << last : enabled;
      const next = (open & (open - 1)) === 0 ? 31 - Math.clz32(open) : chooser.choose(machine, open, dice, schedule.length);
      const agent = next < agents ? next : next - agents;
      if (goesOn && agent !== last) switched++;
      chooser.before?.(machine, next, dice);
      schedule.push(next);
      if (watch === null) machine.step(next);
      else watch.step(next);
      last = agent;
    }
    if (number < MEASURED) length = Math.max(length, schedule.length);
    number = number + 1 === MEASURED && !isOwn ? from : number + 1;
    if (isOwn) {
      steps += schedule.length;
      longest = Math.max(longest, schedule.length);
    }
    machine.undo(start);
    watch?.clear();
    if (executionsLimit !== null && executions + cut >= executionsLimit) stopped ??= `${executions + cut} schedules sampled`;
    if (steps >= breath && found === null) await breathe();
  }
  return { complete: false, stopped: found === null ? stopped : null, violation: found, figures: figures() };
}
