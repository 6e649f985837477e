/**
 * *Sampling*: one schedule after the other from the start, each chosen by dice, with the happens-before relation kept. It proves
 * nothing, and says so: it is never complete.
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
  /** A new execution begins; `longest` is the number of steps of the longest so far. */
  begin(dice: Dice, longest: number): void;
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
  const { machine, limits, signal, progress, preemptions } = exploration;
  const isUnlimited = limits.executions === null && limits.steps === null && limits.seconds === null;
  const executionsLimit = isUnlimited ? SAMPLES : limits.executions;
  const began = performance.now();
  const dice = new Dice(exploration.seed);
  const start = machine.mark();
  const watch = needsWatch(machine) ? new Watch(machine) : null;
  const [agents, schedule] = [machine.agents, [] as number[]];
  let [executions, steps, longest, cut] = [0, 0, 0, 0];
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

  while (found === null && stopped === null) {
    chooser.begin(dice, longest);
    schedule.length = 0;
    let [last, switched] = [-1, 0];
    for (;;) {
      const violation = watch === null ? machine.violation : watch.violation;
      if (violation !== null) {
        found = { violation, schedule: schedule.slice() };
        break;
      }
      const enabled = machine.enabled();
      if (enabled === 0) {
        executions++;
        chooser.ended?.();
        const wrong = exploration.atEnd?.(machine) ?? null;
        if (wrong !== null) found = { violation: wrong, schedule: schedule.slice() };
        break;
      }
      if (schedule.length >= LONGEST) {
        cut++;
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
      steps++;
    }
    if (schedule.length > longest) longest = schedule.length;
    machine.undo(start);
    watch?.clear();
    if (executionsLimit !== null && executions + cut >= executionsLimit) stopped ??= `${executions + cut} schedules sampled`;
    if (steps >= breath && found === null) await breathe();
  }
  return { complete: false, stopped: found === null ? stopped : null, violation: found, figures: figures() };
}
