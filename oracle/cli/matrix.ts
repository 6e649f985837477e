/**
 * A *matrix* is how people see what was judged for several designs: a line for each invariant, a column for each design. A cell says
 *   proved       no trace of any length breaks it
 *   all states  no state of the small configurations breaks it, by runs of any length
 *   refuted 9    a trace of nine steps breaks it, and no shorter one; ≤9: a shorter one may
 *   bounded 6    no trace of six steps or fewer breaks it; nobody knows about longer ones
 *   unknown      nobody knows
 * Below stand the commands that replay what is refuted, and why something is unknown. The document of `--json` has a row for each cell.
 */
import type { Outcome, Row } from '../verdict.ts';
import { replayCommand } from '../verdict.ts';
import { paint, renderEnd } from './table.ts';

/** The id of the row for an invariant of a design. */
export function cellId(invariant: string, design: string): string {
  return `${invariant}@${design}`;
}

export function designOf({ id }: Row): string {
  return id.slice(id.lastIndexOf('@') + 1);
}

function invariantOf({ id }: Row): string {
  return id.slice(0, id.lastIndexOf('@'));
}

export function renderMatrix(verb: string, outcome: Outcome, colours: boolean): string {
  const { results, vacuous = [] } = outcome;
  const designs = [...new Set(results.map(designOf))];
  const invariants = [...new Set(results.map(invariantOf))];
  const cells = new Map(results.map((row) => [row.id, row]));
  const width = Math.max(0, ...invariants.map(({ length }) => length));
  const widths = designs.map((design) =>
    Math.max(design.length, ...results.filter((row) => designOf(row) === design).map((row) => cellText(row).length)),
  );
  const line = (first: string, rest: readonly string[]): string => `  ${[first.padEnd(width), ...rest].join('  ').trimEnd()}`;
  const cell = (invariant: string, design: string, at: number): string => {
    const row = cells.get(cellId(invariant, design));
    const text = (row === undefined ? '' : cellText(row)).padEnd(widths[at] ?? 0);
    return row === undefined ? text : paint(row.verdict, text, colours);
  };
  return [
    line(
      '',
      designs.map((design, at) => design.padEnd(widths[at] ?? 0)),
    ),
    ...invariants.map((invariant) =>
      line(
        invariant,
        designs.map((design, at) => cell(invariant, design, at)),
      ),
    ),
    ...below(results.filter(({ verdict }) => verdict === 'violated').map((row) => [row.id, replayCommandOf(row)])),
    ...below(designs.flatMap((design) => reasons(results.filter((row) => designOf(row) === design)).map((why) => [design, why] as const))),
    ...(vacuous.length === 0 ? [] : ['', `  not exercised: ${vacuous.length}; --json lists them`]),
    renderEnd(verb, outcome, colours),
  ].join('\n');
}

function cellText({ verdict, method, figures }: Row): string {
  const { depth = 0, least = depth } = figures ?? {};
  if (verdict === 'violated') return `refuted ${least < depth ? '≤' : ''}${depth}`;
  if (verdict === 'holds' && method === 'induction') return 'proved';
  if (verdict === 'holds' && method === 'all states') return 'all states';
  return depth > 0 ? `bounded ${depth}` : 'unknown';
}

function replayCommandOf({ counterexample }: Row): string {
  return counterexample === null ? '' : replayCommand(counterexample);
}

/** Why cells of a design are unknown: mostly all for one reason. */
function reasons(rows: readonly Row[]): readonly string[] {
  return [...new Set(rows.filter(({ verdict }) => verdict === 'unknown').map(({ detail }) => detail ?? 'not decided'))];
}

/** An empty line, and what is said of each, in columns; nothing of nothing. */
function below(said: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(0, ...said.map(([of]) => of.length));
  return said.length === 0 ? [] : ['', ...said.map(([of, text]) => `  ${of.padEnd(width)}  ${text}`)];
}
