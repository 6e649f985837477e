/** Every engine on every trap: it says what is true, or that it does not know where it may not. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { reduced } from '../../oracle/check/examine.ts';
import { symmetricKinds } from '../../oracle/check/symmetric.ts';
import { compileModel } from '../../oracle/compile/frontend.ts';
import type { Program } from '../../oracle/compile/ir.ts';
import { openProgram } from '../../oracle/compile/open.ts';
import type { WAYS } from '../../oracle/prove/all-traces.ts';
import { UsageError } from '../../oracle/usage.ts';
import type { Row } from '../../oracle/verdict.ts';
import { CAMPAIGN, enough } from '../campaign.ts';
import { root, type Toy, toyOf } from '../prove/toys.ts';
import {
  allTracesVerb,
  boundedBroken,
  brokenIn,
  checkVerb,
  closedByInduction,
  explored,
  openGoals,
  proveVerb,
  type Verb,
} from './engines.ts';
import { allStates } from './interpreter.ts';
import { type Trap, TRAPS } from './traps.ts';

const out = mkdtempSync(path.join(tmpdir(), 'sockref-traps-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

/** Steps of bounded traces; what breaks later is not seen. */
const DEPTH = 6;
const WALKS = { number: 2_000, steps: 50 };

const compiled = new Map<Trap, Program>();

function fileOf({ model }: Trap): string {
  return `test/traps/models/${model}.ts`;
}

const opened = openProgram(
  { root },
  TRAPS.map((trap) => path.join(root, fileOf(trap))),
);

function programOf(trap: Trap): Program {
  const { constants = {} } = trap;
  const program = compiled.get(trap) ?? compileModel({ root, entry: fileOf(trap), constants }, opened);
  compiled.set(trap, program);
  return program;
}

/** Properties of which nobody is to prove anything. */
function judged(trap: Trap): Program {
  return { ...programOf(trap), lemmas: [] };
}

const toys = new Map<Trap, Toy>();

function toyFor(trap: Trap): Toy {
  const toy = toys.get(trap) ?? toyOf(programOf(trap));
  toys.set(trap, toy);
  return toy;
}

function brokenBy({ truth }: Trap, steps = Number.POSITIVE_INFINITY): Readonly<Record<string, number>> {
  const broken = Object.entries(truth).flatMap(([id, at]) => (at === null || at > steps ? [] : [[id, at] as const]));
  return Object.fromEntries(broken.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** "violated", or what else a verb says that sees so many steps and no more. */
function verdictOf(trap: Trap, steps?: number): string {
  return Object.keys(brokenBy(trap, steps)).length > 0 ? 'violated' : 'holds';
}

/** Ids that the first line of a detail names, and after how many steps. */
function named(detail = ''): { readonly ids: readonly string[]; readonly steps: number } {
  const [, ids = '', steps = ''] = /^(.+): false after (\d+) steps/.exec(detail) ?? [];
  return { ids: ids.split(', ').sort(), steps: Number(steps) };
}

/** The row about the invariants. */
async function checkRow(program: Program, asked: Verb = {}): Promise<Row | UsageError> {
  const rows = await checkVerb(program, out, asked);
  if (rows instanceof UsageError) return rows;
  const [row] = rows;
  if (row === undefined) throw new Error('no row');
  return row;
}

const NAMED = TRAPS.map(
  (trap) => [trap.constants === undefined ? trap.model : `${trap.model} ${JSON.stringify(trap.constants)}`, trap] as const,
);

test('what is said of a trap is said of all its invariants, and each file is a trap', () => {
  for (const trap of TRAPS)
    expect(Object.keys(trap.truth).sort()).toEqual([...programOf(trap).invariants.map(({ id }) => id), 'no-overflow'].sort());
  expect(new Set(TRAPS.map(({ model }) => model)).size).toBeGreaterThan(20);
});

/** What is a trap for symmetry alone is none for provers, who take long; and what is one for passes alone. */
function isForProvers({ model, symmetry }: Trap): boolean {
  const others = [
    'half-known',
    'last-round',
    'returned',
    'not-constant',
    'unread-index',
    'paused-branch',
    'crossing',
    'two-rings',
    'held-in-a-frame',
  ];
  return !(symmetry instanceof RegExp) && !others.includes(model);
}

describe.each(NAMED)('%s', (_, trap) => {
  const proves = CAMPAIGN || isForProvers(trap);
  test('by interpretation: what is said of it is true', () => {
    const truth = allStates(programOf(trap), 10_000);
    expect(Object.fromEntries([...(truth?.brokenAt ?? [])].sort())).toEqual(brokenBy(trap));
  });

  test('check', async () => {
    const program = judged(trap);
    expect(brokenIn(explored(program))).toEqual(brokenBy(trap));
    expect(brokenIn(explored(reduced(program)))).toEqual(brokenBy(trap));
    const row = await checkRow(program);
    if (row instanceof UsageError) throw row;
    expect(row.verdict).toBe(verdictOf(trap));
    if (row.verdict === 'holds') return;
    const least = Math.min(...Object.values(brokenBy(trap)));
    expect(named(row.detail)).toEqual({ ids: Object.keys(brokenBy(trap, least)), steps: least });
  });

  test.runIf(trap.promises !== undefined)('check, promises', async () => {
    const rows = await checkVerb(judged(trap), out);
    if (rows instanceof UsageError) throw rows;
    const promises = rows.slice(1).map(({ id, verdict }) => [id.replace('toy/', ''), verdict]);
    expect(Object.fromEntries(promises)).toEqual(trap.promises);
  });

  test('check --symmetry', async () => {
    const program = judged(trap);
    const { symmetry = 'same' } = trap;
    const row = await checkRow(program, { symmetry: true });
    if (symmetry instanceof RegExp) {
      expect(row).toBeInstanceOf(UsageError);
      expect(row instanceof UsageError && row.message).toMatch(symmetry);
      return;
    }
    if (row instanceof UsageError) throw row;
    expect(row.verdict).toBe(symmetry === 'same' ? verdictOf(trap) : symmetry);
    if (symmetry === 'unknown') expect(row.detail).toContain('ask without --symmetry');
    if (symmetry === 'violated') expect(Object.keys(brokenBy(trap))).toEqual(named(row.detail).ids);
    if (symmetry !== 'same') return;
    for (const each of [program, reduced(program)]) {
      const { kinds, refused } = symmetricKinds(each);
      expect(refused).toEqual([]);
      expect(brokenIn(explored(each, { kinds, refused }))).toEqual(brokenBy(trap));
    }
  });

  test('check --walks', async () => {
    const row = await checkRow(judged(trap), { walks: WALKS });
    if (row instanceof UsageError) throw row;
    expect(row.verdict).toBe(verdictOf(trap));
    const { ids, steps } = named(row.detail);
    if (row.verdict === 'violated') for (const id of ids) expect(brokenBy(trap)[id]).toBeLessThanOrEqual(steps);
    // Walks that are too short find nothing, and say how short they were.
    const least = Math.min(...Object.values(brokenBy(trap)));
    if (!Number.isFinite(least) || least < 2) return;
    const short = await checkRow(judged(trap), { walks: { number: 200, steps: least - 1 } });
    expect(short).toMatchObject({ verdict: 'holds', bound: expect.stringContaining(`of up to ${least - 1} steps`) });
  });

  test.runIf(proves)('bounded traces', async () => {
    const toy = toyFor(trap);
    const goals = openGoals(toy).filter(({ kind }) => kind === 'invariant' || kind === 'bounds');
    const depth = Math.max(DEPTH, ...Object.values(brokenBy(trap, 20)));
    // One at a time: what breaks first ends the traces through it. Of what holds `prove` asks.
    for (const goal of goals) {
      const at = brokenBy(trap)[goal.id];
      if (at === undefined) continue;
      expect(await boundedBroken(toy, [goal], Math.min(depth, at - 1))).toEqual({});
      if (at <= depth) expect(await boundedBroken(toy, [goal], depth)).toEqual({ [goal.id]: at });
    }
  });

  test.runIf(proves)('prove', async () => {
    const toy = toyFor(trap);
    const outcome = await proveVerb(toy, out, DEPTH);
    const seen: Record<string, string> = {};
    for (const { id, verdict, method, bound, figures } of outcome.results) {
      const at = trap.truth[id] ?? null;
      // Beyond the depth random runs may show it, and need not; nothing that they don't show is claimed of more than the depth.
      if (at !== null && at > DEPTH && verdict === 'holds') expect(bound).toMatch(/^depth 6\b/);
      else expect([id, verdict]).toEqual([id, at === null ? 'holds' : 'violated']);
      if (verdict === 'violated' && method !== 'random runs') expect(figures?.depth).toBe(at);
      if (method === 'induction') seen[id] = 'induction';
    }
    expect(Object.keys(seen).filter((id) => !trap.inductive.includes(id))).toEqual([]);
    if (verdictOf(trap) === 'holds') {
      const names = (outcome.vacuous ?? []).map(({ id }) => id.replace(/^\w+\./, ''));
      expect([...new Set(names)].sort()).toEqual([...(trap.vacuous ?? [])].sort());
    }
  });

  test.runIf(proves)('prove, by induction over one step', async () => {
    const toy = toyFor(trap);
    if (trap.wide === true) await expect(closedByInduction(toy)).rejects.toThrow(/values/);
    else expect([...(await closedByInduction(toy))].sort()).toEqual([...trap.inductive].sort());
  });

  test('prove --all-traces', async () => {
    const outcome = await allTracesVerb(toyFor(trap), out);
    // Lemmas are judged as well.
    const rows = outcome.results.filter(({ id }) => id in trap.truth);
    // What holds of states only because traces end with a broken bound is not claimed of all traces.
    const claimed = trap.truth['no-overflow'] === null ? 'holds' : 'unknown';
    expect(Object.fromEntries(rows.map(({ id, verdict }) => [id, verdict]))).toEqual(
      Object.fromEntries(Object.entries(trap.truth).map(([id, at]) => [id, at === null ? claimed : 'violated'])),
    );
  });

  // What comes out of the solver alone takes a while.
  const ways: readonly (readonly (typeof WAYS)[number][])[] = [['induction'], ['k-induction'], ['induction', 'Spacer']];
  const isSubtle = Object.values(trap.truth).every((at) => at === null) && trap.because !== undefined;
  test.each(enough(ways, ([way]) => trap.inK !== undefined || (way === 'k-induction' && programOf(trap).lemmas.length > 0)))(
    'prove --all-traces, without all states, by %s %s',
    async (...some) => {
      const outcome = await allTracesVerb(
        toyFor(trap),
        out,
        some.filter((way) => way !== undefined),
      );
      const closed: string[] = [];
      for (const { id, verdict } of outcome.results.filter((row) => row.id in trap.truth)) {
        if (verdict !== 'unknown') expect([id, verdict]).toEqual([id, trap.truth[id] === null ? 'holds' : 'violated']);
        if (verdict === 'holds') closed.push(id);
      }
      if (!isSubtle) return;
      // Spacer comes to an end with all of these.
      const wanted = some.includes('Spacer') ? Object.keys(trap.truth) : some.includes('induction') ? trap.inductive : trap.inK;
      if (wanted !== undefined) expect(closed.sort()).toEqual([...wanted].sort());
    },
  );
});
