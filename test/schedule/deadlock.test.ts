/** Each reason of a deadlock is found where it is planted, and programs that end have none. */
import { describe, expect, test } from 'vitest';
import { deadlockOf, waitingAt, type WordKnowledge } from '../../oracle/schedule/deadlock.ts';
import type { Program } from '../../oracle/schedule/program.ts';
import { traceOf } from '../../oracle/schedule/trace.ts';
import { constant, equals, futexMutex, type Line, local, makeFunction, makeProgram, threads } from './programs.ts';
import { executions } from './reference.ts';
import { describeProgram, mixture, smallProgram } from './small.ts';

const [CELL, FLAG, COUNT] = [1, 2, 3];

/** lock(at, me): the word is 0 or its owner. It sleeps as long as the owner is the same. */
const LOCK: readonly Line[] = [
  { door: 'compareExchange', args: [local(0), constant(0), local(1)], result: 2 },
  { unless: equals(local(2), constant(0)), goTo: 3 },
  { give: constant(0) },
  { door: 'wait', args: [local(0), local(2)] },
  { goTo: 0 },
];
const UNLOCK: readonly Line[] = [
  { door: 'store', args: [local(0), constant(0)] },
  { door: 'notify', args: [local(0), constant(1)] },
];

const FUNCTIONS = [
  makeFunction('lock', 2, 3, LOCK),
  makeFunction('unlock', 1, 1, UNLOCK),
  makeFunction('both', 3, 3, [
    { call: 0, args: [local(0), local(2)] },
    { call: 0, args: [local(1), local(2)] },
    { call: 1, args: [local(1)] },
    { call: 1, args: [local(0)] },
  ]),
  makeFunction('keep', 2, 2, [{ call: 0, args: [local(0), local(1)] }]),
  makeFunction('wait', 2, 2, [{ door: 'wait', args: [local(0), local(1)] }]),
  makeFunction('notify', 2, 2, [{ door: 'notify', args: [local(0), local(1)] }]),
  makeFunction('store', 2, 2, [{ door: 'store', args: [local(0), local(1)] }]),
  // Looks at the flag, then sleeps on the cell, which never changes.
  makeFunction('checkThenWait', 0, 1, [
    { door: 'load', args: [constant(FLAG)], result: 0 },
    { unless: equals(local(0), constant(0)), goTo: 3 },
    { door: 'wait', args: [constant(CELL), constant(0)] },
    { give: constant(0) },
  ]),
  makeFunction('setFlag', 0, 1, [
    { door: 'store', args: [constant(FLAG), constant(1)] },
    { door: 'notify', args: [constant(CELL), constant(1)] },
  ]),
  makeFunction('set', 2, 2, [
    { door: 'store', args: [constant(CELL), local(0)] },
    { door: 'notify', args: [constant(CELL), local(1)] },
  ]),
  // Until the cell is at least so much.
  makeFunction('until', 1, 2, [
    { door: 'load', args: [constant(CELL)], result: 1 },
    { unless: { op: 'binary', operator: '<', left: local(1), right: local(0) }, goTo: 4 },
    { door: 'wait', args: [constant(CELL), local(1)] },
    { goTo: 0 },
    { give: constant(0) },
  ]),
  makeFunction('forget', 0, 1, [{ door: 'waitAsync', args: [constant(4 * CELL), constant(0), constant(0)], cell: 'i32', result: 0 }]),
  makeFunction('await', 0, 1, [
    { door: 'waitAsync', args: [constant(4 * CELL), constant(0), constant(0)], cell: 'i32', result: 0 },
    { unless: equals(local(0), constant(-1)), goTo: 3 },
    { give: constant(0) },
    { door: 'settle', args: [local(0)] },
  ]),
  makeFunction('put', 0, 1, [
    { door: 'add', args: [constant(COUNT), constant(1)] },
    { door: 'notify', args: [constant(COUNT), constant(1)] },
  ]),
  // Takes one away from the count, or sleeps until it is not 0.
  makeFunction('take', 0, 1, [
    { door: 'load', args: [constant(COUNT)], result: 0 },
    { unless: equals(local(0), constant(0)), goTo: 4 },
    { door: 'wait', args: [constant(COUNT), constant(0)] },
    { goTo: 0 },
    { door: 'add', args: [constant(COUNT), constant(-1)] },
    { give: constant(0) },
  ]),
];

function program(...scripts: readonly (readonly (readonly [string, ...number[]])[])[]): Program {
  const agents = scripts.map((calls, n) => {
    const [first] = threads(...calls.slice(0, 1));
    if (first === undefined) throw new Error('an empty script');
    return { ...first, name: `T${n + 1}`, script: calls.map(([fn, ...args]) => ({ fn, args, label: `${fn}(${args.join(', ')})` })) };
  });
  return makeProgram(FUNCTIONS, 4, agents);
}

/** A lock's owner is the agent whose number plus 1 is in it. */
const OWNERS: WordKnowledge = { ownerOf: ({ value }) => value - 1, nameOf: (at) => `lock ${at >> 2}` };

/** The reasons of all the ways to end badly, most of them in one word. */
function reasons(of: Program, knowledge: WordKnowledge = {}): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { schedule } of executions(of, 'block')) found.add(deadlockOf(traceOf(of, schedule, 'block'), knowledge)?.id ?? 'none');
  return found;
}

function textOf(of: Program, schedule: readonly number[], knowledge: WordKnowledge = {}): string {
  return deadlockOf(traceOf(of, schedule, 'block'), knowledge)?.text ?? 'none';
}

describe('a deadlock', () => {
  test('of two locks taken crosswise is a cycle; without knowing the locks it is not called one', () => {
    const crosswise = program([['both', 1, 2, 1]], [['both', 2, 1, 2]]);
    expect(reasons(crosswise, OWNERS)).toEqual(new Set(['none', 'lock-cycle']));
    expect(reasons(crosswise)).toEqual(new Set(['none', 'deadlock']));
    expect(textOf(crosswise, [0, 1, 0, 0, 1, 1], OWNERS)).toBe(
      [
        'each waits for a lock that the next one holds',
        'T1 sleeps at lock.ts:4 (lock) on lock 2 since step 4: it is held by T2',
        'T2 sleeps at lock.ts:4 (lock) on lock 1 since step 6: it is held by T1',
      ].join('\n'),
    );
    expect(reasons(program([['both', 1, 2, 1]], [['both', 1, 2, 2]]), OWNERS)).toEqual(new Set(['none']));
  });

  test('of a lock that was never given back says who had it', () => {
    const kept = program([['keep', 1, 1]], [['keep', 1, 2]]);
    expect(reasons(kept, OWNERS)).toEqual(new Set(['deadlock']));
    expect(textOf(kept, [0, 1, 1], OWNERS)).toContain('on lock 1 since step 3: it is held by T1, who has ended with it in hand');
    const twice = program([['both', 1, 1, 1]]);
    expect(reasons(twice, OWNERS)).toEqual(new Set(['lock-cycle']));
  });

  test('of a lock whose owner sleeps for another reason has that reason', () => {
    const held = program(
      [
        ['keep', 2, 1],
        ['wait', 1, 0],
      ],
      [['keep', 2, 2]],
      [['store', 1, 1]],
    );
    const owners: WordKnowledge = { ownerOf: ({ at, value }) => (at === 8 ? value - 1 : null) };
    expect(reasons(held, owners)).toContain('missing-notify');
    expect(textOf(held, [0, 0, 1, 1, 2], owners)).toContain('held by T1');
  });

  test('is a lost wakeup where the waiter looked, then was notified, then slept', () => {
    const late = program([['checkThenWait']], [['setFlag']]);
    expect(reasons(late)).toEqual(new Set(['none', 'lost-wakeup']));
    expect(textOf(late, [0, 1, 1, 0])).toBe(
      [
        'a wakeup was lost',
        'T1 sleeps at checkThenWait.ts:3 (checkThenWait) on word 1 since step 4; the notify of T2 at step 3, setFlag.ts:2 (setFlag) came before, and T1 had not seen what it was for',
      ].join('\n'),
    );
    expect(reasons(program([['wait', 1, 0]], [['notify', 1, 1]]))).toEqual(new Set(['none', 'lost-wakeup']));
  });

  test('is a lost wakeup where one notify was to wake two', () => {
    const two = program([['until', 1]], [['until', 1]], [['set', 1, 1]]);
    expect(reasons(two)).toEqual(new Set(['none', 'lost-wakeup']));
    expect(reasons(program([['until', 1]], [['until', 1]], [['set', 1, 2]]))).toEqual(new Set(['none']));
  });

  test('is a missing notify where the word has changed and nobody said so', () => {
    const silent = program([['until', 1]], [['store', CELL, 1]]);
    expect(reasons(silent)).toEqual(new Set(['none', 'missing-notify']));
    expect(textOf(silent, [0, 0, 1])).toContain(
      'it expects 0, and the word is 1 since T2 at step 3, store.ts:1 (store); nobody has notified it since',
    );
    const early = program(
      [['until', 1]],
      [
        ['notify', CELL, 1],
        ['store', CELL, 1],
      ],
    );
    expect(reasons(early)).toEqual(new Set(['none', 'missing-notify']));
    expect(textOf(early, [1, 0, 0, 1])).toContain('the notify of T2 at step 1, notify.ts:1 (notify) came before the change');
  });

  test('is a swallowed notify where it went to a promise nobody awaits', () => {
    const stale = program([['forget'], ['until', 1]], [['set', 1, 1]]);
    expect(reasons(stale)).toEqual(new Set(['none', 'swallowed-notify']));
    expect(textOf(stale, [0, 0, 0, 1, 1])).toContain(
      'the notify of T2 at step 5, set.ts:2 (set) went to a promise of T1 that nobody awaits',
    );
    expect(reasons(program([['forget'], ['until', 1]], [['set', 1, 2]]))).toEqual(new Set(['none']));
    // One that is awaited had a use for it.
    expect(reasons(program([['await']], [['until', 1]], [['set', 1, 1]]))).toEqual(new Set(['none', 'lost-wakeup']));
  });

  test('is a swallowed notify where it went to one that looked and slept again', () => {
    const choosy = program([['until', 2]], [['until', 1]], [['set', 1, 1]]);
    expect(reasons(choosy)).toContain('swallowed-notify');
    expect(textOf(choosy, [0, 0, 1, 1, 2, 2, 0, 0])).toContain('went to T1, who went back to sleep at step 8, until.ts:3 (until)');
  });

  test('is nothing but that where what is waited for never happens', () => {
    expect(reasons(program([['wait', 1, 0]]))).toEqual(new Set(['deadlock']));
    // The second taker, or the second taking, waits for something that nobody puts; earlier notifies have nothing to do with it.
    expect(reasons(program([['put']], [['take'], ['take']]))).toEqual(new Set(['deadlock']));
  });

  test('is not where all threads end, and not where somebody can move', () => {
    expect(reasons(futexMutex(2, 1))).toEqual(new Set(['none']));
    expect(deadlockOf(traceOf(program([['wait', 1, 0]]), [], 'block'))).toBeNull();
    const actor = makeProgram(FUNCTIONS, 4, [
      { name: 'T1', kind: 'thread', script: [{ fn: 'store', args: [1, 1], label: 'store' }] },
      { name: 'clock', kind: 'actor', script: [{ fn: 'wait', args: [1, 1], label: 'wait' }] },
    ]);
    expect(deadlockOf(traceOf(actor, [0, 1], 'block'))).toBeNull();
    expect(deadlockOf(traceOf(actor, [1, 0], 'block'))).toBeNull();
  });

  test('a thread whose guard never holds is named', () => {
    const guarded = makeProgram(FUNCTIONS, 4, [
      { name: 'T1', kind: 'thread', script: [{ fn: 'store', args: [1, 1], label: 'store(1, 1)', guard: { word: 2, test: 'nonzero' } }] },
    ]);
    expect(textOf(guarded, [])).toContain('T1 may not begin store(1, 1) yet: its guard does not hold');
  });
});

test('of random programs every bad end has a reason, and the facts are so', () => {
  const found = new Map<string, number>();
  for (let seed = 1; seed <= 400; seed++) {
    const small = smallProgram(seed, { ...mixture(seed), futex: true, plain: 'locked', widths: seed % 3 === 0 });
    let count = 0;
    for (const { schedule, interpreter } of executions(small, 'block')) {
      if (++count > 40) break;
      const where = `seed ${seed}, schedule ${schedule.join(' ')}\n${describeProgram(small)}`;
      const trace = traceOf(small, schedule, 'block');
      const violation = deadlockOf(trace);
      expect(violation !== null, where).toBe(!interpreter.hasEnded());
      if (violation === null) continue;
      found.set(violation.id, (found.get(violation.id) ?? 0) + 1);
      const waiting = waitingAt(trace);
      expect(waiting.length, where).toBe(small.agents.filter((_, agent) => interpreter.status(agent) === 'blocked').length);
      for (const { agent, at, expected, value, since } of waiting) {
        expect(value, where).toBe(interpreter.words[at >> 2]);
        expect(
          interpreter.waiters().some((one) => one.agent === agent && one.at === at && one.expected === expected),
          where,
        ).toBe(true);
        expect([since.agent, since.from, since.before], where).toEqual([agent, at, expected]);
      }
      const [blamed] = waiting.filter(({ agent }) => agent === violation.agent);
      if (violation.id === 'missing-notify') expect(blamed?.value, where).not.toBe(blamed?.expected);
      if (violation.id === 'deadlock')
        expect(
          waiting.every(({ value, expected }) => value === expected),
          where,
        ).toBe(true);
    }
  }
  expect([...found.keys()].sort()).toEqual(['deadlock', 'lost-wakeup', 'missing-notify', 'swallowed-notify']);
});
