/**
 * Following a schedule on *real threads*: the machine says what each access is and what it answers, the threads must make the same one and
 * be given the same answer, and in the end memory and the results of all calls must be equal. Then what the schedule shows is no
 * artefact of the machine.
 */
import { DOORS } from '../../compile/ir-impl.ts';
import type { Granularity, ReplayOptions } from '../../engine.ts';
import { Machine } from '../../schedule/machine.ts';
import { OP_GUARD, OP_NONE } from '../../schedule/operation.ts';
import type { Target } from '../../schedule/target.ts';
import { pause } from '../ending.ts';
import { GatedThreads } from './threads.ts';

/** Null: they go the same way. Otherwise where they part, in words. */
export async function followOnThreads(
  target: Target,
  granularity: Granularity,
  schedule: readonly number[],
  work: ReplayOptions,
): Promise<string | null> {
  const { program } = target;
  const machine = new Machine(program, { granularity, hashed: false });
  const threads = await GatedThreads.start({ ...(await target.native()), words: program.words, granularity });
  try {
    for (const [index, transition] of schedule.entries()) {
      const apart = difference(target, machine, threads);
      if (apart !== null) return `before step ${index + 1}, ${apart}`;
      const agent = transition % machine.agents;
      machine.step(transition);
      if (transition < machine.agents) threads.step(agent);
      else threads.timeOut(agent);
      work.progress(index + 1, schedule.length, 'on real threads');
      if (await pause(index, work.signal)) return `interrupted after step ${index + 1}`;
      if (machine.violation !== null) break;
    }
    return difference(target, machine, threads) ?? memory(target, machine, threads);
  } finally {
    await threads.stop();
  }
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

function memory({ names }: Target, machine: Machine, threads: GatedThreads): string | null {
  const at = threads.words.findIndex((word, index) => word !== machine.words[index]);
  return at < 0 ? null : `${names.word(at)} is ${threads.words[at]}, on the machine ${machine.words[at]}`;
}
