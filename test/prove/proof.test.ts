/** The order of the ways and what they make of each other: nothing holds that one of them knows to break, and a row says what it is about. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { emitJavaScript } from '../../oracle/compile/javascript.ts';
import { readCounterexample } from '../../oracle/counterexample.ts';
import type { ProveOptions } from '../../oracle/engine.ts';
import { FrameFacts } from '../../oracle/prove/frames.ts';
import { type Goal, goalsOf } from '../../oracle/prove/goals.ts';
import { Contradiction, Induction } from '../../oracle/prove/induction.ts';
import { proveArtefact } from '../../oracle/prove/proof.ts';
import { FALSE, TRUE } from '../../oracle/compile/term.ts';
import type { Outcome, Row } from '../../oracle/verdict.ts';
import { often } from '../campaign.ts';
import { randomModel, randomWorkers } from './random-model.ts';
import { bruteForce, limits, type Toy, toy } from './toys.ts';

const out = mkdtempSync(join(tmpdir(), 'sockref-proof-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

interface Ask {
  readonly invariants?: readonly string[];
  readonly depth?: number;
  /** The model that runs, where it is to be another than the one that is proved. */
  readonly runs?: Toy;
}

async function ask({ system: { program } }: Toy, { invariants, depth = 6, runs }: Ask = {}): Promise<Outcome> {
  const work = { seed: 1, signal: new AbortController().signal, progress: () => undefined };
  const options: ProveOptions = {
    ...work,
    out,
    design: 'toy',
    invariants: invariants ?? null,
    depth,
    sockets: 0,
    threads: 2,
    timeoutSeconds: 100,
    solver: null,
  };
  const artefact = emitJavaScript(program);
  const source = runs === undefined ? artefact.source : emitJavaScript(runs.system.program).source;
  return proveArtefact({ artefact: { ...artefact, source }, configuration: {}, deadline: Date.now() + 100_000, watched: 6_000 }, options);
}

function row(outcome: Outcome, id: string): Row {
  const found = outcome.results.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no row ${id}`);
  return found;
}

/** Two workers and a few fields. */
function worker(state: string, body: string, invariants: string, lemmas = ''): Toy {
  const source = `
import { defineModel, type Id, type Nat, type Procedure, range, type Table, when } from '../../../model/lang.ts';
export type WorkerId = Id<'worker', 2>;
export const workers = range<WorkerId>(2);
export interface State { ${state} }
declare function initial(_: Record<string, never>): State;
function* work(s: State, who: WorkerId): Procedure { ${body} }
function* rest(s: State, who: WorkerId): Procedure { s.rested = who; yield; s.rested = null; }
export const model = defineModel<State>({ initial, agents: { worker: { size: 2, procedures: { work, rest } } }, invariants: { ${invariants} }, lemmas: { ${lemmas} } });
`;
  return toy('test/prove/models/asked.ts', {}, { 'test/prove/models/asked.ts': source });
}

const RESTED = 'rested: WorkerId | null';

describe('an invariant that only the first state breaks', () => {
  const subject = worker(
    `${RESTED}; on: boolean`,
    's.on = true;',
    'lit: (s: State) => s.on || s.rested !== null, some: (s: State) => s.on || !s.on',
  );
  for (const depth of [1, 2, 6]) {
    test(`is violated, with depth ${depth}`, async () => {
      const outcome = await ask(subject, { depth });
      expect(outcome.verdict).toBe('violated');
      expect(row(outcome, 'lit')).toMatchObject({ verdict: 'violated', figures: { depth: 0 } });
      expect(row(outcome, 'lit').bound).toMatch(/^broken in the first state; /);
      expect(row(outcome, 'some').verdict).toBe('holds');
      expect((await readCounterexample(row(outcome, 'lit').counterexample ?? '')).steps).toEqual([]);
    });
  }
});

describe('what is shown of traces within the bounds', () => {
  // Both invariants are true and neither is inductive: from a state that no run reaches they break.
  const BODY = 's.even = s.even === 4 ? 0 : s.even + 2 > 5 ? 5 : s.even + 2; if (s.even === 5 || s.even === 3) s.far = s.far + 1;';
  const subject = worker(`${RESTED}; even: Nat<5>; far: Nat<0>`, BODY, "'never-five': (s: State) => s.even !== 5");

  test('is said to be that where nobody asked whether all traces are', async () => {
    const outcome = await ask(subject, { invariants: ['never-five'] });
    expect(row(outcome, 'never-five').bound).toMatch(/^depth 6, traces that stay within the bounds of the model; /);
    expect(outcome.bound).toMatch(/^up to depth 6, traces that stay within the bounds of the model; /);
    expect(outcome.verdict).toBe('holds');
  });

  test('is said to be of all traces where somebody asked', async () => {
    const outcome = await ask(subject);
    expect(outcome.results.map(({ verdict, bound }) => [verdict, bound.replace(/;.*/, '')])).toEqual([
      ['holds', 'depth 6'],
      ['holds', 'depth 6'],
    ]);
    expect(outcome.bound).toMatch(/^up to depth 6; /);
  });

  test('is said to be of all traces where induction closed the bounds', async () => {
    const outcome = await ask(toy('test/prove/models/counters.ts', { careful: true }), { invariants: ['never-five'] });
    expect(row(outcome, 'never-five')).toMatchObject({ verdict: 'holds', method: 'bounded traces' });
    expect(row(outcome, 'never-five').bound).toMatch(/^depth 6; /);
  });

  test('is unknown where a random run leaves them', async () => {
    const outcome = await ask(toy('test/prove/models/counters.ts', { careful: false }), { invariants: ['never-five'] });
    expect(row(outcome, 'never-five')).toMatchObject({ verdict: 'unknown' });
    expect(row(outcome, 'never-five').detail).toMatch(
      /^a bound of the model is broken by a random run, and what follows was not looked at/,
    );
  });

  test('is unknown where a short trace leaves them', async () => {
    const tight = worker(`${RESTED}; even: Nat<3>`, 's.even = s.even + 2;', "'never-one': (s: State) => s.even !== 1");
    const outcome = await ask(tight, { invariants: ['never-one'] });
    expect(row(outcome, 'never-one')).toMatchObject({ verdict: 'unknown' });
    expect(row(outcome, 'never-one').detail).toMatch(/^a bound of the model is broken after 2 steps/);
  });
});

test('what breaks beyond the bound in a random run is violated, in steps that each matter', async () => {
  const subject = toy('test/prove/models/counters.ts', { careful: true });
  const outcome = await ask(subject, { depth: 3 });
  const broken = row(outcome, 'stays-below');
  expect(broken).toMatchObject({ verdict: 'violated', method: 'random runs', figures: { depth: 5 } });
  expect(broken.bound).toMatch(/^broken after 5 steps, in a random run, and after no fewer than 4; /);
  const { steps } = await readCounterexample(broken.counterexample ?? '');
  expect(steps.map(({ operation }) => operation)).toEqual(['count', 'count', 'count', 'count', 'count']);
  // With room for it, the trace is the shortest there is.
  expect(row(await ask(subject, { depth: 6 }), 'stays-below').bound).toMatch(/^broken after 5 steps, and after no fewer; /);
});

describe('what takes no part', () => {
  test('is reported: actions that never happen, pauses that are never left, antecedents that are never true', async () => {
    const subject = worker(
      `${RESTED}; on: boolean; level: Nat<3>`,
      'when(s.on); yield; s.level = 1;',
      `quiet: (s: State) => !s.on || s.level === 0,
       calm: (s: State) => workers.every((w) => s.rested !== w || !s.on),
       flat: (s: State) => s.level === 0`,
    );
    const { verdict, vacuous } = await ask(subject);
    expect(verdict).toBe('holds');
    // That it is never on is not an invariant of this model: only runs say so.
    const maybe =
      /^(no random run took it|"s?\.?on" was true in no state of a random run); it may be in others \(\d+ steps, \d+ states were looked at\)$/;
    expect(vacuous).toEqual([
      { kind: 'action', id: 'worker.work', reason: expect.stringMatching(maybe) },
      { kind: 'action', id: expect.stringMatching(/^worker\.work:\d+$/), reason: expect.stringMatching(maybe) },
      { kind: 'invariant', id: 'quiet', reason: expect.stringMatching(maybe) },
    ]);
  });

  test('is said to be impossible where what was proved excludes it', async () => {
    const subject = worker(
      `${RESTED}; on: boolean; level: Nat<3>`,
      'when(s.on); yield; s.level = 1;',
      'quiet: (s: State) => !s.on || s.level === 0, flat: (s: State) => s.level === 0',
      'off: (s: State) => !s.on',
    );
    const { vacuous } = await ask(subject);
    const impossible = expect.stringMatching(/; what was proved excludes it$/);
    expect(vacuous).toEqual([
      { kind: 'action', id: 'worker.work', reason: impossible },
      // Nothing was proved of who stands at the pause.
      { kind: 'action', id: expect.stringMatching(/^worker\.work:\d+$/), reason: expect.stringMatching(/; it may be in others/) },
      { kind: 'invariant', id: 'quiet', reason: impossible },
    ]);
  });

  test('is an invariant that is true of every state whatever', async () => {
    const subject = worker(
      `${RESTED}; on: boolean`,
      's.on = !s.on;',
      'any: (s: State) => s.on || !s.on, free: (s: State) => s.rested === null || s.rested !== null',
    );
    const trivial = { kind: 'invariant', reason: 'it is true of every state, whether a run can get there or not' };
    expect((await ask(subject)).vacuous).toEqual([
      { ...trivial, id: 'any' },
      { ...trivial, id: 'free' },
    ]);
  });

  test('is nothing where everything happens', async () => {
    const subject = worker(
      `${RESTED}; on: boolean; level: Nat<3>`,
      's.on = !s.on; yield; s.level = s.on ? 1 : 0;',
      'any: (s: State) => !s.on || s.level < 2, other: (s: State) => workers.every((w) => s.rested !== w || s.level < 2)',
    );
    expect((await ask(subject)).vacuous).toBeUndefined();
  });
});

describe('when the two back ends contradict each other, nothing is claimed:', () => {
  const one = worker(
    `${RESTED}; on: boolean`,
    'when(s.rested === null); s.on = false;',
    'off: (s: State) => !s.on, any: (s: State) => s.on || !s.on',
  );
  const other = worker(
    `${RESTED}; on: boolean`,
    'when(s.rested === null); s.on = true;',
    'off: (s: State) => !s.on, any: (s: State) => s.on || !s.on',
  );

  test('a run breaks what was proved', async () => {
    const outcome = await ask(one, { runs: other });
    expect(outcome.results.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(row(outcome, 'any').detail).toMatch(
      /^the terms and the compiled model disagree about work: what it makes of on; this is a fault of sockref, .* nothing is claimed$/,
    );
  });

  test('a run breaks a bound that no trace breaks', async () => {
    const level = (body: string): Toy => worker(`${RESTED}; level: Nat<3>`, body, 'small: (s: State) => s.level < 3');
    const outcome = await ask(level('s.level = s.level === 0 ? s.level + 1 : 0;'), { runs: level('s.level = s.level + 4;') });
    expect(outcome.results.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown']);
    expect(row(outcome, 'small').detail).toMatch(/^no-overflow was proved for traces of 2 steps, and 1 steps break it; this is a fault/);
  });

  test.each([
    ['what it makes of level', 's.level = 1;', 's.level = 2;'],
    ['whether it is possible', 'when(s.level < 1); s.level = 1;', 's.level = 1;'],
  ])('a step is another: %s', async (what, proved, run) => {
    const [level, small] = [`${RESTED}; level: Nat<3>`, 'small: (s: State) => s.level < 3'];
    const outcome = await ask(worker(level, proved, small), { runs: worker(level, run, small) });
    expect(outcome.results.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown']);
    expect(row(outcome, 'small').detail).toMatch(
      new RegExp(`^the terms and the compiled model disagree about work: ${what}; this is a fault`),
    );
  });

  test('a trace that is claimed does not happen', async () => {
    const outcome = await ask(other, { runs: one });
    expect(outcome.results.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(row(outcome, 'any').detail).toMatch(
      /^the solver claimed a violation of off that the compiled model does not show; this is a fault/,
    );
  });
});

describe('a proof from assumptions that', () => {
  const subject = toy('test/prove/models/counters.ts', { careful: true });
  const close = (extra: Goal, reached: readonly (readonly number[])[]): Promise<unknown> =>
    new Induction(subject.system, new FrameFacts(subject.system), limits(), () => undefined).close(
      [...goalsOf(subject.system).filter(({ id }) => id === 'done-had-turn'), extra],
      () => true,
      { seen: { concrete: subject.concrete, reached } },
    );

  test('can not be is none', async () => {
    const impossible: Goal = { id: 'impossible', kind: 'lemma', holds: () => FALSE };
    await expect(close(impossible, [])).rejects.toThrow(Contradiction);
    await expect(close(impossible, [])).rejects.toThrow('no state satisfies everything that the proof assumes');
  });

  test('a run refutes is none', async () => {
    const harmless: Goal = { id: 'harmless', kind: 'lemma', holds: () => TRUE };
    const first = subject.system.layout.cells.map(({ fixed }) => fixed ?? 0);
    const done = subject.system.layout.cells.findIndex(({ name }) => name === 'done[0]');
    await close(harmless, [first]);
    await expect(close(harmless, [first, first.with(done, 1)])).rejects.toThrow(/reaches a state in which done-had-turn, .* is false$/);
  });
});

test('of random models no invariant holds that trying everything breaks, and none breaks that it keeps', {
  timeout: 280_000,
}, async () => {
  const counted = { holds: 0, violated: 0, unknown: 0 };
  for (let seed = 1; seed <= often(12, 48); seed++) {
    const file = 'test/prove/models/random.ts';
    const subject = toy(file, {}, { [file]: seed % 2 === 0 ? randomModel(seed) : randomWorkers(seed) });
    const first = subject.concrete.broken(subject.concrete.model.initial());
    const truth = bruteForce(subject, 5).brokenAt;
    const outcome = await ask(subject, { depth: 3 });
    for (const { id, verdict, method, figures } of outcome.results) {
      const steps = first.includes(id) ? 0 : truth.get(id);
      const about = `${id} of model ${seed}: ${verdict} by ${method}, breaks after ${steps} steps`;
      if (verdict === 'holds') expect(steps === undefined || (method === 'bounded traces' && steps > 3), about).toBe(true);
      if (verdict === 'violated' && method !== 'random runs') expect(figures?.depth, about).toBe(steps);
      if (verdict === 'violated' && method === 'random runs')
        expect(steps === undefined || steps <= (figures?.depth ?? 0), about).toBe(true);
      counted[verdict]++;
    }
  }
  expect(counted.holds).toBeGreaterThan(6);
  expect(counted.violated).toBeGreaterThan(6);
});
