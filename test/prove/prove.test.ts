/** The verb as a whole, on the specification: what 2006 broke is found in the fewest steps, what it cured holds, and nothing else counts as proved. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readCounterexample } from '../../oracle/counterexample.ts';
import type { ProveOptions } from '../../oracle/engine.ts';
import { listDesigns, listInvariants, prove } from '../../oracle/prove/index.ts';
import { model } from '../../model/index.ts';
import { compiledSpecification } from '../../oracle/specification.ts';
import { replay } from '../../oracle/replay/index.ts';
import { CAMPAIGN, enough } from '../campaign.ts';
import { bruteForce, toy } from './toys.ts';

const out = mkdtempSync(join(tmpdir(), 'sockref-prove-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

const work = { seed: 1, signal: new AbortController().signal, progress: () => undefined };

function options(changes: Partial<ProveOptions>): ProveOptions {
  return {
    ...work,
    out,
    design: 'sockref',
    invariants: null,
    depth: 12,
    sockets: 3,
    threads: 2,
    timeoutSeconds: 240,
    solver: null,
    ...changes,
  };
}

describe('before sockref, and beside it', () => {
  const broken = [
    ['p06', 'pcb-while-valid', 3],
    ['p06', 'pcb-while-used', 5],
    ['april2006', 'dropped-is-over', 4],
    ['dragonfly', 'pcb-while-valid', 3],
  ] as const;
  // The shortest is the one that is also looked for by trying everything, below.
  for (const [design, id, steps] of enough(broken, ([design, id]) => design === 'p06' && id === 'pcb-while-valid')) {
    test(`on ${design} ${id} is violated after ${steps} steps, as few as there can be, and replays`, async () => {
      const outcome = await prove(options({ design, invariants: [id] }));
      expect(outcome.verdict).toBe('violated');
      const [row] = outcome.results;
      expect(row).toMatchObject({ id, verdict: 'violated', method: 'bounded traces', figures: { depth: steps } });
      const file = await readCounterexample(row?.counterexample ?? '');
      expect(file.steps).toHaveLength(steps);
      expect((await replay(file, work)).verdict).toBe('violated');
    });
  }

  test('on p06 no trace of two steps breaks anything, by trying everything', () => {
    const { brokenAt } = bruteForce(toy('model/index.ts', { design: 'p06' }), 3);
    expect([...brokenAt.values()].filter((depth) => depth < 3)).toEqual([]);
    expect(brokenAt.get('pcb-while-valid')).toBe(3);
  });

  // With three sockets and two threads it is the same trace, and takes more than a minute.
  test.runIf(CAMPAIGN)(
    'on p06 a socket queued after the drain breaks listener-freed-empty, in the fewest steps',
    { timeout: 240_000 },
    async () => {
      const outcome = await prove(options({ design: 'p06', invariants: ['listener-freed-empty'], sockets: 2, threads: 1 }));
      expect(outcome.results[0]).toMatchObject({ verdict: 'violated', figures: { depth: 9 } });
      const text = readFileSync(outcome.results[0]?.counterexample ?? '', 'utf8');
      expect(text).toContain('handshake');
      expect((await replay(await readCounterexample(outcome.results[0]?.counterexample ?? ''), work)).verdict).toBe('violated');
    },
  );
});

describe('on sockref', () => {
  // `npm start` and .ci/run prove it with three sockets and two threads.
  const sizes = [
    { sockets: 3, threads: 2 },
    { sockets: 2, threads: 1 },
  ] as const;
  test.runIf(CAMPAIGN).each(sizes)('every invariant holds at every depth: %o', { timeout: 260_000 }, async (size) => {
    const outcome = await prove(options(size));
    expect(outcome.results.filter(({ verdict }) => verdict !== 'holds')).toEqual([]);
    expect(outcome.results.map(({ id }) => id).sort()).toEqual([...listInvariants()].sort());
    expect(outcome.results.length).toBeGreaterThanOrEqual(14);
    expect(outcome.results.every(({ method, bound }) => method === 'induction' && bound.includes('all traces'))).toBe(true);
  });

  // The usual run has it in .ci/run, with three sockets.
  test.runIf(CAMPAIGN)('every invariant and every lemma is closed for all traces', { timeout: 300_000 }, async () => {
    const outcome = await prove(options({ allTraces: true, sockets: 2, threads: 1 }));
    expect(outcome).toMatchObject({ verdict: 'holds', bound: 'all traces; 2 sockets, 1 threads, design sockref' });
    expect(outcome.results.every(({ verdict, bound }) => verdict === 'holds' && bound === 'all traces')).toBe(true);
    expect(
      outcome.results
        .filter(({ kind }) => kind !== 'lemma')
        .map(({ id }) => id)
        .sort(),
    ).toEqual([...listInvariants()].sort());
    expect(outcome.results.filter(({ kind }) => kind === 'lemma').length).toBeGreaterThan(15);
  });

  test('what the time does not reach is unknown, and says to which depth it got', async () => {
    const outcome = await prove(options({ timeoutSeconds: 2 }));
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.results.every(({ verdict }) => verdict === 'unknown')).toBe(true);
    expect(outcome.results[0]?.detail).toMatch(/time limit/);
    expect(outcome.results[0]?.bound).toMatch(/^depth \d+ of 12;/);
  });

  test('an interrupted proof is unknown', async () => {
    const control = new AbortController();
    const outcome = await prove(options({ signal: control.signal, progress: () => control.abort() }));
    expect(control.signal.aborted).toBe(true);
    expect(outcome.verdict).toBe('unknown');
  });

  test('a solver that is not there proves nothing', async () => {
    const outcome = await prove(options({ solver: join(out, 'no-such-solver') }));
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.results[0]?.detail).toMatch(/could not be run/);
  });
});

test.each(listDesigns())('proofs of %s begin where the specification begins', async (design) => {
  const compiled = await compiledSpecification(design, {});
  const first = model.initial({ design } as Parameters<typeof model.initial>[0]);
  expect(compiled.encode(first as unknown as Readonly<Record<string, unknown>>)).toEqual(compiled.initial());
});

test('designs and invariants are listed without a solver', () => {
  expect(listDesigns()).toEqual(['p06', 'april2006', 'sockref', 'freebsd13', 'freebsd14', 'dragonfly']);
  expect(listInvariants()).toContain('no-overflow');
  expect(listInvariants()).toContain('pcb-while-valid');
});
