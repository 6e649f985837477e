/** Solvers that die, hang or talk nonsense in the midst of a proof for all traces: what is open stays open, with their words. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { FrameFacts } from '../../oracle/prove/frames.ts';
import { goalsOf } from '../../oracle/prove/goals.ts';
import { Induction } from '../../oracle/prove/induction.ts';
import { closeByK } from '../../oracle/prove/k-induction.ts';
import { readSexps, termOf } from '../../oracle/prove/s-expression.ts';
import { askSpacer } from '../../oracle/prove/spacer.ts';
import { SolverFailure } from '../../oracle/prove/solver.ts';
import { FALSE, not, Terms, TRUE } from '../../oracle/compile/term.ts';
import { fakeSolver, isAlive } from './fake.ts';
import { askAll, rowIn, small } from './small.ts';
import { limits } from './toys.ts';

const folder = mkdtempSync(join(tmpdir(), 'sockref-failing-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DIES = 'process.exit(7)';
const HANGS = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)';

/** True, and nothing that induction shows. */
const subject = small({
  state: 'n: Nat<9>',
  work: 's.n = s.n < 2 ? s.n + 1 : s.n === 2 ? 0 : s.n === 8 ? (who === 0 ? 8 : 9) : 8;',
  invariants: 'safe: (s: State) => s.n !== 9',
});
/** What all states would say is not asked for here. */
const SOLVERS = ['induction', 'k-induction', 'Spacer', 'induction with lemmas that were found'] as const;

describe.each(SOLVERS.slice(0, 3))('where %s is asked', (way) => {
  test.each([
    ['dies', DIES, /the solver ended by itself \(status 7\)/],
    ['gives up', "'unknown'", /gave up|said "unknown"/],
    ['talks nonsense', "'perhaps'", /said "perhaps"/],
    ['affirms without values', "'sat'", /gave no value|gave no set of states/],
    ['is cut off', "'uns'", /said "uns"/],
  ])('a solver that %s proves nothing, and its words are told', async (what, answers, said) => {
    const { path } = fakeSolver(folder, `${way} ${what}`, answers);
    const outcome = await askAll(subject, { out: folder, ways: [way], solver: path });
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.results.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown']);
    expect(rowIn(outcome, 'safe').detail).toMatch(said);
  });

  test('a solver that hangs is killed at the limit', async () => {
    const solver = fakeSolver(folder, `${way} hangs`, HANGS);
    const outcome = await askAll(subject, { out: folder, ways: [way], solver: solver.path, seconds: 3 });
    expect(outcome.results.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown']);
    expect(rowIn(outcome, 'safe').detail).toMatch(/no answer within the time limit/);
    await vi.waitFor(() => expect(solver.pids().filter(isAlive)).toEqual([]), 20_000);
  });

  test('a solver that denies everything proves nothing', async () => {
    const { path } = fakeSolver(folder, `${way} denies`, "'unsat'");
    const outcome = await askAll(subject, { out: folder, ways: [way], solver: path });
    expect(outcome.results.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown']);
  });
});

test('a solver that is not there proves nothing, and what all states say stands', async () => {
  const path = join(folder, 'nobody');
  const outcome = await askAll(subject, { out: folder, ways: SOLVERS, solver: path });
  expect(outcome.results.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown']);
  expect(rowIn(outcome, 'safe').detail).toMatch(/could not be run/);
  expect((await askAll(subject, { out: folder, solver: path })).verdict).toBe('holds');
});

test('an interrupted proof is open', async () => {
  const control = new AbortController();
  control.abort();
  const outcome = await askAll(subject, { out: folder, ways: SOLVERS, signal: control.signal });
  expect(outcome.verdict).toBe('unknown');
  expect(rowIn(outcome, 'safe').detail).toMatch(/the proof was interrupted/);
});

describe('what Spacer is said to have found', () => {
  const [goal, bounds] = goalsOf(subject.system);
  if (goal === undefined || bounds === undefined) throw new Error('two goals were expected');

  const ask = (name: string, model: string) =>
    askSpacer(subject.system, { ...limits(), solver: fakeSolver(folder, name, "'sat'", '', model).path }, goal, [bounds]);

  // A set that holds everything, and one that steps leave: four bits for a number up to 9.
  test.each([
    ['everything', 'true'],
    ['what steps leave', '(and (not a) (not b) (not c) (not d))'],
  ])('%s shows nothing where it is false', async (name, set) => {
    const answer = await ask(name, `((define-fun inv ((a Bool) (b Bool) (c Bool) (d Bool)) Bool ${set}))`);
    if (answer.kind !== 'set') throw new Error('a set was expected');
    const induction = new Induction(subject.system, new FrameFacts(subject.system), limits(), () => undefined);
    const { proved } = await induction.close([answer.goal, goal], (each) => each === goal, { known: [bounds] });
    expect(proved).not.toContain(goal);
  });

  test.each([
    ['nothing', '', /gave no set of states/],
    ['another relation', '(define-fun other () Bool true)', /gave no set of states/],
    ['too few bits', '(define-fun inv ((a Bool)) Bool a)', /of 1 bits, there are 4/],
    ['a command', '(define-fun inv ((a Bool) (b Bool) (c Bool) (d Bool)) Bool (assert false))', /no word of propositional logic/],
    ['a name', '(define-fun inv ((a Bool) (b Bool) (c Bool) (d Bool)) Bool e)', /nobody told it of/],
    ['half of it', '((define-fun inv', /opened more parentheses/],
  ])('%s is refused', async (name, model, why) => {
    const read = async (): Promise<unknown> => {
      const answer = await ask(name, model);
      return answer.kind === 'set' ? answer.goal.holds(subject.system.initial) : answer;
    };
    await expect(read()).rejects.toThrow(why);
    await expect(read()).rejects.toThrow(SolverFailure);
  });

  test('a set of which the first state is none closes nothing', async () => {
    const { path } = fakeSolver(folder, 'elsewhere', "'sat'", '', '(define-fun inv ((a Bool) (b Bool) (c Bool) (d Bool)) Bool (and a b))');
    const outcome = await askAll(subject, { out: folder, ways: ['Spacer'], solver: path });
    expect(rowIn(outcome, 'safe')).toMatchObject({ verdict: 'unknown' });
    expect(rowIn(outcome, 'safe').detail).toMatch(/a set of states that the first is not in/);
  });

  test('is read as it is written', () => {
    const terms = new Terms();
    const [a, b] = [terms.variable('a'), terms.variable('b')];
    const names = new Map([
      ['a', a],
      ['|b c|', b],
    ]);
    const read = (text: string): number => termOf(terms, readSexps(text)[0] ?? [], names);
    expect(read('(and a (not |b c|)) ; what follows is not read')).toBe(terms.and(a, not(b)));
    expect(read('(or a |b c|)')).toBe(terms.or(a, b));
    expect(read('(=> a |b c|)')).toBe(terms.or(not(a), b));
    expect(read('(= a |b c|)')).toBe(terms.iff(a, b));
    expect(read('(xor a |b c|)')).toBe(not(terms.iff(a, b)));
    expect(read('(ite a |b c| false)')).toBe(terms.and(a, b));
    expect(read('(let ((x (and a |b c|)) (y a)) (or x (not y)))')).toBe(terms.or(terms.and(a, b), not(a)));
    expect([read('true'), read('false'), read('(and)'), read('(or)')]).toEqual([TRUE, FALSE, TRUE, FALSE]);
    for (const odd of ['(not a |b c|)', '(ite a a)', '(= a)', '(let x a)', '(let ((x)) a)', 'x', '(x a)', '((a))'])
      expect(() => read(odd), odd).toThrow(SolverFailure);
    for (const odd of ['(a', 'a)', '(a))']) expect(() => readSexps(odd), odd).toThrow(SolverFailure);
  });
});

test('k-induction of a solver that knows no path is none', async () => {
  const open = goalsOf(subject.system);
  const given = { ...limits(), solver: fakeSolver(folder, 'no-path', "'unsat'").path };
  await expect(closeByK(subject.system, given, { k: 2, open, known: [], canTake: () => true })).rejects.toThrow(/knows no (path|trace)/);
});

describe('k-induction about another model than the one that runs is none:', () => {
  const state = 'n: Nat<9>; m: Nat<9>';
  const [one, other] = [9, 8].map((most) =>
    small({ state, work: `s.n = s.n < ${most} ? s.n + 1 : 0; yield; s.m = s.n;`, invariants: 'low: (s: State) => s.m < 10' }),
  );
  if (one === undefined || other === undefined) throw new Error('two models were expected');
  const close = (runs: typeof one): Promise<unknown> => {
    const reached: number[][] = [];
    const words = runs.concrete.model.initial();
    // The first worker alone: it starts and goes on.
    for (let steps = 0; steps < 24; steps++) {
      reached.push(runs.concrete.cells.read(words));
      runs.concrete.take(words, { agent: 0, who: 0, procedure: 0, args: steps % 2 === 0 ? [] : null });
    }
    const seen = { concrete: runs.concrete, reached };
    return closeByK(one.system, limits(), { k: 2, open: goalsOf(one.system), known: [], canTake: () => true, seen });
  };

  test('where they part', async () => {
    await expect(close(other)).rejects.toThrow(/disagree about step \d of a path: what it makes of n/);
  });

  test('and of the same one it is', async () => {
    await expect(close(one)).resolves.toMatchObject({ proved: [{ id: 'low' }, { id: 'no-overflow' }] });
  });
});

test('a solver that is not Z3 has no Spacer, and says so', async () => {
  const [goal] = goalsOf(subject.system);
  if (goal === undefined) throw new Error('a goal was expected');
  const { path } = fakeSolver(folder, 'cvc5', "'sat'");
  expect(await askSpacer(subject.system, { ...limits(), solver: path }, goal, [])).toMatchObject({
    kind: 'unknown',
    words: expect.stringMatching(/^Spacer is a part of Z3/),
  });
});
