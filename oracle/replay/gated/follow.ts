/**
 * Following a schedule on *real threads*: the machine says what each access is and what it answers, the threads must make the same one and
 * be given the same answer, and in the end memory and the results of all calls must be equal. And their accesses, as they themselves
 * note them, must be a data race where the machine says so and nowhere else. Then what the schedule shows is no artefact of the machine.
 * The loop of a livelock is gone round once, and must leave the memory as it was.
 */
import { DOORS } from '../../compile/ir-impl.ts';
import type { Granularity, ReplayOptions } from '../../engine.ts';
import { Machine } from '../../schedule/machine.ts';
import type { RaceFound, Touch } from '../../schedule/happens-before.ts';
import { MOST_TURNS } from '../../schedule/runner.ts';
import { OP_GUARD, OP_NONE } from '../../schedule/operation.ts';
import type { Violation } from '../../schedule/program.ts';
import type { Target } from '../../schedule/target.ts';
import { pause } from '../ending.ts';
import { Lost } from './record.ts';
import { GatedThreads, PATIENCE_MS } from './threads.ts';

/** How it went on real threads. */
export interface Followed {
  /** Where they part from the machine, in words; null: nowhere. */
  readonly apart: string | null;
  /** Of a race, and of a loop that waits for a plain word: what the threads did, in words. */
  readonly seen: string | null;
}

/** `violation` is what the schedule leads to. */
export async function followOnThreads(
  target: Target,
  { granularity, loop }: { readonly granularity: Granularity; readonly loop?: number | undefined },
  schedule: readonly number[],
  violation: Violation | null,
  work: ReplayOptions,
): Promise<Followed> {
  const { program } = target;
  const machine = new Machine(program, { granularity, hashed: false });
  let threads: GatedThreads | null = null;
  let before: Int32Array | null = null;
  try {
    threads = await GatedThreads.start({ ...(await target.native()), words: program.words, granularity });
    for (const [index, transition] of schedule.entries()) {
      const apart = difference(target, machine, threads) ?? (index === loop ? memory(target, machine, threads) : null);
      if (apart !== null) return parted(`before step ${index + 1}, ${apart}`);
      // The machine says of each schedule whether there is a race in it, and this one was said to have none before its end.
      if (threads.record.race !== null) return parted(`before step ${index + 1}, ${raceText(target, threads.record.race)}`);
      if (index === loop) before = threads.words.slice();
      const agent = transition % machine.agents;
      machine.step(transition);
      if (transition < machine.agents) threads.step(agent);
      else threads.timeOut(agent);
      work.progress(index + 1, schedule.length, 'on real threads');
      if (await pause(index, work.signal)) return parted(`interrupted after step ${index + 1}`);
      if (machine.violation !== null) break;
    }
    const apart = difference(target, machine, threads) ?? memory(target, machine, threads) ?? changed(target, before, threads);
    return apart === null ? raced(target, threads, violation) : parted(apart);
  } catch (error) {
    if (error instanceof Lost) return lost(target, machine, violation, error);
    throw error;
  } finally {
    await threads?.stop();
  }
}

function parted(apart: string): Followed {
  return { apart, seen: null };
}

/** A thread that reads on and on is what the machine says, if that breaks now, and by this thread. That time passes proves nothing. */
function lost({ program }: Target, machine: Machine, violation: Violation | null, { agent, accesses, goesOn }: Lost): Followed {
  const name = program.agents[agent]?.name ?? '';
  const many = `${accesses.toLocaleString('en')} plain accesses`;
  if (!goesOn) return parted(`${name} makes ${many} in one step, more than can be held against those of others`);
  const text = `${name} has made ${many}, has come to no atomic one, and goes on`;
  const isSame = machine.violation?.id === 'unordered-spin' && violation?.id === 'unordered-spin' && violation.agent === agent;
  if (isSame && accesses > MOST_TURNS) return { apart: null, seen: text };
  return parted(accesses === 0 ? `${name} has not come to its next access within ${PATIENCE_MS / 1000} s` : text);
}

/** Whether the threads' own accesses are a race if and only if the machine says so. */
function raced(target: Target, threads: GatedThreads, violation: Violation | null): Followed {
  const wanted = violation?.race;
  // Where the machine stops, the accesses may be the next ones.
  for (const agent of wanted === undefined ? [] : [violation?.agent ?? 0, wanted.other])
    if (threads.record.race === null && threads.state(agent) === 'rests') threads.step(agent);
  const { race } = threads.record;
  if (wanted === undefined) return { apart: race === null ? null : raceText(target, race), seen: null };
  if (race === null) return parted(`happens-before orders what touches ${target.names.word(wanted.from >> 2)}`);
  const isSame =
    [violation?.agent, wanted.other].includes(race.earlier.agent) &&
    [violation?.agent, wanted.other].includes(race.later.agent) &&
    race.from < wanted.from + wanted.bytes &&
    wanted.from < race.from + race.bytes;
  return isSame ? { apart: null, seen: raceText(target, race) } : parted(`another race: ${raceText(target, race)}`);
}

/** "T1 writes plainly and T2 reads atomically data[0], and happens-before orders neither before the other". */
function raceText({ program, names }: Target, { earlier, later, from }: RaceFound): string {
  const told = ({ agent, write, width }: Touch): string =>
    `${program.agents[agent]?.name ?? ''} ${write ? 'writes' : 'reads'} ${width === 0 ? 'plainly' : 'atomically'}`;
  return `${told(earlier)} and ${told(later)} ${names.word(from >> 2)}, and happens-before orders neither before the other`;
}

const STATES = { ready: 'rests', guarded: 'rests', blocked: 'blocked', done: 'done', panicked: 'panicked' } as const;

/** Where each agent is, what it is about to do, and what its calls returned. */
function difference({ program }: Target, machine: Machine, threads: GatedThreads): string | null {
  for (const [agent, { name, script }] of program.agents.entries()) {
    // The machine stops at once where something breaks, and some may not have come to their first access then.
    if (machine.status(agent) === 'ready' && machine.opKind[agent] === OP_NONE) continue;
    const state = threads.state(agent);
    // A thread that dies on the machine dies before an access; so it does here.
    if (STATES[machine.status(agent)] !== state) return `${name} is ${state}, on the machine ${machine.status(agent)}`;
    const resting = threads.resting(agent);
    if (resting !== null) {
      const kind = machine.opKind[agent] ?? 0;
      const door = kind === OP_GUARD ? 'guard' : DOORS[kind - 1];
      if (resting.door !== door) return `${name} is about to do ${resting.door}, on the machine ${door}`;
      const args = [0, 1, 2].map((n) => machine.opArg(agent, n));
      if (door !== 'guard' && resting.args.join() !== args.join())
        return `${name} does ${door}(${resting.args.join()}), on the machine (${args.join()})`;
    }
    for (const [call, result] of machine.results(agent).entries())
      if (threads.result(agent, call) !== result)
        return `${script[call]?.label} of ${name} returned ${threads.result(agent, call)}, on the machine ${result}`;
  }
  return null;
}

/** What a loop left otherwise than it was. */
function changed({ names }: Target, before: Int32Array | null, { words }: GatedThreads): string | null {
  const at = before?.findIndex((word, index) => word !== words[index]) ?? -1;
  return at < 0 ? null : `after the loop ${names.word(at)} is ${words[at]}, before it ${before?.[at]}`;
}

function memory({ names }: Target, machine: Machine, threads: GatedThreads): string | null {
  const at = threads.words.findIndex((word, index) => word !== machine.words[index]);
  return at < 0 ? null : `${names.word(at)} is ${threads.words[at]}, on the machine ${machine.words[at]}`;
}
