/**
 * A *standing* is where one goal stands in a proof for all traces: closed by one of the ways, broken by a trace, or neither, with what each
 * way had to say. It becomes a row; only what is closed for all traces holds.
 */
import { type Outcome, type Row, type Vacuous, worst } from '../verdict.ts';
import type { Goal } from './goals.ts';

/** How a goal is closed. */
export type Way = 'all states' | 'induction' | 'k-induction' | 'Spacer' | 'induction with lemmas that were found';

export interface Standing {
  readonly goal: Goal;
  /** Where it stands in the source; null for what no source says. */
  readonly place: string | null;
  closed: { readonly way: Way; readonly k: number | null } | null;
  broken: { readonly method: string; readonly steps: number; readonly file: string; readonly text: string } | null;
  /** No trace of so many steps breaks it. */
  followed: number;
  seconds: number;
  /** What the ways said that didn't close it, and a counterexample to induction: of no interest once one has. */
  readonly notes: string[];
  /** What is worth knowing also where it is closed. */
  readonly remarks: string[];
}

export function newStanding(goal: Goal, place: string | null): Standing {
  return { goal, place, closed: null, broken: null, followed: 0, seconds: 0, notes: [], remarks: [] };
}

/** `bounds`: whether a step breaks one. `distrust`: why nothing that would be closed may be believed. */
function rowOf(standing: Standing, bounds: Standing | undefined, distrust: string | null): Row {
  const { goal, place, closed, broken, seconds, notes, remarks, followed } = standing;
  const kind = goal.kind === 'lemma' ? { kind: 'lemma' as const } : {};
  const base = { id: goal.id, ...kind, seconds };
  if (broken !== null) {
    const { method, steps, file, text } = broken;
    const least = Math.min(steps, followed + 1);
    const at = place === null ? '' : ` (${place})`;
    const shown = steps === 0 ? 'it is false in the first state' : `steps that break it:\n${text}`;
    return {
      ...base,
      verdict: 'violated',
      method,
      bound:
        steps === 0
          ? 'broken in the first state'
          : `broken after ${steps} steps, and after no fewer${least < steps ? ` than ${least}` : ''}`,
      counterexample: file,
      detail: `${goal.kind === 'lemma' ? 'a lemma that is false' : goal.kind}${at}: ${shown}`,
      figures: { depth: steps, least },
    };
  }
  if (closed !== null && distrust === null) {
    const detail = remarks.length === 0 ? {} : { detail: remarks.join('\n') };
    const figures = closed.k === null ? {} : { figures: { k: closed.k } };
    return { ...base, verdict: 'holds', method: closed.way, bound: 'all traces', counterexample: null, ...detail, ...figures };
  }
  // Traces end with the step that breaks a bound.
  const isCut = goal.kind !== 'bounds' && bounds?.closed === null && followed > bounds.followed;
  const within = isCut ? ' that stays within the bounds of the model' : '';
  const why =
    distrust === null ? [...notes, ...remarks] : [`${distrust}; this is a fault of sockref, not of the model, and nothing is claimed`];
  return {
    ...base,
    verdict: 'unknown',
    method: 'none',
    bound: followed === 0 || distrust !== null ? 'not closed' : `not closed; no trace of up to ${followed} steps${within} breaks it`,
    counterexample: null,
    detail: why.length === 0 ? 'nobody got to it' : why.join('\n'),
  };
}

export interface Ended {
  /** Whose rows are wanted; null: of all, lemmas as well. A lemma that is false has one in any case. */
  readonly invariants: readonly string[] | null;
  readonly distrust: string | null;
  /** "3 sockets, 2 threads, design sockref" */
  readonly where: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly vacuous: readonly Vacuous[];
}

export function outcomeOf(standings: readonly Standing[], { invariants, distrust, where, figures, vacuous }: Ended): Outcome {
  const isShown = ({ goal, broken }: Standing): boolean =>
    goal.kind !== 'padding' && (invariants === null || invariants.includes(goal.id) || (goal.kind === 'lemma' && broken !== null));
  const bounds = standings.find(({ goal }) => goal.kind === 'bounds');
  const results = standings.filter(isShown).map((standing) => rowOf(standing, bounds, distrust));
  const verdict = worst(results.map((row) => row.verdict));
  const closed = results.filter((row) => row.verdict === 'holds').length;
  const lemmas = standings.filter(({ goal }) => goal.kind === 'lemma');
  return {
    verdict,
    bound: verdict === 'holds' ? `all traces; ${where}` : `${closed} of ${results.length} for all traces; ${where}`,
    results,
    figures: {
      invariants: results.filter(({ kind }) => kind !== 'lemma').length,
      lemmas: lemmas.length,
      lemmasClosed: distrust === null ? lemmas.filter((each) => each.closed !== null).length : 0,
      closed,
      ...figures,
    },
    // Of what doesn't hold nobody asks whether it was about anything.
    ...(vacuous.length === 0 || closed === 0 ? {} : { vacuous }),
  };
}
