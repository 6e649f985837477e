/**
 * Replay of a schedule: the recorded steps on the scheduler, each held against the recording before and after it is made; on request
 * once more on real worker threads, with each access let through in its turn. Whatever differs, the first difference ends the
 * replay and is told, so that the schedule of an edited program is never followed into something else.
 */
import type { ExploreCounterexample } from '../counterexample.ts';
import type { ReplayOptions } from '../engine.ts';
import { PLAIN, renderLanes } from '../report/lanes.ts';
import { lassoOf, lassoText } from '../schedule/lasso.ts';
import { Machine } from '../schedule/machine.ts';
import type { Violation } from '../schedule/program.ts';
import { reasoned, told } from '../schedule/reason.ts';
import { agentName } from '../schedule/trace.ts';
import { type RecordedStep, recordedStep, TIME_OUT } from '../schedule/recording.ts';
import type { Target } from '../schedule/target.ts';
import { Watch } from '../schedule/watch.ts';
import type { Outcome, Verdict } from '../verdict.ts';
import { diverged, endingOf, pause, refusedFile, wentThrough } from './ending.ts';
import { followOnThreads } from './gated/follow.ts';
import { targetOf } from './schedule-target.ts';

/** Throws a UsageError where the file names an agent, a scenario, a call, a fault or an id that does not exist. */
export async function replaySchedule(file: ExploreCounterexample, work: ReplayOptions): Promise<Outcome> {
  if (file.atomicLocks && work.workers === true) {
    const reason = 'says that the locks were taken as primitives, in one step, which no real thread can do: replay it without --workers';
    throw refusedFile('atomicLocks', reason);
  }
  return replayOn(await targetOf(file), file, work);
}

/** How a replay ended. */
interface End {
  readonly verdict: Verdict;
  readonly why: string;
}

/** The same for a program that is already there. */
export async function replayOn(target: Target, file: ExploreCounterexample, work: ReplayOptions): Promise<Outcome> {
  const began = performance.now();
  const transitions = file.steps.map(({ thread, operation }, index) => transitionOf(target, thread, operation, index));
  const { program, monitor } = target;
  const machine = new Machine(program, { granularity: file.granularity, hashed: false, ...(monitor === null ? {} : { monitor }) });
  const watch = new Watch(machine);
  const taken: number[] = [];
  let end: End | null = file.steps.length === 0 ? atEnd(target, file, watch, taken) : null;
  for (const [index, transition] of transitions.entries()) {
    if (end !== null) break;
    end = take(target, file, watch, taken, transition);
    work.progress(taken.length, transitions.length, file.steps[index]?.operation ?? '');
    if (end === null && (await pause(index, work.signal))) end = { verdict: 'unknown', why: `interrupted after step ${index + 1}` };
  }
  let { verdict, why } = end ?? wentThrough(file);
  if (work.workers === true && verdict === 'violated') {
    const { apart, seen } = await followOnThreads(target, file, taken, watch.violation, work);
    const confirmed = `and so it does on real threads, access by access${seen === null ? '' : `: ${seen}`}`;
    why = apart === null ? `${why}; ${confirmed}` : `on real threads it goes another way: ${apart}`;
    if (apart !== null) verdict = 'unknown';
  }
  return endingOf({
    verdict,
    taken: taken.length,
    total: transitions.length,
    breaks: file.breaks,
    setting: `${target.setting}${file.fault === null ? '' : `, with the bug ${file.fault}`}${work.workers === true ? ', on real worker threads' : ''}`,
    seconds: (performance.now() - began) / 1000,
    detail: `${report(target, file, watch, taken, work)}\n${why}`,
  });
}

/** Takes one step; null: go on. */
function take(target: Target, file: ExploreCounterexample, watch: Watch, taken: number[], transition: number): End | null {
  const { machine } = watch;
  const number = taken.length + 1;
  const last = number === file.steps.length;
  const expected = file.steps[number - 1] as RecordedStep;
  if (((machine.enabled() >> transition) & 1) === 0) {
    const agent = transition % machine.agents;
    return { verdict: 'unknown', why: diverged(number, `${expected.thread} can't move here: it is ${machine.status(agent)}`) };
  }
  const seen = recordedStep(watch, transition);
  taken.push(transition);
  const difference = differenceOf(expected, seen, last);
  if (difference !== null) return { verdict: 'unknown', why: diverged(number, difference) };
  if (last) return atEnd(target, file, watch, taken);
  const early = watch.violation;
  return early === null
    ? null
    : { verdict: 'unknown', why: `something broke before the end, at step ${number}: ${target.named(early).id}` };
}

/** After the last step: does it break, and is it the same that breaks? Null: all went through and nothing broke. */
function atEnd(target: Target, file: ExploreCounterexample, watch: Watch, taken: readonly number[]): End | null {
  const { machine } = watch;
  const violation = watch.violation ?? wrongIn(target, machine);
  if (violation === null) return file.loop === undefined ? null : atLoopEnd(target, file, taken, file.loop);
  const { id } = reasoned(target, { violation, schedule: taken }, file.granularity).violation;
  if (id === file.breaks) return { verdict: 'violated', why: `it happened again: step ${taken.length} breaks ${id}` };
  return { verdict: 'unknown', why: `step ${taken.length} breaks something else: ${id}, where ${file.breaks} was recorded` };
}

/** What the target says of the state in which the machine is. */
function wrongIn(target: Target, machine: Machine): Violation | null {
  return machine.enabled() === 0 ? target.atEnd(machine) : (target.onTheWay?.(machine) ?? null);
}

/** The last step of a livelock leads back to where its loop began, and nobody was kept from going on. */
function atLoopEnd(target: Target, file: ExploreCounterexample, taken: readonly number[], loop: number): End {
  const machine = lassoMachine(target, file);
  const { closes, left } = lassoOf(machine, taken, loop);
  const step = taken.length;
  if (!closes)
    return { verdict: 'unknown', why: diverged(step, `the loop does not close: the state is another than that before step ${loop + 1}`) };
  const names = left.map((agent) => agentName(target.program, agent)).join(', ');
  if (left.length > 0)
    return { verdict: 'unknown', why: `the loop closes, but is no livelock: ${names} could go on all the while and was not let` };
  return { verdict: 'violated', why: `it happened again: step ${step} leads back to the state before step ${loop + 1}` };
}

/** Tells states apart by all they are made of. */
function lassoMachine({ program, monitor }: Target, { granularity }: ExploreCounterexample): Machine {
  return new Machine(program, { granularity, hashed: true, ...(monitor === null ? {} : { monitor }) });
}

/** What the last step leads to is what the failure was about, and may well be different now. */
function differenceOf(expected: RecordedStep, seen: RecordedStep, last: boolean): string | null {
  const told = ({ operation, arguments: args, source }: RecordedStep): string =>
    `${operation} (${Object.entries(args)
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', ')}) at ${source}`;
  const same = expected.operation === seen.operation && expected.source === seen.source && sameArguments(expected, seen);
  if (!same) return `expected ${told(expected)}, saw ${told(seen)}`;
  if (!last && expected.fingerprint !== seen.fingerprint)
    return `${told(seen)} led to another state: expected fingerprint ${expected.fingerprint}, saw ${seen.fingerprint}`;
  return null;
}

function sameArguments(expected: RecordedStep, seen: RecordedStep): boolean {
  const names = Object.keys(seen.arguments);
  return (
    names.length === Object.keys(expected.arguments).length &&
    names.every((name) => Object.hasOwn(expected.arguments, name) && expected.arguments[name] === seen.arguments[name])
  );
}

function transitionOf({ program }: Target, thread: string, operation: string, index: number): number {
  const names = program.agents.map(({ name }) => name);
  const agent = names.indexOf(thread);
  if (agent < 0) throw refusedFile(`steps[${index}].thread`, `is nobody who acts in this program: ${JSON.stringify(thread)}`, names);
  return operation === TIME_OUT ? agent + names.length : agent;
}

/** The schedule as far as it went, with the reason of what broke. */
function report(target: Target, file: ExploreCounterexample, watch: Watch, taken: readonly number[], work: ReplayOptions): string {
  const { machine } = watch;
  const violation = watch.violation ?? wrongIn(target, machine) ?? livelock(target, file, taken);
  const loop = violation?.id === file.breaks ? file.loop : undefined;
  const found = {
    violation: violation ?? { id: file.breaks, agent: -1, text: '' },
    schedule: taken,
    ...(loop === undefined ? {} : { loop }),
  };
  const trace = told(target, reasoned(target, found, file.granularity));
  return renderLanes(violation === null ? { ...trace, violation: null } : trace, work.display ?? PLAIN);
}

/** Null: the steps went round in no fair loop. */
function livelock(target: Target, file: ExploreCounterexample, taken: readonly number[]): Violation | null {
  const { loop, steps, breaks } = file;
  if (loop === undefined || taken.length < steps.length) return null;
  const machine = lassoMachine(target, file);
  const { closes, left } = lassoOf(machine, taken, loop);
  return closes && left.length === 0 ? { id: breaks, agent: -1, text: lassoText(machine, taken, loop) } : null;
}
