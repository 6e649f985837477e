/**
 * *Lanes*: a schedule on two axes. Each agent has a column, each step a row, so that who did what while whom else was in the middle of
 * something is seen by looking down the page. A call opens a bracket in its column and the return closes it. Runs of steps that
 * only one agent cares for are folded into one row; what is kept are calls and returns, accesses to what agents share, waiting and
 * waking, the first and the last step before another agent takes over, and the end.
 *
 *      12  │ lock accept_mtx                 ┆
 *       …  │ 31 accesses: soclose … sofree   ┆            folded
 *   »   44 ┆                                 ┌ accept(fd 0)     » another agent takes over
 *   ✗   45 ┆                                 │ panic …          the step that breaks it
 *   ↻                                                           a loop begins, and its last step leads back to here
 */
import type { AccessEvent, Display, Trace, TraceEvent } from './trace.ts';
import { switchesOf } from './trace.ts';

/** What a report that nobody looks at on a terminal is made for. */
export const PLAIN: Display = { width: 120, colours: false };

/** Steps before the end that are always told. */
const LAST_STEPS = 4;
/** A loop of at most so many steps is told step by step. */
const SHORT_LOOP = 60;
/** A run shorter than this is told step by step: folding would save nothing. */
const SHORTEST_FOLD = 3;
/** "  » 1234  " before the first column. */
const MARGIN = 9;
const NARROWEST_COLUMN = 12;
const COLOURS = [36, 33, 35, 32, 34, 31];

export function renderLanes(trace: Trace, display: Display = PLAIN): string {
  const width = columnWidth(trace, display.width);
  const painter = new Painter(trace, display, width);
  const rows = fold(trace);
  for (const [index, row] of rows.entries()) painter.row(row, index === rows.length - 1);
  return [painter.header(), ...painter.lines, ...ending(trace, display)].join('\n');
}

/** One row of the page: an event, or a run of steps of one agent. */
type LaneRow =
  | { readonly kind: 'event'; readonly event: TraceEvent }
  | { readonly kind: 'loop'; readonly step: number }
  | { readonly kind: 'run'; readonly agent: number; readonly steps: readonly AccessEvent[] };

/** Which steps are told, and which are folded with their neighbours. */
function fold({ events, loop = Number.POSITIVE_INFINITY }: Trace): readonly LaneRow[] {
  const begin = events.findIndex((event) => event.kind === 'access' && event.step >= loop);
  const isWhole = begin >= 0 && events.length - begin <= SHORT_LOOP;
  const rows: LaneRow[] = [];
  let run: AccessEvent[] = [];
  const flush = (): void => {
    const [first] = run;
    if (first !== undefined && run.length >= SHORTEST_FOLD) rows.push({ kind: 'run', agent: first.agent, steps: run });
    else rows.push(...run.map((event): LaneRow => ({ kind: 'event', event })));
    run = [];
  };
  for (const [index, event] of events.entries()) {
    if (index === begin) {
      flush();
      rows.push({ kind: 'loop', step: loop });
    }
    if (event.kind === 'access' && !(isWhole && index >= begin) && !isTold(events, index, event)) {
      run.push(event);
      continue;
    }
    flush();
    rows.push({ kind: 'event', event });
  }
  flush();
  return rows;
}

function isTold(events: readonly TraceEvent[], index: number, event: AccessEvent): boolean {
  if (index >= events.length - LAST_STEPS) return true;
  if (event.waits !== null || event.lock === 'contend' || ['wait', 'notify', 'timeout', 'panic'].includes(event.operation)) return true;
  // Who holds a lock matters where another agent takes over, and these steps are told anyway.
  if (event.shared && event.lock === null) return true;
  return events[index - 1]?.agent !== event.agent || events[index + 1]?.agent !== event.agent;
}

function columnWidth(trace: Trace, width: number): number {
  return Math.max(NARROWEST_COLUMN, Math.floor((width - MARGIN) / Math.max(1, trace.agents.length)) - 1);
}

/** Draws rows, and knows which agents are in the middle of a call. */
class Painter {
  readonly lines: string[] = [];
  private readonly trace: Trace;
  private readonly display: Display;
  private readonly width: number;
  private readonly inCall: boolean[];
  private lastAgent = -1;

  constructor(trace: Trace, display: Display, width: number) {
    this.trace = trace;
    this.display = display;
    this.width = width;
    this.inCall = trace.agents.map(() => false);
  }

  header(): string {
    return `${' '.repeat(MARGIN)}${this.trace.agents.map((name, agent) => this.paint(agent, pad(shorten(name, this.width), this.width))).join(' ')}`.trimEnd();
  }

  row(row: LaneRow, last: boolean): void {
    if (row.kind === 'run') {
      this.line(row.agent, '…', runText(row.steps));
      return;
    }
    if (row.kind === 'loop') {
      this.lines.push(`${'↻'.padStart(3)} ${''.padStart(MARGIN - 5)} the loop begins: from step ${row.step} on, again and again`);
      return;
    }
    const { event } = row;
    switch (event.kind) {
      case 'call':
        this.line(event.agent, '', event.text, '┌');
        this.inCall[event.agent] = true;
        this.model(event.model);
        return;
      case 'return':
        this.inCall[event.agent] = false;
        this.line(event.agent, '', event.text, '└');
        this.model(event.model);
        return;
      case 'access': {
        const { violation, loop } = this.trace;
        const broken = last && violation !== null && loop === undefined && [event.agent, -1].includes(violation.agent);
        // Plain accesses are part of the step whose number stands above.
        this.line(event.agent, event.plain ? '·' : String(event.step), accessText(event), undefined, broken);
        if (event.waits !== null) this.line(event.agent, '', event.waits);
        return;
      }
    }
  }

  /** Text in the column of an agent, over as many lines as it needs. */
  private line(agent: number, number: string, text: string, bracket?: string, broken = false): void {
    const mark = broken ? '✗' : this.lastAgent >= 0 && agent !== this.lastAgent ? '»' : ' ';
    this.lastAgent = agent;
    const parts = wrap(text, this.width - 2);
    for (const [index, part] of parts.entries()) {
      const lanes = this.trace.agents.map((_, lane) => {
        const rail = this.inCall[lane] === true ? '│' : ' ';
        if (lane !== agent) return pad(this.inCall[lane] === true ? '┆' : '', this.width);
        return this.paint(lane, pad(`${index === 0 ? (bracket ?? rail) : rail} ${part}`, this.width));
      });
      const margin = index === 0 ? `${mark.padStart(3)} ${number.padStart(MARGIN - 5)} ` : ' '.repeat(MARGIN);
      this.lines.push(`${margin}${lanes.join(' ')}`.trimEnd());
    }
  }

  private model(text: string | null): void {
    if (text === null) return;
    for (const part of wrap(`specification: ${text}`, this.display.width - MARGIN)) this.lines.push(`${' '.repeat(MARGIN)}${part}`);
  }

  private paint(agent: number, text: string): string {
    return this.display.colours ? `\u001b[${COLOURS[agent % COLOURS.length]}m${text}\u001b[0m` : text;
  }
}

function accessText(event: AccessEvent): string {
  const place = `${event.place.file}:${event.place.line}`;
  return `${doing(event)}  ${place}`;
}

function doing({ operation, what, read, written, lock }: AccessEvent): string {
  if (lock === 'contend') return `${what} is taken${read === null ? '' : `: ${read}`}`;
  if (lock !== null) return `${lock} ${what}`;
  switch (operation) {
    case 'wait':
      return `wait on ${what}${read === null ? '' : `, which is ${read}`}`;
    case 'notify':
      return `notify ${what}${read === null ? '' : `: ${read}`}`;
    case 'timeout':
      return `time is up: ${what}`;
    case 'panic':
      return `panic ${what}`;
    default:
  }
  if (written === null) return `${what} is ${read ?? '?'}`;
  return read === null ? `${what} := ${written}` : `${what}: ${read} → ${written}`;
}

/** "31 accesses: mtx_lock … sofree; holds accept_mtx; gives back so_rcv of socket 1". */
function runText(steps: readonly AccessEvent[]): string {
  const functions = distinct(steps.map(({ place }) => place.fn));
  const shown = functions.length > 3 ? `${functions[0]} … ${functions.at(-1)}` : functions.join(', ');
  const locks = (kind: 'lock' | 'unlock'): readonly string[] => distinct(steps.filter(({ lock }) => lock === kind).map(({ what }) => what));
  // A lock that was taken and given back again within the run is nobody else's business.
  const kept = locks('lock').filter((name) => lastUse(steps, name) === 'lock');
  const left = locks('unlock').filter((name) => firstUse(steps, name) === 'unlock');
  return [
    `${steps.length} accesses: ${shown}`,
    ...(kept.length === 0 ? [] : [`holds ${kept.join(', ')}`]),
    ...(left.length === 0 ? [] : [`gives back ${left.join(', ')}`]),
  ].join('; ');
}

function lastUse(steps: readonly AccessEvent[], what: string): AccessEvent['lock'] {
  return [...steps].reverse().find((step) => step.what === what && step.lock !== null)?.lock ?? null;
}

function firstUse(steps: readonly AccessEvent[], what: string): AccessEvent['lock'] {
  return steps.find((step) => step.what === what && step.lock !== null)?.lock ?? null;
}

function ending(trace: Trace, { width }: Display): readonly string[] {
  const { steps, switches } = switchesOf(trace);
  const counted = `${steps} step${steps === 1 ? '' : 's'}, ${switches} context switch${switches === 1 ? '' : 'es'}`;
  if (trace.violation === null) return [counted];
  const { id, agent, text } = trace.violation;
  const who = agent < 0 ? '' : ` by ${trace.agents[agent] ?? `agent ${agent}`}`;
  return [...wrap(`breaks ${id}${who}, after ${counted}`, width), ...text.split('\n').flatMap((line) => wrap(line, width))];
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

/** Breaks a text at spaces into lines of at most so many characters; a longer word is broken where the line ends. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    let rest = word;
    if (line !== '' && [...line].length + 1 + [...rest].length > width) {
      lines.push(line.trimEnd());
      line = '';
    } else if (line !== '') {
      line += ' ';
    }
    while ([...rest].length > width) {
      lines.push([...rest].slice(0, width).join(''));
      rest = [...rest].slice(width).join('');
    }
    line += rest;
  }
  return [...lines, line.trimEnd()];
}

function shorten(text: string, width: number): string {
  return [...text].length <= width ? text : `${[...text].slice(0, width - 1).join('')}…`;
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - [...text].length));
}
