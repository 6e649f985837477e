/**
 * *replay*: the steps of a counterexample once more, on the side they were recorded on, with a look at the fingerprint after each. It
 * ends in one of three ways: the last step breaks the same thing again (violated); all steps went through, are those that were
 * written, come from other sources than there are now, and nothing broke (holds: it is fixed); or nobody can tell (unknown: the steps
 * can't be followed any more, or the file doesn't say where it is from). A file that was cut off or altered is refused.
 */
import type { Counterexample } from '../counterexample.ts';
import type { Work } from '../engine.ts';
import { unreachable } from '../compile/errors.ts';
import type { Outcome } from '../verdict.ts';

export async function replay(counterexample: Counterexample, work: Work): Promise<Outcome> {
  switch (counterexample.engine) {
    case 'run':
      return (await import('./run.ts')).replayRun(counterexample, work);
    case 'prove':
      return (await import('./model.ts')).replayModel(counterexample, work);
    default:
      return unreachable(counterexample);
  }
}
