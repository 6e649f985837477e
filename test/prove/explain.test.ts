/** What is said of what does not close: false lemmas by name, counterexamples to induction, whether runs get there, lemmas that are missing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readCounterexample } from '../../oracle/counterexample.ts';
import { States } from '../../oracle/prove/states.ts';
import { enough } from '../campaign.ts';
import { candidatesAgainst } from '../../oracle/prove/candidates.ts';
import { askAll, rowIn, SMALL, small } from './small.ts';
import { allSteps, type Toy, toy, toyOf } from './toys.ts';

const out = mkdtempSync(join(tmpdir(), 'sockref-explain-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

/** Nothing is decided by looking at states alone before the solver was asked. */
const DIRECT = ['all states', 'induction'] as const;
const LATE = { first: 1, most: 5_000 };

describe('a lemma that is false', () => {
  // `even` is true and not inductive; `small` would carry it and breaks after five steps.
  const subject = small({
    state: 'n: Nat<9>; odd: boolean',
    work: 'if (s.n === 7) s.odd = true; s.n = s.n < 5 ? s.n + 1 : 0;',
    invariants: 'even: (s: State) => !s.odd, low: (s: State) => s.n < 8',
    lemmas: `    /** A reason that is none. */
    small: (s: State) => s.n < 5,
    true: (s: State) => s.n < 9,`,
  });

  test('is named with file, line and a trace, and so is what leans on it', async () => {
    const outcome = await askAll(subject, { out, ways: ['induction'] });
    const lemma = rowIn(outcome, 'small');
    expect(lemma).toMatchObject({ verdict: 'violated', kind: 'lemma', figures: { depth: 5 } });
    expect(lemma.detail).toMatch(new RegExp(`^a lemma that is false \\(${SMALL}:14\\): steps that break it:\n +1  worker`));
    expect(await readCounterexample(lemma.counterexample ?? '')).toMatchObject({ breaks: 'small' });
    expect(rowIn(outcome, 'even').detail).toMatch(
      new RegExp(`it leans on what is false: with lemma small \\(${SMALL}:14\\) induction would close it`),
    );
    expect(rowIn(outcome, 'even').verdict).toBe('unknown');
    expect(outcome.verdict).toBe('violated');
  });

  test('is told of where only one invariant was asked for, and of the others nothing', async () => {
    const outcome = await askAll(subject, { out, invariants: ['even'], ways: ['induction'] });
    expect(outcome.results.map(({ id }) => id)).toEqual(['even', 'small']);
  });

  test('is false by all states as well, and stands in no way of what they close', async () => {
    const outcome = await askAll(subject, { out });
    expect(outcome.results.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['even', 'holds'],
      ['low', 'holds'],
      ['no-overflow', 'holds'],
      ['small', 'violated'],
      ['true', 'holds'],
    ]);
  });
});

describe('lemmas that are true', () => {
  test('have rows of their own and are proved like the rest', async () => {
    const subject = small({
      state: 'n: Nat<9>; odd: boolean',
      work: 'if (s.n === 7) s.odd = true; s.n = s.n < 5 ? s.n + 1 : 0;',
      invariants: 'even: (s: State) => !s.odd',
      lemmas: 'small: (s: State) => s.n < 6',
    });
    const outcome = await askAll(subject, { out, ways: ['induction'] });
    expect(outcome.results.map(({ id, kind, verdict, bound }) => [id, kind, verdict, bound])).toEqual([
      ['even', undefined, 'holds', 'all traces'],
      ['no-overflow', undefined, 'holds', 'all traces'],
      ['small', 'lemma', 'holds', 'all traces'],
    ]);
    expect(outcome.figures).toMatchObject({ invariants: 2, lemmas: 1, lemmasClosed: 1 });
  });

  test('and are open leave open what leans on them, which is said', async () => {
    const subject = small({
      state: 'n: Nat<9>; odd: boolean; turn: WorkerId | null',
      // From 6 on, where no run gets to, it stays: no number of steps shows that 7 is out of reach.
      work: 'if (s.n === 7) s.odd = true; s.n = s.n < 5 ? s.n + 1 : s.n < 6 ? 0 : s.turn === who ? s.n : 7; s.turn = who;',
      invariants: 'even: (s: State) => !s.odd',
      lemmas: 'never: (s: State) => s.n !== 7',
    });
    const outcome = await askAll(subject, { out, ways: ['induction'] });
    expect(rowIn(outcome, 'never').verdict).toBe('unknown');
    expect(rowIn(outcome, 'even').detail).toMatch(/it leans on what is not closed: with lemma never \(.*\) induction would close it/);
  });
});

describe('a counterexample to induction', () => {
  const NEVER = "never: (s: State) => !(s.mode === 'gone' && s.lit)";
  const state = "n: Nat<9>; mode: 'idle' | 'busy' | 'gone'; lit: boolean; turn: WorkerId | null";

  test('is decoded, is unreachable where all states say so, and lemmas that exclude it are found and proved', async () => {
    const work = `
      if (s.mode === 'idle') { s.mode = 'busy'; s.turn = who; }
      else if (s.turn === who) { s.mode = 'idle'; s.turn = null; }
      else if (s.turn === null) { s.mode = 'gone'; s.lit = true; }`;
    const row = rowIn(
      await askAll(small({ state, work, invariants: NEVER }), {
        out,
        states: LATE,
        ways: [...DIRECT, 'induction with lemmas that were found'],
      }),
      'never',
    );
    expect(row).toMatchObject({ verdict: 'holds', method: 'all states', bound: 'all traces' });
    expect(row.detail).toMatch(
      /^a step that breaks it, from a state that satisfies what induction assumes:\n {2}worker \d: work\(\) {3}\[test\/prove/,
    );
    expect(row.detail).toMatch(/ {4}mode +gone\n {4}lit +false {2}→ {2}true\n/);
    expect(row.detail).toMatch(/unreachable: it is none of the 3 states that there are, and a lemma that says why is missing/);
    expect(row.detail).toMatch(/lemmas that exclude it and are true of all of these:\n( {4}\(s\) => .*\n)+/);
    expect(row.detail).toContain("(s) => !(s.mode === 'gone')");
    expect(row.detail).toMatch(/induction closes it with(\n {4}\(s\) => !\(.*\)){2}$/);
  });

  // As many states again as anybody looks at here, none of which matters.
  const large = (work: string): Toy =>
    small({
      state: `${state}; noise: Table<Nat<9>, 2>; more: Nat<99>`,
      work: `s.noise[who] = s.noise[who] < 9 ? s.noise[who] + 1 : 0; s.more = s.more < 99 ? s.more + 1 : 0; ${work}`,
      invariants: NEVER,
    });

  test('is not found where not all states were looked at, and says in how many it was not', async () => {
    const subject = large(`
      if (s.mode === 'idle') { s.mode = 'busy'; s.turn = who; }
      else if (s.turn === who) { s.mode = 'idle'; s.turn = null; }
      else if (s.turn === null) { s.mode = 'gone'; s.lit = true; }`);
    const row = rowIn(
      await askAll(subject, { out, ways: [...DIRECT, 'induction with lemmas that were found'], states: { first: 1, most: 500 } }),
      'never',
    );
    expect(row).toMatchObject({ verdict: 'holds', method: 'induction with lemmas that were found', bound: 'all traces' });
    expect(row.detail).toMatch(/not found in the [\d,]+ states that were looked at, all of those within \d+ steps among them/);
  });

  test('that is reached is a violation, with a trace', async () => {
    // The way there is longer than runs are at first, and states are looked at up to the one before it.
    const subject = small({
      state: 'n: Nat<40>; bad: boolean',
      work: 's.n = s.n < 40 ? s.n + 1 : 0; if (s.n === 39) s.bad = true;',
      invariants: 'good: (s: State) => !s.bad',
    });
    const outcome = await askAll(subject, { out, ways: DIRECT, states: { first: 1, most: 39 }, watched: 1 });
    expect(rowIn(outcome, 'good')).toMatchObject({ verdict: 'violated', figures: { depth: 39 } });
  });
});

describe('candidates', () => {
  const subject = small({
    state: "flags: Table<boolean, 2>; mode: 'idle' | 'busy'; turn: WorkerId | null; level: Nat<3>",
    work: "s.flags[who] = true; s.mode = 'busy'; s.turn = who; s.level = 2;",
    invariants: 'any: (s: State) => s.level < 4',
  });

  test('all exclude the state that they are made against, as terms and as they run', () => {
    const { system, concrete } = subject;
    const words = concrete.model.initial();
    for (const step of allSteps(subject).slice(0, 2)) concrete.take(words, step);
    const cells = concrete.cells.read(words);
    const state = system.layout.cells.map(({ type }, cell) =>
      type.kind === 'bool' ? (cells[cell] === 0 ? 0 : 1) : { values: [cells[cell] ?? 0], guards: [1] },
    );
    const made = candidatesAgainst(system, cells);
    expect(made.length).toBeGreaterThan(15);
    for (const each of made) {
      expect(each.isTrueOf(cells), each.text).toBe(false);
      expect(each.holds(state), each.text).toBe(0);
    }
  });

  test('are true as terms wherever they are true as they run', () => {
    const { system, concrete } = subject;
    const steps = allSteps(subject);
    const walk = [0, 1, 2, 3].map((length) => {
      const words = concrete.model.initial();
      for (let at = 0; at < length; at++) concrete.take(words, steps[(at * 5 + 1) % steps.length] as (typeof steps)[number]);
      return concrete.cells.read(words);
    });
    for (const cells of walk) {
      const state = system.layout.cells.map(({ type }, cell) =>
        type.kind === 'bool' ? (cells[cell] === 0 ? 0 : 1) : { values: [cells[cell] ?? 0], guards: [1] },
      );
      for (const against of walk)
        for (const each of candidatesAgainst(system, against)) expect(each.holds(state) === 1, each.text).toBe(each.isTrueOf(cells));
    }
  });
});

describe('a lemma that somebody forgot', () => {
  const whole = toy('test/prove/models/benchmark.ts', {}).system.program;
  const ways = ['all states', 'induction', 'induction with lemmas that were found'] as const;

  test.each(enough(whole.lemmas, ({ id }) => id === 'held-unless-idle'))(
    'is found again, and is true of every state: $id',
    { timeout: 120_000 },
    async ({ id }) => {
      const lemmas = whole.lemmas.filter((lemma) => lemma.id !== id);
      const outcome = await askAll(toyOf({ ...whole, lemmas }), {
        out,
        ways,
        depth: 3,
        states: { first: 1, most: 2_000 },
        watched: 20_000,
      });
      const found = outcome.results.flatMap(({ detail = '' }) => detail.split('induction closes it with\n')[1]?.split('\n') ?? []);
      if (id === 'held-unless-idle') {
        expect(outcome.verdict).toBe('holds');
        expect(found).toEqual(["    (s) => s.threads.every((thread) => !(thread.does === 'nothing' && thread.held !== null))"]);
      }
      // As anybody would write it, over all states of the model, which are few enough to see.
      const predicates = found.map((text) => new Function(`return ${text}`)() as (state: unknown) => boolean);
      const states = new States(whole, 64 * 2 ** 20);
      await states.grow(
        10_000,
        () => false,
        () => undefined,
      );
      expect([states.complete, states.count]).toEqual([true, 6_522]);
      const { model } = toyOf(whole).concrete;
      await states.each(
        (words) => {
          for (const [at, holds] of predicates.entries()) if (!holds(model.decode(words).state)) throw new Error(`${found[at]} is false`);
          return true;
        },
        () => false,
      );
    },
  );
});
