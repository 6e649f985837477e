/**
 * A *finding* is what is known of one invariant so far, and becomes its row. What was shown up to a depth was shown of traces that stay
 * within the bounds of the model; where nobody knows that all of them do, the row says so.
 */
import type { Row, Verdict } from '../verdict.ts';

export interface Finding {
  readonly id: string;
  verdict: Verdict;
  method: 'none' | 'first state' | 'bounded traces' | 'induction' | 'random runs';
  /** Traces of this length and shorter keep it; where it is violated, the length of the one that breaks it. */
  depth: number;
  /** Where a random run breaks it: traces of this length and shorter keep it. */
  kept: number;
  everyDepth: boolean;
  seconds: number;
  counterexample: string | null;
  detail: string | null;
}

export function newFinding(id: string): Finding {
  return { id, verdict: 'unknown', method: 'none', depth: 0, kept: 0, everyDepth: false, seconds: 0, counterexample: null, detail: null };
}

/** What a row is about. */
export interface Setting {
  /** The longest trace that was asked for. */
  readonly depth: number;
  /** No trace of so many steps breaks a bound. */
  readonly boundsKept: number;
  /** "3 sockets, 2 threads, design sockref" */
  readonly where: string;
}

export function rowOf(finding: Finding, setting: Setting): Row {
  const row = {
    id: finding.id,
    verdict: finding.verdict,
    method: finding.method,
    bound: `${boundOf(finding, setting)}; ${setting.where}`,
    seconds: finding.seconds,
    counterexample: finding.counterexample,
    figures: { depth: finding.depth, ...(finding.method === 'random runs' ? { least: finding.kept + 1 } : {}) },
  };
  return finding.detail === null ? row : { ...row, detail: finding.detail };
}

/** Of all rows together. */
export function boundOfAll(findings: readonly Finding[], setting: Setting): string {
  const { depth, where } = setting;
  if (findings.every(({ everyDepth }) => everyDepth)) return `all traces (depth ${depth} and any other, by induction); ${where}`;
  const least = findings.filter(({ everyDepth }) => !everyDepth);
  return `up to depth ${depth}${least.some((finding) => isCut(finding, setting)) ? WITHIN : ''}; ${where}`;
}

const WITHIN = ', traces that stay within the bounds of the model';

function boundOf(finding: Finding, setting: Setting): string {
  const { verdict, method, everyDepth, depth, kept } = finding;
  if (method === 'first state') return 'broken in the first state';
  if (verdict === 'violated') {
    return `broken after ${depth} steps, ${method === 'random runs' ? `in a random run, and after no fewer than ${kept + 1}` : 'and after no fewer'}`;
  }
  if (everyDepth) return `all traces (depth ${setting.depth} and any other)`;
  const within = isCut(finding, setting) ? WITHIN : '';
  return verdict === 'holds' ? `depth ${depth}${within}` : `depth ${depth} of ${setting.depth}${within}`;
}

/** Whether traces that break a bound before this depth may have been passed over. */
function isCut({ verdict, everyDepth, depth }: Finding, { boundsKept }: Setting): boolean {
  return verdict !== 'violated' && !everyDepth && depth > boundsKept;
}
