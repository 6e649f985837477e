/**
 * The public face of sockref for programs: the engines (loaded when called), the verdicts they give, counterexample files, and `explore`,
 * which takes anybody's code with Atomics through its schedules.
 * The specification is `sockref/model`, the implementation `sockref/impl`.
 */
import type { ExploreRequest, ExploreResult } from './schedule/explore.ts';

export { engines } from './cli/engines.ts';
export { CompileError, type Diagnostic } from './compile/errors.ts';
export {
  type Counterexample,
  FORMAT,
  type ProveCounterexample,
  parseCounterexample,
  type RunCounterexample,
  readCounterexample,
  writeCounterexample,
} from './counterexample.ts';
export type { Engines, Progress, ProveEngine, ProveOptions, ReplayEngine, RunEngine, RunOptions, Work } from './engine.ts';
export type { ExploreRequest, ExploreResult, ScheduleCounterexample, SharedMemory, Thread, ThreadCall } from './schedule/explore.ts';
export { UsageError } from './usage.ts';
export { exitStatus, type Outcome, type Report, type Row, type Vacuous, type Verdict, worst } from './verdict.ts';

/**
 * Takes functions of anybody's TypeScript or JavaScript, which share typed arrays over one memory, through the schedules of their threads.
 * The compiler is loaded when this is called. Throws a `UsageError` for a request that can't be, and a `CompileError`, which names file,
 * line, construct and what to write instead, for source that can't be taken.
 */
export async function explore(request: ExploreRequest): Promise<ExploreResult> {
  const face = await import('./schedule/explore.ts');
  return face.explore(request);
}
