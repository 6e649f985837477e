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
import type { Display } from './report/trace.ts';
import type { Scenario } from './schedule/kernel/scenario.ts';
import type { Outcome, Row } from './verdict.ts';

/** `total` is null where the end isn't known. Call it as often as you like; it is cheap. */
export type Progress = (done: number, total: number | null, text: string) => void;

/** What every engine is given. */
export interface Work {
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** What reports are drawn for; a page of usual width without it. */
  readonly display?: Display;
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
  /** With one lock around the whole stack. */
  readonly giant?: boolean;
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
  /** The longest trace that is asked about, where there is no proof. */
  readonly depth: number;
  /** No depth counts: what is not closed for traces of every length is `unknown`. */
  readonly allTraces?: boolean;
  /** For all traces: a directory with answers of the solver that were kept, and where they are kept; null: none are. */
  readonly cache?: string | null;
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

export interface CheckOptions extends Work {
  /** Directory for counterexample files. */
  readonly out: string;
  readonly design: string;
  /** Ids. */
  readonly configurations: readonly string[];
  /** One state for all that differ only in which socket is the first, which thread, and so on. */
  readonly symmetry: boolean;
  /** What must come about in the end: judged, or not; null: where there are few enough states. Refused together with `symmetry` and `walks`. */
  readonly promises: boolean | null;
  /** Instead of all states: so many random walks of so many steps. */
  readonly walks: { readonly number: number; readonly steps: number } | null;
  /** Sizes other than a configuration's own. */
  readonly sockets: number | null;
  readonly threads: number | null;
  /** For each configuration. */
  readonly states: number | null;
  /** Threads that explore a configuration together; without it one, this one. */
  readonly workers?: number;
  readonly memoryMiB: number;
  /** For all configurations together. */
  readonly timeSeconds: number;
}

/** Invariants of a design, each by itself, in all states of configurations. */
export interface DecideOptions extends Work {
  readonly out: string;
  readonly design: string;
  /** Ids; `no-overflow` may be one. */
  readonly invariants: readonly string[];
  readonly configurations: readonly string[];
  /** For each configuration. */
  readonly memoryMiB: number;
  /** For all of it. */
  readonly timeSeconds: number;
}

/** `oracle/check/index.ts`. The lists come without compiling anything. */
export interface CheckEngine {
  check(options: CheckOptions): Promise<Outcome>;
  /** A row for each invariant. */
  decide(options: DecideOptions): Promise<readonly Row[]>;
  listConfigurations(): readonly Listed[];
  listDesigns(): readonly string[];
}

/** promela: a model for SPIN. smtlib: the obligations of a proof, for other solvers. itf: a trace, for viewers. */
export const EXPORT_FORMATS = ['promela', 'smtlib', 'itf'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportOptions extends Work {
  readonly format: ExportFormat;
  readonly design: string;
  /** promela: the part of the specification that a configuration of `check` speaks of; null: all of it. */
  readonly configuration: string | null;
  readonly sockets: number | null;
  readonly threads: number | null;
  /** promela: ids of what is asserted; null: every invariant, and that no bound is broken. */
  readonly invariants: readonly string[] | null;
  /** itf: a trace that was found; null: a random walk. */
  readonly counterexample: Counterexample | null;
  /** itf: steps of a random walk at most. */
  readonly steps: number;
  /** smtlib: for the proof. */
  readonly timeoutSeconds: number;
  /** A file, for smtlib a directory; null: the text is returned. */
  readonly out: string | null;
}

/** What was exported; nothing was judged. */
export interface Exported {
  readonly format: ExportFormat;
  /** One line: what it is of. */
  readonly what: string;
  /** What was written. */
  readonly files: readonly string[];
  /** Null where it went to files. */
  readonly text: string | null;
  readonly figures: Readonly<Record<string, number>>;
}

/** `oracle/export/index.ts`. The lists come without compiling anything. */
export interface ExportEngine {
  exportModel(options: ExportOptions): Promise<Exported>;
  listConfigurations(): readonly Listed[];
  listInvariants(): readonly string[];
  listDesigns(): readonly string[];
}

export interface ClaimsOptions extends Work {
  /** Directory for counterexample files. */
  readonly out: string;
  /** Ids. */
  readonly claims: readonly string[];
  /** Also for traces of every length, by induction. */
  readonly prove: boolean;
  readonly memoryMiB: number;
  /** For all of it. */
  readonly timeSeconds: number;
}

/** `oracle/claims/index.ts`. The list comes without compiling anything. */
export interface ClaimsEngine {
  judgeClaims(options: ClaimsOptions): Promise<Outcome>;
  listClaims(): readonly Listed[];
}

export interface ReplayOptions extends Work {
  /** A schedule of `explore` on real worker threads, each access let through in its turn. */
  readonly workers?: boolean;
}

/** `oracle/replay/index.ts`. `violated`: it happened again; `holds`: nothing breaks any more; `unknown`: diverged at step n. */
export interface ReplayEngine {
  replay(counterexample: Counterexample, options: ReplayOptions): Promise<Outcome>;
}

/** How schedules are chosen: see oracle/schedule/strategies. */
export const STRATEGIES = ['states', 'dpor', 'pct', 'pos', 'random'] as const;
export type StrategyName = (typeof STRATEGIES)[number];

/** What one step of a schedule is: an atomic access with the plain ones behind it, or every access by itself. */
export const GRANULARITIES = ['block', 'access'] as const;
export type Granularity = (typeof GRANULARITIES)[number];

/** Something an engine knows by name: a scenario, a litmus program, an entry of the museum. */
export interface Listed {
  readonly id: string;
  /** One line: what happens in it. */
  readonly text: string;
  /** Takes a second or so: what `verify` has time for. */
  readonly quick?: boolean;
}

/** Which programs are explored. */
export type ExploreTargets =
  | { readonly kind: 'scenarios'; readonly ids: readonly string[] }
  /** One from a file. */
  | { readonly kind: 'scenario'; readonly scenario: Scenario }
  /** Null: as many as the program has by itself. */
  | { readonly kind: 'litmus'; readonly id: string; readonly threads: number | null; readonly ops: number | null }
  /** All programs of so many threads with so many calls each in these situations, or so many of them. */
  | {
      readonly kind: 'generated';
      readonly situations: readonly string[];
      readonly threads: number;
      readonly calls: number;
      readonly sample: number | null;
    };

export interface ExploreOptions extends Work {
  /** Directory for counterexample files. */
  readonly out: string;
  readonly targets: readonly ExploreTargets[];
  /** Null: the one that suits the program. */
  readonly strategy: StrategyName | null;
  readonly granularity: Granularity;
  /** Mutexes and reader-writer locks of the kernel as primitives, once they are proved, instead of from their atomics. Not with `dpor`. */
  readonly atomicLocks: boolean;
  /** Whether to find out how much of the specification the schedules of each scenario cover. */
  readonly coverage?: boolean;
  /** No schedule with more preemptions; null: as many as there are. */
  readonly preemptions: number | null;
  /** `pct`: the depth of the bugs looked for. */
  readonly depth: number;
  /** Caps for each program; what is not covered by then is `unknown`, and the bound says what was. Null: as the program has it. */
  readonly executions: number | null;
  readonly steps: number | null;
  readonly memoryMiB: number | null;
  readonly timeSeconds: number | null;
  /** For all programs together: those that find no time are `unknown`. */
  readonly budgetSeconds?: number;
  /** Threads that judge programs side by side; without it one, this one. */
  readonly workers?: number;
}

/** `oracle/schedule/index.ts`. The lists come without compiling anything. */
export interface ExploreEngine {
  explore(options: ExploreOptions): Promise<Outcome>;
  listScenarios(): readonly Listed[];
  listLitmus(): readonly Listed[];
  /** Where generated programs begin. */
  listSituations(): readonly Listed[];
}

/** Every schedule, of steps as long as they may be. */
export const ALL_SCHEDULES = { strategy: null, granularity: 'block', preemptions: null, depth: 3 } as const;

/** The same of a program as it is, without a cap of its own. */
export const EXPLORATION = {
  ...ALL_SCHEDULES,
  atomicLocks: false,
  executions: null,
  steps: null,
  memoryMiB: null,
  timeSeconds: null,
} as const;

export interface StressOptions extends Work {
  readonly out: string;
  readonly scenarios: readonly string[];
  /** Histories of each scenario. */
  readonly runs: number;
  /** For each scenario. */
  readonly timeSeconds: number;
}

/** `oracle/schedule/index.ts`: the same scenarios on real worker threads. */
export interface StressEngine {
  stress(options: StressOptions): Promise<Outcome>;
  listScenarios(): readonly Listed[];
}

export interface MuseumOptions extends Work {
  readonly out: string;
  readonly entries: readonly string[];
  /** For each entry, the fault and the unmodified code together. */
  readonly timeSeconds: number;
  /** Threads that judge entries side by side; without it one, this one. */
  readonly workers?: number;
}

/** `oracle/schedule/index.ts`: historical bugs, each put back and found. The list takes reading files. */
export interface MuseumEngine {
  museum(options: MuseumOptions): Promise<Outcome>;
  listEntries(): Promise<readonly Listed[]>;
}

/** Each engine is loaded when its verb is used and not before: they bring a compiler or a solver with them. */
export interface Engines {
  run(): Promise<RunEngine>;
  prove(): Promise<ProveEngine>;
  check(): Promise<CheckEngine>;
  claims(): Promise<ClaimsEngine>;
  replay(): Promise<ReplayEngine>;
  explore(): Promise<ExploreEngine>;
  stress(): Promise<StressEngine>;
  museum(): Promise<MuseumEngine>;
  export(): Promise<ExportEngine>;
}
