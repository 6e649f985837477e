/** The program of a recorded schedule: what the file names is looked up, what it describes is checked, and built anew. */
import type { ExploreCounterexample, StressCounterexample } from '../counterexample.ts';
import type { Scenario } from '../schedule/kernel/scenario.ts';
import { panicIds } from '../schedule/panics.ts';
import { checkedScenario } from '../schedule/scenario-file.ts';
import type { Target } from '../schedule/target.ts';
import { pristineImplementation } from '../schedule/targets/pristine.ts';
import { type KernelTarget, kernelTarget } from '../schedule/targets/kernel.ts';
import { withPrimitives } from '../schedule/targets/primitive.ts';
import { refusedFile } from './ending.ts';

/** What a schedule can break, besides the panics of the implementation. */
const IDS: readonly string[] = [
  'data-race',
  'unordered-spin',
  'wild-access',
  'lost-wakeup',
  'lock-cycle',
  'swallowed-notify',
  'missing-notify',
  'deadlock',
  'livelock',
  'lock-order',
  'sleep-with-lock',
  'assertion',
  'leak',
  'history',
  'final-state',
  'state-at-rest',
];

/** A replay follows one schedule; what was proved before it was found is not proved again. */
const PROVED_THEN = 'when the schedule was recorded';

export async function targetOf(file: ExploreCounterexample): Promise<Target> {
  checkBreaks(file.breaks);
  const { program, subject } = file;
  if (subject === 'litmus') {
    if (program !== null) throw refusedFile('program', 'is for scenarios of the kernel; a litmus program is known by its name');
    const [{ LITMUS }, { litmusTarget }] = await Promise.all([import('../schedule/litmus.ts'), import('../schedule/targets/litmus.ts')]);
    const ids = LITMUS.map(({ id }) => id);
    if (!ids.includes(file.scenario)) throw refusedFile('scenario', 'is no litmus program', ids);
    const { threads = null, ops = null } = file.configuration as { readonly threads?: number; readonly ops?: number };
    return litmusTarget(file.scenario, { threads, ops });
  }
  if (subject === 'locks') return locksOf(file);
  if (program === null) throw refusedFile('program', 'is missing: a schedule of the implementation needs its scenario');
  return kernelOf(program as Scenario, file.fault, file.atomicLocks);
}

/** The program of a recorded history. */
export async function historyTargetOf({ breaks, program, fault }: StressCounterexample): Promise<KernelTarget> {
  checkBreaks(breaks);
  return kernelOf(program as Scenario, fault, false);
}

function checkBreaks(id: string): void {
  const known = [...IDS, ...panicIds()];
  if (!known.includes(id)) throw refusedFile('breaks', 'is nothing that a schedule is judged by', known);
}

/** The code of a lock by itself. */
async function locksOf({ configuration, fault, program }: ExploreCounterexample): Promise<Target> {
  if (program !== null) throw refusedFile('program', 'is for scenarios of the kernel; of locks the configuration says which program it is');
  const [{ EXERCISES }, { lockTarget }] = await Promise.all([
    import('../schedule/kernel/lock-proof.ts'),
    import('../schedule/targets/lock.ts'),
  ]);
  const { exercise = -1, class: rank = -1 } = configuration as { readonly exercise?: number; readonly class?: number };
  const ranks = EXERCISES[exercise]?.ranks;
  if (ranks === undefined) throw refusedFile('configuration.exercise', `expected a whole number from 0 to ${EXERCISES.length - 1}`);
  if (!ranks.includes(rank)) throw refusedFile('configuration.class', 'is no class of locks that this program takes', ranks.map(String));
  return lockTarget(exercise, rank, fault === null ? await pristineImplementation() : await withBug(fault));
}

async function kernelOf(program: Scenario, fault: string | null, atomicLocks: boolean): Promise<KernelTarget> {
  const scenario = checkedScenario(program, 'the counterexample');
  const implementation = fault === null ? await pristineImplementation() : await withBug(fault);
  return kernelTarget(scenario, atomicLocks ? withPrimitives(implementation, PROVED_THEN) : implementation);
}

async function withBug(id: string): ReturnType<typeof pristineImplementation> {
  const { collection } = await import('../schedule/museum/collection.ts');
  const entries = await collection();
  const entry = entries.find((each) => each.id === id);
  if (entry === undefined)
    throw refusedFile(
      'fault',
      'is no entry of the museum',
      entries.map((each) => each.id),
    );
  const { faultyImplementation } = await import('../schedule/museum/faulty.ts');
  return faultyImplementation(entry);
}
