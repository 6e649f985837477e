/** What is told of a schedule must be what happened: each call where it begins and ends, each value as it was, who woke whom. */
import { describe, expect, it } from 'vitest';
import { tell } from '../../oracle/report/telling.ts';
import type { AccessEvent, TraceEvent } from '../../oracle/report/trace.ts';
import { NO_NAMES } from '../../oracle/report/words.ts';
import type { Program } from '../../oracle/schedule/program.ts';
import { traceOf } from '../../oracle/schedule/trace.ts';
import { constant, fetchAdds, makeFunction, makeProgram, threads } from '../schedule/programs.ts';

function events(program: Program, schedule: readonly number[], granularity: 'block' | 'access' = 'block'): readonly TraceEvent[] {
  const run = traceOf(program, schedule, granularity);
  return tell(run, null, { names: NO_NAMES, result: (_, result) => `= ${result}` }).events;
}

/** "T1 call adds()", "T1 add word 1: 0 → 1". */
function line(event: TraceEvent): string {
  const who = `T${event.agent + 1}`;
  if (event.kind !== 'access') return `${who} ${event.kind} ${event.text}`;
  const { operation, what, read, written } = event;
  return `${who} ${operation} ${what}${read === null ? '' : `: ${read}`}${written === null ? '' : ` → ${written}`}`;
}

const accesses = (told: readonly TraceEvent[]): readonly AccessEvent[] => told.filter((event) => event.kind === 'access');

describe('a schedule', () => {
  it('is told with calls, values and returns in the order in which they came', () => {
    expect(events(fetchAdds(2, 2), [0, 1, 1, 0]).map(line)).toEqual([
      'T1 call adds()',
      'T1 add word 1: 0 → 1',
      'T2 call adds()',
      'T2 add word 1: 1 → 2',
      'T2 add word 1: 2 → 3',
      'T2 return = 3',
      'T1 add word 1: 3 → 4',
      'T1 return = 3',
    ]);
  });

  it('marks where an agent finds what another has written, and only there', () => {
    const told = accesses(events(fetchAdds(2, 2), [0, 1, 1, 0]));
    expect(told.map(({ shared }) => shared)).toEqual([false, true, false, true]);
    expect(told.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  });

  it('says who sleeps, who wakes whom, and lets the woken return where it was woken', () => {
    const functions = [
      makeFunction('sleep', 0, 0, [{ door: 'wait', args: [constant(1), constant(0)] }, { give: constant(7) }]),
      makeFunction('wake', 0, 0, [
        { door: 'put', args: [constant(2), constant(5)] },
        { door: 'notify', args: [constant(1), constant(1)] },
        { door: 'load', args: [constant(3)] },
      ]),
    ];
    const program = makeProgram(functions, 4, threads(['sleep'], ['wake']));
    const told = events(program, [0, 1, 1]);
    expect(told.map(line)).toEqual([
      'T2 call wake()',
      'T2 put word 2: 0 → 5',
      'T1 call sleep()',
      'T1 wait word 1: 0',
      'T2 notify word 1: wakes T1',
      'T1 return = 7',
      'T2 load word 3: 0',
      'T2 return = 0',
    ]);
    expect(accesses(told).map(({ waits, plain, step }) => [waits, plain, step])).toEqual([
      [null, true, 0],
      ['sleeps until word 1 is notified', false, 1],
      [null, false, 2],
      [null, false, 3],
    ]);
  });
});
