/** A schedule that nobody can read explains nothing: who, what, where, in which order, and what was left out. */
import { describe, expect, it } from 'vitest';
import { renderLanes, wrap } from '../../oracle/report/lanes.ts';
import type { AccessEvent, Trace, TraceEvent } from '../../oracle/report/trace.ts';

let step = 0;
function access(agent: number, operation: string, what: string, more: Partial<AccessEvent> = {}): AccessEvent {
  return {
    kind: 'access',
    agent,
    step: ++step,
    operation,
    what,
    shared: false,
    read: null,
    written: null,
    lock: null,
    waits: null,
    plain: false,
    place: { file: 'impl/kern/socket.ts', line: 100 + step, fn: 'sofree' },
    ...more,
  };
}
const call = (agent: number, text: string, model: string | null = null): TraceEvent => ({ kind: 'call', agent, text, model });
const back = (agent: number, text: string, model: string | null = null): TraceEvent => ({ kind: 'return', agent, text, model });

function example(): Trace {
  step = 0;
  const quiet = (agent: number, count: number): readonly AccessEvent[] =>
    Array.from({ length: count }, (_, n) => access(agent, 'load', `word ${n}`, { read: '0' }));
  return {
    agents: ['closer', 'wire'],
    events: [
      call(0, 'close(fd 3)'),
      access(0, 'compareExchange', 'accept_mtx', { lock: 'lock', shared: true }),
      ...quiet(0, 20),
      access(0, 'store', 'so_state of socket 1', { shared: true, read: '0', written: 'NOFDREF' }),
      call(1, 'deliver()'),
      access(1, 'compareExchange', 'accept_mtx', { lock: 'contend', shared: true, read: 'held by closer' }),
      access(1, 'wait', 'accept_mtx', { read: 'held by closer', waits: 'sleeps until accept_mtx is notified' }),
      ...quiet(0, 9),
      access(0, 'exchange', 'accept_mtx', { lock: 'unlock', shared: true }),
      back(0, '0', 'allowed: 0'),
      access(1, 'panic', 'SOFREE_COMP about socket 1'),
    ],
    violation: { id: 'panic-sofree-comp', agent: 1, text: 'the listener was freed with a connection on its queue' },
  };
}

describe('a schedule', () => {
  it('has a column for each agent, and folds what concerns only one', () => {
    expect(renderLanes(example())).toBe(`\
         closer                                                 wire
         ┌ close(fd 3)
       … │ 21 accesses: sofree; holds accept_mtx
      22 │ so_state of socket 1: 0 → NOFDREF
         │ impl/kern/socket.ts:122
  »      ┆                                                      ┌ deliver()
      23 ┆                                                      │ accept_mtx is taken: held by closer
         ┆                                                      │ impl/kern/socket.ts:123
      24 ┆                                                      │ wait on accept_mtx, which is held by closer
         ┆                                                      │ impl/kern/socket.ts:124
         ┆                                                      │ sleeps until accept_mtx is notified
  »   25 │ word 0 is 0  impl/kern/socket.ts:125                 ┆
       … │ 7 accesses: sofree                                   ┆
      33 │ word 8 is 0  impl/kern/socket.ts:133                 ┆
      34 │ unlock accept_mtx  impl/kern/socket.ts:134           ┆
         └ 0                                                    ┆
         specification: allowed: 0
  ✗   35                                                        │ panic SOFREE_COMP about socket 1
                                                                │ impl/kern/socket.ts:135
breaks panic-sofree-comp by wire, after 35 steps, 3 context switches
the listener was freed with a connection on its queue`);
  });

  it('loses no step and no text, however narrow the page', () => {
    for (const width of [40, 60, 80, 120, 200]) {
      const text = renderLanes(example(), { width, colours: false });
      const told = [...text.matchAll(/^ {2}[ »✗] +(\d+) /gm)].length;
      const folded = [...text.matchAll(/(\d+) accesses:/g)].reduce((sum, [, count]) => sum + Number(count), 0);
      expect(told + folded).toBe(35);
      expect(text.replaceAll(/[\s┆│]+/g, '')).toContain('sleepsuntilaccept_mtxisnotified');
      for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(width);
    }
  });

  it('is coloured only when asked to', () => {
    expect(renderLanes(example(), { width: 120, colours: false })).not.toContain('\u001b');
    const painted = renderLanes(example(), { width: 120, colours: true });
    expect(painted).toContain('\u001b[36m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    expect(painted.replaceAll(/\u001b\[\d+m/g, '').replaceAll(/ +$/gm, '')).toBe(renderLanes(example()));
  });

  it('says which locks a folded run leaves taken', () => {
    step = 0;
    const events = [
      ...Array.from({ length: 3 }, () => access(0, 'load', 'word 1', { read: '1' })),
      access(0, 'compareExchange', 'accept_mtx', { lock: 'lock' }),
      access(0, 'compareExchange', 'filedesc_mtx', { lock: 'lock' }),
      access(0, 'exchange', 'filedesc_mtx', { lock: 'unlock' }),
      access(0, 'exchange', 'handle_mtx', { lock: 'unlock' }),
      ...Array.from({ length: 6 }, () => access(0, 'load', 'word 1', { read: '1' })),
    ];
    const text = renderLanes({ agents: ['one'], events, violation: null });
    expect(text).toContain('8 accesses: sofree; holds accept_mtx; gives back handle_mtx');
    expect(text).toContain('13 steps, 0 context switches');
  });

  it('without a single step is still a page', () => {
    expect(renderLanes({ agents: [], events: [], violation: null })).toBe('\n0 steps, 0 context switches');
  });
});

describe('wrapping', () => {
  it.each([
    ['', 5, ['']],
    ['one two three', 7, ['one two', 'three']],
    ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
    ['a abcdefghij', 4, ['a', 'abcd', 'efgh', 'ij']],
  ])('%j at %i', (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
  });
});
