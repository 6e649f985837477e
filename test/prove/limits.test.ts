/** A limit of time ends a proof wherever it is, and a solver that can't be right proves nothing. The clock of these tests is moved by hand. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { emitJavaScript } from '../../oracle/compile/javascript.ts';
import { Terms } from '../../oracle/compile/term.ts';
import { boundedTraces } from '../../oracle/prove/bounded.ts';
import { FrameFacts } from '../../oracle/prove/frames.ts';
import { goalsOf } from '../../oracle/prove/goals.ts';
import { Induction } from '../../oracle/prove/induction.ts';
import { Lane, type Limits, watchTheClock } from '../../oracle/prove/lane.ts';
import { proveArtefact } from '../../oracle/prove/proof.ts';
import { SolverFailure } from '../../oracle/prove/solver.ts';
import type { Outcome } from '../../oracle/verdict.ts';
import { type FakeSolver, fakeSolver, isAlive } from './fake.ts';
import { toy, toyOf } from './toys.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockref-limits-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const HOUR = 3_600_000;
const { system, concrete } = toy('test/prove/models/benchmark.ts', {});

function limits(solver: FakeSolver | null, lanes = 2): Limits {
  return { solver: solver?.path ?? null, signal: new AbortController().signal, deadline: Date.now() + HOUR, lanes };
}

/** From now on it is past every deadline of these tests. */
function letTimePass(): void {
  const now = Date.now();
  vi.spyOn(Date, 'now').mockReturnValue(now + 2 * HOUR);
}

async function prove(solver: string | null, progress: (text: string) => void = () => undefined): Promise<Outcome> {
  const work = { seed: 1, signal: new AbortController().signal, out: folder, depth: 4, sockets: 3, threads: 2, timeoutSeconds: HOUR };
  const told = (_done: number, _total: number | null, text: string): void => progress(text);
  return proveArtefact(
    { artefact: emitJavaScript(system.program), configuration: {}, deadline: Date.now() + HOUR, watched: 2_000 },
    { ...work, progress: told, design: 'toy', invariants: null, solver },
  );
}

async function areGone(pids: readonly number[]): Promise<void> {
  expect(pids.length).toBeGreaterThan(0);
  await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), 20_000);
}

describe('when the time is up', () => {
  test('induction asks nothing more, whatever is left to ask', async () => {
    const solver = fakeSolver(folder, 'unsat', "'unsat'");
    let actions = 0;
    let asked = 0;
    const facts = new FrameFacts(system);
    await facts.watch(concrete, 1, 2_000);
    const induction = new Induction(system, facts, limits(solver), () => {
      if (++actions !== 3) return;
      asked = solver.questions();
      letTimePass();
    });
    await expect(induction.close(goalsOf(system), () => true)).rejects.toThrow(/time limit/);
    await areGone(solver.pids());
    // Each lane may have had one under way.
    expect(solver.questions()).toBeLessThanOrEqual(asked + 2);
    expect(system.actions.length).toBeGreaterThan(6);
  });

  test('bounded traces go no deeper', async () => {
    let reached = 0;
    const began: number[] = [];
    const options = { depth: 50, proved: [], progress: (depth: number) => (began.push(depth) === 3 ? letTimePass() : undefined) };
    const all = async (): Promise<void> => {
      const given = limits(null, 1);
      for await (const report of boundedTraces(system, goalsOf(system), given, options)) reached = report.depth;
    };
    await expect(all()).rejects.toThrow(SolverFailure);
    expect([reached, began]).toEqual([2, [1, 2, 3]]);
  });

  test('terms stop growing', () => {
    const terms = new Terms();
    watchTheClock(terms, { solver: null, signal: new AbortController().signal, deadline: Date.now() + HOUR, lanes: 1 });
    const grow = (): void => {
      for (let n = 0; n < 40_000; n++) terms.variable(`x${n}`);
    };
    grow();
    const before = terms.size;
    letTimePass();
    expect(grow).toThrow(/time limit/);
    expect(terms.size - before).toBeLessThan(20_000);
  });

  test('random runs end, nothing is claimed, and the reason is said', async () => {
    const outcome = await prove(null, (text) => (text === 'watching random runs' ? letTimePass() : undefined));
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.figures.watchedSteps).toBe(0);
    expect(outcome.results.every(({ verdict, detail }) => verdict === 'unknown' && /time limit/.test(detail ?? ''))).toBe(true);
  });

  test('before anything was asked, the same', async () => {
    const outcome = await prove(null, (text) => (text.startsWith('bounded traces') ? letTimePass() : undefined));
    expect(outcome.results.every(({ verdict, detail }) => verdict === 'unknown' && /time limit/.test(detail ?? ''))).toBe(true);
  });
});

describe('a solver that', () => {
  test('denies everything proves nothing: traces that the compiled model takes are not denied', async () => {
    const outcome = await prove(fakeSolver(folder, 'denies', "'unsat'").path);
    expect(outcome.results.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown']);
    expect(outcome.results[0]?.detail).toMatch(/^the solver knows no trace of 1 steps, and the compiled model takes one; this is a fault/);
  });

  test('denies everything closes nothing by induction', async () => {
    const solver = fakeSolver(folder, 'denies', "'unsat'");
    const induction = new Induction(system, new FrameFacts(system), limits(solver), () => undefined);
    await expect(induction.close(goalsOf(system), () => true)).rejects.toThrow('no state satisfies everything that the proof assumes');
  });

  test.each([
    ['gives up', "'unknown'", /the solver gave up/],
    ['says nothing to the point', "'perhaps'", /said "perhaps"/],
    ['says two things', "'unsat\\nsat'", /said "unsat\\nsat"/],
    ['affirms without values', "'sat'", /gave no value/],
  ])('%s proves nothing', async (_what, answers, said) => {
    const lane = new Lane(system.terms, limits(fakeSolver(folder, 'odd', answers)));
    await expect(lane.satisfy([system.terms.variable(`${answers} x`)])).rejects.toThrow(said);
    lane.stop();
  });

  test('does not forget a question is asked no other', async () => {
    const lane = new Lane(system.terms, limits(fakeSolver(folder, 'remembers', "'unsat'", '(error "pop")\n')));
    await expect(lane.satisfy([system.terms.variable('remembered')])).rejects.toThrow(/refused to forget a question/);
    lane.stop();
  });
});

test('two goals with one id are refused: verdicts are kept by id', () => {
  const { program } = system;
  const [first] = program.invariants;
  if (first === undefined) throw new Error('an invariant was expected');
  for (const id of ['no-overflow', 'sequences-are-padded', first.id]) {
    const twice = toyOf({ ...program, lemmas: [{ ...first, id }] });
    expect(() => goalsOf(twice.system)).toThrow(`two goals have the id ${id}`);
  }
});
