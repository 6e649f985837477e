/**
 * A *verdict* is what an engine says of one thing it judged, and of everything it judged together: `holds`, `violated` or
 * `unknown`. A verdict never stands alone: beside it is its *bound*, what was covered, so that "holds for 5000 programs" and
 * "holds on all traces" can't be mistaken for each other, and `unknown` never turns into a pass.
 *
 * A *row* is one thing judged (an invariant, a scenario, a part of `verify`), an *outcome* what one engine has to say, a
 * *report* the JSON document that a verb prints.
 */
import { packageVersion } from './root.ts';

export type Verdict = 'holds' | 'violated' | 'unknown';

export interface Row {
  /** What was judged: the id of an invariant, the name of a part. */
  readonly id: string;
  readonly verdict: Verdict;
  /** A lemma carries the proofs of others and is no promise itself. Absent: what it says is promised. */
  readonly kind?: 'lemma';
  /** What was covered, in words: "12 steps; 3 sockets, 2 threads". */
  readonly bound: string;
  readonly seconds: number;
  /** How, where an engine has several ways: "bounded traces", "induction". */
  readonly method?: string;
  /** Path of the file that `sockref replay` takes; null unless the row has a failure to show. */
  readonly counterexample: string | null;
  /** For people, may have several lines: what was seen, what was allowed, the likely cause, why it is unknown. */
  readonly detail?: string;
  /** Where a failure is expected (a historical bug): was it found? */
  readonly found?: boolean;
  /** Of a claim: what comes out of it, where the verdict alone doesn't say. Absent: nothing did. */
  readonly answer?: 'proved' | 'refuted' | 'assumption' | 'inexpressible';
  /** Is that what was expected? */
  readonly expected?: boolean;
  /** Where it holds because something happens: a file that shows it, as a counterexample to its never happening. */
  readonly witness?: string;
  readonly figures?: Readonly<Record<string, number>>;
  /** Of a scenario whose coverage was asked for: ids of the rules of the specification that its schedules use. */
  readonly rules?: readonly string[];
}

/** Something of the specification that took no part in reaching the verdict: a rule never used, an action never fired. */
export interface Vacuous {
  readonly kind: 'rule' | 'action' | 'invariant' | 'promise' | 'answer';
  readonly id: string;
  /** Why it can't be exercised here, or "not reached by these runs". */
  readonly reason: string;
}

export interface Outcome {
  readonly verdict: Verdict;
  readonly bound: string;
  readonly results: readonly Row[];
  /** Plain numbers: runs, calls, callsPerSecond, states, … */
  readonly figures: Readonly<Record<string, number>>;
  readonly vacuous?: readonly Vacuous[];
}

/** The document of `--json`. */
export interface Report extends Outcome {
  readonly tool: 'sockref';
  readonly version: string;
  readonly verb: string;
}

/** The document of `--json` when nothing could be judged: bad usage, bad input, a fault of sockref itself. */
export interface Refusal {
  readonly tool: 'sockref';
  readonly version: string;
  readonly verb: string | null;
  readonly error: string;
  /** The option, or the field of the file, that is wrong. */
  readonly field?: string;
  readonly reason?: string;
  readonly suggestion?: string;
  /** What would have been understood in its place. */
  readonly known?: readonly string[];
}

/** Exit status: 0 holds, 1 violated, 2 usage or bad input, 3 unknown. */
export const EXIT = { holds: 0, violated: 1, usage: 2, unknown: 3 } as const;

export function exitStatus(verdict: Verdict): number {
  return EXIT[verdict];
}

const BADNESS: Readonly<Record<Verdict, number>> = { holds: 0, unknown: 1, violated: 2 };

/** The last line of a report: how to see it happen again. */
export function replayCommand(path: string): string {
  return `replay it: npx sockref replay ${path}`;
}

/** The worst of several: one violation decides, then one unknown. Of nothing at all nothing is known. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return verdicts.length === 0 ? 'unknown' : verdicts.reduce((a, b) => (BADNESS[b] > BADNESS[a] ? b : a));
}

export function report(verb: string, outcome: Outcome): Report {
  const { verdict, bound, results, figures, ...rest } = outcome;
  const rows = results.map((row) => ({ ...row, seconds: Number(row.seconds.toFixed(3)) }));
  return { tool: 'sockref', version: packageVersion(), verb, verdict, bound, results: rows, figures, ...rest };
}
