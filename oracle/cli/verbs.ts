/**
 * A *verb* is what one calls sockref for: `run`, `explore`, `prove`, `replay`, `verify`. This file declares them, their options and
 * their help, and nothing else: it is all that `--help` needs, so what a verb does is loaded only when it is called.
 */
import type { Engines, Exported, Listed, Progress } from '../engine.ts';
import type { Display } from '../report/trace.ts';
import type { Outcome } from '../verdict.ts';

export interface OptionDeclaration {
  readonly flags: string;
  readonly text: string;
  /** As it would be typed. */
  readonly fallback?: string;
  /** May be given several times. */
  readonly repeats?: true;
}

export interface Operand {
  readonly name: string;
  readonly text: string;
  /** Any number of them, none as well; otherwise exactly one. */
  readonly many?: true;
}

export interface Verb {
  readonly name: string;
  readonly summary: string;
  /** What a verdict of this verb means, for `--help`. */
  readonly meaning: string;
  /** What is named after the verb, if anything: "FILE". */
  readonly operand?: Operand;
  readonly options: readonly OptionDeclaration[];
  load(): Promise<VerbModule>;
}

/** What a verb is given besides its options. */
export interface VerbContext {
  readonly engines: Engines;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly display: Display;
}

/** What there is to be named, for `--list`. */
export interface Listing {
  readonly list: readonly (Listed & { readonly kind: string })[];
}

/** What `export` wrote: no verdict. */
export interface Export {
  readonly exported: Exported;
}

/** `cli/run.ts` and its likes. `options` are as typed; the verb checks them. */
export interface VerbModule {
  judge(options: Readonly<Record<string, unknown>>, operands: readonly string[], context: VerbContext): Promise<Outcome | Listing | Export>;
  /** How people see the outcome, where a line for each row is not the way. */
  render?(verb: string, outcome: Outcome, colours: boolean): string;
}

const OUT: OptionDeclaration = { flags: '--out <directory>', text: 'where counterexample files go', fallback: '.sockref' };

const WORKERS: OptionDeclaration = {
  flags: '--workers <number>',
  text: 'threads that judge side by side, at most one for each processor',
  fallback: '1',
};

const LIST: OptionDeclaration = { flags: '--list', text: 'print the names and judge nothing' };

/** Every verb has these. */
export const COMMON_OPTIONS: readonly OptionDeclaration[] = [
  { flags: '--seed <number>', text: 'seed of everything random; the same seed gives the same run', fallback: '1' },
  { flags: '--json', text: 'print one JSON document on standard output and nothing else there' },
  { flags: '--quiet', text: 'no progress on standard error' },
];

export const VERBS: readonly Verb[] = [
  {
    name: 'verify',
    summary: 'the main job: everything below within a budget of time',
    meaning: 'Holds when every part holds within its bound; the exit status is that of the worst part.',
    options: [
      { flags: '--budget <seconds>', text: 'time for all parts together', fallback: '60' },
      { flags: '--runs <number>', text: 'programs to run at most', fallback: '5000' },
      { flags: '--depth <steps>', text: 'prove to this depth at most', fallback: '12' },
      OUT,
    ],
    load: () => import('./verify.ts'),
  },
  {
    name: 'run',
    summary: 'random programs on model and implementation in lockstep',
    meaning: 'Holds when returned values, errnos and the whole state agreed after every call of every program.',
    options: [
      { flags: '--runs <number>', text: 'programs to run', fallback: '1000' },
      { flags: '--max-calls <number>', text: 'calls in a program at most', fallback: '40' },
      { flags: '--budget <seconds>', text: 'stop after about this time with the programs run so far' },
      { flags: '--fault <id>', text: 'plant this fault in the implementation, to see it found (an unknown id lists them)' },
      { flags: '--giant', text: 'with one lock around the whole stack: nothing else may be different' },
      OUT,
    ],
    load: () => import('./run.ts'),
  },
  {
    name: 'prove',
    summary: 'each invariant of the specification on all traces up to a depth',
    meaning:
      'Holds when no trace, in this configuration, breaks the invariant: of any length where the row says all traces, else of so many steps.\nWith --all-traces what is not closed for traces of every length is unknown, with a step that breaks it and lemmas that would exclude it;\na lemma that is false is violated.',
    options: [
      { flags: '--design <name>', text: 'era of the socket layer', fallback: 'sockref' },
      { flags: '--invariant <id>', text: 'judge this one only; may be repeated (default: all)', repeats: true },
      { flags: '--depth <steps>', text: 'longest trace', fallback: '12' },
      { flags: '--all-traces', text: 'only a proof for traces of every length counts; lemmas have rows as well' },
      { flags: '--cache <directory>', text: 'keep what the solver excluded there, and ask only what is new; only with --all-traces' },
      { flags: '--sockets <number>', text: 'sockets in the configuration', fallback: '3' },
      { flags: '--threads <number>', text: 'threads in the configuration', fallback: '2' },
      { flags: '--timeout <seconds>', text: 'hard limit for the solver', fallback: '120' },
      { flags: '--solver <path>', text: 'an installed z3 or cvc5 instead of the bundled one' },
      OUT,
    ],
    load: () => import('./prove.ts'),
  },
  {
    name: 'check',
    summary: 'every state of the specification, in configurations that are small enough',
    meaning:
      'Holds when every invariant holds in every state that a configuration can get to, and no step breaks a bound; and,\nwhere there are few enough states, what must come about in the end does, unless somebody is put off for ever. Without a CONFIGURATION: all of them. Where time or memory ends first it is unknown, and the row says how far it came.',
    operand: { name: 'CONFIGURATION', text: 'sizes and calls, by name (--list)', many: true },
    options: [
      { flags: '--design <name>', text: 'era of the socket layer', fallback: 'sockref' },
      { flags: '--symmetry', text: 'one state for all that differ only in which socket, pcb, descriptor or thread is which' },
      { flags: '--promises', text: 'judge what must come about in the end, however many states there are (otherwise up to a million)' },
      { flags: '--walks <number>', text: 'instead of all states, so many random walks from the first one' },
      { flags: '--depth <steps>', text: 'steps of a random walk', fallback: '50' },
      { flags: '--sockets <number>', text: 'sockets, instead of as many as the configuration has' },
      { flags: '--threads <number>', text: 'threads, instead of as many as the configuration has' },
      { flags: '--states <number>', text: 'states of each configuration at most' },
      { flags: '--memory <MiB>', text: 'memory for the states of a configuration', fallback: '4096' },
      { flags: '--workers <number>', text: 'threads that explore a configuration together, at most one for each processor', fallback: '1' },
      { flags: '--time <seconds>', text: 'time for all configurations together', fallback: '600' },
      LIST,
      OUT,
    ],
    load: () => import('./check.ts'),
  },
  {
    name: 'claims',
    summary: 'what the mails of 2000 to 2008 claim about sockets, each proposition decided on the specification',
    meaning:
      'Holds when every answer is the one that model/claims.ts expects. A row holds where its claim is true, is violated where it is not, or only\nunder an assumption, with the run that shows it, and is unknown where this specification cannot speak of it. Without a CLAIM: all of them.',
    operand: { name: 'CLAIM', text: 'a proposition, by its id (--list)', many: true },
    options: [
      { flags: '--prove', text: 'what all states of its settings keep, in sockref: by induction for traces of every length as well' },
      { flags: '--memory <MiB>', text: 'memory for the states of a setting', fallback: '4096' },
      { flags: '--time <seconds>', text: 'time for all of it', fallback: '600' },
      LIST,
      OUT,
    ],
    load: () => import('./claims.ts'),
  },
  {
    name: 'compare',
    summary: 'the eras of the socket layer side by side: which invariants each design keeps',
    meaning:
      'Holds when the design sockref keeps everything it was asked about, and every cell of the others is decided: proved, refuted with a\ncounterexample, or kept by all states of the small configurations of check, or by all traces up to the depth. That other designs are refuted is what they are there for.',
    options: [
      { flags: '--designs <names>', text: 'these only, with commas between them (default: all)' },
      { flags: '--invariant <id>', text: 'judge this one only; may be repeated (default: all)', repeats: true },
      { flags: '--depth <steps>', text: 'longest trace, where there is no proof', fallback: '5' },
      { flags: '--sockets <number>', text: 'sockets in the configuration', fallback: '3' },
      { flags: '--threads <number>', text: 'threads in the configuration', fallback: '2' },
      {
        flags: '--timeout <seconds>',
        text: 'hard limit for the proofs of each design, and as much again for the states of what they leave open',
        fallback: '300',
      },
      { flags: '--solver <path>', text: 'an installed z3 or cvc5 instead of the bundled one' },
      OUT,
    ],
    load: () => import('./compare.ts'),
  },
  {
    name: 'explore',
    summary: 'the implementation under a controlled scheduler: all schedules of small programs',
    meaning:
      'Holds when no schedule within the bound on the row shows a panic, a data race, a deadlock, a lost wakeup, a leak, or a history or state\nthat the specification does not allow. Without a SCENARIO: all of them.',
    operand: { name: 'SCENARIO', text: 'a program over the socket calls, by name (--list), or a JSON file with one', many: true },
    options: [
      { flags: '--litmus <name>', text: 'a litmus program, by name (--list); may be repeated', repeats: true },
      { flags: '--threads <number>', text: 'threads of the litmus programs' },
      { flags: '--ops <number>', text: 'operations of each thread of the litmus programs' },
      {
        flags: '--strategy <name>',
        text: 'states, dpor, pct, pos or random (default: what suits the program); replay, with files for SCENARIO',
      },
      {
        flags: '--granularity <unit>',
        text: 'a step is a block (an atomic access and the plain ones behind it) or an access',
        fallback: 'block',
      },
      {
        flags: '--atomic-locks',
        text: 'mutexes and reader-writer locks as primitives, once these are proved; default: from their raw atomics',
      },
      { flags: '--coverage', text: 'how many states and rules of the specification the schedules of each scenario cover' },
      { flags: '--preemptions <number>', text: 'no schedule with more preemptions than this' },
      { flags: '--depth <number>', text: 'pct: depth of the bugs looked for', fallback: '3' },
      { flags: '--executions <number>', text: 'schedules of each program at most' },
      { flags: '--steps <number>', text: 'steps of each program at most, all schedules together' },
      { flags: '--memory <MiB>', text: 'memory for the states of each program' },
      { flags: '--time <seconds>', text: 'time for each program' },
      { flags: '--all', text: 'every scenario and every litmus program' },
      {
        flags: '--generate <TxK>',
        text: 'instead: all programs of T threads with K calls each; SCENARIO names the situations they begin in',
      },
      { flags: '--sample <number>', text: 'so many of the generated programs of each situation, drawn by the seed' },
      WORKERS,
      LIST,
      OUT,
    ],
    load: () => import('./explore.ts'),
  },
  {
    name: 'stress',
    summary: 'the same scenarios on real worker threads, whose histories the specification must admit',
    meaning: 'Holds when the specification admits every history of this run. Without a SCENARIO: all of them.',
    operand: { name: 'SCENARIO', text: 'a program over the socket calls, by name (--list)', many: true },
    options: [
      { flags: '--runs <number>', text: 'histories of each scenario', fallback: '500' },
      { flags: '--time <seconds>', text: 'time for each scenario', fallback: '10' },
      LIST,
      OUT,
    ],
    load: () => import('./stress.ts'),
  },
  {
    name: 'museum',
    summary: 'historical bugs, each put back into the implementation and found',
    meaning: 'Holds when every bug is found and the unmodified code holds in the same scenario within the same bound.',
    operand: { name: 'ENTRY', text: 'an entry, by its id (--list)', many: true },
    options: [{ flags: '--time <seconds>', text: 'time for each entry', fallback: '60' }, WORKERS, LIST, OUT],
    load: () => import('./museum.ts'),
  },
  {
    name: 'replay',
    summary: 'a counterexample file, step by step',
    meaning:
      'Violated: it happened again. Holds: the steps as written went through, on sources that have changed, and nothing breaks. Unknown: they can no longer be followed, or nobody can tell.',
    operand: { name: 'FILE', text: 'a file that another verb wrote' },
    options: [{ flags: '--workers', text: 'a schedule of explore on real worker threads, each access let through in its turn' }],
    load: () => import('./replay.ts'),
  },
  {
    name: 'export',
    summary: 'the specification for other tools: SPIN, any SMT solver, viewers of traces',
    meaning:
      'Judges nothing. promela: a model of which SPIN (spin -o2) stores exactly as many states as check finds. smtlib: every question that a\nproof by induction rests on, one a file, with the expected answer. itf: a trace, from a counterexample FILE or a random walk.',
    operand: { name: 'FILE', text: 'itf: a counterexample that prove or check wrote', many: true },
    options: [
      { flags: '--format <name>', text: 'promela, smtlib or itf' },
      { flags: '--design <name>', text: 'era of the socket layer', fallback: 'sockref' },
      { flags: '--configuration <id>', text: 'promela: only what this configuration of check speaks of (default: everything)' },
      { flags: '--sockets <number>', text: 'sockets (default: 3, or those of the configuration)' },
      { flags: '--threads <number>', text: 'threads (default: 2, or those of the configuration)' },
      { flags: '--invariant <id>', text: 'promela: assert this one only; may be repeated (default: all, and bounds)', repeats: true },
      { flags: '--states-only', text: 'promela: assert nothing' },
      { flags: '--steps <number>', text: 'itf: steps of the random walk', fallback: '20' },
      { flags: '--timeout <seconds>', text: 'smtlib: hard limit for the proof', fallback: '300' },
      { flags: '--out <path>', text: 'the file to write; for smtlib a directory, empty or new (default: standard output)' },
    ],
    load: () => import('./export.ts'),
  },
];
