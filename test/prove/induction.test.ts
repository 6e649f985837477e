/** Induction closes what is inductive, with the facts about pauses that it needs, and nothing that is false. */
import { describe, expect, test } from 'vitest';
import type { Stmt } from '../../oracle/compile/ir.ts';
import { FrameFacts } from '../../oracle/prove/frames.ts';
import { type Goal, goalsOf } from '../../oracle/prove/goals.ts';
import { Induction } from '../../oracle/prove/induction.ts';
import { interchangeable } from '../../oracle/prove/symmetry.ts';
import { bruteForce, limits, type Toy, toy, toyOf } from './toys.ts';

async function closed(subject: Toy, goals: readonly Goal[] = goalsOf(subject.system)): Promise<readonly string[]> {
  const facts = new FrameFacts(subject.system);
  await facts.watch(subject.concrete, 1, 5_000);
  const induction = new Induction(subject.system, facts, limits(), () => undefined);
  const { proved } = await induction.close(goals, () => true);
  return proved.map(({ id }) => id);
}

describe('induction', () => {
  test('closes the benchmark model with its lemmas', async () => {
    const subject = toy('test/prove/models/benchmark.ts', {});
    expect(await closed(subject)).toEqual(goalsOf(subject.system).map(({ id }) => id));
  });

  test('does not close it without them', async () => {
    const subject = toy('test/prove/models/benchmark.ts', {});
    const goals = goalsOf(subject.system).filter(({ kind }) => kind !== 'lemma');
    expect(await closed(subject, goals)).not.toContain('counted');
  });

  test('closes what is inductive, leaves what is only true, and what is false', async () => {
    // 'never-five' is true in every run, yet 3, which no run reaches, leads to 5.
    expect(await closed(toy('test/prove/models/counters.ts', { careful: true }))).toEqual(['done-had-turn', 'no-overflow']);
    expect(await closed(toy('test/prove/models/counters.ts', { careful: false }))).toEqual(['done-had-turn']);
  });

  for (const [entry, configuration] of [
    ['test/compile/models/lock.ts', { locking: 'always' }],
    ['test/compile/models/lock.ts', { locking: 'never' }],
    ['test/compile/models/refcount.ts', { leaky: true }],
    ['test/compile/models/queue.ts', { policy: 'hasty', eager: true }],
  ] as const) {
    test(`never closes what a short trace of ${entry} ${JSON.stringify(configuration)} breaks`, async () => {
      const subject = toy(entry, configuration);
      const proved = await closed(subject);
      const { brokenAt } = bruteForce(subject, 4);
      expect(proved.filter((id) => brokenAt.has(id))).toEqual([]);
    });
  }
});

describe('what the front end promises is shown once more:', () => {
  const { program } = toy('test/prove/models/counters.ts', { careful: false }).system;

  test('a write that is said to fit and does not breaks a bound', async () => {
    const careless = (stmt: Stmt): Stmt => {
      if (stmt.op === 'if') return { ...stmt, then: stmt.then.map(careless), else: stmt.else.map(careless) };
      return stmt.op === 'write' ? { ...stmt, site: -1 } : stmt;
    };
    const functions = program.functions.map((fn) => ({ ...fn, body: fn.body.map(careless) }));
    expect(await closed(toyOf({ ...program, functions }))).not.toContain('no-overflow');
  });

  test('a result that does not fit the local it is for is an error', () => {
    const source = `
import { defineModel, type Id, type Nat, type Procedure } from '../../../model/lang.ts';
export type WorkerId = Id<'worker', 2>;
export interface State { level: Nat<5> }
declare function initial(_: Record<string, never>): State;
function raise(s: State): Nat<5> { s.level = 3; return s.level; }
function* work(s: State, who: WorkerId): Procedure { const level = raise(s); s.level = level; }
export const model = defineModel<State>({ initial, agents: { worker: { size: 2, procedures: { work } } }, invariants: { any: (s: State) => s.level < 6 }, lemmas: {} });
`;
    const subject = toy('test/prove/models/raise.ts', {}, { 'test/prove/models/raise.ts': source }).system.program;
    const narrow = subject.functions.map((fn) => ({
      ...fn,
      locals: fn.locals.map((local) => (local.type.kind === 'int' ? { ...local, type: { ...local.type, hi: 2 } } : local)),
    }));
    const { system } = toyOf({ ...subject, functions: narrow });
    expect(() => system.step(system.initial, system.choice(''))).toThrow('the result of raise does not fit the local it is for');
  });
});

describe('members of an agent', () => {
  test('are interchangeable where nothing tells them apart', () => {
    expect(interchangeable(toy('test/prove/models/benchmark.ts', {}).system.program, 0)).toBe(true);
    expect(interchangeable(toy('model/index.ts', { design: 'sockref' }).system.program, 0)).toBe(true);
  });

  test('are not where the model runs through them in order, or names one', () => {
    // refcount.ts indexes by who only; a model that gives the first worker a privilege does tell them apart.
    const source = `
import { defineModel, type Id, type Procedure, range, type Table } from '../../../model/lang.ts';
export type WorkerId = Id<'worker', 2>;
export interface State { done: Table<boolean, 2> }
export const workers = range<WorkerId>(2);
export const initial = (_: Record<string, never>): State => ({ done: workers.map(() => false) });
function* work(s: State, who: WorkerId): Procedure { if (who !== workers[0]) s.done[who] = true; }
export const model = defineModel<State>({ initial, agents: { worker: { size: 2, procedures: { work } } }, invariants: { first: (s: State) => !s.done[workers[0]] }, lemmas: {} });
`;
    const subject = toy('test/prove/models/privileged.ts', {}, { 'test/prove/models/privileged.ts': source });
    expect(interchangeable(subject.system.program, 0)).toBe(false);
  });
});
