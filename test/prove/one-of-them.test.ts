/**
 * What is shown of the steps of one thread is shown of all only if the threads can change places in it. Lemmas that are found may name one
 * of them, and no source says so: here one that names the second carries a false invariant, as long as only the first is looked at.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { interchangeable } from '../../oracle/prove/symmetry.ts';
import { askAll, rowIn, SMALL } from './small.ts';
import { toy } from './toys.ts';

const out = mkdtempSync(join(tmpdir(), 'sockref-one-of-them-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

/** Whoever is marked lets the other strike; nobody is before 30 steps that are not taken back. */
const SOURCE = `
import { defineModel, type Id, type Nat, type Procedure, range, type Table, when } from '../../../model/lang.ts';
export type WorkerId = Id<'worker', 2>;
export const workers = range<WorkerId>(2);
export interface State { n: Nat<30>; box: { marked: Table<boolean, 2> }; struck: boolean }
declare function initial(_: Record<string, never>): State;
function* up(s: State, who: WorkerId): Procedure { if (s.n < 30) s.n = s.n + 1; }
function* reset(s: State, who: WorkerId): Procedure { s.n = 0; }
function* mark(s: State, who: WorkerId): Procedure { when(s.n === 30); s.box.marked[who] = true; }
function* strike(s: State, who: WorkerId): Procedure {
  when(workers.some((w) => w !== who && s.box.marked[w]));
  s.struck = true;
}
export const model = defineModel<State>({
  initial,
  agents: { worker: { size: 2, procedures: { up, reset, mark, strike } } },
  invariants: { quiet: (s: State) => !s.struck },
  lemmas: {},
});
`;
const subject = toy(SMALL, {}, { [SMALL]: SOURCE });

/** Nothing gets far enough to see the mark. */
const SHORT = { states: { first: 1, most: 5 }, watched: 20, depth: 2 };

test('a found lemma about one of several alike is shown of the steps of each', async () => {
  expect(interchangeable(subject.system.program, 0)).toBe(true);
  const ways = ['induction', 'induction with lemmas that were found'] as const;
  const row = rowIn(await askAll(subject, { out, ways, ...SHORT }), 'quiet');
  // The trap is one: that lemma was tried.
  expect(row.detail).toContain('(s) => !(s.box.marked[1])');
  expect(row.verdict).toBe('unknown');
});

test('which is violated, as all states say', async () => {
  expect(rowIn(await askAll(subject, { out, ways: ['all states'] }), 'quiet')).toMatchObject({
    verdict: 'violated',
    figures: { depth: 32 },
  });
});
