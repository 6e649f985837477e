/**
 * An *engine* judges the implementation or the specification in one particular way. This file is the contract between the
 * engines and the command line: the verbs call nothing else. An engine
 *   - gives control back to the event loop at least a few times a second, or an interrupt can't reach it;
 *   - reports what it does through `progress`;
 *   - when `signal` aborts, stops soon and returns an outcome that says what was covered: `violated` if a violation was
 *     already found, `unknown` otherwise;
 *   - throws a `UsageError` (usage.ts) for what the user can mend; anything else it throws counts as its own fault;
 *   - writes its counterexamples with `writeCounterexample` (counterexample.ts) and names their paths in its rows.
 */
import type { Counterexample } from './counterexample.ts';
import type { Outcome } from './verdict.ts';

/** `total` is null where the end isn't known. Call it as often as you like; it is cheap. */
export type Progress = (done: number, total: number | null, text: string) => void;

/** What every engine is given. */
export interface Work {
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

export interface RunOptions extends Work {
  /** Directory for counterexample files. */
  readonly out: string;
  readonly runs: number;
  readonly maxCalls: number;
  /** Stop after about so long with the programs run until then; the bound says how many. */
  readonly budgetSeconds?: number;
  /** A planted fault to run the implementation with. */
  readonly fault?: string;
}

/** `oracle/run/index.ts` */
export interface RunEngine {
  runPrograms(options: RunOptions): Promise<Outcome>;
}

export interface ProveOptions extends Work {
  /** Directory for counterexample files. */
  readonly out: string;
  readonly design: string;
  /** Null means all. */
  readonly invariants: readonly string[] | null;
  readonly depth: number;
  readonly sockets: number;
  readonly threads: number;
  /** For all invariants together. What isn't decided by then is `unknown`. */
  readonly timeoutSeconds: number;
  /** Path of an external z3 or cvc5; null means the bundled one. */
  readonly solver: string | null;
}

/** `oracle/prove/index.ts`. The two lists come without starting a solver. */
export interface ProveEngine {
  prove(options: ProveOptions): Promise<Outcome>;
  listInvariants(): readonly string[];
  listDesigns(): readonly string[];
}

/** `oracle/replay/index.ts`. `violated`: it happened again; `holds`: nothing breaks any more; `unknown`: diverged at step n. */
export interface ReplayEngine {
  replay(counterexample: Counterexample, options: Work): Promise<Outcome>;
}

/** Each engine is loaded when its verb is used and not before: they bring a compiler or a solver with them. */
export interface Engines {
  run(): Promise<RunEngine>;
  prove(): Promise<ProveEngine>;
  replay(): Promise<ReplayEngine>;
}
