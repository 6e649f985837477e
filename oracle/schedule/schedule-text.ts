/**
 * A schedule *for people*: threads as columns, steps as rows, with what each access found and left, where it stands in the source, and
 * why it goes no further.
 */
import type { Violation } from './program.ts';
import type { Subject } from './subject.ts';
import { agentName, type Granularity, placeName, type TraceEvent, traceOf } from './trace.ts';

/** An access that a schedule makes. */
export interface ScheduleStep {
  readonly thread: string;
  /** In words: "compareExchange cells[0] 0 → 1". */
  readonly access: string;
  /** "src/mutex.ts:12 (lock)" */
  readonly place: string;
}

export function scheduleSteps(subject: Subject, schedule: readonly number[], granularity: Granularity): readonly ScheduleStep[] {
  const { program } = subject;
  return traceOf(program, schedule, granularity).events.map((event) => ({
    thread: agentName(program, event.agent),
    access: accessText(subject, event),
    place: placeName(event),
  }));
}

/** Rows at most: a loop that spins makes a hundred thousand. */
const MOST_ROWS = 400;
const FIRST_ROWS = 40;

/** `loop`: of a livelock, how many transitions lead to where its loop begins. */
export function scheduleText(
  subject: Subject,
  schedule: readonly number[],
  granularity: Granularity,
  violation: Violation,
  loop: number | null = null,
): string {
  const { program } = subject;
  const { events } = traceOf(program, schedule, granularity);
  const names = program.agents.map((_, agent) => agentName(program, agent));
  const left = events.length - MOST_ROWS;
  const told = left <= 0 ? events : [...events.slice(0, FIRST_ROWS), ...events.slice(FIRST_ROWS + left)];
  const rows = told.map((event, n) => ({
    agent: event.agent,
    text: accessText(subject, event),
    place: placeName(event),
    // Plain accesses belong to the step before them.
    margin: event.step < 0 ? '' : told[n - 1]?.step === event.step ? '' : String(event.step + 1),
  }));
  const widths = names.map((name, agent) =>
    rows.reduce((most, row) => (row.agent === agent ? Math.max(most, row.text.length) : most), name.length),
  );
  const line = (margin: string, cells: readonly string[], place: string): string =>
    `${margin.padStart(5)}  ${cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join('  ')}  ${place}`.trimEnd();
  const lines = rows.map(({ agent, text, place, margin }) =>
    line(
      margin,
      names.map((_, n) => (n === agent ? text : '')),
      place,
    ),
  );
  const begins = loop === null ? -1 : told.findIndex(({ step }) => step >= loop);
  if (begins >= 0) lines.splice(begins, 0, line('↻', ['the loop begins'], ''));
  if (left > 0)
    lines.splice(FIRST_ROWS + (begins >= 0 && begins <= FIRST_ROWS ? 1 : 0), 0, line('…', [`${left.toLocaleString('en')} more`], ''));
  const who = violation.agent < 0 ? '' : `${names[violation.agent]}: `;
  return [`${subject.name}: ${violation.id}`, line('', names, ''), ...lines, `${who}${violation.text}`].join('\n');
}

const VERBS: Readonly<Partial<Record<TraceEvent['door'], string>>> = {
  get: 'read',
  getByte: 'read',
  put: 'write',
  putByte: 'write',
  waitFor: 'wait',
  'time-out': 'timed out',
};

function accessText({ nameOf }: Subject, { door, from, bytes, before, after, result, args, reads, writes, woken }: TraceEvent): string {
  const verb = VERBS[door] ?? door;
  if (door === 'settle') return result === null ? 'await: blocks' : 'await';
  if (door === 'copy') return `copy ${bytes} bytes to ${nameOf(from)}`;
  const what = `${verb} ${nameOf(from)}`;
  if (door === 'notify') return `${what}: wakes ${woken.length}`;
  if (door === 'wait' || door === 'waitFor') return `${what} while ${args[1]}: ${result === null ? 'sleeps' : `is ${before}`}`;
  if (door === 'waitAsync') return `${what} while ${args[1]}: ${(result ?? -1) < 0 ? `is ${before}` : 'joins the list'}`;
  if (reads && writes) return `${what}: ${before} → ${after}`;
  if (writes) return `${what} = ${after}`;
  return reads ? `${what}: ${before}` : what;
}
