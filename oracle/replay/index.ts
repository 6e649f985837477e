/**
 * *replay*: the steps of a counterexample once more, on the side they were recorded on, with a look at the fingerprint after each. It
 * ends in one of three ways: the last step breaks the same thing again (violated); all steps went through, are those that were
 * written, come from other sources than there are now, and nothing broke (holds: it is fixed); or nobody can tell (unknown: the steps
 * can't be followed any more, or the file doesn't say where it is from). A file that was cut off or altered is refused.
 */
import type { Counterexample } from '../counterexample.ts';
import type { ReplayOptions } from '../engine.ts';
import { unreachable } from '../compile/errors.ts';
import { UsageError } from '../usage.ts';
import type { Outcome } from '../verdict.ts';

export async function replay(counterexample: Counterexample, work: ReplayOptions): Promise<Outcome> {
  if (work.workers === true && counterexample.engine !== 'explore') {
    const reason = `is for schedules of explore, and this file is of ${counterexample.engine}`;
    throw new UsageError(`--workers ${reason}`, { field: '--workers', reason });
  }
  switch (counterexample.engine) {
    case 'run':
      return (await import('./run.ts')).replayRun(counterexample, work);
    case 'explore':
      return (await import('./schedule.ts')).replaySchedule(counterexample, work);
    case 'stress':
      return (await import('./history.ts')).replayHistory(counterexample, work);
    case 'prove':
    case 'check':
      return (await import('./model.ts')).replayModel(counterexample, work);
    default:
      return unreachable(counterexample);
  }
}
