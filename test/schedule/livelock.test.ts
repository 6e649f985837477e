/**
 * Livelocks: those that are there are found, with a loop that closes and is fair; where everybody who goes round waits for one who is not
 * let, or all ends, nothing is said. Random programs are held against a search that shares nothing with this one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type ExploreRequest, type ExploreResult, explore } from '../../oracle/index.ts';
import { StepLog } from '../../oracle/schedule/acyclic.ts';
import { NO_LIMITS } from '../../oracle/schedule/exploration.ts';
import { judge as judgeTarget, type Request } from '../../oracle/schedule/judgement.ts';
import { listScenarios } from '../../oracle/schedule/index.ts';
import { SCENARIOS } from '../../oracle/schedule/kernel/scenarios.ts';
import { lassoOf } from '../../oracle/schedule/lasso.ts';
import { LITMUS } from '../../oracle/schedule/litmus.ts';
import { Machine } from '../../oracle/schedule/machine.ts';
import { states } from '../../oracle/schedule/strategies/states.ts';
import { StateTable } from '../../oracle/schedule/table.ts';
import { litmusTarget } from '../../oracle/schedule/targets/litmus.ts';
import { pristineTarget } from '../../oracle/schedule/targets/pristine.ts';
import { enough } from '../campaign.ts';
import { exploring } from './exploring.ts';
import { bruteForce, type Code, keyOf, programOf, randomCode, startOf, stepped } from './livelock-brute.ts';

const QUICK = new Set(listScenarios().flatMap(({ id, quick }) => (quick === true ? [id] : [])));
const out = mkdtempSync(join(tmpdir(), 'livelock-'));
afterAll(() => rmSync(out, { recursive: true }));

const SOURCE = `
export function yielding(cells: Int32Array, mine: number, threads: number): void {
  for (;;) {
    Atomics.store(cells, mine, 1);
    let others = 0;
    for (let other = 0; other < threads; other++) if (other !== mine) others += Atomics.load(cells, other);
    if (others === 0) break;
    Atomics.store(cells, mine, 0);
  }
  Atomics.store(cells, mine, 0);
}
export function add(cells: Int32Array, at: number, times: number): void {
  for (let i = 0; i < times; i++) Atomics.add(cells, at, 1);
}
export function spin(cells: Int32Array, at: number): void { while (Atomics.load(cells, at) === 0); }
export function set(cells: Int32Array, at: number): void { Atomics.store(cells, at, 1); }
export function handBack(cells: Int32Array, mine: number): void {
  while (Atomics.load(cells, 1) === 0) {
    Atomics.store(cells, 0, mine);
    Atomics.notify(cells, 0, 1);
    Atomics.wait(cells, 0, mine);
  }
}
export function poll(cells: Int32Array): void { while (Atomics.load(cells, 0) === 0) Atomics.wait(cells, 1, 0, 10); }
export function setLater(cells: Int32Array): void {
  Atomics.wait(cells, 1, 0, 10);
  Atomics.store(cells, 0, 1);
}
export function spinLock(cells: Int32Array, times: number): void {
  for (let i = 0; i < times; i++) {
    while (Atomics.compareExchange(cells, 0, 0, 1) !== 0);
    cells[1]++;
    Atomics.store(cells, 0, 0);
  }
}
export function ticketLock(cells: Int32Array, times: number): void {
  for (let i = 0; i < times; i++) {
    const ticket = Atomics.add(cells, 0, 1);
    while (Atomics.load(cells, 1) !== ticket);
    cells[2]++;
    Atomics.store(cells, 1, ticket + 1);
  }
}
export function retry(cells: Int32Array, times: number): void {
  for (let i = 0; i < times; i++) {
    let seen = Atomics.load(cells, 0);
    while (Atomics.compareExchange(cells, 0, seen, seen + 1) !== seen) seen = Atomics.load(cells, 0);
  }
}
export function ringPut(cells: Int32Array, items: number): void {
  for (let i = 0; i < items; i++) {
    while (Atomics.load(cells, 0) - Atomics.load(cells, 1) === 1);
    cells[2] = i;
    Atomics.store(cells, 0, i + 1);
  }
}
export function ringTake(cells: Int32Array, items: number): void {
  for (let i = 0; i < items; i++) {
    while (Atomics.load(cells, 0) === i);
    if (cells[2] !== i) throw new Error('not in order');
    Atomics.store(cells, 1, i + 1);
  }
}
export function lockedPoll(cells: Int32Array): void {
  for (let done = 0; done === 0; ) {
    while (Atomics.compareExchange(cells, 0, 0, 1) !== 0);
    done = cells[1];
    Atomics.store(cells, 0, 0);
  }
}
export function lockedSet(cells: Int32Array): void {
  while (Atomics.compareExchange(cells, 0, 0, 1) !== 0);
  cells[1] = 1;
  Atomics.store(cells, 0, 0);
}
function enter(cells: Int32Array, mine: number): void {
  Atomics.store(cells, mine, 1);
  Atomics.store(cells, 2, 1 - mine);
  while (Atomics.load(cells, 1 - mine) === 1 && Atomics.load(cells, 2) === 1 - mine);
}
export function servedPoll(cells: Int32Array): void {
  for (let done = 0; done === 0; ) {
    enter(cells, 0);
    done = cells[3];
    Atomics.store(cells, 0, 0);
  }
}
export function servedSet(cells: Int32Array): void {
  enter(cells, 1);
  cells[3] = 1;
  Atomics.store(cells, 1, 0);
}`;

type Calls = readonly (readonly [string, ...number[]])[];
const ask = (calls: Calls, more: Partial<ExploreRequest> = {}): Promise<ExploreResult> =>
  explore({
    source: SOURCE,
    memory: { cells: { type: 'Int32Array', length: 4 } },
    threads: calls.map(([call, ...args]) => ({ call, args: ['cells', ...args] })),
    ...more,
  });

describe('a livelock is found', () => {
  const FOUND: readonly (readonly [string, Calls])[] = [
    [
      'two who raise a flag and give way',
      [
        ['yielding', 0, 2],
        ['yielding', 1, 2],
      ],
    ],
    [
      'three of them',
      [
        ['yielding', 0, 3],
        ['yielding', 1, 3],
        ['yielding', 2, 3],
      ],
    ],
    [
      'two of them beside one who comes to an end',
      [
        ['yielding', 0, 2],
        ['yielding', 1, 2],
        ['add', 2, 2],
      ],
    ],
    [
      'two who wake each other, and each gives the word back',
      [
        ['handBack', 0],
        ['handBack', 1],
      ],
    ],
    [
      'one who waits for what nobody does, when the others have ended',
      [
        ['spin', 3],
        ['add', 0, 1],
        ['add', 1, 1],
      ],
    ],
    ['one who waits so with time-outs', [['poll']]],
    [
      'equal threads that wait for what nobody does',
      [
        ['spin', 3],
        ['spin', 3],
        ['spin', 3],
      ],
    ],
    ['one who takes a lock again and again, so that who would end it never gets it', [['lockedPoll'], ['lockedSet']]],
  ];
  test.each(FOUND)('%s', async (_, calls) => {
    const { verdict, violation, counterexample } = await ask(calls);
    expect([verdict, violation?.id]).toEqual(['violated', 'livelock']);
    const { loop, schedule } = counterexample ?? {};
    expect(loop).toBeGreaterThanOrEqual(0);
    expect(loop).toBeLessThan(schedule?.length ?? 0);
    expect(String(counterexample)).toContain('the loop begins');
    expect(violation?.text).toContain('the loop may go on for ever; every thread in it moves or waits');
  });

  test('with the shortest stem and loop, and who else is where', async () => {
    const { violation, counterexample } = await ask([
      ['spin', 3],
      ['add', 0, 1],
    ]);
    // Before its first access a call has not begun, so that the second one is the first of the loop.
    expect([counterexample?.loop, counterexample?.schedule]).toEqual([2, [0, 1, 0]]);
    expect(violation?.text).toBe(
      'T1 goes round for ever: the last step leads back to where it began\n' +
        'the loop may go on for ever; every thread in it moves or waits; T2 has ended',
    );
    const polite = await ask([
      ['yielding', 0, 2],
      ['yielding', 1, 2],
    ]);
    expect([polite.counterexample?.loop, polite.counterexample?.schedule.length]).toEqual([2, 8]);
  });

  test('also where some schedules end', async () => {
    const { figures } = await ask([
      ['yielding', 0, 2],
      ['yielding', 1, 2],
    ]);
    expect(figures.executions).toBeGreaterThan(0);
  });
});

describe('nothing is said', () => {
  const SILENT: readonly (readonly [string, Calls])[] = [
    [
      'of a spin lock',
      [
        ['spinLock', 2],
        ['spinLock', 2],
      ],
    ],
    [
      'of a spin lock of three',
      [
        ['spinLock', 1],
        ['spinLock', 1],
        ['spinLock', 1],
      ],
    ],
    [
      'of a ticket lock',
      [
        ['ticketLock', 2],
        ['ticketLock', 2],
      ],
    ],
    [
      'of a counter that is tried for',
      [
        ['retry', 2],
        ['retry', 2],
        ['retry', 1],
      ],
    ],
    [
      'of a ring with spinning on both sides',
      [
        ['ringPut', 3],
        ['ringTake', 3],
      ],
    ],
    [
      'of one who spins for what another does',
      [
        ['spin', 0],
        ['add', 1, 2],
        ['set', 0],
      ],
    ],
    ['of one who spins for what another does after a time-out', [['spin', 0], ['setLater']]],
    ['of one who polls for it with time-outs', [['poll'], ['setLater']]],
    ['of one who polls under a lock that is fair', [['servedPoll'], ['servedSet']]],
  ];
  test.each(SILENT)('%s', async (_, calls) => {
    const { verdict, bound, violation } = await ask(calls);
    expect([verdict, violation, bound.startsWith('complete')]).toEqual(['holds', null, true]);
    expect(bound).not.toContain('livelock');
  });

  test.each(LITMUS.filter(({ violations }) => violations.length === 0).map(({ id }) => id))('of %s', async (id) => {
    const { row } = await judgeTarget(await litmusTarget(id, { threads: null, ops: null }), request());
    expect([row.verdict, row.bound.includes('complete')]).toEqual(['holds', true]);
  });

  test('of the scenarios of the kernel, none of which has a cycle', async () => {
    for (const scenario of enough(SCENARIOS, ({ id }) => QUICK.has(id))) {
      const target = await pristineTarget(scenario);
      const machine = new Machine(target.program, {
        granularity: 'block',
        hashed: true,
        ...(target.monitor === null ? {} : { monitor: target.monitor }),
      });
      const { complete, violation, figures } = await states({ ...exploring(target.program), machine, atEnd: target.atEnd });
      expect([complete, violation], scenario.id).toEqual([true, null]);
      expect(figures.states, scenario.id).toBeGreaterThan(0);
    }
  });
});

const request = (more: Partial<Request> = {}): Request => ({
  strategy: 'states',
  granularity: 'block',
  preemptions: null,
  depth: 3,
  limits: NO_LIMITS,
  seed: 1,
  out,
  signal: new AbortController().signal,
  progress: () => undefined,
  display: undefined,
  ...more,
});

describe('random programs that go back', () => {
  const atEnd = (machine: Machine): { id: string; agent: number; text: string } | null =>
    machine.hasEnded() ? null : { id: 'deadlock', agent: -1, text: '' };

  /** By the other interpreter: the loop closes, and nobody could move all the while and did not. */
  function expectLasso(codes: readonly Code[], schedule: readonly number[], loop: number, seed: number): void {
    let state = startOf(codes);
    const step = (transition: number): void => {
      const next = stepped(codes, state, transition);
      if (next === null) throw new Error(`seed ${seed}: transition ${transition} can't be made`);
      state = next;
    };
    const canMove = (agent: number): boolean => [agent, agent + codes.length].some((one) => stepped(codes, state, one) !== null);
    for (const transition of schedule.slice(0, loop)) step(transition);
    const before = keyOf(state);
    let owed = codes.map((_, agent) => agent);
    for (const transition of schedule.slice(loop)) {
      owed = owed.filter((agent) => canMove(agent) && transition % codes.length !== agent);
      step(transition);
    }
    expect([keyOf(state), owed], `seed ${seed}`).toEqual([before, []]);
  }

  test.each([2, 3])('of %i threads: a fair cycle is found if and only if there is one', async (count) => {
    const seen = { livelock: 0, unfair: 0, acyclic: 0, stuck: 0 };
    for (let seed = 1; seed <= 600; seed++) {
      const codes = Array.from({ length: count }, (_, agent) => randomCode(seed, agent));
      const known = bruteForce(codes, 400);
      if (known === null) continue;
      const program = programOf(codes);
      const found = await states(exploring(program, { atEnd }));
      const id = found.violation?.violation.id ?? null;
      if (known.isStuck) {
        expect(id, `seed ${seed}`).toBe('deadlock');
        seen.stuck++;
        continue;
      }
      expect(id, `seed ${seed}`).toBe(known.hasFairCycle ? 'livelock' : null);
      // The machine tells apart what a thread has read last, which this one forgets.
      expect(found.figures.states, `seed ${seed}`).toBeGreaterThanOrEqual(known.states);
      if (found.violation === null) {
        expect(found.complete).toBe(true);
        seen[known.hasCycle ? 'unfair' : 'acyclic']++;
        continue;
      }
      const { schedule, loop = -1 } = found.violation;
      expectLasso(codes, schedule, loop, seed);
      const { closes, left } = lassoOf(new Machine(program, { granularity: 'block', hashed: true }), schedule, loop);
      expect([closes, left]).toEqual([true, []]);
      seen.livelock++;
    }
    expect(Math.min(seen.livelock, seen.unfair, seen.acyclic, seen.stuck)).toBeGreaterThan(10);
    expect(seen.livelock + seen.unfair + seen.acyclic).toBeGreaterThan(200);
  });

  test('of equal threads: the same where they count as one', async () => {
    let [livelocks, silent] = [0, 0];
    for (let seed = 1; seed <= 300; seed++) {
      const code = randomCode(seed, 0);
      const codes = [code, code];
      const known = bruteForce(codes, 400);
      if (known === null || known.isStuck) continue;
      const program = programOf([code]);
      const [agent] = program.agents;
      const twins = { ...program, agents: ['T1', 'T2'].map((name) => ({ ...agent, name, symmetry: 1 })) };
      const machine = new Machine(twins, { granularity: 'block', hashed: true, symmetry: true });
      const { violation, complete } = await states(exploring(twins, { atEnd, machine, symmetry: true }));
      expect([violation?.violation.id ?? null, complete], `seed ${seed}`).toEqual(known.hasFairCycle ? ['livelock', false] : [null, true]);
      if (violation === null) silent++;
      else {
        expectLasso(codes, violation.schedule, violation.loop ?? -1, seed);
        livelocks++;
      }
    }
    expect(Math.min(livelocks, silent)).toBeGreaterThan(20);
  });
});

describe('the steps of a search', () => {
  const logOf = (edges: readonly (readonly [number, number])[], count: number, limit: number | null = null): StepLog => {
    const table = new StateTable(limit, true);
    for (let n = 1; n <= count; n++) {
      const hash = Int32Array.of(n, n, n, n);
      table.insert(table.find(hash), hash, 0);
    }
    const log = new StepLog(table);
    for (const [from, to] of edges) log.add(from, to);
    return log;
  };

  test('go in a circle or not', () => {
    expect(
      logOf(
        [
          [0, 1],
          [0, 2],
          [1, 3],
          [2, 3],
        ],
        4,
      ).isAcyclic(),
    ).toBe(true);
    expect(
      logOf(
        [
          [0, 1],
          [1, 2],
          [2, 1],
        ],
        3,
      ).isAcyclic(),
    ).toBe(false);
    expect(
      logOf(
        [
          [0, 1],
          [1, 1],
        ],
        2,
      ).isAcyclic(),
    ).toBe(false);
  });

  test('in many chunks as in one', () => {
    const many = Array.from({ length: 300_000 }, (_, n) => [n % 1000, (n % 1000) + 1] as const);
    expect(logOf(many, 1001).isAcyclic()).toBe(true);
    expect(logOf([...many, [1000, 0]], 1001).isAcyclic()).toBe(false);
  });

  test('are not known where there is no memory for them', () => {
    expect(logOf([[0, 1]], 2, 0.4).isAcyclic()).toBe(false);
  });
});

describe('what was not looked for is said', () => {
  const polite: Calls = [
    ['yielding', 0, 2],
    ['yielding', 1, 2],
  ];

  test('by a search under a bound on preemptions, and by samples', async () => {
    for (const more of [{ preemptions: 1 }, { strategy: 'pct', limits: { executions: 20, steps: 10_000 } }] as const) {
      const { bound, violation } = await ask(polite, more);
      expect([violation, bound.includes('no livelock looked for')]).toEqual([null, true]);
    }
    const { row } = await judgeTarget(await litmusTarget('fetch-add', { threads: 2, ops: 2 }), request({ strategy: 'dpor' }));
    expect([row.verdict, row.bound.includes('complete; no livelock looked for')]).toEqual(['holds', true]);
  });

  test('where a limit ends the search for it: that is unknown', async () => {
    const codes = Array.from({ length: 2 }, (): Code => [{ op: 'look', cell: 0, value: 1, then: 1, otherwise: 0 }]);
    const program = programOf(codes);
    const all = await states(exploring(program, {}));
    expect(all.violation?.violation.id).toBe('livelock');
    const steps = all.figures.steps - 4;
    const cut = await states(exploring(program, { limits: { ...NO_LIMITS, steps } }));
    expect([cut.complete, cut.violation]).toEqual([false, null]);
    expect(cut.stopped).toContain(`${steps} steps`);
  });

  test('without memory for the steps the search for it is made all the same', async () => {
    const { violation } = await ask(polite, { limits: { memory: 1 } });
    expect(violation?.id).toBe('livelock');
    const { verdict, violation: none } = await ask(
      [
        ['spinLock', 2],
        ['spinLock', 2],
      ],
      { limits: { memory: 1 } },
    );
    expect([verdict, none]).toEqual(['holds', null]);
  });
});
