/** Members of an agent count as interchangeable only where nobody can see them exchanged; a model that tells them apart is judged with all of them. */
import { describe, expect, test } from 'vitest';
import { boundedTraces } from '../../oracle/prove/bounded.ts';
import type { ConcreteStep } from '../../oracle/prove/concrete.ts';
import { FrameFacts } from '../../oracle/prove/frames.ts';
import { goalsOf } from '../../oracle/prove/goals.ts';
import { Induction } from '../../oracle/prove/induction.ts';
import { interchangeable, symmetryOf } from '../../oracle/prove/symmetry.ts';
import { often } from '../campaign.ts';
import { type Exchange, exchange } from './exchange.ts';
import { randomWorkers } from './random-model.ts';
import { allSteps, bruteForce, compiledTogether, limits, type Toy, toy, toyOf } from './toys.ts';

const HEAD = `
import { count, defineModel, first, type Id, type Nat, type Procedure, range, type Seq, type Table, when } from '../../../model/lang.ts';
export const W = 2;
export type WorkerId = Id<'worker', typeof W>;
export const workers = range<WorkerId>(W);
`;

function worker(state: string, procedures: string, agents: string, invariants: string, lemmas = ''): Toy {
  const source = `${HEAD}
export interface State { ${state} }
declare function initial(_: Record<string, never>): State;
${procedures}
export const model = defineModel<State>({ initial, agents: { ${agents} }, invariants: { ${invariants} }, lemmas: { ${lemmas} } });
`;
  return toy('test/prove/models/told-apart.ts', {}, { 'test/prove/models/told-apart.ts': source });
}

const WORK = 'worker: { size: W, procedures: { work } }';
const NEVER = 'never: (s: State) => !s.done';

/** In each of these something goes wrong that the first member alone, or the first to act taken to be the first, would not show. */
const TOLD_APART: readonly (readonly [what: string, make: () => Toy, broken: string, steps: number])[] = [
  [
    'a field that begins with the first',
    () =>
      worker(
        'turn: WorkerId; done: boolean',
        'function* work(s: State, who: WorkerId): Procedure { when(s.turn !== who); s.done = true; }',
        WORK,
        NEVER,
      ),
    'never',
    1,
  ],
  [
    'a number taken for a member by a cast',
    () =>
      worker(
        'turn: Nat<1>; done: boolean',
        'function* work(s: State, who: WorkerId): Procedure { when((s.turn as WorkerId) !== who); s.done = true; }',
        WORK,
        NEVER,
        'turn: (s: State) => s.turn === 0',
      ),
    'never',
    1,
  ],
  [
    'a number taken for a member by the range',
    () =>
      worker(
        'turn: Nat<1>; done: boolean',
        'function* work(s: State, who: WorkerId): Procedure { when(workers[s.turn] !== who); s.done = true; }',
        WORK,
        NEVER,
        'turn: (s: State) => s.turn === 0',
      ),
    'never',
    1,
  ],
  [
    'a literal',
    () =>
      worker(
        'done: boolean',
        'function* work(s: State, who: WorkerId): Procedure { when(who === workers[1]); s.done = true; }',
        WORK,
        NEVER,
      ),
    'never',
    1,
  ],
  [
    'their order in a search',
    () =>
      worker(
        'open: Table<boolean, typeof W>; done: boolean',
        'function* work(s: State, who: WorkerId): Procedure { when(first(workers, (w) => !s.open[w]) !== who); s.done = true; }',
        WORK,
        NEVER,
      ),
    'never',
    1,
  ],
  [
    'the bound that one is kept from',
    () =>
      worker(
        'ready: Table<boolean, typeof W>; at: Table<WorkerId | null, typeof W>; marked: Table<boolean, typeof W>; done: boolean',
        `function* prepare(s: State, who: WorkerId): Procedure { s.ready[who] = true; }
         function* work(s: State, who: WorkerId): Procedure { when(s.ready[who]); if (workers.some((w) => s.ready[w] || s.marked[s.at[w]!])) s.done = true; }`,
        'worker: { size: W, procedures: { prepare, work } }',
        'any: (s: State) => s.done || !s.done',
      ),
    'no-overflow',
    2,
  ],
  [
    'the bound that one is kept from, inside of a function',
    () =>
      worker(
        'ready: Table<boolean, typeof W>; at: Table<WorkerId | null, typeof W>; marked: Table<boolean, typeof W>; done: boolean',
        `function fits(s: State, w: WorkerId): boolean { return s.ready[w] || s.marked[s.at[w]!]; }
         function* prepare(s: State, who: WorkerId): Procedure { s.ready[who] = true; }
         function* work(s: State, who: WorkerId): Procedure { when(s.ready[who]); if (workers.some((w) => fits(s, w))) s.done = true; }`,
        'worker: { size: W, procedures: { prepare, work } }',
        'any: (s: State) => s.done || !s.done',
      ),
    'no-overflow',
    2,
  ],
  [
    'another agent with the same ids',
    () =>
      worker(
        'first: WorkerId | null; done: boolean',
        `function* work(s: State, who: WorkerId): Procedure { when(s.first === null); s.first = who; }
         function* check(s: State, who: WorkerId): Procedure { when(s.first !== null && s.first !== who); s.done = true; }`,
        `${WORK}, inspector: { size: W, procedures: { check } }`,
        NEVER,
      ),
    'never',
    2,
  ],
];

async function brokenByTraces(subject: Toy, depth: number): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  const goals = goalsOf(subject.system);
  for await (const { violations } of boundedTraces(subject.system, goals, limits(), { depth, proved: [], progress: () => undefined }))
    for (const violation of violations) found.set(violation.goal.id, violation.depth);
  return found;
}

async function proved(subject: Toy, watched: number): Promise<readonly string[]> {
  const facts = new FrameFacts(subject.system);
  await facts.watch(subject.concrete, 1, watched);
  const closed = await new Induction(subject.system, facts, limits(), () => undefined).close(goalsOf(subject.system), () => true);
  return closed.proved.map(({ id }) => id);
}

describe('members that are told apart by', () => {
  for (const [what, make, broken, steps] of TOLD_APART) {
    test(`${what} are all looked at`, async () => {
      const subject = make();
      expect(bruteForce(subject, 3).brokenAt.get(broken)).toBe(steps);
      expect(interchangeable(subject.system.program, 0)).toBe(false);
      expect((await brokenByTraces(subject, 3)).get(broken)).toBe(steps);
      expect(await proved(subject, 0)).not.toContain(broken);
    });
  }
});

test('a fact about pauses says nothing of one member that it does not say of all', async () => {
  // Who is inside has its own mark set and no other. That the first mark is set inside is true of the first worker only.
  const subject = worker(
    'workers: Table<{ marks: Table<boolean, typeof W> }, typeof W>; done: boolean',
    `function* work(s: State, who: WorkerId): Procedure { s.workers[who].marks[who] = true; yield; s.workers[who].marks[who] = false; }
     function* check(s: State, who: WorkerId): Procedure { when(workers.some((w) => w !== who && s.workers[w].marks[w])); s.done = true; }`,
    'worker: { size: W, procedures: { work, check } }',
    NEVER,
  );
  expect(interchangeable(subject.system.program, 0)).toBe(true);
  expect(bruteForce(subject, 2).brokenAt.get('never')).toBe(2);
  expect(await proved(subject, 0)).not.toContain('never');
  expect(new FrameFacts(subject.system).goals()).toEqual([]);
});

test('a test for null makes the order in which members are looked at invisible', () => {
  const symmetric = (body: string): boolean =>
    interchangeable(
      worker(
        'at: Table<WorkerId | null, typeof W>; marked: Table<boolean, typeof W>; done: boolean',
        `function* work(s: State, who: WorkerId): Procedure { if (${body}) s.done = true; s.at[who] = who; s.marked[who] = true; }`,
        WORK,
        NEVER,
      ).system.program,
      0,
    );
  expect(symmetric('workers.some((w) => s.at[w] !== null && s.marked[s.at[w]!])')).toBe(true);
  expect(symmetric('workers.every((w) => s.at[w] === null || s.marked[s.at[w]!])')).toBe(true);
  expect(symmetric('workers.every((w) => s.at[w] === null ? s.done : s.marked[s.at[w]!])')).toBe(true);
  expect(symmetric('workers.every((w) => s.at[w] !== null || s.marked[s.at[w]!])')).toBe(false);
  expect(symmetric('workers.some((w) => s.at[who] !== null && s.marked[s.at[w]!])')).toBe(false);
  // All are looked at, whatever the order.
  expect(symmetric('count(workers, (w) => s.marked[s.at[w]!]) > 0')).toBe(true);
});

describe('nobody sees it when members are exchanged', () => {
  const STATES = 300;

  /** States of random runs, the first among them. */
  async function states({ system, concrete }: Toy, watched: number): Promise<readonly (readonly number[])[]> {
    const seen: (readonly number[])[] = [system.layout.cells.map(({ fixed }) => fixed ?? 0)];
    const visit = (cells: readonly number[]): boolean => {
      if (seen.length < STATES) seen.push(cells);
      return true;
    };
    await concrete.watch(7, watched, { visit });
    return seen;
  }

  /** Takes every step from these states, and the same step after the exchange; what differs, or null. */
  function difference(
    subject: Toy,
    { cells, step: renamed }: Exchange,
    from: readonly (readonly number[])[],
    steps: readonly ConcreteStep[],
  ): string | null {
    const { concrete } = subject;
    for (const before of from) {
      for (const step of steps) {
        const one = concrete.cells.write(before);
        const other = concrete.cells.write(cells(before));
        const possible = concrete.take(one, step);
        const where = `${JSON.stringify(step)} from ${JSON.stringify(before)}`;
        if (concrete.take(other, renamed(step)) !== possible) return `${where}: one is possible, the other not`;
        if (concrete.broken(other).join() !== concrete.broken(one).join())
          return `${where}: ${concrete.broken(one)} or ${concrete.broken(other)}`;
        if (concrete.model.fault(one) === null && concrete.cells.read(other).join() !== cells(concrete.cells.read(one)).join())
          return `${where}: other states`;
      }
    }
    return null;
  }

  test.each<[string, Toy]>([
    ['the benchmark model', toy('test/prove/models/benchmark.ts', {})],
    ['the specification', toy('model/index.ts', { design: 'sockref' })],
  ])('in %s', async (_name, subject) => {
    const symmetry = symmetryOf(subject.system.program, 0);
    if (symmetry === null) throw new Error('its threads are interchangeable');
    const exchanged = exchange(subject, 0, symmetry);
    const from = await states(subject, 4_000);
    expect(exchanged.cells(from[0] ?? [])).toEqual(from[0]);
    expect(from.filter((cells) => exchanged.cells(cells).join() !== cells.join()).length).toBeGreaterThan(STATES / 2);
    const some = from.filter((_, at) => at % often(8, 1) === 0);
    expect(difference(subject, exchanged, some, allSteps(subject))).toBe(null);
  });

  test('in random models; and where the source tells them apart it is often seen', async () => {
    const counted = { symmetric: 0, seen: 0, unseen: 0 };
    const sources = Array.from({ length: often(40, 160) }, (_, at) => randomWorkers(at + 1));
    for (const [seed, program] of compiledTogether(sources).entries()) {
      const subject = toyOf(program);
      const symmetry = symmetryOf(subject.system.program, 0);
      const every = { kind: 'worker', tables: new Set(['.mark', '.at', '.level']) };
      const found = difference(subject, exchange(subject, 0, symmetry ?? every), await states(subject, 500), allSteps(subject));
      if (symmetry !== null) expect([seed, found]).toEqual([seed, null]);
      counted[symmetry !== null ? 'symmetric' : found !== null ? 'seen' : 'unseen']++;
    }
    // A generator of one kind only would test nothing.
    expect(counted.symmetric).toBeGreaterThan(often(5, 20));
    expect(counted.seen).toBeGreaterThan(often(5, 20));
  });
});
