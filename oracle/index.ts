/**
 * The public face of sockref for programs: the engines (loaded when called), the verdicts they give, and counterexample files.
 * The specification is `sockref/model`, the implementation `sockref/impl`.
 */
export { engines } from './cli/engines.ts';
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
export { UsageError } from './usage.ts';
export { exitStatus, type Outcome, type Report, type Row, type Vacuous, type Verdict, worst } from './verdict.ts';
