/** Answers that are kept: asked once and not again, for what they are about and nothing else, and never believed against the solver. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { not, Terms } from '../../oracle/compile/term.ts';
import { Answers, KeptWrong } from '../../oracle/prove/answers.ts';
import { FrameFacts } from '../../oracle/prove/frames.ts';
import { goalsOf } from '../../oracle/prove/goals.ts';
import { Induction } from '../../oracle/prove/induction.ts';
import { Lane } from '../../oracle/prove/lane.ts';
import { fakeSolver } from './fake.ts';
import { askAll, rowIn, small } from './small.ts';
import { limits, type Toy } from './toys.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockref-answers-'));
  file = join(folder, 'answers.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const counter = (work: string, more = ''): Toy =>
  small({ state: 'n: Nat<9>; m: Nat<9>', work, invariants: `low: (s: State) => s.n < 8${more}`, lemmas: 'lower: (s: State) => s.m < 9' });
const right = counter('s.n = s.n < 5 ? s.n + 1 : 0; yield; s.m = s.n < 8 ? s.n : 0;');
const wrong = counter('s.n = s.n < 9 ? s.n + 1 : 0; yield; s.m = s.n < 8 ? s.n : 0;');
const ways = ['induction'] as const;

describe('a second proof', () => {
  test('asks nothing new of the same model but what is asked again, and says what it read', async () => {
    const first = await askAll(right, { out: folder, ways, cache: folder });
    expect(first).toMatchObject({ verdict: 'holds', bound: 'all traces; 0 sockets, 2 threads, design toy', figures: { spared: 0 } });
    const second = await askAll(right, { out: folder, ways, cache: folder });
    const { spared = 0, askedAgain = 0, questions = 0 } = second.figures;
    expect(second.verdict).toBe('holds');
    expect(askedAgain).toBeGreaterThan(0);
    expect(spared + askedAgain).toBe(questions);
    expect(second.bound).toMatch(/^all traces; 0 sockets, 2 threads, design toy; \d+ answers are from .*, \d+ more were asked again$/);
  });

  test('asks of a model that has changed what has changed', async () => {
    await askAll(right, { out: folder, ways, cache: folder });
    const changed = counter('s.n = s.n < 5 ? s.n + 1 : 0; yield; s.m = s.n < 7 ? s.n : 0;');
    const { verdict, figures } = await askAll(changed, { out: folder, ways, cache: folder });
    const read = (figures.spared ?? 0) + (figures.askedAgain ?? 0);
    expect(verdict).toBe('holds');
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(figures.questions ?? 0);
  });

  test('finds broken what the change has broken', async () => {
    await askAll(right, { out: folder, ways, cache: folder });
    expect(rowIn(await askAll(wrong, { out: folder, ways, cache: folder }), 'low').verdict).toBe('violated');
    const unseen = await askAll(wrong, { out: folder, ways, cache: folder, watched: 1 });
    expect(rowIn(unseen, 'low').verdict).not.toBe('holds');
  });

  test('with another solver asks everything', async () => {
    const { path } = fakeSolver(folder, 'denies', "'unsat'");
    const lane = new Lane(right.system.terms, { ...limits(), solver: path, answers: new Answers(folder, path) });
    const lit = right.system.terms.variable('anything');
    await lane.satisfy([lit]);
    lane.stop();
    const told = new Answers(folder, path);
    const [mine, other] = [told, new Answers(folder, null)].map((answers) => answers.question(right.system.terms, [lit]));
    expect(mine).not.toBe(other);
  });
});

describe('a file that', () => {
  test.each([
    ['is no file of answers', 'nonsense'],
    ['is cut off', '{"format":"sockref-answers/1","unsat'],
    ['has another form', '{"format":"sockref-answers/2","unsatisfiable":[]}'],
    ['has entries of another form', '{"format":"sockref-answers/1","unsatisfiable":[{"question":"all","check":""}]}'],
  ])('%s is not read, and written anew', async (_what, text) => {
    writeFileSync(file, text);
    const outcome = await askAll(right, { out: folder, ways, cache: folder });
    expect(outcome).toMatchObject({ verdict: 'holds', figures: { spared: 0, askedAgain: 0 } });
    expect(readFileSync(file, 'utf8')).toContain('"unsatisfiable":[{"question":"');
  });

  test('has altered entries has them refused', async () => {
    await askAll(right, { out: folder, ways, cache: folder });
    const flipped = readFileSync(file, 'utf8').replaceAll(
      /"question":"(.)/g,
      (_all, digit: string) => `"question":"${digit === '0' ? '1' : '0'}`,
    );
    writeFileSync(file, flipped);
    const { figures, verdict } = await askAll(right, { out: folder, ways, cache: folder });
    expect(verdict).toBe('holds');
    expect(figures).toMatchObject({ spared: 0, askedAgain: 0 });
    expect(figures.refused).toBeGreaterThan(0);
  });

  test('was forged for what is false is found out when the first of its answers is asked again', async () => {
    const forged = new Answers(folder, null);
    // It breaks after 15 steps, in none of the runs there are.
    const deep = small({
      state: 'n: Nat<20>; turn: WorkerId | null',
      work: 's.n = s.turn === who ? 0 : s.n < 20 ? s.n + 1 : 0; s.turn = who;',
      invariants: 'low: (s: State) => s.n < 15',
    });
    const { system, concrete } = deep;
    // Steps that break something are said to break nothing.
    const breaking: string[] = [];
    const listening = new Answers(folder, null);
    listening.learn = (question, answer) => (answer === 'sat' ? void breaking.push(question) : undefined);
    const facts = new FrameFacts(system);
    await facts.watch(concrete, 1, 1);
    await new Induction(system, facts, { ...limits(), answers: listening }, () => undefined).close(goalsOf(system), () => true);
    const [first = ''] = breaking;
    forged.learn(first, 'unsat');
    forged.save();
    expect(existsSync(file)).toBe(true);
    const outcome = await askAll(deep, { out: folder, ways, cache: folder, watched: 1 });
    expect(rowIn(outcome, 'low').verdict).not.toBe('holds');
    expect(outcome.bound).toMatch(/says that a question has no answer, and the solver found one, so that nothing was taken from there$/);
  });

  test('says what the solver does not is not believed in anything', async () => {
    const terms = new Terms();
    const [a, b] = [terms.variable('a'), terms.variable('b')];
    const forged = new Answers(folder, null);
    forged.learn(forged.question(terms, [a]), 'unsat');
    forged.save();
    const lane = new Lane(terms, { ...limits(), answers: new Answers(folder, null, () => false) });
    // The first that is read is asked again whatever the dice say.
    await expect(lane.satisfy([a])).rejects.toThrow(KeptWrong);
    lane.stop();
    expect(existsSync(file)).toBe(false);
    expect([b]).not.toContain(a);
  });

  test('has no directory it could be in is refused before anything is asked', async () => {
    writeFileSync(join(folder, 'taken'), '');
    const cache = join(folder, 'taken', 'below');
    await expect(askAll(right, { out: folder, ways, cache })).rejects.toThrow(/^--cache: .*taken\/below" is no directory/);
  });
});

test('where there is a file and no directory nobody asks anything, and is told so', () => {
  writeFileSync(file, 'mine');
  expect(() => new Answers(file, null)).toThrow(/^--cache: ".*answers.json" is no directory, and can't be made one \(EEXIST\)$/);
  expect(() => new Answers(join(file, 'inside'), null)).toThrow(/can't be made one \(ENOTDIR\)/);
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

test('what is satisfiable is not kept', async () => {
  const terms = new Terms();
  const a = terms.variable('a');
  const answers = new Answers(folder, null);
  const lane = new Lane(terms, { ...limits(), answers });
  expect(await lane.satisfy([a])).not.toBeNull();
  expect(await lane.satisfy([a, not(a)])).toBeNull();
  lane.stop();
  answers.save();
  const again = new Answers(folder, null);
  expect(again.known(again.question(terms, [a]))).toBe('no');
  expect(again.known(again.question(terms, [not(a), a]))).toBe('ask again');
});

describe('the name of a question', () => {
  const build = (order: readonly string[]): { readonly terms: Terms; readonly of: (name: string) => number } => {
    const terms = new Terms();
    const made = new Map(order.map((name) => [name, terms.variable(name)]));
    return { terms, of: (name) => made.get(name) ?? 0 };
  };

  test('is that of the formula, in whichever order it was made', () => {
    const answers = new Answers(folder, null);
    const names = [
      ['a', 'b', 'c'],
      ['c', 'b', 'a'],
    ].map((order) => {
      const { terms, of } = build(order);
      const both = terms.and(of('a'), of('b'));
      return answers.question(terms, [terms.ite(of('c'), both, not(of('a'))), both]);
    });
    expect(names[0]).toBe(names[1]);
  });

  test('is another for each formula', () => {
    const answers = new Answers(folder, null);
    const { terms, of } = build(['a', 'b', 'c']);
    const [a, b, c] = [of('a'), of('b'), of('c')];
    const formulas = [
      [a],
      [not(a)],
      [b],
      [a, b],
      [a, not(b)],
      [terms.and(a, b)],
      [terms.and(a, not(b))],
      [terms.or(a, b)],
      [not(terms.and(a, b))],
      [terms.ite(a, b, c)],
      [terms.ite(b, a, c)],
      [terms.ite(a, c, b)],
      [0],
      [1],
      [],
    ];
    expect(new Set(formulas.map((lits) => answers.question(terms, lits))).size).toBe(formulas.length);
  });
});
