/**
 * The *table* is what people see of an outcome: one row per thing judged with verdict, bound and time; under a row that does
 * not hold, why, and the command that replays it. Colours only where the caller says so, and never alone: the words say it too.
 */
import { type Outcome, type Row, replayCommand, type Verdict } from '../verdict.ts';
import type { Export, Listing } from './verbs.ts';

/** Spaces before the lines that explain a row. */
export const INDENT = 6;

const COLOUR: Readonly<Record<Verdict, number>> = { holds: 32, violated: 31, unknown: 33 };

export function renderOutcome(verb: string, outcome: Outcome, colours: boolean): string {
  const widths = columnWidths(outcome.results);
  const lines = outcome.results.flatMap((row) => [
    `  ${row.id.padEnd(widths.id)}  ${paint(row.verdict, row.verdict.padEnd(8), colours)}  ${boundOf(row).padEnd(widths.bound)}  ${seconds(row.seconds)}`,
    ...explanation(row).map((line) => `${' '.repeat(INDENT)}${line}`),
  ]);
  const vacuous = outcome.vacuous ?? [];
  if (vacuous.length > 0) {
    lines.push('', `  not exercised (${vacuous.length}):`, ...vacuous.map((v) => `    ${v.kind} ${v.id}: ${v.reason}`));
  }
  return [...lines, renderEnd(verb, outcome, colours)].join('\n');
}

/** What stands at the end, whatever the table: figures, verdict and bound. */
export function renderEnd(verb: string, { figures, verdict, bound }: Outcome, colours: boolean): string {
  const numbers = Object.entries(figures).map(([name, value]) => `${name} ${number(value)}`);
  return [
    ...(numbers.length === 0 ? [] : ['', `  ${numbers.join(' · ')}`]),
    '',
    `sockref ${verb}: ${paint(verdict, verdict, colours)} (${bound})`,
    '',
  ].join('\n');
}

export function paint(verdict: Verdict, text: string, colours: boolean): string {
  return colours ? `\u001b[${COLOUR[verdict]}m${text}\u001b[0m` : text;
}

/** One name a line, with what it is; a heading before each kind. */
export function renderListing({ list }: Listing): string {
  const width = Math.max(0, ...list.map(({ id }) => id.length));
  const kinds = [...new Set(list.map(({ kind }) => kind))];
  return kinds
    .map((kind) => {
      const ofKind = list.filter((each) => each.kind === kind);
      return [`${kind} (${ofKind.length}):`, ...ofKind.map(({ id, text }) => `  ${id.padEnd(width)}  ${text}`), ''].join('\n');
    })
    .join('\n');
}

/** The text itself, so that it can be piped; where it went to files, which. */
export function renderExport({ exported: { format, what, files, text, figures } }: Export): string {
  if (text !== null) return text;
  const counted = Object.entries(figures).map(([name, value]) => `${name} ${number(value)}`);
  const where = files.length === 1 ? `${files[0]}` : `${files.length} files beside ${files[0]}`;
  return `sockref export: ${format} of ${what}: ${where}${counted.length === 0 ? '' : ` (${counted.join(' · ')})`}\n`;
}

/** Colours on a terminal that has them, unless NO_COLOR is set to anything (https://no-color.org). */
export function wantsColours(terminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  return terminal && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb';
}

function columnWidths(rows: readonly Row[]): { id: number; bound: number } {
  return {
    id: Math.max(0, ...rows.map((row) => row.id.length)),
    bound: Math.max(0, ...rows.map((row) => boundOf(row).length)),
  };
}

function boundOf(row: Row): string {
  const bound = row.kind === undefined ? row.bound : `${row.kind}, ${row.bound}`;
  return row.method === undefined ? bound : `${bound} (${row.method})`;
}

function explanation(row: Row): readonly string[] {
  const detail = row.detail === undefined || row.detail === '' ? [] : row.detail.split('\n');
  if (row.counterexample === null) return detail;
  const command = replayCommand(row.counterexample);
  return detail.at(-1) === command ? detail : [...detail, command];
}

function seconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

/** Thousands apart, at most two decimals. */
function number(value: number): string {
  return new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 }).format(value);
}
